"""Access keys and their use, found in files, images and the history of a repository."""
