"""The VPC endpoints by which the calls of verbs reach AWS, as `facts/endpoints.yaml` of the blueprints has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.blueprint.facts import FactTable
    from rolewright.blueprint.model import Verb


@dataclass(frozen=True)
class Way:
    """How calls reach a service from a network without a way to the Internet.

    `interface` and `gateway` are endpoints, whose names follow `com.amazonaws.REGION.`; `without` says why there are
    none, and is "" where there are.
    """

    interface: tuple[str, ...]
    gateway: tuple[str, ...]
    without: tuple[str, ...]


def endpoint_lines(type_: str, verbs: Iterable[Verb], table: FactTable) -> list[str]:
    """Return a line for the narrow verbs of a type that need the same endpoints, those of most verbs last.

    Those are called all others only where something is known of each verb.
    """
    by_way: dict[Way | None, list[str]] = {}
    for verb in verbs:
        by_way.setdefault(way_of(type_, verb, table), []).append(f"`{verb.name}`")
    unknown = by_way.pop(None, [])
    ways = [way for way in sorted(by_way, key=lambda way: len(by_way[way])) if way is not None]
    names = [f"{', '.join(by_way[way])}: " for way in ways]
    if ways and not unknown:
        names[-1] = "all others: " if len(ways) > 1 else ""
    return [f"- {name}{_said(way)}" for name, way in zip(names, ways, strict=True)]


def way_of(type_: str, verb: Verb, table: FactTable) -> Way | None:
    """Return how the calls of a verb reach AWS, or None if one of its actions is not known or none is called.

    What the table says of `TYPE.VERB` goes before what it says of the actions.
    """
    names = {action.replace(":", ".", 1) for actions in verb.allow.values() for action in actions}
    own = table.names.get(f"{type_}.{verb.name}")
    known = [own] if own is not None else [table.of(name) for name in sorted(names)]
    called = [facts for facts in known if facts.get("calls", True)]
    if not called or not all(called):
        return None
    reached = [facts for facts in called if facts.get("interface") or facts.get("gateway")]
    return Way(
        tuple(sorted({name for facts in reached for name in facts.get("interface", ())})),
        tuple(sorted({facts["gateway"] for facts in reached if facts.get("gateway")})),
        tuple(sorted({facts["without"] for facts in called if facts not in reached})),
    )


def _said(way: Way) -> str:
    parts = [f"the interface endpoint {_name(name)}" for name in way.interface if name not in way.gateway]
    for name in way.gateway:
        also = ", or an interface endpoint of that name" if name in way.interface else ""
        parts.append(f"the gateway endpoint {_name(name)}{also}")
    return "; ".join([*parts, *(f"none: {reason}" for reason in way.without)])


def _name(service: str) -> str:
    return f"`com.amazonaws.REGION.{service}`"
