"""Changes of a manifest's text: a value at a path, or one more entry of a list, with layout and comments kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Edit
from rolewright.yaml.edit import Editor, UnplacedError, applied
from rolewright.yaml.flow import flow
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rolewright.yaml.load import PathInTree, Tree


@dataclass(frozen=True)
class ManifestChange:
    """A `value` at a path of the manifest, or as another entry of the list there. `note` is a comment above it."""

    path: PathInTree
    value: Any
    append: bool = False
    note: str = ""

    def words(self) -> str:
        """Return the change in words, with the YAML to write."""
        at = ".".join(map(str, self.path))
        if self.append:
            return f"add `{flow(self.value)}` to `{at}`"
        above = ".".join(map(str, self.path[:-1]))
        return f"under `{above}`, set `{self.path[-1]}: {flow(self.value)}`"


def changed(text: str, file: str, index: int, changes: Iterable[ManifestChange]) -> str:
    """Apply changes to one of a text's documents. Raises UnplacedError where an alias holds the place."""
    for change in changes:
        tree = loads(text, file).trees[index]
        text = applied(text, [_edit(text, tree, change)])
    return text


def _edit(text: str, tree: Tree, change: ManifestChange) -> Edit:
    editor = Editor(text, tree)
    node, depth = tree.data, 0
    for step in change.path:
        inner = _step(node, step)
        if inner in (None, {}, []) and (not isinstance(inner, dict | list) or depth + 1 < len(change.path)):
            break
        node, depth = inner, depth + 1
    at, rest = change.path[:depth], change.path[depth:]
    if not rest:
        return _at(editor, at, node, change)
    value = [change.value] if change.append else change.value
    for step in reversed(rest[1:]):
        value = {step: value}
    if not isinstance(node, dict):
        raise UnplacedError(change.path)
    if rest[0] in node:  # there, and empty
        return _filled(text, tree, editor, (*at, rest[0]), flow(value))
    lines = list(block({rest[0]: value}, (change.note,) if change.note else ()))
    return editor.added(at, lines, flow({rest[0]: value})[1:-1])


def _step(node: Any, step: str | int) -> Any:  # noqa: ANN401 - YAML
    if isinstance(node, dict):
        return node.get(step)
    return node[step] if isinstance(node, list) and isinstance(step, int) and step < len(node) else None


def _at(editor: Editor, at: PathInTree, node: Any, change: ManifestChange) -> Edit:  # noqa: ANN401 - YAML
    """Return the edit of a value that is there."""
    if not change.append:
        return editor.replace(at, flow(change.value))
    if not isinstance(node, list):  # one word, in place of a list of one
        return editor.replace(at, flow([node, change.value]))
    if not node:
        return editor.replace(at, flow([change.value]))
    lines = [f"# {change.note}"] if change.note else []
    item = list(block(change.value))
    return editor.added(at, [*lines, f"- {item[0]}", *(f"  {line}" for line in item[1:])], flow(change.value))


def _filled(text: str, tree: Tree, editor: Editor, path: PathInTree, written: str) -> Edit:
    """Return the edit that puts a value in place of nothing, after the colon of its key."""
    place = tree.places[path]
    if (place.line, place.column) == (place.end_line, place.end_column):
        edit = editor.replace(path, f" {written}")
        return edit if text[edit.start - 1 : edit.start] == ":" else Edit(edit.start, edit.end, written)
    return editor.replace(path, written)


def block(value: Any, notes: Sequence[str] = ()) -> Iterator[str]:  # noqa: ANN401 - YAML
    """Yield a value as lines of YAML, lists of words on one line. `notes` are comments above the innermost entry."""
    if not isinstance(value, dict) or not value:
        yield flow(value)
        return
    innermost = not (len(value) == 1 and isinstance(next(iter(value.values())), dict | list))
    single = len(value) == 1 and not innermost
    for key, inner in value.items():
        nested = isinstance(inner, dict) and inner
        entries = isinstance(inner, list) and any(isinstance(each, dict) for each in inner)
        if notes and not (single and _is_section(value)):
            yield from (f"# {note}" for note in notes)
            notes = ()
        if nested:
            yield f"{flow(str(key))}:"
            yield from (f"  {line}" for line in block(inner, notes))
        elif entries:
            yield f"{flow(str(key))}:"
            for each in inner:
                yield from (f"  # {note}" for note in notes)
                first, *others = block(each)
                yield f"  - {first}"
                yield from (f"    {line}" for line in others)
            notes = ()
        else:
            yield f"{flow(str(key))}: {flow(inner)}"


def _is_section(value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a mapping only holds the entry that a comment is about."""
    (inner,) = value.values()
    return isinstance(inner, list) or all(isinstance(part, dict) for part in inner.values())
