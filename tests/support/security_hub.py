"""The page docs/security-hub.md, of tests/cases/security_hub.yaml. Run this to write it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from rolewright.yaml.load import load

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security-hub.md"
CASES: dict[str, Any] = load(ROOT / "tests" / "cases" / "security_hub.yaml").trees[0].data
TYPES: dict[str, dict[str, Any]] = CASES["types"]
_HEAD = """# Security Hub

What AWS Security Hub's controls find of the resources that a module creates (`create: true`), in the standard AWS
Foundational Security Best Practices (FSBP). "met" holds whatever else a manifest says of the resource, and "met with"
with these fields. The tests hold each of them against rendered modules.

Controls of the account, of IAM and of what a compute type makes are not in the table. What another owner makes, and a
manifest only names, is not looked at, and neither is what Security Hub finds of replicas in other regions.

{source}

| type | control | title | |
|---|---|---|---|
"""


def page() -> str:
    """Return the page's text."""
    rows = [
        f"| [{type_}](types/{type_}.md) | {control} | {entry['title']} | {_verdict(entry)} |"
        for type_, controls in TYPES.items()
        for control, entry in controls.items()
    ]
    without = ", ".join(f"[{type_}](types/{type_}.md)" for type_, controls in TYPES.items() if not controls)
    end = f"\nThe standard has no control for what these types create: {without}.\n"
    return (
        _HEAD.format(source=textwrap.fill(f"The controls are those of {CASES['source'].strip()}.", 120))
        + "\n".join(rows)
        + "\n"
        + end
    )


def _verdict(entry: dict[str, Any]) -> str:
    if "fails" in entry:
        return f"not met: {' '.join(entry['fails'].split())}"
    if "not" in entry:
        return f"not decided here: {' '.join(entry['not'].split())}"
    fields = f"met with `{_written(entry['with'])}`" if "with" in entry else "met"
    return f"{fields}, unless `{_written(entry['but'])}`" if "but" in entry else fields


def _written(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {json.dumps(value)}" for name, value in fields.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
