"""Wildcards in ARNs: a field that goes into an ARN may not hold `*` or `?`, unless the blueprint allows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import UnknownReferenceError, names
from rolewright.core.finding import Finding
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.yaml.load import PathInTree, Tree

_MARK = "x-wildcards"
_OPEN_END = re.compile(r"\$\{[^{}:]*\}\*")


def wildcard_findings(tree: Tree) -> Iterator[Finding]:
    """Find fields that could put a wildcard into an ARN, and ARNs with a `*` right after a field."""
    fields = {**tree.data["fields"], **tree.data.get("create", {}).get("fields", {})}
    seen: set[str] = set()
    for path, template in _templates(tree.data):
        if path[0] == "arns" and _OPEN_END.search(template):
            yield Finding(
                "blueprint-wildcard",
                "this also matches every other resource whose name begins with the same text",
                "put a separator before the `*`, or give the field a default with `:-`",
                tree.location(path),
                ".".join(map(str, path)),
            )
        for name in _names(template):
            field = name.partition(".")[0]
            if name in seen or field not in fields:
                continue
            seen.add(name)
            schema = _inside(fields[field], name.split(".")[1:])
            if schema is not None and _takes_wildcards(schema):
                at = ("fields", field) if field in tree.data["fields"] else ("create", "fields", field)
                yield Finding(
                    "blueprint-wildcard",
                    f"`{name}` goes into an ARN and may hold `*` or `?`, which would widen what is granted",
                    f"give it a pattern without them, or `{_MARK}: true` where they are meant",
                    tree.location(at, key=True),
                    ".".join(at),
                )


def _templates(data: Mapping[str, Any]) -> Iterator[tuple[PathInTree, str]]:
    for name, arn in data.get("arns", {}).items():
        yield ("arns", name), arn
    for field, companions in data.get("companions", {}).items():
        for index, companion in enumerate(companions):
            yield from (
                (("companions", field, index, "resources", i), arn) for i, arn in enumerate(companion["resources"])
            )
    for role, described in data.get("roles", {}).items():
        for index, grant in enumerate(described.get("allow", ())):
            at = ("roles", role, "allow", index, "resources")
            yield from (((*at, i), arn) for i, arn in enumerate(grant["resources"]))


def _names(template: str) -> tuple[str, ...]:
    try:
        return names(template)
    except UnknownReferenceError:
        return ()  # reported elsewhere


def _inside(schema: Mapping[str, Any], parts: list[str]) -> Mapping[str, Any] | None:
    """Return the schema of the texts at a part of a field; None for what is derived, or where there is no such part."""
    node: Any = schema
    for step in ("items", *(step for part in parts for step in ("properties", part, "items"))):
        if step == "items":
            node = node.get("items", node) if isinstance(node, dict) else None
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None


def _takes_wildcards(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") != "string" or schema.get(_MARK):
        return False
    try:
        check = Schema({key: value for key, value in schema.items() if key != "examples"})
        samples = [str(example) for example in schema.get("examples", ())] or ["a"]
        return any(check.accepts(text) for sample in samples for text in ("*", "?", f"{sample}*", f"{sample}?"))
    except ValueError:
        return False  # not a valid schema, which is reported elsewhere
