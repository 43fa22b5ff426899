"""Every rule that a finding can have has a page, every page a rule, and each example of a page is what it says."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.pipeline import Pipeline
from rolewright.report.json import findings_json
from rolewright.report.rule_pages import RulePage, doc_of, document, rule_pages, rule_sections
from rolewright.report.sarif import findings_sarif
from rule_names import rule_names

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
PAGES = rule_pages()
WITH_EXAMPLES = [page for page in PAGES.values() if page.language == "yaml" and page.bad]
LEFT_OUT = {
    "version": "version: 1\n",
    "workload": "workload: orders\n",
    "compute": "compute: {type: lambda, runtime: python3.12, handler: app.handler, package: function.zip}\n",
}
"""What an example leaves out of a manifest."""


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline() as opened:
        yield opened


def found(pipeline: Pipeline, text: str, folder: Path) -> set[str]:
    """The rules of what is found in a manifest."""
    file = folder / "m.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        return {finding.rule for built in pipeline.run(file) for finding in built.findings}
    except Rejected as refusal:
        return {finding.rule for finding in refusal.findings}


def whole(example: str) -> str:
    """The manifest that an example has lines of."""
    missing = [text for key, text in LEFT_OUT.items() if not re.search(rf"^{key}:", example, re.MULTILINE)]
    return "".join(missing) + example


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert len(rule_names()) > 150
    assert rule_names() - PAGES.keys() == set()
    assert PAGES.keys() - rule_names() == set()


def test_what_is_found_in_broken_manifests_has_a_page(pipeline: Pipeline, tmp_path: Path) -> None:
    """The names that the code gives are all that there are."""
    chance = random.Random(7)
    seen: set[str] = set()
    for _ in range(150):
        text = [*chance.choice(EXAMPLES).read_text(encoding="utf-8")]
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 4)] = chance.choice(["", "x", "*", "${", '"', ":", "9", "null"])
        file = tmp_path / "m.yaml"
        file.write_text("".join(text), encoding="utf-8")
        try:
            list(pipeline.rendered(file))
        except Rejected as refusal:
            seen |= {finding.rule for finding in refusal.findings}
    assert len(seen) > 8
    assert seen <= PAGES.keys()


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_the_bad_example_breaks_its_rule_and_the_good_one_none(
    page: RulePage, pipeline: Pipeline, tmp_path: Path
) -> None:
    assert page.name in found(pipeline, whole(page.bad), tmp_path)
    assert found(pipeline, whole(page.good), tmp_path) == set()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_a_page_is_complete(page: RulePage) -> None:
    assert page.severity in ("error", "warning", "note")
    assert page.finds
    assert not page.finds.endswith(".")
    assert page.why.endswith(".")
    assert page.mend.endswith(".") or page.language == "hcl"
    assert bool(page.bad) == bool(page.good)


def test_the_document_is_current_and_every_link_leads_into_it() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert text == document(rule_sections())
    anchors = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
    assert sorted(anchors) == sorted(PAGES)
    titles = [section.title.lower().replace(" ", "-") for section in rule_sections()]
    assert set(titles) & PAGES.keys() == set()
    assert {doc_of(name) for name in PAGES} == {f"docs/rules.md#{name}" for name in anchors}


def test_reports_link_to_the_page() -> None:
    findings = [Finding(rule, "m", "r", Location("m.yaml")) for rule in ("manifest-arn", "of an old version")]
    known, unknown = findings_json(findings)["findings"]
    assert known["doc"] == "docs/rules.md#manifest-arn"
    assert unknown["doc"] == "docs/rules.md#of%20an%20old%20version"
    described, other = findings_sarif(findings, "1")["runs"][0]["tool"]["driver"]["rules"]
    assert described["shortDescription"]["text"].startswith("Finds an ARN")
    assert PAGES["manifest-arn"].why in described["fullDescription"]["text"]
    assert PAGES["manifest-arn"].good in described["help"]["markdown"]
    assert other == {"id": "of an old version"}
