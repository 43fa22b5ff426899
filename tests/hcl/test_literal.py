"""Values as HCL: Terraform itself reads back what was written."""

from __future__ import annotations

import json
import random
import unicodedata
from typing import TYPE_CHECKING

import pytest

from rolewright.core.text import Ref, Text
from rolewright.hcl.literal import RawExpression, comment, identifier, literal

if TYPE_CHECKING:
    from pathlib import Path

    from real_terraform import Terraform

_PIECES = [
    "${",
    "$${",
    "%{",
    "%%{",
    "$",
    "%",
    "{",
    "}",
    '"',
    "\\",
    "\n",
    "\t",
    "\r",
    "a",
    "ä",
    "e\u0301",
    "é",
    "\u202e",
]
_PIECES += ["\x00", "\u2028", "\ufeff", "😀", "#", "//", "/*", "*/", "<<EOT\n", "EOT", "var.x", "~}", "for", "null"]


def _string(rng: random.Random) -> str:
    return unicodedata.normalize("NFC", "".join(rng.choices(_PIECES, k=rng.randrange(7))))


def _value(rng: random.Random, depth: int = 0) -> object:
    match rng.randrange(8 if depth < 3 else 5):
        case 0:
            return rng.choice([None, True, False])
        case 1:
            return rng.choice([0, -1, 10**30, 0.5, -1e-9, 1e22])
        case 5 | 6:
            return [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case 7:
            return {_string(rng): _value(rng, depth + 1) for _ in range(rng.randrange(4))}
        case _:
            return _string(rng)


@pytest.mark.terraform
def test_terraform_reads_back_every_value(terraform_program: Terraform, tmp_path: Path) -> None:
    rng = random.Random(1)
    values = [_value(rng) for _ in range(150)] + [{key: 1} for key in ("for", "null", "true", "a-b", "1", "")]
    blocks = [f'output "v{n}" {{\n  value = jsonencode({literal(value)})\n}}\n' for n, value in enumerate(values)]
    (tmp_path / "main.tf").write_text("".join(blocks), encoding="utf-8", newline="")
    terraform_program.run(tmp_path, "apply", "-auto-approve", "-no-color")
    read = terraform_program.json(tmp_path, "output", "-json")
    for number, value in enumerate(values):
        assert json.loads(read[f"v{number}"]["value"]) == value, literal(value)


@pytest.mark.terraform
def test_terraform_reads_references_between_any_text(terraform_program: Terraform, tmp_path: Path) -> None:
    pieces = ["$", "%", "$$", "{", "${", '"', "\\", ""]
    pairs = [(left, right) for left in pieces for right in pieces]
    blocks = ['locals {\n  r = "R"\n}\n']
    for number, (left, right) in enumerate(pairs):
        text = Text((left, Ref("local.r"), right))
        blocks.append(f'output "v{number}" {{\n  value = {literal(text)}\n}}\n')
    (tmp_path / "main.tf").write_text("".join(blocks), encoding="utf-8")
    terraform_program.run(tmp_path, "apply", "-auto-approve", "-no-color")
    read = terraform_program.json(tmp_path, "output", "-json")
    assert [read[f"v{n}"]["value"] for n in range(len(pairs))] == [f"{left}R{right}" for left, right in pairs]


def test_a_single_reference_needs_no_template() -> None:
    assert literal(Text((Ref("local.r"),))) == "local.r"
    assert literal(RawExpression("a.b")) == "a.b"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}])
def test_a_value_without_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        literal(value)


@pytest.mark.parametrize("value", [{1, 2}, b"x", {1: 2}, object()])
def test_a_value_without_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        literal(value)


def test_identifier() -> None:
    assert identifier("db-credentials-2") == "db_credentials_2"
    for wrong in ("", "A", "a_b", "1a", "a.b", "a\n", "-a", 'a"'):
        with pytest.raises(ValueError, match="manifest key"):
            identifier(wrong)


def test_a_comment_stays_a_comment() -> None:
    assert comment("a\nb\r\u2028c").text == "# a b c"
    assert comment("a\n\nb\rc", lines=True).text == "# a\n#\n# b c"
    assert comment("*/ ${x}").text == "# */ ${x}"
