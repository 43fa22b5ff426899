"""AWS Copilot: the manifest of a service or a job, with what its application has beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.importer.copilot.addons import addons_of, read_addons
from rolewright.importer.copilot.application import DATA, application_of
from rolewright.importer.copilot.containers import read_container
from rolewright.importer.copilot.jobs import read_schedule, usual_schedule
from rolewright.importer.copilot.messages import read_queues, read_topics
from rolewright.importer.copilot.reading import EnvironmentLedger, ManifestLedger, ManifestReading
from rolewright.importer.copilot.roles import old_roles
from rolewright.importer.copilot.services import read_service
from rolewright.importer.copilot.spread import level_autoscaling, level_inputs, spread, spread_secrets
from rolewright.importer.expression import SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.names import workload_name
from rolewright.importer.shapes import text
from rolewright.importer.workload import ImportSource, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rolewright.importer.copilot.addons import Addons
    from rolewright.importer.copilot.application import Application
    from rolewright.importer.given import ImportAids
    from rolewright.importer.workload import SourceResource
    from rolewright.yaml.load import Tree

NAME = "an AWS Copilot manifest"


def recognises(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is the manifest of a service or a job."""
    types = format_data(DATA).facts["types"]
    return isinstance(data, dict) and text(data.get("type")) in types and bool(text(data.get("name")))


def read(file: Path, tree: Tree, given: ImportAids) -> ImportSource:
    """Read a manifest: one workload for a service, with all its environments, and two for a job."""
    kind = format_data(DATA).facts["types"][text(tree.data["type"])]
    ledger = ManifestLedger(tree)
    if not kind["compute"]:
        for field in tree.data:
            ledger.left((field,), kind["why"])
        return ImportSource(NAME, (tree.file,), (), tuple(ledger.outcomes()), {}, (kind["why"],))
    application = application_of(file, tree.data, given.parameters)
    addons = addons_of(file, application, given)
    whole = _Manifest(file, tree, ledger, application, addons, kind, dict(addons.template.described()))
    name = workload_name(text(tree.data["name"]))
    base, each = whole.readings(name, kind["compute"], whole.read_task)
    workload = base.workload
    workload.roles = old_roles(base, each, kind, addons.policies, given)
    workload.top["never"] = list(format_data(DATA).facts["never"])
    workloads = [workload]
    if kind["schedule"]:
        started = f"{name[:23].rstrip('-')}-schedule"
        usual = usual_schedule(tree.data)
        schedule, _ = whole.readings(
            started, kind["schedule"], lambda reading: read_schedule(reading, name, usual, addons.groups)
        )
        workloads.append(schedule.workload)
    ledger.carried(("name",), "workload") if name == tree.data["name"] else ledger.derived(("name",), "workload", name)
    ledger.derived(("type",), "compute.type", kind["why"])
    files = (tree.file, *application.files, *addons.files)
    outcomes = (*ledger.outcomes(), *application.outcomes(), *addons.outcomes())
    return ImportSource(NAME, files, tuple(workloads), outcomes, whole.described, (*kind["notes"], *application.notes))


@dataclass(frozen=True)
class _Manifest:
    """A manifest of Copilot with all that is read together with it."""

    file: Path
    tree: Tree
    ledger: ManifestLedger
    application: Application
    addons: Addons
    kind: Mapping[str, Any]
    described: dict[str, SourceResource]

    def readings(
        self, name: str, type_: str, reader: Callable[[ManifestReading], None]
    ) -> tuple[ManifestReading, list[ManifestReading]]:
        """Read the manifest as it stands and for each environment; the former gets all that the latter have."""
        base = ManifestReading(self.application, None, self.ledger, SourceWorkload(name, type_), self.described)
        environments = self.application.environments
        ledgers = {environment.name: EnvironmentLedger(self.tree, environment.name) for environment in environments}
        readings = [
            ManifestReading(self.application, one, ledgers[one.name], SourceWorkload(name, type_), self.described)
            for one in environments
        ]
        shell = all(reading.data.get("exec") is True for reading in readings or [base])
        for reading in (base, *readings):
            reading.shell = shell
            reader(reading)
        base.workload.environments = {place: {} for place in ledgers}
        level_autoscaling([base, *readings])
        level_inputs(base, readings)
        refused = spread(base, readings)
        spread_secrets(base, readings)
        self.ledger.refuse(refused.get("", {}))
        self.ledger.hear(ledgers)
        for place, ledger in ledgers.items():
            rest = ledger.hand_over(self.ledger, refused.get(place, {}), base.workload.environments[place])
            base.workload.apart.setdefault(place, {}).update(rest)
        return base, readings

    def read_task(self, reading: ManifestReading) -> None:
        """Read the containers, and the service around them."""
        facts = format_data(DATA)
        injected = reading.workload.compute.setdefault("environment", {})
        injected["COPILOT_APPLICATION_NAME"] = SourceText.of(self.application.named)
        injected["COPILOT_ENVIRONMENT_NAME"] = SourceText.of(self.application.environment)
        injected["COPILOT_SERVICE_NAME"] = text(self.tree.data["name"])
        read_container(reading, self.file.parent.parent.parent)
        if "log_retention_days" not in reading.workload.compute:
            reading.set("log_retention_days", facts.facts["log_retention_days"], "name")
        read_addons(reading, self.addons)
        read_topics(reading)
        if not self.kind["schedule"]:
            read_queues(reading, worker=self.kind["worker"])
            read_service(reading, self.kind, self.addons.groups)
        carry(facts.fields["rest"], reading.ledger, (), reading.workload)
