"""Parts of compose files that take many forms, and the sizes of tasks that they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.expression import PlaceName, SourceText, UnknownPart
from rolewright.importer.formats import compose
from rolewright.importer.formats.compose_dotenv import variables_file
from rolewright.importer.formats.compose_values import Variables, open_secret
from rolewright.importer.given import ImportAids
from rolewright.importer.sizes import smallest
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = Variables({"GIVEN": "user"}, {"GIVEN": "file", "SET": "a", "EMPTY": "", "DB_PASSWORD": "hunter2hunter2"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$SET-${SET}", "a-a"),
        ("${GIVEN}", "user"),
        ("${EMPTY-x}|${EMPTY:-x}|${NONE-x}", "|x|x"),
        ("${SET:+y}|${EMPTY:+y}|${EMPTY+y}|${NONE+y}", "y||y|"),
        ("${NONE:-${OTHER:-${SET}}}", "a"),
        ("${SET?needed}${SET:?needed}", "aa"),
        ("$$SET $${SET} 5$ ${", "$SET ${SET} 5$ ${"),
        ("${aws:username}", "${aws:username}"),
    ],
)
def test_variables_have_all_their_forms(text: str, value: str) -> None:
    assert VARIABLES.resolved(text) == value


def test_what_nobody_says_is_open_and_a_secret_is_never_put_in() -> None:
    (unknown,) = VARIABLES.resolved("${NONE}").parts
    assert isinstance(unknown, UnknownPart)
    assert "NONE" in unknown.asked
    secret = VARIABLES.variable("server=x;pwd=${DB_PASSWORD}")
    assert "hunter2" not in repr(secret)
    assert open_secret("CONNECTION", secret)
    assert not open_secret("CONNECTION", VARIABLES.variable("server=${NONE}"))
    assert VARIABLES.resolved("x-${AWS::Region}") == SourceText(("x-", PlaceName("region")))
    assert "hunter2" not in repr(VARIABLES.resolved(["--url", "postgres://u:hunter2@db"]))


def test_a_command_is_split_around_what_is_open() -> None:
    first, second = CONVERSIONS["words"](VARIABLES.resolved("run '--to=${NONE} now'"))
    assert first == SourceText(("run",))
    assert [part if isinstance(part, str) else "open" for part in second.parts] == ["--to=", "open", " now"]


FILE = r"""# A=1
export B='x # $y \' "'
C=a b # note
D="q"
=
GREETING="say \"hi\" to all\n\$HOME"
TEXT="first
second"   # of two lines
  YAMLISH: value
BARE
spaced name=1
dotted.name=1
E=
URL=http://x/#top
OPEN="never closed
LAST=$$5"""


def test_a_file_of_variables_is_read_as_compose_does(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(FILE, encoding="utf-8")
    read = variables_file(file)
    assert read is not None
    assert read.tree.data == {
        "B": "x # $$y ' \"",
        "C": "a b",
        "D": "q",
        "GREETING": 'say "hi" to all\n$$HOME',
        "TEXT": "first\nsecond",
        "YAMLISH": "value",
        "BARE": None,
        "dotted.name": "1",
        "E": "",
        "URL": "http://x/#top",
        "LAST": "$$5",
    }
    assert read.tree.location(("C",)).line == 3
    assert [(place.line, place.column) for place in read.unread] == [(5, 1), (11, 1), (15, 1)]
    location = read.tree.location(("TEXT",))
    assert (location.line, location.end_line) == (7, 8)


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"cpu": 100, "memory": 513}, (256, 1024)),
        ({"cpu": 257, "memory": 500}, (512, 1024)),
        ({"cpu": 256, "memory": 5000}, (1024, 5120)),
        ({"cpu": 8192, "memory": 16385}, (8192, 20480)),
        ({"memory": 122880}, (16384, 122880)),
        ({"cpu": 16385}, None),
    ],
)
def test_a_task_has_the_next_larger_size(asked: dict[str, int], size: tuple[int, int] | None) -> None:
    assert smallest(load_catalog().computes["fargate"], asked) == size


@pytest.mark.parametrize(
    ("conversion", "given", "number"),
    [
        ("bytes", "512M", 512),
        ("bytes", 536870913, 513),
        ("bytes", "64000kB", 63),
        ("bytes", "1.5g", 1536),
        ("cpus", "0.5", 512),
        ("cpus", ".25", 256),
        ("cpus", "250m", 256),
        ("cpus", 0.6, 615),
    ],
)
def test_sizes_are_rounded_up(conversion: str, given: str | float, number: int) -> None:
    assert CONVERSIONS[conversion](given) == number


def test_a_size_that_is_none_is_refused() -> None:
    for conversion in ("bytes", "cpus"):
        with pytest.raises(NotCarriedError):
            CONVERSIONS[conversion]("many")


def test_files_outside_of_the_folder_are_not_read_and_broken_ones_are_named(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.env").write_text("TOLD=1\n", encoding="utf-8")
    file = project / "compose.yaml"
    file.write_text("services: {web: {image: x, env_file: ../outside.env}}\n", encoding="utf-8")
    source = compose.read(file, load(file).trees[0], ImportAids())
    assert "environment" not in source.workloads[0].compute
    assert {outcome.outcome for outcome in source.outcomes if outcome.field == "services.web.env_file"} == {
        "not carried"
    }
    (project / "compose.override.yaml").write_text("services: {web: {image: !gone y}}\n", encoding="utf-8")
    with pytest.raises(Rejected):
        compose.read(file, load(file).trees[0], ImportAids())
