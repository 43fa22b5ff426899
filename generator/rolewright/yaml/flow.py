"""Values → YAML on one line."""

from __future__ import annotations

import json
import re
from typing import Any

from rolewright.yaml.load import quoted
from rolewright.yaml.scalar import core_value

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


def flow(value: Any, plain: re.Pattern[str] = _WORD) -> str:  # noqa: ANN401 - YAML
    """Return a value as YAML on one line; a text that `plain` does not match, or that is no text then, has quotes."""
    match value:
        case dict():
            return (
                "{" + ", ".join(f"{flow(str(key), plain)}: {flow(inner, plain)}" for key, inner in value.items()) + "}"
            )
        case list() | tuple():
            return f"[{', '.join(flow(inner, plain) for inner in value)}]"
        case str():
            return value if plain.fullmatch(value) and core_value(value) == value else quoted(value)
        case _:
            return json.dumps(value)
