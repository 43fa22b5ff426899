"""What uses rolewright as a library, as pytest's fixture does, has its process as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = r"""
import decimal, gc, json, locale, logging, os, random, signal, socket, sys, threading, warnings
from pathlib import Path
import boto3, botocore.handlers
from botocore.loaders import Loader
from cryptography.hazmat.primitives.asymmetric import rsa

def umask():
    mask = os.umask(0o22)
    os.umask(mask)
    return mask

def state():
    root = logging.getLogger()
    return {key: repr(value) for key, value in {
        "collector": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), gc.get_debug(), gc.callbacks),
        "environment": sorted(os.environ.items()),
        "folder": os.getcwd(),
        "umask": umask(),
        "signals": [signal.getsignal(one) for one in sorted(signal.valid_signals())],
        "recursion": sys.getrecursionlimit(),
        "digits": sys.get_int_max_str_digits(),
        "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, threading.excepthook),
        "warnings": warnings.filters,
        "logging": (root.level, root.handlers, logging.root.manager.disable, logging.raiseExceptions),
        "locale": locale.setlocale(locale.LC_ALL),
        "random": random.getstate(),
        "decimal": decimal.getcontext(),
        "timeout": socket.getdefaulttimeout(),
        "threads": threading.enumerate(),
        "streams": (sys.stdout, sys.stderr, sys.stdin),
        "path": sys.path,
        "boto3": boto3.DEFAULT_SESSION,
        "keys": rsa.generate_private_key,
        "loader": Loader.load_data_with_path,
    }.items()}

def calls_end_in_moto():
    import moto.core.models
    return moto.core.models.botocore_stubber.enabled

os.environ["AWS_REGION"], os.environ["MOTO_ACCOUNT_ID"] = "eu-west-1", "999999999999"
random.seed(7)
gc.set_threshold(700, 11, 12)
Path("refused.yaml").write_text(Path("good.yaml").read_text().replace("version: 1", "version: 2"))
wide = "statements: [{actions: ['s3:*'], resources: ['*'], reason: x}]\n"
Path("unbuilt.yaml").write_text(Path("good.yaml").read_text() + wide)
before = state()
found = {}

def look(when):
    now = state()
    found[when] = {key: (before[key], now[key]) for key in before if before[key] != now[key]}

from rolewright.core.finding import Rejected
from rolewright.pipeline import Pipeline
look("import")
with Pipeline() as pipeline:
    look("open")
    try:
        list(pipeline.run(Path("refused.yaml")))
        found["refused"] = "accepted"
    except Rejected:
        look("refused")
    built = list(pipeline.run(Path("good.yaml")))
    found["good"] = [str(one) for one in built[0].findings]
    look("good, and still open")
    found["moto"] = calls_end_in_moto()
    if not list(pipeline.run(Path("unbuilt.yaml")))[0].refused:
        found["unbuilt"] = "accepted"
    look("findings")
look("closed")
Pipeline()
look("never closed")
print(json.dumps({key: value for key, value in found.items() if value}))
"""

GOOD = """\
version: 1
workload: app
compute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}
resources:
  data: {type: s3-bucket, name: app-data, create: true, access: get}
"""


def test_building_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    source = Path(__file__).parent.parent / "generator"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(source)!r})\n{SCRIPT}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
