"""How much runs side by side here."""

from __future__ import annotations

import os


def cpus() -> int:
    """Return how many processes run side by side here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
