"""The references of a manifest, `${…}`, and what each stands for."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, UnknownReferenceError, interpolate
from rolewright.core.inputs import IMAGE_TAG
from rolewright.core.text import Ref, Text
from rolewright.manifest.additions import Additions
from rolewright.manifest.input_places import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.core.inputs import Input
    from rolewright.core.model import Resource
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

UNRESOLVED = Text.of("unresolved")
"""Stands in for a value that cannot be resolved, so that reading can go on; the reason is a finding."""


@dataclass(frozen=True)
class References:
    """The meanings of `${…}` in a manifest: names that every manifest has, and the resources resolved so far.

    `attributes` has the names that may follow the key of each resource, by its type.
    """

    names: Mapping[str, Text]
    attributes: Mapping[str, tuple[str, ...]]
    resources: Additions[Resource]
    inputs: Mapping[str, Input] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest, catalog: Catalog, inputs: Iterable[Input] = ()) -> References:
        """Return the references of a manifest of which no resource is resolved yet."""
        listed = {given.name: given for given in inputs}
        names = {"workload": Text.of(manifest.data["workload"]), **CONTEXT}
        if "environments" in manifest.data:
            names["environment"] = Text.of(Ref("var.environment"))
        described: Mapping[str, Any] = manifest.data.get("resources", {})
        attributes = {key: tuple(catalog.resources[resource["type"]].attributes) for key, resource in described.items()}
        names |= {f"inputs.{given.name}": Text.of(Ref(given.reference)) for given in listed.values()}
        return cls(names, attributes, Additions({}), listed)

    def with_resource(self, resource: Resource) -> References:
        """Add a resource that is resolved."""
        return replace(self, resources=self.resources.adding({resource.key: resource}))

    def text(self, raw: str) -> Text:
        """Return a string with its references resolved; UNRESOLVED if one of them does not refer to anything."""
        try:
            return self._separated(interpolate(raw, self._meaning))
        except UnknownReferenceError:
            return UNRESOLVED

    def whole(self, raw: str) -> Ref | None:
        """Return the reference to an input that is no text, where the string is nothing but that."""
        match = WHOLE.fullmatch(raw)
        given = self.inputs.get(match[1]) if match is not None else None
        return Ref(given.reference) if given is not None and given.type != "string" else None

    def _separated(self, text: Text) -> Text:
        """Return a text in which a digest of an image stands after `@`, and a tag after `:`."""
        tags = {given.reference: given for given in self.inputs.values() if given.kind == IMAGE_TAG}
        parts: list[str | Ref] = []
        for part in text.parts:
            before = parts[-1] if parts else ""
            if isinstance(part, Ref) and part.expression in tags and isinstance(before, str) and before.endswith(":"):
                parts[-1:] = [before[:-1], Ref(tags[part.expression].separator)]
            parts.append(part)
        return Text.of(*parts)

    def findings(self, manifest: Manifest, raw: str, path: PathInTree) -> tuple[Finding, ...]:
        """Return a finding for the first reference in the string at a path that does not refer to anything, if any."""
        try:
            interpolate(raw, self._meaning)
        except UnknownReferenceError as error:
            listed = [f"resources.{key}.{name}" for key, names in self.attributes.items() for name in names]
            if error.name in listed:
                entry = error.name.rpartition(".")[0]
                message = f"${{{error.name}}} has no value: {entry} leaves out the field that it is made of"
                return (manifest.finding("manifest-interpolation", message, f"give that field in {entry}", path),)
            known_names = [*self.names, *listed]
            near = difflib.get_close_matches(error.name, known_names, 1, 0.4)
            message = f"${{{error.name}}} does not refer to anything"
            remedy = f"did you mean ${{{near[0]}}}? " if near else f"use one of: {', '.join(known_names)}; "
            return (manifest.finding("manifest-interpolation", message, remedy + "write $${ for a literal ${", path),)
        return ()

    def _meaning(self, name: str) -> Text | None:
        match name.split("."):
            case ["resources", key, attribute] if key in self.resources:
                return self.resources[key].attributes.get(attribute)
            case ["resources", key, attribute]:  # part of a circle, or not a resource at all
                return UNRESOLVED if attribute in self.attributes.get(key, ()) else None
            case _:
                return self.names.get(name)
