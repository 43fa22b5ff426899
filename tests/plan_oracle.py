"""What Terraform planned against what the evaluator computed, wherever Terraform knows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.prove.evaluate import Plan

HASHED = {"user_data"}  # the provider shows its SHA-1


def differences(plan: Plan, shown: dict[str, Any]) -> list[str]:
    """A line for each value on which `terraform show -json` of a plan disagrees."""
    known = {r["address"]: r["values"] for r in _resources(shown.get("prior_state", {}).get("values", {}))}
    known |= {r["address"]: r["values"] for r in _resources(shown["planned_values"])}
    found: list[str] = []
    for address, block in plan.resources.items():
        if address in known:
            found.extend(_compare(address, block.values, known[address]))
        elif block.mode == "resource":
            found.append(f"{address}: not in Terraform's plan")
    found.extend(f"{address}: Terraform plans it, we do not" for address in known if address not in plan.resources)
    return found


def compared(plan: Plan, shown: dict[str, Any]) -> int:
    """How many blocks both know: a comparison of nothing must not pass."""
    known = {r["address"] for r in _resources(shown.get("prior_state", {}).get("values", {}))}
    return len(plan.resources.keys() & (known | {r["address"] for r in _resources(shown["planned_values"])}))


def _resources(values: dict[str, Any]) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = values.get("root_module", {}).get("resources", [])
    return resources


def _compare(path: str, ours: Any, theirs: Any) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs and theirs[key] is not None and key not in HASHED:
                yield from _compare(f"{path}.{key}", value, theirs[key])
    elif isinstance(ours, list) and isinstance(theirs, list):
        left, right = sorted(ours, key=_order), sorted(theirs, key=_order)
        if len(left) != len(right):
            yield f"{path}: {ours!r} and {theirs!r}"
        else:
            for index, (one, other) in enumerate(zip(left, right, strict=True)):
                yield from _compare(f"{path}[{index}]", one, other)
    elif isinstance(ours, str) and ours.startswith("${data."):
        return  # a lookup that only AWS answers
    elif _scalar(ours) != _scalar(theirs) and not _same_json(ours, theirs):
        yield f"{path}: {ours!r} and {theirs!r}"


def _order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same_json(ours: Any, theirs: Any) -> bool:
    try:
        return bool(json.loads(ours) == json.loads(theirs))
    except (TypeError, ValueError):
        return False
