"""Apps of Chalice: a workload for the API and one for each function that its code decorates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.files import UnreadableError, is_file, read_json
from rolewright.importer.cloudformation.links import linked_resource
from rolewright.importer.cloudformation.template import StackTemplate
from rolewright.importer.expression import HeldValue, PlaceName, SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.chalice_code import OPEN, Decorator, decorators, unread_settings
from rolewright.importer.ledger import FieldOutcome, Ledger
from rolewright.importer.names import resource_key, workload_name
from rolewright.importer.shapes import mapping, text
from rolewright.importer.stages import add_environment
from rolewright.importer.variables import carry_variable
from rolewright.importer.workload import ImportSource, OldPolicy, OldRole, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rolewright.core.finding import Location
    from rolewright.importer.given import ImportAids
    from rolewright.importer.ledger import FieldFate
    from rolewright.yaml.load import PathInTree, Tree

NAME = "a Chalice app"
_DATA = "chalice"
_ROLE_FIELDS = ("autogen_policy", "iam_policy_file", "manage_iam_role", "iam_role_arn")
_REST = "a REST API today: the module's HTTP API has another address, and sends payload format 2.0"


def recognises(file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is the configuration of a Chalice app."""
    named = file.parent.name == ".chalice" and file.name == "config.json"
    return named and isinstance(data, dict) and "app_name" in data


@dataclass
class _App:
    file: Path
    ledger: Ledger
    data: dict[str, Any]
    aids: ImportAids
    told: list[FieldOutcome]

    @property
    def name(self) -> str:
        return text(self.data.get("app_name"), "app")

    @property
    def stages(self) -> list[str]:
        return [str(name) for name in mapping(self.data.get("stages"))] or ["dev"]

    def tell(self, decorator: Decorator, outcome: FieldFate, target: str, note: str) -> None:
        field = f"{decorator.name} of {decorator.function}"
        self.told.append(FieldOutcome(field, decorator.location, outcome, target, note))

    def settings(self, stage: str, function: str) -> Iterator[tuple[PathInTree, dict[str, Any]]]:
        """Yield where settings of a function stand, the least telling first."""
        ways: tuple[PathInTree, ...] = (
            (), ("stages", stage), ("lambda_functions", function), ("stages", stage, "lambda_functions", function),
        )  # fmt: skip
        for path in ways:
            node: Any = self.data
            for step in path:
                node = mapping(node).get(str(step))
            if isinstance(node, dict):
                yield path, node


def read(file: Path, tree: Tree, aids: ImportAids) -> ImportSource:
    """Read an app: its configuration, its policies, and the decorators in app.py."""
    app = _App(file, Ledger(tree), mapping(tree.data), aids, [])
    code = file.parent.parent / "app.py"
    found = decorators(code) if is_file(code) else None
    notes = [] if found is not None else [f"{code} is not there, or is no Python: its functions are not read"]
    functions: dict[str, list[Decorator]] = {}
    for decorator in found or ():
        functions.setdefault("" if decorator.name == "route" else decorator.function, []).append(decorator)
    workloads = []
    for function, decorated in functions.items():
        if all(each.name in format_data(_DATA).facts["left"] for each in decorated):
            _left(app, decorated)
        elif any(each.name in _ways() for each in decorated):
            workloads.append(_workload(app, function, decorated))
    carry(format_data(_DATA).fields["document"], app.ledger, (), SourceWorkload("", ""))
    app.ledger.derived(("app_name",), "workload", "the beginning of the names")
    notes += _notes(app, workloads)
    for what, where in unread_settings(code) if found is not None else ():
        app.told.append(FieldOutcome(what, where, "not carried", "", format_data(_DATA).facts["unread"][what]))
    outcomes = (*app.ledger.outcomes(), *app.told)
    return ImportSource(NAME, (tree.file,), tuple(workloads), outcomes, {}, tuple(notes))


def _notes(app: _App, workloads: list[SourceWorkload]) -> Iterator[str]:
    if len(workloads) > 1:
        yield f"{app.name} has one role for {len(workloads)} functions: take out of each what its code does not need"
    kept = [workload.name for workload in workloads if "log_retention_days" not in workload.compute]
    if kept:
        yield f"the logs of {', '.join(kept)} are kept for ever today, and a year by the module: log_retention_days"


def _ways() -> set[str]:
    facts = format_data(_DATA).facts
    return {"route", "lambda_function", "schedule", "on_cw_event", *facts["triggers"], *facts["left"]}


def _left(app: _App, decorated: list[Decorator]) -> None:
    for decorator in decorated:
        app.tell(decorator, "not carried", "", format_data(_DATA).facts["left"][decorator.name])


def _workload(app: _App, function: str, decorated: list[Decorator]) -> SourceWorkload:
    """Return the workload of a function; that of the API for no name."""
    named = next((each.argument("name") for each in decorated if isinstance(each.argument("name"), str)), function)
    key = named or "api_handler"
    base, *others = app.stages
    workload = _in_stage(app, app.ledger, base, key)
    workload.environments[base] = {}
    for stage in others:
        add_environment(workload, stage, _in_stage(app, Ledger(app.ledger.tree), stage, key))
        _account_for_stage(app, stage, key)
    location = decorated[0].location
    parts = (f"-{named}",) if named else ()
    workload.set("names.function", SourceText.of(f"{app.name}-", PlaceName("environment"), *parts), location)
    workload.set("handler", f"app.{function}" if function else "app.app", location)
    workload.set("runtime", HeldValue("runtime: Chalice takes that of the Python that deploys", None), location)
    workload.set("package", HeldValue("path of the zip file; `chalice package` makes one", None), location)
    for decorator in decorated:
        _event(app, workload, decorator)
    workload.roles.append(_role(app, base, key, location))
    return workload


def _account_for_stage(app: _App, stage: str, key: str) -> None:
    """Say what becomes of the settings of a stage that the manifest is not written for."""
    target, note = f"environments.{stage}", "where it differs, as far as an environment can say it"
    fields = {rule.path[0] for rule in format_data(_DATA).fields["settings"]}
    for path, settings in app.settings(stage, key):
        if path[:1] != ("stages",):
            continue
        for field in settings:
            if field in fields or field == "tags":
                app.ledger.derived((*path, field), target, note)
            elif field in _ROLE_FIELDS:
                app.ledger.left((*path, field), f"the roles are compared with that of {app.stages[0]}")
        for variable in mapping(settings.get("environment_variables")):
            app.ledger.derived((*path, "environment_variables", variable), target, note)


def _in_stage(app: _App, ledger: Ledger, stage: str, key: str) -> SourceWorkload:
    """Return a workload with its settings in one stage."""
    facts = format_data(_DATA).facts
    name = workload_name(f"{app.name}-{'api' if key == 'api_handler' else key}")
    workload = SourceWorkload(name, facts["type"])
    for field, value in facts["defaults"].items():
        workload.set(field, value, ledger.location(()))
    for path, settings in app.settings(stage, key):
        carry(format_data(_DATA).fields["settings"], ledger, path, workload)
        for variable, value in mapping(settings.get("environment_variables")).items():
            inside = (*path, "environment_variables", variable)
            carry_variable(workload, ledger, inside, str(variable), value, "environment", injects=False)
        for tag, value in mapping(settings.get("tags")).items():
            workload.top.setdefault("tags", {})[str(tag)] = text(value)
            ledger.carried((*path, "tags", tag), f"tags.{tag}")
        for field in _ROLE_FIELDS:
            if field in settings:
                ledger.derived((*path, field), "", "the module makes a role of its own")
    return workload


# The role


def _role(app: _App, stage: str, key: str, location: Location) -> OldRole:
    """Return what the role may do today, as far as files say it."""
    facts = format_data(_DATA).facts
    settings: dict[str, Any] = {}
    for _, each in app.settings(stage, key):
        settings |= each
    arn = settings.get("iam_role_arn")
    if settings.get("manage_iam_role") is False and isinstance(arn, str):
        return app.aids.role(arn.rpartition("/")[2], facts["role"])
    if settings.get("autogen_policy", True) is not False:
        code = app.file.parent.parent
        reason = f"Chalice makes the policy from the code: `rolewright audit {code} --draft FILE` finds what it needs"
        return OldRole(facts["role"], (), (reason,))
    file = text(settings.get("iam_policy_file"), f"policy-{stage}.json")
    path = app.file.parent / file
    if "/" in file or not is_file(path):
        return OldRole(facts["role"], (), (f"the policy {path} is not there, named by {location}",))
    try:
        document = read_json(path)
    except UnreadableError as error:
        return OldRole(facts["role"], (), (f"{path} {error}",))
    others = tuple(f"stage {other} has a policy of its own: compare it with {path}" for other in app.stages[1:])
    return OldRole(facts["role"], (OldPolicy(document, str(path)),), others)


# What calls a function


def _event(app: _App, workload: SourceWorkload, decorator: Decorator) -> None:
    facts = format_data(_DATA).facts
    if decorator.name in facts["left"]:
        _left(app, [decorator])
    elif decorator.name == "lambda_function":
        app.tell(decorator, "carried", "compute.handler", "")
    elif decorator.name == "route":
        _route(app, workload, decorator)
    elif decorator.name in facts["triggers"]:
        _trigger(app, workload, decorator, facts["triggers"][decorator.name])
    elif decorator.name in ("schedule", "on_cw_event"):
        _rule(app, workload, decorator)


def _append(workload: SourceWorkload, kind: str, item: dict[str, Any]) -> None:
    workload.compute.setdefault("triggers", {}).setdefault(kind, []).append(item)


def _route(app: _App, workload: SourceWorkload, decorator: Decorator) -> None:
    way = decorator.argument("path", 0)
    methods = decorator.argument("methods") or ["GET"]
    if not isinstance(way, str) or not isinstance(methods, list):
        app.tell(decorator, "not carried", "", "the code computes which requests it is for")
        return
    closed = decorator.argument("authorizer") is not None or bool(decorator.argument("api_key_required"))
    api = workload.compute.setdefault("api", {"routes": [], "authorization": "none"})
    api["routes"] += [route for method in methods if (route := f"{method} {way}") not in api["routes"]]
    app.tell(decorator, "derived", "compute.api.routes", _REST)
    if closed:
        api["authorization"] = "iam"
        note = "a manifest has one answer for all routes, and no authorizer in code: callers sign until you choose jwt"
        app.tell(decorator, "not carried", "", note)
    cors = decorator.argument("cors")
    if cors:
        api["cors_origins"] = (
            ["*"] if cors is True else [HeldValue("origins that the code names for CORS", "https://example.com")]
        )
        app.tell(decorator, "derived", "compute.api.cors_origins", "the origins")


def _trigger(app: _App, workload: SourceWorkload, decorator: Decorator, source: dict[str, Any]) -> None:
    facts = format_data(_DATA).facts
    values = [decorator.argument(name, 0 if number == 0 else None) for number, name in enumerate(source["named"])]
    value = next((each for each in values if isinstance(each, str)), None)
    key = linked_resource(StackTemplate({}, app.aids), workload, value, source["type"], decorator.location)
    if key is None:
        app.tell(decorator, "not carried", "", "the code computes what it comes from")
        return
    item: dict[str, Any] = {source["key"]: key, **source.get("unless_said", {})}
    for name, field in facts["arguments"].items():
        given = decorator.argument(name)
        if isinstance(given, str | int):
            item[field] = given
        elif given is OPEN:
            app.tell(decorator, "not carried", "", f"the code computes {name}")
    if source["to"] in facts["positions"]:
        item.setdefault("starting_position", "LATEST")
    _append(workload, source["to"], item)
    app.tell(decorator, "carried", f"compute.triggers.{source['to']}", f"resources.{key}")


def _rule(app: _App, workload: SourceWorkload, decorator: Decorator) -> None:
    given = decorator.argument("expression" if decorator.name == "schedule" else "event_pattern", 0)
    name = resource_key(decorator.function)[:32].rstrip("-")
    if decorator.name == "schedule":
        expression = _expression(given)
        if expression:
            _append(workload, "schedules", {"name": name, "expression": expression})
            app.tell(decorator, "derived", "compute.triggers.schedules", "EventBridge Scheduler calls the function")
            return
    elif isinstance(given, dict):
        _append(workload, "rules", {"name": name, "pattern": given})
        app.tell(decorator, "carried", "compute.triggers.rules", "")
        return
    app.tell(decorator, "not carried", "", "the code computes it: write it under triggers")


def _expression(given: Any) -> str:  # noqa: ANN401 - of any type
    """Return the expression of a schedule; "" for one that the code computes."""
    match given:
        case str():
            return given
        case ("Rate", [int() as number, *further], dict() as named):
            unit = format_data(_DATA).facts["units"].get(named.get("unit") or next(iter(further), None))
            return f"rate({number} {unit}{'s' * (number != 1)})" if unit else ""
        case ("Cron", [*parts], {}) if len(parts) == 6 and OPEN not in parts:
            return f"cron({' '.join(map(str, parts))})"
        case _:
            return ""
