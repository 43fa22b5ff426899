"""Inputs of the commands that take manifests: the examples, small ones, and generated ones of all types."""

from __future__ import annotations

import functools
import json
import random
from pathlib import Path
from typing import Any

import yaml

from fuzz_case import PROGRAM, Case
from fuzz_changes import changed, written
from manifest_generator import generated_manifests
from rolewright.yaml.load import load

ROOT = Path(__file__).parents[2]
LAMBDA = (ROOT / "examples/lambda.yaml").read_text(encoding="utf-8")
SMALL = """\
version: 1
workload: app
compute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}
environments:
  prod: {account: "123456789012", region: us-east-1}
resources:
  data: {type: s3-bucket, name: app-data, access: get}
"""
COMPUTES = (
    "fargate",
    "lambda",
    "ec2",
    "glue-job",
    "batch-job",
    "ecs-ec2",
    "eks-irsa",
    "codebuild",
    "step-function",
    "github-actions",
    "scheduled-task",
    "ec2-autoscaling",
    "eks-pod-identity",
)
ASKED = (
    ("s3:GetObject", "arn:aws:s3:::my-bucket/x"),
    ("dynamodb:*", "*"),
    ("s3:PutObject", "arn:aws:s3:::app-data/k"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:jobs"),
    ("iam:PassRole", "*"),
    ("s3:GetObject", "b"),
    ("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"),
    (
        (
            "An error occurred (AccessDenied) when calling the PutItem operation: User: "
            "arn:aws:sts::123456789012:assumed-role/"
            "my-function-execution/x is not authorized to perform: dynamodb:PutItem on resource: "
            "arn:aws:dynamodb:us-east-1:123456789012:table/orders because no identity-based policy allows the action"
        ),
    ),
    ("when calling the PutObject operation: Access Denied",),
    (
        (
            "ResourceInitializationError: unable to pull secrets: AccessDeniedException: User: "
            "arn:aws:sts::1:assumed-role/app-execution/x is not authorized to perform: secretsmanager:GetSecretValue"
        ),
    ),
)
BUILDING = (
    ("render", "m.yaml"),
    ("render", "m.yaml", "n.yaml", "-o", "out", "-j", "1"),
    ("render", "m.yaml", "--check"),
    ("validate", "m.yaml"),
    ("validate", "m.yaml", "n.yaml", "--format", "json"),
    ("validate", "m.yaml", "--shard", "1/2"),
    ("validate", "m.yaml", "--format", "sarif"),
    ("validate", "m.yaml", "--format", "github", "--env", "prod"),
    ("report", "m.yaml", "-o", "r.html"),
    ("policies", "m.yaml", "-o", "out"),
    ("policies", "m.yaml", "--check"),
    ("deployer", "m.yaml", "-o", "out"),
    ("deployer", "m.yaml", "--check"),
    ("adopt", "m.yaml"),
    ("adopt", "m.yaml", "--env", "prod"),
    ("adopt", "m.yaml", "--account", "123456789012", "--region", "us-east-1", "-o", "imports.tf"),
    ("render", "m.yaml", "--force"),
)


@functools.cache
def parsed(text: str | bytes) -> Any:
    """YAML as a tree, which nobody may change."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@functools.cache
def manifests() -> tuple[tuple[str, Any], ...]:
    """The examples: text and tree."""
    found = sorted((ROOT / "examples").rglob("*.yaml"))
    return tuple((path.read_text(encoding="utf-8"), load(path).trees[0].data) for path in found)


@functools.cache
def of_all_types() -> tuple[str, ...]:
    """As many generated manifests as it takes for every type to be in one."""
    return tuple(generated_manifests(60))


def manifest(choice: random.Random) -> bytes:
    """A manifest."""
    if choice.random() < 0.5:
        text, data = choice.choice(manifests())
    else:
        text = choice.choice((SMALL, *of_all_types()))
        data = parsed(text)
    if choice.random() < 0.3:
        return text.encode()
    return changed(choice, text.encode()) if choice.random() < 0.5 else written(choice, data)


def _two(choice: random.Random) -> dict[str, bytes]:
    """Two manifests, often of the same workload."""
    first = manifest(choice)
    return {"m.yaml": first, "n.yaml": changed(choice, first) if choice.random() < 0.6 else manifest(choice)}


def of_manifests(choice: random.Random) -> Case:
    """What commands do with a manifest without building it."""
    json_or_text = ("--format", choice.choice(("text", "json")))
    arguments = choice.choice(
        (
            ("why-not", "m.yaml", *choice.choice(ASKED), *json_or_text),
            ("retarget", "m.yaml", "--to", choice.choice(COMPUTES), *json_or_text),
            ("retarget", "m.yaml", "--to", choice.choice(COMPUTES), "-o", "out.yaml"),
            ("diff", "m.yaml", "n.yaml", "--format", choice.choice(("text", "json", "markdown"))),
            ("diff", "m.yaml", "n.yaml"),
            ("explain", "credentials", "m.yaml", *json_or_text),
        )
    )
    return Case(arguments, _two(choice))


def of_questions(choice: random.Random) -> Case:
    """`why`, which builds what it advises."""
    files = {"m.yaml": SMALL.encode() if choice.random() < 0.7 else manifest(choice)}
    more = choice.choice(((), ("--patch", "p.yaml"), ("--format", "json"), ("--env", "prod")))
    words = [
        changed(choice, word.encode()).replace(b"\0", b"").decode("utf-8", "surrogateescape")
        for word in choice.choice(ASKED)
    ]
    return Case(("why", "m.yaml", *words, *more), files)


def of_building(choice: random.Random) -> Case:
    """What builds and proves a manifest: mostly small ones, as each takes long."""
    small = {name: written(choice, parsed(SMALL)) for name in ("m.yaml", "n.yaml")}
    return Case(choice.choice(BUILDING), small if choice.random() < 0.8 else _two(choice))


@functools.cache
def _module() -> dict[str, bytes]:
    folder = ROOT / "output" / "my-function"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def of_modules(choice: random.Random) -> Case:
    """`diff` of rendered modules, and `render` over one that something happened to."""
    files = {f"old/my-function/{name}": data for name, data in _module().items()}
    files |= {f"new/my-function/{name}": data for name, data in _module().items()}
    name = choice.choice(sorted(one for one in files if one.startswith("new")))
    data = files[name]
    try:
        files[name] = written(choice, json.loads(data))
    except ValueError:
        files[name] = changed(choice, data)
    first = choice.choice(
        (
            ("diff", "old", "new"),
            ("diff", "old", "new"),
            ("diff", "m.yaml", "new"),
            ("diff", "new", "old", "--format", "json"),
            ("render", "m.yaml", "-o", "new", "--check"),
            ("render", "m.yaml", "-o", "new"),
        )
    )
    if first[0] == "render" and choice.random() < 0.7:
        first = ("diff", "old", "new")
    return Case(first, {**files, "m.yaml": LAMBDA.encode()})


@functools.cache
def blueprints(kind: str) -> tuple[tuple[str, dict[str, bytes]], ...]:
    """The built-in blueprints of a kind: the name and the files of each."""
    found = sorted((ROOT / "blueprints" / kind).glob("*/blueprint.yaml"))
    return tuple(
        (one.parent.name, {file.name: file.read_bytes() for file in sorted(one.parent.iterdir())}) for one in found
    )


def _blueprint(choice: random.Random, name: str, data: bytes) -> bytes:
    try:
        return (
            written(choice, parsed(data)) if name.endswith(".yaml") and choice.random() < 0.5 else changed(choice, data)
        )
    except TypeError:  # a day, which JSON has not
        return changed(choice, data)


def of_blueprints(choice: random.Random) -> Case:
    """A team's blueprint, in the place of a built-in one or beside them."""
    kind = choice.choice(("resources", "resources", "compute"))
    name, own = choice.choice(blueprints(kind))
    broken = choice.choice(sorted(own))
    files = {
        f"own/{kind}/{name}/{file}": _blueprint(choice, file, data) if file == broken else data
        for file, data in own.items()
    }
    files["m.yaml"] = next((one.encode() for one in of_all_types() if f'"{name}"' in one), SMALL.encode())
    if choice.random() < 0.1:
        files["own/module/blocks.yaml"] = changed(choice, (ROOT / "blueprints/module/blocks.yaml").read_bytes())
    first = choice.choice(
        (
            ("blueprint", "show", name),
            ("blueprint", "show", name),
            ("explain", "credentials", "m.yaml"),
            ("diff", "m.yaml", "m.yaml"),
            ("why-not", "m.yaml", "s3:GetObject", "*"),
            ("retarget", "m.yaml", "--to", "fargate"),
        )
    )
    return Case((*first, "--blueprints", "own"), files)


def of_catalogs(choice: random.Random) -> Case:
    """What reads or tests all blueprints, or starts one."""
    made = of_blueprints(choice)
    first = choice.choice(
        (
            ("blueprint", "new", "x-y", "--service", choice.choice(("sqs", "s3", "iam", "nope")), "-o", "own"),
            ("blueprint", "new", "x-y", "--service", "sqs"),
            ("blueprint", "list"),
            ("schema", "--blueprints", "own"),
            ("blueprint", "docs", "-o", "own/docs"),
            ("blueprint", "test", "own"),
            ("--version",),
        )
    )
    return Case(first, made.files)


def of_plans(choice: random.Random) -> Case:
    """`plan`, with a program in the place of Terraform that says what it likes."""
    said = choice.choice(
        (b"{}", b"[", b'{"format_version": "1.0", "valid": true}', b'{"diagnostics": [{"severity": "error"}]}', b"\xff")
    )
    program = b"#!/bin/sh\nprintf '%s'\nexit %d\n" % (said.replace(b"%", b"%%"), choice.choice((0, 0, 1, 2)))
    more = choice.choice(((), ("--apply",), ("--aws",), ("--format", "json")))
    return Case(("plan", "m.yaml", "--terraform", f"./{PROGRAM}", *more), {"m.yaml": SMALL.encode(), PROGRAM: program})
