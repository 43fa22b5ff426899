"""Tables of fields: which field of a source is which field of a manifest, and why others have no place in one.

A table is YAML beside its format: the dotted path of a field, `*` for any key or item, and one of

    to      the field of `compute` that has its value; `as` names the conversion (`convert.py`), `values` says what
            single values become, `why` how it is said there in another way, and `but` are values that need no field
    no      why a manifest does not have it; `but` are values for which nothing is lost
    by      who looks at it: the format's own code, with what it is there
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.expression import HeldValue, SourceText, asked
from rolewright.importer.secret_values import shown
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree


@dataclass(frozen=True)
class FieldRule:
    """What becomes of one field; the module's text says what each part means."""

    path: tuple[str, ...]
    to: str = ""
    as_: str = ""
    values: Mapping[str, Any] | None = None
    why: str = ""
    no: str = ""
    but: tuple[Any, ...] = ()
    by: str = ""


@dataclass(frozen=True)
class FormatData:
    """The YAML of a format: its tables of fields, by name, and its other facts."""

    fields: Mapping[str, tuple[FieldRule, ...]]
    facts: Mapping[str, Any]


@cache
def format_data(format_: str) -> FormatData:
    """Return the data of a format, by the name of its file."""
    data = load(Path(__file__).parent / "formats" / f"{format_}.yaml").trees[0].data
    return FormatData({name: tuple(_rules(fields)) for name, fields in data["fields"].items()}, data)


def _rules(fields: Mapping[str, Mapping[str, Any]]) -> Iterator[FieldRule]:
    for path, rule in fields.items():
        given = {"as_" if name == "as" else name: value for name, value in rule.items()}
        yield FieldRule(tuple(path.split(".")), **{**given, "but": tuple(given.get("but", ()))})


def carry(
    rules: tuple[FieldRule, ...],
    ledger: Ledger,
    root: PathInTree,
    workload: SourceWorkload,
    resolved: Callable[[Any], Any] = lambda value: value,
    below: str = "",
    data: Any = None,  # noqa: ANN401 - YAML
) -> None:
    """Set the fields of a workload that a table finds below `root`, and enter in the ledger what became of each.

    `resolved` returns a value with expressions in place of the source's functions. `below` is where `to` begins.
    `data` is what counts of the source at `root`, where that is not all of it.
    """
    node = data
    if node is None:
        node = ledger.tree.data
        for step in root:
            node = node[step]
    for rule in rules:
        for path, value in found_at(root, node, rule.path):
            _one(rule, ledger, path, resolved(value), workload, below)


def found_at(
    root: PathInTree,
    node: Any,  # noqa: ANN401 - YAML
    pattern: tuple[str, ...],
) -> Iterator[tuple[PathInTree, Any]]:
    """Yield the fields below a node that a path of a table stands for: where each is, and its value."""
    ways: list[tuple[PathInTree, Any]] = [(root, node)]
    for step in pattern:
        further: list[tuple[PathInTree, Any]] = []
        for path, value in ways:
            keys: list[Any] = list(value) if isinstance(value, dict) else []
            if isinstance(value, list) and step == "*":
                further += [((*path, number), inner) for number, inner in enumerate(value)]
            further += [((*path, key), value[key]) for key in keys if step in ("*", key)]
        ways = further
    yield from ways


def _one(
    rule: FieldRule,
    ledger: Ledger,
    path: PathInTree,
    value: Any,  # noqa: ANN401 - YAML
    workload: SourceWorkload,
    below: str,
) -> None:
    if rule.by:
        return
    if value is None or value in rule.but:
        ledger.carried(path, "", "which is what happens without it")
        return
    if rule.no:
        ledger.left(path, rule.no)
        return
    target = f"{below}.{rule.to}" if below else rule.to
    try:
        converted = _converted(rule, value)
    except NotCarriedError as error:
        ledger.left(path, str(error))
        return
    workload.set(target, converted, ledger.location(path))
    if rule.why or converted != value:
        ledger.derived(path, f"compute.{target}", rule.why or "in the manifest's form")
    else:
        ledger.carried(path, f"compute.{target}")


def _converted(rule: FieldRule, value: Any) -> Any:  # noqa: ANN401 - YAML
    plain = value.literal if isinstance(value, SourceText) and value.literal is not None else value
    if rule.values is not None and not isinstance(plain, SourceText | HeldValue):
        if str(plain) not in rule.values:
            raise NotCarriedError(f"a manifest cannot say {shown(plain)}: it knows {', '.join(rule.values)}")
        return rule.values[str(plain)]
    if not rule.as_ or isinstance(plain, HeldValue):
        return plain
    if isinstance(plain, SourceText) and rule.as_ not in ("text", "words"):
        return HeldValue(" and ".join(asked(plain)) or "the source does not say the value", None)
    return CONVERSIONS[rule.as_](plain)
