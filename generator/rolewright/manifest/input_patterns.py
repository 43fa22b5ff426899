"""Regular expressions of fields, as Terraform's `regex` takes them: in RE2, without lookaheads."""

from __future__ import annotations

import re

CHARACTERS = "A-Za-z0-9_.+=,@/#~()!-"
"""What an input may have that stands in a permission: no wildcard, no colon, nothing that HCL or IAM reads."""

_PLAIN = re.compile(
    r"\^(?:\[[A-Za-z0-9_./+=,@#-]+\]|\\\.|[A-Za-z0-9/_-]|\{\d{1,3}(?:,\d{0,3})?\}|[()|?*+](?![?:!=<]))+\$"
)
_FOREIGN_TO_RE2 = re.compile(r"\(\?(?!:)|\\[1-9]|\\Z|[*+?}]\+")
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_MOST = 1000  # https://github.com/google/re2/wiki/Syntax: "counting forms … reject … above 1000"


def is_plain(pattern: str) -> bool:
    """Return whether a pattern certainly takes none but CHARACTERS, from its first to its last character."""
    return _PLAIN.fullmatch(pattern) is not None


def inner(pattern: str) -> str:
    """Return a plain pattern for a part of a longer text."""
    bare = pattern[1:-1]
    depth = 0
    for match in re.finditer(r"\\.|\[[^\]]*\]|[()|]", bare):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if match[0] == "|" and not depth:
            return f"({bare})"
    return bare


def accepted_and_refused(pattern: str) -> tuple[str, tuple[str, ...]] | None:
    """Return what a text must match and what it must not, which is the same as the pattern; None if RE2 has no such."""
    refused: list[str] = []
    while pattern.startswith("^(?!"):
        end = _closing(pattern, 1)
        refused.append(f"^({pattern[4:end]})")
        pattern = "^" + pattern[end + 1 :]
    return (pattern, tuple(refused)) if all(map(_is_re2, (pattern, *refused))) else None


def _closing(pattern: str, opening: int) -> int:
    """Return the place of the parenthesis that closes the one at a place."""
    depth = 0
    for match in re.finditer(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]", pattern[opening:]):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return opening + match.start()
    raise ValueError(f"{pattern} has a parenthesis without an end")


def _is_re2(pattern: str) -> bool:
    counts = (int(number) for match in _COUNT.finditer(pattern) for number in match.groups() if number)
    return not _FOREIGN_TO_RE2.search(pattern) and all(count <= _MOST for count in counts)


def whole(entry: str) -> str:
    """Return the pattern of a text, given that of a part of one."""
    return f"^{entry}$"


def list_pattern(entry: str) -> str:
    """Return the pattern of a list as JSON, given that of an entry."""
    return rf'^\["{entry}"(,"{entry}")*\]$'


def map_pattern(entry: str) -> str:
    """Return the pattern of a mapping as JSON, given that of an entry without its outer quotes."""
    return rf'^\{{("{entry}"(,"{entry}")*)?\}}$'
