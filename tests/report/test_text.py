from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from rolewright.core.finding import Edit, Finding, Location, Related, Severity
from rolewright.report.text import HELP_WIDTH, MAX_TEXT, MAX_WIDTH, findings_text, summary

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def finding(place: Location, message: str = "wrong", severity: Severity = Severity.ERROR, *related: Related) -> Finding:
    return Finding("some-rule", message, "mend it", place, severity=severity, related=related)


def excerpt(line: str, place: Location) -> tuple[str, str]:
    """The source line and the marker as shown, without the gutter."""
    shown = findings_text([finding(place)], {place.file: line}, color=False).split("\n")
    return shown[3].removeprefix("1 | "), shown[4].removeprefix("  | ")


def cells(text: str) -> int:
    """An independent count of terminal cells, for text without tabs and controls."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_a_finding_with_a_certain_fix_says_so() -> None:
    fixed = Finding("some-rule", "wrong", "mend it", Location("m.yaml"), fix=(Edit(0, 1, ""),))
    assert "\nhelp: mend it; `rolewright validate --fix` does it\n" in findings_text([fixed], {}, color=False)
    assert "--fix" not in findings_text([finding(Location("m.yaml"))], {}, color=False)


def test_the_whole_of_it() -> None:
    text = "".join(f"line {n}\n" for n in range(1, 13))
    findings = [
        finding(Location("m.yaml", 12, 6, 12, 8), "second", Severity.WARNING),
        finding(
            Location("m.yaml", 9, 1, 9, 5),
            "first",
            Severity.ERROR,
            Related(Location("roles.tf", 100, 3, 100, 4), "seen here"),
            Related(Location("m.yaml", 10, 6, 11, 2), "and here"),
        ),
    ]
    assert findings_text(findings, {"m.yaml": text}, color=False) == (
        "error[some-rule]: first\n"
        "   --> m.yaml:9:1\n"
        "    |\n"
        "  9 | line 9\n"
        "    | ^^^^\n"
        "note: seen here\n"
        "   --> roles.tf:100:3\n"
        "note: and here\n"
        "   --> m.yaml:10:6\n"
        "    |\n"
        " 10 | line 10\n"
        "    |      ^^\n"
        "help: mend it\n"
        "\n"
        "warning[some-rule]: second\n"
        "  --> m.yaml:12:6\n"
        "   |\n"
        "12 | line 12\n"
        "   |      ^^\n"
        "help: mend it\n"
        "\n"
        "1 error, 1 warning\n"
        "`rolewright rule NAME` explains a rule\n"
    )


def test_nothing_found_is_no_text() -> None:
    assert findings_text([], {}, color=True) == ""


def test_the_summary_counts() -> None:
    place = Location("m.yaml")
    notes = [finding(place, severity=Severity.NOTE)] * 2
    assert summary([finding(place), finding(place), *notes]) == "2 errors, 2 notes"


def test_order_does_not_matter() -> None:
    findings = [finding(Location("m.yaml", n, 1, n, 2), message) for n in (3, 1, 2) for message in "ba"]
    assert findings_text(findings, {}, color=False) == findings_text(findings[::-1], {}, color=False)


def test_colour_adds_escapes_and_nothing_else() -> None:
    place = Location("m.yaml", 1, 2, 1, 4)
    findings = [finding(place, "x", severity, Related(place, "also")) for severity in Severity]
    plain = findings_text(findings, {"m.yaml": "\tabc\n"}, color=False)
    painted = findings_text(findings, {"m.yaml": "\tabc\n"}, color=True)
    assert "\x1b" not in plain
    assert painted != plain
    assert [line.rstrip() for line in ANSI.sub("", painted).split("\n")] == [
        line.rstrip() for line in plain.split("\n")
    ]


def test_tabs_wide_and_combining_characters_and_places_at_the_edges() -> None:
    assert excerpt("a\t日本é\u0301 x", Location("f", 1, 3, 1, 5)) == ("a    日本é\u0301 x", "     ^^^^")
    assert excerpt("a\t日本e\u0301 x", Location("f", 1, 8, 1, 9)) == ("a    日本e\u0301 x", " " * 11 + "^")
    assert excerpt("abc", Location("f", 1, 4, 1, 4)) == ("abc", "   ^")
    assert excerpt("abc", Location("f", 1, 90, 1, 99)) == ("abc", "   ^")
    assert excerpt("abc\r\nd", Location("f", 1, 2, 2, 2)) == ("abc", " ^^")
    assert excerpt("", Location("f")) == ("1 |", "^")


def test_a_long_line_is_cut_on_both_sides_of_the_place() -> None:
    shown, marker = excerpt("x" * 5000 + "PLACE" + "y" * 5000, Location("f", 1, 5001, 1, 5006))
    assert (shown[0], shown[-1], len(shown)) == ("…", "…", MAX_WIDTH + 2)
    assert shown.count("x") > 20
    assert shown.count("y") > 20
    assert shown[marker.index("^") :].startswith("PLACEy")
    assert marker.strip() == "^^^^^"


def test_a_place_outside_its_text_has_no_excerpt() -> None:
    shown = findings_text([finding(Location("f", 9, 1, 9, 2))], {"f": "one\n"}, color=False)
    assert shown.startswith("error[some-rule]: wrong\n --> f:9:1\nhelp: mend it\n\n1 error\n")


def test_what_could_steer_a_terminal_or_hide_is_shown() -> None:
    evil = "a\x1b[2J\x07\r\n\u202eb\u200b\ud800\x9b\u2028"
    shown = findings_text(
        [
            Finding(
                "r" + evil,
                evil,
                evil,
                Location(evil, 1, 2, 1, 3),
                related=(Related(Location(evil, 1, 1, 1, 2), evil),),
            )
        ],
        {evil: evil.replace("\n", "")},
        color=False,
    )
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert "a\\x1b[2J\\x07\\x0d\\x0a\\u202eb\\u200b\\ud800\\x9b\\u2028" in shown
    assert "\n  |  ^^^^\n" in shown


def test_a_message_that_quotes_the_manifest_is_cut() -> None:
    shown = findings_text([finding(Location("f"), "x" * 1_000_000)], {}, color=False)
    assert len(shown) < MAX_TEXT + 100
    assert "x…" in shown


@given(st.text(st.sampled_from("ab 日e\u0301…"), max_size=400), st.integers(1, 410), st.integers(0, 300))
@example("日" * 300, 150, 1)
@example("a" * 99 + "日", 1, 3)
@example("\u0301" * 2000 + "x", 2001, 1)
def test_the_marker_stands_under_the_place(line: str, column: int, length: int) -> None:
    shown, marker = excerpt(line, Location("f", 1, column, 1, column + length))
    assert cells(shown) <= MAX_WIDTH + 2
    start = min(column - 1, len(line))
    if not line[start : start + length].strip("\u0301 "):
        return
    # Of what is shown, the cells over the marker are the beginning of the place's own text.
    indent = len(marker) - len(marker.lstrip())
    left = 0
    while cells(shown[:left]) < indent:
        left += 1
    over = shown[left:].lstrip("\u0301")
    marked = line[start : start + length].lstrip("\u0301")
    width = len(marker.strip())
    assert width >= 1
    wanted = ""
    for character in marked:
        if cells(wanted + character) > width:
            break
        wanted += character
    assert over.startswith(wanted.rstrip())
    assert width == cells(marked) or shown.endswith("…")


def test_a_line_that_could_have_a_secret_is_not_shown() -> None:
    """Also where another finding is on it, or shows other lines of the same file."""
    place, other = Location("a.env", 1, 1, 1, 2), Location("a.env", 2, 1, 2, 2)
    related = Related(Location("a.env", 1, 5, 1, 6), "and here")
    closed = replace(finding(place, "wrong", Severity.ERROR, related), shows_lines=False)
    shown = findings_text([closed, finding(place), finding(other)], {"a.env": "one secret\ntwo"}, color=False)
    assert "secret" not in shown
    assert "2 | two" in shown


def test_a_long_list_of_help_is_wrapped_between_its_words() -> None:
    names = [f"name-{number}" for number in range(60)]
    listed = Finding("manifest-value", "wrong", "possible: " + ", ".join(names), Location("m.yaml"))
    text = findings_text([listed], {}, color=False)
    lines = text[text.index("help: ") :].split("\n\n")[0].splitlines()
    assert max(map(len, lines)) <= HELP_WIDTH + len("help: ")
    assert all(line.startswith("      ") for line in lines[1:])
    assert re.findall(r"name-\d+", " ".join(lines)) == names
