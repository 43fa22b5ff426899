"""Variables of a compose service: those of its files, and those that it says itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue, SourceText
from rolewright.importer.field_table import format_data
from rolewright.importer.formats.compose_hosts import in_variable
from rolewright.importer.formats.compose_merge import pairs
from rolewright.importer.formats.compose_values import Variables, open_secret
from rolewright.importer.shapes import listed, mapping, text
from rolewright.importer.variables import NOT_NAMED, can_be_named, carry_secret, carry_variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.formats.compose_files import Project
    from rolewright.importer.formats.compose_merge import ComposeService
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

PlacedVariable = tuple[str, "Ledger", "PathInTree", Any]
"""A variable: its name, where it stands, and its value."""


def carry_environment(
    service: ComposeService, project: Project, container: SourceWorkload, hosts: Mapping[str, str]
) -> None:
    """Carry the variables: those of files first, which `environment` goes before."""
    found: dict[str, PlacedVariable] = {}
    own = (
        (name, service.ledger, ("environment", step), _value(project.variables, name, value))
        for step, name, value in pairs(service.data.get("environment"))
    )
    for given in (*_of_files(service, project), *own):
        name, ledger, path, _ = given
        if name in found:
            _, weaker, at, _ = found[name]
            weaker.left(at, f"{ledger.location(path)} says it instead")
        found[name] = given
    for given in found.values():
        _carry(container, *given, hosts)


def _of_files(service: ComposeService, project: Project) -> Iterator[PlacedVariable]:
    for number, file in enumerate(listed(service.data.get("env_file"))):
        path: PathInTree = ("env_file", number)
        named = text(file) or text(mapping(file).get("path"))
        there = project.variables_in(Path(service.ledger.file(path)).parent / named)
        if there is None:
            reason = "no such file below the folder of the compose file: write its variables yourself"
            service.ledger.left(path, reason)
            continue
        service.ledger.derived(path, "compute.environment", f"the variables of {there.tree.file}")
        # A value names variables of the lines above it, and of `.env`.
        known = dict(project.variables.files)
        variables = Variables(project.variables.given, known, project.variables.used)
        for name, value in there.tree.data.items():
            yield name, there, (name,), _value(variables, name, value)
            known[name] = value


def _value(variables: Variables, name: str, value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a variable; of one that is named alone that of the shell, None where nobody gave it."""
    return variables.of_shell(name) if value is None else variables.variable(value)


def _carry(
    container: SourceWorkload,
    name: str,
    ledger: Ledger,
    path: PathInTree,
    value: Any,  # noqa: ANN401 - YAML
    hosts: Mapping[str, str],
) -> None:
    facts = format_data("compose").facts
    plain = value.literal if isinstance(value, SourceText) else value
    if any(name.upper().startswith(known) for known in facts["endpoints"]):
        ledger.left(path, "it sends the SDK to a stand-in of AWS, which no task has")
    elif name.upper().endswith("_FILE") and text(plain).startswith("/run/secrets/"):
        ledger.left(path, "ECS gives a secret as a variable, and not as a file: let the code read the variable")
    elif not can_be_named(name):
        ledger.left(path, NOT_NAMED)
    elif open_secret(name, value):
        carry_secret(container, ledger, path, name, None, "secrets")
    elif value is None:
        asked = f"value of {name}, which compose takes from the shell"
        container.set(f"environment.{name}", HeldValue(asked, "text"), ledger.location(path))
        ledger.derived(path, f"compute.environment.{name}", "to be filled in: compose takes it from the shell")
    else:
        carry_variable(container, ledger, path, name, in_variable(name, value, hosts), "environment", injects=True)
