"""Check that every reference of a module leads to a declaration, and to an attribute that the provider has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.check.body import Problem, nearest
from rolewright.check.types import NoSuchStepError, block_type, step_into
from rolewright.core.finding import Severity
from rolewright.data import provider
from rolewright.hcl.scope import Reference, Target, Unknown, references
from rolewright.hcl.syntax import Traversal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.scope import Scope, ScopeStep
    from rolewright.hcl.syntax import Attribute, Block

# Blocks whose contents Terraform reads as settings or addresses, not as references to values.
_NO_REFERENCES = frozenset({"terraform", "moved", "import", "removed"})
# Arguments that hold names or addresses: a provider's alias, a type, ignored arguments.
_NAMES = {"provider", "providers", "type", "ignore_changes"}
_BUILT_IN = frozenset({"path", "terraform"})


@dataclass(frozen=True)
class _Where:
    """The names in scope at a place, in addition to the module's declarations: `each`, `count`, iterators."""

    file: str
    names: frozenset[str]


def check_references(scope: Scope, major: int) -> Iterator[Problem]:
    """Yield the problems of all references of a module."""
    for block in scope.parsed.blocks:
        if block.type not in _NO_REFERENCES:
            yield from _block(block, _Where(block.file, _BUILT_IN), scope, major)


def _block(block: Block, where: _Where, scope: Scope, major: int) -> Iterator[Problem]:
    where = replace(where, names=where.names | _introduced(block))
    for name, attribute in block.attributes.items():
        names_something = name in _NAMES and block.type in (
            "resource",
            "data",
            "variable",
            "module",
            "lifecycle",
        )
        if not names_something:
            yield from _attribute(attribute, where, scope, major)
    for nested in block.blocks:
        if nested.type == "dynamic" and nested.labels:
            yield from _dynamic(nested, where, scope, major)
        else:
            yield from _block(nested, where, scope, major)


def _introduced(block: Block) -> frozenset[str]:
    names = set()
    if "for_each" in block.attributes and block.type in ("resource", "data", "module"):
        names.add("each")
    if "count" in block.attributes and block.type in ("resource", "data", "module"):
        names.add("count")
    if block.type in ("provisioner", "connection", "postcondition"):
        names.add("self")
    return frozenset(names)


def _dynamic(block: Block, where: _Where, scope: Scope, major: int) -> Iterator[Problem]:
    iterator = block.attributes.get("iterator")
    iterator_name = iterator.expression if iterator else None
    name = str(iterator_name.path[0]) if isinstance(iterator_name, Traversal) else block.labels[0]
    for key, attribute in block.attributes.items():
        if key != "iterator":
            yield from _attribute(attribute, where, scope, major)
    inner = replace(where, names=where.names | {name})
    for nested in block.blocks:
        yield from _block(nested, inner, scope, major)


def _attribute(attribute: Attribute, where: _Where, scope: Scope, major: int) -> Iterator[Problem]:
    for reference in references(attribute.expression):
        yield from _reference(reference, attribute.line, where, scope, major)


def _reference(reference: Reference, line: int, where: _Where, scope: Scope, major: int) -> Iterator[Problem]:
    root, name = reference.steps[0], reference.steps[1] if len(reference.steps) > 1 else ""
    if root in where.names:
        return
    declared = {"var": scope.named("variable"), "local": scope.locals, "module": scope.named("module")}
    if root in declared:
        if name not in declared[str(root)]:
            kind = {"var": "variable", "local": "local value", "module": "module"}[str(root)]
            yield _undeclared(
                where, line, f"{kind} {name}", nearest(str(name), declared[str(root)], f"Declare {name}.")
            )
        return
    if root in ("each", "count", "self"):
        yield _undeclared(where, line, f"{root} here", f"Use {root} only in a block that defines it.")
        return
    target = scope.target(reference)
    if target is not None:
        yield from _target(reference, target, line, where, major)
    elif reference.whole or str(root).startswith("aws_") or root == "data":
        kind = "data" if root == "data" else "resource"
        address = reference.steps[1:] if root == "data" else reference.steps
        known = {f"{t}.{n}" for k, t, n in scope.resources if k == kind}
        address_text = ".".join(str(step) for step in address[:2])
        noun = "data source" if kind == "data" else "resource"
        yield _undeclared(
            where, line, f"{noun} {address_text}", nearest(address_text, known, f"Declare {address_text}.")
        )


def _undeclared(where: _Where, line: int, declaration: str, remedy: str) -> Problem:
    return Problem("provider-unknown-reference", where.file, line, f"the module has no {declaration}", remedy)


def _target(reference: Reference, target: Target, line: int, where: _Where, major: int) -> Iterator[Problem]:
    repeated = {"count", "for_each"} & target.block.attributes.keys()
    schema = provider.schema(major, target.kind, target.type)
    if schema is None:
        return
    if _skips_instance(target, schema):
        text = f"{reference} reads {target.instance} of {target.type} without choosing an instance"
        remedy = 'Choose an instance first, as in [0] or ["key"].'
        yield Problem("provider-unknown-attribute", where.file, line, text, remedy)
        return
    if not target.steps:
        return
    if not repeated and not isinstance(target.steps[0], str):
        text = f"{reference} chooses an instance, but {target.type} has neither count nor for_each"
        yield Problem("provider-unknown-attribute", where.file, line, text, "Remove the index.")
        return
    try:
        step_into(block_type(schema), target.steps)
    except NoSuchStepError as problem:
        text = f"{reference}: {target.type} {_prefix(target.steps, problem.step)}{problem.reason}"
        remedy = nearest(str(problem.step), problem.known, f"It has {', '.join(sorted(problem.known))}.")
        yield Problem("provider-unknown-attribute", where.file, line, text, remedy)
        return
    yield from _deprecated(reference, target, schema, line, where)


def _skips_instance(target: Target, schema: provider.TypeSchema) -> bool:
    """Return whether a reference reads an attribute of a block with `count` or `for_each` without an index.

    `x.name` and `x["name"]` are parsed alike: with `for_each`, a last step that is an attribute of the type is taken
    for the attribute.
    """
    if not isinstance(target.instance, str):
        return False
    has_attribute = target.instance in schema.attributes or target.instance in schema.blocks
    return "count" in target.block.attributes or (has_attribute and not target.steps)


def _prefix(steps: tuple[ScopeStep, ...], at: ScopeStep) -> str:
    before = [step for step in steps[: steps.index(at)] if isinstance(step, str)]
    return f"{'.'.join(before)} " if before else ""


def _deprecated(
    reference: Reference, target: Target, schema: provider.TypeSchema, line: int, where: _Where
) -> Iterator[Problem]:
    content = schema
    for step in target.steps:
        if isinstance(step, (int, Unknown)):
            continue
        attribute = content.attributes.get(step)
        if attribute is not None and attribute.deprecated:
            yield Problem(
                "provider-deprecated",
                where.file,
                line,
                f"{reference}: {step} of {target.type} is deprecated",
                "Use the replacement that the provider's documentation names.",
                Severity.WARNING,
            )
        if step not in content.blocks:
            return
        content = content.blocks[step].content
