"""Events of Serverless' functions: triggers, schedules and the routes of an HTTP API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.links import linked_resource
from rolewright.importer.expression import HeldValue, SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import listed, mapping, several, text
from rolewright.importer.workload import SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.importer.formats.serverless_service import ServerlessService
    from rolewright.yaml.load import PathInTree

_DATA = "serverless"
_OFF = "it is off today, and the module has no trigger that is off: add it when it is wanted"
_HEADER = "$request.header.Authorization"
_STREAM_ARN = re.compile(r"arn:[a-z-]{1,20}:(dynamodb|kinesis):")


def source_kind(kind: str, given: Any) -> str:  # noqa: ANN401 - YAML
    """Return what an event comes from: `dynamodb` or `kinesis` for a stream, else the event's own kind."""
    if kind != "stream":
        return kind
    arn = mapping(given).get("arn", given) if isinstance(given, dict) else given
    found = _STREAM_ARN.match(arn) if isinstance(arn, str) else None
    by_value = found[1] if found else "dynamodb" if "StreamArn" in str(arn) else ""
    return text(mapping(given).get("type")) or by_value or "kinesis"


def source_value(service: ServerlessService, kind: str, given: Any) -> Any:  # noqa: ANN401 - YAML
    """Return the ARN that an event comes from; that of a table's stream begins with the table's."""
    arn = given["arn"] if isinstance(given, dict) and "arn" in given else given
    match arn:
        case {"Fn::GetAtt": [str() as logical, "StreamArn"]}:
            pass
        case {"Fn::GetAtt": str() as path} if path.endswith(".StreamArn"):
            logical = path.removesuffix(".StreamArn")
        case _:
            return service.template.value(arn)
    table = service.template.reference(logical, "Arn")
    return SourceText.of(table, "/stream/*") if kind == "stream" and isinstance(table, SourceText) else table


class Events:
    """The events of one function, as they become fields of its workload."""

    def __init__(self, service: ServerlessService, key: str, workload: SourceWorkload) -> None:
        self.service = service
        self.key = key
        self.workload = workload
        self._callers: dict[str, Any] = {}

    def carry(self, path: PathInTree, events: Any) -> None:  # noqa: ANN401 - YAML
        """Carry the events of a list, each a mapping of one kind."""
        ways: dict[str, Callable[[PathInTree, Any], None]] = {
            "http": self._route,
            "httpApi": self._route,
            "schedule": self._schedule,
            "eventBridge": self._rule,
            "cloudwatchEvent": self._rule,
            "sqs": self._source,
            "sns": self._source,
            "stream": self._source,
        }
        reasons = format_data(_DATA).facts["events"]
        for number, event in enumerate(listed(events)):
            for kind, given in mapping(event).items() if isinstance(event, dict) else [(str(event), None)]:
                inside = (*path, number, kind) if isinstance(event, dict) else (*path, number)
                if kind in ways:
                    ways[kind](inside, given)
                elif kind in reasons:
                    self.service.ledger.left(inside, reasons[kind])

    def _append(self, kind: str, item: dict[str, Any]) -> None:
        self.workload.compute.setdefault("triggers", {}).setdefault(kind, []).append(item)

    def _is_off(self, path: PathInTree, given: Any) -> bool:  # noqa: ANN401 - YAML
        off = isinstance(given, dict) and self.service.value(given.get("enabled", True)) in (False, "false")
        if off:
            self.service.ledger.left(path, _OFF)
        return off

    # Queues, streams, tables and topics

    def _source(self, path: PathInTree, given: Any) -> None:  # noqa: ANN401 - YAML
        ledger, kind = self.service.ledger, str(path[-1])
        if self._is_off(path, given):
            return
        source = format_data(_DATA).facts["sources"].get(source_kind(kind, given), {})
        value = self._origin(kind, given)
        location = ledger.location(path)
        key = (
            linked_resource(self.service.template, self.workload, value, source.get("type", ""), location)
            if source
            else None
        )
        if key is None:
            ledger.left(path, f"it is not known what it comes from: {shown(value)}")
            return
        target = f"triggers.{source['to']}"
        scratch = SourceWorkload(self.workload.name, self.workload.type, {}, self.workload.resources)
        if isinstance(given, dict):
            table = format_data(_DATA).fields["stream" if kind == "stream" else kind]
            carry(table, ledger, path, scratch, self.service.value, target)
        item = {source["key"]: key, **mapping(mapping(scratch.compute.get("triggers")).get(source["to"]))}
        if kind == "stream":
            item.setdefault("batch_size", format_data(_DATA).facts["stream_batch"])
            position = text(mapping(given).get("startingPosition"), "TRIM_HORIZON")
            item["starting_position"] = position
            for name in ("type", "startingPosition"):
                if name in mapping(given):
                    ledger.derived((*path, name), f"compute.{target}", position if name != "type" else source["to"])
        if mapping(given).get("filterPolicyScope", "MessageAttributes") != "MessageAttributes":
            item.pop("filter", None)
            note = "a manifest filters by attributes, and this is about the body of messages"
            ledger.left((*path, "filterPolicy"), note)
        there = mapping(self.workload.compute.get("triggers")).get(source["to"], ())
        if any(each[source["key"]] == key for each in there):
            ledger.left(path, f"resources.{key} calls the function already; a manifest has one trigger of each")
            return
        self._append(source["to"], item)
        for name in ("arn", "topicName") if isinstance(given, dict) else ("",):
            if not name or name in given:
                ledger.derived((*path, name) if name else path, f"compute.{target}", f"resources.{key}")

    def _origin(self, kind: str, given: Any) -> Any:  # noqa: ANN401 - YAML
        """Return what names the resource that an event comes from."""
        if kind == "sns" and isinstance(given, dict) and "arn" not in given:
            return self.service.template.value(given.get("topicName"))
        value = source_value(self.service, kind, given)
        if isinstance(value, SourceText) and value.parts[-1:] == ("/stream/*",):
            return SourceText(value.parts[:-1])
        return _own_name(value) if source_kind(kind, given) == "dynamodb" else value

    # Times and events

    def _name(self, kind: str, wanted: Any) -> str:  # noqa: ANN401 - YAML
        there = [each.get("name") for each in mapping(self.workload.compute.get("triggers")).get(kind, ())]
        base = resource_key(wanted if isinstance(wanted, str) else kind.removesuffix("s"))[:28].rstrip("-")
        numbers = (f"{base}-{number}" for number in range(2, len(there) + 3))
        return next(name for name in (base, *numbers) if name not in there)

    def _schedule(self, path: PathInTree, given: Any) -> None:  # noqa: ANN401 - YAML
        if self._is_off(path, given):
            return
        ledger, details = self.service.ledger, mapping(given)
        rates = details.get("rate") if isinstance(given, dict) else given
        for rate in several(rates):
            item = {"name": self._name("schedules", details.get("name")), "expression": self.service.value(rate)}
            if isinstance(details.get("input"), dict):
                item["input"] = self.service.value(details["input"])
            if details.get("timezone") is not None:
                item["timezone"] = self.service.value(details["timezone"])
            self._append("schedules", item)
        if not isinstance(given, dict):
            ledger.carried(path, "compute.triggers.schedules")
        for name, value in details.items():
            inside = (*path, name)
            if name in ("rate", "timezone") or (name == "input" and isinstance(value, dict)):
                ledger.carried(inside, "compute.triggers.schedules")
            elif name in ("name", "method", "enabled"):
                ledger.derived(inside, "compute.triggers.schedules", "EventBridge Scheduler calls the function")
            elif name in ("input", "inputPath", "inputTransformer"):
                ledger.left(inside, "`input` of a schedule is a mapping, which the function gets as it is")
            elif name == "description":
                ledger.left(inside, "a manifest has no descriptions of schedules")

    def _rule(self, path: PathInTree, given: Any) -> None:  # noqa: ANN401 - YAML
        ledger, details = self.service.ledger, mapping(given)
        if self._is_off(path, given):
            return
        if details.get("schedule") is not None:
            item = {
                "name": self._name("schedules", details.get("name")),
                "expression": self.service.value(details["schedule"]),
            }
            self._append(
                "schedules", {**item, **({"input": details["input"]} if isinstance(details.get("input"), dict) else {})}
            )
            ledger.derived(
                (*path, "schedule"), "compute.triggers.schedules", "EventBridge Scheduler calls the function"
            )
            if isinstance(details.get("input"), dict):
                ledger.carried((*path, "input"), "compute.triggers.schedules")
            return
        name = "pattern" if "pattern" in details else "event"
        item = {"name": self._name("rules", details.get("name")), "pattern": self.service.value(details.get(name))}
        if not isinstance(item["pattern"], dict):
            ledger.left(path, "it has no event pattern that can be read")
            return
        bus = self.service.template.value(details.get("eventBus"))
        if bus is not None and bus != "default":
            bus = _own_name(bus)
            key = linked_resource(
                self.service.template, self.workload, bus, format_data(_DATA).facts["bus"], ledger.location(path)
            )
            item["bus"] = key or HeldValue(f"key of the event bus {shown(bus)} under resources", None)
            ledger.derived((*path, "eventBus"), "compute.triggers.rules", f"resources.{key}")
        self._append("rules", item)
        ledger.carried((*path, name), "compute.triggers.rules")
        for other in ("input", "inputPath", "inputTransformer", "retryPolicy", "deadLetterQueueArn", "description"):
            if other in details:
                ledger.left((*path, other), "a rule of a manifest gives the function each event as it is")

    # Requests

    def _route(self, path: PathInTree, given: Any) -> None:  # noqa: ANN401 - YAML
        """Carry a route of either API of Serverless: the module makes an HTTP API."""
        ledger, kind = self.service.ledger, str(path[-1])
        method, way = _method_and_path(self.service.value(given))
        if not way:
            ledger.left(path, "it does not say which requests it is for")
            return
        route = "$default" if way == "*" or (way == "/*" and method == "ANY") else f"{method} /{way.lstrip('/')}"
        api = self.workload.compute.setdefault("api", {"routes": []})
        if route not in api["routes"]:
            api["routes"].append(route)
        note = (
            "a REST API today: the module's HTTP API has another address, and sends payload format 2.0"
            if kind == "http"
            else "the module makes an API of its own: another address, and 100 requests a second but for `api.rate`"
        )
        for name in ("method", "path") if isinstance(given, dict) else ("",):
            ledger.derived((*path, name) if name else path, "compute.api.routes", note)
        for name in mapping(given):
            if name not in ("method", "path", "authorizer", "cors", "private"):
                ledger.left((*path, name), "the module's HTTP API has no such setting")
        self._cors(path, mapping(given).get("cors") if kind == "http" else self._api_setting("cors"))
        self._caller(path, kind, mapping(given))

    def _api_setting(self, name: str) -> Any:  # noqa: ANN401 - YAML
        return mapping(self.service.provider.get("httpApi")).get(name)

    def _cors(self, path: PathInTree, cors: Any) -> None:  # noqa: ANN401 - YAML
        if not cors:
            return
        details = mapping(self.service.value(cors))
        origins = details.get("origins", details.get("origin", details.get("allowedOrigins"))) or ["*"]
        there = self.workload.compute["api"].setdefault("cors_origins", [])
        there += [each for each in several(origins) if each not in there]
        at = (*path, "cors") if path[-1] == "http" else ("provider", "httpApi", "cors")
        self.service.ledger.derived(at, "compute.api.cors_origins", "the origins; the module allows the headers")

    def _caller(self, path: PathInTree, kind: str, given: Mapping[str, Any]) -> None:
        """Say who may call: the strictest of the routes holds for all, as a manifest has one answer."""
        ledger, api = self.service.ledger, self.workload.compute["api"]
        authorizer = self.service.value(given.get("authorizer"))
        shown_, found = self._authorization(kind, authorizer, private=bool(given.get("private")))
        for name in ("authorizer", "private"):
            if given.get(name):
                ledger.derived((*path, name), "compute.api.authorization", shown_)
        if not self._callers:
            self._callers = found
        elif found != self._callers:
            stricter = found if self._callers["authorization"] == "none" else self._callers
            if stricter["authorization"] != "jwt" or "none" not in (
                found["authorization"],
                self._callers["authorization"],
            ):
                stricter = {"authorization": "iam"}
            self._callers = stricter
            note = "the routes of this function let in different callers, and a manifest has one answer: the strictest"
            ledger.left(path, note)
        for name in ("authorization", "issuer", "audience"):
            api.pop(name, None)
        api |= self._callers

    def _authorization(self, kind: str, authorizer: Any, *, private: bool) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
        details = authorizer if isinstance(authorizer, dict) else {}
        name = text(details.get("name") or details.get("id")) if details else shown(authorizer)
        if text(details.get("type")).lower() == "aws_iam" or name.lower() == "aws_iam":
            return "callers sign", {"authorization": "iam"}
        if not authorizer:
            closed = "an API key is no permission: callers sign in place of it" if private else ""
            return closed, {"authorization": "iam" if private else "none"}
        declared = mapping(self.service.value(mapping(self._api_setting("authorizers")).get(name)))
        if details.get("scopes") or declared.get("identitySource", _HEADER) not in (_HEADER, [_HEADER]):
            note = "a manifest cannot say the scopes of a token, or where it stands: callers sign until you choose jwt"
            return note, {"authorization": "iam"}
        if kind == "httpApi" and text(declared.get("type")) in ("", "jwt") and declared.get("issuerUrl"):
            audience = declared.get("audience", [])
            tokens = {
                "issuer": declared["issuerUrl"],
                "audience": several(audience),
            }
            self.service.ledger.derived(("provider", "httpApi", "authorizers", name), "compute.api", "tokens")
            return "callers with a token", {"authorization": "jwt", **tokens}
        return f"a manifest cannot say the authorizer {name}: callers sign until you choose jwt", {
            "authorization": "iam"
        }

    def public_url(self, path: PathInTree, given: Any) -> None:  # noqa: ANN401 - YAML
        """Carry the URL of a function, which only callers that sign may call here."""
        if not given:
            return
        ledger, details = self.service.ledger, mapping(given)
        self.workload.compute["url"] = {}
        carry(format_data(_DATA).fields["url"], ledger, path, self.workload, self.service.value, "url")
        origins = mapping(details.get("cors")).get("allowedOrigins", ["*"])
        if details.get("cors"):
            self.workload.compute["url"]["cors_origins"] = self.service.value(origins)
            ledger.derived((*path, "cors"), "compute.url.cors_origins", "the origins")
        if self.service.value(details.get("authorizer")) == "aws_iam":
            ledger.derived((*path, "authorizer"), "compute.url", "callers sign")
        else:
            ledger.derived(path, "compute.url", "anybody may call it today; here callers sign with a role of theirs")


def _method_and_path(given: Any) -> tuple[str, str]:  # noqa: ANN401 - YAML
    if isinstance(given, dict):
        method, way = text(given.get("method"), "*"), given.get("path")
        way = way if isinstance(way, str) else ""
    elif isinstance(given, str):
        method, _, way = given.strip().partition(" ")
        method, way = (method, way.strip()) if way else ("*", "*" if method == "*" else "")
    else:
        return "", ""
    return "ANY" if method.lower() in ("*", "any") else method.upper(), way


def _own_name(value: Any) -> Any:  # noqa: ANN401 - a text, or parts of one
    """Return the name in the ARN of a bus or table: that of a function's events is always of its own account."""
    return value.partition("/")[2].partition("/")[0] or value if isinstance(value, str) else value
