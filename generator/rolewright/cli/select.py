"""Which of the manifests a run is for: what a change touches, and one share of several."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import say
from rolewright.core.files import real
from rolewright.core.finding import Rejected
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rolewright.core.finding import Location

ChangedSince = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="REV",
        help="Only what differs from this revision of git: the manifest, its module in the output, or the blueprints.",
    ),
]
Shard = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only the I-th of N shares of the manifests, for runs side by side."),
]
_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


@dataclass(frozen=True)
class Selection:
    """The manifests of this run, in their order. `others` are the workloads of all shares, where there are several."""

    manifests: list[Path]
    others: tuple[tuple[str, Location], ...] = ()


def select(
    manifests: Iterable[Path],
    since: str | None,
    shard: str | None,
    blueprints: Sequence[Path] | None,
    output: Path | None = None,
) -> Selection:
    """Cut the manifests down. Raises Rejected where git does not know the revision, BadParameter for no share."""
    kept = list(dict.fromkeys(manifests))
    if since is not None:
        kept = _touched(kept, since, blueprints or (), output)
        if not kept:
            say(f"no manifest differs from {since}", err=True)
    if shard is None:
        return Selection(kept)
    found = _SHARD.fullmatch(shard)
    if found is None or int(found[1]) > int(found[2]):
        raise typer.BadParameter(f"{shard} is no share: 2/4 is the second of four")
    share, shares = int(found[1]), int(found[2])
    return Selection(kept[share - 1 :: shares], tuple(one for manifest in kept for one in workloads(manifest)))


def workloads(manifest: Path) -> list[tuple[str, Location]]:
    """Return the workloads of a file and the places of their names, whether or not it is a valid manifest."""
    try:
        trees = load(manifest).trees
    except Rejected:
        return []
    data = ((tree, tree.data.get("workload") if isinstance(tree.data, dict) else None) for tree in trees)
    return [(name, tree.location(("workload",), key=True)) for tree, name in data if isinstance(name, str)]


def _touched(manifests: list[Path], since: str, blueprints: Sequence[Path], output: Path | None) -> list[Path]:
    from rolewright.core.git import changed_since  # noqa: PLC0415 - only for git

    if not manifests:
        return []
    changed = changed_since(since, real(manifests[0]).parent)
    if any(one.is_relative_to(real(folder)) for folder in blueprints for one in changed):
        return manifests
    modules = (
        {one.relative_to(real(output)).parts[0] for one in changed if real(output) in one.parents} if output else ()
    )
    return [
        manifest
        for manifest in manifests
        if real(manifest) in changed or (modules and any(name in modules for name, _ in workloads(manifest)))
    ]
