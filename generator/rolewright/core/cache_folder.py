"""The user's own folder for what can be made anew."""

from __future__ import annotations

import os
import sys


def cache_folder() -> str:
    """The user's own folder for what can be made anew, made if it is missing; "" if there can be none.

    One that others can write to is none: what lies in it is believed.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    path = os.path.join(home if os.path.isabs(home) else os.path.expanduser("~/.cache"), "rolewright")
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        found = os.stat(path)
    except OSError:
        return ""
    own = sys.platform != "win32" and found.st_uid == os.geteuid() and not found.st_mode & 0o022
    return path if own and os.path.isabs(path) else ""
