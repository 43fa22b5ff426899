"""What `never` promises about a class of verbs: every verb of the class breaks it, whatever it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from blueprint_trials import tried_workloads
from cases import shared
from rolewright.blueprint import load_catalog
from rolewright.core.finding import Location, Rejected
from rolewright.core.model import Never
from rolewright.core.text import Text
from rolewright.grants.promises import promises

if TYPE_CHECKING:
    from rolewright.core.model import Workload

CATALOG = load_catalog()
CLASSES = ("read", "write", "delete")


def is_broken(workload: Workload, verb: str, what: str, target: str) -> bool:
    """Whether the verb on `it` is what the promise is about."""
    resource = replace(workload.resources["it"], access=(verb,))
    never = Never(f"{what} on {target}", what, Text.of(target), "never.0", Location("m.yaml"))
    workload = replace(workload, resources={"it": resource}, never=(never,))
    granted = {action for group in CATALOG.resources[resource.type].verbs[verb].allow.values() for action in group}
    try:
        made = list(promises(workload, CATALOG))
    except Rejected as refusal:
        return "rules out" in refusal.findings[0].message
    return bool(granted & {action for promise in made for action in promise.actions})


@pytest.mark.parametrize("type_", shared(CATALOG.resources, 0.3))
def test_every_verb_of_a_class_breaks_a_promise_about_the_class(type_: str) -> None:
    blueprint = CATALOG.resources[type_]
    workloads = tried_workloads(CATALOG.resources.files[type_])
    narrow = {verb.name: verb.klass for workload in workloads for verb in blueprint.expand(access(workload))}
    for name, klass in narrow.items():
        workload = next(one for one in workloads if name in access(one))
        assert is_broken(workload, name, klass, "*"), name
        assert is_broken(workload, name, klass, "it"), name


def access(workload: Workload) -> tuple[str, ...]:
    return workload.resources["it"].access


UNDIVIDED = {
    "msk-cluster": "whoever consumes connects, as whoever produces does",
    "opensearch-domain": "a search may be a POST, as a change is",
    "route53-zone": "a record is made and deleted by one action",
}
"""Types of which a promise is broken by verbs that would keep it, since IAM has one action for both."""


@pytest.mark.parametrize("type_", shared(sorted(CATALOG.resources.keys() - UNDIVIDED), 0.3))
def test_verbs_that_do_less_keep_it(type_: str) -> None:
    """What a verb of another class brings as well is none of the class's own: mounting to read is no deleting."""
    blueprint, seen = CATALOG.resources[type_], set[str]()
    there = {verb.klass for verb in blueprint.verbs.values()}
    for workload in tried_workloads(CATALOG.resources.files[type_]):
        for verb in blueprint.expand(access(workload)):
            above = there & {*CLASSES[CLASSES.index(verb.klass) + 1 :]} if verb.name not in seen else set()
            assert not [klass for klass in above if is_broken(workload, verb.name, klass, "*")], verb.name
            seen.add(verb.name)
