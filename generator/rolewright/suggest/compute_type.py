"""The files of a project → the type of compute that it runs on, as the blueprints recognise it."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.core.files import is_file
from rolewright.core.finding import MisuseError
from rolewright.core.nearest import hint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, Sign

_LONGEST = 1_000_000
"""Bytes of a file that are looked at."""


def recognised(files: Iterable[str], folder: str, catalog: Catalog) -> tuple[str, ...]:
    """Return the types of compute that a file, or a folder's files, indicate: none, one, or several equally likely."""
    signs = [
        (name, sign)
        for name, blueprint in catalog.computes.items()
        if blueprint.has_code
        for sign in blueprint.recognised_by
    ]
    strongest: dict[str, int] = {}
    for file in files:
        relative = Path(os.path.relpath(file, folder) if file != folder else Path(file).name).as_posix()
        named = [(name, sign) for name, sign in signs if _is_named(relative, sign)]
        text: str | None = None
        for name, sign in named:
            if sign.strength <= strongest.get(name, -1):
                continue
            if sign.contains and text is None:
                text = _text(file)
            if not sign.contains or any(wanted in (text or "") for wanted in sign.contains):
                strongest[name] = sign.strength
    most = max(strongest.values(), default=0)
    return tuple(name for name, strength in strongest.items() if strength == most)


def shown_fields(files: Iterable[str], folder: str, blueprint: ComputeBlueprint) -> dict[str, str]:
    """Return what files say of the fields of a type that they indicate; of a field that two have otherwise, nothing."""
    values: dict[str, set[str]] = {}
    for file in files:
        relative = Path(os.path.relpath(file, folder) if file != folder else Path(file).name).as_posix()
        for sign in blueprint.recognised_by:
            if sign.fields and _is_named(relative, sign) and any(wanted in _text(file) for wanted in sign.contains):
                for name, value in sign.fields.items():
                    values.setdefault(name, set()).add(value.replace("${stem}", relative.rpartition(".")[0]))
    return {name: next(iter(found)) for name, found in values.items() if len(found) == 1}


def require_compute(type_: str, catalog: Catalog) -> None:
    """Raise MisuseError for what is no compute type."""
    if type_ not in catalog.computes:
        raise MisuseError(
            f"there is no compute type {type_}{hint(type_, catalog.computes, catalog.words().meant('compute type'))}"
        )


def _is_named(relative: str, sign: Sign) -> bool:
    name = relative.rpartition("/")[2]
    return any(fnmatchcase(relative, pattern) or fnmatchcase(name, pattern) for pattern in sign.files)


def _text(file: str) -> str:
    """Return the start of a file's text, after a line end, so that its first line begins like the others; or ""."""
    try:
        if not is_file(file):
            return ""
        with Path(file).open("rb") as opened:
            return "\n" + opened.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""
