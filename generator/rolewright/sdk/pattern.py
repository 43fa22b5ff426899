"""JavaScript and Go → calls of AWS's SDKs, by pattern: less sure than what is parsed, and told so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

from rolewright.finding import Location
from rolewright.sdk.calls import Call, Said, Unmapped
from rolewright.sdk.models import by_id, service
from rolewright.source import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.sdk.calls import Argument
    from rolewright.sdk.models import Service

_CALLS = ("calls", "paginated", "transfers")
_LONGEST = 10_000
"""Characters after an opening brace in which its end is looked for."""
_COMMENT = re.compile(r"(?m)(?:^|(?<=[\s;{}(),]))//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<close>\}|(?<!\[)\])|(?P<name>\b[A-Za-z]\w*)\s*:\s*(?:(?:&|\[\]|\*|map\[\w+\]|[\w.])*+\s*(?P<open>[{\[]))?|\{|\[(?!\])"
)
_ENVIRONMENT = re.compile(r'(?:process\.env\.|Getenv\(")(\w+)')


_Written: TypeAlias = "dict[str, list[Said | _Written]]"


@dataclass(frozen=True)
class _Language:
    files: tuple[str, ...]
    sdk: str
    imports: re.Pattern[str] | None
    clients: re.Pattern[str] | None
    calls: tuple[re.Pattern[str], ...]
    values: re.Pattern[str]
    renamed: Mapping[str, Mapping[str, list[str]]]


@cache
def _languages() -> tuple[_Language, ...]:
    listed = load(Path(__file__).with_name("patterns.yaml")).trees[0].data
    return tuple(_language(one) for one in listed)


def _language(one: Mapping[str, Any]) -> _Language:
    compiled = {key: re.compile(one[key]) for key in ("imports", "clients", *_CALLS) if key in one}
    calls = tuple(compiled[key] for key in _CALLS if key in compiled)
    values = re.compile(one["values"])
    imports, clients = compiled.get("imports"), compiled.get("clients")
    return _Language(tuple(one["files"]), one["sdk"], imports, clients, calls, values, one.get("renamed", {}))


def suffixes() -> frozenset[str]:
    """The ends of the names of files that patterns are for."""
    return frozenset(suffix for one in _languages() for suffix in one.files)


def pattern_calls(text: str, path: str) -> Iterator[Call | Unmapped]:
    """The calls in a file, by the patterns for its name."""
    suffix = PurePath(path).suffix
    code = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for language in _languages():
        if suffix in language.files and language.sdk in code:
            yield from _calls(language, code, path)


def _calls(language: _Language, code: str, path: str) -> Iterator[Call | Unmapped]:
    packages = dict(_packages(language, code))
    for pattern in language.calls:
        for match in pattern.finditer(code):
            groups = match.groupdict()
            of = groups.get("of")
            if of is not None and of not in packages:
                continue
            services = [packages[of]] if of is not None else sorted(set(packages.values()))
            found = [one for name in services if (one := _operations(language, match["operation"], name))]
            line = code.count("\n", 0, match.start()) + 1
            column = match.start() - code.rfind("\n", 0, match.start())
            said = match[0].split("\n")[0].rstrip("({ ")
            place = Location(path, line, column, line, column + len(said))
            if len(found) == 1:
                for known, operation in found[0]:
                    given = _arguments(
                        language, code[match.end() : match.end() + _LONGEST], known.operations[operation]
                    )
                    yield Call(known.name, operation, given, place, is_sure=False)
            elif found:
                yield Unmapped(said, f"it is one of {' or '.join(one[0][0].name for one in found)}", place)
            elif packages and of is None:
                yield Unmapped(said, "no service that the file imports has such an operation", place)


def _packages(language: _Language, code: str) -> Iterator[tuple[str, str]]:
    """What the code calls each service, and its name in botocore."""
    for pattern in (language.imports, language.clients):
        for match in pattern.finditer(code) if pattern is not None else ():
            groups = match.groupdict()
            written = match["service"].removesuffix(".DocumentClient")
            known = by_id(re.sub(r"[^a-z0-9]", "", written.lower()))
            if known is not None:
                yield groups.get("name") or written, known


def _operations(language: _Language, written: str, name: str) -> list[tuple[Service, str]]:
    """The operations of a service that are written so; none where it has no such."""
    known = service(name)
    assert known is not None
    operation = written[0].upper() + written[1:]
    listed = language.renamed.get(name, {}).get(operation, [operation])
    return [(known, one) for one in listed if one in known.operations]


def _arguments(language: _Language, code: str, members: frozenset[str]) -> Mapping[str, Argument]:
    """What stands in the braces at the beginning. `members` are the operation's, of which a language may write the
    first letter otherwise.
    """
    outer: _Written = {}
    stack: list[_Written] = []
    at = 0
    while match := _TOKEN.search(code, at):
        at = match.end()
        if match["close"]:
            if stack:
                stack.pop()
            if not stack:
                break
        elif match["name"] is None:
            stack.append(stack[-1] if stack else outer)  # an element of a list
        elif stack and match["open"]:
            inner: _Written = {}
            stack[-1].setdefault(match["name"], []).append(inner)
            stack.append(inner)
        elif stack and (value := language.values.match(code, at)):
            hint = value["hint"] or ""
            environment = _ENVIRONMENT.search(hint)
            stack[-1].setdefault(match["name"], []).append(Said(value["text"], environment[1] if environment else hint))
            at = value.end()
    spelled = {name.lower(): name for name in members}
    return {spelled.get(name.lower(), name): value for name, value in _frozen(outer).items()}


def _frozen(written: _Written) -> dict[str, Argument]:
    return {
        name: tuple(one if isinstance(one, Said) else _frozen(one) for one in values)
        for name, values in written.items()
    }
