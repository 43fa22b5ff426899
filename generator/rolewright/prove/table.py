"""Compare a role's policies with its declaration: they have to allow exactly what is declared."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from rolewright.data.symbols import SYMBOL
from rolewright.prove.conditions import has_variable, shape
from rolewright.prove.decide import Decision, Request, decide_statements
from rolewright.prove.document import Atom, Conditions, PolicyStatement, statements
from rolewright.prove.implication import alternatives, contexts, implies, impossible
from rolewright.prove.match import Kind, UndecidedError, compile_glob, matches, neighbours, segments, widened, witness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from rolewright.core import model

_CANDIDATES = 24


@dataclass(frozen=True)
class Declared:
    """A permission as declared, in concrete strings: one grant in one environment.

    `conditions` are triples of operator, key and values. `origin` is the manifest path it came from.
    """

    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    origin: str


@dataclass(frozen=True)
class AccessDifference:
    """A request on which the role's policies and the declaration disagree; `decide` has confirmed it.

    `undeclared`: the policies allow it, the declaration does not, and `origin` is the Sid of the statement.
    `denied`: the declaration allows it, the policies do not, and `origin` is that of the declaration.
    `conditions` are those in force there; `context` is a request context that shows the difference.
    """

    kind: Literal["undeclared", "denied"]
    action: str
    resource: str
    conditions: Conditions
    context: tuple[tuple[str, tuple[str, ...]], ...]
    origin: str


@dataclass(frozen=True)
class TableResult:
    """The outcome: exact if both are empty. `unknown` lists permissions that could be neither proven nor refuted."""

    differences: tuple[AccessDifference, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class _Rule:
    """One resource pattern of one statement, for one action, under conditions."""

    resource: str
    conditions: tuple[Atom, ...]
    origin: str


@dataclass(frozen=True)
class _Side:
    """One of the two sides: all its statements, and the `plain` ones, for which inclusion can be decided."""

    statements: tuple[PolicyStatement, ...]
    plain: tuple[PolicyStatement, ...]

    def rules(self, effect: str, action: str) -> tuple[_Rule, ...]:
        return tuple(
            _Rule(resource, conditions, statement.sid)
            for statement in self.plain
            if statement.effect == effect and any(matches(p, action, Kind.TEXT) for p in statement.actions)
            for resource in statement.resources
            for conditions in alternatives(statement.conditions)
        )

    def names(self, action: str) -> tuple[bool, ...]:
        """Return for each statement whether it names an action, in Action or in NotAction."""
        return tuple(any(matches(p, action, Kind.TEXT) for p in statement.actions) for statement in self.statements)

    def allows(self, request: Request) -> bool | None:
        decision = decide_statements(self.statements, request)
        return None if decision is Decision.UNKNOWN else decision is Decision.ALLOWED


def ground(grants: Iterable[model.Grant], values: Mapping[str, str]) -> tuple[Declared, ...]:
    """Resolve grants to the strings of one environment; what AWS generates stays a token."""
    return tuple(
        Declared(
            effect=grant.effect,
            actions=grant.actions,
            resources=tuple(text.ground(values) for text in grant.resources),
            conditions=tuple(
                (c.operator, c.key.ground(values), tuple(text.ground(values) for text in c.values))
                for c in grant.conditions
            ),
            origin=grant.origin,
        )
        for grant in grants
    )


def compare(
    documents: Sequence[Mapping[str, Any]],
    declared: Sequence[Declared],
    expand: Callable[[str], Collection[str]],
) -> TableResult:
    """Compare a role's policies with what is declared, in both directions, over all actions of either.

    Per action, each resource pattern under its conditions has to be covered by patterns of the other side
    whose conditions follow from them, or be denied on its own side; and what the other side denies has to be
    denied here as well. That is decided for all ARNs at once. Where it fails, a witness request is searched
    and confirmed by `decide`; a failure without a confirmed witness is unknown, never exact.
    `expand` returns the actions that a pattern stands for, as AWS spells them. Raises PolicyError for a
    malformed document.
    """
    unknown: dict[str, None] = {}
    policies = _side([s for document in documents for s in statements(document)], unknown)
    declared_side = _side([_statement(entry) for entry in declared], unknown)
    differences: dict[AccessDifference, None] = {}
    for action, spelt in sorted(_actions((*policies.plain, *declared_side.plain), expand, unknown).items()):
        for kind, left, right in (("undeclared", policies, declared_side), ("denied", declared_side, policies)):
            for excess in _excess(action, spelt, left, right):
                if isinstance(excess, _Doubt):
                    unknown[excess.text(kind)] = None
                else:
                    rule, request = excess
                    differences[_difference(kind, spelt, rule, request)] = None
    return TableResult(tuple(differences), tuple(unknown))


def trespasses(
    documents: Sequence[Mapping[str, Any]],
    own: Sequence[Declared],
    others: Sequence[Declared],
    expand: Callable[[str], Collection[str]],
) -> TableResult:
    """Find what a role's policies allow that is declared for another role, and not for itself.

    Roles are apart if nothing is found; a permission that is declared for both is no fault. It is decided as in
    `compare`, and `origin` is that of the other role's declaration. Raises PolicyError for a malformed document.
    """
    unknown: dict[str, None] = {}
    policies = _side([s for document in documents for s in statements(document)], unknown)
    own_side, foreign = (_side([_statement(entry) for entry in declared], unknown) for declared in (own, others))
    differences: dict[AccessDifference, None] = {}
    foreign_actions = _actions(foreign.plain, expand, unknown)
    for action, spelt in sorted(_actions(policies.plain, expand, unknown).items()):
        for excess in _excess(action, spelt, policies, own_side, foreign) if action in foreign_actions else ():
            if isinstance(excess, _Doubt):
                unknown[excess.text("undeclared")] = None
            else:
                differences[_difference("undeclared", spelt, *excess)] = None
    return TableResult(tuple(differences), tuple(unknown))


@dataclass(frozen=True)
class PermissionChange:
    """A permission that one declaration has and another lacks, as declared, with a request that shows it.

    `origin` is the manifest path it comes from.
    """

    action: str
    resource: str
    conditions: Conditions
    origin: str
    witness: Request


def changes(
    after: Sequence[Declared],
    before: Sequence[Declared],
    expand: Callable[[str], Collection[str]],
    spelt_out: Callable[[str], str] = str,
) -> tuple[tuple[PermissionChange, ...], tuple[str, ...]]:
    """Find what `after` allows and `before` does not, over all ARNs and contexts, and what could not be decided.

    It is decided as in `compare`: a permission that another pattern or statement allowed already is no change.
    `spelt_out` returns an action's name for the text on what could not be decided.
    """
    unknown: dict[str, None] = {}
    new, old = (_side([_statement(entry) for entry in declared], unknown) for declared in (after, before))
    gained: list[PermissionChange] = []
    excess_by_statements: dict[tuple[bool, ...], tuple[_Doubt | tuple[_Rule, Request], ...]] = {}
    for action, spelt in sorted(_actions(new.plain, expand, unknown).items()):
        # Actions that the same statements name are alike: a `*` stands for twenty thousand of them.
        alike = (*new.names(action), *old.names(action))
        if alike not in excess_by_statements:
            excess_by_statements[alike] = tuple(_excess(action, spelt, new, old))
        for excess in excess_by_statements[alike]:
            if isinstance(excess, _Doubt):
                unknown[replace(excess, action=spelt_out(spelt)).text("undeclared")] = None
            else:
                rule, request = excess
                conditions = tuple((atom.operator, atom.key, atom.values) for atom in rule.conditions)
                example = replace(request, action=spelt)
                gained.append(PermissionChange(spelt, rule.resource, conditions, rule.origin, example))
    return tuple(gained), tuple(unknown)


def _difference(kind: str, action: str, rule: _Rule, request: Request) -> AccessDifference:
    return AccessDifference(
        "undeclared" if kind == "undeclared" else "denied",
        action,
        request.resource,
        tuple((atom.operator, atom.key, atom.values) for atom in rule.conditions),
        tuple(sorted(request.context.items())),
        rule.origin,
    )


def _statement(entry: Declared) -> PolicyStatement:
    return PolicyStatement(
        sid=entry.origin,
        effect=entry.effect,
        actions=tuple(action.lower() for action in entry.actions),
        not_actions=False,
        resources=entry.resources,
        not_resources=False,
        principals=None,
        not_principals=False,
        conditions=tuple(Atom(*condition) for condition in entry.conditions),
        variables=True,
    )


def _side(listed: Sequence[PolicyStatement], unknown: dict[str, None]) -> _Side:
    plain = []
    for number, statement in enumerate(listed, start=1):
        name = statement.sid or f"statement {number}"
        reasons = [
            f"{name}: the condition operator {atom.operator} cannot be judged"
            for atom in statement.conditions
            if shape(atom.operator) is None
        ]
        if statement.not_actions:
            reasons.append(f"{name}: NotAction is not compared with what is declared")
        if statement.not_resources:
            reasons.append(f"{name}: NotResource is not compared with what is declared")
        if not statement.variables and "${" in "".join(
            (*statement.resources, *(value for atom in statement.conditions for value in atom.values))
        ):
            reasons.append(f"{name}: its document's version does not support ${{…}}")
        unknown.update(dict.fromkeys(reasons))
        if not reasons:
            plain.append(statement)
    return _Side(tuple(listed), tuple(plain))


def _actions(
    listed: Iterable[PolicyStatement], expand: Callable[[str], Collection[str]], unknown: dict[str, None]
) -> Mapping[str, str]:
    """Return every action of the statements, in lower case, with AWS's spelling."""
    spellings: dict[str, str] = {}
    for pattern in dict.fromkeys(action for statement in listed for action in statement.actions):
        names = expand(pattern)
        spellings.update((name.lower(), name) for name in names)
        if "*" in pattern or "?" in pattern:
            if not names:
                unknown[f"no known action is named {pattern}"] = None
        elif not names:
            spellings[pattern] = pattern
    return spellings


@dataclass(frozen=True)
class _Doubt:
    """A rule that could neither be proven to be covered nor shown not to be."""

    action: str
    rule: _Rule

    def text(self, kind: str) -> str:
        side = "declared" if kind == "undeclared" else "allowed"
        conditions = " and ".join(f"{a.operator} {a.key} {', '.join(a.values)}" for a in self.rule.conditions)
        where = f" if {conditions}" if conditions else ""
        return f"{self.rule.origin}: cannot tell whether {self.action} on {self.rule.resource}{where} is {side}"


def _excess(
    action: str, spelt: str, left: _Side, right: _Side, within: _Side | None = None
) -> Iterator[_Doubt | tuple[_Rule, Request]]:
    """Yield what `left` allows for an action and `right` does not, limited to what `within`, if given, allows too.

    The rule is that of `within` if given, and of `left` otherwise.
    """
    denied_left, denied_right = left.rules("Deny", action), right.rules("Deny", action)
    allowed_right = right.rules("Allow", action)
    bounds: tuple[_Rule | None, ...] = (None,)
    if within is not None:
        bounds = within.rules("Allow", action)
        denied_left = (*denied_left, *within.rules("Deny", action))
    limits = tuple(bound for bound in bounds if bound)
    everything = (*left.rules("Allow", action), *allowed_right, *denied_left, *denied_right, *limits)
    atoms = tuple(dict.fromkeys(itertools.chain.from_iterable(rule.conditions for rule in everything)))
    sides = (left,) if within is None else (left, within)
    for rule, bound in itertools.product(left.rules("Allow", action), bounds):
        both = (rule,) if bound is None else (rule, bound)
        conditions = tuple(itertools.chain.from_iterable(part.conditions for part in both))
        resources = tuple(part.resource for part in both)
        suspects: list[tuple[tuple[Atom, ...], tuple[str, ...], tuple[_Rule, ...]]] = [
            (conditions, resources, (*allowed_right, *denied_left))
        ]
        suspects += [
            ((*conditions, *deny.conditions), _both(resources, deny.resource), denied_left) for deny in denied_right
        ]
        doubtful = False
        for required, targets, cover in suspects:
            covering = [candidate.resource for candidate in cover if implies(required, candidate.conditions)]
            try:
                candidates = _candidates(targets, covering, [known_rule.resource for known_rule in everything])
            except UndecidedError:
                doubtful = True
                continue
            if not candidates or impossible(required):
                continue
            confirmed = _confirm(spelt, candidates, required, atoms, sides, right)
            if confirmed:
                yield both[-1], confirmed
                break
            doubtful = True
        else:
            if doubtful:
                yield _Doubt(spelt, both[-1])


def _both(resources: Sequence[str], denied: str) -> tuple[str, ...]:
    """Return patterns for what is denied of some resources: all of it where inputs decide what they have in common."""
    return (denied,) if SYMBOL.search("".join((*resources, denied))) else (*resources, denied)


def _candidates(resources: Sequence[str], covering: Sequence[str], near: Sequence[str]) -> list[str]:
    """Return ARNs that match all of `resources` and none of `covering`, the most readable first.

    A policy variable in a resource may have any value, and one in a cover does not count as covering anything
    but the same pattern.
    """
    if any(resource in covering for resource in resources):
        return []
    all_of = [compile_glob(widened(resource) if has_variable(resource) else resource) for resource in resources]
    none_of = [compile_glob(pattern) for pattern in covering if not has_variable(pattern)]
    shortest = witness(all_of, none_of)
    if shortest is None:
        return []
    near_names = [
        name
        for pattern in dict.fromkeys(near)
        if len(segments(pattern)) == 6 or pattern.startswith("${")
        for name in neighbours(pattern)
        if all(glob.matches(name) for glob in all_of) and not any(glob.matches(name) for glob in none_of)
    ]
    first = [shortest] if len(segments(shortest)) == 6 else []
    return list(dict.fromkeys([*first, *near_names, shortest]))[:_CANDIDATES]


def _confirm(
    action: str,
    candidates: Sequence[str],
    conditions: Sequence[Atom],
    atoms: Sequence[Atom],
    sides: Sequence[_Side],
    opposite: _Side,
) -> Request | None:
    """Return a request that all of `sides` allow and `opposite` does not, or None."""
    for resource in candidates:
        for context in contexts(conditions, atoms):
            request = Request(action, resource, context)
            if all(side.allows(request) is True for side in sides) and opposite.allows(request) is False:
                return request
    return None
