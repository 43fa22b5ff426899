"""Show characters that are invisible, or that reorder the text around them, as escapes."""

from __future__ import annotations

import re
import unicodedata

INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
"""For a set in a regular expression: control characters, soft hyphen, zero-width and bidirectional marks, line and
paragraph separators, byte order mark, tags. A fixed list, because `str.isprintable` differs between versions of
Python and the output must not.
"""
_TAB = 4
HIDDEN = re.compile(rf"(?![\t\n\u200c\u200d])[{INVISIBLE}\ud800-\udfff]")
"""The invisible characters that no text needs: the two joiners are part of emoji and of some scripts."""


def visible(text: str) -> str:
    """Replace each hidden character by an escape such as `\\u202e`."""
    return HIDDEN.sub(lambda match: escape(match[0]), text)


def one_line(text: str) -> str:
    """Replace hidden characters and line ends by escapes, so that the text stays on one line."""
    return visible(text.replace("\n", "\\n"))


def escape(character: str) -> str:
    """Return the escape for a character."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str) -> str:
    """Replace every control, format and separator character by an escape such as `\\x1b`."""
    return "".join(map(printable_character, text))


def printable_character(character: str) -> str:
    """Return a character as `printable` shows it."""
    if character == "\t":
        return " " * _TAB
    # Cc and Cf hold what controls a terminal, changes the direction of text or is invisible.
    return escape(character) if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character
