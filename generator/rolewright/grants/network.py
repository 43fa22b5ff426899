"""Workload and Catalog → the ports on which the code reaches what it declares, for security groups and their owners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import LeftOutError, fill
from rolewright.core.finding import Finding
from rolewright.manifest.derived import is_given
from rolewright.manifest.resources import resource_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Workload


@dataclass(frozen=True)
class ReachedPort:
    """A port besides 443 on which the code reaches `resources`, given by their keys.

    `number` is None where it is not the same for all environments.
    """

    protocol: str
    number: int | None
    resources: tuple[str, ...]


def reached_ports(workload: Workload, catalog: Catalog) -> tuple[ReachedPort, ...]:
    """Return the ports besides 443 of all that the code has access to, each once; the unknown ones come last."""
    found: dict[tuple[str, int | None], list[str]] = {}
    for key, resource in workload.resources.items():
        blueprint = catalog.resources[resource.type]
        for port in blueprint.ports if resource.access else ():
            if is_given(port.when, resource.fields, {}) and not (
                port.unless and is_given(port.unless, resource.fields, {})
            ):
                try:
                    text = fill(port.number, resource_scope(resource, blueprint)).literal
                except LeftOutError:
                    text = None
                found.setdefault((port.protocol, None if text is None else int(text)), []).append(key)
    ports = (ReachedPort(protocol, number, tuple(keys)) for (protocol, number), keys in found.items())
    return tuple(sorted(ports, key=lambda port: (port.number is None, port.number or 0, port.protocol)))


def opened_ports(workload: Workload, catalog: Catalog) -> tuple[ReachedPort, ...]:
    """Return the ports that the module's own security group lets out to anywhere: those not listed as `egress`."""
    listed = {(entry.get("protocol", "tcp"), entry["port"]) for entry in _egress(workload, catalog)}
    return tuple(
        port
        for port in reached_ports(workload, catalog)
        if port.number is not None and (port.protocol, port.number) not in listed
    )


def unknown_ports(workload: Workload, catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for each resource whose port the module's own security group would have to know."""
    network = catalog.computes[workload.compute.type].network
    fields, derived = workload.compute.fields, workload.compute.derived
    if network is None or not network.when or not is_given(network.when, fields, derived):
        return
    if any(is_given(name, fields, derived) for name in network.given):
        return
    for port in reached_ports(workload, catalog):
        for key in port.resources if port.number is None else ():
            yield Finding(
                "network-port",
                f"the module makes a security group, and `{key}` is not reached on the same port in all environments",
                "give the same `port` for all environments, or security groups of your own",
                workload.locate(f"resources.{key}"),
                f"resources.{key}",
            )


def _egress(workload: Workload, catalog: Catalog) -> list[dict[str, Any]]:
    """Return the entries of the field that lists where else the code may connect to."""
    network = catalog.computes[workload.compute.type].network
    node: Any = workload.compute.fields
    for step in network.egress.split(".") if network and network.egress else ():
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, list) else []
