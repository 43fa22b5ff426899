"""Schedule expressions of EventBridge, its Scheduler and Application Auto Scaling: rate, cron, and at.

Refused is what AWS documents that it does not take, and a day that no calendar has. What is silent in its guides, such
as a range of hours over midnight, is taken.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from rolewright.data import archive

if TYPE_CHECKING:
    from collections.abc import Collection

_CALL = re.compile(r"(rate|cron|at)\((.*)\)", re.DOTALL)
_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_POSITIVE = re.compile(r"0{0,9}[1-9][0-9]{0,8}")
_NUMBER = re.compile(r"[0-9]{1,4}")
_STEPS = re.compile(r"(?P<of>[^/]+)(?:/(?P<step>.+))?")
_DAY, _MONTH, _WEEKDAY, _YEAR = 2, 3, 4, 5
_ANY = "?"


@dataclass(frozen=True)
class _WrongError(Exception):
    fault: str
    instead: str


@cache
def _facts() -> Any:  # noqa: ANN401 - JSON
    return archive.read_plain("schedules.json")


def schedule_fault(text: str, *, once: bool = True) -> tuple[str, str] | None:
    """Return what is wrong with a schedule expression, and what to write; None if nothing is. `once`: takes at(…)."""
    call = _CALL.fullmatch(text)
    try:
        match call and call.groups():
            case ("rate", value):
                _rate(value)
            case ("cron", fields):
                _cron(fields.split())
            case ("at", moment) if once:
                _at(moment)
            case _:
                forms = "rate(5 minutes), cron(0 3 * * ? *)" + (" or at(2030-01-31T03:00:00)" if once else "")
                return "it is no schedule", f"write an expression such as {forms}"
    except _WrongError as wrong:
        return wrong.fault, wrong.instead
    return None


def _rate(text: str) -> None:
    value, _, unit = text.partition(" ")
    if not _POSITIVE.fullmatch(value):
        raise _WrongError("the value of a rate is a whole number from 1 on", "write one such as rate(5 minutes)")
    if unit not in _facts()["units"]:
        raise _WrongError("the unit of a rate is minutes, hours or days", "write one such as rate(5 minutes)")


def _at(text: str) -> None:
    example = "write one such as at(2030-01-31T03:00:00)"
    if not _AT.fullmatch(text):
        raise _WrongError("a time is a date, T, and hours, minutes and seconds", example)
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise _WrongError("there is no such time", example) from error


def _cron(texts: list[str]) -> None:
    fields = _facts()["fields"]
    if len(texts) != len(fields):
        listed = ", ".join(field["is"] for field in fields)
        raise _WrongError(
            f"cron has {len(texts)} fields and takes six: {listed}", "write all of them, such as cron(0 3 * * ? *)"
        )
    values = [_values(text, field) for text, field in zip(texts, fields, strict=True)]
    day, weekday = texts[_DAY], texts[_WEEKDAY]
    if (day == _ANY) == (weekday == _ANY):
        days_of = f"the day of the month ({day}) and the day of the week ({weekday})"
        raise _WrongError(f"of {days_of} exactly one has to be `?`", f"write {_suggested(texts)}")
    if values[_YEAR] is not None and not values[_YEAR]:
        raise _WrongError(f"the years {texts[_YEAR]} end before they begin", "give the earlier year first")
    days, months, years = values[_DAY], values[_MONTH], values[_YEAR]
    if days and months and years and not _comes(days, months, years):
        raise _WrongError(
            f"it never comes: no month {texts[_MONTH]} of the years {texts[_YEAR]} has a day {day}",
            "give a day that the months have; L is the last one of each",
        )


def _suggested(texts: list[str]) -> str:
    """Return the expression that is meant most likely: `?` where every day is, in place of the one that says less."""
    texts = list(texts)
    if texts[_DAY] == _ANY:
        texts[_DAY] = "*"
    elif texts[_WEEKDAY] == "*" or texts[_DAY] != "*":
        texts[_WEEKDAY] = _ANY
    else:
        texts[_DAY] = _ANY
    return f"cron({' '.join(texts)})"


def _values(text: str, field: Any) -> set[int] | None:  # noqa: ANN401 - JSON
    """Return the numbers that a field stands for, None where it stands for others than numbers, such as L."""
    if "special" in field and text == _ANY:
        return None
    found: set[int] | None = set()
    for part in text.split(","):
        if "special" in field and re.fullmatch(field["special"], part.upper()):
            found = None
            continue
        numbers = _numbers(part, field)
        if numbers is None:
            names = field.get("names")
            listed = f"{field['first']} to {field['last']}" + (f" or {names[0]} to {names[-1]}" if names else "")
            raise _WrongError(
                f"`{part}` cannot be the {field['is']}",
                f"give {listed}" + (f"; {field['hint']}" if "hint" in field else ""),
            )
        if found is not None:
            found |= numbers
    return found


def _numbers(part: str, field: Any) -> set[int] | None:  # noqa: ANN401 - JSON
    """Return the numbers of one part of a field: `*`, a number or a name, a range, each with a step; None if unread."""
    first, last = field["first"], field["last"]
    steps = _STEPS.fullmatch(part)
    if steps is None or (steps["step"] is not None and not _POSITIVE.fullmatch(steps["step"])):
        return None
    begin, dash, end = steps["of"].partition("-")
    if begin == "*" and not dash:
        low, high = first, last
    else:
        read = [_number(text, field) for text in ((begin, end) if dash else (begin,))]
        if None in read:
            return None
        low, high = int(read[0] or 0), int(read[-1] or 0)
        if not dash and steps["step"]:
            high = last
    span = [*range(low, high + 1)]
    if low > high and field["is"] != "year":
        span = [*range(low, last + 1), *range(first, high + 1)]
    return set(span[:: int(steps["step"] or 1)])


def _number(text: str, field: Any) -> int | None:  # noqa: ANN401 - JSON
    names = field.get("names", ())
    if text.upper() in names:
        return int(field["first"]) + list(names).index(text.upper())
    return int(text) if _NUMBER.fullmatch(text) and field["first"] <= int(text) <= field["last"] else None


def _comes(days: Collection[int], months: Collection[int], years: Collection[int]) -> bool:
    return any(min(days) <= calendar.monthrange(year, month)[1] for year in years for month in months)
