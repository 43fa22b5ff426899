"""A module's text → files in its folder, all of them or none."""
