"""A first draft of a blueprint for a service's resource, from the IAM database: to be cut down by hand."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING

from rolewright.core.finding import MisuseError
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rolewright.data.iam import ActionFacts, ResourceFacts, ServiceFacts

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_CONTEXT = {"Partition": "partition", "Region": "region", "Account": "account"}
_CLASSES = {"read": {"Read", "List"}, "write": {"Write"}}


def draft(name: str, prefix: str) -> str:
    """Return the YAML of a blueprint with all ARNs of the service that has a prefix, and its actions by class.

    The resource type that most actions take comes first: its ARN is the one that identifies the resource.
    Tagging and permissions management are left out, since no verb grants them. Raises MisuseError where no type may
    have the name, and where the IAM database does not have the service.
    """
    if not name.replace("-", "").isalnum() or not name.islower() or not name.isascii():
        raise MisuseError(
            f"{name} cannot be the name of a type: use lower-case letters, digits and dashes, for example video-store"
        )
    service = iam.service(prefix)
    if service is None:
        near = difflib.get_close_matches(prefix, sorted(iam.services()), 3, 0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise MisuseError(f"the IAM database has no service {prefix}{hint}")
    taken = [kind for action in service.actions.values() for kind in action.resource_types]
    kinds = sorted(service.resources.values(), key=lambda kind: (-taken.count(kind.name), kind.name))
    return "\n".join(_lines(name, service, kinds)) + "\n"


def _lines(name: str, service: ServiceFacts, kinds: list[ResourceFacts]) -> Iterator[str]:
    yield "# A draft from the IAM database. Keep the fields and ARNs of one resource, cut each verb down to what its"
    yield "# name says, and split it: no verb may delete, tag or reconfigure the resource itself."
    yield f"summary: {json.dumps(f'{name} in {service.title}')}"
    yield f"service: {service.prefix}"
    yield ""
    own = _fields(kinds[0].arns[0]) if kinds else []
    fields = list(dict.fromkeys(field for kind in kinds for field in _fields(kind.arns[0])))
    yield "fields:" if fields else "fields: {}"
    for field in fields:
        yield f"  {field}:"
        yield "    type: string"
        yield '    pattern: "^[A-Za-z0-9_.-]+$"'
        yield f"    description: {field.replace('_', ' ').capitalize()} in the ARN"
        yield f"    examples: [my-{field.replace('_', '-')}]"
    yield f"required: {json.dumps(own)}"
    if kinds:
        yield from ("", "arns:")
        yield from (f"  {json.dumps(kind.name)}: {json.dumps(_template(kind.arns[0]))}" for kind in kinds)
        yield from ("", "attributes:", f"  arn: {json.dumps('${arns.' + kinds[0].name + '}')}")
    yield from ("", "access:")
    for class_, levels in _CLASSES.items():
        actions = [action for action in service.actions.values() if action.level in levels]
        yield from _verb(class_, actions, [kind.name for kind in kinds])


def _verb(class_: str, actions: Collection[ActionFacts], kinds: list[str]) -> Iterator[str]:
    by_arn = {kind: sorted(a.name for a in actions if a.narrowable and kind in a.resource_types) for kind in kinds}
    by_arn["*"] = sorted(action.name for action in actions if not action.narrowable)
    if not any(by_arn.values()):
        return
    yield f"  {class_}:"
    yield f"    class: {class_}"
    yield f"    summary: every {class_} action of the service"
    yield "    allow:"
    for arn, names in by_arn.items():
        if names:
            yield f"      {json.dumps(arn)}:"
            yield from (f"        - {name}" for name in names)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _fields(arn: str) -> list[str]:
    return [_snake(name) for name in _PLACEHOLDER.findall(arn) if name not in _CONTEXT]


def _template(arn: str) -> str:
    return _PLACEHOLDER.sub(lambda match: "${" + (_CONTEXT.get(match[1]) or _snake(match[1])) + "}", arn)
