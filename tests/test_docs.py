"""What documentation says of the repository is so: links, paths, folders, layers; and workflows run what is pinned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from layers import LAYERS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "generator" / "rolewright"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), *(ROOT / "docs").rglob("*.md")])
OF_THE_CODE = [
    ROOT / ".github" / "CONTRIBUTING.md",
    ROOT / "docs" / "architecture.md",
    *(ROOT / "docs" / "decisions").iterdir(),
]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")
MADE_UP = re.compile(r"[A-Z]{4}|video[-_]st|^\.venv")
"""What stands for a name, the type that CONTRIBUTING adds as an example, and environments."""
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w.-]+/)`|\b(tests/[\w./-]+\.\w+)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", OF_THE_CODE, ids=name)
def test_every_path_is_there(page: Path) -> None:
    """A path is meant from the repository's root, or from the package."""
    found = (one[0] or one[1] for one in PATH.findall(page.read_text(encoding="utf-8")))
    paths = [path for path in found if not MADE_UP.search(path)]
    assert [path for path in paths if not any((root / path).exists() for root in (ROOT, PACKAGE))] == []


def test_every_folder_of_the_package_is_described() -> None:
    described = re.findall(r"^\| `(\w+)/` \|", ARCHITECTURE, re.MULTILINE)
    assert sorted(described) == sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def test_every_value_is_defined_where_it_is_said_to_be() -> None:
    rows = re.findall(r"^\| `(\w+)`: .* \| `([\w./]+)` \|$", ARCHITECTURE, re.MULTILINE)
    assert len(rows) >= 10
    for value, path in rows:
        assert re.search(rf"^class {value}\b", (PACKAGE / path).read_text(encoding="utf-8"), re.MULTILINE), value


def test_the_layers_are_those_that_are_enforced() -> None:
    rows = [", ".join(layer) for layer in reversed(LAYERS) if layer != ("__main__",)]
    assert "\n".join(["```", *rows, "```"]) in ARCHITECTURE


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name)
def test_actions_are_pinned_by_commit_with_their_version(workflow: Path) -> None:
    used = re.findall(r"uses: *(.+)", workflow.read_text(encoding="utf-8"))
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)+", one)] == []


def test_what_the_readme_shows_first_is_an_example_with_its_result() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    manifest = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    lock = re.search(r"```\n(execution .*?)```", text, re.DOTALL)
    assert manifest
    assert lock
    example = yaml.safe_load((ROOT / "examples" / "lambda.yaml").read_text(encoding="utf-8"))
    assert {"description": example["description"], **yaml.safe_load(manifest[1])} == example
    whole = (ROOT / "output" / "my-function" / "access.lock").read_text(encoding="utf-8")
    assert lock[1] in f"{whole}\n"
    types = len(list((ROOT / "blueprints" / "resources").iterdir()))
    assert f"It knows {types} types of resources." in text
