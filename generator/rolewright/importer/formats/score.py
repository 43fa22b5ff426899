"""Score: what a workload runs and needs, without a word of what it may do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.expression import HeldValue, OfResource, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.ledger import Ledger
from rolewright.importer.names import resource_key, workload_name
from rolewright.importer.shapes import at, mapping, text
from rolewright.importer.variables import carry_secret, carry_variable
from rolewright.importer.workload import ImportSource, SourceResource, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rolewright.importer.given import ImportAids
    from rolewright.yaml.load import PathInTree, Tree

NAME = "a Score file"
_DATA = "score"
_REFERENCE = re.compile(r"\$\$|\$\{([^{}]{1,300})\}")


def recognises(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is a workload of Score."""
    return text(mapping(data).get("apiVersion")).startswith("score.dev/") and isinstance(data.get("containers"), dict)


def read(_file: Path, tree: Tree, _given: ImportAids) -> ImportSource:
    """Read a workload: its first container is the code, the others are its sidecars."""
    ledger = Ledger(tree)
    data = tree.data
    fields = format_data(_DATA)
    name = text(mapping(data.get("metadata")).get("name"), "service")
    workload = SourceWorkload(workload_name(name), fields.facts["type"])
    ledger.derived(("metadata", "name"), "workload", f"called {workload.name}")
    carry(fields.fields["file"], ledger, (), workload)
    described = _resources(data, ledger, workload)
    sidecars = []
    for number, (key, given) in enumerate(data["containers"].items()):
        path: PathInTree = ("containers", str(key))
        container = workload
        if number:
            start = {"name": resource_key(str(key))}
            container = SourceWorkload(start["name"], workload.type, {**start, "essential": True}, workload.resources)
            container.at_least = workload.at_least
            sidecars.append(container.compute)
        _container(mapping(given), ledger, path, container, data)
    if sidecars:
        workload.compute["sidecars"] = sidecars
    _ports(data, ledger, workload)
    return ImportSource(NAME, (tree.file,), (workload,), tuple(ledger.outcomes()), described)


def _container(
    given: Mapping[str, Any], ledger: Ledger, path: PathInTree, container: SourceWorkload, data: Mapping[str, Any]
) -> None:
    def resolved(value: Any) -> Any:  # noqa: ANN401 - YAML
        if isinstance(value, list):
            return [resolved(inner) for inner in value]
        return _resolved(value, data) if isinstance(value, str) else value

    if not isinstance(given, dict) or not given:
        return
    container.set("read_only", value=False, origin=ledger.location(path))
    if given.get("image") == ".":
        ledger.left((*path, "image"), "the image is built elsewhere: push it to ECR, and name it as `image`")
        if "name" in container.compute:
            container.set("image", HeldValue("image of the container", None), ledger.location(path))
    carry(
        format_data(_DATA).fields["container"],
        ledger,
        path,
        container,
        resolved,
        data={name: value for name, value in given.items() if (name, value) != ("image", ".")},
    )
    _size(given, ledger, path, container)
    for name, value in mapping(given.get("variables")).items():
        inside = (*path, "variables", name)
        plain = resolved(value)
        if _names_secret(plain):
            carry_secret(container, ledger, inside, str(name), None, "secrets")
        else:
            carry_variable(container, ledger, inside, str(name), plain, "environment", injects=True)


def _size(given: Mapping[str, Any], ledger: Ledger, path: PathInTree, container: SourceWorkload) -> None:
    """Add to what the task asks for at least: the limit, or what is requested where there is none."""
    for name, conversion in (("cpu", "cpus"), ("memory", "bytes")):
        taken = False
        for kind in ("limits", "requests"):
            inside = (*path, "resources", kind, name)
            value = at(given, ("resources", kind, name))
            if value is None:
                continue
            if taken:
                ledger.left(inside, "the limit counts")
                continue
            try:
                number = CONVERSIONS[conversion](value)
            except NotCarriedError as error:
                ledger.left(inside, str(error))
                continue
            taken = True
            container.at_least[name] = container.at_least.get(name, 0) + number
            ledger.derived(inside, f"compute.{name}", "rounded up to the next size of a task, sidecars included")


def _ports(data: Mapping[str, Any], ledger: Ledger, workload: SourceWorkload) -> None:
    found: list[int] = []
    for name, port in mapping(mapping(data.get("service")).get("ports")).items():
        path = ("service", "ports", name)
        number = text(mapping(port).get("targetPort", mapping(port).get("port")))
        if re.fullmatch(r"[0-9]{1,5}", number) and text(mapping(port).get("protocol"), "TCP") == "TCP":
            found += [int(number)] if int(number) not in found else []
            ledger.derived(path, "compute.port", "the container's port; the load balancer has ports of its own")
        else:
            ledger.left(path, "a manifest has single ports of TCP")
    if found:
        key, value = ("port", found[0]) if len(found) == 1 else ("ports", found)
        workload.set(key, value, ledger.location(("service",)))


def _resources(data: Mapping[str, Any], ledger: Ledger, workload: SourceWorkload) -> dict[str, SourceResource]:
    """Enter the resources that a manifest has a type for; what code may do with them is for a person to say."""
    described: dict[str, SourceResource] = {}
    facts = format_data(_DATA).facts
    for name, given in mapping(data.get("resources")).items():
        path = ("resources", name)
        type_ = text(mapping(given).get("type"))
        fact = facts["resources"].get(type_)
        if fact is None:
            place = facts["elsewhere"].get(type_)
            ledger.left(path, f"in AWS: {place}" if place else f"rolewright does not know the type {type_} of Score")
            continue
        held = SourceText.of(UnknownPart(f"name of {name} in AWS, which Score does not say"))
        access = HeldValue("list of what the code does with it: Score says nothing of permissions", fact["sample"])
        entry = {"type": fact["type"], "name": held, "access": access}
        location = ledger.location(path)
        workload.resources[resource_key(str(name))] = entry
        workload.origins["resources", resource_key(str(name))] = location
        described[str(name)] = SourceResource(fact["type"], {"name": held})
        ledger.derived(
            (*path, "type"), f"resources.{resource_key(str(name))}", "its name and access are to be filled in"
        )
        for part in mapping(given):
            if part != "type":
                ledger.left((*path, part), "it is for the platform that makes the resource")
    return described


def _resolved(value: str, data: Mapping[str, Any]) -> SourceText | str:
    parts: list[Any] = []
    position = 0
    for found in _REFERENCE.finditer(value):
        parts += [value[position : found.start()], _referenced(found[1], data) if found[1] else "$"]
        position = found.end()
    joined = SourceText.of(*parts, value[position:])
    return joined if joined.literal is None else joined.literal


def _referenced(reference: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a part of a text
    steps = reference.split(".")
    if steps[0] == "metadata":
        return text(at(data, steps)) or UnknownPart(f"value of {reference}")
    resource = mapping(at(data, steps[:2]))
    fact = format_data(_DATA).facts["resources"].get(text(resource.get("type")), {})
    attribute = fact.get("outputs", {}).get(".".join(steps[2:]))
    asked = f"value of {reference}, which the platform of Score puts in"
    if len(steps) > 2 and attribute:
        known = SourceText.of(UnknownPart(f"name of {steps[1]} in AWS, which Score does not say"))
        return OfResource(steps[1], attribute, known if attribute == "name" else None, asked)
    return UnknownPart(asked)


def _names_secret(value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value takes a password and the like from a resource."""
    words = format_data(_DATA).facts["secrets"]
    return isinstance(value, SourceText) and any(
        isinstance(part, UnknownPart) and re.split(r"[. ,]", part.asked.partition(",")[0])[-1] in words
        for part in value.parts
    )
