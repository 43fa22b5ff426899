"""The user's cache folder."""

from __future__ import annotations

import os
import sys


def cache_folder() -> str:
    """Return the path of the user's cache folder, creating it if it is missing; "" if there cannot be one.

    A folder that other users can write to is refused, because its content is trusted.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    path = os.path.join(home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "rolewright")
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        status = os.stat(path)
    except OSError:
        return ""
    own = sys.platform != "win32" and status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return path if own and os.path.isabs(path) else ""
