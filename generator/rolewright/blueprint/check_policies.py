"""Checks, from its YAML alone, of the policies that a blueprint declares for what its module makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.data import iam
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.blueprint.checker import Checker
    from rolewright.core.finding import Finding
    from rolewright.yaml.load import PathInTree


def check_policies(check: Checker, at: PathInTree, more: Collection[str]) -> Iterator[Finding]:
    """Find everything wrong with the policies at a path; `more` are further names that their templates may refer to."""
    node: Any = check.data
    for step in at:
        node = node.get(step, {})
    for index, policy in enumerate(node or ()):
        here: PathInTree = (*at, index)
        if ("document" in policy) and ("statements" in policy or "admits" in policy):
            message = "a policy with a `document` cannot also have `statements` or `admits`"
            yield check.finding("blueprint-policy", message, "remove one of them", here)
        yield from _conditions(check, policy, here)
        when = [policy.get("when", "")]
        known_names = {*more, *policy.get("refers", {}), *policy.get("values", {})}
        for part in ("refers", "values", "target", "document"):
            yield from check.templates((*here, part), known_names, when=when)
        for number, statement in enumerate(policy.get("statements", ())):
            yield from _statement(check, statement, (*here, "statements", number), known_names, when)


def _statement(
    check: Checker, statement: Mapping[str, Any], here: PathInTree, known_names: Collection[str], when: list[str]
) -> Iterator[Finding]:
    yield from _conditions(check, statement, here)
    for number, action in enumerate(statement["actions"]):
        if not iam.expand(action):
            message = f"{action} is not an action of the IAM database"
            remedy = "write it as in the Service Authorization Reference, for example s3:GetObject"
            yield check.finding("blueprint-action", message, remedy, (*here, "actions", number))
    each = statement.get("each", "")
    yield from check_each(check, statement, here)
    more = {*known_names, *statement.get("refers", {}), *names_of_entries(check, each)}
    for part in ("refers", "principals", "resources", "conditions"):
        yield from check.templates((*here, part), more, when=[*when, statement.get("when", ""), each])


def check_each(check: Checker, statement: Mapping[str, Any], here: PathInTree) -> Iterator[Finding]:
    """Check that `each` of a statement is a list, and `only` a JSON Schema."""
    each = statement.get("each", "")
    if each and "items" not in (_property(check, each) or {}):
        message = f"`{each}` is not a field of type array"
        yield check.finding("blueprint-name", message, "name a field of type array", (*here, "each"))
    try:
        Schema(statement.get("only", {})).accepts({})
    except ValueError as error:
        message = f"`only` is not a valid JSON Schema: {error}"
        yield check.finding("blueprint-field", message, "correct it", (*here, "only"))


def names_of_entries(check: Checker, each: str) -> set[str]:
    """Return the names that templates may refer to for the entries of the list that `each` names."""
    known_names: set[str] = set()
    for name, schema in (_property(check, each) or {}).get("items", {}).get("properties", {}).items():
        known_names |= {f"each.{name}", f"each.{name}.label"}
        known_names |= {f"each.{name}.arn", f"each.{name}.name"} if "x-resource" in schema else set()
    return known_names


def _conditions(check: Checker, described: Mapping[str, Any], here: PathInTree) -> Iterator[Finding]:
    for key in ("when", "unless"):
        if described.get(key) and _property(check, described[key]) is None:
            message = f"`{described[key]}` is not a field"
            yield check.finding("blueprint-name", message, "name a field, or a part of one", (*here, key))


def _property(check: Checker, name: str) -> Mapping[str, Any] | None:
    """Return the schema of a field, or of a part of one, or None."""
    first, *rest = name.split(".")
    schema: Any = check.all_fields.get(first)
    for step in rest:
        schema = (schema or {}).get("properties", {}).get(step)
    return schema if isinstance(schema, dict) else None
