"""The access of workloads as one HTML file, which is read without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from rolewright.core.printable import visible
from rolewright.core.text import ground
from rolewright.render.readable import readable, shown, who
from rolewright.report.difference import admitted, policy_name, verdict
from rolewright.report.picture import Box, Edge, picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.core.finding import Finding
    from rolewright.core.model import Environment, ResourcePolicy, Role, Statement, Workload
    from rolewright.pipeline import Built
    from rolewright.review.comparison import Review

_TOKEN = re.compile(r"\$\{[^{}:]*\}")
"""What stands for a part of an ARN that AWS makes up; a policy variable has a colon."""

MARK = "<!doctype html>\n<!-- Written by rolewright report. -->\n"
"""What every page begins with, so that one page may replace another."""


def page(built: Sequence[Built], findings: Sequence[Finding], review: Review | None) -> str:
    """Return the page: what changed, what was found, and for each workload its picture, its proof and its access.

    It loads nothing, and its content security policy lets no script run but its own.
    """
    style, script = (_file(name) for name in ("page.css", "page.js"))
    template = Templates(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        _file("page.html.j2")
    )
    workloads = [_workload(module, number) for number, module in enumerate(built, 1)]
    text = template.render(
        workloads=workloads,
        findings=[_finding(finding) for finding in findings],
        review=review
        and {
            "revision": review.revision,
            "verdict": verdict(review.differences, review.left),
            "wider": bool(review.left) or any(difference.widened for difference in review.differences),
        },
        differences=list(_differences(review)) if review else [],
        touched=list(_touched(built)) if len(built) > 1 else [],
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'",
    )
    return MARK + visible(text)


def _file(name: str) -> str:
    return resources.files("rolewright.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "severity": str(finding.severity),
        "rule": finding.rule,
        "message": finding.message,
        "remedy": finding.remedy,
        "place": str(finding.location),
    }


def _workload(built: Built, number: int) -> dict[str, Any]:
    workload = built.workload
    edges = list(_edges(built))
    return {
        "id": f"w{number}",
        "name": workload.name,
        "file": workload.file,
        "compute": workload.compute.type,
        "refused": built.refused,
        "picture": picture(f"What the roles of {workload.name} reach", edges),
        "tree": _tree(edges),
        "proofs": built.proofs,
        "promises": [{"source": never.source, "place": str(never.location)} for never in workload.never],
        "suppressions": workload.suppressions,
        "agreements": sorted(
            {f"the {policy.to} of {policy.resource}" for policy in built.declaration.required_policies}
        ),
        "exclusive": workload.exclusive,
        "environments": [_environment(built, environment) for environment in workload.environments],
    }


def _values(environment: Environment) -> Mapping[str, str]:
    return readable(environment)


def _environment(built: Built, environment: Environment) -> dict[str, Any]:
    values = _values(environment)
    boundary = built.workload.boundary
    return {
        "name": environment.name,
        "place": f"{environment.account}, {environment.region}" if environment.name else "",
        "boundary": boundary.ground(values) if boundary else "",
        "roles": [
            {
                "key": role.key,
                "name": role.name.ground(values),
                "summary": role.summary,
                "principals": [assumer.ground(values) for assumer in role.trust.principals],
                "conditions": shown(role.trust.conditions, values).removeprefix(" if "),
                "place": str(role.trust.location),
            }
            for role in built.roles
        ],
        "rows": [_row(role, statement, values) for role, statement in _statements(built.roles)],
        "policies": [_policy(policy, values) for policy in built.declaration.policies],
        "opened": [
            {"what": what, "whom": whom, "place": str(place)}
            for (what, whom), place in sorted(built.declaration.contents.opened(values).items())
        ],
    }


def _statements(roles: Sequence[Role]) -> Iterator[tuple[Role, Statement]]:
    for role in roles:
        for policy in role.policies:
            for statement in policy.statements:
                yield role, statement


def _row(role: Role, statement: Statement, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "role": role.key,
        "effect": statement.effect.lower(),
        "actions": statement.actions,
        "resources": [resource.ground(values) for resource in statement.resources],
        "conditions": shown(statement.conditions, values).removeprefix(" if "),
        "reasons": list(dict.fromkeys(reason for grant in statement.grants for reason in grant.reasons)),
        "origins": list(dict.fromkeys((grant.origin, str(grant.location)) for grant in statement.grants)),
    }


def _policy(policy: ResourcePolicy, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "subject": policy.subject,
        "place": str(policy.location),
        "statements": [
            {
                "effect": statement.effect.lower(),
                "who": list(dict.fromkeys(who(kind, name.ground(values)) for kind, name in statement.principals)),
                "actions": statement.actions,
                "resources": [arn.ground(values) for arn in statement.resources] or ["*"],
                "conditions": shown(statement.conditions, values).removeprefix(" if "),
                "reasons": statement.reasons,
                "origin": statement.origin,
                "place": str(statement.location),
            }
            for statement in policy.statements
        ],
        "documents": [json.dumps(ground(document, values), sort_keys=True) for document in policy.documents],
        "origin": policy.origin,
    }


def _edges(built: Built) -> Iterator[Edge]:
    """Yield who assumes each role, and what it reaches: a resource of the manifest, or what the platform needs."""
    values = _values(built.workload.environments[0])
    for role in built.roles:
        node = Box("role", role.key, role.summary)
        for assumer in role.trust.principals:
            held = shown(role.trust.conditions, values).removeprefix(" if ")
            principal = Box("principal", assumer.ground(values).rpartition("/")[2], "")
            yield Edge(principal, node, f"assumes it{f', if {held}' if held else ''}")
        reached: dict[tuple[Box, bool], dict[str, None]] = {}
        for _, statement in _statements([role]):
            for grant in statement.grants:
                key = _reached(built.workload, grant.origin, statement), statement.effect == "Deny"
                reached.setdefault(key, {}).update(dict.fromkeys(grant.actions))
        for (end, denied), actions in reached.items():
            yield Edge(node, end, f"{'may not' if denied else 'may'} {', '.join(sorted(actions))}", denied)


def _reached(workload: Workload, origin: str, statement: Statement) -> Box:
    start, _, rest = origin.partition(".")
    key = rest.split(".")[0]
    if start == "resources" and key in workload.resources:
        resource = workload.resources[key]
        verbs = f": {', '.join(resource.access)}" if resource.access else ""
        return Box("resource", key, f"{resource.type}{verbs}")
    if start == "statements":
        services = sorted({action.partition(":")[0] for action in statement.actions})
        return Box("resource", origin, ", ".join(services))
    return Box("platform", origin, "what the platform needs")


def _tree(edges: Sequence[Edge]) -> list[dict[str, Any]]:
    """Return the picture in words: each role with who assumes it and what it reaches."""
    roles = dict.fromkeys(node for edge in edges for node in (edge.start, edge.end) if node.kind == "role")
    return [
        {
            "role": role,
            "principals": [edge.start for edge in edges if edge.end == role],
            "reached": [edge for edge in edges if edge.start == role],
        }
        for role in roles
    ]


def _differences(review: Review) -> Iterator[dict[str, Any]]:
    for difference in review.differences:
        for role in difference.roles:
            where = f" in {role.environment}" if role.environment else ""
            rows = [("+", "may now", p) for p in role.added] + [("-", "may no longer", p) for p in role.removed]
            yield {
                "name": f"{difference.workload}{where}, role {role.role}",
                "widened": role.widened,
                "rows": [
                    {
                        "sign": sign,
                        "what": what,
                        "actions": p.actions,
                        "resource": p.resource,
                        "conditions": " and ".join(f"{o} {k} {' | '.join(v)}" for o, k, v in p.conditions),
                        "origin": p.origin,
                        "place": p.place,
                    }
                    for sign, what, p in rows
                ],
                "others": role.others,
                "unknown": role.unknown,
            }
        for policy in difference.policies:
            changes = [("added", each) for each in policy.more] + [("removed", each) for each in policy.less]
            yield {
                "name": policy_name(difference.workload, policy),
                "widened": policy.widened,
                "rows": [],
                "policy": [{"kind": kind, "admits": admitted(each), "at": each} for kind, each in changes],
                "others": (),
                "unknown": policy.unknown,
            }
        if difference.others:
            widened = any(line.widens for line in difference.others)
            yield {
                "name": difference.workload,
                "widened": widened,
                "rows": [],
                "unknown": (),
                "others": difference.others,
            }


def _touched(built: Sequence[Built]) -> Iterator[dict[str, Any]]:
    """Yield each resource with the roles that reach it, of all workloads and environments; `*` is left to their tables.

    What a module makes has no ARN yet, and is another resource in each module and environment.
    """
    found = sorted(
        {
            (
                (resource, _in(module.workload.name, environment.name) if _TOKEN.search(resource) else ""),
                (module.workload.name, environment.name),
                role.key,
                statement.effect.lower(),
                statement.actions,
            )
            for module in built
            for environment in module.workload.environments
            for role, statement in _statements(module.roles)
            for resource in (text.ground(_values(environment)) for text in statement.resources)
            if resource != "*"
        }
    )
    for (resource, made_by), group in groupby(found, key=lambda row: row[0]):
        rows = [
            {"who": f"{_in(*where)}, {role}", "effect": effect, "actions": actions}
            for _, where, role, effect, actions in group
        ]
        yield {"resource": resource, "made_by": made_by, "rows": rows}


def _in(workload: str, environment: str) -> str:
    return f"{workload}{f' in {environment}' if environment else ''}"
