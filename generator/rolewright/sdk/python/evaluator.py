"""An expression of Python → its possible values, as far as clients of boto3 are concerned.

Values are followed through names, attributes, functions, classes and imports of the files at hand. Nothing is run.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from rolewright.sdk import models
from rolewright.sdk.calls import UNKNOWN, Argument, Scalar
from rolewright.sdk.python.arguments import argument_of, as_argument
from rolewright.sdk.python.method_results import held_under, results_of_method
from rolewright.sdk.python.modules import PythonModuleIndex
from rolewright.sdk.python.passed import handed_over
from rolewright.sdk.python.scopes import (
    AnnotatedName,
    Assignment,
    Insertion,
    Iteration,
    PythonClass,
    PythonFunction,
    PythonImport,
    PythonParameter,
)
from rolewright.sdk.python.syntax import alternatives, constant, hint, passed_to
from rolewright.sdk.python.values import (
    Boto3Client,
    Boto3Resource,
    BoundMethod,
    CallFrame,
    Holder,
    Instance,
    Mark,
    Meta,
    PaginatorOrWaiter,
    PythonModule,
    PythonValue,
    ResourceCollection,
    Response,
    Sdk,
    arguments_in,
    distinct,
    item_of,
    of_handle,
    of_sdk,
    of_stub,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.sdk.python.scopes import Binding, PythonFile, PythonScope

_DEPTH = 100
"""The deepest nesting of expressions that is followed; each level takes several frames of Python's own stack."""
_FRAMES = 3
"""The deepest nesting of calls that are told apart; beyond it, a parameter may be what any call passes."""
_STUBS = re.compile(r"(?:mypy_boto3|types_boto3|types_aiobotocore|types_aioboto3)_(\w+)(?:\.\w+)?")


class Evaluator:
    """Evaluates expressions of files that may import one another."""

    def __init__(self, files: Iterable[PythonFile]) -> None:
        listed = list(files)
        self._modules = PythonModuleIndex(listed)
        self._known: dict[Mark, tuple[PythonValue, ...]] = {}
        self._open: set[Mark] = set()
        self._frames: tuple[CallFrame, ...] = ()
        self._assigned_attributes: dict[str, list[Assignment]] = defaultdict(list)
        for file in listed:
            for name, values in file.assigned_attributes.items():
                self._assigned_attributes[name] += values
        self._callers: dict[PythonFunction, list[tuple[ast.Call, PythonScope, bool]]] = {}
        callers: dict[PythonFunction, list[tuple[ast.Call, PythonScope, bool]]] = defaultdict(list)
        for file in listed:
            for node, scope in file.calls:
                for function, call, is_method in self._called(node, scope):
                    callers[function].append((call, scope, is_method))
        self._callers = callers
        self._known.clear()  # these values were found without the arguments of functions

    def _called(self, node: ast.Call, scope: PythonScope) -> Iterator[tuple[PythonFunction, ast.Call, bool]]:
        """Yield the functions that a call runs, itself or by passing them on, each with its call.

        The third says whether it is a method, whose first parameter no call passes.
        """
        for call in (node, *handed_over(node)):
            for target in self.evaluate(call.func, scope):
                if isinstance(target, PythonFunction):
                    yield target, call, _is_method(target)
        for target in self.evaluate(node.func, scope):
            for initializer in self._members(target, "__init__") if isinstance(target, PythonClass) else ():
                if isinstance(initializer, PythonFunction):
                    yield initializer, node, True

    # --- values ------------------------------------------------------------------------------------

    def evaluate(self, node: ast.expr, scope: PythonScope) -> tuple[PythonValue, ...]:
        """Return the possible values of an expression, as far as they can be followed."""
        mark = (id(node), id(scope), tuple(id(frame.node) for frame in self._frames))
        if mark not in self._known:
            if mark in self._open or len(self._open) > _DEPTH:
                return ()
            self._open.add(mark)
            values = distinct(self._values(node, scope))
            self._open.discard(mark)
            self._known[mark] = values
        return self._known[mark]

    def _values(self, node: ast.expr, scope: PythonScope) -> Iterator[PythonValue]:  # noqa: C901 - one case for each kind
        match node:
            case ast.Constant():
                yield from constant(node)
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                yield self._joined(node, scope)
            case ast.Name():
                bindings = scope.find(node.id)
                for binding in bindings:
                    yield from self._bound(binding)
                if not bindings:
                    yield Scalar(None, node.id)
            case ast.Attribute():
                yield from self._attribute(node, scope)
            case ast.Call():
                yield from self._result(node, scope)
            case ast.Await() | ast.NamedExpr() | ast.Starred() | ast.IfExp() | ast.BoolOp():
                for option in alternatives(node):
                    yield from self.evaluate(option, scope)
            case ast.Subscript():
                yield from self._subscript(node, scope)
            case ast.DictComp():
                yield Holder(Insertion(node.key, node.value, scope))
            case ast.Dict() | ast.List() | ast.Tuple() | ast.Set():
                yield self._container(node, scope)
                yield from self._clients_in(node, scope)
            case _:
                yield Scalar(None, hint(node))

    def _clients_in(self, node: ast.expr, scope: PythonScope) -> Iterator[Holder]:
        """Yield the clients, resources and methods that a mapping has under its keys."""
        pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
        for key, value in pairs:
            if key is not None and isinstance(value, ast.Call | ast.Name | ast.Attribute):
                values = self.evaluate(value, scope)
                if any(isinstance(inner, Boto3Client | Boto3Resource | BoundMethod) for inner in values):
                    yield Holder(Insertion(key, value, scope))

    def _container(self, node: ast.Dict | ast.List | ast.Tuple | ast.Set, scope: PythonScope) -> Argument:
        if not isinstance(node, ast.Dict):
            return tuple(as_argument(self.evaluate, element, scope) for element in node.elts)
        return {
            key.text if key.text is not None else f"{UNKNOWN}{key.hint}": as_argument(self.evaluate, value, scope)
            for key_node, value in zip(node.keys, node.values, strict=True)
            if key_node is not None
            for key in arguments_in(self.evaluate(key_node, scope))
            if isinstance(key, Scalar)
        }

    def _joined(self, node: ast.JoinedStr | ast.BinOp, scope: PythonScope) -> Scalar:
        """Join the parts of a text, if each of them is known."""
        parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
        text = ""
        for part in parts:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            values = self.evaluate(inner, scope)
            if len(values) != 1 or not isinstance(values[0], Scalar) or values[0].text is None:
                return Scalar(None, hint(node))
            text += values[0].text
        return Scalar(text)

    def _bound(self, binding: Binding) -> Iterator[PythonValue]:
        match binding:
            case Assignment():
                yield from self.evaluate(binding.node, binding.scope)
            case Iteration():
                for value in self.evaluate(binding.node, binding.scope):
                    if isinstance(value, ResourceCollection):
                        yield item_of(value)
                    elif isinstance(value, tuple):
                        yield from value
                    elif isinstance(value, dict):
                        yield from (Scalar(key) for key in value)
            case PythonParameter():
                yield from self._parameter(binding)
            case Insertion():
                yield Holder(binding)
            case AnnotatedName():
                yield from self._annotated(binding.annotation, binding.scope)
            case PythonImport():
                yield from self._imported(binding)
            case _:
                yield binding

    def _parameter(self, parameter: PythonParameter) -> Iterator[PythonValue]:
        """Yield what a function is called with in these files, or what the parameter's annotation tells."""
        function = parameter.function
        typed = list(self._annotated(parameter.annotation, function.scope))
        if typed:
            yield from typed
            return
        if parameter.name in ("self", "cls") and function.scope.owner is not None:
            yield Instance(function.scope.owner)
            return
        position = function.positional.index(parameter.name) if parameter.name in function.positional else 99
        frame = next((open_frame for open_frame in reversed(self._frames) if open_frame.function is function), None)
        values: list[PythonValue] = []
        if frame is not None:
            for argument in passed_to(frame.node, parameter.name, position - _is_method(function)):
                values += self._in_frames(frame.outer, argument, frame.scope)
        everybody = frame is None or bool(values)
        for node, scope, is_method in self._callers.get(function, ()) if frame is None else ():
            arguments = list(passed_to(node, parameter.name, position - is_method))
            everybody = everybody and bool(arguments)
            for argument in arguments:
                values += self.evaluate(argument, scope)
        if parameter.default is not None and not (everybody and values):
            values += self.evaluate(parameter.default, function.scope.parent or function.scope)
        yield from values or [Scalar(None, parameter.name)]

    def _in_frames(self, frames: tuple[CallFrame, ...], node: ast.expr, scope: PythonScope) -> tuple[PythonValue, ...]:
        before, self._frames = self._frames, frames[-_FRAMES:]
        values = self.evaluate(node, scope)
        self._frames = before
        return values

    def _annotated(self, annotation: ast.expr | None, scope: PythonScope) -> Iterator[PythonValue]:
        """Yield the client or resource that an annotation names, as packages of stubs name their types."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except (SyntaxError, ValueError):
                return
        if isinstance(annotation, ast.BinOp):  # S3Client | None
            yield from self._annotated(annotation.left, scope)
            yield from self._annotated(annotation.right, scope)
        elif isinstance(annotation, ast.Subscript):  # Optional[S3Client]
            yield from self._annotated(annotation.slice, scope)
        elif isinstance(annotation, ast.Name):
            for binding in scope.find(annotation.id):
                stubs = _STUBS.fullmatch(binding.module) if isinstance(binding, PythonImport) else None
                if isinstance(binding, PythonImport) and stubs is not None:
                    yield from of_stub(stubs[1].replace("_", "-"), binding.attribute)
                elif isinstance(binding, PythonClass):
                    yield Instance(binding)
                elif isinstance(binding, PythonImport):
                    yield from (
                        Instance(class_) for class_ in self._imported(binding) if isinstance(class_, PythonClass)
                    )

    def _imported(self, binding: PythonImport) -> Iterator[PythonValue]:
        if binding.module in models.facts()["modules"]:
            yield from of_sdk(binding.attribute) if binding.attribute else [Sdk()]
            return
        files = self._modules.nearest(binding.module, binding.file)
        inner = self._modules.nearest(f"{binding.module}.{binding.attribute}", binding.file)
        if len(files) == 1 and binding.attribute in files[0].scope.names:
            for exported in files[0].scope.names[binding.attribute]:
                mark = (id(exported), 0, ())
                if mark not in self._open and len(self._open) <= _DEPTH:  # two modules may import each other
                    self._open.add(mark)
                    yield from tuple(self._bound(exported))
                    self._open.discard(mark)
        elif not binding.attribute and len(files) == 1:
            yield PythonModule(files[0])
        elif binding.attribute and len(inner) == 1:
            yield PythonModule(inner[0])
        else:
            yield Scalar(None, binding.attribute or binding.module)

    def _attribute(self, node: ast.Attribute, scope: PythonScope) -> Iterator[PythonValue]:
        for value in self.evaluate(node.value, scope):
            yield from self._attribute_of(value, node)

    def _attribute_of(self, value: PythonValue, node: ast.Attribute) -> Iterator[PythonValue]:
        name = node.attr
        match value:
            case Sdk(maker=""):
                yield from of_sdk(name)
            case Boto3Client() if name in ("meta", "exceptions"):
                yield Meta("")
            case Boto3Resource():
                yield from of_handle(value, name)
            case Meta() if name == "client" and value.service:
                yield Boto3Client(value.service)
            case Boto3Client() | PaginatorOrWaiter() | ResourceCollection() | Holder():
                yield BoundMethod(value, name)
            case Instance() | PythonClass() | PythonModule():
                yield from self._member(value, node)
            case Scalar():
                yield from self._assigned_anywhere(node)
            case _:
                pass

    def _member(self, value: Instance | PythonClass | PythonModule, node: ast.Attribute) -> Iterator[PythonValue]:
        """Yield what a class or a module has by this name."""
        if isinstance(value, PythonModule):
            bindings = value.file.scope.names.get(node.attr, [])
        else:
            bindings = self._members(value.of if isinstance(value, Instance) else value, node.attr)
        for binding in bindings:
            if isinstance(binding, PythonFunction) and binding.is_property:
                for returned in binding.scope.returns:
                    yield from self.evaluate(returned, binding.scope)
            else:
                yield from self._bound(binding)
        if not bindings:
            yield from self._assigned_anywhere(node)

    def _assigned_anywhere(self, node: ast.Attribute) -> Iterator[PythonValue]:
        """Yield the values assigned anywhere to an attribute of this name, for an owner that is unknown."""
        values = [
            assigned
            for value in self._assigned_attributes.get(node.attr, ())
            for assigned in self.evaluate(value.node, value.scope)
        ]
        sdk_values = [
            value
            for value in values
            if isinstance(value, Boto3Client | Boto3Resource | ResourceCollection | PaginatorOrWaiter | Sdk)
        ]
        yield from sdk_values
        if not sdk_values:
            yield Scalar(None, hint(node))

    def _members(self, class_: PythonClass, name: str, below: tuple[PythonClass, ...] = ()) -> list[Binding]:
        """Return what a class, or else one of its bases, has by a name; `below` are the classes derived from it."""
        bindings = [*class_.attributes.get(name, ()), *class_.scope.names.get(name, ())]
        outer = class_.scope.parent or class_.scope
        for base in () if bindings else class_.bases:
            for ancestor in self.evaluate(base, outer):
                if isinstance(ancestor, PythonClass) and ancestor not in (class_, *below):
                    bindings += self._members(ancestor, name, (class_, *below))
        return bindings

    def _result(self, node: ast.Call, scope: PythonScope) -> Iterator[PythonValue]:
        """Yield what a call returns."""
        is_known = False
        for target in self.evaluate(node.func, scope):
            match target:
                case Sdk(maker=""):
                    yield target
                case Sdk():
                    for name in argument_of(self.evaluate, node, scope, "service_name", 0):
                        if isinstance(name, Scalar) and name.text is not None and models.service(name.text):
                            yield (
                                Boto3Client(name.text) if target.maker == "client" else Boto3Resource(name.text, "", {})
                            )
                case PythonClass():
                    yield Instance(target)
                case PythonFunction():
                    frames = (*self._frames, CallFrame(target, node, scope, self._frames))
                    for returned in target.scope.returns:
                        yield from self._in_frames(frames, returned, target.scope)
                case BoundMethod():
                    yield from results_of_method(self.evaluate, target, node, scope)
                case _:
                    continue
            is_known = True
        if not is_known:
            yield Scalar(None, hint(node))

    def _subscript(self, node: ast.Subscript, scope: PythonScope) -> Iterator[PythonValue]:
        texts = [key.text for key in self.evaluate(node.slice, scope) if isinstance(key, Scalar)]
        keys = [text for text in texts if text is not None]
        values: list[PythonValue] = []
        for value in self.evaluate(node.value, scope):
            if isinstance(value, Response):
                values += arguments_in([value.argument])
            elif isinstance(value, Holder):
                values += held_under(self.evaluate, value.element, node.slice, scope)
            elif isinstance(value, dict) and keys:  # a key that it lacks here is assigned elsewhere
                values += arguments_in(argument for key, argument in value.items() if key in keys)
            elif isinstance(value, tuple) and not keys:
                values += value
            else:
                values.append(Scalar(None, hint(node)))
        yield from values or [Scalar(None, hint(node))]


def _is_method(function: PythonFunction) -> bool:
    return function.scope.owner is not None and function.positional[:1] in (("self",), ("cls",))
