"""Roles that the service of the compute they are given to may not assume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import document_of
from rolewright.check.walk import MARK, target
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.statement import WrittenPolicy
    from rolewright.hcl.syntax import ParsedModule

_ROLE = ("aws_iam_role", "assume_role_policy")
# The service that assumes the role in an argument; `block.argument` is in a nested block.
_PRINCIPALS = {
    ("aws_lambda_function", "role"): "lambda.amazonaws.com",
    ("aws_ecs_task_definition", "task_role_arn"): "ecs-tasks.amazonaws.com",
    ("aws_ecs_task_definition", "execution_role_arn"): "ecs-tasks.amazonaws.com",
    ("aws_iam_instance_profile", "role"): "ec2.amazonaws.com",
    ("aws_sfn_state_machine", "role_arn"): "states.amazonaws.com",
    ("aws_codebuild_project", "service_role"): "codebuild.amazonaws.com",
    ("aws_codepipeline", "role_arn"): "codepipeline.amazonaws.com",
    ("aws_glue_job", "role_arn"): "glue.amazonaws.com",
    ("aws_eks_cluster", "role_arn"): "eks.amazonaws.com",
    ("aws_eks_node_group", "node_role_arn"): "ec2.amazonaws.com",
    ("aws_cloudwatch_event_target", "role_arn"): "events.amazonaws.com",
    ("aws_batch_compute_environment", "service_role"): "batch.amazonaws.com",
    ("aws_appsync_datasource", "service_role_arn"): "appsync.amazonaws.com",
    ("aws_scheduler_schedule", "target.role_arn"): "scheduler.amazonaws.com",
    ("aws_flow_log", "iam_role_arn"): "vpc-flow-logs.amazonaws.com",
    ("aws_backup_selection", "iam_role_arn"): "backup.amazonaws.com",
    ("aws_sagemaker_notebook_instance", "role_arn"): "sagemaker.amazonaws.com",
}


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for (type_, argument), principal in _PRINCIPALS.items():
        *nested, name = argument.split(".")
        for block in parsed.all("resource", type_):
            holders = [inner for step in nested for inner in block.all(step)] if nested else [block]
            attribute = next((holder.attributes[name] for holder in holders if name in holder.attributes), None)
            role = target(parsed, attribute.expression) if attribute else None
            if attribute is None or role is None or role.labels[0] != _ROLE[0]:
                continue
            trust = document_of(parsed, role, _ROLE[1])
            trusted = _services(trust) if trust else set()
            if not trust or principal in trusted or any(MARK in service for service in trusted):
                continue
            whom = ", ".join(sorted(trusted)) or "no service"
            text = f"{type_} {block.labels[1]} is given the role {role.labels[1]}, which trusts {whom}"
            yield Hit(block.file, attribute.line, text, f"Let {principal} assume the role, or use another role.")


def _services(trust: WrittenPolicy) -> set[str]:
    """Return the services that may assume a role, without the suffix that they have in China."""
    return {
        identifier.removesuffix(".cn")
        for statement in trust
        if statement.allows
        for principal in statement.principals
        if principal.type == "Service"
        for identifier in principal.identifiers
    }


RULE = Rule(
    name="trust-compute-mismatch",
    summary="a role that does not trust the service of the compute it is given to",
    why="The service cannot assume the role: the workload does not start, or starts without permissions.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = "orders"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_instance_profile" "profile" {
  name = "orders"
  role = aws_iam_role.role.name
}
""",
    bad="""
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = "orders"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_instance_profile" "profile" {
  name = "orders"
  role = aws_iam_role.role.name
}
""",
)
