"""Two sides → the difference of their workloads: manifests with manifests, and rendered modules with modules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.blueprint.harmless import harmless_arguments
from rolewright.core.files import is_file
from rolewright.core.finding import Finding, Location, MisuseError, Rejected
from rolewright.core.git import commit_of, standing
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render_workload
from rolewright.render.sandbox import Templates
from rolewright.review.diff import Described, compare_workloads
from rolewright.review.sides import ModuleText, content_at, content_since, with_texts
from rolewright.write.module import LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Workload
    from rolewright.review.diff import Side, WorkloadDifference
    from rolewright.review.sides import SideContent

_NAMED = 5


@dataclass(frozen=True)
class Comparison:
    """The differences of two sides by workload; `compared` says in words what was compared with what."""

    differences: tuple[WorkloadDifference, ...]
    compared: tuple[str, ...]


@dataclass(frozen=True)
class Review:
    """The differences of manifests from a revision.

    `left` are manifests that could not be read, now or then; `findings` say why, and `sources` has the texts that these
    are in.
    """

    revision: str
    differences: tuple[WorkloadDifference, ...]
    left: tuple[str, ...]
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]


def compare_paths(old: Path, new: Path, catalog: Catalog) -> Comparison:
    """Compare two files or folders. Raises Rejected, and MisuseError where there is nothing to compare."""
    return _compared(content_at(old), content_at(new), catalog)


def compare_since(revision: str, paths: Sequence[Path], catalog: Catalog) -> Comparison:
    """Compare files and folders with what they were at a revision of git. Raises as `compare_paths` does."""
    return _compared(*content_since(revision, paths), catalog)


def review_since(revision: str, manifests: Sequence[Path], catalog: Catalog) -> Review:
    """Compare manifests with what they were at a revision of git; those with findings are left out.

    Raises Rejected where there is no such revision, and MisuseError for a file that is not there now and was not then.
    """
    for path in manifests:
        commit_of(revision, standing(path))
    before: dict[str, Side] = {}
    after: dict[str, Side] = {}
    left: list[str] = []
    findings: list[Finding] = []
    sources: dict[str, str] = {}
    for path in manifests:
        try:
            old, new = (_described(side, catalog) for side in content_since(revision, [path]))
        except Rejected as refusal:
            left.append(str(path))
            findings += refusal.findings
            sources |= refusal.sources
        else:
            before |= old
            after |= new
    return Review(revision, tuple(_side_by_side(before, after)), tuple(left), tuple(findings), sources)


def _compared(old: SideContent, new: SideContent, catalog: Catalog) -> Comparison:
    """Compare two sides; where they have nothing of the same kind, the manifests are rendered in memory."""
    _require_comparable(old, new)
    _require_ledgers(old, new)
    manifests = bool(old.documents and new.documents) or not (old.modules or new.modules)
    modules = bool(old.modules and new.modules) or not manifests
    kinds: list[tuple[str, Mapping[str, Side], Mapping[str, Side]]] = []
    if manifests:
        kinds.append(("manifest", _described(old, catalog), _described(new, catalog)))
    if modules:
        kinds.append(("module", _read_back(old, catalog), _read_back(new, catalog)))
    compared = [
        f"compared: {_counted(old, earlier, kind)} with {_counted(new, later, kind)}" for kind, earlier, later in kinds
    ]
    for side, other in ((old, new), (new, old)):
        if side.modules and not modules:
            names = ", ".join(module.place for module in side.modules)
            compared.append(f"not compared: {names}, since {other.name} has no rendered module")
    foreign = dict.fromkeys((*old.foreign, *new.foreign))
    if foreign:
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        compared.append(f"not read: {', '.join([*foreign][:_NAMED])}{more}, since rolewright did not render it")
    differences = (difference for _, before, after in kinds for difference in _side_by_side(before, after))
    return Comparison(tuple(differences), tuple(compared))


def _require_comparable(old: SideContent, new: SideContent) -> None:
    """Raise MisuseError where one of the two has something that is not read, or neither has anything that is."""
    looked = f"looked for YAML files that name a `workload`, and for folders that `rolewright render` wrote ({LEDGER})"
    empty = [side for side in (old, new) if not side.documents and not side.modules]
    for side in empty:
        if side.foreign:
            raise MisuseError(
                f"{side.name} has no manifest and no rendered module, and {side.foreign[0]} is Terraform that "
                f"rolewright did not render and cannot read; {looked}"
            )
        if len(empty) > 1 or is_file(side.name):
            raise MisuseError(f"{side.name} contains nothing that can be compared; {looked}")


def _require_ledgers(old: SideContent, new: SideContent) -> None:
    """Raise Rejected where a module's folder has lost its ledger: what is in it is still applied, and is not read."""
    left = {Path(file).parent.name: file for file in new.foreign}
    kept = {module.name for module in new.modules}
    remedy = "render it again, or remove the folder"
    findings = [
        Finding(
            "readback-ledger",
            f"{module.place} was rendered, but its folder no longer has {LEDGER}, so what it allows is not known",
            remedy,
            Location(left[module.name]),
        )
        for module in old.modules
        if module.name in left and module.name not in kept
    ]
    if findings:
        raise Rejected(findings)


def _counted(content: SideContent, sides: Mapping[str, Side], kind: str) -> str:
    """Return in words how many manifests or modules of a side were looked at, and which."""
    names = f" ({', '.join(sorted(sides))})" if sides else ""
    return f"{len(sides) or 'no'} {kind}{'s' * (len(sides) != 1)} of {content.name}{names}"


def _side_by_side(old: Mapping[str, Side], new: Mapping[str, Side]) -> Iterator[WorkloadDifference]:
    """Yield the differences of workloads of the same name."""
    if len(old) == len(new) == 1:  # one that was given another name is still meant
        yield compare_workloads(*old.values(), *new.values())
    else:
        yield from (compare_workloads(old.get(name), new.get(name)) for name in sorted({*old, *new}))


def _described(content: SideContent, catalog: Catalog) -> dict[str, Side]:
    """Return what the manifests of a side declare, by workload."""
    with with_texts(content.documents):
        workloads = _workloads(content, catalog)
        return {workload.name: Described(workload, derive_grants(workload, catalog)) for workload in workloads}


def _read_back(content: SideContent, catalog: Catalog) -> dict[str, Side]:
    """Return what the modules of a side say, by name; where there are none, those that its manifests render to."""
    from rolewright.review.readback import read_back  # noqa: PLC0415 - its parser is slow to import

    harmless = harmless_arguments(catalog)
    sides: dict[str, Side] = {}
    for module in content.modules or _rendered(content, catalog):
        if module.name in sides:
            message = f"{content.name} has two modules named {module.name}"
            raise Rejected([Finding("readback-name", message, "compare them one at a time", Location(module.place))])
        sides[module.name] = read_back(module, harmless)
    return sides


def _rendered(content: SideContent, catalog: Catalog) -> list[ModuleText]:
    templates = Templates(catalog)
    with with_texts(content.documents):
        rendered = [render_workload(workload, catalog, templates) for workload in _workloads(content, catalog)]
    return [ModuleText(each.workload.name, f"{each.workload.file} rendered", each.module.files) for each in rendered]


def _workloads(content: SideContent, catalog: Catalog) -> Iterator[Workload]:
    """Yield the workloads of a side's manifests. Raises Rejected for the first manifest with findings."""
    places: dict[str, Location] = {}
    for document in content.documents:
        for workload in read_manifest(document, catalog):
            place = workload.locate("workload")
            if workload.name in places:
                message = f"{workload.name} is already described at {places[workload.name]}"
                raise Rejected([Finding("manifest-duplicate-workload", message, "give each workload once", place)])
            places[workload.name] = place
            yield workload
