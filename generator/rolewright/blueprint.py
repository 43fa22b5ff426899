"""Blueprint folders → Catalog: every type that a manifest may name, as data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rolewright.data import iam
from rolewright.finding import Finding, Location, Rejected
from rolewright.jsonschema import Schema
from rolewright.source import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.source import Tree

Conditions = dict[str, dict[str, list[str]]]
"""Condition operator → key → values, as a policy writes them; the values are templates."""

INJECTION = "injection"
"""The pseudo verb of what a platform needs to hand a value to a container."""


@dataclass(frozen=True)
class Verb:
    """What a word of `access` grants: actions by ARN type, or other verbs (`of`)."""

    name: str
    klass: Literal["read", "write", "delete", ""]
    summary: str
    allow: Mapping[str, tuple[str, ...]]
    of: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """Conditions that a field adds to statements with any of `actions`."""

    actions: tuple[str, ...]
    conditions: Conditions


@dataclass(frozen=True)
class Companion:
    """A statement that follows from a field, for some verbs; or one that the field's owner has to add."""

    sid: str
    verbs: tuple[str, ...]
    owner: bool
    principals: Mapping[str, Sequence[str]]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    summary: str


@dataclass(frozen=True)
class Creation:
    """What differs when the module makes the resource. `requires` are versions of Terraform and the provider."""

    template: str
    requires: Mapping[str, str]
    arns: Mapping[str, str]
    attributes: Mapping[str, str]
    fields: Mapping[str, Any]
    required: tuple[str, ...]


@dataclass(frozen=True)
class ResourceBlueprint:
    """What a workload may touch."""

    type: str
    summary: str
    service: str
    terraform: str
    fields: Mapping[str, Any]
    required: tuple[str, ...]
    arns: Mapping[str, str]
    attributes: Mapping[str, str]
    create: Creation | None
    verbs: Mapping[str, Verb]
    injection: Verb | None
    injection_value: str
    scope: Mapping[str, tuple[Scope, ...]]
    companions: Mapping[str, tuple[Companion, ...]]
    cross_account: Mapping[str, str]
    pitfalls: tuple[str, ...]

    def expand(self, verbs: Iterable[str]) -> tuple[Verb, ...]:
        """The narrow verbs behind some verbs, each once, in the blueprint's order."""
        wanted: set[str] = set()
        waiting = list(verbs)
        while waiting:
            verb = self.verbs[waiting.pop()]
            if verb.of:
                waiting.extend(verb.of)
            else:
                wanted.add(verb.name)
        return tuple(verb for verb in self.verbs.values() if verb.name in wanted)


@dataclass(frozen=True)
class PlatformGrant:
    """A permission that the compute type itself needs, `when` a field or derived value is there."""

    sid: str
    effect: Literal["Allow", "Deny"]
    when: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    summary: str


@dataclass(frozen=True)
class RoleBlueprint:
    """A role of a compute type: who assumes it, whose grants it takes, what the platform needs."""

    key: str
    summary: str
    trusts: tuple[str, ...]
    conditions: Conditions
    grants: Literal["workload", "injection", ""]
    allow: tuple[PlatformGrant, ...]


@dataclass(frozen=True)
class CrossFieldRule:
    """Where the fields fit the JSON Schema `when`, they have to fit `require`."""

    when: Mapping[str, Any]
    require: Mapping[str, Any]
    at: str
    message: str
    remedy: str


@dataclass(frozen=True)
class NameRule:
    """A generated name: its template, and what AWS accepts."""

    value: str
    pattern: str
    max_length: int


@dataclass(frozen=True)
class ComputeBlueprint:
    """What a workload may run on."""

    type: str
    summary: str
    fields: Mapping[str, Any]
    required: tuple[str, ...]
    derive: Mapping[str, str]
    rules: tuple[CrossFieldRule, ...]
    names: Mapping[str, NameRule]
    roles: Mapping[str, RoleBlueprint]
    templates: tuple[str, ...]


@dataclass(frozen=True)
class Catalog:
    """All blueprints, and their templates by path (`module/roles.tf.j2`)."""

    computes: Mapping[str, ComputeBlueprint]
    resources: Mapping[str, ResourceBlueprint]
    templates: Mapping[str, str]
    files: Mapping[str, str] = field(repr=False)


def builtin_root() -> Path:
    """Where the built-in blueprints are: beside this file in a wheel, else at the top of the repository."""
    here = Path(__file__).resolve().parent
    shipped = here / "blueprints"
    return shipped if shipped.is_dir() else here.parents[1] / "blueprints"


def load_catalog(roots: Sequence[Path] = ()) -> Catalog:
    """Read the built-in blueprints, then those of each root, which add and by the same name replace.

    Raises Rejected with the findings of every broken blueprint.
    """
    computes: dict[str, ComputeBlueprint] = {}
    resources: dict[str, ResourceBlueprint] = {}
    templates: dict[str, str] = {}
    files: dict[str, str] = {}
    findings: list[Finding] = []
    for root in (builtin_root(), *roots):
        if not root.is_dir():
            raise Rejected([_finding("blueprint-folder", f"{root} is no folder", "name a folder", Location(str(root)))])
        for kind in ("compute", "resources", "module"):
            for path in sorted((root / kind).rglob("*.j2")):
                templates[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
                files[path.relative_to(root).as_posix()] = str(path)
        for path in sorted(root.glob("*/*/blueprint.yaml")):
            try:
                tree = load(path).trees[0]
                if path.parent.parent.name == "compute":
                    computes[path.parent.name] = _compute(path.parent.name, tree)
                else:
                    resources[path.parent.name] = _resource(path.parent.name, tree, templates)
            except Rejected as refusal:
                findings.extend(refusal.findings)
    if findings:
        raise Rejected(findings)
    return Catalog(computes, dict(sorted(resources.items())), templates, files)


@cache
def _schema(kind: str) -> Schema:
    text = (Path(__file__).parent / "data" / "blueprint.schema.json").read_text(encoding="utf-8")
    return Schema({**json.loads(text), "$ref": f"#/$defs/{kind}"})


def _finding(rule: str, message: str, remedy: str, location: Location) -> Finding:
    return Finding(rule, message, remedy, location)


def _require_schema(kind: str, tree: Tree) -> None:
    findings = list(_schema(kind).findings(tree.data, tree.location, "blueprint"))
    if findings:
        raise Rejected(findings)


def _resource(type_: str, tree: Tree, templates: Mapping[str, str]) -> ResourceBlueprint:
    _require_schema("resource", tree)
    data = tree.data
    findings = list(_check_fields(tree, ("fields",))) + list(_check_fields(tree, ("create", "fields")))
    findings += _check_verbs(tree)
    template = f"resources/{type_}/create.tf.j2"
    creation = data.get("create")
    if creation is not None and template not in templates:
        findings.append(
            _finding(
                "blueprint-template",
                "`create` needs a template",
                "add create.tf.j2 beside it",
                tree.location(("create",), key=True),
            )
        )
    if findings:
        raise Rejected(findings)
    injection = data.get("injection")
    return ResourceBlueprint(
        type=type_,
        summary=data["summary"],
        service=data["service"],
        terraform=data["terraform"],
        fields=data["fields"],
        required=tuple(data["required"]),
        arns=data["arns"],
        attributes=data["attributes"],
        create=None
        if creation is None
        else Creation(
            template,
            creation.get("requires", {}),
            creation.get("arns", {}),
            creation.get("attributes", {}),
            creation.get("fields", {}),
            tuple(creation.get("required", ())),
        ),
        verbs={name: _verb(name, verb) for name, verb in data["access"].items()},
        injection=None if injection is None else _verb(INJECTION, {**injection, "class": "read"}),
        injection_value="" if injection is None else injection["value"],
        scope={
            name: tuple(Scope(tuple(one["actions"]), one["conditions"]) for one in scopes)
            for name, scopes in data.get("scope", {}).items()
        },
        companions={
            name: tuple(_companion(one) for one in companions)
            for name, companions in data.get("companions", {}).items()
        },
        cross_account=data.get("cross_account", {}),
        pitfalls=tuple(data.get("pitfalls", ())),
    )


def _verb(name: str, data: Mapping[str, Any]) -> Verb:
    return Verb(
        name,
        data.get("class", ""),
        data.get("summary", ""),
        {arn: tuple(actions) for arn, actions in data.get("allow", {}).items()},
        tuple(data.get("of", ())),
    )


def _companion(data: Mapping[str, Any]) -> Companion:
    return Companion(
        data["sid"],
        tuple(data.get("verbs", ())),
        data.get("owner", False),
        data.get("principals", {}),
        tuple(data["actions"]),
        tuple(data["resources"]),
        data.get("conditions", {}),
        data["summary"],
    )


def _compute(type_: str, tree: Tree) -> ComputeBlueprint:
    _require_schema("compute", tree)
    data = tree.data
    findings = list(_check_fields(tree, ("fields",)))
    for role, described in data["roles"].items():
        for index, grant in enumerate(described.get("allow", ())):
            for at, action in enumerate(grant["actions"]):
                findings += _check_action(action, tree.location(("roles", role, "allow", index, "actions", at)))
    if findings:
        raise Rejected(findings)
    return ComputeBlueprint(
        type=type_,
        summary=data["summary"],
        fields=data["fields"],
        required=tuple(data["required"]),
        derive=data.get("derive", {}),
        rules=tuple(
            CrossFieldRule(rule.get("when", {}), rule["require"], rule["at"], rule["message"], rule["remedy"])
            for rule in data.get("rules", ())
        ),
        names={
            name: NameRule(rule["value"], rule["pattern"], rule["maxLength"]) for name, rule in data["names"].items()
        },
        roles={
            key: RoleBlueprint(
                key,
                role["summary"],
                tuple(role["trusts"]),
                role.get("conditions", {}),
                role.get("grants", ""),
                tuple(_platform_grant(grant) for grant in role.get("allow", ())),
            )
            for key, role in data["roles"].items()
        },
        templates=tuple(f"compute/{type_}/{name}" for name in data["templates"]),
    )


def _platform_grant(data: Mapping[str, Any]) -> PlatformGrant:
    return PlatformGrant(
        data["sid"],
        data.get("effect", "Allow"),
        data.get("when", ""),
        tuple(data["actions"]),
        tuple(data["resources"]),
        data.get("conditions", {}),
        data["summary"],
    )


def _check_fields(tree: Tree, path: tuple[str, ...]) -> Iterator[Finding]:
    """Every field is a JSON Schema with a description, and its default fits it."""
    fields: Any = tree.data
    for step in path:
        fields = fields.get(step, {})
    for name, schema in fields.items():
        place = tree.location((*path, name), key=True)
        try:
            fits = "default" not in schema or Schema(schema).accepts(schema["default"])
        except ValueError as error:
            yield _finding("blueprint-field", f"`{name}` is no JSON Schema: {error}", "mend it", place)
            continue
        if "description" not in schema:
            yield _finding("blueprint-field", f"`{name}` has no description", "say what it is for", place)
        if not fits:
            yield _finding("blueprint-field", f"the default of `{name}` does not fit it", "mend one", place)


def _check_verbs(tree: Tree) -> Iterator[Finding]:
    verbs = tree.data["access"]
    for name, verb in verbs.items():
        for index, other in enumerate(verb.get("of", ())):
            if other not in verbs or _reaches(verbs, other, name):
                yield _finding(
                    "blueprint-verb",
                    f"`{name}` is made of `{other}`, which "
                    + ("is no verb of this blueprint" if other not in verbs else "is made of it in turn"),
                    "name the blueprint's own verbs, without a circle",
                    tree.location(("access", name, "of", index)),
                )
        for arn, actions in verb.get("allow", {}).items():
            if arn != "*" and arn not in tree.data["arns"]:
                yield _finding(
                    "blueprint-verb",
                    f"`{arn}` is none of the blueprint's ARNs",
                    "use one of " + ", ".join(tree.data["arns"]),
                    tree.location(("access", name, "allow", arn), key=True),
                )
            for index, action in enumerate(actions):
                place = tree.location(("access", name, "allow", arn, index))
                yield from _check_action(action, place)
                yield from _check_level(action, verb, place)


def _reaches(verbs: Mapping[str, Any], start: str, goal: str) -> bool:
    waiting, seen = [start], set()
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(verbs.get(name, {}).get("of", ()))
    return False


def _check_action(action: str, place: Location) -> Iterator[Finding]:
    if "*" in action or iam.action(action) is None:
        yield _finding(
            "blueprint-action",
            f"{action} is no action of the IAM database",
            "write each action out, as the service authorization reference spells it",
            place,
        )


_LEVELS = {"read": {"Read", "List"}, "write": {"Write"}, "delete": {"Write"}}


def _check_level(action: str, verb: Mapping[str, Any], place: Location) -> Iterator[Finding]:
    facts = iam.action(action)
    if facts is not None and facts.level not in _LEVELS[verb["class"]] and "because" not in verb:
        yield _finding(
            "blueprint-class",
            f"{action} is {facts.level} to IAM and {verb['class']} here",
            "change the class, or say why under `because`",
            place,
        )
