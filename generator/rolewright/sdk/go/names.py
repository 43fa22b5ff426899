"""The names of a file of Go."""

from __future__ import annotations

import re

from rolewright.sdk.javascript_and_go.bindings import (
    ElementOf,
    InstanceOf,
    Names,
    SourceExpression,
    SourceImport,
    SourceParameter,
)
from rolewright.sdk.javascript_and_go.tokens import TEXT


class GoNames(Names):
    """Finds the names of a file of Go."""

    def _at(self, at: int) -> None:
        tokens = self._tokens
        if tokens.is_name(at, "import"):
            self._import(at)
        elif tokens.is_name(at, "func"):
            self._function(at)
        elif tokens.is_name(at, "var", "const") and tokens.is_name(at + 1):
            if tokens.is_mark(at + 2, "="):
                self._bind(self._scope(at), tokens.words[at + 1], self._bound(at + 3))
            else:
                self._bind(self._scope(at), tokens.words[at + 1], InstanceOf(self._bound(at + 2)))
        elif tokens.is_mark(at, ":="):
            self._short_declaration(at)
        elif tokens.is_mark(at, "="):
            if tokens.is_mark(at - 2, "."):
                self._assign_member(at)
            elif tokens.is_name(at - 1):
                self._assigned.append((at - 1, tokens.words[at - 1], at + 1))
        elif tokens.is_name(at, "struct", "interface") and tokens.is_mark(at + 1, "{"):
            self._struct(at + 1)
        elif tokens.is_mark(at, ":") and tokens.is_name(at - 1) and tokens.is_mark(self._scope(at), "{"):
            self._source.properties[tokens.words[at - 1]].append(self._bound(at + 1))

    def _import(self, at: int) -> None:
        tokens = self._tokens
        several = tokens.is_mark(at + 1, "(")
        end = tokens.end_of(at + 1) if several else at + 4
        for at_path in range(at + 1, min(end, len(tokens))):
            if tokens.kinds[at_path] == TEXT:
                path = tokens.words[at_path]
                self._source.imports.setdefault(path, at_path)
                name = re.sub(r"/v\d+$", "", path).rpartition("/")[2]
                has_alias = tokens.is_name(at_path - 1) and not tokens.is_name(at_path - 1, "import")
                self._bind(-1, tokens.words[at_path - 1] if has_alias else name, SourceImport(path, "*"))
                if not several:
                    return

    def _short_declaration(self, at: int) -> None:
        """Read `a, b := c, d`, and `for _, a := range b`."""
        tokens = self._tokens
        names: list[str] = []
        place = at - 1
        while tokens.is_name(place):
            names.insert(0, tokens.words[place])
            if not tokens.is_mark(place - 1, ","):
                break
            place -= 2
        scope, value = self._scope(at), at + 1
        if tokens.is_name(value, "range"):
            if names:
                self._bind(scope, names[-1], ElementOf(self._bound(value + 1)))
            return
        for name in names:
            node, end = self._parser.expression(value)
            self._bind(scope, name, SourceExpression(self._source, node))
            if not tokens.is_mark(end, ","):
                for later_name in names[names.index(name) + 1 :]:
                    self._source.names.setdefault((scope, later_name), [])
                break
            value = end + 1

    def _function(self, at: int) -> None:
        tokens = self._tokens
        opening, name = at + 1, ""
        receiver = opening if tokens.is_mark(opening, "(") and tokens.is_name(self._parser.after(opening)) else None
        if receiver is not None:
            opening = self._parser.after(opening)
        if tokens.is_name(opening):
            name = tokens.words[opening]
            opening += 1
        if not tokens.is_mark(opening, "("):
            return
        self._source.declared.add(opening)
        body = self._parser.after(opening)
        end = min(body + 30, len(tokens))
        while body < end and not tokens.is_mark(body, "{"):
            body = self._parser.after(body)
        if not tokens.is_mark(body, "{"):
            return
        if name:
            self._source.functions[name].append(body)
        waiting: list[tuple[str, int]] = []
        for position, (begin, stop) in enumerate(self._commas(opening)):
            if not tokens.is_name(begin):
                continue
            waiting.append((tokens.words[begin], position))
            if stop - begin > 1:
                for word, index in waiting:
                    self._bind(body, word, SourceParameter(name, index))
                    self._bind(body, word, InstanceOf(self._bound(begin + 1)))
                waiting = []

    def _struct(self, opening: int) -> None:
        tokens = self._tokens
        for at in range(opening + 1, tokens.end_of(opening)):
            if (
                tokens.around[at] == opening
                and tokens.is_name(at)
                and (tokens.is_name(at + 1) or tokens.is_mark(at + 1, "*"))
            ):
                self._source.properties[tokens.words[at]].append(InstanceOf(self._bound(at + 1)))
