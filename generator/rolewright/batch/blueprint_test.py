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
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import NoValueError, choices, named_resources, sample
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint
    from rolewright.core.model import Fields, Workload
    from rolewright.pipeline import Pipeline
    from rolewright.yaml.load import Tree


_NAME = "a manifest"
_ADDRESS = re.compile(r"\b((?:data\.)?aws_\w+)(?:\.|\" \")(\w+)")
_LACKING = re.compile(r": (\w+) has no attribute (\w+)")
_MADE = re.compile(r"\b((?:data\.)?aws_\w+)\.it(?=_|\b)")
_RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)


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
            trial = Attempt(pipeline, load(file).trees[0]).compute(catalog.computes[type_])
        else:
            trial = Attempt(pipeline, load(file).trees[0]).resource(catalog.resources[type_])
    except Rejected as refusal:
        trial = Trial(findings=list(refusal.findings))
    first = {(f.rule, f.location, f.message): f for f in reversed(trial.findings)}
    trial.findings = [
        replace(found, message=f"{found.message} (tried with {found.subject})") if found.subject else found
        for found in reversed(first.values())
    ]
    return trial


class Attempt:
    """The attempt to build manifests that use all of one blueprint, whose file is the tree."""

    def __init__(self, pipeline: Pipeline, tree: Tree) -> None:
        self.pipeline = pipeline
        self.tree = tree
        self.type = Path(tree.file).parent.name
        self.folder = Path(tree.file).parent.parent.parent
        self.trial = Trial()
        self._accepted: dict[str, bool] = {}

    # --- a resource --------------------------------------------------------------------------------

    def resource(self, blueprint: ResourceBlueprint) -> Trial:
        """Build manifests with the resource by name, by ARN and made by the module."""
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
        return choices(fields, required, lambda given: self.accepted(host, {"it": {**frame, **given}}))

    def build_entry(self, blueprint: ResourceBlueprint, host: Fields, entry: Fields, given: set[str]) -> set[str]:
        """Build a manifest with one entry and the verbs that its fields and rules allow; return fields and verbs.

        One that is refused has used them too: what it was refused for is a finding.
        """
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
        self.build(host, {"it": {**entry, **({"access": verbs} if verbs else {})}})
        return {*given, *verbs}

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
        """Build manifests with each choice of the compute type's fields, and with each of their examples."""
        fields = self.samples(blueprint.fields, ("fields",))
        used: set[str] = set()
        for given in self.entries_of_compute(blueprint, fields):
            for resources in self.used(blueprint, given):
                self.build({"type": blueprint.type, **given}, resources)
                used |= set(given)
        for name, schema in blueprint.fields.items():
            for example in schema.get("examples", ())[1:]:
                others = self.entries_of_compute(blueprint, {**fields, name: example})
                few = 2 if name in blueprint.required else 1  # with the fewest fields, and with the most
                for given in itertools.islice((entry for entry in others if name in entry), few):
                    for resources in self.used(blueprint, given):
                        self.build({"type": blueprint.type, **given}, resources)
                        used |= set(given)
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
        """Return a compute type to hold the resource: the first that takes grants and whose fields can be made.

        One of the folder under test comes last, since what is wrong with it is nothing that the resource could help.
        """
        computes = self.pipeline.catalog.computes
        for type_ in sorted(computes, key=lambda name: computes.files[name].is_relative_to(self.folder)):
            blueprint = computes[type_]
            if not blueprint.has_code:
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
        return choices(
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
        """Note a finding for each field that no manifest could use; `path` is where the blueprint has the fields."""
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
        """Read one manifest. Raises Rejected."""
        name = f"try-{self.trial.manifests}-{self.type}"[:32].rstrip("-")
        manifest = {"version": 1, "workload": name, "compute": compute, "resources": resources}
        (workload,) = read_manifest(loads(json.dumps(manifest), _NAME), self.pipeline.catalog)
        return workload

    def build(self, compute: Fields, resources: Fields) -> None:
        """Take one manifest through the pipeline."""
        shown = json.dumps({**compute, **resources})
        try:
            built = self.pipeline.build(self.read(compute, resources))
        except Rejected as refusal:
            self.trial.findings += [self.here(finding, shown) for finding in refusal.findings]
            return
        self.trial.manifests += 1
        self.trial.not_applied.update(*(proof.not_applied for proof in built.proofs))
        self.trial.findings += [self.here(f, shown) for f in built.findings if f.severity is not Severity.NOTE]

    def here(self, finding: Finding, shown: str) -> Finding:
        """Return a finding about a trial's manifest as one at the blueprint, about what was tried."""
        if finding.location.file != _NAME:
            return finding
        path = self.generated(finding) or tuple(self.steps(finding.path)) or self.block(finding.message)
        at = self.tree.location(path, key=True)
        seen = tuple(
            replace(related, location=Location(related.location.file, related.location.line))
            for related in finding.related
        )
        remedy = finding.remedy if "roles" in self.tree.data else _MADE.sub(r"\1.this", finding.remedy)
        told = replace(finding, location=at, path="", related=seen, remedy=remedy, subject=shown, fix=())
        return replace(told, severity=Severity.ERROR)

    def generated(self, finding: Finding) -> tuple[str, ...]:
        """Return the path of what names an attribute under `create` that the Terraform resource does not have."""
        lacking = _LACKING.search(finding.message) if finding.rule == "provider-unknown-attribute" else None
        if lacking is None or lacking[1] != self.tree.data.get("terraform"):
            return ()
        for kind in ("arns", "attributes"):
            for name, attribute in self.tree.data.get("create", {}).get(kind, {}).items():
                if attribute == lacking[2]:
                    return ("create", kind, name)
        return ()

    def block(self, message: str) -> tuple[str, ...]:
        """Return the path of what declares the block that a message names, or of what declares all of them."""
        path = ("blocks",) if "roles" in self.tree.data else ("create", "blocks")
        declared: Any = self.tree.data
        for step in path:
            declared = declared.get(step, {})
        for type_, name in _ADDRESS.findall(message):
            address = f"{type_}.{name if 'roles' in self.tree.data else re.sub('^it(?=_|$)', 'this', name)}"
            if address in declared:
                return (*path, address)
        return path if declared else ()

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


def not_applied(catalog: Catalog) -> dict[str, list[str]]:
    """Return the Terraform types in each type's templates that moto cannot make."""
    from rolewright.prove.sandbox import applies  # noqa: PLC0415 - moto is slow to import

    found: dict[str, set[str]] = {}
    for name, path in sorted(catalog.templates.items()):
        kinds = set(_RESOURCE.findall(path.read_text(encoding="utf-8")))
        found.setdefault(name.split("/")[1], set()).update(kind for kind in kinds if not applies(kind))
    return {type_: sorted(kinds) for type_, kinds in found.items() if kinds}
