"""What is changed in a good input: in its bytes, in its tree, or for something large that is well formed."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import json
import lzma
import random
import zipfile
from typing import TYPE_CHECKING, Any

from hostile_values import VALUES, for_resource, paths, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hostile_values import Steps

BYTES = (
    b"\xff\xfe",
    b"\0",
    b"\x1b[2J",
    "\u202e".encode(),
    b"${",
    b"}",
    b"\\",
    b'"',
    b"'",
    b"\n",
    b"[" * 400,
    b"{" * 200,
    b"9" * 500,
    b"- ",
    b": ",
    b"&a ",
    b"*a ",
    b"<<: ",
    b"\t",
    b"%",
    b"NaN",
    b"1e999",
    b"\xc3",
    b"\\ud800",
    b"---\n",
    b"\r",
    b"\xef\xbb\xbf",
    b"\\u0000",
    b"::warning::",
    "\u2028".encode(),
    b"!!python/object:x ",
    b"%YAML 9.9\n",
    b"? ",
    b"|\n",
    b">-\n",
    b"0x",
    b"#",
    b"//",
    b"/*",
    b"`",
    b"<<EOT\n",
)

TEXTS = tuple(for_resource(one, "table") for one in VALUES if isinstance(one, str))


def changed(choice: random.Random, data: bytes) -> bytes:
    """A text with a few changes in bytes and lines; as it is in half of all cases."""
    for _ in range(choice.choice((0, 0, 0, 1, 1, 2, 5))):
        at = choice.randrange(len(data) + 1)
        match choice.randrange(5):
            case 0:
                data = data[:at] + choice.choice(BYTES) + data[at:]
            case 1:
                data = data[:at] + data[at + choice.randrange(20) :]
            case 2:
                lines = data.split(b"\n")
                choice.shuffle(lines) if choice.random() < 0.2 else lines.insert(
                    choice.randrange(len(lines)), choice.choice(lines)
                )
                data = b"\n".join(lines)
            case 3:
                data = data[:at]
            case _:
                data = data[:at] + bytes([choice.randrange(256)]) + data[at + 1 :]
    return data


def grown(choice: random.Random, data: Any) -> Any:
    """A document with a few hostile values in it, or with parts of it left out, twice there or exchanged."""
    for _ in range(choice.choice((0, 0, 0, 1, 1, 2, 4))):
        places = list(paths(data))
        place = choice.choice(places[1:] or places)
        value = for_resource(choice.choice(VALUES), "table")
        if choice.random() < 0.3:
            value = _at(data, choice.choice(places))
        if choice.random() < 0.5 and isinstance(_at(data, place), str) and not isinstance(value, str):
            value = choice.choice(TEXTS)
        data = replaced(data, place, value)
    return data


def _at(data: Any, place: Steps) -> Any:
    return functools.reduce(lambda node, step: node[step], place, data)


def written(choice: random.Random, data: Any) -> bytes:
    """A document as JSON, changed in its tree and sometimes in its text."""
    text = json.dumps(grown(choice, data)).encode()
    return changed(choice, text) if choice.random() < 0.15 else text


def _laughs(width: int, depth: int) -> bytes:
    lines = ["a0: &a0 x"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth)]
    return "\n".join(lines).encode()


def _merged(width: int, depth: int) -> bytes:
    lines = ["a0: &a0 {k: v}"] + [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * width)}], k{n}: v}}" for n in range(1, depth)
    ]
    return "\n".join(lines).encode()


YAML: Mapping[str, Callable[[int], bytes]] = {
    "laughs": lambda n: _laughs(9, 9 + n % 5),
    "merged": lambda n: _merged(5, 9 + n % 9),
    "one anchor, many aliases": lambda n: b"a: &a x\nb: [" + b"*a, " * n + b"]",
    "many anchors": lambda n: b"".join(b"k%d: &a%d 1\n" % (one, one) for one in range(n)),
    "deep blocks": lambda n: b"".join(b" " * one + b"a:\n" for one in range(min(n, 600))),
    "deep flow": lambda n: b"workload: " + b"[" * n + b"]" * n,
    "within the bound": lambda n: b"version: 1\nworkload: " + b"[" * 60 + b"]" * 60,
    "many keys": lambda n: b"".join(b"k%d: 1\n" % one for one in range(n)),
    "the same key": lambda n: b"k: 1\n" * n,
    "many documents": lambda n: b"--- a\n" * n,
    "many workloads": lambda n: b"---\nversion: 1\nworkload: w\n" * (n // 10),
    "a long line": lambda n: b"workload: " + b"x" * (20 * n),
    "a long text": lambda n: b"workload: >\n" + b"  x\n" * n,
    "a long number": lambda n: b"version: " + b"1" * n,
    "a long key": lambda n: b'"' + b"k" * n + b'": 1',
    "references": lambda n: b'workload: "' + b"${a}" * n + b'"',
    "open references": lambda n: b'workload: "' + b"${" * n + b'"',
    "many resources": lambda n: (
        b"version: 1\nworkload: w\ncompute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}\n"
        b"resources:\n"
        + b"".join(b"  r%d: {type: s3-bucket, name: b%d, access: get}\n" % (i, i) for i in range(n // 60))
    ),
}
JSON: Mapping[str, Callable[[int], bytes]] = {
    "deep": lambda n: b"[" * n + b"]" * n,
    "deep keys": lambda n: b'{"a":' * n + b"1" + b"}" * n,
    "within the bound": lambda n: b'{"Statement":' * 90 + b"1" + b"}" * 90,
    "many keys": lambda n: json.dumps({f"k{one}": one for one in range(n)}).encode(),
    "many records": lambda n: json.dumps({"Records": [{"eventSource": "s", "eventName": "e"}] * n}).encode(),
    "many findings": lambda n: json.dumps({"findings": [{"rule": "r"}] * n, "summary": {}}).encode(),
    "many statements": lambda n: json.dumps(
        {
            "Statement": [
                {"Effect": "Allow", "Action": "s3:Get*", "Resource": f"arn:aws:s3:::b{i}/*"} for i in range(n // 100)
            ]
        }
    ).encode(),
    "stars": lambda n: json.dumps(
        {"Statement": {"Effect": "Allow", "Action": ["*a" * 40 + "*", "s3:" + "*?" * 30], "Resource": "*a" * 300 + "b"}}
    ).encode(),
    "a long text": lambda n: json.dumps("x" * 20 * n).encode(),
    "text in text": lambda n: functools.reduce(lambda text, _: json.dumps({"message": text}), range(12), "{}").encode(),
    "a long number": lambda n: b'{"version": ' + b"1" * n + b"}",
    "empty lists": lambda n: b"[" + b"[]," * n + b"[]]",
    "lines": lambda n: b"{}\n" * n,
    "numbers": lambda n: b"[" + b"1," * n + b"1]",
}
CODE: Mapping[str, Callable[[int], bytes]] = {
    "round brackets": lambda n: b"import boto3\nx = " + b"(" * n + b")" * n,
    "square brackets": lambda n: b"x = " + b"[" * n,
    "curly brackets": lambda n: b"const x = " + b"{" * n + b"}" * n,
    "calls in calls": lambda n: b"s3.put(" * (n // 10) + b")" * (n // 10),
    "dots": lambda n: b"import boto3\nboto3" + b".client('s3')" * (n // 10),
    "sums": lambda n: b"x = 'a'" + b" + 'a'" * (n // 5),
    "signs": lambda n: b"x = " + b"-" * n + b"1",
    "nots": lambda n: b"x = " + b"not " * (n // 4) + b"y",
    "names in a row": lambda n: (
        b"".join(b"a%d = a%d\n" % (one + 1, one) for one in range(n // 10)) + b"a0.put_object()\n"
    ),
    "names in a circle": lambda n: b"import boto3\na = b\nb = c\nc = a\na.put_object()\na = a.a\ndef a(): return a()\n",
    "functions in functions": lambda n: (
        b"".join(b" " * one + b"def f():\n" for one in range(90)) + b" " * 90 + b"pass\n"
    ),
    "classes in a row": lambda n: (
        b"class A0: pass\n" + b"".join(b"class A%d(A%d): pass\n" % (i + 1, i) for i in range(n // 30))
    ),
    "classes in a circle": lambda n: (
        b"import boto3\nclass A(B):\n    s = boto3.client('s3')\nclass B(A):\n    def f(self): self.s.put_object()\n"
    ),
    "open strings": lambda n: b"'" * n + b'"""' + b"`${" * n,
    "open comments": lambda n: b"/*" * n + b"<!--" * n,
    "template in template": lambda n: b"const x = " + b"`${" * (n // 10) + b"}`" * (n // 10),
    "slashes": lambda n: b"a = /[/" * n,
    "many imports": lambda n: b"import boto3\n" * (n // 10),
    "many calls": lambda n: b"import boto3\ns = boto3.client('s3')\n" + b"s.put_object(Bucket='b')\n" * (n // 100),
    "a long line": lambda n: b"import boto3; x = '" + b"x" * (20 * n) + b"'",
    "a long name": lambda n: b"import boto3\n" + b"x" * n + b" = boto3.client('s3')",
    "blanks": lambda n: b"import boto3" + b" " * (20 * n) + b"x",
    "line ends": lambda n: b"\n" * (20 * n) + b"import boto3",
    "equal signs": lambda n: b"x = y " * n,
    "aws_": lambda n: b"aws_secret_access_key = " * (n // 10),
    "keys": lambda n: (b"AKIA" + b"Q3EGRIT5" * 2 + b"\n") * (n // 50),
    "nearly keys": lambda n: b"AKIA" * n,
    "blocks in blocks": lambda n: b'resource "a" "b" {\n' * (n // 20) + b"}\n" * (n // 20),
    "heredocs": lambda n: b"x = <<EOT\n" * (n // 20),
    "expressions": lambda n: b'resource "aws_iam_role" "r" { x = "' + b'${"' * (n // 50) + b'"}' * (n // 50) + b'" }',
    "stages": lambda n: b"FROM a AS b\nENV AWS_ACCESS_KEY_ID=x\n" * (n // 30),
}
PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1, mtime=0),
    "gzip in gzip": lambda data: gzip.compress(gzip.compress(data, 9, mtime=0), 9, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: b"\x28\xb5\x2f\xfd" + data[:100],
    "two gzips": lambda data: gzip.compress(data, 1, mtime=0) * 2 + b"junk",
}
FILLINGS = (b"\0", b"{}\n", b"[", b'{"Records":[', b"a: b\n", b" ")


@functools.cache
def bomb(packing: str, filling: bytes) -> bytes:
    """Forty megabytes of the same, packed: one megabyte forty times, as packers take a file after the other."""
    block = filling * ((1 << 20) // len(filling))
    if packing == "zip":
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("../../up.json"), block * 40)
        return made.getvalue()
    if packing == "gzip in gzip":
        return gzip.compress(gzip.compress(block, mtime=0) * 40, mtime=0)
    return PACKED[packing](block) * 40


def large(choice: random.Random, name: str) -> bytes:
    """Something large that is well formed, or nearly: in the language that the name of a file tells."""
    size = choice.choice((200, 2_000, 2_000, 2_000, 10_000, 40_000))
    language = JSON if name.endswith(".json") else YAML if name.endswith((".yaml", ".yml")) else CODE
    if choice.random() < 0.1:
        language = choice.choice((JSON, YAML, CODE))
    return language[choice.choice(sorted(language))](size)
