"""What the AWS command line says of a key: when it was used last, and which state it is in."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from rolewright.bounded import UnreadableError, read_json
from rolewright.finding import Finding, Location, Rejected
from rolewright.migration.evidence import LastUse

if TYPE_CHECKING:
    from pathlib import Path


def read_last_use(path: Path) -> LastUse:
    """What `aws iam get-access-key-last-used` prints. Raises Rejected."""
    data = _json(path)
    try:
        used = data["AccessKeyLastUsed"].get("LastUsedDate", "N/A")
        return LastUse(str(data["UserName"]), None if used == "N/A" else date.fromisoformat(used[:10]))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _refused(path, "aws iam get-access-key-last-used") from None


def read_status(path: Path, key_id: str, user: str) -> tuple[str, str]:
    """The state of a key in what `aws iam list-access-keys` prints for a user ("" for any), and whose it is there.

    The state is "" where it is not there. Raises Rejected, also for the list of another user.
    """
    data = _json(path)
    try:
        found = {
            str(one["AccessKeyId"]): (str(one["Status"]), str(one["UserName"])) for one in data["AccessKeyMetadata"]
        }
        whole = not data.get("IsTruncated")
    except (KeyError, TypeError, AttributeError):
        raise _refused(path, "aws iam list-access-keys") from None
    others = {name for _, name in found.values()} - {user}
    if not whole or (user and others) or (not user and key_id not in found):
        raise _refused(path, f"aws iam list-access-keys --user-name {user or 'USER'}")
    return found.get(key_id, ("", user))


def _json(path: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return read_json(path)
    except UnreadableError as error:
        place = Location(str(path))
        raise Rejected([Finding("migration-evidence", f"{path} {error}", "name another file", place)]) from None


def _refused(path: Path, command: str) -> Rejected:
    message = f"{path} is not what `{command}` prints"
    return Rejected([Finding("migration-evidence", message, "write its output to a file", Location(str(path)))])
