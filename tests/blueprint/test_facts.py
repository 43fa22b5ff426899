"""Tables of facts: what they say is AWS's own, and a broken one is a finding at its place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import moto
import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected

CATALOG = load_catalog()
TYPE = """\
summary: A cache
service: ec2
fields:
  size: {type: string, pattern: "^[a-z0-9.]+$", description: Size, x-facts: TABLE, examples: [small.one]}
required: [size]
rules:
  - when: {}
    require: {properties: {$facts: {properties: {size: {properties: {known: {const: true}}}}}}}
    at: size
    message: "${size} has ${$facts.size.known}"
    remedy: give another
access:
  describe: {class: read, summary: describe, allow: {"*": [ec2:DescribeInstances]}}
"""
GOOD = "summary: Sizes\nsource: none\nfacts:\n  - {of: [small.*], known: true}\n"


def test_the_processors_sizes_and_ebs_of_instance_types_are_those_of_ec2() -> None:
    """moto ships what EC2 answers to DescribeInstanceTypes."""
    path = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    types = json.loads(gzip.decompress(path.read_bytes()))
    assert len(types) > 1300
    table = CATALOG.facts["ec2-instance-types"]
    sizes = CATALOG.facts["ec2-instance-sizes"]
    assert sizes.names.keys() == types.keys()
    for name, described in types.items():
        facts = table.of(name)
        processors = {one.removesuffix("_mac") for one in described["ProcessorInfo"]["SupportedArchitectures"]}
        assert facts["architecture"] in processors, name
        unsupported = described["EbsInfo"]["EbsOptimizedSupport"] == "unsupported"
        assert facts.get("ebs_optimized", True) is not unsupported, name
        size = {"cpu": 1024 * described["VCpuInfo"]["DefaultVCpus"], "memory": described["MemoryInfo"]["SizeInMiB"]}
        assert sizes.of(name) == size, name


def test_of_a_name_that_is_not_there_nothing_is_said() -> None:
    assert CATALOG.facts["ec2-instance-types"].of("z99.large") == {}
    assert CATALOG.facts["lambda-runtimes"].of("python4.0") == {}


def folder(root: Path, table: str, facts: str) -> Path:
    (root / "resources" / "cache").mkdir(parents=True)
    (root / "resources" / "cache" / "blueprint.yaml").write_text(TYPE.replace("TABLE", table), encoding="utf-8")
    (root / "facts").mkdir()
    (root / "facts" / "sizes.yaml").write_text(facts, encoding="utf-8")
    return root


def test_a_table_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refusal:
        load_catalog([folder(tmp_path, "colours", GOOD)]).resources["cache"]
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.location.line) == ("blueprint-name", 4)
    assert "sizes" in finding.remedy


def test_a_table_among_several_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refusal:
        load_catalog([folder(tmp_path, "[sizes, colours]", GOOD)]).resources["cache"]
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.path, finding.location.line) == ("blueprint-name", "fields.size.x-facts.1", 4)
    assert "`colours`" in finding.message


@pytest.mark.parametrize(
    ("facts", "line"),
    [("summary: Sizes\nsource: none\nfacts: 3\n", 3), (GOOD + "---\na: 1\n", 6), ("summary: Sizes\nfacts: []\n", 1)],
)
def test_a_broken_table_is_a_finding_at_its_place(tmp_path: Path, facts: str, line: int) -> None:
    catalog = load_catalog([folder(tmp_path, "sizes", facts)])
    with pytest.raises(Rejected) as refusal:
        catalog.facts["sizes"]
    assert [finding.location.line for finding in refusal.value.findings] == [line]


@pytest.mark.parametrize("part", ["each: colours", "of: colours.first"])
def test_a_rule_about_no_field_is_a_finding(tmp_path: Path, part: str) -> None:
    root = folder(tmp_path, "sizes", GOOD)
    path = root / "resources" / "cache" / "blueprint.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("- when: {}", f"- {part}\n    when: {{}}"), encoding="utf-8"
    )
    with pytest.raises(Rejected) as refusal:
        load_catalog([root]).resources["cache"]
    assert [finding.rule for finding in refusal.value.findings] == ["blueprint-name"]
