"""Denials and unused permissions → the manifest with what would allow the first, and comments about the second."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.draft import draft
from rolewright.drafted import draft_text
from rolewright.edit import Editor, UnplacedError, applied
from rolewright.finding import Finding, Rejected
from rolewright.grants import derive_grants
from rolewright.manifest import read_manifest
from rolewright.prove.match import Kind, matches
from rolewright.prove.table import Declared
from rolewright.question import ANYWHERE, verbs_for
from rolewright.source import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.edit import Edit
    from rolewright.model import Workload
    from rolewright.source import Document, Tree

_NOTE = "not used in these records"
_WRITTEN = re.compile(rf"^[ \t]*# {_NOTE}[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Denial:
    """What a role of a workload was denied for want of a permission of its own; `said` is what is told of it."""

    workload: str
    action: str
    resource: str
    said: str


@dataclass(frozen=True)
class Patched:
    """The manifest's text with the changes, each with its words, and what no change was found for, and why."""

    text: str
    changes: tuple[str, ...]
    left: tuple[str, ...]


def patched(
    document: Document,
    denials: Iterable[Denial],
    unused: Mapping[str, Mapping[str, Sequence[str]]],
    catalog: Catalog,
) -> Patched:
    """A manifest with a verb, a resource or a statement for each denial that it does not allow yet.

    `unused` has the actions that nobody used, by workload and key of the resource: they become comments below its
    `access`, and nothing is taken away. A change that the manifest does not take is left out and told.
    """
    text = _WRITTEN.sub("", document.text)
    changes: list[str] = []
    left: list[str] = []
    for denial in (_spelled(one) for one in denials):
        try:
            after, change = _allowing(text, document.file, denial, catalog)
            read_manifest(loads(after, document.file), catalog)
        except UnplacedError:
            left.append(f"{denial.action} on {denial.resource}: its place is an alias's, or empty: change it by hand")
        except Rejected as refusal:
            left.append(f"{denial.action} on {denial.resource}: {refusal.findings[0].message}")
        else:
            text = after
            changes += [change] if change else []
    for workload, keys in unused.items():
        for key, actions in keys.items():
            text = _commented(text, document.file, workload, key, actions)
    return Patched(text, tuple(changes), tuple(left))


def _spelled(denial: Denial) -> Denial:
    """With the action as IAM spells it: messages have `SNS:Publish` and `sqs:sendmessage`."""
    facts = iam.action(denial.action)
    return denial if facts is None else replace(denial, action=facts.name)


def _allowing(text: str, file: str, denial: Denial, catalog: Catalog) -> tuple[str, str]:
    """The text with one more permission, and what was changed ("" where it is allowed already)."""
    tree, workload, editor = _read(text, file, denial.workload, catalog)
    if _allows(workload, denial, catalog):
        return text, ""
    for key in workload.resources:
        _, verbs = verbs_for(denial.action, denial.resource, key, workload, catalog)
        if verbs:
            edit = _verb(tree, editor, key, verbs[0])
            return applied(text, [edit]), f"resources.{key}: `{verbs[0]}`, for {denial.action}"
    made = draft([Declared("Allow", (denial.action,), (denial.resource,), (), "denied")], catalog)
    if not made.entries and not made.rest:
        message = "no such action can be asked for on that, so that no change would allow it"
        place = workload.locate("resources")
        raise Rejected([Finding("usage-denial", message, "look for what the message means by it", place)])
    section = "resources" if made.entries else "statements"
    key = next((one.key for one in made.entries), "")
    while key in workload.resources:
        key += "-denied"
    asked = {(denial.action, denial.resource): f"{denial.action}: {denial.said}"}
    body = textwrap.dedent(draft_text(made, asked).split("\n", 1)[1]).splitlines()
    if made.entries:
        body = [f"{key}:" if line == f"{made.entries[0].key}:" else line for line in body]
    change = f"{section}{f'.{key}' if key else ''}: new, for {denial.action} on {denial.resource}"
    path = (section,)
    if tree.data.get(section):
        return applied(text, [editor.added(path, body, _flow(key, body, file))]), change
    if section in tree.data or editor.is_flow(()):
        raise UnplacedError(section)
    lines = [f"{section}:", *(f"  {line}" for line in body)]
    return applied(text, [editor.added((), lines, "")]), change


def _flow(key: str, body: Sequence[str], file: str) -> str:
    """The same entry in one line, for a mapping or list in braces; comments have no place there."""
    data = loads("\n".join(body), file).trees[0].data
    return f"{key}: {json.dumps(data[key], ensure_ascii=False)}" if key else json.dumps(data[0], ensure_ascii=False)


def _verb(tree: Tree, editor: Editor, key: str, verb: str) -> Edit:
    path = ("resources", key, "access")
    written = tree.data["resources"][key].get("access")
    if written is None:
        lines = [f"access: {verb}"]
        return editor.added(("resources", key), lines, lines[0])
    if isinstance(written, str):
        return editor.replace(path, f"[{written}, {verb}]")
    return editor.added(path, [f"- {verb}"], verb)


def _allows(workload: Workload, denial: Denial, catalog: Catalog) -> bool:
    """Whether the manifest declares it, in some environment."""
    return any(
        grant.effect == "Allow"
        and any(matches(pattern.lower(), denial.action.lower(), Kind.TEXT) for pattern in grant.actions)
        and any(matches(one.ground({**e.values, **ANYWHERE}), denial.resource) for one in grant.resources)
        for grant in derive_grants(workload, catalog).grants
        for e in workload.environments
    )


def _commented(text: str, file: str, workload: str, key: str, actions: Sequence[str]) -> str:
    for tree in loads(text, file).trees:
        if tree.data["workload"] == workload and ("resources", key, "access") in tree.places:
            line = f"{_NOTE}: {', '.join(actions)}"
            try:
                return applied(text, Editor(text, tree).after(("resources", key), {"access"}, [line]))
            except UnplacedError:
                return text
    return text


def _read(text: str, file: str, name: str, catalog: Catalog) -> tuple[Tree, Workload, Editor]:
    document = loads(text, file)
    for tree, workload in zip(document.trees, read_manifest(document, catalog), strict=True):
        if workload.name == name:
            return tree, workload, Editor(document.text, tree)
    raise AssertionError(name)
