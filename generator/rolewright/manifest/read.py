"""Located tree + Catalog → Workload: the manifest checked, resolved, and what differs made variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, Scope, fill
from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Compute, Condition, ManualStatement, Never, Ref, Suppression, Text, Variable, Workload
from rolewright.manifest import access_keys as keys
from rolewright.manifest.derived import InconsistentError, derive, is_given
from rolewright.manifest.environments import merged, override_findings, variable_name
from rolewright.manifest.hidden_characters import hidden_findings
from rolewright.manifest.placeholders import unfilled
from rolewright.manifest.references import CALLS, INJECTS, RESOURCE, compute_uses, marked_fields
from rolewright.manifest.resources import Resources
from rolewright.manifest.schema import Schemas
from rolewright.manifest.validate import check_grounded
from rolewright.manifest.values import Values, strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.core.finding import Location
    from rolewright.manifest.values import PathInTree
    from rolewright.yaml.load import Document, Tree


def read_manifest(document: Document, catalog: Catalog, schemas: Schemas | None = None) -> tuple[Workload, ...]:
    """Every workload of a file. Raises Rejected with all findings of the file.

    `schemas` are those of the catalogue, kept by whoever reads many files.
    """
    schemas = schemas or Schemas(catalog)
    workloads: list[Workload] = []
    findings: list[Finding] = []
    seen: dict[str, Location] = {}
    for tree in document.trees:
        try:
            workload = _read(tree, catalog, schemas)
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


def _read(tree: Tree, catalog: Catalog, schemas: Schemas) -> Workload:
    """The workload of one document. Raises Rejected."""
    if not isinstance(tree.data, dict):
        place = tree.location(())
        raise Rejected([Finding("manifest-type", "a manifest is a mapping", "begin with `version: 1`", place)])
    if waiting := unfilled(tree):
        raise Rejected(waiting)
    data, defaults = _with_defaults(tree.data, catalog)
    described = data.get("resources")
    resources = Resources(described if isinstance(described, dict) else {}, catalog)
    values = Values(tree, data, resources)
    resources.values = values
    values.findings += [*keys.key_findings(tree), *hidden_findings(tree)]
    structure = list(_check_structure(values, schemas, defaults, catalog))
    if structure:
        raise Rejected(dict.fromkeys([*values.findings, *structure]))
    values.prepare_environments()
    workload = _Reader(values, resources, catalog).read()
    check_grounded(workload, values, catalog, schemas)
    if values.findings:
        raise Rejected(dict.fromkeys(values.findings))
    return workload


def _check_structure(
    values: Values, schemas: Schemas, defaults: Mapping[PathInTree, Any], catalog: Catalog
) -> Iterator[Finding]:
    """The schema of each environment's values; strings with references are checked once resolved."""
    if values.data.get("environments"):
        yield from override_findings(values.tree, defaults, _fixed(values.data, catalog))
    for name in values.replaced:
        data = values.in_environment(name)
        skip = {path for path, text in strings(data) if "${" in text and _may_refer(path)}
        yield from schemas.findings(data, values.locator(name), skip=skip)


def _may_refer(path: PathInTree) -> bool:
    """Whether a string at a path may have references in it; what decides the structure is taken as it is written."""
    match path:
        case ("compute", "type", *_) | ("resources", _, "type" | "create" | "access", *_):
            return False
        case ("compute" | "tags", _, *_) | ("resources", _, _, *_) | ("owner" | "boundary",):
            return True
        case ("statements", _, "resources" | "conditions", *_):
            return True
        case _:
            return False


def _fixed(data: Mapping[str, Any], catalog: Catalog) -> dict[PathInTree, str]:
    """What decides what the module contains, by path: always (""), or where a pattern is found in it."""
    found: dict[PathInTree, str] = {}
    compute = data.get("compute")
    if isinstance(compute, dict) and compute.get("type") in catalog.computes:
        blueprint = catalog.computes[compute["type"]]
        for mark in (INJECTS, RESOURCE, CALLS):
            found |= dict.fromkeys((path for path, _, _ in marked_fields(blueprint, compute, mark)), "")
        found |= _marked_fixed(blueprint.fields, ("compute",))
    resources = data.get("resources")
    for key, described in resources.items() if isinstance(resources, dict) else ():
        if isinstance(described, dict) and described.get("type") in catalog.resources:
            resource = catalog.resources[described["type"]]
            if described.get("create") is True and resource.create is not None:
                found |= _marked_fixed({**resource.fields, **resource.create.fields}, ("resources", key))
    return found


def _marked_fixed(fields: Mapping[str, Any], path: PathInTree) -> dict[PathInTree, str]:
    marks = {name: schema["x-fixed"] for name, schema in fields.items() if schema.get("x-fixed")}
    return {(*path, name): mark if isinstance(mark, str) else "" for name, mark in marks.items()}


class _Reader:
    """Builds the workload of a document whose structure is right."""

    def __init__(self, values: Values, resources: Resources, catalog: Catalog) -> None:
        self.values = values
        self.data: Any = values.data
        self.tree = values.tree
        self.find = values.find
        self.resources = resources
        self.catalog = catalog

    def read(self) -> Workload:
        """The workload, with what is wrong in the findings of its values."""
        resources = self.resources.all()
        blueprint = self.catalog.computes[self.data["compute"]["type"]]
        compute = self._compute(blueprint)
        tags = {
            key: self.values.value(value, ("tags", key), {"type": "string"})
            for key, value in self.data.get("tags", {}).items()
        }
        if "owner" in self.data:
            tags["owner"] = self.values.value(self.data["owner"], ("owner",), {})
        boundary = self.data.get("boundary")
        return Workload(
            name=self.data["workload"],
            file=self.tree.file,
            compute=compute,
            resources=resources,
            environments=self.values.environments(),
            variables=tuple(self.values.variables.values()),
            tags=tags,
            boundary=None if boundary is None else self.values.text(boundary, ("boundary",)),
            exclusive=self.data.get("exclusive", True),
            statements=tuple(self._statements(blueprint)),
            never=tuple(self._never()),
            suppressions=tuple(self._suppressions()),
            locate=self._locate,
        )

    def _locate(self, dotted: str) -> Location:
        steps = dotted.split(".") if dotted else []
        return self.tree.location(tuple(int(step) if step.isdigit() else step for step in steps), key=True)

    def _compute(self, blueprint: ComputeBlueprint) -> Compute:
        described = self.data["compute"]
        fields = {
            name: self.values.value(described[name], ("compute", name), schema) if name in described else None
            for name, schema in blueprint.fields.items()
        }
        for name, schema in blueprint.fields.items():
            if schema.get("x-variable") and isinstance(value := fields[name], str | Text):
                fields[name] = self._as_variable(name, Text.of(value), schema)
        derived: dict[str, Text] = {}
        for name, pattern in blueprint.derive.items():
            for at, value in _values(fields, name.split(".")):
                derived |= self._derive(at, Text.of(value), pattern)
        uses, called = compute_uses(self.values, blueprint, self.catalog)
        derived |= called
        base = Text.of(self.data["workload"])
        if "environments" in self.data:
            base = base + "-" + Ref("var.environment")
        scope: Scope = {"base": base, "workload": Text.of(self.data["workload"]), **CONTEXT}
        given = described.get("names", {})
        names: dict[str, Text] = {}
        for role in blueprint.roles:
            key = blueprint.role_name_keys[role]
            names[f"{role}_role"] = (
                self.values.text(given[key], ("compute", "names", key)) if key in given else base + f"-{role}"
            )
        for name, rule in blueprint.names.items():
            if not is_given(rule.when, fields, derived):
                continue
            path: PathInTree = ("compute", "names", name)
            names[name] = self.values.text(given[name], path) if name in given else fill(rule.value, scope)
            scope[f"names.{name}"] = names[name]
        return Compute(blueprint.type, fields, names, derived, uses)

    def _as_variable(self, name: str, value: Text, schema: Mapping[str, Any]) -> Text:
        """A field that is always a variable of the module, so that a pipeline can set it."""
        reference = Ref(f"var.{name}")
        if name in self.values.variables:
            return Text.of(reference)
        literal = value.literal
        if literal is not None:
            self.values.variables[name] = Variable(name, "string", schema["description"], literal, has_default=True)
        elif "environments" in self.data:
            self.values.add_variable(
                name, "string", schema["description"], {e: value.ground(v) for e, v in self.values.known.items()}
            )
        else:
            self.find(
                "manifest-interpolation",
                f"`{name}` is the default of a variable, which cannot refer to anything",
                "write it out",
                ("compute", name),
            )
        return Text.of(reference)

    def _derive(self, at: tuple[str, ...], text: Text, pattern: str) -> dict[str, Text]:
        name = ".".join(at)

        def variable(group: str, values: Mapping[str, str]) -> Ref:
            return self.values.add_variable(
                variable_name(("compute", *at, group)), "string", f"The {group} in compute.{name}", values
            )

        try:
            groups = derive(text, re.compile(pattern), self.values.environments(), variable)
        except InconsistentError:
            self.find(
                "environment-override",
                f"`{name}` takes one form in one environment and another form in the next",
                "use the same form in all of them",
                ("compute", *(int(step) if step.isdigit() else step for step in at)),
            )
            groups = None
        return {f"{name}.{group}": value for group, value in (groups or {}).items()}

    def _statements(self, blueprint: ComputeBlueprint) -> Iterator[ManualStatement]:
        for index, one in enumerate(self.data.get("statements", ())):
            path: PathInTree = ("statements", index)
            role = one.get("role", "")
            if role and role not in blueprint.roles:
                self.find(
                    "manifest-role",
                    f"`{role}` is no role of {blueprint.type}",
                    "one of " + ", ".join(blueprint.roles),
                    (*path, "role"),
                )
            yield ManualStatement(
                tuple(one["actions"]),
                tuple(self.values.text(arn, (*path, "resources", i)) for i, arn in enumerate(one["resources"])),
                tuple(
                    Condition(
                        operator,
                        Text.of(key),
                        tuple(
                            self.values.text(value, (*path, "conditions", operator, key))
                            for value in ([values] if isinstance(values, str) else values)
                        ),
                    )
                    for operator, block in one.get("conditions", {}).items()
                    for key, values in block.items()
                ),
                one["reason"],
                role,
                f"statements.{index}",
                self.tree.location(path),
            )

    def _never(self) -> Iterator[Never]:
        for index, source in enumerate(self.data.get("never", ())):
            what, _, target = source.partition(" on ")
            path: PathInTree = ("never", index)
            yield Never(source, what, self.values.text(target, path), f"never.{index}", self.tree.location(path))

    def _suppressions(self) -> Iterator[Suppression]:
        for index, one in enumerate(self.data.get("suppress", ())):
            yield Suppression(
                one["rule"],
                one["at"],
                one["reason"],
                one.get("until", ""),
                self.tree.location(("suppress", index)),
            )


def _values(value: Any, path: Sequence[str], at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str | Text]]:  # noqa: ANN401 - YAML
    """The texts at a path of fields, which goes through every entry of a list; each with its own path."""
    match value:
        case list():
            for index, item in enumerate(value):
                yield from _values(item, path, (*at, str(index)))
        case dict() if path:
            yield from _values(value.get(path[0]), path[1:], (*at, path[0]))
        case str() | Text() if not path:
            yield at, value
        case _:
            return


def _with_defaults(data: Mapping[str, Any], catalog: Catalog) -> tuple[Any, dict[PathInTree, Any]]:
    """The manifest with the blueprints' defaults, and those defaults by path."""
    defaults: dict[PathInTree, Any] = {}
    compute = data.get("compute")
    if isinstance(compute, dict) and compute.get("type") in catalog.computes:
        fields = catalog.computes[compute["type"]].fields
        defaults |= _missing(fields, compute, ("compute",))
    resources = data.get("resources")
    for key, described in resources.items() if isinstance(resources, dict) else ():
        if isinstance(described, dict) and described.get("type") in catalog.resources:
            blueprint = catalog.resources[described["type"]]
            schemas = dict(blueprint.fields)
            if described.get("create") is True and blueprint.create is not None:
                schemas |= blueprint.create.fields
            defaults |= _missing(schemas, described, ("resources", key))
    return merged(data, defaults), defaults


def _missing(fields: Mapping[str, Any], given: Mapping[str, Any], path: PathInTree) -> dict[PathInTree, Any]:
    return {
        (*path, name): schema["default"] for name, schema in fields.items() if "default" in schema and name not in given
    }
