"""Files that others keep in a module's folder and that Terraform or OpenTofu reads, though nothing proves them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Location

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator
    from pathlib import Path

# Terraform documentation, "Files and Configuration Structure"; OpenTofu reads .tofu as well.
_CONFIGURATION = re.compile(r"[^.].*\.(tf|tofu)(\.json)?")
# "Override Files": their arguments replace those of other files.
_OVERRIDE = re.compile(r"(.*_)?override\.(tf|tofu)(\.json)?")
# "Input Variables": their values are loaded automatically.
_VALUES = re.compile(r"(terraform|.*\.auto)\.tfvars(\.json)?")


def beside_module(names: Iterable[str], own: Container[str]) -> tuple[str, ...]:
    """Return the names in a folder that Terraform or OpenTofu would read, apart from the module's own files."""
    return tuple(
        name for name in names if name not in own and (_CONFIGURATION.fullmatch(name) or _VALUES.fullmatch(name))
    )


def override_findings(beside: Iterable[str], own: Collection[str], target: Path) -> Iterator[Finding]:
    """Yield a finding for each file that changes the module, of which only its own files were proven."""
    for name in beside:
        replaced = re.sub(r"\.tofu(?=$|\.json$)", ".tf", name)
        if _OVERRIDE.fullmatch(name):
            effect, remedy = "changes resources of the module when Terraform reads it", "state it in the manifest"
        elif replaced != name and replaced.removesuffix(".json") in own:
            effect, remedy = (
                f"takes the place of {replaced.removesuffix('.json')} in OpenTofu",
                "state it in the manifest",
            )
        elif _VALUES.fullmatch(name):
            effect = "sets variables of the module in every environment"
            remedy = "give values with -var or -var-file=environments/NAME.tfvars"
        else:
            continue
        yield Finding(
            "write-override",
            f"{name} {effect}, and rolewright has not proven the result",
            f"{remedy}, and remove the file",
            Location(str(target / name)),
        )
