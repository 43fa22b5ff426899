"""Manifests generated from the blueprints' own schemas: deterministic, valid, and of every type and verb."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import re
from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.compute_uses import INJECTS, ONLY_FOR, RESOURCE, marked_fields
from rolewright.manifest.integrations import CALLS, Calls, called_resources
from rolewright.manifest.read import read_manifest
from rolewright.manifest.rules import breaks
from rolewright.yaml.load import loads
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from cases import Cases
    from rolewright.blueprint.model import ComputeBlueprint, CrossFieldRule, ResourceBlueprint, Verb
    from rolewright.core.model import Workload

ENVIRONMENTS = {
    "dev": {"account": "111111111111", "region": "us-east-1"},
    "prod": {"account": "222222222222", "region": "eu-west-1"},
}
ELSEWHERE = {"local.account": "999999999999"}
TEXT = 'text ${workload} with "quotes", $${dollars} %{percent} and {{ braces }}'
DRAFTS = 200
BOUND = ("visibility_timeout", "shards")
"""No environment has them otherwise: a function may need the one, and the other counts for the whole account."""
_FIELD = re.compile(r"\$\{(\w+)\}")


def generated_manifests(amount: int, *, created: bool = False) -> list[str]:
    """`amount` manifests as JSON. With `created`, every resource that can be is made by the module."""
    drawn = _drawn(created)
    drawn.more(amount)
    return drawn.made[:amount]


class Drawn:
    """The manifests that were drawn so far: each is drawn once for all tests that look at it."""

    def __init__(self, *, created: bool) -> None:
        self._generator = Generator(created=created)
        self.made: list[str] = []

    def more(self, amount: int) -> None:
        """Draw until there are so many."""
        self.made += [self._generator.manifest(number) for number in range(len(self.made), amount)]
        assert sum(self._generator.refused.values()) * 3 < self._generator.drawn, self._generator.refused


@cache
def _drawn(created: bool) -> Drawn:
    return Drawn(created=created)


@cache
def varied_manifests() -> list[str]:
    """Manifests of created resources, as many as it takes for each field to be in one and left out of another."""
    generator = Generator(created=True)
    made: list[str] = []
    while len(made) < len(generator.types) or generator.unvaried():
        made.append(generator.manifest(len(made)))
        assert len(made) < 600, generator.unvaried()
    return made


def created_manifests(cases: Cases, few: int) -> list[str]:
    """So few manifests of created resources, or in `make soak` as many as `varied_manifests` has."""
    return varied_manifests() if cases.soak else generated_manifests(cases.number(few, 400), created=True)


@cache
def compute_variants() -> list[str]:
    """A manifest for every example of the fields of compute types that have several, or that name resources."""
    return list(Generator(created=True).variants())


class ImpossibleError(Exception):
    """A value that cannot be made from its schema, which has no examples either."""


class Generator:
    """Draws manifests. `drawn` counts the drafts, `refused` those by type that had to be drawn again."""

    def __init__(self, *, created: bool = False) -> None:
        self.drawn = 0
        self.refused: Counter[str] = Counter()
        self._created = created
        self._chance = random.Random(20260704)
        self._catalog = load_catalog()
        self._turns: Counter[str] = Counter()
        self._given: Counter[tuple[str, bool, str]] = Counter()

    @property
    def types(self) -> list[str]:
        """All types there are."""
        return [*self._catalog.computes, *self._catalog.resources]

    def unvaried(self) -> list[str]:
        """The optional fields that every manifest so far gives, or none, of compute and of what was created."""
        found: list[str] = []
        for type_, created, name in list(self._given):
            if name == "type" and (created or type_ in self._catalog.computes):
                found += [
                    f"{type_}.{field}"
                    for field in self._optional(type_, created=created)
                    if not 0 < self._given[type_, created, field] < self._given[type_, created, "type"]
                ]
        return found

    def _optional(self, type_: str, *, created: bool) -> set[str]:
        if type_ in self._catalog.computes:
            compute = self._catalog.computes[type_]
            return {*compute.fields} - {*compute.required} - {*_naming(compute)}
        blueprint = self._catalog.resources[type_]
        optional = {*blueprint.fields} - {*blueprint.required}
        if created and blueprint.create is not None:
            # what only an ARN says that exists already is left out where it is made
            optional = (optional | {*blueprint.create.fields}) - {*blueprint.create.required, *blueprint.identified_by}
            optional -= refused_where_made(blueprint)
        return optional

    def manifest(self, number: int) -> str:
        """The next manifest. Types take turns, and so do the verbs of each."""
        frame: dict[str, Any] = {"version": 1, "workload": f"gen-{number}"}
        type_ = self._next("compute", self._catalog.computes)
        frame = self._accepted(type_, lambda: self._running(type_, frame))
        touched: dict[str, Any] = frame["resources"]
        most = self._chance.randint(0, 4)
        for index in range(most if self._catalog.computes[type_].has_code else 0):
            touched |= self._touched(frame, f"r{index}", f"g{number}r{index}")
        frame["resources"] = touched
        return json.dumps(self._accepted("a whole manifest", lambda: self._joined(frame)), indent=1, ensure_ascii=False)

    def _running(self, type_: str, frame: Mapping[str, Any], given: Mapping[str, Any] = {}) -> dict[str, Any]:
        compute = {**self._compute(type_), **given}
        for name, schema in self._catalog.computes[type_].fields.items():
            if any(compute.get(other) not in types for other, types in schema.get(ONLY_FOR, {}).items()):
                compute.pop(name, None)  # a key stands for the type of its name
        touched: dict[str, Any] = {}
        self._named(compute, touched, str(frame["workload"]))
        return {**frame, "compute": compute, "resources": touched}

    def variants(self) -> Iterator[str]:
        """Manifests of compute types, each with one example of one field and whatever goes with it."""
        number = 0
        for type_, blueprint in self._catalog.computes.items():
            for name, schema in blueprint.fields.items():
                examples = schema.get("examples", ())
                for example in examples if len(examples) > 1 or _names_resources(schema) else ():
                    number += 1
                    frame = {"version": 1, "workload": f"variant-{number}"}
                    given = itertools.cycle(_with_another(blueprint, {name: example}))
                    draft = partial(self._variant, type_, frame, given)
                    yield json.dumps(self._accepted(type_, draft), indent=1, ensure_ascii=False)

    def _variant(self, type_: str, frame: Mapping[str, Any], given: Iterator[dict[str, Any]]) -> dict[str, Any]:
        return self._running(type_, frame, next(given))

    def _touched(self, frame: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
        resources = self._catalog.resources
        made = [type_ for type_, resource in resources.items() if resource.create is not None]
        self._turns["touched"] += 1
        # What the module makes has more fields to vary than what is only named: two of three are such.
        by_turns = self._created and self._turns["touched"] % 3
        type_ = self._next("made", made) if by_turns else self._next("resource", resources)
        verb = self._next(type_, self._catalog.resources[type_].verbs)
        drawn = self._accepted(
            type_, lambda: {**frame, "resources": {**frame["resources"], key: self._resource(type_, verb, name)}}
        )
        return {key: drawn["resources"][key]}

    def _next(self, what: str, choices: Iterable[str]) -> str:
        names = list(choices)
        self._turns[what] += 1
        return names[(self._turns[what] - 1) % len(names)]

    def _accepted(self, what: str, draft: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A draft that is a valid manifest."""
        last: object = None
        for _ in range(DRAFTS):
            self.drawn += 1
            manifest = draft()
            try:
                self._read(manifest)
            except Rejected as refusal:
                self.refused[what] += 1
                last = (manifest, refusal.findings)
            else:
                for one in (manifest["compute"], *manifest.get("resources", {}).values()):
                    self._given.update((one["type"], "create" in one, name) for name in one)
                return manifest
        raise AssertionError(last)

    def _read(self, manifest: Mapping[str, Any]) -> Workload:
        document = loads(json.dumps(manifest, ensure_ascii=False), "generated.yaml")
        (workload,) = read_manifest(document, self._catalog)
        build_roles(workload, derive_grants(workload, self._catalog), self._catalog)
        return workload

    def _compute(self, type_: str) -> dict[str, Any]:
        blueprint = self._catalog.computes[type_]
        return self._entry({"type": type_}, blueprint.fields, blueprint.required, blueprint.rules)

    def _resource(self, type_: str, verb: str, name: str) -> dict[str, Any]:
        """A resource with the verb, or with the next one where what the module makes has no use for it."""
        blueprint = self._catalog.resources[type_]
        created = self._created or self._chance.random() < 0.4
        verbs = [*blueprint.verbs]
        at = verbs.index(verb)
        for other in (verbs[at:] + verbs[:at])[:5]:
            with contextlib.suppress(ImpossibleError):
                return self._with_verb(blueprint, other, name, created=created)
        raise AssertionError(f"no draft of {type_} with {verb}")

    def _with_verb(self, blueprint: ResourceBlueprint, verb: str, name: str, *, created: bool) -> dict[str, Any]:
        type_, creation = blueprint.type, blueprint.create if created else None
        required = {*blueprint.required, *(creation.required if creation else ())}
        barred = {name: {one for each in bars for one in each.verbs} for name, bars in blueprint.exclusions.items()}
        wanted = {one.name for one in blueprint.expand([verb])}
        narrowing = {
            name
            for name, verbs in barred.items()
            if name in required
            or (
                self._given[type_, creation is not None, "type"] > 2
                and not self._given[type_, creation is not None, name]
            )
            or (not verbs & wanted and self._chance.random() < 0.5)
        }
        out = set().union(*(barred[name] for name in narrowing))
        verbs = [name for name in blueprint.verbs if not any(one.name in out for one in blueprint.expand([name]))]
        first = verb if verb in verbs else self._chance.choice(verbs)
        if first != verb and not any(barred[name] & wanted for name in required & barred.keys()):
            self._turns[type_] -= 1  # a field that was never given shuts it out; it comes next
        access = list(dict.fromkeys([first, *self._chance.sample(verbs, self._chance.randint(0, min(2, len(verbs))))]))
        fields = {**blueprint.fields, **(creation.fields if creation else {})}
        needs = creation.needs if creation else {}
        required |= {needs[one.name] for one in blueprint.expand(access) if one.name in needs}
        entry = self._entry(
            {"type": type_, **({"create": True} if creation else {}), "access": access},
            {name: schema for name, schema in fields.items() if name in narrowing or name not in barred},
            required,
            blueprint.rules,
            narrowing | {name for one in blueprint.expand(access) for name in _needed(blueprint, one)},
        )
        for field in {"name", "activity", *blueprint.identified_by} & entry.keys():
            if isinstance(entry[field], str):
                schema = Schema(fields[field])
                entry[field] = next(one for one in _distinct(entry[field], name) if schema.accepts(one))
        if "shards" in entry:
            entry["shards"] = min(entry["shards"], 100)
        if creation is None and blueprint.arns and self._chance.random() < 0.2:
            return self._by_arn(entry, blueprint)
        return entry

    def _by_arn(self, entry: Mapping[str, Any], blueprint: ResourceBlueprint) -> dict[str, Any]:
        """The same resource named by its ARN, in another account where that can be."""
        manifest = {"version": 1, "workload": "any", "compute": self._compute("ec2"), "resources": {"it": entry}}
        try:
            workload = self._read(manifest)
        except Rejected:
            return dict(entry)  # to be refused, and counted, as it is
        own = workload.resources["it"].arns.get(next(iter(blueprint.arns)))
        if own is None:
            return dict(entry)  # without the field that its ARN is made of
        values = {**workload.environments[0].values, **({} if blueprint.cross_account.impossible else ELSEWHERE)}
        arn = own[0].ground(values)
        kept = {name: value for name, value in entry.items() if name not in blueprint.identified_by}
        return {**kept, "arn": arn}

    def _entry(
        self,
        base: Mapping[str, Any],
        schemas: Mapping[str, Any],
        required: Collection[str],
        rules: Iterable[CrossFieldRule],
        likely: Collection[str] = (),
    ) -> dict[str, Any]:
        """Fields that fit their schemas and the rules across them."""
        defaults = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
        odds = {name: 0.9 if name in likely else self._odds(base, name) for name in schemas} | dict.fromkeys(
            required, 1
        )
        checks = [rule for rule in rules if rule.severity != "note"]
        resource = self._catalog.resources.get(base["type"])

        def verbs(entry: Mapping[str, Any]) -> dict[str, list[str]]:
            """The narrow verbs of a resource, as rules see them."""
            return {"$verbs": [verb.name for verb in resource.expand(entry["access"])]} if resource else {}

        for _ in range(DRAFTS):
            entry = {**base, **self._fields(schemas, odds)}
            while broken := [rule for rule in checks if breaks({**defaults, **entry, **verbs(entry)}, rule)]:
                blamed = [name for rule in broken for name in (rule.at, *(path.split(".")[0] for path in rule.each))]
                at = next((name for name in blamed if name in entry and odds.get(name, 1) != 1), None)
                if at is not None:
                    del entry[at]
                elif any(rule.at == "access" for rule in broken) and len(entry["access"]) > 1:
                    entry["access"] = entry["access"][:1]
                else:
                    break
            else:
                return entry
        raise ImpossibleError(f"no draft fits the rules of {base}")

    def _odds(self, base: Mapping[str, Any], name: str) -> float:
        """How likely an optional field is given: more so while it never was, less so while it always was."""
        kind = (base["type"], "create" in base)
        given, all_ = self._given[*kind, name], self._given[*kind, "type"]
        return 0.4 if 0 < given < all_ or not all_ else 0.1 if given else 0.7

    def _fields(self, schemas: Mapping[str, Any], odds: Mapping[str, float]) -> dict[str, Any]:
        chosen = {}
        for name, schema in schemas.items():
            if (_names_resources(schema) and odds.get(name) != 1) or self._chance.random() >= odds.get(name, 0.4):
                continue
            try:
                chosen[name] = self._value(schema)
            except ImpossibleError:
                assert odds.get(name) != 1, f"{name} is required and has no examples"
        return chosen

    def _value(self, schema: Mapping[str, Any]) -> Any:
        chance = self._chance
        if "const" in schema or "enum" in schema:
            return chance.choice(schema.get("enum") or [schema["const"]])
        match schema.get("type"):
            case "integer":
                low = schema.get("minimum", 0)
                high = schema.get("maximum", low + 1000)
                steps = [2**n for n in range(20) if low <= 2**n <= high]
                return chance.choice([low, high, chance.randint(low, high), *steps, *schema.get("examples", ())])
            case "boolean":
                return chance.random() < 0.5
            case _ if "examples" in schema:
                return chance.choice(schema["examples"])
            case _ if "pattern" in schema and "default" in schema:
                return schema["default"]
            case "string" if "pattern" not in schema:
                return TEXT[: schema.get("maxLength", 100)]
            case "object" if "properties" in schema:
                return self._fields(schema["properties"], dict.fromkeys(schema.get("required", ()), 1))
            case "array" if "items" in schema:
                low = schema.get("minItems", 0)
                values = [self._value(schema["items"]) for _ in range(chance.randint(low, low + 2))]
                unique = [value for index, value in enumerate(values) if value not in values[:index]]
                return unique[: schema.get("maxItems", 3)]
            case _:
                raise ImpossibleError

    def _joined(self, frame: Mapping[str, Any]) -> dict[str, Any]:
        """What ties the parts together: environments, references, injected secrets, and what holds for all roles."""
        chance = self._chance
        manifest: dict[str, Any] = json.loads(json.dumps(frame))
        touched, compute = manifest["resources"], manifest["compute"]
        keys = [
            key
            for key, one in touched.items()
            if one["type"] == "kms-key" and one.get("create") and one.get("spec", "SYMMETRIC_DEFAULT").startswith("SYM")
        ]
        for one in touched.values():
            if keys and "kms_key" in one and chance.random() < 0.7:
                one["kms_key"] = f"${{resources.{keys[0]}.arn}}"
        if isinstance(compute.get("environment"), dict):
            for key, one in touched.items():
                attribute = chance.choice(list(self._catalog.resources[one["type"]].attributes) or ["none"])
                if attribute != "none" and chance.random() < 0.5:
                    compute["environment"][f"AT_{key.upper()}"] = f"at ${{resources.{key}.{attribute}}}"
        self._add_names(compute, touched, manifest["workload"])
        if chance.random() < 0.3:
            for one in touched.values():
                if one["type"] == "s3-bucket" and one.get("create"):
                    one["name"] += "-${environment}"  # names of buckets are global, whichever the account
            manifest["environments"] = {**ENVIRONMENTS, "prod": {**ENVIRONMENTS["prod"], **self._overrides(manifest)}}
        if chance.random() < 0.2:
            manifest |= {"exclusive": False, "boundary": "arn:aws:iam::${account}:policy/boundary", "owner": "team-a"}
        return manifest

    def _add_names(self, compute: dict[str, Any], touched: dict[str, Any], prefix: str) -> None:
        """Fields that name resources, where the type's rules take them."""
        blueprint = self._catalog.computes[compute["type"]]
        for name in (one for one in _naming(blueprint) if one not in blueprint.required):
            value = self._value(blueprint.fields[name])
            wanted = name in compute or self._chance.random() < 0.5
            if wanted and not any(breaks({**compute, name: value}, rule) for rule in blueprint.rules):
                compute[name] = value
                self._named(compute, touched, prefix)
        given = self._given
        never = {name for name in blueprint.fields if not given[compute["type"], False, name]} - compute.keys()
        for name in sorted(never - {*_naming(blueprint)}):  # such as the cluster of a service, which names a queue
            schema = blueprint.fields[name]
            if given[compute["type"], False, "type"] < 4 or ONLY_FOR in schema:
                continue
            value = self._value(schema)
            if not any(breaks({**compute, name: value}, rule) for rule in blueprint.rules if rule.severity != "note"):
                compute[name] = value
        among = {name for rule in blueprint.rules if rule.among in compute for name in rule.each}
        for name in sorted(among & blueprint.fields.keys() - compute.keys()):  # they name entries of those fields
            value = self._value(blueprint.fields[name])
            if not any(breaks({**compute, name: value}, rule) for rule in blueprint.rules if rule.severity != "note"):
                compute[name] = value

    def _named(self, compute: Mapping[str, Any], touched: dict[str, Any], prefix: str) -> None:
        """Add what fields of the compute type name by key and nothing else has."""
        blueprint, resources = self._catalog.computes[compute["type"]], self._catalog.resources
        injectable = [type_ for type_, one in resources.items() if one.injection is not None]
        wanted = {key: injectable for _, keys, _ in marked_fields(blueprint, compute, INJECTS) for key in keys.values()}
        wanted |= {key: list(mark["verbs"]) for _, key, mark in marked_fields(blueprint, compute, RESOURCE)}
        for _, definition, mark in marked_fields(blueprint, compute, CALLS):
            wanted |= {key: list(types) for key, types in called_resources(Calls.of(mark), definition).items()}
        for key, types in wanted.items():
            type_ = key if key in types else self._chance.choice(types)
            verb = self._next(type_, resources[type_].verbs)
            made = touched.setdefault(key, self._resource(type_, verb, f"{prefix}-{key}"))
            if not blueprint.has_code:
                made.pop("access", None)
            if type_ == "sqs-queue" and made.get("create"):
                made["visibility_timeout"] = 43200  # longer than any function takes that handles its messages

    def _overrides(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """What one environment has otherwise: some of the texts and numbers that the manifest states."""
        compute = self._catalog.computes[manifest["compute"]["type"]].fields
        found: dict[str, Any] = {"compute": self._others(manifest["compute"], compute), "resources": {}}
        for key, one in manifest["resources"].items():
            blueprint = self._catalog.resources[one["type"]]
            creation = blueprint.create if one.get("create") else None
            schemas = {**blueprint.fields, **(creation.fields if creation else {})}
            others = self._others(one, schemas)
            found["resources"][key] = {field: value for field, value in others.items() if field not in BOUND}
            for field in {"name", *blueprint.identified_by} & found["resources"][key].keys():
                named = (*_distinct(one[field], "prod"), one[field])
                found["resources"][key][field] = next(name for name in named if Schema(schemas[field]).accepts(name))
        return found

    def _others(self, entry: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
        varying = [
            name
            for name, value in entry.items()
            if name in schemas
            and isinstance(value, str | int)
            and not isinstance(value, bool)
            and not _fixed(schemas[name], value)
        ]
        return {name: self._value(schemas[name]) for name in varying if self._chance.random() < 0.3}


def _fixed(schema: Mapping[str, Any], value: object) -> bool:
    """Whether a value decides what the module contains, so that no environment has another."""
    mark = schema.get("x-fixed", RESOURCE in schema)
    return mark is True or (isinstance(mark, str) and bool(re.search(mark, str(value))))


def _names_resources(schema: Mapping[str, Any]) -> bool:
    """Whether a field, or something in it, names resources by their keys."""
    return any(f'"{mark}"' in json.dumps(schema) for mark in (INJECTS, RESOURCE, CALLS))


def _with_another(blueprint: ComputeBlueprint, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields given, alone and with each example of each other field: some go with one alone."""
    examples = {name: schema.get("examples", ()) for name, schema in blueprint.fields.items() if name not in given}
    return [given, *({**given, name: example} for name, listed in examples.items() for example in listed)]


def _naming(blueprint: ComputeBlueprint) -> list[str]:
    return [name for name, schema in blueprint.fields.items() if _names_resources(schema)]


def _needed(blueprint: ResourceBlueprint, verb: Verb) -> Iterator[str]:
    """The fields without which a verb has nothing that it could be granted on."""
    for arn in verb.allow:
        if arn not in blueprint.optional:
            yield from _FIELD.findall(blueprint.arns.get(arn, ""))


def refused_where_made(blueprint: ResourceBlueprint) -> set[str]:
    """The fields that the type's own rules refuse in a resource that the module makes."""
    examples = {name: schema.get("examples", [None])[0] for name, schema in blueprint.fields.items()}
    return {
        rule.at
        for rule in blueprint.rules
        if rule.at in examples and breaks({"create": True, rule.at: examples[rule.at]}, rule)
    }


def _distinct(example: str, name: str) -> Iterator[str]:
    """Names after an example's pattern that no other resource has, the example itself last."""
    yield from (f"{example}-{name}", f"{example}{name}", f"{name}-{example}", name, example)
