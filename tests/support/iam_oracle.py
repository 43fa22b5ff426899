"""An independent IAM evaluator: @cloud-copilot/iam-simulate, run by node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from left_out import leave_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolewright.prove.decide import Request

HERE = Path(__file__).parents[1] / "prove"


def simulated(request: Request, identity: Sequence[Mapping[str, Any]], principal: str, account: str) -> dict[str, Any]:
    """A question as the evaluator takes it; a key also needs a policy of its own, which leaves it to the account."""
    found: dict[str, Any] = {
        "request": {
            "principal": principal,
            "action": request.action,
            "resource": {"resource": request.resource, "accountId": account},
            "contextVariables": {
                key: list(values) if key == "aws:TagKeys" else values[0] for key, values in request.context.items()
            },
        },
        "identityPolicies": [{"name": f"p{n}", "policy": p} for n, p in enumerate(identity)],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if request.action.startswith("kms:"):
        root = {"AWS": f"arn:aws:iam::{account}:root"}
        statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        found["resourcePolicy"] = {"Version": "2012-10-17", "Statement": [statement]}
    return found


def ask_oracle(simulations: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Its answers: Allowed, ExplicitlyDenied, ImplicitlyDenied, or a mapping that tells why there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        leave_out("node and npm are not on the PATH: the independent IAM evaluator was not asked; https://nodejs.org")
    if not (HERE / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        command = [npm, "install", "--no-package-lock", "--no-save", "--no-audit", "--no-fund"]
        installed = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True)
        if installed.returncode:
            leave_out(f"npm cannot get the independent IAM evaluator: {' '.join(installed.stderr.split())}")
    done = subprocess.run(
        [node, str(HERE / "iam_oracle.mjs")],
        input=json.dumps(simulations),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers
