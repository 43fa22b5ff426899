"""The values that pass between the stages: all frozen, and independent of how they are made or written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rolewright.core.inputs import Input, InputValues
from rolewright.core.text import ground

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.core.finding import Edit, Finding, Location
    from rolewright.core.text import Condition, Text

Fields = dict[str, Any]
"""The name of a field → its value, as a manifest has it."""


@dataclass(frozen=True)
class Grant:
    """One permission of one role, with the manifest line it came from.

    `side` is `workload` for a permission that the code asked for, `platform` for one that the platform needs.
    `reasons` go into the HCL as comments. `effect` is "Deny" only where a blueprint withholds something
    from the code that the service itself needs. `entailed` are actions that AWS asks sessions of this role for beside
    what the code asked for.
    """

    role: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    origin: str
    location: Location
    conditions: tuple[Condition, ...] = ()
    reasons: tuple[str, ...] = ()
    effect: Literal["Allow", "Deny"] = "Allow"
    side: Literal["workload", "platform"] = "workload"
    entailed: bool = False


@dataclass(frozen=True)
class Trust:
    """The statement of a trust policy: principals of one kind that may assume the role, under conditions.

    `kind` is Service, with the names of services, or Federated, with the ARN of an identity provider.
    """

    role: str
    kind: Literal["Service", "Federated"]
    principals: tuple[Text, ...]
    actions: tuple[str, ...]
    conditions: tuple[Condition, ...]
    origin: str
    location: Location


@dataclass(frozen=True)
class Promise:
    """One `never` of the manifest: no role of the workload is allowed any of `actions` on `resources`.

    Both are IAM patterns with `*` and `?`.
    """

    source: str
    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    origin: str
    location: Location


@dataclass(frozen=True)
class RequiredPolicy:
    """A statement that the owner of a resource has to add to their policy, such as the key policy of another account.

    `document` is the JSON to add; its strings are Texts.
    """

    resource: str
    to: str
    document: Any


@dataclass(frozen=True)
class ResourceStatement:
    """One statement of a resource's own policy: who may, or may not, do what on it.

    `principals` are pairs of kind and identifier, as a policy's Principal has them; `("*", …)` is anybody. There are no
    `resources` where the policy names none: it is about what has it.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    principals: tuple[tuple[str, Text], ...]
    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    conditions: tuple[Condition, ...]
    reasons: tuple[str, ...]
    origin: str
    location: Location


@dataclass(frozen=True)
class ExpectedBlock:
    """A resource or data block that a module is to have, at an address that may end in `*`.

    `arguments` are those that decide who may do what, by path through nested blocks and JSON, with every value that
    there is to be at it; none for an argument that must not be set. `free` ones may have any value, `proven` ones are
    judged by the proof of roles or policies, `ignores` are what `ignore_changes` may name. An `optional` block may
    be missing. `tags` is None for a type that takes none. Each pair in `opens` is something that the block opens
    besides roles and policies, such as a port, and to whom.
    """

    address: str
    arguments: Mapping[str, tuple[Text, ...]]
    free: tuple[str, ...]
    proven: tuple[str, ...]
    ignores: tuple[str, ...]
    optional: bool
    tags: Mapping[str, Text] | None
    opens: tuple[tuple[Text, Text], ...]
    location: Location


@dataclass(frozen=True)
class ResourcePolicy:
    """The whole policy that the module puts on a resource, or on its function.

    `carrier` is the Terraform argument that holds it (`aws_sqs_queue_policy.policy`), or the resource type that is a
    statement itself; `target` is what that block names as the resource of the policy. `documents` are the entries of a
    policy that is not an IAM policy; their strings are Texts.
    """

    name: str
    resource: str
    carrier: str
    target: Text
    statements: tuple[ResourceStatement, ...]
    documents: tuple[Any, ...]
    origin: str
    location: Location

    @property
    def subject(self) -> str:
        """Return the name that people read: `queue jobs`."""
        return f"{self.name} {self.resource}".rstrip()

    def ground_documents(self, values: Mapping[str, str]) -> tuple[Any, ...]:
        """Return its documents with the references resolved to an environment's values."""
        return tuple(ground(document, values) for document in self.documents)


@dataclass(frozen=True)
class Contents:
    """All that a module consists of: its blocks, its files, and its providers' sources by local name."""

    blocks: tuple[ExpectedBlock, ...]
    files: tuple[str, ...]
    providers: Mapping[str, str]

    def opened(self, values: Mapping[str, str]) -> dict[tuple[str, str], Location]:
        """Return each opening (what, to whom) in an environment, with the location that declares it."""
        return {
            (what.ground(values), whom.ground(values)): block.location
            for block in self.blocks
            for what, whom in block.opens
        }


@dataclass(frozen=True)
class Declaration:
    """The grants, trusts, promises, policies, contents and inputs that a manifest declares: what the proof compares."""

    grants: tuple[Grant, ...]
    trusts: tuple[Trust, ...]
    promises: tuple[Promise, ...]
    required_policies: tuple[RequiredPolicy, ...]
    policies: tuple[ResourcePolicy, ...]
    contents: Contents
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Environment:
    """One environment: `values` resolves every reference that is known before Terraform runs.

    Its keys are expressions (`var.environment`, `local.account`, `var.uploads_name`), as in `Ref`.
    `variables` are the Terraform variables of its tfvars file, by name without `var.`.
    A manifest without environments has one with an empty name, the account 123456789012 and us-east-1,
    which stand for any account and region. `values` has the defaults or examples of inputs; `inputs` has what stands
    for them elsewhere.
    """

    name: str
    account: str
    region: str
    partition: str
    values: Mapping[str, str]
    variables: Mapping[str, Any]
    inputs: InputValues = field(default_factory=InputValues)


@dataclass(frozen=True)
class Variable:
    """A Terraform variable of the module: a value that differs between environments, `package`, or an input.

    Each of `validations` is a condition, as an expression, with the message for a value that does not meet it.
    """

    name: str
    type: str
    description: str
    default: Any = None
    has_default: bool = False
    allowed: tuple[str, ...] = ()
    validations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Compute:
    """The compute that a workload runs on: the blueprint's name and its fields, with defaults filled in.

    `names` has the blueprint's names and `ROLE_role` for each role. `derived` is what the blueprint reads
    from fields, such as `image.repository`.
    """

    type: str
    fields: Mapping[str, Any]
    names: Mapping[str, Text]
    derived: Mapping[str, Text]
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True)
class Use:
    """A resource that the compute type itself uses, since a field of it names the resource's key at `origin`.

    The role with that name gets the verbs on it; both are empty where the field only refers to it. `part` is what the
    field names of an injected value. With `limited`, the fields of the resource limit this use as they limit `access`.
    """

    resource: str
    role: str
    verbs: tuple[str, ...]
    origin: str
    part: str = ""
    limited: bool = False


@dataclass(frozen=True)
class Resource:
    """A resource that a workload uses. `fields` hold Texts, numbers, lists and maps, with defaults filled in.

    `arns` are the IAM resource types of the blueprint with their ARNs, several where a field is a list;
    `attributes` is what `${resources.KEY.ATTRIBUTE}` resolves to.
    """

    key: str
    type: str
    created: bool
    access: tuple[str, ...]
    fields: Mapping[str, Any]
    arns: Mapping[str, tuple[Text, ...]]
    attributes: Mapping[str, Text]
    context: Mapping[str, Text]
    """`partition`, `region` and `account` of the resource: its own ARN's, or else the module's."""


@dataclass(frozen=True)
class ManualStatement:
    """An entry of `statements`: permissions that no blueprint covers. `role` is "" for the code's own."""

    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    conditions: tuple[Condition, ...]
    reason: str
    role: str
    origin: str
    location: Location


@dataclass(frozen=True)
class Never:
    """An entry of `never` as written: the verb or action it forbids, and the resource key or ARN pattern."""

    source: str
    forbidden: str
    target: Text
    origin: str
    location: Location


@dataclass(frozen=True)
class Workload:
    """One manifest document, checked and resolved against the catalog."""

    name: str
    file: str
    compute: Compute
    resources: Mapping[str, Resource]
    environments: tuple[Environment, ...]
    variables: tuple[Variable, ...]
    inputs: tuple[Input, ...]
    tags: Mapping[str, Any]
    boundary: Text | None
    exclusive: bool
    statements: tuple[ManualStatement, ...]
    never: tuple[Never, ...]
    suppressions: tuple[Suppression, ...]
    locate: Callable[[str], Location] = field(repr=False, compare=False)
    """Returns the location of a dotted path, or of its nearest ancestor."""
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Suppression:
    """An accepted finding: `rule` at the manifest path `at` (and below), for a `reason`, `until` a day.

    `removal` has the edits of the manifest that take it out, none where that cannot be done without a loss.
    """

    rule: str
    at: str
    reason: str
    until: str
    location: Location
    removal: tuple[Edit, ...]


@dataclass(frozen=True)
class Statement:
    """A statement of a policy document: grants that share resources and conditions, merged."""

    sid: str
    effect: Literal["Allow", "Deny"]
    actions: tuple[str, ...]
    resources: tuple[Text, ...]
    conditions: tuple[Condition, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Policy:
    """A policy of a role: inline, or managed where the inline limit would be exceeded."""

    label: str
    name: Text
    managed: bool
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Role:
    """An IAM role of the module. `key` is its name in the blueprint (`task`, `execution`)."""

    key: str
    name: Text
    summary: str
    trust: Trust
    policies: tuple[Policy, ...]


@dataclass(frozen=True)
class Module:
    """A rendered Terraform module: file name (relative, with `/`) to text."""

    workload: str
    files: Mapping[str, str]
