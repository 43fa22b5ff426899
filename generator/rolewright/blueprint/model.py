"""Blueprints as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rolewright.blueprint.interpolation import names, needed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rolewright.blueprint.blocks import BlockBlueprint
    from rolewright.yaml.schema import Schema

ConditionBlock = dict[str, dict[str, list[str]]]
"""Condition operator → key → values, as a policy writes them; the values are templates."""

INJECTION = "injection"
"""The pseudo verb for the permissions that a platform needs to hand a value to a container."""


@dataclass(frozen=True)
class ScopeRule:
    """Conditions on what is granted of `actions`, on any ARN or only on those named `arns`.

    With `each`, the name of a field that is a mapping, there are conditions for each of its entries.
    """

    actions: tuple[str, ...]
    arns: tuple[str, ...]
    conditions: ConditionBlock
    each: str = ""

    def covers(self, action: str, arn: str) -> bool:
        """Return whether the conditions apply to an action on an ARN."""
        return action in self.actions and (not self.arns or arn in self.arns)


@dataclass(frozen=True)
class Verb:
    """A word of `access`: the actions that it grants by ARN type, or the other verbs that it stands for (`of`)."""

    name: str
    klass: Literal["read", "write", "delete", ""]
    summary: str
    allow: Mapping[str, tuple[str, ...]]
    of: tuple[str, ...]
    scope: tuple[ScopeRule, ...]


@dataclass(frozen=True)
class Exclusion:
    """Narrow verbs that a field could not limit, so that no manifest may have both."""

    verbs: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Companion:
    """A statement that follows from a field, for some verbs; or one that the field's owner has to add.

    The owner's depends on `when` and `unless`; with `each` it is for each entry of a list that fits the schema `only`.
    It is needed in other accounts alone, but `always` where a service goes by the owner's policy in any.
    """

    sid: str
    verbs: tuple[str, ...]
    owner: bool
    always: bool
    when: tuple[str, ...]
    unless: tuple[str, ...]
    each: str
    only: Schema
    principals: Mapping[str, Sequence[str]]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: ConditionBlock
    summary: str


@dataclass(frozen=True)
class Agreement:
    """A statement that a policy of the service's own must hold for some verbs; `document` holds templates.

    It applies `when` a field is given, `unless` another is; "" for always.
    """

    to: str
    verbs: tuple[str, ...]
    when: str
    unless: str
    document: Any


@dataclass(frozen=True)
class Admission:
    """A statement of a policy that the module makes: who may, or may not, do what.

    It is there `when` a field is given, `unless` another is; with `each`, the name of a list, once for each of its
    entries that fit the schema `only`. `refers` are names for Terraform references, which templates may then use.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    when: str
    unless: str
    each: str
    only: Schema
    refers: Mapping[str, str]
    principals: Mapping[str, Sequence[str]]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: ConditionBlock
    summary: str


@dataclass(frozen=True)
class PolicyBlueprint:
    """A policy that a template puts on what the module makes: `carrier` is the Terraform argument that holds it.

    `target` is the resource that the block attaches it to, `values` are names for templates. With `admits`, the
    statements that other resources need are added, with `agreements`, those that the roles need. A `document` is not
    an IAM policy: it is compared as it is. An empty policy is not made.
    """

    name: str
    carrier: str
    when: str
    unless: str
    target: str
    refers: Mapping[str, str]
    values: Mapping[str, str]
    statements: tuple[Admission, ...]
    admits: bool
    agreements: bool
    document: Any


@dataclass(frozen=True)
class Creation:
    """The part of a resource type that applies only where the module makes the resource.

    `requires` are versions of Terraform and the provider, `needs` is the field that a narrow verb needs only then,
    `policies` are those that the module puts on the resource.
    """

    template: str
    requires: Mapping[str, str]
    arns: Mapping[str, str]
    attributes: Mapping[str, str]
    fields: Mapping[str, Any]
    required: tuple[str, ...]
    needs: Mapping[str, str]
    policies: tuple[PolicyBlueprint, ...]
    blocks: tuple[BlockBlueprint, ...]


@dataclass(frozen=True)
class CrossFieldRule:
    """A rule across fields: where they fit the schema `when`, they have to fit `require`.

    `manifest/rules.py` says what rules with `each`, `pairs`, `of`, `among` and `named_by` are about. `at` is the path
    of the field to blame: in the element where there is an `each`, the field itself where there is a `named_by`.
    `severity`: "error", "warning" for what hardly anybody wants, "note" for what has to be known.
    """

    when: Schema
    require: Schema
    at: str
    message: str
    remedy: str
    each: tuple[str, ...] = ()
    of: str = ""
    among: str = ""
    named_by: str = ""
    severity: str = "error"
    pairs: bool = False


@dataclass(frozen=True)
class CrossAccount:
    """The policy in which the owner of a resource in another account has to agree, or why it is `impossible`.

    `resource` is what a statement of that policy names as its resource: the "arn", nothing ("") where the policy is the
    resource's own, or "*", which stands for that. `owner` is the field with the owner's account, for a type whose ARN
    has none.
    """

    policy: str
    resource: str
    impossible: str
    owner: str


@dataclass(frozen=True)
class PortBlueprint:
    """A port that code connects to, `when` a field is given and `unless` another is; `number` is a template."""

    number: str
    protocol: Literal["tcp", "udp"]
    when: str
    unless: str


@dataclass(frozen=True)
class ResourceBlueprint:
    """A type of resource that a workload may use."""

    type: str
    summary: str
    service: str
    terraform: str
    fields: Mapping[str, Any]
    required: tuple[str, ...]
    rules: tuple[CrossFieldRule, ...]
    arns: Mapping[str, str]
    optional: tuple[str, ...]
    attributes: Mapping[str, str]
    create: Creation | None
    verbs: Mapping[str, Verb]
    injection: Verb | None
    injection_value: str
    injection_part: str  # what may stand behind its key and a colon, to inject a part of its value
    injection_part_value: str
    scope: Mapping[str, tuple[ScopeRule, ...]]
    exclusions: Mapping[str, tuple[Exclusion, ...]]
    companions: Mapping[str, tuple[Companion, ...]]
    agreements: tuple[Agreement, ...]
    cross_account: CrossAccount
    pitfalls: tuple[str, ...]
    ports: tuple[PortBlueprint, ...]
    """Those besides HTTPS's 443."""

    def expand(self, verbs: Iterable[str]) -> tuple[Verb, ...]:
        """Return the narrow verbs behind some verbs, each once, in the blueprint's order."""
        wanted: set[str] = set()
        waiting = list(verbs)
        while waiting:
            verb = self.verbs[waiting.pop()]
            if verb.of:
                waiting.extend(verb.of)
            else:
                wanted.add(verb.name)
        return tuple(verb for verb in self.verbs.values() if verb.name in wanted)

    def narrow(self, verbs: Iterable[str]) -> tuple[Verb, ...]:
        """Return the narrow verbs as `expand` does; for INJECTION alone, what a platform needs to inject a value."""
        names = tuple(verbs)
        return (self.injection,) if names == (INJECTION,) and self.injection is not None else self.expand(names)

    def needs(self, verb: Verb, known_arns: Collection[str]) -> tuple[str, ...]:
        """Return the fields without which a verb cannot be granted; the ARNs in `known_arns` need none."""
        templates = [self.arns[arn] for arn in verb.allow if arn not in {"*", *known_arns, *self.optional}]
        for scope in verb.scope:
            templates += [value for block in scope.conditions.values() for values in block.values() for value in values]
        needed_names = dict.fromkeys(name for template in templates for name in sorted(needed(template)))
        return tuple(name for name in needed_names if name in self.fields)

    @property
    def own_arn(self) -> str:
        """Return the template of the resource's own ARN, or "" for a type that has none."""
        return next(iter(self.arns.values()), "")

    @property
    def identified_by(self) -> tuple[str, ...]:
        """Return the fields that the resource's own ARN holds, so that `arn` can stand in their place."""
        return tuple(name for name in names(self.own_arn) if name in self.fields)


@dataclass(frozen=True)
class PlatformGrant:
    """A permission that the compute type itself needs, `when` all of some fields are there, `unless` one of others is.

    With `each`, the name of a list, there is one for each of its entries.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    when: tuple[str, ...]
    unless: tuple[str, ...]
    each: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: ConditionBlock
    summary: str


@dataclass(frozen=True)
class RoleBlueprint:
    """A role of a compute type, present `when` a field is given: its trust, the grants it takes, its service's needs.

    Services (`trusts`) or an identity provider (`federated`) may assume it with `actions`, under `conditions` and those
    of each field in `optional_conditions` that is given and not false. Where the code may do what is a key of
    `entails`, AWS asks its sessions for those actions too.
    """

    key: str
    summary: str
    when: str
    trusts: tuple[str, ...]
    federated: str
    actions: tuple[str, ...]
    conditions: ConditionBlock
    optional_conditions: Mapping[str, ConditionBlock]
    grants: Literal["workload", "injection", ""]
    allow: tuple[PlatformGrant, ...]
    entails: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class NameRule:
    """A generated name: its template, what AWS accepts, and the field `when` it is needed ("" for always)."""

    value: str
    pattern: str
    max_length: int
    when: str


@dataclass(frozen=True)
class Sign:
    """Files by which a project shows what it runs on: patterns of names, and texts of which a file holds at least one.

    Where signs of several types are found, those of the greatest `strength` count. `fields` are what a file with the
    sign says of the compute's fields; `${stem}` is its name without the suffix.
    """

    files: tuple[str, ...]
    contains: tuple[str, ...]
    strength: int
    fields: Mapping[str, str]


@dataclass(frozen=True)
class NetworkBlueprint:
    """How code on a compute type gets into a network: with the security groups in one of the fields `given`.

    Where none of those is given, the module makes a group `when` a field is ("" for never); `egress` is the field that
    lists what else it lets out. `urls` are fields with addresses outside AWS that are reached from there. `instances`
    are fields with the groups of the instances that the code runs on, where these have other groups than it.
    """

    given: tuple[str, ...]
    when: str
    egress: str
    urls: tuple[str, ...]
    instances: tuple[str, ...]


@dataclass(frozen=True)
class ComputeBlueprint:
    """A type of compute that a workload may run on."""

    type: str
    summary: str
    fields: Mapping[str, Any]
    required: tuple[str, ...]
    derive: Mapping[str, str]
    requires: Mapping[str, Mapping[str, str]]
    """Versions of Terraform and the provider that a module needs where a field is given, by that field."""
    rules: tuple[CrossFieldRule, ...]
    names: Mapping[str, NameRule]
    """Each after those that it refers to."""
    roles: Mapping[str, RoleBlueprint]
    blocks: tuple[BlockBlueprint, ...]
    templates: tuple[str, ...]
    companions: Mapping[str, tuple[Companion, ...]]
    policies: tuple[PolicyBlueprint, ...] = ()
    recognised_by: tuple[Sign, ...] = ()
    network: NetworkBlueprint | None = None

    @property
    def has_code(self) -> bool:
        """Return whether it runs code of its own, whose role takes what the manifest grants."""
        return any(role.grants == "workload" for role in self.roles.values())

    @property
    def role_name_keys(self) -> Mapping[str, str]:
        """Return for each role its key in `compute.names`: `role` for the only one without `when`, else `ROLE_role`."""
        always = [key for key, role in self.roles.items() if not role.when]
        return {key: "role" if always == [key] else f"{key}_role" for key in self.roles}
