"""The outputs of a module: what its blocks give to others, as `facts/outputs.yaml` of the blueprints has it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.hcl.literal import RawExpression, identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.facts import FactTable
    from rolewright.core.model import Role, Workload

_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)"', re.MULTILINE)
_OUTPUT = re.compile(r'^output "(\w+)"', re.MULTILINE)
_UNKNOWN: Mapping[str, Any] = {"is": "", "outputs": {"arn": "ARN"}}
"""What the main resource of a team's own type gives, if no table of facts says more."""


@dataclass(frozen=True)
class Output:
    """An output of a module."""

    name: str
    description: str
    value: RawExpression


def module_outputs(
    workload: Workload,
    roles: Iterable[Role],
    catalog: Catalog,
    compute_texts: Iterable[str],
    created_texts: Mapping[str, str],
) -> list[Output]:
    """Return the outputs of a module, sorted by name.

    `compute_texts` are the rendered templates of the compute type, `created_texts` those of the resources that the
    module makes, by key. A name that the compute type's blocks can have, or that a template writes itself, is theirs
    even where this module lacks them: another field in the manifest renames no output.
    """
    table = catalog.facts["outputs"]
    compute_texts = list(compute_texts)
    blueprint = catalog.computes[workload.compute.type].blocks
    declared = [block.address.partition(".")[::2] for block in blueprint if block.outputs]
    silent = {block.address for block in blueprint if not block.outputs}
    several = _several(declared)
    of_fixed = [output for type_, label in declared for output in _of_compute(type_, label, table, several)]
    blocks = [found for text in compute_texts for found in _RESOURCE.findall(text) if ".".join(found) not in silent]
    of_compute = [output for type_, label in blocks for output in _of_compute(type_, label, table, several)]
    of_created = list(_of_all_created(workload, catalog, created_texts))
    of_roles = [output for role in roles for output in _of_role(role.key)]
    written = {name for text in (*compute_texts, *created_texts.values()) for name in _OUTPUT.findall(text)}
    made = of_roles + [output for output in of_compute if output in of_fixed and output.name not in written]
    others = [output for output in of_compute if output not in of_fixed] + of_created
    made += _renamed(others, written | {output.name for output in (*of_roles, *of_fixed)})
    return sorted(made, key=lambda output: output.name)


def _several(declared: Sequence[Sequence[str]]) -> set[str]:
    """Return the types of which a compute type can have several blocks."""
    fixed = Counter(type_ for type_, label in declared if "$" not in label)
    return {type_ for type_, label in declared if "$" in label} | {type_ for type_, n in fixed.items() if n > 1}


def _of_all_created(workload: Workload, catalog: Catalog, texts: Mapping[str, str]) -> Iterator[Output]:
    for key, text in sorted(texts.items()):
        main_type = catalog.resources[workload.resources[key].type].terraform
        for type_, label in _RESOURCE.findall(text):
            yield from _of_created(type_, label, key, catalog.facts["outputs"], main_type)


def _renamed(outputs: Iterable[Output], taken: Set[str]) -> Iterator[Output]:
    """Yield outputs under names that none has yet."""
    names = set(taken)
    for output in outputs:
        name = output.name
        while name in names:
            name = f"created_{name}"
        names.add(name)
        yield replace(output, name=name)


def _of_role(key: str) -> Iterator[Output]:
    for attribute, words in (("arn", "ARN"), ("name", "Name")):
        value = RawExpression(f"aws_iam_role.{key}.{attribute}")
        yield Output(f"{key}_role_{attribute}", f"{words} of the role {key}", value)


def _of_compute(type_: str, label: str, table: FactTable, several: Iterable[str]) -> Iterator[Output]:
    """Yield what a block of a compute type gives; where the type can have several of them, their names have its label.

    The label is left out otherwise: a function is `function_arn`, whatever its block is called.
    """
    facts = table.of(type_)
    if not facts:
        return
    noun = facts["is"].replace(" ", "_")
    prefix, whose = noun, f"the {facts['is']}"
    if type_ in several:
        prefix = label if label.startswith(noun) else f"{label}_{noun}"
        whose += f" ({label.removeprefix(noun).strip('_').replace('_', ' ') or label})"
    yield from _outputs(type_, label, facts, prefix, whose)


def _of_created(type_: str, label: str, key: str, table: FactTable, main: str) -> Iterator[Output]:
    is_main = type_ == main
    facts = table.of(type_) or (_UNKNOWN if is_main else {})
    if not facts:
        return
    prefix = label if is_main else f"{label}_{facts['is'].replace(' ', '_')}"
    part = label.removeprefix(identifier(key)).strip("_").replace("_", " ")
    whose = " ".join(f"the {facts['is']} resources.{key}".split()) + (f" ({part})" if part else "")
    yield from _outputs(type_, label, facts, prefix, whose)


def _outputs(type_: str, label: str, facts: Mapping[str, Any], prefix: str, whose: str) -> Iterator[Output]:
    for suffix, words in facts["outputs"].items():
        attribute = facts.get("from", {}).get(suffix, suffix)
        yield Output(f"{prefix}_{suffix}", f"{words} of {whose}", RawExpression(f"{type_}.{label}.{attribute}"))
