"""Characters that nobody can see: no manifest with one is accepted, and no output has one."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostile_values import document, paths, replaced
from rolewright.cli import main
from rolewright.core.finding import Rejected
from rolewright.core.printable import HIDDEN, visible
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.hidden_characters import hidden_findings
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render, render_credentials
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog

FILES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
UNSEEN = (
    "\0",
    "\x07",
    "\x1b",
    "\x7f",
    "\x9b",
    "\u00ad",
    "\u061c",
    "\u200b",
    "\u200f",
    "\u2028",
    "\u202e",
    "\u2066",
    "\ufeff",
)
COMMANDS = (
    ("validate", "m.yaml"),
    ("validate", "m.yaml", "--format", "json"),
    ("validate", "m.yaml", "--format", "github"),
    ("validate", "m.yaml", "--format", "sarif"),
    ("render", "m.yaml"),
    ("report", "m.yaml", "--force"),
    ("diff", "good.yaml", "m.yaml"),
    ("why", "m.yaml", "s3:GetObject", "arn:aws:s3:::b/\x1b\u202ex"),
    ("retarget", "m.yaml", "--to", "fargate"),
    ("policies", "m.yaml"),
    ("deployer", "m.yaml"),
    ("explain", "credentials", "m.yaml"),
)


def texts(data: Any) -> list[tuple[str | int, ...]]:
    """The paths of all texts of a document."""

    def at(path: tuple[str | int, ...]) -> Any:
        node = data
        for step in path:
            node = node[step]
        return node

    return [path for path in paths(data) if isinstance(at(path), str)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_text_of_a_manifest_is_refused_with_one(catalog: Catalog, file: Path) -> None:
    for tree in load(file).trees:
        for number, path in enumerate(texts(tree.data)):
            character = UNSEEN[number % len(UNSEEN)]
            changed = replaced(tree.data, path, f"a{character}b")
            with pytest.raises(Rejected) as caught:
                read_manifest(document(changed), catalog)
            dotted = ".".join(map(str, path))
            assert [one.path for one in caught.value.findings if one.rule == "manifest-character"] == [dotted]


def test_keys_are_texts_too_and_joiners_are_needed() -> None:
    (tree,) = loads('tags: {"a\\u202eb": x}\nowner: \U0001f469\u200d\U0001f4bb', "m.yaml").trees
    assert [one.path for one in hidden_findings(tree)] == ["tags.a\u202eb"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_file_of_a_module_has_one_wherever_it_comes_from(catalog: Catalog, file: Path) -> None:
    """As a team's own blueprint may bring them: past the check, through everything that renders."""
    evil = "".join(UNSEEN)
    templates = Templates(catalog)
    for workload in read_manifest(load(file), catalog):
        declaration = derive_grants(workload, catalog)
        grants = tuple(replace(one, reasons=(*one.reasons, evil)) for one in declaration.grants)
        declaration = replace(declaration, grants=grants)
        evil_one = replace(workload, file=f"{evil}.yaml", tags={**workload.tags, "t": evil})
        roles = tuple(replace(one, summary=evil) for one in build_roles(evil_one, declaration, catalog))
        for name, text in render(evil_one, declaration, roles, catalog, templates).files.items():
            assert not HIDDEN.search(text), name
        assert not HIDDEN.search(render_credentials(evil_one, declaration, roles, catalog, templates))


def test_a_comment_hides_nothing_either() -> None:
    with pytest.raises(Rejected, match=r"U\+2067"):
        loads("version: 1  # \u2067 workload: other", "m.yaml")


def test_two_values_that_differ_in_one_look_different() -> None:
    assert visible("a\u202eb") == "a\\u202eb" != visible("a\u202db")


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_prints_or_writes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    good = load(FILES[0].parent / "lambda.yaml").trees[0].data
    evil = "\x1b[31m\u202e\u2066\u200b\x9b"
    bad = {
        **good,
        "description": evil,
        "owner": evil,
        "tags": {evil: evil},
        "boundary": evil,
        evil: evil,
        "statements": [{"actions": [evil], "resources": [evil], "reason": evil, "conditions": {evil: {evil: evil}}}],
        "never": [f"{evil} on {evil}"],
        "resources": {evil: {"type": evil, "name": evil, evil: evil}},
    }
    (tmp_path / "good.yaml").write_text(json.dumps(good), encoding="utf-8")
    (tmp_path / "m.yaml").write_text(json.dumps(bad), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["rolewright", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (1, 2)
    said = capsys.readouterr()
    assert not HIDDEN.search(said.out + said.err)
    for path in tmp_path.rglob("*"):
        if path.is_file() and "cache" not in path.parts and path.suffix != ".yaml":
            assert not HIDDEN.search(path.read_text(encoding="utf-8")), path
