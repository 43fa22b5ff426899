"""`rolewright plan`: real Terraform on the modules, with nothing but a server on loopback."""

from __future__ import annotations

import json
import re
import shutil
import socketserver
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cases import Cases
from command_line import rolewright as run
from rolewright.terraform.server import ACCOUNT, moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_terraform import Terraform

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
OWN = {  # what must not be read
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_PROFILE": "no-such-profile",
    "AWS_CONFIG_FILE": "/no/such/file",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_REGION": "eu-central-1",
}


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that lets nobody through and keeps the first line of each request."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode("latin-1").strip())
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def written(workload: str) -> int:
    """Resources in the golden module, as its text has them."""
    texts = (file.read_text(encoding="utf-8") for file in (ROOT / "output" / workload).glob("*.tf"))
    return sum(len(re.findall(r'^resource "', text, re.MULTILINE)) for text in texts)


MODULES = {
    "ec2": [("my-app", "")],
    "ecs-ec2": [("my-app-cluster", "")],
    "fargate": [("my-app-task", "")],
    "github-actions": [("my-app-ci", "")],
    "inputs": [("shop-api", "")],
    "lambda": [("my-function", "")],
    "orders": [("orders", "dev"), ("orders", "prod")],
}
"""What each example is a module of, and in which environments."""


@pytest.mark.terraform
def test_examples_are_planned_applied_and_destroyed_on_loopback(
    terraform: Terraform, tmp_path: Path, cases: Cases
) -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.yaml")) == list(MODULES)
    chosen = sorted(cases.of(sorted(MODULES, key="lambda".__ne__), 0.01))  # an instance waits for half a minute
    manifests = [EXAMPLES / f"{name}.yaml" for name in chosen]
    with recording_proxy() as (proxy, asked):
        proxied = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
        done = run("plan", "--apply", "--format", "json", *manifests, cwd=tmp_path, env={**OWN, **proxied})
    assert done.returncode == 0, done.stderr
    assert not [line for line in asked if "terraform.io" not in line and "hashicorp.com" not in line]
    modules = json.loads(done.stdout)["modules"]
    assert [(module["workload"], module["environment"]) for module in modules] == [
        module for name in chosen for module in MODULES[name]
    ]
    for planned in modules:
        assert sum(planned["add"].values()) == written(planned["workload"])
        assert planned["applied"] != bool(planned["not_in_moto"])
    lacking = {"my-app-cluster", "shop-api"} & {module["workload"] for module in modules}
    assert {module["workload"] for module in modules if not module["applied"]} == lacking
    for planned in modules:
        if planned["environment"] == "prod":
            assert planned["roles"] == ["orders-prod-task", "orders-prod-execution"]
            assert planned["account"] == "222222222222"
    assert not list(tmp_path.iterdir())


@pytest.mark.soak
@pytest.mark.terraform
def test_one_environment_is_planned(terraform: Terraform, tmp_path: Path) -> None:
    done = run("plan", "--env", "prod", EXAMPLES / "orders.yaml", cwd=tmp_path, env=OWN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"orders in prod (222222222222, eu-west-1): {written('orders')} resources to add\n")
    assert " in dev" not in done.stdout
    unknown = run("plan", "--env", "staging", EXAMPLES / "orders.yaml", cwd=tmp_path)
    assert (unknown.returncode, "its environments: dev, prod" in unknown.stderr) == (1, True)


@pytest.mark.terraform
def test_with_the_own_account_another_one_is_refused(terraform: Terraform, tmp_path: Path, cases: Cases) -> None:
    """A moto server that the caller's own settings lead to stands for AWS."""
    with moto_server() as address:
        own = {
            "AWS_ACCESS_KEY_ID": ACCOUNT + "111111111111",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_ENDPOINT_URL": address,
            "AWS_REGION": "us-east-1",
        }
        prod = run("plan", "--aws", "--env", "prod", EXAMPLES / "orders.yaml", cwd=tmp_path, env=own)
        taken = [(EXAMPLES / "lambda.yaml",), ("--env", "dev", EXAMPLES / "orders.yaml")]
        for arguments in cases.of(taken, 0):
            done = run("plan", "--aws", *arguments, cwd=tmp_path, env=own)
            assert done.returncode == 0, done.stderr
    assert prod.returncode == 1
    assert "belongs to account 222222222222" in prod.stderr


def fake(folder: Path, answers: dict[str, Any]) -> Path:
    """A program that says this at these commands, and writes down what it was told."""
    program = folder / "terraform-like"
    cases = "".join(f"{name}) cat <<'EOF'\n{text}\nEOF\n;;\n" for name, text in answers.items())
    program.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def test_a_fault_is_shown_at_the_line_of_the_manifest(tmp_path: Path) -> None:
    roles = (ROOT / "output" / "my-function" / "roles.tf").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(roles, 1) if "dynamodb:GetItem" in text)
    diagnostic = {
        "severity": "error",
        "summary": "Unsuitable value",
        "detail": "It is wrong.",
        "address": "module.m0.aws_iam_role.execution",
        "range": {"filename": "m0/roles.tf", "start": {"line": line}},
    }
    program = fake(tmp_path, {"validate": json.dumps({"diagnostics": [diagnostic]})})
    done = run("plan", "--terraform", program, EXAMPLES / "lambda.yaml", cwd=tmp_path)
    manifest = (EXAMPLES / "lambda.yaml").read_text(encoding="utf-8").splitlines()
    access = next(number for number, text in enumerate(manifest, 1) if "access:" in text)
    assert done.returncode == 1
    assert "error[terraform-validate]: my-function: error at module.m0.aws_iam_role.execution" in done.stderr
    assert f"lambda.yaml:{access}:" in done.stderr
    assert f"my-function/roles.tf:{line}:" in done.stderr
    assert done.stdout == ""


def test_a_fault_without_a_module_and_a_failing_program_are_told(tmp_path: Path) -> None:
    text = json.dumps({"diagnostics": [{"severity": "error", "summary": "Odd", "detail": "", "range": None}]})
    odd = run("plan", "--terraform", fake(tmp_path, {"validate": text}), EXAMPLES / "lambda.yaml", cwd=tmp_path)
    assert (odd.returncode, "error[terraform-validate]: error: Odd" in odd.stderr) == (1, True)
    failing = fake(tmp_path, {})
    failing.write_text("#!/bin/sh\necho no registry >&2\nexit 1\n", encoding="utf-8")
    done = run("plan", "--terraform", failing, EXAMPLES / "lambda.yaml", cwd=tmp_path)
    assert (done.returncode, "no registry" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_a_missing_program_ends_with_4_and_says_how_to_get_it(tmp_path: Path) -> None:
    for arguments, env in (((), {"PATH": str(tmp_path)}), (("--terraform", "no-such-program"), {})):
        done = run("plan", *arguments, EXAMPLES / "lambda.yaml", cwd=tmp_path, env=env)
        assert done.returncode == 4
        assert "https://developer.hashicorp.com/terraform/install" in done.stderr
        assert done.stdout == ""


def test_opentofu_is_taken_where_terraform_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    shutil.move(fake(tmp_path, {"validate": '{"diagnostics": []}', "show": "{}"}), folder / "tofu")
    path = f"{folder}:{Path(shutil.which('sh') or '/bin/sh').parent}"
    if (Path(path.rpartition(":")[2]) / "terraform").exists():
        pytest.skip("terraform is in the folder of sh")
    done = run("plan", EXAMPLES / "lambda.yaml", cwd=tmp_path, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("my-function: 0 resources to add\n")


def test_wrong_use_and_bad_manifests(tmp_path: Path) -> None:
    both = run("plan", "--apply", "--aws", EXAMPLES / "lambda.yaml", cwd=tmp_path)
    assert (both.returncode, "leave out --apply" in both.stderr) == (2, True)
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\nworkload: x\ncompute: {type: lambdas}\n", encoding="utf-8")
    refused = run("plan", "--terraform", fake(tmp_path, {}), bad, cwd=tmp_path)
    assert (refused.returncode, "bad.yaml:3:" in refused.stderr) == (1, True)
    copy = tmp_path / "copy.yaml"
    copy.write_bytes((EXAMPLES / "lambda.yaml").read_bytes())
    twice = run("plan", "--terraform", fake(tmp_path, {}), EXAMPLES / "lambda.yaml", copy, cwd=tmp_path)
    assert (twice.returncode, "manifest-duplicate-workload" in twice.stderr) == (1, True)
