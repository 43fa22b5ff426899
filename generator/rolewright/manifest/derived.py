"""Reading parts out of a Text, such as the account in an ARN, where the Text may hold references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.inputs import filled
from rolewright.core.text import Ref, Text
from rolewright.manifest.environments import variable_name

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.core.inputs import Input, InputPart
    from rolewright.core.model import Environment
    from rolewright.manifest.bindings import Bindings
    from rolewright.yaml.load import PathInTree


class InconsistentError(ValueError):
    """The pattern fits in one environment and not in another."""


def derive(
    text: Text, pattern: re.Pattern[str], path: PathInTree, place: str, bindings: Bindings
) -> tuple[Mapping[str, Text] | None, Bindings]:
    """Return the named groups of a pattern in the text at a path, or None where it does not fit; and the new bindings.

    A group that is the same everywhere is a literal; one that is exactly what a reference of the text stands for is
    that reference; any other becomes a variable with a value for each environment, described as a group in `place`.
    Raises InconsistentError where the environments disagree on whether it fits.
    """
    if any(isinstance(part, Ref) and part.expression in bindings.inputs for part in text.parts):
        return _of_inputs(text, pattern, bindings), bindings
    environments = bindings.environments
    matches = {e.name: pattern.fullmatch(text.ground(e.values)) for e in environments}
    if not any(matches.values()):
        return None, bindings
    if not all(matches.values()):
        raise InconsistentError
    groups: dict[str, Text] = {}
    for name in pattern.groupindex:
        values = {key: match[name] or "" for key, match in matches.items() if match is not None}
        common = _common(text, values, environments)
        if not common:
            variable = variable_name((*path, name))
            reference, bindings = bindings.bind(variable, "string", f"The {name} in {place}", values)
            common = Text.of(reference)
        groups[name] = common
    return groups, bindings


@dataclass(frozen=True)
class _Span:
    """A stretch of a text in one environment; `part` is what stands for it alone, None for a piece of an input."""

    start: int
    end: int
    part: str | Ref | None


def _of_inputs(text: Text, pattern: re.Pattern[str], bindings: Bindings) -> Mapping[str, Text] | None:
    """Return the groups of a pattern in a text with inputs: each group is what stands at its place, whatever it is.

    A group with a piece of an input that Terraform has no expression for is left out.
    """
    found: list[dict[str, Text]] = []
    for environment in bindings.environments:
        spans = list(_spans(text, environment, bindings.inputs))
        match = pattern.fullmatch(text.ground(environment.values))
        if match is None:
            return None
        groups = {name: _standing_at(match.span(name), spans, match[name] or "") for name in pattern.groupindex}
        found.append({name: part for name, part in groups.items() if part is not None})
    if any(groups != found[0] for groups in found):
        raise InconsistentError
    return found[0]


def _spans(text: Text, environment: Environment, inputs: Mapping[str, Input]) -> Iterator[_Span]:
    """Yield the stretches of a text, in order: its own parts, and those of its inputs."""
    start = 0
    place = {name: environment.values[f"local.{name}"] for name in ("partition", "region", "account")}
    for part in text.parts:
        pieces: list[tuple[str, str | Ref | None]]
        if isinstance(part, str):
            pieces = [(part, part)]
        elif part.expression not in inputs:
            pieces = [(environment.values.get(part.expression, ""), part)]
        else:
            pieces = [(filled(piece.text, place), _alone(piece)) for piece in inputs[part.expression].parts]
        for written, alone in pieces:
            yield _Span(start, start + len(written), alone)
            start += len(written)


def _alone(piece: InputPart) -> str | Ref | None:
    if not piece.symbol:
        return piece.text
    return Ref(piece.expression) if piece.expression else None


def _standing_at(at: tuple[int, int], spans: Sequence[_Span], written: str) -> Text | None:
    """Return what stands between two places, or None where that cuts through an input or has no expression."""
    parts: list[str | Ref] = []
    for span in spans:
        start, end = max(span.start, at[0]), min(span.end, at[1])
        if start >= end:
            continue
        if isinstance(span.part, str):
            parts.append(written[start - at[0] : end - at[0]])
        elif span.part is None or (start, end) != (span.start, span.end):
            return None
        else:
            parts.append(span.part)
    return Text.of(*parts)


def _common(text: Text, values: Mapping[str, str], environments: Sequence[Environment]) -> Text | None:
    for part in text.parts:
        if isinstance(part, Ref) and all(e.values.get(part.expression) == values[e.name] for e in environments):
            return Text.of(part)
    distinct = set(values.values())
    return Text.of(distinct.pop()) if len(distinct) == 1 else None


def is_given(name: str, fields: Mapping[str, Any], derived: Mapping[str, Text]) -> bool:
    """Return whether a field, a part of a field or a derived value is there and not false; true for an empty name."""
    node: Any = fields
    for step in name.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return not name or bool(node or derived.get(name))
