"""The answer to `why`, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.question import Answer, Reason

_ELSEWHERE = {
    "explicit deny": "AWS says that a policy denies it explicitly: one of the organisation, the boundary, the "
    "resource's own or a `Deny` below; no further permission helps against that",
    "no resource-based policy": "AWS asks the resource's own policy, which the other side's owner has to change",
    "permissions boundary": "AWS says that the permissions boundary does not allow it, whatever the role may",
    "service control policy": "AWS says that an organisation's policy does not allow it",
    "no session policy": "AWS says that the session was given a policy that does not allow it",
}
"""What AWS adds to a denial that no change of the manifest mends."""


def answer_text(answer: Answer) -> str:
    """The answer with the lines that it comes from."""
    return "\n".join(_lines(answer)) + "\n"


def _lines(answer: Answer) -> Iterator[str]:
    question = answer.question
    what = f"{question.action} on {question.resource}"
    yield f"{'allowed' if answer.is_allowed else 'NOT allowed'}: {what}"
    for text, said in _ELSEWHERE.items():
        if text in question.because:
            yield f"  {said}"
    yield from _block("by", answer.allowed)
    yield from _block("denied by", answer.denied)
    if not answer.allowed:
        yield from _block("perhaps by, since AWS makes up the ARN of what the module makes", answer.perhaps)
        yield from _block("near is", answer.near[:5])
        if not answer.near and not answer.perhaps:
            yield f"no statement of {', '.join(answer.roles)} has {question.action}"
        yield from (f"to allow it: {text}" for text in answer.advice)


def _block(title: str, reasons: Sequence[Reason]) -> Iterator[str]:
    for one in reasons:
        where = f" in {one.environment}" if one.environment else ""
        yield f"{title} role {one.role}{where}, {one.effect.lower()} on {one.resource}{one.conditions}"
        yield from (f"  declared  {place} {origin}" for origin, place in one.origins)
        yield from (f"  since     {reason}" for reason in one.reasons)
        yield f"  statement {one.statement}, {one.hcl}"


def answer_json(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """The answers as plain lists, dicts and strings, ready for `json.dumps`."""
    return [{"is_allowed": one.is_allowed, **asdict(one)} for one in answers]
