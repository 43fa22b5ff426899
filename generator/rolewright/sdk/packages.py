"""Packages of AWS's SDKs for JavaScript and Go: the services and operations that their names stand for."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.sdk.models import Service, by_id, service
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.sdk.calls import Argument


@cache
def facts() -> Mapping[str, Any]:
    """Load the facts of the SDKs' packages."""
    loaded: Mapping[str, Any] = load(Path(__file__).with_name("packages.yaml")).trees[0].data
    return loaded


@cache
def service_called(name_in_package: str) -> Service | None:
    """Return the service that the last part of a package's name, or the name of a class in it, stands for."""
    identifier = re.sub(r"[^a-z0-9]", "", name_in_package.lower())
    name = facts()["services"].get(identifier) or by_id(identifier)
    return None if name is None else service(name)


def operations_called(service_: Service, name_in_code: str) -> list[str]:
    """Return the operations that code calls by this name, whatever the case of its first letter."""
    operation = name_in_code[:1].upper() + name_in_code[1:]
    listed = facts()["renamed"].get(service_.name, {}).get(operation, [operation])
    return [name for name in listed if name in service_.operations]


def spelled(service_: Service, operation: str, arguments: Argument | None) -> Mapping[str, Argument] | None:
    """Rename arguments to the operation's members, as languages differ in the case of the first letter."""
    if not isinstance(arguments, dict):
        return None
    names = {name.lower(): name for name in service_.operations[operation]}
    return {names.get(str(name).lower(), str(name)): value for name, value in arguments.items()}
