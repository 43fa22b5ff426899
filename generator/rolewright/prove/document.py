"""Policy documents as IAM stores them → statements. A document that IAM would not accept is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"}
_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?]+")
_VERSIONS = {"2012-10-17": True, "2008-10-17": False}


class PolicyError(ValueError):
    """A document that IAM would not accept."""


Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
"""Operator, key and values of each condition of a statement."""


@dataclass(frozen=True)
class Atom:
    """One line of a Condition block: an operator as written, a key, and the values it accepts."""

    operator: str
    key: str
    values: tuple[str, ...]

    @property
    def canonical(self) -> tuple[str, str, frozenset[str]]:
        """Return a form that ignores the case of the operator and the key, and the order of the values."""
        return self.operator.lower(), self.key.lower(), frozenset(self.values)


@dataclass(frozen=True)
class Principals:
    """A Principal element: pairs of kind and identifier. `("*", "*")` is anybody."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PolicyStatement:
    """A statement. `not_actions` is true if `actions` come from NotAction, and so on.

    `variables` is true if `${aws:…}` is a policy variable, which it is in documents of Version 2012-10-17 only.
    """

    sid: str
    effect: str
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    principals: Principals | None
    not_principals: bool
    conditions: tuple[Atom, ...]
    variables: bool


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON. Raises ValueError also for a duplicate key in an object, since parsers differ in which one counts."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    object_ = dict(pairs)
    if len(object_) != len(pairs):
        raise ValueError("an object has a duplicate key")
    return object_


def _strings(value: object, subject: str) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else [value]
    if not items or not all(isinstance(item, str) and item for item in items):
        raise PolicyError(f"{subject} must be a string or a list of strings, not {value!r}")
    return tuple(items)


def _scalar(value: object, subject: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return str(value)
        case _:
            raise PolicyError(f"{subject} must be a string, a number or a boolean, not {value!r}")


def _conditions(block: object) -> tuple[Atom, ...]:
    if not isinstance(block, Mapping):
        raise PolicyError(f"Condition must be an object, not {block!r}")
    atoms = []
    for operator, keys in block.items():
        if not operator.isascii():
            raise PolicyError(f"{operator!r} is not a condition operator")
        if not isinstance(keys, Mapping) or not keys:
            raise PolicyError(f"Condition {operator} must be an object of keys and values, not {keys!r}")
        for key, value in keys.items():
            if any(not letter.isascii() and letter.lower().isascii() for letter in key):
                raise PolicyError(f"{key!r} has a character that may be mistaken for an ASCII letter")
            items = value if isinstance(value, (list, tuple)) else [value]
            values = tuple(_scalar(item, f"a value of {key}") for item in items)
            if not values:
                raise PolicyError(f"Condition {operator} of {key} has no value")
            atoms.append(Atom(operator, key, values))
    return tuple(atoms)


def _principals(value: object) -> Principals:
    if value == "*":
        return Principals((("*", "*"),))
    if not isinstance(value, Mapping) or not value:
        raise PolicyError(f'Principal must be "*" or an object, not {value!r}')
    entries: list[tuple[str, str]] = []
    for kind, identifiers in value.items():
        if kind not in _KINDS:
            raise PolicyError(f"{kind!r} is not a kind of principal; IAM has {', '.join(_KINDS)}")
        for identifier in _strings(identifiers, f"Principal {kind}"):
            if kind == "AWS" and identifier != "*" and ("*" in identifier or "?" in identifier):
                raise PolicyError(f"IAM allows no wildcard within a principal: {identifier}")
            entries.append(("*", "*") if (kind, identifier) == ("AWS", "*") else (kind, identifier))
    return Principals(tuple(entries))


def _either(raw: Mapping[str, Any], name: str) -> tuple[Any, bool]:
    """Return the value of an element or its negation, and whether it is the negation.

    Raises PolicyError unless exactly one of the two is there.
    """
    if (name in raw) == (f"Not{name}" in raw):
        raise PolicyError(f"a statement needs one of {name} and Not{name}")
    negated = name not in raw
    return raw[f"Not{name}" if negated else name], negated


_TAKES = {"an identity": ("Resource",), "a trust": ("Principal",), "a resource": ("Principal", "Resource")}
"""Kind of policy → the elements, besides the common ones, that a statement needs, as such or negated."""


def _statement(raw: object, *, kind: str, variables: bool) -> PolicyStatement:
    if not isinstance(raw, Mapping):
        raise PolicyError(f"a statement must be an object, not {raw!r}")
    if unknown := set(raw) - _ELEMENTS - {"Condition"}:
        raise PolicyError(f"a statement has no element {', '.join(sorted(map(str, unknown)))}")
    foreign = {"Principal", "Resource"} - set(_TAKES[kind])
    if present := [name for element in foreign for name in (element, f"Not{element}") if name in raw]:
        raise PolicyError(f"{kind} policy cannot have {present[0]}")
    if raw.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"Effect must be Allow or Deny, not {raw.get('Effect')!r}")
    action, not_actions = _either(raw, "Action")
    actions = _strings(action, "Action")
    if wrong := [name for name in actions if not _ACTION.fullmatch(name)]:
        raise PolicyError(f"{wrong[0]!r} is not an action; write service:Name, such as s3:GetObject")
    principals, not_principals = _either(raw, "Principal") if "Principal" in _TAKES[kind] else (None, False)
    # The policy of an ECR repository has no Resource: it applies to the repository itself.
    applies_to_itself = kind == "a resource" and not {"Resource", "NotResource"} & set(raw)
    resources, not_resources = (
        _either(raw, "Resource") if "Resource" in _TAKES[kind] and not applies_to_itself else (None, False)
    )
    return PolicyStatement(
        sid=str(raw.get("Sid", "")),
        effect=raw["Effect"],
        actions=tuple(name.lower() for name in actions),
        not_actions=not_actions,
        resources=() if resources is None else _strings(resources, "Resource"),
        not_resources=not_resources,
        principals=None if principals is None else _principals(principals),
        not_principals=not_principals,
        conditions=_conditions(raw.get("Condition", {})),
        variables=variables,
    )


def statements(document: Mapping[str, Any], *, trust: bool = False) -> tuple[PolicyStatement, ...]:
    """Return the statements of an identity policy, or of a role's trust policy, with actions in lower case.

    Raises PolicyError for what IAM would not accept: an unknown element, a Principal in an identity policy,
    a Resource in a trust policy, an effect other than Allow and Deny, neither or both of Action and NotAction.
    """
    return _statements(document, "a trust" if trust else "an identity")


def resource_statements(document: Mapping[str, Any]) -> tuple[PolicyStatement, ...]:
    """Return the statements of a resource policy, as `statements` does; without a Resource, `resources` is empty."""
    return _statements(document, "a resource")


def _statements(document: Mapping[str, Any], kind: str) -> tuple[PolicyStatement, ...]:
    if not isinstance(document, Mapping):
        raise PolicyError(f"a policy must be an object, not {document!r}")
    if unknown := set(document) - {"Version", "Id", "Statement"}:
        raise PolicyError(f"a policy has no element {', '.join(sorted(map(str, unknown)))}")
    version = document.get("Version", "2008-10-17")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise PolicyError(f"the policy version is {version!r}; IAM has {', '.join(_VERSIONS)}")
    if "Statement" not in document:
        raise PolicyError("a policy needs a Statement")
    raw = document["Statement"]
    listed: Sequence[object] = raw if isinstance(raw, (list, tuple)) else [raw]
    return tuple(_statement(item, kind=kind, variables=_VERSIONS[version]) for item in listed)
