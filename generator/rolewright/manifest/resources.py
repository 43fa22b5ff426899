"""The `resources` of a manifest, resolved: fields, ARNs, and what else may refer to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import own_pattern
from rolewright.blueprint.interpolation import CONTEXT, LeftOutError, Scope, fill, fill_all, interpolate
from rolewright.core.model import Condition, Ref, Resource, Text
from rolewright.manifest.derived import InconsistentError, derive
from rolewright.manifest.environments import variable_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import Conditions, Creation, ResourceBlueprint
    from rolewright.core.model import Workload
    from rolewright.manifest.values import PathInTree, Values


class Resources:
    """The resources of one manifest, each resolved when it is first asked for."""

    def __init__(self, described: Mapping[str, Any], catalog: Catalog) -> None:
        self._described = described
        self._catalog = catalog
        self._known: dict[str, Resource] = {}
        self._open: list[str] = []
        self.values: Values

    def attribute(self, key: str, name: str) -> Text | None:
        """What `${resources.KEY.NAME}` stands for; None where there is no such key or name."""
        return self.get(key).attributes.get(name) if key in self._described else None

    def references(self) -> list[str]:
        """Every reference to a resource that its type has a meaning for."""
        return [
            f"resources.{key}.{name}"
            for key, described in self._described.items()
            for name in self._catalog.resources[described["type"]].attributes
        ]

    def all(self) -> dict[str, Resource]:
        """Every resource, in the manifest's order."""
        return {key: self.get(key) for key in self._described}

    def get(self, key: str) -> Resource:
        """One resource; references between resources are followed, and a circle is a finding."""
        if key in self._known:
            return self._known[key]
        described = self._described[key]
        blueprint = self._catalog.resources[described["type"]]
        if key in self._open:
            self.values.find(
                "manifest-circle",
                "these resources refer to each other in a circle: " + " → ".join([*self._open, key]),
                "write one of the values out",
                ("resources", key),
                key=True,
            )
            unknown = dict.fromkeys(blueprint.attributes, Text.of("unresolved"))
            return Resource(
                key, blueprint.type, created=False, access=(), fields={}, arns={}, attributes=unknown, context={}
            )
        self._open.append(key)
        self._known[key] = self._resource(key, described, blueprint)
        self._open.pop()
        return self._known[key]

    def _resource(self, key: str, described: Mapping[str, Any], blueprint: ResourceBlueprint) -> Resource:
        path: PathInTree = ("resources", key)
        creation = blueprint.create if described.get("create", False) else None
        schemas = {**blueprint.fields, **(creation.fields if creation else {})}
        fields = {
            name: self.values.value(described[name], (*path, name), schema) if name in described else None
            for name, schema in schemas.items()
        }
        context = dict(CONTEXT)
        given = None
        if "arn" in described:
            given = Text.of(self.values.value(described["arn"], (*path, "arn"), {}))
            read = self._read_arn(given, blueprint, key)
            context |= {name: text for name, text in read.items() if name in CONTEXT}
            fields |= {
                name: [text] if schemas[name].get("type") == "array" else text
                for name, text in read.items()
                if name in fields
            }
        scope: Scope = {**context, **field_scope(fields)}
        arns = _known(blueprint.arns, scope)
        if given is not None:
            first = next(iter(blueprint.arns))
            suffix = ":*" if blueprint.arns[first].endswith(":*") else ""
            ends = [part for part in given.parts[-1:] if isinstance(part, str) and part.endswith(":*")]
            arns[first] = (given if ends or not suffix else given + suffix,)
        terraform = f"{blueprint.terraform}.{key.replace('-', '_')}"
        if creation is not None:
            arns |= {name: (_attribute(terraform, template),) for name, template in creation.arns.items()}
        scope |= arn_scope(blueprint, arns)
        attributes = {name: texts[0] for name, texts in _known(blueprint.attributes, scope).items() if len(texts) == 1}
        if given is not None and "arn" in attributes:
            attributes["arn"] = given
        if creation is not None:
            attributes |= {name: _attribute(terraform, one) for name, one in creation.attributes.items()}
            self._learn(creation, blueprint.terraform, fields, terraform)
        access = described.get("access", ())
        return Resource(
            key=key,
            type=blueprint.type,
            created=creation is not None,
            access=(access,) if isinstance(access, str) else tuple(access),
            fields=fields,
            arns=arns,
            attributes=attributes,
            context=context,
        )

    def _learn(self, creation: Creation, type_: str, fields: Mapping[str, Any], terraform: str) -> None:
        """An attribute that the resource's own block gets from a field is known before Terraform runs."""
        own = next((block.arguments for block in creation.blocks if block.address == f"{type_}.this"), {})
        for name, attribute in creation.attributes.items():
            value = fields.get(name)
            is_given = f"${{{name}}}" in [one.template for one in own.get(attribute, ())]
            if is_given and isinstance(value, str | Text):
                for known in self.values.known.values():
                    known[f"{terraform}.{attribute}"] = Text.of(value).ground(known)

    def _read_arn(self, given: Text, blueprint: ResourceBlueprint, key: str) -> Mapping[str, Text]:
        """The parts of an ARN by field; a part that is the template's default is left out."""

        def variable(group: str, values: Mapping[str, str]) -> Ref:
            return self.values.add_variable(
                variable_name(("resources", key, group)), "string", f"The {group} in the ARN of {key}", values
            )

        try:
            groups = derive(given, own_pattern(blueprint.own_arn), self.values.environments(), variable)
        except InconsistentError:
            groups = None
        if groups is None or not self._names_one(groups, blueprint):
            self.values.find(
                "manifest-arn",
                f"this is no ARN of {blueprint.summary[0].lower()}{blueprint.summary[1:]}",
                f"it looks like {blueprint.own_arn}",
                ("resources", key, "arn"),
            )
            return {name: Text.of("unresolved") for name in blueprint.identified_by}
        return {name: text for name, text in groups.items() if text != Text.of("*")}

    def _names_one(self, groups: Mapping[str, Text], blueprint: ResourceBlueprint) -> bool:
        """Whether the parts of an ARN are what the fields may be: that of an index is no table's."""
        return all(
            re.search(blueprint.fields[name].get("pattern", ""), text.ground(environment.values)) is not None
            for name, text in groups.items()
            if name in blueprint.fields and text != Text.of("*")
            for environment in self.values.environments()
        )


def field_scope(fields: Mapping[str, Any]) -> Scope:
    """What a template can refer to of a resource's fields; a list gives a value for each entry."""
    scope: Scope = {}
    for name, value in fields.items():
        match value:
            case None:
                scope[name] = None
            case list():
                scope[name] = tuple(_text(one) for one in value if not isinstance(one, dict))
            case dict():
                continue
            case _:
                scope[name] = _text(value)
    return scope


def compute_scope(workload: Workload) -> Scope:
    """What a compute blueprint's templates may refer to."""
    scope: Scope = {**CONTEXT, "workload": Text.of(workload.name), **workload.compute.derived}
    scope |= {f"names.{name}": text for name, text in workload.compute.names.items()}
    return scope | compute_fields(workload.compute.fields, "")


def compute_fields(fields: Mapping[str, Any], prefix: str) -> Scope:
    """What templates may refer to of fields and of the mappings in them, each name after a prefix."""
    found: Scope = {prefix + name: value for name, value in field_scope(fields).items() if value is not None}
    for name, value in fields.items():
        if isinstance(value, dict):
            found |= compute_fields(value, f"{prefix}{name}.")
    return found


def arn_scope(blueprint: ResourceBlueprint, arns: Mapping[str, tuple[Text, ...]]) -> Scope:
    """What a template can refer to of a resource's ARNs."""
    return {f"arns.{name}": arns.get(name) for name in blueprint.arns}


def resource_scope(resource: Resource, blueprint: ResourceBlueprint) -> Scope:
    """What a resource blueprint's templates may refer to."""
    return {**resource.context, **field_scope(resource.fields), **arn_scope(blueprint, resource.arns)}


def injected_values(workload: Workload, catalog: Catalog, keys: Mapping[str, str]) -> dict[str, Text]:
    """Variable → what the platform reads its value from, for what a field that injects says: variable → resource."""
    values: dict[str, Text] = {}
    for variable, key in keys.items():
        resource = workload.resources[key]
        blueprint = catalog.resources[resource.type]
        (own,) = next(iter(resource.arns.values()))
        generated = resource.created and blueprint.create is not None and blueprint.create.arns
        values[variable] = own if generated else fill(blueprint.injection_value, resource_scope(resource, blueprint))
        if not resource.created and "arn" in resource.attributes and not _by_name(resource):
            values[variable] = resource.attributes["arn"]
    return values


def _by_name(resource: Resource) -> bool:
    return resource.context == CONTEXT


def fill_conditions(templates: Conditions, scope: Scope) -> tuple[Condition, ...]:
    """The conditions of a blueprint filled in; a list gives several values."""
    return tuple(
        Condition(operator, fill(key, scope), tuple(text for value in values for text in fill_all(value, scope)))
        for operator, block in templates.items()
        for key, values in block.items()
    )


def _text(value: str | float | Text | Ref) -> Text:
    if isinstance(value, bool):
        return Text.of(str(value).lower())
    return Text.of(value if isinstance(value, str | Text | Ref) else str(value))


def _known(templates: Mapping[str, str], scope: Scope) -> dict[str, tuple[Text, ...]]:
    """The templates filled in, without those that need a field which is left out."""
    found = {}
    for name, template in templates.items():
        try:
            found[name] = fill_all(template, scope)
        except LeftOutError:
            continue
    return found


def _attribute(terraform: str, template: str) -> Text:
    """An attribute of the Terraform resource by its name, or a text with `${ATTRIBUTE}` in it."""
    if "${" not in template:
        template = "${" + template + "}"
    return interpolate(template, lambda name: Text.of(Ref(f"{terraform}.{name}")))
