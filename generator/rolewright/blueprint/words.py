"""`words.yaml` of each root → the words of other tools for ours, and sentences for patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.blueprint.marks import pattern_fault
from rolewright.core.files import is_file
from rolewright.core.finding import Finding, Rejected
from rolewright.core.nearest import squashed
from rolewright.core.words import Words
from rolewright.yaml.load import load
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rolewright.yaml.load import Tree

_TEXT = {"type": "string", "minLength": 1}
_NAMES = {"type": "object", "additionalProperties": {"type": "array", "minItems": 1, "items": _TEXT}}
_SCHEMA = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "synonyms": {"type": "object", "additionalProperties": _NAMES},
            "forms": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["pattern", "is"],
                    "properties": {"pattern": _TEXT, "is": _TEXT},
                },
            },
            "patterns": {"type": "object", "additionalProperties": _TEXT},
        },
    }
)


def read_words(roots: Iterable[Path], patterns: Callable[[], Mapping[str, str]]) -> Words:
    """Read `words.yaml` of each root that has one: a later root adds words, and replaces those that it has as well.

    `patterns` returns the named ones. Raises Rejected where a file is not of that form.
    """
    said: dict[str, str] = {}
    synonyms: dict[str, dict[str, list[str]]] = {}
    forms: dict[str, str] = {}
    for path in (root / "words.yaml" for root in roots):
        if is_file(path):
            tree = load(path).trees[0]
            findings = list(_SCHEMA.findings(tree.data, tree.location, "blueprint")) or list(_faults(tree))
            if findings:
                raise Rejected(findings)
            said |= {patterns().get(key, key): sentence for key, sentence in tree.data.get("patterns", {}).items()}
            forms |= {form["pattern"]: form["is"] for form in tree.data.get("forms", ())}
            for place, words in tree.data.get("synonyms", {}).items():
                synonyms.setdefault(place, {}).update({squashed(word): names for word, names in words.items()})
    return Words(said, synonyms, forms)


def _faults(tree: Tree) -> Iterator[Finding]:
    for index, form in enumerate(tree.data.get("forms", ())):
        fault = pattern_fault(form["pattern"])
        if fault:
            at = ("forms", index, "pattern")
            message = f"`{form['pattern']}` is not a valid regular expression: {fault}"
            yield Finding("blueprint-pattern", message, "correct it", tree.location(at), ".".join(map(str, at)))
