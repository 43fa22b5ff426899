"""The values of a manifest with their references resolved; what differs between environments → variables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rolewright.core.text import Ref, Text
from rolewright.manifest.environments import variable_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.finding import Finding
    from rolewright.core.model import Environment
    from rolewright.manifest.bindings import Bindings
    from rolewright.manifest.document import Manifest
    from rolewright.manifest.references import References
    from rolewright.yaml.load import PathInTree

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Resolved(Generic[T_co]):
    """The result of a step of reading: its value, the bindings after it, and its findings."""

    value: T_co
    bindings: Bindings
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A value that is resolved as a whole: a scalar, or a value that an environment replaces."""

    path: PathInTree
    raw: Any
    schema: Mapping[str, Any]


def leaves(manifest: Manifest, raw: Any, path: PathInTree, schema: Mapping[str, Any]) -> Iterator[Leaf]:  # noqa: ANN401
    """Yield the leaves of a value, each with the part of the schema that describes it."""
    if isinstance(raw, dict) and not manifest.varies(path):
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
        for key, inner in raw.items():
            inside = properties.get(key, rest if isinstance(rest, dict) else {})
            yield from leaves(manifest, inner, (*path, key), inside)
    elif isinstance(raw, list) and not manifest.varies(path):
        for index, inner in enumerate(raw):
            yield from leaves(manifest, inner, (*path, index), schema.get("items", {}))
    else:
        yield Leaf(path, raw, schema)


def assembled(raw: Any, path: PathInTree, values: Mapping[PathInTree, Any]) -> Any:  # noqa: ANN401 - YAML
    """Return a value with each of its leaves resolved."""
    if path in values:
        return values[path]
    if isinstance(raw, dict):
        return {key: assembled(inner, (*path, key), values) for key, inner in raw.items()}
    return [assembled(inner, (*path, index), values) for index, inner in enumerate(raw)]


def resolve(
    manifest: Manifest,
    raw: Any,  # noqa: ANN401 - YAML
    path: PathInTree,
    schema: Mapping[str, Any],
    references: References,
    bindings: Bindings,
) -> Resolved[Any]:
    """Resolve a value of the manifest: strings become Texts (plain where literal), what differs a Ref."""
    values: dict[PathInTree, Any] = {}
    findings: list[Finding] = []
    for leaf in leaves(manifest, raw, path, schema):
        resolved = resolve_leaf(manifest, leaf, references, bindings)
        values[leaf.path], bindings = resolved.value, resolved.bindings
        findings += resolved.findings
    return Resolved(assembled(raw, path, values), bindings, tuple(findings))


def resolve_leaf(manifest: Manifest, leaf: Leaf, references: References, bindings: Bindings) -> Resolved[Any]:
    """Resolve one leaf of a value."""
    if manifest.varies(leaf.path):
        return _varying(manifest, leaf, references, bindings)
    raw = _scalar(manifest, leaf.raw, leaf.path, leaf.schema)
    if not isinstance(raw, str):
        return Resolved(raw, bindings)
    whole = references.whole(raw)
    if whole is not None:
        return Resolved(whole, bindings)
    text = references.text(raw)
    literal = text.literal
    return Resolved(text if literal is None else literal, bindings, references.findings(manifest, raw, leaf.path))


def _scalar(manifest: Manifest, raw: Any, place: PathInTree, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return a number that may be a string as it is written, and anything else as it is."""
    return manifest.raw(place) if isinstance(raw, int | float) and "string" in schema.get("type", ()) else raw


def _varying(manifest: Manifest, leaf: Leaf, references: References, bindings: Bindings) -> Resolved[Any]:
    """Resolve a value that environments replace, in each of them."""
    path = leaf.path
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for environment in bindings.environments:
        replaced = manifest.replaced[environment.name]
        place = manifest.places[environment.name].get(path, path)
        raw = _scalar(manifest, replaced.get(path, leaf.raw), place, leaf.schema)
        values[environment.name] = _grounded(raw, references, environment)
        findings += _ungrounded(manifest, raw, place, references, environment)
    if path[0] == "resources":
        settled = _entries(manifest, values, path, bindings)
    else:
        settled = _variable(values, path, bindings)
    return replace(settled, findings=(*findings, *settled.findings))


def _grounded(raw: Any, references: References, environment: Environment) -> Any:  # noqa: ANN401 - YAML
    """Return a value as it goes into a tfvars file, where nothing can be referred to."""
    if isinstance(raw, list):
        return [_grounded(inner, references, environment) for inner in raw]
    return references.text(raw).ground(environment.values) if isinstance(raw, str) else raw


def _ungrounded(
    manifest: Manifest,
    raw: Any,  # noqa: ANN401 - YAML
    path: PathInTree,
    references: References,
    environment: Environment,
) -> Iterator[Finding]:
    """Yield a finding for each reference that keeps a value out of a tfvars file."""
    if isinstance(raw, list):
        for index, inner in enumerate(raw):
            yield from _ungrounded(manifest, inner, (*path, index), references, environment)
    elif isinstance(raw, str):
        yield from references.findings(manifest, raw, path)
        parts = references.text(raw).parts
        if any(isinstance(part, Ref) and part.expression not in environment.values for part in parts):
            yield manifest.finding(
                "environment-override",
                "this refers to a value that AWS generates, so an environment cannot state it",
                "state it once, outside `environments`",
                path,
            )


def _entries(manifest: Manifest, values: Mapping[str, Any], path: PathInTree, bindings: Bindings) -> Resolved[Any]:
    """Resolve a list that environments replace: each entry may differ, but the number of entries may not."""
    lists = [value for value in values.values() if isinstance(value, list)]
    if not lists:
        return _variable(values, path, bindings)
    findings: list[Finding] = []
    if len(set(map(len, lists))) > 1:
        finding = manifest.finding(
            "environment-override",
            f"`{'.'.join(map(str, path))}` must have the same number of entries in every environment",
            "list as many entries in each environment as in the others",
            path,
        )
        findings.append(finding)
    entries = []
    for index in range(min(map(len, lists))):
        here = {name: value[index] for name, value in values.items()}
        entry = _entries(manifest, here, (*path, index), bindings)
        entries.append(entry.value)
        bindings = entry.bindings
        findings += entry.findings
    return Resolved(entries, bindings, tuple(findings))


def _variable(values: Mapping[str, Any], path: PathInTree, bindings: Bindings) -> Resolved[Any]:
    """Make a value that differs a variable of the module."""
    sample = next(iter(values.values()))
    if len({repr(value) for value in values.values()}) == 1:
        return Resolved(sample, bindings)
    types = ((list, "list(string)"), (str, "string"), (bool, "bool"))
    type_ = next((name for kind, name in types if isinstance(sample, kind)), "number")
    dotted = ".".join(map(str, path))
    reference, bound = bindings.bind(variable_name(path), type_, f"{dotted} of the manifest", values)
    return Resolved(Text.of(reference) if type_ == "string" else reference, bound)
