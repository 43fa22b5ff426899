"""The rules of a compute type that extends another: its own, and those of the other that it does not leave out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.read import each_of
from rolewright.core.finding import Finding, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.yaml.load import Tree

_RULES, _LEFT_OUT = "rules", "without_rules"


def with_inherited_rules(base: Tree, tree: Tree) -> Tree:
    """Add the rules of the base to those of the type that extends it, and return the base with its places for them.

    `without_rules` in the type names the fields whose rules it does not take over, also of what is in these fields.
    Raises Rejected where there are none of a name; documents of another form are left for the schema to judge.
    """
    left_out = tree.data.pop(_LEFT_OUT, [])
    own, rules = tree.data.get(_RULES, []), base.data.get(_RULES, []) if isinstance(base.data, dict) else None
    if not isinstance(left_out, list) or not isinstance(own, list) or not isinstance(rules, list):
        return base
    blamed = [_blamed(rule) if isinstance(rule, dict) else () for rule in rules]
    findings = [
        Finding(
            "blueprint-name",
            f"no rule of the type that is extended is about `{name}`",
            "name the `at` of a rule, or leave it out",
            tree.location((_LEFT_OUT, index)),
            f"{_LEFT_OUT}.{index}",
        )
        for index, name in enumerate(left_out)
        if not any(_is_in(field, name) for fields in blamed for field in fields)
    ]
    if findings:
        raise Rejected(findings)
    kept = [
        index
        for index, fields in enumerate(blamed)
        if not fields or not all(any(_is_in(field, name) for name in left_out) for field in fields)
    ]
    tree.data[_RULES] = [*own, *(rules[index] for index in kept)]
    return _renumbered(base, {before: len(own) + after for after, before in enumerate(kept)})


def _blamed(rule: Mapping[str, Any]) -> list[str]:
    """Return the paths of the fields that a rule may blame."""
    at = str(rule.get("at", ""))
    return [f"{each}.{at}".strip(".") for each in each_of(rule) or ("",)]


def _is_in(field: str, name: object) -> bool:
    return field == name or field.startswith(f"{name}.")


def _renumbered(tree: Tree, numbers: Mapping[Any, int]) -> Tree:
    """Return a document whose rules are found at other numbers."""
    places = {
        (_RULES, numbers[path[1]], *path[2:]) if path[:1] == (_RULES,) and path[1:] else path: place
        for path, place in tree.places.items()
        if path[:1] != (_RULES,) or not path[1:] or path[1] in numbers
    }
    return replace(tree, places=places, base=None if tree.base is None else _renumbered(tree.base, numbers))
