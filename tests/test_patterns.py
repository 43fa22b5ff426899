"""Every regular expression that meets foreign text takes time that grows with the text and no faster."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import rolewright
from rolewright.blueprint import builtin_root
from rolewright.blueprint.arn_template import own_pattern, wild_pattern
from rolewright.blueprint.catalog import Catalog
from slow_texts import TAILS, attacks

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(rolewright.__file__).parent
SIZES = (18, 24, 32, 500, 1_800, 20_000)
SLOW = 0.25
"""Seconds that 20,000 characters may take; the squares of them take more."""
WAYS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split")
KEYS = ("pattern", "x-fixed", "match", "regex", "form")
"""Under which YAML has a regular expression."""


class TooSlowError(Exception):
    """A text took longer than anything that grows with its length alone."""


def found() -> Iterator[tuple[str, re.Pattern[Any], tuple[str, ...]]]:
    """Each pattern, where it is from, and the ways in which it is asked."""
    for info in pkgutil.walk_packages([str(SOURCE)], "rolewright."):
        if ("build" in info.name.rpartition(".")[2] and ".data." in info.name) or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            for one in _patterns(value):
                yield f"{info.name}.{name}", one, _ways(name, Path(module.__file__ or ""))
    for path in sorted(SOURCE.rglob("*.py")):
        yield from _written(path)
    for path in sorted([*SOURCE.rglob("*.yaml"), *builtin_root().rglob("*.yaml")]):
        for at, text in _in_yaml(yaml.safe_load(path.read_text(encoding="utf-8")), ""):
            with suppress(re.error):
                yield f"{path.parent.name}/{path.name}{at}", re.compile(text), ("search",)


def _patterns(value: object) -> Iterator[re.Pattern[Any]]:
    match value:
        case re.Pattern():
            yield value
        case dict():
            for one in value.values():
                yield from _patterns(one)
        case list() | tuple() | set() | frozenset():
            for one in value:
                yield from _patterns(one)
        case _ if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            for name in value.__dataclass_fields__:
                yield from _patterns(getattr(value, name, None))


def _ways(name: str, path: Path) -> tuple[str, ...]:
    """How the module, or for a public name the package, asks a pattern of this name."""
    text = path.read_text(encoding="utf-8") if name.startswith("_") else _text()
    asked = {way for way in re.findall(rf"\b{re.escape(name)}\.(\w+)", text) if way in WAYS}
    return tuple(sorted(asked)) or ("search",)


_TEXT: list[str] = []


def _text() -> str:
    if not _TEXT:
        _TEXT.append("\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))))
    return _TEXT[0]


def _written(path: Path) -> Iterator[tuple[str, re.Pattern[Any], tuple[str, ...]]]:
    """Patterns that stand in a call such as `re.search("…", text)`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in WAYS
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            place = f"{path.relative_to(SOURCE)}:{node.lineno}"
            flags = re.MULTILINE if "MULTILINE" in ast.unparse(node) else 0
            yield place, re.compile(node.args[0].value, flags), (node.func.attr,)


def _in_yaml(node: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if isinstance(value, str) and (key in KEYS or ".derive" in at or at.endswith(".derive")):
                yield f"{at}.{key}", value
            yield from _in_yaml(value, f"{at}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _in_yaml(value, f"{at}.{index}")


def slowest(pattern: re.Pattern[Any], ways: tuple[str, ...]) -> str:
    """The text that it takes too long for, in words; "" if there is none."""
    for before, unit in attacks(pattern):
        for tail in TAILS:
            for way in ways:
                for size in SIZES:
                    text = before + unit * (size // len(unit) + 1) + tail
                    said = f"{way} of {before!r} + {unit!r} * {size // len(unit) + 1} + {tail!r}"
                    begun = time.process_time()
                    try:
                        _ask(pattern, way, text)
                    except TooSlowError:
                        return f"{said}: does not end"
                    taken = time.process_time() - begun
                    if taken > SLOW:
                        return f"{said}: {taken:.2f} s"
    return ""


def _ask(pattern: re.Pattern[Any], way: str, text: str) -> None:
    given: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    empty: Any = given[:0]
    signal.setitimer(signal.ITIMER_VIRTUAL, 3)
    try:
        if way in ("sub", "subn"):
            getattr(pattern, way)(empty, given)
        elif way == "finditer":
            for _ in pattern.finditer(given):
                pass
        else:
            getattr(pattern, way)(given)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@pytest.fixture
def bounded() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    yield
    signal.signal(signal.SIGVTALRM, before)


def test_no_pattern_takes_longer_than_the_text_is_long(bounded: None) -> None:
    known: dict[tuple[Any, int, tuple[str, ...]], tuple[str, re.Pattern[Any]]] = {}
    for place, pattern, ways in found():
        known.setdefault((pattern.pattern, pattern.flags, ways), (place, pattern))
    assert len(known) > 150
    slow = [f"{place}: {pattern.pattern!r}: {said}" for (_, _, ways), (place, pattern) in known.items()
            if (said := slowest(pattern, ways))]  # fmt: skip
    assert not slow, "\n".join(slow)


def test_no_template_of_an_arn_makes_one_that_does(bounded: None, catalog: Catalog) -> None:
    made = {}
    for blueprint in catalog.resources.values():
        for template in blueprint.arns.values():
            made[template] = wild_pattern(template)
        made[f"own {blueprint.own_arn}"] = own_pattern(blueprint.own_arn)
    slow = [f"{name}: {said}" for name, one in made.items() if (said := slowest(one, ("fullmatch",)))]
    assert not slow, "\n".join(slow)


def test_a_pattern_with_nested_repeats_is_found(bounded: None) -> None:
    assert slowest(re.compile(r"(a+)+b"), ("search",))
    assert slowest(re.compile(r"^(\w+\s?)*:"), ("match",))
    assert slowest(re.compile(r"\s+$"), ("search",))
    assert not slowest(re.compile(r"[a-z]+:\d+"), ("match",))
