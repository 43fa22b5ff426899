"""The statements of the policies in a module, however they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.check.syntax import Literal, Map
from rolewright.check.walk import MARK, attributes, decoded, entries, item_texts, items, resolved, target, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.check.syntax import Block, Expression, ParsedModule

_DOCUMENT = "aws_iam_policy_document"
# A statement under this comment is a blueprint's own, for the platform: the blueprint states its reason.
_PLATFORM = "manifest: compute."
_ROOT = re.compile(r"arn:[^:]*:iam::([^:]*):root")
_STARS = frozenset("*/")


@dataclass(frozen=True)
class Principal:
    """Who a statement of a resource's policy or a trust policy speaks of."""

    type: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement. `others` names the inverted elements it uses (`not_actions` …)."""

    file: str
    line: int
    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[Principal, ...]
    others: frozenset[str]
    conditional: bool
    platform: bool = False

    @property
    def grants(self) -> bool:
        """Whether it gives something to whoever holds the policy, rather than to a principal it names."""
        return self.allows and not self.principals and "not_principals" not in self.others

    @property
    def label(self) -> str:
        """How a message names it."""
        return f"statement {self.sid}" if self.sid else "a statement"


Document = tuple[Statement, ...]


def documents(parsed: ParsedModule) -> Iterator[Document]:
    """Every policy of the module: policy documents, and policies written as JSON."""
    for block in parsed.all("data", _DOCUMENT):
        yield _of_block(parsed, block)
    for block in parsed.blocks:
        for attribute in attributes(block):
            if found := _of_json(parsed, attribute.expression, block.file, attribute.line):
                yield found


def statements(parsed: ParsedModule) -> Iterator[Statement]:
    """Every statement of every policy."""
    return (statement for document in documents(parsed) for statement in document)


def document_of(parsed: ParsedModule, block: Block, argument: str) -> Document | None:
    """The policy that an argument holds or refers to; None if the module does not tell."""
    attribute = block.attributes.get(argument)
    if attribute is None:
        return None
    found = target(parsed, attribute.expression)
    if found is not None and found.type == "data" and found.labels[0] == _DOCUMENT:
        return _of_block(parsed, found)
    return _of_json(parsed, attribute.expression, block.file, attribute.line) or None


def is_own_root(parsed: ParsedModule, identifier: str) -> bool:
    """Whether a principal is the account that the module is for, so that the account's policies decide."""
    accounts = {
        MARK,
        *(t for v in parsed.tfvars.values() if "account" in v for t in texts(parsed, v["account"].expression)),
    }
    found = _ROOT.fullmatch(identifier)
    return found is not None and found[1] in accounts


def is_everything(resource: str) -> bool:
    """Whether a resource is `*`, or an ARN of everything that a service has."""
    parts = resource.split(":", 5)
    return bool(parts[-1]) and set(parts[-1]) <= _STARS and len(parts) in (1, 6)


def _of_block(parsed: ParsedModule, document: Block) -> Document:
    blocks = list(document.all("statement"))
    for dynamic in document.all("dynamic"):
        if dynamic.labels == ("statement",):
            blocks += dynamic.all("content")
    return tuple(_statement(parsed, block) for block in blocks)


def _statement(parsed: ParsedModule, block: Block) -> Statement:
    others = {name for name in ("not_actions", "not_resources") if name in block.attributes}
    others |= {"not_principals"} if any(block.all("not_principals")) else set()
    sid, effect = block.attributes.get("sid"), block.attributes.get("effect")
    return Statement(
        file=block.file,
        line=block.line,
        sid=texts(parsed, sid.expression)[0] if sid else "",
        allows=effect is None or texts(parsed, effect.expression) != ("Deny",),
        actions=item_texts(parsed, block.attributes.get("actions")),
        resources=item_texts(parsed, block.attributes.get("resources")),
        principals=tuple(_principal(parsed, principal) for principal in block.all("principals")),
        others=frozenset(others),
        conditional=any(block.all("condition")),
        platform=any(comment.startswith(_PLATFORM) for comment in block.comments),
    )


def _principal(parsed: ParsedModule, block: Block) -> Principal:
    type_ = block.attributes.get("type")
    name = texts(parsed, type_.expression)[0] if type_ else ""
    return Principal(name, item_texts(parsed, block.attributes.get("identifiers")))


def _of_json(parsed: ParsedModule, expression: Expression, file: str, line: int) -> Document:
    policy = entries(decoded(parsed, expression) or Literal(None))
    found = (entries(resolved(parsed, item)) for item in items(parsed, policy.get("Statement", Literal(None))))
    return tuple(_json_statement(parsed, each, file, line) for each in found if "Effect" in each)


def _json_statement(parsed: ParsedModule, statement: Mapping[str, Expression], file: str, line: int) -> Statement:
    def listed(name: str) -> tuple[str, ...]:
        found = items(parsed, statement.get(name, Literal(None)))
        return tuple(text for item in found for text in texts(parsed, item))

    inverted = {"NotAction": "not_actions", "NotResource": "not_resources", "NotPrincipal": "not_principals"}
    principal = resolved(parsed, statement.get("Principal", Literal(None)))
    if isinstance(principal, Map):
        principals = tuple(
            Principal(name, tuple(t for item in items(parsed, value) for t in texts(parsed, item)))
            for name, value in entries(principal).items()
        )
    else:
        principals = (Principal("*", listed("Principal")),) if "Principal" in statement else ()
    return Statement(
        file=file,
        line=line,
        sid=texts(parsed, statement.get("Sid", Literal(None)))[0],
        allows=texts(parsed, statement["Effect"]) != ("Deny",),
        actions=listed("Action"),
        resources=listed("Resource"),
        principals=principals,
        others=frozenset(ours for theirs, ours in inverted.items() if theirs in statement),
        conditional="Condition" in statement,
    )
