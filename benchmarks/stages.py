"""Time of each stage, and peak memory, for 1, 100 and 1,000 generated manifests: `python benchmarks/stages.py`.

Cold is a new process for one manifest; warm are the stages in one process that has its imports and caches.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from generate import generated_manifests  # noqa: E402 - the tests' generator makes the manifests
from rolewright.blueprint import load_catalog  # noqa: E402
from rolewright.check.parse import parse  # noqa: E402
from rolewright.check.provider import check_provider  # noqa: E402
from rolewright.check.rule import check_rules, rules  # noqa: E402
from rolewright.grants import derive_grants  # noqa: E402
from rolewright.manifest import read_manifest  # noqa: E402
from rolewright.policy import build_roles  # noqa: E402
from rolewright.prove.evaluate import evaluate  # noqa: E402
from rolewright.prove.proof import prove  # noqa: E402
from rolewright.prove.sandbox import open_sandbox  # noqa: E402
from rolewright.render import render  # noqa: E402
from rolewright.source import loads  # noqa: E402
from rolewright.template import Templates  # noqa: E402


def cold() -> None:
    """Whole processes: nothing, help, and one manifest without and with compute services in moto."""
    for arguments in (["--help"], ["validate", "examples/lambda.yaml"], ["validate", "examples/fargate.yaml"]):
        times = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "rolewright", *arguments], cwd=ROOT, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        print(f"cold {' '.join(arguments)}: {sorted(times)[1]:.2f} s")


def warm(amount: int) -> None:
    """The stages of `amount` manifests in this process."""
    texts = generated_manifests(amount)
    spent: dict[str, float] = defaultdict(float)

    def timed(stage: str, start: float) -> float:
        end = time.perf_counter()
        spent[stage] += end - start
        return end

    catalog = load_catalog()
    templates = Templates(catalog)
    with open_sandbox() as moto:
        for number, text in enumerate(texts):
            at = time.perf_counter()
            document = loads(text, f"{number}.yaml")
            at = timed("load", at)
            (workload,) = read_manifest(document, catalog)
            at = timed("manifest", at)
            declaration = derive_grants(workload, catalog)
            roles = build_roles(workload, declaration, catalog)
            at = timed("grants and roles", at)
            module = render(workload, declaration, roles, catalog, templates)
            at = timed("render", at)
            parsed = parse(module)
            at = timed("parse", at)
            check_provider(parsed)
            at = timed("provider schema", at)
            check_rules(parsed, rules())
            at = timed("rules", at)
            for environment in workload.environments:
                plan = evaluate(parsed, environment)
                at = timed("evaluate", at)
                sandbox = moto.apply(plan, environment)
                at = timed("moto", at)
                prove(plan, sandbox, declaration, workload.boundary, environment)
                at = timed("prove", at)
    total = sum(spent.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{amount} manifests: {total:.2f} s, peak memory {peak} MB")
    for stage, seconds in spent.items():
        print(f"  {stage}: {seconds:.2f} s, {1000 * seconds / amount:.1f} ms a manifest")


if __name__ == "__main__":
    cold()
    for amount in map(int, sys.argv[1:] or ("1", "100", "1000")):
        warm(amount)
