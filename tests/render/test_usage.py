"""A module's README: how it is called, with every variable and output that its files have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from rolewright.core.model import Module
from rolewright.hcl.parse import parse
from terraform_root import build, examples

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

NAMES = ["orders", "ec2", "lambda", "fargate"]


def built(pipeline: Pipeline, name: str) -> Built:
    return examples(pipeline)[name][0]


def blocks(text: str, kind: str) -> dict[str, frozenset[str]]:
    """The blocks of a kind in a text of HCL: their names, each with its arguments."""
    parsed = parse(Module("x", {"x.tf": text}))
    return {block.labels[0]: frozenset(block.attributes) for block in parsed.blocks if block.type == kind}


def call(readme: str) -> str:
    return readme.split("```hcl\n")[1].split("```", maxsplit=1)[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_call_has_every_variable_without_a_default_and_no_other(name: str, pipeline: Pipeline) -> None:
    files = built(pipeline, name).module.files
    declared = blocks(files.get("variables.tf", ""), "variable")
    needed = {variable for variable, arguments in declared.items() if "default" not in arguments}
    (given,) = blocks(call(files["README.md"]), "module").values()
    assert given == {"source", *needed}


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_and_output_has_its_line(name: str, pipeline: Pipeline) -> None:
    files = built(pipeline, name).module.files
    listed = set(re.findall(r"^\| `(\w+)` \|", files["README.md"], re.MULTILINE))
    written = "".join(text for file, text in files.items() if file.endswith(".tf"))
    assert listed == {*blocks(written, "variable"), *blocks(written, "output")}


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_that_the_module_makes_is_listed(name: str, pipeline: Pipeline) -> None:
    files = built(pipeline, name).module.files
    written = "".join(text for file, text in files.items() if file.endswith(".tf"))
    made = {".".join(address) for address in re.findall(r'^resource "(\w+)" "(\w+)"', written, re.MULTILINE)}
    listed = re.findall(r"^- in \S+: (.*)$", files["README.md"], re.MULTILINE)
    assert set(re.findall(r"`(\w+\.\w+)`", " ".join(listed))) == made


@pytest.mark.parametrize(
    ("exclusive", "words"), [("true", "The module owns"), ("false", "Policies that others attach")]
)
def test_the_readme_says_whether_the_module_owns_what_its_roles_may_do(
    exclusive: str, words: str, pipeline: Pipeline
) -> None:
    text = f"version: 1\nworkload: my-app\nexclusive: {exclusive}\ncompute: {{type: ec2, instance_type: t3.micro, "
    text += "ami: amazon-linux-2023, subnet_id: subnet-0123456789abcdef0, security_group_ids: [sg-0123456789abcdef0]}\n"
    (module,) = build(pipeline, [text])
    assert words in module.module.files["README.md"]
