"""Inputs that grow, made from what a regular expression says itself: those on which it would take more than its time.

A pattern with nested quantifiers, or with two in a row that take the same characters, is slow on a run of what one of
its parts takes with something after it that it does not take. Every part of a pattern is repeated here, alone and after
all that stands before it.
"""

from __future__ import annotations

import re
import re._compiler as compiler  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import string
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FEW = 24
"""Repetitions after which a pattern that doubles its time with each has taken a second."""
_LONG = 16_000
_SECONDS = 0.02
"""Many times what a linear pattern takes for the longest of these inputs."""
_TAILS = ("", "\0", "!\n")
_USUAL = ("a", " ", "/", "\n", "{", "0", ".", "/*", "a.", "a ", "a: ", "-", "a/", ":")
_ALPHABET = "a1 _./-:Zx" + string.printable + "\0é"
_MEETS: dict[str, Callable[[re.Pattern[str], str], object]] = {
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    "match": lambda pattern, text: pattern.match(text),
    "search": lambda pattern, text: sum(1 for _ in pattern.finditer(text)),
}


def slow_on(pattern: re.Pattern[str], how: str = "search") -> str | None:
    """An input for which a pattern takes far longer than its length tells; None for none.

    `how` is "fullmatch" or "match" for a pattern that is used so alone.
    """
    meets = _MEETS[how]
    for before, unit in dict.fromkeys(one for one in _repeated(pattern) if one[1]):
        for tail in _TAILS:
            many = _LONG // len(unit)
            said = f"{before!r} + {unit!r} * n + {tail!r}"
            for count in range(2, _FEW, 3):
                if _took(meets, pattern, f"{before}{unit * count}{tail}") > _SECONDS:
                    return said
            if _took(meets, pattern, f"{before}{unit * (many // 4)}{tail}") > _SECONDS:
                return said
            if _took(meets, pattern, f"{before}{unit * many}{tail}") > _SECONDS:
                return said
    return None


def _took(meets: Callable[[re.Pattern[str], str], object], pattern: re.Pattern[str], text: str) -> float:
    """The seconds of a try; of the fastest of three where one took long, for the machine may be busy."""
    fastest = 1e9
    for _ in range(3):
        start = time.process_time()
        meets(pattern, text)
        fastest = min(fastest, time.process_time() - start)
        if fastest <= _SECONDS:
            break
    return fastest


def _repeated(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What stands before a part, and the part, in each form that it may have."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    yield from _parts(tree, "", pattern.flags)
    yield from (("", unit) for unit in _USUAL)


def _parts(tree: Any, before: str, flags: int) -> Iterator[tuple[str, str]]:
    last = ""
    for node in tree:
        inner = list(_inner(node))
        forms = [form for form in _forms(node, tree.state, flags) if form]
        for form in forms:
            yield from ((start, form) for start in ("", before))
            if last:
                yield from ((start, last + form) for start in ("", before))
        for one in inner:
            yield from _parts(one, before, flags)
        last = forms[0] if forms else last
        before += forms[0] if forms else ""
        if before:
            yield "", before


def _inner(node: Any) -> Iterator[Any]:
    """The sequences within a part."""
    name, argument = str(node[0]), node[1]
    if name == "BRANCH":
        yield from argument[1]
    elif name == "SUBPATTERN":
        yield argument[3]
    elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        yield argument[2]
    elif name in ("ASSERT",):
        yield argument[1]
    elif name == "ATOMIC_GROUP":
        yield argument


def _forms(node: Any, state: Any, flags: int) -> Iterator[str]:
    """Texts that a part takes, up to three."""
    name = str(node[0])
    if name in ("LITERAL", "NOT_LITERAL", "IN", "ANY", "CATEGORY"):
        one = parser.SubPattern(state, [node])
        single = compiler.compile(one, flags & re.ASCII)
        fitting = [character for character in _ALPHABET if single.fullmatch(character)]
        kinds = (str.isalpha, str.isdigit, lambda character: not character.isalnum())
        yield from dict.fromkeys(next(filter(kind, fitting), fitting[0] if fitting else "") for kind in kinds)
        return
    if name in ("ASSERT_NOT", "AT", "GROUPREF"):
        return
    for one in list(_inner(node))[:4]:
        whole = ""
        several: list[str] = []
        for part in one:
            forms = list(_forms(part, state, flags))
            several = forms if len(one) == 1 else several
            whole += forms[0] if forms else ""
        yield from several or [whole]
