"""Prove that a role is never allowed what `never` promises, and find statements on every resource."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.prove.conditions import has_variable
from rolewright.prove.document import PolicyStatement, statements
from rolewright.prove.match import Glob, Kind, UndecidedError, compile_glob, matches, opened, segments, widened, witness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Breach:
    """A request that breaks a promise. `certain` is false if that depends on the value of a token.

    A token stands for a value that AWS generates, which is not known yet.
    """

    action: str
    resource: str
    certain: bool


@dataclass(frozen=True)
class Star:
    """A statement that allows actions on every resource, though `actions` could be narrowed."""

    sid: str
    actions: tuple[str, ...]


def promise_broken(
    documents: Sequence[Mapping[str, Any]],
    actions: Sequence[str],
    resources: Sequence[str],
    expand: Callable[[str], Collection[str]],
    *,
    boundary: Sequence[Mapping[str, Any]] | None = None,
) -> Breach | None:
    """Return a request that a role may make and that `actions` and `resources`, both patterns, forbid, or None.

    It errs on the safe side: what is allowed under a condition counts as allowed, a deny counts only if it has
    none, and a wildcard in an allowing pattern with too few segments crosses colons. A boundary takes away what
    it does not allow. `expand` returns the actions that a pattern stands for. Raises PolicyError for a malformed
    document.
    """
    own = [s for document in documents for s in statements(document)]
    limits = None if boundary is None else [s for document in boundary for s in statements(document)]
    denies = [s for s in (*own, *(limits or ())) if s.effect == "Deny" and not s.conditions]
    groups = list(_allowing(own, limits))
    for certain in (True, False):
        for group in groups:
            for action in _common(group, actions, expand):
                denied = [s for s in denies if _applies(s, action)]
                resource = _resource(group, resources, denied, certain=certain)
                if resource is not None:
                    return Breach(action, resource, certain)
    return None


def _allowing(
    own: Sequence[PolicyStatement], limits: Sequence[PolicyStatement] | None
) -> Iterator[tuple[PolicyStatement, ...]]:
    """Yield the statements that together allow something: one of a role, with one of its boundary if there is any."""
    for statement in own:
        if statement.effect == "Allow":
            for limit in (None,) if limits is None else limits:
                if limit is None:
                    yield (statement,)
                elif limit.effect == "Allow":
                    yield statement, limit


def _applies(statement: PolicyStatement, action: str) -> bool:
    return statement.not_actions != any(matches(p, action.lower(), Kind.TEXT) for p in statement.actions)


def _common(
    group: Sequence[PolicyStatement], promised: Sequence[str], expand: Callable[[str], Collection[str]]
) -> list[str]:
    """Return the actions that a promise names and all statements of a group apply to.

    Where wildcards on both sides match only names that the database does not know (yet), it is a made-up name.
    """
    common: dict[str, None] = {}
    for pattern in promised:
        known_names = [name for name in expand(pattern) or [pattern] if all(_applies(s, name) for s in group)]
        common.update(dict.fromkeys(known_names or _made_up(group, pattern)))
    return list(common)


def _made_up(group: Sequence[PolicyStatement], promised: str) -> list[str]:
    none_of = [p for s in group if s.not_actions for p in s.actions]
    choices: list[list[str]] = [[promised.lower()]]
    for statement in group:
        if not statement.not_actions:
            choices = [[*chosen, action] for chosen in choices for action in statement.actions]
    for chosen in choices:
        try:
            name = witness([_text(p) for p in chosen], [_text(p) for p in none_of])
        except UndecidedError:
            name = promised.lower()
        if name is not None:
            return [name]
    return []


def _text(pattern: str) -> Glob:
    return compile_glob(pattern, Kind.TEXT)


def _resource(
    group: Sequence[PolicyStatement],
    promised: Sequence[str],
    denied: Sequence[PolicyStatement],
    *,
    certain: bool,
) -> str | None:
    """Return an ARN that a promise names, all statements of a group allow and none denies, or None."""
    excluded = [s for s in denied if not s.not_resources] + [s for s in group if s.not_resources]
    none_of = [compile_glob(p) for s in excluded for p in s.resources if not has_variable(p)]
    allowing = [s.resources for s in group if not s.not_resources] or [("*",)]
    for pattern in promised:
        for chosen in itertools.product(*allowing):
            all_of = [glob for allowed in chosen for glob in _pair(pattern, allowed, certain=certain)]
            try:
                arn = witness(all_of, none_of)
            except UndecidedError:  # nobody knows that there is such an ARN, nor that there is none
                arn = None if certain else pattern
            if arn is not None:
                return arn
    return None


def _pair(promised: str, allowed: str, *, certain: bool) -> tuple[Glob, Glob]:
    """Return the patterns that an ARN has to match to be in both. A policy variable may have any value.

    So may a token, unless `certain` is set; but what AWS generates for one resource is never what it
    generates for another, nor a name that is known. An input may have any value, and may be the same as another one or
    as a name that is known.
    """
    promised, allowed = opened(promised), opened(allowed)
    if has_variable(allowed):
        return _arn(promised), _arn(widened(allowed))
    if certain or ("${" in promised and "${" in allowed):
        return _arn(promised), _arn(allowed)
    wild = compile_glob(allowed).literal is None
    if "${" in promised and not wild:
        return _arn(promised), _arn(allowed)
    return _arn(widened(promised)), _arn(widened(allowed))


def _arn(pattern: str) -> Glob:
    """Compile an ARN pattern. AWS does not say what one with too few segments matches: it is taken to match most."""
    return compile_glob(pattern, Kind.ARN if len(segments(pattern)) == 6 else Kind.TEXT)


def stars(documents: Sequence[Mapping[str, Any]], supports: Callable[[str], bool]) -> tuple[Star, ...]:
    """Return the statements that allow, on every resource or every one of a service, an action that needs no `*`.

    `supports` returns whether an action can be narrowed to a resource. An action with a wildcard always counts.
    A statement with NotResource counts as one on every resource. Raises PolicyError for a malformed document.
    """
    wide_statements = []
    for statement in (s for document in documents for s in statements(document)):
        wide = statement.not_resources or any(map(_wide, statement.resources))
        if statement.effect == "Allow" and wide:
            every = statement.not_actions
            narrow = tuple(a for a in statement.actions if every or "*" in a or "?" in a or supports(a))
            wide_statements += [Star(statement.sid, narrow)] if narrow else []
    return tuple(wide_statements)


def _wide(pattern: str) -> bool:
    """Return whether a pattern has no resource part of its own: `*`, `arn:aws:s3:*` or `arn:aws:s3:::*`."""
    return not pattern.startswith("${") and (len(segments(pattern)) < 6 or set(segments(pattern)[5]) == {"*"})
