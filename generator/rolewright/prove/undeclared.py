"""The identities and policies of a module beside the roles that are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule

BLUEPRINT = "this is an error in the blueprint's templates, not in the manifest: fix them"

_IN_MODULE = ("aws_iam_role_policy", "aws_iam_role_policy_attachment")
_IN_ROLE = ("inline_policy", "managed_policy_arns")
_IDENTITIES = ("aws_iam_user", "aws_iam_group", "aws_iam_access_key", "aws_iam_policy_attachment",
               "aws_iam_user_policy", "aws_iam_group_policy", "aws_iam_user_policy_attachment",
               "aws_iam_group_policy_attachment")  # fmt: skip


def undeclared_findings(evaluated: EvaluatedModule) -> Iterator[Finding]:
    """Yield a finding for each identity and policy that is beside the roles of the module."""
    names = {
        name for block in evaluated.resources.values() if block.type == "aws_iam_role" for name in role_names(block)
    }
    for block in evaluated.resources.values():
        if block.type in _IN_MODULE and block.values.get("role") not in names:
            yield _at(block, f"{block.address} gives permissions to a role that the module does not create")
    own = {"${" + block.address + ".arn}" for block in evaluated.resources.values() if block.type == "aws_iam_policy"}
    for block in evaluated.resources.values():
        if block.type in _IDENTITIES:
            yield _at(block, f"{block.address} is an identity or policy that is not declared")
        elif block.type == "aws_iam_role_policy_attachment" and block.values.get("policy_arn") not in own:
            yield _at(block, f"{block.values.get('policy_arn')} is attached, but its content is not declared")
        elif block.type == "aws_iam_role" and any(block.values.get(name) for name in _IN_ROLE):
            yield _at(block, f"{block.address} sets policies in the role itself")
    yield from _loose(evaluated)


def _loose(evaluated: EvaluatedModule) -> Iterator[Finding]:
    """Yield a finding for each policy without a role, and each exclusive list that differs from the role's policies."""
    blocks = evaluated.resources.values()
    roles = [role_names(block) for block in blocks if block.type == "aws_iam_role"]
    attached = [block.values for block in blocks if block.type == "aws_iam_role_policy_attachment"]
    inline = [block.values for block in blocks if block.type == "aws_iam_role_policy"]
    yield from _renamed(blocks, roles)
    for block in blocks:
        if block.type == "aws_iam_policy" and not any(
            values.get("policy_arn") == "${" + block.address + ".arn}" for values in attached
        ):
            yield _at(block, f"{block.address} is attached to no role")
        for kind, list_, name, policies in (
            ("aws_iam_role_policies_exclusive", "policy_names", "name", inline),
            ("aws_iam_role_policy_attachments_exclusive", "policy_arns", "policy_arn", attached),
        ):
            if block.type == kind:
                role = next((names for names in roles if block.values.get("role_name") in names), set())
                if {*block.values.get(list_, ())} != {
                    values.get(name) for values in policies if values.get("role") in role
                }:
                    yield _at(block, f"{list_} of {block.address} does not list exactly the policies that the role has")


def _renamed(blocks: Iterable[EvaluatedBlock], roles: Sequence[set[object]]) -> Iterator[Finding]:
    """Yield a finding for each policy that has the name of another one of the same role, or of the account."""
    seen: set[tuple[str, int, str]] = set()
    for block in blocks:
        if block.type in ("aws_iam_role_policy", "aws_iam_policy"):
            owner = next((number for number, names in enumerate(roles) if block.values.get("role") in names), -1)
            name = (block.type, owner, str(block.values.get("name", block.address)))
            if name in seen:
                yield _at(block, f"{block.address} has the same name as another policy, so one overwrites the other")
            seen.add(name)


def _at(block: EvaluatedBlock, message: str) -> Finding:
    return Finding("proof-role", message, BLUEPRINT, Location(block.file, block.line, 1, block.line, 2))


def role_names(role: EvaluatedBlock) -> set[object]:
    """Return the values by which a policy may refer to a role."""
    return {role.values.get("name"), "${" + role.address + ".id}", "${" + role.address + ".name}"} - {None}
