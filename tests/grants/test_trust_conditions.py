"""A role asks its service for whom it is assumed, wherever AWS's guides show that the service says so."""

from __future__ import annotations

from rolewright.blueprint import load_catalog

CATALOG = load_catalog()
# The guides of these services show their roles' trust without conditions.
UNASKED = {
    "batch-job.execution",
    "batch-job.task",  # tasks of ECS carry them, and for jobs of Batch no guide says so: `source_conditions`
    "ec2-autoscaling.instance",
    "ec2.instance",
    "ecs-ec2.execution",
    "ecs-ec2.instance",
    "eks-pod-identity.pod",  # EKS's guide shows them as a choice, by tags of the session: `source_conditions`
    "fargate.execution",
    "glue-job.job",
    "lambda.execution",
}


def test_every_other_role_asks_for_the_source_without_being_told() -> None:
    unasked = set()
    for type_, blueprint in CATALOG.computes.items():
        for role in blueprint.roles.values():
            blocks = [role.conditions]
            blocks += [
                block for field, block in role.optional_conditions.items() if blueprint.fields[field].get("default")
            ]
            keys = {key for block in blocks for values in block.values() for key in values}
            if not role.federated and not keys & {"aws:SourceAccount", "aws:SourceArn"}:
                unasked.add(f"{type_}.{role.key}")
    assert unasked == UNASKED
