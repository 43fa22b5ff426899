"""The checked YAML of one blueprint → its values."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.blocks import read_blocks, several
from rolewright.blueprint.interpolation import names
from rolewright.blueprint.model import (
    INJECTION,
    Admission,
    Agreement,
    Companion,
    ComputeBlueprint,
    Creation,
    CrossAccount,
    CrossFieldRule,
    Exclusion,
    NameRule,
    NetworkBlueprint,
    PlatformGrant,
    PolicyBlueprint,
    PortBlueprint,
    ResourceBlueprint,
    RoleBlueprint,
    ScopeRule,
    Sign,
    Verb,
)
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def read_resource(type_: str, data: Mapping[str, Any]) -> ResourceBlueprint:
    """Read a resource type from YAML that fits the blueprints' schema."""
    creation, injection = data.get("create"), data.get("injection")
    scope = data.get("scope", {})
    return ResourceBlueprint(
        type=type_,
        summary=data["summary"],
        service=data["service"],
        terraform=data.get("terraform", ""),
        fields=data["fields"],
        required=tuple(data["required"]),
        rules=_rules(data),
        arns=data.get("arns", {}),
        optional=tuple(data.get("optional", ())),
        attributes=data.get("attributes", {}),
        create=None
        if creation is None
        else Creation(
            f"resources/{type_}/create.tf.j2",
            creation.get("requires", {}),
            creation.get("arns", {}),
            creation.get("attributes", {}),
            creation.get("fields", {}),
            tuple(creation.get("required", ())),
            creation.get("needs", {}),
            _policies(creation),
            read_blocks(creation.get("blocks", {})),
        ),
        verbs={name: _verb(name, verb) for name, verb in data["access"].items()},
        injection=None if injection is None else _verb(INJECTION, {**injection, "class": "read"}),
        injection_value="" if injection is None else injection["value"],
        injection_part="" if injection is None else injection.get("part", ""),
        injection_part_value="" if injection is None else injection.get("part_value", ""),
        scope={name: _scopes(entry for entry in entries if "actions" in entry) for name, entries in scope.items()},
        exclusions={
            name: tuple(Exclusion(tuple(e["excludes"]), e["because"]) for e in entries if "excludes" in e)
            for name, entries in scope.items()
        },
        companions=_companions(data),
        agreements=tuple(
            Agreement(a["to"], tuple(a["verbs"]), a.get("when", ""), a.get("unless", ""), a["document"])
            for a in data.get("agreements", ())
        ),
        cross_account=_cross_account(data.get("cross_account", {})),
        pitfalls=tuple(data.get("pitfalls", ())),
        ports=tuple(
            PortBlueprint(str(port["port"]), port.get("protocol", "tcp"), port.get("when", ""), port.get("unless", ""))
            for port in data.get("ports", ())
        ),
    )


def _cross_account(data: Mapping[str, Any]) -> CrossAccount:
    impossible = data.get("impossible", "this cannot be shared with another account")
    resource = data.get("resource", "arn") or ""
    return CrossAccount(data.get("policy", ""), resource, impossible, data.get("owner", ""))


def _rules(data: Mapping[str, Any]) -> tuple[CrossFieldRule, ...]:
    return tuple(
        CrossFieldRule(
            Schema(rule.get("when", {})),
            Schema(rule["require"]),
            rule.get("at", ""),
            rule["message"],
            rule["remedy"],
            each_of(rule),
            rule.get("of", ""),
            rule.get("among", ""),
            rule.get("named_by", ""),
            rule.get("severity", "error"),
            rule.get("pairs", False),
        )
        for rule in data.get("rules", ())
    )


def each_of(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the paths of what a rule is about each element of."""
    each = rule.get("each", [])
    return (each,) if isinstance(each, str) else tuple(each)


def _scopes(entries: Iterable[Mapping[str, Any]]) -> tuple[ScopeRule, ...]:
    return tuple(
        ScopeRule(tuple(entry["actions"]), tuple(entry.get("arns", ())), entry["conditions"], entry.get("each", ""))
        for entry in entries
    )


def _verb(name: str, data: Mapping[str, Any]) -> Verb:
    return Verb(
        name,
        data.get("class", ""),
        data.get("summary", ""),
        {arn: tuple(actions) for arn, actions in data.get("allow", {}).items()},
        tuple(data.get("of", ())),
        _scopes(data.get("scope", ())),
    )


def _companions(data: Mapping[str, Any]) -> Mapping[str, tuple[Companion, ...]]:
    return {name: tuple(map(_companion, companions)) for name, companions in data.get("companions", {}).items()}


def _companion(data: Mapping[str, Any]) -> Companion:
    return Companion(
        data["sid"],
        tuple(data.get("verbs", ())),
        data.get("owner", False),
        data.get("always", False),
        several(data.get("when", ())),
        several(data.get("unless", ())),
        data.get("each", ""),
        Schema(data.get("only", {})),
        data.get("principals", {}),
        tuple(data["actions"]),
        tuple(data["resources"]),
        data.get("conditions", {}),
        data["summary"],
    )


def read_compute(type_: str, data: Mapping[str, Any]) -> ComputeBlueprint:
    """Read a compute type from YAML that fits the blueprints' schema."""
    return ComputeBlueprint(
        type=type_,
        summary=data["summary"],
        fields=data["fields"],
        required=tuple(data["required"]),
        derive=data.get("derive", {}),
        requires=data.get("requires", {}),
        rules=_rules(data),
        names={
            name: NameRule(rule["value"], rule["pattern"], rule["maxLength"], rule.get("when", ""))
            for name in name_order(data["names"])
            for rule in [data["names"][name]]
        },
        roles={
            key: RoleBlueprint(
                key,
                role["summary"],
                role.get("when", ""),
                tuple(role.get("trusts", ())),
                role.get("federated", ""),
                tuple(
                    role.get("actions", ["sts:AssumeRoleWithWebIdentity" if "federated" in role else "sts:AssumeRole"])
                ),
                role.get("conditions", {}),
                role.get("optional_conditions", {}),
                role.get("grants", ""),
                tuple(_platform_grant(grant) for grant in role.get("allow", ())),
                {action: tuple(more) for action, more in role.get("entails", {}).items()},
            )
            for key, role in data["roles"].items()
        },
        blocks=read_blocks(data.get("blocks", {})),
        templates=tuple(f"compute/{name if '/' in name else f'{type_}/{name}'}" for name in data["templates"]),
        companions=_companions(data),
        policies=_policies(data),
        recognised_by=tuple(
            Sign(tuple(sign["files"]), tuple(sign.get("contains", ())), sign["strength"], sign.get("fields", {}))
            for sign in data.get("recognised_by", ())
        ),
        network=_network(data["network"]) if "network" in data else None,
    )


def _network(data: Mapping[str, Any]) -> NetworkBlueprint:
    return NetworkBlueprint(
        tuple(data["given"]),
        data.get("when", ""),
        data.get("egress", ""),
        tuple(data.get("urls", ())),
        tuple(data.get("instances", ())),
    )


def _policies(data: Mapping[str, Any]) -> tuple[PolicyBlueprint, ...]:
    return tuple(
        PolicyBlueprint(
            policy["name"],
            policy["carrier"],
            policy.get("when", ""),
            policy.get("unless", ""),
            policy["target"],
            policy.get("refers", {}),
            policy.get("values", {}),
            tuple(_admission(statement) for statement in policy.get("statements", ())),
            policy.get("admits", False),
            policy.get("agreements", False),
            policy.get("document"),
        )
        for policy in data.get("policies", ())
    )


def _admission(data: Mapping[str, Any]) -> Admission:
    return Admission(
        data["sid"],
        data.get("effect", "Allow"),
        data.get("when", ""),
        data.get("unless", ""),
        data.get("each", ""),
        Schema(data.get("only", {})),
        data.get("refers", {}),
        data["principals"],
        tuple(data["actions"]),
        tuple(data["resources"]),
        data.get("conditions", {}),
        data["summary"],
    )


def name_order(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the generated names, each after those that it refers to. Raises CycleError."""
    refers = {name: [used.removeprefix("names.") for used in names(rule["value"])] for name, rule in described.items()}
    return tuple(name for name in TopologicalSorter(refers).static_order() if name in described)


def _platform_grant(data: Mapping[str, Any]) -> PlatformGrant:
    return PlatformGrant(
        data["sid"],
        data.get("effect", "Allow"),
        several(data.get("when", ())),
        several(data.get("unless", ())),
        data.get("each", ""),
        tuple(data["actions"]),
        tuple(data["resources"]),
        data.get("conditions", {}),
        data["summary"],
    )
