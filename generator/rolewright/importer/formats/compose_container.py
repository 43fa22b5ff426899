"""One container of a compose project: its fields, its variables, ports, secrets and folders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.expression import HeldValue, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.compose_files import pairs
from rolewright.importer.formats.compose_secrets import carry_secrets
from rolewright.importer.formats.compose_values import open_secret
from rolewright.importer.shapes import listed, mapping, text
from rolewright.importer.variables import carry_secret, carry_variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.importer.formats.compose_files import Layer, Project
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

_PORTS = re.compile(r"(?:.{0,60}:)?(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp))?")
_MOST_PORTS = 100


def carry_container(
    layers: Sequence[Layer],
    project: Project,
    container: SourceWorkload,
    hosts: Mapping[str, str],
    names: Mapping[str, str],
) -> None:
    """Carry what a service says of its container.

    `hosts` say for the name of each service what code finds in its place, and `names` are the task's own containers.
    """
    first = layers[0]
    if not any("read_only" in layer.data for layer in layers):
        container.set("read_only", value=False, origin=first.ledger.location(first.path))
    if any("test" in mapping(layer.data.get("healthcheck")) for layer in layers):
        container.set("health_check.timeout", 30, first.ledger.location((*first.path, "healthcheck")))
    for layer in layers:
        carry(
            format_data("compose").fields["service"],
            layer.ledger,
            layer.path,
            container,
            project.variables.resolved,
            data=layer.data,
        )
        _build(layer)
        _size(layer, project, container)
        _platform(layer, project, container)
        _health(layer, project, container)
        _ulimits(layer, container)
        _depends(layer, container, names)
        _folders(layer, container)
        carry_secrets(layer, project, container)
    _ports(layers, project, container, single="name" not in container.compute)
    _environment(layers, project, container, hosts)
    if "command" not in container.compute.get("health_check", {"command": ()}):
        del container.compute["health_check"]


def words_of_labels(layers: Sequence[Layer], project: Project) -> dict[str, str]:
    """Return the labels of a service's tasks, and account for each of them."""
    found: dict[str, str] = {}
    for layer in layers:
        for step, name, value in pairs(mapping(layer.data.get("deploy")).get("labels")):
            resolved = project.variables.resolved(value)
            path = (*layer.path, "deploy", "labels", step)
            if isinstance(resolved, str | int | float):
                found[name] = str(resolved)
            read = format_data("compose").facts["labels"].get(name)
            if read:
                layer.ledger.derived(path, read, "as the label says")
            else:
                layer.ledger.left(path, "nothing in AWS reads this label")
    return found


def _build(layer: Layer) -> None:
    if "build" in layer.data:
        layer.ledger.left(
            (*layer.path, "build"), "the image is built elsewhere: push it to ECR, and name it as `image`"
        )


def _size(layer: Layer, project: Project, container: SourceWorkload) -> None:
    """Add to what the task asks for at least; the limits count before what is reserved."""
    resources = mapping(mapping(layer.data.get("deploy")).get("resources"))
    deploy = (*layer.path, "deploy", "resources")
    ways: dict[str, tuple[tuple[PathInTree, Any], ...]] = {
        "cpu": (
            ((*deploy, "limits", "cpus"), mapping(resources.get("limits")).get("cpus")),
            ((*layer.path, "cpus"), layer.data.get("cpus")),
            ((*deploy, "reservations", "cpus"), mapping(resources.get("reservations")).get("cpus")),
        ),
        "memory": (
            ((*deploy, "limits", "memory"), mapping(resources.get("limits")).get("memory")),
            ((*layer.path, "mem_limit"), layer.data.get("mem_limit")),
            ((*deploy, "reservations", "memory"), mapping(resources.get("reservations")).get("memory")),
            ((*layer.path, "mem_reservation"), layer.data.get("mem_reservation")),
        ),
    }
    for name, asked in ways.items():
        taken = False
        for path, value in asked:
            if value is None:
                continue
            if taken:
                layer.ledger.left(path, "the limit counts")
                continue
            try:
                number = CONVERSIONS["cpus" if name == "cpu" else "bytes"](project.variables.resolved(value))
            except NotCarriedError as error:
                layer.ledger.left(path, str(error))
                continue
            taken = True
            container.at_least[name] = container.at_least.get(name, 0) + number
            layer.ledger.derived(path, f"compute.{name}", "rounded up to the next size of a task, sidecars included")


def _platform(layer: Layer, project: Project, container: SourceWorkload) -> None:
    if "platform" not in layer.data:
        return
    path = (*layer.path, "platform")
    platform = project.variables.resolved(layer.data["platform"])
    known = format_data("compose").facts["platforms"].get(platform if isinstance(platform, str) else "")
    if "name" in container.compute:
        layer.ledger.derived(path, "compute.architecture", "the task's is that of the code")
    elif known is None:
        layer.ledger.left(path, "a manifest knows linux/amd64 and linux/arm64")
    else:
        container.set("architecture", known, layer.ledger.location(path))
        layer.ledger.derived(path, "compute.architecture", known)


def _health(layer: Layer, project: Project, container: SourceWorkload) -> None:
    test = mapping(layer.data.get("healthcheck")).get("test")
    if test is None:
        return
    path = (*layer.path, "healthcheck", "test")
    words = project.variables.resolved(test)
    command = words if isinstance(words, list) else ["CMD-SHELL", words]
    if command[:1] == ["NONE"]:
        container.compute.pop("health_check", None)
        layer.ledger.carried(path, "", "ECS checks nothing unless the manifest says so")
        return
    container.set("health_check.command", command, layer.ledger.location(path))
    layer.ledger.carried(path, "compute.health_check.command")
    note = "compose gives a check 30 seconds, and a manifest 5"
    if "timeout" not in mapping(layer.data.get("healthcheck")):
        layer.ledger.derived((*layer.path, "healthcheck"), "compute.health_check.timeout", note)


def _ulimits(layer: Layer, container: SourceWorkload) -> None:
    for name, limit in mapping(layer.data.get("ulimits")).items():
        path = (*layer.path, "ulimits", name)
        soft = limit.get("soft") if isinstance(limit, dict) else limit
        hard = limit.get("hard") if isinstance(limit, dict) else limit
        container.set(f"ulimits.{name}", hard, layer.ledger.location(path))
        note = "" if soft == hard else f"soft and hard are one: {hard} in place of {soft}"
        (layer.ledger.derived if note else layer.ledger.carried)(path, f"compute.ulimits.{name}", note)


def _depends(layer: Layer, container: SourceWorkload, names: Mapping[str, str]) -> None:
    given = layer.data.get("depends_on")
    steps = given.items() if isinstance(given, dict) else enumerate(listed(given))
    for step, value in steps:
        other = text(value) if isinstance(step, int) else str(step)
        path = (*layer.path, "depends_on", step)
        condition = text(mapping(value).get("condition"), "service_started")
        known = format_data("compose").facts["conditions"].get(condition)
        if other in names and known is not None:
            container.set(f"depends_on.{names[other]}", known, layer.ledger.location(path))
            layer.ledger.derived(path, f"compute.depends_on.{names[other]}", known)
        else:
            layer.ledger.left(path, "workloads start by themselves: let the code try again until the other answers")


def _folders(layer: Layer, container: SourceWorkload) -> None:
    """Carry folders that begin empty; account for the others."""
    for number, mount in enumerate(listed(layer.data.get("volumes"))):
        path = (*layer.path, "volumes", number)
        if isinstance(mount, dict):
            sort, source, target = text(mount.get("type")), text(mount.get("source")), text(mount.get("target"))
        else:
            parts = text(mount).split(":")
            source, target = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
            sort = "bind" if source.startswith((".", "/", "~", "$")) else "volume"
        if sort == "tmpfs" or (sort == "volume" and not source):
            _writable(layer.ledger, path, target, container)
        elif sort == "bind":
            reason = "a folder of the machine that runs compose: put its files into the image"
            layer.ledger.left(path, reason)
        else:
            reason = (
                "a volume lasts; in AWS a file system does (`volumes`). For one task alone, use `writable` or `shared`"
            )
            layer.ledger.left(path, reason)
    tmpfs = layer.data.get("tmpfs")
    for step, folder in enumerate(tmpfs if isinstance(tmpfs, list) else [tmpfs] if isinstance(tmpfs, str) else []):
        path = (*layer.path, "tmpfs", step) if isinstance(tmpfs, list) else (*layer.path, "tmpfs")
        _writable(layer.ledger, path, text(folder).partition(":")[0], container)


def _writable(ledger: Ledger, path: PathInTree, folder: str, container: SourceWorkload) -> None:
    if folder and folder not in container.compute.get("writable", ()):
        container.compute.setdefault("writable", []).append(folder)
    ledger.derived(path, "compute.writable", "a folder that begins empty and ends with the task, on disk")


def _ports(layers: Sequence[Layer], project: Project, container: SourceWorkload, *, single: bool) -> None:
    found: dict[int, None] = {}
    for layer in layers:
        for name in ("ports", "expose"):
            for number, port in enumerate(listed(layer.data.get(name))):
                path = (*layer.path, name, number)
                numbers = list(_numbers(project.variables.resolved(port)))
                if numbers:
                    found |= dict.fromkeys(numbers)
                    target = "the container's port; the load balancer and Service Connect have ports of their own"
                    layer.ledger.derived(path, "compute.port" if single else "compute.ports", target)
                else:
                    layer.ledger.left(path, "a manifest has single ports of TCP, as numbers")
    origin = layers[-1].ledger.location((*layers[-1].path, "ports"))
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


def _environment(
    layers: Sequence[Layer], project: Project, container: SourceWorkload, hosts: Mapping[str, str]
) -> None:
    """Carry the variables: those of files first, which `environment` goes before."""
    found: dict[str, tuple[Ledger, PathInTree, Any]] = {}

    def take(name: str, ledger: Ledger, path: PathInTree, value: Any) -> None:  # noqa: ANN401 - YAML
        if name in found:
            weaker, at, _ = found[name]
            weaker.left(at, f"{ledger.location(path)} says it instead")
        found[name] = (ledger, path, value)

    for layer in layers:
        for path, file in _files(layer):
            there = project.variables_in(Path(layer.ledger.tree.file).parent / file)
            if there is None:
                layer.ledger.left(
                    path, "no such file below the folder of the compose file: write its variables yourself"
                )
                continue
            layer.ledger.derived(path, "compute.environment", f"the variables of {there.tree.file}")
            for name, value in there.tree.data.items():
                take(name, there, (name,), value)
    for layer in layers:
        for step, name, value in pairs(layer.data.get("environment")):
            take(name, layer.ledger, (*layer.path, "environment", step), value)
    for name, (ledger, path, value) in found.items():
        _variable(container, ledger, path, name, project.variables.variable(value), hosts)


def _files(layer: Layer) -> Iterator[tuple[PathInTree, str]]:
    given = layer.data.get("env_file")
    if isinstance(given, str):
        yield (*layer.path, "env_file"), given
    for number, file in enumerate(listed(given)):
        yield (*layer.path, "env_file", number), text(file) or text(mapping(file).get("path"))


def _variable(
    container: SourceWorkload,
    ledger: Ledger,
    path: PathInTree,
    name: str,
    value: Any,  # noqa: ANN401 - YAML
    hosts: Mapping[str, str],
) -> None:
    facts = format_data("compose").facts
    plain = value.literal if isinstance(value, SourceText) else value
    if any(name.upper().startswith(known) for known in facts["endpoints"]):
        ledger.left(path, "it sends the SDK to a stand-in of AWS, which no task has")
    elif name.upper().endswith("_FILE") and text(plain).startswith("/run/secrets/"):
        ledger.left(path, "ECS gives a secret as a variable, and not as a file: let the code read the variable")
    elif open_secret(name, value):
        carry_secret(container, ledger, path, name, None, "secrets")
    elif value is None:
        asked = f"value of {name}, which compose takes from the shell"
        container.set(f"environment.{name}", HeldValue(asked, "text"), ledger.location(path))
        ledger.derived(path, f"compute.environment.{name}", "to be filled in: compose takes it from the shell")
    else:
        carry_variable(container, ledger, path, name, _elsewhere(name, value, hosts), "environment", injects=True)


def _elsewhere(name: str, value: Any, hosts: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML
    """Return a value with the host of another service marked: no task finds it by that name."""
    if not isinstance(value, str):
        return value
    named = name.upper().rpartition("_")[2] in format_data("compose").facts["addresses"]
    parts: list[str | UnknownPart] = []
    position = 0
    for found in re.finditer(r"[A-Za-z0-9_.-]{1,100}", value):
        before, after = value[: found.start()], value[found.end() : found.end() + 1]
        at_host = before.endswith(("//", "@")) or (named and (not before or before.endswith(",")))
        after_host = not before and re.match(r":\d{2,5}(?:[/,]|$)", value[found.end() :])
        place = hosts.get(found[0])
        if place is not None and (at_host or after_host) and after in ("", ":", "/", ",", "?"):
            parts.append(value[position : found.start()])
            parts.append(place if place == "127.0.0.1" else UnknownPart(f"host in the place of {found[0]}: {place}"))
            position = found.end()
    return SourceText.of(*parts, value[position:]) if parts else value
