"""A day of the calendar, as the user writes it."""

from __future__ import annotations

from datetime import date

from rolewright.core.finding import MisuseError


def read_day(text: str) -> date:
    """Return the day that a text such as 2027-06-30 says. Raises MisuseError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MisuseError(f"{text} is not a date: write it like 2027-06-30") from None
