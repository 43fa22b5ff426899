"""Tasks and services that Fargate does not run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, decoded, environments, item_texts, texts
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import List

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, ParsedModule

_NUMBER = re.compile(r"[0-9]{1,9}")  # there are other ways to write a size, such as 2 GB
_TYPE, _SERVICE = "aws_ecs_task_definition", "aws_ecs_service"
# CPU units → MiB of memory (ECS Developer Guide, "Amazon ECS task definition parameters for Fargate").
_SIZES = {
    256: (512, 1_024, 2_048),
    512: range(1_024, 4_097, 1_024),
    1_024: range(2_048, 8_193, 1_024),
    2_048: range(4_096, 16_385, 1_024),
    4_096: range(8_192, 30_721, 1_024),
    8_192: range(16_384, 61_441, 4_096),
    16_384: range(32_768, 122_881, 8_192),
}


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for module in environments(parsed):
        for block in module.all("resource", _TYPE):
            if "FARGATE" in item_texts(module, block.attributes.get("requires_compatibilities")):
                yield from _task(module, block)
        for block in module.all("resource", _SERVICE):
            if _text(module, block, "launch_type") == "FARGATE" and not _has(block, "network_configuration"):
                text = f"the service {block.labels[1]} runs on Fargate without a network_configuration"
                yield Hit(block.file, block.line, text, "Give it the subnets and security groups of its tasks.")


def _task(parsed: ParsedModule, block: Block) -> Iterator[Hit]:
    name = f"the task definition {block.labels[1]}"
    cpu, memory = (_text(parsed, block, argument) for argument in ("cpu", "memory"))
    if not cpu or not memory:
        missing = "cpu" if not cpu else "memory"
        yield Hit(block.file, block.line, f"{name} has no {missing}", "Set both cpu and memory of the task.")
    elif _NUMBER.fullmatch(cpu) and _NUMBER.fullmatch(memory) and int(cpu) <= max(_SIZES):
        fitting = _SIZES.get(int(cpu))
        if fitting is None or int(memory) not in fitting:
            line = block.attributes["cpu" if fitting is None else "memory"].line
            remedy = (
                f"With cpu {cpu}: {', '.join(map(str, fitting))}."
                if fitting
                else f"Give cpu one of {', '.join(map(str, _SIZES))}."
            )
            yield Hit(block.file, line, f"{name} has cpu {cpu} and memory {memory}", remedy)
    if MARK not in (mode := _text(parsed, block, "network_mode")) and mode != "awsvpc":
        text = f"{name} has the network mode {mode or 'bridge'}"
        yield Hit(block.file, block.line, text, "Set it to awsvpc, the only one on Fargate.")
    containers = block.attributes.get("container_definitions")
    if containers and decoded(parsed, containers.expression) == List(()):
        yield Hit(block.file, containers.line, f"{name} has no containers", "Give it at least one.")


def _text(parsed: ParsedModule, block: Block, argument: str) -> str:
    attribute = block.attributes.get(argument)
    return texts(parsed, attribute.expression)[0] if attribute else ""


def _has(block: Block, nested: str) -> bool:
    return any(block.all(nested)) or any(dynamic.labels == (nested,) for dynamic in block.all("dynamic"))


RULE = Rule(
    name="fargate-task",
    summary="a task or service that Fargate cannot run: cpu and memory that do not fit together, a network mode "
    "other than `awsvpc`, no containers, no network configuration",
    why="ECS refuses the task definition in the middle of an apply, or accepts it and never starts a task.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_ecs_task_definition" "task" {
  family                   = "orders"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 2048
  execution_role_arn       = "arn:aws:iam::111111111111:role/orders-execution"
  container_definitions    = jsonencode([{ name = "orders", image = "orders:1.4.2" }])
}
""",
    bad="""
resource "aws_ecs_task_definition" "task" {
  family                   = "orders"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 8192
  execution_role_arn       = "arn:aws:iam::111111111111:role/orders-execution"
  container_definitions    = jsonencode([{ name = "orders", image = "orders:1.4.2" }])
}
""",
)
