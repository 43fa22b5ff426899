"""The files of a compose project: the override file beside it, services that others extend, and what wins where."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.files import is_file, real
from rolewright.importer.field_table import format_data
from rolewright.importer.formats.compose_dotenv import variables_file
from rolewright.importer.formats.compose_merge import OVERRIDE, RESET, ComposeService, Layer
from rolewright.importer.formats.compose_values import Variables
from rolewright.importer.functions import FOREIGN
from rolewright.importer.ledger import Ledger
from rolewright.importer.shapes import mapping, text
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.finding import Location
    from rolewright.importer.ledger import FieldOutcome
    from rolewright.yaml.load import PathInTree, Tree

_DEEPEST = 12


@dataclass(frozen=True)
class Project:
    """The files of a project, each with the account of its fields, and the variables that their values name."""

    folder: Path
    variables: Variables
    environment: Ledger | None
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    merged: list[Ledger] = field(default_factory=list)
    beside: list[Ledger] = field(default_factory=list)
    extended: set[PathInTree] = field(default_factory=set)
    unread: list[Location] = field(default_factory=list)

    @classmethod
    def of(cls, file: Path, tree: Tree, given: dict[str, str]) -> Project:
        """Read what stands beside a compose file."""
        folder = file.parent
        read = variables_file(folder / ".env")
        environment = Ledger(read.tree) if read else None
        project = cls(folder, Variables(given, environment.tree.data if environment else {}), environment)
        project.ledgers[str(real(file))] = Ledger(tree)
        if read is not None and environment is not None:
            project.beside.append(environment)
            project.unread.extend(read.unread)
        overrides = (folder / name for name in format_data("compose").facts["overrides"].get(file.name, ()))
        beside = [file, *[other for other in overrides if is_file(other)][:1]]
        ledgers = (project.ledger(other) for other in project.named(file) or beside)
        project.merged.extend(ledger for ledger in ledgers if ledger is not None)
        return project

    def named(self, file: Path) -> list[Path]:
        """Return the files that `.env` names for compose in place of a file and its override; [] where it does not."""
        said = text(self.environment.tree.data.get("COMPOSE_FILE")) if self.environment is not None else ""
        if self.environment is None or not said:
            return []
        separator = text(self.environment.tree.data.get("COMPOSE_PATH_SEPARATOR")) or ":"
        names = [self.folder / name for name in said.split(separator) if name]
        if real(file) not in map(real, names):
            self.environment.left(("COMPOSE_FILE",), f"{file} is none of them, and is read by itself")
            return []
        self.environment.derived(("COMPOSE_FILE",), "", "compose reads these files, each after the one before")
        self.environment.derived(("COMPOSE_PATH_SEPARATOR",), "", "it stands between the names of the files")
        for name in names:
            if self.ledger(name) is None:
                self.environment.left(("COMPOSE_FILE",), f"{name} is no file below the folder of the compose file")
        return names

    def ledger(self, file: Path) -> Ledger | None:
        """Return the account of a file inside the folder of the project, None where there is none.

        Raises Rejected for a file that is no YAML.
        """
        place = real(file)
        if not place.is_relative_to(real(self.folder)) or not is_file(file):
            return None
        if str(place) not in self.ledgers:
            trees = load(file, dialect=FOREIGN).trees
            if not trees or not isinstance(trees[0].data, dict):
                return None
            self.ledgers[str(place)] = Ledger(trees[0])
        return self.ledgers[str(place)]

    def variables_in(self, file: Path) -> Ledger | None:
        """Return the account of a file of variables inside the folder, None where there is none to be read."""
        if not real(file).is_relative_to(real(self.folder)):
            return None
        read = variables_file(file)
        if read is None:
            return None
        known = next((ledger for ledger in self.beside if ledger.tree.file == read.tree.file), None)
        if known is None:
            known = Ledger(read.tree)
            self.beside.append(known)
            self.unread.extend(read.unread)
        return known

    def own(self) -> tuple[Ledger, ...]:
        """Return the accounts of the compose file and those that compose merges with it, in its order."""
        return tuple(self.merged)

    def services(self) -> dict[str, ComposeService]:
        """Return the services by their names, each as all files together describe it."""
        found: dict[str, list[Layer]] = {}
        for ledger in self.own():
            for name, data in mapping(ledger.tree.data.get("services")).items():
                path: PathInTree = ("services", str(name))
                whole = next((tag for tag in (OVERRIDE, RESET) if set(mapping(data)) == {tag}), "")
                if whole:
                    for weaker in found.pop(str(name), []):
                        if weaker.path[:2] == path:  # what it extends may be a workload of its own
                            weaker.ledger.left(weaker.path, f"{ledger.location(path)} says it instead")
                if whole == RESET:
                    ledger.carried(path, "", "there is no such service, and no workload")
                elif isinstance(data, dict):
                    path, inner = ((*path, whole), mapping(data[whole])) if whole else (path, data)
                    found.setdefault(str(name), []).extend(self._layers(ledger, path, inner, 0))
        return {name: ComposeService.of(layers) for name, layers in found.items()}

    def _layers(self, ledger: Ledger, path: PathInTree, data: dict[str, Any], depth: int) -> list[Layer]:
        layer = Layer(ledger, path, data)
        extended = data.get("extends")
        if extended is None:
            return [layer]
        named = {"service": extended} if isinstance(extended, str) else mapping(extended)
        file = text(named.get("file"))
        source = self.ledger(Path(ledger.tree.file).parent / file) if file else ledger
        name = text(named.get("service"))
        inner = mapping(source.tree.data.get("services")).get(name) if source is not None else None
        if source is None or not isinstance(inner, dict) or depth > _DEEPEST:
            ledger.left((*path, "extends"), "there is no such service in a file below the folder of the compose file")
            return [layer]
        self.extended.add(("services", name))
        ledger.derived((*path, "extends"), "", f"what {name} says is carried with it")
        return [*self._layers(source, ("services", name), inner, depth + 1), layer]

    def outcomes(self) -> Iterator[FieldOutcome]:
        """Yield what became of the fields of every file."""
        for ledger in self.ledgers.values():
            if ledger not in self.own():
                for name in mapping(ledger.tree.data):
                    if name != "services":
                        ledger.left((name,), "of a file that is extended, only the services count")
                for name in mapping(ledger.tree.data.get("services")):
                    if ("services", name) not in self.extended:
                        ledger.left(("services", name), "no service of the compose file extends it")
            yield from ledger.outcomes()
        for ledger in self.beside:
            for name in ledger.tree.data:
                if ledger is self.environment and name in self.variables.used:
                    ledger.derived((name,), "", "in the place of the variable of the compose file, but for a secret")
                elif not ledger.says((name,)):
                    ledger.left((name,), "no service asks for this variable")
            yield from ledger.outcomes()

    def notes(self) -> tuple[str, ...]:
        """Say which files beside the compose file were not read, and which lines of those with variables."""
        read = self.files()
        beside = sorted({path for form in format_data("compose").facts["others"] for path in self.folder.glob(form)})
        how = "merge it with `docker compose -f FILE -f FILE config --no-interpolate`, and import what that prints"
        lines = (
            f"{location} was not read: it is no line of a variable, and compose refuses it" for location in self.unread
        )
        return (*(f"{path} was not read: {how}" for path in beside if str(path) not in read), *lines)

    def files(self) -> tuple[str, ...]:
        """Return the names of the files that were read."""
        return tuple(ledger.tree.file for ledger in (*self.ledgers.values(), *self.beside))
