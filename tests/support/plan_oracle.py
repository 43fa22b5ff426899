"""What Terraform planned or stored against what the evaluator computed, wherever Terraform knows it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule

_TOKEN = re.compile(r"\$\{((?:data\.)?[a-z0-9_]+\.[A-Za-z0-9_-]+)((?:\.\w+|\[\d+\])+)\}")
_STEP = re.compile(r"\w+")
_FILES = {"source_code_hash"}  # the file is there for Terraform alone: the evaluator looks at none


@dataclass(frozen=True)
class Shown:
    """What `terraform show -json` says of one module.

    `values` are those of its blocks by address, `arguments` the names that each block sets. In a plan, null
    also stands for what is not known yet; `exact` tells that it does not.
    """

    values: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Any]
    arguments: Mapping[str, frozenset[str]]
    exact: bool

    def resolved(self, value: Any) -> Any:
        """A value of the evaluator with its tokens replaced, however deep, by what Terraform knows there."""
        if isinstance(value, str):
            return _TOKEN.sub(lambda found: self._look_up(found[0], found[1], found[2]), value)
        if isinstance(value, list | tuple):
            return [self.resolved(item) for item in value]
        return {key: self.resolved(item) for key, item in value.items()} if isinstance(value, dict) else value

    def _look_up(self, token: str, address: str, path: str) -> str:
        value: Any = self.values.get(address)
        for step in _STEP.findall(path):
            if isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return value if isinstance(value, str) else token


def shown(output: Mapping[str, Any], call: str) -> Shown:
    """The part of a shown plan or state that is about one module of the root."""
    states = [output.get("prior_state", {}).get("values"), output.get("planned_values"), output.get("values")]
    values: dict[str, Mapping[str, Any]] = {}
    outputs: Mapping[str, Any] = {}
    for state in states:
        for module in (state or {}).get("root_module", {}).get("child_modules", ()):
            if module["address"] == f"module.{call}":
                prefix = module["address"] + "."
                values |= {r["address"].removeprefix(prefix): r.get("values", {}) for r in module.get("resources", ())}
        outputs = (state or {}).get("outputs", {}).get(call, {}).get("value", outputs)
    called = output.get("configuration", {}).get("root_module", {}).get("module_calls", {}).get(call, {})
    blocks = called.get("module", {}).get("resources", ())
    configured = {block["address"]: frozenset(block.get("expressions", ())) for block in blocks}
    return Shown(values, outputs, configured, exact="values" in output)


def differences(plan: EvaluatedModule, theirs: Shown) -> list[str]:
    """A line for each value on which Terraform disagrees."""
    found: list[str] = []
    for address, block in plan.resources.items():
        if address in theirs.values:
            found += _compare(address, theirs.resolved(dict(block.values)), theirs.values[address], theirs.exact)
            found += _forgotten(block, theirs)
        elif block.mode == "resource":
            found.append(f"{address}: not in Terraform's plan")
    found += [f"{address}: Terraform has it, we do not" for address in theirs.values if address not in plan.resources]
    if theirs.outputs:
        found += _compare("output", theirs.resolved(dict(plan.outputs)), theirs.outputs, theirs.exact)
    return found


def compared(plan: EvaluatedModule, theirs: Shown) -> int:
    """How many blocks both know: a comparison of nothing must not pass."""
    return len(plan.resources.keys() & theirs.values.keys())


def _forgotten(block: EvaluatedBlock, theirs: Shown) -> Iterator[str]:
    """Arguments that the module sets, that Terraform has a value for, and that the evaluator left out."""
    for name in theirs.arguments.get(block.address, frozenset()) - block.values.keys() - _FILES:
        value = theirs.values[block.address].get(name)
        if value not in (None, [], {}, ""):
            yield f"{block.address}.{name}: nothing and {value!r}"


def _compare(path: str, ours: Any, theirs: Any, exact: bool) -> Iterator[str]:
    if theirs is None and not exact:
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs and not key.endswith("_wo"):  # what is only written is in no plan and no state
                yield from _compare(f"{path}.{key}", value, theirs[key], exact)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        left = list(theirs)  # Terraform shows sets as lists, in an order of its own
        for index, one in enumerate(ours):
            same = next((other for other in left if not list(_compare("", one, other, exact))), left)
            if same is left:
                yield f"{path}[{index}]: {one!r} is not in {theirs!r}"[:2000]
            else:
                left.remove(same)
    elif path.startswith("aws_iam_openid_connect_provider.") and ours == f"https://{theirs}":
        return  # IAM stores the URL of an issuer without its scheme
    elif _scalar(ours) != _scalar(theirs) and not _same_json(ours, theirs) and not _same_hash(ours, theirs):
        yield f"{path}: {ours!r} and {theirs!r}"[:2000]


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same_json(ours: Any, theirs: Any) -> bool:
    try:
        return _same(json.loads(ours), json.loads(theirs))
    except (TypeError, ValueError):
        return False


def _same(ours: Any, theirs: Any) -> bool:
    """Equal, but for empty members, which a service adds to what it was given."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        added = [theirs[key] for key in theirs.keys() - ours.keys()]
        return not any(added) and all(key in theirs and _same(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_same, _by_name(ours), _by_name(theirs)))
    return bool(ours == theirs)


def _by_name(items: list[Any]) -> list[Any]:
    """The provider keeps containers in the order of their names."""
    named = all(isinstance(item, dict) and "name" in item for item in items)
    return sorted(items, key=lambda item: str(item["name"])) if named else items


def _same_hash(ours: Any, theirs: Any) -> bool:
    """The provider keeps some texts as their SHA-1."""
    return isinstance(ours, str) and hashlib.sha1(ours.encode(), usedforsecurity=False).hexdigest() == theirs
