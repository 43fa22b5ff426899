"""Files whose content is not in their bytes: archives, and what is compressed or encrypted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rolewright.finding import Finding, Location, Severity
from rolewright.source import load

NOT_READ = "not-read"


@cache
def _formats() -> tuple[tuple[str, bytes, int], ...]:
    """Each format's name, and the bytes that tell it, with their place."""
    listed = load(Path(__file__).with_name("containers.yaml")).trees[0].data
    return tuple((one["name"], bytes.fromhex(str(one["magic"])), int(one.get("offset", 0))) for one in listed)


def container(head: bytes) -> str | None:
    """Name the format that a file's first bytes tell, if its content is hidden in it."""
    return next((name for name, magic, place in _formats() if head.startswith(magic, place)), None)


def not_read(head: bytes, file: str) -> list[Finding]:
    """Tell that what is inside a file was not looked at, if its first bytes say that there is more inside."""
    name = container(head)
    if name is None:
        return []
    message = f"is {name}: what is inside was not read"
    remedy = "unpack it and audit what comes out, or take it out of the folder"
    return [Finding(NOT_READ, message, remedy, Location(file), severity=Severity.NOTE)]
