"""`rolewright diff` over what stands beside policies: where it is applied, what guards its roles, what it is called."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from command_line import rolewright

LAMBDA: dict[str, Any] = {
    "version": 1,
    "workload": "vault",
    "compute": {"type": "lambda", "runtime": "python3.12", "handler": "app.handler", "package": "function.zip"},
}
EC2 = {"type": "ec2", "ami": "ami-01234567", "instance_type": "t3.micro"}
ONE, OTHER = ({"account": digit * 12, "region": "us-east-1"} for digit in "12")


def instance(**more: Any) -> dict[str, Any]:
    data = {"type": "s3-bucket", "name": "data", "access": ["get"]}
    return {"version": 1, "workload": "app", "compute": EC2, "resources": {"data": data}, **more}


CASES = [
    ({**LAMBDA, "exclusive": True}, {**LAMBDA, "exclusive": False}, 3),
    ({**LAMBDA, "exclusive": False}, {**LAMBDA, "exclusive": True}, 5),
    (instance(environments={"dev": ONE}), instance(environments={"dev": OTHER}), 3),
    (instance(environments={"dev": ONE}), instance(environments={"dev": {**ONE, "region": "eu-west-1"}}), 3),
    (instance(environments={"dev": ONE, "prod": OTHER}), instance(environments={"dev": ONE}), 5),
    (instance(environments={"dev": ONE}), instance(environments={"dev": ONE, "prod": OTHER}), 3),
    (instance(), instance(compute={**EC2, "instance_type": "t3.small"}), 0),
]


@pytest.mark.parametrize(("old", "new", "code"), CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("rendered", [False, True], ids=["manifests", "modules"])
def test_the_exit_code_is_right(
    old: dict[str, Any], new: dict[str, Any], code: int, rendered: bool, tmp_path: Path
) -> None:
    paths = []
    for side, manifest in (("old", old), ("new", new)):
        folder = tmp_path / side
        folder.mkdir()
        (folder / "m.yaml").write_text(json.dumps(manifest), encoding="utf-8")
        if rendered:
            assert rolewright("render", "m.yaml", cwd=folder).returncode == 0
            (folder / "m.yaml").unlink()
        paths.append(side)
    ran = rolewright("diff", *paths, cwd=tmp_path)
    assert ran.returncode == code, ran.stdout
    assert ("nobody may do anything more" in ran.stdout) == (code == 0)


def test_a_workload_of_another_name_is_told(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f"{name}.yaml").write_text(json.dumps({**instance(), "workload": name}), encoding="utf-8")
    ran = rolewright("diff", "old.yaml", "new.yaml", cwd=tmp_path)
    assert (ran.returncode, "it is called new; before old" in ran.stdout) == (5, True)


def test_an_environment_that_goes_from_a_module_is_not_wider(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "output" / "orders"
    for side in ("old", "new"):
        shutil.copytree(source, tmp_path / side / "orders")
    ledger = tmp_path / "new" / "orders" / ".rolewright.json"
    told = json.loads(ledger.read_text(encoding="utf-8"))
    del told["files"]["environments/dev.tfvars"]
    ledger.write_text(json.dumps(told), encoding="utf-8")
    (tmp_path / "new" / "orders" / "environments" / "dev.tfvars").unlink()
    assert rolewright("diff", "old", "new", cwd=tmp_path).returncode == 5
    assert rolewright("diff", "new", "old", cwd=tmp_path).returncode == 3


def test_a_module_that_lost_its_ledger_is_not_taken_for_gone(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "output"
    for side in ("old", "new"):
        for name in ("orders", "my-app"):
            shutil.copytree(source / name, tmp_path / side / name)
    (tmp_path / "new" / "my-app" / ".rolewright.json").unlink()
    ran = rolewright("diff", "old", "new", cwd=tmp_path)
    assert (ran.returncode, "readback-ledger" in ran.stdout + ran.stderr) == (1, True)


def test_terraform_beside_modules_is_named_as_not_read(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "output" / "my-app"
    for side in ("old", "new"):
        shutil.copytree(source, tmp_path / side / "my-app")
    (tmp_path / "new" / "main.tf").write_text('resource "aws_iam_user" "x" {}\n', encoding="utf-8")
    ran = rolewright("diff", "old", "new", cwd=tmp_path)
    assert (ran.returncode, "not read: new/main.tf" in ran.stdout) == (0, True)
