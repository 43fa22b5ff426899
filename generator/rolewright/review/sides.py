"""A file, a folder, or either at a revision of git → the manifests and rendered modules in it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.core.files import is_folder, is_link, is_there, real
from rolewright.core.finding import Finding, Location, MisuseError, Rejected
from rolewright.core.git import commit_of, file_at, files_at, kind_at, standing
from rolewright.manifest.find import YAML, below, is_below, is_manifest, readable_text
from rolewright.write.foreign_files import beside_module, override_findings
from rolewright.write.module import LEDGER
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rolewright.yaml.load import Document

_TERRAFORM = (".tf", ".tf.json")


@dataclass(frozen=True)
class ModuleText:
    """The files of a module's folder that Terraform reads, by name; `place` is the folder, `name` the module's name."""

    name: str
    place: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class SideContent:
    """The content of one side of a comparison; `foreign` is Terraform that rolewright did not render.

    `name` names the side in messages.
    """

    name: str
    documents: tuple[Document, ...]
    modules: tuple[ModuleText, ...]
    foreign: tuple[str, ...]


def content_at(path: Path) -> SideContent:
    """Return what a file or a folder has now. Raises Rejected for what is broken."""
    if is_folder(path):
        _require_ends(path)
        return _content(str(path), sorted(below(path)), readable_text, path)
    if path.suffix in YAML or is_manifest(readable_text(path), str(path)):
        return SideContent(str(path), (load(path),), (), ())
    return SideContent(str(path), (), (), (str(path),) if path.name.endswith(_TERRAFORM) else ())


def content_since(revision: str, paths: Sequence[Path]) -> tuple[SideContent, SideContent]:
    """Return what files and folders had at a revision of git, and what they have now.

    Raises Rejected, and MisuseError for a file that is not there now and was not then.
    """
    earlier, now = [], []
    for path in paths:
        commit = commit_of(revision, standing(path))
        there = is_there(path)
        if is_folder(path) or (not there and kind_at(commit, path) == "tree"):
            listed = [file for file in files_at(commit, path) if is_below(file)]
            earlier.append(_content(revision, listed, partial(file_at, commit), path, f"{revision}:"))
        else:
            text = file_at(commit, path)
            if text is None and not there:
                raise MisuseError(f"{path} does not exist, neither now nor at {revision}")
            documents = () if text is None else (loads(text, f"{revision}:{path}"),)
            earlier.append(SideContent(revision, documents, (), ()))
        now += [content_at(path)] if there else []
    what = ", ".join(map(str, paths))
    return _together(f"{what} at {revision}", earlier), _together(what, now)


def _require_ends(folder: Path) -> None:
    """Raise Rejected where a YAML file of a folder is a link to nothing: nobody can say what it declares."""
    linked = [file for file in sorted(folder.rglob("*")) if file.suffix in YAML and is_link(file) and is_below(file)]
    remedy = "make the link lead to a manifest, or remove it"
    findings = [
        Finding("source-unreadable", f"{file} is a link to something that does not exist", remedy, Location(str(file)))
        for file in linked
        if not is_there(real(file))
    ]
    if findings:
        raise Rejected(findings)


@contextmanager
def with_texts(documents: Iterable[Document]) -> Iterator[None]:
    """Add the texts of documents to a refusal: those of an earlier revision are not on the disk."""
    try:
        yield
    except Rejected as refusal:
        texts = {document.file: document.text for document in documents}
        raise Rejected(refusal.findings, {**texts, **refusal.sources}) from None


def _together(name: str, listed: Iterable[SideContent]) -> SideContent:
    sides = tuple(listed)
    return SideContent(
        name,
        tuple(document for side in sides for document in side.documents),
        tuple(module for side in sides for module in side.modules),
        tuple(file for side in sides for file in side.foreign),
    )


def _content(
    name: str, files: Sequence[Path], text_of: Callable[[Path], str | None], root: Path, at: str = ""
) -> SideContent:
    """Sort the files of a folder: modules are folders with a ledger, manifests are YAML that names a workload."""
    folders = [file.parent for file in files if file.name == LEDGER]
    modules = tuple(_module(folder, files, text_of, root, at) for folder in folders)
    rest = [file for file in files if not any(folder in file.parents for folder in folders)]
    documents = []
    for file in rest:
        text = text_of(file) if file.suffix in YAML else None
        if text is not None and is_manifest(text, f"{at}{file}"):
            documents.append(loads(text, f"{at}{file}") if at else load(file))
    foreign = tuple(f"{at}{file}" for file in rest if file.name.endswith(_TERRAFORM))
    return SideContent(name, tuple(documents), modules, foreign)


def _module(
    folder: Path, files: Sequence[Path], text_of: Callable[[Path], str | None], root: Path, at: str
) -> ModuleText:
    """Return what Terraform reads of a module's folder. Raises Rejected for what it reads and rolewright does not."""
    place = f"{at}{folder}"
    inside = {file.relative_to(folder).as_posix(): file for file in files if folder in file.parents}
    above = [name for name in inside if "/" not in name]
    own = _ledger(text_of(folder / LEDGER) or "", f"{place}/{LEDGER}")
    findings = [
        Finding(
            "readback-file",
            f"Terraform reads {name}, and rolewright cannot compare what it changes",
            "compare the manifests, or remove the file from the folder",
            Location(f"{place}/{name}"),
        )
        for name in beside_module(above, ())
        if not name.endswith(".tf")
    ]
    findings += override_findings((name for name in above if name.endswith(".tf")), own, Path(place))
    if findings:
        raise Rejected(findings)
    read = [name for name in inside if (name in above and name.endswith(".tf")) or _is_values(name)]
    texts = {name: text_of(inside[name]) or "" for name in sorted(read)}
    _require_files(texts, own, place)
    return ModuleText(real(folder).name if folder == root else folder.name, place, texts)


def _require_files(texts: Mapping[str, str], own: Iterable[str], place: str) -> None:
    """Raise Rejected where a module lacks a file that rolewright wrote and Terraform reads."""
    if not any(name.endswith(".tf") for name in texts):
        message = f"{place} has a rolewright ledger but no Terraform file"
        raise Rejected([Finding("readback-file", message, "render it again", Location(f"{place}/{LEDGER}"))])
    for name in sorted(own):
        if (name.endswith(".tf") or _is_values(name)) and name not in texts:
            message = f"the module's file {name} is missing"
            raise Rejected([Finding("readback-file", message, "render it again", Location(f"{place}/{name}"))])


def _is_values(name: str) -> bool:
    return name.startswith("environments/") and name.endswith(".tfvars") and name.count("/") == 1


def _ledger(text: str, file: str) -> list[str]:
    """Return the names of the files that rolewright wrote. Raises Rejected."""
    try:
        return [str(name) for name in dict(json.loads(text)["files"])]
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"{file} is not a ledger that rolewright wrote"
        raise Rejected([Finding("readback-file", message, "render the module again", Location(file))]) from None
