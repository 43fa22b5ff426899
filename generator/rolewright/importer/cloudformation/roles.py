"""What the roles of a template may do: their own policies, those that name them, and managed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.described import arn_form
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.template import facts
from rolewright.importer.expression import OfResource, PlaceName, SourceText, UnknownPart
from rolewright.importer.shapes import listed, mapping, several, text
from rolewright.importer.workload import OldPolicy, OldRole
from rolewright.prove.arn_formats import is_idle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.importer.cloudformation.template import StackTemplate

_WHOLE = {"Version", "Id", "Statement"}


@dataclass(frozen=True)
class TemplateRole:
    """A role: what it may do, its permissions boundary, and the logical name that it has in the template, or ""."""

    old: OldRole
    boundary: Any = None
    logical: str = ""


def role_of(template: StackTemplate, raw: Any, role: str) -> TemplateRole:  # noqa: ANN401 - YAML
    """Return the role that a property names, as the one that `role` of the module takes the place of."""
    value = template.value(raw)
    match value:
        case SourceText((OfResource(logical=logical),)) if logical in template.resources:
            return template_role(template, logical, role)
        case str():
            return TemplateRole(template.aids.role(value.rpartition("/")[2], role))
        case SourceText(parts) if isinstance(parts[-1], str) and "/" in parts[-1]:
            return TemplateRole(template.aids.role(parts[-1].rpartition("/")[2], role))
        case _:
            return TemplateRole(OldRole(role, (), (f"the role is not in the template: {shown(value)}",)))


def template_role(template: StackTemplate, logical: str, role: str) -> TemplateRole:
    """Return a role that the template makes, by its logical name."""
    properties = template.properties(logical)
    inline = policies_in(template, properties.get("Policies"), f"role {logical}")
    attached = managed_in(template, properties.get("ManagedPolicyArns"), f"role {logical}")
    old = old_role(role, [*inline, *attached, *attached_policies(template, logical)])
    return TemplateRole(old, template.value(properties.get("PermissionsBoundary")), logical)


def attached_policies(template: StackTemplate, logical: str) -> list[OldPolicy | str]:
    """Return what the policies of the template that name a role allow, by the role's logical name."""
    named: list[OldPolicy | str] = []
    for other, resource in template.of_type("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
        values = mapping(template.value(mapping(resource.get("Properties"))))
        given = [values[name] for name in ("Roles", "RoleName") if values.get(name) is not None]
        roles = [role for value in given for role in several(value)]
        if any(_is(template, value, logical) for value in roles):
            named += resource_document(template, other, f"policy {other}")
        elif any(_is_open(value) for value in roles):
            named.append(f"policy {other} is not compared: which role has it is not known")
    return named


def _is_open(value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value names a role that only the deployment knows: no text, and no resource of the template."""
    if isinstance(value, SourceText):
        return value.literal is None and not any(isinstance(part, OfResource) for part in value.parts)
    return not isinstance(value, str)


def old_role(role: str, found: Iterable[OldPolicy | str]) -> OldRole:
    """Return a role of policies, and of words on those that could not be read."""
    parts = list(found)
    return OldRole(
        role,
        tuple(part for part in parts if isinstance(part, OldPolicy)),
        tuple(dict.fromkeys(part for part in parts if isinstance(part, str))),
    )


def policies_in(template: StackTemplate, raw: Any, origin: str) -> Iterator[OldPolicy | str]:  # noqa: ANN401 - YAML
    """Yield the inline policies of a role: entries with a name and a document."""
    value = template.value(raw)
    for number, policy in enumerate(listed(value), 1):
        if isinstance(policy, dict):
            name = shown(policy.get("PolicyName", number))
            yield from document_in(template, policy.get("PolicyDocument"), f"{origin}, policy {name}")
        else:
            yield f"{origin}, policy {number} is not known: {shown(policy)}"
    if raw is not None and not isinstance(value, list):
        yield f"{origin}: its policies are not known: {shown(value)}"


def document_in(template: StackTemplate, raw: Any, origin: str) -> Iterator[OldPolicy | str]:  # noqa: ANN401 - YAML
    """Yield the statements of a policy that can be read, and words for each of the others."""
    document = template.value(raw)
    if not isinstance(document, dict) or not set(map(str, document)) <= _WHOLE:
        yield f"{origin} is not known: {shown(document)}"
        return
    given = document.get("Statement")
    for number, statement in enumerate(several(given), 1):
        reason = _unreadable(statement)
        if reason:
            yield f"{origin}, statement {number}: {reason}"
        else:
            named = {"Sid": f"statement {number}", **_placed(statement)}
            yield OldPolicy({"Version": "2012-10-17", "Statement": [named]}, origin)


def resource_document(template: StackTemplate, logical: str, origin: str) -> Iterator[OldPolicy | str]:
    """Yield what a policy of the template allows, by its logical name; what a condition takes out allows nothing."""
    there = template.exists(logical)
    if there is None:
        condition = text(template.resources[logical].get("Condition"))
        yield f"{origin} is there only if {condition}: give the parameters that decide it with --parameter"
    elif there:
        yield from document_in(template, template.properties(logical).get("PolicyDocument"), origin)


def _unreadable(statement: Any) -> str:  # noqa: ANN401 - YAML
    """Return why a statement cannot be judged, or ""."""
    if not isinstance(statement, dict):
        return f"not known: {shown(statement)}"
    for field in ("Effect", "Action", "NotAction"):
        for value in _each(statement.get(field, ())):
            if not isinstance(value, str):
                return f"{field} is not known: {shown(value)}"
    if not isinstance(statement.get("Condition", {}), dict):
        return f"its condition is not known: {shown(statement['Condition'])}"
    for value in _each(_placed(statement).get("Resource", ())):
        if not isinstance(value, str) and not (isinstance(value, SourceText) and _is_arn(value)):
            return f"the ARN of a resource is not known: {shown(value)}"
    return ""


def _is_arn(value: SourceText) -> bool:
    first = value.parts[0]
    if isinstance(first, str):
        return first.startswith("arn:") or "*" in first
    return isinstance(first, OfResource)


def _placed(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a statement in which a resource whose whole ARN is not known has the form of one, if that is clear."""
    actions = [text(action).lower() for action in _each(statement.get("Action", ()))]
    services = {action.partition(":")[0] for action in actions}
    service = next(iter(services), "")
    unclear = service in facts()["many_kinds"] and any("*" in action or "?" in action for action in actions)
    type_ = facts()["arns"].get(service) if len(services) == 1 and not unclear else None
    if type_ is None or "Resource" not in statement:
        return statement
    resources = [_with_arn(value, type_, actions) for value in _each(statement["Resource"])]
    return {**statement, "Resource": resources}


def _with_arn(value: Any, type_: str, actions: list[str]) -> Any:  # noqa: ANN401 - YAML
    """Return an ARN of a type in the place of one that is not known, if each of the actions is for such.

    The ARN may be that of what is in the resource, such as the objects of a bucket.
    """
    match value:
        case SourceText((UnknownPart(asked, form), *rest)):
            name = UnknownPart(f"the name in the ARN that is {asked}", form)
            for end in [""] if rest else ["", "/*"]:
                found = SourceText.of(arn_form(type_, "arn", SourceText((name,))), *rest, end)
                sample = "".join(part if isinstance(part, str) else "x" for part in found.parts)
                if not any(is_idle(action, sample) for action in actions):
                    return found
            return value
        case _:
            return value


def _each(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return list(value) if isinstance(value, list | tuple) else [value]


def managed_in(template: StackTemplate, raw: Any, origin: str) -> Iterator[OldPolicy | str]:  # noqa: ANN401 - YAML
    """Yield the managed policies of a list: AWS's, the account's, and those of the template."""
    value = template.value(raw)
    for policy in listed(value):
        yield from managed_policy(template, policy, origin)
    if raw is not None and not isinstance(value, list):
        yield f"{origin}: its managed policies are not known: {shown(value)}"


def managed_policy(template: StackTemplate, policy: Any, origin: str) -> Iterator[OldPolicy | str]:  # noqa: ANN401 - YAML
    """Yield what a managed policy allows, by a value that names it."""
    match policy:
        case SourceText((OfResource(logical=logical),)) if logical in template.resources:
            yield from resource_document(template, logical, f"{origin}, policy {logical}")
        case str():
            yield template.aids.managed(policy, origin)
        case SourceText(("arn:", PlaceName("partition"), str() as rest)):
            yield template.aids.managed(f"arn:aws{rest}", origin)
        case _:
            yield f"{origin}: a managed policy is not known: {shown(policy)}"


def _is(template: StackTemplate, value: Any, logical: str) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value names a role of the template."""
    name = template.value(template.properties(logical).get("RoleName"))
    return bool(value == template.reference(logical) or (value is not None and value == name))
