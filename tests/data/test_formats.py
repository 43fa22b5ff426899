"""Formats of texts: schedule expressions, time zones and networks, as AWS takes them."""

from __future__ import annotations

import pytest

from rolewright.data.formats import FORMATS

# Examples of the guides of EventBridge, EventBridge Scheduler and Application Auto Scaling.
DOCUMENTED = (
    "cron(0 10 * * ? *)",
    "cron(15 12 * * ? *)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0 8 1 * ? *)",
    "cron(0/15 * * * ? *)",
    "cron(0/10 * ? * MON-FRI *)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 20-2 ? * MON-FRI *)",
    "cron(15 10 ? * 6L 2022-2023)",
    "cron(0 9 ? * 2#1 *)",
    "cron(0 0 3W * ? *)",
    "cron(0 0 L * ? *)",
    "cron(0 0 1 JAN,FEB,MAR ? *)",
    "cron(30 6 ? * MON *)",
    "rate(1 minute)",
    "rate(15 minutes)",
    "rate(1 day)",
)
# Each with a part of what is said of it.
REFUSED = {
    "cron(0 3 * * * *)": "exactly one has to be `?`",
    "cron(0 3 ? * ? *)": "exactly one has to be `?`",
    "cron(0 7 * * MON-FRI *)": "exactly one has to be `?`",
    "cron(0 7 1 * MON *)": "exactly one has to be `?`",
    "cron(0 3 * * *)": "5 fields",
    "cron(0 0 3 * * ? *)": "7 fields",
    "cron(60 3 * * ? *)": "`60` cannot be the minutes",
    "cron(0 25 * * ? *)": "`25` cannot be the hours",
    "cron(0 3 32 * ? *)": "`32` cannot be the day of the month",
    "cron(0 3 0 * ? *)": "`0` cannot be the day of the month",
    "cron(0 3 32W * ? *)": "`32W` cannot be the day of the month",
    "cron(0 3 1 13 ? *)": "`13` cannot be the month",
    "cron(0 3 1 JANUARY ? *)": "`JANUARY` cannot be the month",
    "cron(0 3 ? * 0 *)": "`0` cannot be the day of the week",
    "cron(0 3 ? * MON#6 *)": "`MON#6` cannot be the day of the week",
    "cron(0 3 ? * 3W *)": "`3W` cannot be the day of the week",
    "cron(0 3 * * ? 1969)": "`1969` cannot be the year",
    "cron(0 3 * * ? 2031-2030)": "end before they begin",
    "cron(? 3 * * ? *)": "`?` cannot be the minutes",
    "cron(0 3 1,? * ? *)": "`?` cannot be the day of the month",
    "cron(*/0 3 * * ? *)": "`*/0` cannot be the minutes",
    "cron(*/ 3 * * ? *)": "`*/` cannot be the minutes",
    "cron(1- 3 * * ? *)": "`1-` cannot be the minutes",
    "cron(1,,2 3 * * ? *)": "`` cannot be the minutes",
    "cron(*-5 3 * * ? *)": "`*-5` cannot be the minutes",
    "cron(0 3 30 2 ? *)": "never comes",
    "cron(0 3 30,31 FEB ? *)": "never comes",
    "cron(0 3 31 4,6,SEP,11 ? *)": "never comes",
    "cron(0 3 29 2 ? 2026-2027)": "never comes",
    "rate(0 minutes)": "whole number from 1",
    "rate(-1 minutes)": "whole number from 1",
    "rate(1.5 hours)": "whole number from 1",
    "rate(5 weeks)": "minutes, hours or days",
    "rate(5)": "minutes, hours or days",
    "at(2030-02-30T03:00:00)": "no such time",
    "at(2030-01-01T24:00:00)": "no such time",
    "at(2030-01-01)": "a date, T",
    "0 3 * * *": "no schedule",
    "@daily": "no schedule",
}


@pytest.mark.parametrize("text", [*DOCUMENTED, "cron(0 3 29 2 ? *)", "cron(0 3 29 2 ? 2028)", "cron(0 3 30 1-2 ? *)"])
def test_a_schedule_that_aws_takes(text: str) -> None:
    assert FORMATS["schedule"](text) is None
    assert FORMATS["recurring-schedule"](text) is None


@pytest.mark.parametrize("text", sorted(REFUSED))
def test_a_schedule_that_aws_refuses_or_that_never_comes(text: str) -> None:
    for name in ("schedule", "recurring-schedule"):
        fault = FORMATS[name](text)
        assert fault is not None, name
        if name == "schedule":
            assert REFUSED[text] in fault[0]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cron(0 3 * * * *)", "cron(0 3 * * ? *)"),
        ("cron(0 3 ? * ? *)", "cron(0 3 * * ? *)"),
        ("cron(0 7 * * MON-FRI *)", "cron(0 7 ? * MON-FRI *)"),
        ("cron(0 7 1 * * *)", "cron(0 7 1 * ? *)"),
    ],
)
def test_what_is_suggested_is_a_schedule(text: str, meant: str) -> None:
    fault = FORMATS["schedule"](text)
    assert fault is not None
    assert fault[1] == f"write {meant}"
    assert FORMATS["schedule"](meant) is None


def test_one_time_alone_is_no_recurring_schedule() -> None:
    assert FORMATS["schedule"]("at(2032-02-29T03:00:00)") is None
    assert FORMATS["recurring-schedule"]("at(2032-02-29T03:00:00)") is not None


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Pacific/Tahiti", "Etc/GMT+9", "Asia/Calcutta", "US/Eastern"])
def test_a_time_zone_that_there_is(name: str) -> None:
    assert FORMATS["timezone"](name) is None


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("Europe/Berlinn", "did you mean Europe/Berlin?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("America/NewYork", "did you mean America/New_York?"),
        ("Factory", "write a name such as Europe/Berlin, or UTC"),
        ("", "write a name such as Europe/Berlin, or UTC"),
    ],
)
def test_a_time_zone_that_there_is_not(name: str, remedy: str) -> None:
    assert FORMATS["timezone"](name) == ("the IANA database has no such time zone", remedy)


def test_a_network_is_given_by_its_own_address() -> None:
    fits = FORMATS["ipv4-network"]
    assert [text for text in ("10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32") if fits(text)] == []
    assert fits("10.0.0.5/8") == (
        "its address is not that of the network, which begins at 10.0.0.0",
        "write 10.0.0.0/8",
    )
    assert fits("10.0.0.0/33") == fits("010.0.0.0/8") == ("it is no IPv4 network", "write one such as 10.0.0.0/8")


def test_an_address_alone_is_told_how_to_say_its_size() -> None:
    assert FORMATS["ipv4-network"]("10.0.0.0") == (
        "it does not say how large the network is",
        "write 10.0.0.0/32 for this one address",
    )
