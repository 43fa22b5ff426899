from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Environment
from rolewright.hcl.parse import parse
from rolewright.hcl.syntax import (
    Block,
    Call,
    Conditional,
    Expression,
    Index,
    List,
    Literal,
    Map,
    Opaque,
    Operation,
    Template,
    Traversal,
)
from rolewright.prove.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from real_terraform import Terraform


@dataclass(frozen=True)
class Files:
    files: Mapping[str, str]


def blocks(text: str) -> tuple[Block, ...]:
    return parse(Files({"main.tf": text})).blocks


def read(expression: str) -> Expression:
    (block,) = blocks(f"b {{\n  a = {expression}\n}}\n")
    return block.attributes["a"].expression


def refused(text: str) -> Finding:
    with pytest.raises(Rejected) as caught:
        blocks(text)
    (finding,) = caught.value.findings
    return finding


A, B = Traversal(("a",)), Traversal(("b",))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('"x"', Literal("x")),
        ('""', Literal("")),
        ("-1", Literal(-1)),
        ("-12", Literal(-12)),
        ("2.5", Literal(2.5)),
        ("true", Literal(True)),
        ("null", Literal(None)),
        ("a.b[0].c", Traversal(("a", "b", 0, "c"))),
        ('a["k e"].c', Traversal(("a", "k e", "c"))),
        ("a.0.b", Traversal(("a", 0, "b"))),
        ("a[b]", Index(A, B)),
        ("a[b].c", Index(Index(A, B), Literal("c"))),
        ("f(a).c", Index(Call("f", (A,)), Literal("c"))),
        ("f()", Call("f", ())),
        ("f(a, [b],)", Call("f", (A, List((B,))))),
        ("provider::p::f(a)", Call("provider::p::f", (A,))),
        ("f(a...)", Opaque("f(a...)")),
        ('{ k = a, "l" : b\n  (a) = 1 }', Map(((Literal("k"), A), (Literal("l"), B), (A, Literal(1))))),
        ("{ if = 1, null = 2 }", Map(((Literal("if"), Literal(1)), (Literal("null"), Literal(2))))),
        ("a ? b : 1", Conditional(A, B, Literal(1))),
        ("!a", Operation("!", (A,))),
        ("a + b * 2", Operation("+", (A, Operation("*", (B, Literal(2)))))),
        ("(a + b) * 2", Operation("*", (Operation("+", (A, B)), Literal(2)))),
        ("(a\n  && b)", Operation("&&", (A, B))),
        ("(a # why\n  == b)", Operation("==", (A, B))),
        ('"x${a}y${b}"', Template(("x", A, "y", B))),
        ('"${a}"', Template((A,))),
        ('"${"x${a}"}"', Template((Template(("x", A)),))),
        ("[for x in a : x]", Opaque("[for x in a : x]")),
        ("a[*].b", Opaque("a[*].b")),
        ('"%{if a}x%{endif}"', Opaque('"%{if a}x%{endif}"')),
        ("<<E\nx ${a.b}\nE", Template(("x ", Traversal(("a", "b")), "\n"))),
        ("<<-E\n    x\n\n      y\n    E", Literal("x\n\n  y\n")),
        ('<<E\n${f("}", { k = a })}\nE', Template((Call("f", (Literal("}"), Map(((Literal("k"), A),)))), "\n"))),
        ("<<E\n$${x} \\n\nE", Literal("${x} \\n\n")),
    ],
)
def test_an_expression_reads_as_what_it_means(text: str, meaning: Expression) -> None:
    assert read(text) == meaning


def test_blocks_keep_their_labels_lines_and_comments() -> None:
    text = '# far\n\n# one\n// two\nresource "a" b {\n  x = 1\n\n  # in\n  in "c" {}\n  y = <<E\nt\nE\n  z = 2\n}\n'
    (block,) = blocks(text)
    assert (block.type, block.labels, block.file, block.line) == ("resource", ("a", "b"), "main.tf", 5)
    assert block.comments == ("one", "two")
    assert {name: one.line for name, one in block.attributes.items()} == {"x": 6, "y": 10, "z": 13}
    (inner,) = block.blocks
    assert (inner.type, inner.labels, inner.line, inner.comments) == ("in", ("c",), 9, ("in",))


def test_an_operation_may_end_at_its_line() -> None:
    (block,) = blocks("b { c {\n  a = x == y\n  # why\n  d = 1 + 2 # sum\n  e = 1\n} }\n")
    assert list(block.blocks[0].attributes) == ["a", "d", "e"]


def test_a_line_ends_at_a_line_feed_alone() -> None:
    (block,) = blocks('# \x0c\u2028\n# one\nb {\n  a = "\u2028\x85"\n  c = 1\n}\n')
    assert block.comments[-1] == "one"
    assert block.attributes["c"].line == 5


def test_tfvars_are_read_by_environment_and_other_files_are_kept() -> None:
    files = {"environments/dev.tfvars": 'x = "1"\n', "README.md": "{", "main.tf": ""}
    parsed = parse(Files(files))
    assert parsed.tfvars["dev"]["x"].expression == Literal("1")
    assert parsed.files == files
    assert parsed.blocks == ()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("b {\n  a = \n}\n", 2, 7),
        ("b {\n  a = 1\n", 2, 1),
        ('b {\n  a = "x\\q"\n}\n', 2, 9),
        ('b {\n  a = "\\ud800"\n}\n', 2, 8),
        ('b {\n  a = "\\UFFFFFFFF"\n}\n', 2, 8),
        ('b {\n  a = "x\ny"\n}\n', 2, 8),
        ("b {\n  a = 1\n  a = 2\n}\n", 3, 3),
        ("b {\n  a = 1 c = 2\n}\n", 2, 9),
        ("b {\n  a = <<E\n${x\nE\n}\n", 2, 7),
    ],
)
def test_what_hcl_refuses_is_a_finding_at_its_place(text: str, line: int, column: int) -> None:
    finding = refused(text)
    assert finding.rule == "hcl-syntax"
    assert (finding.location.file, finding.location.line, finding.location.column) == ("main.tf", line, column)


def test_every_broken_file_is_reported() -> None:
    with pytest.raises(Rejected) as caught:
        parse(Files({"b.tf": "x {", "a.tf": "x =", "c.tf": "x {}"}))
    assert [finding.location.file for finding in caught.value.findings] == ["a.tf", "b.tf"]


def quoted(text: str) -> str:
    """A string as HCL writes it, by the rules of its specification."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    body = "".join(escapes.get(c, c if c.isprintable() else f"\\U{ord(c):08X}") for c in text)
    return '"' + body.replace("${", "$${").replace("%{", "%%{") + '"'


pieces = st.sampled_from(["$", "%", "{", "}", "$${", "${", "%{", '"', "\\", "\\n", "#", "//", "/*", "<<E", "\n", "é"])
texts = st.lists(pieces | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=8).map("".join)


@given(texts)
@settings(deadline=None)
def test_an_escaped_string_reads_as_itself(text: str) -> None:
    assert read(quoted(text)) == Literal(unicodedata.normalize("NFC", text))


@pytest.mark.terraform
@given(strings=st.lists(texts, min_size=30, max_size=60))
@settings(deadline=None, max_examples=5)
def test_strings_read_as_terraform_reads_them(terraform_program: Terraform, strings: list[str]) -> None:
    # The terraform console answers one expression a line; base64 keeps its answer out of its own escaping.
    lines = [f"base64encode(jsonencode({quoted(text)}))" for text in strings]
    for text, line in zip(strings, _console(terraform_program, lines), strict=True):
        assert read(quoted(text)) == Literal(line), text


@pytest.mark.terraform
def test_awkward_texts_read_as_terraform_reads_them(terraform_program: Terraform, tmp_path: Path) -> None:
    written = {
        "dollars": '"$$${x} $$$${x} $$$"',
        "percents": '"%%%{x} %%%"',
        "open": '"$${"',
        "escaped": '"$${\\"x\\"} \\u00e9\\U0001F600"',
        "plain": '<<E\n  a\\n "b" $${c} $d\n E',
        "trimmed": "<<-E\n    a\n\n      b\n   \n    E",
        "crooked": "<<-E\n\t\ta\n\t b\n\tE",
    }
    text = "".join(f'output "{name}" {{\n  value = {one}\n}}\n' for name, one in written.items())
    (tmp_path / "main.tf").write_text(text)
    terraform_program.run(tmp_path, "init")
    terraform_program.run(tmp_path, "apply", "-auto-approve")
    for name, output in terraform_program.json(tmp_path, "output", "-json").items():
        assert read(written[name]) == Literal(output["value"]), name


def _console(terraform: Terraform, lines: list[str]) -> list[str]:
    expression = 'join(",", [' + ", ".join(lines) + "])"
    ran = subprocess.run(
        [terraform.program, "console"],
        env=dict(terraform.environment),
        input=expression + "\n",
        text=True,
        check=True,
        capture_output=True,
    )
    answer: str = json.loads(ran.stdout)
    return [json.loads(base64.b64decode(one)) for one in answer.split(",")]


CACHE = """
import sys
from pathlib import Path
import hcl2.parser
import os
beside = Path(sys.argv[1])
hcl2.parser.PARSER_FILE = beside / ".lark_cache.bin"
os.access = lambda path, mode: Path(path) != beside
from rolewright.hcl.parse import parse
class Files: files = {"a.tf": "x {}"}
assert parse(Files()).blocks[0].type == "x"
print(hcl2.parser.PARSER_FILE)
"""


def built_parser(tmp_path: Path, home: Path) -> Path:
    """Where a process keeps the parser if the package's folder is read-only."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(home)}
    command = [sys.executable, "-c", CACHE, str(tmp_path / "package")]
    result = subprocess.run(command, env=environment, text=True, check=True, capture_output=True)
    return Path(result.stdout.strip())


def test_the_built_parser_is_kept_in_the_users_cache_where_the_package_is_read_only(tmp_path: Path) -> None:
    cache = built_parser(tmp_path, tmp_path / "cache")
    assert cache.is_relative_to(tmp_path / "cache" / "rolewright")
    assert cache.stat().st_size > 0


def test_where_nothing_can_be_written_the_parser_is_built_anew(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert built_parser(tmp_path, blocked).parent == tmp_path / "package"


DEEP = {
    "strings": lambda n: '"' + '${"' * n + '"}' * n + '"',
    "brackets": lambda n: "(" * n + "1" + ")" * n,
    "lists": lambda n: "[" * n + "]" * n,
    "maps": lambda n: "{a = " * n + "1" + "}" * n,
    "sums": lambda n: "1" + " + 1" * n,
    "conditions": lambda n: "a ? b : " * n + "c",
    "calls": lambda n: "max(" * n + "1" + ")" * n,
    "attributes": lambda n: "a" + ".b" * n,
    "places": lambda n: "a" + "[0]" * n,
    "digits": lambda n: "9" * n,
    "digits of a place": lambda n: "a[" + "9" * n + "]",
    "blocks": lambda n: "1\n" + "b {\n" * n + "}\n" * n,
    "heredocs": lambda n: "<<E\n" + '${"' * n + '"}' * n + "\nE\n",
}


@pytest.mark.parametrize("form", DEEP)
def test_what_is_nested_too_deeply_is_no_hcl_and_no_traceback(form: str) -> None:
    blocks(f"b {{\n  a = {DEEP[form](60)}\n}}\n")
    for depth in (600, 3_000):
        assert refused(f"b {{\n  a = {DEEP[form](depth)}\n}}\n").rule == "hcl-syntax"


@pytest.mark.parametrize("form", DEEP)
def test_what_is_not_nested_too_deeply_is_evaluated(form: str) -> None:
    def read_back(depth: int) -> bool:
        try:
            parsed = parse(
                Files({"main.tf": f'locals {{\n  a = {DEEP[form](depth)}\n}}\noutput "o" {{\n  value = local.a\n}}\n'})
            )
        except Rejected:
            return False
        with contextlib.suppress(Rejected):  # what is no value
            evaluate(parsed, Environment("", "123456789012", "us-east-1", "aws", {}, {}))
        return True

    assert not all(read_back(depth) for depth in range(50, 420, 10))


def test_a_text_with_every_private_character_is_no_hcl() -> None:
    assert "private use" in refused("# " + "".join(map(chr, range(0xE000, 0xF900)))).message
