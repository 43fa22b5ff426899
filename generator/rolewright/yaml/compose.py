"""PyYAML's events → nodes with locations, by the rules of YAML 1.2's core schema.

Only `load` uses this. It works without recursion, and bounds the depth and what aliases expand to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import yaml

from rolewright.core.finding import Finding, Location, Rejected, Related
from rolewright.yaml.dialect import CORE, Dialect
from rolewright.yaml.remedy import syntax_remedy
from rolewright.yaml.scalar import core_value, is_not_finite

if TYPE_CHECKING:
    from rolewright.yaml.scalar import YamlScalar

MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_CHARACTERS = 4_000_000

Span = tuple[int, int, int, int]

# libyaml is about ten times as fast; a PyYAML that was built without it lacks the name.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_TAGS = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}


@dataclass
class Node:
    """A scalar; or a list, with `items`; or a mapping, with `entries` and the location of each key.

    `plain` is true for a scalar without quotes and tag. `nodes`, `characters` and `height` are its size
    with every alias in it expanded.
    """

    span: Span
    scalar: YamlScalar = None
    text: str = ""
    plain: bool = False
    items: list[Node] | None = None
    entries: dict[str, tuple[Location, Node]] | None = None
    nodes: int = 1
    characters: int = 0
    height: int = 1


@dataclass(frozen=True)
class _Key:
    """A key whose value has not come yet. The value is `dropped` if its key already has a finding."""

    name: str
    location: Location
    value: Literal["kept", "merged", "dropped"]


@dataclass
class _Frame:
    """A list or mapping whose end has not come yet."""

    node: Node
    anchor: str | None
    flow: bool
    function: str = ""
    key: _Key | None = None
    merged: list[Node] = field(default_factory=list)
    merge_key: Location | None = None


def compose(text: str, file: str, dialect: Dialect = CORE) -> list[Node]:
    """Return the roots of the documents that are not empty.

    Raises Rejected with all findings up to the first syntax error or exceeded bound.
    """
    composer = _Composer(text, file, dialect)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        composer.findings.append(_syntax_finding(error, text, file))
    if composer.findings:
        raise Rejected(composer.findings)
    return composer.roots


class _Mark(Protocol):
    """A mark of either of PyYAML's parsers; its numbers count from 0, in characters."""

    index: int
    line: int
    column: int


def _marks(event: yaml.Event) -> tuple[_Mark, _Mark]:
    """Return both marks of an event; a parser that reads text, as here, always sets them."""
    assert event.start_mark is not None
    assert event.end_mark is not None
    return event.start_mark, event.end_mark


def _span(event: yaml.Event) -> Span:
    start, end = _marks(event)
    return (start.line + 1, start.column + 1, end.line + 1, end.column + 1)


class _Composer:
    """Takes events in order, and keeps the open lists and mappings on a stack."""

    def __init__(self, text: str, file: str, dialect: Dialect) -> None:
        self.text = text
        self.file = file
        self.dialect = dialect
        self.roots: list[Node] = []
        self.findings: list[Finding] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str | None, Node | None] = {}  # None: its end has not come yet
        self.nodes = 0
        self.characters = 0

    def take(self, event: yaml.Event) -> None:
        """Process the next event. Raises Rejected where a bound is exceeded."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.SequenceStartEvent():
                self._open(event, Node(_span(event), items=[]), "seq")
            case yaml.MappingStartEvent():
                self._open(event, Node(_span(event), entries={}), "map")
            case yaml.CollectionEndEvent():
                self._close(event)
            case yaml.DocumentStartEvent():
                self._document(event)
            case _:
                pass

    def _find(self, rule: str, message: str, remedy: str, span: Span, *related: Related) -> None:
        self.findings.append(Finding(rule, message, remedy, Location(self.file, *span), related=related))

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self.anchors = {}
        if event.version is not None and tuple(event.version) != (1, 2):
            self._find(
                "source-version",
                "the file says that it is YAML {}.{}, and is read as YAML 1.2".format(*event.version),
                "remove the %YAML line, and make sure that only `true` and `false` are meant as booleans",
                _span(event),
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span = _span(event)
        if event.style in ("|", ">"):
            span = self._block_span(event, span)
        node = Node(
            span,
            scalar=self._resolve(event, span),
            text=event.value,
            plain=event.tag is None and event.implicit[0],
            characters=len(event.value),
        )
        function = self._function(event.tag)
        node = self._called(function, node)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._count(node)
        self._add(node)

    def _function(self, tag: str | None) -> str:
        """Return the key that a tag stands for in this dialect, or ""."""
        return self.dialect.functions.get(tag, "") if tag is not None else ""

    def _called(self, function: str, argument: Node) -> Node:
        """Return the mapping that a function with its argument stands for; the argument itself without one."""
        if not function:
            return argument
        if len(self.stack) + argument.height >= MAX_DEPTH:
            raise self._too_deep(argument.span)
        location = Location(self.file, *argument.span)
        return Node(
            argument.span,
            entries={function: (location, argument)},
            nodes=argument.nodes + 1,
            characters=argument.characters,
            height=argument.height + 1,
        )

    def _block_span(self, event: yaml.ScalarEvent, span: Span) -> Span:
        """Return a block scalar's span without the line ends and blank lines after its text."""
        start, end = _marks(event)
        block_text = self.text[start.index : end.index].rstrip()
        line, column = span[:2]
        breaks = block_text.count("\n")
        last = len(block_text) - (block_text.rfind("\n") + 1)
        return (line, column, line + breaks, last + 1 if breaks else column + last)

    def _resolve(self, event: yaml.ScalarEvent, span: Span) -> YamlScalar:
        text: str = event.value
        tag = event.tag
        if tag in ("!", _CORE + "str") or (tag is None and not event.implicit[0]) or self._function(tag):
            return text
        kind = tag.removeprefix(_CORE) if tag is not None and tag.startswith(_CORE) else ""
        accepted = _TAGS.get(kind)
        if tag is not None and accepted is None:
            self._foreign_tag(tag, span)
            return text
        value = core_value(text) if tag else self.dialect.words.get(text, core_value(text))
        if is_not_finite(text):
            self._find(
                "source-number",
                f"`{text}` is not a finite number",
                f'write a finite number, or "{text}" for the string',
                span,
            )
        elif accepted is not None and type(value) not in accepted:
            self._find(
                "source-tag",
                f"`{text}` is not a value of the type that its tag !!{kind} names",
                "remove the tag; to write a string, put it in quotes",
                span,
            )
        return float(value) if kind == "float" and isinstance(value, int) else value

    def _foreign_tag(self, tag: str, span: Span) -> None:
        shown = "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag
        self._find(
            "source-tag",
            f"the tag {shown} is not in YAML's core schema",
            "remove the tag, and write the value as plain text, a list or a mapping",
            span,
        )

    def _alias(self, event: yaml.AliasEvent) -> None:
        span = _span(event)
        target = self.anchors.get(event.anchor)
        if target is None:
            inside = event.anchor in self.anchors
            self._find(
                "source-alias",
                f"`*{event.anchor}` is inside the value that it refers to"
                if inside
                else f"`*{event.anchor}` has no anchor `&{event.anchor}` above it",
                "write the value instead of the alias"
                if inside
                else f"put `&{event.anchor}` before the value to repeat",
                span,
            )
            target = Node(span, entries={})  # a mapping, so that a `<<` before it adds no second finding
        if len(self.stack) + target.height > MAX_DEPTH:
            raise self._too_deep(span)
        node = replace(target, span=span)
        self._count(node)
        self._add(node)

    def _open(self, event: yaml.CollectionStartEvent, node: Node, kind: str) -> None:
        function = self._function(event.tag)
        if event.tag not in (None, "!", _CORE + kind) and not function:
            self._foreign_tag(event.tag, node.span)
        if len(self.stack) >= MAX_DEPTH:
            raise self._too_deep(node.span)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self._count(node)
        self.stack.append(_Frame(node, event.anchor, bool(event.flow_style), function))

    def _close(self, event: yaml.CollectionEndEvent) -> None:
        frame = self.stack.pop()
        node = frame.node
        if node.entries is not None and frame.merged:
            # The first of several sources wins, and the mapping's own keys win over all of them.
            for source in frame.merged:
                node.entries = {**(source.entries or {}), **node.entries}
        if frame.flow:
            node.span = (*node.span[:2], *_span(event)[2:])
        node = self._called(frame.function, node)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = node
        self._add(node)

    def _count(self, node: Node) -> None:
        """Count a scalar, an opened list or mapping, or an alias with all that it expands to."""
        self.nodes += node.nodes
        self.characters += node.characters
        if self.nodes > MAX_NODES or self.characters > MAX_CHARACTERS:
            self._find(
                "source-expansion",
                f"the file has more than {MAX_NODES:,} values or {MAX_CHARACTERS:,} characters"
                " once its aliases are expanded",
                "use fewer aliases, or put each workload into a file of its own",
                node.span,
            )
            raise Rejected(self.findings)

    def _too_deep(self, span: Span) -> Rejected:
        self._find(
            "source-depth",
            f"the file is nested more than {MAX_DEPTH} levels deep",
            "use fewer levels; a manifest needs fewer than ten",
            span,
        )
        return Rejected(self.findings)

    def _add(self, node: Node) -> None:
        """Add a finished node where it belongs: to the roots, to a list, or as a key or its value."""
        if not self.stack:
            if not (node.plain and node.text == ""):  # an empty document
                self.roots.append(node)
            return
        frame = self.stack[-1]
        parent = frame.node
        parent.nodes += node.nodes
        parent.characters += node.characters
        parent.height = max(parent.height, node.height + 1)
        if not frame.flow:
            parent.span = (*parent.span[:2], *node.span[2:])
        if parent.items is not None:
            parent.items.append(node)
        elif frame.key is None:
            frame.key = self._key(frame, node)
        else:
            self._value(frame, frame.key, node)
            frame.key = None

    def _key(self, frame: _Frame, node: Node) -> _Key:
        location = Location(self.file, *node.span)
        if node.plain and node.text == "<<":
            first, frame.merge_key = frame.merge_key, frame.merge_key or location
            if first is None:
                return _Key("<<", location, "merged")
        elif not isinstance(node.scalar, str) and not (self.dialect.any_key and node.text):
            key_text = f"`{node.text}`" if node.text else "this one"
            self._find(
                "source-key",
                f"a key must be a string, and {key_text} is not",
                f'put quotes around it: "{node.text}"' if node.text else "write a name before the colon",
                node.span,
            )
            return _Key("", location, "dropped")
        else:
            entries = frame.node.entries or {}
            name = node.scalar if isinstance(node.scalar, str) else node.text
            if name not in entries:
                return _Key(name, location, "kept")
            first = entries[name][0]
        self._find(
            "source-duplicate-key",
            f"the key `{node.text}` appears twice in one mapping",
            "merge several mappings with one list, `<<: [*first, *second]`"
            if node.plain and node.text == "<<"
            else "remove one of the two, or rename it",
            node.span,
            Related(first, "it appears here first"),
        )
        return _Key("", location, "dropped")

    def _value(self, frame: _Frame, key: _Key, node: Node) -> None:
        if key.value == "kept" and frame.node.entries is not None:
            frame.node.entries[key.name] = (key.location, node)
        elif key.value == "merged":
            for source in [node] if node.items is None else node.items:
                if source.entries is None:
                    self._find(
                        "source-merge",
                        "`<<` merges mappings, and this is not one",
                        "give an alias of a mapping, such as `<<: *defaults`, or a list of such aliases",
                        source.span,
                    )
                else:
                    frame.merged.append(source)


def _syntax_finding(error: yaml.MarkedYAMLError, text: str, file: str) -> Finding:
    lines = text.split("\n")

    def place(mark: _Mark) -> Location:
        """Return the location of a mark, which may be one line beyond the end of the text."""
        line = min(mark.line, len(lines) - 1)
        column = min(mark.column, len(lines[line])) if line == mark.line else len(lines[line])
        return Location(file, line + 1, column + 1, line + 1, column + 2)

    mark = error.problem_mark or error.context_mark
    assert mark is not None
    location = place(mark)
    line_text = lines[location.line - 1]
    context = f" ({error.context})" if error.context else ""
    related: tuple[Related, ...] = ()
    if error.context_mark is not None and place(error.context_mark).line != location.line:
        related = (Related(place(error.context_mark), error.context or "it began here"),)
    return Finding(
        "source-syntax",
        f"this is not valid YAML: {error.problem}{context}",
        syntax_remedy(line_text, location.column, error.problem or ""),
        location,
        related=related,
    )
