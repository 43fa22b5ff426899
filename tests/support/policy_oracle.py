"""The policies that a moto server holds after a real apply, against what was declared, evaluated and simulated."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from rolewright.prove.document import statements
from rolewright.prove.table import ground
from rolewright.terraform.server import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from plan_oracle import Shown
    from rolewright.core.model import Declaration, Environment
    from rolewright.prove.evaluate import EvaluatedModule
    from rolewright.prove.sandbox import Sandbox

Document = dict[str, Any]
Permission = tuple[str, str, str, frozenset[tuple[str, str, frozenset[str]]]]
"""Effect, action, resource, and conditions of operator, key and values."""


class Account:
    """The roles of one account in a moto server, read from the server itself."""

    def __init__(self, address: str, environment: Environment) -> None:
        self.environment = environment
        self._iam = Session().create_client(
            "iam",
            region_name=environment.region,
            endpoint_url=address,
            aws_access_key_id=ACCOUNT + environment.account,
            aws_secret_access_key="none",
        )

    def roles(self) -> set[str]:
        """The names of all roles."""
        return {role["RoleName"] for role in self._iam.list_roles(MaxItems=1000)["Roles"]}

    def policies(self, role: str) -> Iterator[Document]:
        """Every inline and attached policy of a role."""
        for name in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for attached in self._iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            yield self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def trust(self, role: str) -> Document:
        """The trust policy of a role."""
        document: Document = self._iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        return document


def disagreements(
    account: Account, plan: EvaluatedModule, sandbox: Sandbox, declaration: Declaration, real: Shown
) -> list[str]:
    """A line for each permission that one of the four has and another lacks, by role."""
    found: list[str] = []
    literal = json.dumps([block.values.get("policy") for block in plan.resources.values()])
    generated = {value: token for token, value in sandbox.tokens.items() if value not in literal}
    for block in plan.resources.values():
        if block.type != "aws_iam_role" or block.mode != "resource":
            continue
        name, address = block.values["name"], block.address
        held = _permissions(account.policies(name))
        sides = {
            "the evaluator": _permissions(_evaluated(plan, name, real)),
            "the sandbox": _permissions(_replaced(sandbox.policies[address], generated, real)),
            "the declaration": _declared(declaration, block.name, account.environment, real),
        }
        for side, theirs in sides.items():
            found += [f"{address}: the server has {_shown(one)}, {side} has not" for one in held - theirs]
            found += [f"{address}: {side} has {_shown(one)}, the server has not" for one in theirs - held]
        trusts = (json.loads(block.values["assume_role_policy"]), sandbox.trusts[address])
        if any(statements(trust, trust=True) != statements(account.trust(name), trust=True) for trust in trusts):
            found.append(f"{address}: the server's trust policy is another one")
    return found


def held(account: Account, plan: EvaluatedModule) -> int:
    """How many permissions the server holds for the roles of a plan: a comparison of nothing must not pass."""
    names = [b.values["name"] for b in plan.resources.values() if b.type == "aws_iam_role" and b.mode == "resource"]
    return sum(len(_permissions(account.policies(name))) for name in names)


def _permissions(documents: Iterable[Document]) -> set[Permission]:
    return {
        (one.effect, action, resource, frozenset(atom.canonical for atom in one.conditions))
        for document in documents
        for one in statements(document)
        for action in one.actions
        for resource in one.resources
    }


def _evaluated(plan: EvaluatedModule, role: str, real: Shown) -> Iterator[Document]:
    """The documents that the evaluated text gives a role."""
    blocks = [block for block in plan.resources.values() if block.mode == "resource"]
    managed = {"${" + block.address + ".arn}": block for block in blocks if block.type == "aws_iam_policy"}
    for block in blocks:
        if real.resolved(block.values.get("role")) != role:
            continue
        if block.type == "aws_iam_role_policy":
            yield json.loads(real.resolved(block.values["policy"]))
        elif block.type == "aws_iam_role_policy_attachment":
            yield json.loads(real.resolved(managed[block.values["policy_arn"]].values["policy"]))


def _replaced(documents: Iterable[Document], generated: Mapping[str, str], real: Shown) -> Iterator[Document]:
    """The sandbox's documents with what its own moto generated replaced by what the server's moto did."""
    for document in documents:
        text = json.dumps(document)
        for value, token in generated.items():
            text = text.replace(value, token)
        yield json.loads(real.resolved(text))


def _declared(declaration: Declaration, role: str, environment: Environment, real: Shown) -> set[Permission]:
    grants = [grant for grant in declaration.grants if grant.role == role]
    return {
        (
            one.effect,
            action.lower(),
            real.resolved(resource),
            frozenset((op.lower(), key.lower(), frozenset(map(real.resolved, v))) for op, key, v in one.conditions),
        )
        for one in ground(grants, environment.values)
        for action in one.actions
        for resource in one.resources
    }


def _shown(one: Permission) -> str:
    effect, action, resource, conditions = one
    return f"{effect} {action} on {resource}" + (f" if {sorted(map(str, conditions))}" if conditions else "")
