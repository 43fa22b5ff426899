"""JavaScript, TypeScript and Go → tokens: words, texts and brackets, in one pass.

Comments are left out. The code between `${` and `}` in a template has tokens like any other, between chunks of text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

NAME, TEXT, CHUNK, NUMBER, MARK, OTHER = "name", "text", "chunk", "number", "mark", "other"
OPENING = {"(": ")", "[": "]", "{": "}", "`(": "`)"}
"""Opening brackets, each with its closing one; a template counts as a bracket around its chunks."""

_SPACE = re.compile(r"(?:\s++|//[^\n]*+|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w$]*|[$#@][\w$]*")
_NUMBER = re.compile(r"\d[\w.]*")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\\n]|\\.)*+)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\\n]|\\.)*+)'", re.DOTALL),
}
_RAW = re.compile(r"`([^`]*+)`")
_CHUNK = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+", re.DOTALL)
_EXPRESSION = re.compile(r"/(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*")
_MARK = re.compile(r"=>|\?\.(?!\d)|\.\.\.|:=|===|!==|==|!=|<=|>=|\|\||&&|\?\?|\+\+|--|\+=|<-|\\.|.", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "v": "\v", "\n": ""}
_BEFORE_VALUE = {"return", "typeof", "case", "in", "of", "new", "delete", "void", "throw", "else", "do", "await"}


@dataclass(frozen=True)
class Tokens:
    """The tokens of a file.

    `ends` maps each opening bracket to the token that closes it. `around` has for each token the bracket that it is
    in, -1 for none.
    """

    text: str
    kinds: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    around: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.words)

    def is_mark(self, at: int, *marks: str) -> bool:
        """Return whether one of these marks stands at a token."""
        return 0 <= at < len(self.words) and self.kinds[at] == MARK and self.words[at] in marks

    def is_name(self, at: int, *names: str) -> bool:
        """Return whether a name stands at a token, and one of these if they are given."""
        return 0 <= at < len(self.words) and self.kinds[at] == NAME and (not names or self.words[at] in names)

    def end_of(self, at: int) -> int:
        """Return the token that closes a bracket; a bracket that nothing closes counts as empty."""
        return self.ends.get(at, at + 1)

    def place(self, at: int) -> tuple[int, int]:
        """Return the line and the column of a token."""
        start = self.starts[at]
        line = bisect_right(self._lines, start)
        return line, start - self._lines[line - 1] + 1

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]


def tokens_of(text: str, *, is_go: bool) -> Tokens:
    """Split a file of Go, or else of JavaScript or TypeScript, into tokens."""
    tokens = Tokens(text)
    _Lexer(tokens, is_go=is_go).read()
    return tokens


class _Lexer:
    def __init__(self, tokens: Tokens, *, is_go: bool) -> None:
        self._tokens = tokens
        self._is_go = is_go
        self._open: list[int] = []
        self._counts = dict.fromkeys(OPENING, 0)
        self._no_expression_before = 0
        """The end of the line on which the last search for a regular expression failed."""

    def read(self) -> None:
        text, at = self._tokens.text, 0
        while at < len(text):
            space = _SPACE.match(text, at)
            at = self._word(space.end()) if space else self._word(at)

    def _word(self, at: int) -> int:
        """Add the token at a place, and return where it ends."""
        text = self._tokens.text
        if at >= len(text):
            return at
        character = text[at]
        for kind, pattern in ((NAME, _NAME), (NUMBER, _NUMBER)):
            if match := pattern.match(text, at):
                self._add(kind, match[0], at)
                return match.end()
        if character in _QUOTED and (match := _QUOTED[character].match(text, at)):
            self._add(TEXT, unescaped(match[1]), at)
            return match.end()
        if character == "`":
            return self._template(at)
        if character == "/" and not self._is_go and (end := self._expression(at)):
            return end
        match = _MARK.match(text, at)
        assert match is not None
        self._mark(match[0], at)
        if match[0] == "}" and self._in_template():
            return self._chunk(match.end())
        return match.end()

    def _template(self, at: int) -> int:
        if self._is_go:
            raw = _RAW.match(self._tokens.text, at)
            if raw is None:
                self._add(OTHER, "`", at)
                return at + 1 if "`" in self._tokens.text[at + 1 : at + 2] else len(self._tokens.text)
            self._add(TEXT, raw[1], at)
            return raw.end()
        self._mark("`(", at)
        return self._chunk(at + 1)

    def _chunk(self, at: int) -> int:
        """Add a chunk of a template and the mark after it: the template's end, or the start of an expression."""
        text = self._tokens.text
        match = _CHUNK.match(text, at)
        assert match is not None
        if match[0]:
            self._add(CHUNK, unescaped(match[0]), at)
        end = match.end()
        if text.startswith("`", end):
            self._mark("`)", end)
            return end + 1
        if text.startswith("${", end):
            self._mark("{", end)
            return end + 2
        return len(text)

    def _in_template(self) -> bool:
        return bool(self._open) and self._tokens.words[self._open[-1]] == "`("

    def _expression(self, at: int) -> int | None:
        """Add a regular expression, where a value may begin; return None for a division."""
        tokens = self._tokens
        last = len(tokens) - 1
        if last >= 0:
            kind, word = tokens.kinds[last], tokens.words[last]
            ends_value = kind in (TEXT, NUMBER, OTHER) or (kind == MARK and word in (")", "]", "}", "`)", "++", "--"))
            if ends_value or (kind == NAME and word not in _BEFORE_VALUE):
                return None
        if at < self._no_expression_before:
            return None
        match = _EXPRESSION.match(tokens.text, at)
        if match is None:
            end = tokens.text.find("\n", at)
            self._no_expression_before = len(tokens.text) if end < 0 else end
            return None
        self._add(OTHER, match[0], at)
        return match.end()

    def _add(self, kind: str, word: str, at: int) -> None:
        tokens = self._tokens
        tokens.around.append(self._open[-1] if self._open else -1)
        tokens.kinds.append(kind)
        tokens.words.append(word)
        tokens.starts.append(at)

    def _mark(self, word: str, at: int) -> None:
        tokens = self._tokens
        if word in OPENING:
            self._add(MARK, word, at)
            self._open.append(len(tokens) - 1)
            self._counts[word] += 1
            return
        opening = next((bracket for bracket, closing in OPENING.items() if closing == word), None)
        if opening is not None and self._counts[opening]:
            while True:  # a bracket that is not closed ends with the one around it
                last = self._open.pop()
                tokens.ends[last] = len(tokens)
                self._counts[tokens.words[last]] -= 1
                if tokens.words[last] == opening:
                    break
        self._add(MARK, word, at)


def unescaped(text: str) -> str:
    """Resolve the escapes of a text in quotes."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _ESCAPED.get(match[4], match[4])
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
