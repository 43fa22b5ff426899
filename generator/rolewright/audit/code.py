"""A workload's code → the manifest that its calls of AWS ask for, and what they do not tell."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.draft import Draft, draft, draft_text, host
from rolewright.prove.table import Declared
from rolewright.sdk.calls import Unmapped
from rolewright.sdk.code import calls_in
from rolewright.sdk.permissions import Permission, permissions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rolewright.blueprint import Catalog

_FEW = 3


@dataclass(frozen=True)
class Code:
    """The code of a workload: what its calls need, and what calls AWS without telling what it needs."""

    name: str
    folder: Path
    permissions: tuple[Permission, ...]
    unmapped: tuple[Unmapped, ...]


def read_code(folder: Path, files: Iterable[str]) -> Code:
    """The code in a folder or a file; the workload has the folder's name."""
    calls = calls_in(files, str(folder))
    needed = list(permissions(one for one in calls if not isinstance(one, Unmapped)))
    unmapped = [one for one in (*calls, *needed) if isinstance(one, Unmapped)]
    return Code(
        _name(folder),
        folder,
        tuple(one for one in needed if isinstance(one, Permission)),
        tuple(sorted(set(unmapped), key=lambda one: (one.location, one.text))),
    )


def _name(folder: Path) -> str:
    path = folder.resolve()
    stem = (path if path.is_dir() else path.parent).name
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:32].strip("-")
    return name if re.match(r"[a-z][a-z0-9-]", name) else "workload"


def manifest_of(code: Code, catalog: Catalog) -> str:
    """A manifest that `validate` takes, with a comment for each thing that the code does not tell."""
    made, needed = _drafted(code.permissions, catalog)
    asked: dict[tuple[str, str], list[Permission]] = defaultdict(list)
    for one in needed:
        asked[one.action, one.resource].append(one)
    unknown = {mark: f"what {hint or 'the code'} is" for one in needed for mark, hint in one.unknown}
    lines = [f"# Drafted from the calls of AWS in {code.folder.as_posix()}. Fill in what a comment asks for."]
    if code.unmapped:
        lines.append("# Not in here, since the code does not tell it:")
        lines += [f"#   {one.location}: {_plain(one.text)}: {_plain(one.reason)}" for one in code.unmapped]
    lines += ["version: 1", f"workload: {code.name}"]
    lines.append("compute:  # fill in: what it runs on; `rolewright retarget FILE --to TYPE` moves it to another type")
    lines += [f"  {key}: {json.dumps(value)}" for key, value in host(catalog).items()]
    said = {pair: _asked(pair[0], listed) for pair, listed in asked.items()}
    return "".join(f"{line}\n" for line in lines) + draft_text(made, said, {k: _plain(v) for k, v in unknown.items()})


def _drafted(needed: Sequence[Permission], catalog: Catalog) -> tuple[Draft, list[Permission]]:
    """The draft, and the permissions as it has them: a name that only holds a place is one where a field takes it."""
    made = draft(_declared(needed), catalog)
    marks = {mark for one in needed for mark, _ in one.unknown}
    unfit = {mark for rest in made.rest for resource in rest.resources for mark in marks if mark in resource}
    if unfit:
        needed = [_anywhere(one) if any(mark in unfit for mark, _ in one.unknown) else one for one in needed]
        made = draft(_declared(needed), catalog)
    return made, list(needed)


def _anywhere(one: Permission) -> Permission:
    return Permission(one.action, "*", one.call)


def _declared(needed: Sequence[Permission]) -> Iterator[Declared]:
    for action, resource in dict.fromkeys((one.action, one.resource) for one in needed):
        yield Declared("Allow", (action,), (resource,), (), "code")


def _asked(action: str, listed: Sequence[Permission]) -> str:
    places = list(dict.fromkeys(str(one.call.location) for one in listed))
    more = f" and {len(places) - _FEW} more" if len(places) > _FEW else ""
    unsure = "" if any(one.call.is_sure for one in listed) else " (by pattern)"
    return _plain(f"{action}{unsure}: {', '.join(places[:_FEW])}{more}")


def _plain(text: str) -> str:
    """A text from the code that stays one comment."""
    return "".join(character if character.isprintable() else "?" for character in text)
