"""Actions on resources that they never apply to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import statements
from rolewright.check.walk import MARK
from rolewright.core.finding import Severity
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_ANY = "${Vendor}"  # in the ARNs of AWS Backup's recovery points, which are those of the service that was backed up
_OPEN = (MARK, "*", "?")  # these may stand for any service


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for statement in statements(parsed):
        if not statement.grants or "not_resources" in statement.inverted:
            continue
        for name in statement.actions:
            facts = iam.action(name)
            if facts is None or not statement.resources or any(_may_be(facts, arn) for arn in statement.resources):
                continue
            text = (
                f"{statement.label} allows {facts.name} on {', '.join(statement.resources)}, to which it never applies"
            )
            services = ", ".join(sorted(_services(facts)))
            remedy = f"Name a resource of {services}." if services else "Allow it on * in a separate statement."
            yield Hit(statement.file, statement.line, text, remedy)


def _may_be(facts: iam.ActionFacts, resource: str) -> bool:
    """Return whether the action may apply to the resource, as far as the service in its ARN tells."""
    parts = resource.split(":")
    if resource == "*" or MARK in parts[0] or len(parts) < 3:
        return True
    services = _services(facts)
    return parts[2] in services or (bool(services) and any(part in parts[2] for part in _OPEN)) or _ANY in services


def _services(facts: iam.ActionFacts) -> set[str]:
    """Return the services in the ARNs of an action's resource types, which may differ from its prefix."""
    service_facts = iam.service(facts.name.partition(":")[0])
    assert service_facts is not None
    return {arn.split(":")[2] for kind in facts.resource_types for arn in service_facts.resources[kind].arns}


RULE = Rule(
    name="resource-mismatch",
    summary="an action allowed on resources of another service, or on an ARN though it only supports `*`",
    why="The statement allows nothing, and the workload gets AccessDenied at run time.",
    severity=Severity.WARNING,
    check=_check,
    good="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111111111111:orders"]
  }
}
""",
    bad="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sns:eu-west-1:111111111111:orders"]
  }
}
""",
)
