"""A function of a template, SAM's or CloudFormation's own, as a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.events import carry_event, carry_events, carry_url
from rolewright.importer.cloudformation.function_fields import (
    DATA,
    carry_asynchronous,
    carry_code,
    carry_names,
    carry_tags,
    carry_variables,
)
from rolewright.importer.cloudformation.function_rights import connected, sam_added, sam_policies
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.globals import merged, shared_properties
from rolewright.importer.cloudformation.http_api import carry_api
from rolewright.importer.cloudformation.links import plain_name
from rolewright.importer.cloudformation.resolved import ResolvedLedger
from rolewright.importer.cloudformation.roles import TemplateRole, attached_policies, document_in, old_role, role_of
from rolewright.importer.cloudformation.template import GENERATED_ROLE
from rolewright.importer.expression import OfResource, SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.names import workload_name
from rolewright.importer.shapes import mapping, text
from rolewright.importer.workload import OldRole, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.ledger import Ledger


def read_function(template: StackTemplate, logical: str, ledger: Ledger) -> SourceWorkload:
    """Read a function: what `Globals` says of all first, then its own properties."""
    facts = format_data(DATA).facts
    resource = template.resources[logical]
    properties = mapping(template.value(template.properties(logical)))
    name = plain_name(properties.get("FunctionName"), logical)
    workload = SourceWorkload(workload_name(name), facts["compute"])
    section = facts["globals"].get(text(resource.get("Type")), "")
    shared = shared_properties(template, logical, section)
    own = ResolvedLedger(ledger, ("Resources", logical, "Properties"), properties)
    common = SourceWorkload(workload.name, workload.type, resources=workload.resources)
    for part, account in ((common, ResolvedLedger(ledger, ("Globals", section), shared)), (workload, own)):
        carry(format_data(DATA).fields["function"], account, (), part)
        carry_variables(template, part, account)
        carry_tags(part, account)
    workload.compute = merged(common.compute, workload.compute)
    workload.top = merged(common.top, workload.top)
    workload.origins = {**common.origins, **workload.origins}
    merged_properties = merged(shared, properties)
    whole = own.of(merged_properties)
    carry_names(template, logical, workload, own)
    carry_code(workload, own if {"CodeUri", "Code", "ImageUri"} & set(properties) else whole)
    targets = list(carry_asynchronous(template, workload, whole))
    carry_events(template, workload, own)
    carry_api(template, logical, workload, own)
    carry_url(workload, own)
    _mappings(template, logical, workload, ledger)
    _retention(template, logical, workload, ledger)
    _rights(template, logical, merged_properties, workload, own, targets)
    return workload


def _rights(
    template: StackTemplate,
    logical: str,
    properties: Mapping[str, Any],
    workload: SourceWorkload,
    own: ResolvedLedger,
    targets: list[dict[str, Any]],
) -> None:
    """Enter the role of the code: one that is named, or the one that SAM makes."""
    facts = format_data(DATA).facts
    role = facts["code_role"]
    origin = f"function {logical}"
    if "Role" in properties:
        found = role_of(template, properties["Role"], role)
        own.derived(("Role",), "", "the module makes a role of its own in the place of it")
        for field in ("Policies", "PermissionsBoundary"):
            own.left((field,), "SAM ignores it where the function names a role")
        beside = old_role(role, connected(template, logical))
        old = OldRole(role, (*found.old.policies, *beside.policies), (*found.old.unread, *beside.unread))
        found = TemplateRole(old, found.boundary, found.logical)
    else:
        policies = [
            *sam_policies(template, properties, origin),
            *sam_added(template, properties, origin),
            *connected(template, logical),
            *(policy for target in targets for policy in document_in(template, {"Statement": target}, origin)),
            *attached_policies(template, f"{logical}{GENERATED_ROLE}"),
        ]
        found = TemplateRole(old_role(role, policies), properties.get("PermissionsBoundary"), "")
        own.derived(("Policies",), "resources", "what the role may do, as access and as statements")
        own.carried(("PermissionsBoundary",), "boundary")
    if found.boundary is not None:
        workload.top["boundary"] = found.boundary
    workload.roles.append(found.old)


def _mappings(template: StackTemplate, logical: str, workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the event source mappings of a function, which stand beside it."""
    rules = format_data(DATA).facts["events"].values()
    for name, resource in template.of_type("AWS::Lambda::EventSourceMapping"):
        properties = mapping(template.value(mapping(resource.get("Properties"))))
        if not _names(template, properties.get("FunctionName"), logical):
            continue
        account = ResolvedLedger(ledger, ("Resources", name, "Properties"), properties)
        if template.exists(name) is None:
            account.left((), f"it is there only if {shown(resource.get('Condition'))}: write the trigger by hand")
            continue
        source = properties.get("EventSourceArn")
        rule = next((each for each in rules if "key" in each and _comes_from(template, source, each)), None)
        if rule is None:
            account.left((), f"its source is {shown(source)}, whose kind is not known: write the trigger by hand")
            continue
        ledger.carried(("Resources", name, "Type"), f"compute.triggers.{rule['list']}")
        carry_event(template, workload, account, (), properties, rule, name)
        account.carried(("FunctionName",), "", "the function")


def _comes_from(template: StackTemplate, source: Any, rule: Mapping[str, Any]) -> bool:  # noqa: ANN401 - YAML
    match source:
        case SourceText((OfResource(logical=logical),)):
            type_ = text(template.resources[logical].get("Type"))
            return bool(type_ == rule["type"])
        case SourceText(parts):
            whole = "".join(part if isinstance(part, str) else "*" for part in parts)
        case _:
            whole = text(source)
    service = str(rule["type"]).split("::")[1].lower()
    return f":{service}:" in whole


def _names(template: StackTemplate, value: Any, logical: str) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value names a function of the template: by its name, its ARN, or an alias of either."""
    match value:
        case SourceText((OfResource(logical=other), *_)):
            return other == logical
        case str():
            return value.rpartition(":")[2] == template.properties(logical).get("FunctionName")
        case _:
            return False


def _retention(template: StackTemplate, logical: str, workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry for how long a log group of the template keeps what the function writes."""
    for name, group in _log_groups(template):
        if not _is_log_of(template, group.get("LogGroupName"), name, logical, workload):
            continue
        path = ("Resources", name)
        ledger.derived(path, "compute", "the module makes the log group of the function")
        if group.get("KmsKeyId") is not None:
            workload.set("log_kms_key", group["KmsKeyId"], ledger.location((*path, "Properties", "KmsKeyId")))
            ledger.carried((*path, "Properties", "KmsKeyId"), "compute.log_kms_key")
        days = group.get("RetentionInDays")
        if days is not None:
            workload.set("log_retention_days", days, ledger.location((*path, "Properties", "RetentionInDays")))
            ledger.carried((*path, "Properties", "RetentionInDays"), "compute.log_retention_days")


def _log_groups(template: StackTemplate) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template.of_type("AWS::Logs::LogGroup"):
        yield name, mapping(template.value(mapping(resource.get("Properties"))))


def _is_log_of(
    template: StackTemplate,
    value: Any,  # noqa: ANN401 - YAML
    group: str,
    logical: str,
    workload: SourceWorkload,
) -> bool:
    named = mapping(workload.compute.get("names")).get("log_group")
    if named == template.reference(group):
        return True
    name = template.value(template.properties(logical).get("FunctionName"))
    wanted = [SourceText.of("/aws/lambda/", template.reference(logical))]
    if isinstance(name, str | SourceText):
        wanted.append(SourceText.of("/aws/lambda/", name))
    return value is not None and (_text(value) in wanted or (isinstance(value, SourceText) and value == named))


def _text(value: Any) -> SourceText:  # noqa: ANN401 - YAML
    return value if isinstance(value, SourceText) else SourceText.of(text(value))
