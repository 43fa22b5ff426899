"""The resources of a module → the ids by which Terraform imports them, as far as its manifest can know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.adopt.table import ImportRule, import_rules
from rolewright.data.partitions import DNS_SUFFIX
from rolewright.hcl.parse import parse
from rolewright.manifest.symbolic import symbolic, without_symbols
from rolewright.prove.evaluate import evaluate, texts_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.core.inputs import Input
    from rolewright.core.model import Environment
    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule
    from rolewright.render.module import Rendered

_SLOT = re.compile(r"\$\{([/:]?)([a-z0-9_.]+)([/:]?)\}")
_MADE = re.compile(r"\$\{(\w+\.\w+)\.([^${}]+)\}")  # the evaluator's token for what is known after an apply only
_INPUT = re.compile(r"\$\{(inputs\.[^${}]+)\}")
_UNKNOWN = ImportRule(none="rolewright does not know its id: its page in the provider's documentation ends with it")


@dataclass(frozen=True)
class ImportId:
    """The id of one resource, and what `rule` says of it.

    A part in `<…>` is made by AWS, and `find` prints it, or it is an input, which the caller of the module gives.
    """

    address: str
    rule: ImportRule
    id: str
    find: str

    @property
    def known(self) -> bool:
        """Return whether the manifest says all of the id."""
        return bool(self.id) and "<" not in self.id


def import_ids(rendered: Rendered, environment: Environment) -> list[ImportId]:
    """Return the id of each resource that a module makes in an environment, each after those that it depends on."""
    inputs = rendered.workload.inputs
    evaluated = evaluate(parse(rendered.module), next(symbolic(environment, inputs), environment))
    ids = _Ids(evaluated, environment, inputs)
    return [ids.of(resource) for resource in evaluated.resources.values() if resource.mode == "resource"]


@dataclass(frozen=True)
class _Ids:
    evaluated: EvaluatedModule
    environment: Environment
    inputs: Sequence[Input]

    def of(self, resource: EvaluatedBlock) -> ImportId:
        rule = import_rules().get(resource.type, _UNKNOWN)
        return ImportId(resource.address, rule, self.filled(rule.id, resource), self.filled(rule.find, resource, "'"))

    def filled(self, pattern: str, resource: EvaluatedBlock, quote: str = "") -> str:
        """Fill the slots of a pattern; what is not known becomes `<…>`. With `quote`, values stand in shell quotes."""
        context = {
            "partition": self.environment.partition,
            "region": self.environment.region,
            "account": self.environment.account,
            "suffix": DNS_SUFFIX[self.environment.partition],
        }

        def value(slot: re.Match[str]) -> str:
            before, name, after = slot.groups()
            given: Any = context.get(name, next(iter(texts_at(resource.values, name.split("."))), None))
            if given is None:
                return "" if before or after else f"<{name}>"
            text = _INPUT.sub(r"<\1>", without_symbols(_MADE.sub(self.referred, str(given)), self.inputs))
            return before + (text.replace(quote, rf"{quote}\{quote}{quote}") if quote else text) + after

        return _SLOT.sub(value, pattern)

    def referred(self, token: re.Match[str]) -> str:
        """Return the id of the resource that a token names, where its attribute stands for that; else `<…>`."""
        address, attribute = token.groups()
        resource = self.evaluated.resources.get(address)
        if resource is not None:
            found = self.of(resource)
            if found.known and attribute in ("id", *found.rule.known_by):
                return found.id
        return f"<{address}.{attribute}>"
