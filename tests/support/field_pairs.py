"""Manifests of a compute type that have every two optional fields together, neither of them, and each alone."""

from __future__ import annotations

import itertools
import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.manifest.rules import breaks
from rolewright.manifest.samples import named_resources, sample
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint import Catalog

TRIES = 40
LAST_TRIES = 200
REPAIRS = 30
Pair = tuple[tuple[str, bool], tuple[str, bool]]


class Pairs:
    """What one type's optional fields are combined to; `left` are the pairs that its own rules allow in no manifest."""

    def __init__(self, catalog: Catalog, type_: str) -> None:
        self._catalog = catalog
        self._type = type_
        self._blueprint = catalog.computes[type_]
        self._chance = random.Random(20260630)
        schemas = self._blueprint.fields
        self._defaults = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
        self._values = {name: schema.get("examples") or [sample(schema)] for name, schema in schemas.items()}
        self.optional = [name for name in self._blueprint.fields if name not in self._blueprint.required]
        self.left = {
            pair
            for one, other in itertools.combinations(self.optional, 2)
            for pair in itertools.product(((one, True), (one, False)), ((other, True), (other, False)))
        }

    def manifests(self) -> Iterator[str]:
        """One manifest after another that has pairs which none before it had."""
        while self.left:
            found = self._best(TRIES) or self._best(LAST_TRIES)
            if found is None:
                return
            text, covered = found
            self.left -= covered
            yield text

    def _best(self, tries: int) -> tuple[str, set[Pair]] | None:
        best: tuple[str, set[Pair]] | None = None
        for _ in range(tries):
            wanted = dict(self._chance.choice(sorted(self.left)))
            for name in self._chance.sample(self.optional, len(self.optional)):
                wanted.setdefault(name, self._gain(wanted, name, given=True) >= self._gain(wanted, name, given=False))
            text = self._accepted(wanted)
            covered = self._covered(wanted) & self.left
            if text is not None and covered and (best is None or len(covered) > len(best[1])):
                best = text, covered
        return best

    def _gain(self, wanted: dict[str, bool], name: str, *, given: bool) -> float:
        return len(self._covered({**wanted, name: given}) & self.left) + self._chance.random()

    def _covered(self, wanted: dict[str, bool]) -> set[Pair]:
        there = [(name, wanted[name]) for name in self.optional if name in wanted]
        return set(itertools.combinations(there, 2))

    def _accepted(self, wanted: dict[str, bool]) -> str | None:
        """A manifest with the fields wanted, or as many as the type's own rules take; `wanted` is what it has."""
        for _ in range(REPAIRS):
            names = [name for name in self.optional if wanted[name]]
            fields = {name: self._chance.choice(self._values[name]) for name in (*self._blueprint.required, *names)}
            given = {"type": self._type, **fields}
            rules = [rule for rule in self._blueprint.rules if rule.severity != "note"]
            broken = [rule.at for rule in rules if breaks({**self._defaults, **given}, rule)]
            if not broken:
                text, broken = self._read(fields)
                if not broken:
                    return text
            at = self._chance.choice(broken)
            changed = at if wanted.get(at) and self._chance.random() < 0.7 else self._chance.choice(self.optional)
            wanted[changed] = not wanted[changed]
        return None

    def _read(self, fields: dict[str, Any]) -> tuple[str, list[str]]:
        """A manifest, and the fields at which the type's own rules refuse it."""
        manifest = {
            "version": 1,
            "workload": "paired",
            "compute": {"type": self._type, **fields},
            "resources": named_resources(self._catalog, self._blueprint, fields),
        }
        text = json.dumps(manifest)
        try:
            read_manifest(loads(text, "paired.yaml"), self._catalog)
        except Rejected as refusal:
            if {finding.rule for finding in refusal.findings} != {"manifest-rule"}:
                raise
            return text, [finding.path.removeprefix("compute.") for finding in refusal.findings]
        return text, []


@cache
def paired_manifests(type_: str, most: int) -> tuple[Pairs, list[str]]:
    """Manifests of a type, and what they were made from: they are drawn once for all tests that look at them."""
    pairs = Pairs(load_catalog(), type_)
    return pairs, list(itertools.islice(pairs.manifests(), most))
