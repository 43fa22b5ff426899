"""IAM wildcards as small automata: whether a pattern matches, is included in others, or overlaps with one.

A pattern holds literal characters, `*` (any characters, also none) and `?` (one character). `${*}`, `${?}`
and `${$}` stand for those three characters themselves. Any other `${…}` is taken literally, as a whole: it
is the token of a value that AWS generates, or a policy variable that is not resolved. A symbol, which stands for a
text that only the caller of the module knows, is a character like any other, except that no `?` matches it.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from rolewright.data.symbols import SYMBOL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SPAN = re.compile(r"\$\{[^{}]*\}")
_ESCAPES = {"${*}": "*", "${?}": "?", "${$}": "$"}
_ARN_SEGMENTS = 6
_MOST_STATES = 20_000
"""States that a search looks at, far more than patterns in use need: each `?` after a `*` may double them."""
_ELSE = "xyzabcdefghijklmnopqrstuvw0123456789XYZABCDEFGHIJKLMNOPQRSTUVW"


class UndecidedError(Exception):
    """Patterns whose comparison would take too long: whether a string is between them is not known."""


class Kind(Enum):
    """The reach of a wildcard.

    TEXT: over any characters; what StringLike and action names use.
    ARN: within one of the first five colon-separated segments, and over anything in the sixth, the resource
    part. A `*` that ends a shorter pattern reaches over all that follows, so that `*` and `arn:aws:s3:*`
    match. AWS's guide to the Resource element says the same of wildcards within segments, and lets the `*`
    at the end of a segment cross colons; in the middle of a pattern that would read one segment as several,
    which no real ARN allows, so it is not followed here.
    A pattern that begins with a token has no segments to tell apart; its wildcards reach over anything.
    """

    TEXT = "text"
    ARN = "arn"


@dataclass(frozen=True)
class _Item:
    """One place of a pattern: a character ("" for a wildcard), repeated or not, crossing `:` or not."""

    character: str
    repeated: bool = False
    crosses: bool = True

    def takes(self, character: str) -> bool:
        if self.character:
            return self.character == character
        if not self.repeated and SYMBOL.match(character):
            return False  # a symbol stands for a text of unknown length, and `?` for one character
        return self.crosses or character != ":"


@dataclass(frozen=True)
class Glob:
    """A compiled pattern. States are sets of places, as bits: bit i is set while the item i comes next."""

    items: tuple[_Item, ...]

    @cached_property
    def literal(self) -> str | None:
        """Return the only string that the pattern matches, or None if it has a wildcard."""
        return "".join(i.character for i in self.items) if all(i.character for i in self.items) else None

    @cached_property
    def prefix(self) -> str:
        """Return the characters before the first wildcard."""
        length = next((n for n, item in enumerate(self.items) if not item.character), len(self.items))
        return "".join(item.character for item in self.items[:length])

    @cached_property
    def open_prefix(self) -> bool:
        """Return whether the pattern is its prefix and a `*` that crosses everything."""
        return len(self.items) == len(self.prefix) + 1 and self.items[-1].repeated and self.items[-1].crosses

    @cached_property
    def place(self) -> tuple[str | None, ...]:
        """Return the first five segments of an ARN, None for one with a wildcard; () where they cannot be told."""
        parts: list[str | None] = [""]
        for item in self.items:
            if item.character == ":":
                parts.append("")
                if len(parts) == _ARN_SEGMENTS:
                    return tuple(parts[:-1])
            elif item.character:
                parts[-1] = None if parts[-1] is None else parts[-1] + item.character
            elif item.crosses:
                return ()
            else:
                parts[-1] = None
        return ()

    @cached_property
    def _stars(self) -> int:
        return sum(1 << n for n, item in enumerate(self.items) if item.repeated)

    @cached_property
    def _tables(self) -> dict[str, tuple[int, int]]:
        return {}

    def _moves(self, character: str) -> tuple[int, int]:
        moves = self._tables.get(character)
        if moves is None:
            once = sum(1 << n for n, i in enumerate(self.items) if not i.repeated and i.takes(character))
            again = sum(1 << n for n, i in enumerate(self.items) if i.repeated and i.takes(character))
            moves = self._tables[character] = (once, again)
        return moves

    def _close(self, state: int) -> int:
        """Step over `*` that match nothing, and drop the places that a later `*` makes redundant.

        Whatever can still match from a place before an active `*` can also match from that `*`, which keeps
        states small. (Two places with a `:` between them are never active together unless the later `*`
        crosses colons, because colons are counted by the text.)
        """
        state |= (state & self._stars) << 1
        active = state & self._stars
        if active:
            state &= -1 << (active.bit_length() - 1)
        return state

    @cached_property
    def start(self) -> int:
        """Return the state before the first character."""
        return self._close(1)

    def step(self, state: int, character: str) -> int:
        """Return the state after one more character; 0 means that nothing can match any more."""
        once, again = self._moves(character)
        return self._close((state & once) << 1 | state & again)

    def accepts(self, state: int) -> bool:
        """Return whether the characters so far are a match."""
        return bool(state >> len(self.items) & 1)

    def accepts_all(self, state: int) -> bool:
        """Return whether the characters so far match, whatever follows."""
        if not self.items or not (self.items[-1].repeated and self.items[-1].crosses):
            return False
        return bool(state >> len(self.items) - 1 & 1)

    def matches(self, text: str) -> bool:
        """Return whether the whole text is a match."""
        if self.literal is not None or not text.startswith(self.prefix):
            return text == self.literal
        state = self.start
        for character in text:
            state = self.step(state, character)
            if not state:
                return False
        return self.accepts(state)

    def example(self, filler: str) -> str:
        """Return a string that the pattern matches, with `filler` for each wildcard."""
        return "".join(item.character or filler for item in self.items)


def _characters(pattern: str) -> Iterator[tuple[str, bool]]:
    """Yield each character of a pattern, and whether it is meant literally."""
    place = 0
    for span in _SPAN.finditer(pattern):
        yield from ((c, False) for c in pattern[place : span.start()])
        yield from ((c, True) for c in _ESCAPES.get(span.group(), span.group()))
        place = span.end()
    yield from ((c, False) for c in pattern[place:])


@lru_cache(maxsize=65536)
def compile_glob(pattern: str, kind: Kind = Kind.ARN) -> Glob:
    """Compile a pattern to its automaton."""
    characters = list(_characters(pattern))
    token_first = pattern.startswith("${")
    segment = 1
    items: list[_Item] = []
    for place, (character, literal) in enumerate(characters):
        if literal or character not in "*?":
            segment += character == ":" and not literal
            items.append(_Item(character))
            continue
        crosses = kind is Kind.TEXT or token_first or segment >= _ARN_SEGMENTS
        crosses = crosses or (character == "*" and place == len(characters) - 1)
        if character == "*" and items and items[-1].repeated:
            items[-1] = _Item("", repeated=True, crosses=crosses or items[-1].crosses)
        else:
            items.append(_Item("", repeated=character == "*", crosses=crosses))
    return Glob(tuple(items))


def segments(pattern: str) -> tuple[str, ...]:
    """Split an ARN or an ARN pattern into its colon-separated segments, at most six; a `${…}` is never split."""
    hidden = _SPAN.sub(lambda span: span.group().replace(":", "\0"), pattern)
    return tuple(part.replace("\0", ":") for part in hidden.split(":", _ARN_SEGMENTS - 1))


def widened(pattern: str) -> str:
    """Return the pattern with `*` for each token and policy variable, so that it matches whatever their values are."""
    return _SPAN.sub(lambda span: span.group() if span.group() in _ESCAPES else "*", pattern)


def opened(pattern: str) -> str:
    """Return the pattern with `*` for each symbol, so that it matches whatever the inputs are."""
    return SYMBOL.sub("*", pattern)


def matches(pattern: str, text: str, kind: Kind = Kind.ARN) -> bool:
    """Return whether a pattern matches a text, case-sensitively."""
    return compile_glob(pattern, kind).matches(text)


def outside(pattern: str, cover: Sequence[str], kind: Kind = Kind.ARN) -> str | None:
    """Return a string that `pattern` matches and no pattern of `cover` does, or None if there is none.

    Where that takes too long to tell, it is the pattern itself: only what is known to be covered counts as covered.
    """
    if pattern in cover:
        return None
    try:
        return witness([compile_glob(pattern, kind)], [compile_glob(c, kind) for c in cover])
    except UndecidedError:
        return pattern


def overlap(pattern: str, other_pattern: str, kind: Kind = Kind.ARN) -> str | None:
    """Return a string that both patterns match, or None if there is none."""
    return witness([compile_glob(pattern, kind), compile_glob(other_pattern, kind)], [])


def witness(all_of: Sequence[Glob], none_of: Sequence[Glob]) -> str | None:
    """Return a string that every pattern of `all_of` matches and none of `none_of` does, or None.

    The answer is exact: characters that no pattern names all behave alike, so one represents them, and the
    automata run in parallel over the remaining alphabet. A string with a plain letter for each
    wildcard is tried first, because it reads best. `all_of` has at least one pattern. Raises UndecidedError.
    """
    prefix = max((glob.prefix for glob in all_of), key=len)
    if not all(prefix.startswith(glob.prefix) for glob in all_of):
        return None
    if len(all_of) > 1 and _are_apart([glob.place for glob in all_of]):
        return None
    near = [g for g in none_of if g.prefix.startswith(prefix) or prefix.startswith(g.prefix)]
    if any(glob.open_prefix and prefix.startswith(glob.prefix) for glob in near):
        return None
    named_characters = {item.character for glob in (*all_of, *near) for item in glob.items if item.character}
    unnamed = next((c for c in _ELSE if c not in named_characters), chr(max(map(ord, named_characters or {"x"})) + 1))
    for glob in all_of:
        example = glob.example(unnamed)
        if _is_between(example, all_of, near):
            return example
        if glob.literal is not None:
            return None
    return _search(all_of, near, [unnamed, *sorted(named_characters - {":"}), ":"])


def _are_apart(places: Sequence[tuple[str | None, ...]]) -> bool:
    """Return whether two ARN patterns name different texts in one of the first five segments."""
    told = [place for place in places if place]
    return any(len({part for part in parts if part is not None}) > 1 for parts in zip(*told, strict=True))


def _is_between(text: str, all_of: Sequence[Glob], none_of: Sequence[Glob]) -> bool:
    return all(glob.matches(text) for glob in all_of) and not any(glob.matches(text) for glob in none_of)


def _search(all_of: Sequence[Glob], none_of: Sequence[Glob], alphabet: Sequence[str]) -> str | None:
    """Return the shortest string that all match and none of the others does, or None, by breadth-first search."""
    globs = (*all_of, *none_of)
    must_match = len(all_of)
    start = tuple(glob.start for glob in globs)
    came_from: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None] = {start: None}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        paired = list(zip(globs, state, strict=True))
        accepted = [glob.accepts(s) for glob, s in paired]
        if all(accepted[:must_match]) and not any(accepted[must_match:]):
            text: list[str] = []
            step = came_from[state]
            while step is not None:
                text.append(step[1])
                step = came_from[step[0]]
            return "".join(reversed(text))
        for character in alphabet:
            after = tuple(glob.step(s, character) for glob, s in paired)
            if after in came_from or not all(after[:must_match]):
                continue
            if any(g.accepts_all(s) for g, s in zip(none_of, after[must_match:], strict=True)):
                continue
            if len(came_from) >= _MOST_STATES:
                raise UndecidedError
            came_from[after] = (state, character)
            queue.append(after)
    return None


@lru_cache(maxsize=4096)
def neighbours(arn: str) -> tuple[str, ...]:
    """Return names near an ARN: itself, longer, shorter and sibling names, one below it, and the same one elsewhere.

    For a pattern, a letter stands for each wildcard, and names near its literal prefix are included.
    """
    glob = compile_glob(arn)
    text = glob.example("x")
    parts = segments(text)
    if len(parts) < 6:
        return tuple(dict.fromkeys(near for near in (text, f"{text}-x", f"{text}/x", text[:-1]) if near))
    *place, resource = parts
    base = glob.prefix.removeprefix(":".join(place) + ":").rstrip("/") or resource
    parent = base.rpartition("/")[0]
    names = [resource, f"{resource}-x", f"{resource}/x", resource[:-1], base[:-1], f"{base}-x", f"{base}-x/x"]
    names += [f"{parent}/x", f"{parent}/other"] if parent else []
    names += [f"{resource}/index/x"]
    elsewhere = []
    for number, choices in ((3, ("eu-north-1", "us-west-2")), (4, ("999999999999", "000000000000"))):
        if place[number]:
            replacement = choices[place[number] == choices[0]]
            elsewhere.append([*place[:number], replacement, *place[number + 1 :], resource])
    elsewhere.append(["arn", "aws" if place[1] != "aws" else "aws-cn", *place[2:], resource])
    near = [":".join([*place, name]) for name in names if name] + [":".join(arn_parts) for arn_parts in elsewhere]
    return tuple(dict.fromkeys(near))
