"""What a blueprint says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rolewright.blueprint.interpolation import names, needed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from rolewright.yaml.schema import Schema

Conditions = dict[str, dict[str, list[str]]]
"""Condition operator → key → values, as a policy writes them; the values are templates."""

INJECTION = "injection"
"""The pseudo verb of what a platform needs to hand a value to a container."""


@dataclass(frozen=True)
class Scope:
    """Conditions on what is granted of `actions`, on any ARN or only on those named `arns`.

    With `each`, the name of a field that is a mapping, there are conditions for each of its entries.
    """

    actions: tuple[str, ...]
    arns: tuple[str, ...]
    conditions: Conditions
    each: str = ""

    def covers(self, action: str, arn: str) -> bool:
        """Whether the conditions hold for an action on an ARN."""
        return action in self.actions and (not self.arns or arn in self.arns)


@dataclass(frozen=True)
class Verb:
    """What a word of `access` grants: actions by ARN type, or other verbs (`of`)."""

    name: str
    klass: Literal["read", "write", "delete", ""]
    summary: str
    allow: Mapping[str, tuple[str, ...]]
    of: tuple[str, ...]
    scope: tuple[Scope, ...]


@dataclass(frozen=True)
class Exclusion:
    """Narrow verbs that a field could not limit, so that no manifest may have both."""

    verbs: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Companion:
    """A statement that follows from a field, for some verbs; or one that the field's owner has to add."""

    sid: str
    verbs: tuple[str, ...]
    owner: bool
    principals: Mapping[str, Sequence[str]]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    summary: str


@dataclass(frozen=True)
class Agreement:
    """What a policy of the service's own has to say for some verbs; `document` holds templates.

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

    It stands there `when` a field is given, `unless` another is; with `each`, the name of a list, once for each of its
    entries. `refers` are names for Terraform references, which templates may then use.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    when: str
    unless: str
    each: str
    refers: Mapping[str, str]
    principals: Mapping[str, Sequence[str]]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    summary: str


@dataclass(frozen=True)
class PolicyBlueprint:
    """A policy that a template puts on what the module makes: `carrier` is the Terraform argument that holds it.

    `target` is what the block says it is the policy of, `values` are names for templates. With `admits` what other
    resources need is added, with `agreements` what the roles need. A `document` is no IAM policy: it is compared as
    it stands. A policy without anything in it is not made.
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
class Value:
    """A value of an argument, `when` all of some fields are given, `unless` one of others is."""

    template: str
    when: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """What a block opens `to` whom, in words for people; the arguments `by` decide it, or all where that is empty."""

    what: tuple[Value, ...]
    to: tuple[Value, ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class BlockBlueprint:
    """A block that the templates write, `when` all of some fields are given, `unless` one of others is.

    With `each`, the name of a list, there is one for each of its entries. The rest is as in `ExpectedBlock`.
    """

    address: str
    when: tuple[str, ...]
    unless: tuple[str, ...]
    each: str
    arguments: Mapping[str, tuple[Value, ...]]
    free: tuple[str, ...]
    proven: tuple[str, ...]
    ignores: tuple[str, ...]
    optional: bool
    opens: tuple[Opening, ...]


@dataclass(frozen=True)
class Creation:
    """What differs when the module makes the resource.

    `requires` are versions of Terraform and the provider, `needs` the field that a narrow verb needs here alone,
    `policies` what the resource's own policies say.
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
    """Where the fields fit the schema `when`, they have to fit `require`."""

    when: Schema
    require: Schema
    at: str
    message: str
    remedy: str


@dataclass(frozen=True)
class CrossAccount:
    """Where another account's owner has to agree: in `policy`, or nowhere, since it is `impossible`.

    `resource` says what a statement of that policy names as its resource: the "arn", nothing (""), since it is the
    policy's own, or "*", which stands for that.
    """

    policy: str
    resource: str
    impossible: str


@dataclass(frozen=True)
class ResourceBlueprint:
    """What a workload may touch."""

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
    scope: Mapping[str, tuple[Scope, ...]]
    exclusions: Mapping[str, tuple[Exclusion, ...]]
    companions: Mapping[str, tuple[Companion, ...]]
    agreements: tuple[Agreement, ...]
    cross_account: CrossAccount
    pitfalls: tuple[str, ...]

    def expand(self, verbs: Iterable[str]) -> tuple[Verb, ...]:
        """The narrow verbs behind some verbs, each once, in the blueprint's order."""
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
        """As `expand`, with what a platform needs to inject a value as a verb among them."""
        names = tuple(verbs)
        return (self.injection,) if names == (INJECTION,) and self.injection is not None else self.expand(names)

    def needs(self, verb: Verb, known: Collection[str]) -> tuple[str, ...]:
        """The fields without which a verb cannot be given; the ARNs `known` need none any more."""
        templates = [self.arns[arn] for arn in verb.allow if arn not in {"*", *known, *self.optional}]
        for one in verb.scope:
            templates += [value for block in one.conditions.values() for values in block.values() for value in values]
        found = dict.fromkeys(name for template in templates for name in sorted(needed(template)))
        return tuple(name for name in found if name in self.fields)

    @property
    def own_arn(self) -> str:
        """The template of the resource's own ARN, or "" for a type that has none."""
        return next(iter(self.arns.values()), "")

    @property
    def identified_by(self) -> tuple[str, ...]:
        """The fields that the resource's own ARN holds, so that `arn` can stand in their place."""
        return tuple(name for name in names(self.own_arn) if name in self.fields)


@dataclass(frozen=True)
class PlatformGrant:
    """A permission that the compute type itself needs, `when` one field or derived value is there, `unless` another is.

    With `each`, the name of a list, there is one for each of its entries.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    when: str
    unless: str
    each: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    summary: str


@dataclass(frozen=True)
class RoleBlueprint:
    """A role of a compute type, `when` a field is given: who assumes it, whose grants it takes, what its service needs.

    Who assumes it are services (`trusts`) or an identity provider (`federated`), for `actions`, under `conditions`
    and those of each field in `optional_conditions` that is given and not false.
    """

    key: str
    summary: str
    when: str
    trusts: tuple[str, ...]
    federated: str
    actions: tuple[str, ...]
    conditions: Conditions
    optional_conditions: Mapping[str, Conditions]
    grants: Literal["workload", "injection", ""]
    allow: tuple[PlatformGrant, ...]


@dataclass(frozen=True)
class NameRule:
    """A generated name: its template, what AWS accepts, and the field `when` it is needed ("" for always)."""

    value: str
    pattern: str
    max_length: int
    when: str


@dataclass(frozen=True)
class Sign:
    """Files by which a project shows what it runs on: names, as patterns, with one of some texts in them if any.

    Where signs of several types are found, those of the greatest `strength` count.
    """

    files: tuple[str, ...]
    contains: tuple[str, ...]
    strength: int


@dataclass(frozen=True)
class ComputeBlueprint:
    """What a workload may run on."""

    type: str
    summary: str
    fields: Mapping[str, Any]
    required: tuple[str, ...]
    derive: Mapping[str, str]
    rules: tuple[CrossFieldRule, ...]
    names: Mapping[str, NameRule]
    """Each after those that it refers to."""
    roles: Mapping[str, RoleBlueprint]
    blocks: tuple[BlockBlueprint, ...]
    templates: tuple[str, ...]
    policies: tuple[PolicyBlueprint, ...] = ()
    recognised_by: tuple[Sign, ...] = ()

    @property
    def role_name_keys(self) -> Mapping[str, str]:
        """Role → its key under `compute.names`: `role` for the only one that is always there, else `ROLE_role`."""
        always = [key for key, role in self.roles.items() if not role.when]
        return {key: "role" if always == [key] else f"{key}_role" for key in self.roles}
