"""Time and peak memory for 1, 100 and 1,000 generated manifests: `python benchmarks/stages.py [AMOUNT…]`.

Whole commands, each a process of its own with nothing in the cache: `render` in one process and in one for each
CPU, and once more, where nothing changed. Peak memory is that of the largest process, and at least that of this
one. Then the stages, in CPU time: cold for the first manifest, for which they import and load what they need, and
warm for all of them after it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from manifest_generator import generated_manifests  # noqa: E402 - the tests' generator makes the manifests
from rolewright.blueprint import load_catalog  # noqa: E402
from rolewright.check.provider import check_provider  # noqa: E402
from rolewright.check.rule import check_rules, rules  # noqa: E402
from rolewright.grants.derive import derive_grants  # noqa: E402
from rolewright.grants.policies import build_roles  # noqa: E402
from rolewright.hcl.parse import parse  # noqa: E402
from rolewright.manifest.read import read_manifest  # noqa: E402
from rolewright.prove.evaluate import evaluate  # noqa: E402
from rolewright.prove.proof import prove  # noqa: E402
from rolewright.prove.sandbox import open_sandbox  # noqa: E402
from rolewright.render.module import render  # noqa: E402
from rolewright.render.sandbox import Templates  # noqa: E402
from rolewright.yaml.load import loads  # noqa: E402

RENDERING = ("load", "manifest", "grants and roles", "render")


def stages(texts: list[str]) -> None:
    """The stages of all manifests, after those of the first alone."""
    catalog = load_catalog()
    templates = Templates(catalog)
    with open_sandbox() as moto:

        def run(text: str, spent: dict[str, float]) -> None:
            at = time.process_time()

            def timed(stage: str) -> None:
                nonlocal at
                spent[stage] += time.process_time() - at
                at = time.process_time()

            document = loads(text, "m.yaml")
            timed("load")
            (workload,) = read_manifest(document, catalog)
            timed("manifest")
            declaration = derive_grants(workload, catalog)
            roles = build_roles(workload, declaration, catalog)
            timed("grants and roles")
            module = render(workload, declaration, roles, catalog, templates)
            timed("render")
            parsed = parse(module)
            timed("parse")
            check_provider(parsed)
            timed("provider schema")
            check_rules(parsed, rules())
            timed("rules")
            for environment in workload.environments:
                plan = evaluate(parsed, environment)
                timed("evaluate")
                sandbox = moto.apply(plan, environment)
                timed("moto")
                prove(plan, sandbox, declaration, workload.boundary, environment)
                timed("prove")

        cold: dict[str, float] = defaultdict(float)
        warm: dict[str, float] = defaultdict(float)
        gc.set_threshold(100_000, 50, 100)  # as the command line does
        run(texts[0], cold)
        for text in texts:
            run(text, warm)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"  stages: {sum(warm.values()):.2f} s of CPU time warm, peak memory {peak} MB")
    for stage, seconds in warm.items():
        print(f"    {stage:16} {1000 * cold[stage]:7.1f} ms cold {1000 * seconds / len(texts):7.1f} ms warm")
    print(f"    without checks and proof: {sum(warm[stage] for stage in RENDERING):.2f} s")


def command(*arguments: str, folder: Path) -> tuple[float, str]:
    """Seconds that one run of the command took, and these with CPU time and memory as text. Its cache is `folder`."""
    start = time.perf_counter()
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder)}
    program = [sys.executable, "-m", "rolewright", *arguments]
    process = subprocess.Popen(program, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    cpu = usage.ru_utime + usage.ru_stime
    return seconds, f"{seconds:.3f} s, {cpu:.3f} s of CPU time, peak memory {usage.ru_maxrss >> 10} MB"


def commands(texts: list[str]) -> None:
    """`render` of all manifests."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        names = [f"{number}.yaml" for number in range(len(texts))]
        for name, text in zip(names, texts, strict=True):
            (folder / name).write_text(text)
        for jobs in sorted({1, min(len(texts), os.cpu_count() or 1)}):
            _, said = command("render", *names, "-o", f"output{jobs}", "--jobs", str(jobs), folder=folder)
            print(f"  render --jobs {jobs}: {said}")
        time.sleep(3)  # the last files that were written are then old enough to be trusted by their times
        runs = [command("render", *names, "-o", "output1", folder=folder) for _ in range(4)]
        print(f"  unchanged: {min(runs)[1]}")


def examples() -> None:
    """One manifest in a new process, for each example; the best of three."""
    for manifest in sorted((ROOT / "examples").glob("*.yaml")):
        with tempfile.TemporaryDirectory() as made:
            runs = []
            for _ in range(3):
                runs.append(command("validate", str(manifest), folder=Path(made)))
                for entry in Path(made).rglob("*.json"):
                    entry.unlink()
        print(f"  validate {manifest.name}: {min(runs)[1]}")


if __name__ == "__main__":
    print(f"cold, load average {os.getloadavg()[0]:.1f}")
    examples()
    for amount in map(int, sys.argv[1:] or ("1", "100", "1000")):
        print(f"{amount:,} manifests, load average {os.getloadavg()[0]:.1f}")
        texts = generated_manifests(amount)
        commands(texts)
        # In a process of its own: the memory that this one takes would be counted for every command.
        child = multiprocessing.get_context("spawn").Process(target=stages, args=(texts,))
        child.start()
        child.join()
