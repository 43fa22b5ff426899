"""Replace the content of somebody's file: all of it or nothing, and never through a link to somewhere else."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from rolewright.core.files import UnreadableError, is_link, read_bytes, real
from rolewright.core.finding import Finding, Location, Rejected


def replace_content(file: Path, before: bytes, after: bytes) -> None:
    """Replace a file that still has the content `before`; it keeps its mode and, as far as may be, its owner.

    Raises Rejected where it is a link, a folder in its path is a link that leads out of the folder around it, it was
    changed meanwhile, or it cannot be written; it is as it was then.
    """
    try:
        status = file.lstat()
        mode = status.st_mode
        if stat.S_ISLNK(mode):
            remedy = "give the file that it points to"
            raise _refusal(
                file, "write-link", f"{file} is a symbolic link, and rolewright does not write through links", remedy
            )
        for linked in filter(_leads_out, file.parents):
            message = f"{linked} is a symbolic link to {real(linked)}, and rolewright does not write through links"
            raise _refusal(file, "write-link", message, f"give the file itself: {real(file)}")
        if not os.access(file, os.W_OK):  # which a replacement does not need
            raise PermissionError(0, "it is read-only")
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".rolewright-") as folder:
            draft = Path(folder, file.name)
            with draft.open("wb") as stream:
                stream.write(after)
                stream.flush()
                os.fsync(stream.fileno())
            with contextlib.suppress(PermissionError):  # root alone may give a file to somebody
                os.chown(draft, status.st_uid, status.st_gid)
            draft.chmod(stat.S_IMODE(mode))
            if read_bytes(file) != before:
                raise _refusal(
                    file,
                    "write-changed",
                    f"{file} was changed by something else during the run",
                    "run the command again",
                )
            draft.replace(file)
    except UnreadableError as error:
        raise _refusal(file, "write-failed", f"{file} {error}", "fix the cause and run the command again") from None
    except OSError as error:
        reason = f"{file} cannot be written: {error.strerror or error}"
        raise _refusal(file, "write-failed", reason, "fix the cause and run the command again") from None


def _leads_out(folder: Path) -> bool:
    """Return whether a folder is a link to what is outside of the folder that the link is in."""
    return is_link(folder) and not real(folder).is_relative_to(real(folder.parent))


def _refusal(file: Path, rule: str, message: str, remedy: str) -> Rejected:
    return Rejected([Finding(rule, message, remedy, Location(str(file)))])
