"""Secrets in the values of a source: more is taken for one here than by the rule, as it only leads to a question.

What a tool copies from one file to another is read by nobody at that moment, and a repository never forgets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.check.rules import plaintext_secret
from rolewright.data.access_keys import (
    ID_ALONE,
    SECRET_BITS,
    SECRET_CHARACTER,
    SECRET_END,
    SECRET_LENGTH,
    bits,
    is_mixed,
)
from rolewright.importer.expression import HeldValue, SourceText

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.core.finding import Location

_NAME = re.compile(
    r"PASS(?:WORD|WD|PHRASE)?(?:_|$|\d)|PWD|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE|SALT(?:_|$)|AUTH(?:_|$)|DSN(?:_|$)"
    r"|(?:SIGNING|ENCRYPTION|ACCESS|MASTER|STRIPE|SENDGRID|TWILIO|LICEN[CS]E|ACCOUNT|STORAGE|CLIENT|SHARED|SESSION)_?KEY"
)
"""Names that a secret has, in capitals with underscores; also as the end of a longer word, such as PGPASSWORD."""
_ABOUT = re.compile(
    r"_(?:ARN|NAME|ID|PATH|FILE|DIR|VERSION|TTL|EXPIRY|TIMEOUT|SECONDS|LENGTH|HEADER|TYPE|ENABLED|ISSUER|AUDIENCE|"
    r"ALGORITHM|REGION|PREFIX|LIMIT|MODE|METHOD|PROVIDER)$"
)
_HARMLESS = re.compile(
    r"|true|false|yes|no|on|off|none|null|\d{1,5}|(?:arn:|/|\./|alias/|https?://[^\s:@?]+(?:$|/[^\s:@?]*$))\S*",
    re.IGNORECASE,
)
_SHAPES = (
    re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[^\s/@$]{0,200}:[^\s/@$]{1,200}@", re.IGNORECASE),
    re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://[A-Za-z0-9_%.~-]{16,200}@", re.IGNORECASE),
    re.compile(
        r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|client[_-]?secret|sig|signature)"
        r"(?:[\"']?\s{0,3}=\s{0,3}|[\"']\s{0,3}:\s{0,3}|:\s{1,3})[\"']?[^\s\"'&;,$<{]{4,200}",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:bearer|basic)\s{1,3}[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"\bhooks\.slack\.com/services/[A-Za-z0-9/]{20,}"),
    re.compile(
        r"\b(?:SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,})"
    ),
    re.compile(ID_ALONE),
)
_OPTION = re.compile(
    r"-{1,2}(?:p|[a-z-]{0,20}(?:pass(?:word|wd|phrase)?|pwd|secret|token|api-?key|credentials?))", re.IGNORECASE
)
_NAMES = {"version", "workload", "resources"}
"""Sections of a manifest that name things, and hold no value of the code's."""
_AWS_SECRET = re.compile(f"(?<!{SECRET_CHARACTER}){SECRET_CHARACTER}{{{SECRET_LENGTH}}}{SECRET_END}")


def looks_secret(name: str, value: str) -> bool:
    """Return whether a value may be a secret, by the name that it has or by its form."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-.]", "_", name).upper()
    named = bool(_NAME.search(separated)) and not _ABOUT.search(separated)
    return (
        plaintext_secret.looks_secret(name, value)
        or (named and len(value) >= 4 and not _HARMLESS.fullmatch(value))
        or any(shape.search(value) for shape in _SHAPES)
        or any(is_mixed(found[0]) and bits(found[0]) >= SECRET_BITS for found in _AWS_SECRET.finditer(value))
    )


def shown(value: Any) -> str:  # noqa: ANN401 - YAML
    """Return a value as a message may show it: a single word of letters, as no secret is."""
    return str(value) if re.fullmatch(r"[A-Za-z]{1,20}|[A-Z_]{1,24}|\d{1,6}", str(value)) else "this value"


def marked_manifest(manifest: Mapping[str, Any], origins: Mapping[tuple[str, ...], Location]) -> dict[str, Any]:
    """Return a manifest with a mark in the place of each text that may be a secret, wherever it stands.

    `origins` are the places in the source of the manifest's paths.
    """

    def where(path: tuple[Any, ...]) -> str:
        names = tuple(map(str, path))
        known = (origins.get(names[:length]) for length in range(len(names), 0, -1))
        return next((f" ({origin})" for origin in known if origin is not None), "")

    return {
        section: value if section in _NAMES else _without_secrets(value, where, (section,))
        for section, value in manifest.items()
    }


def _without_secrets(
    value: Any,  # noqa: ANN401 - YAML
    where: Callable[[tuple[Any, ...]], str],
    path: tuple[Any, ...] = (),
) -> Any:  # noqa: ANN401 - YAML
    """Return a value with a mark in the place of each text that may be a secret.

    `where` says where the value of a path comes from. What stands under `secrets` names resources.
    """
    if path[-1:] == ("secrets",):
        return value
    match value:
        case dict():
            return {key: _without_secrets(inner, where, (*path, key)) for key, inner in value.items()}
        case list():
            marked = [_without_secrets(inner, where, (*path, number)) for number, inner in enumerate(value)]
            for number, word in enumerate(value[:-1]):
                if isinstance(word, str) and _OPTION.fullmatch(word) and isinstance(value[number + 1], str):
                    marked[number + 1] = _mark(where((*path, number + 1)))
            return marked
        case str() if _may_be_secret(value, path):
            return _mark(where(path))
        case SourceText() if _may_be_secret("".join(part for part in value.parts if isinstance(part, str)), path):
            return _mark(where(path))
        case _:
            return value


def _may_be_secret(text: str, path: tuple[Any, ...]) -> bool:
    named = path[-1] if path and isinstance(path[-1], str) and "environment" in map(str, path) else ""
    named = str(path[-1]) if path[:1] == ("tags",) else named
    return looks_secret(str(named), text)


def _mark(origin: str) -> HeldValue:
    asked = "it may hold a secret: put that into Secrets Manager, and give the code its name"
    return HeldValue(f"{asked}{origin}", None)
