"""A module's text → files in its folder, all of them or none.

A module is written file by file under a journal, and not by replacing the whole folder: the folder also
holds what Terraform and the user keep there (`.terraform/`, lock and state files, their own `.tf`), and is the
working directory of shells, and a replacement would move all that away.

1. New files are staged in `.rolewright.new/` inside the folder, with a journal of what is to be done; all
   of it is on the disk before the journal gets its final name. If the run is killed before that, nothing changes.
2. Each staged file is renamed over the old one, files that are no longer in the module are removed, the
   ledger is written last, and the journal is removed. If the run is killed here, old and new files are mixed
   until the next run, which completes the journal before it does anything else.

The ledger `.rolewright.json` holds the SHA-256 of each file as it was written. A file that differs from it was
edited by hand, and a file that is not in it was written by somebody else; neither is overwritten or removed
without `force`.
"""

from __future__ import annotations

import difflib
import errno
import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rolewright.core.files import is_folder, is_there
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.write.folder import Folder, Unsafe, open_folder
from rolewright.write.foreign_files import beside_module, override_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from rolewright.core.model import Module

LEDGER = ".rolewright.json"
STAGING = ".rolewright.new"
_JOURNAL = f"{STAGING}/journal.json"
_JOURNAL_DRAFT = f"{STAGING}/journal"
_FORMAT = 1
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class WriteResult:
    """The result of a write or, with `check_only`, of the comparison that takes its place.

    `changed` and `removed` are sorted names of files, the ledger's included. `diff` is a unified diff from the folder
    to the module, or says what else is to be done; it is "" if nothing is. `beside` are Terraform files that
    somebody else keeps in the folder: Terraform applies them, but they were not proven.
    """

    status: Literal["unchanged", "written", "stale"]
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    diff: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Plan:
    """`write` maps names to new content, `before` the names of `write` and `remove` to their current content."""

    write: Mapping[str, bytes]
    remove: tuple[str, ...]
    before: Mapping[str, bytes | None]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Journal:
    """The work of step 2: the staged file for each name, and the SHA-256 of the file that it may replace."""

    staged: Mapping[str, str]
    remove: tuple[str, ...]
    before: Mapping[str, str | None]


def write(module: Module, target: Path, *, check_only: bool = False, force: bool = False) -> WriteResult:
    """Write a module to its folder or, with `check_only`, compare the two without changing the folder.

    `force` overwrites and removes files that were edited by hand or written by somebody else, under names
    that the module has or had. Links are never followed and never replaced. Processes that write to the
    same folder take turns. Raises Rejected with every file that is in the way, or with the reason why the
    files could not be written; then the folder is as before, or the next run completes it.
    """
    files = _files(module)
    _refuse(_bad_names(files, target))
    try:
        with open_folder(target, create=not check_only) as folder:
            if folder is None:
                return _result("stale", _plan(files, {}, {}, target))
            if not check_only:
                _recover(folder, target, force=force)
            ledger = _read_ledger(folder, target, lenient=force or check_only)
            cut_off = _read_journal(folder.read(_JOURNAL), target) if check_only else None
            ledger |= dict.fromkeys(cut_off.remove if cut_off else (), "")  # its ledger may already be written
            plan = _plan(files, _read(folder, {*files, *ledger, LEDGER}, target), ledger, target)
            beside = beside_module(folder.names("") or (), {*files, *ledger})
            _refuse(override_findings(beside, files, target))
            if not plan.write and not plan.remove and cut_off is None:
                return WriteResult("unchanged", beside=beside)
            if check_only:
                return _result("stale", plan, beside)
            if not force:
                _refuse(plan.findings)
            _carry_out(folder, _stage(folder, plan))
            return _result("written", plan, beside)
    except Unsafe as error:
        raise Rejected([_unsafe(error, target)]) from None
    except OSError as error:
        raise Rejected([_failure(error, target)]) from error


def contents(module: Module) -> dict[str, bytes]:
    """Return the files that `write` leaves in the folder: the module's and the ledger."""
    files = _files(module)
    return {**files, LEDGER: _ledger_text(files)}


def _files(module: Module) -> dict[str, bytes]:
    return {name: text.encode("utf-8") for name, text in sorted(module.files.items())}


def _refuse(findings: Iterable[Finding]) -> None:
    if rejected := tuple(findings):
        raise Rejected(rejected)


def _result(status: Literal["written", "stale"], plan: _Plan, beside: tuple[str, ...] = ()) -> WriteResult:
    after: dict[str, bytes | None] = {**plan.write, **dict.fromkeys(plan.remove)}
    diff = "".join(_diff(name, plan.before.get(name), after[name]) for name in sorted(after))
    diff = diff or "an interrupted run left files to put in place: render again\n"
    return WriteResult(status, tuple(sorted(plan.write)), tuple(sorted(plan.remove)), diff, beside)


def _diff(name: str, before: bytes | None, after: bytes | None) -> str:
    old, new = ("/dev/null" if side is None else name for side in (before, after))
    return "".join(difflib.unified_diff(_lines(before), _lines(after), old, new))


def _lines(content: bytes | None) -> list[str]:
    lines = list(io.StringIO((content or b"").decode("utf-8", "replace"), newline="\n"))
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines


# Planning the work


def _plan(
    files: Mapping[str, bytes], current: Mapping[str, bytes | None], ledger: Mapping[str, str], target: Path
) -> _Plan:
    wanted = {**files, LEDGER: _ledger_text(files)}
    changed = {name: content for name, content in wanted.items() if current.get(name) != content}
    gone = tuple(name for name in sorted(ledger) if name not in files and current.get(name) is not None)
    findings = []
    for name in sorted({*changed, *gone} - {LEDGER}):
        content = current.get(name)
        if content is None or _digest(content) == ledger.get(name):
            continue
        if name in ledger:
            message = "was edited by hand" + ("" if name in files else ", and the module no longer has it")
            remedy = "move the edit into the manifest or a file of your own"
            findings.append(_in_the_way("write-edited", name, message, remedy, target))
        else:
            message = "has the name of a module file, but was not written by rolewright"
            findings.append(_in_the_way("write-foreign", name, message, "rename or remove it", target))
    before = {name: current.get(name) for name in (*changed, *gone)}
    return _Plan(changed, gone, before, tuple(findings))


def _in_the_way(rule: str, name: str, message: str, remedy: str, target: Path) -> Finding:
    return Finding(rule, f"{name} {message}", f"{remedy}, or give --force to discard it", Location(str(target / name)))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _ledger_text(files: Mapping[str, bytes]) -> bytes:
    return _json({"files": {name: _digest(content) for name, content in files.items()}, "format": _FORMAT})


def _json(value: Mapping[str, object]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _read(folder: Folder, names: Iterable[str], target: Path) -> dict[str, bytes | None]:
    contents: dict[str, bytes | None] = {}
    findings = []
    for name in sorted(names):
        try:
            contents[name] = folder.read(name)
        except Unsafe as error:
            findings.append(_unsafe(error, target))
    _refuse(dict.fromkeys(findings))
    return contents


def _read_ledger(folder: Folder, target: Path, *, lenient: bool) -> dict[str, str]:
    """Return the SHA-256 of each file that rolewright wrote. With `lenient`, an unreadable ledger counts as empty."""
    content = folder.read(LEDGER)
    if content is None:
        return {}
    try:
        ledger = json.loads(content)
        files = {str(name): str(digest) for name, digest in ledger["files"].items()}
        if ledger["format"] == _FORMAT and not any(_bad_name(name) for name in files):
            return files
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    if lenient:
        return {}
    message = "is not a ledger that this version can read, so rolewright's files cannot be distinguished from yours"
    remedy = "restore it from version control"
    raise Rejected([_in_the_way("write-ledger", LEDGER, message, remedy, target)])


# Doing the work


def _stage(folder: Folder, plan: _Plan) -> _Journal:
    """Do step 1, and undo it if it fails."""
    created: list[str] = []
    try:
        for name in _folders(plan.write):
            if folder.make_folder(name):
                created.append(name)
            folder.require_writable(name)
        for name in ("", *_folders(plan.remove)):
            folder.require_writable(name)
        folder.make_folder(STAGING)
        staged = {}
        for number, (name, content) in enumerate(sorted(plan.write.items())):
            staged[name] = f"{STAGING}/{number}"
            folder.create(staged[name], content)
        before = {n: None if content is None else _digest(content) for n, content in plan.before.items()}
        draft = {"before": before, "format": _FORMAT, "remove": list(plan.remove), "staged": staged}
        folder.create(_JOURNAL_DRAFT, _json(draft))
        folder.sync(STAGING)
        folder.sync()
        folder.move(_JOURNAL_DRAFT, _JOURNAL)
    except BaseException:
        _discard(folder)
        for name in reversed(created):
            folder.remove_folder(name)
        raise
    folder.sync(STAGING)
    return _Journal(staged, plan.remove, before)


def _carry_out(folder: Folder, journal: _Journal) -> None:
    """Do step 2, or what is left of it: a staged file that is gone is already in its place."""
    waiting = _waiting(folder)
    for name in _folders(journal.staged):
        folder.make_folder(name)
    for name in sorted(journal.staged, key=lambda name: (name == LEDGER, name)):
        if journal.staged[name] in waiting:
            folder.move(journal.staged[name], name)
    for name in journal.remove:
        folder.remove(name)
    for name in reversed(_folders(journal.remove)):
        folder.remove_folder(name)
    for name in ("", *_folders(journal.staged)):
        folder.sync(name)
    _discard(folder)


def _waiting(folder: Folder) -> set[str]:
    return {f"{STAGING}/{name}" for name in folder.names(STAGING) or ()}


def _folders(names: Iterable[str]) -> list[str]:
    """Return the subfolders of the named files, the outer before the inner."""
    folders: set[str] = set()
    for name in names:
        parts = name.split("/")
        folders.update("/".join(parts[:length]) for length in range(1, len(parts)))
    return sorted(folders)


def _discard(folder: Folder) -> None:
    """Remove the staging folder, the journal first: a journal without staged files would mean that all is done."""
    names = folder.names(STAGING)
    if names is None:
        return
    folder.remove(_JOURNAL)
    folder.sync(STAGING)
    for name in names:
        if name.isdigit() or f"{STAGING}/{name}" == _JOURNAL_DRAFT:
            folder.remove(f"{STAGING}/{name}")
    folder.remove_folder(STAGING)


def _recover(folder: Folder, target: Path, *, force: bool) -> None:
    """Complete what a killed run began, or discard it if its journal was not complete yet. Raises Rejected."""
    journal = _read_journal(folder.read(_JOURNAL), target)
    if journal is None:
        _discard(folder)
        return
    waiting = _waiting(folder)
    done = {name for name, staged in journal.staged.items() if staged not in waiting}
    findings = []
    for name in sorted({*journal.staged, *journal.remove} - done):
        current = folder.read(name)
        if current is not None and _digest(current) != journal.before[name] and not force:
            message = "was edited by hand after an interrupted run of rolewright that would have replaced it"
            remedy = "move it out of the folder"
            findings.append(_in_the_way("write-edited", name, message, remedy, target))
    _refuse(findings)
    _carry_out(folder, journal)


def _read_journal(content: bytes | None, target: Path) -> _Journal | None:
    if content is None:
        return None
    try:
        draft = json.loads(content)
        staged, before = dict(draft["staged"]), dict(draft["before"])
        names = {*staged, *draft["remove"]}
        if (
            draft["format"] == _FORMAT
            and names <= {*before}
            and all(s.startswith(f"{STAGING}/") and s.removeprefix(f"{STAGING}/").isdigit() for s in staged.values())
            and not any(_bad_name(name) for name in names - {LEDGER})
        ):
            return _Journal(staged, tuple(draft["remove"]), before)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise Rejected(
        [
            Finding(
                "write-journal",
                f"{_JOURNAL} is not a journal that this version of rolewright wrote",
                f"remove the folder {STAGING}, and render again",
                Location(str(target / _JOURNAL)),
            )
        ]
    )


# Findings on what is in the way


def _bad_names(files: Iterable[str], target: Path) -> list[Finding]:
    names = set(files)
    bad = {name for name in names if _bad_name(name)} | set(_folders(names)) & names
    return [
        Finding(
            "write-name",
            f"{name!r} cannot be the name of a file in a module",
            "use a relative name of printable characters that is not the folder of another file",
            Location(str(target)),
        )
        for name in sorted(bad)
    ]


def _bad_name(name: str) -> bool:
    parts = name.split("/")
    return (
        any(part in ("", ".", "..") or part.startswith(".rolewright") for part in parts)
        or "\\" in name
        or not name.isprintable()
    )


def _unsafe(error: Unsafe, target: Path) -> Finding:
    shown = target / error.name
    return Finding(
        "write-link" if error.kind == "a link" else "write-not-a-file",
        f"{shown} is {error.kind}; a module is written only to regular files in real folders",
        "remove or rename it, or render to another folder",
        Location(str(shown)),
    )


def _failure(error: OSError, target: Path) -> Finding:
    reason = error.strerror or str(error)
    obstacle = next((path for path in (target, *target.parents) if is_there(path) and not is_folder(path)), None)
    if obstacle is not None:
        message = f"{obstacle} is not a folder, so nothing can be written into it"
        return Finding("write-not-a-file", message, "rename it, or render to another folder", Location(str(obstacle)))
    if error.errno in _FULL:
        rule, remedy = "write-disk-full", "free some disk space, and render again"
    elif error.errno in _FORBIDDEN or isinstance(error, PermissionError):
        rule, remedy = (
            "write-permission",
            "get write permission for it, or render to another folder",
        )
    else:
        rule, remedy = "write-failed", "remove the cause, and render again: that completes the interrupted run"
    return Finding(rule, f"the module cannot be written: {reason}", remedy, Location(str(target)))
