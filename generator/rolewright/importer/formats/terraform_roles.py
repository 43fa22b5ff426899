"""The roles of a state or a plan of Terraform: what their policies allow today, and what nobody can tell of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.importer.field_table import carry, format_data, found_at
from rolewright.importer.formats.terraform_state import DATA
from rolewright.importer.shapes import listed, mapping, mappings, several, text
from rolewright.importer.workload import OldPolicy, OldRole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.importer.formats.terraform_state import Estate, StateResource
    from rolewright.importer.given import ImportAids
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload

_WHOSE = "which role has it is not clear: several are called so, or only an apply tells: import the state"
_NAME = re.compile(r"(?:arn:[a-z-]{1,20}:iam::\d{0,12}:role/(?:[^ ]{1,511}/)?)?([A-Za-z0-9+=,.@_-]{1,64})")


@dataclass(frozen=True)
class Roles:
    """The roles of a document: `claimed` are the addresses of what workloads have of it, `notes` what to know."""

    estate: Estate
    ledger: Ledger
    given: ImportAids
    claimed: set[str]
    notes: list[str]

    def claim(self, resource: StateResource, target: str, note: str) -> None:
        """Say of a resource that it belongs to a workload, and what became of it."""
        self.claimed.add(resource.address)
        self.ledger.called[resource.path] = resource.address
        self.ledger.called[resource.below] = resource.address
        self.ledger.derived(resource.path, target, note)

    def enter(
        self,
        workload: SourceWorkload,
        resource: StateResource,
        attribute: str,
        role: str,
        value: Any = None,  # noqa: ANN401 - JSON
    ) -> None:
        """Enter the role that an attribute of a resource names as the one that `role` of the module replaces.

        `value` is what the attribute says of the role, where it says more than that.
        """
        kinds = format_data(DATA).facts["kinds"]
        value = resource.values.get(attribute) if value is None else value
        if value is None:
            return
        found = self.estate.linked(resource, attribute, kinds["role"], value)
        path = (*resource.below, attribute)
        if found is None and isinstance(value, str):
            name = _NAME.fullmatch(value)
            workload.roles.append(self.given.role(name[1] if name else value, role))
            self.ledger.derived(path, "", f"the module makes a role of its own in the place of {value}")
        elif found is None:
            unread = f"{resource.address}: which role it has is known only after an apply: import the state"
            workload.roles.append(OldRole(role, (), (unread,)))
            self.ledger.derived(path, "", "the module makes a role of its own in its place")
        else:
            old = self._old(found, role, workload)
            self.ledger.carried(path, "", found.address)
            if old not in workload.roles:
                workload.roles.append(old)

    def unknown(self, role: str, why: str) -> OldRole:
        """Return a role of which nobody knows what it may do."""
        return OldRole(role, (), (why,))

    def _old(self, found: StateResource, role: str, workload: SourceWorkload) -> OldRole:
        self.claim(found, "", "the module makes a role of its own in its place; a role is never adopted")
        self._settings(found, workload)
        name = found.values.get("name")
        for kind in listed(format_data(DATA).facts["exclusive"]):
            for owner in self.estate.of(kind):
                if self._is_of(owner, "role_name", found):
                    self.claimed.add(owner.address)
                    self.ledger.carried(owner.path, "exclusive", "which is what a manifest says by itself")
        policies: list[OldPolicy] = []
        unread: list[str] = []
        for policy in self._policies(found):
            if isinstance(policy, str):
                unread.append(policy)
            elif policy not in policies and policy.document not in [known.document for known in policies]:
                policies.append(policy)
        boundary = found.values.get("permissions_boundary")
        if boundary is not None:
            shown = boundary if isinstance(boundary, str) else "a policy"
            unread.append(f"{found.address}: {shown} bounds it today, which is not looked at; `boundary` sets one")
        if isinstance(name, str) and name in self.given.roles:
            return self.given.role(name, role)
        account = "".join(text(found.values.get("arn")).split(":")[4:5])
        return OldRole(role, tuple(policies), tuple(dict.fromkeys(unread)), account)

    def _settings(self, found: StateResource, workload: SourceWorkload) -> None:
        carry(format_data(DATA).fields["role"], self.ledger, found.below, workload)
        others = sorted(_other_principals(found.values.get("assume_role_policy")))
        if others:
            shown = ", ".join(others)
            note = f"{shown} may take the role on today as well, and not the module's: its trust is of the type alone"
            self.ledger.left((*found.below, "assume_role_policy"), note)
        unread(self.ledger, found, "role")

    def _policies(self, role: StateResource) -> Iterator[OldPolicy | str]:
        kinds = format_data(DATA).facts["kinds"]
        for number, block in mappings(role.values.get("inline_policy")):
            name = text(block.get("name"), str(number))
            yield _document(block.get("policy"), f"{role.address}, inline policy {name}")
        for policy in self.estate.of(kinds["inline"]):
            if self._is_of(policy, "role", role):
                self.claim(policy, "", "what it allows is compared with what the module's role may do")
                yield _document(policy.values.get("policy"), policy.address)
            elif self._unclear(policy, "role"):
                yield f"{policy.address}: {_WHOSE}"
        for number, arn in enumerate(listed(role.values.get("managed_policy_arns"))):
            yield self._managed(arn, f"{role.address}, managed_policy_arns.{number}")
        yield from self._attached(role)
        yield from self._of_resources(role)

    def _of_resources(self, role: StateResource) -> Iterator[str]:
        """Yield the policies of resources, such as a bucket's, that name a role."""
        arn = text(role.values.get("arn"))
        for resource in self.estate.resources:
            document = resource.values.get("policy")
            if arn and resource.type not in format_data(DATA).facts["identity"] and arn in str(document):
                yield f"{resource.address}: it names this role, and is not compared: let it name the module's as well"

    def _attached(self, role: StateResource) -> Iterator[OldPolicy | str]:
        kinds = format_data(DATA).facts["kinds"]
        for kind, attribute in format_data(DATA).facts["attachments"].items():
            for attachment in self.estate.of(kind):
                if self._is_of(attachment, attribute, role):
                    self.claim(attachment, "", "what it allows is compared with what the module's role may do")
                    policy = self.estate.linked(attachment, "policy_arn", kinds["policy"])
                    yield self._managed(attachment.values.get("policy_arn"), attachment.address, policy)
                elif self._unclear(attachment, attribute):
                    yield f"{attachment.address}: {_WHOSE}"

    def _is_of(self, resource: StateResource, attribute: str, role: StateResource) -> bool:
        value = resource.values.get(attribute)
        if isinstance(value, list):
            return any(isinstance(name, str) and self.estate.named(name, role.type, resource) is role for name in value)
        return self.estate.linked(resource, attribute, role.type) is role

    def _unclear(self, resource: StateResource, attribute: str) -> bool:
        kinds = format_data(DATA).facts["kinds"]
        value = resource.values.get(attribute)
        if isinstance(value, list):
            return any(isinstance(name, HeldValue) or self._several(name, resource) for name in value)
        return (
            isinstance(value, HeldValue) and self.estate.linked(resource, attribute, kinds["role"]) is None
        ) or self._several(value, resource)

    def _several(self, name: Any, resource: StateResource) -> bool:  # noqa: ANN401 - JSON
        """Return whether a role is named that may be one of several."""
        kind = format_data(DATA).facts["kinds"]["role"]
        return (
            isinstance(name, str)
            and len(self.estate.called(name, kind)) > 1
            and self.estate.named(name, kind, resource) is None
        )

    def _managed(self, arn: Any, origin: str, policy: StateResource | None = None) -> OldPolicy | str:  # noqa: ANN401
        kinds = format_data(DATA).facts["kinds"]
        if policy is None and isinstance(arn, str):
            described = (each for each in self.estate.resources if each.type == kinds["policy"])
            policy = next((each for each in described if arn in _names(each)), None)
        if policy is not None and ":aws:policy/" not in str(arn):
            self.claim(policy, "", "what it allows is compared with what the module's role may do")
            return _document(policy.values.get("policy"), policy.address)
        if not isinstance(arn, str):
            return f"{origin}: which policy it is, is known only after an apply: import the state"
        return self.given.managed(arn, origin)


def unread(ledger: Ledger, resource: StateResource, table: str) -> None:
    """Say of each attribute that neither a table nor the code had an eye on that it is not read."""
    looked_at = [rule for rule in format_data(DATA).fields[table] if rule.by]
    for rule in looked_at:
        for path, _ in found_at(resource.below, resource.values, rule.path):
            if len(rule.path) > 1 and not ledger.says(path):
                ledger.carried(path, "", rule.by)
    known = {rule.path[0] for rule in looked_at if len(rule.path) == 1}
    for name, value in resource.values.items():
        if name not in known:
            ledger.unread((*resource.below, name), value)


def _names(resource: StateResource) -> tuple[Any, ...]:
    return tuple(resource.values.get(key) for key in ("name", "id", "arn"))


def _document(written: Any, origin: str) -> OldPolicy | str:  # noqa: ANN401 - JSON
    if isinstance(written, HeldValue):
        return f"{origin}: {written.asked}, so that its policy is not compared"
    try:
        return OldPolicy(json.loads(written), origin)
    except (TypeError, ValueError, RecursionError):
        return f"{origin}: its policy is no JSON"


def _other_principals(written: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield who may assume a role beside services of AWS."""
    try:
        document = json.loads(written) if isinstance(written, str) else {}
    except (ValueError, RecursionError):
        return
    statements = mapping(document).get("Statement")
    for _, statement in mappings(several(statements)):
        principals = statement.get("Principal")
        if isinstance(principals, str):
            yield principals
        for kind, who in mapping(principals).items():
            if kind != "Service":
                yield from (str(name) for name in several(who))
