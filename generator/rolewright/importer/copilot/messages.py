"""Topics that a workload publishes to, and queues that it consumes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.copilot.application import DATA
from rolewright.importer.expression import OfResource, PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.names import resource_key
from rolewright.importer.shapes import mapping, mappings, text
from rolewright.importer.workload import SourceResource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.copilot.reading import ManifestReading
    from rolewright.yaml.load import PathInTree

_KEY_FORM = "00000000-0000-4000-8000-{:012}"


def read_topics(reading: ManifestReading) -> None:
    """Read `publish.topics`: Copilot makes each in the workload's stack, and tells the code of all in one variable."""
    application, workload = reading.application, reading.workload
    type_ = format_data(DATA).facts["resources"]["topic"]
    arns: list[Any] = []
    for number, topic in mappings(mapping(reading.data.get("publish")).get("topics")):
        path = ("publish", "topics", number)
        name = text(topic.get("name"))
        if not name:
            continue
        ending = ".fifo" if topic.get("fifo") else ""
        full = SourceText.of(application.named, "-", application.environment, f"-{reading.name}-{name}{ending}")
        key = resource_key(name)
        entry = {"type": type_, "name": full, "access": ["publish"]}
        key = workload.add(key, entry, reading.ledger.location(path))
        arns += [", " if arns else "", f'"{name}": "', _topic(reading, f"topic {name}", type_, full), '"']
        reading.ledger.derived(path, f"resources.{key}", "the topic stays in the workload's stack until it is moved")
        if "allowed_workers" in topic:
            note = "in this topic's policy; subscriptions are made where the queues are"
            reading.ledger.left((*path, "allowed_workers"), note)
    if arns:
        reading.set("environment.COPILOT_SNS_TOPIC_ARNS", SourceText.of("{", *arns, "}"), "publish")


def read_queues(reading: ManifestReading, *, worker: bool) -> None:
    """Read `subscribe`: the queue of a Worker Service, and those of single topics, which Copilot's stack has."""
    subscribe = mapping(reading.data.get("subscribe"))
    if not worker and not subscribe:
        return
    ledger = reading.ledger
    if reading.environment is not None or not reading.application.environments:
        urls = [_queue(reading, "EventsQueue", format_data(DATA).facts["queue_key"], ("subscribe",), subscribe)]
        reading.set("environment.COPILOT_QUEUE_URI", SourceText.of(urls[0]), "subscribe")
        single: list[Any] = []
        for number, topic in mappings(subscribe.get("topics")):
            if not topic.get("queue"):
                continue
            service, name = (re.sub(r"[^A-Za-z0-9]", "", text(topic.get(part))) for part in ("service", "name"))
            key = resource_key(f"{text(topic.get('service'))}-{text(topic.get('name'))}")
            url = _queue(reading, f"{service}{name}EventsQueue", key, ("subscribe", "topics", number), topic)
            single += [", " if single else "", f'"{service}{name.capitalize()}EventsQueue": "', url, '"']
        if single:
            reading.set("environment.COPILOT_TOPIC_QUEUE_URIS", SourceText.of("{", *single, "}"), "subscribe")
    for number, _ in mappings(subscribe.get("topics")):
        note = "the subscription and the queue's policy stay in the workload's stack, or are made where the topic is"
        ledger.left(("subscribe", "topics", number), note)
    if subscribe:
        carry(format_data(DATA).fields["subscribe"], ledger, ("subscribe",), reading.workload)


def _queue(
    reading: ManifestReading, logical: str, key: str, path: PathInTree, described: Mapping[str, Any]
) -> OfResource:
    """Add a queue and its dead letters; return its URL."""
    types = format_data(DATA).facts["resources"]
    stack = reading.stack
    fifo = ".fifo" if mapping(described.get("queue")).get("fifo") else ""
    id_ = UnknownPart(f"id of key EventsKMSKey of stack {stack}", _KEY_FORM)
    kms_key = SourceText.of(
        "arn:", PlaceName("partition"), ":kms:", PlaceName("region"), ":", PlaceName("account"), ":key/", id_
    )
    form = f"{UnknownPart.form}{fifo}"
    name = SourceText.of(UnknownPart(f"name of queue {logical} of stack {stack}", form))
    entry = {"type": types["queue"], "name": name, "kms_key": kms_key, "access": ["consume"]}
    key = reading.workload.add(key, entry, reading.ledger.location(path))
    if mapping(described.get("queue")).get("dead_letter"):
        dead = logical.replace("EventsQueue", "DeadLetterQueue")
        reading.beside[dead] = {**entry, "name": SourceText.of(UnknownPart(f"name of queue {dead}", form))}
        reading.ledger.left(
            (*path, "queue", "dead_letter"),
            "it stays as it is; the code may read the dead letters today: name that queue as a resource if it does",
        )
    reading.described.setdefault(key, SourceResource(types["queue"], {"name": name}))
    return OfResource(key, "url", None, f"URL of queue {logical}")


def _topic(reading: ManifestReading, logical: str, type_: str, name: SourceText) -> OfResource:
    place = PlaceName("partition"), PlaceName("region"), PlaceName("account")
    known = SourceText.of("arn:", place[0], ":sns:", place[1], ":", place[2], ":", name)
    reading.described[logical] = SourceResource(type_, {"name": name})
    return OfResource(logical, "arn", known, "")
