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

    from rolewright.yaml.load import Tree

PathInTree = tuple[str | int, ...]

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
    """The values that one environment replaces."""
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
    tree: Tree, defaults: Mapping[PathInTree, Any], fixed: Mapping[PathInTree, str]
) -> Iterator[Finding]:
    """What environments may not say.

    `defaults` are the values that blueprints fill in, by path; `fixed` are paths of what decides what the module
    contains: always (""), or where a pattern is found in it.
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
                    f"`{key}` is the same in every environment" if stated else f"unknown key `{key}`",
                    "state it once, at the top of the manifest"
                    if stated
                    else "known here: account, region, compute, resources",
                    place,
                    f"environments.{name}.{key}",
                )
        for override in overrides(tree, name):
            yield from _check(tree, override, defaults, fixed)


def _check(
    tree: Tree, override: Override, defaults: Mapping[PathInTree, Any], fixed: Mapping[PathInTree, str]
) -> Iterator[Finding]:
    path = override.path
    dotted = ".".join(str(step) for step in override.place)
    place = tree.location(override.place, key=True)
    never = _FIXED_COMPUTE if path[0] == "compute" else _FIXED_RESOURCE
    field = path[1 if path[0] == "compute" else 2 :][:1]
    if field and (
        field[0] in never or any(path[: len(one)] == one[: len(path)] for one, by in fixed.items() if not by)
    ):
        yield Finding(
            "environment-override",
            f"`{field[0]}` is the same in every environment: what is tested in one is what runs in the next",
            f"state `{field[0]}` once, outside `environments`",
            place,
            dotted,
        )
        return
    base = defaults.get(path, _MISSING)
    node = tree.data
    for step in path:
        node = node[step] if isinstance(node, dict) and step in node else _MISSING
    if node is not _MISSING:
        base = node
    if base is _MISSING:
        yield Finding(
            "environment-override",
            f"`{'.'.join(str(step) for step in path)}` is not in the manifest, so there is nothing to override",
            "state it outside `environments` too, with the value of the other environments",
            place,
            dotted,
        )
    elif (by := fixed.get(path)) and any(re.search(by, str(one)) for one in (base, override.value)):
        yield Finding(
            "environment-override",
            f"`{path[-1]}` decides here what the module contains, and that is the same in every environment",
            "state it once, with ${environment} in it where it has to differ",
            place,
            dotted,
        )
    elif isinstance(base, bool) or isinstance(override.value, bool):
        yield Finding(
            "environment-override",
            "true and false decide what the module contains, and that is the same in every environment",
            "state it once, outside `environments`",
            place,
            dotted,
        )
    elif isinstance(base, list) and any(isinstance(item, dict) for item in base):
        yield Finding(
            "environment-override",
            f"the entries of `{path[-1]}` decide what the module contains, and that is the same in every environment",
            "state them once, outside `environments`",
            place,
            dotted,
        )
    elif isinstance(base, dict):
        yield Finding(
            "environment-override",
            f"`{path[-1]}` is a mapping and this is not",
            "override its entries one by one",
            place,
            dotted,
        )


_MISSING = object()


def merged(data: Any, replaced: Mapping[PathInTree, Any], path: PathInTree = ()) -> Any:  # noqa: ANN401 - YAML
    """The data with some values replaced; values that it lacks are added."""
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
    """`resources.uploads.name` → `uploads_name`, `compute.memory` → `memory`."""
    return re.sub(r"[^a-z0-9_]+", "_", "_".join(str(step) for step in path[1:]).lower()).strip("_")
