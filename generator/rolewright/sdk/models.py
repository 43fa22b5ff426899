"""botocore's and boto3's models: the operations that methods of clients, waiters and actions of resources call."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from rolewright.sdk.operations import prefix_of
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_HEAD = 4_000
"""Bytes at the start of a model that hold its metadata, with the id of its service."""


@dataclass(frozen=True)
class Service:
    """A service as a client knows it. `prefix` begins the names of its actions in IAM.

    `operations` are its operations, each with the members of its input, `methods` and `waiters` the operations by
    their names in Python.
    """

    name: str
    prefix: str
    operations: Mapping[str, frozenset[str]]
    methods: Mapping[str, str]
    waiters: Mapping[str, str]


@dataclass(frozen=True)
class Extra:
    """A method that boto3 adds by hand: the operations that it calls, and the names of its arguments in order."""

    operations: tuple[str, ...]
    positional: tuple[str, ...]


def python_name(name: str) -> str:
    """Convert a name of a model to Python's: `ListObjectsV2` → `list_objects_v2`."""
    return str(xform_name(name))


@cache
def names() -> frozenset[str]:
    """List the names of all services that a client can be made for."""
    return frozenset(_loader().list_available_services("service-2"))


@cache
def service(name: str) -> Service | None:
    """Load a service by the name that a client is made with; None for one that botocore does not know."""
    if name not in names():
        return None
    model = _loader().load_service_model(name, "service-2")
    about = model["metadata"]
    operations = {
        operation: frozenset(model["shapes"][described["input"]["shape"]]["members"] if "input" in described else ())
        for operation, described in model["operations"].items()
    }
    return Service(
        name,
        prefix_of(about.get("signingName", about["endpointPrefix"])),
        operations,
        {python_name(operation): operation for operation in operations},
        {python_name(waiter): waiter_model["operation"] for waiter, waiter_model in _waiters(name).items()},
    )


def _waiters(name: str) -> Mapping[str, Any]:
    try:
        return dict(_loader().load_service_model(name, "waiters-2")["waiters"])
    except UnknownServiceError:
        return {}


def by_id(identifier: str) -> str | None:
    """Return the name of a service by its id in lower case, without punctuation, as other SDKs' packages have it."""
    return _ids().get(identifier)


@cache
def _ids() -> Mapping[str, str]:
    """Map ids to names of services, from the beginning of each model: reading all of it takes seconds."""
    ids: dict[str, str] = {}
    for name in sorted(names()):
        version = _loader().determine_latest_version(name, "service-2")
        (path,) = (
            path
            for folder in _loader().search_paths
            if (path := Path(folder, name, version, "service-2.json.gz")).exists()
        )
        with gzip.open(path, "rb") as model:
            head = model.read(_HEAD).decode("utf-8", "ignore")
        about, _ = json.JSONDecoder().raw_decode(head, head.index("{", head.index('"metadata"')))
        ids.setdefault(re.sub(r"[^a-z0-9]", "", about["serviceId"].lower()), name)
    return ids


def usual() -> Iterator[Service]:
    """Yield the services that most code calls."""
    for name in facts()["usual"]:
        usual_service = service(name)
        assert usual_service is not None
        yield usual_service


@cache
def resources(name: str) -> Mapping[str, Any] | None:
    """Load the model of boto3's resources of a service, the service's own under ""; None where it has none."""
    try:
        model = _loader().load_service_model(name, "resources-1")
    except UnknownServiceError:
        return None
    every = {  # a service gives each of its resources by the identifiers, whether its model says so or not
        name: {
            "resource": {
                "type": name,
                "identifiers": [_input(identifier) for identifier in described.get("identifiers", ())],
            }
        }
        for name, described in model["resources"].items()
    }
    return {**model["resources"], "": {**model["service"], "has": every}}


def _input(identifier: Mapping[str, Any]) -> dict[str, str]:
    return {"target": identifier["name"], "source": "input"}


@cache
def attributes(name: str, type_: str) -> frozenset[str]:
    """Return the attributes of a resource that are known only once it was loaded."""
    described = (resources(name) or {}).get(type_, {})
    shape = _loader().load_service_model(name, "service-2")["shapes"].get(described.get("shape", ""), {})
    own = {identifier.get("memberName", identifier["name"]) for identifier in described.get("identifiers", ())}
    return frozenset(python_name(member) for member in shape.get("members", {}) if member not in own)


def added(name: str, type_: str, method: str) -> Extra | None:
    """Return a method that boto3 adds by hand to a client (`type_` is "client") or a resource."""
    entry = facts()["methods"].get(name, {}).get(type_, {}).get(method)
    return None if entry is None else Extra(tuple(entry["calls"]), tuple(entry.get("takes", ())))


@cache
def facts() -> Mapping[str, Any]:
    """Load the facts about boto3 that its models lack."""
    loaded: Mapping[str, Any] = load(Path(__file__).with_name("boto3.yaml")).trees[0].data
    return loaded


@cache
def _loader() -> Loader:
    """Load only the models in the packages: models in the user's home would change the results."""
    paths = []
    for package in ("botocore", "boto3"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        paths.append(str(Path(spec.origin).parent / "data"))
    return Loader(extra_search_paths=paths, include_default_search_paths=False)
