"""An entry of a list that comes or goes changes no block that is another's."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rolewright.blueprint import load_catalog
from rolewright.blueprint.blocks import BlockBlueprint
from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.identities import identities
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.model import Workload

CATALOG = load_catalog()
TABLE = yaml.safe_load((Path(__file__).parents[1] / "cases" / "apply" / "lists.yaml").read_text(encoding="utf-8"))


def lists() -> Iterator[tuple[str, str]]:
    """Each list that a block is made for each entry of: the type that it is a field of, and its path."""
    of_types: list[tuple[str, tuple[BlockBlueprint, ...]]] = [(t, c.blocks) for t, c in CATALOG.computes.items()]
    of_types += [(type_, r.create.blocks) for type_, r in CATALOG.resources.items() if r.create]
    yield from ((type_, b.each) for type_, blocks in of_types for b in blocks if b.each not in ("", *TABLE["computed"]))


def owners(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """What has fields in a manifest: its compute type, its resources and what environments replace of them."""
    environments = manifest.get("environments", {}).values()
    found = [manifest["compute"], *manifest["resources"].values()] if "resources" in manifest else [manifest["compute"]]
    return found + [resource for each in environments for resource in each.get("resources", {}).values()]


def entries(owner: dict[str, Any], path: str) -> list[Any]:
    node: Any = owner
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node or []


CASES = [
    pytest.param(manifest, path, id=f"{manifest['compute']['type']}-{path}-{len(manifest)}")
    for manifest in TABLE["manifests"]
    for path in dict.fromkeys(path for _, path in lists())
    if any(entries(owner, path) for owner in owners(manifest) if (owner.get("type"), path) in set(lists()))
]


def read(manifest: dict[str, Any]) -> Workload:
    document = {"version": 1, "workload": "shop", **manifest}
    return read_manifest(loads(json.dumps(document), "shop.yaml"), CATALOG)[0]


def blocks(pipeline: Pipeline, manifest: dict[str, Any]) -> dict[str, Any]:
    """The blocks of a manifest's module in its last environment."""
    workload = read(manifest)
    module = evaluate(parse(pipeline.render(workload).module), workload.environments[-1])
    return {address: block.values for address, block in module.resources.items()}


def test_each_list_is_tried() -> None:
    """A type that extends another has its lists too."""
    tried = {path for case in CASES for path in (case.values[1],)}
    assert {path for _, path in lists()} == tried


@pytest.mark.parametrize(("manifest", "path"), CASES)
def test_no_block_becomes_that_of_another_entry(pipeline: Pipeline, manifest: dict[str, Any], path: str) -> None:
    shorter = copy.deepcopy(manifest)
    for owner in owners(shorter):
        del entries(owner, path)[:1]
    before, after = blocks(pipeline, manifest), blocks(pipeline, shorter)
    gone = before.keys() - after.keys()
    assert gone
    assert after.keys() <= before.keys()
    types = {address.rpartition(".")[0] for address in gone}
    assert {a: v for a, v in after.items() if a.rpartition(".")[0] in types} == {
        a: v for a, v in before.items() if a in after and a.rpartition(".")[0] in types
    }


def test_a_name_follows_from_what_an_entry_says() -> None:
    schemas = {"rules": {"items": {"properties": {"port": {}, "protocol": {"default": "tcp"}, "to": {}}}}}
    fields = {
        "rules": [{"to": "10.0.0.0/8", "port": 1}, {"port": 1, "protocol": "tcp", "to": "10.0.0.0/8"}],
        "deep": {"texts": ["subnet-0a", "GET /a", "GET /A", "ü", "", 5]},
    }
    found = identities(
        fields, schemas, read({"compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"}})
    )
    first, second = found["rules"]
    assert first.startswith("1_tcp_10_0_0_0_8_")
    assert second == f"{first}_2"
    plain, *others = found["deep.texts"]
    assert plain == "subnet_0a"
    assert len({plain, *others}) == 6


def test_an_address_with_what_no_entry_has_is_a_finding(tmp_path: Path) -> None:
    """Such as the position, which blueprints could name before."""
    shutil.copytree(CATALOG.computes.files["lambda"].parent, tmp_path / "compute" / "lambda")
    file = tmp_path / "compute" / "lambda" / "blueprint.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("route_${each.identity}", "route_${each.index}"), encoding="utf-8")
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.render(read(TABLE["manifests"][0]))
    assert [finding.rule for finding in refusal.value.findings] == ["blueprint-reference"]


def test_a_subscription_that_changes_stays_what_it_is(pipeline: Pipeline) -> None:
    """SNS has one of a protocol and an endpoint; another address would make a second before the first one is gone."""
    (manifest,) = (m for m in TABLE["manifests"] if "told" in m.get("resources", {}) and "environments" not in m)
    changed = copy.deepcopy(manifest)
    queue, mail, page = changed["resources"]["told"]["subscriptions"]
    queue.update(raw=False, filter={"kind": ["paid"]})
    mail.update(dead_letter="arn:aws:sqs:us-east-1:123456789012:failed")
    before, after = blocks(pipeline, manifest), blocks(pipeline, changed)
    assert before.keys() == after.keys()
    assert before != after
    page["endpoint"] += "-elsewhere"
    assert len(blocks(pipeline, changed).keys() - before.keys()) == 1


def test_fields_beside_the_identity_are_no_part_of_a_name() -> None:
    schemas = {"told": {"items": {"x-identity": ["to"], "properties": {"to": {}, "raw": {"default": True}}}}}
    fields = {"told": [{"to": "a", "raw": False}, {"to": "b"}, {"to": "a"}]}
    workload = read({"compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"}})
    first, other, again = identities(fields, schemas, workload)["told"]
    assert again == f"{first}_2"
    assert other.startswith("b_")
