"""The functions of CloudFormation: plain values where all that they need is known, else texts with open parts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import OfInput, OfResource, PlaceName, SecretPart, SourceText, UnknownPart
from rolewright.importer.secret_values import looks_secret
from rolewright.importer.shapes import mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.expression import TextPart

_VARIABLE = re.compile(r"\$\{([^{}]{0,400})\}")
_DYNAMIC = re.compile(r"\{\{resolve:([a-z-]{1,40}):([^{}]{0,2000})\}\}")
_HELD = 0xF0000
"""Where a plane of Unicode begins that has no characters: each of these stands for one open part of a text."""


class _Removed:
    pass


REMOVED = _Removed()
"""What `AWS::NoValue` gives: the property is not there."""


def resolved(template: StackTemplate, raw: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a value without functions; REMOVED for none."""
    match raw:
        case str():
            return _dynamic(SourceText.of(raw))
        case list():
            items = (resolved(template, item) for item in raw)
            return [item for item in items if item is not REMOVED]
        case dict() if len(raw) == 1:
            ((name, argument),) = raw.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](template, argument)
            if str(name).startswith("Fn::"):
                return unknown(f"what {name} gives")
    if isinstance(raw, dict):
        values = {key: resolved(template, value) for key, value in raw.items()}
        return {key: value for key, value in values.items() if value is not REMOVED}
    return raw


def is_function(raw: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value is a function of CloudFormation."""
    if not isinstance(raw, dict) or len(raw) != 1:
        return False
    (name,) = raw
    return name in _FUNCTIONS or str(name).startswith("Fn::")


def decided(template: StackTemplate, raw: Any) -> bool | None:  # noqa: ANN401 - YAML
    """Return whether a condition holds; None where that is not known."""
    match raw:
        case {"Fn::And": [*parts]} | {"Fn::Or": [*parts]}:
            found = [decided(template, part) for part in parts]
            last = "Fn::Or" in raw
            return last if last in found else None if None in found else not last
        case {"Fn::Not": [part]}:
            inner = decided(template, part)
            return None if inner is None else not inner
        case {"Fn::Equals": [left, right]}:
            return _equal(template, resolved(template, left), resolved(template, right))
        case {"Condition": str() as name}:
            return template.condition(name)
        case bool():
            return raw
        case _:
            return None


def _equal(template: StackTemplate, left: Any, right: Any) -> bool | None:  # noqa: ANN401 - YAML
    first, second = (_compared(template, value) for value in (left, right))
    if first is not None and second is not None:
        return first == second
    return True if left == right else None


def _compared(template: StackTemplate, value: Any) -> str | None:  # noqa: ANN401 - YAML
    """Return what a condition or a map compares: a text in which the environment is known."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, SourceText) and template.environment:
        here = PlaceName("environment")
        value = SourceText.of(*(template.environment if part == here else part for part in value.parts))
    if isinstance(value, SourceText):
        return value.literal
    return str(value) if isinstance(value, str | int | float) else None


def unknown(asked: str) -> SourceText:
    """Return a text that somebody has to fill in."""
    return SourceText((UnknownPart(asked),))


def shown(value: Any) -> str:  # noqa: ANN401 - YAML
    """Return a value for people: names in place of what is open."""
    if not isinstance(value, SourceText):
        return text(value, "…")
    names = []
    for part in value.parts:
        match part:
            case str():
                names.append(part)
            case PlaceName(name):
                names.append(f"${{{name}}}")
            case OfResource(logical=logical):
                names.append(f"${{{logical}}}")
            case OfInput(name):
                names.append(f"${{inputs.{name}}}")
            case _:
                names.append(f"({part.asked})")
    return "".join(names)


def joined(parts: list[Any]) -> Any:  # noqa: ANN401 - a text, or parts of one
    """Return texts as one: plain where nothing is open."""
    texts = [part if isinstance(part, SourceText) else text(part, _flag(part)) for part in parts]
    return _dynamic(SourceText.of(*texts))


def _flag(value: Any) -> str:  # noqa: ANN401 - YAML
    return str(value).lower() if isinstance(value, bool) else ""


def with_references(value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a value of a parameter or of a map with parts for the dynamic references in its texts."""
    if isinstance(value, list):
        return [with_references(item) for item in value]
    return _dynamic(SourceText.of(value)) if isinstance(value, str) else value


def _dynamic(whole: SourceText) -> Any:  # noqa: ANN401 - a text, or parts of one
    """Return a text with parts for the dynamic references in it, such as `{{resolve:ssm:/name}}`."""
    literal = "".join(part for part in whole.parts if isinstance(part, str))
    if "{{resolve:" not in literal or any(ord(letter) >= _HELD for letter in literal):
        return whole if whole.literal is None else literal
    held: list[TextPart] = [part for part in whole.parts if not isinstance(part, str)]
    numbers = iter(range(len(held)))
    shown_ = "".join(part if isinstance(part, str) else chr(_HELD + next(numbers)) for part in whole.parts)
    parts: list[TextPart] = []
    end = 0
    for found in _DYNAMIC.finditer(shown_):
        parts += [*_parts(shown_[end : found.start()], held), _reference(found[1], [*_parts(found[2], held)])]
        end = found.end()
    result = SourceText.of(*parts, *_parts(shown_[end:], held))
    return result if result.literal is None else result.literal


def _parts(shown_: str, held: list[TextPart]) -> Iterator[TextPart]:
    for piece in re.split(f"([{chr(_HELD)}-{chr(_HELD + 0xFFFD)}])", shown_):
        number = ord(piece) - _HELD if len(piece) == 1 else -1
        yield held[number] if 0 <= number < len(held) else piece


def _reference(service: str, parts: list[TextPart]) -> UnknownPart:
    """Return what a dynamic reference stands for: `SecretPart` for all but a plain parameter."""
    what = shown(SourceText.of(*parts))
    if service == "ssm":
        return UnknownPart(f"the value of the SSM parameter {what.partition(':')[0]}")
    if service == "ssm-secure":
        return SecretPart(f"the SSM parameter {what}, a secret", named=what.partition(":")[0])
    named = "" if any(not isinstance(part, str) for part in parts) else _secret_named(what)
    return SecretPart(f"the secret {what} of Secrets Manager", named=named)


def _secret_named(what: str) -> str:
    """Return `NAME:SecretString:key:stage:version` as ECS's `valueFrom` names a secret."""
    name, _, rest = what.partition(":SecretString")
    key = rest.split(":")[1] if rest.count(":") else ""
    arn = name if name.startswith("arn:") else f"arn:aws:secretsmanager:::secret:{name}"
    return f"{arn}:{key}::" if key else arn


# The functions, each with what is behind its name


def _ref(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    return template.reference(text(argument))


def _get_att(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    if isinstance(argument, list):
        names = [template.value(part) for part in argument]
        logical, attribute = text(names[0]) if names else "", ".".join(map(text, names[1:]))
    else:
        logical, _, attribute = text(argument).partition(".")
    return template.reference(logical, attribute) if attribute else unknown(f"an attribute of {logical}")


def _sub(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    match argument:
        case str() as pattern:
            own: dict[str, Any] = {}
        case [str() as pattern, dict() as own]:
            pass
        case _:
            return unknown("what Fn::Sub gives")
    parts: list[Any] = []
    end = 0
    for found in _VARIABLE.finditer(pattern):
        parts += [pattern[end : found.start()], _variable(template, found[1].strip(), own)]
        end = found.end()
    return joined([*parts, pattern[end:]])


def _variable(template: StackTemplate, name: str, own: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
    if name.startswith("!"):
        return f"${{{name[1:]}}}"
    if name in own:
        return _one_text(resolved(template, own[name]), name)
    logical, _, attribute = name.partition(".")
    return _one_text(template.reference(logical, attribute), name)


def _one_text(value: Any, name: str) -> Any:  # noqa: ANN401 - YAML
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value if isinstance(value, SourceText | str | int | float) else unknown(f"the text of {name}")


def _join(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    match resolved(template, argument):
        case [str() as between, [*items]]:
            parts = [part for item in items for part in (between, _one_text(item, "a part of Fn::Join"))]
            return joined(parts[1:])
        case _:
            return unknown("the text that Fn::Join makes")


def _split(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    match resolved(template, argument):
        case [str() as between, str() | SourceText() as whole] if between:
            pieces = _pieces(between, SourceText.of(whole))
            if pieces is not None:
                return [joined([piece]) for piece in pieces]
    return unknown("the parts that Fn::Split makes")


def _pieces(between: str, whole: SourceText) -> list[SourceText] | None:
    """Split a text at each `between`; None where an open part may have one."""
    pieces = [SourceText(())]
    for part in whole.parts:
        match part:
            case str():
                first, *further = part.split(between)
                pieces[-1] = SourceText.of(pieces[-1], first)
                pieces += [SourceText.of(piece) for piece in further]
            case PlaceName():
                pieces[-1] = SourceText.of(pieces[-1], part)
            case OfResource(known=SourceText() as known):
                inner = _pieces(between, known)
                if inner is None:
                    return None
                whole_name = [part] if len(inner) == 1 else inner
                pieces[-1] = SourceText.of(pieces[-1], whole_name[0])
                pieces += [SourceText.of(piece) for piece in whole_name[1:]]
            case UnknownPart(asked) if asked.startswith("name of ") and between in ":/":
                pieces[-1] = SourceText.of(pieces[-1], part)
            case _:
                return None
    return pieces


def _select(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    match resolved(template, argument):
        case [str() | int() as number, [*items]] if str(number).isdecimal() and int(number) < len(items):
            return items[int(number)]
        case [number, source]:
            return unknown(f"number {shown(number)} of {shown(source)}")
        case _:
            return unknown("what Fn::Select gives")


def _find_in_map(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    names = argument if isinstance(argument, list) else []
    values = [resolved(template, name) for name in names[:3]]
    keys = [_compared(template, value) for value in values]
    found: Any = mapping(template.data.get("Mappings"))
    for key in keys:
        found = {str(name): value for name, value in mapping(found).items()}.get(key or "")
    if len(keys) == 3 and isinstance(found, str) and looks_secret(keys[2] or "", found):
        return SourceText((SecretPart(f"the value {keys[2]} in the map {keys[0]}"),))
    if len(keys) == 3 and found is not None:
        return with_references(found)
    return unknown(f"the value in the map {', '.join(map(shown, values))}")


def _if(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    match argument:
        case [str() as name, then, otherwise]:
            holds = template.condition(name)
            if holds is not None:
                return resolved(template, then if holds else otherwise)
            first, second = resolved(template, then), resolved(template, otherwise)
            if first == second:
                return first
            return unknown(f"{_choice(first)} if {name}, else {_choice(second)}")
        case _:
            return unknown("what Fn::If gives")


def _choice(value: Any) -> str:  # noqa: ANN401 - YAML
    return "nothing" if value is REMOVED else shown(value)


def _import_value(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    return unknown(f"the export {shown(resolved(template, argument))} (`aws cloudformation list-exports`)")


def _to_json(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    value = resolved(template, argument)
    try:
        return json.dumps(value)
    except TypeError:
        return unknown("the JSON that Fn::ToJsonString makes")


def _length(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    value = resolved(template, argument)
    return len(value) if isinstance(value, list) else unknown("the length of a list")


def _condition(template: StackTemplate, argument: Any) -> Any:  # noqa: ANN401 - YAML
    if not isinstance(argument, str):
        return {"Condition": resolved(template, argument)}
    holds = template.condition(argument)
    return unknown(f"whether {argument} holds") if holds is None else holds


_FUNCTIONS: Mapping[str, Callable[[StackTemplate, Any], Any]] = {
    "Ref": _ref,
    "Condition": _condition,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::ImportValue": _import_value,
    "Fn::ToJsonString": _to_json,
    "Fn::Length": _length,
}
"""CloudFormation User Guide, "Intrinsic function reference"; what others give is never known."""
