"""The schema of the AWS provider, in both major versions that a module has to work with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from rolewright.data import archive

if TYPE_CHECKING:
    from collections.abc import Mapping

BlockKind = Literal["resource", "data"]

MAJORS = (5, 6)


@dataclass(frozen=True)
class AttributeSchema:
    """One attribute. `type` is Terraform's JSON type: "string", ["list", "string"], ["object", {…}] …

    `optional` and `computed` together mean that the provider fills in what the module leaves out. `instead` is what
    takes the place of a deprecated one and is not known to the major before, so that a module for both has to keep it.
    """

    required: bool
    optional: bool
    computed: bool
    deprecated: bool
    type: Any
    instead: str = ""

    @property
    def settable(self) -> bool:
        """Return whether a module may set it."""
        return self.required or self.optional


@dataclass(frozen=True)
class NestedBlock:
    """One nested block. `at_most` 0 means any number.

    `nesting` is Terraform's: "list", "set", "map", "single" or "group"; and "any" where the derived schema
    of 6.x does not know what is inside.
    """

    nesting: str
    at_least: int
    at_most: int
    content: TypeSchema


@dataclass(frozen=True)
class TypeSchema:
    """The attributes and nested blocks of a resource, a data source or a block inside one."""

    attributes: Mapping[str, AttributeSchema]
    blocks: Mapping[str, NestedBlock]
    deprecated: bool


@cache
def schema(major: int, kind: BlockKind, type_: str) -> TypeSchema | None:
    """Return the schema of a resource or data source in provider `major`, or None if that major does not have it.

    The schema of 5.x is the provider's own; that of 6.x is derived (build_provider6_schema.py), with the
    deprecations from other sources (deprecations_6.json). Raises FileNotFoundError for a major that is not
    in MAJORS.
    """
    described = archive.read(_file(major), f"{kind}/{type_}")
    if described is None:
        return None
    return _block(described, _known_deprecations().get(f"{kind}/{type_}", {}) if major == MAJORS[-1] else {})


@cache
def names(major: int, kind: BlockKind) -> tuple[str, ...]:
    """Return the names of all resources or data sources of a major, sorted."""
    return tuple(
        entry.removeprefix(f"{kind}/") for entry in archive.entries(_file(major)) if entry.startswith(f"{kind}/")
    )


@cache
def versions() -> Mapping[int, str]:
    """Return the version of the provider that each major's schema was taken from."""
    return {major: archive.read(_file(major), "version") for major in MAJORS}


def _file(major: int) -> str:
    return f"provider_{major}.zip"


@cache
def _known_deprecations() -> dict[str, dict[str, dict[str, str]]]:
    """Return `resource/TYPE` or `data/TYPE` → dotted path of an argument → `source` and `instead`."""
    sources_by_path: dict[str, dict[str, dict[str, str]]] = archive.read_plain("deprecations_6.json")
    return sources_by_path


def _block(described: dict[str, Any], deprecated: Mapping[str, Mapping[str, str]], path: str = "") -> TypeSchema:
    return TypeSchema(
        attributes={
            name: AttributeSchema(
                required="r" in flags,
                optional="o" in flags,
                computed="c" in flags,
                deprecated="d" in flags or path + name in deprecated,
                type=type_,
                instead=deprecated.get(path + name, {}).get("instead", ""),
            )
            for name, (flags, type_) in described["attributes"].items()
        },
        blocks={
            name: NestedBlock(nesting, at_least, at_most, _block(content, deprecated, f"{path}{name}."))
            for name, (nesting, at_least, at_most, content) in described["blocks"].items()
        },
        deprecated=described.get("deprecated", False),
    )
