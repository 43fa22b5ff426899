"""The text of a denial, as it stands in a log → what was asked, by whom, and why AWS refused it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.data import iam, limits
from rolewright.data.partitions import partition_of
from rolewright.review.why import Question
from rolewright.sdk.operations import needs_of, prefix_of
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LONGEST = 100_000
"""Characters of a text that are read."""
_ACTION = re.compile(r"[A-Za-z0-9-]+:\w+")
_ACCOUNT = re.compile(r"\d{12}")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_QUOTE = re.compile(r"(?<!\\)\\+([\"'/])")
_LINE = re.compile(r"(?<!\\)\\+[nr]")
_TAB = re.compile(r"(?<!\\)\\+t")
_CODE = re.compile(r"(?<!\\)\\+u00(2[267f]|3[ce])", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:quot|apos|amp|lt|gt|#34|#39|#x22|#x27);")
_BESIDE = " \t│╷╵┃|"
"""What programs put before the lines of a text that they wrap."""


@dataclass(frozen=True)
class Why:
    """The reason why AWS denied something, or why something failed without a denial (`denies` is False then).

    `mends` is whether a change of the manifest can help.
    """

    name: str
    explanation: str
    mends: bool
    denies: bool = True


def question_of(words: Sequence[str]) -> Question | None:
    """Read an action and a resource, or the text of a denial; return None for anything else."""
    return next(iter(questions_of(words)), None)


def questions_of(words: Sequence[str]) -> tuple[Question, ...]:
    """Read an action and a resource, or every denial in a text, each once; return none for anything else."""
    split = words[0].split() if len(words) == 1 else list(words)
    if len(split) == 2 and _ACTION.fullmatch(split[0]):
        return (Question(split[0], split[1]),)
    found: dict[Question, Question] = {}
    for part in _parts(_flat(" ".join(words)[:_LONGEST])):
        question = _read(part)
        if question is not None:
            same = replace(question, operation="", service="") if question.action else question
            found.setdefault(replace(same, because=""), question)
    return tuple(found.values())


def _parts(flat: str) -> Iterator[str]:
    """Yield the text of each denial in a log: from the start of its line, or from who asked, up to the next."""
    denials = list(_table().denial_start.finditer(flat))
    begin = 0
    for before, following in pairwise(denials):
        line = flat.rfind("\n", before.end(), following.start())
        yield flat[begin : (begin := following.start() if line < 0 else line + 1)]
    yield flat[begin:]


def _read(flat: str) -> Question | None:
    """Return what a text says of a denial; None where it says nothing of one."""
    lower = flat.lower().replace("\n", " ")
    table = _table()
    question = Question("", "", because=flat)
    is_denial = False
    for pattern, fixed in table.denials:
        found = pattern.search(flat)
        if found is not None:
            question, is_denial = _found(flat, found, fixed, question), True
            break
    reason = question.reason or reason_of(flat, denial=is_denial)
    if not is_denial and not reason and not any(phrase in lower for phrase in table.denied):
        return None
    question = _with_operation(question, flat)
    platform = question.platform or any(phrase in lower for phrase in table.platform)
    return replace(question, platform=platform, reason=reason)


def reason_of(text: str, *, denial: bool = False) -> str:
    """Return the name of the reason that a message gives, or ""; with `denial` only a reason for which AWS denies."""
    lower = " ".join(text.lower().split())
    return next(
        (
            reason.name
            for texts, reason in _table().reasons
            if (reason.denies or not denial) and any(text in lower for text in texts)
        ),
        "",
    )


def why(name: str) -> Why:
    """Return the reason of a name; a message without a reason may be mended."""
    return next((reason for _, reason in _table().reasons if reason.name == name), Why("", "", mends=True))


def _flat(text: str) -> str:
    """Return the text in trimmed lines without blank ones, with escapes of JSON and XML undone."""
    if "\\" in text:
        text = _CODE.sub(lambda found: chr(int(found[1], 16)), text)
        text = _TAB.sub(" ", _LINE.sub("\n", _QUOTE.sub(r"\1", text)))
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    lines = [" ".join(line.strip(_BESIDE).split()) for line in _COLOUR.sub("", text).splitlines()]
    return "\n".join(line for line in lines if line)


def _found(flat: str, found: re.Match[str], fixed: Mapping[str, str], question: Question) -> Question:
    groups = {name: value.replace("\n", "") for name, value in found.groupdict().items() if value}
    groups |= {"partition": partition_of(groups.get("region", ""))}
    end = found.end()
    whole, _, wrapped = (found.groupdict().get("action") or "").partition("\n")
    if wrapped and iam.action(groups["action"]) is None:
        groups["action"], end = whole, end - len(wrapped) - 1
    resource, rest = _resource(flat[end:])
    if "resource" in fixed:
        resource = fixed["resource"].format_map(groups)
    return replace(
        _by(question, groups.get("who", "")),
        action=groups.get("action", fixed.get("action", "").format_map(groups)),
        resource=resource,
        operation=groups.get("operation", ""),
        service=groups.get("service", ""),
        behind=groups.get("behind", ""),
        platform=fixed.get("asks") == "platform",
        reason=fixed.get("reason", ""),
        because=rest.strip() if "action" in groups else flat,
    )


def _by(question: Question, who: str) -> Question:
    """Return the question with who asks it: the name of a role, or a caller that is no role."""
    who = who.removeprefix("User:").strip("'\"`<>,()")
    if "arn:" in who:
        who = who[who.index("arn:") :]
        for kind, pattern in _table().principals:
            found = pattern.search(who)
            if found is not None:
                named = found.groupdict()
                role = named.get("assumed") or named.get("role") or ""
                return replace(question, who=who, kind=kind, role=role, account=found["account"])
        return replace(question, who=who, kind="other")
    if who.lower() == "anonymous":
        return replace(question, who=who, kind="anonymous")
    return replace(question, who=who if who.lower() not in ("you", "role", "user", "is") else "")


def _resource(rest: str) -> tuple[str, str]:
    """Return the resource that a message names right after the action, or "", and the text after it."""
    before = _table().before.match(rest)
    if before is None:
        return "", rest
    inner = rest[before.end() : before.end() + limits.ARN]
    flat = inner.replace("\n", " ")
    if inner[:1] in ('"', "'", "`"):
        end = inner.find(inner[0].replace("`", "'"), 1)
        return (_joined(inner[1:end]), rest[before.end() + end + 1 :]) if end > 0 else ("", rest)
    ends = [at for text in _table().after if (at := flat.find(text)) >= 0]
    end = min(ends, default=-1)
    if end < 0 or "User:" in inner[:end] or "authorized" in inner[:end]:
        end = next((at for at, character in enumerate(inner) if character.isspace()), len(inner))
    resource = _joined(inner[:end].strip()).rstrip(".,;)}]'")
    words = ("associated", "because", "with", "null", "None", "undefined", "")
    return ("", rest) if resource.split(" ")[0] in words else (resource, rest[before.end() + end :])


def _joined(text: str) -> str:
    """Return a name or ARN without the line ends that wrapping put in; anything else in it, blanks too, is its own."""
    return text.replace("\n", "")


def _with_operation(question: Question, flat: str) -> Question:
    """Add what the text names besides the action, as a CloudTrail record does, and the action that it needs."""
    operation, service = question.operation, question.service
    resource = question.resource
    for pattern in _table().also:
        found = pattern.search(flat)
        if found is not None:
            groups = found.groupdict()
            operation = operation or groups.get("operation") or ""
            service = service or groups.get("service") or ""
            resource = resource or groups.get("resource") or ""
            if groups.get("who") and not question.who:
                question = _by(question, groups["who"])
    prefix = _table().services.get(service) or prefix_of(re.sub(r"[^a-z0-9-]", "", service.lower()))
    prefix = prefix if prefix in iam.services() else ""
    action = question.action
    if not action and operation and prefix:
        needs = needs_of(prefix, operation)
        actions = (*needs.all_of, *needs.one_of) if needs else ()
        action = actions[0] if actions else ""
    return replace(question, operation=operation, service=prefix, action=action, resource=resource)


def readable_account(account: str) -> str:
    """Return an account as the message has it; "" where it is masked."""
    return account if _ACCOUNT.fullmatch(account) else ""


@dataclass(frozen=True)
class _Table:
    denial_start: re.Pattern[str]
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
        compiled(data["denial_start"]),
        tuple((compiled(denial["pattern"]), denial) for denial in data["denials"]),
        tuple(compiled(pattern) for pattern in data["also"]),
        tuple(data["denied"]),
        tuple(data["platform"]),
        tuple((principal["kind"], re.compile(principal["pattern"])) for principal in data["principals"]),
        compiled(data["before_resource"]),
        tuple(data["after_resource"]),
        data["services"],
        tuple(
            (
                tuple(text.lower() for text in reason["texts"]),
                Why(reason["name"], reason["says"], reason.get("mends", False), reason.get("denies", True)),
            )
            for reason in data["reasons"]
        ),
    )
