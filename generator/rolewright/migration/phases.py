"""The phases of a key, and the checks that a file keeps to them: their order, their waits, and what showed each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from rolewright.audit.keys import account_of
from rolewright.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.yaml.load import PathInTree, Tree

PHASES = ("found", "role-made", "deployed", "parallel", "disabled", "deleted", "watched")
"""In their order. `parallel`: the workload runs on its role, and the key is there to go back to."""
GONE = ("deleted", "watched")
_WAITS = {"deleted": "disabled", "watched": "deleted"}
"""Phases that come some days after the one before, and the wait that says how many."""
_NAMED = {"role-made": "manifest", "disabled": "user"}
"""From which phase on it is known what the workload's manifest is, and whose the key is."""
_WRITES = "undo the edit: `rolewright migrate advance` writes the steps"


def wrong(tree: Tree, today: date) -> Iterator[Finding]:
    """Find everything that no run of `rolewright migrate` can have written by today. `tree` fits the file's schema."""
    found = list(_days(tree, today))
    yield from found
    if found:
        return
    due = date.fromisoformat(tree.data["deadline"])
    for index, extension in enumerate(tree.data.get("extensions", ())):
        until = date.fromisoformat(extension["until"])
        if until <= due:
            yield _finding(
                tree, ("extensions", index, "until"), f"{until} does not extend the deadline, which is {due}"
            )
        due = max(due, until)
    for name, key in tree.data["keys"].items():
        yield from _key(tree, name, key)


def _finding(tree: Tree, path: PathInTree, message: str, remedy: str = _WRITES) -> Finding:
    subject = str(path[1]) if path[0] == "keys" else ""
    return Finding("migration-file", message, remedy, tree.location(path), subject=subject)


def _days(tree: Tree, today: date) -> Iterator[Finding]:
    """Find days that do not exist, or are still to come."""
    extended = range(len(tree.data.get("extensions", ())))
    past: list[PathInTree] = [("extensions", index, "decided") for index in extended]
    for name, key in tree.data["keys"].items():
        past += [("keys", name, "steps", index, "since") for index in range(len(key["steps"]))]
        past += [("keys", name, "pending", "since")] if "pending" in key else []
    to_come: list[PathInTree] = [
        ("extensions", index, "until") for index in range(len(tree.data.get("extensions", ())))
    ]
    for path in (("deadline",), *to_come, *past):
        data: Any = tree.data
        for part in path:
            data = data[part]
        try:
            day = date.fromisoformat(data)
        except ValueError:
            yield _finding(tree, path, f"{data} is not a date", "write it like 2027-06-30")
            continue
        if path in past and day > today:
            yield _finding(tree, path, f"{day} is in the future: today is {today} (UTC)")


def _key(tree: Tree, name: str, key: dict[str, Any]) -> Iterator[Finding]:
    """Find what is wrong with one key."""
    encoded = account_of(name)
    if encoded and key["account"] not in ("", encoded):
        message = f"{name} belongs to account {encoded}, according to its id"
        yield _finding(tree, ("keys", name, "account"), message, f'write "{encoded}"')
    steps = key["steps"]
    for index, step in enumerate(steps):
        yield from _step(tree, ("keys", name, "steps", index), step, steps[index - 1] if index else None)
    last = PHASES.index(steps[-1]["phase"])
    for phase, field in _NAMED.items():
        if last >= PHASES.index(phase) and field not in key:
            message = f"{name} is {steps[-1]['phase']}, but has no {field}"
            yield _finding(tree, ("keys", name), message)
    pending = key.get("pending")
    if pending is not None and abs(PHASES.index(pending["phase"]) - last) != 1:
        message = f"{pending['phase']} cannot follow {steps[-1]['phase']}"
        yield _finding(tree, ("keys", name, "pending", "phase"), message)


def _step(tree: Tree, path: PathInTree, step: dict[str, Any], before: dict[str, Any] | None) -> Iterator[Finding]:
    """Find what is wrong with a step: it is out of order, comes too early, or has no evidence."""
    phase = PHASES.index(step["phase"])
    last = PHASES.index(before["phase"]) if before is not None else -1
    if phase > last + 1 or phase == last or (last >= PHASES.index("deleted") > phase):
        message = f"{step['phase']} cannot follow {before['phase'] if before is not None else 'nothing'}"
        yield _finding(tree, (*path, "phase"), message)
        return
    if before is None:
        return
    since, earlier = (date.fromisoformat(taken["since"]) for taken in (step, before))
    if since < earlier:
        yield _finding(tree, (*path, "since"), f"{step['phase']} on {since} is before {before['phase']} on {earlier}")
    elif phase > last and step["phase"] in _WAITS:
        days = tree.data["wait"][_WAITS[step["phase"]]]
        if since < earlier + timedelta(days):
            message = f"{step['phase']} on {since} comes before the {days} days of `wait` since {earlier} are over"
            yield _finding(
                tree,
                (*path, "since"),
                message,
                "`wait` also applies to steps already taken: set it back to its earlier value",
            )
    if phase > last and not step.get("files"):
        yield _finding(tree, path, f"{step['phase']} has no file as evidence")
