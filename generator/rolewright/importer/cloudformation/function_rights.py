"""What the role of a function may do: its own role, or the policies, templates and connectors of SAM."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.described import resource_name, types
from rolewright.importer.cloudformation.function_fields import DATA, policies
from rolewright.importer.cloudformation.functions import joined, shown
from rolewright.importer.cloudformation.roles import document_in, managed_policy
from rolewright.importer.expression import OfResource, PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.shapes import listed, mapping, several, text
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.workload import OldPolicy

_SUBSTITUTED = re.compile(r"\$\{([A-Za-z_]{1,60})\}")
_PLACES = {"partition", "region", "account"}


@cache
def table(name: str) -> Mapping[str, Any]:
    """Return a table of SAM, by the name of its file."""
    found: Mapping[str, Any] = load(Path(__file__).with_name(f"{name}.yaml")).trees[0].data
    return found


def sam_policies(template: StackTemplate, properties: Mapping[str, Any], origin: str) -> Iterator[OldPolicy | str]:
    """Yield what `Policies` of a function allow: documents, statements, managed policies and policy templates."""
    for policy in policies(properties.get("Policies")):
        name = next(iter(policy)) if isinstance(policy, dict) and len(policy) == 1 else ""
        if name in table("policy_templates"):
            yield from _of_template(template, str(name), mapping(policy[name]), origin)
        elif isinstance(policy, dict) and "Statement" in policy:
            yield from document_in(template, policy, f"{origin}, own policy")
        elif isinstance(policy, str | SourceText):
            yield from managed_policy(template, policy, origin)
        else:
            yield f"{origin}: a policy is not known: {name or shown(policy)}"


def _of_template(
    template: StackTemplate, name: str, given: Mapping[str, Any], origin: str
) -> Iterator[OldPolicy | str]:
    values = {str(parameter): value for parameter, value in given.items()}
    statements = [_statement(raw, values) for raw in table("policy_templates")[name]]
    yield from document_in(template, {"Statement": statements}, f"{origin}, {name}")


def _statement(raw: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": list(raw["actions"]),
        "Resource": [_filled(resource, values) for resource in raw["resources"]],
    }
    if "conditions" in raw:
        statement["Condition"] = {
            operator: {key: [_filled(value, values) for value in wanted] for key, wanted in keys.items()}
            for operator, keys in raw["conditions"].items()
        }
    return statement


def _filled(pattern: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a text, or parts of one
    parts: list[Any] = []
    end = 0
    for found in _SUBSTITUTED.finditer(pattern):
        parts += [pattern[end : found.start()], _part(found[1], values)]
        end = found.end()
    return joined([*parts, pattern[end:]])


def _part(name: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a text, or parts of one
    if name in _PLACES:
        return SourceText((PlaceName(name),))  # type: ignore[arg-type]
    value = values.get(name)
    if isinstance(value, SourceText | str | int) and value != "":
        return value
    return SourceText((UnknownPart(f"{name} of a policy template"),))


def sam_added(template: StackTemplate, properties: Mapping[str, Any], origin: str) -> Iterator[OldPolicy | str]:
    """Yield AWS's policies that SAM attaches beside: for the log, the network, traces and events."""
    attached = format_data(DATA).facts["attached"]
    names = list(attached["always"])
    if properties.get("VpcConfig"):
        names += attached["VpcConfig"]
    if text(properties.get("Tracing")) == "Active":
        names += attached["Tracing"]
    for event in mapping(properties.get("Events")).values():
        name = attached["events"].get(text(mapping(event).get("Type")))
        names += [name] if name else []
    for name in dict.fromkeys(names):
        yield from managed_policy(template, f"arn:aws:iam::aws:policy/{name}", origin)


def connected(template: StackTemplate, logical: str) -> Iterator[OldPolicy | str]:
    """Yield what the connectors of a template give the role of a function."""
    for name, source, destination, permissions in _connectors(template):
        for end, own, other in (("destinations", source, destination), ("sources", destination, source)):
            if own != logical or other not in template.resources:
                continue
            type_ = _plain_type(template, other)
            profiles = table("connectors")[end].get(type_)
            for category in permissions:
                statements = mapping(profiles).get(category)
                if statements is None and end == "destinations":
                    yield f"connector {name}: what {category} on {other} ({type_}) allows is not known"
                elif statements is not None:
                    values = _identity(template, other)
                    document = {"Statement": [_statement(raw, values) for raw in statements]}
                    yield from document_in(template, document, f"connector {name}")


def _identity(template: StackTemplate, logical: str) -> dict[str, Any]:
    known = types().get(text(template.resources[logical].get("Type")), {})
    arn = next((name for name, value in known.get("attributes", {}).items() if value == "arn"), "Arn")
    named = resource_name(template, logical) if known else template.reference(logical)
    return {"arn": template.reference(logical, arn), "name": named}


def _plain_type(template: StackTemplate, logical: str) -> str:
    """Return the type of a resource, in CloudFormation's own words for those of SAM."""
    type_ = text(template.resources[logical].get("Type"))
    ours = types().get(type_, {}).get("type")
    return next((name for name, known in types().items() if ours and known.get("type") == ours), type_)


def _connectors(template: StackTemplate) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield each connector: its name, the logical names of its source and of a destination, and its permissions."""
    for name, resource in template.of_type("AWS::Serverless::Connector"):
        properties = mapping(template.value(mapping(resource.get("Properties"))))
        source = _id(properties.get("Source"))
        yield from _connections(name, source, properties)
    for logical, resource in template.resources.items():
        for name, connector in mapping(resource.get("Connectors")).items():
            properties = mapping(template.value(mapping(mapping(connector).get("Properties"))))
            own = mapping(properties.get("SourceReference"))
            yield from _connections(f"{logical}.{name}", logical if not own.get("Id") else _id(own), properties)


def _connections(name: str, source: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str, str, list[str]]]:
    given = properties.get("Destination")
    for destination in several(given):
        yield name, source, _id(destination), [text(each) for each in listed(properties.get("Permissions"))]


def _id(value: Any) -> str:  # noqa: ANN401 - YAML
    """Return the logical name of one end of a connector."""
    match mapping(value):
        case {"Id": str() as logical}:
            return logical
        case {"Arn": SourceText((OfResource(logical=logical),))}:
            return logical
        case _:
            return ""
