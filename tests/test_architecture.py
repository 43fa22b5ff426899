"""The rules of the layout: imports go down only, and no type of a blueprint is named in Python."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from imports import PACKAGE, UNKNOWN, Import, imports
from layers import (
    ALLOWED,
    COMMANDS_SHARE,
    DYNAMIC,
    LAYERS,
    REACHED,
    TYPES_ALONE,
)
from prose import DECIDERS, READERS, decisions, readings
from rolewright.blueprint import load_catalog
from rolewright.blueprint.catalog import builtin_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = Path(__file__).parent.parent / "generator" / "rolewright"
FILES = sorted(SOURCE.rglob("*.py"))


def module(path: Path) -> str:
    """The name that a file is imported by."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


MODULES = {module(path): path for path in FILES}
RANKS = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}

HOMES = {
    "yaml": {"yaml/compose.py", "prove/sandbox.py"},
    "jinja2": {"render/sandbox.py", "report/html.py"},
    "jsonschema_rs": {"yaml/schema.py"},
    "hcl2": {"hcl/parse.py"},
    "moto": {
        "importer/managed.py",
        "prove/moto_sparing.py",
        "prove/sandbox.py",
        "terraform/existing.py",
        "terraform/repairs.py",
    },
    "boto3": {"prove/sandbox.py", "migration/aws.py"},
    "botocore": {"prove/moto_sparing.py", "prove/sandbox.py", "sdk/models.py", "migration/aws.py"},
    "policy_sentry": {"data/build_iam.py"},
    "typer": {"cli/"},
    "pytest": {"pytest_plugin.py"},
}

SERVICES = {"prove/sandbox.py": {"lambda"}}  # moto's own name of a service, in its settings


def imported(path: Path) -> list[Import]:
    return imports(path.read_text(encoding="utf-8"), path.relative_to(SOURCE).as_posix(), MODULES)


def inner(name: str) -> str:
    """A module's name within the package, "" for the package itself."""
    return name.partition(".")[2]


def within(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in allowed)


def faults(text: str, file: str) -> list[str]:
    """What a file imports and may not."""
    own = file.removesuffix(".py").partition("/")[0]
    found = []
    for one in imports(text, file, MODULES):
        if one.name == UNKNOWN:
            if file not in DYNAMIC:
                found.append(f"{file}:{one.line}: what is imported here, nobody can tell")
        elif one.name.partition(".")[0] == PACKAGE:
            why = refusal(own, one)
            if why:
                found.append(f"{file}:{one.line}: {own} must not import {one.name}: {why}")
    return found


def refusal(own: str, one: Import) -> str:
    """Why a module or package may not import this, or nothing."""
    name = inner(one.name)
    top = name.partition(".")[0]
    if own == "__init__":
        return "" if name == "api" else "its names are those of api"
    if not top:
        return "" if own == "pytest_plugin" else "a part of the package has to be named"
    if top == own:
        return ""
    if own in ALLOWED and not within(name, set(ALLOWED[own])) and not (own == "report" and one.types):
        return "it is not on the list of what this may import"
    if (own, name) in TYPES_ALONE and not one.types:
        return "only its types may be named here"
    return "" if RANKS[top] < RANKS[own] else "it is not in a layer below"


def test_every_module_is_in_one_layer() -> None:
    names = [name for layer in LAYERS for name in layer]
    assert sorted(names) == sorted({inner(name).partition(".")[0] for name in MODULES} - {""})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_go_down_only(path: Path) -> None:
    relative = path.relative_to(SOURCE).as_posix()
    assert faults(path.read_text(encoding="utf-8"), relative) == []
    libraries = {one.name.partition(".")[0] for one in imported(path) if not one.types}
    for library in libraries & HOMES.keys():
        homes = HOMES[library]
        assert any(relative == home or (home.endswith("/") and relative.startswith(home)) for home in homes)


def test_every_exception_is_needed() -> None:
    """What nobody imports any more is not allowed any more."""
    used: set[tuple[str, str]] = set()
    for path in FILES:
        own = inner(module(path)).partition(".")[0]
        used |= {(own, inner(one.name)) for one in imported(path)}
    for own, allowed in ALLOWED.items():
        assert [name for name in allowed if not any(o == own and within(n, {name}) for o, n in used)] == []
    assert all(any(one.name == UNKNOWN for one in imported(SOURCE / file)) for file in DYNAMIC)


def test_the_proof_reaches_nothing_that_renders() -> None:
    """At any distance: what it is made of must not come from where the text comes from."""
    reached = {name for name in MODULES if inner(name).partition(".")[0] == "prove"}
    left = list(reached)
    while left:
        new = {one.name for one in imported(MODULES[left.pop()]) if not one.types and one.name in MODULES} - reached
        reached |= new
        left += new
    others = {inner(name) for name in reached if not within(inner(name), {"prove", *REACHED})}
    assert others == set()


FORBIDDEN = {
    "from the package": "from rolewright import render",
    "under another name": "from rolewright.core import finding, cache_folder as c",
    "a module": "import rolewright.render",
    "a module as": "import rolewright.render as r",
    "a name": "from rolewright.render.module import render",
    "everything": "from rolewright import *",
    "the package": "import rolewright",
    "a package as a whole": "from rolewright import core",
    "relative": "from .. import render",
    "relative, a name": "from ..render.module import render",
    "in a function": "def f():\n    from rolewright.render import module",
    "in a method": "class A:\n    def f(self):\n        import rolewright.render.module",
    "where it may fail": "try:\n    from rolewright.render import module\nexcept ImportError:\n    pass",
    "by its name": "import importlib\nimportlib.import_module('rolewright.render.module')",
    "by its name, shortly": "from importlib import import_module\nimport_module('rolewright.render.module')",
    "as the interpreter does": "__import__('rolewright.render.module')",
    "by a name that is made": "import importlib\nimportlib.import_module('rolewright.' + 'render')",
    "from those that are there": "import sys\nsys.modules['rolewright.render.module']",
    "for types": "if TYPE_CHECKING:\n    from rolewright.render import module",
    "beside types": "if TYPE_CHECKING:\n    pass\nelse:\n    from rolewright.render import module",
    "a neighbour's part": "from rolewright.hcl import literal",
    "a neighbour's name": "from rolewright.hcl.literal import literal",
    "a neighbour": "from rolewright import hcl",
    "what only types may come from": "from rolewright.core.model import Text",
    "the same from the package": "from rolewright.core import model",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_each_form_is_refused_to_the_proof(name: str) -> None:
    assert len(faults(FORBIDDEN[name], "prove/proof.py")) == 1


@pytest.mark.parametrize(
    "name", ["core.model", "blueprint.interpolation", "review.diff", "render.tftest", "prove", "cli"]
)
def test_the_checks_are_refused_what_makes_the_text(name: str) -> None:
    package, _, module = name.rpartition(".")
    text = f"from rolewright.{package} import {module}" if package else f"from rolewright import {module}"
    for line in (text, f"if TYPE_CHECKING:\n    import rolewright.{name}.x"):
        assert len(faults(line, "check/rules/new.py")) == 1


@pytest.mark.parametrize("name", ["blueprint", "grants", "manifest", "render", "review", "write"])
def test_the_proof_is_refused_it_too(name: str) -> None:
    assert len(faults(f"from rolewright.{name} import x", "prove/new.py")) == 1


def test_only_what_is_for_users_comes_by_the_names_of_users() -> None:
    assert faults("import rolewright", "pytest_plugin.py") == []
    assert len(faults("import rolewright", "cli/render.py")) == 1
    assert faults("from rolewright import api", "__init__.py") == []
    assert len(faults("from rolewright.pipeline import Pipeline", "__init__.py")) == 1


def test_what_is_allowed_is_not_refused() -> None:
    allowed = (
        "import json\nfrom rolewright.core import finding\nfrom rolewright.data import iam\nfrom . import match\n"
        "from rolewright.hcl.syntax import Block\nimport rolewright.prove.match\n"
        "if TYPE_CHECKING:\n    from rolewright.core.model import Grant\n"
    )
    assert faults(allowed, "prove/proof.py") == []
    assert faults("import importlib\nimportlib.import_module(name)", "check/rule.py") == []


COMMANDS = [path for path in FILES if path.parent.name == "cli" and path.name not in {"__init__.py", "commands.py"}]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_command_imports_no_other(path: Path) -> None:
    """What two commands need is below them, in the stage that it belongs to."""
    found = {inner(one.name).removeprefix("cli.") for one in imported(path) if inner(one.name).startswith("cli.")}
    assert found - COMMANDS_SHARE.keys() == set()


def catches(text: str) -> list[int]:
    """The lines in which Rejected, or whatever it is one of, is caught."""
    handlers = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler))
    return [
        one.lineno
        for one in handlers
        if one.type is None or re.search(r"\b(Rejected|Exception)\b", ast.unparse(one.type))
    ]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_a_refusal_is_caught_in_one_place(path: Path) -> None:
    """In the command class, which every command has: elsewhere a command is over with a refusal."""
    assert path.stem == "app" or catches(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("form", ["Rejected", "(OSError, Rejected)", "finding.Rejected as refusal", "Exception", ""])
def test_each_way_to_catch_a_refusal_is_seen(form: str) -> None:
    assert catches(f"try:\n    work()\nexcept {form}:\n    pass") == [3]
    assert catches("try:\n    work()\nexcept OSError:\n    pass") == []


def test_no_type_of_a_blueprint_is_named_in_python() -> None:
    catalog = load_catalog()
    types = {*catalog.computes, *catalog.resources}
    pattern = re.compile("[\"'](" + "|".join(map(re.escape, sorted(types))) + ")[\"']")
    for path in FILES:
        if "rules" not in path.parts:
            found = set(pattern.findall(path.read_text(encoding="utf-8")))
            assert not found - SERVICES.get(path.relative_to(SOURCE).as_posix(), set()), path


def test_git_is_run_in_one_place() -> None:
    runs = [path.relative_to(SOURCE).as_posix() for path in FILES if 'which("git")' in path.read_text(encoding="utf-8")]
    assert runs == ["core/git.py"]


def test_no_folder_of_tests_is_passed_over(pytestconfig: pytest.Config) -> None:
    """pytest leaves out folders of some names, such as `build`, without a word."""
    here = Path(__file__).parent
    names = {part for path in here.rglob("test_*.py") for part in path.relative_to(here).parts[:-1]}
    left_out = {name for name in names for one in pytestconfig.getini("norecursedirs") if fnmatch(name, one)}
    assert left_out <= {"cases", "node_modules"}
    assert {path.name for path in SOURCE.iterdir() if path.is_dir()} & names >= {"batch", "check", "prove"}


def test_no_file_is_too_long_to_read() -> None:
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_no_line_of_yaml_is_too_wide_to_read() -> None:
    """As wide as a line of Python may be; a longer value is folded, or continues behind a backslash."""
    files = sorted({*SOURCE.rglob("*.yaml"), *builtin_root().rglob("*.yaml")})
    wide = [
        f"{path}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert files
    assert wide == []


def test_a_public_class_has_a_name_of_its_own() -> None:
    """One word for one concept: who reads a name need not ask whose it is. A name for a type counts as well."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if name := public_type(node):
                places[name].append(path.relative_to(SOURCE).as_posix())
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def files_with(look: Callable[[str], Iterator[int]]) -> set[str]:
    names = {path.relative_to(SOURCE).as_posix() for path in FILES if any(look(path.read_text(encoding="utf-8")))}
    return {name for name in names if not name.startswith("report/")}


def test_what_findings_say_is_for_people() -> None:
    """A wording may change without anything else: what code needs to know is in fields of its own."""
    assert files_with(readings) == READERS.keys()
    assert files_with(decisions) == DECIDERS.keys()


PROSE = {
    "its beginning": "id = finding.message.partition(',')[0]",
    "what is in it": "if 'base64' in finding.message: pass",
    "its end": "found = [f for f in findings if f.remedy.endswith('again')]",
    "the whole": "if finding.message == 'wrong': pass",
    "a part": "first = finding.message[:20]",
    "a word": "found = re.search('AKIA', finding.message)",
    "a word, by a pattern": "found = _KEY.fullmatch(finding.message)",
    "by another name": "text = finding.message\nif text.startswith('A'): pass",
    "by another name, shortly": "if (text := finding.message) and 'x' in text: pass",
}


@pytest.mark.parametrize("name", PROSE)
def test_each_way_to_decide_by_a_message_is_told(name: str) -> None:
    assert list(decisions(PROSE[name])) != []


def test_what_only_hands_a_message_on_decides_nothing() -> None:
    assert list(decisions("print(finding.message)\nother = replace(finding, message=f'{finding.message}: so')")) == []


def public_type(node: ast.stmt) -> str:
    """The name of a public class, or of a type that is given a name (`Steps = tuple[...]`); "" for anything else."""
    match node:
        case ast.ClassDef(name=name):
            pass
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(value=ast.Name(id=generic))):
            if name.isupper() or generic == "Annotated":  # a constant; an option of a command
                return ""
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(op=ast.BitOr())) if not name.isupper():
            pass
        case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
            pass
        case _:
            return ""
    return "" if name.startswith("_") else name
