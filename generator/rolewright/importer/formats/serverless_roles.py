"""What the roles of a Serverless service may do: one for all functions, one for each, or one from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.roles import document_in, managed_in, old_role, role_of, template_role
from rolewright.importer.expression import PlaceName, SourceText
from rolewright.importer.field_table import format_data
from rolewright.importer.formats.serverless_events import source_kind, source_value
from rolewright.importer.formats.serverless_service import SHARED_ROLE
from rolewright.importer.shapes import listed, mapping, mappings, several
from rolewright.importer.workload import OldPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.importer.formats.serverless_service import ServerlessService
    from rolewright.importer.workload import OldRole
    from rolewright.yaml.load import PathInTree

_DATA = "serverless"
_LATER = "the module makes a role of its own, and the policies become resources, access and statements"


def role_for(
    service: ServerlessService, key: str, path: PathInTree, function: Mapping[str, Any]
) -> tuple[OldRole, Any]:
    """Return the role of a function today, and its permissions boundary."""
    role = format_data(_DATA).facts["role"]
    own = _own_role(service, path, function)
    given = function.get("role")
    if given is not None:
        service.ledger.derived((*path, "role"), "", _LATER)
        return role_of(service.template, _named(service, given), role).old, None
    if own is not None:
        statements, inherits, boundary = own
        parts = [*_statements(service, statements, f"functions.{key}"), *_added(service, [(key, path, function)])]
        if inherits:
            parts += _of_provider(service)
        return old_role(role, parts), boundary
    existing = _existing(service)
    if existing is not None:
        return role_of(service.template, _named(service, existing), role).old, None
    made = template_role(service.template, SHARED_ROLE, role)
    parts = [*_of_provider(service), *_added(service, list(service.functions())), *made.old.policies, *made.old.unread]
    for part in listed(service.data.get("resources")) or [service.data.get("resources")]:
        if SHARED_ROLE in mapping(mapping(part).get("extensions")):
            parts.append(f"resources.extensions.{SHARED_ROLE}: what it changes of the role is not compared")
    settings = mapping(mapping(service.provider.get("iam")).get("role"))
    boundary = settings.get("permissionsBoundary", service.provider.get("rolePermissionsBoundary"))
    return old_role(role, parts), boundary if boundary is not None else made.boundary


def has_shared_role(service: ServerlessService, path: PathInTree, function: Mapping[str, Any]) -> bool:
    """Return whether a function has the role of all functions."""
    return function.get("role") is None and _own_role(service, path, function) is None


def _named(service: ServerlessService, given: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a role that may go by its logical name alone."""
    if isinstance(given, str) and given in service.template.resources:
        return {"Fn::GetAtt": [given, "Arn"]}
    return given


def account_for_roles(service: ServerlessService) -> None:
    """Enter in the ledger what becomes of the provider's role."""
    ledger, provider = service.ledger, service.provider
    for name in ("iamRoleStatements", "iamManagedPolicies", "role", "rolePermissionsBoundary"):
        if name in provider:
            ledger.derived(("provider", name), "", _LATER)
    given = mapping(provider.get("iam")).get("role")
    path = ("provider", "iam", "role")
    if isinstance(given, str | SourceText) or (isinstance(given, dict) and _is_function(given)):
        ledger.derived(path, "", _LATER)
        return
    for name in mapping(given):
        if name in ("statements", "managedPolicies", "managedPolicyArns", "permissionsBoundary"):
            ledger.derived((*path, name), "", _LATER)
        elif name == "tags":
            ledger.left((*path, name), "the role has the tags of the workload")
        elif name in ("name", "path"):
            ledger.left((*path, name), "functions share the role: the module makes another, with a name of its own")


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and str(next(iter(value))).startswith(("Ref", "Fn::"))


def _existing(service: ServerlessService) -> Any | None:  # noqa: ANN401 - YAML
    """Return the role of the account or of the template that all functions have, if there is one."""
    given = mapping(service.provider.get("iam")).get("role", service.provider.get("role"))
    if isinstance(given, str | SourceText) or (isinstance(given, dict) and _is_function(given)):
        return given
    return None


def _own_role(
    service: ServerlessService, path: PathInTree, function: Mapping[str, Any]
) -> tuple[Any, bool, Any] | None:
    """Return the statements of a function's own role, whether it has the provider's as well, and its boundary."""
    if "iamRoleStatements" not in function:
        return None
    plugins = service.data.get("plugins")
    names = listed(plugins) or listed(mapping(plugins).get("modules"))
    facts = format_data(_DATA).facts
    settings = mapping(mapping(service.data.get("custom")).get(facts["per_function"][0]))
    if not any(name in names for name in facts["per_function"]):
        reason = f"nothing reads it without the plugin {facts['per_function'][0]}: the function has the shared role"
        service.ledger.left((*path, "iamRoleStatements"), reason)
        return None
    for name in ("iamRoleStatements", "iamRoleStatementsInherit", "iamPermissionsBoundary"):
        if name in function:
            service.ledger.derived((*path, name), "", _LATER)
    inherits = function.get("iamRoleStatementsInherit", settings.get("defaultInherit", False)) is True
    return function["iamRoleStatements"], inherits, function.get("iamPermissionsBoundary")


def _of_provider(service: ServerlessService) -> Iterator[OldPolicy | str]:
    provider, settings = service.provider, mapping(mapping(service.provider.get("iam")).get("role"))
    yield from _statements(service, settings.get("statements"), "provider.iam.role")
    yield from _statements(service, provider.get("iamRoleStatements"), "provider")
    for given in (
        settings.get("managedPolicies"),
        settings.get("managedPolicyArns"),
        provider.get("iamManagedPolicies"),
    ):
        yield from managed_in(service.template, given, "provider")


def _statements(service: ServerlessService, raw: Any, origin: str) -> Iterator[OldPolicy | str]:  # noqa: ANN401 - YAML
    if raw is not None:
        flat = [each for part in listed(raw) for each in several(part)]
        yield from document_in(service.template, {"Statement": flat if isinstance(raw, list) else raw}, origin)


def _added(
    service: ServerlessService, functions: Sequence[tuple[str, PathInTree, Mapping[str, Any]]]
) -> Iterator[OldPolicy | str]:
    """Yield what Serverless adds by itself, for logs, the network and events: the module gives it where needed."""
    facts = format_data(_DATA).facts
    for key, _, function in functions:
        group = SourceText.of(
            "arn:", PlaceName("partition"), ":logs:", PlaceName("region"), ":", PlaceName("account"),
            ":log-group:/aws/lambda/", service.function_name(key, function), ":*",
        )  # fmt: skip
        yield from _allowed(service, facts["logs"], group, f"what Serverless adds for the log of {key}")
        for number, event in mappings(function.get("events")):
            for kind, given in event.items():
                named = source_kind(kind, given)
                if named == "kinesis" and mapping(given).get("consumer"):
                    named = "kinesis-consumer"
                if named in facts["adds"]:
                    origin = f"what Serverless adds for event {number + 1} of {key}"
                    yield from _allowed(service, facts["adds"][named], source_value(service, kind, given), origin)
        if function.get("onError") is not None:
            origin = f"what Serverless adds for onError of {key}"
            yield from _allowed(service, facts["adds"]["onError"], function["onError"], origin)
    if any(function.get("vpc") or service.provider.get("vpc") for _, _, function in functions):
        yield from managed_in(service.template, [f"arn:aws:iam::aws:policy/service-role/{facts['vpc_policy']}"], "vpc")
    of_all = mapping(service.provider.get("tracing")).get(facts["tracing"]["of_all"])
    traced = [function.get("tracing", of_all) for _, _, function in functions]
    if any(value in (True, "Active") for value in traced):
        yield from _allowed(service, facts["tracing"]["actions"], "*", "what Serverless adds for tracing")


def _allowed(service: ServerlessService, actions: list[str], resource: Any, origin: str) -> Iterator[OldPolicy | str]:  # noqa: ANN401 - YAML
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    for part in document_in(service.template, {"Statement": [statement]}, origin):
        yield replace(part, managed=True) if isinstance(part, OldPolicy) else part
