"""Lambda functions of a state or a plan of Terraform: the function, and what calls it and gets its results."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.terraform_roles import unread
from rolewright.importer.formats.terraform_state import DATA
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.importer.variables import carry_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.importer.formats.terraform_roles import Roles
    from rolewright.importer.formats.terraform_state import StateResource
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

_FUNCTION = re.compile(r"(?:arn:[a-z-]{1,20}:lambda:[a-z0-9-]{0,30}:\d{0,12}:function:)?([A-Za-z0-9_-]{1,64})(?::.*)?")
_OFF = "it is off today, and the module's triggers are always on: add it when it is wanted"
_LATER = "what it refers to is no resource of this document: import the state, or write it into the manifest"


def read_function(roles: Roles, function: StateResource, workload: SourceWorkload) -> None:
    """Read a function with all that belongs to it."""
    ledger, below = roles.ledger, function.below
    carry(format_data(DATA).fields["function"], ledger, below, workload)
    facts = format_data(DATA).facts["function"]
    roles.enter(workload, function, "role", facts["role"])
    for number, block in mappings(function.values.get("environment")):
        path = (*below, "environment", number, "variables")
        variables = block.get("variables")
        if isinstance(variables, HeldValue):
            ledger.left(path, f"{variables.asked}: import the state")
        for name, value in mapping(variables).items():
            carry_variable(workload, ledger, (*path, name), name, value, "environment", injects=False)
    reading = _Reading(roles, function, workload)
    reading.dead_letter()
    reading.package()
    unread(ledger, function, "function")
    reading.log_group()
    for kind, reader in _READERS.items():
        for resource in roles.estate.of(facts["kinds"][kind]):
            if reading.is_called_by(resource, facts["by"].get(kind, "function_name")):
                reader(reading, resource)
                unread(ledger, resource, "function-part")


@dataclass(frozen=True)
class _Reading:
    roles: Roles
    function: StateResource
    workload: SourceWorkload

    @property
    def name(self) -> str:
        return text(self.function.values.get("function_name"))

    def is_called_by(self, resource: StateResource, attribute: str) -> bool:
        """Return whether an attribute names the function, or its alias."""
        kinds = format_data(DATA).facts["function"]["kinds"]
        value = resource.values.get(attribute)
        if attribute == "target":
            value = next((target.get("arn") for _, target in mappings(value)), None)
        if isinstance(value, HeldValue):
            alias = self.roles.estate.linked(resource, attribute, kinds["alias"], value)
            if alias is not None and alias is not resource:
                return self.is_called_by(alias, "function_name")
            return self.roles.estate.linked(resource, attribute, self.function.type, value) is self.function
        found = _FUNCTION.fullmatch(value) if isinstance(value, str) else None
        if found is None or found[1] != self.name:
            return False
        place, own = str(value).split(":")[3:5], text(self.function.values.get("arn")).split(":")[3:5]
        if str(value).startswith("arn:") and own:
            return place == own
        alike = self.roles.estate.called(self.name, self.function.type)
        return len(alike) < 2 or self.roles.estate.named(self.name, self.function.type, resource) is self.function

    def target(self, arn: Any, path: PathInTree, resource: StateResource, attribute: str) -> tuple[str, Any] | None:  # noqa: ANN401
        """Return the key of what an ARN names, as a resource of the manifest, and the facts of its service."""
        own = text(self.function.values.get("arn")).split(":")[3:5]
        location = self.roles.ledger.location(path)
        for service, facts in format_data(DATA).facts["services"].items():
            described = self.roles.estate.linked(resource, attribute, facts["of"], arn)
            if isinstance(arn, HeldValue) and described is not None:
                name = described.values.get("name")
                held = name if isinstance(name, str) else HeldValue(f"name of {described.address}", described.label)
                return self.workload.add(
                    resource_key(described.label), {"type": facts["type"], "name": held}, location
                ), facts
            parts = arn.split(":", 5) if isinstance(arn, str) else []
            found = re.fullmatch(facts["name"], parts[5]) if len(parts) == 6 and parts[2] == service else None
            if found is not None:
                entry = {"name": found[1]} if not own or parts[3:5] == own else {"arn": arn}
                return self.workload.add(resource_key(found[1]), {"type": facts["type"], **entry}, location), facts
        return None

    def dead_letter(self) -> None:
        for number, block in mappings(self.function.values.get("dead_letter_config")):
            path = (*self.function.below, "dead_letter_config", number)
            found = self.target(block.get("target_arn"), path, self.function, "dead_letter_config")
            if found is None:
                self.roles.ledger.left(path, _LATER)
            else:
                self.workload.set("dead_letter", found[0], self.roles.ledger.location(path))
                self.roles.ledger.derived(path, "compute.dead_letter", f"resources.{found[0]}")

    def package(self) -> None:
        ledger, values, below = self.roles.ledger, self.function.values, self.function.below
        if "filename" in values:
            self.workload.set("package", values["filename"], ledger.location(below))
            ledger.carried((*below, "filename"), "compute.package")
        elif {"s3_bucket", "s3_key"} <= values.keys():
            names = {"bucket": "s3_bucket", "key": "s3_key", "version": "s3_object_version"}
            code = {key: values[name] for key, name in names.items() if name in values}
            self.workload.set("package_object", code, ledger.location(below))
            for name in names.values():
                if name in values:
                    ledger.carried((*below, name), "compute.package_object")

    def log_group(self) -> None:
        kind = format_data(DATA).facts["function"]["kinds"]["log"]
        logging = next((block for _, block in mappings(self.function.values.get("logging_config"))), {})
        name = text(logging.get("log_group"), f"/aws/lambda/{self.name}")
        read_log_group(self.roles, self.workload, name, (kind, self.function), default=f"/aws/lambda/{self.name}")

    def part(self, resource: StateResource, target: str, note: str = "") -> None:
        self.roles.claim(resource, f"compute.{target}", note or "said with the function")

    def trigger(self, resource: StateResource, name: str, entry: Mapping[str, Any]) -> None:
        there = [each.get("name") for each in self.workload.compute.get("triggers", {}).get(name, ())]
        if entry.get("name") in there and "name" in entry:
            entry = {**entry, "name": f"{entry['name'][:29]}-{len(there) + 1}"}
        self.workload.compute.setdefault("triggers", {}).setdefault(name, []).append(dict(entry))
        self.workload.origins["compute", "triggers", name] = self.roles.ledger.location(resource.path)
        self.part(resource, f"triggers.{name}")


def read_log_group(
    roles: Roles, workload: SourceWorkload, name: str, of: tuple[str, StateResource], default: str
) -> None:
    """Carry what a state says of the log group of that name: how long entries are kept, and their key.

    `of` are the type of log groups, and what writes to this one.
    """
    found = roles.estate.named(name, *of)
    if found is None:
        roles.notes.append(
            f"log group {name} is not in the document: the module makes one, and keeps entries for 365 days if "
            "log_retention_days does not say otherwise"
        )
        return
    if name != default or default.startswith("/ecs/"):
        workload.set("names.log_group", name, roles.ledger.location(found.path))
    roles.claim(found, "compute.log_retention_days", "the log group of the workload")
    carry(format_data(DATA).fields["log-group"], roles.ledger, found.below, workload)
    days = found.values.get("retention_in_days")
    if isinstance(days, int) and days > 0:
        workload.set("log_retention_days", days, roles.ledger.location(found.path))
        roles.ledger.carried((*found.below, "retention_in_days"), "compute.log_retention_days")
    else:
        asked = f"days after which entries of {name} are removed: today they are kept for ever"
        workload.set("log_retention_days", HeldValue(asked, None), roles.ledger.location(found.path))
    unread(roles.ledger, found, "log-group")


def _alias(reading: _Reading, alias: StateResource) -> None:
    if "alias" in reading.workload.compute:
        reading.roles.claim(alias, "", "beside another alias")
        reading.roles.ledger.left((*alias.below, "name"), "a manifest has one alias of a function")
        return
    reading.workload.set("alias", alias.values.get("name"), reading.roles.ledger.location(alias.path))
    reading.part(alias, "alias")
    carry(format_data(DATA).fields["alias"], reading.roles.ledger, alias.below, reading.workload)


def _url(reading: _Reading, url: StateResource) -> None:
    reading.roles.claim(url, "", "the function's URL")
    if url.values.get("authorization_type") != "AWS_IAM":
        note = "anybody may call it today; a manifest's `url` is for callers that sign. `api` may let everybody in"
        reading.roles.ledger.left(url.below, note)
        return
    value: dict[str, Any] = {"stream": True} if url.values.get("invoke_mode") == "RESPONSE_STREAM" else {}
    for number, cors in mappings(url.values.get("cors")):
        path = (*url.below, "cors", number)
        if "allow_origins" in cors:
            value["cors_origins"] = listed(cors["allow_origins"])
            reading.roles.ledger.carried((*path, "allow_origins"), "compute.url.cors_origins")
        for name in cors.keys() - {"allow_origins"}:
            reading.roles.ledger.left((*path, name), "a manifest says the origins alone")
    reading.workload.set("url", value, reading.roles.ledger.location(url.path))
    reading.roles.ledger.derived((*url.below, "authorization_type"), "compute.url", "callers sign")
    reading.roles.ledger.derived((*url.below, "invoke_mode"), "compute.url", "said as stream")


def _results(reading: _Reading, config: StateResource) -> None:
    value: dict[str, Any] = {}
    for name, target in (("maximum_retry_attempts", "retries"), ("maximum_event_age_in_seconds", "max_age")):
        if name in config.values:
            value[target] = config.values[name]
            reading.roles.ledger.carried((*config.below, name), f"compute.destinations.{target}")
    for number, block in mappings(config.values.get("destination_config")):
        for kind in ("on_success", "on_failure"):
            for inner, way in mappings(block.get(kind)):
                path = (*config.below, "destination_config", number, kind, inner)
                found = reading.target(way.get("destination"), path, config, "destination_config")
                if found is None:
                    reading.roles.ledger.left(path, _LATER)
                else:
                    value[kind] = found[0]
                    reading.roles.ledger.derived(path, f"compute.destinations.{kind}", f"resources.{found[0]}")
    reading.part(config, "destinations")
    if value and "destinations" in reading.workload.compute:
        note = "a manifest has one answer for all versions and aliases, and another is carried"
        reading.roles.ledger.left(config.path, note)
    elif value:
        reading.workload.set("destinations", value, reading.roles.ledger.location(config.path))


def _provisioned(reading: _Reading, config: StateResource) -> None:
    reading.part(config, "provisioned_concurrency")
    carry(format_data(DATA).fields["provisioned"], reading.roles.ledger, config.below, reading.workload)


def _source(reading: _Reading, source: StateResource) -> None:
    ledger, values = reading.roles.ledger, source.values
    found = reading.target(values.get("event_source_arn"), source.below, source, "event_source_arn")
    facts = found[1] if found is not None else {}
    if found is None or "trigger" not in facts:
        reading.roles.claim(source, "", "calls the function")
        ledger.left((*source.below, "event_source_arn"), f"say it under `triggers`; {_LATER}")
        return
    holder: dict[str, Any] = {}
    carry(format_data(DATA).fields["source"], ledger, source.below, reading.workload)
    for name, field in facts["fields"].items():
        unset = (None, "", -1) if field == "retries" else (None, "", -1, 0)
        if values.get(name) not in unset:
            holder[field] = values[name]
            ledger.carried((*source.below, name), f"compute.triggers.{facts['trigger']}")
    for number, scaling in mappings(values.get("scaling_config")):
        holder["concurrency"] = scaling.get("maximum_concurrency")
        ledger.carried((*source.below, "scaling_config", number), f"compute.triggers.{facts['trigger']}")
    if "ReportBatchItemFailures" in listed(values.get("function_response_types")):
        holder["partial_failures"] = True
        ledger.derived((*source.below, "function_response_types"), f"compute.triggers.{facts['trigger']}", "so")
    filters = [
        _json(pattern.get("pattern"))
        for _, criteria in mappings(values.get("filter_criteria"))
        for _, pattern in mappings(criteria.get("filter"))
    ]
    if filters:
        holder["filters"] = filters
        ledger.derived((*source.below, "filter_criteria"), f"compute.triggers.{facts['trigger']}", "as filters")
    for number, block in mappings(values.get("destination_config")):
        path = (*source.below, "destination_config", number)
        failed = next((way.get("destination_arn") for _, way in mappings(block.get("on_failure"))), None)
        told = reading.target(failed, path, source, "destination_config")
        if told is None:
            ledger.left(path, _LATER)
        else:
            holder["on_failure"] = told[0]
            ledger.derived(path, f"compute.triggers.{facts['trigger']}", f"resources.{told[0]}")
    if values.get("enabled") is False:
        reading.part(source, f"triggers.{facts['trigger']}", _OFF)
        ledger.left((*source.below, "enabled"), _OFF)
        return
    reading.trigger(source, facts["trigger"], {facts["key"]: found[0], **holder})


def _subscription(reading: _Reading, subscription: StateResource) -> None:
    if subscription.values.get("protocol") != format_data(DATA).facts["function"]["protocol"]:
        return
    found = reading.target(subscription.values.get("topic_arn"), subscription.below, subscription, "topic_arn")
    if found is None:
        reading.roles.claim(subscription, "", "calls the function")
        reading.roles.ledger.left((*subscription.below, "topic_arn"), f"say it under `triggers`; {_LATER}")
        return
    entry: dict[str, Any] = {"topic": found[0]}
    if "filter_policy" in subscription.values:
        if subscription.values.get("filter_policy_scope") == "MessageBody":
            note = "a manifest filters by the attributes of a message, not by its body"
            reading.roles.ledger.left((*subscription.below, "filter_policy"), note)
        else:
            entry["filter"] = _json(subscription.values["filter_policy"])
            reading.roles.ledger.derived((*subscription.below, "filter_policy"), "compute.triggers.topics", "as filter")
    reading.trigger(subscription, "topics", entry)


def _rule_target(reading: _Reading, target: StateResource) -> None:
    kind = format_data(DATA).facts["function"]["kinds"]["rule"]
    rule = reading.roles.estate.linked(target, "rule", kind)
    reading.roles.claim(target, "compute.triggers", "calls the function")
    if rule is not None and (rule.values.get("state") == "DISABLED" or rule.values.get("is_enabled") is False):
        reading.part(rule, "triggers", _OFF)
        reading.roles.ledger.left(rule.path, _OFF)
        return
    if rule is None:
        reading.roles.ledger.left((*target.below, "rule"), f"say it under `triggers`; {_LATER}")
        return
    name = resource_key(text(rule.values.get("name"), rule.label).removeprefix(f"{reading.name}-"))[-32:].strip("-")
    expression = rule.values.get("schedule_expression")
    for attribute in ("input_path", "input_transformer", "dead_letter_config", "retry_policy"):
        if attribute in target.values:
            reading.roles.ledger.left((*target.below, attribute), "a manifest has no such setting of a rule")
    if expression is not None:
        entry: dict[str, Any] = {"name": name, "expression": expression}
        if "input" in target.values:
            entry["input"] = _json(target.values["input"])
            reading.roles.ledger.derived((*target.below, "input"), "compute.triggers.schedules", "as input")
        reading.trigger(rule, "schedules", entry)
    else:
        if "input" in target.values:
            reading.roles.ledger.left((*target.below, "input"), "a rule of a manifest sends the event itself")
        entry = {"name": name, "pattern": _json(rule.values.get("event_pattern"))}
        bus = rule.values.get("event_bus_name")
        if isinstance(bus, str) and bus != "default":
            found = {"type": format_data(DATA).facts["function"]["bus"], "name": bus.rpartition("/")[2]}
            entry["bus"] = reading.workload.add(resource_key(bus), found, reading.roles.ledger.location(rule.path))
        reading.trigger(rule, "rules", entry)
    if expression is not None and "event_pattern" in rule.values:
        reading.roles.ledger.left((*rule.below, "event_pattern"), "the rule has a schedule as well, which is carried")
    unread(reading.roles.ledger, rule, "function-part")


def _schedule(reading: _Reading, schedule: StateResource) -> None:
    ledger, values = reading.roles.ledger, schedule.values
    number, target = next(iter(mappings(values.get("target"))), (0, {}))
    path = (*schedule.below, "target", number)
    name = resource_key(text(values.get("name"), schedule.label))[:32].strip("-")
    entry: dict[str, Any] = {"name": name, "expression": values.get("schedule_expression")}
    if "schedule_expression_timezone" in values:
        entry["timezone"] = values["schedule_expression_timezone"]
    if target.get("input") not in (None, ""):
        entry["input"] = _json(target.get("input"))
    for inner, block in mappings(target.get("dead_letter_config")):
        found = reading.target(block.get("arn"), (*path, "dead_letter_config", inner), schedule, "target")
        if found is None:
            ledger.left((*path, "dead_letter_config", inner), _LATER)
        else:
            entry["dead_letter"] = found[0]
    if values.get("state") == "DISABLED":
        reading.part(schedule, "triggers", _OFF)
        ledger.left(schedule.path, _OFF)
        return
    for inner, window in mappings(values.get("flexible_time_window")):
        if window.get("mode") != "OFF":
            ledger.left((*schedule.below, "flexible_time_window", inner), "a manifest's schedule has no window")
    for inner, block in mappings(target.get("retry_policy")):
        if list(block.values()) not in ([86400, 185], [185, 86400]):
            ledger.left(
                (*path, "retry_policy", inner), "a manifest's schedule tries as often as Scheduler does by itself"
            )
    reading.trigger(schedule, "schedules", entry)
    role = format_data(DATA).facts["function"]["scheduler"]
    reading.roles.enter(reading.workload, schedule, "target", role, target.get("role_arn"))


def _permission(reading: _Reading, permission: StateResource) -> None:
    principal = text(permission.values.get("principal"))
    if principal in listed(format_data(DATA).facts["function"]["callers"]):
        reading.roles.claim(permission, "compute.triggers", f"the module lets {principal} in where a trigger says so")
    else:
        reading.roles.claim(permission, "", "who may call the function")
        note = (
            f"{principal or 'somebody'} may call the function today; the module does not let it in: grant it beside it"
        )
        reading.roles.ledger.left((*permission.below, "principal"), note)


_READERS: Mapping[str, Callable[[_Reading, StateResource], None]] = {
    "alias": _alias,
    "url": _url,
    "results": _results,
    "provisioned": _provisioned,
    "source": _source,
    "subscription": _subscription,
    "rule-target": _rule_target,
    "schedule": _schedule,
    "permission": _permission,
}


def _json(written: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what a text of JSON says; a held value stays one."""
    if not isinstance(written, str):
        return written
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return HeldValue("the source has no JSON here", None)
