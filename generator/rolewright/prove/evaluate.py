"""A parsed module in one environment → the values of its resources, as a plan would show them.

Nothing is guessed: a value that is known only after an apply is the token `${ADDRESS.ATTRIBUTE}`, and an expression
that is not evaluated here is a finding.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.data import provider
from rolewright.hcl.scope import Scope, references
from rolewright.hcl.syntax import Call, Map, Traversal
from rolewright.prove.datasources import ANSWERS
from rolewright.prove.expressions import step, value_of
from rolewright.prove.functions import EvaluationError, UnknownError, convert

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.core.model import Environment
    from rolewright.hcl.syntax import Attribute, Block, Expression, ParsedModule, Steps


_META = frozenset({"depends_on", "provider"})
_NOT_EVALUATED = frozenset({"count", "for_each"})
_REMEDY = "rewrite it in the blueprint with what rolewright evaluates: values, references, operators, known functions"


@dataclass(frozen=True)
class EvaluatedBlock:
    """A resource or data source. `values` are its attributes, and lists of dicts for its nested blocks.

    Null values are left out, as are `depends_on` and `lifecycle`. `depends` are the addresses that it refers to,
    directly or through locals. `address` is in Terraform's form: `data.TYPE.NAME` for a data source.
    """

    address: str
    mode: Literal["resource", "data"]
    type: str
    name: str
    values: Mapping[str, Any]
    file: str
    line: int
    depends: tuple[str, ...]


@dataclass(frozen=True)
class EvaluatedModule:
    """An evaluated module. `resources` are keyed by address, each after those that it depends on.

    `problems` are the conditions of variables, resources and data sources that are false.
    """

    resources: Mapping[str, EvaluatedBlock]
    variables: Mapping[str, Any]
    locals: Mapping[str, Any]
    outputs: Mapping[str, Any]
    problems: tuple[Finding, ...]
    parsed: ParsedModule


def texts_at(value: Any, path: Sequence[str]) -> list[str]:  # noqa: ANN401 - JSON
    """Return what stands at a path of arguments as texts, in order: of each block of a list, none where it is unset."""
    if isinstance(value, list):
        return [text for inner in value for text in texts_at(inner, path)]
    if not path:
        return [str(value)]
    return texts_at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


def evaluate(parsed: ParsedModule, environment: Environment) -> EvaluatedModule:
    """Evaluate a module in an environment.

    Raises Rejected with a finding `evaluate-…` for each expression that is wrong or not evaluated.
    """
    walk = _Walk(parsed, environment, Scope(parsed))
    walk.refuse_what_is_not_evaluated()
    for block in parsed.all("variable"):
        walk.read_variable(block)
    for address in walk.order():
        walk.read_resource(address)
    outputs = {
        block.labels[0]: walk.attribute(block, block.attributes["value"])
        for block in parsed.all("output")
        if "value" in block.attributes
    }
    all_locals = {
        name: walk.attribute(block, attribute)
        for block in parsed.all("locals")
        for name, attribute in block.attributes.items()
    }
    if walk.findings:
        raise Rejected(dict.fromkeys(walk.findings))
    return EvaluatedModule(
        MappingProxyType(walk.evaluated),
        MappingProxyType(walk.variables),
        MappingProxyType(all_locals),
        MappingProxyType(outputs),
        tuple(walk.problems),
        parsed,
    )


@dataclass
class _Walk:
    """The state of an evaluation: the values so far, by the address of their block, and the findings."""

    parsed: ParsedModule
    environment: Environment
    scope: Scope
    variables: dict[str, Any] = field(default_factory=dict)
    evaluated: dict[str, EvaluatedBlock] = field(default_factory=dict)
    values_of_blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    open_locals: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)

    def finding(self, rule: str, message: str, block: Block, line: int, remedy: str = _REMEDY) -> Finding:
        origin = self.parsed.origin(block.file, line)
        return Finding(rule, message, remedy, Location(block.file, line, 1, line, 1), origin)

    def refuse_what_is_not_evaluated(self) -> None:
        """Add a finding for each block and meta-argument that needs more than values and references."""
        for block in self.parsed.blocks:
            if block.type == "module":
                self.findings.append(
                    self.finding("evaluate-block", "a module block is not evaluated", block, block.line)
                )
            if block.type in ("resource", "data", "module"):
                for name in sorted(_NOT_EVALUATED & block.attributes.keys()):
                    line = block.attributes[name].line
                    self.findings.append(self.finding("evaluate-meta", f"{name} is not evaluated", block, line))
            for inner in _nested(block):
                if inner.type in ("dynamic", "provisioner", "connection"):
                    message = f"a {inner.type} block is not evaluated"
                    self.findings.append(self.finding("evaluate-block", message, inner, inner.line))

    # Order.

    def order(self) -> list[str]:
        """Return the addresses, each after those that it depends on, and otherwise sorted. A cycle is a finding."""
        waiting = {address: set(self.depends(block)) for address, block in self.blocks.items()}
        ready = sorted(address for address, needs in waiting.items() if not needs)
        ordered: list[str] = []
        while ready:
            address = heapq.heappop(ready)
            ordered.append(address)
            del waiting[address]
            for waiting_address, needs in waiting.items():
                if address in needs:
                    needs.remove(address)
                    if not needs:
                        heapq.heappush(ready, waiting_address)
        if waiting:
            first = min(address for address in waiting if address in self.reachable(address))
            block = self.blocks[first]
            circle = ", ".join(sorted(a for a in self.reachable(first) if first in self.reachable(a)))
            message = f"these depend on each other in a cycle: {circle}"
            self.findings.append(self.finding("evaluate-cycle", message, block, block.line, "break the cycle"))
        return ordered

    @property
    def blocks(self) -> dict[str, Block]:
        return {_address(*key): block for key, block in self.scope.resources.items()}

    def reachable(self, address: str) -> set[str]:
        reached: set[str] = set()
        stack = [address]
        while stack:
            for dependency in self.depends(self.blocks[stack.pop()]):
                if dependency not in reached:
                    reached.add(dependency)
                    stack.append(dependency)
        return reached

    def depends(self, block: Block) -> tuple[str, ...]:
        """Return the addresses that a block refers to, other than its own."""
        addresses: set[str] = set()
        seen: set[str] = set()
        stack = [a.expression for inner in (block, *_nested(block)) for a in inner.attributes.values()]
        while stack:
            for reference in references(stack.pop()):
                target = self.scope.target(reference)
                name = str(reference.steps[1]) if len(reference.steps) > 1 else ""
                if target is not None:
                    addresses.add(_address(target.kind, target.type, target.block.labels[1]))
                elif reference.steps[0] == "local" and name in self.scope.locals and name not in seen:
                    seen.add(name)
                    stack.append(self.scope.locals[name])
        return tuple(sorted(addresses - {_address(block.type, *block.labels[:2])}))

    # Values.

    def attribute(self, block: Block, attribute: Attribute, type_: Any = "dynamic") -> Any:  # noqa: ANN401
        """Return the value of an attribute; on failure, add a finding and return None."""
        try:
            return convert(value_of(attribute.expression, self.resolve), type_)
        except UnknownError as error:
            message = f"{attribute.name} cannot be evaluated: {error}"
            self.findings.append(self.finding("evaluate-unknown", message, block, attribute.line))
        except EvaluationError as error:
            message = f"{attribute.name} cannot be evaluated: {error}"
            self.findings.append(self.finding("evaluate-expression", message, block, attribute.line))
        return None

    def resolve(self, path: Steps) -> Any:  # noqa: ANN401
        """Return the value that a traversal refers to. Raises EvaluationError."""
        root, *rest = path
        if root == "var" and rest and rest[0] in self.variables:
            return _steps(self.variables[str(rest[0])], rest[1:])
        if root == "local" and rest and rest[0] in self.scope.locals:
            return _steps(self.local(str(rest[0])), rest[1:])
        if root == "path" and rest in (["module"], ["root"]):
            return "."
        length = 3 if root == "data" else 2
        address = ".".join(str(part) for part in path[:length])
        if len(path) <= length or address not in self.values_of_blocks:
            raise EvaluationError(f"the reference {address} is not evaluated")
        return self.resource_attribute(address, path[length:])

    def resource_attribute(self, address: str, steps: Steps) -> Any:  # noqa: ANN401
        """Return an attribute's value from the configuration or a data source's answer, or its token."""
        value: Any = self.values_of_blocks[address]
        for place, key in enumerate(steps):
            if isinstance(value, dict) and key not in value:
                return _token(address, steps)
            if place and isinstance(value, str):
                return _token(address, steps)  # inside a collection that is not known
            value = step(value, key)
        return value

    def local(self, name: str) -> Any:  # noqa: ANN401
        if name in self.open_locals:
            raise EvaluationError(f"local.{name} depends on itself")
        self.open_locals.append(name)
        try:
            return value_of(self.scope.locals[name], self.resolve)
        finally:
            self.open_locals.pop()

    def read_variable(self, block: Block) -> None:
        name = block.labels[0]
        tfvars = self.parsed.tfvars.get(self.environment.name, {}) if self.environment.name else {}
        source = tfvars.get(name) or block.attributes.get("default")
        type_ = block.attributes.get("type")
        if name in self.environment.inputs.variables and name not in tfvars:
            self.variables[name] = self.environment.inputs.variables[name]
            self.validate(block)
            return
        if source is None:
            message = f"the variable {name} has no value in the environment {self.environment.name or '(none)'}"
            self.findings.append(
                self.finding("evaluate-variable", message, block, block.line, "give it a default or a value")
            )
            self.variables[name] = None
            return
        try:
            constraint = "dynamic" if type_ is None else _constraint(type_.expression)
        except EvaluationError as error:
            self.findings.append(self.finding("evaluate-type", str(error), block, block.line))
            constraint = "dynamic"
        self.variables[name] = self.attribute(block, source, constraint)
        self.validate(block)

    def validate(self, block: Block) -> None:
        """Add a problem for each condition of a variable that its value does not meet."""
        for validation in block.all("validation"):
            self.judge(validation, "evaluate-validation", f"the value of the variable {block.labels[0]}")

    def read_resource(self, address: str) -> None:
        block = self.blocks[address]
        mode: Literal["resource", "data"] = "data" if block.type == "data" else "resource"
        type_, name = block.labels[:2]
        before = len(self.findings)
        values = self.content(block, provider.schema(provider.MAJORS[0], mode, type_))
        answer = ANSWERS.get(type_) if mode == "data" and len(self.findings) == before else None
        if answer is not None:
            try:
                values |= answer(values, self.environment)
            except EvaluationError as error:
                message = f"{address} cannot be evaluated: {error}"
                self.findings.append(self.finding("evaluate-data", message, block, block.line))
        self.values_of_blocks[address] = {k: v for k, v in values.items() if k != "id" or answer is not None}
        self.evaluated[address] = EvaluatedBlock(
            address, mode, type_, name, values, block.file, block.line, self.depends(block)
        )
        for lifecycle in block.all("lifecycle"):
            for kind in ("precondition", "postcondition"):
                for condition in lifecycle.all(kind):
                    self.judge(condition, f"evaluate-{kind}", address, address)

    def content(self, block: Block, schema: provider.TypeSchema | None) -> dict[str, Any]:
        """Return the attributes and nested blocks of a block that are set."""
        values: dict[str, Any] = {}
        types = {} if schema is None else schema.attributes
        for name, attribute in block.attributes.items():
            if name not in _META:
                values[name] = self.attribute(block, attribute, types[name].type if name in types else "dynamic")
        for inner in block.blocks:
            if inner.type not in ("lifecycle", "dynamic", "provisioner", "connection"):
                nested = None if schema is None else schema.blocks.get(inner.type)
                inner_schema = None if nested is None else nested.content
                values.setdefault(inner.type, []).append(self.content(inner, inner_schema))
        return {name: value for name, value in values.items() if value is not None}

    def judge(self, block: Block, rule: str, subject: str, self_address: str = "") -> None:
        """Add a problem if a condition is false. A condition that is known only after an apply is left to Terraform."""

        def resolve(path: Steps) -> Any:  # noqa: ANN401
            if path[0] == "self" and self_address:
                return self.resource_attribute(self_address, path[1:])
            return self.resolve(path)

        missing = sorted({"condition", "error_message"} - block.attributes.keys())
        if missing:
            self.findings.append(
                self.finding("evaluate-block", f"the {block.type} block has no {missing[0]}", block, block.line)
            )
            return
        condition = block.attributes["condition"]
        try:
            if convert(value_of(condition.expression, resolve), "bool") is not False:
                return
            message = value_of(block.attributes["error_message"].expression, resolve)
        except UnknownError:
            return
        except EvaluationError as error:
            message = f"a condition cannot be evaluated: {error}"
            self.findings.append(self.finding("evaluate-expression", message, block, condition.line))
            return
        remedy = "fix the value, or the condition that refuses it"
        self.problems.append(self.finding(rule, f"{subject}: {message}", block, condition.line, remedy))


def _address(mode: str, type_: str, name: str) -> str:
    return f"data.{type_}.{name}" if mode == "data" else f"{type_}.{name}"


def _nested(block: Block) -> Iterator[Block]:
    for inner in block.blocks:
        yield inner
        yield from _nested(inner)


def _steps(value: Any, keys: list[str | int]) -> Any:  # noqa: ANN401
    for key in keys:
        value = step(value, key)
    return value


def _token(address: str, steps: Steps) -> str:
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in steps)
    return "${" + address + path + "}"


def _constraint(expression: Expression) -> Any:  # noqa: ANN401
    """Return a variable's type in Terraform's JSON form. Raises EvaluationError."""
    match expression:
        case Traversal(("string" | "number" | "bool" as name,)):
            return name
        case Traversal(("any",)):
            return "dynamic"
        case Call("list" | "set" | "map" as kind, (element,)):
            return [kind, _constraint(element)]
        case Call("object", (Map(items),)):
            return ["object", {value_of(key, _no_reference): _constraint(type_) for key, type_ in items}]
        case _:
            raise EvaluationError("this type of a variable is not evaluated")


def _no_reference(path: Steps) -> Any:  # noqa: ANN401
    raise EvaluationError(f"{path[0]} is not an attribute name")
