"""Which of the manifests a run is for: what a change touches, and one share of several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.core.files import real
from rolewright.core.finding import MisuseError, Rejected
from rolewright.core.places import steps_to
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from rolewright.core.finding import Location

_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


@dataclass(frozen=True)
class Selection:
    """The manifests of this run, in their order.

    `others` are the workloads of all shares, where there are several, each with the place of its name. `changed` tells
    that any manifest differs from the revision, in this share or in another.
    """

    manifests: list[Path]
    others: tuple[tuple[str, Location], ...] = ()
    changed: bool = True


def select(
    manifests: Iterable[Path],
    since: str | None,
    shard: str | None,
    blueprints: Sequence[Path] | None,
    output: Path | None = None,
) -> Selection:
    """Cut the manifests down to what differs from a revision, and to a share of that such as "2/4".

    Raises Rejected where git does not know the revision, and MisuseError where the text is no share.
    """
    kept = list(dict.fromkeys(manifests))
    if since is not None:
        kept = _touched(kept, since, blueprints or (), output)
    changed = since is None or bool(kept)
    if shard is None:
        return Selection(kept, changed=changed)
    found = _SHARD.fullmatch(shard)
    if found is None or int(found[1]) > int(found[2]):
        raise MisuseError(
            f"--shard {shard} does not have the form I/N with I from 1 to N: "
            "write for example 2/4 for the second of four parts"
        )
    share, shares = int(found[1]), int(found[2])
    others = tuple(workload for manifest in kept for workload in workloads(manifest))
    return Selection(kept[share - 1 :: shares], others, changed)


def workloads(manifest: Path) -> list[tuple[str, Location]]:
    """Return the workloads of a file and the places of their names, whether or not it is a valid manifest."""
    try:
        trees = load(manifest).trees
    except Rejected:
        return []
    data = ((tree, tree.data.get("workload") if isinstance(tree.data, dict) else None) for tree in trees)
    return [(name, tree.location(("workload",), key=True)) for tree, name in data if isinstance(name, str)]


def _touched(manifests: list[Path], since: str, blueprints: Sequence[Path], output: Path | None) -> list[Path]:
    from rolewright.core.git import changed_since, standing  # noqa: PLC0415 - only for git

    if not manifests:
        return []
    tops = dict.fromkeys(standing(manifest) for manifest in manifests)
    changed = {file for top in tops for file in changed_since(since, top)}
    roots = [*blueprints, *([output] if output else [])]
    if any(steps_to(folder) & changed for folder in roots):  # a link to such a folder leads elsewhere
        return manifests
    if any(file.is_relative_to(real(folder)) for folder in blueprints for file in changed):
        return manifests
    modules = (
        {file.relative_to(real(output)).parts[0] for file in changed if real(output) in file.parents} if output else ()
    )
    return [
        manifest
        for manifest in manifests
        if _is_touched(manifest, changed, tops) or (modules and any(name in modules for name, _ in workloads(manifest)))
    ]


def _is_touched(manifest: Path, changed: AbstractSet[Path], tops: Iterable[Path]) -> bool:
    """Return whether a manifest, a link on its way or its text changed, or git does not see whether its text did."""
    text = real(manifest)
    return bool(steps_to(manifest) & changed) or not any(text.is_relative_to(top) for top in tops)
