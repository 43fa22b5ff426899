"""Workload and Catalog → the expected contents of its module: blocks, files and providers."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.blocks import is_reference, module_blocks, read_blocks
from rolewright.blueprint.interpolation import LeftOutError, TemplateScope, UnknownReferenceError, fill, fill_all, names
from rolewright.blueprint.model import INJECTION
from rolewright.core.finding import Finding, Rejected
from rolewright.core.inputs import TAGS
from rolewright.core.model import Contents, ExpectedBlock
from rolewright.core.text import Ref, Text, ground
from rolewright.data import provider
from rolewright.grants.network import opened_ports
from rolewright.hcl.literal import identifier
from rolewright.manifest.derived import is_given
from rolewright.manifest.identities import identities
from rolewright.manifest.resources import compute_fields, compute_scope, field_scope, injected_values, resource_scope

_THIS = re.compile(r"(?<=[a-z0-9])\.this(?=[._]|$)")

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.blocks import ArgumentValue, BlockBlueprint
    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Location
    from rolewright.core.model import Workload
    from rolewright.yaml.schema import Schema


def expected_contents(workload: Workload, catalog: Catalog) -> Contents:
    """Return the blocks, files and providers that the module must have, from the blueprints' YAML alone."""
    module = module_blocks(catalog.module)
    compute = catalog.computes[workload.compute.type]
    tags = _tags(workload)
    opened = [{"port": port.number, "protocol": port.protocol} for port in opened_ports(workload, catalog)]
    fields: dict[str, Any] = {
        **workload.compute.fields,
        "exclusive": workload.exclusive,
        "opened_ports": opened,
    }
    has_environments = any(environment.name for environment in workload.environments)
    base = Text.of(workload.name, "-", Ref("var.environment")) if has_environments else Text.of(workload.name)
    scope = {"names.base": base, **compute_scope(workload), **_mentioned(workload, "", workload.compute.fields)}
    injected = [f"{use.resource}:{use.part}" for use in workload.compute.uses if use.verbs == (INJECTION,)]
    values = injected_values(workload, catalog, {key: key for key in injected})
    scope |= _identities(workload.compute.fields, compute.fields, workload)
    scope["injected"] = tuple(dict.fromkeys(values.values()))
    of_type = workload.locate("compute.type")
    blocks = list(_filled(read_blocks(module["blocks"]), {}, {}, workload, of_type, tags))
    for key, role in compute.roles.items():
        if is_given(role.when, workload.compute.fields, workload.compute.derived):
            of_role: TemplateScope = {"this": Text.of(key), "role.name": workload.compute.names[f"{key}_role"]}
            blocks += _filled(read_blocks(module["role"]), of_role, fields, workload, of_type, tags)
    blocks += _filled(compute.blocks, scope, fields, workload, of_type, tags)
    for resource in workload.resources.values():
        blueprint = catalog.resources[resource.type]
        if resource.created and blueprint.create is not None:
            own: TemplateScope = {
                **compute_fields(resource.fields, ""),
                **_mentioned(workload, "", resource.fields),
                **resource_scope(resource, blueprint),
                "id": Text.of(identifier(resource.key)),
                "this": Text.of(identifier(resource.key)),
                **_identities(resource.fields, {**blueprint.fields, **blueprint.create.fields}, workload),
            }
            place = workload.locate(f"resources.{resource.key}")
            blocks += _filled(blueprint.create.blocks, own, resource.fields, workload, place, tags)
    environments = [
        f"environments/{environment.name}.tfvars" for environment in workload.environments if environment.name
    ]
    templates = [name.rsplit("/", 1)[1].removesuffix(".j2") for name in compute.templates]
    return Contents(_merged(blocks), (*module["files"], *templates, *environments), module["providers"])


def _identities(fields: Mapping[str, Any], schemas: Mapping[str, Any], workload: Workload) -> TemplateScope:
    """Return the names of lists' entries, by `identities.` and the path of the list."""
    named = identities(fields, schemas, workload)
    return {f"identities.{path}": tuple(map(Text.of, names)) for path, names in named.items()}


def _tags(workload: Workload) -> Mapping[str, Text]:
    """Return the tags of everything that the module makes."""
    has_environments = any(environment.name for environment in workload.environments)
    own = {"workload": Text.of(workload.name), "managed-by": Text.of("rolewright")}
    of_environment = {"environment": Text.of(Ref("var.environment"))} if has_environments else {}
    of_caller = {key: Text.of(v) for given in workload.inputs if given.kind == TAGS for key, v in given.example.items()}
    return {**of_caller, **own, **of_environment, **{key: _text(value) for key, value in workload.tags.items()}}


def _filled(
    blocks: Iterable[BlockBlueprint],
    scope: TemplateScope,
    fields: Mapping[str, Any],
    workload: Workload,
    place: Location,
    tags: Mapping[str, Text],
) -> Iterator[ExpectedBlock]:
    for block in blocks:
        for entry_scope, entry in _entries(block.each, block.only, scope, fields, workload):
            within = {**fields, "each": entry}
            if not _holds(block.when, block.unless, entry_scope, within, workload):
                continue
            name = _address(block, entry_scope, place)
            inner: TemplateScope = {**entry_scope, "this": entry_scope.get("this") or Text.of(name.rpartition(".")[2])}
            texts_of = partial(_all_texts, scope=inner, fields=within, workload=workload)
            arguments = {path: texts_of(values) for path, values in block.arguments.items()}
            own_tags = {
                path.partition(".")[2]: texts[0]
                for path, texts in arguments.items()
                if path.startswith("tags.") and texts
            }
            yield ExpectedBlock(
                name,
                {path: texts for path, texts in arguments.items() if not path.startswith("tags.")},
                block.free,
                block.proven,
                block.ignores,
                block.optional,
                {**tags, **own_tags} if _takes_tags(name) else None,
                tuple(
                    (what, to)
                    for opening in block.opens
                    for what in texts_of(opening.what)
                    for to in texts_of(opening.to)
                ),
                place,
            )


def _address(block: BlockBlueprint, scope: TemplateScope, place: Location) -> str:
    """Return the address of a block. Raises Rejected where it names what an entry of its list lacks."""
    try:
        return fill(_named(block.address, scope), scope).ground({}).replace("-", "_")
    except (LeftOutError, UnknownReferenceError) as error:
        message = f"the address of the block {block.address} cannot be filled in: {error}"
        remedy = "name in it what each entry has, or ${each.identity}, which follows from what the entry says"
        raise Rejected([Finding("blueprint-reference", message, remedy, place)]) from None


def _takes_tags(address: str) -> bool:
    if address.startswith("data."):
        return False
    schema = provider.schema(provider.MAJORS[0], "resource", address.partition(".")[0])
    return schema is not None and "tags" in schema.attributes and "tags_all" in schema.attributes


def _holds(
    when: Iterable[str], unless: Iterable[str], scope: TemplateScope, fields: Mapping[str, Any], workload: Workload
) -> bool:
    return all(_given(condition, scope, fields, workload) for condition in when) and not any(
        _given(condition, scope, fields, workload) for condition in unless
    )


def _given(condition: str, scope: TemplateScope, fields: Mapping[str, Any], workload: Workload) -> bool:
    """Return whether a field is given and not false, or, for `FIELD=VALUE`, whether it has this value."""
    name, equals, wanted = condition.partition("=")
    if not equals:
        is_set = is_given(name, fields, workload.compute.derived) or isinstance(fields.get(name), dict)
        return is_set or _of_resource(name, scope, fields)
    node: Any = fields
    for step in name.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return (node.literal if isinstance(node, Text) else _plain(node)) == wanted


def _plain(value: Any) -> str:  # noqa: ANN401 - YAML
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_resource(name: str, scope: TemplateScope, fields: Mapping[str, Any]) -> bool:
    """Return whether a condition (`target.definition`) names an attribute of the resource whose key a field gives."""
    node: Any = fields
    for step in name.split(".")[:-1]:
        node = node.get(step) if isinstance(node, dict) else None
    return isinstance(node, str | Text) and scope.get(name) is not None


def _texts(value: ArgumentValue, scope: TemplateScope, fields: Mapping[str, Any], workload: Workload) -> Iterator[Text]:
    """Yield the texts of a value: none where its condition does not hold, or a field that it names is left out."""
    if not _holds(value.when, value.unless, scope, fields, workload):
        return
    full_scope: TemplateScope = {**dict.fromkeys(names(value.template)), **scope}
    full_scope |= {
        name: Text.of(Ref(_named(name, scope)))
        for name in names(value.template)
        if is_reference(name) and name.partition(".")[0] not in fields
    }
    try:
        yield from fill_all(value.template, full_scope)
    except LeftOutError:
        return


def _all_texts(
    values: Iterable[ArgumentValue], scope: TemplateScope, fields: Mapping[str, Any], workload: Workload
) -> tuple[Text, ...]:
    return tuple(chain.from_iterable(_texts(value, scope, fields, workload) for value in values))


def _named(address: str, scope: TemplateScope) -> str:
    """Return an address, or a reference, with the name that `this` stands for in it."""
    text = scope.get("this")
    return _THIS.sub(f".{text.ground({})}", address) if isinstance(text, Text) else address


def _entries(
    each: str, only: Schema, scope: TemplateScope, fields: Mapping[str, Any], workload: Workload
) -> Iterator[tuple[TemplateScope, Any]]:
    """Yield the scope of a block with the entry that it is for: once, or for each entry of a list that fits `only`."""
    if not each:
        yield scope, None
        return
    node: Any = fields
    for step in each.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    values = workload.environments[0].values  # an entry is of the same kind in every environment
    named = scope.get(f"identities.{each}")
    for index, entry in enumerate(node or ()):
        if not only.accepts(ground(entry, values)):
            continue
        inner = compute_fields(entry, "each.") if isinstance(entry, dict) else {"each": _text(entry)}
        inner |= _mentioned(workload, "each.", entry if isinstance(entry, dict) else {})
        own: TemplateScope = {"each.identity": named[index]} if isinstance(named, tuple) else {}
        yield {**scope, **inner, **own}, entry


def _mentioned(workload: Workload, prefix: str, fields: Mapping[str, Any]) -> TemplateScope:
    """Return the scope of fields inside mappings and lists, and of resources whose keys are in fields."""
    scope: TemplateScope = {}
    for name, value in fields.items():
        path = prefix + name
        if isinstance(value, dict):
            scope |= _mentioned(workload, f"{path}.", value)
            keys = [str(key) for key in value.values() if isinstance(key, str | Text)]
            scope |= _attributes(workload, path, keys, several=True)
        elif isinstance(value, list):
            entries = [field_scope(entry) for entry in value if isinstance(entry, dict)]
            for part in dict.fromkeys(chain.from_iterable(entries)):
                texts = [entry[part] for entry in entries if isinstance(entry.get(part), Text)]
                scope[f"{path}.{part}"] = tuple(text for text in texts if isinstance(text, Text))
                keys = [text.literal or "" for text in texts if isinstance(text, Text)]
                scope |= _attributes(workload, f"{path}.{part}", keys, several=True)
        else:
            literal = value.literal if isinstance(value, Text) else value
            scope |= _attributes(workload, path, [literal] if isinstance(literal, str) else [], several=False)
    return scope


def _attributes(workload: Workload, path: str, keys: list[str], *, several: bool) -> TemplateScope:
    scope: TemplateScope = {}
    resources = [workload.resources[key] for key in dict.fromkeys(keys) if key in workload.resources]
    for name in dict.fromkeys(name for resource in resources for name in resource.attributes):
        texts = tuple(resource.attributes[name] for resource in resources if name in resource.attributes)
        scope[f"{path}.{name}"] = texts if several else texts[0]
    if any(resource.created for resource in resources):
        scope[f"{path}.created"] = Text.of("true")
    return scope


def _merged(blocks: Iterable[ExpectedBlock]) -> tuple[ExpectedBlock, ...]:
    """Return each address once, with what all say of it.

    Entries of a list may share a block, and a compute type may add to the block of a role that every module has.
    """
    by_address: dict[str, ExpectedBlock] = {}
    for block in blocks:
        before = by_address.get(block.address)
        if before is None:
            by_address[block.address] = block
            continue
        paths = dict.fromkeys((*before.arguments, *block.arguments))
        by_address[block.address] = replace(
            block,
            arguments={path: (*before.arguments.get(path, ()), *block.arguments.get(path, ())) for path in paths},
            free=tuple(dict.fromkeys((*before.free, *block.free))),
            proven=tuple(dict.fromkeys((*before.proven, *block.proven))),
            opens=(*before.opens, *block.opens),
            optional=before.optional and block.optional,
        )
    return tuple(by_address.values())


def _text(value: Any) -> Text:  # noqa: ANN401 - a value of a manifest
    return value if isinstance(value, Text) else Text.of(str(value))
