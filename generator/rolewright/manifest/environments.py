"""Environments: overrides merged onto the manifest, and what differs factored into variables.

An environment overrides values, never permissions, and only values that the manifest itself states.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.yaml.load import PathInTree, Tree


_FIXED_ANYWHERE = {"version", "workload", "description", "owner", "tags", "statements", "never", "boundary",
                   "exclusive", "suppress", "environments"}  # fmt: skip
_FIXED_COMPUTE = {"type", "names"}
_FIXED_RESOURCE = {"type", "access", "create"}


@dataclass(frozen=True)
class Override:
    """One value that an environment replaces: `path` in the manifest, `place` the override's own path."""

    path: PathInTree
    place: PathInTree
    value: Any


def overrides(tree: Tree, environment: str) -> Iterator[Override]:
    """Yield the values that one environment replaces."""
    described = tree.data["environments"][environment]
    for part in ("compute", "resources"):
        if isinstance(described.get(part), dict):
            yield from _leaves(described[part], (part,), ("environments", environment, part))


def _leaves(value: Any, path: PathInTree, place: PathInTree) -> Iterator[Override]:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key), (*place, key))
    else:
        yield Override(path, place, value)


def override_findings(
    tree: Tree, defaults: Mapping[PathInTree, Any], fixed: Mapping[PathInTree, str | None]
) -> Iterator[Finding]:
    """Yield a finding for each thing that an environment may not override.

    `defaults` are the values that blueprints fill in, by path. `fixed` are the paths of values that decide what the
    module contains: always (""), or only a value in which this pattern is found; None is for true and false that are
    no more than the value of an argument.
    """
    environments = tree.data.get("environments", {})
    for name, described in environments.items() if isinstance(environments, dict) else ():
        if not isinstance(described, dict):
            continue
        for key in described:
            if key not in ("account", "region", "compute", "resources"):
                place = tree.location(("environments", name, key), key=True)
                stated = key in _FIXED_ANYWHERE
                yield Finding(
                    "environment-override" if stated else "manifest-unknown-key",
                    f"`{key}` must be the same in every environment" if stated else f"unknown key `{key}`",
                    "state it once, at the top of the manifest"
                    if stated
                    else "known here: account, region, compute, resources",
                    place,
                    f"environments.{name}.{key}",
                )
        for override in overrides(tree, name):
            yield from _check(tree, override, defaults, fixed)


def _check(
    tree: Tree, override: Override, defaults: Mapping[PathInTree, Any], fixed: Mapping[PathInTree, str | None]
) -> Iterator[Finding]:
    if fault := _fault(tree.data, override, defaults, fixed):
        place = tree.location(override.place, key=True)
        yield Finding("environment-override", *fault, place, ".".join(str(step) for step in override.place))


def _fault(
    data: Any,  # noqa: ANN401 - YAML
    override: Override,
    defaults: Mapping[PathInTree, Any],
    fixed: Mapping[PathInTree, str | None],
) -> tuple[str, str] | None:
    """Return why an environment may not replace a value and how to mend it, or None if it may."""
    path = override.path
    field = path[1 if path[0] == "compute" else 2 :][:1]
    fixed_fields = _FIXED_COMPUTE if path[0] == "compute" else _FIXED_RESOURCE
    always = (fixed_path for fixed_path, pattern in fixed.items() if pattern == "")
    if field and (
        field[0] in fixed_fields or any(path[: len(fixed_path)] == fixed_path[: len(path)] for fixed_path in always)
    ):
        return (
            f"`{field[0]}` must be the same in every environment, so that what you test is what you deploy",
            f"state `{field[0]}` once, outside `environments`",
        )
    base = _stated(data, path, defaults)
    if base is _MISSING:
        return (
            f"`{'.'.join(str(step) for step in path)}` is not in the manifest, so there is nothing to override",
            "state it outside `environments` too, with the value of the other environments",
        )
    if (pattern := fixed.get(path)) and any(re.search(pattern, str(value)) for value in (base, override.value)):
        return (
            f"`{path[-1]}` decides what the module contains, which must be the same in every environment",
            "state it once, and use ${environment} in it where it must differ",
        )
    if path in fixed and fixed[path] is None:
        return None
    return _changed_shape(base, override)


def _changed_shape(base: Any, override: Override) -> tuple[str, str] | None:  # noqa: ANN401 - YAML
    """Return why this value of an environment may not replace the manifest's and how to mend it, or None."""
    key = override.path[-1]
    if isinstance(base, bool) or isinstance(override.value, bool):
        return (
            "true and false decide what the module contains, which must be the same in every environment",
            "state it once, outside `environments`",
        )
    if isinstance(base, list) and any(isinstance(item, dict) for item in base):
        return (
            f"the entries of `{key}` decide what the module contains, which must be the same in every environment",
            "state them once, outside `environments`",
        )
    if isinstance(base, dict):
        return f"`{key}` is a mapping in the manifest, but not here", "override its entries one by one"
    return None


def _stated(data: Any, path: PathInTree, defaults: Mapping[PathInTree, Any]) -> Any:  # noqa: ANN401 - YAML
    """Return the value of the manifest at a path, or else the blueprint's default."""
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return defaults.get(path, _MISSING)
        data = data[step]
    return data


_MISSING = object()


def merged(data: Any, replaced: Mapping[PathInTree, Any], path: PathInTree = ()) -> Any:  # noqa: ANN401 - YAML
    """Return the data with some values replaced; values that it lacks are added."""
    if path in replaced:
        return replaced[path]
    if isinstance(data, dict):
        keys = list(data) + [
            p[len(path)] for p in replaced if len(p) > len(path) and p[: len(path)] == path and p[len(path)] not in data
        ]
        return {key: merged(data.get(key), replaced, (*path, key)) for key in dict.fromkeys(keys)}
    if isinstance(data, list):
        return [merged(item, replaced, (*path, index)) for index, item in enumerate(data)]
    return data


def variable_name(path: PathInTree) -> str:
    """Return the name for a path: `resources.uploads.name` → `uploads_name`, `compute.memory` → `memory`."""
    return re.sub(r"[^a-z0-9_]+", "_", "_".join(str(step) for step in path[1:]).lower()).strip("_")
