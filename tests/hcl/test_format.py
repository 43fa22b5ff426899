"""Layout of HCL: `terraform fmt` itself is the judge."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest

from rolewright.hcl.format import format_hcl

if TYPE_CHECKING:
    from pathlib import Path

    from real_terraform import Terraform

SAMPLES = 500
STRINGS = [
    '"plain"',
    '""',
    '"a  b = { [c] }"',
    '"arn:aws:s3:::$${aws:username}/*"',
    '"%%{ x }  $ %"',
    r'"quote \" and  \\"',
    r'"\u00e9\n"',
    '"žluťoučký"',
    '"日本"',
    '"e\u0301 👩\u200d💻 🇨🇿 👍🏽"',
    '"# no comment // nor this"',
]
OPERATORS = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"]
NAMES = ["a", "bb", "name", "for_each", "in", "if", "a-b", "x1", "very_long_attribute_name", "naïve"]


class Writer:
    """Writes random HCL with random white space wherever the language allows any."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def space(self) -> str:
        return self.random.choice(["", "", " ", "  ", "\t", "   "])

    def join(self, *tokens: str) -> str:
        """Tokens with white space between them, and never without where two would become one."""
        text = ""
        for token in tokens:
            needed = re.search(r"[\w.-]$", text) and re.match(r"[\w.-]", token)
            needed = needed or (re.search(r"[=<>!&|+*/%$-]$", text) and re.match(r"[=<>!&|+*/%{-]", token))
            text += (self.space() or (" " if needed else "")) + token if text else token
        return text

    def newline(self) -> str:
        return self.random.choice(["\n", "\n", "\n\n", " \n\t\n\n", "\n   \n"]) + self.space()

    def string(self, depth: int) -> str:
        if depth and self.random.random() < 0.3:
            strip = self.random.choice(["", "", "~"])
            inner = self.join("${" + strip, self.expression(depth - 1, wide=False), strip + "}")
            more = self.random.choice(["", "${a}", " - ", "$${x}", "%{ if  a }yes%{ else }no%{ endif }"])
            return f'"x {inner}{more} y"'
        return self.random.choice(STRINGS)

    def sequence(self, opening: str, items: list[str], closing: str, *, wide: bool) -> str:
        lines = wide and self.random.random() < 0.5
        text = opening + (self.newline() if lines else self.space())
        for index, item in enumerate(items):
            last = index == len(items) - 1
            text += item + self.space()
            text += "," if not last else self.random.choice([",", ""]) if opening == "[" else ""
            text += self.newline() if lines and self.random.random() < 0.8 else self.space()
        return text + closing

    def mapping(self, depth: int, *, wide: bool) -> str:
        keys = ["a", '"k"', "long_key", "(a)", '"${a}-x"']
        pairs = [
            self.join(self.random.choice(keys), self.random.choice("==:"), self.expression(depth, wide=wide))
            for _ in range(self.random.randrange(4))
        ]
        if wide and self.random.random() < 0.6:
            ends = [", ", ""]
            lines = "".join(f"{pair}{self.random.choice(ends)}{self.newline()}" for pair in pairs)
            return f"{{{self.newline()}{lines}}}"
        return self.sequence("{", pairs, "}", wide=False)

    def expression(self, depth: int, *, wide: bool) -> str:
        """An expression; `wide` ones may run over several lines."""
        simple = [self.constant, lambda: self.string(depth), lambda: self.string(depth), self.reference]
        if depth == 0:
            return self.random.choice(simple)()
        parts = [self.expression(depth - 1, wide=wide) for _ in range(self.random.randrange(1, 4))]
        call = self.random.choice(["merge", "jsonencode", "provider::aws::arn_build"]) + self.space() + "("
        operator, sign = self.random.choice(OPERATORS), self.random.choice("-!")
        forms = [
            lambda: self.sequence("[", parts[1:], "]", wide=wide),
            lambda: self.sequence(call, parts, ")", wide=wide),
            lambda: self.mapping(depth - 1, wide=wide),
            lambda: self.join("concat", "(", parts[0], ",", "a", "...", ")"),
            lambda: self.join("(", parts[0], operator, parts[-1], ")"),
            lambda: self.join(sign, self.random.choice(["a", "1", "(a)", "f(x)"])),
            lambda: self.join("(", "a", "?", parts[0], ":", parts[-1], ")"),
            lambda: self.join("[", "for", "v", "in", parts[0], ":", parts[-1], "if", "v", "!=", parts[0], "]"),
            lambda: self.join("{", "for", "k", ",", "v", "in", parts[0], ":", "k", "=>", parts[-1], "...", "}"),
            lambda: self.join("a", operator, sign, "a", "[", "0", "]"),
        ]
        return self.random.choice(simple + forms)()

    def constant(self) -> str:
        return self.random.choice(["1", "2.50", "1e3", "true", "null", "0"])

    def reference(self) -> str:
        return self.random.choice(["a", "var.x", "local.a.b[0]", 'a["k"].c', "a.*.b", "a[ * ].b", "a . b", "a.0.b"])

    def heredoc(self) -> str:
        mark = self.random.choice(["EOT", "END_2"])
        sign, indent = self.random.choice([("<<", ""), ("<<-", "    ")])
        body = "    kept   as  it is  {\n\n\t# ${ a } and ${a+ b}\n  %{ for x in  y ~}\n  x\n%{ endfor }"
        return f"{sign}{mark}\n{body}\n{indent}{mark}"

    def attribute(self, name: str) -> str:
        depth = self.random.randrange(4)
        value = self.heredoc() if self.random.random() < 0.1 else self.expression(depth, wide=True)
        text = f"{self.space()}{name}{self.space()}={self.space()}{value}"
        if "\n" not in text and self.random.random() < 0.4:
            text += self.space() + self.random.choice(["# why", "//  because ", "#", "# ünï {"])
        elif "<<" not in text and self.random.random() < 0.1:
            text += " /* inline */"
        return text

    def body(self, depth: int) -> str:
        names = self.random.sample(NAMES, self.random.randrange(len(NAMES)))
        text = ""
        for name in names:
            chance = self.random.random()
            if chance < 0.1:
                text += f"{self.space()}# on its own {self.newline()}"
            elif chance < 0.15:
                text += "  /* of\n   two lines */\n"
            elif chance < 0.3 and depth:
                text += self.block(depth - 1, self.join("nested", *self.random.choice([(), ('"l"',)])))
            elif chance < 0.35:
                text += self.join("one_line", "{", "a", "=", self.expression(1, wide=False), "}") + "\n"
            text += self.attribute(name) + self.newline()
        return text

    def block(self, depth: int, head: str) -> str:
        return f"{self.space()}{head}{self.space()}{{{self.newline()}{self.body(depth)}{self.space()}}}\n"

    def file(self) -> str:
        heads = [("resource", '"t"', '"a"'), ("locals",), ("data", '"t"', '"b"')]
        blocks = [self.block(2, self.join(*self.random.choice(heads))) for _ in range(3)]
        return self.newline() + self.newline().join(blocks)


def without_blank_lines(text: str) -> list[str]:
    """The lines that say something. Blank lines and space at line ends is what we tidy beyond Terraform."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@pytest.mark.terraform
def test_is_what_terraform_fmt_makes_of_it(terraform_program: Terraform, tmp_path: Path) -> None:
    raw, ours = tmp_path / "raw", tmp_path / "ours"
    raw.mkdir()
    ours.mkdir()
    formatted: dict[str, str] = {}
    for seed in range(SAMPLES):
        name, text = f"{seed:04}.tf", Writer(seed).file()
        (raw / name).write_text(text)
        formatted[name] = format_hcl(text)
        (ours / name).write_text(formatted[name])
    terraform_program.run(tmp_path, "fmt", "-list=false", "-no-color", "-recursive")
    for name, text in formatted.items():
        assert text == (ours / name).read_text(), f"terraform fmt changes {name}"
        assert without_blank_lines(text) == without_blank_lines((raw / name).read_text()), name


@pytest.mark.parametrize("seed", range(100))
def test_changes_white_space_alone_and_settles_at_once(seed: int) -> None:
    text = Writer(seed).file()
    formatted = format_hcl(text)
    assert re.sub(r"\s", "", formatted) == re.sub(r"\s", "", text)
    assert format_hcl(formatted) == formatted


def test_tidies_blank_lines_and_line_ends() -> None:
    untidy = '\n\na "x" {\r\n\n\n  b = 1  \n\n\n\n  c = [\n\n    1,\n\n  ]\n\n}\nd {\n}\n# e  \n\n\n'
    assert format_hcl(untidy) == 'a "x" {\n  b = 1\n\n  c = [\n    1,\n  ]\n}\n\nd {\n}\n\n# e\n'


def test_leaves_heredocs_alone_but_for_their_interpolations() -> None:
    text = "a {\n  b = <<-EOT\n      x   = {  \n\n\n\n    ${ c }\n  EOT\n}\n"
    assert format_hcl(text) == text.replace("${ c }", "${c}")


def test_an_empty_file_stays_empty() -> None:
    assert format_hcl("\n \n") == ""


@pytest.mark.parametrize(
    "text",
    ['a = "open', "a = <<EOT\nopen\n", "/* open", "a = `x`", 'a = "${b', "a = <<E\n${\nb}\nE\n", "/*\n*/ a = 1"],
)
def test_refuses_what_is_no_hcl(text: str) -> None:
    with pytest.raises(ValueError, match=r"HCL|ends inside|does not end|several lines"):
        format_hcl(text)
