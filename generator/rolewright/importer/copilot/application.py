"""An application of Copilot around one manifest: its name, its environments, and texts that name either."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.files import is_file, is_folder
from rolewright.core.finding import Rejected
from rolewright.importer.expression import PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.functions import FOREIGN
from rolewright.importer.ledger import Ledger
from rolewright.importer.shapes import mapping, mappings, text
from rolewright.yaml.load import Tree, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rolewright.importer.expression import TextPart
    from rolewright.importer.ledger import FieldOutcome

DATA = "copilot"
NETWORK = {
    "vpc": ("network", "vpc", "id"),
    "public": ("network", "vpc", "subnets", "public"),
    "private": ("network", "vpc", "subnets", "private"),
}
"""The fields of an environment's manifest for what it imports of a network."""
_VARIABLE = re.compile(r"(\\?)\$\{([A-Za-z_][A-Za-z0-9_]{0,254})\}")
_FOLDER_NAME = re.compile(r"[a-z][a-z0-9-]{0,254}")


@dataclass(frozen=True)
class CopilotEnvironment:
    """An environment: its name, and the network that its manifest imports, {} where Copilot makes one.

    The network has `vpc`, an id, and `public` and `private`, lists of ids of subnets, as far as they are given.
    `ledger` is that of its manifest, or of an empty one.
    """

    name: str
    network: Mapping[str, Any]
    ledger: Ledger


@dataclass(frozen=True)
class Application:
    """What a manifest does not say itself. `name` is "" where nothing says it; `given` are values of shell variables.

    `files` are those of the environments.
    """

    name: str
    environments: tuple[CopilotEnvironment, ...]
    given: Mapping[str, str]
    files: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def named(self) -> SourceText:
        """Return the name of the application."""
        return SourceText.of(self.name or UnknownPart("name of the Copilot application"))

    @property
    def environment(self) -> SourceText:
        """Return the name of whichever environment."""
        known: TextPart = PlaceName("environment") if self.environments else UnknownPart("name of the environment")
        return SourceText.of(known)

    def stack(self, workload: str = "", environment: str = "") -> str:
        """Return the name of a stack for people: of a workload in an environment, or of the environment itself."""
        return "-".join(filter(None, (self.name or "APP", environment or "ENVIRONMENT", workload)))

    def outcomes(self) -> Iterator[FieldOutcome]:
        """Yield what became of the fields of the environments' manifests, after the workload has been read."""
        unused = format_data(DATA).facts["unused_network"]
        for environment in self.environments:
            for part in environment.network:
                if not environment.ledger.accounted(NETWORK[part]):
                    environment.ledger.left(NETWORK[part], unused)
            yield from environment.ledger.outcomes()

    def resolved(self, value: Any) -> Any:  # noqa: ANN401 - YAML
        """Return a value with what stands for shell variables in its texts (docs: "Manifest", "Using environment …").

        Copilot replaces `${NAME}` at each deployment by the variable of that shell; `\\${NAME}` stays as it is.
        """
        match value:
            case str() if "${" in value:
                parts = SourceText.of(*self._parts(value))
                return parts if parts.literal is None else parts.literal
            case dict():
                return {key: self.resolved(inner) for key, inner in value.items()}
            case list():
                return [self.resolved(inner) for inner in value]
            case _:
                return value

    def _parts(self, value: str) -> Iterator[TextPart | SourceText]:
        end = 0
        for found in _VARIABLE.finditer(value):
            yield value[end : found.start()]
            end = found.end()
            name = found[2]
            if found[1]:
                yield f"${{{name}}}"
            elif name == "COPILOT_APPLICATION_NAME":
                yield self.named
            elif name == "COPILOT_ENVIRONMENT_NAME":
                yield self.environment
            elif name in self.given:
                yield self.given[name]
            else:
                yield UnknownPart(f"value of the shell variable {name} (--parameter {name}=VALUE)")
        yield value[end:]


def application_of(manifest: Path, data: Mapping[str, Any], given: Mapping[str, str]) -> Application:
    """Read what is beside a workload's manifest. Raises Rejected for a file that is no YAML."""
    folder = manifest.parent.parent
    workspace = folder / ".workspace"
    name = ""
    if is_file(workspace):
        name = text(mapping(load(workspace, dialect=FOREIGN).trees[0].data).get("application"))
    names = dict.fromkeys(str(name) for name in mapping(data.get("environments")))
    files: list[str] = []
    known: dict[str, CopilotEnvironment] = {}
    for file in _environment_files(folder):
        tree = load(file, dialect=FOREIGN).trees[0]
        names[file.parent.name] = None
        files.append(str(file))
        known[file.parent.name] = _environment(file.parent.name, tree)
    names.update(dict.fromkeys(_stages(folder)))
    environments = tuple(known.get(name) or CopilotEnvironment(name, {}, Ledger(Tree("", {}, {}))) for name in names)
    notes = tuple(
        f"{found} is not read: it changes what Copilot makes of the manifest; say the same in the manifest here"
        for found in (manifest.parent / "overrides", folder / "environments" / "overrides")
        if is_folder(found)
    )
    return Application(name, environments, given, tuple(files), notes)


def _environment_files(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("environments/*/manifest.y*ml")):
        if is_file(file) and _FOLDER_NAME.fullmatch(file.parent.name):
            yield file


def _stages(folder: Path) -> Iterator[str]:
    """Yield the environments that pipelines deploy to, which are the only place that names them all."""
    for file in (folder / "pipeline.yml", *sorted(folder.glob("pipelines/*/manifest.y*ml"))):
        if not is_file(file):
            continue
        try:
            tree = load(file, dialect=FOREIGN).trees[0]
        except Rejected:
            continue
        for _, stage in mappings(mapping(tree.data).get("stages")):
            if _FOLDER_NAME.fullmatch(text(stage.get("name"))):
                yield stage["name"]


def _environment(name: str, tree: Tree) -> CopilotEnvironment:
    """Return an environment with the network that its manifest imports; what becomes of that is told where it is used.

    A network without the id of its VPC is none.
    """
    ledger = Ledger(tree)
    vpc = mapping(mapping(mapping(tree.data).get("network")).get("vpc"))
    found: dict[str, Any] = {}
    if text(vpc.get("id")):
        found["vpc"] = text(vpc["id"])
        for kind, subnets in mapping(vpc.get("subnets")).items():
            ids = [text(subnet.get("id")) for _, subnet in mappings(subnets)]
            if kind in NETWORK and ids and all(ids):
                found[kind] = ids
    for path, reason in format_data(DATA).facts["environment_manifest"].items():
        steps = tuple(path.split("."))
        if _has(tree.data, steps) and steps not in [NETWORK[part] for part in found]:
            ledger.left(steps, reason)
    ledger.derived(("name",), "environments", "its name")
    ledger.derived(("type",), "environments", "a manifest has its environments inside")
    return CopilotEnvironment(name, found, ledger)


def _has(data: Any, steps: tuple[str, ...]) -> bool:  # noqa: ANN401 - YAML
    for step in steps:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True
