"""Read the parts of a parsed module that several rules need: texts, references and environment variables."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.hcl.syntax import (
    Attribute,
    Call,
    Conditional,
    Index,
    List,
    Literal,
    Map,
    Opaque,
    Operation,
    Template,
    Traversal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.hcl.syntax import Block, Expression, ParsedModule, Steps

MARK = "${}"  # in a text, this stands for a part that only Terraform or AWS knows

# Functions that return the items of their arguments.
_LIST_CALLS = frozenset({"concat", "distinct", "flatten", "compact", "toset", "tolist", "sort"})
# Types with containers: the argument that holds their definitions as JSON.
_CONTAINERS = {"aws_ecs_task_definition": "container_definitions"}
# Types whose environment variables are one map: the block and its argument.
_VARIABLES = {"aws_lambda_function": ("environment", "variables")}


@dataclass(frozen=True)
class EnvironmentVariable:
    """An environment variable of a function or container."""

    file: str
    line: int
    name: str
    value: Expression

    @property
    def below(self) -> str:
        """Return its path in the manifest, below that of its compute."""
        return f"environment.{self.name}"


def attributes(block: Block) -> Iterator[Attribute]:
    """Yield the attributes of a block and of the blocks inside it."""
    yield from block.attributes.values()
    for nested in block.blocks:
        yield from attributes(nested)


def environments(parsed: ParsedModule) -> tuple[ParsedModule, ...]:
    """Return the module as in each environment, so that `texts` returns a single text for each expression."""
    return tuple(replace(parsed, tfvars={"": values}) for values in parsed.tfvars.values()) or (parsed,)


def texts(parsed: ParsedModule, expression: Expression) -> tuple[str, ...]:
    """Return the distinct texts that an expression has in the environments.

    A variable has its environment's value or else its default; an unknown part is MARK.
    """
    environments = tuple(parsed.tfvars.values()) or ({},)
    return tuple(dict.fromkeys(_text(parsed, expression, environment, frozenset()) for environment in environments))


def _text(
    parsed: ParsedModule,
    expression: Expression,
    environment: Mapping[str, Attribute],
    seen: frozenset[Steps],
) -> str:
    match expression:
        case Literal(None):
            return ""
        case Literal(bool(value)):
            return str(value).lower()
        case Literal(value):
            return str(value)
        case Template(parts):
            return "".join(p if isinstance(p, str) else _text(parsed, p, environment, seen) for p in parts)
        case Traversal(("var" | "local", _) as path) if path not in seen:
            definition = _definition(parsed, path, environment)
            return MARK if definition is None else _text(parsed, definition, environment, seen | {path})
        case _:
            return MARK


def _definition(parsed: ParsedModule, path: Steps, environment: Mapping[str, Attribute]) -> Expression | None:
    """Return the expression that a variable or a local value is set to, or None."""
    name = str(path[1])
    if path[0] == "local":
        candidates = (block.attributes.get(name) for block in parsed.all("locals"))
    else:
        defaults = (block.attributes.get("default") for block in parsed.all("variable", name))
        candidates = (a for a in (environment.get(name), *defaults))
    return next((attribute.expression for attribute in candidates if attribute), None)


def resolved(parsed: ParsedModule, expression: Expression) -> Expression:
    """Follow an expression that is a local value to the expression that it is set to."""
    seen: set[Steps] = set()
    while isinstance(expression, Traversal) and expression.path[0] == "local" and len(expression.path) == 2:
        definition = _definition(parsed, expression.path, {})
        if definition is None or expression.path in seen:
            break
        seen.add(expression.path)
        expression = definition
    return expression


def items(parsed: ParsedModule, expression: Expression) -> Iterator[Expression]:
    """Yield the items of a list, through locals, conditionals and functions such as concat; else the expression."""
    expression = resolved(parsed, expression)
    match expression:
        case List(parts):
            yield from parts
        case Call(name, arguments) if name in _LIST_CALLS:
            for argument in arguments:
                yield from items(parsed, argument)
        case Conditional(_, yes, no):
            yield from items(parsed, yes)
            yield from items(parsed, no)
        case Literal(None):
            return
        case _:
            yield expression


def item_texts(parsed: ParsedModule, attribute: Attribute | None) -> tuple[str, ...]:
    """Return the texts of a list's items; none if the attribute is missing."""
    if attribute is None:
        return ()
    return tuple(t for item in items(parsed, attribute.expression) for t in texts(parsed, item))


def entries(expression: Expression) -> dict[str, Expression]:
    """Return the items of a map whose keys are literals; none for anything else."""
    if not isinstance(expression, Map):
        return {}
    return {str(key.value): value for key, value in expression.items if isinstance(key, Literal)}


def decoded(parsed: ParsedModule, expression: Expression) -> Expression | None:
    """Return the value of JSON, from `jsonencode` or from text; None if it is not a JSON list or object."""
    expression = resolved(parsed, expression)
    if isinstance(expression, Call) and expression.name == "jsonencode" and len(expression.arguments) == 1:
        return expression.arguments[0]
    if not isinstance(expression, (Literal, Template)):
        return None
    text = texts(parsed, expression)[0].strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return _from_json(json.loads(text))
    except ValueError:
        return None


def _from_json(value: Any) -> Expression:  # noqa: ANN401 - JSON is plain data of any shape
    match value:
        case dict():
            return Map(tuple((Literal(key), _from_json(inner)) for key, inner in value.items()))
        case list():
            return List(tuple(_from_json(inner) for inner in value))
        case str() if MARK in value:
            marked: list[str | Expression] = []
            for number, part in enumerate(value.split(MARK)):
                marked += [Opaque(MARK)] if number else []
                marked += [part] if part else []
            return Template(tuple(marked))
        case _:
            return Literal(value)


def target(parsed: ParsedModule, expression: Expression) -> Block | None:
    """Return the resource or data block that a reference leads to, also through local values, or None."""
    expression = resolved(parsed, expression)
    while isinstance(expression, Index):
        expression = expression.collection
    if not isinstance(expression, Traversal):
        return None
    kind, path = "resource", tuple(str(step) for step in expression.path)
    if path[0] == "data":
        kind, path = "data", path[1:]
    return next(parsed.all(kind, *path[:2]), None) if len(path) >= 2 else None


def strings(expression: Expression) -> Iterator[str]:
    """Yield every string in an expression, with MARK for its interpolated parts."""
    match expression:
        case Literal(str(value)):
            yield value
        case Template(parts):
            yield "".join(part if isinstance(part, str) else MARK for part in parts)
            for part in parts:
                if not isinstance(part, str):
                    yield from strings(part)
        case Opaque(text):
            yield text
        case _:
            for inner in _inner(expression):
                yield from strings(inner)


def _inner(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Call(_, parts) | List(parts) | Operation(_, parts):
            return parts
        case Map(pairs):
            return tuple(part for pair in pairs for part in pair)
        case Conditional(test, yes, no):
            return test, yes, no
        case Index(collection, key):
            return collection, key
        case _:
            return ()


def all_strings(parsed: ParsedModule) -> Iterator[tuple[str, int, str]]:
    """Yield every string of the module and of its environments' values, with its file and line."""
    for block in parsed.blocks:
        for attribute in attributes(block):
            yield from ((block.file, attribute.line, text) for text in strings(attribute.expression))
    for environment, values in parsed.tfvars.items():
        file = f"environments/{environment}.tfvars"
        for attribute in values.values():
            yield from ((file, attribute.line, text) for text in strings(attribute.expression))


def task_definitions(parsed: ParsedModule) -> Iterator[tuple[Block, tuple[Mapping[str, Expression], ...]]]:
    """Yield each task definition with the entries of its containers, as far as they can be read."""
    for type_, argument in _CONTAINERS.items():
        for block in parsed.all("resource", type_):
            definition = block.attributes.get(argument)
            content = decoded(parsed, definition.expression) if definition else None
            container_items = items(parsed, content) if content else ()
            yield block, tuple(entries(resolved(parsed, item)) for item in container_items)


def functions(parsed: ParsedModule) -> Iterator[tuple[Block, tuple[EnvironmentVariable, ...]]]:
    """Yield each function with its environment variables, as far as they can be read."""
    for type_, (nested, argument) in _VARIABLES.items():
        for block in parsed.all("resource", type_):
            yield (
                block,
                tuple(
                    EnvironmentVariable(block.file, attribute.line, name, value)
                    for environment in block.all(nested)
                    if (attribute := environment.attributes.get(argument))
                    for name, value in _map_entries(parsed, attribute.expression)
                ),
            )


def environment_variables(parsed: ParsedModule) -> Iterator[EnvironmentVariable]:
    """Yield the environment variables of functions and containers."""
    for _, variables in functions(parsed):
        yield from variables
    for block, containers in task_definitions(parsed):
        line = next((block.attributes[a].line for a in _CONTAINERS.values() if a in block.attributes), block.line)
        for container in containers:
            for item in items(parsed, container.get("environment", Literal(None))):
                pair = entries(resolved(parsed, item))
                if "name" in pair and "value" in pair:
                    for name in texts(parsed, pair["name"]):
                        yield EnvironmentVariable(block.file, line, name, pair["value"])


def _map_entries(parsed: ParsedModule, expression: Expression) -> Iterator[tuple[str, Expression]]:
    """Yield the entries of a map, through locals, conditionals and `merge`."""
    expression = resolved(parsed, expression)
    match expression:
        case Call("merge", arguments):
            for argument in arguments:
                yield from _map_entries(parsed, argument)
        case Conditional(_, yes, no):
            yield from _map_entries(parsed, yes)
            yield from _map_entries(parsed, no)
        case _:
            yield from entries(expression).items()
