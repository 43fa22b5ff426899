"""The answer to a plain `render` or `validate` after which nothing changed, before anything else is imported."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.batch.cache import Cache, Options
from rolewright.cli.settings import project_settings
from rolewright.manifest.find import Found, find_manifests

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHORT = {"-o": "--output", "-j": "--jobs", "-q": "--quiet"}


def unchanged(arguments: Sequence[str]) -> str | None:
    """Return what the command would print with nothing found and nothing to do; None if that is not known."""
    command, rest = arguments[:1], iter(arguments[1:])
    if command not in (["render"], ["validate"]):
        return None
    writes = command == ["render"]
    quiet = False
    manifests: list[str] = []
    values: dict[str, list[str]] = {"--output": [], "--blueprints": [], "--env": [], "--jobs": ["1"]}
    for argument in rest:
        name = _SHORT.get(argument, argument)
        if name in values:
            values[name].append(next(rest, ""))
        elif not argument.startswith("-"):
            manifests.append(argument)
        elif name == "--quiet":
            quiet = True
        elif name != "--check" or not writes:
            return None
    jobs = values["--jobs"][-1]
    if not (jobs.isdecimal() and jobs.strip("0") and (writes or not values["--output"])):
        return None
    files = Found(())
    with suppress(Exception):  # whatever is wrong, the command itself says it
        settings = project_settings()
        files = find_manifests(map(Path, manifests or settings.manifests))
    if not files.manifests or files.left or files.unread:
        return None
    output = (values["--output"] or [settings.output or "output"])[-1]
    blueprints, environments = values["--blueprints"] or settings.blueprints, values["--env"] or settings.environments
    cache = Cache(Options(output if writes else "", tuple(blueprints), tuple(environments)))
    lines: dict[str, str] = {}
    for manifest in map(str, files.manifests):
        found = cache.find(manifest)
        if found is None or not manifest.isprintable() or any(known.name in lines for known in found):
            return None
        for known in found:
            result = f"{known.folder}: unchanged" if writes else f"{manifest}: {known.name} is valid"
            lines[known.name] = f"{result}; {known.summary}\n"
    return "" if quiet else "".join(lines.values())
