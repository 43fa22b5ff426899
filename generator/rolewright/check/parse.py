"""Module text → ParsedModule, read by python-hcl2; the only place that knows its syntax tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rolewright.check.syntax import (
    Attribute,
    Block,
    Call,
    Conditional,
    Expression,
    Index,
    List,
    Literal,
    Map,
    Opaque,
    Operation,
    ParsedModule,
    Template,
    Traversal,
)
from rolewright.finding import Finding, Location, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.model import Module

Tree = Any
"""A node of lark's tree, which has no types of its own here: `data`, `children`, `meta`."""

_TFVARS = re.compile(r"environments/([a-z0-9-]+)\.tfvars$")


def parse(module: Module) -> ParsedModule:
    """Read every `.tf` and `.tfvars` file back. Raises Rejected with a finding for each broken file."""
    blocks: list[Block] = []
    tfvars: dict[str, Mapping[str, Attribute]] = {}
    findings: list[Finding] = []
    for file, text in module.files.items():
        named = _TFVARS.search(file)
        if named is None and not file.endswith(".tf"):
            continue
        read: Mapping[str, Attribute] = {}
        read_blocks: list[Block] = []
        try:
            body = _body(text)
            lines = text.splitlines()
            if named is not None:
                read = _by_name(body)
            else:
                read_blocks = [_block(node, file, lines) for node in _find(body, "block")]
        except _SyntaxError as error:
            findings.append(
                Finding(
                    "hcl-syntax",
                    f"the rendered text is no HCL: {error}",
                    "mend the blueprint's template",
                    Location(file, error.line, error.column, error.line, error.column + 1),
                )
            )
            continue
        if named is not None:
            tfvars[named[1]] = read
        else:
            blocks.extend(read_blocks)
    if findings:
        raise Rejected(findings)
    return ParsedModule(module.files, tuple(blocks), tfvars)


class _SyntaxError(Exception):
    def __init__(self, message: str, line: int, column: int) -> None:
        self.line, self.column = line, column
        super().__init__(message)


def _body(text: str) -> Tree:
    import hcl2  # noqa: PLC0415 - building its parser takes long, and a refused manifest needs none
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    try:
        tree = hcl2.parses_to_tree(text if text.endswith("\n") else text + "\n")
    except UnexpectedInput as error:
        raise _SyntaxError("unexpected text", max(error.line, 1), max(error.column, 1)) from None
    return next(_find(tree, "body"))


def _name(node: Tree) -> str:
    """The kind of a node; a token's own text is no node."""
    return str(node.data) if hasattr(node, "data") else ""


def _find(node: Tree, name: str) -> Iterator[Tree]:
    return (child for child in node.children if _name(child) == name)


def _nodes(node: Tree) -> list[Tree]:
    """The children that mean something: no punctuation, no comments."""
    return [c for c in node.children if _name(c) and _name(c) != "new_line_or_comment"]


def _line(node: Tree) -> int:
    while hasattr(node, "children"):
        node = node.children[0]
    return int(node.line)


def _token(node: Tree) -> str:
    return "".join(str(token) for token in node.scan_values(lambda _token: True))


def _block(node: Tree, file: str, lines: list[str]) -> Block:
    head, body = [], node
    for child in node.children:
        if _name(child) == "body":
            body = child
        elif _name(child) in ("identifier", "string"):
            head.append(child)
    line = _line(head[0])
    return Block(
        type=_token(head[0]),
        labels=tuple(_label(label) for label in head[1:]),
        attributes=_by_name(body if body is not node else None),
        blocks=tuple(_block(inner, file, lines) for inner in _find(body, "block")) if body is not node else (),
        file=file,
        line=line,
        comments=_comments(lines, line),
    )


def _label(node: Tree) -> str:
    if _name(node) == "identifier":
        return _token(node)
    value = _string(node)
    return str(value.value) if isinstance(value, Literal) else _token(node)


def _comments(lines: list[str], line: int) -> tuple[str, ...]:
    found: list[str] = []
    for text in reversed(lines[: line - 1]):
        stripped = text.strip()
        if not stripped.startswith("#"):
            break
        found.append(stripped.removeprefix("#").strip())
    return tuple(reversed(found))


def _by_name(body: Tree | None) -> Mapping[str, Attribute]:
    found: dict[str, Attribute] = {}
    for attribute in _attributes(body) if body is not None else ():
        if attribute.name in found:
            raise _SyntaxError(f"`{attribute.name}` is set twice in one block", attribute.line, 1)
        found[attribute.name] = attribute
    return found


def _attributes(body: Tree) -> Iterator[Attribute]:
    for node in _find(body, "attribute"):
        name, value = _nodes(node)
        yield Attribute(_token(name), _expression(value), _line(name))


def _expression(node: Tree) -> Expression:
    reader = _READERS.get(_name(node))
    return _opaque(node) if reader is None else reader(node)


def _opaque(node: Tree) -> Opaque:
    """The text as written, but for runs of white space."""
    text, end = "", None
    for token in node.scan_values(lambda _token: True):
        text += (" " if end is not None and token.start_pos > end else "") + str(token)
        end = token.end_pos
    return Opaque(text)


def _term(node: Tree) -> Expression:
    inner = _nodes(node)
    return _expression(inner[0]) if len(inner) == 1 else _opaque(node)


def _literal(node: Tree) -> Expression:
    text = _token(node)
    return Literal({"true": True, "false": False, "null": None}[text])


def _identifier(node: Tree) -> Expression:
    return Traversal((_token(node),))


def _get_attribute(node: Tree) -> Expression:
    target, step = _nodes(node)
    name = _nodes(step)[0]
    return _extended(_expression(target), Literal(_token(name)))


def _get_index(node: Tree) -> Expression:
    target, step = _nodes(node)
    inner = _nodes(step)
    key = _expression(inner[0]) if inner else Literal(int(_token(step).strip("[].")))
    return _extended(_expression(target), key)


def _extended(target: Expression, key: Expression) -> Expression:
    plain = isinstance(key, Literal) and isinstance(key.value, str | int) and not isinstance(key.value, bool)
    if isinstance(target, Traversal) and isinstance(key, Literal) and plain:
        return Traversal((*target.path, key.value if isinstance(key.value, int) else str(key.value)))
    return Index(target, key)


def _call(node: Tree) -> Expression:
    names = [_token(child) for child in _find(node, "identifier")]
    arguments = [child for found in _find(node, "arguments") for child in found.children]
    if any(str(child) == "..." for child in arguments if not _name(child)):
        return _opaque(node)
    values = (c for c in arguments if _name(c) and _name(c) != "new_line_or_comment")
    return Call("::".join(names), tuple(_expression(value) for value in values))


def _list(node: Tree) -> Expression:
    return List(tuple(_expression(child) for child in _nodes(node)))


def _map(node: Tree) -> Expression:
    items = []
    for element in _find(node, "object_elem"):
        key, value = _nodes(element)
        term = _nodes(key)[0]
        read = _expression(term)
        wrapped = any(str(child) == "(" for child in term.children if not _name(child))
        if isinstance(read, Traversal) and len(read.path) == 1 and not wrapped:
            read = Literal(read.path[0])
        items.append((read, _expression(value)))
    return Map(tuple(items))


def _conditional(node: Tree) -> Expression:
    test, yes, no = (_expression(child) for child in _nodes(node))
    return Conditional(test, yes, no)


def _unary(node: Tree) -> Expression:
    return Operation(str(node.children[0]), (_expression(_nodes(node)[-1]),))


def _binary(node: Tree) -> Expression:
    left, term = _nodes(node)
    operator, right = _nodes(term)
    return Operation(_token(operator), (_expression(left), _expression(right)))


_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([nrt"\\]))|(\$\$|%%)\{')
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if code:
            return chr(int(code, 16))
        return _PLAIN[found[3]] if found[3] else found[4][0] + "{"

    return _ESCAPE.sub(one, text)


def _string(node: Tree) -> Expression:
    parts: list[str | Expression] = []
    for part in _find(node, "string_part"):
        interpolations = list(_find(part, "interpolation"))
        if interpolations:
            parts.append(_expression(_nodes(interpolations[0])[0]))
        elif any(_name(child) for child in part.children):
            return _opaque(node)
        else:
            text = _unescaped(_token(part))
            if parts and isinstance(parts[-1], str):
                parts[-1] += text
            else:
                parts.append(text)
    if all(isinstance(part, str) for part in parts):
        return Literal("".join(part for part in parts if isinstance(part, str)))
    return Template(tuple(parts))


_READERS: dict[str, Callable[[Tree], Expression]] = {
    "expr_term": _term,
    "literal_value": _literal,
    "int_lit": lambda node: Literal(int(_token(node))),
    "float_lit": lambda node: Literal(float(_token(node))),
    "identifier": _identifier,
    "string": _string,
    "get_attr_expr_term": _get_attribute,
    "index_expr_term": _get_index,
    "function_call": _call,
    "tuple": _list,
    "object": _map,
    "conditional": _conditional,
    "unary_op": _unary,
    "binary_op": _binary,
}
