"""Packages of AWS's SDKs for JavaScript → the services that their members belong to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.sdk.javascript_and_go.values import PackageObject
from rolewright.sdk.packages import facts, service_called

if TYPE_CHECKING:
    from rolewright.sdk.models import Service

COMMAND = re.compile(r"([A-Z]\w*)Command")
FUNCTION = re.compile(r"(paginate|waitUntil|waitFor)([A-Z]\w*)")


def is_sdk(package: str) -> bool:
    """Return whether a package is one of AWS's SDKs."""
    return package == "aws-sdk" or package.startswith(("@aws-sdk/", "aws-sdk/"))


def service_of(package: str, member: str) -> Service | None:
    """Return the service that a member of a package belongs to."""
    if package in facts()["javascript"]["all"]:
        class_name = re.sub(r"\.DocumentClient$", "", member)
        return service_called(class_name) if class_name and class_name != "*" and "." not in class_name else None
    for start in facts()["javascript"]["services"]:
        if package.startswith(start):
            return service_called(package.removeprefix(start).removesuffix(".js"))
    return None


def client_service(value: object) -> Service | None:
    """Return the service of a client; None for anything else."""
    if not isinstance(value, PackageObject) or not is_sdk(value.package):
        return None
    made_by = value.made_by.removesuffix(".from")
    if COMMAND.fullmatch(made_by) or FUNCTION.fullmatch(made_by):
        return None
    return service_of(value.package, made_by)


def gives_back(package: str) -> bool:
    """Return whether a package returns what it is passed, or is one of Node's own."""
    return package in facts()["passes"] or package.startswith("node:") or package in facts()["javascript"]["own"]
