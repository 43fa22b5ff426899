"""Named patterns: `x-pattern: kms-key-arn` in a schema → the `pattern` that `patterns.yaml` has under that name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.marks import pattern_fault
from rolewright.core.files import is_file
from rolewright.core.finding import Finding, Rejected
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rolewright.yaml.load import PathInTree, Tree

_KEY = "x-pattern"


def read_patterns(roots: Iterable[Path]) -> dict[str, str]:
    """Read `patterns.yaml` of each root that has one: a later root adds names, and replaces those that it has as well.

    Raises Rejected where one is no mapping of names to regular expressions.
    """
    patterns: dict[str, str] = {}
    for path in (root / "patterns.yaml" for root in roots):
        if is_file(path):
            tree = load(path).trees[0]
            findings = list(_faults(tree))
            if findings:
                raise Rejected(findings)
            patterns |= tree.data
    return patterns


def _faults(tree: Tree) -> Iterator[Finding]:
    remedy = "write entries such as `bucket-name: ^[a-z0-9.-]+$`"
    if not isinstance(tree.data, dict):
        yield Finding(
            "blueprint-pattern", "patterns.yaml must map names to regular expressions", remedy, tree.location(())
        )
        return
    for name, pattern in tree.data.items():
        fault = pattern_fault(pattern) if isinstance(pattern, str) else "it is not a string"
        if fault:
            message = f"`{name}` is not a valid regular expression: {fault}"
            yield Finding("blueprint-pattern", message, remedy, tree.location((name,)), name)


def with_patterns(tree: Tree, patterns: Mapping[str, str]) -> Tree:
    """Return a blueprint's document with the pattern that each `x-pattern` names, in its place.

    Under `derive`, where a field has nothing but a pattern, that is the whole of `{x-pattern: NAME}`.

    Raises Rejected with a finding for each name that is not there, and for each that stands beside a `pattern`.
    """
    findings: list[Finding] = []
    places = dict(tree.places)

    def resolved(node: Any, path: PathInTree) -> Any:  # noqa: ANN401 - YAML
        if isinstance(node, list):
            return [resolved(inner, (*path, index)) for index, inner in enumerate(node)]
        if not isinstance(node, dict):
            return node
        if _KEY in node:
            findings.extend(_misnamed(tree, node, (*path, _KEY), patterns))
            if path[:1] == ("derive",):
                return patterns.get(str(node[_KEY]), "")
            places[*path, "pattern"] = tree.places[*path, _KEY]
        schema: dict[Any, Any] = {}
        for key, inner in node.items():
            if key == _KEY:
                schema["pattern"] = patterns.get(str(inner), "")
            else:
                schema[key] = resolved(inner, (*path, key))
        return schema

    data = resolved(tree.data, ())
    if findings:
        raise Rejected(findings)
    return replace(tree, data=data, places=places)


def _misnamed(
    tree: Tree, schema: Mapping[str, Any], path: PathInTree, patterns: Mapping[str, str]
) -> Iterator[Finding]:
    place, at = tree.location(path), ".".join(map(str, path))
    if str(schema[_KEY]) not in patterns:
        remedy = f"use one of {', '.join(sorted(patterns))}, or write `pattern`"
        yield Finding("blueprint-pattern", f"there is no pattern named `{schema[_KEY]}`", remedy, place, at)
    if "pattern" in schema:
        yield Finding(
            "blueprint-pattern",
            "this schema has both a named pattern and `pattern`",
            "remove one of the two",
            place,
            at,
        )
