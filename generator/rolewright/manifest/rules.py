"""The rules of blueprints, on the values that an environment ends up with.

The schemas of a rule see the entry that it is about (what the manifest says under `compute`, or of one resource) with
the blueprint's defaults, and beside its fields:

- `$workload`: the workload's name;
- `$region`: the environment's region, where the manifest names one;
- `$derived`: what the compute type's `derive` reads out of its fields, such as `$derived.image.region`;
- `$facts`: what the catalog knows of the values of fields with `x-facts`, by the fields' paths;
- `$verbs`: of a resource, the narrow verbs that its `access` stands for;
- `$item`: with `each`, one element of that list;
- `$other`: with `of`, the entry of the resource that the field names, its own `$facts` included.

`{$field: PATH}` in a schema stands for the value at a path of all that (blueprint/rule_schema.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.rule_schema import is_broken, value_at
from rolewright.core.finding import Finding, Severity
from rolewright.manifest.document import fields_of, strings

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import CrossFieldRule
    from rolewright.core.model import Environment, Workload
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

FACTS = "x-facts"
_REFERENCE = re.compile(r"\$\{resources\.([\w-]+)\.[\w.-]+\}")
_SHOWN = re.compile(r"\$\{([\w.$-]+)\}")


@dataclass(frozen=True)
class _Entries:
    """All that rules see in one environment: the entries, what is written in their fields, and who names whom."""

    resources: Mapping[str, Mapping[str, Any]]
    written: Mapping[str, Any]
    named: Mapping[str, Sequence[PathInTree]]
    """The fields that refer to a resource, by its key."""


def rule_findings(
    manifest: Manifest, workload: Workload, grounded: Mapping[str, Any], catalog: Catalog, environment: Environment
) -> Iterator[Finding]:
    """Yield the rules that the values of an environment break, at the fields that they blame."""
    written = manifest.in_environment(environment.name)
    common = {"$workload": workload.name, **({"$region": environment.region} if environment.name else {})}
    compute = catalog.computes[workload.compute.type]
    own = grounded["compute"]
    rules: dict[PathInTree, tuple[Mapping[str, Any], tuple[CrossFieldRule, ...]]] = {}
    rules["compute",] = (
        {
            **own,
            **common,
            "$derived": _derived(workload, compute.derive, environment),
            "$facts": _facts(catalog, compute.fields, own),
        },
        compute.rules,
    )
    resources = {}
    for key, resource in workload.resources.items():
        blueprint, own = catalog.resources[resource.type], grounded["resources"][key]
        facts = _facts(catalog, fields_of(blueprint, own), own)
        verbs = [verb.name for verb in blueprint.expand(resource.access)]
        resources[key] = {**own, **common, "$facts": facts, "$verbs": verbs}
        rules["resources", key] = resources[key], blueprint.rules
    entries = _Entries(resources, written, _named(written))
    for path, (entry, of_type) in rules.items():
        for rule in of_type:
            for at, data in _cases(rule, entry, path, entries):
                if is_broken(rule, data):
                    yield _finding(manifest, rule, at, data, environment)


def _named(written: Mapping[str, Any]) -> dict[str, list[PathInTree]]:
    named: dict[str, list[PathInTree]] = {}
    for place, text in strings({"compute": written["compute"], "resources": written.get("resources", {})}):
        reference = _REFERENCE.fullmatch(text)
        if reference:
            named.setdefault(reference[1], []).append(place)
    return named


def breaks(entry: Mapping[str, Any], rule: CrossFieldRule, resources: Mapping[str, Any] = {}) -> bool:
    """Return whether an entry breaks a rule; one about other resources only if they are among `resources`."""
    entries = _Entries(resources, {"compute": entry}, {})
    return any(is_broken(rule, data) for _, data in _cases(rule, entry, ("compute",), entries))


def _cases(
    rule: CrossFieldRule, entry: Mapping[str, Any], path: PathInTree, entries: _Entries
) -> Iterator[tuple[PathInTree, Mapping[str, Any]]]:
    """Yield all that a rule is about in an entry: the place, and what its schemas see."""
    if rule.named_by:
        fields = entries.named.get(str(path[-1]), ())
        yield from ((place, entry) for place in fields if re.search(rule.named_by, str(place[-1])))
        return
    places: list[PathInTree] = [()]
    if rule.each:
        steps = tuple(rule.each.split("."))
        listed = value_at(entry, steps)
        places = [(*steps, index) for index in range(len(listed))] if isinstance(listed, list) else []
    for place in places:
        data = {**entry, "$item": value_at(entry, place)} if rule.each else entry
        if rule.of:
            text = value_at(entries.written, (*path, *place, *rule.of.split(".")))
            reference = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
            referenced = entries.resources.get(reference[1] if reference else text) if isinstance(text, str) else None
            if referenced is None:
                continue
            data = {**data, "$other": referenced}
        yield (*path, *place), data


def _finding(
    manifest: Manifest, rule: CrossFieldRule, at: PathInTree, data: Mapping[str, Any], environment: Environment
) -> Finding:
    def shown(match: re.Match[str]) -> str:
        value = value_at(data, tuple(match[1].split(".")))
        return "nothing" if value is None else str(value)

    path = (*at, *rule.at.split(".")) if rule.at else at
    message = _SHOWN.sub(shown, rule.message) + (f" (in {environment.name})" if environment.name else "")
    place = manifest.locator(environment.name)(path)
    return Finding(
        "manifest-rule", message, rule.remedy, place, ".".join(map(str, path)), severity=Severity(rule.severity)
    )


def _derived(workload: Workload, fields: Container[str], environment: Environment) -> dict[str, dict[str, str]]:
    """Return the parts that are read out of fields, by field; those of the entries of lists are left out."""
    found: dict[str, dict[str, str]] = {}
    for name, text in workload.compute.derived.items():
        field, _, part = name.partition(".")
        if field in fields and "." not in part:
            found.setdefault(field, {})[part] = text.ground(environment.values)
    return found


def _facts(catalog: Catalog, fields: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the values of an entry, by the path of the field; of an unknown value nothing is."""
    found = {}
    for path, table in _marked(fields):
        value = value_at(entry, path)
        if isinstance(value, str):
            found[".".join(path)] = catalog.facts[table].of(value)
    return found


def _marked(fields: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, schema in fields.items():
        if isinstance(schema, dict):
            if FACTS in schema:
                yield (*path, name), schema[FACTS]
            yield from _marked(schema.get("properties", {}), (*path, name))
