"""Inputs in what is declared: only names and ARNs may stand in a permission, and none in a trust."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding
from rolewright.core.inputs import ARN, NAME
from rolewright.core.text import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.core.inputs import Input
    from rolewright.core.model import Declaration, Workload

_REMEDY = "write the value, or take an input of type name or arn where the field is the name or the ARN of a resource"


def unproven_inputs(workload: Workload, declaration: Declaration) -> Iterator[Finding]:
    """Yield a finding for each permission or trust that depends on an input of which the proof knows too little."""
    if not workload.inputs:
        return
    for grant in declaration.grants:
        for given in _inputs_in((grant.resources, grant.conditions), workload.inputs):
            if given.kind not in (ARN, NAME):
                yield _finding(f"what {grant.role} may do depends on it", given, workload, grant.origin)
    for policy in declaration.policies:
        for given in _inputs_in((policy.statements, policy.documents), workload.inputs):
            if given.kind not in (ARN, NAME):
                yield _finding(f"the policy {policy.subject} depends on it", given, workload, policy.origin)
    for trust in declaration.trusts:
        for given in _inputs_in((trust.principals, trust.conditions), workload.inputs):
            reason = f"who may assume {trust.role} depends on it"
            yield _finding(reason, given, workload, trust.origin, "write the value: a trust takes no input")


def _finding(reason: str, given: Input, workload: Workload, origin: str, remedy: str = _REMEDY) -> Finding:
    message = f"${{inputs.{given.name}}} is of type {given.kind}, and {reason}"
    return Finding("manifest-input-permission", message, remedy, workload.locate(origin), origin)


def _inputs_in(declared: Any, inputs: Iterable[Input]) -> list[Input]:  # noqa: ANN401 - parts of a declaration
    """Return the inputs whose variables are in Texts, those inside functions included."""
    expressions = list(_references(declared))
    return [given for given in inputs if any(_mentions(expression, given) for expression in expressions)]


def _mentions(expression: str, given: Input) -> bool:
    before, found, after = expression.partition(given.reference)
    whole = not (after[:1].isalnum() or after[:1] == "_") and not (before[-1:].isalnum() or before[-1:] in ("_", "."))
    return bool(found) and whole


def _references(node: Any) -> Iterator[str]:  # noqa: ANN401 - dataclasses, Texts, lists and mappings of them
    if isinstance(node, Ref):
        yield node.expression
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            yield from _references(getattr(node, field.name))
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _references(key)
            yield from _references(value)
    elif isinstance(node, tuple | list):
        for inner in node:
            yield from _references(inner)
