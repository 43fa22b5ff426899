"""What is written as YAML is read as what it was: a word that YAML has a meaning for stays a text."""

from __future__ import annotations

import pytest

from rolewright.suggest.changes import block
from rolewright.yaml.load import loads


@pytest.mark.parametrize("text", ["true", "False", "TRUE", "Null", "null", "~", "no", "1.10", "1e3", "0x10", "plain"])
def test_a_text_stays_a_text(text: str) -> None:
    assert loads("\n".join(block({"value": text})), "written").trees[0].data == {"value": text}
