"""The marks of a blueprint's fields: their regular expressions have to be valid, their tables of facts there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rolewright.yaml.load import PathInTree, Tree

_PATTERNS = (("x-fixed",), ("x-calls", "pattern"), ("x-calls", "unasked"))


def mark_findings(tree: Tree) -> Iterator[Finding]:
    """Find the marks that are not valid regular expressions."""
    for path, schema in _schemas(tree.data["fields"], ("fields",)):
        for mark in _PATTERNS:
            node: Any = schema
            for step in mark:
                node = node.get(step) if isinstance(node, dict) else None
            fault = pattern_fault(node) if isinstance(node, str) else ""
            if fault:
                at = (*path, *mark)
                message = f"`{'.'.join(mark)}` is not a valid regular expression: {fault}"
                yield Finding("blueprint-field", message, "correct it", tree.location(at), ".".join(map(str, at)))


def fact_findings(tree: Tree, known: Collection[str]) -> Iterator[Finding]:
    """Find the fields whose values are looked up in a table of facts that no root has."""
    for part in ("fields", "create"):
        for path, schema in _schemas(tree.data.get(part, {}), (part,)):
            at: PathInTree = (*path, "x-facts")
            given = schema.get("x-facts")
            several = [((*at, index), table) for index, table in enumerate(given)] if isinstance(given, list) else []
            for place, table in several or [(at, given)]:
                if not isinstance(table, str) or table in known:
                    continue
                message = f"there is no table of facts `{table}`"
                remedy = f"add facts/{table}.yaml, or name one of these: {', '.join(known) or 'none'}"
                yield Finding("blueprint-name", message, remedy, tree.location(place), ".".join(map(str, place)))


def pattern_fault(pattern: str) -> str:
    """Return what is wrong with a regular expression, or ""."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)
    return ""


def _schemas(node: Any, path: PathInTree) -> Iterator[tuple[PathInTree, dict[str, Any]]]:  # noqa: ANN401 - YAML
    """Find every mapping below a node, with its path: a schema has others at many keys."""
    if isinstance(node, dict):
        yield path, node
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _schemas(inner, (*path, key))
