"""The answers of the AWS command line about a key, its last use and its state; and the digests of files."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import TYPE_CHECKING, Any

from rolewright.audit.finding import closed_finding
from rolewright.core.files import DECODER, UnreadableError, is_file, is_folder, read_text
from rolewright.core.finding import Location, Rejected
from rolewright.migration.evidence import LastUse, last_used_command, listed_command
from rolewright.migration.state import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rolewright.migration.state import Key

_BLOCK = 1 << 20


def read_last_use(path: Path, key: Key, today: date) -> LastUse:
    """Read when a key was used last, as `last_used_command` writes it. Raises Rejected, also for another key's."""
    command = last_used_command(key)
    data = _answers(path, key, command)
    if data.get("AccessKeyId") != key.id:
        raise _refused(path, key, f"does not name the key {key.id}", command)
    try:
        used, user = data["AccessKeyLastUsed"], str(data["UserName"])
        day = used.get("LastUsedDate", "N/A")
        never = day == "N/A" and used["ServiceName"] == "N/A"
        found = LastUse(user, None if never else date.fromisoformat(day[:10]))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _refused(path, key, "does not say when the key was used", command) from None
    if found.day is not None and found.day > today:
        raise _refused(path, key, f"says {found.day}, which is in the future", command)
    return found


def read_status(path: Path, key: Key) -> tuple[str, str]:
    """Read the state of a key and its user, as `listed_command` writes them; the state is "" where the key is no more.

    Raises Rejected, also for a list of another user or account, and for one that does not name its user.
    """
    command = listed_command(key)
    data = _answers(path, key, command)
    try:
        named, listed = str(data["UserName"]), data["AccessKeyMetadata"]
        found = [(str(metadata["AccessKeyId"]), str(metadata["Status"])) for metadata in listed]
        users = {str(metadata["UserName"]) for metadata in listed} | {named}
        whole = not data.get("IsTruncated")
    except (KeyError, TypeError, AttributeError):
        raise _refused(path, key, "does not say which user has which keys", command) from None
    if users != {named} or key.user not in ("", named):
        others = " and ".join(sorted(users - {key.user}))
        raise _refused(path, key, f"is about the user {others}, not about {key.user or 'one user only'}", command)
    states = {status for name, status in found if name == key.id}
    if not whole or len(states) > 1 or states - {"Active", "Inactive"}:
        raise _refused(path, key, "is incomplete or contradicts itself", command)
    if not states and not key.user:
        raise _refused(
            path, key, f"does not list the key {key.id}, and nothing shows that it ever belonged to {named}", command
        )
    return next(iter(states), ""), named


def digested(paths: Iterable[Path]) -> tuple[Shown, ...]:
    """Return files and folders with their digests, without what is neither. Raises Rejected for what is unreadable."""
    return tuple(filter(None, map(_shown, paths)))


def _shown(path: Path) -> Shown | None:
    try:
        if is_file(path):
            return Shown(str(path), _digest(path))
        if not is_folder(path):
            return None
        inner = sorted((inner.relative_to(path).as_posix(), inner) for inner in path.rglob("*") if is_file(inner))
        whole = hashlib.sha256()
        for name, file in inner:
            whole.update(f"{_digest(file)}  {name}\n".encode("utf-8", "surrogateescape"))
        return Shown(str(path), whole.hexdigest())
    except OSError as error:
        raise _unread(path, f"cannot be read: {error.strerror}") from None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _answers(path: Path, key: Key, command: str) -> dict[str, Any]:
    """Read the commands' answers, one after the other, into one. Raises Rejected for those of another account."""
    answers: dict[str, Any] = {}
    try:
        text = read_text(path).strip()
    except UnreadableError as error:
        raise _unread(path, str(error)) from None
    while text:
        try:
            value, end = DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            raise _refused(path, key, "is not JSON", command) from None
        if not isinstance(value, dict) or answers.keys() & value.keys():
            raise _refused(path, key, "is not the output of this command", command)
        answers |= value
        text = text[end:].lstrip()
    account = answers.get("Account")
    if not isinstance(account, str) or not account:
        raise _refused(path, key, "does not say which account it is from", command)
    if key.account not in ("", account):
        raise _refused(path, key, f"is from account {account}, but the key belongs to {key.account}", command)
    return answers


def _unread(path: Path, why: str) -> Rejected:
    return Rejected([closed_finding("migration-evidence", f"{path} {why}", "give another file", Location(str(path)))])


def _refused(path: Path, key: Key, what: str, command: str) -> Rejected:
    place = Location(str(path))
    finding = closed_finding("migration-evidence", f"{path} {what}", f"run `{command}`", place, subject=key.id)
    return Rejected([finding])
