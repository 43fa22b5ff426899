"""The `resources` of a manifest, resolved: fields, ARNs, and the attributes that other values may refer to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import own_pattern
from rolewright.blueprint.interpolation import CONTEXT, LeftOutError, TemplateScope, fill, fill_all, interpolate
from rolewright.core.model import Resource
from rolewright.core.text import Condition, Ref, Text
from rolewright.manifest.derived import InconsistentError, derive
from rolewright.manifest.document import fields_of
from rolewright.manifest.input_variables import whole_inputs
from rolewright.manifest.order import resolution_order
from rolewright.manifest.references import UNRESOLVED, References
from rolewright.manifest.values import Resolved, assembled, resolve_leaf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ConditionBlock, Creation, ResourceBlueprint
    from rolewright.core.model import Workload
    from rolewright.manifest.bindings import Bindings
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree


def resolve_resources(manifest: Manifest, catalog: Catalog, bindings: Bindings) -> Resolved[References]:
    """Resolve every resource, each after those that it refers to."""
    references = References.of(manifest, catalog, bindings.inputs.values())
    order = resolution_order(manifest, catalog, references)
    values: dict[PathInTree, Any] = {}
    findings = list(order.findings)
    for step in order.steps:
        if step.leaf is not None:
            leaf = resolve_leaf(manifest, step.leaf, references, bindings)
            values[step.leaf.path], bindings = leaf.value, leaf.bindings
            findings += leaf.findings
        else:
            resource = _resource(manifest, step.key, catalog, values, bindings)
            references, bindings = references.with_resource(resource.value), resource.bindings
            findings += resource.findings
    return Resolved(references, bindings, tuple(findings))


def _resource(
    manifest: Manifest, key: str, catalog: Catalog, values: Mapping[PathInTree, Any], bindings: Bindings
) -> Resolved[Resource]:
    """Put a resource together from its resolved values."""
    described: Mapping[str, Any] = manifest.data["resources"][key]
    blueprint = catalog.resources[described["type"]]
    creation = blueprint.create if described.get("create", False) else None
    schemas = fields_of(blueprint, described)
    stated = {
        name: assembled(described[name], ("resources", key, name), values)
        for name in (*schemas, "arn")
        if name in described
    }
    fields: dict[str, Any] = {name: stated.get(name) for name in schemas}
    arn = Text.of(stated["arn"]) if "arn" in described else None
    identity: Resolved[dict[str, Text]] = Resolved({}, bindings)
    if arn is not None:
        identity = _read_arn(manifest, arn, blueprint, key, bindings)
    bindings = identity.bindings
    context = CONTEXT | {name: text for name, text in identity.value.items() if name in CONTEXT}
    fields |= {
        name: [text] if schemas[name].get("type") == "array" else text
        for name, text in identity.value.items()
        if name in fields
    }
    terraform = f"{blueprint.terraform}.{key.replace('-', '_')}"
    scope: TemplateScope = {**context, **field_scope(fields)}
    arns = {
        name: tuple(whole_inputs(text, bindings.inputs.values()) for text in texts)
        for name, texts in _arns(blueprint, creation, arn, terraform, scope).items()
    }
    scope |= arn_scope(blueprint, arns)
    if creation is not None:
        bindings = _learned(creation, blueprint.terraform, fields, terraform, bindings)
    access = described.get("access", ())
    resource = Resource(
        key=key,
        type=blueprint.type,
        created=creation is not None,
        access=(access,) if isinstance(access, str) else tuple(access),
        fields=fields,
        arns=arns,
        attributes=_attributes(blueprint, creation, arn, terraform, scope),
        context=context,
    )
    return Resolved(resource, bindings, identity.findings)


def _arns(
    blueprint: ResourceBlueprint, creation: Creation | None, own_arn: Text | None, terraform: str, scope: TemplateScope
) -> dict[str, tuple[Text, ...]]:
    """Return the ARNs of a resource: the one in the manifest, those made from its fields, or Terraform's attributes."""
    arns = _filled(blueprint.arns, scope)
    if own_arn is not None:
        first = next(iter(blueprint.arns))
        suffix = ":*" if blueprint.arns[first].endswith(":*") else ""
        ends = [part for part in own_arn.parts[-1:] if isinstance(part, str) and part.endswith(":*")]
        arns[first] = (own_arn if ends or not suffix else own_arn + suffix,)
    if creation is not None:
        arns |= {name: (_attribute(terraform, template),) for name, template in creation.arns.items()}
    return arns


def _attributes(
    blueprint: ResourceBlueprint, creation: Creation | None, own_arn: Text | None, terraform: str, scope: TemplateScope
) -> dict[str, Text]:
    """Return the values of a resource that `${resources.KEY.ATTRIBUTE}` may refer to, by attribute."""
    filled = _filled(blueprint.attributes, scope)
    attributes = {name: texts[0] for name, texts in filled.items() if len(texts) == 1}
    if own_arn is not None and "arn" in attributes:
        attributes["arn"] = own_arn
    if creation is not None:
        attributes |= {name: _attribute(terraform, template) for name, template in creation.attributes.items()}
    return attributes


def _learned(creation: Creation, type_: str, fields: Mapping[str, Any], terraform: str, bindings: Bindings) -> Bindings:
    """Bind each attribute that the resource's own block gets from a field: it is known before Terraform runs."""
    own = next((block.arguments for block in creation.blocks if block.address == f"{type_}.this"), {})
    for name, attribute in creation.attributes.items():
        value = fields.get(name)
        is_given = f"${{{name}}}" in [argument.template for argument in own.get(attribute, ())]
        if is_given and isinstance(value, str | Text):
            bindings = bindings.learn(f"{terraform}.{attribute}", Text.of(value))
    return bindings


def _read_arn(
    manifest: Manifest, arn: Text, blueprint: ResourceBlueprint, key: str, bindings: Bindings
) -> Resolved[dict[str, Text]]:
    """Read the parts of an ARN by field; a part that is the template's default is left out."""
    try:
        pattern = own_pattern(blueprint.own_arn)
        groups, bindings = derive(arn, pattern, ("resources", key), f"the ARN of {key}", bindings)
    except InconsistentError:
        groups = None
    if groups is not None and _names_one(groups, blueprint, bindings):
        return Resolved({name: text for name, text in groups.items() if text != Text.of("*")}, bindings)
    finding = manifest.finding(
        "manifest-arn",
        f"this is not the ARN of {blueprint.summary[0].lower()}{blueprint.summary[1:]}",
        f"write an ARN of the form {blueprint.own_arn}",
        ("resources", key, "arn"),
    )
    return Resolved(dict.fromkeys(blueprint.identified_by, UNRESOLVED), bindings, (finding,))


def _names_one(groups: Mapping[str, Text], blueprint: ResourceBlueprint, bindings: Bindings) -> bool:
    """Return whether the parts of an ARN fit the fields' patterns: the ARN of an index is not that of a table."""
    return all(
        re.search(_pattern(blueprint.fields[name]), text.ground(environment.values)) is not None
        for name, text in groups.items()
        if name in blueprint.fields and text != Text.of("*")
        for environment in bindings.environments
    )


def _pattern(schema: Mapping[str, Any]) -> str:
    """Return the pattern of a field, or that of the entries of a list, of which an ARN has one."""
    return str(schema.get("pattern", schema.get("items", {}).get("pattern", "")))


def field_scope(fields: Mapping[str, Any]) -> TemplateScope:
    """Return the fields that a template may refer to, as Texts; a list gives one for each entry."""
    scope: TemplateScope = {}
    for name, value in fields.items():
        match value:
            case None:
                scope[name] = None
            case list():
                scope[name] = tuple(_text(entry) for entry in value if not isinstance(entry, dict))
            case dict():
                continue
            case _:
                scope[name] = _text(value)
    return scope


def compute_scope(workload: Workload) -> TemplateScope:
    """Return the scope of a compute blueprint's templates: the values that they may refer to, by name."""
    scope: TemplateScope = {**CONTEXT, "workload": Text.of(workload.name), **workload.compute.derived}
    scope |= {f"names.{name}": text for name, text in workload.compute.names.items()}
    return scope | compute_fields(workload.compute.fields, "")


def compute_fields(fields: Mapping[str, Any], prefix: str) -> TemplateScope:
    """Return the fields, and those of the mappings in them, that templates may refer to; names begin with a prefix."""
    scope: TemplateScope = {prefix + name: value for name, value in field_scope(fields).items() if value is not None}
    for name, value in fields.items():
        if isinstance(value, dict):
            scope |= compute_fields(value, f"{prefix}{name}.")
    return scope


def arn_scope(blueprint: ResourceBlueprint, arns: Mapping[str, tuple[Text, ...]]) -> TemplateScope:
    """Return the ARNs of a resource under the names that a template refers to them by."""
    return {f"arns.{name}": arns.get(name) for name in blueprint.arns}


def resource_scope(resource: Resource, blueprint: ResourceBlueprint) -> TemplateScope:
    """Return the scope of a resource blueprint's templates: the values that they may refer to, by name."""
    return {**resource.context, **field_scope(resource.fields), **arn_scope(blueprint, resource.arns)}


def injected_values(workload: Workload, catalog: Catalog, keys: Mapping[str, str]) -> dict[str, Text]:
    """Return for each variable the text that tells the platform what to inject.

    `keys` maps variables to keys of resources, each with the part of the value that is wanted behind a colon.
    """
    values: dict[str, Text] = {}
    for variable, named in keys.items():
        key, _, part = named.partition(":")
        resource = workload.resources[key]
        blueprint = catalog.resources[resource.type]
        (own,) = next(iter(resource.arns.values()))
        generated = resource.created and blueprint.create is not None and blueprint.create.arns
        values[variable] = own if generated else fill(blueprint.injection_value, resource_scope(resource, blueprint))
        if not resource.created and "arn" in resource.attributes and not _by_name(resource):
            values[variable] = resource.attributes["arn"]
        match = re.fullmatch(blueprint.injection_part, part) if part else None
        if match is not None:
            groups = {name: Text.of(found) if found else None for name, found in match.groupdict().items()}
            values[variable] = fill(blueprint.injection_part_value, {**groups, "value": values[variable]})
    return values


def _by_name(resource: Resource) -> bool:
    return resource.context == CONTEXT


def fill_conditions(templates: ConditionBlock, scope: TemplateScope) -> tuple[Condition, ...]:
    """Fill in the conditions of a blueprint; a list gives several values."""
    return tuple(
        Condition(operator, fill(key, scope), tuple(text for value in values for text in fill_all(value, scope)))
        for operator, block in templates.items()
        for key, values in block.items()
    )


def _text(value: str | float | Text | Ref) -> Text:
    if isinstance(value, bool):
        return Text.of(str(value).lower())
    return Text.of(value if isinstance(value, str | Text | Ref) else str(value))


def _filled(templates: Mapping[str, str], scope: TemplateScope) -> dict[str, tuple[Text, ...]]:
    """Fill in the templates, without those that need a field which is left out."""
    texts = {}
    for name, template in templates.items():
        try:
            texts[name] = fill_all(template, scope)
        except LeftOutError:
            continue
    return texts


def _attribute(terraform: str, template: str) -> Text:
    """Return an attribute of the Terraform resource by its name, or a text with `${ATTRIBUTE}` in it."""
    if "${" not in template:
        template = "${" + template + "}"
    return interpolate(template, lambda name: Text.of(Ref(f"{terraform}.{name}")))
