"""The sandbox that blueprints' templates run in: values become literals, and nothing outside can be reached."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, BytecodeCache, StrictUndefined, TemplateError, TemplateNotFound, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.hcl.literal import RawExpression, comment, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import CodeType

    from jinja2.bccache import Bucket

    from rolewright.blueprint import Catalog

# Filters that only read values; those that make markup, pad to a width or run over large ranges are left out.
_FILTERS = ("default", "dictsort", "first", "last", "length", "list", "lower", "map", "reject",
            "rejectattr", "select", "selectattr", "sort", "string", "trim", "unique", "upper")  # fmt: skip
_STEPS = 20_000
_STEP, _CONCAT = "__step__", "__concat__"
_LENGTH = 1_000_000
_REFERENCE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)+")
_TYPE = re.compile(r"(list|set|map)\((string|number|bool)\)|string|number|bool")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$])")


class _Loader(BaseLoader):
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def get_source(
        self,
        environment: Any,  # noqa: ANN401, ARG002 - jinja's signature
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        """Return the text of a template; a name without a folder is in `module/`."""
        for name in (template, f"module/{template}"):
            if name in self._catalog.templates:
                path = self._catalog.templates[name]
                return path.read_text(encoding="utf-8"), str(path), lambda: True
        raise TemplateNotFound(template)


class _Compiled(BytecodeCache):
    """The code of templates by file, as long as the process lasts; a text that has changed is compiled anew."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled of this very text."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key] = bucket.checksum, bucket.code


class _Bounded(NodeTransformer):
    """Makes a template count each turn of its loops, and check the length where it joins text."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - jinja's name
        """Make a loop call `__step__` in each turn."""
        self.generic_visit(node)
        call = nodes.Call(nodes.Name(_STEP, "load"), [], [], None, None)
        node.body.insert(0, nodes.ExprStmt(call).set_lineno(node.lineno, override=True))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Call:  # noqa: N802 - jinja's name
        """Replace `a ~ b` by a call of `__concat__`."""
        self.generic_visit(node)
        return nodes.Call(nodes.Name(_CONCAT, "load"), node.nodes, [], None, None, lineno=node.lineno)


class _Undefined(StrictUndefined):
    """A name that a template uses and that is not there; what lacks it is told with what it has."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, owner = self._undefined_name, self._undefined_obj
        if name is None or not isinstance(owner, dict):
            return super()._undefined_message
        return f"there is no `{name}` here, but {', '.join(sorted(map(str, owner)))}"


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template: nodes.Template = _Bounded().visit(super()._parse(source, name, filename))
        return template

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """Refuse to repeat and pad text, which could take all memory and which no template needs. Raises TypeError."""
        long = isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple)
        if operator in ("**", "%") or (long and operator != "+"):
            raise TypeError(f"templates may not use `{operator}` here")
        if operator == "+":
            _require_short(sum(len(side) for side in (left, right) if isinstance(side, str | list | tuple)))
            return left + right
        return super().call_binop(context, operator, left, right)


def _require_short(length: int) -> None:
    if length > _LENGTH:
        raise TypeError(f"it makes more than {_LENGTH} characters or entries")


def _concat(*parts: object) -> str:
    texts = [str(part) for part in parts]
    _require_short(sum(map(len, texts)))
    return "".join(texts)


def _replace(text: object, old: str, new: str) -> str:
    before = str(text)
    _require_short(len(before) + (before.count(old) if old else len(before) + 1) * len(new))
    return before.replace(old, new)


def _join(items: Iterable[object], separator: str = "") -> str:
    texts = [str(item) for item in items]
    _require_short(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _markdown(value: object) -> str:
    """Escape text so that Markdown shows it as it is; a RawExpression is not escaped."""
    if isinstance(value, RawExpression):
        return value.text
    return _MARKDOWN.sub(r"\\\1", " ".join(str(value).split()))


_WRITERS = {"tf": (literal, _Compiled()), "md": (_markdown, _Compiled())}
"""How each kind of template writes values, and its code: a value that never changes is written when it is compiled."""


class Templates:
    """The templates of a catalog, compiled once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._environments = {kind: self._make(*writer) for kind, writer in _WRITERS.items()}
        self._steps = 0

    def _make(self, write: Callable[[object], str], compiled: _Compiled) -> _Sandbox:
        def finalize(value: object) -> str:
            if isinstance(value, Undefined):
                str(value)  # StrictUndefined raises an error with its name
            self._step()
            return write(value)

        environment = _Sandbox(
            loader=_Loader(self._catalog),
            undefined=_Undefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            bytecode_cache=compiled,
        )
        environment.filters = {name: environment.filters[name] for name in _FILTERS}
        environment.filters |= {"join": _join, "replace": _replace}
        environment.globals = {
            _STEP: self._step,
            _CONCAT: _concat,
            "comment": comment,
            "expression": _type_expression,
            "range": self._range,
            "ref": reference,
        }
        return environment

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _STEPS:
            raise TypeError(f"the template takes more than {_STEPS} steps")

    def _range(self, *limits: int) -> Iterator[int]:
        for number in range(*limits):
            self._step()
            yield number

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Render a template. Raises Rejected, with the template's line, where it is broken."""
        self._steps = 0
        kind = "md" if name.endswith(".md.j2") else "tf"
        try:
            text = self._environments[kind].get_template(name).render(context)
        except Exception as error:  # a template can raise whatever its expressions raise
            raise Rejected([self._finding(name, error, context)]) from None
        if len(text) > _LENGTH:
            raise Rejected([self._finding(name, TypeError(f"it makes more than {_LENGTH} characters"), {})])
        return text

    def _finding(self, name: str, error: Exception, context: Mapping[str, Any]) -> Finding:
        files = set(map(str, self._catalog.templates.values()))
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
        file, line = str(self._catalog.templates.get(name, name)), 1
        if frames:
            file, line = frames[-1].filename, frames[-1].lineno or 1
        if isinstance(error, TemplateError) and getattr(error, "lineno", None):
            line = error.lineno  # type: ignore[attr-defined]  # syntax errors alone have it
        reason = "it calls itself without end" if isinstance(error, RecursionError) else str(error) or repr(error)
        return Finding(
            "blueprint-template",
            f"the template cannot be rendered: {reason}",
            f"correct the template; it may use {', '.join(sorted(context))}" if context else "make less of it",
            Location(file, line, 1, line, 2),
        )


def reference(*parts: str) -> RawExpression:
    """Join the parts of a reference: `ref("aws_s3_bucket", resource.id, "arn")`. Raises ValueError."""
    text = ".".join(parts)
    if not _REFERENCE.fullmatch(text):
        raise ValueError(f"{text} is not a reference, such as aws_s3_bucket.this.arn")
    return RawExpression(text)


def _type_expression(text: str) -> RawExpression:
    if not _TYPE.fullmatch(text):
        raise ValueError(f"{text} is not the type of a variable, such as string or list(string)")
    return RawExpression(text)
