"""A part of a template without its functions, as tables of fields read it, and the account that it is entered in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.function_fields import DATA
from rolewright.importer.cloudformation.functions import is_function
from rolewright.importer.field_table import format_data
from rolewright.importer.ledger import Ledger
from rolewright.yaml.load import Tree

if TYPE_CHECKING:
    from rolewright.core.finding import Location
    from rolewright.importer.ledger import FieldFate
    from rolewright.yaml.load import PathInTree


class ResolvedLedger(Ledger):
    """An account of a part of a document whose `data` is without functions: what is said goes to the document's own.

    The part stands at `root` there. Its keys may begin with a small letter where the document's begin with a capital.
    What is said of a value that a function decides is said of the function.
    """

    def __init__(self, document: Ledger, root: PathInTree, data: Any) -> None:  # noqa: ANN401 - YAML
        super().__init__(Tree(document.tree.file, data, document.tree.places))
        self._document = document
        self._root = root

    def of(self, data: Any) -> ResolvedLedger:  # noqa: ANN401 - YAML
        """Return the account of the same part with other data, such as what it has by default."""
        return ResolvedLedger(self._document, self._root, data)

    def tell(self, path: PathInTree, outcome: FieldFate, target: str, note: str) -> None:
        """Enter what became of a field, if the document has it."""
        where, further, there = self._place(path)
        if there:
            inside = ".".join(map(str, further))
            self._document.tell(where, outcome, target, f"{inside}: {note}" if inside and note else note)

    def location(self, path: PathInTree) -> Location:
        """Return where a field stands, or what it is part of."""
        return self._document.location(self._place(path)[0])

    def _place(self, path: PathInTree) -> tuple[PathInTree, PathInTree, bool]:
        """Return the place in the document, what of the path is within a function, and whether it is there at all."""
        node: Any = self._document.tree.data
        place: PathInTree = ()
        for done, step in enumerate((*self._root, *path)):
            if is_function(node):
                return place, (*self._root, *path)[done:], True
            found = _step(node, step)
            if found is None:
                return place, (), False
            node = node[found]
            place = (*place, found)
        return place, (), True


def _step(node: Any, step: str | int) -> str | int | None:  # noqa: ANN401 - YAML
    """Return the key of a part as the document has it, None for no such part."""
    if isinstance(node, dict):
        return step if step in node else next((key for key in node if _api_name(key) == step), None)
    return step if isinstance(node, list) and isinstance(step, int) and step < len(node) else None


def _api_name(key: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a key as the APIs of AWS write it: they begin with a small letter, also where that is an abbreviation."""
    if not isinstance(key, str):
        return key
    named: str | None = format_data(DATA).facts["api_names"].get(key)
    return named or key[:1].lower() + key[1:]


def small(value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a value with keys as the APIs of AWS write them."""
    if isinstance(value, dict):
        return {_api_name(key): small(part) for key, part in value.items()}
    return [small(part) for part in value] if isinstance(value, list) else value
