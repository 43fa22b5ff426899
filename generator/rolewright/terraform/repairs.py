"""A moto server for real Terraform, with moto's known gaps repaired: `server` starts it in a process of its own.

Each repair says in its docstring what moto lacks and what would go wrong; none touches a policy of a role.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import moto.awslambda.models
import moto.codebuild.responses
import moto.iam.models
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.codebuild.responses import CodeBuildResponse
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.ec2.responses.instances import InstanceResponse
from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse
from moto.glue.models import FakeJob
from moto.iam.policy_validation import SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS
from moto.kinesis.responses import KinesisResponse
from moto.kms.responses import KmsResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue
from moto.stepfunctions.responses import StepFunctionResponse

from rolewright.terraform import existing  # noqa: F401 - its repairs are made too
from rolewright.terraform.repair import REPAIRS, addition, repair
from rolewright.terraform.server import ACCOUNT

if TYPE_CHECKING:
    from rolewright.terraform.repair import Replacement

# A job of S3 Batch Operations has a region in its ARN; moto knows that of access points alone, and refuses the policy.
SERVICE_TYPE_REGION_INFORMATION_ERROR_ASSOCIATIONS["s3"]["valid_starting_values"].append("job/")

# --- accounts and order of requests -------------------------------------------------------------------


@repair(moto.iam.models, "get_account_id_from")
def account_of_a_key(original: Replacement, access_key: str) -> Any:
    """Use the account in an access key: moto puts all other keys into one account, and an environment has its own."""
    return access_key.removeprefix(ACCOUNT) if access_key.startswith(ACCOUNT) else original(access_key)


_ONE_AT_A_TIME = threading.Lock()


@repair(DomainDispatcherApplication, "__call__")
def requests_are_answered_one_by_one(original: Replacement, server: Any, environment: Any, start: Any) -> list[bytes]:
    """Answer one request at a time: moto has no locks around its dictionaries, and Terraform makes ten calls at once.

    A call that went through the roles while another one removed a role was answered with a page of HTML.
    """
    with _ONE_AT_A_TIME:
        return list(original(server, environment, start))


# --- settings that moto accepts and does not return ------------------------------------------------------

_FORGOTTEN = ("LoggingConfig", "DeadLetterConfig", "FileSystemConfigs", "SnapStart")


@repair(LambdaFunction, "__init__")
def function_settings_are_kept(
    original: Replacement, function: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any
) -> None:
    """Keep a function's log group, dead-letter queue and file system: moto drops them, and a second plan adds them."""
    original(function, account_id, spec, *rest, **named)
    function.forgotten = {name: spec[name] for name in _FORGOTTEN if name in spec}


@repair(LambdaFunction, "get_configuration")
def function_settings_are_given_back(original: Replacement, function: Any, *arguments: Any, **named: Any) -> Any:
    """Give back the settings kept above; and no image configuration where moto makes an empty one."""
    configuration = {**original(function, *arguments, **named), **function.forgotten}
    if not any(configuration.get("ImageConfigResponse", {}).get("ImageConfig", {}).values()):
        configuration.pop("ImageConfigResponse", None)
    return configuration


@repair(LambdaFunction, "_get_layers_data")
def layers_of_others_are_there(_: Replacement, __: Any, arns: list[str]) -> list[dict[str, Any]]:
    """Accept layers of other accounts that a manifest names: moto knows only those that were created in it."""
    return [{"Arn": arn, "CodeSize": 1} for arn in arns]


@repair(LambdaBackend, "create_event_source_mapping")
def event_sources_keep_the_alias(original: Replacement, backend: Any, spec: dict[str, Any]) -> Any:
    """Keep the alias that a source calls: moto puts the version in its place, which a second plan would put back.

    A consumer of a stream, a cluster of MSK and a broker of Amazon MQ are taken as they are: moto has none of them.
    """
    if re.search(r":(?:mq:.*:broker:|kafka:.*:cluster/|kinesis:.*/consumer/)", spec["EventSourceArn"]):
        mapping = _of_an_unknown_source(backend, spec)
    else:
        mapping = original(backend, spec)
    if spec["FunctionName"].startswith("arn:"):
        mapping.function_arn = spec["FunctionName"]
    return mapping


def _of_an_unknown_source(backend: Any, spec: dict[str, Any]) -> Any:
    function = backend._lambdas.get_function_by_name_or_arn_with_qualifier(spec["FunctionName"])
    place = {"RegionName": backend.region_name, "AccountId": backend.account_id, "FunctionArn": function.function_arn}
    made: Any = EventSourceMapping  # moto leaves methods of its base class open that only CloudFormation needs
    mapping = made({**spec, **place, "EventSourceArn": "arn:aws:kinesis:::stream"})
    mapping._event_source_arn = spec["EventSourceArn"]
    mapping.starting_position = spec.get("StartingPosition")
    backend._event_source_mappings[mapping.uuid] = mapping
    return mapping


@repair(LambdaFunction, "get_code")
def a_reserve_of_none_is_given_back(original: Replacement, function: Any) -> Any:
    """Give back a reserved concurrency of 0, which stops a function: moto takes it for no reserve at all."""
    code = original(function)
    if function.reserved_concurrency == 0:
        code["Concurrency"] = {"ReservedConcurrentExecutions": 0}
    return code


@repair(CodeBuildResponse, "create_project")
def projects_keep_their_key(original: Replacement, response: Any) -> Any:
    """Keep a customer-managed key: moto puts AWS's own in its place, so that a second plan would set it again."""
    answer = original(response)
    if key := response._get_param("encryptionKey"):
        project = response.codebuild_backend.codebuild_projects[response._get_param("name")]
        project.project_metadata["encryptionKey"] = key
    return answer


@repair(FakeJob, "as_dict")
def jobs_have_no_class_of_their_own(original: Replacement, job: Any) -> Any:
    """Leave out the default execution class: moto answers with it unasked, and a second plan takes it away."""
    description = original(job)
    if description["ExecutionClass"] == "STANDARD":
        del description["ExecutionClass"]
    return description


@repair(Queue, "attributes")
def queue_policies_are_given_back(original: Replacement, queue: Any) -> dict[str, Any]:
    """Give back the redrive allow policy, which moto never does and Terraform waits for.

    To the redrive policy moto adds white space, which Terraform takes for a change.
    """
    attributes: dict[str, Any] = original(queue)
    if getattr(queue, "redrive_allow_policy", None):
        attributes["RedriveAllowPolicy"] = queue.redrive_allow_policy
    if attributes.get("RedrivePolicy"):
        attributes["RedrivePolicy"] = json.dumps(json.loads(attributes["RedrivePolicy"]), separators=(",", ":"))
    return attributes


@repair(KinesisResponse, "create_stream")
def streams_keep_their_tags(original: Replacement, response: Any) -> Any:
    """Keep the tags that a stream is made with: moto drops them, so that a second plan would add them."""
    answer = original(response)
    if tags := response._get_param("Tags"):
        response.kinesis_backend.add_tags_to_stream(None, response._get_param("StreamName"), tags)
    return answer


@repair(InstanceResponse, "run_instances")
def instances_keep_their_protection(original: Replacement, response: Any) -> Any:
    """Keep the protection against termination: moto drops it, so that a second plan would set it."""
    answer = original(response)
    for instance in answer.result.instances:
        instance.disable_api_termination = bool(response._get_param("DisableApiTermination"))
    return answer


# --- calls that moto lacks or refuses --------------------------------------------------------------------


@repair(DynamoDBBackend, "delete_table")
def protected_tables_can_be_deleted(original: Replacement, backend: Any, name: str) -> Any:
    """Delete a protected table. moto is right to refuse, as AWS does, but here `destroy` is under test."""
    backend.get_table(name).deletion_protection_enabled = False
    return original(backend, name)


@repair(moto.awslambda.models, "do_validate_s3")
def code_in_buckets_is_there(_: Replacement) -> bool:
    """Accept code in a bucket of others: moto refuses a function whose zip is not in its own S3."""
    return False


@repair(moto.codebuild.responses, "_validate_required_params_environment")
def builds_have_any_size(original: Replacement, environment: dict[str, Any]) -> None:
    """Accept every size of machine: moto refuses BUILD_GENERAL1_XLARGE, which CodeBuild has."""
    original({**environment, "computeType": "BUILD_GENERAL1_SMALL"})


@repair(moto.codebuild.responses, "_validate_required_params_source")
def builds_need_no_source(original: Replacement, source: dict[str, Any]) -> None:
    """Accept a build without a source or in a pipeline, of which moto asks for the location, and sources in GitLab."""
    if source["type"] not in ("NO_SOURCE", "CODEPIPELINE"):
        original({**source, "type": "GITHUB"})


@repair(moto.codebuild.responses, "_validate_required_params_artifacts")
def pipelines_take_what_is_built(original: Replacement, artifacts: dict[str, Any]) -> None:
    """Accept a build that hands its output to a pipeline: moto asks for a location even then."""
    if artifacts["type"] != "CODEPIPELINE":
        original(artifacts)


@addition(StepFunctionResponse, "validate_state_machine_definition")
def definitions_can_be_validated(_response: Any) -> str:
    """Accept every definition: moto lacks the call, with which the provider begins a plan and which it repeats."""
    return json.dumps({"result": "OK", "diagnostics": []})


@addition(StepFunctionResponse, "list_state_machine_versions")
def machines_have_no_versions(_response: Any) -> str:
    """Return no versions: moto lacks the call, with which the provider reads a state machine."""
    return json.dumps({"stateMachineVersions": []})


@addition(EFSResponse, "put_backup_policy")
def file_systems_can_be_backed_up(response: Any) -> tuple[int, dict[str, str], str]:
    """Set a backup policy: moto lacks the call, and knows only what was set when the file system was made."""
    policy = response._get_param("BackupPolicy")
    response.efs_backend.file_systems_by_id[response._get_param("FileSystemId")]._backup_policy = policy
    return 200, {"Content-Type": "application/json"}, json.dumps({"BackupPolicy": policy})


@repair(FileSystem, "backup_policy")
def backups_are_given_back(original: Replacement, file_system: Any) -> Any:
    """Return the backup policy that was set above."""
    return getattr(file_system, "_backup_policy", None) or original(file_system)


@addition(EFSResponse, "delete_file_system_policy")
def file_system_policies_can_be_deleted(response: Any) -> tuple[int, dict[str, str], str]:
    """Delete a policy: moto lacks the call, without which a file system with a policy cannot be destroyed."""
    response.efs_backend.file_systems_by_id[response._get_param("FileSystemId")].file_system_policy = None
    return 200, {"Content-Type": "application/json"}, "{}"


@repair(ApplicationAutoScalingResponse, "register_scalable_target")
def targets_keep_their_tags(original: Replacement, response: Any) -> Any:
    """Keep the tags of a scalable target: moto drops them."""
    answer = original(response)
    targets = response.applicationautoscaling_backend.targets[response._get_param("ScalableDimension")]
    if tags := response._get_param("Tags"):
        targets[response._get_param("ResourceId")]._tags = tags
    return answer


@addition(ApplicationAutoScalingResponse, "list_tags_for_resource")
def tags_of_targets_are_listed(response: Any) -> str:
    """Return the tags that were kept above: moto lacks the call, with which the provider reads a target."""
    backend, arn = response.applicationautoscaling_backend, response._get_param("ResourceARN")
    targets = [target for of_dimension in backend.targets.values() for target in of_dimension.values()]
    return json.dumps({"Tags": next((getattr(t, "_tags", {}) for t in targets if t.arn == arn), {})})


@repair(FakeBucket, "_log_permissions_enabled_policy")
def policies_for_everybody_admit_nobody_s_logs(
    original: Replacement, target_bucket: Any, target_prefix: str | None
) -> Any:
    """Look for leave to put logs in statements with named principals: moto fails at one that is for `*`."""
    document = json.loads(target_bucket.policy or b'{"Statement": []}')
    document["Statement"] = [s for s in document["Statement"] if isinstance(s.get("Principal"), dict)]
    named = SimpleNamespace(
        policy=json.dumps(document).encode(), partition=target_bucket.partition, name=target_bucket.name
    )
    return original(named, target_prefix)


@repair(S3Response, "get_bucket_notification")
def eventbridge_is_told(original: Replacement, response: Any) -> Any:
    """Say that EventBridge is told of a bucket's events: moto keeps that, and does not give it back."""
    status, headers, body = original(response)
    kept = response.backend.get_bucket_notification_configuration(response.bucket_name)
    if kept and kept.event_bridge is not None:
        end = "</NotificationConfiguration>"
        body = body.replace(end, f"<EventBridgeConfiguration></EventBridgeConfiguration>{end}")
    return status, headers, body


@repair(DynamoHandler, "create_table")
@repair(DynamoHandler, "update_table")
def tables_keep_their_class(original: Replacement, response: Any) -> Any:
    """Keep the class of a table: moto drops it."""
    answer = original(response)
    if "TableClass" in response.body:
        response.dynamodb_backend.get_table(response.body["TableName"])._class = response.body["TableClass"]
    return answer


@repair(Table, "describe")
def classes_of_tables_are_given_back(original: Replacement, table: Any, *rest: Any, **named: Any) -> Any:
    """Return the class that was kept above."""
    described = original(table, *rest, **named)
    for inner in described.values():
        inner["TableClassSummary"] = {"TableClass": getattr(table, "_class", "STANDARD")}
    return described


@repair(KmsResponse, "enable_key_rotation")
def periods_of_rotation_are_kept(original: Replacement, response: Any) -> Any:
    """Keep the days after which a key is rotated: moto drops them."""
    backend = response.kms_backend
    answer = original(response)
    if days := response._get_param("RotationPeriodInDays"):
        backend.keys[backend.get_key_id(response._get_param("KeyId"))]._rotation_days = days
    return answer


@repair(KmsResponse, "get_key_rotation_status")
def periods_of_rotation_are_given_back(original: Replacement, response: Any) -> str:
    """Return the days that were kept above."""
    status = json.loads(original(response))
    key = response.kms_backend.keys[response.kms_backend.get_key_id(response._get_param("KeyId"))]
    days = getattr(key, "_rotation_days", None)
    return json.dumps({**status, **({"RotationPeriodInDays": days} if days else {})})


def serve() -> None:
    """Serve until standard input ends; the address is the first line of the output."""
    for owner, name, replacement in REPAIRS:
        patch.object(owner, name, replacement, create=True).start()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    serve()
