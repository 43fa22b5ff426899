"""One container of a compose project: its fields, its variables, ports, secrets and folders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.expression import SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.compose_hosts import in_command, linked
from rolewright.importer.formats.compose_merge import pairs
from rolewright.importer.formats.compose_secrets import carry_secrets
from rolewright.importer.formats.compose_variables import carry_environment
from rolewright.importer.shapes import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.formats.compose_files import Project
    from rolewright.importer.formats.compose_merge import ComposeService
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

_PORTS = re.compile(r"(?:.{0,60}:)?(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp))?")
_MOST_PORTS = 100


def carry_container(
    service: ComposeService,
    project: Project,
    container: SourceWorkload,
    hosts: Mapping[str, str],
    names: Mapping[str, str],
) -> None:
    """Carry what a service says of its container.

    `hosts` say for each name of a service what code finds in its place, and `names` are the task's own containers.
    """
    ledger = service.ledger
    if "read_only" not in service.data:
        container.set("read_only", value=False, origin=ledger.location(()))
    hosts = linked(service, hosts)
    checked = _health(service, project, container, hosts)
    given = {name: value for name, value in service.data.items() if checked or name != "healthcheck"}
    data = {name: project.variables.resolved(value) for name, value in given.items()}
    for name in data.keys() & {"command", "entrypoint"}:
        data[name] = in_command(data[name], hosts)
    carry(format_data("compose").fields["service"], ledger, (), container, data=data)
    if "build" in service.data:
        ledger.left(("build",), "the image is built elsewhere: push it to ECR, and name it as `image`")
    _size(service, project, container)
    _platform(service, project, container)
    _ulimits(service, container)
    _depends(service, container, names)
    _folders(service, container)
    carry_secrets(service, project, container)
    _ports(service, project, container, single="name" not in container.compute)
    carry_environment(service, project, container, hosts)


def words_of_labels(service: ComposeService, project: Project) -> dict[str, str]:
    """Return the labels of a service's tasks, and account for each of them."""
    found: dict[str, str] = {}
    for step, name, value in pairs(mapping(service.data.get("deploy")).get("labels")):
        resolved = project.variables.resolved(value)
        path = ("deploy", "labels", step)
        if isinstance(resolved, str | int | float):
            found[name] = str(resolved)
        read = format_data("compose").facts["labels"].get(name)
        if read:
            service.ledger.derived(path, read, "as the label says")
        else:
            service.ledger.left(path, "nothing in AWS reads this label")
    return found


def _size(service: ComposeService, project: Project, container: SourceWorkload) -> None:
    """Add to what the task asks for at least; the limits count before what is reserved."""
    resources = mapping(mapping(service.data.get("deploy")).get("resources"))
    deploy = ("deploy", "resources")
    ways: dict[str, tuple[tuple[PathInTree, Any], ...]] = {
        "cpu": (
            ((*deploy, "limits", "cpus"), mapping(resources.get("limits")).get("cpus")),
            (("cpus",), service.data.get("cpus")),
            ((*deploy, "reservations", "cpus"), mapping(resources.get("reservations")).get("cpus")),
        ),
        "memory": (
            ((*deploy, "limits", "memory"), mapping(resources.get("limits")).get("memory")),
            (("mem_limit",), service.data.get("mem_limit")),
            ((*deploy, "reservations", "memory"), mapping(resources.get("reservations")).get("memory")),
            (("mem_reservation",), service.data.get("mem_reservation")),
        ),
    }
    for name, asked in ways.items():
        taken = False
        for path, value in asked:
            if value is None:
                continue
            if taken:
                service.ledger.left(path, "the limit counts")
                continue
            try:
                number = CONVERSIONS["cpus" if name == "cpu" else "bytes"](project.variables.resolved(value))
            except NotCarriedError as error:
                service.ledger.left(path, str(error))
                continue
            taken = True
            container.at_least[name] = container.at_least.get(name, 0) + number
            service.ledger.derived(path, f"compute.{name}", "rounded up to the next size of a task, sidecars included")


def _platform(service: ComposeService, project: Project, container: SourceWorkload) -> None:
    if "platform" not in service.data:
        return
    path = ("platform",)
    platform = project.variables.resolved(service.data["platform"])
    known = format_data("compose").facts["platforms"].get(platform if isinstance(platform, str) else "")
    if "name" in container.compute:
        service.ledger.derived(path, "compute.architecture", "the task's is that of the code")
    elif known is None:
        service.ledger.left(path, "a manifest knows linux/amd64 and linux/arm64")
    else:
        container.set("architecture", known, service.ledger.location(path))
        service.ledger.derived(path, "compute.architecture", known)


def _health(service: ComposeService, project: Project, container: SourceWorkload, hosts: Mapping[str, str]) -> bool:
    """Carry the command of the health check, and return whether there is a check."""
    given = mapping(service.data.get("healthcheck"))
    words = in_command(project.variables.resolved(given.get("test")), hosts)
    command = words if isinstance(words, list) else ["CMD-SHELL", words]
    path = ("healthcheck", "test")
    if str(project.variables.resolved(given.get("disable"))).lower() == "true" or command[:1] == ["NONE"]:
        service.ledger.carried(("healthcheck",), "", "ECS checks nothing unless the manifest says so")
        return False
    if words is None:
        if given:
            reason = "ECS does not use the check of an image: write its command as `health_check` to have one"
            service.ledger.left(("healthcheck",), reason)
        return False
    if "timeout" not in given:
        container.set("health_check.timeout", 30, service.ledger.location(("healthcheck",)))
        note = "compose gives a check 30 seconds, and a manifest 5"
        service.ledger.derived(("healthcheck",), "compute.health_check.timeout", note)
    container.set("health_check.command", command, service.ledger.location(path))
    service.ledger.carried(path, "compute.health_check.command")
    return True


def _ulimits(service: ComposeService, container: SourceWorkload) -> None:
    for name, limit in mapping(service.data.get("ulimits")).items():
        path = ("ulimits", name)
        soft = limit.get("soft") if isinstance(limit, dict) else limit
        hard = limit.get("hard") if isinstance(limit, dict) else limit
        container.set(f"ulimits.{name}", hard, service.ledger.location(path))
        note = "" if soft == hard else f"soft and hard are one: {hard} in place of {soft}"
        (service.ledger.derived if note else service.ledger.carried)(path, f"compute.ulimits.{name}", note)


def _depends(service: ComposeService, container: SourceWorkload, names: Mapping[str, str]) -> None:
    given = service.data.get("depends_on")
    steps = given.items() if isinstance(given, dict) else enumerate(listed(given))
    for step, value in steps:
        other = text(value) if isinstance(step, int) else str(step)
        path = ("depends_on", step)
        condition = text(mapping(value).get("condition"), "service_started")
        known = format_data("compose").facts["conditions"].get(condition)
        if other in names and known is not None:
            container.set(f"depends_on.{names[other]}", known, service.ledger.location(path))
            service.ledger.derived(path, f"compute.depends_on.{names[other]}", known)
        else:
            service.ledger.left(path, "workloads start by themselves: let the code try again until the other answers")


def _folders(service: ComposeService, container: SourceWorkload) -> None:
    """Carry folders that begin empty; account for the others."""
    for number, mount in enumerate(listed(service.data.get("volumes"))):
        path = ("volumes", number)
        if isinstance(mount, dict):
            sort, source, target = text(mount.get("type")), text(mount.get("source")), text(mount.get("target"))
        else:
            parts = text(mount).split(":")
            source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
            sort = "bind" if source.startswith((".", "/", "~", "$")) else "volume"
        if sort == "tmpfs" or (sort == "volume" and not source):
            _writable(service.ledger, path, target, container)
        elif sort == "bind":
            reason = "a folder of the machine that runs compose: put its files into the image"
            service.ledger.left(path, reason)
        else:
            reason = (
                "a volume lasts; in AWS a file system does (`volumes`). For one task alone, use `writable` or `shared`"
            )
            service.ledger.left(path, reason)
    for number, folder in enumerate(listed(service.data.get("tmpfs"))):
        _writable(service.ledger, ("tmpfs", number), text(folder).partition(":")[0], container)


def _writable(ledger: Ledger, path: PathInTree, folder: str, container: SourceWorkload) -> None:
    if folder and folder not in container.compute.get("writable", ()):
        container.compute.setdefault("writable", []).append(folder)
    ledger.derived(path, "compute.writable", "a folder that begins empty and ends with the task, on disk")


def _ports(service: ComposeService, project: Project, container: SourceWorkload, *, single: bool) -> None:
    found: dict[int, None] = {}
    for name in ("ports", "expose"):
        for number, port in enumerate(listed(service.data.get(name))):
            numbers = list(_numbers(project.variables.resolved(port)))
            if numbers:
                found |= dict.fromkeys(numbers)
                target = "the container's port; the load balancer and Service Connect have ports of their own"
                service.ledger.derived((name, number), "compute.port" if single else "compute.ports", target)
            else:
                service.ledger.left((name, number), "a manifest has single ports of TCP, as numbers")
    origin = service.ledger.location(("ports",))
    if single and len(found) == 1:
        container.set("port", next(iter(found)), origin)
    elif found:
        container.set("ports", list(found), origin)


def _numbers(port: Any) -> Iterator[int]:  # noqa: ANN401 - YAML
    """Yield the ports of the container in one entry."""
    if isinstance(port, dict):
        port = "" if port.get("protocol", "tcp") != "tcp" else port.get("target")
    last = port.parts[-1] if isinstance(port, SourceText) and port.parts else port
    found = _PORTS.fullmatch(text(last if isinstance(last, str | int) else ""))
    if found is not None and found[3] != "udp":
        begin, end = int(found[1]), int(found[2] or found[1])
        yield from range(begin, min(end, begin + _MOST_PORTS) + 1)
