"""What each rule is about: the page of a rule, as Markdown and for programs, and the page of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.check.rule import Rule

_DOCUMENT = "docs/rules.md"
"""Where every rule is described: a path in the repository, whose address is not known yet."""

_INTRODUCTION = f"""\
# Rules

Every finding of rolewright names a rule. This page says what each rule finds, why that matters and what to do;
`rolewright rule NAME` prints one rule. An error stops the run before anything is written; a warning does not.
`rolewright audit` exits 1 for both.

It is made from `generator/rolewright/report/rules.yaml` and from the rules in `generator/rolewright/check/rules/`, by
`document()` in `generator/rolewright/report/{Path(__file__).name}`.
"""


@dataclass(frozen=True)
class RulePage:
    """What a rule is about. `mend`, `bad` and `good` are "" where it has none; `language` is that of the examples."""

    name: str
    section: str
    severity: str
    finds: str
    why: str
    mend: str
    bad: str
    good: str
    language: str


@dataclass(frozen=True)
class RuleSection:
    """Rules that come from one place, sorted by name, and what they have in common."""

    title: str
    about: str
    pages: tuple[RulePage, ...]


class RuleObject(TypedDict):
    """The page of a rule for programs."""

    name: str
    section: str
    severity: str
    finds: str
    why: str
    mend: str
    bad: str
    good: str
    doc: str


def doc_of(name: str) -> str:
    """Return the link to a rule's description."""
    return f"{_DOCUMENT}#{quote(name, errors='replace')}"


@cache
def rule_sections() -> tuple[RuleSection, ...]:
    """Return every rule, by section."""
    from rolewright.check.rule import rules  # noqa: PLC0415 - only what describes a rule needs it
    from rolewright.yaml.load import load  # noqa: PLC0415 - as above

    listed = load(Path(__file__).with_name("rules.yaml")).trees[0].data
    return tuple(
        RuleSection(
            section["section"],
            section["about"],
            tuple(
                _described(section["section"], section["rules"])
                if "rules" in section
                else _coded(section["section"], rules())
            ),
        )
        for section in listed
    )


@cache
def rule_pages() -> Mapping[str, RulePage]:
    """Return the page of every rule by name, in the order of the sections."""
    return {page.name: page for section in rule_sections() for page in section.pages}


def _described(section: str, listed: Mapping[str, Mapping[str, str]]) -> Iterator[RulePage]:
    for name, rule in sorted(listed.items()):
        severity, bad, good = rule.get("severity", "error"), rule.get("bad", ""), rule.get("good", "")
        yield RulePage(name, section, severity, rule["finds"], rule["why"], rule["mend"], bad, good, "yaml")


def _coded(section: str, rules: Iterable[Rule]) -> Iterator[RulePage]:
    for rule in rules:
        yield RulePage(rule.name, section, rule.severity, rule.summary, rule.why, "", rule.bad, rule.good, "hcl")


def rule_objects(pages: Iterable[RulePage]) -> list[RuleObject]:
    """Return pages as plain dicts and strings, ready for `json.dumps`."""
    return [
        {
            "name": page.name,
            "section": page.section,
            "severity": str(page.severity),
            "finds": page.finds,
            "why": page.why,
            "mend": page.mend,
            "bad": page.bad,
            "good": page.good,
            "doc": doc_of(page.name),
        }
        for page in pages
    ]


def rule_list(sections: Sequence[RuleSection]) -> str:
    """Return one line for each rule: its name and what it finds."""
    width = max(len(page.name) for section in sections for page in section.pages)
    blocks = [
        "\n".join([section.title, *(f"  {page.name:{width}}  {page.finds}" for page in section.pages)])
        for section in sections
    ]
    return "\n\n".join(blocks) + "\n"


def rule_markdown(page: RulePage, heading: str = "##") -> str:
    """Return a rule's page in Markdown, under a heading with its name."""
    lines = [f"{heading} {page.name}", "", f"{page.severity.capitalize()}: {page.finds}.", "", page.why]
    if page.mend:
        lines += ["", f"What to do: {page.mend}"]
    for title, text in (("Refused", page.bad), ("Fine", page.good)):
        if text:
            lines += ["", f"{title}:", "", f"```{page.language}", text.strip(), "```"]
    return "\n".join(lines) + "\n"


def document(sections: Iterable[RuleSection]) -> str:
    """Return the page of all rules in Markdown."""
    parts = [_INTRODUCTION]
    for section in sections:
        table = ["| Rule | Severity | Finds |", "|---|---|---|"]
        table += [f"| [`{page.name}`](#{page.name}) | {page.severity} | {page.finds} |" for page in section.pages]
        parts.append("\n".join([f"## {section.title}", "", section.about, "", *table]) + "\n")
        parts += [rule_markdown(page, "###") for page in section.pages]
    return "\n".join(parts)


def rule_descriptor(name: str) -> dict[str, Any]:
    """Return a rule as SARIF describes one; its id alone where rolewright has no such rule, as in an old report.

    It has its whole page and no `helpUri`, which has to be an absolute address.
    """
    page = rule_pages().get(name)
    if page is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": f"Finds {page.finds}."},
        "fullDescription": {"text": f"Finds {page.finds}. {page.why}"},
        "help": {"text": " ".join(filter(None, (page.why, page.mend))), "markdown": rule_markdown(page)},
    }
