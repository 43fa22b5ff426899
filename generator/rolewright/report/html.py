"""The access of workloads as one HTML file, which is read without a network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from rolewright.core.printable import visible
from rolewright.grants.classes import Classes
from rolewright.render.readable import readable, shown, who
from rolewright.report.difference import admitted, policy_name, verdict
from rolewright.report.edges import edges_of
from rolewright.report.permissions import Judge, by_class, worst
from rolewright.report.picture import picture
from rolewright.report.verdict import Reach, counted, gaps, is_proven

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.core.model import ResourcePolicy, Role, Statement
    from rolewright.pipeline import Built
    from rolewright.report.picture import Edge
    from rolewright.review.comparison import Review

_TOKEN = re.compile(r"\$\{[^{}:]*\}")
"""What stands for a part of an ARN that AWS makes up; a policy variable has a colon."""

MARK = "<!doctype html>\n<!-- Written by rolewright report. -->\n"
"""What every page begins with, so that one page may replace another."""


_OPEN = 3
"""With more workloads than this, each is folded until somebody opens it."""


@dataclass(frozen=True)
class Provenance:
    """What a page is made of: the version of rolewright, and the commit of the manifests, "" where none is known.

    `changed` are manifests that differ from that commit; `unread` are files that could not be read to their end.
    """

    version: str
    commit: str
    changed: tuple[str, ...]
    unread: tuple[str, ...]


def page(
    built: Sequence[Built], findings: Sequence[Finding], review: Review | None, catalog: Catalog, source: Provenance
) -> str:
    """Return the page: the verdict, what changed, what was found, and each workload's picture, proof and access.

    It loads nothing, and its content security policy lets no script run but its own.
    """
    classes = Classes(catalog)
    judges = [[Judge(module, place, catalog, classes) for place in module.workload.environments] for module in built]
    counts = [counted(module, map(_reach, [module] * len(of), of)) for module, of in zip(built, judges, strict=True)]
    style, script = (_file(name) for name in ("page.css", "page.js"))
    template = Templates(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        _file("page.html.j2")
    )
    workloads = [
        {"id": f"w{number}", "counts": of, "proven": is_proven(module), **_workload(module, judging)}
        for number, (module, judging, of) in enumerate(zip(built, judges, counts, strict=True), 1)
    ]
    text = template.render(
        workloads=workloads,
        unfolded=len(workloads) <= _OPEN,
        total=sum(counts, Counter()),
        gaps=gaps(built, counts, source.unread, review),
        source=source,
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


def _reach(built: Built, judge: Judge) -> Reach:
    """Return all that is counted of a workload in one environment."""
    allowed = (
        (role.key, permission)
        for role, statement in _statements(built.roles)
        if statement.effect == "Allow"
        for permission in judge.permissions(statement)
    )
    policies = built.declaration.policies
    let_in = (
        *(judge.trusted(role.trust) for role in built.roles),
        *(judge.let_in(statement) for policy in policies for statement in policy.statements),
        *(judge.named_in(document) for policy in policies for document in judge.documents(policy)),
    )
    return Reach(tuple(allowed), let_in)


def _workload(built: Built, judges: Sequence[Judge]) -> dict[str, Any]:
    workload = built.workload
    edges = list(edges_of(built, judges))
    return {
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
        "environments": [_environment(built, judge) for judge in judges],
    }


def _environment(built: Built, judge: Judge) -> dict[str, Any]:
    environment, values = judge.environment, judge.values
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
                "whose": judge.trusted(role.trust),
                "conditions": shown(role.trust.conditions, values).removeprefix(" if "),
                "place": str(role.trust.location),
            }
            for role in built.roles
        ],
        "rows": [_row(role, statement, judge) for role, statement in _statements(built.roles)],
        "policies": [_policy(policy, judge) for policy in built.declaration.policies],
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


def _row(role: Role, statement: Statement, judge: Judge) -> dict[str, Any]:
    permissions, allows = judge.permissions(statement), statement.effect == "Allow"
    whose = worst(permission.whose for permission in permissions)
    does = by_class(permissions)
    star = any(permission.star for permission in permissions)
    kinds = [*does, *["star"] * star, *["account"] * (whose == "other"), *["unsure"] * (whose == "unknown")]
    return {
        "role": role.key,
        "effect": statement.effect.lower(),
        "kinds": kinds if allows else [],
        "does": does,
        "whose": whose,
        "resources": [resource.ground(judge.values) for resource in statement.resources],
        "conditions": shown(statement.conditions, judge.values).removeprefix(" if "),
        "reasons": list(dict.fromkeys(reason for grant in statement.grants for reason in grant.reasons)),
        "origins": list(dict.fromkeys((grant.origin, str(grant.location)) for grant in statement.grants)),
    }


def _policy(policy: ResourcePolicy, judge: Judge) -> dict[str, Any]:
    values = judge.values
    return {
        "subject": policy.subject,
        "place": str(policy.location),
        "statements": [
            {
                "effect": statement.effect.lower(),
                "whose": judge.let_in(statement),
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
        "documents": [(text, judge.named_in(text)) for text in judge.documents(policy)],
        "origin": policy.origin,
    }


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
            for resource in (text.ground(readable(environment)) for text in statement.resources)
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
