"""Check a module against the schema of the AWS provider, in both major versions that it has to work with."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rolewright.check.body import Problem, check_body, nearest
from rolewright.check.meta import check_ignored, check_meta
from rolewright.check.references import check_references
from rolewright.core.finding import Finding, Location
from rolewright.data import provider
from rolewright.hcl.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, ParsedModule

_WITH_LABELS = {"resource": 2, "data": 2, "variable": 1, "output": 1, "module": 1, "provider": 1}
_UNIQUE = frozenset({"resource", "data", "variable", "output", "module"})


def check_provider(parsed: ParsedModule) -> tuple[Finding, ...]:
    """Return findings for what Terraform or one of the two majors of the AWS provider would refuse or warn about.

    Each finding is at its line of the HCL and names the versions of the provider that it applies to.
    """
    scope = Scope(parsed)
    majors: dict[Problem, list[int]] = {}
    for major in provider.MAJORS:
        for problem in (*_check_blocks(scope, major), *check_references(scope, major)):
            of_problem = majors.setdefault(problem, [])
            if major not in of_problem:
                of_problem.append(major)
    findings = [_finding(problem, tuple(problem_majors)) for problem, problem_majors in majors.items()]
    findings += [_finding(problem, ()) for problem in _check_structure(parsed)]
    return tuple(sorted(findings, key=lambda finding: (finding.location, finding.rule, finding.message)))


def _finding(problem: Problem, majors: tuple[int, ...]) -> Finding:
    versions = " and ".join(provider.versions()[major] for major in majors)
    text = f"{problem.text} (AWS provider {versions})" if majors else problem.text
    place = Location(problem.file, problem.line, end_line=problem.line)
    return Finding(problem.rule, text, problem.remedy, place, severity=problem.severity)


def _check_blocks(scope: Scope, major: int) -> Iterator[Problem]:
    for block in scope.parsed.blocks:
        if block.type not in ("resource", "data") or len(block.labels) != 2:
            continue
        kind: provider.BlockKind = "data" if block.type == "data" else "resource"
        type_ = block.labels[0]
        schema = provider.schema(major, kind, type_)
        if schema is None:
            noun = "data source" if kind == "data" else "resource"
            remedy = nearest(type_, provider.names(major, kind), "Choose a type that both majors have.")
            yield Problem("provider-unknown-type", block.file, block.line, f"there is no {noun} {type_}", remedy)
            continue
        yield from check_body(block, schema, scope, major)
        yield from check_ignored(block, schema)


def _check_structure(parsed: ParsedModule) -> Iterator[Problem]:
    """Check what applies to every provider: labels, meta-arguments, and one declaration per address."""
    declared: Counter[tuple[str, ...]] = Counter()
    for block in parsed.blocks:
        labels = _WITH_LABELS.get(block.type, 0)
        if len(block.labels) != labels:
            yield Problem(
                "provider-block-shape",
                block.file,
                block.line,
                f"a {block.type} block takes {labels} labels, not {len(block.labels)}",
                "Give as many labels as Terraform expects."
                + (
                    " A template writes {{ … }} without quotes around it: it adds its own."
                    if "" in block.labels
                    else ""
                ),
            )
            continue
        if block.type in ("resource", "data"):
            yield from check_meta(block)
        yield from _check_unique(block, declared)


def _check_unique(block: Block, declared: Counter[tuple[str, ...]]) -> Iterator[Problem]:
    addresses = [("local", name) for name in block.attributes] if block.type == "locals" else []
    if block.type in _UNIQUE:
        addresses = [(block.type, *block.labels)]  # type: ignore[list-item]
    for address in addresses:
        declared[address] += 1
        if declared[address] > 1:
            line = block.attributes[address[1]].line if block.type == "locals" else block.line
            text = f"{'.'.join(address)} is declared twice"
            yield Problem("provider-duplicate", block.file, line, text, "Rename or remove one of the two.")
