"""Secrets of compose files: files for a container there, variables of ECS here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue, SourceText
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.importer.variables import NOT_NAMED, can_be_named, named_secret, secret_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.importer.formats.compose_files import Project
    from rolewright.importer.formats.compose_merge import ComposeService
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

_FILES = "compose gives it as the file /run/secrets/{0}, and ECS as the variable {1}: let the code read that"


def carry_secrets(service: ComposeService, project: Project, container: SourceWorkload) -> None:
    """Carry the secrets that a service names, and say where each one is in AWS, or that it has to be made."""
    for number, name in secrets_of(service):
        path = ("secrets", number)
        given = service.data["secrets"][number]
        target = text(mapping(given).get("target"), name).rpartition("/")[2]
        ledger, described = described_secret(project, name)
        in_aws = mapping(described.get("x-secrets"))
        location = service.ledger.location(path)
        in_store = project.variables.resolved(in_aws.get("Name"))
        if isinstance(in_store, str) and in_store:
            entry, _ = named_secret(in_store)
            entry = {**entry, "type": secret_types()["secret"]}
        elif isinstance(in_store, SourceText):
            entry = {"type": secret_types()["secret"], "name": in_store}
        else:
            asked = f"name of the secret in Secrets Manager that you make for {name} ({location})"
            entry = {"type": secret_types()["secret"], "name": HeldValue(asked, name)}
        key = container.add(resource_key(name), entry, location)
        variables = []
        for steps, variable, part in _variables(in_aws, target):
            if can_be_named(variable):
                container.set(f"secrets.{variable}", key + part, location)
                variables.append(variable)
            elif ledger is not None:
                ledger.left(("secrets", name, "x-secrets", *steps), NOT_NAMED)
        listed_names = " and ".join(variables)
        note = f"resources.{key}" if in_aws else _FILES.format(target, listed_names)
        service.ledger.derived(path, f"compute.secrets.{listed_names}", note)
        if ledger is not None:
            ledger.derived(("secrets", name), f"resources.{key}", "its value is read by nobody here")


def secrets_of(service: ComposeService) -> Iterator[tuple[int, str]]:
    """Yield the names of the secrets that a service has, each with its number."""
    for number, given in enumerate(listed(service.data.get("secrets"))):
        name = text(given) or text(mapping(given).get("source"))
        if name:
            yield number, name


def described_secret(project: Project, name: str) -> tuple[Ledger | None, dict[str, Any]]:
    """Return what the strongest file says of a secret, with its account; None where no file describes it."""
    for ledger in reversed(project.own()):
        found = mapping(ledger.tree.data.get("secrets"))
        if name in found:
            return ledger, mapping(found[name])
    return None, {}


def _variables(in_aws: dict[str, Any], target: str) -> Iterator[tuple[PathInTree, str, str]]:
    """Yield the variables of a secret, each with the steps that lead to it and what stands behind the secret's key."""
    parts = [(number, part) for number, part in mappings(in_aws.get("JsonKeys")) if text(part.get("SecretKey"))]
    for number, part in parts:
        secret = text(part["SecretKey"])
        yield ("JsonKeys", number), text(part.get("VarName"), secret), f":{secret}"
    if not parts:
        name = resource_key(target).replace("-", "_").upper()
        yield ("VarName",), text(in_aws.get("VarName"), name), ""
