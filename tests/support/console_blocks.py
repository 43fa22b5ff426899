"""What a page shows of a terminal: commands after `$`, and below each what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands_of(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, with the text that has to follow."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def assert_says(said: str, expected: str, command: str) -> None:
    """Hold what was said against a page: nothing where it has nothing. `…` stands for anything, a day for any day."""
    assert "Traceback" not in said
    text = re.escape(expected.strip()).replace("…", ".*?")
    text = re.sub(r"\d{4}\\-\d\d\\-\d\d", r"\\d{4}-\\d\\d-\\d\\d", text)
    pattern = re.compile(re.sub(r"\s*\\\n", r"\\s*", text), re.DOTALL)
    assert pattern.search(said) if expected.strip() else not said.strip(), (command, said)
