"""`express` on policies of real applications: how much entries say, and that nothing is lost or made wider unsaid.

`cases/policies/real` has what 300 policies of public repositories allow, each under its repository and its place there,
with accounts, names and ids replaced: `R` and `A` are the own region and account, `…/` the folder of a namespace.
`cases/policies/data.yaml` says which actions are about data.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cases import Cases
from rolewright.blueprint import load_catalog
from rolewright.data import iam
from rolewright.prove.arn_formats import is_idle
from rolewright.suggest.draft_check import all_grants, host
from rolewright.suggest.express import Translated, translated
from rolewright.suggest.own_account import named_most
from rolewright.suggest.policies import of_documents
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rolewright.prove.table import Declared
    from rolewright.suggest.own_account import Own

FOLDER = Path(__file__).parents[1] / "cases" / "policies"
DATA = load(FOLDER / "data.yaml").trees[0].data
CATALOG = load_catalog()
HOST = host(CATALOG)
LEAST, LEAST_OF_FEW = 0.90, 0.80
"""The share of pairs that entries have to say, of all policies and of the few that `make test` takes."""

Statement = tuple[tuple[str, ...], tuple[str, ...], frozenset[tuple[str, str, frozenset[str]]]]
"""Actions, resources and conditions, all as patterns."""


def policies() -> list[tuple[str, dict[str, Any]]]:
    """Each policy by its source, as a document."""
    found = []
    for file in sorted((FOLDER / "real").glob("*.yaml")):
        for repository, listed in load(file).trees[0].data.items():
            for place, statements in listed.items():
                found.append(
                    (f"{repository} {place}", {"Version": "2012-10-17", "Statement": [*map(read, statements)]})
                )
    return found


def read(statement: dict[str, Any]) -> dict[str, Any]:
    def arn(text: str) -> str:
        return re.sub(r"(?<=:)A(?=:)", "111111111111", re.sub(r"(?<=:)R(?=:)", "eu-west-1", text, count=1), count=1)

    conditions = {
        operator: {key: [*map(arn, values)] for key, values in block.items()}
        for operator, block in statement.get("conditions", {}).items()
    }
    resources = [*map(arn, statement["resources"])]
    return {"Effect": "Allow", "Action": statement["actions"], "Resource": resources, "Condition": conditions}


@functools.cache
def is_data(action: str) -> bool:
    facts, (service, name) = iam.action(action), action.split(":")
    if facts is None or facts.level == "Permissions management" or service in DATA["none"]:
        return False
    if service in DATA["some"]:
        return re.fullmatch(DATA["some"][service].replace(" ", ""), name) is not None
    return facts.level != "Tagging" and re.fullmatch(DATA["other"].replace(" ", ""), name) is not None


def about_data(allowed: Iterable[Declared]) -> dict[tuple[str, str], set[tuple[str, str, Any]]]:
    """The pairs of an action and a resource type that are about data, with what is allowed of each."""
    found: dict[tuple[str, str], set[tuple[str, str, Any]]] = defaultdict(set)
    for one in allowed:
        for pattern, resource in itertools.product(one.actions, one.resources):
            for action in iam.expand(pattern) if pattern != "*" else ():
                if is_data(action) and not is_idle(action, resource):
                    kind = next(iter(iam.action(action).resource_types), "*")  # type: ignore[union-attr]
                    found[action, kind].add((action, resource, one.conditions))
    return found


def said(found: Translated) -> set[tuple[str, str, Any]]:
    """What the entries of a draft are there for."""
    return {(item.action, item.resource, item.conditions) for entry in found.draft.entries for item in entry.items}


def drafted(document: dict[str, Any]) -> tuple[tuple[Declared, ...], Translated, Own]:
    foreign = of_documents([document], "p.json")
    own = named_most(foreign.all)
    return foreign.allowed, translated(foreign, CATALOG, own), own


def test_most_of_what_real_policies_allow_goes_into_entries(cases: Cases) -> None:
    """And what the entries, the statements and the notes say is all of it, and no more, by two evaluators."""
    everything = policies()
    assert len(everything) >= 300
    total = covered = 0
    for source, document in cases.of(everything, 0.06):
        allowed, found, own = drafted(document)
        inside = said(found)
        asked = about_data(allowed)
        assert asked, source
        total += len(asked)
        covered += sum(wanted <= inside for wanted in asked.values())
        check_nothing_is_lost(source, allowed, found, own)
    print(f"{covered} of {total} pairs of an action and a resource type are in entries")
    assert covered / total >= (LEAST if cases.soak else LEAST_OF_FEW), (covered, total)


# --- the second evaluator: names and ARNs that patterns match, with conditions as they are written ---------------


def check_nothing_is_lost(source: str, allowed: tuple[Declared, ...], found: Translated, own: Own) -> None:
    """Hold the draft against the policy for each action of the database that either names, on ARNs of either."""
    before = [plain(one) for one in allowed]
    after = [plain(one) for one in all_grants(found.draft, HOST, CATALOG, own)]
    less = [((*one.actions,), (one.resource,), conditions(one.conditions)) for one in found.less]
    more = [((*one.actions,), (one.resource,), conditions(one.conditions)) for one in found.more]
    samples = sorted({arn for one in (*before, *after) for pattern in one[1] for arn in arns(pattern)})
    written = sorted({one[2] for one in (*before, *after)}, key=repr)
    for action in sorted({name for one in (*before, *after) for pattern in one[0] for name in iam.expand(pattern)}):
        # what is neither named nor matched by any other pattern than its neighbours is decided as they are
        for arn, context in itertools.product(samples, written):
            was, is_ = permits(before, action, arn, context), permits(after, action, arn, context)
            if was and not is_:
                told = permits(less, action, arn, context) or any(
                    is_idle(action, pattern) for one in before for pattern in one[1] if fits(pattern, arn)
                )
                assert told, ("lost", source, action, arn, context)
            if is_ and not was:
                assert permits(more, action, arn, context), ("wider", source, action, arn, context)


def plain(one: Declared) -> Statement:
    return one.actions, one.resources, conditions(one.conditions)


def conditions(listed: Iterable[tuple[str, str, Collection[str]]]) -> frozenset[tuple[str, str, frozenset[str]]]:
    """Conditions to compare as they are written: a pattern without a wildcard is the text itself."""
    found = []
    for operator, key, values in listed:
        plain = operator.lower()
        if not any(sign in value for value in values for sign in "*?"):
            plain = plain.replace("stringlike", "stringequals")
        found.append((plain, key.lower(), frozenset(values)))
    return frozenset(found)


def arns(pattern: str) -> Iterator[str]:
    """Texts that a pattern matches."""
    yield re.sub(r"[*?]", "x", pattern)
    yield pattern.replace("*", "").replace("?", "x")
    yield re.sub(r"[?]", "x", pattern).replace("*", "x/y:z")


def fits(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def permits(statements: Iterable[Statement], action: str, arn: str, context: frozenset[Any]) -> bool:
    """Whether one of them allows an action where just these conditions hold."""
    return any(
        context >= demanded
        and any(fits(pattern, arn) for pattern in resources)
        and any(fits(pattern.lower(), action.lower()) for pattern in actions)
        for actions, resources, demanded in statements
    )
