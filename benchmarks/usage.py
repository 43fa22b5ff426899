"""How fast `rolewright usage` reads a million records of CloudTrail in gzip files: `python benchmarks/usage.py`."""

from __future__ import annotations

import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from cloudtrail_records import ACCOUNT, on, record

FILES, EACH = 20, 50_000
CALLS = (("dynamodb", "GetItem"), ("s3", "GetObject"), ("logs", "CreateLogStream"), ("sts", "GetCallerIdentity"))


def main() -> None:
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(FILES):
            with gzip.open(folder / f"{number}.json.gz", "wt", compresslevel=1) as opened:
                opened.write('{"Records": [')
                for index in range(EACH):
                    source, call = chance.choice(CALLS)
                    arn = f"arn:aws:{source}:us-east-1:{ACCOUNT}:thing/{chance.randrange(200)}"
                    role = chance.choice(("my-function-execution", "another", "a-third"))
                    opened.write("," * bool(index) + json.dumps(record(source, call, role, **on(arn))))
                opened.write("]}")
        manifest = Path(__file__).parent.parent / "examples" / "lambda.yaml"
        start = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", "rolewright", "usage", str(folder), "-m", str(manifest), "--format", "json"],
            check=True,
            capture_output=True,
            text=True,
        )
        took = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        records = json.loads(run.stdout)["records"]
        print(f"{records} records in {FILES} files ({size:.0f} MB): {took:.1f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
