"""How fast `rolewright audit --draft` reads a thousand Python files that call AWS: `python benchmarks/code.py`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from sdk_programs import PROGRAMS

FILES, PLAIN = 1_000, 25
FUNCTION = """

def plain_{number}(one, other=None):
    total = one.get("size", {number}) + len(other or [])
    for each in range(total):
        if each % 2:
            print(each, one.name, str(other))
    return total
"""


def main() -> None:
    programs = list(PROGRAMS.values())
    plain = "".join(FUNCTION.format(number=number) for number in range(PLAIN))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = 0
        for number in range(FILES):
            text = "import boto3\n" + textwrap.dedent(programs[number % len(programs)]) + plain
            lines += text.count("\n")
            (folder / f"m{number}.py").write_text(text, encoding="utf-8")
        start = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", "rolewright", "audit", str(folder), "--draft", str(folder / "draft.yaml")],
            check=True,
            capture_output=True,
            text=True,
        )
        took = time.perf_counter() - start
        counted = run.stderr.split("permissions in its calls: ")[1].split(",")[0]
        print(f"{FILES} files, {lines} lines, {counted} permissions in their calls: {took:.1f} s")


if __name__ == "__main__":
    main()
