"""The rules: their type, and how they are found and run."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rolewright.hcl.syntax import ParsedModule


@dataclass(frozen=True)
class Hit:
    """A line of the module that breaks a rule. `below` is a path below the manifest's part that it comes from."""

    file: str
    line: int
    message: str
    remedy: str
    below: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule. `summary` says what it finds, and `why` what goes wrong without it.

    `good` and `bad` are Terraform text: `bad` breaks the rule; `good` is the corrected form, and breaks none.
    """

    name: str
    summary: str
    why: str
    severity: Severity
    good: str
    bad: str
    check: Callable[[ParsedModule], Iterable[Hit]]


@cache
def rules() -> tuple[Rule, ...]:
    """Return every rule, sorted by name: each file in the folder `rules` defines one as `RULE`."""
    folder = importlib.import_module("rolewright.check.rules")
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    return tuple(importlib.import_module(f"{folder.__name__}.{name}").RULE for name in names)


def check_rules(parsed: ParsedModule, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Run the rules. Locations are lines of the rendered module."""
    return tuple(
        Finding(
            rule.name,
            hit.message,
            hit.remedy,
            Location(hit.file, hit.line, 1, hit.line, 2),
            _path(parsed, hit),
            rule.severity,
        )
        for rule in rules
        for hit in dict.fromkeys(rule.check(parsed))
    )


def _path(parsed: ParsedModule, hit: Hit) -> str:
    origin = parsed.origin(hit.file, hit.line)
    return f"{origin}.{hit.below}" if origin and hit.below else origin
