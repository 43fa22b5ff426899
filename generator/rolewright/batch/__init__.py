"""Many manifests: the cache, processes, and the test of blueprints."""
