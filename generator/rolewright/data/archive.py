"""The format of every data file: a ZIP archive of JSON values, so that only the entries in use are parsed."""

from __future__ import annotations

import json
import zipfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that ZIP can hold: the bytes do not depend on the time of the build


@cache
def _open(name: str) -> zipfile.ZipFile:
    # Kept open for the life of the process: opening reads the directory, which costs more than an entry.
    return zipfile.ZipFile(_FOLDER / name)


def read(name: str, entry: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value of an entry of the data file `name`, or None if it has no such entry."""
    try:
        return json.loads(_open(name).read(entry))
    except KeyError:
        return None


def read_plain(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a plain JSON file, which people edit by hand."""
    return json.loads((_FOLDER / name).read_text(encoding="utf-8"))


def entries(name: str) -> tuple[str, ...]:
    """Return the names of all entries of the data file `name`, sorted."""
    return tuple(_open(name).namelist())


def write(name: str, values: Mapping[str, Any]) -> Path:
    """Write a data file. With the same zlib, the same values make the same bytes at any time, on any machine."""
    path = _FOLDER / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry, value in sorted(values.items()):
            info = zipfile.ZipInfo(entry, _EPOCH)
            info.create_system = 3  # otherwise the bytes differ on Windows
            text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            archive.writestr(info, text.encode(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return path
