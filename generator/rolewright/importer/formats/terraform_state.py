"""What `terraform show -json` prints of a state or a plan → its resources, with what is secret or unknown held."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue, SecretValue
from rolewright.importer.field_table import format_data
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.yaml.load import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.yaml.load import PathInTree

DATA = "terraform"
_INDEX = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_UNSET: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class StateResource:
    """A resource of a state or a plan: `path` is where it stands, `values` are its attributes without those not set.

    `references` are the addresses that each of its attributes refers to, where a plan says it.
    """

    address: str
    type: str
    label: str
    made: bool
    path: PathInTree
    values: Mapping[str, Any]
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def below(self) -> PathInTree:
        """Return where its attributes stand."""
        return (*self.path, "values")


class Estate:
    """The resources of a state or a plan, and how they refer to each other.

    `tree` is the document as it is read: without attributes that are not set, with JSON in place of its text, and with
    held values in place of what is secret or known after an apply alone.
    """

    def __init__(self, tree: Tree) -> None:
        self._changes = {
            text(change.get("address")): mapping(mapping(change.get("change")).get("after_unknown"))
            for _, change in mappings(tree.data.get("resource_changes"))
        }
        self._expressions = dict(_expressions(mapping(tree.data.get("configuration")).get("root_module"), ""))
        self.section = "values" if "values" in tree.data else "planned_values"
        data = dict(tree.data)
        self.resources: list[StateResource] = []
        self.modules: list[PathInTree] = []
        root = mapping(mapping(data.get(self.section)).get("root_module"))
        data[self.section] = {
            **mapping(data.get(self.section)),
            "root_module": self._module(root, (self.section, "root_module")),
        }
        self.tree = Tree(tree.file, data, tree.places, tree.base, tree.source)
        self.planned = self.section != "values"

    def of(self, type_: str) -> Iterator[StateResource]:
        """Yield the resources of a type that Terraform makes."""
        return (resource for resource in self.resources if resource.type == type_ and resource.made)

    def linked(
        self,
        resource: StateResource,
        attribute: str,
        type_: str,
        value: Any = None,  # noqa: ANN401 - JSON
    ) -> StateResource | None:
        """Return the resource of a type that an attribute names, by its value or by what a plan says of it.

        `value` is the part of the attribute that names it, where it has several.
        """
        value = resource.values.get(attribute) if value is None else value
        if not isinstance(value, HeldValue):
            return self.named(value, type_, resource) if isinstance(value, str) else None
        index = _indexes(resource.address)
        near = [
            each
            for each in self.of(type_)
            if any(reference == _INDEX.sub("", each.address) for reference in resource.references.get(attribute, ()))
        ]
        alike = [each for each in near if _indexes(each.address) == index] or near
        return alike[0] if len(alike) == 1 else None

    def named(self, value: str, type_: str, near: StateResource) -> StateResource | None:
        """Return the resource of a type that has this name, ARN or id, as another resource names it; None if unclear.

        Accounts, regions and event buses may each have one of a name: the one that is meant is in the place, or in the
        module, of what names it.
        """
        alike = self.called(value, type_)
        for tell_apart in (_of_one_place, _of_one_module):
            if len(alike) > 1:
                alike = [each for each in alike if tell_apart(each, near)]
        return alike[0] if len(alike) == 1 else None

    def called(self, value: str, type_: str) -> list[StateResource]:
        """Return the resources of a type that have this name, ARN or id."""
        keys = listed(format_data(DATA).facts["identities"])
        return [each for each in self.of(type_) if value in [each.values.get(key) for key in keys]]

    def _module(self, module: dict[str, Any], path: PathInTree) -> dict[str, Any]:
        read = dict(module)
        self.modules.append(path)
        if isinstance(module.get("resources"), list):
            read["resources"] = [
                self._resource(each, (*path, "resources", number)) if isinstance(each, dict) else each
                for number, each in enumerate(module["resources"])
            ]
        if isinstance(module.get("child_modules"), list):
            read["child_modules"] = [
                self._module(each, (*path, "child_modules", number)) if isinstance(each, dict) else each
                for number, each in enumerate(module["child_modules"])
            ]
        return read

    def _resource(self, entry: dict[str, Any], path: PathInTree) -> dict[str, Any]:
        type_, address = text(entry.get("type")), text(entry.get("address"))
        expressions = self._expressions.get(_INDEX.sub("", address), {})
        unknown = {
            name: value
            for name, value in self._changes.get(address, {}).items()
            if value is not True or name in expressions
        }
        shown = _shown(mapping(entry.get("values")), entry.get("sensitive_values"), unknown, address)
        values = {name: value for name, value in mapping(shown).items() if value not in _UNSET}
        for name in listed(format_data(DATA).facts["json"].get(type_)):
            if name in values:
                values[name] = _parsed(mapping(entry.get("values")).get(name), values[name])
        for name, renamed in mapping(format_data(DATA).facts["api"].get(type_)).items():
            if name in values:
                value = values.pop(name)
                plain = name in listed(format_data(DATA).facts["json"].get(type_))
                spelled = value if plain else _as_api(value)
                values[renamed] = spelled if renamed in format_data(DATA).facts["lists"] else _single(spelled)
        renamed_to = mapping(format_data(DATA).facts["api"].get(type_))
        references = {
            renamed_to.get(name, name): tuple(_references(value, address.rpartition(f"{type_}.")[0]))
            for name, value in expressions.items()
        }
        self.resources.append(
            StateResource(
                address, type_, text(entry.get("name")), entry.get("mode") != "data", path, values, references
            )
        )
        return {**entry, "values": values}


def _of_one_place(one: StateResource, other: StateResource) -> bool:
    """Return whether nothing says that two resources are of different accounts, regions or event buses."""
    for name in listed(format_data(DATA).facts["tells_apart"]):
        here, there = (text(each.values.get(name)) for each in (one, other))
        if here.startswith("arn:") and there.startswith("arn:"):
            parts = zip(here.split(":")[3:5], there.split(":")[3:5], strict=True)
            if any(left and right and left != right for left, right in parts):
                return False
        elif here and there and here != there:
            return False
    return True


def _of_one_module(one: StateResource, other: StateResource) -> bool:
    return one.address.rpartition(f"{one.type}.")[0] == other.address.rpartition(f"{other.type}.")[0]


def _indexes(address: str) -> tuple[str, ...]:
    return tuple(_INDEX.findall(address))


def _expressions(module: Any, prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 - JSON
    """Yield the address of each resource of the configuration, without indexes, with its expressions."""
    for _, resource in mappings(mapping(module).get("resources")):
        yield f"{prefix}{text(resource.get('address'))}", mapping(resource.get("expressions"))
    for name, call in mapping(mapping(module).get("module_calls")).items():
        yield from _expressions(mapping(call).get("module"), f"{prefix}module.{name}.")


def _references(expression: Any, prefix: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    for reference in listed(mapping(expression).get("references")):
        yield f"{_INDEX.sub('', prefix)}{_INDEX.sub('', text(reference))}"
    blocks = expression if isinstance(expression, list) else mapping(expression).values()
    for inner in blocks:
        if isinstance(inner, dict | list):
            yield from _references(inner, prefix)


def _shown(value: Any, secret: Any, unknown: Any, address: str, within: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a value with held ones in place of what is secret, or known after an apply alone."""
    if unknown is True and value in _UNSET:
        return HeldValue(f"what {address} has here is known only after an apply", None)
    if isinstance(value, dict):
        keys = [*value, *(key for key in mapping(unknown) if key not in value)]
        kept = format_data(DATA).facts["kept_empty"]
        parts = {
            key: _shown(
                value.get(key), secret is True or mapping(secret).get(key), mapping(unknown).get(key), address, key
            )
            for key in keys
        }
        return {
            key: part
            for key, part in parts.items()
            if part is not None and (part not in _UNSET or within in kept or not isinstance(part, str | list | dict))
        }
    if isinstance(value, list):
        secrets, unknowns = listed(secret), listed(unknown)
        return [
            _shown(
                inner,
                secret is True or (secrets[number] if number < len(secrets) else None),
                unknowns[number] if number < len(unknowns) else None,
                address,
            )
            for number, inner in enumerate(value)
        ]
    if secret is True and value is not None:
        return SecretValue(f"Terraform marks what {address} has here as sensitive", None)
    return value


def _parsed(written: Any, shown: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what a text of JSON says; of a secret one the names and numbers alone."""
    if not isinstance(written, str) or (isinstance(shown, HeldValue) and not isinstance(shown, SecretValue)):
        return shown
    try:
        parsed = json.loads(written)
    except (ValueError, RecursionError):
        return shown
    return _without_text(parsed, shown) if isinstance(shown, SecretValue) else _trimmed(parsed)


def _trimmed(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value without the lists and mappings of nothing that AWS adds to what it gives back."""
    if isinstance(value, dict):
        return {key: _trimmed(inner) for key, inner in value.items() if inner not in (None, [], {})}
    return [_trimmed(inner) for inner in value] if isinstance(value, list) else value


def _without_text(value: Any, held: SecretValue) -> Any:  # noqa: ANN401 - JSON
    """Return a value with a held one in the place of each text that is no name of something in the source."""
    if isinstance(value, dict):
        names = listed(format_data(DATA).facts["names_in_secrets"])
        return {
            key: inner if key in names and isinstance(inner, str) else _without_text(inner, held)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_text(inner, held) for inner in value]
    return held if isinstance(value, str) and value else value


def _as_api(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a block in the spelling of AWS's API: `size_in_gib` is `sizeInGiB`, a single block no list."""
    spelled = mapping(format_data(DATA).facts["spelled"])
    if isinstance(value, dict):
        return {
            spelled.get(key, re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), str(key))): _single(_as_api(inner))
            for key, inner in value.items()
            if inner not in _UNSET
        }
    return [_as_api(inner) for inner in value] if isinstance(value, list) else value


def _single(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) else value
