"""What a module's README says of how to call it: the call, its inputs, its outputs, and what it makes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.hcl.format import format_hcl
from rolewright.hcl.literal import RawExpression, identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rolewright.core.model import Variable, Workload
    from rolewright.render.outputs import Output

_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)"', re.MULTILINE)


def usage(
    workload: Workload, variables: Iterable[Variable], outputs: Iterable[Output], files: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values for the template of a module's README; `files` are the module's texts."""
    variables = list(variables)
    return {
        "call": RawExpression(_call(workload, variables)),
        "inputs": [
            {
                "name": _code(variable.name),
                "type": _code(variable.type),
                "description": variable.description,
                "default": _code(literal(variable.default)) if variable.has_default else "",
                "allowed": variable.allowed,
            }
            for variable in variables
        ],
        "outputs": [{"name": _code(output.name), "description": output.description} for output in outputs],
        "made": {
            name: RawExpression(", ".join(f"`{type_}.{label}`" for type_, label in found))
            for name, text in sorted(files.items())
            if (found := sorted(_RESOURCE.findall(text)))
        },
    }


def _call(workload: Workload, variables: Iterable[Variable]) -> str:
    """Return a block that calls the module, with every variable that it needs, as the first environment has them."""
    first = workload.environments[0]
    values = {name: literal(value) for name, value in {**first.variables, **first.inputs.variables}.items()}
    needed = "".join(
        f"  {variable.name} = {values.get(variable.name, 'null # to be filled in')}\n"
        for variable in variables
        if not variable.has_default
    )
    source = f'  source = "./output/{workload.name}"\n'
    return format_hcl(f'module "{identifier(workload.name)}" {{\n{source}{needed}}}\n').rstrip()


def _code(text: str) -> RawExpression:
    """Return text as code in a cell of a Markdown table."""
    return RawExpression(f"`{text.replace('|', chr(92) + '|')}`" if "`" not in text else text)
