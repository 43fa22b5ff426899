"""As much of AWS's command line as the guide uses: an operation by its name, a trail from its bucket, a function's run.

A function is run as Lambda does it: with the credentials of its role, and its own environment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
import urllib3
from botocore import xform_name

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


def enforce(count: str) -> None:
    """From now on every call needs a permission (`0`), or none does (`inf`)."""
    assert urllib3.request("POST", f"{ENDPOINT}/moto-api/reset-auth", body=count.encode()).status == 200


def invoke(name: str, output: str) -> None:
    function = client("lambda").get_function(FunctionName=name)["Configuration"]
    session = client("sts").assume_role(RoleArn=function["Role"], RoleSessionName=name)["Credentials"]
    module, _, handler = function["Handler"].partition(".")
    enforce("0")
    try:
        ran = subprocess.run(
            [sys.executable, "-c", f"import {module}; print({module}.{handler}({{}}, None))"],
            capture_output=True,
            text=True,
            check=False,
            cwd="shop",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(["", *sys.path]),
                "AWS_ENDPOINT_URL": ENDPOINT,
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
                "AWS_SESSION_TOKEN": session["SessionToken"],
                **function["Environment"]["Variables"],
            },
        )
    finally:
        enforce("inf")
    Path(output).write_text(ran.stdout or ran.stderr, encoding="utf-8")
    error = ran.stderr.strip().splitlines()[-1] if ran.returncode else ""
    print(json.dumps({"StatusCode": 200, **({"FunctionError": error} if error else {})}))


def main(words: list[str]) -> None:
    service, operation = words[:2]
    options = dict(zip([word.removeprefix("--") for word in words[2::2]], words[3::2], strict=False))
    query = options.pop("query", "")
    if (service, operation) == ("s3", "sync"):
        Path(words[3]).mkdir(exist_ok=True)
        Path(words[3], "records.json").write_bytes(Path(os.environ["TRAIL"]).read_bytes())
    elif (service, operation) == ("lambda", "invoke"):
        invoke(options["function-name"], words[-1])
    else:
        made = client(service)
        model = made.meta.service_model.operation_model(
            {xform_name(name): name for name in made.meta.service_model.operation_names}[operation.replace("-", "_")]
        )
        members = {re.sub("_", "-", xform_name(name)): name for name in model.input_shape.members}
        answer = getattr(made, operation.replace("-", "_"))(**{members[key]: one for key, one in options.items()})
        answer.pop("ResponseMetadata")
        if query:
            answer = jmespath.search(query, answer)
        if answer:
            print(json.dumps(answer, default=lambda time: time.isoformat(), indent=4))


if __name__ == "__main__":
    main(sys.argv[1:])
