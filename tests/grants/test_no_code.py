"""What runs no code of its own gets no access: neither does it use it, nor does the code that it starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import MisuseError, Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.suggest.from_code import read_code
from rolewright.suggest.start import read_wanted, start
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Declaration

EXPORT = {"type": "lambda-function", "name": "export"}
REPORTS = {"type": "s3-bucket", "name": "acme-reports", "access": "put"}
STATEMENT = {"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::acme-reports/*"], "reason": "it is not yet known"}


def derived(catalog: Catalog, resources: dict[str, Any], **more: Any) -> Declaration:
    compute = {"type": "scheduled-task", "target": "export", "expression": "rate(1 day)"}
    manifest = {"version": 1, "workload": "nightly", "compute": compute, "resources": resources, **more}
    (workload,) = read_manifest(loads(json.dumps(manifest, indent=1), "m.yaml"), catalog)
    return derive_grants(workload, catalog)


@pytest.mark.parametrize(
    ("resources", "more", "at"),
    [
        ({"export": EXPORT, "reports": REPORTS}, {}, "resources.reports.access"),
        ({"export": {**EXPORT, "access": "invoke"}}, {}, "resources.export.access"),
        ({"export": EXPORT}, {"statements": [STATEMENT]}, "statements.0"),
    ],
)
def test_access_of_no_code_is_refused_at_its_line(
    resources: dict[str, Any], more: dict[str, Any], at: str, catalog: Catalog
) -> None:
    with pytest.raises(Rejected) as refused:
        derived(catalog, resources, **more)
    (finding,) = refused.value.findings
    assert (finding.rule, finding.path) == ("access-code", at)
    assert "no code of its own" in finding.message
    assert finding.location.line > 1


def test_what_fields_name_is_granted_to_the_schedule(catalog: Catalog) -> None:
    for more in ({}, {"statements": [{**STATEMENT, "role": "schedule"}]}):
        granted = derived(catalog, {"export": EXPORT}, **more).grants
        actions = {action for grant in granted for action in grant.actions}
        assert actions == {"lambda:InvokeFunction", *(["s3:PutObject"] if more else [])}
        assert {grant.role for grant in granted} == {"schedule"}


def test_only_a_schedule_has_no_code(catalog: Catalog) -> None:
    """A state machine has none either, but its states use what the manifest gives access to."""
    assert [type_ for type_, blueprint in catalog.computes.items() if not blueprint.has_code] == ["scheduled-task"]


def test_init_gives_a_schedule_nothing_of_the_code_beside_it(tmp_path: Path, catalog: Catalog) -> None:
    code = "import boto3\n\nboto3.client('s3').put_object(Bucket='acme-reports', Key='a')\n"
    (tmp_path / "job.py").write_text(code, encoding="utf-8")
    read = read_code(tmp_path, [str(tmp_path / "job.py")])
    assert read.permissions
    text = start(catalog, "nightly", "scheduled-task", {}, [], read).text
    assert "acme-reports" not in text
    assert "What it starts has a manifest of its own" in text
    assert "What the code may do" not in text
    (workload,) = read_manifest(loads(text, "rolewright.yaml"), catalog)
    assert {grant.role for grant in derive_grants(workload, catalog).grants} == {"schedule"}
    assert "acme-reports" in start(catalog, "nightly", "fargate", {}, [], read).text
    with pytest.raises(MisuseError, match="no code of its own"):
        start(catalog, "nightly", "scheduled-task", {}, [read_wanted("s3-bucket:acme-reports:put", catalog)], read)
