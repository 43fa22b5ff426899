"""Patterns that have a name: what it stands for, whose holds, and where a name that is not there is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolewright.blueprint import load_catalog
from rolewright.blueprint.patterns import read_patterns
from rolewright.core.finding import Finding, Rejected

NOTE = """\
summary: A note
service: sqs
fields:
  name: {type: string, x-pattern: NAME, description: Name}
  key: {type: string, PATTERN, description: Key}
required: [name]
arns:
  queue: arn:${partition}:sqs:${region}:${account}:${name}
access:
  send: {class: write, summary: send, allow: {queue: [sqs:SendMessage]}}
"""
KEY = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+$"


def own(root: Path, text: str, patterns: str = "") -> Path:
    folder = root / "resources" / "note"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(text, encoding="utf-8")
    if patterns:
        (root / "patterns.yaml").write_text(patterns, encoding="utf-8")
    return root


def note(name: str = "subnet-id", pattern: str = "x-pattern: kms-key-arn") -> str:
    return NOTE.replace("NAME", name).replace("PATTERN", pattern)


def refused(root: Path) -> list[Finding]:
    with pytest.raises(Rejected) as caught:
        load_catalog([root]).resources["note"]
    return list(caught.value.findings)


def test_a_name_stands_for_its_pattern(tmp_path: Path) -> None:
    fields = load_catalog([own(tmp_path, note())]).resources["note"].fields
    assert list(fields["key"]) == ["type", "pattern", "description"]
    assert fields["key"]["pattern"] == KEY


def test_the_last_folder_adds_and_replaces(tmp_path: Path) -> None:
    root = own(tmp_path, note("note-name"), "note-name: ^[a-z]+$\nkms-key-arn: ^arn:x$\n")
    fields = load_catalog([root]).resources["note"].fields
    assert (fields["name"]["pattern"], fields["key"]["pattern"]) == ("^[a-z]+$", "^arn:x$")


def test_an_unknown_name_is_found_at_its_line(tmp_path: Path) -> None:
    (finding,) = refused(own(tmp_path, note(pattern="x-pattern: kms-key")))
    assert (finding.rule, finding.path) == ("blueprint-pattern", "fields.key.x-pattern")
    assert (finding.location.line, finding.location.column) == (5, 34)
    assert "`kms-key`" in finding.message
    assert "kms-key-arn" in finding.remedy


def test_a_name_beside_a_pattern_is_refused(tmp_path: Path) -> None:
    (finding,) = refused(own(tmp_path, note(pattern="pattern: a, x-pattern: kms-key-arn")))
    assert finding.location.line == 5


def test_a_finding_about_the_pattern_is_at_its_name(tmp_path: Path) -> None:
    (finding,) = refused(own(tmp_path, note("any"), "any: .*\n"))
    assert (finding.rule, finding.location.line) == ("blueprint-wildcard", 4)


@pytest.mark.parametrize(("text", "line"), [("- a\n", 1), ("a: b\nb: '('\n", 2), ("a: 1\n", 1)])
def test_what_is_no_mapping_to_regular_expressions_is_refused(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "patterns.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Rejected) as caught:
        read_patterns([tmp_path])
    (finding,) = caught.value.findings
    assert (finding.rule, finding.location.line) == ("blueprint-pattern", line)


def test_every_pattern_that_has_a_name_stands_under_it_alone() -> None:
    root = Path(__file__).parents[2] / "blueprints"
    texts = {path: path.read_text(encoding="utf-8") for path in root.rglob("blueprint.yaml")}
    for name, pattern in read_patterns([root]).items():
        written = pattern.replace("\\", "\\\\")
        assert not [path for path, text in texts.items() if f'"{written}"' in text], name
        assert sum(text.count(f"x-pattern: {name}") for text in texts.values()) > 1
