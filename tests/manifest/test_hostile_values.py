"""A hostile value in the place of each value of each example: accepted or refused, and never anything else."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cases import times
from hostile_values import VALUES, document, for_resource, paths, replaced
from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))
SHARE = 100
"""One case of so many is tried, others with each seed, and twenty times as many in `make soak`."""
WRONG_KIND: tuple[Any, ...] = ("${", "${region}", "$${", "x", 7, None, [], ["${"], {"x": "y"})


def in_environments(data: dict[str, Any]) -> dict[str, Any]:
    """A manifest with environments, one of which overrides all that it may."""
    given = {name: value for name, value in data["compute"].items() if name not in ("type", "names")}
    described = {
        key: {name: value for name, value in one.items() if name not in ("type", "access", "create")}
        for key, one in data.get("resources", {}).items()
    }
    place = {"account": "111111111111", "region": "us-east-1", "compute": given, "resources": described}
    return {**data, "environments": {"dev": place, "prod": {"account": "222222222222", "region": "eu-west-1"}}}


def judge(data: Any, catalog: Catalog) -> bool:
    """Whether a manifest is accepted; what is refused has a message, a remedy and a place."""
    try:
        for workload in read_manifest(document(data), catalog):
            build_roles(workload, derive_grants(workload, catalog), catalog)
    except Rejected as refusal:
        findings = refusal.findings
    else:
        return True
    assert findings
    assert all(one.message and one.remedy and one.location.line >= 1 for one in findings)
    return False


@pytest.mark.sampled
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_value_in_the_place_of_another_is_no_crash(catalog: Catalog, file: Path) -> None:
    seed = int(os.environ.get("ROLEWRIGHT_SEED", "1"))
    print("ROLEWRIGHT_SEED =", seed)
    choice = random.Random(seed)
    share = times(20) / SHARE
    for tree in load(file).trees:
        key = next(iter(tree.data.get("resources", {})), "none")
        for data in (tree.data, in_environments(tree.data)):
            for path in paths(data):
                for value in VALUES:
                    if choice.random() < share:
                        changed = replaced(data, path, for_resource(value, key))
                        try:
                            judge(changed, catalog)
                        except Exception as error:
                            error.add_note(f"{path}: {value!r}")
                            raise


@pytest.mark.parametrize("value", WRONG_KIND, ids=repr)
@pytest.mark.parametrize("environments", [False, True], ids=["plain", "environments"])
def test_what_decides_the_structure_is_no_text_with_references(
    catalog: Catalog, value: Any, environments: bool
) -> None:
    data = load(EXAMPLES / "orders.yaml").trees[0].data
    data = in_environments(data) if environments else {k: v for k, v in data.items() if k != "environments"}
    assert judge(load(EXAMPLES / "orders.yaml").trees[0].data, catalog)
    table = next(iter(data["resources"]))
    for path in (
        ("version",),
        ("workload",),
        ("compute",),
        ("compute", "type"),
        ("resources",),
        ("resources", table),
        ("resources", table, "type"),
        ("resources", table, "access"),
        ("resources", table, "create"),
        *([("environments", "dev", "account"), ("environments", "dev", "region")] if environments else []),
    ):
        if value == {"x": "y"} and path[-1] == "resources":
            continue
        if value == "x" and path == ("workload",):
            continue
        assert not judge(replaced(data, path, value), catalog), path
    for name in ("tags", "statements", "never", "suppress", "environments"):
        if value not in ([], None) and not (isinstance(value, dict) and name in ("tags", "environments")):
            assert not judge({**data, name: value}, catalog), name
