"""The answer that the report begins with: how much there is of what, and what was not proven or not looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rolewright.core.finding import Finding
    from rolewright.pipeline import Built
    from rolewright.report.permissions import Permission, Whose
    from rolewright.review.comparison import Review


@dataclass(frozen=True)
class Reach:
    """A workload in one environment: what its roles may do, and whom it lets in.

    `permissions` are those of one role each, by its key; what a Deny withholds is not among them. `let_in` has an entry
    for each trust policy and each statement of a resource's policy.
    """

    permissions: tuple[tuple[str, Permission], ...]
    let_in: tuple[Whose, ...]


@dataclass(frozen=True)
class Gap:
    """Something that was not proven or not looked at, and of what: names of workloads, files or types."""

    text: str
    of: tuple[str, ...]


def counted(built: Built, reaches: Iterable[Reach]) -> Counter[str]:
    """Count roles and permissions of a workload, in all of its environments together.

    A permission is one action on one resource for one role; `read`, `write`, `delete` and `unknown` are what it does.
    `stars` are those on `*`, and `other` those on what another account, or any, owns. `let in` are policies that let
    one in; `unsure` is whatever has an account that is not known.
    """
    counts: Counter[str] = Counter()
    for reach in reaches:
        counts["roles"] += len(built.roles)
        for _, permission in set(reach.permissions):
            counts[permission.does] += 1
            counts["stars"] += permission.star
            counts["other"] += permission.whose == "other"
            counts["unsure"] += permission.whose == "unknown"
        counts["let in"] += reach.let_in.count("other")
        counts["unsure"] += reach.let_in.count("unknown")
    return counts


def unbuilt(built: Sequence[Built], findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the files with an error that kept a workload from being built, sorted."""
    of_modules = {finding for module in built for finding in module.findings}
    names = {module.workload.locate("workload") for module in built}  # two workloads of one name are built all the same
    return tuple(
        sorted(
            {
                finding.location.file
                for finding in findings
                if finding.severity is Severity.ERROR and finding not in of_modules and finding.location not in names
            }
        )
    )


def is_proven(built: Built) -> bool:
    """Return whether a workload was proven in each of its environments, with nothing of the proof itself accepted."""
    accepted = any(each.rule.startswith(("proof-", "promise-")) for each in built.workload.suppressions)
    return not built.refused and not accepted and len(built.proofs) == len(built.workload.environments)


def gaps(
    built: Sequence[Built], counts: Sequence[Counter[str]], files: Sequence[str], review: Review | None
) -> tuple[Gap, ...]:
    """Return what the page does not vouch for; `counts` are those of each workload, `files` those of `unbuilt`."""

    def names(chosen: Iterable[bool]) -> tuple[str, ...]:
        return tuple(module.workload.name for module, is_one in zip(built, chosen, strict=True) if is_one)

    not_applied = {type_ for module in built for proof in module.proofs for type_ in proof.not_applied}
    found = (
        Gap("Files that an error kept from being read to their end, so that some of them is missing", tuple(files)),
        Gap("Workloads that are not proven", names(not is_proven(module) for module in built)),
        Gap("Manifests that were not compared with the earlier revision", review.left if review else ()),
        Gap(
            "Workloads with findings that were accepted",
            names(bool(module.workload.suppressions) for module in built),
        ),
        Gap(
            "Workloads to whose roles others may attach policies, which were not looked at",
            names(not module.workload.exclusive for module in built),
        ),
        Gap(
            "Workloads that need others to agree: whether they do was not looked at",
            names(bool(module.declaration.required_policies) for module in built),
        ),
        Gap(
            "Workloads with a resource or principal whose account is not known",
            names(each["unsure"] > 0 for each in counts),
        ),
        Gap(
            "Workloads with an action of which it is not known what it does",
            names(each["unknown"] > 0 for each in counts),
        ),
        Gap(
            "Terraform types that moto was not asked to create: only their text was judged", tuple(sorted(not_applied))
        ),
    )
    return tuple(gap for gap in found if gap.of)
