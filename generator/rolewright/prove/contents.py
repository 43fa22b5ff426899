"""Prove that a module consists of what the declaration expects, and of nothing else.

Whatever is not declared is a finding: a block, a file that Terraform reads, an argument, a meta-argument. This module
has no list of dangerous things: only what the blueprints declare is allowed.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.hcl.scope import reference
from rolewright.hcl.syntax import List, Operation, Traversal
from rolewright.prove.document import read_json
from rolewright.prove.evaluate import evaluate
from rolewright.prove.expressions import value_of
from rolewright.prove.functions import EvaluationError, UnknownError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.core.model import Contents, Environment, ExpectedBlock
    from rolewright.core.text import Text
    from rolewright.hcl.syntax import Block, Expression, ParsedModule, Steps
    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule

_TOP_LEVEL = frozenset({"terraform", "variable", "locals", "output", "resource", "data"})
_LIFECYCLE = frozenset({"create_before_destroy", "prevent_destroy", "replace_triggered_by"})
_CONDITIONS = frozenset({"precondition", "postcondition"})
_OF_TERRAFORM = frozenset({"required_version"})
_REMEDY = "remove it from the template, or declare it under `blocks` in the blueprint"
_MEND = "fix the template, or the declaration under `blocks` in the blueprint"


def structure_findings(parsed: ParsedModule, contents: Contents) -> Iterator[Finding]:
    """Check the parts that do not depend on values: files, kinds of blocks, providers, meta-arguments."""
    for name in sorted({*parsed.files} - {*contents.files}):
        yield Finding(
            "proof-file",
            f"the module has the file {name}, which is not declared",
            "remove it: Terraform may read it, though it is not proven",
            Location(name),
        )
    expected = {declared.address: declared for declared in contents.blocks}
    for block in parsed.blocks:
        if block.type not in _TOP_LEVEL:
            yield _at(block, f"a {block.type} block is not allowed in a module", "remove it from the template")
        elif block.type == "terraform":
            yield from _settings(block, contents.providers)
        elif block.type in ("resource", "data"):
            ignores = [
                declared.ignores for declared in expected.values() if fnmatchcase(_address(block), declared.address)
            ]
            yield from _meta(block, ignores[0] if ignores else ())


def contents_findings(evaluated: EvaluatedModule, contents: Contents, environment: Environment) -> Iterator[Finding]:
    """Compare the blocks of an evaluated module with those that are declared."""
    exact = {declared.address: declared for declared in contents.blocks if "*" not in declared.address}
    patterns = [declared for declared in contents.blocks if "*" in declared.address]
    where = f" in {environment.name}" if environment.name else ""
    values = _Values.of(evaluated, environment)
    for address, declared in exact.items():
        if address.startswith("output."):
            output = {"value": evaluated.outputs.get(address.removeprefix("output."))}
            for message in _mistaken(address, output, declared, values):
                yield Finding("proof-block", message + where, _MEND, declared.location)
        elif address not in evaluated.resources and not declared.optional:
            message = f"{address} is missing from the module, though the manifest calls for it"
            yield Finding("proof-block", message, _MEND, declared.location)
    set_arguments = {
        _address(block): {*block.attributes, *(inner.type for inner in block.blocks)}
        for block in evaluated.parsed.blocks
        if block.type in ("resource", "data")
    }
    for address, block in evaluated.resources.items():
        fitting = (declared for declared in patterns if fnmatchcase(address, declared.address))
        expected = exact.get(address) or next(fitting, None)
        if expected is None:
            example = json.dumps({address: {"free": sorted(block.values)}})
            message = f"{address} is in the module, though the manifest does not call for it"
            yield _of(
                block,
                message,
                f"{_REMEDY}, for example `{example}`, with the arguments that affect access under `arguments`",
            )
        else:
            yield from _arguments(block, expected, set_arguments[address], values, where)


@dataclass(frozen=True)
class _Values:
    """The values of references in one environment: texts by reference, and lists by the token of the reference."""

    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, evaluated: EvaluatedModule, environment: Environment) -> _Values:
        """Return the values of a module's references."""
        lists = {name: value for name, value in evaluated.variables.items() if isinstance(value, list)}
        of_caller = {f"var.{name}": _text(v) for name, v in evaluated.variables.items() if name not in lists}
        entries = {"${var." + name + "}": tuple(map(_text, value)) for name, value in lists.items()}
        return cls({**_references(evaluated), **of_caller, **environment.values}, entries)

    def stands_for(self, text: Text) -> tuple[str, ...]:
        """Return what an argument has that is declared as this text: each entry, where it refers to a list."""
        grounded = text.ground(self.texts)
        return self.lists.get(grounded, (grounded,))


def _references(evaluated: EvaluatedModule) -> dict[str, str]:
    """Return the values that references to arguments of other blocks resolve to, by reference."""
    return {
        f"{address}.{name}": value
        for address, block in evaluated.resources.items()
        for name, value in block.values.items()
        if isinstance(value, str)
    }


def binding_findings(evaluated: EvaluatedModule, environment: Environment) -> Iterator[Finding]:
    """Check that the module refuses to be applied in another account or region than this environment's."""
    if not environment.name:
        return
    guarding_blocks = tuple(
        block
        for block in evaluated.parsed.blocks
        if block.type == "variable" or (block.type == "data" and any(block.all("lifecycle")))
    )
    foreign_values = {"account": "999999999999", "region": "xx-elsewhere-9"}
    required = set(_asked(evaluated.parsed))
    for setting, foreign_value in foreign_values.items():
        elsewhere = replace(environment, **{setting: foreign_value})  # type: ignore[arg-type]
        try:
            problems = evaluate(replace(evaluated.parsed, blocks=guarding_blocks), elsewhere).problems
        except Rejected:  # a condition refers to more than variables
            problems = evaluate(evaluated.parsed, elsewhere).problems
        if not problems or setting not in required:
            message = f"the module can be applied to another {setting} than that of {environment.name}"
            place = Location("context.tf", 1)
            yield Finding("proof-block", message, "fix the condition in the template of the module's context", place)


_WHERE = {("aws_caller_identity", "account_id"): "account", ("aws_service_principal", "region"): "region"}
"""The data sources, by type and attribute, that say where a module is applied."""


def _asked(parsed: ParsedModule) -> Iterator[str]:
    """Yield which of account and region a condition of a data source requires to equal the variable of that name."""
    for block in parsed.all("data"):
        for lifecycle in block.all("lifecycle"):
            for condition in lifecycle.blocks:
                test = condition.attributes.get("condition")
                if condition.type not in _CONDITIONS or test is None:
                    continue
                for (type_, attribute), setting in _WHERE.items():
                    sides: set[Expression] = {Traversal(("self", attribute)), Traversal(("var", setting))}
                    compared = (
                        {*operation.operands} for operation in _all_of(test.expression) if operation.operator == "=="
                    )
                    if block.labels[0] == type_ and sides in compared:
                        yield setting


def _all_of(condition: Expression) -> Iterator[Operation]:
    """Yield the operations that all have to hold for a condition to hold."""
    if isinstance(condition, Operation):
        if condition.operator == "&&":
            for operand in condition.operands:
                yield from _all_of(operand)
        else:
            yield condition


def _settings(block: Block, providers: Mapping[str, str]) -> Iterator[Finding]:
    """Check that the `terraform` block has nothing but versions and the declared providers."""
    for name in sorted(block.attributes.keys() - _OF_TERRAFORM):
        yield _at(block, f"`terraform` sets {name}", "remove it from the template")
    for inner in block.blocks:
        if inner.type != "required_providers":
            yield _at(inner, f"`terraform` has a {inner.type} block", "remove it from the template")
            continue
        sources: dict[str, Any] = {}
        for name, attribute in inner.attributes.items():
            try:
                value = value_of(attribute.expression, _no_reference)
            except (EvaluationError, UnknownError):
                value = None
            is_plain = isinstance(value, dict) and value.keys() <= {"source", "version"}
            sources[name] = value.get("source") if isinstance(value, dict) and is_plain else None
        if sources != dict(providers):
            listed = ", ".join(f"{name} from {source}" for name, source in providers.items())
            yield _at(
                inner, f"the providers are not exactly {listed}", "list only these, each with `source` and `version`"
            )


def _no_reference(path: Steps) -> Any:  # noqa: ANN401
    raise EvaluationError(f"{path[0]} is not known here")


def _meta(block: Block, ignores: tuple[str, ...]) -> Iterator[Finding]:
    """Check meta-arguments, other than those that repeat a block, which the evaluator refuses."""
    if "provider" in block.attributes:
        message = f"{_address(block)} uses another provider than the module's default"
        yield _at(block, message, "remove `provider` from the template")
    for lifecycle in block.all("lifecycle"):
        for name in sorted(lifecycle.attributes.keys() - _LIFECYCLE - {"ignore_changes"}):
            yield _at(lifecycle, f"lifecycle of {_address(block)} sets {name}", "remove it from the template")
        for inner in lifecycle.blocks:
            if inner.type not in _CONDITIONS:
                yield _at(
                    inner, f"lifecycle of {_address(block)} has a {inner.type} block", "remove it from the template"
                )
        ignored = lifecycle.attributes.get("ignore_changes")
        if ignored is None:
            continue
        items = ignored.expression.items if isinstance(ignored.expression, List) else ()
        names = [str(traversal.steps[0]) if (traversal := reference(item)) else "?" for item in items] or ["everything"]
        for name in names:
            if name not in ignores:
                message = f"{_address(block)} ignores changes that are made by hand to {name}"
                yield _at(lifecycle, message, "remove it from the template, or name it under `ignores` of the block")


def _arguments(
    block: EvaluatedBlock,
    expected: ExpectedBlock,
    set_arguments: Collection[str],
    values: _Values,
    where: str,
) -> Iterator[Finding]:
    for message in _mistaken(block.address, block.values, expected, values):
        yield _of(block, message + where, _MEND)
    if expected.tags is not None:
        tags = {key: text.ground(values.texts) for key, text in expected.tags.items()}
        if {key: _text(value) for key, value in (block.values.get("tags") or {}).items()} != tags:
            yield _of(block, f"the tags of {block.address} are not the module's tags{where}", _MEND)
    covered = [
        *(_plain(path).removesuffix(".*") for path in expected.arguments),
        *expected.free,
        *expected.proven,
        *(["tags"] if expected.tags is not None else []),
    ]
    set_here = {name: value for name, value in block.values.items() if name in set_arguments}  # not the computed ones
    for path in dict.fromkeys(_leaves(set_here, "")):
        if not any(path == covered_path or path.startswith(f"{covered_path}.") for covered_path in covered):
            remedy = f"{_REMEDY}, under `arguments` with its value, or under `free` if it does not affect access"
            yield _of(block, f"{block.address} sets {path}, which is not declared", remedy)


def _mistaken(address: str, arguments: Mapping[str, Any], expected: ExpectedBlock, values: _Values) -> Iterator[str]:
    """Yield a message for each argument that has other values than those expected."""
    for path, texts in expected.arguments.items():
        expected_values = {value for text in texts for value in values.stands_for(text)}
        plain = _plain(path)
        actual_values = {_text(value) for value in _collect(arguments, plain.split(".")) if value is not None}
        if path != plain:
            actual_values = {_decoded(text) for text in actual_values}
        if actual_values != expected_values:
            yield f"{path} of {address} is {_shown(actual_values)}, not {_shown(expected_values)}"


def _plain(path: str) -> str:
    """Return the path of an argument, which is written `base64decode(PATH)` if its value is encoded text."""
    return path.removeprefix("base64decode(").removesuffix(")")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def _collect(value: Any, path: list[str]) -> Iterator[Any]:  # noqa: ANN401 - what HCL and JSON hold
    """Yield every value at a path, which may lead through lists of blocks and through JSON text."""
    if isinstance(value, list):
        for item in value:
            yield from _collect(item, path)
    elif not path:
        yield value
    else:
        if isinstance(value, str) and value.startswith(("{", "[")):
            try:
                value = read_json(value)
            except ValueError:
                return
            if isinstance(value, list):
                yield from _collect(value, path)
                return
        if isinstance(value, dict) and path == ["*"]:
            yield from value.values()
        elif isinstance(value, dict):
            for length in range(len(path), 0, -1):
                if ".".join(path[:length]) in value:
                    yield from _collect(value[".".join(path[:length])], path[length:])


def _leaves(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - what HCL holds
    """Yield the path of every argument that is set; an empty block counts as one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _leaves(item, path)
    elif path:
        yield path


def _text(value: Any) -> str:  # noqa: ANN401 - what HCL holds
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(values: set[str]) -> str:
    return " and ".join(sorted(values)) or "unset"


def _address(block: Block) -> str:
    name = ".".join(block.labels)
    return f"data.{name}" if block.type == "data" else name


def _at(block: Block, message: str, remedy: str) -> Finding:
    return Finding("proof-block", message, remedy, Location(block.file, block.line, 1, block.line, 2))


def _of(block: EvaluatedBlock, message: str, remedy: str) -> Finding:
    return Finding("proof-block", message, remedy, Location(block.file, block.line, 1, block.line, 2))
