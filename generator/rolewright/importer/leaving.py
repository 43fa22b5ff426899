"""What to do on the side of the tool that a workload comes from, so that an adoption deletes nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@cache
def _texts() -> Mapping[str, Sequence[str]]:
    texts: Mapping[str, Sequence[str]] = load(Path(__file__).with_name("leaving.yaml")).trees[0].data
    return texts


def leaving(format_: str) -> tuple[str, ...]:
    """Return the steps for workloads of a format, in the order that keeps the service running."""
    return tuple(_texts()[format_])
