"""Code of others is read in a time that grows with its length: no pattern looks at it again and again."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rolewright
from growing_texts import slow_on
from rolewright.sdk.calls import ApiCall
from rolewright.sdk.code import read_files
from rolewright.sdk.go.reader import GoReader
from rolewright.sdk.javascript.reader import ScriptReader
from rolewright.sdk.permissions import CallPermission, _parted, permissions
from rolewright.sdk.source_files import read_source
from rolewright.yaml.load import load

SDK = Path(rolewright.__file__).parent / "sdk"
_COMPILES = {"compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "split"}
_ANCHORED = {"match", "fullmatch"}


def patterns() -> dict[str, tuple[re.Pattern[str], str]]:
    """Every pattern of the package `sdk`, by where it stands, and how it meets a text."""
    found: dict[str, tuple[re.Pattern[str], str]] = {}
    for file in sorted(SDK.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
                continue
            if node.func.attr not in _COMPILES:
                continue
            where = f"{file.relative_to(SDK)}:{node.lineno}"
            if not isinstance(node.args[0], ast.Constant):
                continue  # `test_every_pattern_is_known` tells those
            name = next((name for name, value in names.items() if node in ast.walk(value)), "")
            ways = {
                one.attr
                for one in ast.walk(tree)
                if isinstance(one, ast.Attribute)
                for owner in [one.value.value if isinstance(one.value, ast.Subscript) else one.value]
                if isinstance(owner, ast.Name) and owner.id == name
            } or {node.func.attr}
            flags = re.DOTALL if "DOTALL" in ast.unparse(node) else re.NOFLAG
            flags |= re.MULTILINE if "MULTILINE" in ast.unparse(node) else re.NOFLAG
            how = "search" if ways - _ANCHORED else min(ways & _ANCHORED)
            found[where] = (re.compile(str(node.args[0].value), flags), how)
    for name, text in load(SDK / "arguments.yaml").trees[0].data["cut"].items():
        found[f"arguments.yaml cut {name}"] = (re.compile(text), "search")
    return found


PATTERNS = patterns()
MADE = {"permissions.py": 2}
"""Patterns that are made of texts: those of a file of data, which are tested as well, and the form of a key's id."""


@pytest.mark.parametrize("where", PATTERNS)
def test_no_input_takes_long(where: str) -> None:
    pattern, how = PATTERNS[where]
    assert slow_on(pattern, how) is None, pattern.pattern


def test_every_pattern_is_known() -> None:
    made: dict[str, int] = {}
    for file in sorted(SDK.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _COMPILES:
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id == "re" and not isinstance(node.args[0], ast.Constant):
                    made[str(file.relative_to(SDK))] = made.get(str(file.relative_to(SDK)), 0) + 1
    assert made == MADE


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        (r"(?P<name>\b[A-Za-z]\w*)\s*:\s*(?:(?:&|\[\]|\*|map\[\w+\]|[\w.]+)*\s*(?P<open>[{\[]))?|\{", "search"),
        (r"/\*.*?\*/", "search"),
        (r"(?P<name>\w+)\s*=\s*new", "search"),
        (r"\(\s*[^,()]+,", "search"),
        (r"(?:a|a)*b", "match"),
        (r"x(?:a+)+y", "fullmatch"),
        (r"a*a*b", "fullmatch"),
    ],
)
def test_patterns_that_take_long_are_found(pattern: str, how: str) -> None:
    assert slow_on(re.compile(pattern, re.DOTALL), how) is not None


@pytest.mark.parametrize("file", ["js-regex-hang/app.mjs", "go-hang/main.go"])
def test_long_names_in_a_call_take_no_time(file: str) -> None:
    path = Path(__file__).parent / "cases" / "code" / file
    start = time.process_time()
    (call,) = read_files([str(path)], str(path.parent)).calls
    assert time.process_time() - start < 1  # botocore's models are read in it
    assert isinstance(call, ApiCall)
    (needed,) = permissions([call])
    assert isinstance(needed, CallPermission)
    assert needed.action == "sqs:SendMessage"
    assert [hint for _, hint in needed.unknown] == ["configurationOfTheService.queueUrlOfTheOrders"]


READ = [
    "(",
    "[",
    "{",
    "`",
    "`${",
    "a.",
    "a(",
    "'\\'",
    "/[=",
    "a?b:",
    "a=>",
    "a<",
    "new ",
    "a,",
    "!",
    "...",
    "x as ",
    "async ",
]
READ += [
    "a+",
    "function ",
    "()",
    "func(",
    "a\n",
    "/*",
    "{a:",
    "f({a:",
    "(a)=>{",
    "import ",
    "const a=",
    "a=a.b;",
    "class A{",
]
READ += ["a:=a\n", "a.b=", "return ", "export {a", "f(a,", "type a struct {", "x.PutObject(", "new PutObjectCommand({"]


@pytest.mark.parametrize("name", ["a.ts", "a.go"])
@pytest.mark.parametrize("unit", READ)
def test_no_file_takes_long(name: str, unit: str) -> None:
    """What a file repeats, closed or not: twice as much of it takes about twice as long."""
    head = (
        "import {S3} from '@aws-sdk/client-s3';"
        if name == "a.ts"
        else 'import "github.com/aws/aws-sdk-go/service/s3"\n'
    )
    reader = ScriptReader if name == "a.ts" else GoReader
    for tail in ("", ")}]"):
        took = []
        for count in (40, 320):
            start = time.process_time()
            list(reader([read_source(head + unit * count + tail * count, name)]).calls())
            took.append(time.process_time() - start)
        assert took[1] < 20 * max(took[0], 0.02), (unit, tail, took)  # eight times as much of it


@given(st.data())
def test_what_an_arn_is_of_is_what_a_pattern_would_say(data: st.DataObject) -> None:
    """The pattern goes back and forth, which takes long for long texts; what it finds is right."""
    text = st.text(alphabet="ab:/", max_size=4)
    literals = data.draw(st.lists(text.filter(bool), min_size=1, max_size=3))
    template = "arn:" + "".join(f"${{V{number}}}{one}" for number, one in enumerate(literals)) + "${Last}"
    template = template.removesuffix(data.draw(st.sampled_from(["", "${Last}"])))
    arn = data.draw(st.one_of(text, st.sampled_from(["arn:" + data.draw(text) + "".join(literals) + data.draw(text)])))
    pattern = re.sub(r"\\\$\\\{(\w+)\\\}", lambda match: f"(?P<{match[1]}>.*?)", re.escape(template))
    found = re.fullmatch(pattern, arn)
    expected = {key: value for key, value in found.groupdict().items() if value} if found else {}
    assert _parted(arn, template) == expected
