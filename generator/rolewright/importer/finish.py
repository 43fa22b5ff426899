"""A workload as its source describes it → a manifest that is valid but for what a person has to fill in."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Location, Rejected, Severity
from rolewright.grants.derive import derive_grants
from rolewright.importer.expression import HeldValue, SourceText, asked
from rolewright.importer.fields import require
from rolewright.importer.held_manifest import HeldManifest
from rolewright.importer.kept import statement_of, which
from rolewright.importer.rights import compared, drafted, key_of, old_rights, own_place, readable
from rolewright.importer.shapes import at, mapping, text
from rolewright.importer.sizes import smallest
from rolewright.importer.stages import with_value
from rolewright.manifest.samples import NoValueError
from rolewright.prove.table import ground

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
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

    `to_fill` are the paths of what a person has to fill in. `notes` say what became of the old roles' policies, and
    what environments have other than the manifest says. `account` and `region` are those that the old roles' policies
    name most, "" for none.
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
    finishing.round_up()
    finishing.hold_what_is_missing()
    refused = finishing.hold_what_is_refused()
    if refused:
        return Imported(workload.name, "", (), refused, (), ())
    rights = [old_rights(role, finishing.held.tokens) for role in workload.roles]
    own = own_place(workload, rights)
    notes: list[str] = []
    code = _code_role(catalog, workload.type)
    for old in rights:
        if old.role == code:
            notes += finishing.take(old, own)
    finishing.rename()
    refused = finishing.hold_what_is_refused()
    if refused:
        return Imported(workload.name, "", (), refused, (), tuple(notes))
    after = finishing.declared(own)
    finishing.held.tokens.values = own.values
    before = (old_rights(role, finishing.held.tokens) for role in workload.roles)
    roles = tuple(readable(compared(old, after.get(old.role, ())), finishing.held.tokens) for old in before)
    finishing.say_what_statements_cannot()
    notes += finishing.apart()
    manifest = finishing.held.text()
    to_fill = tuple(finishing.held.to_fill())
    return Imported(workload.name, manifest, to_fill, (), roles, tuple(notes), own.account, own.region)


def _code_role(catalog: Catalog, type_: str) -> str:
    return next((role.key for role in catalog.computes[type_].roles.values() if role.grants == "workload"), "")


class _Finishing:
    """One workload on its way: its manifest is kept as values, and written or judged from these."""

    def __init__(self, workload: SourceWorkload, source: ImportSource, catalog: Catalog) -> None:
        self.workload = workload
        self.source = source
        self.catalog = catalog
        self.held = HeldManifest(workload, source, catalog)
        self.manifest = self.held.values
        self.left_out = dict(workload.left_out)

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
        place = {**_SAMPLE_PLACE, **_named_region(self.manifest)}
        for environment in self.manifest.get("environments", {}).values():
            for name in ("account", "region"):
                environment.setdefault(name, HeldValue(f"the {name} of this environment", place[name]))

    def hold_what_is_refused(self) -> tuple[Finding, ...]:
        """Put a held value in the place of each that a manifest does not take; return what bars it beside those."""
        while True:  # each round holds or takes out one more value of the manifest, or is the last
            try:
                self.held.read(with_environments=True)
            except Rejected as refusal:
                errors = [finding for finding in refusal.findings if finding.severity is Severity.ERROR]
                held = [
                    finding
                    for finding in errors
                    if (finding.rule == "environment-override" and self._take_out(finding))
                    or self._leave_out(finding)
                    or self._hold(finding)
                ]
                if not held and not any(map(self._take_out, errors)):
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

    def _take_out(self, finding: Finding) -> bool:
        """Take out the nearest overrides around what a finding is about, and keep the reason; return whether any was.

        What is wrong with an override may be said of another field beside it.
        """
        steps = finding.path.split(".")
        path, environments = steps, self.manifest.get("environments", {})
        if steps[0] == "environments":
            path, environments = steps[2:], {steps[1]: environments.get(steps[1])}
        for length in range(len(path), 0, -1):
            near = {name: [*_leaves(at(entry, path[:length]), path[:length])] for name, entry in environments.items()}
            taken = [self._without(name, leaf, finding.message) for name, leaves in near.items() for leaf in leaves]
            if any(taken):
                return True
        return False

    def _say_apart(self, environment: str, path: str, reason: str) -> None:
        self.workload.apart.setdefault(environment, {})[path] = reason

    def _without(self, environment: str, path: Sequence[str], reason: str) -> bool:
        way = [self.manifest["environments"][environment]]
        for step in path:
            if not isinstance(way[-1], dict) or step not in way[-1]:
                break
            way.append(way[-1][step])
        taken = path[: len(way) - 1]
        if not taken or isinstance(way[-1], dict):
            return False
        for inner, step in zip(reversed(way[:-1]), reversed(taken), strict=True):
            if inner[step] is way[-1] or not inner[step]:
                del inner[step]
        self._say_apart(environment, ".".join(taken), with_value(way[-1], reason))
        return True

    def _leave_out(self, finding: Finding) -> bool:
        """Leave out a variable whose name the type does not take, and keep the reason. Return whether it was there."""
        way, _, name = finding.path.rpartition(".")
        variables = at(self.manifest, way.split("."))
        if finding.rule != "manifest-name" or not isinstance(variables, dict) or name not in variables:
            return False
        del variables[name]
        for environment in self.manifest.get("environments", {}).values():
            mapping(at(environment, way.split("."))).pop(name, None)
        self.left_out[finding.path] = finding.message
        return True

    def rename(self) -> None:
        """Give the resources of policies the names that they have in other environments."""
        judged = self.held.tokens.judged
        for renamed in self.workload.renamed:
            here, there = (text(judged(value)) for value in (renamed.here, renamed.there))
            for key, entry in self.manifest.get("resources", {}).items():
                for field in (field for field in self._identity(entry["type"]) if field in entry):
                    name = text(judged(entry[field]))
                    if not _names(name, here):
                        continue
                    other = _in_place(name, here, there)
                    own = self.manifest["environments"][renamed.environment].get("resources", {}).get(key, {})
                    if other is None or text(judged(own.get(field, other))) != other:
                        reason = f"policies are about {there} there"
                        self._say_apart(renamed.environment, f"resources.{key}.{field}", reason)
                    elif other != name:
                        entries = self.manifest["environments"][renamed.environment].setdefault("resources", {})
                        entries.setdefault(key, {}).setdefault(field, other)

    def apart(self) -> Iterator[str]:
        """Yield what is another in some environments, and is in the manifest as the first of the rest has it."""
        yield from (f"{path} is left out: {reason}" for path, reason in self.left_out.items())
        others = [name for name, reasons in self.workload.apart.items() if reasons]
        if others and self.source.chosen_by:
            ways = " or ".join(f"--parameter {self.source.chosen_by}={name}" for name in others)
            yield f"to have one as it is today, import it alone, into a folder of its own: {ways}"
        for name, reasons in self.workload.apart.items():
            for path, reason in reasons.items():
                alike = (
                    other for other in self.workload.environments if path not in self.workload.apart.get(other, ())
                )
                first = next(alike, "no environment")
                if not _has(self.manifest, path):
                    yield f"{path} is in {name} and not in {first}, and the manifest leaves it out: {reason}"
                else:
                    has = f"and the manifest has that of {first}"
                    yield f"{path} is not the same in {name} as in {first}, {has}: {reason}"

    def _hold(self, finding: Finding) -> bool:
        """Hold the value that a finding is about. Return whether that was possible."""
        path: list[Any] = [int(step) if step.isdecimal() else step for step in self.held.path_of(finding)]
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
        absent = isinstance(inner, dict) and last not in inner and bool(self.held.schema(path))
        if (there is None and not absent) or isinstance(there, HeldValue | dict):
            return False
        if "x-resource" in self.held.schema(path):
            return False  # the key of a resource is right, and what the finding says is of the resource
        try:
            judged = self.held.sample(path)
        except NoValueError:
            return False
        field = tuple(map(str, path[2:] if path[0] == "environments" else path))
        origin = self.workload.origins.get(field)
        where = f" ({origin})" if origin is not None else ""
        open_ = asked(there) if isinstance(there, SourceText) else []
        inner[last] = HeldValue(f"{' and '.join(open_) or finding.message}{where}", judged)
        return True

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

    def say_what_statements_cannot(self) -> None:
        """Enter each statement on a resource that has another name in an environment: statements have no overrides."""
        judged = self.held.tokens.judged
        reason = "it is on what goes by another name there, and statements are the same in every environment"
        names: dict[str, list[Any]] = {}
        for renamed in self.workload.renamed:
            names.setdefault(renamed.environment, []).append(judged(renamed.here))
        for environment, entry in self.manifest.get("environments", {}).items():
            for key, own in entry.get("resources", {}).items():
                base = self.manifest["resources"][key]
                names.setdefault(environment, []).extend(judged(base[field]) for field in own if field in base)
        for number, statement in enumerate(self.manifest.get("statements", ())):
            for environment, known in names.items():
                if any(
                    isinstance(name, str) and name in arn for name in known for arn in judged(statement["resources"])
                ):
                    self._say_apart(environment, f"statements.{number}", reason)

    def _add(self, entry: Entry) -> None:
        fields = {
            name: HeldValue(which(entry.filled_in[name]), value) if name in entry.filled_in else value
            for name, value in entry.fields.items()
        }
        resources = self.manifest.setdefault("resources", {})
        identity = {name: value for name, value in entry.fields.items() if name in self._identity(entry.type)}
        for there in resources.values():
            alike = there["type"] == entry.type and all(
                self.held.tokens.judged(there.get(name)) == value for name, value in identity.items()
            )
            if alike and identity and not entry.filled_in:
                there |= {name: value for name, value in fields.items() if name not in there}
                there["access"] = [*dict.fromkeys([*there.get("access", ()), *entry.access])]
                return
        shown = key_of(entry, self.held.described, self.held.tokens)
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
        (workload,) = self.held.read(with_environments=False)
        (environment,) = workload.environments
        values = {**environment.values, **own.values}
        found: dict[str, tuple[Declared, ...]] = {}
        for grant in derive_grants(workload, self.catalog).grants:
            found[grant.role] = (*found.get(grant.role, ()), *ground([grant], values))
        return found


def _leaves(value: Any, path: Sequence[str]) -> Iterator[Sequence[str]]:  # noqa: ANN401 - YAML
    """Yield the paths of the values in a mapping."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, [*path, key])
    elif value is not None:
        yield path


def _has(value: Any, path: str) -> bool:  # noqa: ANN401 - YAML
    """Return whether something stands at a dotted path, whose steps may have dots in them, such as a tag."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return not path or any(
        _has(inner, path.removeprefix(f"{key}").removeprefix("."))
        for key, inner in items
        if f"{path}.".startswith(f"{key}.")
    )


def _names(name: str, arn: str) -> bool:
    """Return whether an ARN is that of a name, or of something in what has the name; or is the name itself."""
    before, found, after = arn.partition(name)
    return bool(name and found) and before[-1:] in ("", ":", "/") and after[:1] in ("", ":", "/", "?", "*", "-")


def _in_place(name: str, here: str, there: str) -> str | None:
    """Return what stands in another ARN in the place of a name in this one, or of the whole; None where it is not.

    Each environment has its own account and region, and a name is one of these.
    """
    if name == here:
        return there
    before, _, after = _in_own_place(here).partition(name)
    whole = _in_own_place(there)
    return whole[len(before) : len(whole) - len(after)] if whole.startswith(before) and whole.endswith(after) else None


def _in_own_place(arn: str) -> str:
    parts = arn.split(":", 5)
    return ":".join((*parts[:3], "", "", parts[5])) if len(parts) > 5 else arn


def _named_region(value: Any) -> dict[str, str]:  # noqa: ANN401 - YAML
    """Return the region that the ARNs of a value name most, by which the rest of it is judged; {} for none."""
    found = Counter(_REGION.findall(json.dumps(value, default=str)))
    return {"region": found.most_common(1)[0][0]} if found else {}
