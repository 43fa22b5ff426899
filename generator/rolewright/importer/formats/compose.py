"""Compose files of Docker: each service is a workload, but for stand-ins of what AWS runs itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue, SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.compose_container import carry_container, words_of_labels
from rolewright.importer.formats.compose_files import Project
from rolewright.importer.formats.compose_hosts import names_of
from rolewright.importer.names import resource_key, workload_name
from rolewright.importer.shapes import listed, mapping, text
from rolewright.importer.workload import ImportSource, OldPolicy, OldRole, SourceResource, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rolewright.importer.formats.compose_merge import ComposeService
    from rolewright.importer.given import ImportAids
    from rolewright.yaml.load import Tree

NAME = "a compose file"
FAMILY = "ecs.task.family"
"""The label of services that run in one task."""


@dataclass
class Task:
    """One or more services that run together: the containers by the names of their services, the main one first."""

    name: str
    workload: SourceWorkload
    containers: dict[str, SourceWorkload] = field(default_factory=dict)
    services: dict[str, ComposeService] = field(default_factory=dict)
    policies: list[OldPolicy] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def recognises(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document has services with images."""
    services = mapping(mapping(data).get("services"))
    return any(
        isinstance(service, dict) and ({"image", "build", "extends"} & set(service)) for service in services.values()
    )


def read(file: Path, tree: Tree, given: ImportAids) -> ImportSource:
    """Read a compose file, the override file beside it, and what they name in their folder."""
    project = Project.of(file, tree, dict(given.parameters))
    return source_of(NAME, project, tasks_of(project, given), {})


def source_of(
    title: str, project: Project, tasks: Sequence[Task], described: Mapping[str, SourceResource]
) -> ImportSource:
    """Return what was read, with the accounts of all files."""
    for task in tasks:
        if task.policies or task.unread:
            task.workload.roles.append(OldRole("task", tuple(task.policies), tuple(task.unread)))
        if "service" in task.workload.compute:
            task.workload.compute["service"]["vpc_id"] = HeldValue("the VPC of the subnets", None)
    for ledger in project.own():
        carry(format_data("compose").fields["file"], ledger, (), SourceWorkload("", ""))
        for name in ledger.tree.data:
            if str(name).startswith("x-") and not ledger.says((name,)):
                ledger.left((name,), "a field of its author's own; what is said in it is carried where it is used")
    workloads = tuple(task.workload for task in tasks)
    return ImportSource(title, project.files(), workloads, tuple(project.outcomes()), described, project.notes())


def tasks_of(project: Project, given: ImportAids) -> list[Task]:
    """Return the tasks of a project; of a service that AWS itself takes the place of, the account alone tells."""
    services = project.services()
    families: dict[str, list[str]] = {}
    for name, service in services.items():
        families.setdefault(words_of_labels(service, project).get(FAMILY, name), []).append(name)
    stand_ins: dict[str, str] = {}
    for members in families.values():
        place = _stand_in(services[members[0]], project) if len(members) == 1 else ""
        if place:
            stand_ins[members[0]] = place
            services[members[0]].ledger.left((), f"no workload: in its place, use {place}")
    return [
        _task(family, members, services, project, given, stand_ins)
        for family, members in families.items()
        if members[0] not in stand_ins
    ]


def _stand_in(service: ComposeService, project: Project) -> str:
    """Return what of AWS takes the place of a service by its image, or "" for a workload."""
    if "build" in service.data:
        return ""
    image = project.variables.resolved(service.data.get("image"))
    if isinstance(image, SourceText):
        image = image.parts[0] if image.parts and isinstance(image.parts[0], str) else ""
    if not isinstance(image, str):
        return ""
    repository = image.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    facts = format_data("compose").facts
    for registry in facts["registries"]:
        repository = repository.removeprefix(f"{registry}/")
    return next((place for place, images in facts["stand_ins"].items() if repository in images), "")


def _task(
    family: str,
    members: Sequence[str],
    services: Mapping[str, ComposeService],
    project: Project,
    given: ImportAids,
    stand_ins: Mapping[str, str],
) -> Task:
    type_ = format_data("compose").facts["type"]
    main = next((name for name in members if services[name].data.get("ports")), members[0])
    workload = SourceWorkload(workload_name(family), type_)
    task = Task(family, workload)
    hosts = {
        host: (
            "127.0.0.1"
            if name in members
            else stand_ins.get(name, f"the workload {workload_name(name)}: its load balancer or Service Connect")
        )
        for host, name in names_of(services).items()
    }
    names = {name: workload.name if name == main else resource_key(name) for name in members}
    sidecars = []
    for name in (main, *(member for member in members if member != main)):
        container = workload if name == main else SourceWorkload(names[name], type_, {}, workload.resources)
        if name != main:
            container.compute |= {"name": names[name], "essential": True}
            container.at_least = workload.at_least
            sidecars.append(container.compute)
        task.containers[name] = container
        service = task.services[name] = services[name]
        carry_container(service, project, container, hosts, names)
        table = format_data("compose").fields["main" if name == main else "sidecar"]
        carry(table, service.ledger, (), container, project.variables.resolved, data=service.data)
        _count(service, project, workload)
        _docker_role(service, task, project, given)
    if sidecars:
        workload.compute["sidecars"] = sidecars
    return task


def _count(service: ComposeService, project: Project, workload: SourceWorkload) -> None:
    """Carry the number of tasks; of services that run in one task, the highest counts."""
    before = mapping(workload.compute.get("service")).get("desired")
    carry(
        format_data("compose").fields["task"],
        service.ledger,
        (),
        workload,
        project.variables.resolved,
        data=service.data,
    )
    after = mapping(workload.compute.get("service")).get("desired")
    if isinstance(before, int) and isinstance(after, int):
        workload.compute["service"]["desired"] = max(before, after)


def _docker_role(service: ComposeService, task: Task, project: Project, given: ImportAids) -> None:
    """Take the policies that Docker's own integration of ECS had at a service."""
    document = service.data.get("x-aws-role")
    if isinstance(document, dict):
        service.ledger.derived(("x-aws-role",), "resources", "entries for what the policy allows")
        origin = str(service.ledger.location(("x-aws-role",)))
        task.policies.append(OldPolicy(project.variables.resolved(document), origin))
    for number, arn in enumerate(listed(service.data.get("x-aws-policies"))):
        path = ("x-aws-policies", number)
        add_managed(task, text(arn), str(service.ledger.location(path)), given)
        service.ledger.left(path, "a managed policy fits no workload; the comparison of the roles has what it allows")


def add_managed(task: Task, arn: str, origin: str, given: ImportAids) -> None:
    """Add a managed policy to what a task may do today."""
    policy = given.managed(arn, origin)
    if isinstance(policy, str):
        task.unread.append(policy)
    else:
        task.policies.append(policy)
