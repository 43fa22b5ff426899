"""A manifest for another compute type: what its text becomes, and that the code may do the same as before."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.rule_schema import value_at
from rolewright.core.finding import Finding, Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.compute_uses import INJECTS, RESOURCE, injected_part, marked_fields
from rolewright.manifest.document import strings
from rolewright.manifest.read import read_manifest
from rolewright.manifest.rules import breaks, seen_in
from rolewright.manifest.samples import NoValueError, sample
from rolewright.manifest.schema import name_keys
from rolewright.retarget.comparison import Move, access, code_role, side
from rolewright.yaml.edit import Editor, UnplacedError, applied
from rolewright.yaml.load import loads
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.core.finding import Edit
    from rolewright.core.model import Workload
    from rolewright.core.text import Text
    from rolewright.yaml.load import Document, PathInTree, Tree


@dataclass(frozen=True)
class Retargeted:
    """The text of a manifest file for another compute type, and what became of each workload that was moved."""

    text: str
    moves: tuple[Move, ...]

    @property
    def same(self) -> bool:
        """Return whether every workload's code may do exactly what it could."""
        return not any(move.lost or move.gained for move in self.moves)


def retarget(document: Document, type_: str, catalog: Catalog) -> Retargeted:
    """Move every workload of a file to a compute type.

    Raises Rejected where the manifest is refused, and where no manifest for that type can be made of it.
    """
    workloads = read_manifest(document, catalog)
    moves: list[Move] = []
    edits: list[Edit] = []
    for index, (tree, workload) in enumerate(zip(document.trees, workloads, strict=True)):
        if workload.compute.type != type_:
            plan = _Plan(tree, workload, catalog.computes[type_], catalog)
            moves.append(plan.move())
            edits += plan.edits(document, index)
    return Retargeted(applied(document.text, edits), tuple(moves))


class _Plan:
    """The move of one document to another compute type: what is carried over, dropped and missing."""

    def __init__(self, tree: Tree, workload: Workload, target: ComputeBlueprint, catalog: Catalog) -> None:
        self.tree = tree
        self.workload = workload
        self.source = catalog.computes[workload.compute.type]
        self.target = target
        self.catalog = catalog
        self.described: dict[str, Any] = tree.data["compute"]
        self.overrides: dict[str, dict[str, Any]] = {
            name: environment.get("compute") or {}
            for name, environment in (tree.data.get("environments") or {}).items()
        }
        self.dropped: dict[str, str] = {}
        self.missing: dict[str, Any] = {}
        self._settle()

    # --- what is carried over ----------------------------------------------------------------------

    def _settle(self) -> None:
        """Find the fields that go together on the other type, and what has to be filled in."""
        for name in self.described:
            reason = "" if name in ("type", "names") else self._refusal(name)
            if reason:
                self.dropped[f"compute.{name}"] = reason
        for name in self.described.get("names") or {}:
            if name not in name_keys(self.target):
                known = ", ".join(name_keys(self.target)) or "nothing"
                self.dropped[f"compute.names.{name}"] = f"{self.target.type} names {known}"
        self._complete()
        while findings := self._findings():
            unfit = {_field(finding.path): finding.message for finding in findings}
            less = [name for name in self._carried() if name in unfit]
            if not less:
                place = self.tree.location(("compute",), key=True)
                raise Rejected(replace(finding, location=place) for finding in findings)
            self.dropped |= {f"compute.{name}": unfit[name] for name in less}
            self._complete()

    def _refusal(self, name: str) -> str:
        """Return why a field cannot be carried over, or ""."""
        if name not in self.target.fields:
            injected = [injected_part(text)[0] for _, keys, _ in self._marked(INJECTS, name) for text in keys.values()]
            instead = f"; the code has to read {', '.join(injected)} itself, with `access`" if injected else ""
            return f"{self.target.type} has no such field{instead}"
        schema = Schema(self.target.fields[name])
        for given in [self.described, *(_over(self.described, override) for override in self.overrides.values())]:
            skip = {("compute", name, *path) for path, text in strings(given[name]) if "${" in text}
            for finding in schema.findings(
                given[name], self.tree.location, "manifest", skip=skip, at=("compute", name)
            ):
                return f"{finding.message}; {finding.remedy}"
        return ""

    def _marked(self, mark: str, name: str) -> Iterator[tuple[Any, Any, Any]]:
        return marked_fields(self.source, {name: self.described[name]}, mark)

    def _carried(self) -> list[str]:
        return [k for k in self.described if k not in ("type", "names") and f"compute.{k}" not in self.dropped]

    def _complete(self) -> None:
        """Fill in what is missing; where no sample fits all that is carried over, carry less."""
        carried = self._carried()
        fewer = [less for count in range(3) for less in itertools.combinations(carried, count)]
        for less in [*fewer, tuple(carried)]:
            base = {name: self.described[name] for name in carried if name not in less}
            found = self._filled(base, 1 if less and base else 3)
            if found is not None:
                for name in less:
                    self.dropped[f"compute.{name}"] = self._rule({**found, name: self.described[name]})
                self.missing = {name: value for name, value in found.items() if name not in base}
                return

    def _filled(self, base: dict[str, Any], most: int) -> dict[str, Any] | None:
        """Return fields with the fewest sample values that the type's rules accept, at most `most` of them optional."""
        samples: dict[str, Any] = {}
        for name, schema in self.target.fields.items():
            try:
                samples[name] = copy.deepcopy(sample(schema))
            except NoValueError:
                continue
        required = {name: samples.get(name) for name in self.target.required if name not in base}
        others = [
            {**required, name: value}
            for name in required
            for value in (self.target.fields[name].get("examples") or self.target.fields[name].get("enum") or [])[1:]
        ]
        optional = [name for name in samples if name not in base and name not in required]
        for count in range(most + 1):
            for added in itertools.combinations(optional, count):
                for values in [required, *(others if count == 0 else [])]:
                    given = {**base, **values, **{name: samples[name] for name in added}}
                    if not self._broken(given):
                        return given
        return None

    def _broken(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        """Return messages and remedies of the type's rules that some fields break in some environment."""
        defaults = {name: schema["default"] for name, schema in self.target.fields.items() if "default" in schema}
        variants = [{"type": self.target.type, **defaults, **given}]
        for name, override in self.overrides.items():  # an environment's value of a field goes with the manifest's own
            kept = {field: value for field, value in override.items() if self._keeps(field, value, given)}
            region = self.tree.data["environments"][name]["region"]
            variants.append(seen_in(region, _over(variants[0], kept), self.target))
        return [
            (rule.message, rule.remedy)
            for rule in self.target.rules
            if any(breaks(variant, rule) for variant in variants)
        ]

    def _rule(self, given: dict[str, Any]) -> str:
        broken = self._broken(given)
        return broken[0][1] if broken else "it cannot be combined with the other fields of that type"

    # --- the manifest as it will be ----------------------------------------------------------------

    def _moved(self, *, filled: bool) -> dict[str, Any]:
        """Return the document's data for the other type; `filled` with samples of what is missing."""
        data: dict[str, Any] = copy.deepcopy(self.tree.data)
        for mapping, keys in self._removals():
            for key in keys:
                del value_at(data, mapping)[key]
        data["compute"]["type"] = self.target.type
        for path, role in self._roles():
            value_at(data, path[:-1])["role"] = role
        if filled:
            data["compute"] |= copy.deepcopy(self.missing)
            self._name_resources(data)
            kept = [
                statement
                for statement in data.get("statements", ())
                if statement.get("role", "") in ("", *self.target.roles)
            ]
            if "statements" in data:
                data["statements"] = kept
        return data

    def _removals(self) -> Iterator[tuple[tuple[str, ...], set[str]]]:
        """Yield mappings, with the keys that they lose."""
        gone = {path.split(".")[1] for path in self.dropped if path.count(".") == 1}
        names = {path.split(".")[2] for path in self.dropped if path.startswith("compute.names.")}
        if names and names == set(self.described["names"]):
            gone.add("names")
        elif names:
            yield ("compute", "names"), names
        moved = {name: self.described[name] for name in self._carried()}
        if gone & set(self.described):
            yield ("compute",), gone & set(self.described)
        for environment, override in self.overrides.items():
            lost = {name for name, value in override.items() if not self._keeps(name, value, moved)}
            if lost and lost == set(override):
                yield ("environments", environment), {"compute"}
            elif lost:
                yield ("environments", environment, "compute"), lost

    def _keeps(self, name: str, value: Any, given: dict[str, Any]) -> bool:  # noqa: ANN401 - YAML
        """Return whether an environment's value of a field stays; the manifest may leave the field to its default."""
        if name in self.described:  # of what is dropped nothing stays, even where the sample in its place is the same
            return f"compute.{name}" not in self.dropped and name in given and given[name] == self.described[name]
        schema = self.target.fields.get(name, {})
        stated = "default" in schema or name in self.target.required
        return stated and Schema(schema).accepts(value)

    def _roles(self) -> Iterator[tuple[PathInTree, str]]:
        """Yield the statements that name the code's role, where it has another name on the other type."""
        before, after = code_role(self.source), code_role(self.target)
        for index, statement in enumerate(self.tree.data.get("statements") or ()):
            if statement.get("role") == before != after and after:
                yield ("statements", index, "role"), after

    def _name_resources(self, data: dict[str, Any]) -> None:
        """Let samples that name resources name existing ones, adding those that the manifest lacks."""
        resources: dict[str, Any] = data.setdefault("resources", {})
        filled = {name: data["compute"][name] for name in self.missing}
        for _, keys, _ in list(marked_fields(self.target, filled, INJECTS)):
            able = [type_ for type_, blueprint in self.catalog.resources.items() if blueprint.injection is not None]
            for variable in keys:
                keys[variable] = self._resource(resources, able)
        for path, _, mark in list(marked_fields(self.target, filled, RESOURCE)):
            able = [type_ for type_ in mark["verbs"] if not self._asks_for_more(data["compute"], str(path[-1]), type_)]
            value_at(data, path[:-1])[path[-1]] = self._resource(resources, able or mark["verbs"])

    def _asks_for_more(self, compute: dict[str, Any], field: str, type_: str) -> bool:
        """Return whether a rule refuses a resource of a type in a field, as long as no other field is given."""
        return any(breaks({**compute, field: "it"}, rule, {"it": {"type": type_}}) for rule in self.target.rules)

    def _resource(self, resources: dict[str, Any], types: Iterable[str]) -> str:
        """Return the key of a resource of one of some types, added without access where there is none."""
        able = list(types)
        for key, resource in resources.items():
            if resource["type"] in able:
                return key
        for type_ in able:
            blueprint = self.catalog.resources[type_]
            try:
                fields = {name: sample(blueprint.fields[name]) for name in blueprint.required}
            except NoValueError:
                continue
            key = f"sample-{len(resources)}"
            resources[key] = {"type": type_, **fields}
            return key
        raise Rejected(
            [self._finding(f"no sample resource of the types {', '.join(able)} could be made for the comparison")]
        )

    def _read(self) -> Workload:
        text = self._written(self._moved(filled=True), ())
        (workload,) = read_manifest(loads(text, self.tree.file), self.catalog)
        return workload

    def _findings(self) -> tuple[Finding, ...]:
        """Return the findings on the manifest for the other type, filled in."""
        try:
            derive_grants(self._read(), self.catalog)
        except Rejected as refusal:
            return refusal.findings
        return ()

    # --- what comes of it --------------------------------------------------------------------------

    def move(self) -> Move:
        """Compare the workload on both types, and list what was carried over."""
        after = self._read()
        declared = derive_grants(self.workload, self.catalog), derive_grants(after, self.catalog)
        have, get = (
            access(self.workload, declared[0], self.source),
            access(after, declared[1], self.target),
        )
        for index, statement in enumerate(self.tree.data.get("statements") or ()):
            if statement.get("role", "") not in ("", *self.target.roles, code_role(self.source)):
                self.dropped[f"statements.{index}.role"] = f"{self.target.type} has no role {statement['role']}"
        bare = {name: self.described[name] for name in self._carried()}
        bare |= {name: value for name, value in self.missing.items() if name in self.target.required}
        others = [policy for policy in declared[0].required_policies if policy.resource in self.workload.resources]
        renamed = _role_name(self.workload, self.source) != _role_name(after, self.target)
        hints = dict.fromkeys(remedy for _, remedy in self._broken(bare))
        return Move(
            self.workload.name,
            tuple(environment.name for environment in self.workload.environments),
            side(self.workload, declared[0], self.source),
            side(after, declared[1], self.target),
            tuple(self._carried()),
            dict(self.dropped),
            {name: self.target.fields[name]["description"] for name in self.missing},
            tuple(hints),
            tuple(sorted(have)),
            tuple(sorted(have - get)),
            tuple(sorted(get - have)),
            tuple(dict.fromkeys(f"{policy.to} of {policy.resource}" for policy in others if renamed)),
        )

    def edits(self, document: Document, index: int) -> list[Edit]:
        """Return the edits of the text. Raises Rejected where it cannot be edited without changing anything else."""
        editor = Editor(document.text, self.tree)
        for plan in (self._fine, self._whole):
            try:
                edits = list(plan(editor))
                trees = loads(applied(document.text, edits), document.file).trees
            except (UnplacedError, Rejected):
                continue
            if trees[index].data == self._moved(filled=False) and self._reads_the_same(trees[index]):
                return edits
        raise Rejected([self._finding("`compute` shares values with other parts of the file by YAML anchors")])

    def _reads_the_same(self, tree: Tree) -> bool:
        """Return whether what stayed is written as it was: `1.10` is another string than `1.1`."""
        renamed = {("compute", "type"), *(path for path, _ in self._roles())}
        both = self.tree.places.keys() & tree.places.keys() - renamed
        return all(self.tree.places[path].text == tree.places[path].text for path in both)

    def _fine(self, editor: Editor) -> Iterator[Edit]:
        """Take out what is dropped, and leave the rest as it is."""
        for mapping, keys in self._removals():
            yield from editor.without(mapping, keys)
        yield editor.replace(("compute", "type"), self.target.type)
        for path, role in self._roles():
            yield editor.replace(path, role)
        if not editor.is_flow(()):
            yield from editor.after(("compute",), {"type", *self._moved(filled=False)["compute"]}, self._lines())

    def _whole(self, editor: Editor) -> Iterator[Edit]:
        """Write compute anew, on one line."""
        moved = self._moved(filled=False)
        yield editor.replace(("compute",), self._written(moved["compute"], ("compute",)))
        for environment, override in self.overrides.items():
            if override:
                kept = moved["environments"][environment].get("compute", {})
                place = ("environments", environment, "compute")
                yield editor.replace(place, self._written(kept, place))
        for path, role in self._roles():
            yield editor.replace(path, role)

    def _written(self, value: Any, path: PathInTree) -> str:  # noqa: ANN401 - YAML
        """Return a value on one line, its numbers as they are written in the manifest."""
        match value:
            case dict():
                entries = (f"{json.dumps(key)}: {self._written(inner, (*path, key))}" for key, inner in value.items())
                return f"{{{', '.join(entries)}}}"
            case list():
                return f"[{', '.join(self._written(inner, (*path, index)) for index, inner in enumerate(value))}]"
            case int() | float() if path in self.tree.places and value_at(self.tree.data, path) == value:
                return self.tree.raw(path)
            case _:
                return json.dumps(value, ensure_ascii=False)

    def _lines(self) -> Iterator[str]:
        """Yield what has to be filled in, as comments for the manifest."""
        filled = self._moved(filled=True)["compute"]
        for name in self.missing:
            value, described = filled[name], self.target.fields[name]["description"]
            yield f"{name}: {json.dumps(value, ensure_ascii=False)}  # fill in: {described}"

    def _finding(self, message: str) -> Finding:
        place = self.tree.location(("compute",), key=True)
        return Finding("retarget", message, "write the manifest for the other type by hand", place, "compute")


def _over(base: Any, override: Any) -> Any:  # noqa: ANN401 - YAML
    """Lay the values of an environment over others."""
    if not isinstance(base, dict) or not isinstance(override, dict):
        return override
    return {**base, **{key: _over(base.get(key), value) for key, value in override.items()}}


def _field(path: str) -> str:
    """Return the field of compute that a finding's path leads to, or ""."""
    match path.split("."):
        case ["compute", name, *_] | ["environments", _, "compute", name, *_]:
            return name
        case _:
            return ""


def _role_name(workload: Workload, blueprint: ComputeBlueprint) -> Text | None:
    return workload.compute.names.get(f"{code_role(blueprint)}_role")
