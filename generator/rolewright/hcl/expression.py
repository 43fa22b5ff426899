"""Concrete syntax tree of an HCL expression → Expression."""

from __future__ import annotations

import itertools
import re
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rolewright.hcl.syntax import (
    Call,
    Conditional,
    Index,
    List,
    Literal,
    Map,
    Opaque,
    Operation,
    Template,
    Traversal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lark import Token, Tree

    from rolewright.hcl.syntax import Expression

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_HEREDOC = re.compile(r"<<(-?)[^\n]*\n((?:[^\n]*\n)*)[ \t]*\S+\r?\n")
_DEEPEST = 200
"""The deepest nesting of blocks and expressions; an expression and its term count as one level each."""
_MAX_DIGITS = 400
_PRIVATE_USE = range(0xE000, 0xF900)


class Malformed(Exception):
    """Text that is not valid HCL, with its line and column, counted from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        self.line = line
        self.column = column
        super().__init__(message)


def below(node: Tree[Token]) -> list[Tree[Token]]:
    """Return the children of a node that carry meaning: no punctuation, line breaks or comments."""
    return [c for c in node.children if not isinstance(c, str) and c.data != "new_line_or_comment"]


class ExpressionReader:
    """Reads the expressions of one file.

    `masked` is the text to parse: python-hcl2 takes the escape `$${` for an interpolation that needs a `}`,
    in the string or after it, so it has three private characters for each `$${` and `%%{`.
    """

    def __init__(self, text: str, parse: Callable[[str], Tree[Token]]) -> None:
        self._text = text
        self._parse = parse
        self._depth = 0
        unused = (chr(code) for code in _PRIVATE_USE if chr(code) not in text)
        marks = list(itertools.islice(unused, 2))
        if len(marks) < 2:
            raise Malformed("it has every character of the private use area", 1, 1)
        self._masks = {marks[0] * 3: "${", marks[1] * 3: "%{"}
        self.masked = text
        for mask, meaning in self._masks.items():
            self.masked = self.masked.replace(meaning[0] + meaning, mask)

    def name(self, node: Tree[Token]) -> str:
        """Return an attribute's name, a block's type, or a label without its quotes. Raises Malformed."""
        if node.data == "string":
            label = self._string(node)
            if not isinstance(label, Literal):
                raise _malformed("a label cannot be computed", node)
            return str(label.value)
        return str(node.children[0])

    @contextmanager
    def inside(self, node: Tree[Token]) -> Iterator[None]:
        """Count a nesting level while a node is read. Raises Malformed beyond the bound, since each level recurses."""
        if self._depth == _DEEPEST:
            raise _malformed("this is nested too deeply", node)
        self._depth += 1
        yield
        self._depth -= 1

    def expression(self, node: Tree[Token]) -> Expression:
        """Return the expression that a node stands for. Raises Malformed."""
        with self.inside(node):
            return self._meaning(node)

    def _meaning(self, node: Tree[Token]) -> Expression:  # noqa: C901, PLR0911, PLR0912 - one case per form
        match str(node.data), below(node):
            case "expr_term", [inner]:
                return self.expression(inner)
            case "string", _:
                return self._string(node)
            case "identifier", _:
                return Traversal((str(node.children[0]),))
            case "int_lit", _:
                return Literal(_number(node, str(node.children[0])))
            case "float_lit", _:
                return Literal(float(str(node.children[0])))
            case "literal_value", _:
                return Literal({"true": True, "false": False, "null": None}[str(node.children[0])])
            case "get_attr_expr_term", [base, step]:
                return _step(self.expression(base), Literal(self.name(below(step)[0])))
            case "index_expr_term", [base, key] if key.data == "braces_index":
                return _step(self.expression(base), self.expression(below(key)[0]))
            case "index_expr_term", [base, key]:
                return _step(self.expression(base), Literal(_number(key, str(key.children[-1]))))
            case "function_call", parts if not _expands(parts[-1]):
                name = "::".join(self.name(part) for part in parts if part.data == "identifier")
                arguments = below(parts[-1]) if parts[-1].data == "arguments" else []
                return Call(name, tuple(map(self.expression, arguments)))
            case "tuple", items:
                return List(tuple(map(self.expression, items)))
            case "object", elements:
                return Map(tuple(map(self._element, elements)))
            case "conditional", [test, yes, no]:
                return Conditional(self.expression(test), self.expression(yes), self.expression(no))
            case "binary_op", [left, term]:
                # A line break before an operator is part of the operator's token.
                operator, right = below(term)
                symbol = str(operator.children[0]).split()[-1]
                return Operation(symbol, (self.expression(left), self.expression(right)))
            case "unary_op", [operand]:
                return _unary(str(node.children[0]), self.expression(operand))
            case "heredoc_template" | "heredoc_template_trim", _:
                return self._heredoc(str(node.children[0]), node)
            case _:
                return self._opaque(node)

    def _opaque(self, node: Tree[Token]) -> Opaque:
        return Opaque(self._text[node.meta.start_pos : node.meta.end_pos])

    def _element(self, element: Tree[Token]) -> tuple[Expression, Expression]:
        wrapped, value = below(element)
        key = wrapped.children[0]
        assert not isinstance(key, str)
        inner = below(key)
        bare = key.data == "keyword" or (len(key.children) == 1 and inner[0].data in ("identifier", "literal_value"))
        name = Literal(self.name(inner[0] if inner else key)) if bare else self.expression(key)
        return name, self.expression(value)

    def _string(self, node: Tree[Token]) -> Expression:
        parts: list[str | Expression] = []
        for part in below(node):
            (content,) = part.children
            if isinstance(content, str):
                parts.append(self._unescape(content))
            elif content.data == "interpolation":
                parts.append(self.expression(below(content)[0]))
            else:
                return self._opaque(node)
        return _template(parts)

    def _unescape(self, token: Token) -> str:
        def meaning(match: re.Match[str]) -> str:
            code = int(match[1] or match[2] or "0", 16)
            if match[3] in _ESCAPED:
                return _ESCAPED[match[3]]
            if match[3] or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
                column = (token.column or 1) + match.start()
                raise Malformed(
                    f"{match[0]} is not an escape that HCL knows, such as \\n or \\u00e9", token.line or 1, column
                )
            return chr(code)

        if "\n" in token:
            raise Malformed("a quoted string has to end on its line", token.line or 1, token.column or 1)
        return self._unmask(_ESCAPE.sub(meaning, token))

    def _unmask(self, text: str) -> str:
        for mask, meaning in self._masks.items():
            text = text.replace(mask, meaning)
        return text

    def _heredoc(self, token: str, node: Tree[Token]) -> Expression:
        """Return the expression for a heredoc, whose text has interpolations but no backslash escapes."""
        match = _HEREDOC.fullmatch(token)
        if match is None:  # the grammar's own pattern is narrower
            raise _malformed("a heredoc cannot be read", node)
        text = _outdent(match[2]) if match[1] else match[2]
        if "%{" in text or "${~" in text or "~}" in text:
            return self._opaque(node)
        parts: list[str | Expression] = []
        rest = text
        while "${" in rest:
            literal, _, after = rest.partition("${")
            end = _closing_brace(after)
            if end is None:
                raise _malformed("an interpolation in this heredoc has no end", node)
            (body,) = below(self._parse(f"heredoc = ({after[:end]})"))
            parts += [self._unmask(literal), self.expression(below(below(body)[0])[1])]
            rest = after[end + 1 :]
        return _template([*parts, self._unmask(rest)])


def _malformed(message: str, node: Tree[Token]) -> Malformed:
    return Malformed(message, node.meta.line, node.meta.column)


def _number(node: Tree[Token], digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _malformed(f"a number has more than {_MAX_DIGITS} digits", node)
    return int(digits)


def _expands(node: Tree[Token]) -> bool:
    """Return whether a call's arguments end in `...`."""
    return node.data == "arguments" and any(isinstance(c, str) and c == "..." for c in node.children)


def _step(base: Expression, key: Expression) -> Expression:
    if isinstance(base, Traversal) and isinstance(key, Literal) and isinstance(key.value, str | int):
        return Traversal((*base.path, key.value))
    return Index(base, key)


def _unary(operator: str, operand: Expression) -> Expression:
    if operator == "-" and isinstance(operand, Literal) and isinstance(operand.value, int | float):
        return Literal(-operand.value)
    return Operation(operator, (operand,))


def _template(parts: list[str | Expression]) -> Expression:
    """Join the parts of a string, in Unicode's normal form C, in which HCL keeps every string."""
    joined: list[str | Expression] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    normal = tuple(unicodedata.normalize("NFC", part) if isinstance(part, str) else part for part in joined)
    if all(isinstance(part, str) for part in normal):
        return Literal("".join(map(str, normal)))
    return Template(normal)


def _outdent(text: str) -> str:
    """Remove the indentation that all lines share, as `<<-` does; blank lines do not count, and stay as they are."""
    lines = text.splitlines(keepends=True)
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    shared = min(indents, default=0)
    return "".join(line[shared:] if line.strip() else line for line in lines)


def _closing_brace(text: str) -> int | None:
    """Return the position of the `}` that ends an interpolation, given the text after its `${`; None without one."""
    depth = 0
    for position, brace in _braces(text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return position
    return None


def _braces(text: str) -> Iterator[tuple[int, str]]:
    """Yield the braces outside quoted strings, with their positions; those in a string's interpolations pair up."""
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}]', text):
        if match[0] in "{}":
            yield match.start(), match[0]
