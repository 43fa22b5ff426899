"""`rolewright diff`: what workloads may do that they could not before."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.blueprint import load_catalog
from rolewright.cli.console import Blueprints, report, show
from rolewright.cli.files import require_there
from rolewright.cli.sides import found_at, found_since
from rolewright.core.files import is_file
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.write.module import LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint import Catalog
    from rolewright.cli.sides import Found
    from rolewright.core.model import Declaration, Workload
    from rolewright.review.diff import Side, WorkloadDifference

WIDENED, CHANGED = 3, 5
_NAMED = 5


class DiffFormat(StrEnum):
    """How a difference is shown."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def diff(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="OLD NEW", help="Two manifests or folders; with --base any number.", show_default=False),
    ],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REV", help="Compare with this revision of git, such as origin/main."),
    ] = None,
    blueprints: Blueprints = None,
    format_: Annotated[DiffFormat, typer.Option("--format", help="How the difference is shown.")] = DiffFormat.TEXT,
) -> None:
    """Show what roles may do that they could not before, and the reverse, in each environment.

    Permissions are compared as sets: what is only written otherwise is no difference. Workloads are matched by
    name; in a folder, YAML files with a `workload` are read, and modules that `rolewright render` wrote are read back.
    Other Terraform is not read, and a folder with nothing else is wrong use. Exits 0 where nothing differs, 3 where
    anybody may do more than before, 5 where something differs and nobody may, and 1 where a manifest is refused.
    """
    from rolewright.report.difference import (  # noqa: PLC0415 - only this command needs it
        difference_json,
        difference_markdown,
        difference_text,
    )

    catalog = load_catalog(blueprints or ())
    if base is None and len(paths) != 2:
        raise typer.BadParameter("give the old and the new manifest or folder, or --base REV")
    if base is None:
        require_there(paths)
    sources: dict[str, str] = {}
    try:
        old, new = (found_at(path) for path in paths) if base is None else found_since(base, paths)
        _require_comparable(old, new)
        differences, compared = compare_found(old, new, catalog, sources)
    except Rejected as refusal:
        report(refusal.findings, sources)
        raise typer.Exit(1) from None
    if format_ is DiffFormat.JSON:
        show(json.dumps(difference_json(differences, compared), indent=2))
    else:
        write = difference_markdown if format_ is DiffFormat.MARKDOWN else difference_text
        show(write(differences, compared), nl=False)
    if any(one.widened for one in differences):
        raise typer.Exit(WIDENED)
    if any(one.changed for one in differences):
        raise typer.Exit(CHANGED)


def _require_comparable(old: Found, new: Found) -> None:
    """Exit 2 where one of the two has something that is not read, or neither has anything that is."""
    looked = f"looked for YAML files that name a `workload`, and for folders that `rolewright render` wrote ({LEDGER})"
    empty = [one for one in (old, new) if not one.documents and not one.modules]
    for one in empty:
        if one.foreign:
            raise typer.BadParameter(
                f"{one.name} has no manifest and no rendered module, and {one.foreign[0]} is Terraform that rolewright "
                f"did not render, and does not read; {looked}"
            )
        if len(empty) > 1 or is_file(one.name):
            raise typer.BadParameter(f"{one.name} has nothing that can be compared; {looked}")


def compare_found(
    old: Found, new: Found, catalog: Catalog, sources: dict[str, str]
) -> tuple[list[WorkloadDifference], list[str]]:
    """Return the workloads of two sides, and in words what was compared with what. Raises Rejected.

    Manifests are compared with manifests and modules with modules; where the two sides have nothing of the same kind,
    the manifests are rendered in memory.
    """
    _require_ledgers(old, new)
    manifests = bool(old.documents and new.documents) or not (old.modules or new.modules)
    modules = bool(old.modules and new.modules) or not manifests
    kinds: list[tuple[str, Mapping[str, Side], Mapping[str, Side]]] = []
    if manifests:
        kinds.append(("manifest", described(old, catalog, sources), described(new, catalog, sources)))
    if modules:
        kinds.append(("module", _read_back(old, catalog, sources), _read_back(new, catalog, sources)))
    compared = [f"compared: {_told(old, one, kind)} with {_told(new, two, kind)}" for kind, one, two in kinds]
    for one, other in ((old, new), (new, old)):
        if one.modules and not modules:
            names = ", ".join(module.place for module in one.modules)
            compared.append(f"not compared: {names}, since {other.name} has no rendered module")
    foreign = dict.fromkeys((*old.foreign, *new.foreign))
    if foreign:
        more = f" and {len(foreign) - _NAMED} more" if len(foreign) > _NAMED else ""
        compared.append(f"not read: {', '.join([*foreign][:_NAMED])}{more}, since rolewright did not render it")
    return [one for _, before, after in kinds for one in compare_all(before, after)], compared


def _require_ledgers(old: Found, new: Found) -> None:
    """Raise Rejected where a module's folder has lost its ledger: what is in it is still applied, and is not read."""
    left = {Path(file).parent.name: file for file in new.foreign}
    kept = {module.name for module in new.modules}
    remedy = "render it anew, or take the folder away"
    findings = [
        Finding(
            "readback-ledger",
            f"{module.place} was rendered, and now its folder has no {LEDGER}: what it allows is not known",
            remedy,
            Location(left[module.name]),
        )
        for module in old.modules
        if module.name in left and module.name not in kept
    ]
    if findings:
        raise Rejected(findings)


def _told(found: Found, sides: Mapping[str, Side], kind: str) -> str:
    """Say what was looked at on one side."""
    names = f" ({', '.join(sorted(sides))})" if sides else ""
    return f"{len(sides) or 'no'} {kind}{'s' * (len(sides) != 1)} of {found.name}{names}"


def compare_all(old: Mapping[str, Side], new: Mapping[str, Side]) -> list[WorkloadDifference]:
    """Workloads of the same name side by side."""
    from rolewright.review.diff import compare_workloads  # noqa: PLC0415 - slow to import

    if len(old) == len(new) == 1:  # one that was given another name is still meant
        return [compare_workloads(*old.values(), *new.values())]
    return [compare_workloads(old.get(name), new.get(name)) for name in sorted({*old, *new})]


def described(found: Found, catalog: Catalog, sources: dict[str, str]) -> dict[str, Side]:
    """Return what manifests declare, by workload."""
    from rolewright.review.diff import Described  # noqa: PLC0415 - slow to import

    workloads = _workloads(found, catalog, sources)
    return {one.name: Described(one, declaration) for one, declaration in workloads}


def _read_back(found: Found, catalog: Catalog, sources: dict[str, str]) -> dict[str, Side]:
    """Return what modules say, by name; where there are none, those that the manifests render to."""
    from rolewright.blueprint.harmless import harmless_arguments  # noqa: PLC0415 - reads every blueprint
    from rolewright.grants.policies import build_roles  # noqa: PLC0415 - slow to import
    from rolewright.render.module import render  # noqa: PLC0415
    from rolewright.render.sandbox import Templates  # noqa: PLC0415
    from rolewright.review.readback import ModuleText, read_back  # noqa: PLC0415

    modules = list(found.modules)
    if not modules:
        templates = Templates(catalog)
        for workload, declaration in _workloads(found, catalog, sources):
            module = render(workload, declaration, build_roles(workload, declaration, catalog), catalog, templates)
            modules.append(ModuleText(workload.name, f"{workload.file} rendered", module.files))
    sides: dict[str, Side] = {}
    harmless = harmless_arguments(catalog)
    for one in modules:
        sources |= {f"{one.place}/{name}": text for name, text in one.files.items()}
        if one.name in sides:
            message = f"{found.name} has two modules named {one.name}"
            raise Rejected([Finding("readback-name", message, "compare them one by one", Location(one.place))])
        sides[one.name] = read_back(one, harmless)
    return sides


def _workloads(found: Found, catalog: Catalog, sources: dict[str, str]) -> Iterator[tuple[Workload, Declaration]]:
    """Return the workloads of some documents. Raises Rejected for the first document with findings."""
    from rolewright.grants.derive import derive_grants  # noqa: PLC0415 - slow to import
    from rolewright.manifest.read import read_manifest  # noqa: PLC0415

    places: dict[str, Location] = {}
    for document in found.documents:
        sources[document.file] = document.text
        for workload in read_manifest(document, catalog):
            place = workload.locate("workload")
            if workload.name in places:
                message = f"{workload.name} is already described at {places[workload.name]}"
                raise Rejected([Finding("manifest-duplicate-workload", message, "name each once", place)])
            places[workload.name] = place
            yield workload, derive_grants(workload, catalog)
