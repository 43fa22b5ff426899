"""Records and manifests → the use of each role, and what would allow what was denied to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rolewright.core.finding import MisuseError
from rolewright.review.why import Question
from rolewright.suggest.engine import suggest
from rolewright.suggest.messages import reason_of, why
from rolewright.usage.compare import compare_usage, unused_of
from rolewright.usage.events import event_of
from rolewright.usage.patch import Denial
from rolewright.usage.records import Reading, records
from rolewright.usage.reports import read_credential_report, read_last_accessed
from rolewright.usage.tally import tally

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from rolewright.core.model import Environment
    from rolewright.pipeline import Pipeline
    from rolewright.render.module import Rendered
    from rolewright.suggest.engine import Suggestion
    from rolewright.usage.compare import RoleUsage
    from rolewright.usage.reports import ActiveKey, LastAccessed
    from rolewright.usage.tally import Tally
    from rolewright.yaml.load import Document

_MOST = 200
"""Denials of one run that are given advice: each change is built and proven."""


@dataclass(frozen=True)
class UsageSources:
    """The files that tell of use: CloudTrail's, and IAM's credential report and reports of last use, by role.

    What was before the day `since` does not count; "" stands for no such day.
    """

    trails: list[Path]
    since: str
    credential_report: Path | None
    last_accessed: Mapping[str, Path]


@dataclass
class Usage:
    """The use of the roles of manifests, by workload; no roles where the files have no record.

    `active` are keys of the credential report. `denials` are those that a change of a manifest may mend, and
    `suggestions` has the change for each, by action and resource: None where there were too many to look for one.
    """

    reading: Reading
    tally: Tally
    active: tuple[ActiveKey, ...]
    roles: dict[str, list[RoleUsage]] = field(default_factory=dict)
    denials: list[Denial] = field(default_factory=list)
    suggestions: dict[tuple[str, str], Suggestion | None] = field(default_factory=dict)

    @property
    def unused(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Return the actions that no environment used, by workload and key of the resource."""
        return {workload: unused_of(listed) for workload, listed in self.roles.items()}

    @property
    def needs_work(self) -> bool:
        """Return whether a manifest could allow a denial, a key is in use, or a file could not be read."""
        used = self.tally.keys or any(key.used for key in self.active)
        return bool(used or self.suggestions or self.reading.broken or self.reading.unread)


def read_usage(
    sources: UsageSources, manifests: Collection[Path], pipeline: Pipeline, only: Collection[str] = ()
) -> Usage:
    """Compare records with manifests, in the environments named in `only`, or in all.

    Raises Rejected where a manifest or a report is refused, and MisuseError where no manifest has the environments, or
    a report of last use is of none of the roles.
    """
    report = sources.credential_report
    keys = read_credential_report(report) if report is not None else ()
    accessed = {role: read_last_accessed(path) for role, path in sources.last_accessed.items()}
    known = [
        (pipeline.read(path), index, rendered)
        for path in dict.fromkeys(manifests)
        for index, rendered in enumerate(pipeline.rendered(path))
    ]
    reading = Reading()
    seen = tally((event_of(record) for record in records(sources.trails, reading)), sources.since, reading)
    active = tuple(key for key in keys if not key.used or key.used >= sources.since)
    usage = Usage(reading, seen, active)
    if not seen.events:
        return usage
    for document, index, rendered in known:
        for environment in rendered.workload.environments:
            if not only or environment.name in only:
                _add(usage, document, index, rendered, environment, pipeline, accessed)
    if not usage.roles:
        raise MisuseError(f"no manifest has the environment {' or '.join(only)}")
    _require_own(accessed, usage.roles)
    return usage


def _add(
    usage: Usage,
    document: Document,
    index: int,
    rendered: Rendered,
    environment: Environment,
    pipeline: Pipeline,
    accessed: Mapping[str, LastAccessed],
) -> None:
    """Add the use of a workload's roles in one environment, and what would allow what was denied to them."""
    workload = rendered.workload
    names = {role.key: role.name.ground(environment.values) for role in rendered.roles}
    account = environment.account if environment.name else ""
    where = f" in {environment.name}" if environment.name else ""
    for role in compare_usage(workload, rendered.declaration, names, environment, usage.tally, accessed):
        usage.roles.setdefault(workload.name, []).append(role)
        for action, resource, because, seen in role.denied:
            if len(usage.denials) >= _MOST:
                usage.suggestions[action, resource] = None
                continue
            asked = Question(action, resource, role.name, because, account, reason=reason_of(because))
            found = suggest(asked, document, index, pipeline.catalog, build=pipeline.errors, only=[environment.name])
            if found.advice or why(asked.reason).mends:
                times = f"denied {seen.count} times{where}, last {seen.last}"
                usage.denials.append(Denial(workload.name, action, resource, times, role.name, account))
                usage.suggestions[action, resource] = found


def _require_own(accessed: Mapping[str, LastAccessed], roles: Mapping[str, Sequence[RoleUsage]]) -> None:
    """Raise MisuseError where a report of last use is of no role of the manifests, or of another one."""
    names = {role.name for listed in roles.values() for role in listed}
    for name, report in accessed.items():
        if name not in names:
            raise MisuseError(f"--last-accessed: none of the manifests has a role {name}")
        others = sorted(arn for arn in report.entities if arn.rpartition("/")[2] != name)
        if others:
            raise MisuseError(f"--last-accessed: this report is about {others[0]}, not about the role {name}")
