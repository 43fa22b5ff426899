"""Located tree + Catalog → Workload: the manifest checked, its environments and references resolved.

Each step takes values and gives a value with its findings: the document with the blueprints' defaults, what is bound
in each environment, the resources in the order of their references, the compute type, the workload.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Rejected, Severity
from rolewright.core.model import ManualStatement, Never, Suppression, Workload
from rolewright.core.text import Condition, Text
from rolewright.manifest.access_keys import key_findings
from rolewright.manifest.bindings import Bindings
from rolewright.manifest.compute import resolve_compute
from rolewright.manifest.compute_uses import INJECTS, RESOURCE, marked_fields
from rolewright.manifest.document import Manifest, fields_of, strings
from rolewright.manifest.environments import override_findings
from rolewright.manifest.hidden_characters import hidden_findings
from rolewright.manifest.inputs import read_inputs
from rolewright.manifest.integrations import CALLS, Calls, closed_paths
from rolewright.manifest.placeholders import unfilled
from rolewright.manifest.resources import resolve_resources
from rolewright.manifest.schema import schemas_of
from rolewright.manifest.validate import grounded_findings
from rolewright.manifest.values import Resolved, resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.core.finding import Edit, Location
    from rolewright.core.model import Compute
    from rolewright.manifest.inputs import Inputs
    from rolewright.manifest.references import References
    from rolewright.yaml.load import Document, PathInTree, Tree


def read_manifest(document: Document, catalog: Catalog) -> tuple[Workload, ...]:
    """Read every workload of a file. Raises Rejected with all findings of the file."""
    workloads: list[Workload] = []
    findings: list[Finding] = []
    seen: dict[str, Location] = {}
    for tree in document.trees:
        try:
            workload = _read(tree, catalog)
        except Rejected as refusal:
            findings.extend(refusal.findings)
            continue
        place = tree.location(("workload",))
        if workload.name in seen:
            findings.append(
                Finding(
                    "manifest-duplicate-workload",
                    f"{workload.name} is described twice in this file, first at {seen[workload.name]}",
                    "give one of them another name",
                    place,
                    "workload",
                )
            )
        seen[workload.name] = place
        workloads.append(workload)
    if findings:
        raise Rejected(findings)
    return tuple(workloads)


def _read(tree: Tree, catalog: Catalog) -> Workload:
    """Read the workload of one document. Raises Rejected."""
    if not isinstance(tree.data, dict):
        place = tree.location(())
        raise Rejected([Finding("manifest-type", "a manifest must be a mapping", "begin with `version: 1`", place)])
    if waiting := unfilled(tree):
        raise Rejected(waiting)
    manifest = Manifest.of(tree, catalog)
    if keys := tuple(key_findings(tree)):
        raise Rejected(keys)  # alone: what else is wrong there would be told with the key's own text
    written = tuple(hidden_findings(tree))
    inputs = read_inputs(manifest, catalog)
    structure = [*inputs.findings, *_structure_findings(manifest, catalog, inputs)]
    if any(finding.severity is Severity.ERROR for finding in structure):
        raise Rejected(_once([*written, *structure]))
    resources = resolve_resources(manifest, catalog, Bindings.of(manifest, inputs.listed))
    references = resources.value
    compute = resolve_compute(manifest, catalog, references, resources.bindings)
    tags = _tags(manifest, references, compute.bindings)
    workload = _workload(manifest, references, compute, tags.value, inputs)
    findings = [
        *written,
        *inputs.findings,
        *resources.findings,
        *compute.findings,
        *tags.findings,
        *_reference_findings(manifest, references),
        *_role_findings(manifest, catalog.computes[workload.compute.type]),
        *grounded_findings(workload, manifest, references, catalog, inputs),
    ]
    unique = tuple(dict.fromkeys(findings))
    if any(finding.severity is Severity.ERROR for finding in unique):
        raise Rejected(unique)
    return replace(workload, warnings=unique)


def _once(findings: Iterable[Finding]) -> Collection[Finding]:
    """Return findings of several environments once each: a fix is certain where it is the same in all of them."""
    found: dict[Finding, Finding] = {}
    for finding in findings:
        unfixed = replace(finding, fix=())
        found[unfixed] = finding if found.get(unfixed, finding) == finding else unfixed
    return found.values()


def _structure_findings(manifest: Manifest, catalog: Catalog, inputs: Inputs) -> Iterator[Finding]:
    """Check each environment's values against the schema; strings with references are checked once resolved."""
    if manifest.data.get("environments"):
        yield from override_findings(manifest.tree, manifest.defaults, _fixed(manifest.data, catalog))
    for name in manifest.replaced:
        data = inputs.exemplified(manifest.in_environment(name))
        skip = {path for path, text in strings(data) if "${" in text and _may_refer(path)}
        findings = schemas_of(catalog).findings(data, manifest.locator(name), skip=skip, source=manifest.tree.source)
        faulty = tuple(".".join((*map(str, path), "")) for path in inputs.faulty)
        yield from (finding for finding in findings if not f"{finding.path}.".startswith(faulty))


def _may_refer(path: PathInTree) -> bool:
    """Return whether a string at a path may contain references: a value that decides the structure may not."""
    match path:
        case ("compute", "type", *_) | ("resources", _, "type" | "create" | "access", *_):
            return False
        case ("compute" | "tags", _, *_) | ("resources", _, _, *_) | ("owner" | "boundary",):
            return True
        case ("statements", _, "resources" | "conditions", *_):
            return True
        case _:
            return False


def _fixed(data: Mapping[str, Any], catalog: Catalog) -> dict[PathInTree, str | None]:
    """Return the paths of values that decide what the module contains: always (""), or where a pattern is found.

    None is for true and false that decide nothing of it.
    """
    fixed: dict[PathInTree, str | None] = {}
    compute = data.get("compute")
    if isinstance(compute, dict) and compute.get("type") in catalog.computes:
        blueprint = catalog.computes[compute["type"]]
        for mark in (INJECTS, RESOURCE):
            fixed |= dict.fromkeys((path for path, _, _ in marked_fields(blueprint, compute, mark)), "")
        for path, definition, calls in marked_fields(blueprint, compute, CALLS):
            fixed |= dict.fromkeys(closed_paths(Calls.of(calls), definition, path), "")
        fixed |= _marked_fixed(blueprint.fields, ("compute",))
    resources = data.get("resources")
    for key, described in resources.items() if isinstance(resources, dict) else ():
        if isinstance(described, dict) and described.get("type") in catalog.resources:
            resource = catalog.resources[described["type"]]
            if described.get("create") is True and resource.create is not None:
                fixed |= _marked_fixed(fields_of(resource, described), ("resources", key))
    return fixed


def _marked_fixed(fields: Mapping[str, Any], path: PathInTree) -> dict[PathInTree, str | None]:
    found: dict[PathInTree, str | None] = {}
    for name, schema in fields.items():
        match schema.get("x-fixed") if isinstance(schema, dict) else None:
            case False:
                found[*path, name] = None
            case True | str() as mark:
                found[*path, name] = "" if mark is True else mark
            case _:
                inner = schema.get("properties", {}) if isinstance(schema, dict) else {}
                found |= _marked_fixed(inner, (*path, name))
    return found


def _workload(
    manifest: Manifest, references: References, compute: Resolved[Compute], tags: Mapping[str, Any], inputs: Inputs
) -> Workload:
    """Put the workload together."""
    data, tree = manifest.data, manifest.tree

    def locate(dotted: str) -> Location:
        steps = dotted.split(".") if dotted else []
        return tree.location(tuple(int(step) if step.isdigit() else step for step in steps), key=True)

    boundary = data.get("boundary")
    return Workload(
        name=data["workload"],
        file=tree.file,
        compute=compute.value,
        resources={key: references.resources[key] for key in references.attributes},  # in the manifest's order
        environments=compute.bindings.final,
        variables=tuple(compute.bindings.variables.values()),
        inputs=inputs.listed,
        tags=tags,
        boundary=None if boundary is None else references.text(boundary),
        exclusive=data.get("exclusive", True),
        statements=tuple(_statements(manifest, references)),
        never=tuple(_never(manifest, references)),
        suppressions=tuple(_suppressions(manifest)),
        locate=locate,
    )


def _tags(manifest: Manifest, references: References, bindings: Bindings) -> Resolved[Any]:
    """Resolve the tags, which are the same in every environment; the owner is one of them.

    Those of an input are merged by the module, whether or not the manifest has others.
    """
    written = manifest.data.get("tags", {})
    tags = {**written} if isinstance(written, dict) else {}
    resolved = resolve(manifest, tags, ("tags",), {"additionalProperties": {"type": "string"}}, references, bindings)
    if "owner" not in manifest.data:
        return resolved
    owner = resolve(manifest, manifest.data["owner"], ("owner",), {}, references, bindings)
    return Resolved({**resolved.value, "owner": owner.value}, bindings, (*resolved.findings, *owner.findings))


def _reference_findings(manifest: Manifest, references: References) -> Iterator[Finding]:
    """Yield a finding for each reference of the boundary, the statements and the promises that leads nowhere."""
    if manifest.data.get("boundary") is not None:
        yield from references.findings(manifest, manifest.data["boundary"], ("boundary",))
    for index, statement in enumerate(manifest.data.get("statements", ())):
        path: PathInTree = ("statements", index)
        for number, arn in enumerate(statement["resources"]):
            yield from references.findings(manifest, arn, (*path, "resources", number))
        for operator, block in statement.get("conditions", {}).items():
            for key, values in block.items():
                for value in _listed(values):
                    yield from references.findings(manifest, value, (*path, "conditions", operator, key))
    for index, source in enumerate(manifest.data.get("never", ())):
        yield from references.findings(manifest, source.partition(" on ")[2], ("never", index))


def _role_findings(manifest: Manifest, blueprint: ComputeBlueprint) -> Iterator[Finding]:
    """Yield a finding for each statement for a role that the compute type does not have."""
    for index, statement in enumerate(manifest.data.get("statements", ())):
        role = statement.get("role", "")
        if role and role not in blueprint.roles:
            message = f"`{role}` is not a role of {blueprint.type}"
            remedy = "use one of: " + ", ".join(blueprint.roles)
            yield manifest.finding("manifest-role", message, remedy, ("statements", index, "role"))


def _statements(manifest: Manifest, references: References) -> Iterator[ManualStatement]:
    for index, statement in enumerate(manifest.data.get("statements", ())):
        yield ManualStatement(
            tuple(statement["actions"]),
            tuple(references.text(arn) for arn in statement["resources"]),
            tuple(
                Condition(operator, Text.of(key), tuple(references.text(value) for value in _listed(values)))
                for operator, block in statement.get("conditions", {}).items()
                for key, values in block.items()
            ),
            statement["reason"],
            statement.get("role", ""),
            f"statements.{index}",
            manifest.tree.location(("statements", index)),
        )


def _listed(values: str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values


def _never(manifest: Manifest, references: References) -> Iterator[Never]:
    for index, source in enumerate(manifest.data.get("never", ())):
        forbidden, _, target = source.partition(" on ")
        place = manifest.tree.location(("never", index))
        yield Never(source, forbidden, references.text(target), f"never.{index}", place)


def _suppressions(manifest: Manifest) -> Iterator[Suppression]:
    tree = manifest.tree
    suppressions = manifest.data.get("suppress", ())
    places = [tree.location(("suppress", index)) for index in range(len(suppressions))]
    for index, suppression in enumerate(suppressions):
        removal: tuple[Edit, ...] = ()
        if tree.source is not None and len(suppressions) > 1:
            removal = tree.source.without_entry(places, index)
        elif tree.source is not None:
            removal = tree.source.without_key(tree.location(("suppress",), key=True), tree.location(("suppress",)))
        yield Suppression(
            suppression["rule"],
            suppression["at"],
            suppression["reason"],
            suppression.get("until", ""),
            places[index],
            removal,
        )
