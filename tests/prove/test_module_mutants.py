"""Every mutant of a whole module that changes what anybody may do, or where it is applied, is rejected.

`make soak` tries all of them, and with `-s` prints the figure of the README; `make test` tries one in twenty-four, and
all of the dangerous ones on one module.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.prove.test_role_mutants import said

from cases import times
from module_mutants import DANGEROUS, Mutant, mutants
from rolewright.check.body import check_body
from rolewright.check.meta import check_meta
from rolewright.check.provider import check_provider
from rolewright.core.finding import Rejected, Severity
from rolewright.core.model import Module
from rolewright.data import provider
from rolewright.hcl.parse import parse
from rolewright.hcl.scope import Scope
from rolewright.hcl.syntax import ParsedModule
from rolewright.pipeline import Pipeline
from rolewright.prove.contents import contents_findings, structure_findings
from rolewright.prove.evaluate import evaluate
from rolewright.prove.proof import prove
from rolewright.prove.sandbox import Sandbox
from rolewright.render.module import Rendered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.model import Environment
    from rolewright.hcl.syntax import Block

HERE = Path(__file__).parent
MANIFESTS = [*sorted((HERE.parents[1] / "examples").rglob("*.yaml")), HERE / "module_manifests.yaml"]
STEP = max(1, 36 // times(36))
NOTHING_APPLIED = Sandbox((), (), (), {}, {}, {})

SIZE = "how much, how long or how often: no right, and nothing that a right is about"
TEXT = "a text for people"
INNER = "what the code does with the rights of its role"
AT_REST = "how data is kept: encryption without a key, copies, versions, expiry"
ORDER = "when something is made or replaced, not what is made"
CALLER = "the caller's own values; those of the environments are proven one by one"
SAME = "the same is said twice"
ROUTES = "which of its callers' requests or events reach the code, that may do the same with each"

_ARGUMENT = r"(?:argument|nested block) (?:dropped|altered)"
_WHERE = {
    SIZE: r"""
        aws_\w+\.(?:retention_in_days|memory_size|timeout|cpu|memory|ephemeral_storage(?:\..*)?|desired_count|min_size)
        aws_\w+\.(?:max_size|min_capacity|max_capacity|batch_size|maximum_\w+|parallelization_factor|instance_type)
        aws_\w+\.(?:ebs_optimized|monitoring(?:\..*)?|architectures|runtime_platform(?:\..*)?|billing_mode|timeouts)
        aws_\w+\.(?:reserved_concurrent_executions|provisioned_concurrent_executions|scaling_config(?:\..*)?)
        aws_appautoscaling_(?:target|policy)\..*
        aws_autoscaling_group\.(?:protect_from_scale_in|instance_refresh(?:\..*)?|health_check_\w+|desired_capacity)
        aws_ecs_service\.(?:deployment_\w+|health_check_\w+|capacity_provider_strategy|launch_type)(?:\..*)?
        aws_ecs_capacity_provider\.auto_scaling_group_provider\.managed_\w+(?:\..*)?
        aws_ecs_cluster_capacity_providers\.default_capacity_provider_strategy(?:\..*)?
        aws_ecs_cluster\.setting(?:\..*)?
        aws_lb\.(?:drop_invalid_header_fields|enable_deletion_protection|load_balancer_type)
        aws_lb_listener\.(?:ssl_policy|default_action\.redirect\.status_code)
        aws_lb_listener_rule\.priority
        aws_lb_target_group\.(?:deregistration_delay|health_check(?:\..*)?|protocol)
        aws_sqs_queue\.(?:message_retention_seconds|receive_wait_time_seconds|visibility_timeout_seconds)
        aws_sqs_queue\.redrive_policy\.maxReceiveCount
        aws_apigatewayv2_stage\.default_route_settings(?:\..*)?
        aws_scheduler_schedule\.(?:schedule_expression\w*|flexible_time_window(?:\..*)?|target\.retry_policy(?:\..*)?|state)
        aws_scheduler_schedule\.target\.ecs_parameters\.(?:launch_type|task_count)
        aws_glue_job\.(?:max_retries|number_of_workers|worker_type|max_capacity)
        aws_lambda_function\.(?:tracing_config|snap_start)(?:\..*)?""",
    TEXT: r"""
        \w+\.description
        aws_security_group\.description|aws_vpc_security_group_\w+_rule\.description
        aws_iam_role_policy\.name|aws_iam_policy\.name|aws_apigatewayv2_authorizer\.name|aws_lb_target_group\.name
        .*\.error_message
        aws_launch_template\.tag_specifications(?:\..*)?|aws_autoscaling_group\.tag(?:\..*)?|aws_ecs_service\.propagate_tags
        aws_sqs_queue\.name""",  # of the queue for dead letters, which no policy names
    INNER: r"""
        aws_ecs_task_definition\.container_definitions(?:\.(?:environment|essential|name|portMappings|secrets|command))?
        aws_ecs_task_definition\.container_definitions\.(?:readonlyRootFilesystem|linuxParameters|healthCheck(?:\..*)?)
        aws_ecs_task_definition\.container_definitions\.linuxParameters\.initProcessEnabled
        aws_ecs_task_definition\.container_definitions\.logConfiguration(?:\.(?:logDriver|options))?
        aws_ecs_task_definition\.container_definitions\.logConfiguration\.options\.awslogs-stream-prefix
        aws_ecs_task_definition\.container_definitions\.logConfiguration\.options\.(?:Name|region|delivery_stream)
        aws_lambda_function\.(?:environment(?:\..*)?|runtime|publish|source_code_hash)
        aws_lambda_function\.logging_config\.(?:log_format|application_log_level)
        aws_glue_job\.(?:default_arguments(?:\..*)?|command\.name|command\.python_version|glue_version)
        aws_sfn_state_machine\.(?:definition|type|logging_configuration|tracing_configuration)(?:\..*)?""",
    AT_REST: r"""
        aws_dynamodb_table\.(?:hash_key|range_key|attribute(?:\..*)?|point_in_time_recovery(?:\..*)?|ttl(?:\..*)?)
        aws_dynamodb_table\.(?:deletion_protection_enabled|stream_view_type)
        aws_kms_key\.(?:deletion_window_in_days|enable_key_rotation)
        aws_s3_bucket_(?:lifecycle_configuration|versioning)\..*
        aws_s3_bucket_server_side_encryption_configuration\.rule\.bucket_key_enabled
        aws_secretsmanager_secret\.recovery_window_in_days
        aws_(?:instance\.root_block_device|launch_template\.block_device_mappings)(?:\..*)?
        aws_ecr_lifecycle_policy\.policy.*
        aws_ecr_repository\.(?:image_scanning_configuration|encryption_configuration)(?:\..*)?
        aws_\w+\.access_logs\.enabled|aws_apigatewayv2_stage\.access_log_settings\.format.*""",
    ORDER: r"""
        aws_\w+\.depends_on
        aws_\w+\.lifecycle(?:\..*)?
        aws_launch_template\.update_default_version|aws_ecs_service\.force_new_deployment
        aws_apigatewayv2_stage\.auto_deploy
        terraform\.required_version|terraform\.required_providers(?:\.aws(?:\.version)?)?""",
    CALLER: r"""
        variable\.(?:type|nullable|default|validation(?:\..*)?)
        output\.value""",
    ROUTES: r"""
        aws_apigatewayv2_api\.cors_configuration(?:\..*)?|aws_lambda_function_url\.cors(?:\..*)?
        aws_ecs_service\.load_balancer\.container_(?:name|port)
        aws_ecs_service\.service_connect_configuration\.(?:enabled|service\.port_name|service\.client_alias(?:\..*)?)
        aws_ecs_service\.service_connect_configuration\.log_configuration\.(?:log_driver|options(?:\.awslogs-stream-prefix)?)
        aws_apigatewayv2_integration\.payload_format_version
        aws_cloudwatch_event_rule\.event_pattern.*
        aws_lambda_event_source_mapping\.(?:filter_criteria|function_response_types|starting_position)(?:\..*)?
        aws_s3_bucket_notification\.lambda_function\.(?:events|filter_prefix|filter_suffix)
        aws_sns_topic_subscription\.filter_policy.*""",
}
SURVIVORS = [
    *((_ARGUMENT, "|".join(targets.split()), why) for why, targets in _WHERE.items()),
    # One of several notifications of a bucket: fewer events, and no other function.
    (r".* dropped", r"aws_s3_bucket_notification\.lambda_function(?:\.lambda_function_arn)?", ROUTES),
    (r"(?:role|resource) argument .*", r".*\.statement\.sid", TEXT),
    (r"block added twice", r"aws_iam_role_policy|data\.aws_iam_policy_document", SAME),
    (r"block dropped", r"output|terraform", CALLER),
    (r"meta-argument added", r"aws_\w+\.prevent_destroy", ORDER),
]
"""Kind and target of each mutant that may pass, as patterns, and why it changes nothing."""


@dataclass(frozen=True)
class Unchanged(Rendered):
    """A module before it is changed."""

    parsed: ParsedModule


def unchanged(path: Path, pipeline: Pipeline) -> Iterator[Unchanged]:
    """The modules of a manifest, which are proven as they are."""
    for rendered in pipeline.rendered(path):
        yield Unchanged(
            rendered.workload, rendered.declaration, rendered.roles, rendered.module, parse(rendered.module)
        )


def passes(original: Unchanged, mutant: Mutant) -> bool:
    """Whether a module with a mutant in it would be written."""
    try:
        parsed, environment = _with(original, mutant)
        wrong = any(_malformed(block, parsed) for block in parsed.blocks if block not in original.parsed.blocks)
        if wrong or any(structure_findings(parsed, original.declaration.contents)):
            return False
        plan = evaluate(parsed, environment)
        if plan.problems or any(contents_findings(plan, original.declaration.contents, environment)):
            return False
        proof = prove(plan, NOTHING_APPLIED, original.declaration, original.workload.boundary, environment)
    except Rejected:
        return False
    if any(finding.rule != "promise-broken" for finding in proof.findings):
        return False
    return not any(finding.severity is Severity.ERROR for finding in check_provider(parsed))


def _with(original: Unchanged, mutant: Mutant) -> tuple[ParsedModule, Environment]:
    """The module with a mutant in it; only what has changed is parsed anew."""
    files, first = original.module.files, original.workload.environments[0]
    if mutant.file not in files:
        return ParsedModule({**files, mutant.file: mutant.text}, original.parsed.blocks, original.parsed.tfvars), first
    if mutant.file.endswith(".tf"):
        part = parse(Module("mutant", {mutant.file: mutant.text})).blocks
        blocks = list(original.parsed.blocks)
        at = [n for n, block in enumerate(blocks) if (block.file, block.line) == (mutant.file, mutant.start + 1)]
        place = slice(at[0], at[0] + 1) if at else slice(len(blocks), len(blocks))
        blocks[place] = part
        return ParsedModule(files, tuple(blocks), original.parsed.tfvars), first
    lines = files[mutant.file].split("\n")
    lines[mutant.start : mutant.end] = mutant.text.split("\n")
    tfvars = parse(Module("mutant", {mutant.file: "\n".join(lines)})).tfvars
    (name,) = tfvars
    environment = next(each for each in original.workload.environments if each.name == name)
    return replace(original.parsed, tfvars={**original.parsed.tfvars, **tfvars}), environment


def _malformed(block: Block, parsed: ParsedModule) -> bool:
    """Whether Terraform itself would refuse a block."""
    if block.type not in ("resource", "data"):
        return False
    schema = provider.schema(provider.MAJORS[0], block.type, block.labels[0])
    if schema is None:
        return True
    problems = (*check_body(block, schema, Scope(parsed), provider.MAJORS[0]), *check_meta(block))
    return any(problem.severity is Severity.ERROR for problem in problems)


def reason(original: Unchanged, mutant: Mutant) -> str:
    """Why a mutant changes nothing, or ""."""
    if mutant.target.startswith("locals."):
        name = re.compile(rf"\blocal\.{mutant.target.removeprefix('locals.')}\b")
        users = {file for file, text in original.module.files.items() if file.endswith(".tf") and name.search(text)}
        if users == {"roles.tf"}:
            return _same(original, mutant)
        return "" if users else "nothing in this module refers to it"
    if mutant.kind.startswith("role ") and not mutant.target.endswith(".sid"):
        return _same(original, mutant)
    if mutant.kind.startswith("value of an environment"):
        return "" if f"var.{mutant.target}" in original.module.files["roles.tf"] else INNER
    fitting = (
        why
        for kind, target, why in SURVIVORS
        if re.fullmatch(kind, mutant.kind) and re.fullmatch(target, mutant.target)
    )
    return next(fitting, "")


def _same(original: Unchanged, mutant: Mutant) -> str:
    """SAME if the documents of the roles say what they said before, or ""."""
    lines = original.module.files[mutant.file].split("\n")
    lines[mutant.start : mutant.end] = mutant.text.split("\n")
    changed = {**original.module.files, mutant.file: "\n".join(lines)}
    return SAME if said(original, changed) == said(original, original.module.files) else ""


@pytest.fixture(scope="module")
def tried(pipeline: Pipeline) -> Iterator[Counter[tuple[str, str]]]:
    """How many mutants of each kind came out as what."""
    counted: Counter[tuple[str, str]] = Counter()
    yield counted
    kinds = sorted({kind for kind, _ in counted})
    for kind in kinds:
        outcomes = {outcome: number for (each, outcome), number in sorted(counted.items()) if each == kind}
        print(f"\n{kind}: {sum(outcomes.values())}: {outcomes}", end="")
    print(f"\n{sum(counted.values())} mutants, {sum(n for (_, o), n in counted.items() if o == 'rejected')} rejected")


def test_every_dangerous_block_and_file_is_rejected(pipeline: Pipeline) -> None:
    original = list(unchanged(HERE / "module_manifests.yaml", pipeline))[2]
    added = [mutant for mutant in mutants(original.module.files) if mutant.kind in DANGEROUS]
    assert len(added) > 100
    assert [f"{mutant.kind}: {mutant.target}" for mutant in added if passes(original, mutant)] == []


@pytest.mark.sampled
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_mutant_is_rejected(path: Path, pipeline: Pipeline, tried: Counter[tuple[str, str]]) -> None:
    survivors = []
    for original in unchanged(path, pipeline):
        for mutant in list(mutants(original.module.files))[::STEP]:
            passed = passes(original, mutant)
            why = reason(original, mutant) if passed else "rejected"
            tried[mutant.kind, why] += 1
            if passed and not why:
                survivors.append(f"{mutant.kind}|{mutant.target}")
    assert sorted(set(survivors)) == []
