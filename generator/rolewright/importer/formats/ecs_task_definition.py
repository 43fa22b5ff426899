"""Task definitions of ECS: what is registered, what `aws ecs describe-task-definition` prints, and drafts of either."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.ledger import Ledger
from rolewright.importer.names import resource_key, workload_name
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.importer.variables import carry_secret, carry_variable
from rolewright.importer.workload import ImportSource, OldRole, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rolewright.importer.given import ImportAids
    from rolewright.yaml.load import PathInTree, Tree

NAME = "an ECS task definition"
_DATA = "ecs_task_definition"
_ROLE = re.compile(r"(?:arn:[a-z-]{1,20}:iam::(\d{12}):role/)?(?:[^ ]{0,512}/)?([A-Za-z0-9+=,.@_-]{1,64})")


def recognises(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is a task definition."""
    return isinstance(_inner(data)[1].get("containerDefinitions"), list)


def read(_file: Path, tree: Tree, given: ImportAids) -> ImportSource:
    """Read a task definition: the first essential container is the code, the others are its sidecars."""
    ledger = Ledger(tree)
    root, task = _inner(tree.data)

    def role(value: Any, role: str) -> OldRole:  # noqa: ANN401 - YAML
        found = _ROLE.fullmatch(str(value))
        return given.role(found[2] if found else str(value), role)

    workload = read_definition(task, ledger, root, text(task.get("family"), "service"), role)
    return ImportSource(NAME, (tree.file,), (workload,), tuple(ledger.outcomes()), {})


def read_definition(
    task: Mapping[str, Any],
    ledger: Ledger,
    root: PathInTree,
    name: str,
    role_of: Callable[[Any, str], OldRole],
) -> SourceWorkload:
    """Read a task definition that stands at `root`, as a workload of a name.

    `role_of` returns the role that a value names, as the one that a role of the module takes the place of.
    """
    workload = task_workload(task, ledger, root, name)
    account = _roles(task, ledger, root, workload, role_of)
    _tags(task, ledger, root, workload)
    carry_containers(task, ledger, root, workload, (account, _region(task)))
    return workload


def _region(task: Mapping[str, Any]) -> str:
    """Return the region that a definition is registered in, or else logs to; "" where that is not clear."""
    registered = text(task.get("taskDefinitionArn")).split(":")
    logs = [mapping(each.get("logConfiguration")) for _, each in mappings(task.get("containerDefinitions"))]
    named = {mapping(log.get("options")).get("awslogs-region") for log in logs} - {None}
    found = registered[3] if len(registered) > 3 else next(iter(named)) if len(named) == 1 else ""
    return found if isinstance(found, str) else ""


def task_workload(task: Mapping[str, Any], ledger: Ledger, root: PathInTree, name: str) -> SourceWorkload:
    """Return the workload of a name with what a task definition says of the task as a whole."""
    types = format_data(_DATA).facts["types"]
    wanted = listed(task.get("requiresCompatibilities"))
    type_ = next((types[name] for name in types if name in wanted), next(iter(types.values())))
    workload = SourceWorkload(workload_name(name), type_)
    if "family" in task:
        workload.set("names.family", task["family"], ledger.location((*root, "family")))
        ledger.carried((*root, "family"), "compute.names.family")
    ledger.derived((*root, "requiresCompatibilities"), "compute.type", type_)
    if not wanted:
        ledger.derived((*root, "family"), "compute.type", f"{type_}: the source does not say what it is to run on")
    for field, asked in format_data(_DATA).facts["asked_for"].get(type_, {}).items():
        workload.set(field, HeldValue(asked, None), ledger.location(root))
    carry(format_data(_DATA).fields["task"], ledger, root, workload)
    return workload


def carry_containers(
    task: Mapping[str, Any], ledger: Ledger, root: PathInTree, workload: SourceWorkload, own: tuple[str, str]
) -> None:
    """Carry the containers of a task definition in the spelling of ECS's API, and their volumes.

    The first essential container is the code, the others are its sidecars. `own` are the own account and
    region, "" if unknown.
    """
    containers = dict(mappings(task.get("containerDefinitions")))
    main = next(
        (number for number, each in containers.items() if _holds(each, "essential", otherwise=True)),
        min(containers, default=0),
    )
    sidecars = []
    for number, container in containers.items():
        path = (*root, "containerDefinitions", number)
        if number == main:
            _container(container, ledger, path, workload, "", own)
            carry(format_data(_DATA).fields["main"], ledger, path, workload)
            _told_by_name(ledger, path, "workload", "the container has the workload's name")
            _mounts(container, task, ledger, path, workload)
        else:
            sidecars.append(_sidecar(container, ledger, path, workload, own, text(containers[main].get("name"))))
    if sidecars:
        workload.compute["sidecars"] = sidecars
    for number, volume in mappings(task.get("volumes")):
        _volume(volume, ledger, (*root, "volumes", number))


def _inner(data: Any) -> tuple[PathInTree, dict[str, Any]]:  # noqa: ANN401 - YAML
    """Return the definition and where it stands: the command line wraps what it prints."""
    if not isinstance(data, dict):
        return (), {}
    inner = data.get("taskDefinition")
    return (("taskDefinition",), inner) if isinstance(inner, dict) else ((), data)


def _roles(
    task: Mapping[str, Any],
    ledger: Ledger,
    root: PathInTree,
    workload: SourceWorkload,
    role_of: Callable[[Any, str], OldRole],
) -> str:
    """Enter the roles; return the account that they are in, or ""."""
    account = ""
    for field, role in format_data(_DATA).facts["roles"].items():
        if field not in task:
            workload.roles.append(OldRole(role))
            continue
        found = _ROLE.fullmatch(text(task[field]))
        account = account or (found[1] or "" if found else "")
        workload.roles.append(role_of(task[field], role))
        named = found[2] if found else text(task[field], "it")
        ledger.derived((*root, field), "", f"the module makes a role of its own in the place of {named}")
    return account


def _tags(task: Mapping[str, Any], ledger: Ledger, root: PathInTree, workload: SourceWorkload) -> None:
    """Carry the tags, which the command line puts beside the definition that it prints."""
    root = root if "tags" in task else root[:-1]
    tags = task.get("tags") or (ledger.tree.data.get("tags") if not root else None)
    pairs: Iterator[tuple[Any, Any, Any]] = iter(())
    if isinstance(tags, dict):
        pairs = ((name, name, value) for name, value in tags.items())
    elif isinstance(tags, list):
        pairs = ((number, text(tag.get("key")), text(tag.get("value"))) for number, tag in mappings(tags))
    for step, name, value in pairs:
        workload.top.setdefault("tags", {})[str(name)] = str(value)
        ledger.carried((*root, "tags", step), f"tags.{name}")


def _container(
    container: Mapping[str, Any],
    ledger: Ledger,
    path: PathInTree,
    workload: SourceWorkload,
    name: str,
    own: tuple[str, str],
) -> None:
    """Carry what the code's container and sidecars have alike."""
    carry(format_data(_DATA).fields["container"], ledger, path, workload)
    for number, variable in mappings(container.get("environment")):
        carry_variable(
            workload,
            ledger,
            (*path, "environment", number),
            text(variable.get("name")),
            variable.get("value", ""),
            "environment",
            injects=True,
        )
    for number, reference in mappings(container.get("secrets")):
        inside = (*path, "secrets", number)
        carry_secret(workload, ledger, inside, text(reference.get("name")), reference.get("valueFrom"), "secrets", *own)
    if "readonlyRootFilesystem" not in container:
        workload.set("read_only", value=False, origin=ledger.location(path))
    _ports(container, ledger, path, workload, single=not name)
    for number, limit in mappings(container.get("ulimits")):
        inside = (*path, "ulimits", number)
        soft, hard = limit.get("softLimit"), limit.get("hardLimit")
        workload.set(f"ulimits.{limit.get('name')}", hard, ledger.location(inside))
        note = "" if soft == hard else f"soft and hard are one: {hard} in place of {soft}"
        (ledger.derived if note else ledger.carried)(inside, f"compute.ulimits.{limit.get('name')}", note)
    for number, other in mappings(container.get("dependsOn")):
        inside = (*path, "dependsOn", number)
        workload.set(f"depends_on.{other.get('containerName')}", str(other.get("condition")), ledger.location(inside))
        ledger.carried(inside, f"compute.depends_on.{other.get('containerName')}")
    _log(container, ledger, path, workload)


def _ports(
    container: Mapping[str, Any], ledger: Ledger, path: PathInTree, workload: SourceWorkload, *, single: bool
) -> None:
    ports = [
        int(each["containerPort"])
        for _, each in mappings(container.get("portMappings"))
        if re.fullmatch(r"[0-9]{1,5}", text(each.get("containerPort")))
    ]
    target = "port" if single and len(ports) == 1 else "ports"
    if ports:
        workload.set(target, ports[0] if target == "port" else ports, ledger.location((*path, "portMappings")))
    for number, each in mappings(container.get("portMappings")):
        inside = (*path, "portMappings", number)
        if re.fullmatch(r"[0-9]{1,5}", text(each.get("containerPort"))):
            ledger.carried((*inside, "containerPort"), f"compute.{target}")
        else:
            ledger.left((*inside, "containerPort"), "the source does not say the number")
        for name, value in each.items():
            if name == "containerPort":
                continue
            if value in (each.get("containerPort"), 0, "tcp"):
                ledger.carried((*inside, name), "", "which is what happens without it")
            else:
                ledger.left((*inside, name), "a manifest says the port of the container alone")


def _log(container: Mapping[str, Any], ledger: Ledger, path: PathInTree, workload: SourceWorkload) -> None:
    log = container.get("logConfiguration")
    if not isinstance(log, dict):
        return
    inside = (*path, "logConfiguration")
    if log.get("logDriver") != "awslogs":
        ledger.left(inside, "the module writes to a log group of its own; `log_routing` sends it on by FireLens")
        return
    ledger.derived(inside, "", "the module makes a log group of its own, and both roles need nothing more")
    for option in mapping(log.get("options")):
        if option not in format_data(_DATA).facts["log_options"]:
            ledger.left((*inside, "options", option), "a manifest does not set options of the log driver")
    group = mapping(log.get("options")).get("awslogs-group")
    if group and group == mapping(workload.compute.get("names")).get("log_group"):
        ledger.carried((*inside, "options", "awslogs-group"), "compute.names.log_group")
    elif group:
        note = "the module makes another log group; to go on in this one, set names.log_group and import it"
        ledger.left((*inside, "options", "awslogs-group"), note)


def _sidecar(
    container: Mapping[str, Any],
    ledger: Ledger,
    path: PathInTree,
    workload: SourceWorkload,
    own: tuple[str, str],
    main: str,
) -> dict[str, Any]:
    """Return an entry of `sidecars`; the secrets that it needs are resources of the workload."""
    name = resource_key(text(container.get("name"), "sidecar"))
    sidecar = SourceWorkload(name, workload.type, {"name": name}, workload.resources)
    _container(container, ledger, path, sidecar, name, own)
    carry(format_data(_DATA).fields["sidecar"], ledger, path, sidecar)
    if "essential" not in container:
        sidecar.set("essential", value=True, origin=ledger.location(path))
    _told_by_name(ledger, path, "sidecars", "its name" if name == container.get("name") else f"called {name}")
    ledger.left((*path, "mountPoints"), "name shared folders under `shared`, and those to write to under `writable`")
    depends = sidecar.compute.get("depends_on", {})
    if main in depends:
        depends[workload.name] = depends.pop(main)
    return sidecar.compute


def _told_by_name(ledger: Ledger, path: PathInTree, target: str, note: str) -> None:
    ledger.derived((*path, "name"), target, note)


def _mounts(
    container: Mapping[str, Any],
    task: Mapping[str, Any],
    ledger: Ledger,
    path: PathInTree,
    workload: SourceWorkload,
) -> None:
    """Carry the folders of the code's container: file systems, and empty folders of the task."""
    volumes = {text(volume.get("name")): volume for _, volume in mappings(task.get("volumes"))}
    for number, mount in mappings(container.get("mountPoints")):
        inside = (*path, "mountPoints", number)
        where, read_only = mount.get("containerPath"), _holds(mount, "readOnly", otherwise=False)
        source = volumes.get(text(mount.get("sourceVolume")), {})
        configuration = source.get("efsVolumeConfiguration")
        if not isinstance(configuration, dict) and _kept_elsewhere(source):
            ledger.left(inside, "what is mounted here is kept outside of the task, and a manifest has no such volume")
            continue
        if not isinstance(configuration, dict):
            workload.compute.setdefault("writable", []).append(where)
            ledger.derived(inside, "compute.writable", "a folder that begins empty and ends with the task")
            continue
        entry = {
            "type": format_data(_DATA).facts["file_system"]["type"],
            "name": configuration.get("fileSystemId"),
            "access": [format_data(_DATA).facts["file_system"]["read" if read_only else "write"]],
        }
        access_point = mapping(configuration.get("authorizationConfig")).get("accessPointId")
        if access_point:
            entry["access_point"] = access_point
        key = workload.add(resource_key(str(mount.get("sourceVolume"))), entry, ledger.location(inside))
        volume: dict[str, Any] = {"file_system": key, "path": where, **({"read_only": True} if read_only else {})}
        workload.compute.setdefault("volumes", []).append(volume)
        ledger.carried(inside, "compute.volumes", f"resources.{key}: mounted with the role of the task")


def _holds(of: Mapping[str, Any], field: str, *, otherwise: bool) -> bool:
    """Return whether a field is true; templates in JSON write that as a text as well."""
    return str(of.get(field, otherwise)).lower() == "true"


def _kept_elsewhere(volume: Mapping[str, Any]) -> bool:
    """Return whether a volume is more than an empty folder of the task."""
    return any(name != "name" and not _is_empty(value) for name, value in volume.items())


def _is_empty(value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value says nothing; a plan holds what AWS decides where nobody says it."""
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    return (
        all(map(_is_empty, value))
        if isinstance(value, list)
        else isinstance(value, HeldValue) or value in ("", None, False)
    )


def _volume(volume: Mapping[str, Any], ledger: Ledger, path: PathInTree) -> None:
    configuration = volume.get("efsVolumeConfiguration")
    if not isinstance(configuration, dict) and _kept_elsewhere(volume):
        ledger.left(path, "a manifest mounts file systems of EFS, and empty folders that end with the task")
        return
    if not isinstance(configuration, dict):
        ledger.derived(path, "", "said where it is mounted")
        return
    ledger.derived(path, "compute.volumes", "said where it is mounted")
    if str(configuration.get("rootDirectory", "/")) != "/":
        ledger.left(
            (*path, "efsVolumeConfiguration", "rootDirectory"), "a manifest mounts the root, or an access point"
        )
    if configuration.get("transitEncryption") != "ENABLED":
        note = "the module always encrypts on the way"
        ledger.derived((*path, "efsVolumeConfiguration", "transitEncryption"), "compute.volumes", note)
