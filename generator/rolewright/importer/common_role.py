"""The rights of a role in every environment of its source, and words for those that only some have."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import OfResource, PlaceName, SourceText
from rolewright.importer.shapes import mapping, several, text
from rolewright.importer.workload import Renamed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.importer.workload import OldPolicy, OldRole

_UNKNOWN = "\0"
_WORD = re.compile(r"[^:/*?]+")


def common_role(roles: Mapping[str, OldRole]) -> tuple[OldRole, list[Renamed]]:
    """Return what a role may do in all environments as it is in the first, and which resources are others elsewhere.

    A statement is the same where its resources alone have other names. What only some environments have, and what
    nobody could read in one, is named as not read.
    """
    first, *others = roles
    left = {name: list(role.policies) for name, role in roles.items()}
    kept: list[OldPolicy] = []
    renamed: list[Renamed] = []
    for alike in (_exactly, _but_for_names):
        for policy in [*left[first]]:
            found = {name: _first_like(policy, left[name], alike) for name in others}
            if all(each is not None for each in found.values()):
                kept.append(policy)
                left[first].remove(policy)
                for name, each in found.items():
                    if each is not None:
                        left[name].remove(each)
                        renamed += _renamed(policy, each, name)
    kept.sort(key=list(roles[first].policies).index)
    unread = [*roles[first].unread]
    for name, role in roles.items():
        unread += [f"{each} (in {name})" for each in role.unread if each not in unread]
    alone = (replace(policy, managed=True) for policy in left[first])  # compared, and no entries are made of it
    unread += _apart(left)
    return replace(roles[first], policies=(*kept, *alone), unread=tuple(dict.fromkeys(unread))), renamed


def _first_like(policy: OldPolicy, there: list[OldPolicy], alike: Callable[[Any], Any]) -> OldPolicy | None:
    wanted = alike(policy.document)
    return next((each for each in there if alike(each.document) == wanted), None)


def _apart(left: Mapping[str, list[OldPolicy]]) -> list[str]:
    """Return words for the policies that not every environment has."""
    found: dict[tuple[str, bool], list[str]] = {}
    for name, policies in left.items():
        for policy in policies:
            denies = any(text(mapping(each).get("Effect")) == "Deny" for each in _statements(policy.document))
            found.setdefault((policy.origin, denies), []).append(name)
    return [
        f"{origin}: differs among environments (read in {', '.join(dict.fromkeys(names))}); "
        + ("it denies there what the manifest may allow" if denies else "a manifest gives all of them the same rights")
        for (origin, denies), names in found.items()
    ]


def _statements(document: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return several(mapping(document).get("Statement"))


def _exactly(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a document without the names of its statements, which may be their numbers."""
    return _with(document, lambda resource: resource)


def _but_for_names(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a document in which a resource stands by its form alone."""
    return _with(document, _form)


def _with(document: Any, shown: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(document, dict):
        return document
    statements = []
    for statement in _statements(document):
        if not isinstance(statement, dict):
            return document
        plain = {key: value for key, value in statement.items() if key != "Sid"}
        if "Resource" in plain:
            plain["Resource"] = list(map(shown, several(plain["Resource"])))
        statements.append(plain)
    return {**document, "Statement": statements}


def _form(resource: Any) -> Any:  # noqa: ANN401 - a text, or parts of one
    """Return the form of an ARN without its names; the value itself for what is none, or is not known, such as a star.

    `table/a` and `table/b` are of one form, `a/*` and `a/b/*` are not: the one is wider.
    """
    parts = _flat(resource).split(":", 5)
    if parts[0] != "arn" or len(parts) < 6 or any(_UNKNOWN in part for part in parts):
        return resource
    return parts[2], _WORD.sub("x", parts[5])


def _flat(value: Any) -> str:  # noqa: ANN401 - a text, or parts of one
    match value:
        case SourceText(parts):
            return "".join(map(_flat, parts))
        case OfResource(known=SourceText() as known):
            return _flat(known)
        case PlaceName(name):
            return f"${{{name}}}"
        case str():
            return value
        case _:
            return _UNKNOWN


def _renamed(policy: OldPolicy, there: OldPolicy, environment: str) -> list[Renamed]:
    """Return the resources of a policy that are others in an environment."""
    found = []
    for one, two in zip(_statements(policy.document), _statements(there.document), strict=True):
        resources = zip(*(several(mapping(each).get("Resource")) for each in (one, two)), strict=True)
        found += [Renamed(environment, here, other) for here, other in resources if here != other]
    return found
