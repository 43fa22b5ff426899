"""How code gets its credentials: what each module's README and `explain credentials` say of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from blueprint_trials import tried_workloads
from command_line import rolewright
from rolewright.blueprint import load_catalog
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.render.module import render
from rolewright.render.sandbox import Templates

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.core.model import Workload

CATALOG = load_catalog()
TEMPLATES = Templates(CATALOG)
TYPES = [type_ for type_ in CATALOG.computes if f"compute/{type_}/credentials.md.j2" in CATALOG.templates]
SPOKEN = {"local.account": "ACCOUNT", "local.region": "REGION", "local.partition": "aws"}


def readme(workload: Workload) -> str:
    declaration = derive_grants(workload, CATALOG)
    roles = build_roles(workload, declaration, CATALOG)
    return render(workload, declaration, roles, CATALOG, TEMPLATES).files["README.md"]


def section(text: str) -> str:
    """The part of a README on credentials."""
    return text.partition("\n## Credentials\n")[2].partition("\n## ")[0]


def test_every_compute_type_says_it() -> None:
    assert list(CATALOG.computes) == TYPES


@pytest.mark.parametrize("type_", TYPES)
def test_what_is_said_names_the_role_that_the_code_has(type_: str) -> None:
    blueprint = CATALOG.computes[type_]
    (key,) = [role.key for role in blueprint.roles.values() if role.grants == "workload" or not blueprint.has_code]
    workloads = tried_workloads(CATALOG.computes.files[type_])
    assert workloads
    for workload in workloads:
        text = section(readme(workload))
        name = workload.compute.names[f"{key}_role"].ground(SPOKEN)
        assert set(re.findall(r":assumed-role/([^/`]+)/", text)) == {name}
        assert set(re.findall(r":role/([^/`\s]+)", text)) <= {name}
        fences = [line for line in text.splitlines() if line.startswith("```")]
        assert fences[1::2] == ["```"] * (len(fences) // 2)
        assert not re.search(r"\$\{|local\.|var\.|None|\\_", text)


MANIFEST = """\
version: 1
workload: app
compute: {type: fargate, image: nginx, cpu: 256, memory: 512}
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod: {account: "222222222222", region: cn-north-1}
---
version: 1
workload: ship
compute: {type: github-actions, repository: my-org/my-app, branches: [main]}
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod: {account: "222222222222", region: eu-west-1, compute: {branches: [stable]}}
"""
DESK = """\
summary: A desk
fields: {}
required: []
names: {}
roles: {clerk: {summary: what is done at the desk, trusts: [ec2.amazonaws.com], grants: workload}}
templates: []
"""


def test_each_environment_has_its_role(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    ran = rolewright("explain", "credentials", "m.yaml", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    app, ship = ran.stdout.split("\n## ship on github-actions\n")
    assert app.startswith("## app on fargate\n")
    assert "- in dev: `arn:aws:sts::111111111111:assumed-role/app-dev-task/TASK-ID`\n" in app
    assert "- in prod: `arn:aws-cn:sts::222222222222:assumed-role/app-prod-task/TASK-ID`\n" in app
    assert "- in prod: `arn:aws:iam::222222222222:role/ship-prod-workflow`\n" in ship
    assert "branches: BRANCHES\n" in ship


def test_the_readme_says_what_explain_says(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST.partition("---")[0], encoding="utf-8")
    said = rolewright("explain", "credentials", "m.yaml", "--format", "json", cwd=tmp_path)
    (one,) = json.loads(said.stdout)["credentials"]
    assert (one["workload"], one["compute"]) == ("app", "fargate")
    assert rolewright("render", "m.yaml", cwd=tmp_path).returncode == 0
    written = (tmp_path / "output" / "app" / "README.md").read_text(encoding="utf-8")
    assert section(written).strip() == one["credentials"].strip() != ""


def test_a_type_without_the_template_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "team" / "compute" / "desk"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(DESK, encoding="utf-8")
    (tmp_path / "m.yaml").write_text("version: 1\nworkload: app\ncompute: {type: desk}\n", encoding="utf-8")
    options = ("m.yaml", "--blueprints", "team")
    ran = rolewright("explain", "credentials", *options, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "desk does not describe credentials: it has no credentials.md.j2" in ran.stdout
    told = rolewright("explain", "credentials", *options, "--format", "json", cwd=tmp_path)
    assert json.loads(told.stdout)["credentials"][0]["credentials"] is None
    assert rolewright("render", *options, cwd=tmp_path).returncode == 0
    assert "Credentials" not in (tmp_path / "output" / "app" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("format_", ["text", "json"])
def test_a_refused_manifest_is_not_explained(format_: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("version: 1\nworkload: app\ncompute: {type: ec3}\n", encoding="utf-8")
    ran = rolewright("explain", "credentials", "m.yaml", "--format", format_, cwd=tmp_path)
    assert ran.returncode == 1
    if format_ == "json":
        assert [one["line"] for one in json.loads(ran.stdout)["findings"]] == [3]
    else:
        assert ran.stdout == ""
        assert "m.yaml:3:" in ran.stderr
