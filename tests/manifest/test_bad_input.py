"""Bad input of every kind: exit code 1, the place, a remedy, no traceback, and nothing written."""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import TYPE_CHECKING

import pytest

from cases import shared
from command_line import rolewright, rolewright_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

MANIFEST = """\
version: 1
workload: app
compute:
  type: fargate
  image: 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:1
  cpu: 256
  memory: 512
resources:
  data: {type: s3-bucket, name: app-data, access: get}
"""
ENVIRONMENTS = """\
environments:
  dev: {account: "111111111111", region: us-east-1}
  production: {account: "222222222222", region: us-east-1}
"""
BLUEPRINT = """\
summary: A stream of records
service: kinesis
terraform: aws_kinesis_stream
fields:
  name: {type: string, pattern: "^[a-z]+$", description: Stream name, examples: [clicks]}
required: [name]
arns: {stream: "arn:${partition}:kinesis:${region}:${account}:stream/${name}"}
attributes: {name: "${name}", arn: "${arns.stream}"}
create: {attributes: {name: name, arn: arn}}
access:
  put: {class: write, summary: add records, allow: {stream: [kinesis:PutRecord]}}
"""
TEMPLATE = """\
resource "aws_kinesis_stream" {{ resource.id }} {
  name        = {{ resource.name }}
  shard_count = 1
}
"""
OWN = MANIFEST + "  own: {type: own-stream, name: clicks, create: true, access: put}\n"


class Folder:
    """A folder with an output of an earlier run, in which one run is made that must leave it as it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "output" / "app").mkdir(parents=True)
        (path / "output" / "app" / "roles.tf").write_text("# of an earlier run\n", encoding="utf-8")

    def blueprint(self, text: str = BLUEPRINT, template: str = TEMPLATE) -> Path:
        folder = self.path / "blueprints" / "resources" / "own-stream"
        folder.mkdir(parents=True)
        (folder / "blueprint.yaml").write_text(text, encoding="utf-8")
        (folder / "create.tf.j2").write_text(template, encoding="utf-8")
        return folder

    def run(
        self,
        content: str | bytes | None,
        *arguments: str,
        file: str = "m.yaml",
        prepare: Callable[[], None] | None = None,
        env: dict[str, str] | None = None,
    ) -> CompletedProcess[str]:
        if content is not None:
            raw = content if isinstance(content, bytes) else content.encode()
            (self.path / file).write_bytes(raw)
        if (self.path / "blueprints").exists():
            arguments = (*arguments, "--blueprints", "blueprints")
        before = self.snapshot()
        settings = {"XDG_CACHE_HOME": str(self.path / "cache"), **(env or {})}
        if prepare is None:
            ran = rolewright("render", file, *arguments, cwd=self.path, env=settings)
        else:
            ran = rolewright_process("render", file, *arguments, cwd=self.path, env=settings, prepare=prepare)
        if ran.returncode:
            assert self.snapshot() == before
        return ran

    def snapshot(self) -> dict[str, object]:
        """Every name in the folder but the cache, with what and since when it is."""
        return {
            str(path.relative_to(self.path)): (path.lstat().st_mode, path.lstat().st_mtime_ns)
            for path in sorted(self.path.rglob("*"))
            if path.relative_to(self.path).parts[0] != "cache"
        }


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def refused(ran: CompletedProcess[str], rule: str, place: str, remedy: str) -> None:
    """Hold a run against what a refusal has to say: `place` is a file with line and column, `remedy` a pattern."""
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
    pattern = rf"^error\[{rule}\]: .+\n *--> {re.escape(place)}\n(?:.*\n)*?help: (.+)$"
    found = re.search(pattern, ran.stderr, re.MULTILINE)
    assert found, ran.stderr
    assert re.search(remedy, found[1]), found[1]


def place(text: str, at: str, file: str = "m.yaml") -> str:
    """The place of a piece of a text that occurs once."""
    assert text.count(at) == 1, at
    before = text[: text.index(at)]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def changed(old: str, new: str) -> str:
    assert old in MANIFEST
    return MANIFEST.replace(old, new, 1)


def variable(text: str) -> str:
    return changed("  memory: 512", f"  memory: 512\n  environment: {{{text}}}")


NAMES = "  memory: 512\n  names: {task_role: '" + "a" * 57 + "-${environment}'}"
OVERRIDE = ENVIRONMENTS.replace("east-1}", "east-1, resources: {data: {access: put}}}", 1)
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{inner}'] * 10)}]\n" for inner, name in zip("abcdefgh", "bcdefghi", strict=True)
)

MANIFESTS = {
    "unknown key": (changed("resources:", "resource:"), "manifest-unknown-key", "resource:", "`resources`"),
    "unknown field": (changed("cpu: 256", "cpu: 256\n  comand: [x]"), "manifest-unknown-key", "comand", "`command`"),
    "unknown verb": (changed("access: get", "access: gett"), "manifest-value", "gett", "did you mean get"),
    "wrong type": (changed("memory: 512", "memory: plenty"), "manifest-type", "plenty", "a whole number"),
    "list for a number": (changed("cpu: 256", "cpu: [256]"), "manifest-value", "[256]", "256"),
    "duplicate key": (MANIFEST + "workload: other\n", "source-duplicate-key", "workload: other", "remove one"),
    "bad interpolation": (changed("app-data", "'x-${regoin}'"), "manifest-interpolation", "'x-${", r"\$\{region\}"),
    "key": (variable("X: AKIAIOSFODNN7EXAMPLE"), "manifest-key", "AKIA", "remove it and rotate"),
    "variable of a key": (variable("AWS_SECRET_ACCESS_KEY: x"), "manifest-key", "AWS_SECRET", "remove it"),
    "secret": (variable("DB_PASSWORD: x"), "plaintext-secret", "DB_PASSWORD", "in a secret"),
    "cpu and memory": (changed("memory: 512", "memory: 8192"), "manifest-rule", "8192", "512, 1024 or 2048"),
    "name too long": (changed("  memory: 512", NAMES) + ENVIRONMENTS, "name-length", "'aaa", "shorten"),
    "override of a permission": (MANIFEST + OVERRIDE, "environment-override", "access: put", "once"),
    "10 MB of nesting": ("[" * 10_000_000, "source-too-large", "", "a file of its own"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_bad_manifest(folder: Folder, name: str) -> None:
    text, rule, at, remedy = MANIFESTS[name]
    ran = folder.run(text)
    refused(ran, rule, place(text, at) if at else "m.yaml:1:1", remedy)


def test_an_alias_bomb(folder: Folder) -> None:
    """Refused in the line that goes beyond the bounds, and not after that."""
    ran = folder.run(BOMB)
    (where,) = re.findall(r"--> (m\.yaml:5:\d+)", ran.stderr)
    refused(ran, "source-expansion", where, "fewer aliases")


def test_nesting_within_the_size_that_is_read(folder: Folder) -> None:
    for text in ("[" * 900_000, "{a: " * 200_000, "- " * 400_000, "? " * 400_000):
        ran = folder.run(text)
        assert re.match(r"error\[source-(syntax|depth)\]", ran.stderr), ran.stderr
        assert re.search(r"^ *--> m\.yaml:1:\d+$", ran.stderr, re.MULTILINE)
        assert "help: " in ran.stderr
        assert "Traceback" not in ran.stderr


def test_all_findings_of_a_file_come_at_once_and_as_json_too(folder: Folder) -> None:
    text = changed("access: get", "access: gett").replace("cpu: 256", "cpu: 257")
    ran = folder.run(text, "--format", "json")
    assert (ran.returncode, ran.stderr) == (1, "")
    found = json.loads(ran.stdout)["findings"]
    assert [f"{f['file']}:{f['line']}:{f['column']}" for f in found] == [place(text, "257"), place(text, "gett")]
    assert all(f["rule"] == "manifest-value" and f["message"] and f["remedy"] for f in found)


def test_nothing_is_written_for_a_good_manifest_beside_a_bad_one(folder: Folder) -> None:
    (folder.path / "good.yaml").write_text(changed("workload: app", "workload: good"), encoding="utf-8")
    refused(folder.run(changed("cpu: 256", "cpu: 257"), "good.yaml"), "manifest-value", "m.yaml:6:8", "256")


def test_a_folder_without_a_manifest_is_wrong_use(folder: Folder) -> None:
    done = folder.run(None, file="output")
    assert (done.returncode, "output has no manifest" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "rule", "at"),
    [
        (b"version: 1\nworkload: a\0pp\n", "source-character", "m.yaml:2:12"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\xd0", "source-character", "m.yaml:1:8"),
        (b"version: 1\ndescription: caf\xe9\n", "source-encoding", "m.yaml:2:17"),
        (MANIFEST.encode("utf-16"), "source-encoding", "m.yaml:1:1"),
    ],
)
def test_a_binary_file_in_place_of_a_manifest(folder: Folder, content: bytes, rule: str, at: str) -> None:
    refused(folder.run(content), rule, at, "text")


def test_a_file_that_is_not_there(folder: Folder) -> None:
    ran = folder.run(None)
    assert ran.returncode == 2
    assert "m.yaml does not exist" in ran.stderr


def test_a_file_that_cannot_be_read(folder: Folder) -> None:
    """Root may read every file, but not one whose link leads to itself."""
    (folder.path / "m.yaml").symlink_to("m.yaml")
    refused(folder.run(None), "source-unreadable", "m.yaml:1:1", "make the file readable")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process its own memory as a file")
def test_a_file_that_fails_in_the_middle_of_reading(folder: Folder) -> None:
    refused(folder.run(None, file="/proc/self/mem"), "source-unreadable", "/proc/self/mem:1:1", "readable")


BROKEN = {
    "YAML": (BLUEPRINT + "a: [\n", "source-syntax", None, "brackets"),
    "unknown key": (BLUEPRINT + "acces: {}\n", "blueprint-unknown-key", "acces:", "`access`"),
    "missing key": (
        BLUEPRINT.replace("service: kinesis\n", ""),
        "blueprint-missing-key",
        "summary: A stream",
        "`service`",
    ),
    "unknown action": (
        BLUEPRINT.replace("PutRecord", "PutRecrod"),
        "blueprint-action",
        "kinesis:PutRecrod",
        "Service Authorization Reference",
    ),
    "unknown ARN": (BLUEPRINT.replace("{stream: [", "{strem: ["), "blueprint-verb", "strem: [", "stream"),
    "field": (BLUEPRINT.replace("type: string", "type: strng"), "blueprint-field", "name: {type", "."),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_blueprint(folder: Folder, name: str) -> None:
    text, rule, at, remedy = BROKEN[name]
    folder.blueprint(text)
    file = "blueprints/resources/own-stream/blueprint.yaml"
    where = place(text, at, file) if at else f"{file}:{text.count(chr(10)) + 1}:1"
    ran = folder.run(OWN)
    if at is None:  # YAML is at its end when it misses a bracket
        where = re.findall(r"--> (.*)", ran.stderr)[0]
        assert where.startswith(f"{file}:1")
    refused(ran, rule, where, remedy)


LOOPS = {
    "range": "{% for i in range(1000000000) %}x{% endfor %}",
    "nested ranges": "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    "nested lists": "{% set l = range(9999) | list %}{% for i in l %}{% for j in l %}{% for k in l %}"
    "{% set x = 1 %}{% endfor %}{% endfor %}{% endfor %}",
    "calls itself": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "includes itself": "{% include 'resources/own-stream/create.tf.j2' %}",
    "grows": "{% set x = 'a' * 1000000000 %}",
    "doubles": "{% set x = 'aaaaaaaa' %}" + "{% set x = x ~ x %}" * 60,
}
FILES = {
    "a path": "{% include '/etc/passwd' %}",
    "a path upwards": "{% import '../../../../../etc/passwd' as x %}",
    "Python": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "the context": "{{ self.__init__.__globals__ }}",
    "a function of Terraform": '\nlocals {\n  x = file("/etc/passwd")\n}\n',
}


@pytest.mark.parametrize("name", shared([*LOOPS, *FILES], 0.5))
def test_a_template_that_loops_or_reads_files(folder: Folder, name: str) -> None:
    """With less memory than what grows without end would take."""
    text = TEMPLATE + {**LOOPS, **FILES}[name]
    folder.blueprint(template=text)
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # noqa: E731 - for the new process
    ran = folder.run(OWN, prepare=limit)
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "root:" not in ran.stderr
    where = re.findall(r"--> (.*)", ran.stderr)[0]
    if name == "a function of Terraform":
        refused(ran, "evaluate-expression", where, "blueprint")
    else:
        refused(ran, "blueprint-template", where, "correct the template")
        assert where.startswith("blueprints/resources/own-stream/create.tf.j2:5:")


def test_a_full_disk(folder: Folder) -> None:
    """A limit on the size of a file fails as a full disk does: in the middle of a write."""
    ran = folder.run(
        MANIFEST, "-o", "new/output", prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))
    )
    refused(ran, "write-disk-full", "new/output/app:1:1", "free some disk space")


def test_an_output_that_is_a_link(folder: Folder) -> None:
    (folder.path / "link").symlink_to("output")
    refused(folder.run(MANIFEST, "-o", "link"), "write-link", "link:1:1", "the folder that it points to")


def test_a_module_folder_that_is_a_link(folder: Folder) -> None:
    (folder.path / "other").mkdir()
    (folder.path / "other" / "app").symlink_to("../output/app")
    refused(folder.run(MANIFEST, "-o", "other"), "write-link", "other/app:1:1", "remove or rename it")


def test_an_output_that_is_a_file(folder: Folder) -> None:
    refused(folder.run(MANIFEST, "-o", "m.yaml"), "write-not-a-file", "m.yaml:1:1", "another folder")


def test_a_file_of_somebody_else_in_the_output(folder: Folder) -> None:
    refused(folder.run(MANIFEST), "write-foreign", "output/app/roles.tf:1:1", "--force")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
@pytest.mark.parametrize("field", ["memory: 512", "workload: orders"])
def test_no_finding_quotes_a_secret(folder: Folder, field: str, form: str) -> None:
    """Whatever else is wrong with the value: the key is the finding."""
    secret = "q8Zr/7uNfK2mXw4LbT9pYc1HsV6eJdG3aRoQ5iEt"
    name = field.partition(":")[0]
    ran = folder.run(re.sub(rf"{name}: \S+", f"{name}: [{secret}]", MANIFEST), "--format", form)
    assert ran.returncode == 1
    assert secret not in ran.stdout + ran.stderr
    assert "manifest-key" in ran.stdout + ran.stderr
