"""The inputs of a manifest: what is described under `inputs`, and what follows from the places that refer to it."""

from __future__ import annotations

import difflib
import json
import operator
import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import changed_fields
from rolewright.core.finding import Severity
from rolewright.core.inputs import ARN, NAME, TAGS, Input, InputPart
from rolewright.data import iam
from rolewright.data.symbols import SYMBOL, symbol
from rolewright.hcl.literal import identifier
from rolewright.manifest.arn_inputs import arn_form, own_type
from rolewright.manifest.document import strings
from rolewright.manifest.environments import merged
from rolewright.manifest.input_patterns import (
    CHARACTERS,
    accepted_and_refused,
    is_plain,
    list_pattern,
    map_pattern,
    whole,
)
from rolewright.manifest.input_places import WHOLE, InputPlace, entry_at, has_type, input_places, misplaced
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

INPUT_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_ANYWHERE = {"partition": "aws", "region": "us-east-1", "account": "123456789012"}
_OF_TERRAFORM = frozenset(
    {"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}
)  # https://developer.hashicorp.com/terraform/language/block/variable, "label"
_BOUNDS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "%": lambda value, whole: value % whole == 0,
}
_OF_MODULE = frozenset({"environment", "account", "region"})


@cache
def input_types() -> Mapping[str, Mapping[str, Any]]:
    """Return what input_types.yaml says of each type of inputs."""
    types: Mapping[str, Mapping[str, Any]] = load(Path(__file__).parent / "input_types.yaml").trees[0].data
    return types


@dataclass(frozen=True)
class Inputs:
    """The inputs of a manifest, what is wrong with them, and the paths of values where that is."""

    listed: tuple[Input, ...]
    findings: tuple[Finding, ...]
    faulty: frozenset[PathInTree]

    def exemplified(self, data: Any, place: Mapping[str, str] = _ANYWHERE) -> Any:  # noqa: ANN401 - YAML
        """Return a document with the default or an example for each value that is an input and nothing else.

        Rules compare ARNs with the partition, region and account of an environment: an example is one of that `place`.
        """
        examples = {given.name: given.written(place) for given in self.listed}
        found = ((path, WHOLE.fullmatch(text)) for path, text in strings(data) if "${" in text)
        return merged(data, {path: examples[m[1]] for path, m in found if m is not None and m[1] in examples})


def read_inputs(manifest: Manifest, catalog: Catalog) -> Inputs:
    """Read the inputs of a manifest, of which nothing is checked yet."""
    described = manifest.tree.data.get("inputs")
    described = described if isinstance(described, dict) else {}
    known = {name: written for name, written in described.items() if _is_described(name, written)}
    places = list(input_places(manifest, catalog))
    findings: list[Finding] = []
    faulty: set[PathInTree] = set()
    fitting: dict[str, list[InputPlace]] = {name: [] for name in known}
    for place in places:
        if place.name in described and place.name not in known:  # the schema says what is wrong with it
            faulty.add(place.path)
            continue
        fault = _fault(place, described, known, manifest, catalog)
        if fault is None:
            fitting[place.name].append(place)
            continue
        findings.append(fault)
        faulty.add(place.path)
    numbers = count()
    listed: list[Input] = []
    for name, written in known.items():
        faults = [*_name_faults(manifest, name, catalog), *_form_faults(manifest, name, written, catalog)]
        if not faults:
            given = _input(name, written, fitting[name], catalog, lambda: symbol(next(numbers)))
            if ("inputs", name, "default") not in faulty:
                faults = list(_default_faults(manifest, given))
            listed.append(given)
        if faults:  # what is wrong with it is not said once more of each value
            faulty |= {place.path for place in fitting[name]}
        referred = {place.name for place in places}
        faults += _unused(manifest, name, written, fitting[name], is_referred=name in referred)
        findings += faults
    if described:
        findings += _hidden(manifest)
    return Inputs(tuple(listed), tuple(findings), frozenset(faulty))


def _is_described(name: object, written: object) -> bool:
    """Return whether an entry of `inputs` is so far right that its type is known; the schema says what else is not."""
    if not isinstance(name, str) or not INPUT_NAME.fullmatch(name) or not isinstance(written, dict):
        return False
    has_form = written.get("type") != ARN or all(isinstance(written.get(key), str) for key in ("service", "resource"))
    return has_form and isinstance(written.get("type"), str) and written["type"] in input_types()


def _fault(
    place: InputPlace,
    described: Mapping[str, Any],
    known: Mapping[str, Any],
    manifest: Manifest,
    catalog: Catalog,
) -> Finding | None:
    """Return what is wrong with a reference to an input."""
    if place.name not in described:
        near = difflib.get_close_matches(place.name, list(described), 1, 0.4)
        listed = f"use one of: {', '.join(described)}" if described else "describe it under `inputs`"
        remedy = f"did you mean ${{inputs.{near[0]}}}?" if near else listed
        message = f"${{inputs.{place.name}}} does not refer to an input"
        return manifest.finding("manifest-input-unknown", message, remedy, place.path)
    described_input = known[place.name]
    reason = misplaced(place, described_input["type"], manifest, catalog) or _unfit(
        place, described_input, manifest, catalog
    )
    if not reason:
        return None
    message = f"${{inputs.{place.name}}} cannot stand here: {reason}"
    return manifest.finding("manifest-input-place", message, "write the value, or take the input elsewhere", place.path)


def _unfit(place: InputPlace, written: Mapping[str, Any], manifest: Manifest, catalog: Catalog) -> str:
    """Return why the form of an input does not go with the field, or ""."""
    if place.path[0] in ("compute", "resources") and not has_type(place, manifest, catalog):
        return ""
    if place.path[0] == "resources" and place.path[2:] == ("arn",):
        blueprint = catalog.resources[entry_at(manifest, place.path)["type"]]
        if written["type"] != ARN or (written.get("service"), written.get("resource")) != own_type(blueprint):
            service, resource = own_type(blueprint)
            return f"it takes an input of type arn, with service {service} and resource {resource}"
    if written["type"] == NAME and place.path[0] == "resources" and len(place.path) == 3:
        blueprint = catalog.resources[entry_at(manifest, place.path)["type"]]
        if place.path[2] in changed_fields(blueprint.arns.values()):
            return "AWS spells it in another way in the ARN, so that nothing can be proven of an unknown one"
    pattern = _pattern(place)
    if pattern and place.schema.get("type") != "array" and accepted_and_refused(pattern) is None:
        return "Terraform cannot check the form of this field"
    return ""


def _pattern(place: InputPlace) -> str:
    """Return the pattern of a field that is an input and nothing else; "" where it has none of its own."""
    own_arn = place.path[0] == "resources" and place.path[2:] == ("arn",)
    return "" if own_arn or not place.whole else str(place.schema.get("pattern", ""))


def _name_faults(manifest: Manifest, name: str, catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for a name that Terraform, or the module itself, has for something else."""
    variable = name.replace("-", "_")
    compute = catalog.computes.get(entry_at(manifest, ("compute",)).get("type", ""))
    own = {field for field, schema in compute.fields.items() if schema.get("x-variable")} if compute else set()
    reason = "Terraform has that name for something else" if variable in _OF_TERRAFORM else ""
    reason = "the module has a variable of that name" if variable in _OF_MODULE | own else reason
    if reason:
        message, remedy = f"no input can be named {name}: {reason}", "give it another name"
        yield manifest.finding("manifest-input-name", message, remedy, ("inputs", name), key=True)


def _form_faults(manifest: Manifest, name: str, written: Mapping[str, Any], catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for an ARN of a type that nobody knows."""
    if written["type"] != ARN:
        return
    service, resource = written["service"], written["resource"]
    if arn_form(service, resource, catalog) is None:
        facts = iam.service(service)
        wanted, known = (service, sorted(iam.services())) if facts is None else (resource, sorted(facts.resources))
        near = difflib.get_close_matches(wanted, known, 1, 0.4)
        remedy = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known[:20])}"
        message = f"the IAM database has no ARNs of service {service} and resource {resource}"
        key = "service" if facts is None else "resource"
        yield manifest.finding("manifest-input-arn", message, remedy, ("inputs", name, key))


def _unused(
    manifest: Manifest, name: str, written: Mapping[str, Any], fitting: Sequence[InputPlace], *, is_referred: bool
) -> Iterator[Finding]:
    if written["type"] == NAME and fitting and not any(map(_pattern, fitting)):
        message = f"nothing says what form the name {name} has: it stands in no field that names something"
        remedy = "use it as such a name too, or make it a string"
        yield manifest.finding("manifest-input-place", message, remedy, ("inputs", name), key=True)
    if not is_referred and written["type"] != TAGS:
        finding = manifest.finding(
            "manifest-input-unused",
            f"nothing refers to the input {name}",
            f"write ${{inputs.{name}}} where it belongs, or remove it",
            ("inputs", name),
            key=True,
        )
        yield replace(finding, severity=Severity.WARNING)


def _hidden(manifest: Manifest) -> Iterator[Finding]:
    """Yield a finding for each text with a character that stands for an input in the proof."""
    for path, text in strings(manifest.tree.data):
        if SYMBOL.search(text):
            message, remedy = "this text contains a character of a private use area", "remove it"
            yield manifest.finding("manifest-character", message, remedy, path)


def _input(
    name: str,
    written: Mapping[str, Any],
    places: Sequence[InputPlace],
    catalog: Catalog,
    new_symbol: Any,  # noqa: ANN401
) -> Input:
    """Return an input as the places where it stands make it."""
    kind = written["type"]
    type_ = input_types()[kind]
    variable = identifier(name)
    summary = f"the ARN of a {written['resource']} of {written['service']}" if kind == ARN else str(type_["is"])
    reference = f"var.{variable}"
    has_default = "default" in written
    form = arn_form(written["service"], written["resource"], catalog) if kind == ARN else None
    examples = [written["default"]] if has_default else [type_["example"]] if "example" in type_ else _examples(places)
    example = examples[0]
    parts: tuple[InputPart, ...]
    if form is not None:
        parts = form.input_parts(reference, new_symbol, written.get("default"))
        example = "".join(part.text for part in parts)
    else:
        text = str(example).lower() if isinstance(example, bool) else str(example)
        parts = (InputPart(text, new_symbol(), reference),)
    accepts, refuses = _conditions(kind, type_, places, example, form.pattern if form else "")
    for fitting in examples if kind == NAME else ():
        if _matches(accepts, refuses, fitting):
            parts = (replace(parts[0], text=fitting),)
            example = fitting
            break
    is_plain_value = type_["variable"] in ("string", "number", "bool")
    return Input(
        name=name,
        kind=kind,
        variable=variable,
        type=type_["variable"],
        summary=summary,
        description=written.get("description") or summary[:1].upper() + summary[1:],
        parts=parts,
        example=example,
        tested=reference if is_plain_value else f"jsonencode({reference})",
        accepts=accepts,
        refuses=refuses,
        longest=type_.get("longest", 0),
        bounds=tuple(_bounds(places)) if kind == "number" else (),
        default=written.get("default"),
        has_default=has_default,
    )


def _examples(places: Sequence[InputPlace]) -> list[str]:
    """Return examples of the fields that a name stands in."""
    examples = (text for place in places for text in place.schema.get("examples", ()) if isinstance(text, str))
    return [*examples, "example"]


def _conditions(
    kind: str,
    type_: Mapping[str, Any],
    places: Sequence[InputPlace],
    example: object,
    arn: str,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the patterns that an input has to match, and those that it must not."""
    accepts: dict[str, None] = {}
    refuses: dict[str, None] = dict.fromkeys([type_["refuses"]] if "refuses" in type_ else [])
    form = {"list(string)": list_pattern, "map(string)": map_pattern}.get(type_["variable"], whole)
    if arn or "accepts" in type_:
        accepts[arn or form(type_["accepts"])] = None
    for place in places:
        if place.schema.get("type") == "array":
            continue
        both = accepted_and_refused(_pattern(place)) if _pattern(place) else None
        if both is not None:
            accepts[both[0]] = None
            refuses |= dict.fromkeys(both[1])
        fixed = place.schema.get("x-fixed")
        if isinstance(fixed, str):  # decides what the module consists of, so it is decided here
            (accepts if re.search(fixed, str(example)) else refuses)[fixed] = None
    if kind == NAME and not any(map(is_plain, accepts)):
        accepts = {f"^[{CHARACTERS}]+$": None, **accepts}
    return tuple(accepts), tuple(refuses)


def _bounds(places: Sequence[InputPlace]) -> Iterator[tuple[str, int | float]]:
    """Yield the bounds of a number: those of all fields that it stands in."""
    schemas = [place.schema for place in places if place.whole]
    lowest = [schema["minimum"] for schema in schemas if "minimum" in schema]
    highest = [schema["maximum"] for schema in schemas if "maximum" in schema]
    if lowest:
        yield ">=", max(lowest)
    if highest:
        yield "<=", min(highest)
    if any(schema.get("type") == "integer" for schema in schemas):
        yield "%", 1


def _default_faults(manifest: Manifest, given: Input) -> Iterator[Finding]:
    """Yield a finding for a default that the module's own validation would refuse."""
    if not given.has_default:
        if not admits(given, given.written(_ANYWHERE)):
            message = f"no example of {given.name} is known that all fields take in which it stands"
            remedy = "give it a default that they take, which moto is tried with"
            yield manifest.finding("manifest-input-default", message, remedy, ("inputs", given.name), key=True)
        return
    kinds = {"number": (int, float), "bool": bool, "string": str, "list(string)": list, "map(string)": dict}
    type_: Any = kinds[given.type]
    is_of_type = isinstance(given.default, type_) and (given.type != "number" or not isinstance(given.default, bool))
    if is_of_type and given.type in ("list(string)", "map(string)"):
        entries = given.default.values() if isinstance(given.default, dict) else given.default
        is_of_type = all(isinstance(entry, str) for entry in entries)
    if not is_of_type or not admits(given, given.default):
        message = f"the default of {given.name} is not {given.summary} as the module takes it"
        conditions = [*given.accepts, *(f"not {pattern}" for pattern in given.refuses)]
        remedy = "write one that matches " + " and ".join(conditions) if conditions else f"write a {given.type}"
        yield manifest.finding("manifest-input-default", message, remedy, ("inputs", given.name, "default"))


def admits(given: Input, value: Any) -> bool:  # noqa: ANN401 - any value that a variable may have
    """Return whether the module's validation takes a value."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return all(_BOUNDS[name](value, bound) for name, bound in given.bounds)
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)
    return _matches(given.accepts, given.refuses, text) and (not given.longest or len(text) <= given.longest)


def _matches(accepts: Iterable[str], refuses: Iterable[str], text: str) -> bool:
    return all(found(pattern, text) for pattern in accepts) and not any(found(pattern, text) for pattern in refuses)


def found(pattern: str, text: str) -> bool:
    """Return whether a pattern of RE2 is found in a text: its `$` is the very end, and `[0-9]` are all digits."""
    return re.search(re.sub(r"(?<!\\)\$(?=$|\)|\|)", r"\\Z", pattern), text, re.ASCII) is not None
