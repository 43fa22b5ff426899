"""The containers of a workload: image, command, variables, secrets, health, volumes and sidecars."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.core.files import UnreadableError, is_file, read_text
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.copilot.application import DATA
from rolewright.importer.copilot.reading import ManifestReading, SecretUse, SidecarLedger
from rolewright.importer.expression import HeldValue, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import mapping, mappings, text
from rolewright.importer.variables import NOT_NAMED, can_be_named, carry_variable, named_secret
from rolewright.importer.workload import SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rolewright.yaml.load import PathInTree

_HEALTH = {"interval": 10, "timeout": 5, "retries": 2, "start_period": 0}
"""Copilot's defaults, which differ from the manifest's (docs: "Load Balanced Web Service", image.healthcheck)."""


def read_container(reading: ManifestReading, folder: Path) -> None:
    """Read the code's own container; `folder` is that of the application's code, in which a file of variables is."""
    data, ledger, workload = reading.data, reading.ledger, reading.workload
    table = format_data(DATA).fields
    carry(table["container"], ledger, (), workload, reading.application.resolved)
    image = mapping(data.get("image"))
    location = _image(reading, image, ("image",), "")
    if location is not None:
        reading.set("image", location, "image")
    if "port" in image:
        reading.set("port", _whole(image["port"]), "image", "port")
        ledger.carried(("image", "port"), "compute.port")
    carry(table["image"], ledger, (), workload, reading.application.resolved)
    _health(reading, workload, image.get("healthcheck"), ("image", "healthcheck"))
    _depends(reading, workload, image.get("depends_on"), ("image", "depends_on"))
    if "read_only" not in workload.compute or data.get("exec"):
        reading.set("read_only", False, "storage" if "storage" in data else "name")  # noqa: FBT003 - a value
    if data.get("exec") is True and reading.shell:
        reading.set("exec", True, "exec")  # noqa: FBT003 - a value
        ledger.derived(("exec",), "compute.exec", "with read_only: false, as a shell writes into the container")
    elif data.get("exec") is True:
        ledger.left(("exec",), "an environment has no shell, and what the role may do is the same in all of them")
    elif data.get("exec") is False:
        ledger.carried(("exec",), "", "which is what happens without it")
    _variables(reading, workload, data, (), "", folder)
    _platform(reading, data.get("platform"))
    _sidecars(reading, folder)
    _volumes(reading)


def _whole(value: Any) -> Any:  # noqa: ANN401 - YAML
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value


def _image(reading: ManifestReading, image: Mapping[str, Any], path: PathInTree, container: str) -> Any:  # noqa: ANN401
    """Read where an image comes from. Return it, or None where nothing is said."""
    name = reading.name
    location: Any = None
    if "location" in image:
        location = reading.application.resolved(text(image["location"]))
        reading.ledger.carried((*path, "location"), "compute.image")
    elif "build" in image:
        application = reading.application.name or "application"
        build = image["build"]
        built = text(build) or text(mapping(build).get("dockerfile")) or "its Dockerfile"
        tag = f", tag {container}-TAG" if container else ""
        repository = f"{reading.application.name or 'APP'}/{name}"
        location = HeldValue(
            f"image that Copilot builds from {built}: ACCOUNT.dkr.ecr.REGION.amazonaws.com/{repository}"
            f"{tag}, in ContainerImage of stack {reading.application.stack(name)}",
            f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{resource_key(application)}/{resource_key(name)}:latest",
        )
        note = "nothing is built by the module: it takes an image that is in a repository"
        reading.ledger.derived((*path, "build"), "compute.image", note)
    return location


def _health(reading: ManifestReading, into: SourceWorkload, value: Any, path: PathInTree) -> None:  # noqa: ANN401 - YAML
    health = mapping(value)
    if not health:
        return
    usual = ["CMD-SHELL", "curl -f http://localhost/ || exit 1"]
    given = reading.application.resolved({"command": usual, **_HEALTH, **health})
    found: dict[str, Any] = {}
    for name in ("command", *_HEALTH):
        try:
            found[name] = CONVERSIONS["words" if name == "command" else "seconds"](given[name])
        except NotCarriedError as error:
            reading.ledger.left((*path, name), str(error))
            return
    if found["command"][:1] not in (["CMD"], ["CMD-SHELL"], ["NONE"]):  # ECS takes no command without one of these
        words = isinstance(given["command"], list)
        found["command"] = ["CMD", *found["command"]] if words else ["CMD-SHELL", given["command"]]
    into.set("health_check", found, reading.ledger.location(path))
    reading.ledger.derived(path, "compute.health_check", "with Copilot's defaults, which are not the manifest's")


def _depends(reading: ManifestReading, into: SourceWorkload, value: Any, path: PathInTree) -> None:  # noqa: ANN401 - YAML
    for name, condition in mapping(value).items():
        own = name == reading.data.get("name")
        other = reading.workload.name if own else resource_key(str(name))
        into.set(f"depends_on.{other}", str(condition).upper(), reading.ledger.location((*path, name)))
        reading.ledger.derived((*path, name), f"compute.depends_on.{other}", "in capitals, as ECS has it")


def _variables(
    reading: ManifestReading,
    into: SourceWorkload,
    data: Mapping[str, Any],
    path: PathInTree,
    container: str,
    folder: Path,
) -> None:
    """Read variables, files of variables, and secrets, whose resources are made when all environments are read."""
    ledger, application = reading.ledger, reading.application
    for variable, line in _of_file(reading, data.get("env_file"), (*path, "env_file"), folder):
        carry_variable(into, ledger, (*path, "env_file"), variable, line, "environment", injects=True)
    for name, given in mapping(data.get("variables")).items():
        place = (*path, "variables", name)
        if not can_be_named(str(name)):
            ledger.left(place, NOT_NAMED)
            continue
        exported = shown(application.resolved(text(mapping(given).get("from_cfn"))))
        if exported:
            asked = f"value of CloudFormation's export {exported}, which {name} has"
            value: Any = SourceText.of(UnknownPart(asked))
        else:
            value = application.resolved(reading.written(given, *place))
        if isinstance(value, dict | list):
            ledger.left(place, "a variable is a text, a number or true or false")
            continue
        carry_variable(into, ledger, place, str(name), value, "environment", injects=True)
    for name, given in mapping(data.get("secrets")).items():
        place = (*path, "secrets", name)
        entry, part = _secret(reading, given)
        reading.secrets[container, str(name)] = SecretUse(entry, part, place, ledger)


def _of_file(reading: ManifestReading, value: Any, path: PathInTree, folder: Path) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield the variables of a file, each line NAME=VALUE."""
    name = reading.here(text(value))
    if name is None:
        note = "the variables of each environment's file, in the manifest itself"
        reading.ledger.derived(path, "compute.environment", note)
        return
    if not name:
        return
    file = folder / name
    if not is_file(file):
        reading.ledger.left(path, f"{file} is not there: write its variables under `environment`")
        return
    try:
        lines = read_text(file).splitlines()
    except UnreadableError as error:
        reading.ledger.left(path, f"{file} {error}")
        return
    found = dict(_assigned(reading, lines, path))
    note = "its variables, in the manifest itself"
    quoted = [name for name, value in found.items() if value[:1] in ("'", '"')]
    if quoted:
        note += f"; ECS takes quotes for a part of the value, so that {', '.join(quoted)} keeps them"
    reading.ledger.derived(path, "compute.environment", note)
    yield from found.items()


def _assigned(reading: ManifestReading, lines: Sequence[str], path: PathInTree) -> Iterator[tuple[str, str]]:
    """Yield what the lines of a file assign, as ECS takes it: all after `=` is the value (AWS: "taskdef-envfiles")."""
    for number, line in enumerate(lines, 1):
        name, equals, value = line.lstrip().removeprefix("export ").partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals:
            reading.ledger.left(path, f"its line {number} has no `=`")
        elif can_be_named(name):
            yield name, value
        else:
            reading.ledger.left(path, f"{name} in its line {number}: {NOT_NAMED}")


def _secret(reading: ManifestReading, given: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - YAML
    """Return the resource of a secret and what stands behind its key (docs: "Secrets")."""
    types = format_data(DATA).facts["resources"]
    exported = shown(reading.application.resolved(text(mapping(given).get("from_cfn"))))
    if exported or not (text(given) or text(mapping(given).get("secretsmanager"))):
        asked = f"name of the parameter in CloudFormation's export {exported}; for a secret, change the type as well"
        return {"type": types["parameter"], "name": SourceText.of(UnknownPart(asked))}, ""
    inside = text(mapping(given).get("secretsmanager")).strip("'\"")
    entry, part = named_secret(inside or text(given).strip("'\""))
    if inside and not inside.startswith("arn:"):
        name, colon, rest = inside.partition(":")
        entry, part = {"type": types["secret"], "name": name}, (colon + rest).rstrip(":")
    return {field: reading.application.resolved(value) for field, value in entry.items()}, part


def _platform(reading: ManifestReading, value: Any) -> None:  # noqa: ANN401 - YAML
    if value is None:
        return
    described = mapping(value)
    if described:
        value = f"{described.get('osfamily', 'linux')}/{described.get('architecture', 'x86_64')}"
    known = format_data(DATA).facts["platforms"]
    if str(value).lower() not in known:
        reading.ledger.left(("platform",), f"rolewright runs Linux on {', '.join(known)} alone")
        return
    reading.set("architecture", known[str(value).lower()], "platform")
    reading.ledger.derived(("platform",), "compute.architecture", "in ECS's words")


def _sidecars(reading: ManifestReading, folder: Path) -> None:
    made: list[dict[str, Any]] = []
    for name, given in mapping(reading.data.get("sidecars")).items():
        path = ("sidecars", name)
        sidecar = mapping(given)
        key = resource_key(str(name))
        inner = replace(reading, ledger=SidecarLedger(reading.ledger))
        into = SourceWorkload(key, reading.workload.type, {"name": key}, reading.workload.resources)
        image = sidecar.get("image")
        place: PathInTree = (*path, "image")
        if isinstance(image, dict):
            location = _image(inner, image, place, str(name))
            _depends(inner, into, image.get("depends_on"), (*place, "depends_on"))
        else:
            location = reading.application.resolved(text(image))
            inner.ledger.carried(place, "compute.image")
        if location:
            into.compute["image"] = location
        into.compute |= {"essential": True, "read_only": False}
        carry(format_data(DATA).fields["sidecar"], inner.ledger, path, into, reading.application.resolved)
        _port(inner, into, sidecar.get("port"), (*path, "port"))
        _health(inner, into, sidecar.get("healthcheck"), (*path, "healthcheck"))
        _depends(inner, into, sidecar.get("depends_on"), (*path, "depends_on"))
        _variables(inner, into, sidecar, path, key, folder)
        made.append(into.compute)
        if key != name:
            reading.ledger.derived(path, "compute.sidecars", f"called {key}")
    if made:
        reading.set("sidecars", made, "sidecars")


def _port(reading: ManifestReading, into: SourceWorkload, value: Any, path: PathInTree) -> None:  # noqa: ANN401 - YAML
    if value is None:
        return
    found = re.fullmatch(r"([0-9]{1,5})(?:/tcp)?", str(value))
    if found is None:
        reading.ledger.left(path, "a manifest has ports of TCP alone")
        return
    into.set("ports", [int(found[1])], reading.ledger.location(path))
    reading.ledger.carried(path, "compute.ports")


def _volumes(reading: ManifestReading) -> None:
    """Read the volumes: folders of the task, which sidecars may share, and file systems."""
    volumes = mapping(mapping(reading.data.get("storage")).get("volumes"))
    sidecars = {sidecar["name"]: sidecar for sidecar in reading.workload.compute.get("sidecars", [])}
    shared: dict[str, list[tuple[str, PathInTree, Any]]] = {}
    for name, sidecar in mapping(reading.data.get("sidecars")).items():
        for number, mount in mappings(mapping(sidecar).get("mount_points")):
            place: PathInTree = ("sidecars", name, "mount_points", number)
            shared.setdefault(text(mount.get("source_volume")), []).append((str(name), place, mount.get("path")))
    for name, given in volumes.items():
        path = ("storage", "volumes", name)
        volume = mapping(given)
        where = volume.get("path")
        if volume.get("efs"):
            _file_system(reading, str(name), volume, path)
            for _, place, _ in shared.pop(str(name), ()):
                reading.ledger.left(place, "a manifest mounts file systems into the code's container alone")
            continue
        mounts = shared.pop(str(name), [])
        reading.ledger.derived(path, "compute.shared" if mounts else "compute.writable", "a folder of the task")
        if mounts:
            key = resource_key(str(name))
            if where:
                reading.workload.compute.setdefault("shared", {})[key] = where
            for container, place, inside in mounts:
                sidecars[resource_key(container)].setdefault("shared", {})[key] = inside
                reading.ledger.derived(place, "compute.sidecars.shared", f"called {key}; each may write to it")
        elif where:
            reading.workload.compute.setdefault("writable", []).append(where)
    for mounts in shared.values():
        for _, place, _ in mounts:
            reading.ledger.left(place, "storage.volumes has no such volume")


def _file_system(reading: ManifestReading, name: str, volume: Mapping[str, Any], path: PathInTree) -> None:
    """Read a volume on EFS: `efs` is true for one that Copilot made, or says which."""
    types = format_data(DATA).facts["resources"]
    efs = volume["efs"]
    described = mapping(efs)
    read_only = volume.get("read_only", True) is not False
    managed = efs is True or "uid" in described
    environment = reading.application.stack("", reading.environment.name if reading.environment else "")
    made = f"id of the file system that Copilot made: FilesystemID of stack {environment}"
    identity = described.get("id") or (efs if isinstance(efs, str) else None)
    if managed or not text(identity):
        identity = SourceText.of(UnknownPart(made if managed else f"id of the file system {name}", "fs-{:017x}"))
    access = types["read" if read_only else "write"]
    entry = {"type": types["file_system"], "name": reading.application.resolved(identity), "access": [access]}
    point = mapping(described.get("auth")).get("access_point_id")
    if managed:
        point = SourceText.of(UnknownPart(f"access point of stack {reading.stack}", "fsap-{:017x}"))
    if point:
        entry["access_point"] = reading.application.resolved(point)
    key = reading.workload.add(resource_key(name), entry, reading.ledger.location(path))
    if managed and read_only:
        reading.beside[key] = {**entry, "access": [types["write"]]}
    mounted = {"file_system": key, "path": volume.get("path"), **({"read_only": True} if read_only else {})}
    reading.workload.compute.setdefault("volumes", []).append(mounted)
    reading.ledger.derived(path, f"resources.{key}", "mounted with the role of the task, encrypted on the way")
    if str(described.get("root_dir", "/")) != "/":
        reading.ledger.left((*path, "efs", "root_dir"), "a manifest mounts the root, or an access point")
