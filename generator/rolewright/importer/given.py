"""What a user gives beside a source: what AWS says of its roles and its stack, and the values of its parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from rolewright.core.files import UnreadableError, read_json
from rolewright.core.finding import MisuseError
from rolewright.importer.managed import managed_document
from rolewright.importer.shapes import mapping, text
from rolewright.importer.workload import OldPolicy, OldRole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ROLES = "aws iam get-account-authorization-details --filter Role LocalManagedPolicy"
_READ = {"RolePolicyList": ("PolicyName", "PolicyDocument"), "AttachedManagedPolicies": ("PolicyArn",)}


@dataclass(frozen=True)
class ImportAids:
    """The roles of an account by their names, the physical names of a stack's resources, and values of parameters."""

    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    stack: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    def role(self, name: str, role: str) -> OldRole:
        """Return what is known of a role of the account, as the one that `role` of the module takes the place of."""
        details = self.roles.get(name)
        if details is None:
            return OldRole(role, (), (f"the policies of role {name} were not given: --roles with `{_ROLES}`",))
        inline = [
            OldPolicy(_document(policy["PolicyDocument"]), f"role {name}, policy {policy['PolicyName']}")
            for policy in details["RolePolicyList"]
        ]
        attached = [
            self.managed(text(policy["PolicyArn"]), f"role {name}") for policy in details["AttachedManagedPolicies"]
        ]
        boundary = mapping(details.get("PermissionsBoundary")).get("PermissionsBoundaryArn")
        limited = f"role {name}: the permissions boundary {boundary} limits what it may do, and is not compared"
        return OldRole(
            role,
            (*inline, *(policy for policy in attached if isinstance(policy, OldPolicy))),
            (*(policy for policy in attached if isinstance(policy, str)), *([limited] if boundary else ())),
            "".join(text(details.get("Arn")).split(":")[4:5]),
        )

    def managed(self, arn: str, origin: str) -> OldPolicy | str:
        """Return a managed policy by its ARN, or what is missing where nobody gave its document."""
        name = arn.rpartition("/")[2]
        if arn in self.policies:
            return OldPolicy(_document(self.policies[arn]), f"{origin}, policy {name}")
        document = managed_document(arn)
        if document is None:
            return f"{origin}: the document of the managed policy {arn} was not given: --roles with `{_ROLES}`"
        return OldPolicy(document, f"{origin}, AWS's policy {name}", managed=True)


def read_given(roles: Path | None, stack: Path | None, parameters: Mapping[str, str]) -> ImportAids:
    """Read the files that a user gives. Raises MisuseError for one that is not what it has to be."""
    details = _read(roles, "RoleDetailList", _ROLES) if roles is not None else {}
    resources = (
        _read(stack, "StackResources", "aws cloudformation describe-stack-resources --stack-name NAME")
        if stack is not None
        else {}
    )
    try:
        return ImportAids(
            {role["RoleName"]: _whole(role) for role in details.get("RoleDetailList", ())},
            dict(_versions(details.get("Policies", ()))),
            {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources.get("StackResources", ())},
            parameters,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise MisuseError(f"{roles if details else stack} lacks what AWS's answer has: {error}") from None


def _read(file: Path, key: str, command: str) -> Mapping[str, Any]:
    try:
        data = read_json(file)
    except UnreadableError as error:
        raise MisuseError(f"{file} {error}: give what `{command}` prints") from None
    if not isinstance(data, dict) or not isinstance(data.get(key), list):
        raise MisuseError(f"{file} has no {key}: give what `{command}` prints")
    return data


def _whole(role: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a role's details if they have all that is read of them, for what is not there is not nothing.

    Raises KeyError or TypeError.
    """
    for listed, names in _READ.items():
        for policy in role[listed]:
            for name in names:
                if name not in policy:
                    raise KeyError(f"{name} in {listed}")
    return role


def _versions(policies: list[Any]) -> Iterator[tuple[str, Any]]:
    for policy in policies:
        for version in policy.get("PolicyVersionList", ()):
            if version.get("IsDefaultVersion"):
                yield policy["Arn"], version["Document"]


def _document(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a document, which the API of IAM gives as text in URL encoding, and its command line as JSON."""
    if not isinstance(document, str):
        return document
    try:
        return json.loads(unquote(document))
    except ValueError:
        return document
