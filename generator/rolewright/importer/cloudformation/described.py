"""A reference to a resource of a template: what it gives, and which resource of a manifest it is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import OfResource, PlaceName, SourceText, UnknownPart
from rolewright.importer.shapes import text
from rolewright.importer.workload import SourceResource
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.expression import TextPart

_SUBSTITUTED = re.compile(r"\$\{([a-z_]{1,40})\}")
_FORM = UnknownPart.form


@cache
def types() -> Mapping[str, Mapping[str, Any]]:
    """Return what is known of each type of CloudFormation."""
    found: Mapping[str, Mapping[str, Any]] = load(Path(__file__).with_name("resource_types.yaml")).trees[0].data
    return found


def resource_part(template: StackTemplate, logical: str, attribute: str) -> Any:  # noqa: ANN401 - a text, or a part of one
    """Return what Ref gives of a resource, or Fn::GetAtt of its attribute."""
    type_ = text(template.resources[logical].get("Type"))
    known = types().get(type_)
    if known is None or (attribute and attribute not in known["attributes"]):
        physical = template.aids.stack.get(logical)
        if not attribute and physical is not None:
            return physical
        what = f"{attribute} of {logical}" if attribute else f"the id of {logical}"
        return SourceText((UnknownPart(f"{what} ({type_ or 'no type'})"),))
    value = known["attributes"][attribute] if attribute else known["ref"]
    name = resource_name(template, logical)
    found = arn_form(type_, value, name)
    asked = f"{value} of {logical} ({type_})"
    return SourceText((OfResource(logical, value, found, asked, _form(template, logical, known)),))


def arn_form(type_: str, value: str, name: SourceText | str) -> SourceText:
    """Return a value of a type, such as its ARN, with a name in it."""
    if value == "name":
        return SourceText.of(name)
    pattern = types()[type_]["values"][value]
    parts: list[TextPart | SourceText] = []
    end = 0
    for found in _SUBSTITUTED.finditer(pattern):
        place: TextPart | SourceText = name if found[1] == "name" else PlaceName(found[1])  # type: ignore[arg-type]
        parts += [pattern[end : found.start()], place]
        end = found.end()
    return SourceText.of(*parts, pattern[end:])


def described_resource(template: StackTemplate, logical: str) -> SourceResource | None:
    """Return the resource of a manifest that a resource of a template is, with its name; None for no such type."""
    known = types().get(text(template.resources[logical].get("Type")), {})
    if "type" not in known:
        return None
    return SourceResource(known["type"], {"name": resource_name(template, logical)})


def resource_name(template: StackTemplate, logical: str) -> SourceText | str:
    """Return the name of a resource: the one that AWS says, the one in the template, or what has to be filled in."""
    type_ = text(template.resources[logical].get("Type"))
    known = types()[type_]
    physical = template.aids.stack.get(logical)
    if physical is not None:
        found = re.search(known.get("physical", "(.+)$"), physical)
        return found[1] if found else physical
    named = template.value(template.properties(logical).get(known["named_by"])) if known["named_by"] else None
    if isinstance(named, SourceText):
        return named
    if text(named):
        return text(named)
    asked = f"name of {logical} ({type_}), which the template does not give: --stack-resources"
    return SourceText((UnknownPart(asked, _form(template, logical, known)),))


def _form(template: StackTemplate, logical: str, known: Mapping[str, Any]) -> str:
    for name, form in known.get("forms", {}).items():
        if str(template.value(template.properties(logical).get(name))).lower() == "true":
            return str(form)
    return str(known.get("form", _FORM))
