"""Lay HCL out as `terraform fmt` does, so that blueprint authors need not care about white space."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# What stays open at the end of a line, innermost last: `"` a quoted template, `$` an interpolation in it,
# `{` a brace inside that, `/` a block comment, and the end mark of a heredoc after `<`.
_State = tuple[str, ...]
_Token = tuple[str, str]  # kind, text

# Kinds of tokens are single characters: brackets, `,` `.` `=` `:` `?` `-` and `!` stand for themselves, and
#   i name   n number   s whole string   h start of a heredoc   # comment
#   o c quotes of a template   t text in it   $ e its `${` or `%{` and the `}` of these
#   b binary operator   > `=>`   & `...`   ; `::`
_TOKEN = re.compile(
    r"""[ \t\r]*(?:
      (?P<i>[^\W\d][\w-]*)
    | (?P<s>"(?:[^"\\$%]|\\.|\$\$\{|%%\{|[$%](?!\{))*")
    | (?P<n>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<comment>\#.*|//.*|/\*.*?\*/)
    | (?P<open_comment>/\*.*)
    | (?P<heredoc><<-?[^\W\d][\w-]*$)
    | (?P<quote>")
    | (?P<ellipsis>\.\.\.)
    | (?P<arrow>=>)
    | (?P<scope>::)
    | (?P<b>==|!=|<=|>=|&&|\|\||[<>+*/%])
    | (?P<strip>~\})
    | (?P<punctuation>[()\[\]{},.=:?!-])
    )""",
    re.VERBOSE,
)
_KINDS = {"comment": "#", "ellipsis": "&", "arrow": ">", "scope": ";"}
_QUOTED_TEXT = re.compile(r'(?:[^"\\$%]|\\.|\$\$\{|%%\{|[$%](?!\{))+')
_HEREDOC_TEXT = re.compile(r"(?:[^$%]|\$\$\{|%%\{|[$%](?!\{))+")
_INTERPOLATION = re.compile(r"[$%]\{~?")
_OPENING, _CLOSING = "([{$", ")]}e"
_BEFORE_NEGATION = "([{=:,?b-!"
_JOINER = "\u200d"  # makes one emoji of two


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, split into the three cells that are aligned, with what it opens and closes."""

    lead: str
    assign: str
    comment: str
    lead_columns: int
    assign_columns: int
    net: int
    state: _State
    opens: bool
    closes: bool


@dataclass(slots=True)
class _Row:
    """A line of the output. `tail` holds the lines of a heredoc or block comment, which stay as they are."""

    line: _Line
    indent: int
    gap: int = 1
    comment_gap: int = 1
    tail: str = ""


_BLANK = _Line("", "", "", 0, 0, 0, (), opens=False, closes=False)


class UnformattableError(ValueError):
    """Text that cannot be laid out as HCL."""


def format_hcl(text: str) -> str:
    """Lay HCL out with the white space of `terraform fmt`, byte for byte, and with tidy blank lines.

    Beyond what `terraform fmt` does: no blank line at the start or end of the file or of a bracket, at most
    one elsewhere, always one after a block at the top level; no white space at the end of lines; `\\n` line ends.
    The tokens do not change, whereas `terraform fmt` also puts quotes around bare block labels and removes them
    from `"${x}"`. Raises UnformattableError for text that is not HCL, and for two rare forms: an interpolation of
    several lines in a heredoc, and code after the end of a comment of several lines.
    """
    rows = _rows(text)
    _align(rows)
    return "".join(map(_write, rows))


def _rows(text: str) -> list[_Row]:
    rows: list[_Row] = []
    open_brackets: list[int] = []  # per level of indentation, how many brackets its line opened
    state: _State = ()
    blank = False
    for raw in text.split("\n"):
        if state and state[-1][0] in "</":
            state, written = _inside(raw, state)
            rows[-1].tail += f"\n{written}"
            continue
        line = _analyse(raw.strip(" \t\r"), state)
        if not line.lead:
            blank = True
            continue
        level = len(open_brackets)
        if line.net < 0:
            _close(open_brackets, -line.net)
            level = len(open_brackets)
        elif line.net:
            open_brackets.append(line.net)
        if rows and _apart(rows[-1], line, blank=blank):
            rows.append(_Row(_BLANK, 0))
        rows.append(_Row(line, 2 * level))
        state, blank = line.state, False
    if state:
        raise UnformattableError("the text ends inside a string, a heredoc or a comment")
    return rows


def _inside(raw: str, state: _State) -> tuple[_State, str]:
    """Return the state after a line of a heredoc or block comment, and the line as it is written."""
    if state[-1] == "/":
        _, end, rest = raw.partition("*/")
        if rest.strip(" \t\r"):
            raise UnformattableError(f"code after a comment of several lines: {raw}")
        return (state[:-1] if end else state), raw.rstrip(" \t\r")
    if raw.strip() == state[-1][1:]:
        return state[:-1], raw.rstrip(" \t\r")
    if "${" not in raw and "%{" not in raw:
        return state, raw
    tokens, after = _scan(raw, state)
    if after != state:
        raise UnformattableError(f"an interpolation in a heredoc does not end on its line: {raw}")
    return state, _join(tokens)


def _close(open_brackets: list[int], closed: int) -> None:
    while closed > 0 and open_brackets:
        if closed < open_brackets[-1]:
            open_brackets[-1] -= closed
            return
        closed -= open_brackets.pop()


def _apart(previous: _Row, line: _Line, *, blank: bool) -> bool:
    """Return whether a blank line belongs between two lines."""
    if previous.line.opens or line.closes:
        return False
    return blank or (previous.indent == 0 and previous.line.closes and previous.line.net < 0)


def _align(rows: list[_Row]) -> None:
    """Bring the `=` of neighbouring lines into one column, then the comments after them."""
    start = 0
    for end in range(len(rows) + 1):
        if end == len(rows) or not rows[end].line.assign:
            if end > start + 1:
                width = max(row.indent + row.line.lead_columns for row in rows[start:end])
                for row in rows[start:end]:
                    row.gap = width - row.indent - row.line.lead_columns + 1
            start = end + 1
    start = 0
    for end in range(len(rows) + 1):
        if end == len(rows) or not rows[end].line.comment:
            if end > start + 1:
                width = max(map(_columns_before_comment, rows[start:end]))
                for row in rows[start:end]:
                    row.comment_gap = width - _columns_before_comment(row) + 1
            start = end + 1


def _columns_before_comment(row: _Row) -> int:
    line = row.line
    return row.indent + line.lead_columns + (row.gap + line.assign_columns if line.assign else 0)


def _write(row: _Row) -> str:
    line = row.line
    text = " " * row.indent + line.lead
    if line.assign:
        text += " " * row.gap + line.assign
    if line.comment:
        text += " " * row.comment_gap + line.comment
    return f"{text}{row.tail}\n"


@lru_cache(maxsize=1 << 14)  # modules consist of much the same lines
def _analyse(line: str, state: _State) -> _Line:
    tokens, state = _scan(line, state)
    if not tokens:
        return _BLANK
    opens = tokens[-1][0] in _OPENING
    comment = ""
    if len(tokens) > 1 and tokens[-1][0] == "#" and not tokens[-1][1].startswith("/*"):
        comment = tokens.pop()[1]
        opens = tokens[-1][0] in _OPENING
    lead, assign = tokens, list[_Token]()
    equals = next((index for index, (kind, _) in enumerate(tokens) if kind == "=" and index), None)
    if equals is not None and _net(tokens[equals:]) == 0:  # else a value of several lines begins here
        lead, assign = tokens[:equals], tokens[equals:]
    written, assigned = _join(lead), _join(assign)
    return _Line(
        lead=written,
        assign=assigned,
        comment=comment,
        lead_columns=_columns(written),
        assign_columns=_columns(assigned),
        net=_net(tokens),
        state=state,
        opens=opens,
        closes=tokens[0][0] in _CLOSING,
    )


def _scan(line: str, state: _State) -> tuple[list[_Token], _State]:
    """Return the tokens of a line, and what the line leaves open."""
    tokens: list[_Token] = []
    stack = list(state)
    position = 0
    while position < len(line):
        if stack and stack[-1][0] in '"<':
            position = _scan_template(line, position, stack, tokens)
            continue
        match = _TOKEN.match(line, position)
        if not match:
            if line[position:].strip(" \t\r"):
                raise UnformattableError(f"this is not valid HCL: {line}")
            break
        position = match.end()
        group = str(match.lastgroup)
        text = match[group]
        match group:
            case "punctuation":
                tokens.append((_bracket(text, stack), text))
            case "strip":
                if not stack or stack.pop() != "$":
                    raise UnformattableError(f"this is not valid HCL: {line}")
                tokens.append(("e", text))
            case "heredoc":
                tokens.append(("h", text))
                stack.append("<" + text.lstrip("<-"))
            case "open_comment":
                tokens.append(("#", text))
                stack.append("/")
            case "quote":
                tokens.append(("o", text))
                stack.append('"')
            case _:
                tokens.append((_KINDS.get(group, group), text))
    if stack and stack[-1] == '"':
        raise UnformattableError(f"a string does not end on its line: {line}")
    return tokens, tuple(stack)


def _bracket(mark: str, stack: list[str]) -> str:
    """Return the kind of a punctuation mark, and track the braces in an interpolation, to find its end."""
    if mark == "{" and stack:
        stack.append("{")
    elif mark == "}" and stack:
        return "e" if stack.pop() == "$" else "}"
    return mark


def _scan_template(line: str, position: int, stack: list[str], tokens: list[_Token]) -> int:
    """Read a piece of a template: text, the start of an interpolation, or the end. Return the position after it."""
    if match := (_QUOTED_TEXT if stack[-1] == '"' else _HEREDOC_TEXT).match(line, position):
        tokens.append(("t", match[0]))
    elif match := _INTERPOLATION.match(line, position):
        tokens.append(("$", match[0]))
        stack.append("$")
    elif line[position] == '"':
        tokens.append(("c", '"'))
        stack.pop()
        return position + 1
    else:
        raise UnformattableError(f"this is not valid HCL: {line}")
    return match.end()


def _net(tokens: list[_Token]) -> int:
    """Return how many more brackets are opened than closed."""
    return sum((kind in _OPENING) - (kind in _CLOSING) for kind, _ in tokens)


def _join(tokens: list[_Token]) -> str:
    written = ""
    before, (subject, text) = "", ("", "")
    for after, next_text in tokens:
        written += " " + next_text if subject and _spaced(before, subject, text, after) else next_text
        before, (subject, text) = subject, (after, next_text)
    return written


def _spaced(before: str, subject: str, text: str, after: str) -> bool:
    """Return whether `terraform fmt` puts a space between two tokens; the first rule that matches decides."""
    pair = subject + after
    if pair in ("i(", "i;", ";i") or "." in pair or after in ",&":
        return False
    if subject == "," or (text == "in" and subject == before == "i"):
        return True
    if subject in "toh" or after in "tc":
        return False
    if subject == "-":
        return before != "" and before not in _BEFORE_NEGATION
    if subject == "{" or after == "}":
        return pair != "{}"
    if pair in ("${", "}e"):
        return True
    indexed = after == "[" and subject in "in)]}e"
    return not (indexed or subject == "!" or subject in _OPENING or after in _CLOSING or pair == "e$")


def _columns(text: str) -> int:
    """Return how many characters a reader sees: those that combine with the one before them do not count."""
    if text.isascii():
        return len(text)
    seen, flags, joined = 0, 0, False
    for character in text:
        flag = "\U0001f1e6" <= character <= "\U0001f1ff"
        flags = flags + 1 if flag else 0
        extends = (
            unicodedata.category(character) in ("Mn", "Me", "Mc")
            or "\U0001f3fb" <= character <= "\U0001f3ff"
            or character == _JOINER
        )
        seen += not (extends or joined or (flag and flags % 2 == 0))
        joined = character == _JOINER
    return seen
