"""Terraform files that somebody else keeps in a module's folder: Terraform reads them, and nobody proved them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.finding import Finding, Location

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

# Terraform documentation, "Override Files": their arguments replace those of other files.
_OVERRIDE = re.compile(r"(.*_)?override\.tf(\.json)?")


def beside_module(names: Iterable[str], own: Container[str]) -> tuple[str, ...]:
    """What Terraform would read of the names in a folder, beside the module's own files."""
    return tuple(name for name in names if name.endswith((".tf", ".tf.json")) and name not in own)


def override_findings(beside: Iterable[str], target: Path) -> Iterator[Finding]:
    """Those that change what the module's own files say, and so what was proven of them."""
    for name in beside:
        if _OVERRIDE.fullmatch(name):
            yield Finding(
                "write-override",
                f"{name} changes resources of the module when Terraform reads it, and nothing of that is proven",
                "say it in the manifest or a blueprint, and remove the file",
                Location(str(target / name)),
            )
