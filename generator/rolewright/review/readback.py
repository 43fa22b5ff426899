"""The files of a rendered module → what its roles may do, to be compared with another version."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.core.inputs import InputValues
from rolewright.core.model import Environment
from rolewright.data import iam
from rolewright.data.partitions import partition_of
from rolewright.hcl.parse import parse
from rolewright.hcl.syntax import Map
from rolewright.prove.document import PolicyError, read_json, statements
from rolewright.prove.evaluate import evaluate
from rolewright.prove.table import Declared
from rolewright.render.readable import SYMBOLS
from rolewright.review.diff import CONDITION, INPUT, Access
from rolewright.review.module_inputs import is_input, module_inputs, named, value_of_input
from rolewright.review.policy_diff import NO_POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.core.inputs import Input
    from rolewright.hcl.syntax import Attribute, Block, ParsedModule
    from rolewright.prove.document import Atom, Conditions, PolicyStatement
    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule
    from rolewright.review.policy_diff import Half
    from rolewright.review.sides import ModuleText

_VALUES = ("variable", "locals", "output", "resource", "data")
"""Blocks that are evaluated; the others of a module decide where it is applied, and with whose rights."""
_ROLE_ONLY = ("name", "path", "max_session_duration")
_IAM = "aws_iam_"
_WORDS = ("description", "tags", "tags_all")


@dataclass(frozen=True, eq=False)
class ReadBack:
    """A module read back, as one side of a comparison; `name` is its folder's.

    `harmless` says of arguments, by the type of their block, whether a difference is harmless.
    """

    name: str
    parsed: ParsedModule
    modules: Mapping[str, EvaluatedModule]
    harmless: Mapping[str, Mapping[str, bool]]

    @property
    def workload_name(self) -> str:
        """Return "": a folder may be called anything, and the roles' names are compared."""
        return ""

    @property
    def environments(self) -> tuple[str, ...]:
        """Return the names of the environments that it has values for, or one that is ""."""
        return tuple(self.modules)

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Return the names of its roles in the text."""
        return tuple(
            dict.fromkeys(
                b.name for evaluated in self.modules.values() for b in _resources(evaluated) if b.type == "aws_iam_role"
            )
        )

    @property
    def promises(self) -> tuple[str, ...]:
        """Return none: they stand in the manifest."""
        return ()

    def access(self, environment: str, role: str) -> Access | None:
        """Return what a role may do by its policies, and who may assume it."""
        evaluated = self.modules.get(environment)
        block = evaluated.resources.get(f"aws_iam_role.{role}") if evaluated is not None else None
        if evaluated is None or block is None:
            return None
        return _access(evaluated, block, self)

    def place(self, environment: str) -> str:
        """Return the account and region in an environment's values, or ""."""
        evaluated = self.modules.get(environment)
        given = {} if evaluated is None else evaluated.variables
        return f"account {given['account']} in {given['region']}" if {"account", "region"} <= given.keys() else ""

    def others(self, environment: str) -> Mapping[str, str]:
        """Return the blocks and values beside the roles that decide about access."""
        evaluated = self.modules.get(environment)
        return {} if evaluated is None else {**_wiring(self.parsed), **_bearing(evaluated, self.harmless)}

    def opens(self, environment: str) -> Mapping[tuple[str, str], str]:
        """Return nothing: what opens something is among the others."""
        del environment
        return {}

    def policies(self, environment: str, *, is_new: bool) -> Half:
        """Return no policies: their text is among the others."""
        del environment
        return NO_POLICIES[is_new]


def read_back(module: ModuleText, harmless: Mapping[str, Mapping[str, bool]]) -> ReadBack:
    """Evaluate a module in each of its environments; `harmless` is as in `ReadBack`.

    Raises Rejected with the places of what cannot be evaluated, and with the module's texts.
    """
    texts = _texts(module.place, module.files)
    try:
        parsed = parse(module)
        inputs = module_inputs(parsed)
        modules = {
            name: _named(evaluate(parsed, _environment(name, values, inputs)), inputs)
            for name, values in (parsed.tfvars or {"": {}}).items()
        }
    except Rejected as refusal:
        raise Rejected(_placed(refusal.findings, module), texts) from None
    problems = [problem for evaluated in modules.values() for problem in evaluated.problems]
    if problems:
        raise Rejected(_placed(problems, module), texts)
    return ReadBack(module.place, parsed, modules, harmless)


def _placed(findings: Iterable[Finding], module: ModuleText) -> Iterator[Finding]:
    remedy = "render the module again, or compare the manifests"
    for finding in findings:
        yield replace(
            finding, remedy=remedy, location=replace(finding.location, file=f"{module.place}/{finding.location.file}")
        )


def _texts(place: str, files: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a module by the names that findings have: an earlier or a new module is not on the disk."""
    return {f"{place}/{name}": text for name, text in files.items()}


def _environment(name: str, given: Mapping[str, Attribute], inputs: Iterable[Input]) -> Environment:
    """Return the environment that a module is applied in by its values; without a name, any account and region."""
    expressions = {key: attribute.expression for key, attribute in given.items()}
    account, region = (
        str(getattr(expressions.get(key), "value", "") or SYMBOLS[f"local.{key}"]) for key in ("account", "region")
    )
    partition = partition_of(region) if name else SYMBOLS["local.partition"]
    values = InputValues({given.variable: value_of_input(given) for given in inputs})
    return Environment(name, account, region, partition, {}, {}, inputs=values)


def _named(evaluated: EvaluatedModule, inputs: Sequence[Input]) -> EvaluatedModule:
    """Return a module with the names of its inputs in its values, which say the same in another version of it."""
    resources = {
        address: replace(block, values=named(block.values, inputs)) for address, block in evaluated.resources.items()
    }
    return replace(evaluated, resources=resources)


def _resources(evaluated: EvaluatedModule) -> Iterator[EvaluatedBlock]:
    return (block for block in evaluated.resources.values() if block.mode == "resource")


def _names(role: EvaluatedBlock) -> set[object]:
    """Return the names by which another block may refer to a role."""
    return {role.values.get("name"), *("${" + f"{role.address}.{name}" + "}" for name in ("id", "name"))} - {None}


def _access(evaluated: EvaluatedModule, role: EvaluatedBlock, module: ReadBack) -> Access:
    permissions: list[Declared] = []
    places: dict[str, str] = {}
    unjudged: set[str] = set()
    attached = {str(arn) for arn in role.values.get("managed_policy_arns", ())}
    for block, text in _documents(evaluated, role, attached):
        for number, statement in enumerate(_statements(text, block, module, trust=False), start=1):
            origin = f"{block.address}: {statement.sid or f'statement {number}'}"
            places[origin] = f"{module.name}/{block.file}:{block.line}"
            if statement.not_actions or statement.not_resources or (not statement.variables and "${" in text):
                unjudged.add(f"{origin}: {_spelled(statement)}")
            else:
                effect: Literal["Allow", "Deny"] = "Deny" if statement.effect == "Deny" else "Allow"
                permissions.append(
                    Declared(effect, statement.actions, statement.resources, _plain(statement.conditions), origin)
                )
    trusted = _trusted(role, module, unjudged)
    traits = {name: str(role.values[name]) for name in _ROLE_ONLY if name in role.values}
    boundary = str(role.values.get("permissions_boundary") or "")
    return Access(tuple(permissions), places, trusted, boundary, frozenset(attached), frozenset(unjudged), traits)


def _trusted(
    role: EvaluatedBlock, module: ReadBack, unjudged: set[str]
) -> dict[tuple[str, str, str], tuple[Conditions, ...]]:
    """Return who may assume a role, by kind, name and action; add the statements that cannot be judged."""
    trusted: dict[tuple[str, str, str], tuple[Conditions, ...]] = {}
    for statement in _statements(role.values.get("assume_role_policy", "{}"), role, module, trust=True):
        if (
            statement.effect == "Deny"
            or statement.not_principals
            or statement.not_actions
            or statement.principals is None
        ):
            unjudged.add(f"{role.address}: {_spelled(statement)}")
            continue
        for kind, name in statement.principals.entries:
            for action in (each for pattern in statement.actions for each in iam.expand(pattern) or (pattern,)):
                key = kind, "anybody" if name == "*" else name, action
                trusted[key] = (*trusted.get(key, ()), _plain(statement.conditions))
    return trusted


def _documents(
    evaluated: EvaluatedModule, role: EvaluatedBlock, attached: set[str]
) -> Iterator[tuple[EvaluatedBlock, str]]:
    """Yield the policies of a role, each with its block; ARNs of attached policies of others go to `attached`."""
    names = _names(role)
    own = {"${" + block.address + ".arn}": block for block in _resources(evaluated) if block.type == "aws_iam_policy"}
    yield from (
        (role, str(policy["policy"])) for policy in role.values.get("inline_policy", ()) if policy.get("policy")
    )
    for block in _resources(evaluated):
        if block.values.get("role") not in names:
            continue
        if block.type == "aws_iam_role_policy":
            yield block, str(block.values["policy"])
        elif block.type == "aws_iam_role_policy_attachment":
            policy = own.get(block.values["policy_arn"])
            if policy is None:
                attached.add(str(block.values["policy_arn"]))
            else:
                yield policy, str(policy.values["policy"])


def _statements(text: str, block: EvaluatedBlock, module: ReadBack, *, trust: bool) -> tuple[PolicyStatement, ...]:
    try:
        return statements(read_json(text), trust=trust)
    except (PolicyError, ValueError, RecursionError) as error:
        place = Location(f"{module.name}/{block.file}", block.line, 1, block.line, 2)
        message = f"the policy of {block.address} cannot be read: {error}"
        finding = Finding("readback-policy", message, "render the module again", place)
        raise Rejected([finding], _texts(module.name, module.parsed.files)) from None


def _plain(conditions: tuple[Atom, ...]) -> Conditions:
    return tuple((condition.operator, condition.key, condition.values) for condition in conditions)


def _spelled(statement: PolicyStatement) -> str:
    """Return a statement in one line, which is the same for the same statement."""
    actions = f"{'NotAction' if statement.not_actions else 'Action'} {', '.join(statement.actions)}"
    resources = f"{'NotResource' if statement.not_resources else 'Resource'} {', '.join(statement.resources)}"
    who = (
        ", ".join(" ".join(entry) for entry in statement.principals.entries) if statement.principals is not None else ""
    )
    conditions = "; ".join(f"{o} {k} {' | '.join(v)}" for o, k, v in sorted(_plain(statement.conditions)))
    parts = (statement.effect, actions, resources if statement.resources else "", who, conditions)
    return " ".join(part for part in parts if part)


# What is in no role


def _wiring(parsed: ParsedModule) -> dict[str, str]:
    """Return the blocks that Terraform takes and that have no value, and what blocks say of their own handling."""
    found: dict[str, str] = {}
    for block in parsed.blocks:
        name = " ".join((block.type, *block.labels))
        if block.type == "terraform":
            inner = [nested for nested in block.blocks if nested.type != "required_providers"]
            found |= {f"{name} {nested.type}": repr(_shape(nested)) for nested in inner}
            found |= {
                f"{name} providers ({block.file})": repr(_sources(providers))
                for providers in block.all("required_providers")
            }
        elif block.type == "variable" and is_input(block, parsed):
            found[INPUT + block.labels[0]] = _accepted(block)
        elif block.type not in _VALUES:
            found[f"{name} ({block.file})"] = repr(_shape(block))
        elif block.type in ("resource", "data"):
            handled = [repr(block.attributes["provider"].expression)] if "provider" in block.attributes else []
            for lifecycle in block.all("lifecycle"):
                handled += [
                    f"{key} {attribute.expression!r}" for key, attribute in sorted(lifecycle.attributes.items())
                ]
                found |= _guarded(f"{CONDITION}{'.'.join(block.labels)}", lifecycle.blocks)
            if handled:
                found[f"the handling of {'.'.join(block.labels)}"] = "; ".join(handled)
    return found


def _accepted(variable: Block) -> str:
    """Return what values a variable takes, and which one where none is given, whatever its messages say."""
    held = sorted((name, repr(a.expression)) for name, a in variable.attributes.items() if name != "description")
    return f"{held}; {_guarded('', variable.blocks).get('')}"


def _sources(block: Block) -> object:
    """Return where providers come from, whatever their version."""
    return sorted(
        (
            name,
            sorted(
                (repr(key), repr(value)) for key, value in attribute.expression.items if "'version'" not in repr(key)
            ),
        )
        if isinstance(attribute.expression, Map)
        else (name, repr(attribute.expression))
        for name, attribute in block.attributes.items()
    )


def _guarded(name: str, blocks: Iterable[Block]) -> dict[str, str]:
    """Return the conditions that have to hold before anything is applied, whatever their error messages say."""
    held = sorted(repr(block.attributes["condition"].expression) for block in blocks if "condition" in block.attributes)
    return {name: "; ".join(held)} if held else {}


def _shape(block: Block) -> object:
    """Return a block without its place."""
    attributes = sorted((name, repr(attribute.expression)) for name, attribute in block.attributes.items())
    return block.type, block.labels, attributes, [_shape(nested) for nested in block.blocks]


def _bearing(evaluated: EvaluatedModule, harmless: Mapping[str, Mapping[str, bool]]) -> dict[str, str]:
    """Return the values beside the roles' own policies that may decide who may do what, by address."""
    roles = [block for block in _resources(evaluated) if block.type == "aws_iam_role"]
    names = {name for role in roles for name in _names(role)}
    read = {block.address for role in roles for block, _ in _documents(evaluated, role, set())}
    found: dict[str, str] = {}
    for block in evaluated.resources.values():
        type_ = block.address.rpartition(".")[0]
        if block.mode == "data" and type_ in harmless:
            continue
        attachment = block.type == "aws_iam_role_policy_attachment" and block.values.get("role") in names
        if block in roles or block.address in read or attachment:
            continue
        text = "\n".join(sorted(_deciding_leaves(block, harmless.get(type_, {}))))
        if text or block.type.startswith(_IAM) or type_ not in harmless:
            found[block.address] = text
    return found


def _deciding_leaves(block: EvaluatedBlock, known: Mapping[str, bool]) -> Iterator[str]:
    """Yield the values of a block that may decide who may do what, each with its path."""
    for path, value in _leaves(block.values, ""):
        if path[1:].split(".")[0] not in _WORDS and (
            block.type.startswith(_IAM) or _decides(path, value) or not _is_harmless(path, known)
        ):
            yield f"{path}={value}"


def _decides(path: str, value: str) -> bool:
    """Return whether a value names a role or a principal, or is a policy."""
    return _IAM in value or ":role/" in value or '"Statement"' in value or "principal" in path or "policy" in path


def _is_harmless(path: str, known: Mapping[str, bool]) -> bool:
    """Return whether the longest known path that covers this one is harmless; indexes of lists do not count."""
    steps = [step for step in path[1:].split(".") if not step.isdecimal()]
    covering = (".".join(steps[:length]) for length in range(len(steps), 0, -1))
    return next((known[shorter] for shorter in covering if shorter in known), False)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - values of a module
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{number}")
    elif isinstance(value, str) and value.startswith(("{", "[")) and "Statement" not in value:
        yield from _leaves(_read_json(value), path)
    else:
        yield path, str(value)


def _read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a JSON text holds; a text that is not JSON, or holds nothing, is itself, in a list."""
    try:
        return json.loads(text) or [f"text {text}"]
    except (ValueError, RecursionError):
        return [f"text {text}"]
