"""ECS Compose-X: compose files with resources of AWS, and what each service may do with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.data import iam
from rolewright.importer.expression import HeldValue, OfResource, PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats import compose
from rolewright.importer.formats.compose_files import Project
from rolewright.importer.formats.compose_merge import pairs
from rolewright.importer.formats.compose_secrets import described_secret, secrets_of
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import listed, mapping, mappings, several, text
from rolewright.importer.variables import NOT_NAMED, can_be_named
from rolewright.importer.workload import ImportSource, OldPolicy, SourceResource, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rolewright.core.finding import Location
    from rolewright.importer.formats.compose import Task
    from rolewright.importer.formats.compose_merge import ComposeService
    from rolewright.importer.given import ImportAids
    from rolewright.importer.ledger import Ledger
    from rolewright.yaml.load import PathInTree, Tree

NAME = "a file of ECS Compose-X"
_DATA = "compose_x"
_TASK_ROLE = "EcsTaskRole"
_RANGE = re.compile(r"(\d{1,4})-(\d{1,4})")


def recognises(file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a compose file says something in the words of Compose-X."""
    if not compose.recognises(file, data):
        return False
    fields = format_data(_DATA)
    words = {*fields.facts["resources"], *(rule.path[0] for rule in fields.fields["file"])}
    inner = {rule.path[0] for rule in fields.fields["service"]} | {"x-iam"}
    services = [service for service in data["services"].values() if isinstance(service, dict)]
    labelled = any(
        name == compose.FAMILY
        for service in services
        for _, name, _ in pairs(mapping(service.get("deploy")).get("labels"))
    )
    return labelled or bool(words & set(data)) or any(inner & set(service) for service in services)


def read(file: Path, tree: Tree, given: ImportAids) -> ImportSource:
    """Read a file of Compose-X; what it describes exists already, so that nothing of it is made."""
    project = Project.of(file, tree, dict(given.parameters))
    tasks = compose.tasks_of(project, given)
    for task in tasks:
        for name, container in task.containers.items():
            _service(task.services[name], task, container, project, given)
    described: dict[str, SourceResource] = {}
    for ledger in project.own():
        carry(format_data(_DATA).fields["file"], ledger, (), SourceWorkload("", ""))
        _tags(ledger, tasks)
        for section, fact in format_data(_DATA).facts["resources"].items():
            for name, definition in mapping(ledger.tree.data.get(section)).items():
                if isinstance(definition, dict):
                    made = _Described(section, str(name), fact, definition, ledger, project, given)
                    described[made.logical] = SourceResource(fact["type"], {"name": made.name()})
                    made.enter(tasks)
        _unknown_rights(ledger, tasks)
    return compose.source_of(NAME, project, tasks, described)


def _service(
    service: ComposeService, task: Task, container: SourceWorkload, project: Project, given: ImportAids
) -> None:
    tables = format_data(_DATA).fields
    main = container is task.workload
    for table in ("service", "main" if main else "sidecar"):
        carry(tables[table], service.ledger, (), container, project.variables.resolved, data=service.data)
    scaling = text(mapping(service.data.get("x-scaling")).get("Range"))
    found = _RANGE.fullmatch(scaling)
    path = ("x-scaling", "Range")
    if found is not None and main:
        for name, number in zip(("min", "max"), found.groups(), strict=True):
            container.set(f"service.autoscaling.{name}", int(number), service.ledger.location(path))
        service.ledger.derived(path, "compute.service.autoscaling", f"from {found[1]} to {found[2]} tasks")
    elif scaling:
        service.ledger.left(path, "a manifest has the fewest and the most tasks, of the code's container alone")
    rights, inside = mapping(service.data.get("x-iam")), ("x-iam",)
    for number, policy in mappings(rights.get("Policies")):
        place = (*inside, "Policies", number)
        origin = f"{service.ledger.location(place)}, policy {text(policy.get('PolicyName'))}"
        task.policies.append(OldPolicy(project.variables.resolved(policy.get("PolicyDocument")), origin))
        service.ledger.derived(place, "resources", "entries for what the policy allows")
    for number, arn in enumerate(listed(rights.get("ManagedPolicyArns"))):
        place = (*inside, "ManagedPolicyArns", number)
        compose.add_managed(task, text(arn), str(service.ledger.location(place)), given)
        service.ledger.left(place, "a managed policy fits no workload; the comparison of the roles has what it allows")
    if "PermissionsBoundary" in rights:
        service.ledger.left((*inside, "PermissionsBoundary"), "name it as `permissions_boundary` of the manifest")
    for name in format_data(_DATA).facts["with_rights"]:
        if service.data.get(name):
            task.unread.append(_not_compared(service.ledger.location((name,)), name))
    for _, name in secrets_of(service):
        _links(name, task, project)


def _links(name: str, task: Task, project: Project) -> None:
    """Say what becomes of the roles that read a secret: the code's own has no right to it here."""
    ledger, secret = described_secret(project, name)
    links = mapping(secret.get("x-secrets")).get("LinksTo")
    path = ("secrets", name, "x-secrets", "LinksTo")
    if ledger is None or links is None:
        return
    if _TASK_ROLE in several(links):
        reason = "the execution role alone reads it; where the code does so itself, give the resource `access`"
        ledger.left(path, reason)
        task.unread.append(_not_compared(ledger.location(path), f"LinksTo of the secret {name}"))
    else:
        ledger.derived(path, "", "the execution role reads it")


def _not_compared(place: Location, what: str) -> str:
    return f"{place}: what Compose-X allows the role by {what}, which is not known here"


def _unknown_rights(ledger: Ledger, tasks: list[Task]) -> None:
    """Say of sections without words of access here that the roles of their services are not compared whole."""
    facts = format_data(_DATA).facts
    known = {*facts["resources"], *facts["without_rights"]}
    for section, definitions in ledger.tree.data.items():
        if not str(section).startswith("x-") or section in known:
            continue
        for name, definition in mapping(definitions).items():
            for step, service, _ in _users(mapping(definition)):
                place = ledger.location((section, name, "Services", step))
                for task, _ in _running(service, tasks):
                    task.unread.append(_not_compared(place, f"{section}::{name}"))


def _users(definition: Mapping[str, Any]) -> Iterator[tuple[Any, str, Mapping[str, Any]]]:
    """Yield the services of a resource, each with the step that leads to it and what is said of its use."""
    services = definition.get("Services")
    for step, use in mapping(services).items():
        yield step, str(step), mapping(use)
    for number, use in mappings(services):
        yield number, text(use.get("name") or use.get("Name")), use


def _running(service: str, tasks: list[Task]) -> list[tuple[Task, list[SourceWorkload]]]:
    """Return the tasks that a service or a family is, each with the containers that are meant."""
    found = (
        (task, [inner for name, inner in task.containers.items() if service in (task.name, name)]) for task in tasks
    )
    return [(task, containers) for task, containers in found if containers]


def _tags(ledger: Ledger, tasks: list[Task]) -> None:
    for name, value in mapping(ledger.tree.data.get("x-tags")).items():
        if isinstance(value, str | int | float):
            for task in tasks:
                task.workload.top.setdefault("tags", {})[str(name)] = str(value)
            ledger.carried(("x-tags", name), f"tags.{name}")


class _Described:
    """One resource of a file, and the services that use it."""

    def __init__(
        self,
        section: str,
        key: str,
        fact: Mapping[str, Any],
        definition: Mapping[str, Any],
        ledger: Ledger,
        project: Project,
        given: ImportAids,
    ) -> None:
        self.path: PathInTree = (section, key)
        self.logical = f"{section}::{key}"
        self.key = key
        self.fact = fact
        self.definition = definition
        self.ledger = ledger
        self.variables = project.variables
        self.given = given

    def name(self) -> SourceText | str:
        """Return the physical name, as far as the file or the stack says it."""
        stack = self.given.stack.get(re.sub(r"[^A-Za-z0-9]", "", self.key))
        if stack is not None:
            return stack
        properties = mapping(self.definition.get("Properties"))
        named = (self.variables.resolved(properties.get(name)) for name in self.fact["names"])
        known = next((name for name in named if isinstance(name, str | SourceText) and name), None)
        if known is None:
            how = "looks it up by its tags" if "Lookup" in self.definition else "lets CloudFormation make its name"
            asked = f"name of {self.logical} in AWS: the source {how} (--stack-resources)"
            return SourceText.of(UnknownPart(asked, self.fact.get("form", UnknownPart.form)))
        settings = {**mapping(self.definition.get("Settings")), **mapping(self.definition.get("MacroParameters"))}
        between = text(settings.get("NameSeparator"), "-")
        parts: list[Any] = [known]
        if settings.get("ExpandAccountIdToBucket") is True:
            parts += [between, PlaceName("account")]
        if settings.get("ExpandRegionToBucket") is True:
            parts += [between, PlaceName("region")]
        joined = SourceText.of(*parts)
        return joined.literal if joined.literal is not None else joined

    def enter(self, tasks: list[Task]) -> None:
        """Enter the resource at each workload that uses it, with its verbs and its variables."""
        for part in self.definition:
            if part != "Services":
                self.ledger.left(
                    (*self.path, part), "it is there already: the manifest only says what code does with it"
                )
        for step, service, use in _users(self.definition):
            path = (*self.path, "Services", step)
            users = _running(service, tasks)
            if not users:
                self.ledger.left(path, f"there is no service {service}")
            for task, containers in users:
                self._access(task, use, path)
                self._variables(containers, use, path)
            if "Scaling" in use:
                self.ledger.left((*path, "Scaling"), "write it as service.autoscaling.backlog")

    def _access(self, task: Task, use: Mapping[str, Any], path: PathInTree) -> None:
        word = next((name for name in ("Access", "access") if name in use), "")
        given = use.get(word)
        names = [f"{part}.{name}" for part, name in given.items()] if isinstance(given, dict) else [text(given)]
        known, unknown = [], []
        for name in names:
            found = self.fact["access"].get(name)
            if found is not None:
                known.append(found)
                task.policies.append(self._policy(found, path, name))
            elif name and not name.endswith((".True", ".False")):
                unknown.append(name)
                place = self.ledger.location((*path, word))
                task.unread.append(_not_compared(place, f"Access {name} of {self.logical}"))
        if not word:
            return
        verbs: Any = [*dict.fromkeys(verb for found in known for verb in found["verbs"])]
        questions = [found["ask"] for found in known if "ask" in found]
        questions += [f"rolewright does not know Access {name}" for name in unknown]
        if questions or not verbs:
            sample = verbs or next(iter(self.fact["access"].values()))["verbs"]
            verbs = HeldValue(f"list of what the code does with it: {'; '.join(questions)}", sample)
        location = self.ledger.location(path)
        entry = {"type": self.fact["type"], "name": self.name()}
        key = task.workload.add(resource_key(self.key), entry, location)
        there = task.workload.resources[key]
        before = there.get("access", [])
        if isinstance(verbs, HeldValue) or isinstance(before, HeldValue):
            there["access"] = verbs if isinstance(verbs, HeldValue) else before
        else:
            there["access"] = [*dict.fromkeys([*before, *verbs])]
        self.ledger.derived((*path, word), f"resources.{key}.access", "the comparison of the roles has the rest")

    def _policy(self, found: Mapping[str, Any], path: PathInTree, name: str) -> OldPolicy:
        """Return what Compose-X writes for a word of Access."""
        without = {action.lower() for action in found.get("but", ())}
        actions = found["actions"]
        if without:
            actions = [name for pattern in actions for name in iam.expand(pattern) if name.lower() not in without]
        statement = {
            "Effect": "Allow",
            "Action": actions,
            "Resource": [self._arn(end) for end in several(found.get("on", ""))],
        }
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return OldPolicy(document, f"{self.ledger.location(path)}, {name} of {self.logical}", managed=True)

    def _arn(self, end: str) -> SourceText:
        places = ("account", "region", "partition")
        start = [PlaceName(part) if part in places else part for part in self.fact["arn"]]
        name = self.name()
        return SourceText.of(*start, name.removeprefix("/") if isinstance(name, str) else name, end)

    def _variables(self, containers: list[SourceWorkload], use: Mapping[str, Any], path: PathInTree) -> None:
        wanted = {str(name): text(variable) for name, variable in mapping(use.get("ReturnValues")).items()}
        for returned, variable in wanted.items():
            inside = (*path, "ReturnValues", returned)
            attribute = self.fact["returns"].get(returned)
            if attribute is None or not variable:
                self.ledger.left(inside, f"a manifest does not know {returned} of {self.fact['type']}")
                continue
            if not can_be_named(variable):
                self.ledger.left(inside, NOT_NAMED)
                continue
            for container in containers:
                container.set(f"environment.{variable}", self._attribute(attribute), self.ledger.location(inside))
            self.ledger.derived(inside, f"compute.environment.{variable}", f"its {attribute}")
        if self.fact["ref"] not in {self.fact["returns"].get(returned) for returned in wanted}:
            variable = re.sub(r"[^A-Za-z0-9_]", "", self.key.replace("-", "_").upper())
            for container in containers:
                if variable and variable not in container.compute.get("environment", {}):
                    value = self._attribute(self.fact["ref"])
                    container.set(f"environment.{variable}", value, self.ledger.location(path))
            note = "Compose-X adds this variable by itself"
            self.ledger.derived(path, f"compute.environment.{variable}", note)

    def _attribute(self, attribute: str) -> SourceText:
        name = self.name()
        known = name if isinstance(name, SourceText) else SourceText.of(name)
        asked = f"{attribute} of {self.logical}"
        return SourceText.of(OfResource(self.logical, attribute, known if attribute in ("name", "id") else None, asked))
