"""Blueprints: folders of YAML and templates → the Catalog of the types that a manifest may name."""

from rolewright.blueprint.catalog import Catalog, builtin_root, load_catalog

__all__ = ["Catalog", "builtin_root", "load_catalog"]
