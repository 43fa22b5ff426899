"""The keys that were found → where each is used, by which workload, with which permissions, and what to do."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING

from rolewright.audit.keys import account_of
from rolewright.audit.text import long_lived_keys
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.core.finding import Finding
    from rolewright.suggest.from_code import WorkloadCode

_STEPS = (
    "the workload has a role: draft its manifest, fill it in, render and apply it",
    "the workload is deployed with the role, and no place listed here gives it the key any more",
    "`rolewright usage` shows the role at work without a denial, and no more calls with the key",
    "disabled: `aws iam update-access-key --access-key-id {key} --status Inactive --user-name USER`",
    "deleted, once nothing broke: `aws iam delete-access-key --access-key-id {key} --user-name USER`",
)


def checklist(findings: Sequence[Finding], workloads: Sequence[WorkloadCode]) -> str:
    """Return the list as Markdown, with a box for each step of each key."""
    lines = ["# Replace access keys with roles"]
    for key, places in long_lived_keys(findings).items():
        owners = [workload for workload in workloads if any(_is_below(place.file, workload) for place in places)]
        lines += ["", f"## {key}", ""]
        lines.append(f"- account: {account_of(key) or 'unknown: its id does not contain it'}")
        lines += [f"- found in: `{place}`" for place in places]
        lines += [line for owner in owners for line in _workload(owner, findings)]
        if not owners:
            lines.append("- workload: none of the searched paths; `rolewright usage` shows who calls with it")
        lines += ["", *(f"- [ ] {step.format(key=key)}" for step in _STEPS)]
    if len(lines) == 1:
        lines += ["", "No long-lived key was found."]
    return "".join(f"{printable(line)}\n" for line in lines)


def _is_below(file: str, code: WorkloadCode) -> bool:
    """Return whether a finding's file is one of a workload; those of images and history begin with the file itself."""
    return PurePath(file).is_relative_to(code.folder)


def _workload(code: WorkloadCode, findings: Sequence[Finding]) -> Iterator[str]:
    yield f"- workload: {code.name} (`{code.folder.as_posix()}`)"
    for finding in findings:
        if finding.rule in ("key-reference", "frozen-credentials") and _is_below(finding.location.file, code):
            yield f"  - used here, without the key itself: `{finding.location}`"
    actions: dict[str, set[str]] = defaultdict(set)
    for needed in code.permissions:
        actions[needed.resource].add(needed.action)
    for resource, names in sorted(actions.items()):
        yield f"  - needs {', '.join(f'`{name}`' for name in sorted(names))} on `{resource}`"
    for unmapped in code.unmapped:
        yield f"  - unclear from the code: `{unmapped.location}`: {unmapped.text}: {unmapped.reason}"
    if not code.permissions and not code.unmapped:
        yield "  - no AWS call was found in its code"
