"""`why` and `why-not`: what allows something is what was declared, and the advice, once followed, allows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from command_line import rolewright
from manifest_generator import generated_manifests
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.review.why import ANYWHERE, Explanation, Question, answer
from rolewright.suggest.messages import question_of
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Module, Workload


class Asked:
    """A manifest that questions are put to."""

    def __init__(self, manifest: dict[str, Any], catalog: Catalog, templates: Templates) -> None:
        self.catalog = catalog
        (self.workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), catalog)
        declaration = derive_grants(self.workload, catalog)
        self.roles = build_roles(self.workload, declaration, catalog)
        self.module: Module = render(self.workload, declaration, self.roles, catalog, templates)

    def may(self, action: str, resource: str) -> Explanation:
        return answer(Question(action, resource, "", ""), self.workload, self.roles, self.module, self.catalog, ())


def concrete(workload: Workload, text: Any) -> str:
    (environment, *_) = workload.environments
    values = environment.values if environment.name else {**environment.values, **ANYWHERE}
    return str(text.ground(values)).replace("*", "x").replace("?", "x")


def test_every_permission_names_the_line_that_declares_it(catalog: Catalog) -> None:
    templates = Templates(catalog)
    seen = 0
    for text in generated_manifests(45):
        asked = Asked(json.loads(text), catalog, templates)
        for role in asked.roles:
            for policy in role.policies:
                for statement in policy.statements:
                    for resource in statement.resources:
                        ground = concrete(asked.workload, resource)
                        if "${" in ground or statement.effect == "Deny":
                            continue
                        found = asked.may(statement.actions[0], "*" if ground == "x" else ground)
                        mine = [one for one in found.allowed if (one.role, one.statement) == (role.key, statement.sid)]
                        assert mine, (statement, found)
                        assert {origin for origin, _ in mine[0].origins} <= {g.origin for g in statement.grants}
                        name, line = mine[0].hcl.removeprefix(f"{asked.workload.name}/").split(":")
                        assert f'"{statement.sid}"' in asked.module.files[name].splitlines()[int(line) - 1]
                        seen += 1
    assert seen >= 300


DENIED = (
    "An error occurred (AccessDenied) when calling the GetObject operation: User: "
    "arn:aws:sts::123456789012:assumed-role/app-instance/i-0123456789abcdef0 is not authorized to perform: "
    's3:GetObject on resource: "arn:aws:s3:::data/out/report.csv" because no identity-based policy allows the '
    "s3:GetObject action"
)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (DENIED, ("s3:GetObject", "arn:aws:s3:::data/out/report.csv", "app-instance")),
        (
            "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: sqs:SendMessage",
            ("sqs:SendMessage", "", "x"),
        ),
        (
            (
                "User: arn:aws:iam::123456789012:role/team/app-task is not authorized to perform: dynamodb:Scan on "
                "resource: arn:aws:dynamodb:us-east-1:123456789012:table/orders with an explicit deny in a policy"
            ),
            ("dynamodb:Scan", "arn:aws:dynamodb:us-east-1:123456789012:table/orders", "app-task"),
        ),
        (
            (
                "arn:aws:sts::123456789012:assumed-role/app/s is not authorized to perform: kms:Decrypt on the "
                "resource associated with this ciphertext because the resource does not exist"
            ),
            ("kms:Decrypt", "", "app"),
        ),
        ("s3:GetObject arn:aws:s3:::b/k", ("s3:GetObject", "arn:aws:s3:::b/k", "")),
        ("GetObject arn:aws:s3:::b/k", None),
    ],
)
def test_an_error_of_a_log_is_read(text: str, question: tuple[str, str, str] | None) -> None:
    found = question_of([text] if "authorized" in text else text.split())
    assert (found and (found.action, found.resource, found.role)) == question


APP = """\
version: 1
workload: app
compute: {type: ec2, ami: ami-01234567, instance_type: t3.micro}
resources:
  data: {type: s3-bucket, name: data, prefix: in/, access: get}
"""


def test_the_commands(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(APP, encoding="utf-8")
    yes = ("s3:GetObject", "arn:aws:s3:::data/in/x")
    no = ("s3:PutObject", "arn:aws:s3:::data/in/x")
    codes = {
        (name, words[0]): rolewright(name, "m.yaml", *words, cwd=tmp_path).returncode
        for name in ("why", "why-not")
        for words in (yes, no)
    }
    assert codes == {
        ("why", "s3:GetObject"): 0,
        ("why", "s3:PutObject"): 1,
        ("why-not", "s3:GetObject"): 1,
        ("why-not", "s3:PutObject"): 0,
    }
    near = rolewright("why", "m.yaml", DENIED, cwd=tmp_path)
    assert near.returncode == 1
    assert "near is role instance, allow on arn:aws:s3:::data/in/*" in near.stdout
    assert "m.yaml:5:" in near.stdout
    told = json.loads(rolewright("why", "m.yaml", *no, "--format", "json", cwd=tmp_path).stdout)
    assert told["answers"][0]["advice"] == ["add `put` to `access` of resources.data (m.yaml:5:3)"]


@pytest.mark.parametrize(
    "words",
    [("s3:GetObject",), ("one", "two"), ("s3:GetObject", "a", "b"), ("the build failed with exit code 1",)],
)
def test_what_is_no_question_is_wrong_use(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(APP, encoding="utf-8")
    result = rolewright("why", "m.yaml", *words, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_the_change_is_written_to_another_file(tmp_path: Path) -> None:
    """As `usage --patch` does; what it writes lets the role do it."""
    (tmp_path / "m.yaml").write_text(APP, encoding="utf-8")
    text = DENIED.replace("GetObject", "PutObject").replace("out/report.csv", "in/x")
    run = rolewright("why", "m.yaml", text, "--patch", "new.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr == "new.yaml: add `put` to `access` of resources.data (m.yaml:5:3)\n"
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == APP
    written = (tmp_path / "new.yaml").read_text(encoding="utf-8")
    assert written == APP.replace("access: get", "access: [get, put]")
    assert rolewright("why", "new.yaml", text, cwd=tmp_path).returncode == 0
    again = rolewright("why", "m.yaml", text, "--patch", "new.yaml", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    other = rolewright("why", "m.yaml", DENIED.replace("app-instance", "other"), "--patch", "no.yaml", cwd=tmp_path)
    assert other.returncode == 1
    assert "the role other" in other.stdout
    assert not (tmp_path / "no.yaml").exists()


def test_each_denial_of_a_text_is_answered_and_patched(tmp_path: Path) -> None:
    manifest = (
        "version: 1\nworkload: app\ncompute: {type: ec2, ami: ami-01234567, instance_type: t3.micro}\nresources:\n"
        "  q: {type: sqs-queue, name: q, access: [consume]}\n"
    )
    (tmp_path / "m.yaml").write_text(manifest, encoding="utf-8")
    said = "ERROR User: arn:aws:sts::123456789012:assumed-role/app-instance/i-1 is not authorized to perform: "
    because = "because no identity-based policy allows it\n"
    text = (
        f"{said}sqs:SendMessage on resource: arn:aws:sqs:us-east-1:123456789012:q {because}"
        f"{said}sns:Publish on resource: arn:aws:sns:us-east-1:123456789012:t {because}"
    )
    run = rolewright("why", "m.yaml", text, "--patch", "o.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert [line.split()[2] for line in run.stdout.splitlines() if line.startswith("NOT")] == [
        "sqs:SendMessage",
        "sns:Publish",
    ]
    assert rolewright("why", "o.yaml", text, cwd=tmp_path).returncode == 0
    assert rolewright("why-not", "m.yaml", text, cwd=tmp_path).returncode == 0
    half = text.replace("sqs:SendMessage", "sqs:DeleteMessage")  # which `consume` has
    assert rolewright("why", "m.yaml", half, cwd=tmp_path).returncode == 1
    assert rolewright("why-not", "m.yaml", half, cwd=tmp_path).returncode == 1
