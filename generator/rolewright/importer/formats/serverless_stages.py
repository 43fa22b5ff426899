"""Values of a Serverless service that are others in each stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.check.rules.plaintext_secret import suggests_secret
from rolewright.importer.expression import SourceText, UnknownPart
from rolewright.importer.formats.serverless_syntax import named_in
from rolewright.importer.secret_values import looks_secret
from rolewright.importer.shapes import text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Missing:
    """No value."""


MISSING = Missing()
"""What a variable gives whose source has no value; its fallback comes next."""


@dataclass(frozen=True)
class StagePart(UnknownPart):
    """A part that is another in each stage: `values` are pairs of a stage and its value."""

    values: tuple[tuple[str, Any], ...] = field(default=(), hash=False)


def at_stage(value: Any, stage: str) -> Any:  # noqa: ANN401 - YAML
    """Return a value as it is in one stage."""
    match value:
        case SourceText((StagePart(values=values),)):
            return at_stage(dict(values).get(stage), stage)
        case SourceText(parts):
            found = [text_of(at_stage(SourceText((p,)), stage) if isinstance(p, StagePart) else p) for p in parts]
            whole = SourceText.of(*found)
            return whole if whole.literal is None else whole.literal
        case dict():
            return {key: at_stage(inner, stage) for key, inner in value.items()}
        case list():
            return [at_stage(inner, stage) for inner in value]
        case _:
            return value


def text_of(value: Any) -> Any:  # noqa: ANN401 - a text, or a part of one
    """Return a value as it stands within a text."""
    if isinstance(value, bool):
        return str(value).lower()
    return text(value) if value is None or isinstance(value, str | int | float | list | dict) else value


def by_stage(inside: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
    """Return one value for all stages: a mapping has what differs further in."""
    given = list(values.values())
    if all(value is MISSING for value in given):
        return MISSING
    if all(value == given[0] for value in given):
        return given[0]
    if all(isinstance(value, dict) for value in given):
        keys = dict.fromkeys(key for value in given for key in value)
        return {
            key: by_stage(f"{inside}.{key}", {stage: value.get(key, MISSING) for stage, value in values.items()})
            for key in keys
        }
    there = tuple((stage, None if value is MISSING else value) for stage, value in values.items())
    said = ", ".join(f"{_shown(inside, value)} in {stage}" for stage, value in there)
    return SourceText((StagePart(f"{named_in(f'${{{inside}}}')}: {said}", values=there),))


def _shown(inside: str, value: Any) -> str:  # noqa: ANN401 - YAML
    """Return a value for people, unless it may be a secret."""
    if isinstance(value, SourceText):
        value = "".join(p if isinstance(p, str) else "…" for p in value.parts)
    if value is None:
        return "nothing"
    if suggests_secret(inside.rpartition(".")[2]) or looks_secret(inside.rpartition(".")[2], str(value)):
        return "a value that may be a secret"
    return str(value) if isinstance(value, str | int | float) else "another"
