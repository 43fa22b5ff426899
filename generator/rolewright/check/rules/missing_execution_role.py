"""Tasks that cannot start because ECS has no role with which to fetch what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import entries, item_texts, resolved, task_definitions, texts
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.hcl.syntax import Block, Expression, ParsedModule

_ROLE = "execution_role_arn"
_PLATFORMS = "requires_compatibilities"
_NONE = Literal(None)


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block, containers in task_definitions(parsed):
        role = block.attributes.get(_ROLE)
        if role is not None and role.expression != _NONE:
            continue
        if reason := _reason(parsed, block, containers):
            text = f"task definition {block.labels[1]} has no {_ROLE}, but {reason}"
            remedy = f"Set {_ROLE} to a role that ecs-tasks.amazonaws.com may assume."
            yield Hit(block.file, block.line, text, remedy)


def _reason(parsed: ParsedModule, block: Block, containers: tuple[Mapping[str, Expression], ...]) -> str:
    for container in containers:
        if resolved(parsed, container.get("secrets", _NONE)) != _NONE:
            return "ECS reads its secrets with that role"
        logs = entries(resolved(parsed, container.get("logConfiguration", _NONE)))
        if "awslogs" in texts(parsed, logs.get("logDriver", _NONE)):
            return "ECS writes its logs with that role"
    if "FARGATE" in item_texts(parsed, block.attributes.get(_PLATFORMS)):
        return "Fargate pulls its image with that role"
    return ""


RULE = Rule(
    name="missing-execution-role",
    summary="a task on Fargate, with `awslogs` or with secrets, that has no execution role",
    why="ECS cannot pull the image, read the secrets or write the logs: the task never starts.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_ecs_task_definition" "task" {
  family                   = "orders"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
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
  memory                   = 512
  container_definitions    = jsonencode([{ name = "orders", image = "orders:1.4.2" }])
}
""",
)
