"""The manifest of an import while parts of it are open: as values to judge by, and as text for people to fill in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import (
    HeldNames,
    HeldValue,
    OfInput,
    OfResource,
    PlaceName,
    SourceText,
    in_arn,
    written,
)
from rolewright.importer.fields import inside, marked
from rolewright.importer.secret_values import marked_manifest
from rolewright.importer.shapes import at
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import NoValueError, sample
from rolewright.suggest.changes import block
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.core.model import Workload
    from rolewright.importer.workload import ImportSource, SourceWorkload


class HeldManifest:
    """The manifest of one workload: `values` may have expressions and held values, `tokens` stand for these."""

    def __init__(self, workload: SourceWorkload, source: ImportSource, catalog: Catalog) -> None:
        self.source = source
        self.described = workload.described or source.described
        self.catalog = catalog
        self.tokens = HeldNames()
        values: dict[str, Any] = {
            "version": 1,
            "workload": workload.name,
            **workload.top,
            "compute": {"type": workload.type, **workload.compute},
        }
        if workload.resources:
            values["resources"] = {key: dict(entry) for key, entry in workload.resources.items()}
        if workload.environments:
            values["environments"] = {name: dict(entry) for name, entry in workload.environments.items()}
        self.values = marked_manifest(values, workload.origins)
        self._read = loads("{}", "the manifest").trees[0]

    # As values to judge by

    def schema(self, path: Sequence[Any]) -> Mapping[str, Any]:
        """Return the schema of a field, by its path in the manifest; {} for none."""
        match path:
            case ["environments", _, "compute" | "resources", *_]:
                return self.schema(path[2:])
            case ["compute", name, *rest]:
                schema: Mapping[str, Any] = self.catalog.computes[self.values["compute"]["type"]].fields.get(name, {})
            case ["resources", key, name, *rest]:
                schema = self.catalog.resources[self.values["resources"][key]["type"]].fields.get(name, {})
            case _:
                return {}
        for step in rest:
            schema = inside(schema, step)
        return schema

    def sample(self, path: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of any type
        """Return a value for a field, from its schema or an example of what it is in. Raises NoValueError."""
        try:
            return sample(self.schema(path))
        except NoValueError:
            first = [0 if isinstance(step, int) else step for step in path]  # an example may have fewer entries
            for length in range(2, len(path)):
                for example in self.schema(path[:length]).get("examples", ()):
                    found = at(example, first[length:])
                    if found is not None:
                        return found
            raise

    def read(self, *, with_environments: bool) -> list[Workload]:
        """Read the manifest with values in place of what is open. Raises Rejected."""
        judged = {
            section: self._judged(value, (section,), named=with_environments)
            for section, value in self.values.items()
            if with_environments or section != "environments"
        }
        loaded = loads(json.dumps(judged), "the manifest")
        self._read = loaded.trees[0]
        return list(read_manifest(loaded, self.catalog))

    def path_of(self, finding: Finding) -> list[str]:
        """Return the path of the value that a finding of the last reading is about: that of an override for one."""
        steps = finding.path.split(".")
        for name in self.values.get("environments", {}):
            override = ("environments", name, *(int(step) if step.isdecimal() else step for step in steps))
            if override in self._read.places and self._read.location(override) == finding.location:
                return ["environments", name, *steps]
        return steps

    def _judged(self, value: Any, path: tuple[Any, ...], *, named: bool) -> Any:  # noqa: ANN401 - YAML
        match value:
            case HeldValue(judged=None):
                return self._any_sample(path)
            case HeldValue(judged=SourceText() as text):
                return self._judged_text(text, named=named)
            case HeldValue(judged=judged):
                return judged
            case SourceText():
                return self._judged_text(value, named=named)
            case dict():
                return {key: self._judged(inner, (*path, key), named=named) for key, inner in value.items()}
            case list():
                return [self._judged(inner, (*path, number), named=named) for number, inner in enumerate(value)]
            case str():
                return value.replace("${", "$${")
            case _:
                return value

    def _any_sample(self, path: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of any type
        """Return a value that fits a field, or a text where none can be made, which is refused with its path."""
        try:
            return self.sample(path)
        except NoValueError:
            return "held"

    def _judged_text(self, text: SourceText, *, named: bool) -> str:
        parts = []
        for part in text.parts:
            match part:
                case str():
                    parts.append(part.replace("${", "$${"))
                case PlaceName(name) if named and (name != "environment" or "environments" in self.values):
                    parts.append(f"${{{name}}}")
                case PlaceName(name) if name != "environment" and in_arn("".join(parts)):
                    parts.append(f"${{{name}}}")
                case OfInput(name):
                    parts.append(f"${{inputs.{name}}}")
                case OfResource(known=SourceText() as known):
                    parts.append(self._judged_text(known, named=named))
                case _:
                    parts.append(self.tokens.of(part))
        return "".join(parts)

    # As text

    def text(self) -> str:
        """Return the manifest for people."""
        lines = [f"# Imported from {', '.join(self.source.files)} ({self.source.format})."]
        for section, shown in self._sections().items():
            lines += ["", *block({section: shown})] if section in _APART else list(block({section: shown}))
        return "".join(f"{line}\n" for line in lines)

    def _shown(self, value: Any, linked: Callable[[OfResource], str | None]) -> Any:  # noqa: ANN401 - YAML
        match value:
            case dict():
                return {key: self._shown(inner, linked) for key, inner in value.items()}
            case list():
                return [self._shown(inner, linked) for inner in value]
            case str() | SourceText():
                return self.tokens.written(written(value, linked), linked)
            case _:
                return written(value, linked)

    def _linked(self, part: OfResource) -> str | None:
        described = self.described.get(part.logical)
        if described is None:
            return None
        wanted = {name: self.tokens.judged(value) for name, value in described.fields.items()}
        for key, entry in self.values.get("resources", {}).items():
            alike = entry["type"] == described.type and all(
                self.tokens.judged(entry.get(name)) == value for name, value in wanted.items()
            )
            if alike and part.attribute in self.catalog.resources[described.type].attributes:
                return f"${{resources.{key}.{part.attribute}}}"
        return None

    def to_fill(self) -> list[str]:
        """Return the paths of what has to be filled in."""
        return [".".join(path) for path in marked(self._sections())]

    def _sections(self) -> dict[str, Any]:
        """Return the manifest for people; a resource is not named by a reference to itself."""
        sections = (pair for pair in self.values.items() if pair[0] != "environments")
        shown = {section: self._shown_section(section, value) for section, value in sections}
        environments = {
            name: _beside(shown, {section: self._shown_section(section, value) for section, value in entry.items()})
            for name, entry in self.values.get("environments", {}).items()
        }
        return shown | ({"environments": environments} if environments else {})

    def _shown_section(self, section: str, value: Any) -> Any:  # noqa: ANN401 - YAML
        return self._shown(value, _no_link if section in ("resources", "statements") else self._linked)


def _beside(base: Any, shown: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """Return an environment without what the manifest says in the same words, such as a reference."""
    found: dict[str, Any] = {}
    for key, value in shown.items():
        there = base.get(key)
        kept = _beside(there, value) if isinstance(value, dict) and isinstance(there, dict) else value
        if kept not in (there, {}):
            found[key] = kept
    return found


def _no_link(part: OfResource) -> None:
    """Return no reference, whatever the part."""


_APART = {"compute", "resources", "statements", "environments"}
