"""Values of a source that a manifest can say only in part: what they are made of, and three ways to write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rolewright.manifest.placeholders import placeholder
from rolewright.render.readable import SYMBOLS
from rolewright.suggest.draft import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True)
class PlaceName:
    """A value that an environment decides: `${account}` and so on in a manifest."""

    name: Literal["account", "region", "partition", "dns_suffix", "environment"]


@dataclass(frozen=True)
class OfResource:
    """An attribute of a resource that the source describes, by the name that the source has for it (`logical`).

    `known` is its value where the source says it, and `asked` what a person has to find out where it does not. `form`
    is the form of a name that holds its place.
    """

    logical: str
    attribute: str
    known: SourceText | None
    asked: str
    form: str = "held-{:03}-open"


@dataclass(frozen=True)
class UnknownPart:
    """What the source does not say: `asked` describes it to the person who fills it in."""

    asked: str
    form: str = "held-{:03}-open"


@dataclass(frozen=True)
class SecretPart(UnknownPart):
    """A secret that the source takes from elsewhere: nobody is to write it in the place of the reference.

    `named` is the secret of Secrets Manager or the parameter, as ECS's `valueFrom` names one, "" where it is not known.
    """

    named: str = ""


@dataclass(frozen=True)
class OfInput:
    """A value that the Terraform which calls the module gives: `${inputs.NAME}`. The manifest's `inputs` declare it."""

    name: str


TextPart = str | PlaceName | OfResource | UnknownPart | OfInput


@dataclass(frozen=True)
class SourceText:
    """A text, as the parts that it is made of."""

    parts: tuple[TextPart, ...]

    @classmethod
    def of(cls, *parts: TextPart | SourceText) -> SourceText:
        """Join texts and parts; neighbouring literals become one."""
        flat: list[TextPart] = []
        for part in parts:
            for piece in part.parts if isinstance(part, SourceText) else (part,):
                if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                    flat[-1] += piece
                elif piece != "":
                    flat.append(piece)
        return cls(tuple(flat))

    @property
    def literal(self) -> str | None:
        """Return the text itself where nothing in it is open, else None."""
        if all(isinstance(part, str) for part in self.parts):
            return "".join(part for part in self.parts if isinstance(part, str))
        return None


def asked(text: SourceText) -> list[str]:
    """Return what a person has to find out of a text."""
    return [part.asked for part in text.parts if isinstance(part, OfResource | UnknownPart)]


@dataclass(frozen=True)
class HeldValue:
    """A value for a person to fill in: `asked` describes it, and `judged` holds its place where rights are compared."""

    asked: str
    judged: Any


@dataclass(frozen=True)
class SecretValue(HeldValue):
    """A value that the source marks as secret, whatever it looks like: it is written nowhere."""


class HeldNames:
    """Names that hold the place of what is not known where a policy is judged, and what stands for them in a manifest.

    The same part always has the same name. A name can be that of nearly any resource: small letters, digits, dashes.
    `values` are the account and so on of the place in which a policy is judged.
    """

    def __init__(self) -> None:
        self._names: dict[TextPart, str] = {}
        self.values: Mapping[str, str] = SYMBOLS

    def of(self, part: TextPart) -> str:
        """Return the name of a part."""
        form = part.form if isinstance(part, OfResource | UnknownPart) else UnknownPart.form
        return self._names.setdefault(part, form.format(len(self._names) + 1))

    def __iter__(self) -> Iterator[str]:
        """Yield each name."""
        yield from self._names.values()

    def items(self) -> Iterator[tuple[str, TextPart]]:
        """Yield each name with its part."""
        yield from ((name, part) for part, name in self._names.items())

    def readable(self, text: str) -> str:
        """Return a text for people, in which what is open is described in the place of each name."""
        for name, part in self.items():
            match part:
                case PlaceName(place):
                    shown = f"${{{place}}}"
                case OfInput(given):
                    shown = f"${{inputs.{given}}}"
                case OfResource(logical):
                    shown = f"({logical})"
                case _:
                    shown = f"({part.asked})" if isinstance(part, UnknownPart) else part
            text = text.replace(name, shown)
        return text

    def judged(self, value: Any) -> Any:  # noqa: ANN401 - YAML
        """Return a value with names in place of what is open, as a policy is judged with it."""
        return _mapped(value, self._judged, lambda held: held.judged)

    def _judged(self, text: SourceText, before: str = "") -> str:
        for part in text.parts:
            match part:
                case str():
                    before += part
                case PlaceName(name) if name != "environment" and in_arn(before):
                    before += self.values[f"local.{name}"]
                case OfResource(known=SourceText() as known):
                    before = self._judged(known, before)
                case _:
                    before += self.of(part)
        return before

    def written(self, text: str, linked: Callable[[OfResource], str | None]) -> str:
        """Return a text with names in it as a manifest writes it."""
        for name, part in self.items():
            text = text.replace(name, written(SourceText((part,)), linked))
        return text


def in_arn(before: str) -> bool:
    """Return whether what comes after a text is a field of an ARN, such as its region, and no part of a name."""
    return before.startswith("arn:") and before.count(":") < 5


def written(value: Any, linked: Callable[[OfResource], str | None]) -> Any:  # noqa: ANN401 - YAML
    """Return a value as a manifest writes it: references, and placeholders for what is not known.

    `linked` returns the reference to an attribute of a resource of the manifest, or None where there is none.
    """

    def part_text(part: TextPart) -> str:
        match part:
            case str():
                return escaped(part)
            case PlaceName(name):
                return f"${{{name}}}"
            case OfResource():
                reference = linked(part)
                if reference is not None:
                    return reference
                return written(part.known, linked) if part.known is not None else placeholder(part.asked)
            case UnknownPart(asked):
                return placeholder(asked)
            case OfInput(name):
                return f"${{inputs.{name}}}"

    return _mapped(
        value, lambda text: "".join(map(part_text, text.parts)), lambda held: placeholder(held.asked), escaped
    )


def _mapped(
    value: Any,  # noqa: ANN401 - YAML
    expression: Callable[[SourceText], str],
    held: Callable[[HeldValue], Any],
    text: Callable[[str], str] = str,
) -> Any:  # noqa: ANN401 - YAML
    match value:
        case SourceText():
            return expression(value)
        case HeldValue():
            return held(value)
        case str():
            return text(value)
        case dict():
            return {key: _mapped(inner, expression, held, text) for key, inner in value.items()}
        case list() | tuple():
            return [_mapped(inner, expression, held, text) for inner in value]
        case _:
            return value
