"""Resources that a workload names by a value: the entries of its manifest, and their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.described import arn_form, described_resource, types
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.expression import OfResource, PlaceName, SourceText, UnknownPart
from rolewright.importer.names import resource_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.finding import Location
    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.workload import SourceWorkload


_SHORTEST = 3


def linked_resource(
    template: StackTemplate,
    workload: SourceWorkload,
    value: Any,  # noqa: ANN401 - YAML
    type_: str,
    origin: Location,
) -> str | None:
    """Return the key of the resource of a type that a value names, which is added where it is not there.

    `type_` is CloudFormation's, and holds where the value does not say another. None for no value.
    """
    match value:
        case SourceText((OfResource(logical=logical),)) if logical in template.resources:
            described = described_resource(template, logical)
            if described is None:
                return None
            return workload.add(resource_key(logical), {"type": described.type, **described.fields}, origin)
        case str() if value.startswith("arn:"):
            arn = value.partition("/stream/")[0]  # that of a stream of a table begins with the table's
            name = arn.rpartition(":")[2].rpartition("/")[2]
            return workload.add(resource_key(name), {"type": types()[type_]["type"], "arn": arn}, origin)
        case str() if value:
            return workload.add(resource_key(value), {"type": types()[type_]["type"], "name": value}, origin)
        case SourceText():
            name_ = named_in(value, type_)
            key = resource_key(re.sub(r"\$\{[a-z]+\}|\([^()]{0,300}\)", "", shown(name_)) or types()[type_]["type"])
            return workload.add(key, {"type": types()[type_]["type"], "name": name_}, origin)
        case _:
            return None


def plain_name(value: Any, default: str) -> str:  # noqa: ANN401 - YAML
    """Return what is the same of a name in every environment and stack; the default where that is next to nothing."""
    parts = value.parts if isinstance(value, SourceText) else (value,)
    plain = "-".join(part.strip("-_") for part in parts if isinstance(part, str) and part.strip("-_"))
    return plain if len(plain) >= _SHORTEST else default


def named_in(value: SourceText, type_: str) -> SourceText | str:
    """Return the name in an ARN with open parts; the name as a whole is open where the ARN is."""
    head, *rest = value.parts
    if isinstance(head, UnknownPart) and not rest:
        form = str(types()[type_].get("form", UnknownPart.form))
        return SourceText((UnknownPart(f"the name in the ARN that is {head.asked}", form),))
    wanted = arn_form(type_, "arn", "\0")
    have, pattern = _plain(value), _plain(wanted).partition("\0")[0]
    if not have.startswith(pattern):
        return value
    taken = 0
    parts = list(value.parts)
    while taken < len(pattern) and parts:
        length = len(_plain(SourceText((parts[0],))))
        if taken + length <= len(pattern):
            parts.pop(0)
            taken += length
        elif isinstance(parts[0], str):
            parts[0] = parts[0][len(pattern) - taken :]
            taken = len(pattern)
        else:
            return value
    found = SourceText.of(*parts)
    return found if found.literal is None else found.literal


def _plain(text: SourceText) -> str:
    """Return a text in which each place of the environment is a letter: AWS's own partition is that of the place."""
    letters = {"partition": "aws", "region": "\1", "account": "\2", "dns_suffix": "\3", "environment": "\4"}
    return "".join(
        part if isinstance(part, str) else letters[part.name] if isinstance(part, PlaceName) else "\5"
        for part in text.parts
    )


def resources_in(value: Any) -> Iterator[OfResource]:  # noqa: ANN401 - YAML
    """Yield the resources of the source that a value names."""
    match value:
        case SourceText(parts):
            yield from (part for part in parts if isinstance(part, OfResource))
        case dict():
            for inner in value.values():
                yield from resources_in(inner)
        case list():
            for inner in value:
                yield from resources_in(inner)
        case _:
            pass
