"""The text of a denial, as it stands in a log → what was asked, by whom, and why AWS said no."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.data import iam
from rolewright.question import Question
from rolewright.sdk.operations import needs_of
from rolewright.source import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST = 100_000
"""Characters of a text that are read."""
_LONGEST_ARN = 2048
_ACTION = re.compile(r"[A-Za-z0-9-]+:\w+")
_ACCOUNT = re.compile(r"\d{12}")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_BESIDE = " \t│╷╵┃|"
"""What programs put before the lines of a text that they wrap."""


@dataclass(frozen=True)
class Why:
    """Why AWS denied something. `mends` is whether a change of the manifest can help."""

    name: str
    said: str
    mends: bool


def question_of(words: Sequence[str]) -> Question | None:
    """An action and a resource, or the text of a denial; None for anything else."""
    if len(words) == 2 and _ACTION.fullmatch(words[0]):
        return Question(words[0], words[1])
    return read(" ".join(words))


def read(text: str) -> Question | None:
    """What a text says of a denial; None where it says nothing of one."""
    flat = _flat(text[:_LONGEST])
    lower = flat.lower().replace("\n", " ")
    table = _table()
    question = Question("", "", because=flat)
    for pattern, fixed in table.denials:
        found = pattern.search(flat)
        if found is not None:
            question = _found(flat, found, fixed, question)
            break
    else:
        if not any(one in lower for one in table.denied):
            return None
    question = _with_operation(question, flat)
    platform = question.platform or any(one in lower for one in table.platform)
    return replace(question, platform=platform, reason=question.reason or reason_of(flat))


def reason_of(text: str) -> str:
    """The name of the reason that a message gives, or ""."""
    lower = " ".join(text.lower().split())
    return next((one.name for texts, one in _table().reasons if any(text in lower for text in texts)), "")


def why(name: str) -> Why:
    """What is said of a reason; a message without one may be mended."""
    return next((one for _, one in _table().reasons if one.name == name), Why("", "", mends=True))


def _flat(text: str) -> str:
    """The text with its lines as one, joined by a line end where it was wrapped, and JSON's escapes undone."""
    if '\\"' in text or "\\n" in text:
        text = text.replace('\\\\"', '"').replace('\\"', '"').replace("\\n", "\n").replace("\\t", " ")
    lines = [" ".join(line.strip(_BESIDE).split()) for line in _COLOUR.sub("", text).splitlines()]
    return "\n".join(line for line in lines if line)


def _found(flat: str, found: re.Match[str], fixed: Mapping[str, str], question: Question) -> Question:
    groups = {name: value.replace("\n", "") for name, value in found.groupdict().items() if value}
    rest = flat[found.end() :]
    resource, rest = _resource(rest)
    if "resource" in fixed:
        resource = fixed["resource"].format_map(groups)
    return replace(
        _by(question, groups.get("who", "")),
        action=groups.get("action", fixed.get("action", "")),
        resource=resource,
        operation=groups.get("operation", ""),
        service=groups.get("service", ""),
        behind=groups.get("behind", ""),
        platform=fixed.get("asks") == "platform",
        reason=fixed.get("reason", ""),
        because=rest.strip() if "action" in groups else flat,
    )


def _by(question: Question, who: str) -> Question:
    """The question with who asks it: the name of a role, or another that is no role."""
    who = who.removeprefix("User:").strip("'\"<>,()")
    if "arn:" in who:
        who = who[who.index("arn:") :]
        for kind, pattern in _table().principals:
            found = pattern.search(who)
            if found is not None:
                named = found.groupdict()
                role = named.get("assumed") or named.get("role") or ""
                return replace(question, who=who, kind=kind, role=role, account=found["account"])
        return replace(question, who=who, kind="other")
    return replace(question, who=who if who.lower() not in ("you", "role", "user", "is") else "")


def _resource(rest: str) -> tuple[str, str]:
    """The resource that a message names right after the action, or "", and what follows it."""
    before = _table().before.match(rest)
    if before is None:
        return "", rest
    inner = rest[before.end() : before.end() + _LONGEST_ARN]
    flat = inner.replace("\n", " ")
    if inner[:1] in ('"', "'"):
        end = inner.find(inner[0], 1)
        return (_joined(inner[1:end]), rest[before.end() + end + 1 :]) if end > 0 else ("", rest)
    ends = [at for text in _table().after if (at := flat.find(text)) >= 0]
    end = min(ends, default=-1)
    if end < 0 or "User:" in inner[:end] or "authorized" in inner[:end]:
        end = next((at for at, one in enumerate(inner) if one.isspace()), len(inner))
    said = _joined(inner[:end].strip()).rstrip(".,;)}]'")
    words = ("associated", "because", "with", "")
    return ("", rest) if said.split(" ")[0] in words else (said, rest[before.end() + end :])


def _joined(text: str) -> str:
    """A name or ARN that was wrapped; what else stands in it, blanks too, is its own."""
    return text.replace("\n", "")


def _with_operation(question: Question, flat: str) -> Question:
    """With the operation and the service that the text names beside the action, and the action that they need."""
    operation, service = question.operation, question.service
    for pattern in _table().also:
        found = pattern.search(flat)
        if found is not None:
            groups = found.groupdict()
            operation = operation or groups.get("operation") or ""
            service = service or groups.get("service") or ""
    prefix = _table().services.get(service, re.sub(r"[^a-z0-9]", "", service.lower()))
    prefix = prefix if prefix in iam.services() else ""
    action = question.action
    if not action and operation and prefix:
        needs = needs_of(prefix, operation)
        actions = (*needs.all_of, *needs.one_of) if needs else ()
        action = actions[0] if actions else ""
    return replace(question, operation=operation, service=prefix, action=action)


def readable_account(account: str) -> str:
    """An account as the message has it; "" where it was made unreadable."""
    return account if _ACCOUNT.fullmatch(account) else ""


@dataclass(frozen=True)
class _Table:
    denials: tuple[tuple[re.Pattern[str], Mapping[str, str]], ...]
    also: tuple[re.Pattern[str], ...]
    denied: tuple[str, ...]
    platform: tuple[str, ...]
    principals: tuple[tuple[str, re.Pattern[str]], ...]
    before: re.Pattern[str]
    after: tuple[str, ...]
    services: Mapping[str, str]
    reasons: tuple[tuple[tuple[str, ...], Why], ...]


@cache
def _table() -> _Table:
    data: Mapping[str, Any] = load(Path(__file__).with_name("messages.yaml")).trees[0].data

    def compiled(pattern: str) -> re.Pattern[str]:
        return re.compile(pattern.replace(" ", r"\s"))

    return _Table(
        tuple((compiled(one["pattern"]), one) for one in data["denials"]),
        tuple(compiled(one) for one in data["also"]),
        tuple(data["denied"]),
        tuple(data["platform"]),
        tuple((one["kind"], re.compile(one["pattern"])) for one in data["principals"]),
        compiled(data["before_resource"]),
        tuple(data["after_resource"]),
        data["services"],
        tuple(
            (tuple(text.lower() for text in one["texts"]), Why(one["name"], one["said"], one.get("mends", False)))
            for one in data["reasons"]
        ),
    )
