"""Trees with keys planted in them, each in another form, among decoys that look much like keys."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_ID = string.ascii_uppercase + "234567"
_SECRET = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True)
class Planted:
    """A key in a file."""

    file: str
    id: str
    secret: str
    account: str


def new_key(chance: random.Random, prefix: str = "AKIA") -> tuple[str, str, str]:
    """An id that encodes an account, its secret, and the account."""
    account = f"{chance.randrange(10**12):012}"
    number = ((1 << 47) | (int(account) << 7) | chance.randrange(128)) & ((1 << 48) - 1)
    body = base64.b32encode(number.to_bytes(6, "big") + chance.randbytes(4)).decode()
    assert body[0] not in "IJ"
    return prefix + body, "".join(chance.choice(_SECRET) for _ in range(40)), account


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _ini(key: str, secret: str) -> str:
    return f"[default]\nregion = us-east-1\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"


FORMS: dict[str, Callable[[str, str], str | bytes]] = {
    ".env": lambda k, s: f"DEBUG=1\nAWS_ACCESS_KEY_ID={k}\nAWS_SECRET_ACCESS_KEY={s}\n",
    "renamed.env": lambda k, s: f"STORAGE_USER={k}\nSTORAGE_PASSWORD={s}\n",
    "quoted.env": lambda k, s: f"AWS_ACCESS_KEY_ID='{k}'\nAWS_SECRET_ACCESS_KEY=\"{s}\"\n",
    "crlf.env": lambda k, s: f"AWS_ACCESS_KEY_ID={k}\r\nAWS_SECRET_ACCESS_KEY={s}\r\n",
    "windows.ps1": lambda k, s: f"$Env:AWS_ACCESS_KEY_ID='{k}'\n$Env:AWS_SECRET_ACCESS_KEY='{s}'\n".encode("utf-16"),
    "run.sh": lambda k, s: f"#!/bin/sh\nAWS_ACCESS_KEY_ID={k} AWS_SECRET_ACCESS_KEY={s} ./app\n",
    "Dockerfile": lambda k, s: f"FROM alpine\nENV AWS_ACCESS_KEY_ID={k} AWS_SECRET_ACCESS_KEY={s}\n",
    "compose.yaml": lambda k, s: (
        f"services:\n  a:\n    environment:\n      - AWS_ACCESS_KEY_ID={k}\n      - AWS_SECRET_ACCESS_KEY={s}\n"
    ),
    "compose-map.yaml": lambda k, s: f"a: {{environment: {{AWS_ACCESS_KEY_ID: {k}, AWS_SECRET_ACCESS_KEY: {s}}}}}\n",
    "secret.yaml": lambda k, s: f"apiVersion: v1\nkind: Secret\ndata:\n  key: {_b64(k)}\n  secret-key: {_b64(s)}\n",
    "secret-newline.yaml": lambda k, s: f"kind: Secret\ndata:\n  a: {_b64(k + chr(10))}\n  b: {_b64(s + chr(10))}\n",
    "secret-string.yaml": lambda k, s: f"kind: Secret\nstringData:\n  a: {k}\n  b: {s}\n",
    "secret-file.yaml": lambda k, s: f"kind: Secret\ndata:\n  credentials: {_b64(_ini(k, s))}\n",
    "credentials": _ini,
    "accessKeys.csv": lambda k, s: f"Access key ID,Secret access key\n{k},{s}\n",
    "workflow.yml": lambda k, s: f"env:\n      AWS_ACCESS_KEY_ID: {k}\n      AWS_SECRET_ACCESS_KEY: {s}\n",
    "terraform.tfvars": lambda k, s: f'access_key = "{k}"\nsecret_key = "{s}"\n',
    "terraform.tfstate": lambda k, s: json.dumps(
        {
            "version": 4,
            "resources": [
                {
                    "mode": "managed", "type": "aws_iam_access_key", "name": "ci",
                    "instances": [{"attributes": {
                        "create_date": "2020-01-01T00:00:00Z", "encrypted_secret": None,
                        "encrypted_ses_smtp_password_v4": None, "id": k, "key_fingerprint": None, "pgp_key": None,
                        "secret": s, "ses_smtp_password_v4": "x", "status": "Active", "user": "ci",
                    }}],
                }
            ],
        },
        indent=2,
    ),
    "notebook.ipynb": lambda k, s: json.dumps({"cells": [{"source": [f"key = '{k}'\n", f'secret = "{s}"\n']}]}),
    "escaped.json": lambda k, s: json.dumps({"file": f"[default]\n{k}\n{s}\n"}),
    "slashes.json": lambda k, s: json.dumps({"id": k, "secret": s}).replace("/", "\\/"),
    "minified.json": lambda k, s: json.dumps({"a": [1] * 50, "accessKeyId": k, "secretAccessKey": s, "b": [2] * 50}),
    "app.py": lambda k, s: f"import boto3\nboto3.client('s3', aws_access_key_id='{k}', aws_secret_access_key='{s}')\n",
    "app.js": lambda k, s: f"new S3Client({{credentials: {{accessKeyId: '{k}', secretAccessKey: '{s}'}}}});\n",
    "app.go": lambda k, s: f'cfg := credentials.NewStaticCredentialsProvider("{k}", "{s}", "")\n',
    "app.properties": lambda k, s: f"cloud.aws.credentials.accessKey={k}\ncloud.aws.credentials.secretKey={s}\n",
    "web.xml": lambda k, s: f"<entry><key>{k}</key><value>{s}</value></entry>\n",
    ".zsh_history": lambda k, s: (
        f": 1700000000:0;export AWS_ACCESS_KEY_ID={k}\n: 1700000001:0;export AWS_SECRET_ACCESS_KEY={s}\n"
    ),
    "core.bin": lambda k, s: b"\0\1\2" * 100 + k.encode() + b"\0" + s.encode() + b"\0" * 50,
    "no-line-end": lambda k, s: f"{k} {s}",
}  # fmt: skip


def plant(folder: Path, seed: int) -> list[Planted]:
    """One key in each form."""
    chance = random.Random(seed)
    found = []
    for number, (name, write) in enumerate(FORMS.items()):
        key, secret, account = new_key(chance)
        inner = folder / f"service-{number:02}"
        inner.mkdir(parents=True)
        content = write(key, secret)
        (inner / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        found.append(Planted(str(inner / name), key, secret, account))
    return found


def decoys(chance: random.Random, lines: int) -> Iterator[str]:
    """Lines that look like keys and are none."""
    kinds: list[Callable[[], str]] = [
        lambda: f"commit {hashlib.sha1(chance.randbytes(9)).hexdigest()}",
        lambda: f'"integrity": "sha512-{base64.b64encode(chance.randbytes(64)).decode()}"',
        lambda: f"id = {uuid.UUID(bytes=chance.randbytes(16))}",
        lambda: f"token: {base64.b64encode(chance.randbytes(30)).decode()}",
        lambda: f"sha256:{hashlib.sha256(chance.randbytes(9)).hexdigest()}",
        lambda: f"blob {base64.b64encode(chance.randbytes(120)).decode()}",
        lambda: f"user AIDA{''.join(chance.choice(_ID) for _ in range(17))}",
        lambda: f"role AROA{''.join(chance.choice(_ID) for _ in range(17))}",
        lambda: f"x = akia{''.join(chance.choice(_ID.lower()) for _ in range(16))}",
        lambda: "AKIAXXXXXXXXXXXXXXXX and AKIA0000000000000000",
        lambda: f"AKIA{''.join(chance.choice(_ID) for _ in range(12))}",
        lambda: f"AKIA{''.join(chance.choice(_ID) for _ in range(22))}",
        lambda: f"MAKIA{''.join(chance.choice(_ID) for _ in range(16))}",
        lambda: "the aws console shows secret things, and an access key belongs to a user",
        lambda: " ".join(chance.choice(("lorem", "ipsum", "dolor", "sit", "amet", "bucket", "aws")) for _ in range(12)),
    ]
    for _ in range(lines):
        yield chance.choice(kinds)()


def decoy_tree(folder: Path, seed: int, files: int, lines: int) -> None:
    """Files of decoys, in folders of a hundred."""
    chance = random.Random(seed)
    for number in range(files):
        inner = folder / f"part-{number // 100:03}"
        inner.mkdir(parents=True, exist_ok=True)
        suffix = chance.choice((".py", ".json", ".yaml", ".txt", ".lock", ".js", ".tf.bak", ""))
        (inner / f"file-{number}{suffix}").write_text("\n".join(decoys(chance, lines)) + "\n", encoding="utf-8")
