"""The inputs of a module's text: variables for which it has no value, with what stands for them in a comparison."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

from rolewright.core.inputs import Input, InputPart
from rolewright.data.symbols import symbol
from rolewright.hcl.syntax import Call, Literal, Operation, Traversal
from rolewright.manifest.symbolic import without_symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rolewright.hcl.syntax import Block, Expression, ParsedModule

_PARTITION = 1
_LABELS = {_PARTITION: "partition", 3: "region", 4: "account"}
_ONE_TEXT = re.compile(r"(?:[A-Za-z0-9/_-]|\\\.)*")


def module_inputs(parsed: ParsedModule) -> tuple[Input, ...]:
    """Return the inputs of a module, each with its name in the manifest and a symbol for each part that differs."""
    numbers = count()
    return tuple(
        _input(block, lambda: symbol(next(numbers))) for block in parsed.all("variable") if is_input(block, parsed)
    )


def is_input(block: Block, parsed: ParsedModule) -> bool:
    """Return whether a variable is an input: no environment has a value for it, and its own conditions say what fits.

    That it has a default does not count: the caller may give another value.
    """
    name = block.labels[0]
    if any(name in values for values in parsed.tfvars.values()):
        return False
    is_open = "default" not in block.attributes and _type(block) in ("number", "bool")
    return is_open or any(True for _ in _patterns(block))


def value_of_input(given: Input) -> Any:  # noqa: ANN401 - any value that a variable may have
    """Return what stands for an input; tags are in no permission, so that none of them will do."""
    text = "".join(part.symbol or part.text for part in given.parts)
    return {"list(string)": [text], "map(string)": {}}.get(given.type, text)


def named(value: Any, inputs: Sequence[Input]) -> Any:  # noqa: ANN401 - values of a module
    """Return a value with the names of inputs in the place of their symbols."""
    if isinstance(value, dict):
        return {key: named(inner, inputs) for key, inner in value.items()}
    if isinstance(value, list):
        return [named(inner, inputs) for inner in value]
    return without_symbols(value, inputs) if isinstance(value, str) else value


def _input(block: Block, new_symbol: Callable[[], str]) -> Input:
    variable = block.labels[0]
    arn = next((pattern for pattern in _patterns(block) if pattern.startswith("^arn:")), "")
    parts = tuple(_arn_parts(arn, new_symbol)) if arn else (InputPart("", new_symbol()),)
    name = variable.replace("_", "-")
    return Input(name, "", variable, _type(block), "", "", parts, example=None, tested=f"var.{variable}")


def _arn_parts(pattern: str, new_symbol: Callable[[], str]) -> Iterator[InputPart]:
    """Yield in turn what the ARNs of a pattern have in common, and what they differ in."""
    for number, segment in enumerate(_segments(pattern.removeprefix("^").removesuffix("$"))):
        same = _ONE_TEXT.match(segment)
        written = same[0] if same is not None else ""
        differs = written != segment
        if number == _PARTITION and differs:  # `aws[a-z-]*` is `aws` too, and no symbol stands for nothing
            written = ""
        yield InputPart((":" if number else "") + written.replace("\\", ""))
        if differs:
            yield InputPart("", new_symbol(), label=_LABELS.get(number, "name"))


def _segments(pattern: str) -> Iterator[str]:
    """Yield the parts of an ARN's pattern between colons that are in no class and in no group."""
    start = depth = 0
    for place, character in enumerate(pattern):
        if character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == ":" and depth <= 0:
            yield pattern[start:place]
            start = place + 1
    yield pattern[start:]


def _type(block: Block) -> str:
    match block.attributes["type"].expression if "type" in block.attributes else None:
        case Call(kind, (Traversal((str(element),)),)):
            return f"{kind}({element})"
        case Traversal((str(name),)):
            return name
        case _:
            return ""


def _patterns(block: Block) -> Iterator[str]:
    """Yield the patterns that a variable has to match, or must not."""
    for validation in block.all("validation"):
        if "condition" in validation.attributes:
            yield from _regular_expressions(validation.attributes["condition"].expression)


def _regular_expressions(condition: Expression) -> Iterator[str]:
    """Yield each pattern that a condition tells values by, in turn or in the negative."""
    match condition:
        case Operation("&&" | "!", operands):
            for operand in operands:
                yield from _regular_expressions(operand)
        case Call("can", (Call("regex", (Literal(str(pattern)), _)),)):
            yield pattern
        case _:
            pass
