"""The statements of the policies in a module, from policy documents and from JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rolewright.check.walk import MARK, attributes, decoded, entries, item_texts, items, resolved, target, texts
from rolewright.hcl.syntax import Literal, Map

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.hcl.syntax import Block, Expression, ParsedModule

_DOCUMENT = "aws_iam_policy_document"
# A statement whose origin comments all begin like this is the blueprint's own, for the platform, and the blueprint
# states its reason. A reason from the manifest may look like an origin, but stands beside the real one.
_ORIGIN, _PLATFORM = "manifest: ", "manifest: compute."
# Policies of a role, user or group: type → the arguments with the holder and with the policy or its ARN.
_INLINE = {
    "aws_iam_role_policy": ("role", "policy"),
    "aws_iam_user_policy": ("user", "policy"),
    "aws_iam_group_policy": ("group", "policy"),
}
_ATTACHED = {
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_iam_group_policy_attachment": ("group", "policy_arn"),
}
_ROOT = re.compile(r"arn:[^:]*:iam::([^:]*):root")
_STARS = frozenset("*/")


@dataclass(frozen=True)
class WrittenPrincipal:
    """The principals of one type that a statement of a resource policy or a trust policy names."""

    type: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True)
class WrittenStatement:
    """A statement as written in the module. `inverted` names the negated elements that it uses (`not_actions` …).

    `conditions` are the condition keys, in lower case; `operators` are the condition operators, as written.
    """

    file: str
    line: int
    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[WrittenPrincipal, ...]
    inverted: frozenset[str]
    conditions: frozenset[str]
    operators: frozenset[str]
    platform: bool = False

    @property
    def allows(self) -> bool:
        """Return whether it may allow something: an unknown effect may."""
        return self.effect != "Deny"

    @property
    def grants(self) -> bool:
        """Return whether it allows something to the holder of the policy, rather than to a principal that it names."""
        return self.allows and not self.principals and "not_principals" not in self.inverted

    @property
    def label(self) -> str:
        """Return its name in messages."""
        return f"statement {self.sid}" if self.sid else "a statement"


WrittenPolicy = tuple[WrittenStatement, ...]


@lru_cache(maxsize=1)
def documents(parsed: ParsedModule) -> tuple[WrittenPolicy, ...]:
    """Return every policy of the module: policy documents, and policies written as JSON."""
    return tuple(_documents(parsed))


def _documents(parsed: ParsedModule) -> Iterator[WrittenPolicy]:
    for block in parsed.all("data", _DOCUMENT):
        yield _of_block(parsed, block)
    for block in parsed.blocks:
        for attribute in attributes(block):
            if document := _of_json(parsed, attribute.expression, block.file, attribute.line):
                yield document


def statements(parsed: ParsedModule) -> Iterator[WrittenStatement]:
    """Yield every statement of every policy."""
    return (statement for document in documents(parsed) for statement in document)


def together(parsed: ParsedModule) -> Iterator[WrittenPolicy]:
    """Yield the statements that take effect together: those of a role, user or group, or of a policy without one."""
    by_holder: dict[tuple[str, ...], list[WrittenPolicy]] = {}
    for type_, (holder, policy) in (_INLINE | _ATTACHED).items():
        for block in parsed.all("resource", type_):
            policy_document = (
                _attached(parsed, block, policy) if type_ in _ATTACHED else document_of(parsed, block, policy)
            )
            if policy_document and (attribute := block.attributes.get(holder)):
                holder_block = target(parsed, attribute.expression)
                key = holder_block.labels if holder_block else texts(parsed, attribute.expression)
                by_holder.setdefault(key, []).append(policy_document)
    for several in by_holder.values():
        yield tuple(statement for document in several for statement in document)
    of_holders = {document for several in by_holder.values() for document in several}
    yield from (document for document in documents(parsed) if document not in of_holders)


def _attached(parsed: ParsedModule, block: Block, argument: str) -> WrittenPolicy | None:
    attribute = block.attributes.get(argument)
    managed = target(parsed, attribute.expression) if attribute else None
    return document_of(parsed, managed, "policy") if managed else None


def document_of(parsed: ParsedModule, block: Block, argument: str) -> WrittenPolicy | None:
    """Return the policy that an argument holds or refers to, or None if the module does not tell."""
    attribute = block.attributes.get(argument)
    if attribute is None:
        return None
    document = target(parsed, attribute.expression)
    if document is not None and document.type == "data" and document.labels[0] == _DOCUMENT:
        return _of_block(parsed, document)
    return _of_json(parsed, attribute.expression, block.file, attribute.line) or None


def is_own_root(parsed: ParsedModule, identifier: str) -> bool:
    """Return whether a principal is the root of the module's own account, so that the account's policies decide."""
    accounts = {
        MARK,
        *(t for v in parsed.tfvars.values() if "account" in v for t in texts(parsed, v["account"].expression)),
    }
    match = _ROOT.fullmatch(identifier)
    return match is not None and match[1] in accounts


def is_everything(resource: str) -> bool:
    """Return whether a resource is `*`, or an ARN of everything that a service has."""
    parts = resource.split(":", 5)
    return bool(parts[-1]) and set(parts[-1]) <= _STARS and len(parts) in (1, 6)


def _of_block(parsed: ParsedModule, document: Block) -> WrittenPolicy:
    return tuple(_statement(parsed, block) for block in _nested(document, "statement"))


def _nested(block: Block, type_: str) -> Iterator[Block]:
    """Yield the nested blocks of a type, including the content of `dynamic` blocks."""
    yield from block.all(type_)
    for dynamic in block.all("dynamic"):
        if dynamic.labels == (type_,):
            yield from dynamic.all("content")


def _statement(parsed: ParsedModule, block: Block) -> WrittenStatement:
    inverted = {name for name in ("not_actions", "not_resources") if name in block.attributes}
    inverted |= {"not_principals"} if any(_nested(block, "not_principals")) else set()
    sid, effect = block.attributes.get("sid"), block.attributes.get("effect")
    origins = [comment for comment in block.comments if comment.startswith(_ORIGIN)]
    return WrittenStatement(
        file=block.file,
        line=block.line,
        sid=texts(parsed, sid.expression)[0] if sid else "",
        effect=_effect(parsed, effect.expression) if effect else "Allow",
        actions=item_texts(parsed, block.attributes.get("actions")),
        resources=item_texts(parsed, block.attributes.get("resources")),
        principals=tuple(_principal(parsed, principal) for principal in _nested(block, "principals")),
        inverted=frozenset(inverted),
        conditions=frozenset(key.lower() for key in _in_conditions(parsed, block, "variable")),
        operators=frozenset(_in_conditions(parsed, block, "test")),
        platform=bool(origins) and all(origin.startswith(_PLATFORM) for origin in origins),
    )


def _effect(parsed: ParsedModule, expression: Expression) -> str:
    """Return the effect; if it differs between environments, the one that is not Deny."""
    return next((text for text in texts(parsed, expression) if text != "Deny"), "Deny")


def _in_conditions(parsed: ParsedModule, block: Block, argument: str) -> Iterator[str]:
    for condition in _nested(block, "condition"):
        if attribute := condition.attributes.get(argument):
            yield from texts(parsed, attribute.expression)


def _principal(parsed: ParsedModule, block: Block) -> WrittenPrincipal:
    type_ = block.attributes.get("type")
    name = texts(parsed, type_.expression)[0] if type_ else ""
    return WrittenPrincipal(name, item_texts(parsed, block.attributes.get("identifiers")))


def _of_json(parsed: ParsedModule, expression: Expression, file: str, line: int) -> WrittenPolicy:
    policy = entries(decoded(parsed, expression) or Literal(None))
    raw_statements = (entries(resolved(parsed, item)) for item in items(parsed, policy.get("Statement", Literal(None))))
    return tuple(
        _json_statement(parsed, raw_statement, file, line)
        for raw_statement in raw_statements
        if "Effect" in raw_statement
    )


def _json_statement(
    parsed: ParsedModule, statement: Mapping[str, Expression], file: str, line: int
) -> WrittenStatement:
    def listed(name: str) -> tuple[str, ...]:
        elements = items(parsed, statement.get(name, Literal(None)))
        return tuple(text for item in elements for text in texts(parsed, item))

    inverted = {"NotAction": "not_actions", "NotResource": "not_resources", "NotPrincipal": "not_principals"}
    principal = resolved(parsed, statement.get("Principal", Literal(None)))
    if isinstance(principal, Map):
        principals = tuple(
            WrittenPrincipal(name, tuple(t for item in items(parsed, value) for t in texts(parsed, item)))
            for name, value in entries(principal).items()
        )
    else:
        principals = (WrittenPrincipal("*", listed("Principal")),) if "Principal" in statement else ()
    conditions = resolved(parsed, statement.get("Condition", Literal(None)))
    return WrittenStatement(
        file=file,
        line=line,
        sid=texts(parsed, statement.get("Sid", Literal(None)))[0],
        effect=_effect(parsed, statement["Effect"]),
        actions=listed("Action"),
        resources=listed("Resource"),
        principals=principals,
        inverted=frozenset(ours for theirs, ours in inverted.items() if theirs in statement),
        conditions=_condition_keys(parsed, conditions),
        operators=frozenset(entries(conditions)),
    )


def _condition_keys(parsed: ParsedModule, conditions: Expression) -> frozenset[str]:
    if conditions == Literal(None):
        return frozenset()
    if not isinstance(conditions, Map):
        return frozenset({MARK})
    return frozenset(key.lower() for keys in entries(conditions).values() for key in entries(resolved(parsed, keys)))
