"""What an environment has other than the one that a manifest is written for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.importer.secret_values import shown
from rolewright.importer.shapes import listed, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.importer.workload import SourceWorkload

_MISSING = object()
_EXPRESSION = re.compile(r"(?:rate|cron|at)\([^()]{1,60}\)")


def add_environment(workload: SourceWorkload, name: str, other: SourceWorkload) -> dict[str, Any]:
    """Add an environment in which the workload is read as `other`, and return its entry.

    Whether a manifest takes each override is seen when it is read; what none could say is entered in `apart`.
    """
    _call_alike(workload, other)
    entry: dict[str, Any] = {}
    apart = workload.apart.setdefault(name, {})
    _leave_out_what_is_off(workload, name, other)
    _let_in_no_more(workload, name, other)
    for section in ("compute", "resources"):
        replaced = _replaced(getattr(workload, section), getattr(other, section), (section,), apart)
        if replaced:
            entry[section] = replaced
    for path in _differing(workload.top, other.top, ()):
        apart[path] = "an environment overrides values of compute and resources alone"
    workload.environments[name] = entry
    return entry


def _call_alike(workload: SourceWorkload, other: SourceWorkload) -> None:
    """Give the resources of an environment the keys of those that stand in their places in the first."""
    for mine, theirs in [*_in_one_place(workload.compute, other.compute)]:
        alone = mine in workload.resources and mine not in other.resources and theirs not in workload.resources
        if alone and workload.resources[mine]["type"] == other.resources.get(theirs, {}).get("type"):
            other.resources[mine] = other.resources.pop(theirs)
            fields = {name: value for name, value in other.compute.items() if name != "environment"}
            other.compute |= {name: _with_key(value, theirs, mine) for name, value in fields.items()}


def _in_one_place(here: Any, there: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - YAML
    """Yield the texts that stand at the same places of two values, up to a colon, where they are not the same."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in (each for each in here if each in there):
            yield from _in_one_place(here[key], there[key])
    elif isinstance(here, list) and isinstance(there, list):
        for one, two in zip(here, there, strict=False):
            yield from _in_one_place(one, two)
    elif isinstance(here, str) and isinstance(there, str) and here != there:
        yield here.partition(":")[0], there.partition(":")[0]


def _with_key(value: Any, key: str, new: str) -> Any:  # noqa: ANN401 - YAML
    """Return a value that names a resource by another key."""
    match value:
        case dict():
            return {name: _with_key(inner, key, new) for name, inner in value.items()}
        case list():
            return [_with_key(inner, key, new) for inner in value]
        case str() if value.partition(":")[0] == key:
            return f"{new}{value[len(key) :]}"
        case _:
            return value


def _leave_out_what_is_off(workload: SourceWorkload, environment: str, other: SourceWorkload) -> None:
    """Take out the triggers that an environment does not have: a manifest would start there what is off today."""
    triggers, there = (mapping(each.compute.get("triggers")) for each in (workload, other))
    for kind in [*triggers]:
        known = [_called(each) for each in listed(there.get(kind))]
        off = [each for each in triggers[kind] if _called(each) not in known]
        if off:
            names = ", ".join(_called(each) for each in off)
            reason = f"{names} is off in {environment}, or not there, where a manifest would start it"
            workload.left_out[f"compute.triggers.{kind}"] = reason
            triggers[kind] = [each for each in triggers[kind] if each not in off]
        if not triggers[kind]:
            del triggers[kind]
    if "triggers" in workload.compute and not triggers:
        del workload.compute["triggers"]


def _let_in_no_more(workload: SourceWorkload, environment: str, other: SourceWorkload) -> None:
    """Let callers of an API sign where environments let in different ones: a manifest has one answer for all."""
    here, there = (mapping(each.compute.get("api")) for each in (workload, other))
    if here and there and here.get("authorization") != there.get("authorization"):
        for api in (here, there):
            for name in ("issuer", "audience"):
                api.pop(name, None)
            api["authorization"] = "iam"
        reason = f"{environment} lets in other callers: they sign until you choose"
        workload.left_out["compute.api.authorization"] = reason


def _called(trigger: Any) -> str:  # noqa: ANN401 - YAML
    """Return what tells a trigger from others of its kind: its name, or the key of its resource."""
    return str(next(iter(mapping(trigger).values()), ""))


def _differing(here: Any, there: Any, path: Sequence[str]) -> Iterator[str]:  # noqa: ANN401 - YAML
    """Yield the dotted paths of what is not the same in two values."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in dict.fromkeys((*here, *there)):
            yield from _differing(here.get(key, _MISSING), there.get(key, _MISSING), (*path, str(key)))
    elif here != there:
        yield ".".join(path)


def _alike(here: Any, there: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether two values are lists of as many mappings."""
    lists = isinstance(here, list) and isinstance(there, list) and len(here) == len(there)
    return lists and all(isinstance(each, dict) for each in (*here, *there))


def _replaced_in_list(
    here: Mapping[str, Any], there: Mapping[str, Any], path: Sequence[str], apart: dict[str, str]
) -> None:
    """Enter what differs in an entry of a list, of which an environment overrides nothing."""
    for key in dict.fromkeys((*here, *there)):
        if here.get(key, _MISSING) != there.get(key, _MISSING):
            apart[".".join((*path, str(key)))] = with_value(
                there.get(key), "no environment overrides what is in a list"
            )


def with_value(value: Any, reason: str) -> str:  # noqa: ANN401 - YAML
    """Return a reason with the value that an environment has, where it can be no secret."""
    whole = str(value)
    plain = whole == shown(value) or (isinstance(value, str) and _EXPRESSION.fullmatch(whole))
    return f"it is {whole} there; {reason}" if plain else reason


def _replaced(
    base: Mapping[str, Any], other: Mapping[str, Any], path: Sequence[str], apart: dict[str, str]
) -> dict[str, Any]:
    """Return the values of a mapping that another environment replaces."""
    found: dict[str, Any] = {}
    for key in dict.fromkeys((*base, *other)):
        here, there = base.get(key, _MISSING), other.get(key, _MISSING)
        inside = (*path, str(key))
        if here == there:
            continue
        if isinstance(here, dict) and isinstance(there, dict):
            inner = _replaced(here, there, inside, apart)
            if inner:
                found[key] = inner
        elif _alike(here, there):
            for number, (one, two) in enumerate(zip(here, there, strict=True)):
                _replaced_in_list(one, two, (*inside, str(number)), apart)
        elif there is _MISSING and isinstance(here, str | int | float) and not isinstance(here, bool):
            found[key] = HeldValue(f"{key} here: the source does not say it", here)
        elif there is _MISSING or isinstance(there, dict) or isinstance(here, dict):
            apart[".".join(inside)] = "an environment neither adds nor takes away a part of the manifest"
        else:
            found[key] = there
    return found
