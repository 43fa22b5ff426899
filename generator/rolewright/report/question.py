"""The answer to `why`, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rolewright.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.review.why import Explanation, Reason
    from rolewright.suggest.engine import Suggestion

_NEAR = 5


def suggestion_text(suggestion: Suggestion) -> str:
    """Return the answer with the lines that it comes from, what would allow it, and what is missing."""
    return "".join(f"{printable(line)}\n" for line in _lines(suggestion))


def _lines(suggestion: Suggestion) -> Iterator[str]:
    answer = suggestion.answer
    question = answer.question
    action = question.action or question.operation or "an unknown action"
    what = f"{action} on {question.resource or 'an unknown resource'}"
    yield f"{'allowed' if answer.is_allowed else 'NOT allowed'}: {what}"
    if answer.roles and question.role:
        yield f"  asked by the role {', '.join(answer.keys)} ({question.role})"
    yield from (f"  {note}" for note in suggestion.notes)
    yield from _block("by", answer.allowed)
    yield from _block("denied by", answer.denied)
    if not answer.allowed and question.action:
        yield from _unmet(answer)
    yield from _helps(suggestion)


def advice_lines(suggestion: Suggestion) -> Iterator[str]:
    """Yield what would allow it, what cannot help, and what is missing."""
    yield from suggestion.notes
    yield from _helps(suggestion)


def _helps(suggestion: Suggestion) -> Iterator[str]:
    for advice in suggestion.advice:
        yield f"to allow it: {advice.summary}"
        yield from (f"  and {owner}" for owner in advice.owners)
    yield from (f"missing: {ask}" for ask in suggestion.asks)


def _unmet(answer: Explanation) -> Iterator[str]:
    yield from _block("possibly by (a part of its ARN is known only after apply)", answer.perhaps)
    yield from _block("near is", answer.near[:_NEAR])
    if answer.roles and not answer.near and not answer.perhaps:
        yield f"no statement of {', '.join(answer.roles)} has {answer.question.action}"


def _block(title: str, reasons: Sequence[Reason]) -> Iterator[str]:
    for cause in reasons:
        where = f" in {cause.environment}" if cause.environment else ""
        yield f"{title} role {cause.role}{where}, {cause.effect.lower()} on {cause.resource}{cause.conditions}"
        yield from (f"  declared  {place} {origin}" for origin, place in cause.origins)
        yield from (f"  since     {reason}" for reason in cause.reasons)
        yield f"  statement {cause.statement}, {cause.hcl}"


def suggestion_json(suggestions: Sequence[Suggestion]) -> list[dict[str, Any]]:
    """Return the answers as plain lists, dicts and strings, ready for `json.dumps`."""
    return [
        {
            "is_allowed": suggestion.answer.is_allowed,
            **asdict(suggestion.answer),
            "advice": [advice.summary for advice in suggestion.advice],
            "owners": [list(advice.owners) for advice in suggestion.advice],
            "notes": list(suggestion.notes),
            "missing": list(suggestion.asks),
        }
        for suggestion in suggestions
    ]
