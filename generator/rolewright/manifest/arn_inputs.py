"""Inputs that are ARNs: what all ARNs of a service and type have in common, and the parts in which they differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import CONTEXT, pieces
from rolewright.core.inputs import InputPart
from rolewright.data import iam
from rolewright.manifest.input_patterns import CHARACTERS, inner, is_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint

_CONTEXT = {"partition": "aws[a-z-]*", "region": "[a-z0-9-]+", "account": "[0-9]{12}"}
_PLACEHOLDER = re.compile(r"\$\{(Partition|Region|Account)\}")


@dataclass(frozen=True)
class _Part:
    """A part of an ARN: `written` as it is, or, called `label`, anything that `accepts` takes, such as `example`."""

    written: str = ""
    accepts: str = ""
    example: str = ""
    label: str = ""


@dataclass(frozen=True)
class ArnForm:
    """The ARNs of a service and type: in turn what all of them have, and what differs."""

    parts: tuple[_Part, ...]

    @property
    def pattern(self) -> str:
        """Return the regular expression of all of them, in RE2."""
        return "^" + "".join(part.accepts or part.written.replace(".", r"\.") for part in self.parts) + "$"

    def split(self, arn: str) -> tuple[str, ...] | None:
        """Return an ARN part by part, or None where it is none of them."""
        groups = "".join(f"({part.accepts or re.escape(part.written)})" for part in self._countable)
        match = re.fullmatch(groups, arn, re.ASCII)
        return None if match is None else match.groups()

    @property
    def _countable(self) -> Iterator[_Part]:
        return (_Part(part.written, part.accepts.replace("(", "(?:"), part.example) for part in self.parts)

    def input_parts(self, reference: str, symbol: Callable[[], str], arn: str | None) -> tuple[InputPart, ...]:
        """Return the parts of an input, with their values in an ARN of this form, or else with examples."""
        texts = (arn is not None and self.split(arn)) or tuple(part.written or part.example for part in self.parts)
        expressions = self._expressions(reference)
        return tuple(
            InputPart(text, symbol() if part.accepts else "", expressions[number], part.label)
            for number, (part, text) in enumerate(zip(self.parts, texts, strict=True))
        )

    def _expressions(self, reference: str) -> list[str]:
        """Return Terraform's expression for each part that differs; "" where it shares a segment with another one."""
        expressions = []
        for number, part in enumerate(self.parts):
            before = "".join(other.written or "\0" for other in self.parts[:number])
            after = "".join(other.written or "\0" for other in self.parts[number + 1 :])
            prefix = before.rpartition(":")[2]
            segment = f'split(":", {reference})[{before.count(":")}]'
            alone = part.accepts and "\0" not in prefix and after[:1] in ("", ":")
            expressions.append((f'trimprefix({segment}, "{prefix}")' if prefix else segment) if alone else "")
        return expressions


def arn_form(service: str, resource: str, catalog: Catalog) -> ArnForm | None:
    """Return the form of the ARNs of a type, as a blueprint or else the IAM database has it; None if neither does."""
    blueprint = typed(service, resource, catalog)
    if blueprint is not None:
        return _form(blueprint.own_arn.removesuffix(":*"), blueprint.fields)
    facts = iam.service(service)
    if facts is None or resource not in facts.resources:
        return None
    return _form(_PLACEHOLDER.sub(lambda match: match[0].lower(), facts.resources[resource].arns[0]), {})


def typed(service: str, resource: str, catalog: Catalog) -> ResourceBlueprint | None:
    """Return the resource type whose own ARN is of this service and type, if there is one."""
    return next((b for b in catalog.resources.values() if b.arns and own_type(b) == (service, resource)), None)


def own_type(blueprint: ResourceBlueprint) -> tuple[str, str]:
    """Return the service and type, as IAM has them, of a resource's own ARN."""
    return blueprint.service, next(iter(blueprint.arns))


def _form(template: str, fields: Mapping[str, Any]) -> ArnForm | None:
    """Return the form of a template; None where a field is in it twice, which no RE2 can hold it to."""
    parts: list[_Part] = []
    listed = pieces(template)
    names = [piece.value for piece in listed if piece.kind == "field"]
    if len(names) != len(set(names)):
        return None
    for piece, following in zip(listed, (*listed[1:], None), strict=True):
        anything = CHARACTERS.replace("/", "") if following and following.value[:1] == "/" else CHARACTERS
        if piece.kind == "text":
            parts.append(_Part(piece.value))
        elif piece.kind == "marks":
            parts.append(_Part("", f"[A-Za-z0-9]{{{len(piece.value)}}}", "AbCdEfGhIj"[: len(piece.value)], "suffix"))
        elif piece.value in CONTEXT:
            parts.append(_Part("", _CONTEXT[piece.value], "{" + piece.value + "}", piece.value))
        else:
            schema = fields.get(piece.value, {})
            pattern = schema.get("pattern", "")
            accepts = inner(pattern) if is_plain(pattern) else f"[{anything}]+"
            examples = [text for text in schema.get("examples", ()) if isinstance(text, str)]
            fitting = (text for text in examples if re.fullmatch(accepts, text))
            parts.append(_Part("", accepts, next(fitting, "example"), piece.value))
    return ArnForm(tuple(parts))
