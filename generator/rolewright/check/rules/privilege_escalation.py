"""Actions with which a role can give itself more permissions."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import is_everything, together
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.statement import WrittenPolicy, WrittenStatement
    from rolewright.hcl.syntax import ParsedModule

# What each action makes possible, whatever its resources.
_ALONE = {
    "iam:CreatePolicyVersion": "rewrite a policy that the role may hold",
    "iam:SetDefaultPolicyVersion": "switch a policy back to a wider version",
    "iam:CreateAccessKey": "sign in as another user",
    "iam:CreateLoginProfile": "sign in as another user",
    "iam:UpdateLoginProfile": "sign in as another user",
    "iam:AttachUserPolicy": "attach any policy to a user",
    "iam:AttachGroupPolicy": "attach any policy to a group",
    "iam:AttachRolePolicy": "attach any policy to a role",
    "iam:PutUserPolicy": "write any policy into a user",
    "iam:PutGroupPolicy": "write any policy into a group",
    "iam:PutRolePolicy": "write any policy into a role",
    "iam:AddUserToGroup": "join a group with more rights",
    "iam:UpdateAssumeRolePolicy": "change the trust of another role to assume it",
    "iam:DeleteRolePermissionsBoundary": "remove the permissions boundary of a role",
    "iam:DeleteUserPermissionsBoundary": "remove the permissions boundary of a user",
    "lambda:UpdateFunctionCode": "run code of its own with a function's role",
    "glue:UpdateDevEndpoint": "sign in to an endpoint with its role",
    "ssm:SendCommand": "run commands of its own with an instance's role",
    "ssm:StartSession": "sign in to an instance with its role",
    "ec2-instance-connect:SendSSHPublicKey": "sign in to an instance with its role",
}
# What each action makes possible if it is allowed on every role.
_EVERYWHERE = {
    "iam:PassRole": "hand any role to a service",
    "sts:AssumeRole": "become any role that trusts the account",
}
# Actions that start code with a role that iam:PassRole passes.
_PASSING = "iam:PassRole"
_STARTS = (
    "ec2:RunInstances",
    "ecs:RunTask",
    "ecs:StartTask",
    "ecs:CreateService",
    "ecs:RegisterTaskDefinition",
    "lambda:CreateFunction",
    "lambda:UpdateFunctionConfiguration",
    "cloudformation:CreateStack",
    "cloudformation:UpdateStack",
    "cloudformation:CreateStackSet",
    "glue:CreateDevEndpoint",
    "glue:CreateJob",
    "glue:UpdateJob",
    "datapipeline:CreatePipeline",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateTrainingJob",
    "sagemaker:CreateProcessingJob",
    "codebuild:CreateProject",
    "codebuild:UpdateProject",
    "codestar:CreateProject",
    "states:CreateStateMachine",
    "states:UpdateStateMachine",
    "ssm:StartAutomationExecution",
    "batch:RegisterJobDefinition",
)
_EVERY_ROLE = re.compile(r".*:role/?\*+")
_NAMED_ROLE = re.compile(r".*:role/[^*?]+")
_SERVICE = "iam:passedtoservice"
# What commands are sent to, and documents of one's own with a fixed name, whose commands the role does not choose.
# AWS's own documents, such as AWS-RunShellScript, run whatever they are given.
_SENT = "ssm:SendCommand"
_SETTLED = re.compile(
    r"arn:[^:]+:(?:ec2:[^:]*:[^:]*:instance|ssm:[^:]*:[^:]*:managed-instance)/.+"
    r"|arn:[^:]+:ssm:[^:]*:(?:\d{12}|\$\{\}):document/(?!(?i:aws|amazon|amzn))[A-Za-z0-9_.-]+"
)
_REMEDY = (
    "Leave it to the people and pipelines that manage roles, or limit it to the roles that are needed; "
    "where this role is there for it, such as one that deploys, accept it under `suppress` with the reason."
)


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for document in together(parsed):
        granting = tuple(statement for statement in document if statement.grants)
        for statement in granting:
            everywhere = any(is_everything(r) or _EVERY_ROLE.fullmatch(r) for r in statement.resources)
            dangerous = _ALONE | _EVERYWHERE if everywhere or "not_resources" in statement.inverted else _ALONE
            for action, reason in dangerous.items():
                if _allows(statement, action) and not (action == _SENT and _settled(statement)):
                    text = f"{statement.label} allows {action}: the role can {reason}"
                    yield Hit(statement.file, statement.line, text, _REMEDY)
        yield from _passing(granting)


def _passing(granting: WrittenPolicy) -> Iterator[Hit]:
    starts = [action for action in _STARTS if any(_allows(statement, action) for statement in granting)]
    for statement in granting:
        if starts and _allows(statement, _PASSING) and not _names_roles(statement):
            text = (
                f"{statement.label} allows {_PASSING}, and the role also has {starts[0]}: "
                "it can run code with another role"
            )
            yield Hit(statement.file, statement.line, text, _REMEDY)


def _names_roles(statement: WrittenStatement) -> bool:
    """Return whether the statement names the roles to pass, and the service to pass them to: then it is intended."""
    names_roles = bool(statement.resources) and all(_NAMED_ROLE.fullmatch(resource) for resource in statement.resources)
    return names_roles and _SERVICE in statement.conditions


def _settled(statement: WrittenStatement) -> bool:
    """Return whether a statement is about machines, and about documents of one's own with a fixed name, alone."""
    named = bool(statement.resources) and all(_SETTLED.fullmatch(resource) for resource in statement.resources)
    return named and not statement.inverted


def _allows(statement: WrittenStatement, action: str) -> bool:
    lower = action.lower()
    return any(fnmatchcase(lower, pattern.lower()) for pattern in statement.actions)


RULE = Rule(
    name="privilege-escalation",
    summary="an action, or a pair of actions, that lets a role give itself more rights",
    why="Whoever takes over the workload can gain every right that the role can give itself.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::222222222222:role/reports"]
  }
}
""",
    bad="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::111111111111:role/admin"]
  }
  statement {
    actions   = ["lambda:CreateFunction"]
    resources = ["arn:aws:lambda:eu-west-1:111111111111:function:orders"]
  }
}
""",
)
