"""Blueprint folders → Catalog: every type that a manifest may name, read when it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rolewright.blueprint.check_compute import check_compute
from rolewright.blueprint.check_resource import check_resource
from rolewright.blueprint.facts import FactTables
from rolewright.blueprint.inherited_rules import with_inherited_rules
from rolewright.blueprint.marks import fact_findings
from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint
from rolewright.blueprint.patterns import read_patterns, with_patterns
from rolewright.blueprint.read import read_compute, read_resource
from rolewright.blueprint.words import read_words
from rolewright.core.files import is_file, is_folder
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.yaml.load import Tree, load, merge_patch

if TYPE_CHECKING:
    from rolewright.core.words import Words

_Blueprint = TypeVar("_Blueprint", ComputeBlueprint, ResourceBlueprint)


class Blueprints(Mapping[str, _Blueprint]):
    """The blueprints of one kind by type, in the order of their names; each is read at its first use.

    Looking one up raises Rejected with all its findings where it is broken.
    """

    def __init__(self, files: Mapping[str, Path], read: Callable[[str, Path], _Blueprint]) -> None:
        self.files = dict(sorted(files.items()))
        self._read: Callable[[str, Path], _Blueprint] = read
        self._loaded: dict[str, _Blueprint] = {}

    def __getitem__(self, type_: str) -> _Blueprint:
        if type_ not in self:  # what a manifest has for a type may be a list, which no mapping takes
            raise KeyError(type_)
        if type_ not in self._loaded:
            self._loaded[type_] = self._read(type_, self.files[type_])
        return self._loaded[type_]

    def __contains__(self, type_: object) -> bool:
        return isinstance(type_, str) and type_ in self.files

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


@dataclass(frozen=True, eq=False)  # it is compared and hashed as the one that it is
class Catalog:
    """All blueprints, and the files of their templates by path (`module/roles.tf.j2`)."""

    computes: Blueprints[ComputeBlueprint]
    resources: Blueprints[ResourceBlueprint]
    templates: Mapping[str, Path] = field(repr=False)
    module: Path
    """The blocks that every module has, whatever it runs on: the last root's `module/blocks.yaml`."""
    facts: FactTables
    words: Callable[[], Words] = field(repr=False)
    """Words of other tools, and sentences for patterns; read at the first call, which only an error needs."""


def builtin_root() -> Path:
    """Return the folder of the built-in blueprints: in the package in a wheel, else at the top of the repository."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "blueprints"
    return shipped if shipped.is_dir() else package.parents[1] / "blueprints"


def load_catalog(roots: Sequence[Path] = ()) -> Catalog:
    """Load the built-in blueprints, then those of each root: they add types, and replace those of the same name.

    Raises Rejected for a root that is not a folder. The built-in ones alone are read once in a process.
    """
    return _of(roots) if roots else _builtin()


@cache
def _builtin() -> Catalog:
    return _of(())


def _of(roots: Sequence[Path]) -> Catalog:
    """Return the catalog of the built-in blueprints and of more roots. Raises Rejected."""
    computes: dict[str, Path] = {}
    resources: dict[str, Path] = {}
    templates: dict[str, Path] = {}
    facts: dict[str, Path] = {}
    module = builtin_root() / "module" / "blocks.yaml"
    for root in (builtin_root(), *roots):
        if not is_folder(root):
            place = Location(str(root))
            raise Rejected([Finding("blueprint-folder", f"{root} is not a folder", "give the path of a folder", place)])
        if is_file(root / "module" / "blocks.yaml"):
            module = root / "module" / "blocks.yaml"
        facts |= {path.stem: path for path in (root / "facts").glob("*.yaml") if is_file(path)}
        for kind, files in (("compute", computes), ("resources", resources)):
            for path in (root / kind).glob("*/blueprint.yaml"):
                if not path.parent.name.isprintable() or "\udc80" <= max(path.parent.name) <= "\udcff":
                    place = Location(ascii(str(path)))
                    message = "the name of the blueprint's folder is not valid UTF-8"
                    raise Rejected([Finding("blueprint-folder", message, "rename the folder", place)])
                files[path.parent.name] = path
                own = f"{kind}/{path.parent.name}/"  # what replaces a type keeps none of its templates
                templates = {name: file for name, file in templates.items() if not name.startswith(own)}
        templates |= {
            path.relative_to(root).as_posix(): path
            for kind in ("compute", "resources", "module")
            for path in (root / kind).rglob("*.j2")
            if is_file(path)
        }

    @cache
    def patterns() -> Mapping[str, str]:
        return read_patterns((builtin_root(), *roots))

    def resource(type_: str, path: Path) -> ResourceBlueprint:
        tree = _only(path, patterns())
        findings = check_resource(tree, has_template=f"resources/{type_}/create.tf.j2" in templates)
        findings = findings or list(fact_findings(tree, facts))
        if findings:
            raise Rejected(findings)
        return read_resource(type_, tree.data)

    def compute(type_: str, path: Path) -> ComputeBlueprint:
        tree = _whole(path, computes, patterns())
        findings = check_compute(tree)
        findings = findings or list(fact_findings(tree, facts))
        if findings:
            raise Rejected(findings)
        return read_compute(type_, tree.data)

    types = Blueprints(computes, compute), Blueprints(resources, resource)
    words = cache(partial(read_words, (builtin_root(), *roots), patterns))
    return Catalog(*types, templates, module, FactTables(facts), words)


def _only(path: Path, patterns: Mapping[str, str]) -> Tree:
    """Read the one document of a blueprint's file. Raises Rejected."""
    first, *more = load(path).trees
    if more:
        place = more[0].location(())
        raise Rejected(
            [Finding("blueprint-document", "a blueprint must be one YAML document", "remove the others", place)]
        )
    return with_patterns(first, patterns)


def _whole(path: Path, computes: Mapping[str, Path], patterns: Mapping[str, str], inner: tuple[str, ...] = ()) -> Tree:
    """Read a compute type's document, merged into that of the type it extends. Raises Rejected."""
    tree = _only(path, patterns)
    if not isinstance(tree.data, dict) or "extends" not in tree.data:
        return tree
    extended = tree.data.pop("extends")
    below = (*inner, path.parent.name)
    if not isinstance(extended, str) or extended not in computes or extended in below:
        fault = "extends this type in turn" if extended in below else "is not a compute type"
        available = ", ".join(name for name in computes if name not in below)
        place = tree.location(("extends",))
        raise Rejected(
            [Finding("blueprint-name", f"`{extended}` {fault}", f"extend one of: {available}", place, "extends")]
        )
    base = _whole(computes[extended], computes, patterns, below)
    if isinstance(base.data, dict) and isinstance(base.data.get("templates"), list):
        base.data["templates"] = [name if "/" in str(name) else f"{extended}/{name}" for name in base.data["templates"]]
    return merge_patch(with_inherited_rules(base, tree), tree)
