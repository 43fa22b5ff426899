"""The names of a file of JavaScript or TypeScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.sdk.javascript_and_go.bindings import (
    ElementOf,
    InstanceOf,
    Names,
    PropertyOf,
    SourceExpression,
    SourceImport,
    SourceParameter,
    is_relative,
)
from rolewright.sdk.javascript_and_go.expressions import FunctionLiteral, Identifier
from rolewright.sdk.javascript_and_go.tokens import NAME, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScriptNames(Names):
    """Finds the names of a file of JavaScript or TypeScript."""

    def _at(self, at: int) -> None:
        tokens = self._tokens
        if tokens.kinds[at] == NAME and not tokens.is_mark(at - 1, ".", "?."):
            word = tokens.words[at]
            if word in ("import", "export") and not tokens.is_mark(at + 1, "(", "."):
                self._import(at)
            elif word in ("const", "let", "var"):
                self._declare(at + 1)
            elif word == "function" and tokens.is_name(at + 1):
                self._function(tokens.words[at + 1], at + 2)
            elif word == "class":
                self._class(at)
            elif (word == "require" and tokens.is_mark(at + 1, "(") and at + 2 < len(tokens)) or (
                word == "import" and tokens.is_mark(at + 1, "(")
            ):
                self._used(at + 2)
        elif tokens.is_mark(at, "="):
            if tokens.is_mark(at - 2, ".", "?."):
                self._assign_member(at)
            elif tokens.is_name(at - 1) and not tokens.is_mark(at - 2, ":", "|", "<", "&"):
                self._assigned.append((at - 1, tokens.words[at - 1], at + 1))
        elif tokens.is_mark(at, "=>"):
            self._arrow(at)

    def _used(self, at: int) -> None:
        if at < len(self._tokens) and self._tokens.kinds[at] == TEXT:
            self._source.imports.setdefault(self._tokens.words[at], at)

    def _import(self, at: int) -> None:
        """Read `import a, { b as c } from "d"`, `import * as a from`, `import a = require()`, and exports of such."""
        tokens = self._tokens
        is_export, place = tokens.words[at] == "export", at + 1
        is_type = (
            tokens.is_name(place, "type")
            and not tokens.is_name(place + 1, "from")
            and not tokens.is_mark(place + 1, ",")
        )
        names: list[tuple[str, str]] = []
        place += is_type
        while place < min(at + 12, len(tokens)) and not tokens.is_name(place, "from"):
            if tokens.kinds[place] == TEXT:
                self._used(place)  # import "a"
                return
            if tokens.is_name(place, "default") or (tokens.is_name(place) and tokens.is_mark(place + 1, "=")):
                is_default = tokens.words[place] == "default"  # export default a, import a = b
                self._bind(-1, tokens.words[place], self._bound(place + (1 if is_default else 2)))
                return
            if is_export and tokens.is_name(place):
                return  # the declaration is read at its own keyword
            names += self._imported_at(place)
            place = self._parser.after(
                place + 2 if tokens.is_mark(place, "*") and tokens.is_name(place + 1, "as") else place
            )
        if not (place + 1 < len(tokens) and tokens.is_name(place, "from") and tokens.kinds[place + 1] == TEXT):
            if is_export:
                self._bind_exports(names, at)
            return
        package = tokens.words[place + 1]
        if not is_type:
            self._used(place + 1)
        self._source.types.update(range(at, place + 2))
        self._bind_imports(names, package)

    def _bind_exports(self, names: Iterable[tuple[str, str]], at: int) -> None:
        for name, exported in names:
            if name and name != exported:
                self._bind(-1, exported, SourceExpression(self._source, Identifier(name, at)))

    def _bind_imports(self, names: Iterable[tuple[str, str]], package: str) -> None:
        for name, local in names:
            member = "*" if name == "default" and not is_relative(package) else name
            if name:
                self._bind(-1, local, SourceImport(package, member))

    def _imported_at(self, at: int) -> list[tuple[str, str]]:
        """Return what is imported at a token, each with its name here."""
        tokens = self._tokens
        if tokens.is_mark(at, "{"):
            return [self._specifier(begin, end) for begin, end in self._commas(at) if begin < end]
        if tokens.is_mark(at, "*"):
            return [("*", tokens.words[at + 2] if tokens.is_name(at + 1, "as") and at + 2 < len(tokens) else "*")]
        return [("default", tokens.words[at])] if tokens.is_name(at) else []

    def _specifier(self, begin: int, end: int) -> tuple[str, str]:
        tokens = self._tokens
        if tokens.is_name(begin, "type") and end - begin > 1 and not tokens.is_name(begin + 1, "as"):
            begin += 1
        name = tokens.words[begin]
        return name, tokens.words[begin + 2] if tokens.is_name(begin + 1, "as") and begin + 2 < end else name

    def _declare(self, at: int) -> None:
        tokens, scope = self._tokens, self._scope(at - 1)
        if (
            tokens.is_mark(scope, "(")
            and (body := tokens.end_of(scope) + 1) < len(tokens)
            and tokens.is_mark(body, "{")
        ):
            scope = body  # for (const a of b) { … }
        while at < len(tokens):
            after = self._parser.after(at)
            value = self._parser.type(after + 1) if tokens.is_mark(after, ":") else after
            if tokens.is_name(at):
                if tokens.is_mark(after, ":"):
                    self._typed(scope, tokens.words[at], after + 1, value)
                if tokens.is_mark(value, "="):
                    node, end = self._parser.expression(value + 1)
                    self._bind(scope, tokens.words[at], SourceExpression(self._source, node))
                    if isinstance(node, FunctionLiteral):
                        self._body(tokens.words[at], node)
                elif tokens.is_name(value, "of"):
                    node, end = self._parser.expression(value + 1)
                    self._bind(scope, tokens.words[at], ElementOf(SourceExpression(self._source, node)))
                else:
                    self._source.names.setdefault((scope, tokens.words[at]), [])
                    end = value
            elif tokens.is_mark(at, "{") and tokens.is_mark(value, "="):
                node, end = self._parser.expression(value + 1)
                self._parts(at, scope, SourceExpression(self._source, node))
            else:
                return
            if not tokens.is_mark(end, ","):
                return
            at = end + 1

    def _parts(self, opening: int, scope: int, value: SourceExpression) -> None:
        tokens = self._tokens
        for begin, end in self._commas(opening):
            if tokens.is_name(begin):
                local = begin + 2 if tokens.is_mark(begin + 1, ":") and begin + 2 < end else begin
                if tokens.is_name(local):
                    self._source.types.update((begin, local))
                    self._bind(scope, tokens.words[local], PropertyOf(value, tokens.words[begin]))

    def _typed(self, scope: int, name: str, at: int, end: int) -> None:
        self._source.types.update(range(at, end))
        self._bind(scope, name, InstanceOf(self._bound(at)))

    def _class(self, at: int) -> None:
        tokens = self._tokens
        opening = at + 1
        while opening < min(at + 30, len(tokens)) and not tokens.is_mark(opening, "{"):
            opening += 1
        if not tokens.is_mark(opening, "{"):
            return
        if tokens.is_name(at + 1):
            self._source.functions.setdefault(tokens.words[at + 1], [])
        place, end = opening + 1, tokens.end_of(opening)
        while place < end:
            if tokens.is_name(place) and not tokens.is_mark(place - 1, "."):
                after = place + 1
                if tokens.is_mark(after, "?", "!"):
                    after += 1
                if tokens.is_mark(after, "(") and not tokens.is_mark(place - 1, "="):
                    body = self._function(tokens.words[place], after, tokens.words[at + 1])
                    place = self._parser.after(body) if body is not None else self._parser.after(after)
                    continue
                value = self._parser.type(after + 1) if tokens.is_mark(after, ":") else after
                if tokens.is_mark(after, ":"):
                    self._source.types.update(range(after + 1, value))
                    self._source.properties[tokens.words[place]].append(InstanceOf(self._bound(after + 1)))
                if tokens.is_mark(value, "="):
                    node, following = self._parser.expression(value + 1)
                    self._source.properties[tokens.words[place]].append(SourceExpression(self._source, node))
                    if isinstance(node, FunctionLiteral):
                        self._body(tokens.words[place], node)
                    place = max(following, place + 1)
                    continue
                place = max(value, place + 1)
                continue
            place = self._parser.after(place)

    def _function(self, name: str, at: int, owner: str = "") -> int | None:
        """Read a function whose parameters begin at or near a token; return where its body begins."""
        tokens = self._tokens
        opening = self._parser.types(at) or at
        if not tokens.is_mark(opening, "("):
            return None
        self._source.declared.add(opening)
        body = self._parser.after(opening)
        if tokens.is_mark(body, ":"):
            end = self._parser.type(body + 1)
            self._source.types.update(range(body + 1, end))
            body = end
        if not tokens.is_mark(body, "{"):
            return None
        self._source.functions[name].append(body)
        self._parameters(opening, body, owner if name == "constructor" else name)
        return body

    def _body(self, name: str, node: FunctionLiteral) -> None:
        self._source.functions[name].append(node.body)
        opening = node.at
        while opening < node.body and not self._tokens.is_mark(opening, "("):
            opening += 1
        if opening < node.body:
            self._parameters(opening, node.body, name)
        elif self._tokens.is_name(node.at):
            self._named(self._scope_of_body(node.body), self._tokens.words[node.at], name, 0)

    def _scope_of_body(self, body: int) -> int:
        return body if self._tokens.is_mark(body, "{") else self._tokens.around[body]

    def _arrow(self, at: int) -> None:
        """Declare the parameter of a function without a name."""
        tokens = self._tokens
        scope = self._scope_of_body(at + 1) if at + 1 < len(tokens) else -1
        if tokens.is_name(at - 1) and not tokens.is_mark(at - 2, ":", "|"):
            self._source.names.setdefault((scope, tokens.words[at - 1]), [])

    def _parameters(self, opening: int, body: int, function: str) -> None:
        scope, tokens = self._scope_of_body(body), self._tokens
        for position, (begin, end) in enumerate(self._commas(opening)):
            name, is_kept = begin, False
            while tokens.is_name(name, "public", "private", "protected", "readonly") and tokens.is_name(name + 1):
                name, is_kept = name + 1, True
            if not tokens.is_name(name):
                continue
            word = tokens.words[name]
            self._named(scope, word, function, position)
            after = name + 2 if tokens.is_mark(name + 1, "?") else name + 1
            if tokens.is_mark(after, ":"):
                self._typed(scope, word, after + 1, min(self._parser.type(after + 1), end))
            value = next((place for place in range(after, min(end, after + 12)) if tokens.is_mark(place, "=")), None)
            if value is not None:
                self._bind(scope, word, self._bound(value + 1))
            if is_kept:
                self._source.properties[word] += self._source.names[scope, word]

    def _named(self, scope: int, word: str, function: str, position: int) -> None:
        self._bind(scope, word, SourceParameter(function, position))
