"""ParsedModule + Environment → Plan: the values that Terraform would plan, with tokens for what AWS makes up.

Only what blueprints use is evaluated. Anything else is a finding, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.check.syntax import (
    Call,
    Conditional,
    Expression,
    Index,
    List,
    Literal,
    Map,
    Opaque,
    Operation,
    Template,
    Traversal,
)
from rolewright.finding import Finding, Location, Rejected
from rolewright.prove.datasources import DATA_SOURCES
from rolewright.prove.functions import FUNCTIONS, EvaluationError, operate, string

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.check.syntax import Block, ParsedModule
    from rolewright.model import Environment

_META = frozenset({"depends_on", "count", "for_each", "provider"})
_META_BLOCKS = frozenset({"lifecycle", "provisioner", "connection"})
_UNEVALUATED = ("count", "for_each")


@dataclass(frozen=True)
class Evaluated:
    """A resource or data block with its values: attributes as plain values, nested blocks as lists of dicts."""

    address: str
    mode: str
    type: str
    name: str
    values: Mapping[str, Any]
    file: str
    line: int
    depends: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A module evaluated for one environment; `resources` stand after what they depend on.

    What Terraform cannot know before it applies is the token `${ADDRESS.ATTRIBUTE}`. `problems` are
    validations, pre- and postconditions that do not hold.
    """

    resources: Mapping[str, Evaluated]
    variables: Mapping[str, Any]
    locals: Mapping[str, Any]
    outputs: Mapping[str, Any]
    problems: tuple[Finding, ...]


def evaluate(parsed: ParsedModule, environment: Environment) -> Plan:
    """Evaluate a module. Raises Rejected where something cannot be evaluated, or depends on itself."""
    return _Evaluator(parsed, environment).plan()


class _Evaluator:
    def __init__(self, parsed: ParsedModule, environment: Environment) -> None:
        self._environment = environment
        self._blocks = {_address(b): b for b in parsed.blocks if b.type in ("resource", "data")}
        self._variables = {b.labels[0]: b for b in parsed.all("variable")}
        self._outputs = {b.labels[0]: b for b in parsed.all("output")}
        self._locals = {n: (b, a) for b in parsed.all("locals") for n, a in b.attributes.items()}
        self._given = parsed.tfvars.get(environment.name, {}) if environment.name else {}
        self._done: dict[str, Evaluated] = {}
        self._values: dict[str, Any] = {}
        self._open: list[str] = []
        self._needs: list[dict[str, None]] = [{}]
        self._place: tuple[str, int] = ("", 1)

    def plan(self) -> Plan:
        findings: list[Finding] = []
        variables = self._all("var", self._variables, findings)
        values = self._all("local", self._locals, findings)
        for address in sorted(self._blocks):
            self._try(lambda address=address: self._resource(address), findings)  # type: ignore[misc]
        outputs = {
            name: self._try(lambda block=block: self._attribute(block, "value"), findings)  # type: ignore[misc]
            for name, block in self._outputs.items()
        }
        problems = list(self._conditions(findings))
        if findings:
            raise Rejected(dict.fromkeys(findings))
        return Plan(dict(self._done), variables, values, outputs, tuple(problems))

    def _all(self, root: str, names: Mapping[str, Any], findings: list[Finding]) -> dict[str, Any]:
        return {
            name: self._try(lambda name=name: self._named(root, name), findings)  # type: ignore[misc]
            for name in names
        }

    def _try(self, compute: Any, findings: list[Finding]) -> Any:  # noqa: ANN401 - a value of the module
        depth, needs = len(self._open), len(self._needs)
        try:
            return compute()
        except EvaluationError as error:
            file, line = self._place
            remedy = "use in the template what the evaluator knows"
            findings.append(Finding("evaluate-unknown", str(error), remedy, Location(file, line, 1, line, 2)))
            del self._open[depth:], self._needs[needs:]
            return None

    # --- names -------------------------------------------------------------------------------------

    def _named(self, root: str, name: str) -> Any:  # noqa: ANN401
        key = f"{root}.{name}"
        if key not in self._values:
            self._enter(key)
            self._values[key] = self._variable(name) if root == "var" else self._local(name)
            self._open.pop()
        return self._values[key]

    def _enter(self, key: str) -> None:
        if key in self._open:
            raise EvaluationError("these depend on each other in a circle: " + " → ".join([*self._open, key]))
        self._open.append(key)

    def _variable(self, name: str) -> Any:  # noqa: ANN401
        block = self._variables.get(name)
        if block is None:
            raise EvaluationError(f"there is no variable {name}")
        if name in self._given:
            return self._value(self._given[name].expression, {})
        if "default" in block.attributes:
            return self._attribute(block, "default")
        raise EvaluationError(f"the variable {name} has no value in the environment {self._environment.name or 'none'}")

    def _local(self, name: str) -> Any:  # noqa: ANN401
        if name not in self._locals:
            raise EvaluationError(f"there is no local value {name}")
        block, attribute = self._locals[name]
        self._place = (block.file, attribute.line)
        return self._value(attribute.expression, {})

    def _resource(self, address: str) -> Evaluated:
        self._needs[-1][address] = None
        if address in self._done:
            return self._done[address]
        self._enter(address)
        self._needs.append({})
        block = self._blocks[address]
        self._place = (block.file, block.line)
        for name in _UNEVALUATED:
            if name in block.attributes:
                raise EvaluationError(f"{name} is not evaluated")
        values = self._body(block)
        for explicit in self._explicit(block):
            self._resource(explicit)
        mode = "data" if block.type == "data" else "resource"
        if mode == "data" and block.labels[0] in DATA_SOURCES:
            values = {**values, **DATA_SOURCES[block.labels[0]](values, self._environment)}
        found = Evaluated(
            address, mode, block.labels[0], block.labels[1], values, block.file, block.line, tuple(self._needs.pop())
        )
        self._open.pop()
        self._done[address] = found
        return found

    def _explicit(self, block: Block) -> Iterator[str]:
        attribute = block.attributes.get("depends_on")
        if attribute is not None and isinstance(attribute.expression, List):
            for item in attribute.expression.items:
                if isinstance(item, Traversal):
                    yield ".".join(str(step) for step in item.path)

    def _body(self, block: Block) -> dict[str, Any]:
        values = {n: self._attribute(block, n) for n in block.attributes if n not in _META}
        for nested in block.blocks:
            if nested.type in _META_BLOCKS:
                continue
            if nested.type == "dynamic":
                raise EvaluationError("dynamic blocks are not evaluated")
            values.setdefault(nested.type, []).append(self._body(nested))
        return values

    def _attribute(self, block: Block, name: str) -> Any:  # noqa: ANN401
        attribute = block.attributes[name]
        self._place = (block.file, attribute.line)
        return self._value(attribute.expression, {})

    # --- conditions --------------------------------------------------------------------------------

    def _conditions(self, findings: list[Finding]) -> Iterator[Finding]:
        for name, block in self._variables.items():
            for validation in block.all("validation"):
                yield from self._holds(validation, {}, f"the variable {name}", findings)
        for address, block in self._blocks.items():
            own = self._done[address].values if address in self._done else {}
            for lifecycle in block.all("lifecycle"):
                for condition in (*lifecycle.all("precondition"), *lifecycle.all("postcondition")):
                    yield from self._holds(condition, {"self": own}, address, findings)

    def _holds(self, block: Block, scope: Mapping[str, Any], of: str, findings: list[Finding]) -> Iterator[Finding]:
        self._place = (block.file, block.line)
        held = self._try(lambda: self._value(block.attributes["condition"].expression, scope), findings)
        if held is False:
            message = f"a condition of {of} does not hold: " + string(
                self._try(lambda: self._value(block.attributes["error_message"].expression, scope), findings)
            )
            place = Location(block.file, block.line, 1, block.line, 2)
            yield Finding("evaluate-condition", message, "change what the condition looks at", place)

    # --- expressions -------------------------------------------------------------------------------

    def _value(self, expression: Expression, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401
        match expression:
            case Literal(value):
                return value
            case Template(parts):
                return "".join(p if isinstance(p, str) else string(self._value(p, scope)) for p in parts)
            case Traversal(path):
                return self._traverse(path, scope)
            case Index(collection, key):
                return _step(self._value(collection, scope), self._value(key, scope))
            case List(items):
                return [self._value(item, scope) for item in items]
            case Map(items):
                return {string(self._value(k, scope)): self._value(v, scope) for k, v in items}
            case Conditional(test, yes, no):
                return self._value(yes if self._value(test, scope) is True else no, scope)
            case Operation(operator, operands):
                return operate(operator, [self._value(one, scope) for one in operands])
            case Call(name, arguments):
                if name not in FUNCTIONS:
                    raise EvaluationError(f"the function {name} is not evaluated")
                return FUNCTIONS[name](*(self._value(one, scope) for one in arguments))
            case Opaque(text):
                raise EvaluationError(f"this is not evaluated: {text}")

    def _traverse(self, path: tuple[str | int, ...], scope: Mapping[str, Any]) -> Any:  # noqa: ANN401
        root, *rest = path
        if root in scope:
            value = scope[str(root)]
        elif root in ("var", "local") and rest:
            value, rest = self._named(str(root), str(rest[0])), rest[1:]
        else:
            length = 3 if root == "data" else 2
            address = ".".join(str(step) for step in path[:length])
            if address not in self._blocks or len(path) == length:
                raise EvaluationError(f"there is no {'.'.join(str(step) for step in path)}")
            attribute, rest = str(path[length]), list(path[length + 1 :])
            values = self._resource(address).values
            value = values[attribute] if attribute in values else "${" + f"{address}.{attribute}" + "}"
        for step in rest:
            value = _step(value, step)
        return value


def _step(value: Any, key: Any) -> Any:  # noqa: ANN401 - values of the module
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        raise EvaluationError(f"there is no {key!r} in {value!r}") from None


def _address(block: Block) -> str:
    prefix = "data." if block.type == "data" else ""
    return prefix + ".".join(block.labels)
