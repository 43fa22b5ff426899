"""Real Terraform on what is rendered: format, validation, plan, apply against moto, no drift, destroy."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from generate import generated_manifests
from moto_server import moto_server
from plan_oracle import compared, differences
from real_terraform import Terraform
from rolewright.check.parse import parse
from rolewright.finding import Rejected
from rolewright.manifest import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.source import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.pipeline import Built, Pipeline

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.yaml"))
PROVIDER = """
provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  max_retries                 = 2
}
"""

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto_server() as address:
        yield address


def unpack(built: Built, folder: Path) -> Path:
    for name, text in built.module.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def batch(modules: list[Built], root: Path) -> None:
    """All modules in one root, so that the provider starts once."""
    calls = []
    for number, built in enumerate(modules):
        unpack(built, root / f"m{number}")
        values = built.workload.environments[0].variables
        arguments = "".join(f"  {name} = {json.dumps(value)}\n" for name, value in values.items())
        calls.append(f'module "m{number}" {{\n  source = "./m{number}"\n{arguments}}}\n')
    # Only numbers, plain strings and lists come here; `${` in one would be JSON's, so it is escaped.
    (root / "main.tf").write_text("\n".join(calls).replace("${", "$${").replace("%{", "%%{"), encoding="utf-8")


def build(pipeline: Pipeline, text: str, name: str = "m.yaml") -> list[Built]:
    return [pipeline.build(w) for w in read_manifest(loads(text, name), pipeline.catalog)]


def test_every_file_is_formatted_and_valid_without_a_warning(
    pipeline: Pipeline, terraform: Terraform, tmp_path: Path
) -> None:
    built = [one for path in EXAMPLES for one in pipeline.run(path)]
    for text in generated_manifests(200):
        built.extend(build(pipeline, text))
    assert len(built) >= 204
    assert not [f for one in built for f in one.findings]
    batch(built, tmp_path)
    for number in range(len(built)):
        assert (tmp_path / f"m{number}" / "roles.tf").is_file()
    (tmp_path / "main.tf").rename(tmp_path / "main.later")  # the tests' own file, laid out by nobody
    terraform.run(tmp_path, "fmt", "-check", "-recursive")
    (tmp_path / "main.later").rename(tmp_path / "main.tf")
    terraform.run(tmp_path, "init", "-input=false", "-backend=false")
    verdict = terraform.json(tmp_path, "validate", "-json")
    assert verdict["valid"], verdict["diagnostics"][:3]
    assert verdict["diagnostics"] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_lives_its_whole_life_on_moto(
    path: Path, pipeline: Pipeline, terraform: Terraform, server: str, tmp_path: Path
) -> None:
    (built,) = pipeline.run(path)
    assert not built.findings
    _live(built, pipeline, Terraform(terraform.program, server), server, tmp_path)


def _live(built: Built, pipeline: Pipeline, real: Terraform, server: str, folder: Path) -> None:
    """Plan, apply, an empty second plan, the same policies as the sandbox's, destroy."""
    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST"))
    (folder).mkdir(exist_ok=True, parents=True)
    unpack(built, folder)
    (folder / "provider_override.tf").write_text(PROVIDER, encoding="utf-8")
    for file in folder.glob("resources.tf"):  # the protection of the data would keep `destroy` from its work
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("deletion_protection_enabled = true", "deletion_protection_enabled = false"))
    environment = built.workload.environments[0]
    arguments = []
    if environment.name:
        # moto has one account; everything else is the environment's.
        arguments = [f"-var-file=environments/{environment.name}.tfvars", "-var=account=123456789012"]
    real.environment["AWS_REGION"] = environment.region
    if any(variable.name == "package" for variable in built.workload.variables):
        (folder / "function.zip").write_bytes(b"PK\x05\x06" + bytes(18))
        arguments.append("-var=package=function.zip")
    real.run(folder, "init", "-input=false")
    real.run(folder, "plan", "-input=false", "-out=plan.bin", *arguments)
    _compare_plan(built, real.json(folder, "show", "-json", "plan.bin"))
    if "aws_instance" in built.module.files.get("ec2.tf", ""):
        return  # moto's images have no root device, whose settings the provider looks up when it applies
    real.run(folder, "apply", "-input=false", "plan.bin")
    real.run(folder, "plan", "-input=false", "-detailed-exitcode", *arguments, accept=(0,))
    _compare_policies(built, real.json(folder, "show", "-json"))
    real.run(folder, "destroy", "-auto-approve", "-input=false", *arguments)


def _compare_plan(built: Built, shown: dict[str, Any]) -> None:
    environment = built.workload.environments[0]
    if environment.name:
        return  # its account differs on purpose; the modules without environments are compared
    plan = evaluate(parse(built.module), environment)
    found = [d for d in differences(plan, shown) if "function.zip" not in d and "deletion_protection" not in d]
    assert found == []
    assert compared(plan, shown) >= 8


def _compare_policies(built: Built, state: dict[str, Any]) -> None:
    """The policies that moto holds after a real apply allow the declared pairs and no others."""
    environment = built.workload.environments[0]
    real: set[tuple[str, str]] = set()
    tokens: dict[str, str] = {}
    for resource in state["values"]["root_module"]["resources"]:
        if resource["values"].get("arn"):
            tokens[resource["values"]["arn"]] = "${" + resource["address"] + ".arn}"
        if resource["address"].startswith("data."):
            continue
        if resource["type"] in ("aws_iam_role_policy", "aws_iam_policy"):
            for statement in json.loads(resource["values"]["policy"])["Statement"]:
                actions, arns = _several(statement["Action"]), _several(statement["Resource"])
                real |= {(action, arn) for action in actions for arn in arns if statement["Effect"] == "Allow"}
    values = {**environment.values, "local.account": "123456789012"}
    declared = {
        (action, arn.ground(values))
        for grant in built.declaration.grants
        if grant.effect == "Allow"
        for action in grant.actions
        for arn in grant.resources
    }
    generated = {arn: token for arn, token in tokens.items() if any(token in known for _, known in declared)}
    assert {(action, generated.get(arn, arn)) for action, arn in real} == declared


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


HOSTILE = [
    "${var.x}",
    "%{if true}",
    '"',
    "\\",
    "\n",
    "<<EOT",
    "{{ x }}",
    "{% x %}",
    "# x",
    "$${",
    "$",
    "é😀",
    "*/",
    "\t",
]


def test_manifest_text_never_becomes_code(
    pipeline: Pipeline, terraform: Terraform, server: str, tmp_path: Path
) -> None:
    values = {f"V{n}": a + b + "x" for n, (a, b) in enumerate((a, b) for a in HOSTILE for b in HOSTILE)}
    escaped = {key: value.replace("${", "$${") for key, value in values.items()}
    manifest = {
        "version": 1,
        "workload": "hostile",
        "description": "".join(HOSTILE),
        "tags": {"text": "a ${workload} %{b}"},
        "compute": {
            "type": "lambda",
            "runtime": "python3.12",
            "handler": "index.handler",
            "package": "function.zip",
            "environment": escaped,
        },
    }
    (built,) = build(pipeline, json.dumps(manifest, ensure_ascii=False))
    unpack(built, tmp_path)
    (tmp_path / "provider_override.tf").write_text(PROVIDER, encoding="utf-8")
    real = Terraform(terraform.program, server)
    real.run(tmp_path, "init", "-input=false")
    real.run(tmp_path, "plan", "-input=false", "-out=plan.bin")
    shown = real.json(tmp_path, "show", "-json", "plan.bin")
    resources = {r["address"]: r["values"] for r in shown["planned_values"]["root_module"]["resources"]}
    (function,) = (v for a, v in resources.items() if a.startswith("aws_lambda_function."))
    assert function["environment"][0]["variables"] == values
    assert function["tags"]["text"] == "a hostile %{b}"


def test_a_broken_key_is_a_finding_with_a_place_and_a_remedy(pipeline: Pipeline) -> None:
    broken = [text.replace('"access"', '"acces"') for text in generated_manifests(50) if '"access"' in text]
    assert len(broken) > 20
    for text in broken:
        with pytest.raises(Rejected) as refused:
            build(pipeline, text)
        assert all(f.remedy and f.location.line > 1 for f in refused.value.findings)
