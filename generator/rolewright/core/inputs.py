"""Inputs of a module: values that only the Terraform that calls it knows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rolewright.core.text import Text

IMAGE_TAG, TAGS, ARN, NAME, BOUNDARY = "image-tag", "tags", "arn", "name", "boundary-arn"
"""The types of inputs that are treated apart."""


@dataclass(frozen=True)
class InputPart:
    """A part of the text of an input: the same `text` in all of its values, or an example of what the caller may give.

    The latter has a `symbol`, which stands for it in the proof, and, where there is one, the Terraform `expression`
    for that part alone. `{partition}`, `{region}` and `{account}` in an example are those of the environment. `label`
    is what people call the part, "" for the only one.
    """

    text: str
    symbol: str = ""
    expression: str = ""
    label: str = ""


@dataclass(frozen=True)
class Input:
    """An input: a variable of the module that takes nothing but what fits; `summary` says what that is.

    `tested` is the Terraform expression that all of `accepts` have to match and none of `refuses` may, both regular
    expressions of RE2, in at most `longest` characters (0 for any number). `bounds` are those of a number, by operator.
    `parts` are those of its text; the only one of a list is its entries.
    """

    name: str
    kind: str
    variable: str
    type: str
    summary: str
    description: str
    parts: tuple[InputPart, ...]
    example: Any
    tested: str
    accepts: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    longest: int = 0
    bounds: tuple[tuple[str, int | float], ...] = ()
    default: Any = None
    has_default: bool = False

    @property
    def reference(self) -> str:
        """Return Terraform's reference to its variable."""
        return f"var.{self.variable}"

    @property
    def separator(self) -> str:
        """Return the Terraform expression for what stands between an image's repository and this tag or digest."""
        return f'startswith({self.reference}, "sha256:") ? "@" : ":"'

    def written(self, place: Mapping[str, str]) -> Any:  # noqa: ANN401 - any value that a variable may have
        """Return its default, or else the example for a partition, region and account."""
        return filled(self.example, place)

    def values(self, place: Mapping[str, str]) -> dict[str, str]:
        """Return the default or example by each expression for the input or a part of it."""
        if not isinstance(self.example, str | int | float):
            return {}
        texts = {part.expression: filled(part.text, place) for part in self.parts if part.expression}
        texts[self.reference] = "".join(filled(part.text, place) for part in self.parts)
        between = "@" if texts[self.reference].startswith("sha256:") else ":"
        return {**({self.separator: between} if self.kind == IMAGE_TAG else {}), **texts}

    @property
    def symbols(self) -> dict[str, str]:
        """Return what stands for it in the proof, by each expression for the input or a part of it."""
        texts = {part.expression: part.symbol for part in self.parts if part.expression}
        texts[self.reference] = "".join(part.symbol or part.text for part in self.parts)
        return {**({self.separator: ":"} if self.kind == IMAGE_TAG else {}), **texts}

    @property
    def names(self) -> dict[str, str]:
        """Return what people call it and its parts, by expression: `${inputs.orders-table.account}`."""
        names = {part.expression: self._name(part) for part in self.parts if part.expression}
        return {**({self.separator: ":"} if self.kind == IMAGE_TAG else {}), **names, self.reference: self._name()}

    def _name(self, part: InputPart | None = None) -> str:
        label = f".{part.label}" if part is not None and part.label else ""
        return "${inputs." + self.name + label + "}"

    def named(self, text: str) -> str:
        """Return a text with the names of its parts in the place of their symbols."""
        for part in self.parts:
            text = text.replace(part.symbol, self._name(part)) if part.symbol else text
        return text

    def joined(self, text: str) -> str:
        """Return a text for people in which the parts of the input, one after the other, are the input itself."""
        parts = "".join(self._name(part) if part.symbol else part.text for part in self.parts)
        return text.replace(parts, self._name()) if parts else text

    @property
    def widest(self) -> dict[str, str]:
        """Return a text as long as the longest that it and its parts may be, by expression."""
        parts = {part.expression: "x" * _PARTS.get(part.label, self.longest) for part in self.parts if part.expression}
        return {
            **({self.separator: ":"} if self.kind == IMAGE_TAG else {}),
            **parts,
            self.reference: "x" * self.longest,
        }


_PARTS = {"partition": len("aws-us-gov"), "region": len("ap-northeast-1") + 4, "account": 12}


@dataclass(frozen=True)
class InputValues:
    """What stands for the inputs in an environment: by variable, the defaults or examples, which moto takes.

    By Terraform expression, also for what is made of inputs: `symbols` in the proof, `names` for people, and `widest`
    where lengths are counted.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    widest: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Iterable[Input], place: Mapping[str, str]) -> InputValues:
        """Return what stands for inputs in an environment with this partition, region and account."""
        listed = tuple(inputs)
        return cls(
            {given.variable: given.written(place) for given in listed},
            {expression: text for given in listed for expression, text in given.symbols.items()},
            {expression: text for given in listed for expression, text in given.names.items()},
            {expression: text for given in listed for expression, text in given.widest.items()},
        )

    def learning(self, expression: str, text: Text, values: Mapping[str, str]) -> InputValues:
        """Add a reference to what is made of inputs; `values` has all other references. Nothing for any other text."""
        if text.ground(values) == text.ground({**values, **self.symbols}):
            return self
        symbols, names, widest = (
            {**known, expression: text.ground({**values, **known})} for known in (self.symbols, self.names, self.widest)
        )
        return replace(self, symbols=symbols, names=names, widest=widest)


def filled(example: Any, place: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML
    """Return an example with the partition, region and account of a place in it."""
    if isinstance(example, str):
        for name, value in place.items():
            example = example.replace("{" + name + "}", value)
    return example
