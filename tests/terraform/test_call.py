"""How a configuration calls a module: with its own provider, for several environments, with tags of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from rolewright.terraform.server import moto_server

if TYPE_CHECKING:
    from pathlib import Path

    from real_terraform import Terraform

MANIFEST = """
version: 1
workload: jobs
tags: {team: jobs}
compute: {type: lambda, runtime: python3.13, handler: app.handler, package: function.zip}
resources:
  table: {type: dynamodb-table, name: "jobs-${environment}", create: true, hash_key: id, access: get}
environments:
  dev: {account: "123456789012", region: us-east-1}
  prod: {account: "123456789012", region: us-east-1}
---
version: 1
workload: sweep
tags: {team: jobs}
compute: {type: lambda, runtime: python3.13, handler: app.handler, package: function.zip}
"""
ROOT = """
provider "aws" {
  alias                       = "x"
  region                      = "us-east-1"
  access_key                  = "ACCOUNT0123456789012"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  default_tags {
    tags = { team = "platform", cost-center = "42" }
  }
}
module "jobs" {
  source      = "./output/jobs"
  for_each    = toset(["dev", "prod"])
  providers   = { aws = aws.x }
  environment = each.key
  account     = "123456789012"
  region      = "us-east-1"
}
module "sweep" {
  source    = "./output/sweep"
  count     = 1
  providers = { aws = aws.x }
}
output "tables" {
  value = { for environment, module in module.jobs : environment => module.table_arn }
}
output "sweep" {
  value = module.sweep[0].function_arn
}
"""


@pytest.mark.soak
@pytest.mark.terraform
def test_providers_for_each_and_count_work_and_a_second_plan_is_empty(terraform: Terraform, tmp_path: Path) -> None:
    """As the README of each module says. A tag of the manifest stands before one that the provider adds."""
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    ran = rolewright("render", "m.yaml", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    (tmp_path / "main.tf").write_text(ROOT, encoding="utf-8")
    (tmp_path / "function.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with moto_server() as address:
        loopback = type(terraform)(terraform.program, address)
        loopback.run(tmp_path, "init", "-input=false", "-no-color")
        loopback.run(tmp_path, "apply", "-auto-approve", "-input=false", "-no-color")
        loopback.run(tmp_path, "plan", "-detailed-exitcode", "-input=false", "-no-color")  # 2 where anything changes
        state = loopback.json(tmp_path, "show", "-json")["values"]
    assert {*state["outputs"]["tables"]["value"]} == {"dev", "prod"}
    modules = {module["address"]: module["resources"] for module in state["root_module"]["child_modules"]}
    assert {*modules} == {'module.jobs["dev"]', 'module.jobs["prod"]', "module.sweep[0]"}
    for resources in modules.values():
        tags = [resource["values"]["tags_all"] for resource in resources if resource["values"].get("tags_all")]
        assert len(tags) >= 3
        assert {(tag["team"], tag["cost-center"]) for tag in tags} == {("jobs", "42")}
