"""A workload as its source describes it → a manifest that is valid but for what a person has to fill in."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Location, Rejected, Severity
from rolewright.grants.derive import derive_grants
from rolewright.importer.expression import (
    HeldNames,
    HeldValue,
    OfInput,
    OfResource,
    PlaceName,
    SourceText,
    asked,
    in_arn,
    written,
)
from rolewright.importer.fields import inside, marked, require
from rolewright.importer.kept import statement_of, which
from rolewright.importer.rights import compared, drafted, key_of, old_rights, own_place, readable
from rolewright.importer.secret_values import marked_manifest
from rolewright.importer.shapes import at
from rolewright.importer.sizes import smallest
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import NoValueError, sample
from rolewright.prove.table import ground
from rolewright.suggest.changes import block
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.core.model import Workload
    from rolewright.importer.rights import OldRights, RoleComparison
    from rolewright.importer.workload import ImportSource, SourceWorkload
    from rolewright.prove.table import Declared
    from rolewright.suggest.draft import Entry
    from rolewright.suggest.own_account import Own

_REGION = re.compile(r"\barn:[a-z-]{1,20}:[a-z0-9-]{1,40}:([a-z]{2,4}(?:-[a-z]{1,20}){1,3}-\d):")
_SAMPLE_PLACE = {"account": "123456789012", "region": "us-east-1"}


@dataclass(frozen=True)
class Imported:
    """The manifest of a workload, or "" where none could be made; what bars it; and its roles before and after.

    `to_fill` are the paths of what a person has to fill in. `notes` say what became of the old roles' policies.
    `account` and `region` are those that the old roles' policies name most, "" for none.
    """

    name: str
    text: str
    to_fill: tuple[str, ...]
    refused: tuple[Finding, ...]
    roles: tuple[RoleComparison, ...]
    notes: tuple[str, ...]
    account: str = ""
    region: str = ""


def imported(workload: SourceWorkload, source: ImportSource, catalog: Catalog) -> Imported:
    """Make the manifest of a workload, and compare what its roles may do before and after."""
    finishing = _Finishing(workload, source, catalog)
    finishing.manifest = marked_manifest(finishing.manifest, workload.origins)
    finishing.round_up()
    finishing.hold_what_is_missing()
    refused = finishing.hold_what_is_refused()
    if refused:
        return Imported(workload.name, "", (), refused, (), ())
    rights = [old_rights(role, finishing.tokens) for role in workload.roles]
    own = own_place(workload, rights)
    notes: list[str] = []
    code = _code_role(catalog, workload.type)
    for old in rights:
        if old.role == code:
            notes += finishing.take(old, own)
    refused = finishing.hold_what_is_refused()
    if refused:
        return Imported(workload.name, "", (), refused, (), tuple(notes))
    after = finishing.declared(own)
    finishing.tokens.values = own.values
    before = (old_rights(role, finishing.tokens) for role in workload.roles)
    roles = tuple(readable(compared(old, after.get(old.role, ())), finishing.tokens) for old in before)
    text = finishing.text()
    return Imported(workload.name, text, tuple(finishing.to_fill()), (), roles, tuple(notes), own.account, own.region)


def _code_role(catalog: Catalog, type_: str) -> str:
    return next((role.key for role in catalog.computes[type_].roles.values() if role.grants == "workload"), "")


class _Finishing:
    """One workload on its way: its manifest is kept as values, and written or judged from these."""

    def __init__(self, workload: SourceWorkload, source: ImportSource, catalog: Catalog) -> None:
        self.workload = workload
        self.source = source
        self.catalog = catalog
        self.tokens = HeldNames()
        self.manifest: dict[str, Any] = {
            "version": 1,
            "workload": workload.name,
            **workload.top,
            "compute": {"type": workload.type, **workload.compute},
        }
        if workload.resources:
            self.manifest["resources"] = {key: dict(entry) for key, entry in workload.resources.items()}
        if workload.environments:
            self.manifest["environments"] = {name: dict(values) for name, values in workload.environments.items()}

    # What is not there, or not accepted

    def round_up(self) -> None:
        """Set the size of the task to the next one that its type takes; hold what the source does not ask for."""
        asked = self.workload.at_least
        size = smallest(self.catalog.computes[self.workload.type], asked) if asked else None
        if size is None:
            wanted = " and ".join(f"{name} {number}" for name, number in asked.items())
            for name in asked:
                question = f"{name}; the source asks for {wanted}, and no {self.workload.type} task is as large"
                self.manifest["compute"][name] = HeldValue(question, None)
            return
        for name, found in zip(("cpu", "memory"), size, strict=True):
            if name in asked:
                self.manifest["compute"][name] = found
            else:
                question = f"{name}, which the source does not say; beside what it says, {found} is the least"
                self.manifest["compute"][name] = HeldValue(question, found)

    def hold_what_is_missing(self) -> None:
        """Put a held value in the place of each field that the manifest has to have."""
        blueprint = self.catalog.computes[self.workload.type]
        require(self.manifest["compute"], blueprint.fields, blueprint.required)
        for entry in self.manifest.get("resources", {}).values():
            resource = self.catalog.resources[entry["type"]]
            require(entry, resource.fields, () if "arn" in entry else resource.required)
        place = {**_SAMPLE_PLACE, **_named_region(self.manifest["compute"])}
        for environment in self.manifest.get("environments", {}).values():
            for name in ("account", "region"):
                environment.setdefault(name, HeldValue(f"the {name} of this environment", place[name]))

    def hold_what_is_refused(self) -> tuple[Finding, ...]:
        """Put a held value in the place of each that a manifest does not take; return what bars it beside those."""
        while True:  # each round holds one more value of the manifest, or is the last
            try:
                self.read(with_environments=True)
            except Rejected as refusal:
                errors = [finding for finding in refusal.findings if finding.severity is Severity.ERROR]
                held = [finding for finding in errors if self._hold(finding)]
                if not held:
                    return tuple(map(self._in_source, errors))
            else:
                return ()

    def _in_source(self, finding: Finding) -> Finding:
        """Return a finding of the manifest that nobody will see at what the source has in its place."""
        path = tuple(finding.path.split("."))
        above = (path[:length] for length in range(len(path), 0, -1))
        origins = self.workload.origins
        place = next((origins[part] for part in above if part in origins), Location(self.source.files[0]))
        message = f"workload {self.workload.name}, {finding.path}: {finding.message}"
        return replace(finding, message=message, location=place, related=(), fix=(), shows_lines=False)

    def _hold(self, finding: Finding) -> bool:
        """Hold the value that a finding is about. Return whether that was possible."""
        path: list[Any] = [int(step) if step.isdecimal() else step for step in finding.path.split(".")]
        inner: Any = self.manifest
        for step in path[:-1]:
            known = (isinstance(inner, dict) and step in inner) or (
                isinstance(inner, list) and isinstance(step, int) and step < len(inner)
            )
            if not known:
                return False
            inner = inner[step]
        last = path[-1]
        there = inner.get(last) if isinstance(inner, dict) else None
        if isinstance(inner, list) and isinstance(last, int) and last < len(inner):
            there = inner[last]
        absent = isinstance(inner, dict) and last not in inner and bool(self._schema(path))
        if (there is None and not absent) or isinstance(there, HeldValue | dict):
            return False
        if "x-resource" in self._schema(path):
            return False  # the key of a resource is right, and what the finding says is of the resource
        try:
            judged = self._sample(path)
        except NoValueError:
            return False
        origin = self.workload.origins.get(tuple(map(str, path)))
        where = f" ({origin})" if origin is not None else ""
        open_ = asked(there) if isinstance(there, SourceText) else []
        inner[last] = HeldValue(f"{' and '.join(open_) or finding.message}{where}", judged)
        return True

    def _schema(self, path: Sequence[Any]) -> Mapping[str, Any]:
        """Return the schema of a field, by its path in the manifest; {} for none."""
        match path:
            case ["environments", _, "compute" | "resources", *_]:
                return self._schema(path[2:])
            case ["compute", name, *rest]:
                schema: Mapping[str, Any] = self.catalog.computes[self.workload.type].fields.get(name, {})
            case ["resources", key, name, *rest]:
                schema = self.catalog.resources[self.manifest["resources"][key]["type"]].fields.get(name, {})
            case _:
                return {}
        for step in rest:
            schema = inside(schema, step)
        return schema

    def _sample(self, path: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of any type
        """Return a value for a field, from its schema or an example of what it is in. Raises NoValueError."""
        try:
            return sample(self._schema(path))
        except NoValueError:
            first = [0 if isinstance(step, int) else step for step in path]  # an example may have fewer entries
            for length in range(2, len(path)):
                for example in self._schema(path[:length]).get("examples", ()):
                    found = at(example, first[length:])
                    if found is not None:
                        return found
            raise

    # What the old roles may do

    def take(self, old: OldRights, own: Own) -> tuple[str, ...]:
        """Add the entries for what the code's role may do; return what was left out of it."""
        platform = self.declared(own).get(old.role, ())
        made, notes = drafted(old, platform, self.catalog, own)
        for entry in made.entries:
            self._add(entry)
        if made.rest:
            self.manifest.setdefault("statements", []).extend(map(statement_of, made.rest))
        return notes

    def _add(self, entry: Entry) -> None:
        fields = {
            name: HeldValue(which(entry.filled_in[name]), value) if name in entry.filled_in else value
            for name, value in entry.fields.items()
        }
        resources = self.manifest.setdefault("resources", {})
        identity = {name: value for name, value in entry.fields.items() if name in self._identity(entry.type)}
        for there in resources.values():
            alike = there["type"] == entry.type and all(
                self.tokens.judged(there.get(name)) == value for name, value in identity.items()
            )
            if alike and identity and not entry.filled_in:
                there |= {name: value for name, value in fields.items() if name not in there}
                there["access"] = [*dict.fromkeys([*there.get("access", ()), *entry.access])]
                return
        shown = key_of(entry, self.source.described, self.tokens)
        key = next(
            name
            for name in (shown, *(f"{shown}-{number}" for number in range(2, len(resources) + 3)))
            if name not in resources
        )
        resources[key] = {"type": entry.type, **fields, "access": list(entry.access)}

    def _identity(self, type_: str) -> tuple[str, ...]:
        return (*self.catalog.resources[type_].identified_by, "arn")

    def declared(self, own: Own) -> dict[str, tuple[Declared, ...]]:
        """Return what the manifest declares for each role of the module, where `own` says."""
        (workload,) = self.read(with_environments=False)
        (environment,) = workload.environments
        values = {**environment.values, **own.values}
        found: dict[str, tuple[Declared, ...]] = {}
        for grant in derive_grants(workload, self.catalog).grants:
            found[grant.role] = (*found.get(grant.role, ()), *ground([grant], values))
        return found

    # The manifest as text

    def read(self, *, with_environments: bool) -> list[Workload]:
        """Read the manifest with values in place of what is open. Raises Rejected."""
        judged = {
            section: self._judged(value, (section,), named=with_environments)
            for section, value in self.manifest.items()
            if with_environments or section != "environments"
        }
        return list(read_manifest(loads(json.dumps(judged), "the manifest"), self.catalog))

    def _judged(self, value: Any, path: tuple[Any, ...], *, named: bool) -> Any:  # noqa: ANN401 - YAML
        match value:
            case HeldValue(judged=None):
                return self._any_sample(path)
            case HeldValue(judged=judged):
                return judged
            case SourceText():
                return self._judged_text(value, named=named)
            case dict():
                return {key: self._judged(inner, (*path, key), named=named) for key, inner in value.items()}
            case list():
                return [self._judged(inner, (*path, number), named=named) for number, inner in enumerate(value)]
            case str():
                return value.replace("${", "$${")
            case _:
                return value

    def _any_sample(self, path: Sequence[Any]) -> Any:  # noqa: ANN401 - a value of any type
        """Return a value that fits a field, or a text where none can be made, which is refused with its path."""
        try:
            return self._sample(path)
        except NoValueError:
            return "held"

    def _judged_text(self, text: SourceText, *, named: bool) -> str:
        parts = []
        for part in text.parts:
            match part:
                case str():
                    parts.append(part.replace("${", "$${"))
                case PlaceName(name) if named and (name != "environment" or "environments" in self.manifest):
                    parts.append(f"${{{name}}}")
                case PlaceName(name) if name != "environment" and in_arn("".join(parts)):
                    parts.append(f"${{{name}}}")
                case OfInput(name):
                    parts.append(f"${{inputs.{name}}}")
                case OfResource(known=SourceText() as known):
                    parts.append(self._judged_text(known, named=named))
                case _:
                    parts.append(self.tokens.of(part))
        return "".join(parts)

    def text(self) -> str:
        """Return the manifest for people."""
        lines = [f"# Imported from {', '.join(self.source.files)} ({self.source.format})."]
        for section, shown in self._sections().items():
            lines += ["", *block({section: shown})] if section in _APART else list(block({section: shown}))
        return "".join(f"{line}\n" for line in lines)

    def _shown(self, value: Any, linked: Callable[[OfResource], str | None]) -> Any:  # noqa: ANN401 - YAML
        match value:
            case dict():
                return {key: self._shown(inner, linked) for key, inner in value.items()}
            case list():
                return [self._shown(inner, linked) for inner in value]
            case str() | SourceText():
                return self.tokens.written(written(value, linked), linked)
            case _:
                return written(value, linked)

    def _linked(self, part: OfResource) -> str | None:
        described = self.source.described.get(part.logical)
        if described is None:
            return None
        wanted = {name: self.tokens.judged(value) for name, value in described.fields.items()}
        for key, entry in self.manifest.get("resources", {}).items():
            alike = entry["type"] == described.type and all(
                self.tokens.judged(entry.get(name)) == value for name, value in wanted.items()
            )
            if alike and part.attribute in self.catalog.resources[described.type].attributes:
                return f"${{resources.{key}.{part.attribute}}}"
        return None

    def to_fill(self) -> list[str]:
        """Return the paths of what has to be filled in."""
        return [".".join(path) for path in marked(self._sections())]

    def _sections(self) -> dict[str, Any]:
        """Return the manifest for people; a resource is not named by a reference to itself."""
        return {
            section: self._shown(value, _no_link if section in ("resources", "statements") else self._linked)
            for section, value in sorted(self.manifest.items(), key=lambda pair: pair[0] == "environments")
        }


def _named_region(value: Any) -> dict[str, str]:  # noqa: ANN401 - YAML
    """Return the region that the ARNs of a value name most, by which the rest of it is judged; {} for none."""
    found = Counter(_REGION.findall(json.dumps(value, default=str)))
    return {"region": found.most_common(1)[0][0]} if found else {}


def _no_link(part: OfResource) -> None:
    """Return no reference, whatever the part."""


_APART = {"compute", "resources", "statements", "environments"}
