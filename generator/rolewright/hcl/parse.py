"""Terraform text → ParsedModule. The only file that uses python-hcl2."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rolewright.core.cache_folder import cache_folder
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.hcl.expression import ExpressionReader, Malformed, below
from rolewright.hcl.syntax import Attribute, Block, ParsedModule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lark import Token, Tree

_TFVARS = re.compile(r"environments/([^/]+)\.tfvars")
_COMMENT = re.compile(r"\s*(?:#|//) ?(.*)")


class ModuleFiles(Protocol):
    """A module as `parse` takes it: its files, by name."""

    @property
    def files(self) -> Mapping[str, str]:
        """Return the text of each file by its name, relative and with `/`."""


def parse(module: ModuleFiles) -> ParsedModule:
    """Read a module's `.tf` files and `environments/NAME.tfvars`; keep every other file as text alone.

    Raises Rejected with a finding for each file that is not HCL. Since values from a manifest are escaped, a
    blueprint's template is at fault then.
    """
    blocks: list[Block] = []
    tfvars: dict[str, Mapping[str, Attribute]] = {}
    findings: list[Finding] = []
    for file, text in sorted(module.files.items()):
        environment = _TFVARS.fullmatch(file)
        if environment is None and not file.endswith(".tf"):
            continue
        try:
            body = _read(file, text)
        except Malformed as problem:
            findings.append(_finding(file, problem))
            continue
        if environment:
            tfvars[environment[1]] = body.attributes
        else:
            blocks.extend(body.blocks)
    if findings:
        raise Rejected(findings)
    return ParsedModule(files=module.files, blocks=tuple(blocks), tfvars=tfvars)


def _finding(file: str, problem: Malformed) -> Finding:
    return Finding(
        "hcl-syntax",
        f"{file} is not valid HCL: {problem}",
        "a blueprint's template writes this line: correct it there",
        Location(file, problem.line, problem.column, problem.line, problem.column + 1),
    )


@functools.lru_cache(maxsize=200)  # modules have files in common, and are parsed as written and as read back
def _read(file: str, text: str) -> Block:
    """Return a file's body as a block without a type. Raises Malformed."""
    reader = ExpressionReader(text, _tree)
    (body,) = below(_tree(reader.masked))
    return _block(_Source(file, text.split("\n"), reader), body, "", (), 1)


class _Source:
    """The file that a block is read from."""

    def __init__(self, file: str, lines: Sequence[str], reader: ExpressionReader) -> None:
        self.file = file
        self.lines = lines
        self.reader = reader

    def comments_above(self, line: int) -> tuple[str, ...]:
        """Return the comment lines directly above a line, without their marks."""
        comments: list[str] = []
        for text in reversed(self.lines[: line - 1]):
            comment = _COMMENT.fullmatch(text)
            if comment is None:
                break
            comments.append(comment[1].rstrip())
        return tuple(reversed(comments))


def _block(source: _Source, body: Tree[Token], type_: str, labels: tuple[str, ...], line: int) -> Block:
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for node in below(body):
        meta = node.meta
        before = source.lines[meta.line - 1][: meta.column - 1].rstrip()
        if before and not before.endswith(("{", "*/")):
            raise Malformed("a line break is missing here", meta.line, meta.column)
        if node.data == "block":
            *names, inner = below(node)
            head = [source.reader.name(name) for name in names]
            with source.reader.inside(node):
                blocks.append(_block(source, inner, head[0], tuple(head[1:]), meta.line))
            continue
        name, value = below(node)
        key = source.reader.name(name)
        if key in attributes:
            raise Malformed(f'"{key}" is set twice in one block', meta.line, meta.column)
        attributes[key] = Attribute(key, source.reader.expression(value), meta.line)
    return Block(
        type_, labels, attributes, tuple(blocks), source.file, line, source.comments_above(line) if type_ else ()
    )


def _tree(text: str) -> Tree[Token]:
    """Return the concrete syntax tree of HCL text. Raises Malformed."""
    import hcl2  # noqa: PLC0415 - heavy, and not needed for a manifest that is refused
    from lark.exceptions import UnexpectedEOF, UnexpectedInput  # noqa: PLC0415

    _choose_cache()
    try:
        tree: Tree[Token] = hcl2.parses_to_tree(text)
    except RecursionError:
        raise Malformed("it is nested too deeply", 1, 1) from None
    except UnexpectedEOF:
        raise Malformed("the text ends too early", text.count("\n") + 1, 1) from None
    except UnexpectedInput as error:
        lines = text.rstrip("\n").split("\n")
        if not 0 < error.line <= len(lines):
            raise Malformed("the text ends too early", len(lines) or 1, 1) from None
        message = f"`{lines[error.line - 1].strip()}` cannot be read"
        raise Malformed(message, error.line, error.column) from None
    return tree


@functools.cache
def _choose_cache() -> None:
    """Let python-hcl2 cache its parser in a folder that can be written, before the parser is first used.

    It caches the parser in its package's folder; where that is read-only, it builds the parser anew in every
    process (1 to 4 s), as it still does where the user's cache folder cannot be written either.
    """
    from hcl2 import parser  # noqa: PLC0415

    beside = Path(parser.PARSER_FILE)
    if beside.exists() or os.access(beside.parent, os.W_OK):
        return
    own = cache_folder()
    if own:
        parser.PARSER_FILE = Path(own, "hcl2-parser.bin")
