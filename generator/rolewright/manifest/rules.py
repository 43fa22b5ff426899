"""The rules of blueprints, on the values that an environment ends up with.

The schemas of a rule see the entry that it is about (what the manifest says under `compute`, or of one resource) with
the blueprint's defaults, and beside its fields:

- `$workload`: the workload's name; `$names`: those of what the compute type names, such as `$names.function`;
- `$region` and `$account`: the environment's, where the manifest names them;
- `$derived`: what the compute type's `derive` reads out of its fields, such as `$derived.image.region`;
- `$facts`: what the catalog knows of the values of fields with `x-facts`, by the fields' paths;
- `$verbs`: of a resource, the narrow verbs that its `access` stands for;
- `$item`: with `each`, one element of that list or mapping, or for `.` the entry itself; `$key`: its key in a mapping;
  `$in`: that in which the list or mapping stands;
- `$earlier`: with `pairs`, each element of the same list before that one in turn;
- `$other`: with `of`, the entry of the resource that the field names, its own `$facts` included; with `among`, the
  element of that list whose `name` is `$key`, or the entry itself for the workload's name;
- `$circle`: with `among`, the names on the way back to the element, where one name leads to the next.

With `named_by`, a rule is about each field of the manifest whose name fits that pattern and that refers to the entry.

`{$field: PATH}` in a schema stands for the value at a path of all that (blueprint/rule_schema.py).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.rule_schema import is_broken, value_at, value_of
from rolewright.core.finding import Finding, Severity
from rolewright.manifest.document import fields_of, strings

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, CrossFieldRule
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
    place = {"$region": environment.region, "$account": environment.account} if environment.name else {}
    names = {name: text.ground(environment.values) for name, text in workload.compute.names.items()}
    common = {"$workload": workload.name, "$names": names, **place}
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
    inputs = [place for place, text in strings(written) if text.startswith("${inputs.")]
    for path, (entry, of_type) in rules.items():
        for rule in of_type:
            if rule.severity == "warning" and any(_weighs(rule, place, path) for place in inputs):
                continue  # what the caller gives is not known, and is no reason to refuse an input either
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


def _weighs(rule: CrossFieldRule, place: PathInTree, path: PathInTree) -> bool:
    """Return whether a rule about the entry at a path looks at the field at a place, of the entry or of another."""
    return (place[: len(path)] == path or bool(rule.of or rule.named_by)) and mentions(rule, str(place[-1]), inner=True)


def mentions(rule: CrossFieldRule, name: str, *, inner: bool) -> bool:
    """Return whether the schemas of a rule look at a field of this name; `inner` is whether it may be in another."""
    if not inner:
        return any(_looks_at(json.loads(schema.text), name) for schema in (rule.when, rule.require))
    written = rule.when.text + rule.require.text
    return f"{json.dumps(name)}: " in written or bool(re.search(rf'"\$field": "[\w.]*{re.escape(name)}"', written))


def _looks_at(schema: Any, name: str) -> bool:  # noqa: ANN401 - a schema
    """Return whether a schema looks at a field of the entry itself; what is under `$item` and the like is not."""
    if isinstance(schema, list):
        return any(_looks_at(part, name) for part in schema)
    if not isinstance(schema, dict):
        return False
    if schema.get("$field") == name:
        return True
    own = {key: part for key, part in schema.items() if not key.startswith("$")}
    return any(key == name or _looks_at(part, name) for key, part in own.items())


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
        places = [place for each in rule.each for place in ([()] if each == "." else _places(entry, each.split(".")))]
    for place in places:
        data = {**entry, "$item": value_at(entry, place), "$in": value_at(entry, place[:-2])} if rule.each else entry
        data = {**data, "$key": place[-1]} if place and isinstance(place[-1], str) else data
        if rule.among:
            data = {**data, **_named_beside(entry, place, rule.among)}
        if rule.of:
            below = () if rule.of == "." else rule.of.split(".")
            text = value_at(entries.written, (*path, *place, *below))
            if rule.of == "." and isinstance(text, str):
                text = text.partition(":")[0]  # what is injected may be a part of the resource's value
            reference = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
            referenced = entries.resources.get(reference[1] if reference else text) if isinstance(text, str) else None
            if referenced is None:
                continue
            data = {**data, "$other": referenced}
        if not rule.pairs:
            yield (*path, *place), data
            continue
        *above, last = place
        for before in range(last if isinstance(last, int) else 0):
            yield (*path, *place), {**data, "$earlier": value_at(entry, (*above, before))}


def _places(node: Any, steps: Sequence[str], at: PathInTree = ()) -> Iterator[PathInTree]:  # noqa: ANN401 - YAML
    """Yield the path of every element of the lists and mappings that these steps, and each entry of a list, lead to."""
    if isinstance(node, list) and steps:
        for index, inner in enumerate(node):
            yield from _places(inner, steps, (*at, index))
    elif steps:
        if isinstance(node, dict):
            yield from _places(node.get(steps[0]), steps[1:], (*at, steps[0]))
    elif isinstance(node, dict | list):
        yield from ((*at, key) for key in (node if isinstance(node, dict) else range(len(node))))


def _named_beside(entry: Mapping[str, Any], place: PathInTree, among: str) -> dict[str, Any]:
    """Return what the key at a place names, and the circle that it closes, if it does."""
    workload = entry.get("$workload", "")
    named = {element.get("name"): element for element in entry.get(among) or ()} | {workload: entry}
    key, field = place[-1], place[-2]
    own = value_at(entry, place[:-2]).get("name", workload)
    way, waiting = {key: own}, [key]
    while waiting and own not in way:
        name = waiting.pop()
        following = [after for after in named.get(name, {}).get(field) or () if after not in way]
        way |= dict.fromkeys(following, name)
        waiting += following
    found = {"$other": named[key]} if key in named else {}
    if own not in way:
        return found
    circle = [own]
    while len(circle) == 1 or circle[-1] != own:
        circle.append(way[circle[-1]])
    return {**found, "$circle": " → ".join(map(str, reversed(circle)))}


def _finding(
    manifest: Manifest, rule: CrossFieldRule, at: PathInTree, data: Mapping[str, Any], environment: Environment
) -> Finding:
    def shown(match: re.Match[str]) -> str:
        value = value_of(data, match[1])
        return "nothing" if value is None else str(value)

    path = (*at, *rule.at.split(".")) if rule.at else at
    message = _SHOWN.sub(shown, rule.message) + (f" (in {environment.name})" if environment.name else "")
    place = manifest.locator(environment.name)(path)
    return Finding(
        "manifest-rule", message, rule.remedy, place, ".".join(map(str, path)), severity=Severity(rule.severity)
    )


def seen_in(region: str, compute: Mapping[str, Any], blueprint: ComputeBlueprint) -> dict[str, Any]:
    """Return fields of a compute type as its rules see them in a region, with what is read out of them."""
    fits = {name: re.fullmatch(pattern, str(compute.get(name, ""))) for name, pattern in blueprint.derive.items()}
    parts = {name: found.groupdict() for name, found in fits.items() if found is not None}
    return {**compute, "$region": region, "$derived": parts}


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
    for path, tables in _marked(fields):
        value = value_at(entry, path)
        if isinstance(value, str):
            known = [catalog.facts[table].of(value) for table in tables]
            found[".".join(path)] = {key: fact for facts in known for key, fact in facts.items()}
    return found


def _marked(fields: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    for name, schema in fields.items():
        if isinstance(schema, dict):
            if FACTS in schema:
                tables = schema[FACTS]
                yield (*path, name), [tables] if isinstance(tables, str) else tables
            yield from _marked(schema.get("properties", {}), (*path, name))
