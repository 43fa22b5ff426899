"""Conversions of values: how other formats write a number, a duration, a command."""

from __future__ import annotations

import math
import re
import shlex
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import SourceText
from rolewright.importer.secret_values import shown
from rolewright.importer.shapes import several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) {0,3}(?:(k|m|g|ki|mi|gi|kb|mb|gb|kib|mib|gib)b?)?", re.IGNORECASE)
_CPU = re.compile(r"(\d{1,5}(?:\.\d{1,6})?) {0,3}(?:vcpu|vcpus)", re.IGNORECASE)
_FIRST_HELD = 0xE000
"""The first character for private use: one stands for each open part of a command while it is split."""
_MIB = {"k": 1 / 1024, "m": 1, "g": 1024}


class NotCarriedError(ValueError):
    """A value that a manifest does not take; the text says why."""


def _number(value: Any) -> int:  # noqa: ANN401 - YAML
    text = str(value).strip()
    if not re.fullmatch(r"-?\d{1,12}", text):
        raise NotCarriedError(f"{shown(value)} is no whole number")
    return int(text)


def _cpu_units(value: Any) -> int:  # noqa: ANN401 - YAML
    """Return CPU units of `512` or `.5 vCPU`; 1024 are one vCPU."""
    text = str(value).strip()
    found = _CPU.fullmatch(f"0{text}" if text.startswith(".") else text)
    return round(float(found[1]) * 1024) if found else _number(value)


def _mib(value: Any) -> int:  # noqa: ANN401 - YAML
    """Return MiB of `512`, `1 GB` or `512M`; a number alone is MiB."""
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise NotCarriedError(f"{shown(value)} is no size of memory")
    return round(float(found[1]) * _MIB[(found[2] or "m")[0].lower()])


def _bytes(value: Any) -> int:  # noqa: ANN401 - YAML
    """Return MiB, rounded up, of `512M`, `1 GB` or a number of bytes."""
    text = str(value).strip().lower()
    plain = re.fullmatch(r"(\d{1,18})b?", text)
    if plain is not None:
        return -(-int(plain[1]) // 2**20)
    found = _SIZE.fullmatch(text)
    if found is None:
        raise NotCarriedError(f"{shown(value)} is no size of memory")
    return math.ceil(float(found[1]) * _MIB[(found[2] or "m")[0]])


def _cpus(value: Any) -> int:  # noqa: ANN401 - YAML
    """Return CPU units, rounded up, of `0.5` or `500m` processors."""
    found = re.fullmatch(r"(\d{0,5}(?:\.\d{1,9})?)(m?)", str(value).strip())
    if found is None or not found[1]:
        raise NotCarriedError(f"{shown(value)} is no number of processors")
    return math.ceil(float(found[1]) * 1024 / (1000 if found[2] else 1))


def _flag(value: Any) -> bool:  # noqa: ANN401 - YAML
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in ("true", "false", "yes", "no", "on", "off"):
        raise NotCarriedError(f"{shown(value)} is neither true nor false")
    return text in ("true", "yes", "on")


def _words(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    """Return the words of a command: a list as it is, a text as a shell splits it."""
    if isinstance(value, list):
        return [word if isinstance(word, SourceText) else str(word) for word in value]
    parts = value.parts if isinstance(value, SourceText) else (str(value),)
    held = {chr(_FIRST_HELD + number): part for number, part in enumerate(parts) if not isinstance(part, str)}
    text = "".join(part if isinstance(part, str) else chr(_FIRST_HELD + number) for number, part in enumerate(parts))
    try:
        words = shlex.split(text)
        return [SourceText.of(*(held.get(sign, sign) for sign in word)) if held else word for word in words]
    except ValueError as error:
        raise NotCarriedError(f"a shell would not take it: {error}") from None


def _seconds(value: Any) -> int:  # noqa: ANN401 - YAML
    """Return the seconds of `1m30s`, `10s` or a number."""
    text = str(value).strip()
    found = _DURATION.fullmatch(text)
    if found and any(found.groups()):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds
    return _number(value)


def _text(value: Any) -> Any:  # noqa: ANN401 - YAML
    return value if not isinstance(value, int | float) or isinstance(value, bool) else str(value)


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "number": _number,
    "cpu-units": _cpu_units,
    "mib": _mib,
    "bytes": _bytes,
    "cpus": _cpus,
    "flag": _flag,
    "words": _words,
    "seconds": _seconds,
    "text": _text,
    "list": several,
}
"""The conversions that tables of fields name. Each raises NotCarriedError for a value that it cannot be for."""
