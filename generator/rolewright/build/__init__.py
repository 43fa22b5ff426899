"""Many manifests: the cache, processes, and blueprints put to the test."""
