"""What is done to any case: odd names, links, pipes, folders, bombs, large documents, odd places to write to."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from fuzz_case import BESIDE, Case, named_in
from fuzz_changes import FILLINGS, PACKED, bomb, large

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = (
    "a\nFORGED b",
    "-x",
    "--help",
    "\u202egpj.exe",
    "\udcff\udcfe",
    "x" * 250,
    "a b",
    "'\"$(touch FORGED)`",
    "é\u0301",
    "\x1b[31m",
    "a\rFORGED",
    "::error::FORGED",
    "~",
    "%s%n",
    "*",
    "[a]",
    "a:b",
    "a=b",
    "\\",
    "a\\nb",
    "#",
    "\ud7ff",
    "con",
    ".",
    "\u2028FORGED",
    "x" * 240 + "\n",
    "@file",
    ".git",
    ".terraform",
    "\ufeff",
    "{{x}}",
    "${x}",
)
OUTPUTS = ("-o", "--output", "--patch", "--draft", "--checklist", "--file", "--baseline")
USUAL = ("beside", "out", "output", "policies", "deployer", "report.html")
"""Links, where commands write to if they are told nothing else."""
PLACES = (
    "",
    ".",
    "m.yaml",
    "m.yaml/x",
    "nowhere/deep/x",
    "x" * 300,
    "x/" * 3000,
    "pipe",
    "beside",
    "loop",
    "/dev/full",
    "/dev/null",
    "/proc/x",
    "a\nFORGED",
    "\udcff",
    "-x",
    "\u202e",
    "~/x",
    f"../{BESIDE}/../case/x",
    "empty",
    "empty/x",
    ".git/x",
)
GOALS = (
    "nowhere",
    f"../{BESIDE}/file",
    f"../{BESIDE}",
    ".",
    "..",
    "/dev/zero",
    "/dev/full",
    "/dev/stdin",
    "/proc/self/mem",
    "pipe",
    "ITSELF",
    "x" * 300,
    "/proc/self/fd",
    "a\nb",
)
WORDS = (
    "",
    " ",
    "-",
    "--",
    "-x",
    "--help",
    "x" * 5_000,
    "\udcff",
    "a\nFORGED b",
    "\u202e",
    "*",
    "a:b",
    "s3:GetObject",
    "arn:",
    "arn:aws:s3:::b/x",
    "2027-13-45",
    "9999-12-31",
    "0001-01-01",
    "1e9",
    "${x}",
    "../../x",
    "=",
    "a=b=c",
    "[",
    "(a+)+$",
    "HEAD",
    "HEAD~1",
    "--output=FILED",
    "HEAD^{tree}",
    "@{-1}",
    ":/x",
    "1/2",
    "99999999999999999999/1",
)


def _renamed(choice: random.Random, case: Case) -> Case:
    """A file, or a folder on the way to it, has another name."""
    old = PurePosixPath(choice.choice(sorted(case.files)))
    parts = list(old.parts)
    at = choice.randrange(len(parts))
    ending = old.suffix if at == len(parts) - 1 and choice.random() < 0.7 else ""
    parts[at] = choice.choice(NAMES)[: 250 - len(ending)] + ending
    before, after = "/".join(old.parts[: at + 1]), "/".join(parts[: at + 1])
    if after in ("", ".", "..") or after.startswith((".git", ".terraform")):
        return case

    def moved(name: str) -> str:
        return after + name[len(before) :] if name == before or name.startswith(f"{before}/") else name

    arguments = [
        f"{argument.removesuffix(given)}{_not_option(moved(given), choice)}" if given else argument
        for argument in case.arguments
        for given in [named_in([before, str(old)], argument)]
    ]
    files = {moved(name): data for name, data in case.files.items()}
    return replace(case, arguments=tuple(arguments), files=files)


def _not_option(name: str, choice: random.Random) -> str:
    return f"./{name}" if name.startswith("-") and choice.random() < 0.8 else name


def _linked(choice: random.Random, case: Case) -> Case:
    """A link in the place of a file, or beside one; or the file itself behind a link."""
    name = choice.choice(sorted(case.files))
    path = PurePosixPath(name)
    goal = choice.choice(GOALS)
    if choice.random() < 0.3:
        kept = str(path.with_name("real"))
        files = {(kept if one == name else one): data for one, data in case.files.items()}
        return replace(case, files=files, links={name: "real"})
    place = name if choice.random() < 0.6 else str(path.with_name(choice.choice(("link.yaml", "link.py", "link.tf"))))
    return replace(case, links={place: PurePosixPath(place).name if goal == "ITSELF" else goal}, pipes=("pipe",))


def _piped(choice: random.Random, case: Case) -> Case:
    """A pipe in the place of a file, or beside one."""
    path = PurePosixPath(choice.choice(sorted(case.files)))
    place = (
        path if choice.random() < 0.6 else path.with_name(choice.choice(("pipe.yaml", "pipe.py", "pipe.json", ".env")))
    )
    return replace(case, pipes=(str(place),))


def _folder(choice: random.Random, case: Case) -> Case:
    """A folder in the place of a file."""
    name = choice.choice(sorted(case.files))
    rest = {one: data for one, data in case.files.items() if one != name}
    return replace(case, files={**rest, f"{name}/{choice.choice(('a.json', 'm.yaml', '.env'))}": case.files[name]})


def _missing(choice: random.Random, case: Case) -> Case:
    """A file is not there."""
    name = choice.choice(sorted(case.files))
    return replace(case, files={one: data for one, data in case.files.items() if one != name})


def _bomb(choice: random.Random, case: Case) -> Case:
    """A file is packed, and far larger inside."""
    name = choice.choice(sorted(case.files))
    packing = choice.choice(("zip", *PACKED))
    return replace(case, files={**case.files, name: bomb(packing, choice.choice(FILLINGS))})


def _packed(choice: random.Random, case: Case) -> Case:
    """A file is packed."""
    name = choice.choice(sorted(case.files))
    return replace(case, files={**case.files, name: PACKED[choice.choice(sorted(PACKED))](case.files[name])})


def _large(choice: random.Random, case: Case) -> Case:
    """A file is large and well formed, or has something large after what it had."""
    name = choice.choice(sorted(case.files))
    before = case.files[name] + b"\n" if choice.random() < 0.4 else b""
    return replace(case, files={**case.files, name: before + large(choice, name)})


def _exchanged(choice: random.Random, case: Case) -> Case:
    """Two files have the content of each other."""
    one, other = choice.choice(sorted(case.files)), choice.choice(sorted(case.files))
    return replace(case, files={**case.files, one: case.files[other], other: case.files[one]})


def _elsewhere(choice: random.Random, case: Case) -> Case:
    """What is written goes to an odd place."""
    places = [at + 1 for at, argument in enumerate(case.arguments[:-1]) if argument in OUTPUTS]
    if not places:
        return _worded(choice, case)
    arguments = list(case.arguments)
    arguments[choice.choice(places)] = choice.choice(PLACES)
    links = {**dict.fromkeys(USUAL, f"../{BESIDE}"), "loop": "loop"}
    return replace(case, arguments=tuple(arguments), links=links, pipes=("pipe",), files={**case.files, "empty": b""})


def _worded(choice: random.Random, case: Case) -> Case:
    """An argument is another, or one more is given."""
    arguments = list(case.arguments)
    at = choice.randrange(1, len(arguments) + 1)
    word = choice.choice(WORDS)
    arguments[at : at + (choice.random() < 0.7)] = [word]
    return replace(case, arguments=tuple(arguments))


TWISTS: dict[str, tuple[int, Callable[[random.Random, Case], Case]]] = {
    "name": (6, _renamed),
    "link": (4, _linked),
    "pipe": (2, _piped),
    "folder": (1, _folder),
    "missing": (1, _missing),
    "bomb": (1, _bomb),
    "packed": (1, _packed),
    "large": (5, _large),
    "exchanged": (1, _exchanged),
    "place": (4, _elsewhere),
    "word": (3, _worded),
}
"""How often each comes, and what it does."""


def twisted(choice: random.Random, case: Case) -> Case:
    """A case as it is, or with one of the twists."""
    if choice.random() < 0.6 or not case.files:
        return case
    name = choice.choices(sorted(TWISTS), [TWISTS[one][0] for one in sorted(TWISTS)])[0]
    return replace(TWISTS[name][1](choice, case), twist=name)
