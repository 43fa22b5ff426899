"""Every mutant of a whole module that changes what anybody may do, or where it is applied, is rejected.

`ROLEWRIGHT_CASES=12 pytest -s tests/test_module_mutants.py` tries all of them and prints the figure of the README; the
tests try each twelfth.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mutants import Mutant, mutants
from rolewright.check.body import check_body
from rolewright.check.meta import check_meta
from rolewright.check.parse import parse
from rolewright.check.provider import check_provider
from rolewright.check.scope import Scope
from rolewright.check.syntax import ParsedModule
from rolewright.data import provider
from rolewright.finding import Rejected, Severity
from rolewright.manifest import read_manifest
from rolewright.model import Module
from rolewright.prove.contents import contents_findings, structure_findings
from rolewright.prove.evaluate import evaluate
from rolewright.prove.proof import prove
from rolewright.prove.sandbox import Sandbox
from rolewright.source import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.syntax import Block
    from rolewright.model import Declaration, Environment, Workload
    from rolewright.pipeline import Pipeline

HERE = Path(__file__).parent
MANIFESTS = [*sorted((HERE.parent / "examples").rglob("*.yaml")), HERE / "module_manifests.yaml"]
STEP = max(1, 12 // int(os.environ.get("ROLEWRIGHT_CASES", "1")))
NOTHING_APPLIED = Sandbox((), (), (), {}, {}, {})

OF_RESOURCES = "policies of resources are judged by the proof of those policies, and counted there"
SURVIVORS = [
    (r"resource .*", r".*", OF_RESOURCES),
]
"""Kind and target of each mutant that may pass, as patterns, and why it changes nothing."""


@dataclass(frozen=True)
class Rendered:
    """A module before it is changed."""

    workload: Workload
    declaration: Declaration
    module: Module
    parsed: ParsedModule


def rendered(path: Path, pipeline: Pipeline) -> Iterator[Rendered]:
    """The modules of a manifest, which are proven as they are."""
    for workload in read_manifest(load(path), pipeline.catalog):
        declaration, _, module = pipeline.declared(workload)
        yield Rendered(workload, declaration, module, parse(module))


def passes(one: Rendered, mutant: Mutant) -> bool:
    """Whether a module with a mutant in it would be written."""
    try:
        parsed, environment = _with(one, mutant)
        wrong = any(_malformed(block, parsed) for block in parsed.blocks if block not in one.parsed.blocks)
        if wrong or any(structure_findings(parsed, one.declaration.contents)):
            return False
        plan = evaluate(parsed, environment)
        if plan.problems or any(contents_findings(plan, one.declaration.contents, environment)):
            return False
        proof = prove(plan, NOTHING_APPLIED, one.declaration, one.workload.boundary, environment)
    except Rejected:
        return False
    if any(finding.rule != "promise-broken" for finding in proof.findings):
        return False
    return not any(finding.severity is Severity.ERROR for finding in check_provider(parsed))


def _with(one: Rendered, mutant: Mutant) -> tuple[ParsedModule, Environment]:
    """The module with a mutant in it; only what has changed is parsed anew."""
    files, first = one.module.files, one.workload.environments[0]
    if mutant.file not in files:
        return ParsedModule({**files, mutant.file: mutant.text}, one.parsed.blocks, one.parsed.tfvars), first
    if mutant.file.endswith(".tf"):
        part = parse(Module("mutant", {mutant.file: mutant.text})).blocks
        blocks = list(one.parsed.blocks)
        at = [n for n, block in enumerate(blocks) if (block.file, block.line) == (mutant.file, mutant.start + 1)]
        place = slice(at[0], at[0] + 1) if at else slice(len(blocks), len(blocks))
        blocks[place] = part
        return ParsedModule(files, tuple(blocks), one.parsed.tfvars), first
    lines = files[mutant.file].split("\n")
    lines[mutant.start : mutant.end] = mutant.text.split("\n")
    tfvars = parse(Module("mutant", {mutant.file: "\n".join(lines)})).tfvars
    (name,) = tfvars
    environment = next(each for each in one.workload.environments if each.name == name)
    return replace(one.parsed, tfvars={**one.parsed.tfvars, **tfvars}), environment


def _malformed(block: Block, parsed: ParsedModule) -> bool:
    """Whether Terraform itself would refuse a block."""
    if block.type not in ("resource", "data"):
        return False
    schema = provider.schema(provider.MAJORS[0], block.type, block.labels[0])
    if schema is None:
        return True
    problems = (*check_body(block, schema, Scope(parsed), provider.MAJORS[0]), *check_meta(block))
    return any(problem.severity is Severity.ERROR for problem in problems)


def reason(mutant: Mutant) -> str:
    """Why a mutant changes nothing, or ""."""
    fitting = (
        why
        for kind, target, why in SURVIVORS
        if re.fullmatch(kind, mutant.kind) and re.fullmatch(target, mutant.target)
    )
    return next(fitting, "")


@pytest.fixture(scope="module")
def tried(pipeline: Pipeline) -> Iterator[Counter[tuple[str, str]]]:
    """How many mutants of each kind came out as what."""
    counted: Counter[tuple[str, str]] = Counter()
    yield counted
    kinds = sorted({kind for kind, _ in counted})
    for kind in kinds:
        outcomes = {outcome: number for (each, outcome), number in sorted(counted.items()) if each == kind}
        print(f"\n{kind}: {sum(outcomes.values())}: {outcomes}", end="")
    print(f"\n{sum(counted.values())} mutants, {sum(n for (_, o), n in counted.items() if o == 'rejected')} rejected")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_mutant_is_rejected(path: Path, pipeline: Pipeline, tried: Counter[tuple[str, str]]) -> None:
    survivors = []
    for one in rendered(path, pipeline):
        for mutant in list(mutants(one.module.files))[::STEP]:
            passed = passes(one, mutant)
            why = reason(mutant) if passed else "rejected"
            tried[mutant.kind, why] += 1
            if passed and not why:
                survivors.append(f"{mutant.kind}|{mutant.target}")
    assert sorted(set(survivors)) == []
