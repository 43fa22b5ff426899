"""What old roles may do that no entry of a manifest has: its statements, and what is asked of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import PlaceName, SourceText

if TYPE_CHECKING:
    from rolewright.suggest.draft import Rest


def statement_of(rest: Rest) -> dict[str, Any]:
    """Return a statement of a manifest for what no entry has."""
    statement: dict[str, Any] = {
        "actions": [text.replace("$${", "${") for text in rest.actions],
        "resources": [_placed(text) for text in rest.resources],
    }
    if rest.conditions:
        conditions: dict[str, dict[str, Any]] = {}
        for operator, key, values in rest.conditions:
            conditions.setdefault(operator, {})[key] = [_placed(value) for value in values]
        statement["conditions"] = conditions
    return {**statement, "reason": rest.reason}


def _placed(text: str) -> SourceText | str:
    """Return a text with the places of an environment in place of their names."""
    parts = text.replace("$${", "${").split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return text.replace("$${", "${")
    region: tuple[Any, ...] = (PlaceName("region"),) if parts[3] == "REGION" else (parts[3],)
    account: tuple[Any, ...] = (PlaceName("account"),) if parts[4] == "ACCOUNT" else (parts[4],)
    return SourceText.of(f"arn:{parts[1]}:{parts[2]}:", *region, ":", *account, ":" + ":".join(parts[5:]))


def which(pattern: str) -> str:
    """Return what a person is asked where a name is a pattern, or is not clear."""
    return f"which one of {pattern} is meant" if pattern else "it is not clear which one is meant"
