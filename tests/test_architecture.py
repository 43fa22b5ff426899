"""The rules of the layout: imports go down only, and no type of a blueprint is named in Python."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rolewright.blueprint import load_catalog

SOURCE = Path(__file__).parent.parent / "generator" / "rolewright"
FILES = sorted(SOURCE.rglob("*.py"))

FORBIDDEN = {
    "prove": {
        "grants",
        "other_side",
        "promises",
        "resources",
        "values",
        "grounded",
        "policy",
        "render",
        "blueprint",
        "manifest",
        "template",
        "cli",
        "pipeline",
        "trial",
    },
    "check": {
        "render",
        "prove",
        "grants",
        "other_side",
        "promises",
        "resources",
        "values",
        "policy",
        "manifest",
        "blueprint",
        "cli",
        "pipeline",
        "trial",
    },
    "report": {"cli", "pipeline", "render", "prove", "check"},
    "data": {"cli", "pipeline", "render", "prove", "check", "manifest", "blueprint"},
}
HOMES = {
    "yaml": {"yamltree.py", "prove/sandbox.py"},
    "jinja2": {"template.py", "report/html.py"},
    "jsonschema_rs": {"jsonschema.py"},
    "hcl2": {"check/parse.py"},
    "moto": {"prove/sandbox.py", "plan/repairs.py"},
    "boto3": {"prove/sandbox.py", "migration/aws.py"},
    "botocore": {"prove/sandbox.py", "sdk/models.py", "migration/aws.py"},
    "policy_sentry": {"data/build_iam.py"},
    "typer": {"cli/"},
    "pytest": {"pytest_plugin.py"},
}

SERVICES = {"prove/sandbox.py": {"lambda"}}  # moto's own name of a service, in its settings


def imports(path: Path) -> set[str]:
    """Modules that a file imports at run time."""
    found: set[str] = set()
    guarded: set[ast.AST] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            guarded.update(ast.walk(node))
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    relative = path.relative_to(SOURCE).as_posix()
    forbidden = FORBIDDEN.get(relative.split("/")[0], set())
    own = {name.split(".")[1] for name in imports(path) if name.startswith("rolewright.")}
    assert not own & forbidden
    for library, homes in HOMES.items():
        if any(name.split(".")[0] == library for name in imports(path)):
            assert any(relative == home or (home.endswith("/") and relative.startswith(home)) for home in homes)


def test_no_type_of_a_blueprint_is_named_in_python() -> None:
    catalog = load_catalog()
    types = {*catalog.computes, *catalog.resources}
    pattern = re.compile("[\"'](" + "|".join(map(re.escape, sorted(types))) + ")[\"']")
    for path in FILES:
        if "rules" not in path.parts:
            found = set(pattern.findall(path.read_text(encoding="utf-8")))
            assert not found - SERVICES.get(path.relative_to(SOURCE).as_posix(), set()), path


def test_no_file_is_too_long_to_read() -> None:
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 700, path
