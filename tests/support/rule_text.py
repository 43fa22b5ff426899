"""Terraform text for the tests of rules, and what the rules find in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import check_rules, rules
from rolewright.core.model import Module
from rolewright.hcl.parse import parse

if TYPE_CHECKING:
    from rolewright.core.finding import Finding


def find(text: str, **tfvars: str) -> tuple[Finding, ...]:
    environments = {f"environments/{name}.tfvars": values for name, values in tfvars.items()}
    return check_rules(parse(Module("m", {"main.tf": text, **environments})), rules())


def found(text: str, **tfvars: str) -> set[str]:
    return {finding.rule for finding in find(text, **tfvars)}


def policy(*statements: str) -> str:
    body = "\n".join(f"statement {{\n{statement}\n}}" for statement in statements)
    return f'data "aws_iam_policy_document" "p" {{\n{body}\n}}\n'


def principals(identifier: str, type_: str = "AWS") -> str:
    return f'principals {{\ntype = "{type_}"\nidentifiers = ["{identifier}"]\n}}'


CODE = 'runtime = "python3.12"\nhandler = "a.b"\n'


def function(*variables: str) -> str:
    body = "\n".join(variables)
    return f'resource "aws_lambda_function" "f" {{\n{CODE}environment {{\nvariables = {{\n{body}\n}}\n}}\n}}\n'


def task(container: str, arguments: str = "") -> str:
    return (
        f'resource "aws_ecs_task_definition" "t" {{\n{arguments}\n'
        f"container_definitions = jsonencode([{{\n{container}\n}}])\n}}\n"
    )


OWN_ROOT = principals("arn:aws:iam::${local.account}:root")
ROLE = 'resources = ["arn:aws:iam::111111111111:role/r"]'
