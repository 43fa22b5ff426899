"""What looking for fixes costs grows as the text does, however much is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Finding, Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml import source
from rolewright.yaml.load import loads
from rolewright.yaml.source import Source

if TYPE_CHECKING:
    from rolewright.core.finding import Location

CATALOG = load_catalog()
START = "version: 1\nworkload: app\ncompute: {type: lambda, runtime: python3.13, handler: a.b, package: a.zip}\n"


def found(text: str) -> tuple[Finding, ...]:
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(text, "m.yaml", fixes=True), CATALOG)
    return refusal.value.findings


def test_slips_are_compared_where_there_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    has_key = Source.has_key

    def counted(self: Source, key: Location, name: str) -> bool:
        looked.append(name)
        return has_key(self, key, name)

    monkeypatch.setattr(Source, "has_key", counted)
    text = START.replace("}", ", " + ", ".join(f"memry{number}: 3" for number in range(2000)) + "}")
    assert len(found(text)) == 2000
    assert len(looked) < 2000


@pytest.mark.parametrize(
    "form", ["[" + ", ".join(["get"] * 4000) + "]", "\n" + "      - get\n" * 4000], ids=["flow", "block"]
)
def test_a_repeated_entry_is_looked_at_alone(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    class Counted:
        """The pattern of what is kept, with the characters that it was shown."""

        def __init__(self, pattern: re.Pattern[str]) -> None:
            self._pattern = pattern

        def search(self, text: str, start: int, end: int) -> Any:
            nonlocal looked
            looked += end - start
            return self._pattern.search(text, start, end)

    monkeypatch.setattr(source, "_KEPT", Counted(source._KEPT))
    text = f"{START}resources:\n  t:\n    type: dynamodb-table\n    name: orders\n    access: {form}\n"
    (finding,) = found(text)
    assert len(finding.fix) == 3999
    assert len(text) / 2 < looked < 4 * len(text)
