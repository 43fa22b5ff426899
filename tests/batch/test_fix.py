"""`--fix`: what can be meant in one way only is corrected, and nothing else in the file changes."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import yaml

from command_line import rolewright
from manifest_generator import generated_manifests
from rolewright.batch.fix import Fixed, fix_manifests
from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = """\
# The orders, for the shop
version: 1
workload: orders
exclusive: true  # nobody else attaches policies
compute:
  type: lambda
  runtime: python3.12
  handler: index.handler
  package: "function.zip"
  memory: 256  # megabytes

  vpc:
    subnet_ids: [subnet-0a1b2c3d4e5f60718]
    security_group_ids:
      - sg-0a1b2c3d4e5f60718  # closed
resources:
  # what the shop writes
  table:
    type: dynamodb-table
    name: orders
    access: [get, put]
  files:
    type: s3-bucket
    create: true
    name: "2024"
    access:
      - read
      - put
"""


class Break(NamedTuple):
    """A change that makes GOOD bad, what is said once it is taken back, and what the file is then, if not GOOD."""

    right: str
    wrong: str
    message: str
    fixed: str = ""


BREAKS = {
    "field": Break("memory:", "memroy:", "10:3: fixed: unknown key `memroy` in `compute`"),
    "quoted key": Break(
        "memory:", '"memori":', "unknown key `memori` in `compute`", GOOD.replace('"memory"', "memory")
    ),
    "key at the top": Break("resources:", "resourcs:", "unknown key `resourcs`"),
    "key inside": Break("subnet_ids", "subnetids", "unknown key `subnetids` in `compute.vpc`"),
    "number as text": Break("256", "'256'", '`compute.memory` is "256"'),
    "boolean as text": Break("exclusive: true", 'exclusive: "true"', '`exclusive` is "true"'),
    "yes": Break("exclusive: true", "exclusive: yes", '`exclusive` is "yes"'),
    "on": Break("create: true", "create: On", '`resources.files.create` is "On"'),
    "text as number": Break('"2024"', "2024", "`resources.files.name` is the number 2024"),
    "one for a list": Break("[subnet-0a1b2c3d4e5f60718]", "subnet-0a1b2c3d4e5f60718", "`compute.vpc.subnet_ids` is"),
    "version as text": Break("version: 1", 'version: "1"', '`version` is "1"'),
    "no version": Break("version: 1\n", "", "`version` is missing"),
    "verb twice": Break("[get, put]", "[get, put, get,put]", "`resources.table.access` is"),
    "verb twice in lines": Break("      - put\n", "      - put\n      - read\n", "`resources.files.access` is"),
    "no width": Break("orders\nex", "or\u200bders\u2060\nex", "3:13: fixed: YAML does not allow the character U+200B"),
    "tabs": Break(
        GOOD, re.sub(r"^(?:  )+", lambda m: "\t" * (len(m[0]) // 2), GOOD, flags=re.MULTILINE), "not valid YAML"
    ),
    "needless suppression": Break(
        "resources:\n",
        "suppress:\n  - {rule: star-action, at: compute, reason: none}\nresources:\n",
        "there is no star-action finding here to suppress",
    ),
}


def fixed(path: Path) -> list[str]:
    done = list(fix_manifests([path]))
    assert all(isinstance(fix, Fixed) for fix in done)
    return [f"{fix.location}: fixed: {fix.message}" for fix in done]


@pytest.mark.parametrize("case", BREAKS)
@pytest.mark.parametrize(("mark", "line_end"), [("", "\n"), ("\ufeff", "\r\n")], ids=["plain", "mark and CRLF"])
def test_each_is_fixed_and_all_else_stays(case: str, mark: str, line_end: str, tmp_path: Path) -> None:
    change = BREAKS[case]
    assert GOOD.count(change.right) == 1
    path = tmp_path / "m.yaml"
    path.write_bytes((mark + GOOD.replace(change.right, change.wrong).replace("\n", line_end)).encode())
    path.chmod(0o640)
    (said,) = fixed(path)
    assert change.message in said
    assert path.read_bytes() == (mark + (change.fixed or GOOD).replace("\n", line_end)).encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["m.yaml"]
    assert fixed(path) == []


def test_all_at_once(tmp_path: Path) -> None:
    text = GOOD
    for change in list(BREAKS.values())[1:]:
        if change.right in text and change.right != GOOD and not change.fixed:
            text = text.replace(change.right, change.wrong)
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    run = rolewright("validate", "--fix", "m.yaml", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("m.yaml:") == run.stderr.count(": fixed: ") > 8
    assert "orders is valid" in run.stdout
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == GOOD


UNSURE = {
    "a verb": ("[get, put]", "[gte, put]"),
    "a verb in capitals": ("[get, put]", "[Get, put]"),
    "a type": ("dynamodb-table", "dynamodb-tabel"),
    "a key that is given as well": ("memory: 256", "memory: 256\n  memroy: 128"),
    "two for one key": ("memory: 256", "memroy: 256\n  memori: 128"),
    "a field of another type": ("subnet_ids", "subnet_id"),
    "a field of what the module makes": ("    name: orders", "    name: orders\n    noncurrent_days: 3"),
    "a key of another place": ("memory: 256", "memory: 256\nenvironment: {LEVEL: debug}"),
    "a key like no other": ("memory: 256", "megabytes: 256"),
    "a number that is too large": ("256", '"99999"'),
    "another value": ("256", '"256 MB"'),
    "a list for a text": ("handler: index.handler", "handler: [index.handler]"),
    "nothing": ("handler: index.handler", "handler:"),
    "a comment on a repeated entry": ("      - put\n", "      - put\n      - read  # for the page\n"),
    "a repeated entry that an alias means": (
        "[get, put]",
        "[get, &verb put, &verb get]\n  other: {type: s3-bucket, name: other, access: [*verb]}",
    ),
    "an entry that an alias means, in lines": (
        "      - put\n",
        "      - &verb put\n      - &verb read\n  other: {type: s3-bucket, name: other, access: [*verb]}\n",
    ),
    "a suppression that an alias means": (
        "resources:\n",
        "tags: {a: &a b}\nsuppress:\n  - {rule: star-action, at: compute, reason: &a none}\nowner: *a\nresources:\n",
    ),
    "a suppression with a comment": (
        "resources:\n",
        "suppress:\n  # since May\n  - {rule: star-action, at: compute, reason: none}\nresources:\n",
    ),
    "a suppression with a comment behind it": (
        "resources:\n",
        "suppress:\n  - {rule: star-action, at: compute, reason: none}  # or not\nresources:\n",
    ),
    "another version, misspelt": ("version: 1\n", "verison: 2\n"),
    "a mark of direction": ("name: orders", "name: or\u202eders"),
    "an escape": ("name: orders", 'name: "or\\u200bders"'),
    "a tab that may be two levels": ("  handler: index.handler", "\thandler: index.handler"),
    "a key twice": ("memory: 256", "memory: 256\n  memory: 256"),
    "a name under another's key": ("    name: orders\n", "    nam: orders\n    arn: arn:aws:x\n"),
}


@pytest.mark.parametrize("case", UNSURE)
def test_what_may_be_meant_otherwise_stays(case: str, tmp_path: Path) -> None:
    right, wrong = UNSURE[case]
    assert GOOD.count(right) == 1
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace(right, wrong), encoding="utf-8")
    before = path.stat()
    assert fixed(path) == []
    after = path.stat()  # without the time at which it was read
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_a_key_that_is_given_as_well_shows_no_fix() -> None:
    text = GOOD.replace("memory: 256", "memory: 256\n  memroy: 128")
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(text, "m.yaml"), load_catalog())
    assert [(one.rule, one.fix) for one in refusal.value.findings] == [("manifest-unknown-key", ())]


def test_a_slip_that_is_one_in_some_environments_only_shows_no_fix() -> None:
    both = {name: {"account": "123456789012", "region": "eu-west-1"} for name in ("dev", "prod")}
    environments = {**both, "dev": {**both["dev"], "resources": {"table": {"name": "orders-dev"}}}}
    text = GOOD.replace("    name: orders\n", "    nam: orders\n") + f"environments: {json.dumps(environments)}\n"
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(text, "m.yaml"), load_catalog())
    assert [one.fix for one in refusal.value.findings if one.rule == "manifest-unknown-key"] == [()]


def test_a_suppression_that_is_over_or_needed_elsewhere_stays(tmp_path: Path) -> None:
    """What ended may be needed still; what the proof would need it for was not looked at where a rule refuses first."""
    path = tmp_path / "m.yaml"
    wide = "statements: [{actions: ['s3:*'], resources: ['*'], reason: none}]\n"
    over = "suppress: [{rule: star-action, at: statements, reason: none, until: 2020-01-01}]\n"
    unproven = "suppress: [{rule: proof-access, at: compute, reason: none}]\n"
    vain = "statements: [{actions: ['dynamodb:GetItem'], resources: ['arn:aws:s3:::orders/x'], reason: none}]\n"
    ended = over.replace("star-action", "resource-mismatch")
    for text in (GOOD + wide + over, GOOD + wide + unproven, GOOD + vain + ended):
        path.write_text(text, encoding="utf-8")
        assert fixed(path) == []
        assert path.read_text(encoding="utf-8") == text


def test_a_suppression_that_is_over_and_that_nothing_needs_goes(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    over = "suppress: [{rule: resource-mismatch, at: statements, reason: none, until: 2020-01-01}]\n"
    path.write_text(GOOD + over, encoding="utf-8")
    assert len(fixed(path)) == 1
    assert path.read_text(encoding="utf-8") == GOOD


def test_one_of_several_suppressions_goes(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    statement = "statements: [{actions: ['s3:ListAllMyBuckets'], resources: ['*'], reason: none}]\n"
    needless = "  - {rule: star-action, at: compute, reason: none}\n"
    over = "  - {rule: star-action, at: compute, reason: none, until: 2020-01-01}\n"
    path.write_text(f"{GOOD}{statement}suppress:\n{needless}{over}{needless}", encoding="utf-8")
    assert len(fixed(path)) == 3
    assert path.read_text(encoding="utf-8") == GOOD + statement


def test_what_is_left_refuses_as_ever_and_json_has_the_fixes(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace("memory", "memroy").replace("[get,", "[gte,"), encoding="utf-8")
    run = rolewright("render", "--format", "json", "m.yaml", cwd=tmp_path)
    found = {one["rule"]: one for one in json.loads(run.stdout)["findings"]}
    (edit,) = found["manifest-unknown-key"]["fix"]
    text = path.read_text(encoding="utf-8")
    assert (text[edit["start"] : edit["end"]], edit["text"]) == ("memroy", "memory")
    assert found["manifest-value"]["fix"] == []
    run = rolewright("render", "--fix", "--format", "json", "m.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert [one["rule"] for one in json.loads(run.stdout)["findings"]] == ["manifest-value"]
    assert run.stderr == "m.yaml:10:3: fixed: unknown key `memroy` in `compute`\n"
    assert not (tmp_path / "output").exists()
    assert path.read_text(encoding="utf-8") == GOOD.replace("[get,", "[gte,")


def test_a_check_changes_no_manifest(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace("memory", "memroy"), encoding="utf-8")
    run = rolewright("render", "--check", "--fix", "m.yaml", cwd=tmp_path)
    assert (run.returncode, "memroy" in path.read_text(encoding="utf-8")) == (2, True)


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace("memory", "memroy"), encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to("m.yaml")
    run = rolewright("validate", "--fix", "link.yaml", cwd=tmp_path)
    assert (run.returncode, "write-link" in run.stderr) == (1, True)
    assert "memroy" in path.read_text(encoding="utf-8")
    assert (tmp_path / "link.yaml").is_symlink()


def test_nothing_is_written_through_a_linked_folder(tmp_path: Path) -> None:
    """A glob follows such a link, and whoever gives it does not see where the files are."""
    here, there = tmp_path / "here", tmp_path / "there"
    (there / "deep").mkdir(parents=True)
    here.mkdir()
    wrong = GOOD.replace("memory", "memroy")
    (there / "deep" / "m.yaml").write_text(wrong, encoding="utf-8")
    (here / "link").symlink_to("../there")
    run = rolewright("validate", "--fix", "link/deep/m.yaml", cwd=here)
    assert run.returncode == 1
    assert f"link is a symbolic link to {there}, and rolewright does not write through links" in run.stderr
    assert f"give the file itself: {there}/deep/m.yaml" in run.stderr
    assert (there / "deep" / "m.yaml").read_text(encoding="utf-8") == wrong
    assert "fixed" not in run.stderr


@pytest.mark.parametrize("command", ["validate", "render"])
def test_one_that_cannot_be_written_does_not_keep_others_from_being_fixed(command: str, tmp_path: Path) -> None:
    """The findings are all there as well: those of the one that stays as it is, and why it does."""
    wrong = GOOD.replace("memory", "memroy")
    for name in ("a.yaml", "real.yaml", "z.yaml"):
        (tmp_path / name).write_text(wrong.replace("orders", f"orders-{name[0]}"), encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    run = rolewright(command, "--fix", "--format", "json", "a.yaml", "link.yaml", "z.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert [line.split(":")[0] for line in run.stderr.splitlines()] == ["a.yaml", "z.yaml"]
    found = {(finding["file"], finding["rule"]) for finding in json.loads(run.stdout)["findings"]}
    assert found == {("link.yaml", "manifest-unknown-key"), ("link.yaml", "write-link")}
    assert "memroy" in (tmp_path / "real.yaml").read_text(encoding="utf-8")
    assert not (tmp_path / "output").exists()


# --- generated manifests, broken in these ways --------------------------------------------------------


def broken(text: str, chance: random.Random) -> Iterator[str]:
    """Yield texts of a manifest with one slip each."""
    lines = text.split("\n")
    for number in chance.sample(range(len(lines)), min(6, len(lines))):
        line = lines[number]

        def put(new: str, number: int = number, line: str = line) -> str:
            assert new != line
            return "\n".join([*lines[:number], new, *lines[number + 1 :]])

        if found := re.match(r"(\s*(?:- )?)([a-z_]{6,})(:.*)", line):
            at = chance.randrange(1, len(found[2]) - 1)
            for slip in (found[2][:at] + found[2][at + 1 :], found[2][:at] + "x" + found[2][at:]):
                yield put(found[1] + slip + found[3])
        if found := re.fullmatch(r"(.*(?:: |- ))(\d+|true|false)", line):
            yield put(f'{found[1]}"{found[2]}"')
        if line == "version: 1":
            yield "\n".join([*lines[:number], *lines[number + 1 :]])
        if re.fullmatch(r" *- [a-z-]+", line):
            yield put(f"{line}\n{line}")
        if line.strip():
            yield put(line[:-1] + "\u200b" + line[-1:])
    if not re.search(r"^ +.*[|>\\]|^ *[^'\"\n]*['\"][^'\"\n]*$", text, re.MULTILINE):
        yield re.sub(r"^(?:  )+", lambda m: "\t" * (len(m[0]) // 2), text, flags=re.MULTILINE)


def test_a_generated_manifest_with_a_slip_is_what_it_was_or_refused(tmp_path: Path) -> None:
    """Whatever is accepted after a fix is the manifest without the slip, to the byte: it allows what that allows."""
    catalog = load_catalog()
    chance = random.Random(16)

    def accepted(text: str) -> bool:
        try:
            read_manifest(loads(text, "m.yaml"), catalog)
        except Rejected:
            return False
        return True

    wrong: dict[Path, str] = {}
    for drawn in (*generated_manifests(25), *generated_manifests(25, created=True)):
        data = json.loads(drawn)
        text = yaml.safe_dump(data, sort_keys=False, width=10_000, allow_unicode=True)
        if loads(text, "m.yaml").trees[0].data != data:  # what YAML 1.1 reads otherwise
            continue
        for slip in broken(text, chance):
            if not accepted(slip):
                path = tmp_path / f"{len(wrong)}.yaml"
                path.write_text(slip, encoding="utf-8")
                wrong[path] = text
    changed = {one.location.file for one in fix_manifests(wrong)}
    for path, text in wrong.items():
        after = path.read_text(encoding="utf-8")
        assert after == text or not accepted(after), path
        assert (str(path) in changed) is (after == text), path.read_text(encoding="utf-8")
    assert len(wrong) > 200
    assert len(changed) > len(wrong) * 0.8
