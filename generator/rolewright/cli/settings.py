"""A project's settings: what its commands take where no option says it, from rolewright.toml or pyproject.toml."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rolewright.core.files import UnreadableError, is_file, is_there, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWN, SHARED = "rolewright.toml", "pyproject.toml"
_LISTS = ("manifests", "blueprints", "environments")
_KEYS = (*_LISTS, "output")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_DEEPEST = 200
"""The parts of a key that are read: Python's reader takes the square of their number."""


class Settings(NamedTuple):
    """What a project's commands take, each as the command line would: "" and () where the project does not say it.

    `manifests` are files, folders and patterns; like `blueprints` and `output` they are seen from the current folder.
    """

    manifests: tuple[str, ...] = ()
    blueprints: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    output: str = ""


def project_settings() -> Settings:
    """Return the settings of the project that the current folder is in.

    They are in the nearest rolewright.toml, or pyproject.toml with a table `tool.rolewright`, in the current folder or,
    within a git repository, above it. Raises MisuseError for a file that cannot be read and for what no setting is.
    """
    for folder in _folders():
        for name in (OWN, SHARED):
            if is_there(folder / name) and not is_file(folder / name) and name == OWN:
                raise _misuse(f"{OWN} is no plain file")
            if is_file(folder / name):
                table = _table(folder / name)
                if table is not None:
                    return _settings(table, folder, str(Path(os.path.relpath(folder / name))))
    return Settings()


def _folders() -> Iterator[Path]:
    """Yield the current folder and, where it is in a git repository, those above it up to the repository's."""
    here = Path.cwd()
    above = [here, *here.parents]
    top = next((number for number, folder in enumerate(above) if is_there(folder / ".git")), 0)
    yield from above[: top + 1]


def _table(file: Path) -> Mapping[str, Any] | None:
    import tomllib  # noqa: PLC0415 - only where there are settings

    try:
        text = read_text(file)
        if file.name == SHARED and not ("tool" in text and "rolewright" in text):
            return None
        if any(_QUOTED.sub("", line).count(".") > _DEEPEST for line in text.splitlines()):
            raise _misuse(f"{file.name} has a key of more than {_DEEPEST} parts")
        data = tomllib.loads(text)
    except UnreadableError as error:
        raise _misuse(f"{file.name} {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _misuse(f"{file.name} is no TOML: {error}") from None
    if file.name == OWN:
        return data
    tool = data.get("tool", {})
    return tool.get("rolewright") if isinstance(tool, dict) else None


def _settings(table: Mapping[str, Any], folder: Path, shown: str) -> Settings:
    for key in table:
        if key not in _KEYS:
            raise _misuse(f"{shown} has an unknown setting {key}: there are {', '.join(_KEYS)}")
    for key in _LISTS:
        listed = table.get(key, [])
        if not isinstance(listed, list) or not all(_is_plain(entry) for entry in listed):
            raise _misuse(f'{shown}: write {key} as a list of texts, such as {key} = ["…"]')
    output = table.get("output", "")
    if output and not _is_plain(output):
        raise _misuse(f'{shown}: write output as a text, such as output = "modules"')

    def seen(path: str) -> str:
        return os.path.relpath(folder / path)

    return Settings(
        tuple(map(seen, table.get("manifests", ()))),
        tuple(map(seen, table.get("blueprints", ()))),
        tuple(table.get("environments", ())),
        seen(output) if output else "",
    )


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable()


def _misuse(message: str) -> Exception:
    from rolewright.core.finding import MisuseError  # noqa: PLC0415 - where nothing is wrong it is not needed

    return MisuseError(message)
