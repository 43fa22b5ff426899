"""The names in a module of the entries of lists: by what they say, so that none gets the name of another."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rolewright.core.text import Ref, Text, ground

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.core.model import Workload

_PLAIN = re.compile(r"[a-z0-9-]{1,40}")
_OTHER = re.compile(r"[^a-z0-9]+")
IDENTITY = "x-identity"
"""Of the schema of a list's entries: the fields that tell one from another."""
_PLACE = ("environment", "account", "region")


def identities(fields: Mapping[str, Any], schemas: Mapping[str, Any], workload: Workload) -> dict[str, tuple[str, ...]]:
    """Return for each list of the fields, by its path, a Terraform name for each entry.

    It follows from the entry alone: `subnet-0123` becomes `subnet_0123`, and `GET /a` becomes `get_a_` with a digest.
    With `x-identity` it follows from these fields of it, so that a change of the others leaves the name as it is.
    What differs between environments is told apart by its value in the first of them.
    """
    first = workload.environments[0]
    varying = {f"var.{name}" for name in first.variables if name not in _PLACE}
    values = {reference: value for reference, value in first.values.items() if reference in varying}
    found: dict[str, tuple[str, ...]] = {}
    for path, entries, schema in _lists(fields, schemas, ""):
        names: list[str] = []
        taken: Counter[str] = Counter()
        for entry in entries:
            name = _name(entry, schema.get("properties", {}), values, schema.get(IDENTITY))
            taken[name] += 1
            names.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
        found[path] = tuple(names)
    return found


def _lists(
    fields: Mapping[str, Any], schemas: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, Sequence[Any], Mapping[str, Any]]]:
    """Yield each list in fields and in the mappings in them: its path, its entries and their schema."""
    for name, value in fields.items():
        schema = schemas.get(name, {})
        if isinstance(value, dict):
            yield from _lists(value, schema.get("properties", {}), f"{prefix}{name}.")
        elif isinstance(value, list):
            yield prefix + name, value, schema.get("items", {})


def _name(
    entry: Any,  # noqa: ANN401 - any value
    schemas: Mapping[str, Any],
    values: Mapping[str, str],
    identity: Sequence[str] | None,
) -> str:
    """Return the name of an entry; where one leaves out what another states as it is by default, it is the same."""
    if isinstance(entry, dict):
        defaults = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
        told = schemas if identity is None else identity
        entry = {name: value for name, value in (defaults | entry).items() if value is not None and name in told}
    plain = ground(entry, values)
    stated = [plain[name] for name in schemas if name in plain] if isinstance(plain, dict) else [plain]
    words = " ".join(str(value) for value in stated if isinstance(value, str | int))
    if isinstance(plain, str) and not _refers(entry) and _PLAIN.fullmatch(plain):
        return plain.replace("-", "_")
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, default=repr).encode()).hexdigest()[:8]
    slug = "" if _refers(entry) else _OTHER.sub("_", words.lower())[:32].strip("_")
    return f"{slug}_{digest}".lstrip("_")


def _refers(value: Any) -> bool:  # noqa: ANN401 - a value of a manifest
    if isinstance(value, dict | list):
        return any(map(_refers, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Ref) or (isinstance(value, Text) and value.literal is None)
