"""No change of a manifest destroys what has a fixed name, or what something holds, before the new one is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from distinct_modules import distinct_modules
from rolewright.blueprint.blocks import is_reference, module_blocks, read_blocks
from rolewright.blueprint.interpolation import names
from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rolewright.blueprint.blocks import ArgumentValue, BlockBlueprint
    from rolewright.blueprint.catalog import Catalog
    from rolewright.hcl.syntax import Block
    from rolewright.pipeline import Pipeline

TABLE = yaml.safe_load((Path(__file__).parents[1] / "cases" / "apply" / "replacement.yaml").read_text(encoding="utf-8"))
CONTEXT = {"partition", "region", "account", "base", "workload", "this", "id"}


def declared_blocks(catalog: Catalog) -> Iterator[BlockBlueprint]:
    module = module_blocks(catalog.module)
    yield from read_blocks(module["blocks"])
    yield from read_blocks(module["role"])
    for compute in catalog.computes.values():
        yield from compute.blocks
    for resource in catalog.resources.values():
        yield from resource.create.blocks if resource.create else ()


def follows_a_field(value: ArgumentValue) -> bool:
    """Whether a manifest decides a value, other than by a name or by whether the block is there."""
    used = {name for name in names(value.template) if not is_reference(name)} - CONTEXT
    return bool(value.when or value.unless or any(not name.startswith("names.") for name in used))


def changeable(block: BlockBlueprint, argument: str) -> bool:
    """Whether a manifest can change an argument of a block, or something in it."""

    def about(path: str) -> bool:
        return path == argument or path.startswith(f"{argument}.") or argument.startswith(f"{path}.")

    declared = [value for path, values in block.arguments.items() if about(path) for value in values]
    return any(map(about, block.free)) or any(map(follows_a_field, declared))


def made_first(block: Block) -> bool:
    return any(
        getattr(inner.attributes.get("create_before_destroy"), "expression", None) for inner in block.all("lifecycle")
    )


def test_every_type_is_decided_on(catalog: Catalog) -> None:
    types = {block.address.partition(".")[0] for block in declared_blocks(catalog)} - {"data", "output"}
    assert types == {*TABLE["types"], *TABLE["nameless"], *TABLE["held"]}


def test_what_a_manifest_can_replace_is_made_first(pipeline: Pipeline) -> None:
    replaced = {
        block.address.partition(".")[0]
        for block in declared_blocks(pipeline.catalog)
        for argument in TABLE["types"].get(block.address.partition(".")[0], {}).get("replaced_by", ())
        if changeable(block, argument)
    }
    reasons = {type_ for type_, entry in TABLE["types"].items() if "because" in entry}
    assert reasons - replaced == set(), "a reason that nothing needs"
    wanted = replaced - reasons | TABLE["held"].keys()
    blocks = [block for _, parsed in distinct_modules(pipeline) for block in parsed.blocks if block.type == "resource"]
    assert wanted <= {block.labels[0] for block in blocks}
    late = {block.labels for block in blocks if block.labels[0] in wanted and not made_first(block)}
    assert late == set()


def test_an_alias_is_made_again_with_its_state_machine(pipeline: Pipeline) -> None:
    """Step Functions API, DeleteStateMachine: the aliases go too, so that there would be none to change."""
    flow = {"type": "step-function", "alias": "live", "definition": {"StartAt": "A", "States": {"A": {"Type": "Fail"}}}}
    manifest = {"version": 1, "workload": "flow", "compute": flow}
    (workload,) = read_manifest(loads(json.dumps(manifest), "flow.json"), pipeline.catalog)
    text = "".join(pipeline.render(workload).module.files.values())
    alias = text[text.index('resource "aws_sfn_alias"') :]
    assert "replace_triggered_by = [aws_sfn_state_machine.states.id]" in alias


BALANCED: dict[str, Any] = {
    "type": "fargate",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-app:1",
    "cpu": 256,
    "memory": 512,
    "port": 8080,
    "service": {
        "subnet_ids": ["subnet-0123456789abcdef0"],
        "vpc_id": "vpc-0123456789abcdef0",
        "load_balancer": {
            "create": {
                "subnet_ids": ["subnet-0123456789abcdef2", "subnet-0123456789abcdef3"],
                "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
                "allow": ["10.0.0.0/8"],
            }
        },
    },
}


def fixed_names(pipeline: Pipeline, compute: dict[str, Any], **more: Any) -> dict[str, tuple[object, ...]]:
    """What nothing else may have, by address: the name, and within which VPC."""
    manifest = {"version": 1, "workload": "shop", "compute": compute, **more}
    (workload,) = read_manifest(loads(json.dumps(manifest), "shop.yaml"), pipeline.catalog)
    module = evaluate(parse(pipeline.render(workload).module), workload.environments[0])
    within = {"aws_security_group": "vpc_id"}
    return {
        address: (block.values["name"], block.values.get(within.get(block.type, "")))
        for address, block in module.resources.items()
        if block.type in ("aws_lb", "aws_lb_target_group", "aws_security_group")
    }


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ('"port": 8080', '"port": 9090', {"aws_lb_target_group.service"}),
        (
            '"vpc-0123456789abcdef0"',
            '"vpc-11111111111111111"',
            {"aws_lb_target_group.service", "aws_security_group.service", "aws_security_group.load_balancer"},
        ),
        ('"allow": [', '"internal": false, "deletion_protection": false, "allow": [', {"aws_lb.service"}),
    ],
)
def test_what_is_replaced_has_another_name(pipeline: Pipeline, old: str, new: str, replaced: set[str]) -> None:
    before = fixed_names(pipeline, BALANCED)
    after = fixed_names(pipeline, json.loads(json.dumps(BALANCED).replace(old, new)))
    assert {address for address in before if before[address] != after[address]} == replaced


def given(vpc: str) -> dict[str, Any]:
    return {"inputs": {"vpc": {"type": "vpc-id", "default": vpc}}}


def differing(vpc: str) -> dict[str, Any]:
    first = {"account": "123456789012", "region": "us-east-1", "compute": {"service": {"vpc_id": vpc}}}
    return {"environments": {"a": first, "b": {"account": "210987654321", "region": "us-east-1"}}}


@pytest.mark.parametrize("more", [given, differing])
def test_a_vpc_that_is_a_variable_is_in_the_name_too(pipeline: Pipeline, more: Callable[[str], dict[str, Any]]) -> None:
    text = json.dumps(BALANCED)
    if more is given:
        text = text.replace('"vpc-0123456789abcdef0"', '"${inputs.vpc}"')
    before, after = (
        fixed_names(pipeline, json.loads(text), **more(vpc))
        for vpc in ("vpc-aaaaaaaaaaaaaaaaa", "vpc-bbbbbbbbbbbbbbbbb")
    )
    assert before["aws_lb_target_group.service"] != after["aws_lb_target_group.service"]


@pytest.mark.parametrize("name", ["internal-shop", "-shop", "shop-", "s" * 26, "shop_1"])
def test_a_name_that_elb_refuses_is_refused(pipeline: Pipeline, name: str) -> None:
    compute = {**BALANCED, "names": {"load_balancer": name}}
    with pytest.raises(Rejected) as refusal:
        fixed_names(pipeline, compute)
    assert {finding.path for finding in refusal.value.findings} == {"compute.names.load_balancer"}
