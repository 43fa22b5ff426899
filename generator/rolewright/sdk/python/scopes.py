"""Python files → scopes with the values that each name stands for, without running anything."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(eq=False)
class PythonScope:
    """A module, a class or a function. `names` has everything that each name may stand for."""

    file: PythonFile
    parent: PythonScope | None
    owner: PythonClass | None = None
    """The class whose method this is."""
    names: dict[str, list[Binding]] = field(default_factory=dict)
    returns: list[ast.expr] = field(default_factory=list)
    is_class: bool = False

    def find(self, name: str) -> tuple[Binding, ...]:
        """Return what a name stands for here; a class's own names are not visible in its methods."""
        scope: PythonScope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return tuple(scope.names[name])
            scope = scope.parent
        return ()


@dataclass(eq=False)
class PythonFile:
    """A parsed file. `name` is its dotted path, `calls` and `attributes` are all there are, each with its scope."""

    path: str
    name: str
    scope: PythonScope = field(init=False)
    calls: list[tuple[ast.Call, PythonScope]] = field(default_factory=list)
    attributes: list[tuple[ast.Attribute, PythonScope]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    """The names of all functions and classes."""
    assigned_attributes: dict[str, list[Assignment]] = field(default_factory=dict)
    """Values assigned to attributes of objects other than `self`, such as a `threading.local()`, by attribute."""


@dataclass(eq=False)
class PythonFunction:
    """A function and what is in it. `positional` are its parameters in order."""

    name: str
    scope: PythonScope
    positional: tuple[str, ...]
    is_property: bool = False


@dataclass(eq=False)
class PythonClass:
    """A class. `attributes` are the values that its methods assign to `self`; `bases` belong to the enclosing scope."""

    name: str
    scope: PythonScope
    bases: tuple[ast.expr, ...]
    attributes: dict[str, list[Binding]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Assignment:
    """A name that stands for an expression."""

    node: ast.expr
    scope: PythonScope


@dataclass(frozen=True, eq=False)
class Iteration:
    """A name that stands for each element of an expression."""

    node: ast.expr
    scope: PythonScope


@dataclass(frozen=True, eq=False)
class Insertion:
    """A name that stands for a mapping or a list into which an expression was put, under a key."""

    key: ast.expr
    node: ast.expr
    scope: PythonScope


@dataclass(frozen=True, eq=False)
class AnnotatedName:
    """A name that is declared to be of a type."""

    annotation: ast.expr
    scope: PythonScope


@dataclass(frozen=True, eq=False)
class PythonParameter:
    """A parameter of a function, with its annotation and default."""

    function: PythonFunction
    name: str
    annotation: ast.expr | None
    default: ast.expr | None


@dataclass(frozen=True)
class PythonImport:
    """A module (`attribute` is ""), or something in it, and the file that imports it."""

    module: str
    attribute: str
    file: PythonFile


Binding = (
    Assignment | Iteration | Insertion | AnnotatedName | PythonParameter | PythonImport | PythonFunction | PythonClass
)


def _around(scope: PythonScope) -> Iterator[PythonScope]:
    """Yield a scope and those that enclose it."""
    while True:
        yield scope
        if scope.parent is None:
            return
        scope = scope.parent


def read_file(text: str, path: str, name: str) -> PythonFile:
    """Read the scopes of a file. Raises SyntaxError, ValueError or RecursionError for a text that is not Python."""
    file = PythonFile(path, name)
    file.scope = PythonScope(file, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's remarks on code that is not ours
        tree = ast.parse(text)
    _Reader(file).visit(tree)
    return file


class _Reader(ast.NodeVisitor):
    """Fills the scopes of a file, from its first line to its last."""

    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self._scope = file.scope
        self._class: PythonClass | None = None

    # --- scopes ------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def _function(self, node: _FunctionNode) -> None:
        for expression in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(expression)
        scope = PythonScope(self._file, self._scope, self._class if self._scope.is_class else self._scope.owner)
        arguments = (*node.args.posonlyargs, *node.args.args)
        is_property = any("property" in ast.unparse(decorator).lower() for decorator in node.decorator_list)
        self._file.functions.add(node.name)
        function = PythonFunction(node.name, scope, tuple(argument.arg for argument in arguments), is_property)
        self._bind(node.name, function)
        padding = [None] * (len(arguments) - len(node.args.defaults))
        defaults = (*padding, *node.args.defaults, *node.args.kw_defaults)
        for argument, default in zip((*arguments, *node.args.kwonlyargs), defaults, strict=True):
            scope.names[argument.arg] = [PythonParameter(function, argument.arg, argument.annotation, default)]
        self._inside(scope, node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        scope = PythonScope(self._file, self._scope, is_class=True)
        class_ = PythonClass(node.name, scope, tuple(node.bases))
        self._file.functions.add(node.name)
        self._bind(node.name, class_)
        before, self._class = self._class, class_
        self._inside(scope, node.body)
        self._class = before

    def visit_Lambda(self, node: ast.Lambda) -> None:
        scope = PythonScope(self._file, self._scope, self._scope.owner)
        self._inside(scope, [node.body])

    def _inside(self, scope: PythonScope, body: list[ast.stmt] | list[ast.expr]) -> None:
        before, self._scope = self._scope, scope
        for part in body:
            self.visit(part)
        self._scope = before

    # --- names -------------------------------------------------------------------------------------

    def _bind(self, name: str, binding: Binding) -> None:
        scope = self._scope
        if isinstance(binding, Insertion):  # putting a value into a container does not bind the container's name here
            scope = next((enclosing for enclosing in _around(scope) if name in enclosing.names), scope)
        scope.names.setdefault(name, []).append(binding)

    def _target(self, target: ast.expr, value: Assignment | Iteration | Insertion | AnnotatedName) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, value)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = self._scope.owner
            if owner is not None and target.value.id in ("self", "cls"):
                owner.attributes.setdefault(target.attr, []).append(value)
            elif isinstance(value, Assignment):
                self._file.assigned_attributes.setdefault(target.attr, []).append(value)
        elif isinstance(target, ast.Attribute) and isinstance(value, Assignment):
            self._file.assigned_attributes.setdefault(target.attr, []).append(value)
        elif isinstance(target, ast.Subscript) and isinstance(value, Assignment):
            self._target(target.value, Insertion(target.slice, value.node, self._scope))
        elif isinstance(target, ast.Tuple) and isinstance(value, Assignment) and isinstance(value.node, ast.Tuple):
            for element, part in zip(target.elts, value.node.elts, strict=False):
                self._target(element, Assignment(part, self._scope))

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._target(target, Assignment(node.value, self._scope))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._target(node.target, AnnotatedName(node.annotation, self._scope))
        if node.value is not None:
            self._target(node.target, Assignment(node.value, self._scope))
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._target(node.target, Assignment(node.value, self._scope))
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._target(node.optional_vars, Assignment(node.context_expr, self._scope))
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._target(node.target, Iteration(node.iter, self._scope))
        self.generic_visit(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self._target(node.target, Iteration(node.iter, self._scope))
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._target(node.target, Iteration(node.iter, self._scope))
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self._bind(name, PythonImport(alias.name if alias.asname else name, "", self._file))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        package = self._file.name.split(".")[: -node.level] if node.level else []
        module = ".".join([*package, *([node.module] if node.module else [])])
        for alias in node.names:
            self._bind(alias.asname or alias.name, PythonImport(module, alias.name, self._file))

    # --- returns, calls, attributes ----------------------------------------------------------------

    def visit_Return(self, node: ast.Return) -> None:
        self._result(node.value)
        self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield) -> None:
        self._result(node.value)
        self.generic_visit(node)

    def _result(self, value: ast.expr | None) -> None:
        if value is not None:
            self._scope.returns.append(value)

    def visit_Call(self, node: ast.Call) -> None:
        self._file.calls.append((node, self._scope))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._file.attributes.append((node, self._scope))
        self.generic_visit(node)
