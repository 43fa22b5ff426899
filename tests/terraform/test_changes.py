"""A manifest grows from the fewest fields to the most and back, over what stands, and nothing goes too early."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from blueprint_trials import tried_compute, tried_created
from cases import Cases, shared
from command_line import rolewright, rolewright_process
from git_repository import commit_all
from real_terraform import Terraform
from rolewright.manifest.read import read_manifest
from rolewright.terraform.changes import resource_changes
from rolewright.terraform.lifecycle import resource_types
from rolewright.terraform.server import LACKING, UNMADE, moto_server
from rolewright.yaml.load import loads
from terraform_root import EXAMPLES, WAITED_FOR, Root, assert_none, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.model import Fields
    from rolewright.pipeline import Built, Pipeline

pytestmark = pytest.mark.terraform

TABLE = yaml.safe_load((Path(__file__).parents[1] / "cases" / "apply" / "replacement.yaml").read_text(encoding="utf-8"))
STANDS = {type_ for type_, entry in TABLE["types"].items() if "because" not in entry} | TABLE["held"].keys()
"""Types with a fixed name, or that something holds: the new one has to be there before the old one goes."""


@dataclass(frozen=True)
class Change:
    """A manifest with the fewest fields and one with the most, of one workload."""

    type: str
    fewest: Built
    most: Built

    @property
    def types(self) -> set[str]:
        return resource_types(self.fewest) | resource_types(self.most)


def changes(pipeline: Pipeline, cases: Cases) -> Iterator[Change]:
    """For each compute type, and each resource type that a module can make, the most that the server can make of it."""
    catalog = pipeline.catalog
    created = [type_ for type_, resource in catalog.resources.items() if resource.create is not None]
    for number, type_ in enumerate(cases.of([*catalog.computes, *created], 0.01, lambda type_: {type_} & ALWAYS)):
        tried = tried_compute(type_) if type_ in catalog.computes else tried_created(type_)
        texts = [_manifest(number, *fields) for fields in sorted(tried, key=lambda fields: len(json.dumps(fields)))]
        fewest = next((text for text in texts if _can_be_made(pipeline, text)), None)
        most = next((text for text in reversed(texts) if _can_be_made(pipeline, text)), None)
        if fewest and most and fewest != most:
            yield Change(type_, *build(pipeline, [fewest, most]))


ALWAYS = {"dynamodb-table", "ecs-ec2", "lambda"}
"""Types whose change is planned in every run."""
_ACCOUNT = "123456789012"
"""That of all ARNs in the blueprints' examples, some of which have to be of the manifest's own."""


def _manifest(number: int, compute: Fields, resources: Fields) -> str:
    """A manifest with an account of its own, since several make a resource of one name."""
    account = f"{100000000000 + number}"
    environments = {"test": {"account": account, "region": "us-east-1"}}
    shared = {"version": 1, "workload": f"change-{number}", "environments": environments}
    return json.dumps({**shared, "compute": compute, "resources": resources}).replace(_ACCOUNT, account)


def _can_be_made(pipeline: Pipeline, text: str) -> bool:
    """Whether the server makes all of it, and has all that it names: it has no target groups of others."""
    (workload,) = read_manifest(loads(text, "change.yaml"), pipeline.catalog)
    rendered = pipeline.render(workload)
    foreign = any("target_group_arns" in content for content in rendered.module.files.values())
    return not foreign and not resource_types(rendered) & UNMADE.keys()


def destroyed_first(root: Root) -> Iterator[str]:
    """What a plan destroys before it makes it again, though it keeps a fixed name or something holds it."""
    for change in root.planned()["resource_changes"]:
        paths = change["change"].get("replace_paths", ())
        renamed = ["name"] in paths and change["type"] not in TABLE["held"]
        if change["change"]["actions"] == ["delete", "create"] and change["type"] in STANDS and not renamed:
            yield f"{change['address']} goes before it is made again: {paths}"


@pytest.fixture
def server() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.mark.parametrize(("before", "after"), shared([("fewest", "most"), ("most", "fewest")], 0.5))
def test_what_is_needed_does_not_go_before_what_follows_it(
    pipeline: Pipeline, terraform: Terraform, server: str, tmp_path: Path, cases: Cases, before: str, after: str
) -> None:
    """One side is applied; the change to the other is planned, as moto lacks many calls that change something."""
    made = changes(pipeline, cases)
    changed = [change for change in made if not resource_types(getattr(change, before)) & LACKING.keys()]
    assert {change.type for change in changed} >= ALWAYS - ({"ecs-ec2"} if before == "most" else set())
    if cases.soak and before == "fewest":
        assert {change.type for change in changed} >= {"ec2", "fargate"}
    if not cases.soak:
        changed = [change for change in changed if not change.types & WAITED_FOR]
    assert changed
    program = Terraform(terraform.program, server)
    root = Root(tmp_path, program, [getattr(change, before) for change in changed])
    assert_none(root.plan())
    assert_none(root.apply())
    root = Root(tmp_path, program, [getattr(change, after) for change in changed])
    assert_none(root.plan())
    assert_none(destroyed_first(root))


OLD = """
version: 1
workload: shop
compute: {type: ec2, ami: ami-0123456789abcdef0, instance_type: t3.micro}
resources:
  orders: {type: dynamodb-table, create: true, name: orders, hash_key: id, access: get}
  news: {type: sns-topic, create: true, name: news, access: publish}
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod: {account: "222222222222", region: eu-west-1}
---
version: 1
workload: gone
compute: {type: ec2, ami: ami-0123456789abcdef0, instance_type: t3.micro}
---
version: 1
workload: same
compute: {type: ec2, ami: ami-0123456789abcdef0, instance_type: t3.micro}
"""
NEW = (
    OLD.replace("workload: gone", "workload: new")
    .replace("hash_key: id", "hash_key: sku")
    .replace("  news: {type: sns-topic, create: true, name: news, access: publish}\n", "")
    .replace("dev:", "test:")
)


@pytest.mark.soak
def test_a_change_is_planned_over_what_was_described_at_a_revision(terraform: Terraform, tmp_path: Path) -> None:
    """What is lost is named first; an environment or workload that was not there, or is no more, is named too."""
    manifest = tmp_path / "shop.yaml"
    manifest.write_text(OLD, encoding="utf-8")
    commit_all(tmp_path)
    manifest.write_text(NEW, encoding="utf-8")
    done = rolewright_process("plan", "--base", "HEAD", "shop.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "gone: not compared: these manifests describe it no more; all of it goes with its module",
        "new: not compared: these manifests did not describe it before",
        "same: nothing changes",
        "shop in prod (222222222222, eu-west-1): 2 to destroy, 1 to destroy and replace, 1 to change",
        "  destroy aws_sns_topic.news",
        "  destroy aws_sns_topic_policy.news",
        "  destroy and replace aws_dynamodb_table.orders: hash_key",
        "  change aws_iam_role_policy.instance: policy",
        "shop in test (111111111111, us-east-1): not compared: it had no such environment before",
    ]
    as_json = rolewright_process("plan", "--base", "HEAD", "shop.yaml", "--format", "json", cwd=tmp_path)
    (shop,) = [module for module in json.loads(as_json.stdout)["modules"] if module["changes"]]
    assert shop["changes"][2] == {
        "action": "destroy and replace",
        "address": "aws_dynamodb_table.orders",
        "arguments": ["hash_key"],
    }


def planned(actions: list[str], before: Any, after: Any, *replaced: str, unknown: Any = None) -> dict[str, Any]:
    sides = {"before": before, "after": after, "after_unknown": unknown or {}}
    change = {"actions": actions, **sides, "replace_paths": [[name] for name in replaced]}
    return {"address": "aws_ecs_service.x", "mode": "managed", "change": change}


UPDATE, ANEW = ["update"], ["delete", "create"]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        # The server forgot `spot`: what is wanted is what was wanted before, so that nothing changes.
        (planned(ANEW, {"spot": None}, {"spot": 1}, "spot"), []),
        # Another value of it is wanted now; before, the server's is all that the plan shows.
        (planned(ANEW, {"spot": None}, {"spot": 2}, "spot"), [("destroy and replace", ("spot",))]),
        (planned(ANEW, {"spot": None, "port": 1}, {"spot": 1, "port": 2}, "spot"), [("change", ("port",))]),
        (planned(UPDATE, {"spot": None}, {}, unknown={"spot": True}), [("change", ("spot",))]),
        (planned(UPDATE, {"spot": None, "port": 1}, {"spot": None, "port": 2}), [("change", ("port",))]),
    ],
)
def test_only_what_the_server_made_up_is_left_out(plan: dict[str, Any], expected: list[tuple[str, tuple[str]]]) -> None:
    second_plan = [planned(ANEW, {"spot": None}, {"spot": 1}, "spot")]
    found = [(change.action, change.arguments) for change in resource_changes([plan], second_plan)]
    assert found == expected


@pytest.mark.parametrize("option", ["--apply", "--aws"])
def test_a_plan_over_a_revision_goes_with_no_other_kind(option: str) -> None:
    done = rolewright("plan", option, "--base", "HEAD", EXAMPLES[0])
    assert (done.returncode, "--base" in done.stderr) == (2, True)
