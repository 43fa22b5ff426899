"""A moto server on loopback, in a process of its own that this process's sandbox cannot disturb."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "ACCOUNT0"
"""The prefix of an access key that ends in the account it is for; an access key has twenty characters."""

FORGOTTEN = {
    "aws_autoscaling_group": "moto returns a capacity reservation that nobody asked for",
    "aws_ecs_service": "moto forgets the capacity provider and zone rebalancing, and never finishes deleting it",
    "aws_launch_template": "moto returns the template's own tags as those of its instances",
    "aws_sns_topic.sqs_failure_feedback_role_arn": "moto keeps no logging of a topic's deliveries",
    "aws_volume_attachment": "moto has a zone of its own for a subnet, so that its instance would be made anew",
}
"""Terraform types that the repaired server makes and does not give back as they were set, or does not delete."""

UNMADE = {
    "aws_batch_compute_environment": "moto insists on a service role, where AWS takes its service-linked one",
    "aws_batch_job_queue": "it needs a compute environment",
    "aws_codebuild_webhook": "moto's server answers with a page of HTML",
    "aws_eks_pod_identity_association": "moto has no Pod Identity",
    "aws_lambda_provisioned_concurrency_config": "moto has no provisioned concurrency",
    "aws_opensearchserverless_access_policy": "moto has no access policies of OpenSearch Serverless",
    "aws_opensearchserverless_collection": "moto's server answers with a page of HTML",
    "aws_secretsmanager_secret_rotation": "moto looks for the function, which somebody else makes",
    "aws_dynamodb_table.replica": "moto has no replicas of tables, for which Terraform waits half an hour",
    "aws_sfn_alias": "moto publishes no versions, to one of which an alias leads",
}
"""Terraform types that not even the repaired server makes."""

LACKING = {**FORGOTTEN, **UNMADE}
"""Terraform types that cannot live their whole life there: modules with one of them are planned, not applied.

A name with a dot is a type with one of its arguments or blocks.
"""


@contextmanager
def moto_server(program: str = "rolewright.terraform.repairs") -> Iterator[str]:
    """Run a server that lives as long as the block, at the address given. Raises RuntimeError if it does not start."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MOTO_"))}
    with subprocess.Popen(  # noqa: S603 - this Python, and a module of rolewright's
        [sys.executable, "-m", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=own,
    ) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise RuntimeError(f"the moto server did not start; run `{sys.executable} -m {program}` to see why")
            yield address
        finally:
            process.terminate()
