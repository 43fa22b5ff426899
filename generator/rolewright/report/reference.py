"""A blueprint → the page that describes its type, in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.report.endpoints import endpoint_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.facts import FactTable
    from rolewright.blueprint.model import (
        Agreement,
        Companion,
        ComputeBlueprint,
        ConditionBlock,
        CrossFieldRule,
        Exclusion,
        ResourceBlueprint,
        ScopeRule,
        Verb,
    )


def resource_page(blueprint: ResourceBlueprint, example: str, endpoints: FactTable) -> str:
    """Return the page of a resource type: what a manifest may say of it, and exactly what each verb grants.

    `example` are the smallest entries of it, as YAML, or ""; `endpoints` the facts of `facts/endpoints.yaml`.
    """
    lines = [f"# {blueprint.type}", "", f"{blueprint.summary}.", ""]
    lines += ["```yaml", *example.splitlines(), "```", ""] if example else []
    lines += _fields("Fields", blueprint.fields, blueprint.required)
    if blueprint.arns:
        lines += ["`arn` can stand in place of " + _words(blueprint.identified_by) + ".", ""]
    if blueprint.create is not None:
        lines += _fields("Fields with `create: true`", blueprint.create.fields, blueprint.create.required)
        needs = blueprint.create.requires
        lines += [f"Needs {_versions(needs)} or later.", ""] if needs else []
    lines += _rules(blueprint.rules)
    if blueprint.attributes:
        lines += ["`${resources.KEY.…}` can refer to " + _words(blueprint.attributes) + ".", ""]
    lines += ["## Access", ""]
    for verb in blueprint.verbs.values():
        lines += _verb(verb, blueprint.arns)
    if blueprint.injection is not None:
        lines += ["When a container's platform injects the value, the execution role gets:", ""]
        lines += [*_granted(blueprint.injection, blueprint.arns), ""]
    lines += list(_narrowing(blueprint))
    for field, companions in blueprint.companions.items():
        lines += [f"## With `{field}`", "", *(_companion(companion) for companion in companions), ""]
    if blueprint.agreements:
        lines += ["## What another policy has to say as well", "", *map(_agreement, blueprint.agreements), ""]
    if blueprint.cross_account.policy:
        lines += [f"Another account's owner has to allow it in the {blueprint.cross_account.policy}.", ""]
    elif blueprint.arns:
        lines += [f"Another account's cannot be used: {blueprint.cross_account.impossible}.", ""]
    reached = endpoint_lines(blueprint.type, blueprint.expand(blueprint.verbs), endpoints)
    if reached:
        lines += ["## From a network without a way to the Internet", "", *reached, ""]
    if blueprint.pitfalls:
        lines += ["## Pitfalls", "", *(f"- {pitfall}" for pitfall in blueprint.pitfalls)]
    return "\n".join(lines).rstrip() + "\n"


def verb_section(blueprint: ResourceBlueprint, verb: Verb) -> str:
    """Return what a page says of one verb: what it grants, what fields add to it, and what else has to be said."""
    narrow = blueprint.expand([verb.name])
    lines = [line for part in ([verb] if verb.of else []) + list(narrow) for line in _verb(part, blueprint.arns)]
    names = {part.name for part in narrow}
    actions = {action for part in narrow for listed in part.allow.values() for action in listed}
    for field in dict.fromkeys([*blueprint.scope, *blueprint.exclusions, *blueprint.companions]):
        said = [f"- {_limited(rule)}" for rule in blueprint.scope.get(field, ()) if actions.intersection(rule.actions)]
        said += [_excluded(other) for other in blueprint.exclusions.get(field, ()) if names.intersection(other.verbs)]
        said += [_companion(one) for one in blueprint.companions.get(field, ()) if names.intersection(one.verbs)]
        lines += [f"### With `{field}`", "", *said, ""] if said else []
    lines += [_agreement(agreement) for agreement in blueprint.agreements if names.intersection(agreement.verbs)]
    return "\n".join(lines).rstrip() + "\n"


_NO_CODE = (
    "It has no code of its own, so that no resource here has `access`: what its fields name is granted with them. What "
    "it starts runs with its own role, and a manifest of that code says what the code may do."
)


def compute_page(blueprint: ComputeBlueprint, names: Iterable[str], example: str) -> str:
    """Return the page of a compute type: its fields, and what each of its roles has. `names` can be overridden.

    `example` is the smallest manifest that uses it, as YAML, or "".
    """
    lines = [f"# {blueprint.type}", "", f"{blueprint.summary}.", ""]
    lines += ["```yaml", *example.splitlines(), "```", ""] if example else []
    lines += [] if blueprint.has_code else [_NO_CODE, ""]
    lines += _fields("Fields", blueprint.fields, blueprint.required)
    for field, versions in blueprint.requires.items():
        lines += [f"With `{field}` it needs {_versions(versions)} or later.", ""]
    lines += _rules(blueprint.rules)
    for field, schema in blueprint.fields.items():
        lines += _calls(field, schema["x-calls"]) if "x-calls" in schema else []
    lines += ["`names` can override " + _words(names) + ".", ""]
    for role in blueprint.roles.values():
        lines += [f"## Role {role.key}", "", f"{role.summary[:1].upper()}{role.summary[1:]}.", ""]
        lines += [f"Only with `{role.when}`.", ""] if role.when else []
        who = _words(role.trusts or [role.federated])
        how = "" if role.actions == ("sts:AssumeRole",) else f" with {_words(role.actions)}"
        lines += [f"Assumed by {who}{how}{_conditions(role.conditions)}.", ""]
        for field, conditions in role.optional_conditions.items():
            lines += [f"With `{field}` only{_conditions(conditions)}.", ""]
        for action, more in role.entails.items():
            lines += [f"Where the code may {_words([action])} on something, it may {_words(more)} there too.", ""]
        for grant in role.allow:
            when = _when(grant.when, grant.unless)
            when += f", for each of `{grant.each}`" if grant.each else ""
            lines.append(
                f"- {'denied: ' * (grant.effect == 'Deny')}{_words(grant.actions)} on {_words(grant.resources)}"
                f"{_conditions(grant.conditions)}{when}: {grant.summary}"
            )
        lines += [""] if role.allow else []
    for field, companions in blueprint.companions.items():
        lines += [f"## With `{field}`", "", *(_companion(companion) for companion in companions), ""]
    return "\n".join(lines).rstrip() + "\n"


def _calls(field: str, mark: Mapping[str, Any]) -> list[str]:
    """Return the integrations that a definition may call, with the argument that names what is called."""
    lines = [
        f"### What `{field}` may call",
        "",
        "| integration | argument that names it | what the role gets |",
        "|---|---|---|",
    ]
    for integration, described in mark["of"].items():
        called = f"`{integration}`" if integration else f"none, the resource itself in `{mark['key']}`"
        argument = _words([described["argument"], *described.get("beside", {})]) if "argument" in described else ""
        granted = "; ".join(f"{_words(verbs)} on {_words([type_])}" for type_, verbs in described["verbs"].items())
        lines.append(f"| {called} | {argument} | {granted} |")
    others = mark.get("others", "")
    return [*lines, "", *([f"Any other has to be listed in `{others}`.", ""] if others else [])]


def index_page(
    computes: Mapping[str, ComputeBlueprint],
    resources: Mapping[str, ResourceBlueprint],
    not_applied: Mapping[str, Sequence[str]],
) -> str:
    """Return the list of all types, with links; `not_applied` are Terraform types that moto cannot make, by type."""
    lines = ["# Types", "", "## What a workload runs on", ""]
    lines += [
        f"- [{name}]({name}.md): {blueprint.summary[:1].lower()}{blueprint.summary[1:]}"
        for name, blueprint in computes.items()
    ]
    lines += ["", "## What it touches", "", "| type | what it is | access | `create` |", "|---|---|---|---|"]
    lines += [
        f"| [{name}]({name}.md) | {blueprint.summary} | {', '.join(blueprint.verbs)} |"
        f" {'yes' if blueprint.create else ''} |"
        for name, blueprint in resources.items()
    ]
    lines += ["", "## From a network without a way to the Internet", "", _ENDPOINTS.replace("\n", " ")]
    if not_applied:
        lines += ["", "## Not applied to moto", "", "Everything else that a module makes is created in moto first.", ""]
        lines += [f"- {name}: {_words(kinds)}" for name, kinds in not_applied.items()]
    return "\n".join(lines) + "\n"


_VALUES = {
    "$region": "the region",
    "$account": "the account",
    "$item": "an entry",
    "$earlier": "an earlier one",
    "$circle": "in a circle",
    "$key": "a key",
    "$workload": "it",
}
"""What a page says in place of a value in a message."""
_VALUE, _PART = re.compile(r"\$\{(\$?[^${}]+)\}"), re.compile(r"^\$(?:item|other|earlier|facts|sum|derived)\.")
_ENDPOINTS = """\
Subnets without a NAT gateway need an endpoint for each service that code calls there; each type's page names those of
its verbs. Gateway endpoints (S3, DynamoDB) cost nothing. Interface endpoints cost by the hour in each zone, and by what
goes through them; with private DNS, code finds them by itself. Keys need none where the right to use them depends on
`kms:ViaService`: the service calls KMS, and each such call is a request that KMS charges for."""


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _fields(title: str, fields: Mapping[str, Any], required: Iterable[str]) -> Iterator[str]:
    if not fields:
        return
    yield from (f"## {title}", "", "| field | type | what it is | |", "|---|---|---|---|")
    yield from _rows("", fields, required)
    yield ""


def _rows(above: str, fields: Mapping[str, Any], required: Iterable[str]) -> Iterator[str]:
    """Yield the row of each field, then those of the fields in it; `[]` stands for an entry, `KEY` for any key."""
    for name, schema in fields.items():
        notes = ["required"] * (name in required)
        notes += [f"default `{_shown(schema['default'])}`"] if "default" in schema else []
        notes += ["one of " + _words(map(str, schema["enum"]))] if "enum" in schema else []
        description = schema.get("description", "").replace("|", "\\|")
        path = above + name
        yield f"| `{path}` | {_type(schema)} | {description} | {'; '.join(notes)} |"
        entry, end = schema, ""
        while isinstance(entry.get("items"), dict):
            entry, end = entry["items"], f"{end}[]"
        if "properties" not in entry and isinstance(entry.get("additionalProperties"), dict):
            entry, end = entry["additionalProperties"], f"{end}.KEY"
        yield from _rows(f"{path}{end}.", entry.get("properties", {}), entry.get("required", ()))


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type of a field, with the limits of a number or of how many entries there may be."""
    named = schema.get("type", "")
    name = " or ".join([named] if isinstance(named, str) else named)
    least, most = (
        schema.get(limit, schema.get(of)) for limit, of in (("minimum", "minItems"), ("maximum", "maxItems"))
    )
    limits = [f"from {least}"] * (least is not None) + [f"up to {most}"] * (most is not None)
    return ", ".join(filter(None, (name, " ".join(limits))))


def _versions(versions: Mapping[str, str]) -> str:
    return " and ".join(f"{program} {version}" for program, version in versions.items())


def _shown(value: Any) -> str:  # noqa: ANN401 - YAML
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rules(rules: tuple[CrossFieldRule, ...]) -> list[str]:
    shown = dict.fromkeys(f"- {_said_of(rule.message)}: {_said_of(rule.remedy)}." for rule in rules)
    return ["## Rules", "", *shown, ""] if shown else []


def _said_of(template: str) -> str:
    """Return what a rule says, with words in place of the values that only a manifest has."""
    return _VALUE.sub(lambda found: _VALUES.get(found[1], f"<{_PART.sub('', found[1])}>"), template)


def _verb(verb: Verb, arns: Mapping[str, str]) -> Iterator[str]:
    yield f"### `{verb.name}`"
    yield ""
    if verb.of:
        yield from (f"The same as {_words(verb.of)}.", "")
        return
    yield from (f"{verb.summary[:1].upper()}{verb.summary[1:]} ({verb.klass}).", "")
    yield from (*_granted(verb, arns), "")


def _granted(verb: Verb, arns: Mapping[str, str]) -> Iterator[str]:
    for arn, actions in verb.allow.items():
        yield f"- {_words(actions)} on `{arns.get(arn, '*')}`"
    for rule in verb.scope:
        yield f"- {_limited(rule)}"


def _limited(rule: ScopeRule) -> str:
    where = f" on {_words(rule.arns)}" if rule.arns else ""
    each = f", for each entry of `{rule.each}`" if rule.each else ""
    return f"{_words(rule.actions)}{where} only{_conditions(rule.conditions)}{each}"


def _conditions(conditions: ConditionBlock) -> str:
    parts = [
        f"{operator} `{key}` {' or '.join(f'`{value}`' for value in values)}"
        for operator, block in conditions.items()
        for key, values in block.items()
    ]
    return f" if {' and '.join(parts)}" if parts else ""


def _narrowing(blueprint: ResourceBlueprint) -> Iterator[str]:
    for field in dict.fromkeys([*blueprint.scope, *blueprint.exclusions]):
        yield from (f"## With `{field}`", "")
        for rule in blueprint.scope[field]:
            yield f"- {_limited(rule)}"
        for other in blueprint.exclusions[field]:
            yield _excluded(other)
        yield ""


def _excluded(other: Exclusion) -> str:
    return f"- never with {_words(other.verbs)}: {other.because}"


def _when(when: Iterable[str], unless: Iterable[str]) -> str:
    given = f", with {_words(when)}" if when else ""
    return given + (f", without {_words(unless)}" if unless else "")


def _companion(companion: Companion) -> str:
    actions, conditions = _words(companion.actions), _conditions(companion.conditions)
    if companion.owner:
        who = "; ".join(f"{type_} {_words(identifiers)}" for type_, identifiers in companion.principals.items())
        only = _when(companion.when, companion.unless)
        return f"- its policy has to allow {actions} to {who}{conditions}{only}: {companion.summary}"
    verbs = _words(companion.verbs)
    where = _words(companion.resources)
    return f"- with {verbs}: {actions} on {where}{conditions}: {companion.summary}"


def _agreement(agreement: Agreement) -> str:
    return f"- with {_words(agreement.verbs)}: a statement in the {agreement.to}; the module's README shows it"
