"""Denials and unused permissions → the manifest with changes that allow the first and comments about the second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.review.why import Question
from rolewright.suggest.engine import suggest
from rolewright.yaml.edit import Editor, UnplacedError, applied
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.suggest.engine import Build, Suggestion
    from rolewright.yaml.load import Document

_NOTE = "not used in these records: "
"""The start of a comment of ours."""


@dataclass(frozen=True)
class Denial:
    """A denial of a role of a workload for want of a permission of its own; `summary` describes it.

    `role` is its name in AWS and `account` where it is, "" where that is not known.
    """

    workload: str
    action: str
    resource: str
    summary: str
    role: str = ""
    account: str = ""


@dataclass(frozen=True)
class Patched:
    """The manifest's text with the changes, their descriptions, and the denials that no change allows, and why not."""

    text: str
    changes: tuple[str, ...]
    left: tuple[str, ...]


def patched(
    document: Document,
    denials: Iterable[Denial],
    unused: Mapping[str, Mapping[str, Sequence[str]]],
    catalog: Catalog,
    build: Build | None = None,
) -> Patched:
    """Return a manifest with the least change for each denial that it does not allow yet, applied and asked again.

    `unused` has the actions that nobody used, by workload and key of the resource: they become comments below its
    `access`, and nothing is taken away. `build` proves a change, and returns the errors.
    """
    text = _without_notes(document)
    changes: list[str] = []
    left: list[str] = []
    for denial in denials:
        found, text = _allowing(text, denial, document.file, catalog, build)
        if found.advice:
            changes.append(f"{found.advice[0].summary}, for {denial.action}")
        elif not found.answer.is_allowed:
            because = next(iter((*found.notes, *found.asks)), "no change to the manifest was found that would allow it")
            left.append(f"{denial.action} on {denial.resource or '?'}: {because}")
    for workload, keys in unused.items():
        for key, actions in keys.items():
            text = _commented(text, document.file, workload, key, actions)
    return Patched(text, tuple(changes), tuple(left))


def _allowing(text: str, denial: Denial, file: str, catalog: Catalog, build: Build | None) -> tuple[Suggestion, str]:
    """Return the suggestion for one denial, and the text with the first of its advice applied."""
    document = loads(text, file)
    index = next(number for number, tree in enumerate(document.trees) if tree.data["workload"] == denial.workload)
    asked = Question(denial.action, denial.resource, denial.role, account=denial.account)
    found = suggest(asked, document, index, catalog, build=build, note=f"{denial.action}: {denial.summary}")
    return found, found.advice[0].text if found.advice else text


def _without_notes(document: Document) -> str:
    """Return a document's text without the comments that an earlier run wrote; a line of a value is no comment."""
    inside_values = {
        number
        for tree in document.trees
        for place in tree.places.values()
        if place.text
        for number in range(place.line + 1, place.end_line + (place.end_column > 1))
    }
    return "".join(
        line
        for number, line in enumerate(document.text.splitlines(keepends=True), 1)
        if number in inside_values or not line.lstrip(" \t").startswith(f"# {_NOTE}")
    )


def _commented(text: str, file: str, workload: str, key: str, actions: Sequence[str]) -> str:
    for tree in loads(text, file).trees:
        if tree.data["workload"] == workload and ("resources", key, "access") in tree.places:
            line = f"{_NOTE}{', '.join(actions)}"
            try:
                return applied(text, Editor(text, tree).after(("resources", key), {"access"}, [line]))
            except UnplacedError:
                return text
    return text
