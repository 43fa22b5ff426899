"""Actions on ARNs → the entries of a manifest that come nearest: resources with verbs, and statements for the rest."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from rolewright.data import iam
from rolewright.finding import Rejected
from rolewright.grants import derive_grants
from rolewright.manifest import read_manifest
from rolewright.placeholders import placeholder
from rolewright.prove.match import compile_glob, witness
from rolewright.prove.table import ground
from rolewright.source import loads, quoted
from rolewright.trial import NoValueError, sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint, Verb
    from rolewright.prove.table import Declared

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]
Pair = tuple[str, str]
"""The name of an ARN of a blueprint, and an action on it."""

_TEMPLATE = re.compile(r'\$\{(?:(?:trimprefix|lower)\((\w+)(?:, "[^"]*")?\)|(\w+)(:-[^}]*)?)\}|(\*)|(\?+)|([^$*?]+|\$)')
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_CONTEXT = {"partition", "region", "account"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


@dataclass(frozen=True)
class Entry:
    """One resource of the manifest.

    `filled_in` are the fields with a value that is made up: nothing says which resource is meant. `asked` are the
    actions that it is there for, each with the ARN that it was asked for on.
    """

    key: str
    type: str
    fields: Mapping[str, Any]
    access: tuple[str, ...]
    filled_in: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rest:
    """One entry of `statements`: what no verb of the catalogue is for."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    reason: str


@dataclass(frozen=True)
class Draft:
    """What a manifest would say under `resources` and `statements`."""

    entries: tuple[Entry, ...]
    rest: tuple[Rest, ...]
    idle: tuple[tuple[str, str], ...] = ()
    """Actions with resources that they cannot be asked for on: AWS allows nothing by them."""


@dataclass
class _Group:
    """Actions on one resource. `given` are its fields; None where nothing says which resource is meant."""

    blueprint: ResourceBlueprint
    given: Mapping[str, str | None]
    optional: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    pairs: dict[Pair, str] = field(default_factory=dict)
    """With the ARN that each was asked for on."""


def draft(allowed: Iterable[Declared], catalog: Catalog) -> Draft:
    """The entries for what is allowed.

    Verbs that bring nothing beyond what is asked for come first, then those that bring the least. What stands under a
    condition, and what is for no type of the catalogue, goes to `statements` as it is.
    """
    groups: dict[tuple[str, tuple[tuple[str, str | None], ...]], _Group] = {}
    rest: dict[tuple[Conditions, str], set[str]] = defaultdict(set)
    idle: dict[tuple[str, str], None] = {}
    for one in allowed:
        for pattern, resource in itertools.product(one.actions, one.resources):
            exact = "*" not in pattern and "?" not in pattern
            action = (iam.expand(pattern) or (pattern,))[0] if exact else pattern
            if exact and _is_idle(catalog, action, resource):
                idle[action, resource] = None
                continue
            found = _found(catalog, action, resource) if exact and not one.conditions else None
            if found is None:
                rest[one.conditions, resource].add(action)
                continue
            blueprint, arn, fields = found
            given = {name: fields.get(name) for name in (*blueprint.identified_by, *sorted(_CONTEXT))}
            group = groups.setdefault((blueprint.type, tuple(given.items())), _Group(blueprint, given))
            group.pairs[arn, action] = resource
            for name in fields.keys() - given.keys():
                group.optional[name].add(fields[name] or "")
    taken: dict[str, None] = {}
    entries = []
    for group in groups.values():
        entry, left = _entry(group, rest.get(((), "*"), set()), taken)
        entries += entry
        for pair in left:
            rest[(), group.pairs[pair]].add(pair[1])
    return _tried(Draft(tuple(entries), tuple(_rest(rest)), tuple(idle)), catalog)


def _is_idle(catalog: Catalog, action: str, resource: str) -> bool:
    """Whether the IAM database knows the action, and the ARN is that of another kind of resource.

    The database's ARNs do not tell a bucket from an object in one; those of the blueprints do.
    """
    facts = iam.action(action)
    service = iam.service(action.partition(":")[0].lower())
    if facts is None or service is None or not facts.resource_types:
        return False
    arns = [service.resources[name].arn for name in facts.resource_types if name in service.resources]
    asked = compile_glob(resource)
    kinds = {
        name
        for blueprint in catalog.resources.values()
        for name, template in blueprint.arns.items()
        if blueprint.service == service.prefix
        and name in service.resources
        and resource != "*"
        and _fields(blueprint, template, resource) is not None
    }
    if kinds and not kinds & set(facts.resource_types):
        return True
    return bool(arns) and all(witness([asked, compile_glob(_VARIABLE.sub("*", arn))], []) is None for arn in arns)


def _found(catalog: Catalog, action: str, resource: str) -> tuple[ResourceBlueprint, str, dict[str, str | None]] | None:
    """The type with a verb for an action on such an ARN: the most telling one first."""
    found = []
    for blueprint in catalog.resources.values():
        for verb in blueprint.verbs.values():
            for arn, actions in verb.allow.items():
                if action in actions and arn != "*" and (resource != "*" or iam.supports_resource(action)):
                    fields = _fields(blueprint, blueprint.arns[arn], resource)
                    if fields is not None:
                        found.append((blueprint, arn, fields))
    ranked = sorted(found, key=lambda one: (None in one[2].values(), -len(one[0].verbs)))
    return ranked[0] if ranked else None


def _fields(blueprint: ResourceBlueprint, template: str, resource: str) -> dict[str, str | None] | None:
    """What the fields have to be so that a template gives an ARN; None for a field that may be anything."""
    pattern = _pattern(template)
    fits = pattern.fullmatch(resource)
    if fits is None and resource != "*":
        return None
    found: dict[str, str | None] = {}
    for name in pattern.groupindex:
        value = fits[name] if fits else "*"
        schema = blueprint.fields.get(name, {})
        text = schema.get("items", schema).get("pattern", "")
        if value == "*":
            found[name] = None
        elif name in _CONTEXT or (name in blueprint.fields and value and re.search(text, value)):
            found[name] = value
        elif value:
            return None
    return found


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """The ARNs that a template may stand for, those with `*` in place of a field among them."""
    parts: list[str] = []
    for changed, name, default, star, marks, literal in _TEMPLATE.findall(template):
        group = changed or name
        if f"(?P<{group}>" in "".join(parts):
            parts.append(f"(?P={group})")
        elif group in _CONTEXT:
            parts.append(f"(?P<{group}>[^:]*)")
        elif group:
            parts.append(rf"(?P<{group}>[^*?]*)\*?" if default else rf"(?P<{group}>\*|[^*?]+?)")
        elif star:
            parts.append(r"(?:\*?|[^*?:]*)")
        elif marks:
            parts.append(rf"(?:\?{{{len(marks)}}}|\*|[^*?:/]{{{len(marks)}}})")
        else:
            parts.append(re.escape(literal))
    return re.compile("".join(parts))


def _entry(group: _Group, anywhere: set[str], taken: dict[str, None]) -> tuple[list[Entry], set[Pair]]:
    """The entry for a group, and the pairs that none of its verbs is for. `anywhere` are actions on `*`."""
    blueprint = group.blueprint
    wanted = {*group.pairs, *(("*", action) for action in anywhere)}
    verbs = list(_verbs(blueprint, wanted, set(group.pairs)))
    if not verbs:
        return [], set(group.pairs)
    covered = {pair for verb in verbs for pair in _pairs(verb)}
    anywhere -= {action for arn, action in covered if arn == "*"}
    names = [verb.name for verb in verbs]
    for broad in sorted((v for v in blueprint.verbs.values() if v.of), key=lambda v: -len(blueprint.expand([v.name]))):
        behind = [verb.name for verb in blueprint.expand([broad.name])]
        if len(behind) > 1 and set(behind) <= set(names):
            names = [broad.name, *(name for name in names if name not in behind)]
    fields, filled_in = _given(group, verbs)
    named = next((str(fields[name]) for name in (*blueprint.identified_by, "arn") if name in fields), "")
    key = _key(blueprint.type if filled_in or not named else re.split(r"[:/]", named.rstrip(":*/"))[-1], taken)
    asked = tuple((pair[1], resource) for pair, resource in group.pairs.items() if pair in covered)
    return [Entry(key, blueprint.type, fields, tuple(names), filled_in, asked)], set(group.pairs) - covered


def _pairs(verb: Verb) -> set[Pair]:
    return {(arn, action) for arn, actions in verb.allow.items() for action in actions}


def _verbs(blueprint: ResourceBlueprint, wanted: set[Pair], needed: set[Pair]) -> Iterator[Verb]:
    """Narrow verbs for the pairs that are needed, each with the least that is not wanted; in the blueprint's order."""
    narrow = [verb for verb in blueprint.verbs.values() if not verb.of]
    chosen: list[Verb] = []
    open_ = set(needed)
    while open_:
        useful = [verb for verb in narrow if _pairs(verb) & open_]
        if not useful:
            break
        best = min(useful, key=lambda verb: (len(_pairs(verb) - wanted), -len(_pairs(verb) & open_)))
        chosen.append(best)
        open_ -= _pairs(best)
    for verb in tuple(chosen):  # an earlier one may be covered by those that were taken after it
        others = {pair for other in chosen if other is not verb for pair in _pairs(other)}
        if _pairs(verb) & needed <= others:
            chosen.remove(verb)
    yield from (verb for verb in narrow if verb in chosen)


def _given(group: _Group, verbs: Sequence[Verb]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The fields of the entry, and which of them are made up."""
    blueprint = group.blueprint
    known = {name: value for name, value in group.given.items() if value and name in blueprint.identified_by}
    fields: dict[str, Any] = {}
    own = _own_arn(group)
    if own is not None and len(known) == len(blueprint.identified_by):
        fields["arn"] = own
    else:
        fields |= known
    optional = {name: next(iter(values)) for name, values in group.optional.items() if len(values) == 1}
    fields |= {name: value for name, value in optional.items() if value and name in blueprint.fields}
    fields = {n: [v] if blueprint.fields.get(n, {}).get("type") == "array" else v for n, v in fields.items()}
    needs = dict.fromkeys(name for verb in verbs for name in blueprint.needs(verb, ()))
    required = dict.fromkeys((*blueprint.required, *needs))
    lacking = [
        name for name in required if name not in fields and not ("arn" in fields and name in blueprint.identified_by)
    ]
    made: list[str] = []
    for name in lacking:
        try:
            fields[name] = sample(blueprint.fields[name])
        except NoValueError:
            continue  # the entry is then refused when it is tried
        made.append(name)
    return fields, tuple(made)


def _own_arn(group: _Group) -> str | None:
    """The resource's own ARN where account and region are said in it."""
    template = group.blueprint.own_arn.removesuffix(":*")
    if "*" in template:
        return None
    if "?" in template:  # AWS's own characters: known only where somebody gave them
        given = {resource for (name, _), resource in group.pairs.items() if group.blueprint.arns[name] == template}
        (asked, *others) = given or {"*"}
        return asked if not others and not re.search("[*?]", asked) else None
    if "${account}" not in template or not re.fullmatch(r"\d{12}", group.given["account"] or ""):
        return None
    values = [(changed or name, literal) for changed, name, _, _, _, literal in _TEMPLATE.findall(template)]
    if any(name and not group.given.get(name) for name, _ in values):
        return None
    return "".join(literal or str(group.given[name]) for name, literal in values)


def _key(text: str, taken: dict[str, None]) -> str:
    """A key for an entry that no other has."""
    base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or "resource"
    base = base if base[0].isalpha() else f"r-{base}"
    for number in itertools.count(1):
        key = base if number == 1 else f"{base}-{number}"
        if key not in taken:
            taken[key] = None
            return key
    raise AssertionError


def _rest(rest: Mapping[tuple[Conditions, str], set[str]]) -> Iterator[Rest]:
    merged: dict[tuple[Conditions, tuple[str, ...]], list[str]] = defaultdict(list)
    for (conditions, resource), actions in rest.items():
        if actions:
            merged[conditions, tuple(sorted(actions))].append(resource)
    for (conditions, names), resources in merged.items():
        yield Rest(names, tuple(sorted(resources)), conditions, "no verb of a blueprint is for this")


def _tried(made: Draft, catalog: Catalog) -> Draft:
    """The draft as the manifest takes it: an entry that it does not take goes to `statements`."""
    entries, rest = [], list(made.rest)
    compute = host(catalog)
    for entry in made.entries:
        try:
            grants(replace(made, entries=(entry,), rest=()), compute, catalog)
            entries.append(entry)
        except Rejected as refusal:
            because = f"a {entry.type} does not take it: {refusal.findings[0].message}"
            rest += [Rest((action,), (resource,), (), because) for action, resource in entry.asked]
    return replace(made, entries=tuple(entries), rest=tuple(rest))


def host(catalog: Catalog, type_: str | None = None) -> dict[str, Any]:
    """A compute entry that holds grants: of a type, or of the first that can be made. Raises NoValueError for none."""
    for blueprint in [catalog.computes[type_]] if type_ else catalog.computes.values():
        if any(role.grants == "workload" for role in blueprint.roles.values()):
            found = _compute(blueprint, catalog)
            if found is not None:
                return found
    raise NoValueError


def _compute(blueprint: ComputeBlueprint, catalog: Catalog) -> dict[str, Any] | None:
    try:
        required = {name: sample(blueprint.fields[name]) for name in blueprint.required}
    except NoValueError:
        return None
    optional = [name for name in blueprint.fields if name not in required and blueprint.fields[name].get("examples")]
    for extra in ((), *((name,) for name in optional), *itertools.combinations(optional[:12], 2)):
        entry = {"type": blueprint.type, **required, **{name: sample(blueprint.fields[name]) for name in extra}}
        try:
            grants(Draft((), ()), entry, catalog)
        except Rejected:
            continue
        return entry
    return None


def grants(made: Draft, compute: Mapping[str, Any], catalog: Catalog) -> tuple[Declared, ...]:
    """What a manifest with a draft in it declares for the code. Raises Rejected where it is not taken."""
    text = f"version: 1\nworkload: draft\ncompute: {json.dumps(compute)}\n{draft_text(made)}"
    (workload,) = read_manifest(loads(text, "draft.yaml"), catalog)
    (environment,) = workload.environments
    declared = derive_grants(workload, catalog).grants
    return ground((one for one in declared if one.side == "workload"), environment.values)


def draft_text(
    made: Draft, asked: Mapping[tuple[str, str], str] | None = None, unknown: Mapping[str, str] | None = None
) -> str:
    """The two sections as YAML, with a comment where something has to be filled in; "" for none.

    `asked` is what is said of an action on an ARN above the entry that it led to; `unknown` what is said of values
    that only hold a place: with it a placeholder stands for each such, and the manifest is refused until it is filled
    in.
    """
    said = asked or {}
    lines: list[str] = []
    if made.entries:
        lines.append("resources:")
        for one in made.entries:
            lines += [f"  # {said[pair]}" for pair in one.asked if pair in said]
            lines += [f"  {one.key}:", f"    type: {one.type}"]
            for name, value in one.fields.items():
                lines.append(f"    {name}: {_yaml(_asked_for(one, name, value, unknown))}")
            lines.append(f"    access: {_yaml(list(one.access))}")
    if made.rest:
        lines.append("statements:")
        for rest in made.rest:
            pairs = itertools.product(rest.actions, rest.resources)
            lines += [f"  # {said[pair]}" for pair in pairs if pair in said]
            lines.append(f"  - actions: {_yaml(list(rest.actions))}")
            lines.append(f"    resources: {_yaml([_with_placeholders(one, unknown or {}) for one in rest.resources])}")
            if rest.conditions:
                nested: dict[str, dict[str, list[str]]] = defaultdict(dict)
                for operator, key, values in rest.conditions:
                    nested[operator][key] = list(values)
                lines.append(f"    conditions: {json.dumps(nested)}")
            lines.append(f"    reason: {quoted(rest.reason)}")
    return "".join(f"{line}\n" for line in lines)


def _asked_for(entry: Entry, name: str, value: Any, unknown: Mapping[str, str] | None) -> Any:  # noqa: ANN401 - JSON
    """A value of an entry, with a placeholder for what is not known; as it is where nothing is said of such."""
    if unknown is None:
        return value
    if name in entry.filled_in:
        return placeholder("nothing says which one is meant")
    listed = (
        [_with_placeholders(one, unknown) if isinstance(one, str) else one for one in value]
        if isinstance(value, list)
        else value
    )
    return _with_placeholders(listed, unknown) if isinstance(listed, str) else listed


def _with_placeholders(text: str, unknown: Mapping[str, str]) -> str:
    held = [one for one in unknown if one in text]
    if not held:
        return text
    mark = max(held, key=len)
    return text.replace(mark, placeholder(unknown[mark]))


def _yaml(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return f"[{', '.join(_yaml(one) for one in value)}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in ("true", "false", "null"):
        return value
    return quoted(value) if isinstance(value, str) else json.dumps(value)
