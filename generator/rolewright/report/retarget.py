"""The outcome of moving workloads to another compute type, for people and for programs."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rolewright.retarget.comparison import Move

_COLUMN = 58


def moves_text(moves: Iterable[Move]) -> str:
    """Return the moves one after the other, trust and platform permissions of both types side by side."""
    return "\n".join("\n".join(_lines(move)) + "\n" for move in moves)


def moves_json(moves: Iterable[Move]) -> list[dict[str, Any]]:
    """Return the moves as plain lists, dicts and strings, ready for `json.dumps`."""
    return [
        {
            "workload": move.workload,
            "carried": list(move.carried),
            "dropped": [{"path": path, "reason": reason} for path, reason in move.dropped.items()],
            "missing": [{"field": name, "description": text} for name, text in move.missing.items()],
            "hints": list(move.hints),
            "access": list(move.access),
            "lost": list(move.lost),
            "gained": list(move.gained),
            "agreements": list(move.agreements),
            **{
                name: {"type": side.type, "trusts": list(side.trusts), "platform": list(side.platform)}
                for name, side in (("before", move.before), ("after", move.after))
            },
        }
        for move in moves
    ]


def _lines(move: Move) -> Iterator[str]:
    yield f"{move.workload}: from {move.before.type} to {move.after.type}"
    if move.lost or move.gained:
        yield "the code's own access is NOT the same:"
        yield from (f"  lost    {line}" for line in move.lost)
        yield from (f"  gained  {line}" for line in move.gained)
    elif move.access:
        where = f" in {', '.join(move.environments)} together" if len(move.environments) > 1 else ""
        yield f"the code's own access is exactly the same: {len(move.access)} permissions{where}"
    else:
        yield "the code has no access of its own, as before"
    if move.carried:
        yield f"carried over: {', '.join(move.carried)}"
    if move.dropped:
        yield "cannot be carried over:"
        yield from (f"  {path}: {reason}" for path, reason in move.dropped.items())
    if move.missing:
        yield "you have to fill in (sample values were used for the comparison):"
        yield from (f"  {name}: {description}" for name, description in move.missing.items())
        yield from (f"  {hint}" for hint in move.hints)
    if move.agreements:
        yield f"the role gets another name, which others have to update in the {', the '.join(move.agreements)}"
    before, after = move.before, move.after
    yield from _columns(f"trust on {before.type}", f"trust on {after.type}", before.trusts, after.trusts)
    heading = "permissions of the platform"
    yield from _columns(heading, heading, before.platform, after.platform)


def _columns(left: str, right: str, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    for before_cells, after_cells in (((left,), (right,)), (before or ("none",), after or ("none",))):
        for pair in itertools.zip_longest(before_cells, after_cells, fillvalue=""):
            cells = [textwrap.wrap(text, _COLUMN, subsequent_indent="    ") for text in pair]
            for cell, beside in itertools.zip_longest(*cells, fillvalue=""):
                yield f"{cell:{_COLUMN}} | {beside}".rstrip()
        if before_cells == (left,):
            yield f"{'-' * _COLUMN}-+-{'-' * _COLUMN}"
