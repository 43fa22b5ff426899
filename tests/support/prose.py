"""Who reads what findings say: the words are for people, and no code may hang on them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS = {
    "audit/baseline.py": "a digest of it tells an accepted finding from others, and no word of it counts",
    "audit/image.py": "says more of a finding whose file a later layer deletes",
    "audit/text.py": "the message that a pattern of `references.yaml` has",
    "batch/blueprint_test.py": "says more of a finding than was found",
    "check/provider.py": "the order in which findings are shown",
    "check/rule.py": "a hit of a rule becomes a finding",
    "terraform/run.py": "the same message with another remedy",
    "cli/manifest_options.py": "says what was fixed",
    "batch/fix.py": "two findings are the same where they say the same, and a fix is told by what it was of",
    "core/finding.py": "the order in which findings are shown",
    "importer/finish.py": "why a value was refused, for the person who has to write another",
    "manifest/rules.py": "the message that a blueprint has for its rule",
    "pipeline.py": "says that it was found for some value of an input, by the input's name",
    "prove/proof.py": "says more of a finding than was found",
    "retarget/retarget.py": "why a field or a type does not fit, shown to the user",
    "suggest/draft_check.py": "why a draft was refused, shown to the user",
    "suggest/engine.py": "why a change was refused, shown to the user",
    "usage/tally.py": "what AWS said of a call, in a record of CloudTrail",
    "yaml/schema.py": "what the library for JSON Schema says of a value",
}
"""The files beside `report/` that read a message or a remedy, and what for."""

DECIDERS = {
    "batch/blueprint_test.py": "where nothing else says it, a fault is shown at the block that its message names",
    "manifest/rules.py": "the message that a blueprint has for its rule is a template",
}
"""Those of them that look into it, and why they have to."""

_NAMES = {"message", "remedy"}
_LOOKS = {
    *("casefold", "count", "endswith", "find", "index", "isdigit", "lower", "lstrip", "partition", "removeprefix"),
    *("removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines"),
    *("startswith", "strip", "translate", "upper"),
}
_MATCHES = {"findall", "finditer", "fullmatch", "match", "search", "split", "sub", "subn"}


def readings(text: str) -> Iterator[int]:
    """The lines that read an attribute `message` or `remedy`."""
    yield from (
        node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute) and _is_prose(node)
    )


def decisions(text: str) -> Iterator[int]:
    """The lines that look into such an attribute: by a method, a comparison, a part, or a regular expression.

    A name that is given its value counts as the attribute itself, in the same file.
    """
    tree = ast.parse(text)
    names = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and node.value and _is_prose(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }

    def told(node: ast.AST) -> bool:
        return _is_prose(node) or (isinstance(node, ast.Name) and node.id in names)

    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            looked_at = [node.func.value] if node.func.attr in _LOOKS else []
            looked_at += node.args if node.func.attr in _MATCHES else []
        elif isinstance(node, ast.Compare):
            looked_at = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            looked_at = [node.value]
        else:
            continue
        if any(map(told, looked_at)):
            yield node.lineno


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in _NAMES and isinstance(node.ctx, ast.Load)
