"""Proven modules → the files of the deployer's policies."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from rolewright.core.finding import Rejected
from rolewright.deployer.policies import documents, for_any_input, left_to_caller, permissions
from rolewright.hcl.parse import parse
from rolewright.manifest.symbolic import symbolic
from rolewright.prove.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rolewright.core.finding import Finding
    from rolewright.deployer.actions import ActionBlock
    from rolewright.deployer.policies import DeployerPermission
    from rolewright.pipeline import Built


def policy_files(
    modules: Iterable[Built], environments: Collection[str], actions: Mapping[str, tuple[ActionBlock, ...]]
) -> tuple[dict[str, str], list[Finding]]:
    """Return the policies with which Terraform plans and applies all these modules, as text by the name of its file.

    With `environments` only those count. The findings name the types of which `actions` does not say what they need.
    """
    needed: dict[str, list[DeployerPermission]] = defaultdict(list)
    findings: list[Finding] = []
    for built in modules:
        for environment in built.workload.environments:
            if not environments or environment.name in environments:
                anywhere = next(symbolic(environment, built.workload.inputs), environment)
                evaluated = evaluate(parse(built.module), anywhere)
                try:
                    found = permissions(built.workload, built.roles, evaluated, anywhere, actions)
                except Rejected as refusal:
                    findings += refusal.findings
                else:
                    findings += left_to_caller(found, built.workload)
                    needed[environment.name] += for_any_input(found, built.workload, environment)
    return _files(needed), list(dict.fromkeys(findings))


def _files(needed: Mapping[str, list[DeployerPermission]]) -> dict[str, str]:
    files: dict[str, str] = {}
    for environment, allowed in sorted(needed.items()):
        for kind in ("plan", "apply"):
            policies = documents(allowed, write=kind == "apply")
            for number, policy in enumerate(policies, 1):
                name = "-".join(filter(None, (environment, kind, str(number) if len(policies) > 1 else "")))
                files[f"{name}.json"] = json.dumps(policy, indent=2) + "\n"
    return files
