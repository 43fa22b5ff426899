"""Values for manifests that nobody wrote: for a field from its schema, and the fields that go together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.manifest.compute_uses import INJECTS, RESOURCE, injected_part, marked_fields
from rolewright.manifest.integrations import CALLS, Calls, called_resources

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.core.model import Fields


_FEW = 8
"""The most fields of a choice that is made smaller, where one can go."""


class NoValueError(ValueError):
    """No value can be made from a schema."""


def sample(schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a value of any type
    """Return a value that fits a field: its first example, or one made from the schema. Raises NoValueError."""
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("const", "default"):
        if schema.get(key) not in (None, {}, []):
            return schema[key]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return sample(schema[key][0])
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "string" if "pattern" not in schema:
            return "text".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 100)]
        case "array":
            return [sample(schema.get("items", {}))] * schema.get("minItems", 1)
        case "object" if "properties" in schema:
            return {name: sample(inner) for name, inner in schema["properties"].items()}
        case _:
            raise NoValueError


def named_resources(catalog: Catalog, blueprint: ComputeBlueprint, given: Fields, *, created: bool = False) -> Fields:
    """Return the resources that fields of a compute type name: for each key one of the first type that can be made.

    With `created` the module makes them, where their types allow it. Raises NoValueError with the key where there is
    none.
    """
    injected = [type_ for type_, resource in catalog.resources.items() if resource.injection is not None]
    texts = [text for _, keys, _ in marked_fields(blueprint, given, INJECTS) for text in keys.values()]
    wanted = {injected_part(text)[0]: injected for text in texts}
    named = marked_fields(blueprint, given, RESOURCE)
    marks = {(injected_part(text)[0] if mark.get("part") else text): mark for _, text, mark in named}
    for _, definition, mark in marked_fields(blueprint, given, CALLS):
        marks |= {key: {"verbs": verbs} for key, verbs in called_resources(Calls.of(mark), definition).items()}
    wanted |= {key: list(mark["verbs"]) for key, mark in marks.items()}
    found: Fields = {}
    for key, types in wanted.items():
        entry = _first(catalog, types, key, marks.get(key, {}), created)
        twice = created and entry in found.values()  # only one of a name can be made
        found[key] = _first(catalog, types, key, marks.get(key, {}), created=False) if twice else entry
    return found


def _first(catalog: Catalog, types: Iterable[str], key: str, mark: Mapping[str, Any], created: bool) -> Fields:  # noqa: FBT001
    for type_ in sorted(types, key=lambda name: name != key):  # a key that is the name of a type stands for that
        blueprint = catalog.resources[type_]
        made = blueprint.create is not None and (created or mark.get("created", False))
        verbs = blueprint.narrow(mark["verbs"][type_]) if mark else ()
        needs = dict.fromkeys(name for verb in verbs for name in blueprint.needs(verb, ()))
        needs |= dict.fromkeys(mark.get("needs", ()))
        fields = dict(blueprint.fields)
        required = (*blueprint.required, *(name for name in needs if name not in blueprint.required))
        if made and blueprint.create is not None:
            fields |= blueprint.create.fields
            for_verbs = [blueprint.create.needs[verb.name] for verb in verbs if verb.name in blueprint.create.needs]
            required = (*required, *blueprint.create.required, *for_verbs)
        try:
            described = {name: sample(fields[name]) for name in required}
        except NoValueError:
            continue
        return {"type": type_, **({"create": True} if made else {}), **described}
    raise NoValueError(key)


def choices(fields: Fields, required: Collection[str], accepts: Callable[[Fields], bool]) -> Iterator[Fields]:
    """Yield choices of fields that are accepted: what is required, and each other field with few and with many more."""
    seen: list[Fields] = []
    chooser = _Chooser(fields, tuple(name for name in fields if name not in required), accepts)
    for names in chooser.choices():
        entry = chooser.given(names)
        if entry not in seen and accepts(entry):
            seen.append(entry)
            yield entry


@dataclass(frozen=True)
class _Chooser:
    fields: Fields
    optional: Sequence[str]
    accepts: Callable[[Fields], bool]

    def given(self, names: Collection[str]) -> Fields:
        return {name: value for name, value in self.fields.items() if name not in self.optional or name in names}

    def fit(self, names: Collection[str]) -> bool:
        return self.accepts(self.given(names))

    def choices(self) -> Iterator[list[str]]:
        """Yield optional fields, of which not all fit."""
        fewest = self.around([], ())
        most = self.grown(fewest)
        yield from (fewest, most)
        together = [fewest]
        for name in self.optional:
            together.append(self.around([name], together))
            yield from (together[-1], self.grown(together[-1]))
        for left_out in most:
            yield [name for name in most if name != left_out]

    def grown(self, names: list[str]) -> list[str]:
        for name in self.optional:
            if name not in names and self.fit([*names, name]):
                names = [*names, name]
        return names

    def around(self, wanted: Sequence[str], others: Iterable[Sequence[str]]) -> list[str]:
        """Return few fields with those wanted that fit, the most where no few do, or else those wanted alone.

        `others` are fields that go together: one more, or some of these and one more, are tried before all pairs.
        """
        few = ([*wanted, *more] for count in range(4) for more in itertools.combinations(self.optional, count))
        likely = (
            [*dict.fromkeys([*wanted, *more, *other])]
            for other in others
            for more in [(), *((name,) for name in self.optional)]
        )
        many = (
            [name for name in self.optional if name not in left_out]
            for count in range(3)
            for left_out in itertools.combinations([name for name in self.optional if name not in wanted], count)
        )
        tried = itertools.chain(itertools.islice(few, 1 + len(self.optional)), likely, few, many)
        found = next(filter(self.fit, tried), [*wanted])
        return self.shrunk(found, wanted) if len(found) <= _FEW else found

    def shrunk(self, names: list[str], wanted: Collection[str]) -> list[str]:
        for name in reversed(names):
            fewer = [other for other in names if other != name]
            if name not in wanted and self.fit(fewer):
                names = fewer
        return names
