"""Calls of an SDK → the actions that they need, on ARNs as far as the code tells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rolewright.data import iam
from rolewright.data.access_keys import ID
from rolewright.sdk.calls import Scalar, Unmapped
from rolewright.sdk.models import service
from rolewright.sdk.operations import needs_of
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.sdk.calls import ApiCall

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NAME = re.compile(r"[A-Za-z0-9_./:@+=,#-]+")
"""The characters of a resource's name, ARN or URL; a text with any other is not one, and could not be in a policy."""
_VALUE = re.compile(r"""(?!\d)[\w$]+(?:\??\.[\w$]+|!|\(\)|\[(?:\d{1,3}|(["'])[A-Za-z_]{1,40}\1)\])*""")
"""What code calls a value: no other expression is shown, since a literal in it may hold a secret."""
_SECRET = re.compile(rf"{ID}|(?i:passw(?:or)?d|secret|token|signature|credential|api_?key)[\w-]*=")
_CONTEXT = ("Partition", "Region", "Account")


@dataclass(frozen=True)
class CallPermission:
    """An action that a call needs, on an ARN.

    `*` in the ARN stands for a part that the code does not show. `unknown` has the placeholders in the ARN for names
    that the code gets from elsewhere, each with the code's own name for it.
    """

    action: str
    resource: str
    call: ApiCall
    unknown: tuple[tuple[str, str], ...] = ()


def permissions(calls: Iterable[ApiCall]) -> Iterator[CallPermission | Unmapped]:
    """Map calls to the permissions that they need; report a call whose permissions are not known for certain."""
    for call in calls:
        service_ = service(call.service)
        assert service_ is not None
        call_text = f"{call.service} {call.operation}"
        needs = needs_of(service_.prefix, call.operation)
        extra = _facts()["operations"].get(service_.prefix, {}).get(call.operation, {})
        if needs is None:
            yield Unmapped(call_text, "the permissions that it needs are not known", call.location)
            continue
        actions = [
            *needs.all_of,
            *(action for action in needs.one_of if any(map(call.shows, extra.get("on", {}).get(action, ())))),
        ]
        if needs.one_of and not actions:
            listed = " or ".join(needs.one_of)
            yield Unmapped(call_text, f"it needs {listed}, depending on its contents", call.location)
            continue
        for argument, swapped in extra.get("instead", {}).items():
            if call.values_at(argument):
                actions = [swapped.get(action, action) for action in actions]
        actions += [action for argument, action in extra.get("also", {}).items() if _has(call, argument)]
        for argument, action in _facts()["behind"].get(service_.prefix, {}).items():
            for value in call.values_at(argument):
                value_text = f"`{value.text or value.hint}`"
                reason = f"the service reads {value_text} with the caller's permissions: it also needs {action} on it"
                yield Unmapped(call_text, reason, call.location)
        for action in dict.fromkeys(actions):
            own = extra.get("on", {}).get(action)
            for resource, unknown in _resources(call, service_.prefix, action, own):
                yield CallPermission(action, resource, call, unknown)


def _has(call: ApiCall, argument: str) -> bool:
    return call.arguments is not None and argument in call.arguments


def _resources(
    call: ApiCall, prefix: str, action: str, own: Mapping[str, str] | None
) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Yield the ARNs that an action applies to, for the resource types that the call identifies completely."""
    facts = iam.action(action)
    assert facts is not None
    reference = iam.service(action.split(":", maxsplit=1)[0])
    assert reference is not None
    by_variable = _variables(call, prefix, own)
    arns = _facts()["arns"].get(reference.prefix, {})
    by_type = [(arns[name],) if name in arns else reference.resources[name].arns for name in facts.resource_types]
    templates = [template for formats in by_type for template in formats]
    fitting = [
        (len(names & by_variable.keys()), template)
        for template in templates
        for names in [set(_VARIABLE.findall(template)) - {*_CONTEXT}]
        if names & by_variable.keys() and names <= {*by_variable, *_facts()["any"]}
    ]
    most = max((count for count, _ in fitting), default=0)
    at = f"{Path(call.location.file).name} line {call.location.line}"
    filled = [arn for count, template in fitting if count == most for arn in _filled(template, by_variable, at)]
    yield from dict.fromkeys(filled) if filled else [("*", ())]


def _variables(call: ApiCall, prefix: str, own: Mapping[str, str] | None) -> dict[str, tuple[Scalar, ...]]:
    """Return the values that a call gives to the variables of ARNs."""
    variables = _facts()["variables"].get(prefix, {}) if own is None else own
    by_variable = {
        variable: values for path, variable in variables.items() for values in [call.values_at(path)] if values
    }
    for argument, (variable, between) in _facts()["ends"].get(prefix, {}).items():
        for end in call.values_at(argument):
            by_variable[variable] = tuple(_joined(value, between, end) for value in by_variable.get(variable, ()))
    return by_variable


def _joined(start: Scalar, between: str, end: Scalar) -> Scalar:
    """Join two values, where both are known."""
    if start.text is None or end.text is None:
        return Scalar(None, f"{start.hint or start.text}{between}{end.hint or end.text}")
    return Scalar(f"{start.text}{between}{end.text}")


def _filled(
    template: str, by_variable: Mapping[str, tuple[Scalar, ...]], at: str
) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    """Fill a template once for each value of its variables; a variable with fewer values repeats its last one."""
    names = [name for name in _VARIABLE.findall(template) if name in by_variable]
    widest = max((len(by_variable[name]) for name in names), default=0)
    for index in range(widest):
        values = dict.fromkeys(_CONTEXT, "*")
        unknown: list[tuple[str, str]] = []
        row = {name: by_variable[name][min(index, len(by_variable[name]) - 1)] for name in names}
        whole = [value.text for value in row.values() if value.text and _is_whole(value.text, template)]
        if whole:
            yield whole[0], ()
            continue
        for name, value in row.items():
            read_variables = _read(value.text, name, template) if value.text and _is_name(value.text) else {}
            if read_variables:
                values |= read_variables
            else:
                is_plain = _VALUE.fullmatch(value.hint) and not _SECRET.search(value.hint)
                hint = value.hint if is_plain else f"{name} in {at}"
                values[name] = _mark(hint)
                unknown.append((values[name], hint))
        parts = _VARIABLE.split(template)  # texts, and between them the names of variables
        parts[1::2] = [values.get(name, "*") for name in parts[1::2]]
        yield "".join(parts), tuple(unknown)


def _is_whole(text: str, template: str) -> bool:
    """Return whether an ARN ends in the characters that AWS appends, for each of which a policy has a `?`."""
    marks = len(template) - len(template.rstrip("?"))
    name, dash, end = text.rpartition("-")
    return marks > 0 and name.startswith("arn:") and dash == "-" and len(end) == marks and end.isalnum()


def _is_name(text: str) -> bool:
    """Return whether a text may name a resource: it has the characters of one, and no look of a secret."""
    return bool(_NAME.fullmatch(text)) and not _SECRET.search(text)


def _mark(hint: str) -> str:
    """Return a placeholder for an unknown value: the variable that it comes from, spelled as a resource's name."""
    words = re.findall(r"[A-Za-z0-9]+", hint.rpartition(".")[2] if re.fullmatch(r"[\w.]+", hint) else hint)
    return "-".join(["fill-in", *words]).lower()[:60].strip("-")


def _read(text: str, name: str, template: str) -> dict[str, str]:
    """Read the variables of a template from an ARN, a URL or a plain name; nothing if it is of something else."""
    if text.startswith("arn:"):
        return _parted(text.removesuffix(":*"), template.split("-??????", maxsplit=1)[0].removesuffix(":*"))
    if text.startswith("https://"):
        url = urlsplit(text)
        parts = url.path.strip("/").split("/")
        host = (url.hostname or "").split(".")
        region = host[1] if len(host) > 3 else "*"
        account = parts[-2] if len(parts) > 1 and parts[-2].isdigit() else "*"
        partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
        return {name: parts[-1], "Partition": partition, "Region": region, "Account": account}
    return {name: re.sub(_facts()["cut"].get(name, "(?!)"), "", text)}


def _parted(arn: str, template: str) -> dict[str, str]:
    """Match an ARN with a template, each variable as short as it can be; nothing if it does not fit."""
    first, *names_and_texts = _VARIABLE.split(template)  # texts, and between them the names of variables
    if not arn.startswith(first) or not names_and_texts:
        return {}
    variables: dict[str, str] = {}
    at = len(first)
    for name, literal, is_last in zip(
        names_and_texts[::2], names_and_texts[1::2], [False] * (len(names_and_texts) // 2 - 1) + [True], strict=True
    ):
        end = len(arn) - len(literal) if is_last else arn.find(literal, at)
        if end < at or not arn.startswith(literal, end):
            return {}
        variables[name] = arn[at:end]
        at = end + len(literal)
    return {name: value for name, value in variables.items() if value}


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = load(Path(__file__).with_name("arguments.yaml")).trees[0].data
    return facts
