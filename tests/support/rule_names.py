"""The names of rules that the code can give a finding, from its syntax trees."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import rolewright
from rolewright.check.rule import rules
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(rolewright.__file__).parent
_NAME = re.compile(r"[a-z]+[0-9]?(-[a-z]+)*")

ELSEWHERE = {
    "audit/files.py: NOT_READ": "audit/containers.py, which gives it too",
    "audit/text.py: pattern.rule": "the names in audit/references.yaml",
    "check/provider.py: problem.rule": "the names that a Problem is given",
    "check/rule.py: rule.name": "the names of check/rules/",
    "terraform/run.py: rule": "the steps of terraform/root.py",
    "prove/evaluate.py: f'evaluate-{kind}'": "the conditions of a lifecycle block",
    "report/json.py: str(finding['rule'])": "a finding that some run has written",
}
"""Where a rule's name is no text in the call, and where `rule_names` takes it from."""

_ENDINGS = ("missing-key", "unknown-key", "name", "type", "value")
"""What a violation of a JSON Schema is called after the prefix that `Schema.findings` is given."""


@cache
def rule_names() -> frozenset[str]:
    """Return every name. Fails where one comes from a place that it does not know."""
    taken, unknown = _taken()
    assert unknown == set(ELSEWHERE), unknown ^ set(ELSEWHERE)
    references = load(PACKAGE / "audit" / "references.yaml").trees[0].data
    steps = {
        name.replace(" ", "-")
        for name in _given(PACKAGE / "terraform" / "root.py", {"_step": 0, "_diagnosis": 0, "Fault": 1})
    }
    found = {
        *taken,
        *(one["rule"] for one in references),
        *(rule.name for rule in rules()),
        *(f"terraform-{step}" for step in steps),
        *(f"evaluate-{kind}" for kind in ("precondition", "postcondition")),
        *(f"{prefix}-{ending}" for prefix in _prefixes() for ending in _ENDINGS),
    }
    assert all(_NAME.fullmatch(name) for name in found), found
    return frozenset(found)


def _taken() -> tuple[set[str], set[str]]:
    """Return the names that calls are given, and the calls of which it cannot be told."""
    taken: set[str] = set()
    unknown: set[str] = set()
    for path, tree in _trees().items():
        tables = _tables(tree)
        for value in _values(path, tree):
            names = _texts(value, tables)
            if names is None:
                unknown.add(f"{path.relative_to(PACKAGE).as_posix()}: {ast.unparse(value)}")
            else:
                taken |= names
    return taken, unknown


@cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def _values(path: Path, tree: ast.Module) -> Iterator[ast.expr]:
    """Yield what is given for the rule of a finding, but for what only hands a parameter `rule` on."""
    own = {"Finding": 0, "Problem": 0, "closed_finding": 0, "finding": 0}
    parameters: set[ast.expr] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names = [one.arg for one in function.args.args if one.arg not in ("self", "cls")]
            typed = [
                one for one in function.args.args if one.arg == "rule" and ast.unparse(one.annotation or one) == "str"
            ]
            if typed:
                own[function.name] = names.index("rule")
                parameters |= {one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id == "rule"}
    if path == PACKAGE / "yaml" / "schema.py":
        return  # it puts an ending to a prefix
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            at = own.get(_called(call))
            named = [keyword.value for keyword in call.keywords if keyword.arg == "rule"]
            given = named or ([] if at is None else call.args[at : at + 1])
            yield from (value for value in given if value not in parameters and _called(call) != "Suppression")


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _texts(value: ast.expr, tables: dict[str, set[str]]) -> set[str] | None:
    match value:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp():
            names = [_texts(one, tables) for one in (value.body, value.orelse)]
            return None if None in names else {text for one in names for text in one or ()}
        case ast.Name():
            return tables.get(value.id)
        case _:
            return None


def _tables(tree: ast.Module) -> dict[str, set[str]]:
    """Return the texts that a file's variables stand for: constants, and the first of what a tuple or table has."""
    found: dict[str, set[str]] = {}
    unclear: set[str] = set()
    for one in ast.walk(tree):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name | ast.Tuple):
            target: ast.expr = one.targets[0]
            value = one.value
            if isinstance(target, ast.Tuple):
                target = target.elts[0]
                value = value.elts[0] if isinstance(value, ast.Tuple) else value
            if not isinstance(target, ast.Name):
                continue
            if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
                texts: set[str] | None = _rows(tree, value.value.id)
            else:
                texts = _texts(value, {})
            if texts is None:
                unclear.add(target.id)
            else:
                found.setdefault(target.id, set()).update(texts)
    return {name: texts for name, texts in found.items() if name not in unclear}


def _rows(tree: ast.Module, name: str) -> set[str] | None:
    """Return the first text of each row of a table of the file."""
    for one in tree.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.target.id == name:
            rows = one.value.values if isinstance(one.value, ast.Dict) else []
            firsts = [row.elts[0] for row in rows if isinstance(row, ast.Tuple)]
            return {first.value for first in firsts if isinstance(first, ast.Constant) and isinstance(first.value, str)}
    return None


def _given(path: Path, calls: dict[str, int]) -> set[str]:
    """Return the texts that calls of a file are given at a position."""
    return {
        argument.value
        for call in ast.walk(_trees()[path])
        if isinstance(call, ast.Call) and _called(call) in calls
        for argument in call.args[calls[_called(call)] :][:1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _prefixes() -> set[str]:
    """Return the prefixes that `Schema.findings` is given."""
    return {prefix for path in _trees() for prefix in _given(path, {"findings": 2})}
