"""The files of a compose project: the override file beside it, services that others extend, and what wins where."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.files import is_file, real
from rolewright.importer.field_table import format_data
from rolewright.importer.formats.compose_merge import OVERRIDE, RESET, ComposeService, Layer
from rolewright.importer.formats.compose_values import Variables, variables_file
from rolewright.importer.functions import FOREIGN
from rolewright.importer.ledger import Ledger
from rolewright.importer.shapes import mapping, text
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.importer.ledger import FieldOutcome
    from rolewright.yaml.load import PathInTree, Tree

_DEEPEST = 12


@dataclass(frozen=True)
class Project:
    """The files of a project, each with the account of its fields, and the variables that their values name."""

    folder: Path
    main: Ledger
    variables: Variables
    environment: Ledger | None
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    beside: list[Ledger] = field(default_factory=list)
    extended: set[PathInTree] = field(default_factory=set)

    @classmethod
    def of(cls, file: Path, tree: Tree, given: dict[str, str]) -> Project:
        """Read what stands beside a compose file."""
        main = Ledger(tree)
        folder = file.parent
        environment = variables_file(folder / ".env")
        variables = Variables(given, environment.data if environment else {})
        project = cls(folder, main, variables, Ledger(environment) if environment else None, {str(real(file)): main})
        if project.environment is not None:
            project.beside.append(project.environment)
        for name in format_data("compose").facts["overrides"].get(file.name, ()):
            if is_file(folder / name):
                project.ledger(folder / name)
                break
        return project

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
        tree = variables_file(file)
        if tree is None:
            return None
        known = next((ledger for ledger in self.beside if ledger.tree.file == tree.file), None)
        if known is None:
            known = Ledger(tree)
            self.beside.append(known)
        return known

    def own(self) -> tuple[Ledger, ...]:
        """Return the accounts of the compose file and its override, in the order in which compose reads them."""
        overrides = format_data("compose").facts["overrides"].get(Path(self.main.tree.file).name, ())
        beside = (ledger for ledger in self.ledgers.values() if Path(ledger.tree.file).name in overrides)
        return (self.main, *beside)

    def services(self) -> dict[str, ComposeService]:
        """Return the services by their names, each as all files together describe it."""
        found: dict[str, list[Layer]] = {}
        for ledger in self.own():
            for name, data in mapping(ledger.tree.data.get("services")).items():
                path: PathInTree = ("services", str(name))
                whole = next((tag for tag in (OVERRIDE, RESET) if set(mapping(data)) == {tag}), "")
                if whole:
                    for weaker in found.pop(str(name), []):
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
        """Say which files beside the compose file were not read."""
        read = self.files()
        beside = sorted({path for form in format_data("compose").facts["others"] for path in self.folder.glob(form)})
        how = "merge it with `docker compose -f FILE -f FILE config --no-interpolate`, and import what that prints"
        return tuple(f"{path} was not read: {how}" for path in beside if str(path) not in read)

    def files(self) -> tuple[str, ...]:
        """Return the names of the files that were read."""
        return tuple(ledger.tree.file for ledger in (*self.ledgers.values(), *self.beside))
