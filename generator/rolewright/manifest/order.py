"""The order in which the values of resources are resolved: what is referred to comes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import references
from rolewright.manifest.document import fields_of, strings
from rolewright.manifest.values import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.manifest.document import Manifest
    from rolewright.manifest.references import References


@dataclass(frozen=True)
class ResolutionStep:
    """A value of the resource `key` to resolve; the resource itself, all of whose values are, where `leaf` is None."""

    key: str
    leaf: Leaf | None


@dataclass(frozen=True)
class ResolutionOrder:
    """The steps in an order in which each refers only to resources of earlier steps, but for circles, the findings."""

    steps: tuple[ResolutionStep, ...]
    findings: tuple[Finding, ...]


def resolution_order(manifest: Manifest, catalog: Catalog, meanings: References) -> ResolutionOrder:
    """Order the resources of a manifest, in the manifest's order as far as references allow."""
    steps: list[ResolutionStep] = []
    findings: list[Finding] = []
    begun: set[str] = set()
    for first in meanings.attributes:
        waiting = {} if first in begun else {first: _visits(manifest, catalog, meanings, first)}
        begun.add(first)
        while waiting:
            key = next(reversed(waiting))
            visit = next(waiting[key], None)
            if visit is None:
                del waiting[key]
            elif isinstance(visit, ResolutionStep):
                steps.append(visit)
            elif visit in waiting:
                findings.append(
                    manifest.finding(
                        "manifest-circle",
                        "these resources refer to each other in a cycle: " + " → ".join([*waiting, visit]),
                        "write one of the values directly instead of referring to another resource; of an `admit` or a"
                        " `logs_of` that one, since the reference the other way is what is checked",
                        ("resources", visit),
                        key=True,
                    )
                )
            elif visit not in begun:
                begun.add(visit)
                waiting[visit] = _visits(manifest, catalog, meanings, visit)
    return ResolutionOrder(tuple(steps), tuple(findings))


def _visits(manifest: Manifest, catalog: Catalog, meanings: References, key: str) -> Iterator[str | ResolutionStep]:
    """Yield the steps of a resource, each after the keys that it refers to."""
    described: dict[str, Any] = manifest.data["resources"][key]
    fields = fields_of(catalog.resources[described["type"]], described)
    schemas: dict[str, Any] = {name: schema for name, schema in fields.items() if name in described}
    if "arn" in described:
        schemas["arn"] = {}
    for name, schema in schemas.items():
        for leaf in leaves(manifest, described[name], ("resources", key, name), schema):
            for raw in _raw_texts(manifest, leaf):
                yield from _referred(manifest, catalog, meanings, raw)
            yield ResolutionStep(key, leaf)
    yield ResolutionStep(key, None)


def _raw_texts(manifest: Manifest, leaf: Leaf) -> Iterator[str]:
    """Yield the strings of a leaf, in each environment where it differs."""
    values = [leaf.raw]
    if manifest.varies(leaf.path):
        values = [replaced.get(leaf.path, leaf.raw) for replaced in manifest.replaced.values()]
    for value in values:
        yield from (text for _, text in strings(value))


def _referred(manifest: Manifest, catalog: Catalog, meanings: References, raw: str) -> Iterator[str]:
    """Yield the resources that a string refers to, up to the first reference that does not refer to anything."""
    for name in references(raw):
        match name.split("."):
            case ["resources", key, attribute] if key in meanings.attributes:
                yield key
                described = manifest.data["resources"][key]
                creation = catalog.resources[described["type"]].create if described.get("create") is True else None
                if attribute not in (*meanings.attributes[key], *(creation.attributes if creation else ())):
                    return
            case _ if name not in meanings.names:
                return
            case _:
                continue
