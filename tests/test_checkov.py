"""A well-known scanner on what is rendered: no failed check, and a reason for each that is skipped."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cases import Cases
from left_out import leave_out
from manifest_generator import created_manifests
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog

VENV = Path(__file__).parent.parent / ".venv-checkov"
ON_ROLES = {
    "CKV_AWS_1",  # administration
    "CKV_AWS_49",  # `*` as an action
    "CKV_AWS_60",  # who assumes a role
    "CKV_AWS_61",
    "CKV_AWS_107",  # credentials exposure, data exfiltration, permissions management, privilege escalation, writing
    "CKV_AWS_108",
    "CKV_AWS_109",
    "CKV_AWS_110",
    "CKV_AWS_111",
    "CKV_AWS_283",  # anybody as a principal
    "CKV_AWS_356",  # `*` where something narrower exists
}
"""Checks on roles and policy documents. Of its others (286 to 290, 355) the same questions are put to JSON alone."""


@pytest.fixture
def checkov() -> str:
    """The scanner; it needs an environment of its own, since it brings another package named hcl2."""
    program = shutil.which("checkov", path=f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        leave_out("checkov is missing, so that nothing was scanned with it: make test installs it into .venv-checkov")
    return program


def scan(program: str, folder: Path) -> Any:
    """The scanner's report. It downloads nothing, and would have nowhere to download it from."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [
            program,
            "--directory",
            folder,
            "--framework",
            "terraform",
            "--output",
            "json",
            "--compact",
            "--skip-download",
        ],
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def kinds(text: str) -> list[str]:
    """The compute type of a manifest, and the types that its module makes."""
    given = json.loads(text)
    return [given["compute"]["type"], *(one["type"] for one in given["resources"].values() if one.get("create"))]


def test_no_check_fails_that_is_not_skipped_with_a_reason(
    catalog: Catalog, checkov: str, tmp_path: Path, cases: Cases
) -> None:
    texts = cases.of(created_manifests(cases, 80), 0.05, kinds)
    templates = Templates(catalog)
    for number, text in enumerate(texts):
        (workload,) = read_manifest(loads(text, f"{number}.yaml"), catalog)
        declaration = derive_grants(workload, catalog)
        module = render(workload, declaration, build_roles(workload, declaration, catalog), catalog, templates)
        folder = tmp_path / f"m{number}"
        folder.mkdir()
        for name, content in module.files.items():
            if name.endswith(".tf"):
                (folder / name).write_text(content, encoding="utf-8")
    results = scan(checkov, tmp_path)["results"]
    assert results["parsing_errors"] == []
    failed = [
        f"{one['check_id']} {one['check_name']}: {one['resource']}\n{texts[int(one['file_path'].split('/')[1][1:])]}"
        for one in results["failed_checks"]
    ]
    assert not failed, "\n".join(failed)
    assert all(one["check_result"]["suppress_comment"].strip() for one in results["skipped_checks"])
    passed = defaultdict(set)
    for one in results["passed_checks"]:
        passed[one["check_id"]].add(one["file_path"].split("/")[1])
    assert passed.keys() >= ON_ROLES
    assert len(passed["CKV_AWS_356"]) == len(texts)
