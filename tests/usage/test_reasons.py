"""What a log's text and a record's code say of one refusal must not differ."""

from __future__ import annotations

from pathlib import Path

import rolewright
from rolewright.suggest.messages import reason_of
from rolewright.usage.errors import outcome_of
from rolewright.yaml.load import load

PACKAGE = Path(rolewright.__file__).parent


def codes(outcome: str) -> list[str]:
    return load(PACKAGE / "usage" / "errors.yaml").trees[0].data[outcome]  # type: ignore[no-any-return]


def texts(reason: str) -> list[str]:
    reasons = load(PACKAGE / "suggest" / "messages.yaml").trees[0].data["reasons"]
    return next(each["texts"] for each in reasons if each["name"] == reason)


def test_a_code_of_unknown_credentials_is_unauthenticated() -> None:
    known = {code.lower() for code in codes("unauthenticated")}
    written = {
        text for text in texts("credentials") if " " not in text and text != "nocredentialproviders"
    }  # the SDK's
    assert written
    assert written <= known


def test_a_code_of_a_denial_is_no_reason_without_one() -> None:
    for code in codes("denied"):
        assert outcome_of(code) == "denied"
        assert reason_of(code) in ("", "endpoint"), code
