"""Identity policies as other tools write them: plain, in a wrapper, or as text inside JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from rolewright.core.files import UnreadableError, parse_json, read_json
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.prove.document import PolicyError, PolicyStatement, statements
from rolewright.prove.table import Declared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MEANT = re.compile(r"""^[\s\ufeff]*(?:\[\s*)?\{\s*["']|\bStatement\\*["']\s*:|\bStatement\s*:\s*(?:[\[{]|\n)""")
"""What a text looks like that is meant as a policy, whole or cut off, in JSON or in YAML."""
_HOLDERS = {"Document", "PolicyDocument"}
"""What the answers of the IAM API call a policy: a text there is always one."""
_ENCODED = 3


@dataclass(frozen=True)
class Unread:
    """Part of a policy that cannot be compared, in words; `effect` is "" for what is no policy of an identity."""

    effect: Literal["Allow", "Deny", ""]
    text: str


@dataclass(frozen=True)
class Foreign:
    """The policies of a file: what they allow and deny, each statement by its name, and what cannot be compared."""

    file: str
    allowed: tuple[Declared, ...]
    denied: tuple[Declared, ...]
    unread: tuple[Unread, ...]

    @property
    def all(self) -> tuple[Declared, ...]:
        """Return the statements that decide on a request."""
        return (*self.allowed, *self.denied)


def read_policies(path: Path) -> Foreign:
    """Read the identity policies in a JSON file.

    A policy document may stand anywhere in it: alone, in a list, in the answers of `aws iam` and of Access
    Analyzer's policy generation (there as text), in the `Policies` of iam-policy-autopilot. Policies with a principal
    are those of resources, and are left out. Raises Rejected for a file without a policy, or with a malformed one.
    """
    try:
        documents = list(_documents(read_json(path)))
    except UnreadableError as error:
        raise _refused(path, str(error), "give a file with a JSON policy") from None
    if not documents:
        raise _refused(path, "contains no policy: nothing in it has a `Statement`", "give a JSON policy")
    try:
        return of_documents(documents, str(path))
    except PolicyError as error:
        raise _refused(path, f"contains a policy that IAM would not accept: {error}", "fix the policy") from None


def of_documents(documents: Sequence[dict[str, Any]], file: str) -> Foreign:
    """Read the policy documents of a file. Raises PolicyError."""
    allowed: list[Declared] = []
    denied: list[Declared] = []
    unread: dict[Unread, None] = {}
    for order, document in enumerate(documents, 1):
        if _of_resource(document):
            unread[Unread("", "a policy with a Principal is a resource policy or a trust policy, and is left out")] = (
                None
            )
            continue
        for number, statement in enumerate(statements(document), 1):
            name = statement.sid or f"statement {number}"
            name = f"policy {order}, {name}" if len(documents) > 1 else name
            if statement.not_actions or statement.not_resources:
                unread[_unread(statement, name)] = None
            else:
                (allowed if statement.effect == "Allow" else denied).append(_declared(statement, name))
    return Foreign(file, tuple(allowed), tuple(denied), tuple(unread))


def _unread(statement: PolicyStatement, name: str) -> Unread:
    what = "NotAction" if statement.not_actions else "NotResource"
    if statement.effect == "Allow":
        return Unread("Allow", f"{name}: a manifest lists what is allowed, and cannot express {what}")
    return Unread("Deny", f"{name}: a Deny with {what} is not compared; it may deny something that is allowed here")


def _refused(path: Path, what: str, remedy: str) -> Rejected:
    return Rejected([Finding("policy-unreadable", f"{path.name or path} {what}", remedy, Location(str(path)))])


def _documents(node: Any, at: str = "") -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield the policies in a value, also those in texts. Raises UnreadableError for a text that is meant as one."""
    match node:
        case dict() if "Statement" in node:
            yield node
        case dict():
            for name, value in node.items():
                yield from _documents(value, f"{at}.{name}" if at else name)
        case list():
            for number, item in enumerate(node):
                yield from _documents(item, f"{at}[{number}]")
        case str():
            text = _plain(node)
            if _MEANT.search(text) or at.rpartition(".")[2] in _HOLDERS:
                try:
                    inner = parse_json(text)
                except UnreadableError as error:
                    raise UnreadableError(
                        f"has a policy as text in {at or 'its only value'}, and that {error}"
                    ) from None
                yield from _documents(inner, at) if isinstance(inner, (dict, list)) else ()
        case _:
            return


def _plain(text: str) -> str:
    """Return a text without URL encoding, which a document may have got more than once."""
    for _ in range(_ENCODED):
        if _MEANT.search(text):
            break
        text = unquote(text)
    return text


def _of_resource(document: dict[str, Any]) -> bool:
    listed = document["Statement"]
    return any(
        isinstance(statement, dict) and ("Principal" in statement or "NotPrincipal" in statement)
        for statement in (listed if isinstance(listed, list) else [listed])
    )


def _declared(statement: PolicyStatement, name: str) -> Declared:
    def meant(text: str) -> str:
        """Return a text as a document writes it in which `${` has a meaning."""
        return text if statement.variables else text.replace("${", "${$}{")

    conditions = tuple((atom.operator, atom.key, tuple(map(meant, atom.values))) for atom in statement.conditions)
    effect: Literal["Allow", "Deny"] = "Allow" if statement.effect == "Allow" else "Deny"
    return Declared(effect, statement.actions, tuple(map(meant, statement.resources)), conditions, name)
