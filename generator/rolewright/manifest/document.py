"""One document of a manifest file, with the blueprints' defaults and with what each environment replaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding
from rolewright.manifest.environments import merged, overrides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint
    from rolewright.core.finding import Location
    from rolewright.yaml.load import PathInTree, Tree
    from rolewright.yaml.schema import Locate


@dataclass(frozen=True)
class Manifest:
    """One document as it is written, before any reference in it is resolved.

    `data` has the blueprints' defaults in it, and `defaults` holds those alone, by path. `replaced` has for each
    environment the values that it replaces, and `places` where it states them; a manifest without environments has
    one with an empty name.
    """

    tree: Tree
    data: Any
    defaults: Mapping[PathInTree, Any]
    replaced: Mapping[str, Mapping[PathInTree, Any]]
    places: Mapping[str, Mapping[PathInTree, PathInTree]]

    @classmethod
    def of(cls, tree: Tree, catalog: Catalog) -> Manifest:
        """Read a document whose root is a mapping."""
        defaults = _defaults(tree.data, catalog)
        data = merged(tree.data, defaults)
        environments = data.get("environments")
        replacing = {
            name: tuple(overrides(tree, name)) if name and isinstance(environments[name], dict) else ()
            for name in (list(environments) if isinstance(environments, dict) and environments else [""])
        }
        return cls(
            tree,
            data,
            defaults,
            {
                name: {override.path: override.value for override in its_overrides}
                for name, its_overrides in replacing.items()
            },
            {
                name: {override.path: override.place for override in its_overrides}
                for name, its_overrides in replacing.items()
            },
        )

    def finding(self, rule: str, message: str, remedy: str, path: PathInTree, *, key: bool = False) -> Finding:
        """Return a finding at a path of the manifest."""
        return Finding(rule, message, remedy, self.tree.location(path, key=key), ".".join(map(str, path)))

    def locator(self, environment: str) -> Locate:
        """Return a function that locates the values of an environment: an overridden value has its own place."""
        places = self.places[environment]

        def locate(path: PathInTree, *, key: bool = False) -> Location:
            for length in range(len(path), 0, -1):
                if path[:length] in places:
                    return self.tree.location((*places[path[:length]], *path[length:]), key=key)
            return self.tree.location(path, key=key)

        return locate

    def varies(self, path: PathInTree) -> bool:
        """Return whether an environment replaces the value at a path."""
        return any(path in replaced for replaced in self.replaced.values())

    def raw(self, path: PathInTree) -> str:
        """Return a scalar as it is written."""
        try:
            return self.tree.raw(path)
        except KeyError:  # a default of the blueprint
            node = self.data
            for step in path:
                node = node[step]
            return str(node)

    def in_environment(self, name: str) -> Any:  # noqa: ANN401 - YAML
        """Return the document as it stands in an environment, strings as written."""
        return merged(self.data, self.replaced[name])


def fields_of(blueprint: ResourceBlueprint, described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas of the fields that a resource has: more of them where the module makes it."""
    created_fields = blueprint.create.fields if described.get("create") is True and blueprint.create is not None else {}
    return {**blueprint.fields, **created_fields}


def strings(data: Any, path: PathInTree = ()) -> Iterator[tuple[PathInTree, str]]:  # noqa: ANN401 - YAML
    """Yield every string of a document with its path."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from strings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from strings(value, (*path, index))


def _defaults(data: Mapping[str, Any], catalog: Catalog) -> dict[PathInTree, Any]:
    """Return the blueprints' defaults for fields that the manifest leaves out, by path."""
    defaults: dict[PathInTree, Any] = {}
    compute = data.get("compute")
    if isinstance(compute, dict) and compute.get("type") in catalog.computes:
        defaults |= _missing(catalog.computes[compute["type"]].fields, compute, ("compute",))
    resources = data.get("resources")
    for key, described in resources.items() if isinstance(resources, dict) else ():
        if isinstance(described, dict) and described.get("type") in catalog.resources:
            fields = fields_of(catalog.resources[described["type"]], described)
            defaults |= _missing(fields, described, ("resources", key))
    return defaults


def _missing(fields: Mapping[str, Any], described: Mapping[str, Any], path: PathInTree) -> dict[PathInTree, Any]:
    return {
        (*path, name): schema["default"]
        for name, schema in fields.items()
        if "default" in schema and name not in described
    }
