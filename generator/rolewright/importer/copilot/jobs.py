"""When a Scheduled Job runs: the schedule, as EventBridge Scheduler writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.copilot.application import DATA
from rolewright.importer.copilot.services import read_network
from rolewright.importer.expression import HeldValue, PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.shapes import mapping, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.copilot.reading import ManifestReading
    from rolewright.importer.expression import TextPart

_FIELDS = 5
"""Minute, hour, day of the month, month and day of the week."""
_MINUTE = 60
_NATIVE = re.compile(r"(rate|cron)\(.{1,200}\)")


_NEVER = "none"


def usual_schedule(data: Mapping[str, Any]) -> str:
    """Return the first schedule of a manifest or its environments that starts something, or ""."""
    described = [data, *mapping(data.get("environments")).values()]
    written = (text(mapping(mapping(one).get("on")).get("schedule")) for one in described)
    return next((schedule for schedule in written if schedule not in ("", _NEVER)), "")


def read_schedule(reading: ManifestReading, task: str, usual: str, groups: str) -> None:
    """Read what starts a job, whose task definition the manifest `task` makes.

    `usual` is the schedule where it is paused.
    """
    types = format_data(DATA).facts["resources"]
    stated = text(mapping(reading.data.get("on")).get("schedule"))
    written = usual if stated == _NEVER else stated
    try:
        expression: Any = schedule(written)
        reading.ledger.derived(("on", "schedule"), "compute.expression", "as EventBridge Scheduler writes it, in UTC")
    except NotCarriedError as error:
        expression = HeldValue(f"when it starts: {error}", "rate(1 day)")
        reading.ledger.derived(("on", "schedule"), "compute.expression", f"to fill in: {error}")
    reading.set("target", "task", "on")
    reading.set("expression", expression, "on")
    if stated == _NEVER:
        reading.ledger.derived(("on", "schedule"), "compute.paused", "true, with the schedule that it has elsewhere")
    reading.set("paused", stated == _NEVER, "on")
    read_network(reading, "task", groups)
    carry(format_data(DATA).fields["job"], reading.ledger, (), reading.workload)
    here: tuple[TextPart, ...] = ("-", PlaceName("environment")) if reading.application.environments else ()
    stack = reading.application.stack("", reading.environment.name if reading.environment else "")
    entry: dict[str, Any] = {
        "type": types["task"],
        "name": SourceText.of(task, *here),
        "roles": [SourceText.of(task, *here, f"-{role}") for role in ("task", "execution")],
    }
    if reading.environment is not None or not reading.application.environments:
        entry["cluster"] = SourceText.of(UnknownPart(f"ClusterId of stack {stack}, or another cluster"))
    reading.workload.add("task", entry, reading.ledger.location(("name",)))


def schedule(written: str) -> str:
    """Return an expression of EventBridge for Copilot's schedule (docs: "Scheduled Job", on.schedule).

    Raises NotCarriedError where EventBridge has no words for it.
    """
    known: dict[str, str] = format_data(DATA).facts["schedules"]
    if written in known:
        return known[written]
    if _NATIVE.fullmatch(written):
        return written
    if written.startswith("@every "):
        seconds = CONVERSIONS["seconds"](written.removeprefix("@every "))
        minutes, rest = divmod(seconds, _MINUTE)
        if rest or not minutes:
            raise NotCarriedError(f"{written} is not of whole minutes")
        return f"rate({minutes} minute{'s' if minutes > 1 else ''})"
    fields = written.split()
    if len(fields) != _FIELDS:
        raise NotCarriedError(f"{written or 'nothing'} is no schedule that rolewright knows")
    minute, hour, day, month, weekday = fields
    if weekday in ("*", "?"):
        weekday = "?"
    elif day in ("*", "?"):
        day = "?"
    else:
        raise NotCarriedError(f"{written} names both days of the month and days of the week, and AWS takes one of them")
    return f"cron({minute} {hour} {day} {month} {_weekdays(weekday)} *)"


def _weekdays(written: str) -> str:
    """Return days of the week, which AWS counts from 1 for Sunday, and cron from 0."""
    days, slash, step = written.partition("/")
    return re.sub(r"[0-7]", lambda day: str(int(day[0]) % 7 + 1), days) + slash + step
