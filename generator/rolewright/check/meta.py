"""Check the meta-arguments of a resource or data block, which belong to Terraform and not to the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.body import Problem, nearest
from rolewright.hcl.scope import reference
from rolewright.hcl.syntax import List, Literal, Traversal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.data import provider
    from rolewright.hcl.syntax import Attribute, Block

_CONDITIONS = frozenset({"precondition", "postcondition"})
_LIFECYCLE_FLAGS = frozenset({"create_before_destroy", "prevent_destroy"})
_LIFECYCLE_LISTS = frozenset({"ignore_changes", "replace_triggered_by"})
_MANAGED_ONLY = ("provisioner", "connection")


def check_meta(block: Block) -> Iterator[Problem]:
    """Yield the problems of `count`, `for_each`, `depends_on`, `lifecycle`, `provisioner` and `connection`."""
    attributes = block.attributes
    if {"count", "for_each"} <= attributes.keys():
        yield _problem(
            block, attributes["for_each"].line, "count and for_each cannot be used together", "Use one of the two."
        )
    if depends_on := attributes.get("depends_on"):
        yield from _depends_on(block, depends_on)
    lifecycles = list(block.all("lifecycle"))
    for extra in lifecycles[1:]:
        yield _problem(block, extra.line, "a block can have only one lifecycle block", "Merge the two.")
    for lifecycle in lifecycles:
        yield from _lifecycle(block, lifecycle)
    for name in _MANAGED_ONLY:
        for nested in block.all(name):
            yield from _managed_only(block, nested)


def check_ignored(block: Block, content: provider.TypeSchema) -> Iterator[Problem]:
    """Yield the problems of `ignore_changes`, which names attributes and blocks of the provider's schema."""
    known = content.attributes.keys() | content.blocks.keys()
    for lifecycle in block.all("lifecycle"):
        ignored = lifecycle.attributes.get("ignore_changes")
        if ignored is None or not isinstance(ignored.expression, List):
            continue
        for item in ignored.expression.items:
            path = reference(item)
            name = str(path.steps[0]) if path else ""
            if path and name not in known:
                text = f"ignore_changes names {name}, which {block.labels[0]} does not have"
                yield _problem(block, ignored.line, text, nearest(name, known, f"Remove {name}."))


def _depends_on(block: Block, attribute: Attribute) -> Iterator[Problem]:
    if not isinstance(attribute.expression, List):
        yield _problem(block, attribute.line, "depends_on must be a list", "Write depends_on = […].")
        return
    for item in attribute.expression.items:
        if reference(item) is None:
            text = "depends_on takes references to resources, data sources and modules, without quotes"
            yield _problem(block, attribute.line, text, "Write references, such as aws_s3_bucket.uploads.")


def _lifecycle(block: Block, lifecycle: Block) -> Iterator[Problem]:
    managed = block.type == "resource"
    allowed = _LIFECYCLE_FLAGS | _LIFECYCLE_LISTS if managed else frozenset()
    for name, attribute in lifecycle.attributes.items():
        if name not in allowed:
            text = f"lifecycle of a {block.type} block has no argument named {name}"
            yield _problem(block, attribute.line, text, nearest(name, allowed, f"Remove {name}."))
        elif name in _LIFECYCLE_FLAGS and not _is_bool(attribute):
            yield _problem(block, attribute.line, f"{name} must be a literal true or false", "Write true or false.")
        elif name in _LIFECYCLE_LISTS and not _is_list(attribute):
            yield _problem(block, attribute.line, f"{name} must be a list", f"Write {name} = […].")
    for nested in lifecycle.blocks:
        if nested.type not in _CONDITIONS:
            text = f"lifecycle has no block named {nested.type}"
            yield _problem(block, nested.line, text, nearest(nested.type, _CONDITIONS, "Remove it."))
            continue
        for missing in sorted({"condition", "error_message"} - nested.attributes.keys()):
            text = f"{nested.type} is missing the required argument {missing}"
            yield _problem(block, nested.line, text, f"Give {missing}.")


def _is_bool(attribute: Attribute) -> bool:
    expression = attribute.expression
    return isinstance(expression, Literal) and (
        isinstance(expression.value, bool) or expression.value in ("true", "false")
    )


def _is_list(attribute: Attribute) -> bool:
    every = attribute.name == "ignore_changes" and attribute.expression == Traversal(("all",))
    return every or isinstance(attribute.expression, List)


def _managed_only(block: Block, nested: Block) -> Iterator[Problem]:
    if block.type != "resource":
        text = f"a {block.type} block takes no {nested.type}"
        yield _problem(block, nested.line, text, "Remove it.")
    elif nested.type == "provisioner" and len(nested.labels) != 1:
        text = "provisioner takes one label, its type"
        yield _problem(block, nested.line, text, 'Write provisioner "local-exec" { … }.')


def _problem(block: Block, line: int, text: str, remedy: str) -> Problem:
    return Problem("provider-meta-argument", block.file, line, text, remedy)
