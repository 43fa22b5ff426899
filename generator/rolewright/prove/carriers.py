"""The Terraform arguments that hold a resource's policy, and those that name the resource."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.model import Environment
    from rolewright.prove.evaluate import EvaluatedBlock


@dataclass(frozen=True)
class Carriers:
    """The table carriers.yaml: arguments as TYPE.ARGUMENT, and types that are a statement themselves by name."""

    policies: Mapping[str, tuple[str, ...]]
    documents: Mapping[str, tuple[str, ...]]
    statements: Mapping[str, Mapping[str, Any]]
    refused: frozenset[str]
    of_identities: frozenset[str]
    others: Mapping[str, str]

    @property
    def arguments(self) -> Mapping[str, tuple[str, ...]]:
        """Return every argument that a blueprint can declare, with the arguments that name the policy's resource."""
        return {**self.policies, **self.documents}


@dataclass(frozen=True)
class Carried:
    """A policy, or a statement, that a block has at `carrier` for the resource `target`, not parsed yet."""

    block: EvaluatedBlock
    carrier: str
    target: str
    value: Any


@cache
def carriers() -> Carriers:
    """Read the table carriers.yaml."""
    text = resources.files("rolewright.prove").joinpath("carriers.yaml").read_text(encoding="utf-8")
    data = loads(text, "carriers.yaml").trees[0].data
    return Carriers(
        {name: tuple(naming) for name, naming in data["policies"].items()},
        {name: tuple(naming) for name, naming in data["documents"].items()},
        data["statements"],
        frozenset(data["refused"]),
        frozenset(data["of_identities"]),
        data["others"],
    )


@cache
def _of_type(type_: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    table = carriers()
    naming_by_argument = {**table.arguments, **dict.fromkeys(table.refused, ())}
    return tuple((name, naming) for name, naming in naming_by_argument.items() if name.partition(".")[0] == type_)


def carried(block: EvaluatedBlock) -> Iterator[Carried]:
    """Yield every policy and statement of a block, not parsed yet."""
    for name, naming in _of_type(block.type):
        for value in _at(block.values, name.split(".")[1:]):
            yield Carried(block, name, _target(block, naming), value)
    statement = carriers().statements.get(block.type)
    if statement is not None:
        yield Carried(block, block.type, _target(block, tuple(statement["target"])), block.values)


def _target(block: EvaluatedBlock, naming: tuple[str, ...]) -> str:
    return "/".join(str(block.values.get(name, "")) for name in naming) or "${" + block.address + "}"


def _at(value: Any, path: list[str]) -> Iterator[Any]:  # noqa: ANN401 - a value of HCL
    """Yield the values at a path through nested blocks that are set."""
    if isinstance(value, list) and path:
        for item in value:
            yield from _at(item, path)
    elif not path:
        if value not in (None, "", [], {}):
            yield value
    elif isinstance(value, dict) or hasattr(value, "get"):
        yield from _at(value.get(path[0]), path[1:])


class UnreadError(ValueError):
    """A block that is a statement has an argument whose meaning is not known."""


def as_policy(carried: Carried, environment: Environment) -> dict[str, Any]:
    """Convert a block that is a statement to the policy that IAM would store for it. Raises UnreadError."""
    described = carriers().statements[carried.carrier]
    values = carried.block.values
    understood = {*described["target"], described["actions"], described["principal"]}
    understood |= {*described["qualified"], *described["conditions"], *described["meaningless"]}
    if strange := sorted(set(values) - understood):
        raise UnreadError(f"the meaning of the argument {strange[0]} is not known")
    place = {"partition": environment.partition, "region": environment.region, "account": environment.account}
    texts = {name: str(value) for name, value in values.items()}
    resource = _filled(described["resource"], {**texts, **place})
    for name, template in described["qualified"].items():
        if name in values:
            resource += _filled(template, texts)
    principal = texts.get(described["principal"], "")
    kind = "Service" if re.fullmatch(described["service"], principal) else "AWS"
    conditions: dict[str, dict[str, str]] = {}
    for name, block in described["conditions"].items():
        for operator, key in block.items() if name in values else ():
            value = values[name]
            conditions.setdefault(operator, {})[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {kind: principal},
            "Action": texts.get(described["actions"], ""),
            "Resource": resource,
            **({"Condition": conditions} if conditions else {}),
        },
    }


def _filled(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], ""), template)
