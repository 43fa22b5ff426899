"""Reading parts out of a Text, such as the account in an ARN, where the Text may hold references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.text import Ref, Text
from rolewright.manifest.environments import variable_name

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

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
