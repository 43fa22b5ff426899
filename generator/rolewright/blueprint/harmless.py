"""The arguments of a module's blocks that permit nothing to anybody, according to the blueprints."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from rolewright.blueprint.blocks import module_blocks, read_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.blocks import BlockBlueprint
    from rolewright.blueprint.catalog import Catalog


def harmless_arguments(catalog: Catalog) -> Mapping[str, Mapping[str, bool]]:
    """Return for each Terraform type the arguments that blueprints name, and whether a difference in one is harmless.

    A difference is not harmless where the argument decides what a block opens; what is proven of roles and policies
    is compared as a set. A path covers everything below it that has no longer path of its own. Raises Rejected for a
    broken blueprint.
    """
    harmless_by_type: dict[str, dict[str, bool]] = {}
    for block in _blocks(catalog):
        first, _, rest = block.address.partition(".")
        paths = harmless_by_type.setdefault(f"data.{rest.partition('.')[0]}" if first == "data" else first, {})
        for path in (*block.free, *block.proven):
            paths.setdefault(path, True)
        for path in block.arguments:
            opens = any(not opening.by or path in opening.by for opening in block.opens)
            paths[path] = paths.get(path, True) and not opens
    return harmless_by_type


def _blocks(catalog: Catalog) -> Iterator[BlockBlueprint]:
    module = module_blocks(catalog.module)
    yield from read_blocks({**module["blocks"], **module["role"]})
    yield from chain.from_iterable(compute.blocks for compute in catalog.computes.values())
    for resource in catalog.resources.values():
        yield from resource.create.blocks if resource.create is not None else ()
