"""Tokens of JavaScript, TypeScript or Go → the expressions in them."""

from __future__ import annotations

from rolewright.sdk.javascript_and_go.expressions import (
    Alternatives,
    CallExpression,
    CodeExpression,
    CompositeLiteral,
    Concatenation,
    FunctionLiteral,
    Identifier,
    IndexExpression,
    MemberExpression,
    OtherExpression,
    StringLiteral,
)
from rolewright.sdk.javascript_and_go.tokens import CHUNK, NAME, NUMBER, OTHER, TEXT, Tokens

_DEPTH = 60
"""The deepest nesting of expressions that is read."""
_LINKS = 24
"""The most members, calls and operators in a row that are read."""
_STEPS = 3_000_000
"""Times that a token of one file may be looked at. A file that needs more is generated or obfuscated."""
_TYPES = 60
"""The most tokens that a type, or the types that a call is made with, may span."""
_PREFIXES = {"!", "-", "+", "~", "&", "*", "...", "<-", "++", "--"}
_WORDS = {"await", "typeof", "void", "delete", "yield", "async", "readonly"}
_CHOICES = {"||", "??", "&&"}
_OPERATORS = {"-", "*", "/", "%", "<", ">", "<=", ">=", "==", "!=", "===", "!==", "&", "|", "^"}


class TooLongError(Exception):
    """Reading the code takes more steps than are allowed."""


class Parser:
    """Reads the expression at a token on request, each only once."""

    def __init__(self, tokens: Tokens, *, is_go: bool) -> None:
        self.tokens = tokens
        self.is_go = is_go
        self._whole: dict[int, tuple[CodeExpression, int]] = {}
        self._units: dict[int, tuple[CodeExpression, int]] = {}
        self._depth = 0
        self._steps = 0

    def expression(self, at: int) -> tuple[CodeExpression, int]:
        """Read the expression that begins at a token; return it with the token after it."""
        if at not in self._whole:
            if self._depth > _DEPTH:
                return OtherExpression(at), self.after(at)
            self._depth += 1
            self._whole[at] = self._expression(at)
            self._depth -= 1
        return self._whole[at]

    def unit(self, at: int) -> tuple[CodeExpression, int]:
        """Read an expression without operators: a name, a text or a bracket with its calls, members and indices."""
        if at not in self._units:
            self._steps += 1
            if self._steps > _STEPS:
                raise TooLongError
            if self._depth > _DEPTH:
                return OtherExpression(at), self.after(at)
            self._depth += 1
            self._units[at] = self._postfixed(at, *self._primary(at))
            self._depth -= 1
        return self._units[at]

    def after(self, at: int) -> int:
        """Return the token after this one, or after the bracket that it opens."""
        tokens = self.tokens
        return min(tokens.ends.get(at, at) + 1, len(tokens))

    def listed(self, opening: int) -> tuple[CodeExpression, ...]:
        """Read the expressions between brackets."""
        end = self.tokens.end_of(opening)
        expressions: list[CodeExpression] = []
        at = opening + 1
        while at < end:
            expression, at = self.expression(at)
            expressions.append(expression)
            at = self.comma(at, end)
        return tuple(expressions)

    def comma(self, at: int, end: int) -> int:
        """Return the token after the next comma, not looking into brackets."""
        while at < end and not self.tokens.is_mark(at, ","):
            at = self.after(at)
        return at + 1

    # --- operators ---------------------------------------------------------------------------------

    def _expression(self, at: int) -> tuple[CodeExpression, int]:
        tokens = self.tokens
        first, end = self.unit(at)
        options = [first]
        joined = [first]
        while end < len(tokens) and len(options) + len(joined) < _LINKS:
            if tokens.is_mark(end, *_CHOICES):
                operand, end = self.unit(end + 1)
                options.append(operand)
            elif tokens.is_mark(end, "?") and not self.is_go:
                operand, end = self.expression(end + 1)
                options = [operand]
                if tokens.is_mark(end, ":"):
                    alternative, end = self.expression(end + 1)
                    options.append(alternative)
                break
            elif tokens.is_mark(end, "+"):
                operand, end = self.unit(end + 1)
                joined.append(operand)
            elif tokens.is_name(end, "as", "satisfies") and not self.is_go:
                end = self.type(end + 1)
            elif tokens.is_mark(end, *_OPERATORS) and not self._ends_line(end):
                _, end = self.unit(end + 1)
                options.append(OtherExpression(at))
            else:
                break
        if len(joined) > 1:
            return Concatenation(tuple(joined), at), end
        return (options[0] if len(options) == 1 else Alternatives(tuple(options), at)), end

    def _ends_line(self, at: int) -> bool:
        """Return whether Go's line ended before an operator that may begin the next one."""
        tokens = self.tokens
        return self.is_go and "\n" in tokens.text[tokens.starts[at - 1] : tokens.starts[at]] if at else False

    def type(self, at: int) -> int:
        """Skip a type."""
        tokens = self.tokens
        end = min(at + _TYPES, len(tokens))
        while at < end:
            if tokens.kinds[at] in (NAME, TEXT) or tokens.is_mark(at, "[", "{"):
                at = self.after(at)
                if (skipped := self.types(at)) is not None:
                    at = skipped
                if not tokens.is_mark(at, ".", "|", "&", "["):
                    return at
            elif tokens.is_mark(at, ".", "|", "&"):
                at += 1
            else:
                return at
        return at

    def types(self, at: int) -> int | None:
        """Skip `<…>`, if it holds types."""
        tokens = self.tokens
        if self.is_go or not tokens.is_mark(at, "<"):
            return None
        depth = 0
        for inner in range(at, min(at + _TYPES, len(tokens))):
            if tokens.is_mark(inner, "<"):
                depth += 1
            elif tokens.is_mark(inner, ">"):
                depth -= 1
                if depth == 0:
                    return inner + 1
            elif tokens.is_mark(inner, ";", "(", "&&", "||", "==="):
                return None
        return None

    # --- values ------------------------------------------------------------------------------------

    def _primary(self, at: int) -> tuple[CodeExpression, int]:  # noqa: PLR0911 - one for each kind of word
        tokens = self.tokens
        if at >= len(tokens):
            return OtherExpression(at), at + 1
        kind, word = tokens.kinds[at], tokens.words[at]
        if kind == TEXT:
            return StringLiteral(word, at), at + 1
        if kind in (NUMBER, OTHER, CHUNK):
            return OtherExpression(at), at + 1
        if kind == NAME:
            return self._named(at, word)
        if word == "`(":
            return self._template(at), self.after(at)
        if word in _PREFIXES:
            return self.unit(at + 1)
        if word == "(":
            if (body := self._arrow(self.after(at))) is not None:
                return FunctionLiteral(body, at), self._after_body(body)
            return self.expression(at + 1)[0], self.after(at)
        if word == "[":
            return self._bracketed(at)
        if word == "{" and not self.is_go:
            return self._mapping(at, None), self.after(at)
        return OtherExpression(at), at + (0 if word in (")", "]", "}", ",", ";", ":", "`)") else 1)

    def _named(self, at: int, word: str) -> tuple[CodeExpression, int]:
        tokens = self.tokens
        if word in _WORDS and not self.is_go and not tokens.is_mark(at + 1, ".", ",", ")", "=", "=>", ":"):
            return self.unit(at + 1)
        if word == "new" and not self.is_go:
            return self._new(at)
        if self.is_go and word == "map" and tokens.is_mark(at + 1, "["):
            return self.unit(self.after(at + 1))
        if word in ("function", "func"):
            opening = at + 1
            end = min(opening + _TYPES, len(tokens))
            while opening < end and not tokens.is_mark(opening, "{", ";", ","):
                opening = self.after(opening)
            return FunctionLiteral(opening, at), self.after(opening)
        if tokens.is_mark(at + 1, "=>"):
            return FunctionLiteral(at + 2, at), self._after_body(at + 2)
        return Identifier(word, at), at + 1

    def _new(self, at: int) -> tuple[CodeExpression, int]:
        tokens = self.tokens
        target, end = self.unit(at + 1) if tokens.is_name(at + 1, "new") else self._primary(at + 1)
        while tokens.is_mark(end, ".", "?.", "[") or self.types(end) is not None:
            if tokens.is_mark(end, "["):
                target, end = IndexExpression(target, self.expression(end + 1)[0], end), self.after(end)
            elif tokens.is_mark(end, "<"):
                end = self.types(end) or end + 1
            else:
                name = tokens.words[end + 1] if end + 1 < len(tokens) else ""
                target, end = MemberExpression(target, name, end + 1), end + 2
        if tokens.is_mark(end, "("):
            return CallExpression(target, self.listed(end), is_new=True, at=end), self.after(end)
        return CallExpression(target, (), is_new=True, at=at), end

    def _arrow(self, at: int) -> int | None:
        """Return where the body begins of a function whose parameters end before a token; None for no function."""
        tokens = self.tokens
        if self.is_go:
            return None
        if tokens.is_mark(at, ":"):
            at = self.type(at + 1)
        return at + 1 if tokens.is_mark(at, "=>") else None

    def _after_body(self, body: int) -> int:
        return self.after(body) if self.tokens.is_mark(body, "{") else self.expression(body)[1]

    def _template(self, at: int) -> CodeExpression:
        tokens, end = self.tokens, self.tokens.end_of(at)
        parts: list[CodeExpression] = []
        inner = at + 1
        while inner < end:
            if tokens.kinds[inner] == CHUNK:
                parts.append(StringLiteral(tokens.words[inner], inner))
            elif tokens.is_mark(inner, "{"):
                parts.append(self.expression(inner + 1)[0])
            inner = self.after(inner)
        return Concatenation(tuple(parts), at)

    def _bracketed(self, at: int) -> tuple[CodeExpression, int]:
        end = self.after(at)
        if not self.is_go:
            return CompositeLiteral((), self.listed(at), (), None, is_list=True, at=at), end
        return self.unit(end)  # []Type{…}

    def _mapping(self, at: int, type_: CodeExpression | None) -> CompositeLiteral:
        tokens, end = self.tokens, self.tokens.end_of(at)
        items: list[tuple[CodeExpression, CodeExpression]] = []
        elements: list[CodeExpression] = []
        spread: list[CodeExpression] = []
        inner = at + 1
        while inner < end:
            colon = self._colon(inner)
            if tokens.is_mark(inner, "..."):
                spread.append(self.expression(inner + 1)[0])
            elif colon is not None:
                key = self.expression(inner + 1)[0] if tokens.is_mark(inner, "[") else self._key(inner)
                items.append((key, self._value(colon + 1)))
            elif self.is_go:
                elements.append(self._value(inner))
            elif tokens.is_name(inner) and tokens.is_mark(inner + 1, ",", "}"):
                items.append((StringLiteral(tokens.words[inner], inner), Identifier(tokens.words[inner], inner)))
            elif tokens.is_name(inner) and tokens.is_mark(inner + 1, "("):
                items.append(
                    (StringLiteral(tokens.words[inner], inner), FunctionLiteral(self._body_after(inner + 1), inner))
                )
            inner = self.comma(inner, end)
        return CompositeLiteral(tuple(items), tuple(elements), tuple(spread), type_, is_list=bool(elements), at=at)

    def _value(self, at: int) -> CodeExpression:
        """Read a value in a mapping. In Go, the type of a value inside a literal may be left out."""
        return self._mapping(at, None) if self.tokens.is_mark(at, "{") and self.is_go else self.expression(at)[0]

    def _colon(self, at: int) -> int | None:
        """Return where the colon after a key stands."""
        tokens = self.tokens
        if tokens.is_mark(at, "[") or tokens.kinds[at] in (NAME, TEXT, NUMBER):
            after = self.after(at)
            while self.is_go and tokens.is_mark(after, ".") and after + 2 < len(tokens):
                after += 2
            return after if tokens.is_mark(after, ":") else None
        return None

    def _key(self, at: int) -> CodeExpression:
        tokens = self.tokens
        if self.is_go and tokens.is_mark(at + 1, "."):
            return self.expression(at)[0]
        return StringLiteral(tokens.words[at], at)

    def _body_after(self, at: int) -> int:
        """Return where the body begins of a function whose parameters stand at a bracket."""
        tokens = self.tokens
        at = self.after(at)
        if tokens.is_mark(at, ":"):
            at = self.type(at + 1)
        return at

    # --- members, indices and calls ----------------------------------------------------------------

    def _postfixed(self, start: int, expression: CodeExpression, at: int) -> tuple[CodeExpression, int]:
        tokens = self.tokens
        limit = _LINKS
        while at < len(tokens) and not isinstance(expression, FunctionLiteral) and limit > 0:
            limit -= 1
            self._steps += 1
            if tokens.is_mark(at, ".", "?.") and tokens.is_name(at + 1):
                expression, at = MemberExpression(expression, tokens.words[at + 1], at + 1), at + 2
            elif tokens.is_mark(at, ".", "?.") and tokens.is_mark(at + 1, "(", "["):
                at += 1  # f?.(x), and Go's x.(Type)
                if self.is_go:
                    at = self.after(at)
            elif tokens.is_mark(at, "("):
                expression, at = CallExpression(expression, self.listed(at), is_new=False, at=at), self.after(at)
            elif tokens.is_mark(at, "["):
                expression, at = IndexExpression(expression, self.expression(at + 1)[0], at), self.after(at)
            elif tokens.is_mark(at, "!") and not self.is_go and tokens.is_mark(at + 1, ".", ")", ",", ";", "[", "}"):
                at += 1
            elif (skipped := self.types(at)) is not None and tokens.is_mark(skipped, "("):
                at = skipped
            elif self.is_go and tokens.is_mark(at, "{") and self._is_type(start, expression):
                expression, at = self._mapping(at, expression), self.after(at)
            else:
                break
        return expression, at

    def _is_type(self, start: int, expression: CodeExpression) -> bool:
        """Return whether the braces after an expression are those of a composite literal of Go, and not of a block."""
        tokens = self.tokens
        if tokens.is_mark(start - 1, "]"):
            return True
        name = expression.name if isinstance(expression, Identifier | MemberExpression) else ""
        return name[:1].isupper() and not tokens.is_name(start - 1, "range", "switch", "func")
