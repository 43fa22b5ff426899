"""Located tree + Catalog → Workload: the manifest checked, resolved, and what differs made variables."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from rolewright import keys
from rolewright.derive import InconsistentError, arn_pattern, derive
from rolewright.environments import merged, override_findings, overrides, variable_name
from rolewright.finding import Finding, Rejected
from rolewright.interpolation import CONTEXT, UnknownReferenceError, interpolate, trimmed_expression
from rolewright.jsonschema import Schema
from rolewright.model import (
    Compute,
    Condition,
    Environment,
    ManualStatement,
    Ref,
    Resource,
    Suppression,
    Text,
    Variable,
    Vow,
    Workload,
)
from rolewright.schema import manifest_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint import Catalog, ComputeBlueprint, NameRule, ResourceBlueprint
    from rolewright.finding import Location
    from rolewright.source import Document, Tree

PathInTree = tuple[str | int, ...]

ROLE_NAME_LIMIT = 64  # IAM and STS quotas, "Role name length"
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")


def read_manifest(document: Document, catalog: Catalog) -> tuple[Workload, ...]:
    """Every workload of a file. Raises Rejected with all findings of the file."""
    schema = Schema(manifest_schema(catalog))
    workloads: list[Workload] = []
    findings: list[Finding] = []
    seen: dict[str, Location] = {}
    for tree in document.trees:
        reader = _Reader(tree, catalog, schema)
        try:
            workload = reader.read()
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


def partition_of(region: str) -> str:
    """The partition that a region belongs to (botocore's endpoint data: the prefix decides)."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
        if region.startswith(prefix):
            return partition
    return "aws"


class _Reader:
    """Reads one document; collects findings on the way."""

    def __init__(self, tree: Tree, catalog: Catalog, schema: Schema) -> None:
        self.tree = tree
        self.catalog = catalog
        self.schema = schema
        self.findings: list[Finding] = []
        self.variables: dict[str, Variable] = {}
        self.values: dict[str, dict[str, str]] = {}  # environment → expression → value
        self.tfvars: dict[str, dict[str, Any]] = {}
        self.replaced: dict[str, dict[PathInTree, Any]] = {}
        self.places: dict[str, dict[PathInTree, PathInTree]] = {}
        self.resources: dict[str, Resource] = {}
        self.open: list[str] = []
        self.data: Any = tree.data

    def read(self) -> Workload:
        """The workload. Raises Rejected."""
        if not isinstance(self.data, dict):
            self.find("manifest-type", "a manifest is a mapping", "begin with `version: 1`", ())
            raise Rejected(self.findings)
        self.data, defaults = _with_defaults(self.data, self.catalog)
        self.findings += keys.key_findings(self.tree)
        structure = list(self._check_structure(defaults))
        self.findings += structure
        if structure:
            raise Rejected(dict.fromkeys(self.findings))
        self._prepare_environments()
        workload = self._build()
        self._check_grounded(workload)
        if self.findings:
            raise Rejected(dict.fromkeys(self.findings))
        return workload

    def find(self, rule: str, message: str, remedy: str, path: PathInTree, *, key: bool = False) -> None:
        """Note a finding at a path of the manifest."""
        place = self.tree.location(path, key=key)
        self.findings.append(Finding(rule, message, remedy, place, ".".join(map(str, path))))

    # --- structure ---------------------------------------------------------------------------------

    def _check_structure(self, defaults: Mapping[PathInTree, Any]) -> Iterator[Finding]:
        """The schema of each environment's values; strings with references are checked once resolved."""
        named = self.data.get("environments")
        names = list(named) if isinstance(named, dict) else []
        if names:
            yield from override_findings(self.tree, defaults)
        for name in names or [""]:
            replaced = {}
            if name and isinstance(named[name], dict):
                for one in overrides(self.tree, name):
                    replaced[one.path] = one.value
                    self.places.setdefault(name, {})[one.path] = one.place
            self.replaced[name] = replaced
            data = merged(self.data, replaced)
            skip = {path for path, text in _strings(data) if "${" in text}
            yield from self.schema.findings(data, self._locator(name), "manifest", skip=skip)

    def _locator(self, environment: str) -> Any:  # noqa: ANN401 - a Locate
        places = self.places.get(environment, {})

        def locate(path: PathInTree, *, key: bool = False) -> Location:
            for length in range(len(path), 0, -1):
                if path[:length] in places:
                    return self.tree.location((*places[path[:length]], *path[length:]), key=key)
            return self.tree.location(path, key=key)

        return locate

    # --- environments ------------------------------------------------------------------------------

    def _prepare_environments(self) -> None:
        for name, described in (self.data.get("environments") or {"": None}).items():
            if described is None:
                account, region = "123456789012", "us-east-1"
            else:
                account, region = self._raw(("environments", name, "account")), described["region"]
            self.values[name] = {
                "local.account": account,
                "local.region": region,
                "local.partition": partition_of(region),
            }
            self.tfvars[name] = {}
            if name:
                self.values[name]["var.environment"] = name
                self.tfvars[name] = {"environment": name, "account": account, "region": region}

    def _environments(self) -> tuple[Environment, ...]:
        return tuple(
            Environment(
                name,
                values["local.account"],
                values["local.region"],
                values["local.partition"],
                values,
                self.tfvars[name],
            )
            for name, values in self.values.items()
        )

    def _add_variable(self, name: str, type_: str, description: str, values: Mapping[str, Any]) -> Ref:
        while name in self.variables or name in ("environment", "account", "region"):
            name += "_value"
        self.variables[name] = Variable(name, type_, description)
        reference = Ref(f"var.{name}")
        for environment, value in values.items():
            self.tfvars[environment][name] = value
            if isinstance(value, str | int | float):
                self.values[environment][reference.expression] = str(value)
            if isinstance(value, str):
                self.values[environment][trimmed_expression(reference.expression)] = value.removeprefix("/")
        return reference

    # --- values ------------------------------------------------------------------------------------

    def text(self, raw: str, path: PathInTree, scope: Mapping[str, Text] | None = None) -> Text:
        """A string of the manifest with its references resolved; an unknown one is a finding."""

        def resolve(name: str) -> Text | None:
            if scope is not None and name in scope:
                return scope[name]
            return self._reference(name)

        try:
            return interpolate(raw, resolve)
        except UnknownReferenceError as error:
            known = self._known_references(scope)
            near = difflib.get_close_matches(error.name, known, 1, 0.4)
            self.find(
                "manifest-interpolation",
                f"${{{error.name}}} stands for nothing",
                (f"did you mean ${{{near[0]}}}? " if near else f"known: {', '.join(known)}; ")
                + "write $${ for a literal ${",
                path,
            )
            return Text.of("unresolved")

    def _known_references(self, scope: Mapping[str, Text] | None) -> list[str]:
        known = [
            *(scope or {}),
            "workload",
            *CONTEXT,
            *(["environment"] if "environments" in self.data else []),
        ]
        for key, described in self.data.get("resources", {}).items():
            attributes = self.catalog.resources[described["type"]].attributes
            known += [f"resources.{key}.{name}" for name in attributes]
        return known

    def _reference(self, name: str) -> Text | None:
        if name == "workload":
            return Text.of(self.data["workload"])
        if name == "environment":
            return Text.of(Ref("var.environment")) if "environments" in self.data else None
        if name in CONTEXT:
            return CONTEXT[name]
        parts = name.split(".")
        if len(parts) != 3 or parts[0] != "resources" or parts[1] not in self.data.get("resources", {}):
            return None
        return self.resource(parts[1]).attributes.get(parts[2])

    def value(self, raw: Any, path: PathInTree, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
        """A value of the manifest: strings as Texts (plain where literal), what differs as a Ref."""
        if any(path in replaced for replaced in self.replaced.values()):
            return self._varying(raw, path, schema)
        if isinstance(raw, dict):
            properties, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
            return {
                key: self.value(inner, (*path, key), properties.get(key, rest if isinstance(rest, dict) else {}))
                for key, inner in raw.items()
            }
        if isinstance(raw, list):
            return [self.value(inner, (*path, i), schema.get("items", {})) for i, inner in enumerate(raw)]
        if isinstance(raw, int | float) and "string" in schema.get("type", ()):
            raw = self._raw(path)
        if isinstance(raw, str):
            text = self.text(raw, path)
            literal = text.literal
            return text if literal is None else literal
        return raw

    def _raw(self, path: PathInTree) -> str:
        try:
            return self.tree.raw(path)
        except KeyError:  # a default of the blueprint
            return str(merged(self.data, {}, ()))

    def _varying(self, raw: Any, path: PathInTree, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
        values: dict[str, Any] = {}
        for environment, replaced in self.replaced.items():
            place = self.places[environment][path] if path in replaced else path
            value = replaced.get(path, raw)
            if isinstance(value, int | float) and "string" in schema.get("type", ()):
                value = self._raw(place)
            values[environment] = self._resolved(value, place, environment)
        if len({repr(value) for value in values.values()}) == 1:
            return next(iter(values.values()))
        sample = next(iter(values.values()))
        type_ = "list(string)" if isinstance(sample, list) else "string" if isinstance(sample, str) else "number"
        dotted = ".".join(str(step) for step in path)
        reference = self._add_variable(variable_name(path), type_, f"{dotted} of the manifest", values)
        return Text.of(reference) if type_ == "string" else reference

    def _resolved(self, value: Any, path: PathInTree, environment: str) -> Any:  # noqa: ANN401 - YAML
        """A value that goes into a tfvars file, where nothing can be referred to."""
        if isinstance(value, list):
            return [self._resolved(inner, (*path, i), environment) for i, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        text = self.text(value, path)
        known = self.values[environment]
        unknown = [part for part in text.parts if isinstance(part, Ref) and part.expression not in known]
        if unknown:
            self.find(
                "environment-override",
                "this refers to something that AWS makes up, which the values of an environment cannot hold",
                "state it outside `environments`, the same for all",
                path,
            )
        return text.ground(known)

    # --- resources ---------------------------------------------------------------------------------

    def resource(self, key: str) -> Resource:
        """One resource, resolved; references between resources are followed."""
        if key in self.resources:
            return self.resources[key]
        described = self.data["resources"][key]
        blueprint = self.catalog.resources[described["type"]]
        path: PathInTree = ("resources", key)
        if key in self.open:
            self.find(
                "manifest-circle",
                "these resources refer to each other in a circle: " + " → ".join([*self.open, key]),
                "write one of the values out",
                path,
                key=True,
            )
            unknown = dict.fromkeys(blueprint.attributes, Text.of("unresolved"))
            return Resource(
                key,
                blueprint.type,
                created=False,
                access=(),
                fields={},
                arns={},
                attributes=unknown,
                context={},
            )
        self.open.append(key)
        self.resources[key] = resource = self._resource(key, described, blueprint)
        self.open.pop()
        return resource

    def _resource(self, key: str, described: Mapping[str, Any], blueprint: ResourceBlueprint) -> Resource:
        path: PathInTree = ("resources", key)
        created = described.get("create", False)
        schemas = {**blueprint.fields, **(blueprint.create.fields if created and blueprint.create else {})}
        fields = {
            name: self.value(described[name], (*path, name), schema) if name in described else None
            for name, schema in schemas.items()
        }
        scope = dict(CONTEXT)
        given = None
        if "arn" in described:
            given = _text(self.value(described["arn"], (*path, "arn"), {}))
            scope |= self._read_arn(given, blueprint, key)
            fields |= {name: scope[name] for name in fields if name in scope and fields[name] is None}
        for name in schemas:
            scope[name] = _text(fields[name]) if isinstance(fields[name], str | Text) else Text(())
        arns = {name: self._fill(template, scope) for name, template in blueprint.arns.items()}
        if given is not None:
            first = next(iter(blueprint.arns))
            suffix = ":*" if blueprint.arns[first].endswith(":*") else ""
            ends = [part for part in given.parts[-1:] if isinstance(part, str) and part.endswith(":*")]
            arns[first] = given if ends or not suffix else given + suffix
        terraform = f"{blueprint.terraform}.{key.replace('-', '_')}"
        creation = blueprint.create if created else None
        if creation is not None:
            arns |= {n: Text.of(Ref(f"{terraform}.{a}")) for n, a in creation.arns.items()}
        scope |= {f"arns.{name}": arn for name, arn in arns.items()}
        attributes = {name: self._fill(template, scope) for name, template in blueprint.attributes.items()}
        if given is not None and "arn" in attributes:
            attributes["arn"] = given
        if creation is not None:
            attributes |= {n: Text.of(Ref(f"{terraform}.{a}")) for n, a in creation.attributes.items()}
            self._learn(creation.attributes, fields, terraform)
        access = described.get("access", ())
        return Resource(
            key=key,
            type=blueprint.type,
            created=created,
            access=(access,) if isinstance(access, str) else tuple(access),
            fields=fields,
            arns=arns,
            attributes=attributes,
            context={name: scope[name] for name in CONTEXT},
        )

    def _learn(self, attributes: Mapping[str, str], fields: Mapping[str, Any], terraform: str) -> None:
        """An attribute that is one of the fields is known before Terraform runs."""
        for name, attribute in attributes.items():
            value = fields.get(name)
            if isinstance(value, str | Text):
                for known in self.values.values():
                    known[f"{terraform}.{attribute}"] = _text(value).ground(known)

    def _fill(self, template: str, scope: Mapping[str, Text]) -> Text:
        return interpolate(template, scope.get)

    def _read_arn(self, given: Text, blueprint: ResourceBlueprint, key: str) -> dict[str, Text]:
        template = next(iter(blueprint.arns.values()))
        path: PathInTree = ("resources", key, "arn")

        def variable(group: str, values: Mapping[str, str]) -> Ref:
            return self._add_variable(
                variable_name(("resources", key, group)), "string", f"The {group} in the ARN of {key}", values
            )

        try:
            groups = derive(given, arn_pattern(template), self._environments(), variable)
        except InconsistentError:
            groups = None
        if groups is None:
            self.find(
                "manifest-arn",
                f"this is no ARN of {blueprint.summary[0].lower()}{blueprint.summary[1:]}",
                f"it looks like {template}",
                path,
            )
            return {name: Text.of("unresolved") for name in blueprint.required}
        return dict(groups)

    # --- the whole ---------------------------------------------------------------------------------

    def _build(self) -> Workload:
        for key in self.data.get("resources", {}):
            self.resource(key)
        blueprint = self.catalog.computes[self.data["compute"]["type"]]
        compute = self._compute(blueprint)
        tags = {
            key: self.value(value, ("tags", key), {"type": "string"})
            for key, value in self.data.get("tags", {}).items()
        }
        if "owner" in self.data:
            tags["owner"] = self.value(self.data["owner"], ("owner",), {})
        boundary = self.data.get("boundary")
        return Workload(
            name=self.data["workload"],
            file=self.tree.file,
            compute=compute,
            resources={key: self.resources[key] for key in self.data.get("resources", {})},
            environments=self._environments(),
            variables=tuple(self.variables.values()),
            tags=tags,
            boundary=None if boundary is None else self.text(boundary, ("boundary",)),
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
            name: self.value(described[name], ("compute", name), schema) if name in described else None
            for name, schema in blueprint.fields.items()
        }
        for name, schema in blueprint.fields.items():
            if schema.get("x-variable") and isinstance(fields[name], str | Text):
                fields[name] = self._as_variable(name, _text(fields[name]), schema)
        derived: dict[str, Text] = {}
        for name, pattern in blueprint.derive.items():
            if isinstance(fields[name], str | Text):
                derived |= self._derive(name, _text(fields[name]), pattern)
        base = Text.of(self.data["workload"])
        if "environments" in self.data:
            base = base + "-" + Ref("var.environment")
        scope = {"base": base, "workload": Text.of(self.data["workload"]), **CONTEXT}
        given = described.get("names", {})
        names: dict[str, Text] = {}
        for role in blueprint.roles:
            key = "role" if len(blueprint.roles) == 1 else f"{role}_role"
            names[f"{role}_role"] = (
                self.text(given[key], ("compute", "names", key)) if key in given else base + f"-{role}"
            )
        for name, rule in blueprint.names.items():
            path: PathInTree = ("compute", "names", name)
            names[name] = self.text(given[name], path) if name in given else self._fill(rule.value, scope)
            scope[f"names.{name}"] = names[name]
        self._check_injected(blueprint, fields)
        return Compute(blueprint.type, fields, names, derived)

    def _as_variable(self, name: str, value: Text, schema: Mapping[str, Any]) -> Text:
        """A field that is always a variable of the module, so that a pipeline can set it."""
        reference = Ref(f"var.{name}")
        if name in self.variables:
            return Text.of(reference)
        literal = value.literal
        if literal is not None:
            self.variables[name] = Variable(name, "string", schema["description"], literal, has_default=True)
        elif "environments" in self.data:
            self._add_variable(
                name, "string", schema["description"], {e: value.ground(v) for e, v in self.values.items()}
            )
        else:
            self.find(
                "manifest-interpolation",
                f"`{name}` is the default of a variable, which cannot refer to anything",
                "write it out",
                ("compute", name),
            )
        return Text.of(reference)

    def _derive(self, name: str, text: Text, pattern: str) -> dict[str, Text]:
        def variable(group: str, values: Mapping[str, str]) -> Ref:
            return self._add_variable(
                variable_name(("compute", name, group)), "string", f"The {group} in compute.{name}", values
            )

        try:
            groups = derive(text, re.compile(pattern), self._environments(), variable)
        except InconsistentError:
            self.find(
                "environment-override",
                f"`{name}` takes one form in one environment and another form in the next",
                "use the same form in all of them",
                ("compute", name),
            )
            groups = None
        return {f"{name}.{group}": value for group, value in (groups or {}).items()}

    def _check_injected(self, blueprint: ComputeBlueprint, fields: Mapping[str, Any]) -> None:
        for name, schema in blueprint.fields.items():
            if not schema.get("x-injects") or not fields[name]:
                continue
            for variable, key in fields[name].items():
                path: PathInTree = ("compute", name, variable)
                described = self.data.get("resources", {}).get(key)
                able = [
                    one
                    for one, resource in self.data.get("resources", {}).items()
                    if self.catalog.resources[resource["type"]].injection is not None
                ]
                if described is None or key not in able:
                    self.find(
                        "manifest-secret",
                        f"`{key}` is no resource of the manifest"
                        if described is None
                        else f"`{key}` is nothing that can be injected",
                        "name a secret or a parameter under `resources`: " + (", ".join(able) or "there is none"),
                        path,
                    )
                if variable in (fields.get("environment") or {}):
                    self.find(
                        "manifest-secret",
                        f"{variable} is both in `environment` and in `{name}`",
                        "remove it from `environment`",
                        path,
                    )

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
                tuple(self.text(arn, (*path, "resources", i)) for i, arn in enumerate(one["resources"])),
                tuple(
                    Condition(
                        operator,
                        key,
                        tuple(
                            self.text(value, (*path, "conditions", operator, key))
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

    def _never(self) -> Iterator[Vow]:
        for index, source in enumerate(self.data.get("never", ())):
            what, _, target = source.partition(" on ")
            path: PathInTree = ("never", index)
            yield Vow(source, what, self.text(target, path), f"never.{index}", self.tree.location(path))

    def _suppressions(self) -> Iterator[Suppression]:
        for index, one in enumerate(self.data.get("suppress", ())):
            yield Suppression(
                one["rule"],
                one["at"],
                one["reason"],
                one.get("until", ""),
                self.tree.location(("suppress", index)),
            )

    # --- values in each environment ----------------------------------------------------------------

    def _check_grounded(self, workload: Workload) -> None:
        """What can be told only of resolved values: patterns, rules across fields, names and their lengths."""
        blueprint = self.catalog.computes[workload.compute.type]
        for environment in workload.environments:
            data = merged(self.data, self.replaced[environment.name])
            replaced: dict[PathInTree, Any] = {}
            skip: set[PathInTree] = set()
            before = len(self.findings)
            for path, raw in _strings(data):
                if "${" in raw and path[0] in ("compute", "resources", "boundary", "statements"):
                    text = self.text(raw, path)
                    replaced[path] = text.ground(environment.values)
                    if any(isinstance(p, Ref) and p.expression not in environment.values for p in text.parts):
                        skip.add(path)
            del self.findings[before:]
            grounded = merged(data, replaced)
            locate = self._locator(environment.name)
            self.findings += self.schema.findings(grounded, locate, "manifest", skip=skip)
            self._check_rules(blueprint, grounded["compute"], environment.name)
            self._check_names(blueprint, workload, environment)

    def _check_rules(self, blueprint: ComputeBlueprint, compute: Mapping[str, Any], environment: str) -> None:
        for rule in blueprint.rules:
            if Schema(rule.when).accepts(compute) and not Schema(rule.require).accepts(compute):
                place = self._locator(environment)(("compute", rule.at))
                message = re.sub(r"\$\{(\w+)\}", lambda m: str(compute.get(m[1], "nothing")), rule.message)
                if environment:
                    message += f" (in {environment})"
                finding = Finding("manifest-rule", message, rule.remedy, place, f"compute.{rule.at}")
                self.findings.append(finding)

    def _check_names(self, blueprint: ComputeBlueprint, workload: Workload, environment: Environment) -> None:
        given = self.data["compute"].get("names", {})
        for name, text in workload.compute.names.items():
            rule: NameRule | None = blueprint.names.get(name)
            limit = ROLE_NAME_LIMIT if rule is None else rule.max_length
            pattern = _ROLE_NAME if rule is None else re.compile(rule.pattern)
            value = text.ground(environment.values)
            key = "role" if name not in given and "role" in given and rule is None else name
            path: PathInTree = ("compute", "names", key) if key in given else ("workload",)
            where = f" in {environment.name}" if environment.name else ""
            if len(value) > limit:
                self.find(
                    "name-length",
                    f"the name {value} has {len(value)} characters{where}; AWS takes {limit}",
                    f"shorten the workload's or the environment's name, or set compute.names.{key}",
                    path,
                )
            elif not pattern.fullmatch(value):
                self.find(
                    "name-characters",
                    f'"{value}" is not accepted by AWS as {name}{where}',
                    f"use only what {pattern.pattern} takes",
                    path,
                )


def _text(value: Any) -> Text:  # noqa: ANN401 - a value of the manifest that the schema says is a string
    return Text.of(value)


def _strings(data: Any, path: PathInTree = ()) -> Iterator[tuple[PathInTree, str]]:  # noqa: ANN401 - YAML
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _strings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _strings(value, (*path, index))


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
