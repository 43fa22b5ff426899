"""A workload's code → the manifest that its AWS calls need, and what the code does not tell."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.core.files import is_folder, real
from rolewright.core.finding import Finding, Location, Severity
from rolewright.core.printable import printable
from rolewright.data import iam
from rolewright.manifest.placeholders import placeholder
from rolewright.prove.table import Declared
from rolewright.sdk.calls import Unmapped
from rolewright.sdk.code import read_files
from rolewright.sdk.permissions import CallPermission, permissions
from rolewright.suggest.compute_type import recognised
from rolewright.suggest.draft import Draft, Rest, draft_text
from rolewright.suggest.draft_check import host
from rolewright.suggest.drafting import draft

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rolewright.blueprint import Catalog

_FEW = 3
_SHORTEST = 2
_ANY = "fill-in"
"""In place of a name, where `*` would be every resource of the service."""
_VARIABLE = re.compile(r"\$\{\w+\}")


@dataclass(frozen=True)
class WorkloadCode:
    """The code of a workload: what its calls need, and what calls AWS without telling what it needs."""

    name: str
    folder: Path
    permissions: tuple[CallPermission, ...]
    unmapped: tuple[Unmapped, ...]
    unread: Mapping[str, int]
    """The languages that are not read, with how many files each."""
    files: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Return whether all that calls AWS is understood, as far as can be seen."""
        return not self.unmapped

    @property
    def left_out(self) -> tuple[Unmapped, ...]:
        """Return what is not understood; where nothing that calls AWS was found, the languages that are not read."""
        if self.permissions or self.unmapped:
            return self.unmapped
        where = Location(str(self.folder))
        return tuple(
            Unmapped(
                f"{language} is not read",
                f"{count} file{'s' * (count != 1)}; no AWS call was found in the files that were read",
                where,
            )
            for language, count in sorted(self.unread.items())
        )


def read_code(folder: Path, files: Iterable[str], taken: Collection[str] = ()) -> WorkloadCode:
    """Read the code in a folder or file; the workload gets the folder's name, with its parents' where that is taken."""
    files = tuple(files)
    read = read_files(files, str(folder))
    needed = list(permissions(call for call in read.calls if not isinstance(call, Unmapped)))
    unmapped = [call for call in (*read.calls, *needed) if isinstance(call, Unmapped)]
    return WorkloadCode(
        _name(folder, taken),
        folder,
        tuple(permission for permission in needed if isinstance(permission, CallPermission)),
        tuple(sorted(set(unmapped), key=lambda call: (call.location, call.text))),
        read.unread,
        files,
    )


def not_told(code: WorkloadCode) -> Iterator[Finding]:
    """Yield what keeps a draft from being complete; for code without any call, that there is nothing to draft."""
    for unmapped in code.left_out:
        remedy = "check what it calls, and add the access it needs to the draft"
        yield Finding(
            "not-told",
            f"{unmapped.text}: {unmapped.reason}",
            remedy,
            unmapped.location,
            severity=Severity.WARNING,
            shows_lines=False,  # code may have a secret in it
        )
    if not code.permissions and not code.left_out:
        message, remedy = "no AWS SDK call was found in the code", "give the folder that contains the code"
        yield Finding(
            "not-told", message, remedy, Location(str(code.folder)), severity=Severity.WARNING, shows_lines=False
        )


def _name(folder: Path, taken: Collection[str]) -> str:
    path = real(folder)
    parts = (path if is_folder(path) else path.parent).parts[1:]
    names = (slug("-".join(parts[-count:])) for count in range(1, len(parts) + 1))
    numbered = (f"workload-{number}" for number in itertools.count(1))
    return next(name for name in itertools.chain(names, numbered) if name not in taken)


def slug(text: str) -> str:
    """Return a name of a workload that a text leads to."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).lstrip("-0123456789").strip("-")[-32:].lstrip("-0123456789")
    if not name:
        return "workload"
    return name if len(name) > _SHORTEST else f"{name}-service"


def manifest_of(code: WorkloadCode, catalog: Catalog, type_: str | None = None, *, is_tried: bool = False) -> str:
    """Return a manifest with a placeholder for each thing that the code does not tell: `validate` asks for those.

    `type_` is what the workload runs on; without it the files decide, or a placeholder asks. With `is_tried` values are
    made up in place of placeholders: for a manifest that is tried in memory, and shown to nobody.
    """
    where = code.folder.as_posix()
    lines = [printable(f"# Drafted from the AWS calls in {where}. Replace every <…> with a value.")]
    lines += [*lacking(code, catalog).comments(), "version: 1", f"workload: {code.name}"]
    lines += [f"compute: {json.dumps(host(catalog, type_))}"] if is_tried else _compute(code, catalog, type_)
    return "".join(f"{line}\n" for line in lines) + access_of(code, catalog, is_tried=is_tried)


@dataclass(frozen=True)
class Lacking:
    """What a draft lacks of the calls of the code: what is not understood, and what no manifest can allow."""

    unclear: tuple[str, ...]
    unsaid: tuple[str, ...]

    def comments(self) -> list[str]:
        """Return it as comments of the draft; none where it lacks nothing."""
        heads = {
            "# Incomplete. Missing here, because the code does not show it:": self.unclear,
            "# Missing here, as no manifest can allow it:": self.unsaid,
        }
        return [line for head, lines in heads.items() if lines for line in (head, *(f"#   {line}" for line in lines))]


def lacking(code: WorkloadCode, catalog: Catalog) -> Lacking:
    """Return what a draft lacks of the calls of the code."""
    unclear = [f"{unmapped.location}: {unmapped.text}: {unmapped.reason}" for unmapped in code.left_out]
    unsaid = []
    if code.permissions:
        made, _ = _drafted(code.permissions, catalog)
        unsaid = [f"{', '.join(left.actions)} on {', '.join(left.resources)}: {left.why}" for left in made.unsaid]
        unsaid += [f"{action} on {resource}: AWS allows nothing by it" for action, resource in made.idle]
    return Lacking(tuple(map(printable, unclear)), tuple(map(printable, unsaid)))


def access_of(code: WorkloadCode, catalog: Catalog, *, is_tried: bool = False) -> str:
    """Return the sections of a manifest that say what code may do, as `manifest_of` does; "" where it calls nothing."""
    made, needed = _drafted(code.permissions, catalog)
    asked: dict[tuple[str, str], list[CallPermission]] = defaultdict(list)
    for permission in needed:
        asked[permission.action, permission.resource].append(permission)
    unknown = {_ANY: "which one is meant"} | {
        mark: f"what {hint or 'the code'} is" for permission in needed for mark, hint in permission.unknown
    }
    comments = {pair: _asked(pair[0], listed) for pair, listed in asked.items()}
    comments |= {(action, _own(resource)): text for (action, resource), text in comments.items()}
    made = replace(
        made, rest=tuple(replace(statement, resources=tuple(map(_own, statement.resources))) for statement in made.rest)
    )
    return draft_text(made, comments, None if is_tried else {k: printable(v) for k, v in unknown.items()})


def _compute(code: WorkloadCode, catalog: Catalog, type_: str | None) -> Iterator[str]:
    """Yield the compute section, as the files show it: the type, and a placeholder for each field that it needs."""
    types = (type_,) if type_ else recognised(code.files, str(code.folder), catalog)
    yield "compute:"
    if len(types) != 1:
        likely = [*types] or [name for name, blueprint in catalog.computes.items() if blueprint.has_code]
        asked = placeholder(f"the compute type, {' or '.join(likely)}; or give it with --type")
        yield f"  type: {json.dumps(asked)}"
        return
    blueprint = catalog.computes[types[0]]
    yield f"  type: {blueprint.type}"
    needed = dict.fromkeys(host(catalog, blueprint.type))
    for name in needed:
        if name != "type":
            asked = " ".join(str(blueprint.fields[name].get("description", name)).split())
            yield f"  {name}: {json.dumps(placeholder(asked), ensure_ascii=False)}"


def _drafted(needed: Sequence[CallPermission], catalog: Catalog) -> tuple[Draft, list[CallPermission]]:
    """Return the draft, and the permissions as it has them: a made-up name stays only where a field accepts it."""
    made = draft(_declared(needed), catalog)
    marks = {mark for permission in needed for mark, _ in permission.unknown}
    unfit = {mark for rest in made.rest for resource in rest.resources for mark in marks if mark in resource}
    if unfit:
        needed = _without_marks(needed, unfit, catalog)
        made = draft(_declared(needed), catalog)
    wide = {action: _all_of(action) for rest in made.rest if rest.resources == ("*",) for action in rest.actions}
    if any(wide.values()):
        rest = [part for statement in made.rest for part in _narrowed(statement, wide)]
        made = replace(made, rest=tuple(rest))
        needed = [
            replace(permission, resource=arn) if permission.resource == "*" else permission
            for permission in needed
            for arn in (wide.get(permission.action, ()) or (permission.resource,))
        ]
    return made, list(needed)


def _without_marks(needed: Sequence[CallPermission], unfit: set[str], catalog: Catalog) -> list[CallPermission]:
    """Return permissions without names that no field takes, where a type is for the resource without one."""
    moved = [
        _anywhere(permission) if any(mark in unfit for mark, _ in permission.unknown) else permission
        for permission in needed
    ]
    left = {action for rest in draft(_declared(moved), catalog).rest for action in rest.actions}
    return [old if old.action in left else new for old, new in zip(needed, moved, strict=True)]


def _narrowed(rest: Rest, wide: Mapping[str, tuple[str, ...]]) -> Iterator[Rest]:
    """Split a statement on `*` into one for each kind of resource that its actions are on."""
    if rest.resources != ("*",):
        yield rest
        return
    for arns, actions in itertools.groupby(
        sorted(rest.actions, key=lambda action: wide[action]), key=lambda action: wide[action]
    ):
        reason = "the code does not show which ones are meant" if arns else rest.reason
        yield replace(rest, actions=tuple(actions), resources=arns or ("*",), reason=reason)


def _own(resource: str) -> str:
    """Return an ARN in the workload's own partition, region and account, where the code names no other."""
    names = ("", "${partition}", "", "${region}", "${account}")
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return resource
    own = [name if name and part == "*" else part for name, part in zip(names, parts, strict=False)]
    return ":".join([*own, parts[5]])


def _all_of(action: str) -> tuple[str, ...]:
    """Return the patterns of all resources that an action can be asked for on; none for one that needs `*`."""
    facts, service = iam.action(action), iam.service(action.split(":", maxsplit=1)[0])
    if facts is None or service is None or not facts.narrowable:
        return ()
    arns = {_VARIABLE.sub("*", arn) for kind in facts.resource_types for arn in service.resources[kind].arns}
    return tuple(sorted(_named(arn) for arn in arns))


def _named(arn: str) -> str:
    """Return an ARN with a name that holds a place, where nothing else in it would tell what it is of."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or re.search(r"\w", parts[5]):
        return arn
    return ":".join([*parts[:5], parts[5].replace("*", _ANY, 1)])


def _anywhere(permission: CallPermission) -> CallPermission:
    return CallPermission(permission.action, "*", permission.call)


def _declared(needed: Sequence[CallPermission]) -> Iterator[Declared]:
    for action, resource in dict.fromkeys((permission.action, permission.resource) for permission in needed):
        yield Declared("Allow", (action,), (resource,), (), "code")


def _asked(action: str, listed: Sequence[CallPermission]) -> str:
    places = list(dict.fromkeys(str(permission.call.location) for permission in listed))
    more = f" and {len(places) - _FEW} more" if len(places) > _FEW else ""
    unsure = "" if any(permission.call.is_sure for permission in listed) else " (by pattern)"
    return printable(f"{action}{unsure}: {', '.join(places[:_FEW])}{more}")
