"""What keeps a service running: the number of its tasks, its network, and what reaches it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.importer.convert import CONVERSIONS, NotCarriedError
from rolewright.importer.copilot.application import DATA, NETWORK
from rolewright.importer.copilot.reading import NetworkValue
from rolewright.importer.expression import HeldValue, OfInput, SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.shapes import listed, mapping, mappings, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.copilot.reading import ManifestReading

_RANGE = re.compile(r"([0-9]{1,4})-([0-9]{1,4})")
_MILLISECONDS = re.compile(r"([0-9]{1,9})ms")
_MOST_CONDITIONS = 5
"""Hosts and paths of one listener rule."""


def read_service(reading: ManifestReading, kind: Mapping[str, Any], groups: str) -> None:
    """Read the fields of a service; `groups` are security groups of addons, in words, "" for none."""
    _count(reading)
    read_network(reading, "service", groups)
    if mapping(reading.data.get("network")).get("connect"):
        _connect(reading)
    elif "connect" in mapping(reading.data.get("network")):
        reading.ledger.carried(("network", "connect"), "compute.service.connect", "which is what happens without it")
    if reading.data.get("http") is False:
        reading.ledger.carried(("http",), "compute.service.load_balancer", "the service has none")
    elif kind["balanced"] or "http" in reading.data:
        _load_balancer(reading, kind)


def _count(reading: ManifestReading) -> None:
    count = reading.data.get("count", 1)
    ledger = reading.ledger
    if not isinstance(count, dict):
        try:
            number = CONVERSIONS["number"](count)
        except NotCarriedError as error:
            ledger.left(("count",), f"{error}: give desired, or autoscaling")
            return
        reading.set("service.desired", number, "count")
        if "count" in reading.data:
            ledger.carried(("count",), "compute.service.desired")
        return
    if "spot" in count:
        reading.set("service.desired", count["spot"], "count", "spot")
        reading.set("service.spot", True, "count", "spot")  # noqa: FBT003 - a value
        ledger.carried(("count", "spot"), "compute.service.desired")
        ledger.derived(("count", "spot"), "compute.service.spot", "true")
    limits = _limits(count.get("range"))
    if limits is None:
        return
    for name, value in limits.items():
        reading.set(f"service.autoscaling.{name}", value, "count", "range")
    note = "as min and max"
    if "cpu_percentage" not in count:
        note += "; the module also keeps the use of CPU to cpu_percent, 60 if left out"
    ledger.derived(("count", "range"), "compute.service.autoscaling.min", note)
    spot = mapping(count["range"]).get("spot_from")
    if isinstance(spot, int) and spot > 1:
        mix = [{"provider": "FARGATE", "base": spot - 1, "weight": 0}, {"provider": "FARGATE_SPOT", "weight": 1}]
        reading.set("service.mix", mix, "count", "range")
        ledger.derived(("count", "range", "spot_from"), "compute.service.mix", "from that task on, all on FARGATE_SPOT")
    elif spot is not None:
        reading.set("service.spot", True, "count", "range")  # noqa: FBT003 - a value
        ledger.derived(("count", "range", "spot_from"), "compute.service.spot", "from the first task on")
    _targets(reading, count)


def _limits(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - YAML
    found = _RANGE.fullmatch(text(value))
    if found:
        return {"min": int(found[1]), "max": int(found[2])}
    limits = mapping(value)
    return {name: limits[name] for name in ("min", "max")} if "min" in limits and "max" in limits else None


def _targets(reading: ManifestReading, count: Mapping[str, Any]) -> None:
    for name, target in format_data(DATA).facts["scaling"].items():
        value = mapping(count.get(name)).get("value", count.get(name))
        if value is None or isinstance(value, dict):
            continue
        reading.set(f"service.autoscaling.{target}", value, "count", name)
        place = ("count", name, "value") if isinstance(count[name], dict) else ("count", name)
        reading.ledger.carried(place, f"compute.service.autoscaling.{target}")
    carry(format_data(DATA).fields["count"], reading.ledger, (), reading.workload)
    delay = mapping(count.get("queue_delay"))
    latency, single = (_milliseconds(delay.get(part)) for part in ("acceptable_latency", "msg_processing_time"))
    if latency and single:
        backlog = {"queue": format_data(DATA).facts["queue_key"], "per_task": max(1, latency // single)}
        reading.set("service.autoscaling.backlog", backlog, "count", "queue_delay")
        note = "as many messages as one task handles in that time"
        reading.ledger.derived(("count", "queue_delay"), "compute.service.autoscaling.backlog", note)
    elif delay:
        reading.ledger.left(
            ("count", "queue_delay"), "it takes acceptable_latency and msg_processing_time, both durations"
        )


def _milliseconds(value: Any) -> int:  # noqa: ANN401 - YAML
    """Return the milliseconds of a duration such as `250ms`; 0 for anything else."""
    found = _MILLISECONDS.fullmatch(text(value))
    if found:
        return int(found[1])
    try:
        return int(CONVERSIONS["seconds"](value)) * 1000
    except NotCarriedError:
        return 0


def read_network(reading: ManifestReading, target: str, groups: str) -> None:
    """Read where tasks run, into a field of `compute`; `groups` are security groups of addons, in words."""
    ledger, application = reading.ledger, reading.application
    vpc = mapping(mapping(reading.data.get("network")).get("vpc"))
    placement = vpc.get("placement", "public")
    named = listed(mapping(placement).get("subnets"))
    kind = "private" if placement == "private" else "public"
    found = reading.environment.network.get(kind) if reading.environment else None
    subnets = NetworkValue("subnets", "subnet-ids", "Subnets of the tasks", "")
    if named and all(isinstance(subnet, str) for subnet in named):
        _want(reading, f"{target}.subnet_ids", replace(subnets, what=", ".join(named), value=named))
    elif isinstance(placement, dict):
        which = "subnets that `network.vpc.placement` says"
        _want(reading, f"{target}.subnet_ids", replace(subnets, what=which))
    elif found:
        here = replace(subnets, what=", ".join(found), value=found, path=NETWORK[kind])
        _want(reading, f"{target}.subnet_ids", here)
    else:
        which = f"{kind.capitalize()}Subnets of stack {application.stack()}"
        _want(reading, f"{target}.subnet_ids", replace(subnets, what=which))
    public = not isinstance(placement, dict) and kind == "public"
    if public:
        reading.set(f"{target}.public_ip", True, "network")  # noqa: FBT003 - a value
    if "placement" in vpc:
        place = ("network", "vpc", "placement")
        ledger.derived(place, f"compute.{target}.subnet_ids", "the subnets of the tasks")
        ledger.derived(place, f"compute.{target}.public_ip", f"{'with' if public else 'without'} a public address")
    _groups(reading, target, vpc.get("security_groups"), groups)


def _groups(reading: ManifestReading, target: str, value: Any, addons: str) -> None:  # noqa: ANN401 - YAML
    described = mapping(value)
    own = listed(described.get("groups", value))
    ledger = reading.ledger
    path = ("network", "vpc", "security_groups")
    alone = described.get("deny_default") is True
    if value is not None:
        note = "without that of the environment" if alone else "with that of the environment"
        ledger.derived(path, f"compute.{target}.security_group_ids", note)
    environment = f"EnvironmentSecurityGroup of stack {reading.application.stack()}"
    names = [] if alone else [environment]
    names += [text(group) or f"export {text(mapping(group).get('from_cfn'))}" for group in own]
    names += [addons] if addons else []
    known = alone and own and all(isinstance(group, str) for group in own) and not addons
    groups = NetworkValue(
        "security-groups", "security-group-ids", "Of the tasks", ", ".join(names), own if known else None
    )
    _want(reading, f"{target}.security_group_ids", groups)


def _want(reading: ManifestReading, target: str, wanted: NetworkValue) -> None:
    """Set a value of the network, or let the calling Terraform give it: it is of another stack."""
    reading.wanted[target] = wanted
    value = SourceText.of(OfInput(wanted.name)) if wanted.value is None else wanted.value
    reading.set(target, value, "network" if "network" in reading.data else "name")


def _connect(reading: ManifestReading) -> None:
    """Read Service Connect: Copilot's namespace is ENVIRONMENT.APPLICATION.local, and a name is the workload's."""
    application = reading.application
    connect = mapping(reading.data["network"])["connect"]
    namespace = SourceText.of(application.environment, ".", application.named, ".local")
    reading.set("service.connect.namespace", namespace, "network", "connect")
    if "port" in reading.workload.compute:
        alias = mapping(connect).get("alias")
        reading.set("service.connect.name", alias or reading.name, "network", "connect")
    note = "in the namespace that the environment's stack has; callers need their port under egress or in their groups"
    reading.ledger.derived(("network", "connect"), "compute.service.connect", note)


def _load_balancer(reading: ManifestReading, kind: Mapping[str, Any]) -> None:
    http = mapping(reading.data.get("http"))
    stack = reading.application.stack("", reading.environment.name if reading.environment else "")
    which = (
        "InternalHTTPSListenerArn or InternalHTTPListenerArn"
        if kind["internal"]
        else "HTTPSListenerArn or HTTPListenerArn"
    )
    imported = text(http.get("alb"))
    place = f"a listener of load balancer {imported}" if imported else f"{which} of stack {reading.application.stack()}"
    _want(reading, "service.load_balancer.listener", NetworkValue("listener", "listener-arn", "Listener", place))
    found = reading.environment.network.get("vpc") if reading.environment else None
    vpc = NetworkValue("vpc", "vpc-id", "", f"VpcId of stack {reading.application.stack()}")
    if found:
        vpc = replace(vpc, what=found, value=found, path=NETWORK["vpc"])
    _want(reading, "service.vpc_id", vpc)
    if reading.environment is not None or not reading.application.environments:
        whose = f"load balancer {imported}" if imported else f"the load balancer of stack {stack}"
        held = HeldValue(f"security group of {whose}", "sg-0123456789abcdef0")
        reading.set("service.load_balancer.security_group_id", held, "http")
    order = HeldValue("priority of the rule among those of the listener: a free one, before wider paths", 100)
    reading.set("service.load_balancer.priority", order, "http")
    _conditions(reading, http)
    _health_check(reading, http.get("healthcheck"))
    carry(format_data(DATA).fields["http"], reading.ledger, ("http",), reading.workload) if http else None
    if imported:
        reading.ledger.derived(("http", "alb"), "compute.service.load_balancer.listener", "one of its listeners")


def _conditions(reading: ManifestReading, http: Mapping[str, Any]) -> None:
    """Read the hosts and the paths whose requests come to the service (docs: "http.path", "http.alias")."""
    ledger = reading.ledger
    alias = http.get("alias")
    hosts = [text(alias)] if text(alias) else [text(mapping(host).get("name"), text(host)) for host in listed(alias)]
    path = text(http.get("path"), "/")
    inner = path.strip("/")
    paths = [f"/{inner}", f"/{inner}/*"] if inner else ([] if hosts else ["/*"])
    fitting = hosts[: _MOST_CONDITIONS - len(paths)]
    for name, values in (("hosts", fitting), ("paths", paths)):
        if values:
            reading.set(f"service.load_balancer.{name}", values, "http", "alias" if name == "hosts" else "path")
    if "path" in http:
        target = "compute.service.load_balancer.paths" if paths else "compute.service.load_balancer.hosts"
        ledger.derived(("http", "path"), target, "and all below it" if paths else "all paths of the hosts")
    if len(fitting) < len(hosts):
        reason = f"a rule has {_MOST_CONDITIONS} hosts and paths: {', '.join(hosts[len(fitting) :])} need another rule"
        ledger.left(("http", "alias"), reason)
    elif "alias" in http:
        ledger.derived(
            ("http", "alias"), "compute.service.load_balancer.hosts", "the records of the DNS stay where they are"
        )
    for number, host in mappings(alias):
        if "hosted_zone" in host:
            ledger.left(("http", "alias", number, "hosted_zone"), "the module makes no records of the DNS")


def _health_check(reading: ManifestReading, value: Any) -> None:  # noqa: ANN401 - YAML
    described = mapping(value)
    path = text(value) or text(described.get("path"))
    place = ("http", "healthcheck", "path") if described else ("http", "healthcheck")
    if path:
        target = "service.load_balancer.health_check_path"
        reading.set(target, path if path.startswith("/") else f"/{path}", *place)
        reading.ledger.carried(place, f"compute.{target}")
    grace = described.get("grace_period")
    if grace is not None:
        inside = (*place[:2], "grace_period")
        try:
            reading.set("service.load_balancer.grace_period", CONVERSIONS["seconds"](grace), *inside)
            reading.ledger.derived(inside, "compute.service.load_balancer.grace_period", "in seconds")
        except NotCarriedError as error:
            reading.ledger.left(inside, str(error))
