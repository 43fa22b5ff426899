"""The test of a blueprint: manifests that use all of it, each taken through the whole pipeline.

The manifests are made from the fields' own schemas: with what is required alone, with everything, with each
optional field alone and each left out, by name and by ARN, with every verb, and made by the module where it can be.
A compute type's fields are tried with each of their examples.
What the blueprint's own rules refuse is passed over, as long as every field and every verb is in some manifest
that they accept.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Location, Rejected, Severity
from rolewright.manifest.compute_uses import INJECTS, RESOURCE, injected_part, marked_fields
from rolewright.manifest.integrations import CALLS, Calls, called_resources
from rolewright.manifest.read import read_manifest
from rolewright.manifest.schema import Schemas
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint
    from rolewright.core.model import Fields, Workload
    from rolewright.pipeline import Built, Pipeline
    from rolewright.yaml.load import Tree


_NAME = "a manifest"
_RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)


class NoValueError(ValueError):
    """No value can be made from a schema."""


def sample(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a value of any type
    """Return a value that fits a field: its first example, or one made from the schema. Raises NoValueError."""
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("const", "default"):
        if schema.get(key) not in (None, {}, []):
            return schema[key]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return sample(schema[key][0])
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string" if "pattern" not in schema:
            return "text".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 100)]
        case "array":
            return [sample(schema.get("items", {}))] * schema.get("minItems", 1)
        case "object" if "properties" in schema:
            return {name: sample(inner) for name, inner in schema["properties"].items()}
        case _:
            raise NoValueError


def named_resources(catalog: Catalog, blueprint: ComputeBlueprint, given: Fields, *, created: bool = False) -> Fields:
    """Return the resources that fields of a compute type name: for each key one of the first type that can be made.

    With `created` the module makes them, where their types allow it. Raises NoValueError with the key where there is
    none.
    """
    injected = [type_ for type_, resource in catalog.resources.items() if resource.injection is not None]
    texts = [text for _, keys, _ in marked_fields(blueprint, given, INJECTS) for text in keys.values()]
    wanted = {injected_part(text)[0]: injected for text in texts}
    marks = {key: mark for _, key, mark in marked_fields(blueprint, given, RESOURCE)}
    for _, definition, mark in marked_fields(blueprint, given, CALLS):
        marks |= {key: {"verbs": verbs} for key, verbs in called_resources(Calls.of(mark), definition).items()}
    wanted |= {key: list(mark["verbs"]) for key, mark in marks.items()}
    found: Fields = {}
    for key, types in wanted.items():
        entry = _first(catalog, types, key, marks.get(key, {}), created)
        twice = created and entry in found.values()  # only one of a name can be made
        found[key] = _first(catalog, types, key, marks.get(key, {}), created=False) if twice else entry
    return found


def _first(catalog: Catalog, types: Iterable[str], key: str, mark: Mapping[str, Any], created: bool) -> Fields:  # noqa: FBT001
    for type_ in sorted(types, key=lambda name: name != key):  # a key that is the name of a type stands for that
        blueprint = catalog.resources[type_]
        made = blueprint.create is not None and (created or mark.get("created", False))
        verbs = blueprint.narrow(mark["verbs"][type_]) if mark else ()
        needs = dict.fromkeys(name for verb in verbs for name in blueprint.needs(verb, ()))
        needs |= dict.fromkeys(mark.get("needs", ()))
        fields = dict(blueprint.fields)
        required = (*blueprint.required, *(name for name in needs if name not in blueprint.required))
        if made and blueprint.create is not None:
            fields |= blueprint.create.fields
            for_verbs = [blueprint.create.needs[verb.name] for verb in verbs if verb.name in blueprint.create.needs]
            required = (*required, *blueprint.create.required, *for_verbs)
        try:
            described = {name: sample(fields[name]) for name in required}
        except NoValueError:
            continue
        return {"type": type_, **({"create": True} if made else {}), **described}
    raise NoValueError(key)


@dataclass
class Trial:
    """The outcome for one blueprint: `manifests` were built, moto lacks the Terraform types `not_applied`."""

    manifests: int = 0
    not_applied: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def try_folder(pipeline: Pipeline, root: Path) -> Iterator[tuple[Path, Trial]]:
    """Put every blueprint of the catalog that is in a folder to the test, with its path in there."""
    for blueprints in (pipeline.catalog.computes, pipeline.catalog.resources):
        for file in blueprints.files.values():
            if file.is_relative_to(root):
                yield file.parent.relative_to(root), try_blueprint(pipeline, file)


def try_blueprint(pipeline: Pipeline, file: Path) -> Trial:
    """Put the blueprint of a catalog's file to the test."""
    kind, type_ = file.parent.parent.name, file.parent.name
    catalog = pipeline.catalog
    try:
        if kind == "compute":
            trial = _Attempt(pipeline, load(file).trees[0]).compute(catalog.computes[type_])
        else:
            trial = _Attempt(pipeline, load(file).trees[0]).resource(catalog.resources[type_])
    except Rejected as refusal:
        trial = Trial(findings=list(refusal.findings))
    first = {(f.rule, f.location, f.message): f for f in reversed(trial.findings)}
    trial.findings = [_with_tried(finding) for finding in reversed(first.values())]
    return trial


def _with_tried(finding: Finding) -> Finding:
    tried = f" (tried with {finding.subject})" if finding.subject else ""
    return replace(finding, message=finding.message + tried)


class _Attempt:
    def __init__(self, pipeline: Pipeline, tree: Tree) -> None:
        self.pipeline = pipeline
        self.tree = tree
        self.type = Path(tree.file).parent.name
        self.trial = Trial()
        self.schemas = Schemas(pipeline.catalog)
        self._accepted: dict[str, bool] = {}

    # --- a resource --------------------------------------------------------------------------------

    def resource(self, blueprint: ResourceBlueprint) -> Trial:
        host = self.host()
        used: set[str] = set()
        fields = self.samples(blueprint.fields, ("fields",))
        for given in self.entries(host, fields, {"type": blueprint.type}, blueprint.required):
            used |= self.build_entry(blueprint, host, {**given, "type": blueprint.type}, set(given))
        if blueprint.arns:
            given = {k: v for k, v in fields.items() if k not in blueprint.identified_by}
            arn = self.arn(blueprint, fields)
            frame: Fields = {"type": blueprint.type, "arn": arn}
            required = tuple(name for name in blueprint.required if name in given)
            for entry in self.entries(host, given, frame, required):
                self.build_entry(blueprint, host, {**frame, **entry}, {*entry, *blueprint.identified_by})
        if blueprint.create is not None:
            made = {**fields, **self.samples(blueprint.create.fields, ("create", "fields"))}
            frame = {"type": blueprint.type, "create": True}
            required = (*blueprint.required, *blueprint.create.required)
            for given in self.entries(host, made, frame, required):
                used |= self.build_entry(blueprint, host, {**frame, **given}, set(given))
            self.unused(made.keys() - used, ("create", "fields"))
        self.unused(fields.keys() - used, ("fields",))
        return self.trial

    def entries(self, host: Fields, fields: Fields, frame: Fields, required: Collection[str]) -> Iterator[Fields]:
        """Return choices of fields that the blueprint's own rules accept."""
        return _choices(fields, required, lambda given: self.accepted(host, {"it": {**frame, **given}}))

    def build_entry(self, blueprint: ResourceBlueprint, host: Fields, entry: Fields, given: set[str]) -> set[str]:
        """Build a manifest with one entry and the verbs that its fields and rules allow; return fields and verbs."""
        made = blueprint.create.arns if blueprint.create and entry.get("create") else {}
        lacking = blueprint.create.needs if blueprint.create and entry.get("create") else {}
        verbs = [
            v.name
            for v in blueprint.verbs.values()
            if not v.of and given.issuperset(blueprint.needs(v, made)) and lacking.get(v.name, "") in {"", *given}
        ]
        for name, exclusions in blueprint.exclusions.items():
            if name in given:
                verbs = [v for v in verbs if not any(v in exclusion.verbs for exclusion in exclusions)]
        fits = {"it": {**entry, "access": verbs}}
        if verbs and not self.accepted(host, fits):  # some do not go with others, or with what is made
            verbs = [v for v in verbs if self.accepted(host, {"it": {**entry, "access": [v]}})]
        built = self.build(host, {"it": {**entry, **({"access": verbs} if verbs else {})}})
        return set() if built is None else {*given, *verbs}

    def arn(self, blueprint: ResourceBlueprint, fields: Fields) -> str:
        """Return the ARN of a sample, in another account if the type's ARNs have one."""
        text = blueprint.own_arn.replace("${partition}", "aws").replace("${region}", "us-east-1")
        text = text.replace("${account}", "123456789012").replace("?", "x")
        for name in blueprint.identified_by:
            value = fields[name][0] if isinstance(fields[name], list) else fields[name]
            for form in (f"${{{name}}}", f'${{trimprefix({name}, "/")}}', f"${{lower({name})}}"):
                text = text.replace(form, str(value).lower() if "lower" in form else str(value).removeprefix("/"))
            before, mark, rest = text.partition(f"${{{name}:-")
            text = before + str(value) + rest.partition("}")[2] if mark else text
        return text

    # --- a compute type ----------------------------------------------------------------------------

    def compute(self, blueprint: ComputeBlueprint) -> Trial:
        fields = self.samples(blueprint.fields, ("fields",))
        used: set[str] = set()
        for given in self.entries_of_compute(blueprint, fields):
            for resources in self.used(blueprint, given):
                built = self.build({"type": blueprint.type, **given}, resources)
                used |= set() if built is None else set(given)
        for name, schema in blueprint.fields.items():
            for example in schema.get("examples", ())[1:]:
                others = self.entries_of_compute(blueprint, {**fields, name: example})
                few = 2 if name in blueprint.required else 1  # with the fewest fields, and with the most
                for given in itertools.islice((entry for entry in others if name in entry), few):
                    for resources in self.used(blueprint, given):
                        built = self.build({"type": blueprint.type, **given}, resources)
                        used |= set() if built is None else set(given)
        self.unused(fields.keys() - used, ("fields",))
        return self.trial

    def used(self, blueprint: ComputeBlueprint, given: Fields) -> tuple[Fields, ...]:
        """Return the resources that fields of a compute type name: existing ones, and those that the module makes.

        Raises Rejected where none can be made.
        """
        try:
            there = named_resources(self.pipeline.catalog, blueprint, given)
            made = named_resources(self.pipeline.catalog, blueprint, given, created=True)
        except NoValueError as error:
            message = f"no test resource could be made for `{error}`"
            remedy = "add a blueprint of such a type, with `examples` for its fields"
            finding = Finding("blueprint-host", message, remedy, self.tree.location(()))
            raise Rejected([finding]) from None
        return (there,) if made == there else (there, made)

    def host(self) -> Fields:
        """Return a compute type to hold the resource: the first that takes grants and whose fields can be made."""
        for type_, blueprint in self.pipeline.catalog.computes.items():
            if not any(role.grants == "workload" for role in blueprint.roles.values()):
                continue
            try:
                fields = {name: sample(blueprint.fields[name]) for name in blueprint.required}
            except NoValueError:
                continue
            if any(self.used(blueprint, fields)):
                continue
            for given in self.entries_of_compute(blueprint, fields):
                return {"type": type_, **given}
        message, remedy = "no compute type takes grants", "add one with a role that has `grants: workload`"
        raise Rejected([Finding("blueprint-host", message, remedy, self.tree.location(()))])

    def entries_of_compute(self, blueprint: ComputeBlueprint, fields: Fields) -> Iterator[Fields]:
        """Return choices of fields that a compute type's own rules accept."""
        return _choices(
            fields,
            blueprint.required,
            lambda given: self.accepted({"type": blueprint.type, **given}, self.used(blueprint, given)[0]),
        )

    # --- what both need ----------------------------------------------------------------------------

    def samples(self, fields: Mapping[str, Any], path: tuple[str, ...]) -> Fields:
        """Return a value for each field. Raises Rejected for those that need examples."""
        found: Fields = {}
        findings = []
        for name, schema in fields.items():
            try:
                found[name] = sample(schema)
            except NoValueError:
                place = self.tree.location((*path, name), key=True)
                message = f"no test value for `{name}` could be made from its schema"
                findings.append(Finding("blueprint-field", message, "give it `examples`", place))
        if findings:
            raise Rejected(findings)
        return found

    def unused(self, names: Collection[str], path: tuple[str, ...]) -> None:
        for name in sorted(names):
            message = f"every test manifest with `{name}` breaks one of the blueprint's own `rules`"
            remedy = "give `examples` that fit the rules together"
            self.trial.findings.append(
                Finding("blueprint-field", message, remedy, self.tree.location((*path, name), key=True))
            )

    def accepted(self, compute: Fields, resources: Fields) -> bool:
        """Return whether the blueprint's own rules accept a manifest; other faults are found when it is built."""
        key = json.dumps((compute, resources))  # each choice of fields is weighed many times
        if key not in self._accepted:
            try:
                self.read(compute, resources)
            except Rejected as refusal:
                self._accepted[key] = not any(finding.rule == "manifest-rule" for finding in refusal.findings)
            else:
                self._accepted[key] = True
        return self._accepted[key]

    def read(self, compute: Fields, resources: Fields) -> Workload:
        name = f"try-{self.trial.manifests}-{self.type}"[:32].rstrip("-")
        manifest = {"version": 1, "workload": name, "compute": compute, "resources": resources}
        (workload,) = read_manifest(loads(json.dumps(manifest), _NAME), self.pipeline.catalog, self.schemas)
        return workload

    def build(self, compute: Fields, resources: Fields) -> Built | None:
        """Take one manifest through the pipeline; return None where it is refused."""
        shown = json.dumps({**compute, **resources})
        try:
            built = self.pipeline.build(self.read(compute, resources))
        except Rejected as refusal:
            self.trial.findings += [self.here(finding, shown) for finding in refusal.findings]
            return None
        self.trial.manifests += 1
        self.trial.not_applied.update(*(proof.not_applied for proof in built.proofs))
        self.trial.findings += [self.here(f, shown) for f in built.findings if f.severity is not Severity.NOTE]
        return built

    def here(self, finding: Finding, shown: str) -> Finding:
        """Return a finding about a trial's manifest as one at the blueprint, about what was tried."""
        if finding.location.file != _NAME:
            return finding
        at = self.tree.location(tuple(self.steps(finding.path)), key=True)
        seen = tuple(
            replace(related, location=Location(related.location.file, related.location.line))
            for related in finding.related
        )
        return replace(finding, location=at, path="", related=seen, severity=Severity.ERROR, subject=shown, fix=())

    def steps(self, path: str) -> Iterator[str]:
        """Yield the steps to the place in the blueprint that a path of a manifest comes from."""
        match path.split("."):
            case ["resources", "it", "access", *_]:
                yield "access"
            case ["resources", "it", name, *_] if name in self.tree.data["fields"]:
                yield from ("fields", name)
            case ["resources", "it", name, *_]:
                yield from ("create", "fields", name)
            case ["compute", name, *_] if name in self.tree.data["fields"]:
                yield from ("fields", name)


def _choices(fields: Fields, required: Collection[str], accepts: Callable[[Fields], bool]) -> Iterator[Fields]:
    """Yield choices of fields that are accepted: what is required, and each other field with few and with many more."""
    optional = [name for name in fields if name not in required]

    def given(names: Collection[str]) -> Fields:
        return {name: value for name, value in fields.items() if name in required or name in names}

    def grown(names: list[str]) -> list[str]:
        for name in optional:
            if name not in names and accepts(given([*names, name])):
                names = [*names, name]
        return names

    def around(*wanted: str) -> list[str]:
        """Return the fewest fields with those wanted that are accepted, or the most where no few are."""
        few = ([*wanted, *more] for count in range(4) for more in itertools.combinations(optional, count))
        many = (
            [name for name in optional if name not in left_out]
            for count in range(3)
            for left_out in itertools.combinations([name for name in optional if name not in wanted], count)
        )
        return next((names for names in itertools.chain(few, many) if accepts(given(names))), [*wanted])

    chosen: list[list[str]] = [around(), grown(around())]
    for name in optional:
        chosen += [around(name), grown(around(name))]
    chosen += [[name for name in chosen[1] if name != left_out] for left_out in chosen[1]]
    seen: list[Fields] = []
    for names in chosen:
        entry = given(names)
        if entry not in seen and accepts(entry):
            seen.append(entry)
            yield entry


def not_applied(catalog: Catalog) -> dict[str, list[str]]:
    """Return the Terraform types in each type's templates that moto cannot make."""
    from rolewright.prove.sandbox import applies  # noqa: PLC0415 - moto is slow to import

    found: dict[str, set[str]] = {}
    for name, path in sorted(catalog.templates.items()):
        kinds = set(_RESOURCE.findall(path.read_text(encoding="utf-8")))
        found.setdefault(name.split("/")[1], set()).update(kind for kind in kinds if not applies(kind))
    return {type_: sorted(kinds) for type_, kinds in found.items() if kinds}
