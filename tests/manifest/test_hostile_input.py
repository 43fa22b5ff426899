"""What somebody might try who wants to break it: refused in words, or done right; never a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from cases import shared
from command_line import COMMAND, rolewright_process
from rolewright.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANIFEST = """\
version: 1
workload: app
compute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}
resources:
  data: {type: s3-bucket, name: app-data, access: get}
"""


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def rules(self) -> set[str]:
        return set(re.findall(r"^(?:error|warning)\[([a-z-]+)\]", self.err, re.MULTILINE))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run the command in a folder of its own, in this process: most of these cases are refused within no time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["rolewright", *arguments])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert code in (0, 1, 2, 3), captured.err
        return Ran(code, captured.out, captured.err)

    return run


def manifest(text: str | bytes, name: str = "m.yaml") -> str:
    raw = text.encode() if isinstance(text, str) else text
    with open(name, "wb") as stream:  # noqa: PTH123 - in the test's own folder
        stream.write(raw)
    return name


def changed(old: str, new: str) -> str:
    assert old in MANIFEST
    return MANIFEST.replace(old, new, 1)


STATEMENT = "statements: [{{actions: ['{}'], resources: ['{}'], reason: x}}]\n"
ENVIRONMENT = "environments: {{{}: {{account: '111111111111', region: us-east-1}}}}\n"

REFUSED = {
    "empty": ("", {"source-empty"}),
    "comments alone": ("# nothing\n\n", {"source-empty"}),
    "a marker alone": ("---\n", {"source-empty"}),
    "markers alone": ("---\n---\n...\n", {"source-empty"}),
    "a scalar": ("hello\n", {"manifest-type"}),
    "a list": ("- a\n", {"manifest-type"}),
    "null": ("null\n", {"manifest-type"}),
    "second document is none": (MANIFEST + "---\n- a\n", {"manifest-type"}),
    "two documents of one name": (MANIFEST + "---\n" + MANIFEST, {"manifest-duplicate-workload"}),
    "tab": ("version:\t1\n\tworkload: app\n", {"source-syntax"}),
    "escape character": ("version: 1\nworkload: \x1b[31mapp\n", {"source-character"}),
    "direction turned": (changed("app\n", '"app\\u202e"\n'), {"manifest-value", "manifest-character"}),
    "letters of another script": (changed("app\n", "\u0430pp\n"), {"manifest-value"}),
    "lone surrogate": (changed("app\n", '"\\ud800"\n'), {"source-syntax", "source-character", "manifest-value"}),
    "huge version": (changed("1\n", "9" * 5_000 + "\n"), {"manifest-value"}),
    "huge exponent": (changed("handler", "timeout: 1e999999999, handler"), {"manifest-value", "source-number"}),
    "no number": (changed("handler", "timeout: .nan, handler"), {"source-number"}),
    "number for a name": (changed("app\n", "12\n"), {"manifest-type"}),
    "name upwards": (changed("app\n", "..\n"), {"manifest-value"}),
    "name with a path": (changed("app\n", "a/../../b\n"), {"manifest-value"}),
    "empty name": (changed("app\n", "''\n"), {"manifest-value"}),
    "key of a resource upwards": (changed("data:", "'..':"), {"manifest-name"}),
    "key of a resource with code": (changed("data:", "'a\"${x}%{y}':"), {"manifest-name"}),
    "environment upwards": (MANIFEST + ENVIRONMENT.format("../x"), {"manifest-name"}),
    "environments as a list": (MANIFEST + "environments: [dev]\n", {"manifest-type"}),
    "environments as text": (MANIFEST + "environments: dev\n", {"manifest-type"}),
    "environment of nothing": (MANIFEST + "environments: {dev: }\n", {"manifest-type"}),
    "key of a mapping as number": (MANIFEST + "tags: {1: a}\n", {"source-key"}),
    "merge of a list": (MANIFEST + "tags: {<<: [a, b]}\n", {"source-merge"}),
    "anchor that holds itself": (MANIFEST + "tags: &a {b: *a}\n", {"source-alias", "source-expansion"}),
    "unknown anchor": (MANIFEST + "tags: *a\n", {"source-syntax", "source-alias"}),
    "type of Python": (MANIFEST + "tags: !!python/object/apply:os.system [id]\n", {"source-tag"}),
    "type upwards": (changed("s3-bucket", "../s3-bucket"), {"manifest-value"}),
    "compute of another kind": (changed("lambda", "../../resources/s3-bucket"), {"manifest-value"}),
    "ARN of another service": (
        changed("name: app-data", "arn: 'arn:aws:sqs:us-east-1:111111111111:q'"),
        {"manifest-arn"},
    ),
    "ARN of everything": (changed("name: app-data", "arn: 'arn:aws:s3:::*'"), {"manifest-arn"}),
    "no ARN": (changed("name: app-data", "arn: hello"), {"manifest-value"}),
    "name of everything": (changed("name: app-data", "name: '*'"), {"manifest-value"}),
    "every action": (MANIFEST + STATEMENT.format("*", "*"), {"manifest-value"}),
    "every action of a service": (MANIFEST + STATEMENT.format("s3:*", "arn:aws:s3:::b/*"), {"wildcard-action"}),
    "action in another script": (
        MANIFEST + STATEMENT.format("s3:GetObj\u0435ct", "arn:aws:s3:::b"),
        {"manifest-value"},
    ),
    "action that is none": (MANIFEST + STATEMENT.format("s3:GetObjekt", "arn:aws:s3:::b/*"), {"unknown-action"}),
    "role to hand on": (
        MANIFEST + STATEMENT.format("iam:PassRole", "*"),
        {"privilege-escalation", "wildcard-resource"},
    ),
    "condition operator": (
        MANIFEST
        + STATEMENT.format("s3:GetObject", "arn:aws:s3:::b/*").replace("reason", "conditions: {S: {a: b}}, reason"),
        {"policy-grammar"},
    ),
    "long statement": (
        MANIFEST + STATEMENT.format("s3:GetObject", "', '".join(f"arn:aws:s3:::b{n}/*" for n in range(1_000))),
        {"policy-size"},
    ),
    "promise of nothing": (MANIFEST + "never: [hello]\n", {"manifest-value"}),
    "promise about no verb": (MANIFEST + "never: [delte on data]\n", {"manifest-never"}),
    "promise about no action": (MANIFEST + "never: ['s4:* on *']\n", {"manifest-never"}),
    "promise about no resource": (MANIFEST + "never: ['s3:GetObject on dta']\n", {"manifest-never"}),
    "promise that does not hold": (MANIFEST + "never: ['s3:Get* on *']\n", {"promise-broken"}),
    "suppression until no day": (
        MANIFEST + "suppress: [{rule: imdsv1, at: compute, reason: x, until: 2027-13-40}]\n",
        {"manifest-value"},
    ),
    "suppression until whenever": (
        MANIFEST + "suppress: [{rule: imdsv1, at: compute, reason: x, until: soon}]\n",
        {"manifest-value"},
    ),
    "suppression of a refusal": (
        changed("handler: a.b", "handler: a b") + "suppress: [{rule: manifest-value, at: compute, reason: x}]\n",
        {"manifest-value"},
    ),
    "key of a tag with 1,000 characters": (MANIFEST + f"tags: {{{'k' * 1_000}: v}}\n", {"tag-form", "manifest-value"}),
    "tag with 1,000 characters": (MANIFEST + f"tags: {{k: {'v' * 1_000}}}\n", {"tag-form", "manifest-value"}),
    "tag of AWS's own": (MANIFEST + "tags: {'aws:k': v}\n", {"tag-form", "manifest-value"}),
    "tags in two cases": (MANIFEST + "tags: {k: v, K: w}\n", {"tag-form", "manifest-value"}),
    "boundary that is none": (MANIFEST + "boundary: team\n", {"argument-value", "manifest-value"}),
    "boundary that is a role": (
        MANIFEST + "boundary: arn:aws:iam::111111111111:role/team\n",
        {"argument-value", "manifest-value"},
    ),
    "variable of Lambda's own": (changed("handler", "environment: {AWS_REGION: x}, handler"), {"manifest-name"}),
    "5 KB of variables": (
        changed("handler", f"environment: {{TEXT: {'x' * 5_000}}}, handler"),
        {"function-variables"},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_place_and_a_remedy(run: Callable[..., Ran], tmp_path: Path, name: str) -> None:
    text, expected = REFUSED[name]
    ran = run("render", manifest(text))
    assert ran.code == 1
    assert ran.out == ""
    assert ran.rules
    assert ran.rules <= expected
    blocks = re.split(r"\n\n(?=error|warning|\d)", ran.err.strip())[:-1]
    for block in blocks:
        assert re.search(r"^ *--> m\.yaml:\d+:\d+$", block, re.MULTILINE), block
        assert re.search(r"^help: \S", block, re.MULTILINE), block
    assert "\x1b" not in ran.err
    assert not (tmp_path / "output").exists()


def outcome(run: Callable[..., Ran], text: str | bytes, tmp_path: Path) -> dict[str, str]:
    """The files that a manifest renders to."""
    ran = run("render", "--force", manifest(text))
    assert ran.code == 0, ran.err
    return {path.name: path.read_text("utf-8") for path in (tmp_path / "output" / "app").glob("*.*")}


def test_line_ends_and_a_byte_order_mark_mean_nothing(run: Callable[..., Ran], tmp_path: Path) -> None:
    plain = outcome(run, MANIFEST, tmp_path)
    assert {"roles.tf", "lambda.tf"} <= set(plain)
    for text in (
        MANIFEST.replace("\n", "\r\n"),
        MANIFEST.replace("\n", "\r"),
        "\ufeff" + MANIFEST,
        "--- # a comment\n" + MANIFEST + "...\n",
        "# a comment\n---\n" + MANIFEST + "---\n",
    ):
        assert outcome(run, text, tmp_path) == plain


def test_anchors_and_merges_are_what_they_stand_for(run: Callable[..., Ran], tmp_path: Path) -> None:
    written = outcome(run, MANIFEST + "  more: {type: s3-bucket, name: app-more, access: get}\n", tmp_path)
    merged = changed("data: {", "data: &data {") + "  more: {<<: *data, name: app-more}\n"
    assert outcome(run, merged, tmp_path) == written


def test_manifests_of_one_name_in_two_files(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("render", manifest(MANIFEST), manifest(MANIFEST, "other.yaml"))
    assert (ran.code, ran.rules) == (1, {"manifest-duplicate-workload"})
    assert "--> other.yaml:2:1" in ran.err
    assert not (tmp_path / "output").exists()


def test_a_promise_of_an_action_on_a_key_or_an_arn_is_one(run: Callable[..., Ran]) -> None:
    never = "never: ['s3:DeleteObject on data', 'iam:* on *', 'kms:Decrypt on arn:aws:kms:*:*:key/a-*']\n"
    ran = run("validate", manifest(MANIFEST + never))
    assert (ran.code, ran.err) == (0, "")
    assert "3 promises kept" in ran.out


def test_a_grant_that_never_works_is_a_warning(run: Callable[..., Ran]) -> None:
    ran = run("validate", manifest(MANIFEST + STATEMENT.format("s3:GetObject", "arn:aws:sqs:us-east-1:111111111111:q")))
    assert (ran.code, ran.rules) == (0, {"resource-mismatch"})


@pytest.mark.parametrize("name", ["a\nb.yaml", "a\x1b[31mb.yaml", "a\u202eb.yaml", "%{x}${y}.yaml", "ä b'\".yaml"])
def test_a_strange_name_of_a_file(run: Callable[..., Ran], tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(MANIFEST, encoding="utf-8")
    ran = run("validate", name)
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == 1
    assert not re.search("[\x1b\u202e]", ran.out)
    assert run("validate", name) == ran  # also where nothing changed
    assert run("render", name).code == 0
    head = (tmp_path / "output" / "app" / "roles.tf").read_text("utf-8").split("\n")[0]
    assert re.fullmatch(r"# Rendered by rolewright from \S.*\. Change the manifest, not this file\.", head)
    assert head.isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_unicode(run: Callable[..., Ran], tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    (tmp_path / name).write_text(MANIFEST, encoding="utf-8")
    ran = run("render", name)
    assert (ran.code, ran.rules) == (1, {"source-encoding"})
    assert "rename the file" in ran.err


def test_pipes_and_devices_are_never_waited_for(run: Callable[..., Ran], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/null", "/dev/zero"):
        assert run("validate", name).rules == {"source-not-a-file"}


def test_a_path_of_any_length(run: Callable[..., Ran]) -> None:
    assert run("validate", "a" * 5_000).rules == {"source-unreadable"}
    assert run("validate", "a/" * 5_000).rules == {"source-unreadable"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--blueprints", "nowhere"), 2),
        (("--blueprints", "m.yaml"), 1),
        (("--env", "prod"), 1),
        (("--format", "xml"), 2),
        (("--jobs", "0"), 2),
        (("--jobs", "many"), 2),
        (("--nonsense",), 2),
    ],
)
def test_a_wrong_option(run: Callable[..., Ran], arguments: tuple[str, ...], code: int) -> None:
    ran = run("validate", manifest(MANIFEST), *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err


@pytest.mark.parametrize("arguments", [("--blueprints", "m.yaml"), ("-o", "link")])
def test_a_refusal_before_the_first_manifest_is_json_too(
    run: Callable[..., Ran], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    ran = run("render", manifest(MANIFEST), *arguments, "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    assert '"errors": 1' in ran.out


BLUEPRINT = """\
summary: A stream of records
service: kinesis
fields: {name: {type: string, pattern: "^[a-z]+$", description: Stream name, examples: [clicks]}}
required: [name]
arns: {stream: "arn:${partition}:kinesis:${region}:${account}:stream/${name}"}
attributes: {name: "${name}"}
access: {put: {class: write, summary: add records, allow: {stream: [kinesis:PutRecord]}}}
"""
CREATE = """terraform: aws_kinesis_stream
create:
  attributes: {name: name}
  blocks: {aws_kinesis_stream.this: {arguments: {name: "${name}"}, free: [shard_count]}}
"""
TEMPLATE = """resource "aws_kinesis_stream" {{ resource.id }} {
  name = {{ resource.name }}
  shard_count = 1
  tags = local.tags
}
"""
OWN = MANIFEST + "  own: {type: own, name: clicks, create: true, access: put}\n"


def blueprint(folder: Path, text: str = BLUEPRINT + CREATE, template: str | bytes = TEMPLATE) -> Path:
    own = folder / "bps" / "resources" / "own"
    own.mkdir(parents=True)
    (own / "blueprint.yaml").write_text(text, encoding="utf-8")
    (own / "create.tf.j2").write_bytes(template if isinstance(template, bytes) else template.encode())
    return own


def test_a_blueprint_of_ones_own_works(run: Callable[..., Ran], tmp_path: Path) -> None:
    blueprint(tmp_path)
    ran = run("validate", manifest(OWN), "--blueprints", "bps")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (TEMPLATE + "\0", {"hcl-syntax"}),
        (TEMPLATE + 'x "open {\n}\n', {"hcl-syntax"}),
        (TEMPLATE + "/* open\n", {"hcl-syntax"}),
        (TEMPLATE + "resource {\n", {"hcl-syntax"}),
        (TEMPLATE.encode() + b"# caf\xe9\n", {"blueprint-template"}),
        (TEMPLATE + "{{ 1 / 0 }}", {"blueprint-template"}),
        (TEMPLATE + "{{ resource.nothing }}", {"blueprint-template"}),
        (TEMPLATE + '{{ ref("a b", "c") }}', {"blueprint-template"}),
        (TEMPLATE + 'module "m" {\n  source = "./m"\n}\n', {"evaluate-block"}),
        (TEMPLATE + 'resource "aws_iam_user" "u" {\n  name = "u"\n}\n', {"proof-role"}),
        (TEMPLATE + 'resource "aws_iam_role_policy" "p" {\n  role = "other"\n  policy = "{}"\n}\n', {"proof-role"}),
        (TEMPLATE + 'provider "aws" {\n  access_key = "x"\n}\n', {"static-keys"}),
        (TEMPLATE + 'data "external" "x" {\n  program = ["id"]\n}\n', {"provider-unknown-type"}),
        (
            TEMPLATE.replace(
                "shard_count = 1", 'shard_count = 1\n  provisioner "local-exec" {\n    command = "id"\n  }'
            ),
            {"evaluate-block"},
        ),
    ],
)
def test_a_template_that_does_what_it_may_not(
    run: Callable[..., Ran], tmp_path: Path, template: str | bytes, expected: set[str]
) -> None:
    blueprint(tmp_path, template=template)
    ran = run("render", manifest(OWN), "--blueprints", "bps")
    assert ran.code == 1
    assert expected <= ran.rules
    assert re.search(r"^ *--> (m\.yaml|bps/resources/own/create\.tf\.j2):\d+:\d+$", ran.err, re.MULTILINE)
    assert not (tmp_path / "output").exists()


def test_files_in_place_of_others_in_a_folder_of_blueprints(run: Callable[..., Ran], tmp_path: Path) -> None:
    own = blueprint(tmp_path)
    (own / "create.tf.j2").unlink()
    (own / "create.tf.j2").mkdir()
    assert run("render", manifest(OWN), "--blueprints", "bps").rules == {"blueprint-template"}
    (own / "create.tf.j2").rmdir()
    (own / "create.tf.j2").symlink_to("create.tf.j2")
    assert run("render", "m.yaml", "--blueprints", "bps").rules == {"blueprint-template"}
    (own / "create.tf.j2").unlink()
    assert run("render", "m.yaml", "--blueprints", "bps").rules == {"blueprint-template"}
    (own / "blueprint.yaml").unlink()
    os.mkfifo(own / "blueprint.yaml")
    assert run("render", "m.yaml", "--blueprints", "bps").rules == {"source-not-a-file"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_type_whose_name_is_no_unicode(run: Callable[..., Ran], tmp_path: Path) -> None:
    blueprint(tmp_path).rename(tmp_path / "bps" / "resources" / os.fsdecode(b"caf\xe9"))
    ran = run("render", manifest(MANIFEST), "--blueprints", "bps")
    assert (ran.code, ran.rules) == (1, {"blueprint-folder"})


def test_an_arn_that_is_made_of_itself(run: Callable[..., Ran], tmp_path: Path) -> None:
    blueprint(tmp_path, (BLUEPRINT + CREATE).replace("stream/${name}", "stream/${arns.stream}"))
    ran = run("render", manifest(OWN), "--blueprints", "bps")
    assert (ran.code, ran.rules) == (1, {"blueprint-reference"})


@pytest.mark.parametrize(
    "settings", shared([{"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C"}], 0.5)
)
def test_another_locale(tmp_path: Path, settings: dict[str, str]) -> None:
    (tmp_path / "m.yaml").write_text(changed("version", "description: café 日本\nversion"), encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("version: 1\nwörkload: 日本\n", encoding="utf-8")
    settings = {**settings, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert rolewright_process("validate", "m.yaml", cwd=tmp_path, env=settings).returncode == 0
    ran = rolewright_process("validate", "bad.yaml", cwd=tmp_path, env=settings)
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)


def shell(folder: Path, line: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which $R is the command."""
    (folder / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "R": " ".join(COMMAND)}
    env |= {"XDG_CACHE_HOME": str(folder / "cache"), **settings}
    return subprocess.run(["sh", "-c", line], check=False, capture_output=True, text=True, cwd=folder, env=env)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("unset HOME XDG_CACHE_HOME; $R validate m.yaml", 0),
        ("$R validate m.yaml <&-", 0),
        ("$R validate m.yaml >&-", 0),
        ("$R validate none.yaml 2>&-", 2),
        ("$R render m.yaml <&- >&- 2>&-", 0),
        ("$R schema | head -c 1", 0),
    ],
)
def test_closed_streams_and_no_home(tmp_path: Path, line: str, code: int) -> None:
    ran = shell(tmp_path, line)
    assert "Traceback" not in ran.stdout + ran.stderr
    assert ran.returncode == code, ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    "line", ["$R validate m.yaml > /dev/full", "$R --version > /dev/full", "$R schema > /dev/full"]
)
def test_an_output_that_takes_nothing(tmp_path: Path, line: str) -> None:
    ran = shell(tmp_path, line)
    assert ran.returncode == 1
    assert ran.stderr == "rolewright: what there is to say cannot be written: No space left on device\n"
