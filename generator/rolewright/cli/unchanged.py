"""The answer to a plain `render` or `validate` after which nothing changed, before anything else is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.batch.cache import Cache, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHORT = {"-o": "--output", "-j": "--jobs"}


def unchanged(arguments: Sequence[str]) -> str | None:
    """Return what the command would print with nothing found and nothing to do; None if that is not known."""
    command, rest = arguments[:1], iter(arguments[1:])
    writes = command == ["render"]
    manifests: list[str] = []
    values: dict[str, list[str]] = {"--output": ["output"], "--blueprints": [], "--env": [], "--jobs": ["1"]}
    for argument in rest:
        name = _SHORT.get(argument, argument)
        if name in values:
            values[name].append(next(rest, ""))
        elif not argument.startswith("-"):
            manifests.append(argument.removeprefix("./"))
        elif name != "--check" or not writes:
            return None
    jobs, output = values["--jobs"][-1], values["--output"][-1]
    usual = jobs.isdecimal() and jobs.strip("0") and (writes or len(values["--output"]) == 1)
    if command not in (["render"], ["validate"]) or not manifests or not usual:
        return None
    cache = Cache(Options(output if writes else "", tuple(values["--blueprints"]), tuple(values["--env"])))
    lines: dict[str, str] = {}
    for manifest in manifests:
        found = cache.find(manifest)
        if found is None or not manifest.isprintable() or any(known.name in lines for known in found):
            return None
        for known in found:
            result = f"{known.folder}: unchanged" if writes else f"{manifest}: {known.name} is valid"
            lines[known.name] = f"{result}; {known.summary}\n"
    return "".join(lines.values())
