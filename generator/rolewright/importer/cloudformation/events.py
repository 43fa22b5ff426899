"""The events of a function: triggers, routes of an HTTP API, schedules; and why others have no place in a manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.function_fields import DATA, target_kind
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.links import linked_resource
from rolewright.importer.expression import HeldValue, SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.importer.workload import SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.ledger import Ledger
    from rolewright.yaml.load import PathInTree

_NOWHERE = "write the trigger by hand"


def carry_events(template: StackTemplate, workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the events of a function of SAM."""
    facts = format_data(DATA).facts
    for name, event in mapping(ledger.tree.data.get("Events")).items():
        path: PathInTree = ("Events", name)
        type_ = text(mapping(event).get("Type"))
        properties = mapping(mapping(event).get("Properties"))
        rule = facts["events"].get(type_)
        if rule is None:
            if type_ != facts["http_api"]:
                ledger.left(path, facts["not_events"].get(type_, f"a manifest has no trigger of this type ({type_})"))
            continue
        ledger.carried((*path, "Type"), f"compute.triggers.{rule['list']}")
        carry_event(template, workload, ledger, (*path, "Properties"), properties, rule, text(name))


def carry_event(
    template: StackTemplate,
    workload: SourceWorkload,
    ledger: Ledger,
    path: PathInTree,
    properties: Mapping[str, Any],
    rule: Mapping[str, Any],
    name: str,
) -> None:
    """Carry one event, or event source mapping, as a trigger."""
    below = f"triggers.{rule['list']}"
    switches = [properties.get(name) for name in ("Enabled", "State")]
    unclear = next((value for value in switches if isinstance(value, SourceText)), None)
    if unclear is not None:
        ledger.left(path, f"whether it is on today is not known, as it is {shown(unclear)}: {_NOWHERE}")
        return
    if _off(properties) and rule.get("named") and "key" not in rule:
        ledger.left(path, "it is off today, and the module's schedules are always on")
        return
    entry: dict[str, Any] = {"name": resource_key(name)[:32].rstrip("-")} if rule.get("named") else {}
    if "key" in rule:
        field = rule["from"] if rule["from"] in properties else "EventSourceArn"
        value = properties.get(field)
        key = linked_resource(template, workload, value, rule["type"], ledger.location((*path, field)))
        if key is None and not rule.get("optional"):
            ledger.left(path, f"what it is called by is not known, as it is {shown(value)}: {_NOWHERE}")
            return
        if key is not None:
            entry[rule["key"]] = key
            ledger.carried((*path, field), f"compute.{below}.{rule['key']}", f"resources.{key}")
    made = SourceWorkload(workload.name, workload.type)
    carry(format_data(DATA).fields[rule["fields"]], ledger, path, made, below=below)
    entry |= mapping(mapping(made.compute.get("triggers")).get(rule["list"]))
    entry |= _filters(properties, ledger, path)
    entry |= _failures(template, workload, ledger, path, properties)
    entry |= _input(properties, ledger, path) if rule["list"] == "schedules" else {}
    if properties.get("FilterPolicyScope", "MessageAttributes") != "MessageAttributes":
        entry.pop("filter", None)
        ledger.left((*path, "FilterPolicy"), "a manifest filters by attributes, and this is about the body of messages")
    triggers = workload.compute.setdefault("triggers", {}).setdefault(rule["list"], [])
    triggers.append(entry)
    workload.origins["compute", "triggers", rule["list"], str(len(triggers) - 1)] = ledger.location(path)


def _off(properties: Mapping[str, Any]) -> bool:
    return str(properties.get("Enabled", True)).lower() == "false" or properties.get("State") == "DISABLED"


def _filters(properties: Mapping[str, Any], ledger: Ledger, path: PathInTree) -> dict[str, Any]:
    """Return the filters, each of which is a text of JSON."""
    inside = (*path, "FilterCriteria")
    found = []
    for _, each in mappings(mapping(properties.get("FilterCriteria")).get("Filters")):
        pattern = _json(each.get("Pattern"))
        if pattern is None:
            ledger.left(inside, f"a filter is no JSON: {shown(each.get('Pattern'))}")
            return {"filters": [HeldValue("a filter of the source that could not be read", {"body": ["x"]})]}
        found.append(pattern)
    if found:
        ledger.derived(inside, "filters", "as patterns in place of texts")
    return {"filters": found} if found else {}


def _json(value: Any) -> Any | None:  # noqa: ANN401 - JSON
    """Return an object that is a text of JSON, or None."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _failures(
    template: StackTemplate,
    workload: SourceWorkload,
    ledger: Ledger,
    path: PathInTree,
    properties: Mapping[str, Any],
) -> dict[str, Any]:
    target = mapping(mapping(properties.get("DestinationConfig")).get("OnFailure"))
    value = target.get("Destination")
    inside = (*path, "DestinationConfig")
    if value is None:
        return {}
    kind = format_data(DATA).facts["targets"].get(text(target.get("Type"))) or target_kind(value)
    if kind is None:
        ledger.left(inside, f"it names {shown(value)}, which is not known: write it as on_failure of the trigger")
        return {}
    key = linked_resource(template, workload, value, kind["type"], ledger.location(inside))
    if key is None:
        return {}
    ledger.carried(inside, "on_failure", f"resources.{key}")
    return {"on_failure": key}


def _input(properties: Mapping[str, Any], ledger: Ledger, path: PathInTree) -> dict[str, Any]:
    if "Input" not in properties:
        return {}
    found = _json(properties["Input"])
    if found is None:
        ledger.left((*path, "Input"), "the input of a schedule is an object, and this is none")
        return {}
    ledger.derived((*path, "Input"), "input", "as an object in place of a text")
    return {"input": found}


def carry_url(workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the function's URL, if callers have to sign."""
    url = mapping(ledger.tree.data.get("FunctionUrlConfig"))
    path: PathInTree = ("FunctionUrlConfig",)
    if not url:
        return
    if text(url.get("AuthType")) != "AWS_IAM":
        ledger.left(path, "anybody may call this URL; the module's takes signed requests alone, `api` others as well")
        return
    value: dict[str, Any] = {"stream": True} if text(url.get("InvokeMode")) == "RESPONSE_STREAM" else {}
    origins = listed(mapping(url.get("Cors")).get("AllowOrigins"))
    workload.set("url", {**value, **({"cors_origins": origins} if origins else {})}, ledger.location(path))
    for field in ("AuthType", "InvokeMode"):
        ledger.carried((*path, field), "compute.url")
    ledger.carried((*path, "Cors", "AllowOrigins"), "compute.url.cors_origins")
