"""ECS task definitions and services, and EC2 instances, of a state or a plan of Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.ecs_task_definition import carry_containers, task_workload
from rolewright.importer.formats.terraform_function import read_log_group
from rolewright.importer.formats.terraform_roles import unread
from rolewright.importer.formats.terraform_state import DATA
from rolewright.importer.shapes import listed, mapping, mappings, text

if TYPE_CHECKING:
    from rolewright.importer.formats.terraform_roles import Roles
    from rolewright.importer.formats.terraform_state import StateResource
    from rolewright.importer.workload import SourceWorkload


def read_task(roles: Roles, task: StateResource) -> SourceWorkload:
    """Read a task definition with its roles, its log group, and the service that runs it."""
    ledger, facts = roles.ledger, format_data(DATA).facts["service"]
    workload = task_workload(task.values, ledger, task.below, text(task.values.get("family"), "service"))
    for attribute, role in facts["roles"].items():
        roles.enter(workload, task, attribute, role)
    account = next((part for part in [*text(task.values.get("arn")).split(":")[4:5]]), "")
    containers = task.values.get("containerDefinitions")
    if isinstance(containers, HeldValue):
        ledger.left((*task.below, "containerDefinitions"), f"{containers.asked}: import the state")
    _log_groups(roles, task, workload)
    carry_containers(task.values, ledger, task.below, workload, (account, ""))
    unread(ledger, task, "task")
    services = [each for each in roles.estate.of(facts["kind"]) if _runs(roles, each, task)]
    for service in services[:1]:
        _service(roles, service, workload)
    for service in services[1:]:
        roles.claim(service, "", "runs the same task definition")
        ledger.left(service.below, "a manifest has one service: write another for this one")
    return workload


def _runs(roles: Roles, service: StateResource, task: StateResource) -> bool:
    value = service.values.get("task_definition")
    if isinstance(value, HeldValue):
        return roles.estate.linked(service, "task_definition", task.type) is task
    family = text(value).rpartition("/")[2].partition(":")[0]
    return bool(family) and family == task.values.get("family")


def _log_groups(roles: Roles, task: StateResource, workload: SourceWorkload) -> None:
    """Carry the log group of the code's container, the first that names one."""
    kind = format_data(DATA).facts["function"]["kinds"]["log"]
    for _, container in mappings(task.values.get("containerDefinitions")):
        options = mapping(mapping(container.get("logConfiguration")).get("options"))
        name = options.get("awslogs-group")
        if isinstance(name, str):
            read_log_group(roles, workload, name, (kind, task), default=f"/ecs/{text(task.values.get('family'))}")
            return


def _service(roles: Roles, service: StateResource, workload: SourceWorkload) -> None:
    ledger, values = roles.ledger, service.values
    roles.claim(service, "compute.service", "the service of the workload")
    carry(format_data(DATA).fields["service"], ledger, service.below, workload)
    workload.set("names.service", values.get("name"), ledger.location(service.path))
    ledger.carried((*service.below, "name"), "compute.names.service")
    cluster = values.get("cluster")
    if cluster is not None:
        named = text(cluster).rpartition("/")[2] if isinstance(cluster, str) else _cluster(roles, service)
        workload.set("cluster", named, ledger.location(service.path))
        ledger.carried((*service.below, "cluster"), "compute.cluster", "the cluster that is there")
    serverless = format_data(DATA).facts["service"]["serverless"]
    providers = [block.get("capacity_provider") for _, block in mappings(values.get("capacity_provider_strategy"))]
    mix = [
        {name: block[key] for name, key in _MIX.items() if block.get(key) is not None}
        for _, block in mappings(values.get("capacity_provider_strategy"))
    ]
    if providers and set(map(str, providers)) <= set(serverless):
        if len(providers) > 1:
            workload.set("service.mix", mix, ledger.location(service.path))
        elif providers == serverless[1:]:
            workload.set("service.spot", value=True, origin=ledger.location(service.path))
        ledger.derived((*service.below, "capacity_provider_strategy"), "compute.service", "as spot or mix")
    elif providers:
        note = "a manifest knows Fargate's own capacity providers, and `capacity` of a cluster that it makes"
        ledger.left((*service.below, "capacity_provider_strategy"), note)
    _scaling(roles, workload)
    unread(ledger, service, "service")


_MIX = {"provider": "capacity_provider", "weight": "weight", "base": "base"}


def _cluster(roles: Roles, service: StateResource) -> Any:  # noqa: ANN401 - a name or a held value
    described = roles.estate.linked(service, "cluster", format_data(DATA).facts["service"]["cluster"])
    name = described.values.get("name") if described is not None else None
    return name if isinstance(name, str) else HeldValue("name of the cluster", "cluster")


def _scaling(roles: Roles, workload: SourceWorkload) -> None:
    facts = format_data(DATA).facts["service"]
    name = workload.compute.get("names", {}).get("service")
    for target in roles.estate.of(facts["scaling"]):
        where = text(target.values.get("resource_id")).split("/")
        if where[:1] != ["service"] or where[-1] != name or where[1:2] != [workload.compute.get("cluster")]:
            continue
        roles.claim(target, "compute.service.autoscaling", "the number of tasks follows the load")
        carry(format_data(DATA).fields["scaling"], roles.ledger, target.below, workload)
        unread(roles.ledger, target, "scaling")
        for policy in roles.estate.of(facts["scaling_policy"]):
            if policy.values.get("resource_id") == target.values.get("resource_id"):
                _scaling_policy(roles, policy, workload)


def _scaling_policy(roles: Roles, policy: StateResource, workload: SourceWorkload) -> None:
    roles.claim(policy, "compute.service.autoscaling", "what the number of tasks follows")
    metrics = format_data(DATA).facts["service"]["metrics"]
    for number, block in mappings(policy.values.get("target_tracking_scaling_policy_configuration")):
        path = (*policy.below, "target_tracking_scaling_policy_configuration", number)
        metric = next(
            (
                text(each.get("predefined_metric_type"))
                for _, each in mappings(block.get("predefined_metric_specification"))
            ),
            "",
        )
        if metric in metrics and isinstance(block.get("target_value"), int | float):
            target = f"service.autoscaling.{metrics[metric]}"
            value = round(block["target_value"])
            workload.set(target, value, roles.ledger.location(path))
            if value == block["target_value"]:
                roles.ledger.carried((*path, "target_value"), f"compute.{target}")
            else:
                roles.ledger.derived((*path, "target_value"), f"compute.{target}", "a whole number")
            for name, why in format_data(DATA).facts["service"]["not_of_scaling"].items():
                if block.get(name):
                    roles.ledger.left((*path, name), why)
        else:
            roles.ledger.left(path, "a manifest's numbers follow use of CPU or memory, requests, or a queue")
    if "step_scaling_policy_configuration" in policy.values:
        path = (*policy.below, "step_scaling_policy_configuration")
        roles.ledger.left(path, "a manifest has no steps: it keeps a value, such as cpu_percent")


def read_instance(roles: Roles, instance: StateResource, workload: SourceWorkload) -> None:
    """Read an instance with the role of its instance profile."""
    ledger, facts = roles.ledger, format_data(DATA).facts["instance"]
    carry(format_data(DATA).fields["instance"], ledger, instance.below, workload)
    profile = roles.estate.linked(instance, "iam_instance_profile", facts["profile"])
    if profile is not None:
        roles.claim(profile, "", "the module makes an instance profile of its own")
        roles.enter(workload, profile, "role", facts["role"])
    else:
        name = text(instance.values.get("iam_instance_profile"), "one that only an apply tells")
        note = f"the instance profile {name} is not in this document, and so its role is not known"
        workload.roles.append(roles.unknown(facts["role"], f"{instance.address}: {note}"))
        ledger.left((*instance.below, "iam_instance_profile"), note)
    if listed(instance.values.get("ebs_block_device")):
        note = "name the volumes that are to be there under `volumes`: the module makes new, empty ones"
        ledger.left((*instance.below, "ebs_block_device"), note)
    unread(ledger, instance, "instance")
