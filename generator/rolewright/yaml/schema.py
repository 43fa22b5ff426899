"""Validate data by a JSON Schema, with violations as findings that have a location."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

import jsonschema_rs

from rolewright.core.finding import Finding
from rolewright.core.nearest import nearest
from rolewright.core.words import Words
from rolewright.data.formats import FORMATS
from rolewright.yaml.wording import LONGEST, alternatives, limit, shape, told, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from rolewright.core.finding import Edit, Location
    from rolewright.yaml.load import PathInTree
    from rolewright.yaml.source import Source


class Locate(Protocol):
    """Returns the location of a value, or of its key, by its path."""

    def __call__(self, path: PathInTree, *, key: bool = False) -> Location:
        """Return the location of the value at `path`, or of its key."""
        ...


@dataclass(frozen=True)
class Schema:
    """A JSON Schema that is compiled at its first use.

    `words` says how to tell a person of a violation. In the schema, `x-words` names the places whose synonyms stand
    for its keys, or for its options.
    """

    document: Mapping[str, Any] = field(repr=False)
    words: Callable[[], Words] = field(default=Words, repr=False, compare=False)

    @cached_property
    def _validator(self) -> Any:  # noqa: ANN401 - one of several classes of the library
        # Only a document that names one of these formats is held to formats at all: JSON Schema takes them as a note.
        formats = [name for name in FORMATS if f'"format": "{name}"' in self.text]
        named: dict[str, Callable[..., bool]] = {name: partial(_fits, FORMATS[name]) for name in formats}
        return jsonschema_rs.validator_for(dict(self.document), formats=named, validate_formats=bool(named))

    @cached_property
    def text(self) -> str:
        """Return the schema as JSON."""
        return json.dumps(self.document)

    def accepts(self, data: object) -> bool:
        """Return whether the data conforms to the schema."""
        return bool(self._validator.is_valid(data))

    def findings(
        self,
        data: object,
        locate: Locate,
        rule: str,
        *,
        skip: Collection[PathInTree] = (),
        at: PathInTree = (),
        source: Source | None = None,
    ) -> Iterator[Finding]:
        """Yield every violation in the data that is at the path `at`.

        Strings at `skip` have references that are resolved and validated later: only their type is checked here.
        With the `source` that `locate` leads to, a violation that can be meant in one way only has a fix.
        """
        errors = list(self._validator.iter_errors(data))
        by_format = [error.instance_path for error in errors if error.kind.name == "format"]
        for error in errors:
            path = (*at, *error.instance_path)
            if path in skip and error.kind.name != "type":
                continue
            if error.kind.name == "pattern" and error.instance_path in by_format:
                continue  # what its format has to say of it is clearer
            details = error.kind.as_dict()
            for finding in self._describe(error, path, locate, rule):
                fix = self._fix(finding, error, details, path, locate, source) if source is not None else ()
                yield replace(finding, fix=fix) if fix else finding

    def _fix(
        self,
        finding: Finding,
        error: Any,  # noqa: ANN401 - one of several classes of the library
        details: Mapping[str, Any],
        path: PathInTree,
        locate: Locate,
        source: Source,
    ) -> tuple[Edit, ...]:
        """Return the edits that remove a violation where it can be meant in one way only, and none otherwise."""
        match error.kind.name:
            case "additionalProperties" | "unevaluatedProperties":
                if len(details["unexpected"]) > _MOST_SLIPS:
                    return ()
                known = self._known(error.schema_path)
                given = [key for key in known if source.has_key(locate((*path, key), key=True), key)]
                meant = _meant(finding.subject, details["unexpected"], known, given)
                return source.renamed(finding.location, finding.subject, meant) if meant else ()
            case "required":
                name = details["property"]
                known = self._known(error.schema_path)
                wanted = known.get(name, {})
                if "const" not in wanted or any(key not in known for key in error.instance):  # one may be a slip of it
                    return ()
                keys = [locate((*path, key), key=True) for key in error.instance]
                return source.with_key(locate(path), keys, name, wanted["const"])
            case "type":
                return source.of_type(finding.location, error.instance, details["types"])
            case "enum" | "const":
                options = details.get("options", [details.get("expected_value")])
                return source.option(finding.location, error.instance, options)
            case "uniqueItems":
                entries = [locate((*path, index)) for index in range(len(error.instance))]
                return source.without_repeats(entries, error.instance)
            case _:
                return ()

    def _describe(self, error: Any, path: PathInTree, locate: Locate, rule: str) -> Iterator[Finding]:  # noqa: ANN401
        dotted = _dotted(path)
        name = dotted or "the document"
        details = error.kind.as_dict()
        match error.kind.name:
            case "additionalProperties" | "unevaluatedProperties":
                yield from self._unknown_keys(error, path, locate, rule)
            case "required":
                yield Finding(
                    f"{rule}-missing-key",
                    f"`{details['property']}` is missing" + (f" in `{dotted}`" if dotted else ""),
                    f"add `{details['property']}`" + self._hint(error.schema_path, details["property"]),
                    locate(path, key=True),
                    dotted,
                )
            case "enum" | "const":
                yield self._not_an_option(error, path, locate, rule)
            case "type":
                yield Finding(
                    f"{rule}-type",
                    f"`{name}` is {_kind(error.instance)}",
                    f"write {wanted(details['types'], self._at(tuple(error.schema_path)[:-1]), self.words())}",
                    locate(path),
                    dotted,
                )
            case "propertyNames":
                key = details["error"].instance
                yield Finding(
                    f"{rule}-name",
                    f"`{key}` cannot be a name in `{name}`",
                    self._names(str(key), self._at(tuple(error.schema_path)[:-1])),
                    locate((*path, key), key=True),
                    f"{dotted}.{key}" if dotted else key,
                )
            case "falseSchema":
                yield Finding(
                    f"{rule}-name",
                    f"`{name}` cannot be combined with the other keys here",
                    "remove it, or the key that it conflicts with",
                    locate(path, key=True),
                    dotted,
                )
            case "format" if details["format"] in FORMATS:
                fault, remedy = FORMATS[details["format"]](error.instance) or ("", "")
                message = f"`{name}` is {_shown(error.instance)}: {fault}"
                yield Finding(f"{rule}-value", message, remedy, locate(path), dotted)
            case "anyOf" | "oneOf" if forms := self._forms(error.schema_path):
                message = f"`{name}` needs other keys"
                yield Finding(f"{rule}-missing-key", message, f"give {'; or '.join(forms)}", locate(path), dotted)
            case _:
                yield self._unfit(error, path, locate, rule)

    def _unfit(self, error: Any, path: PathInTree, locate: Locate, rule: str) -> Finding:  # noqa: ANN401
        """Return the finding of a value of the right kind that its pattern, a limit or another condition refuses."""
        schema_path, kind = tuple(error.schema_path)[:-1], error.kind.name
        schema, words, details = self._at(schema_path), self.words(), error.kind.as_dict()
        of_list = self._at(schema_path[:-1]) if schema_path[-1:] == ("items",) else {}
        described = schema.get("description") or of_list.get("description", "")
        fault, write = limit(kind, details), ""
        if kind == "pattern":
            fault, write = words.form(error.instance), words.patterns.get(details["pattern"], "")
        elif kind in ("anyOf", "oneOf"):
            write = alternatives(self._at(schema_path).get(kind, ()), words)
        elif not fault:
            fault = _limited(error.message)
        if write:
            remedy = f"write {write}" + (f" ({described})" if described else "")
        elif described and schema.get("examples"):
            remedy = f"{described}, such as {told(shape(schema, words))}"
        else:
            remedy = described or (
                f"write what matches {details['pattern']}" if kind == "pattern" else "change the value"
            )
        message = f"`{_dotted(path) or 'the document'}` is {_shown(error.instance)}" + (f": {fault}" if fault else "")
        return Finding(f"{rule}-value", message, remedy, locate(path), _dotted(path))

    def _unknown_keys(self, error: Any, path: PathInTree, locate: Locate, rule: str) -> Iterator[Finding]:  # noqa: ANN401
        dotted = _dotted(path)
        known = self._known(error.schema_path)
        synonyms = self._synonyms(tuple(error.schema_path)[:-1])
        for key in error.kind.as_dict()["unexpected"]:
            near = nearest(str(key), sorted(known), synonyms)
            listed = "known here: " + (", ".join(sorted(known)) or "none")
            yield Finding(
                f"{rule}-unknown-key",
                f"unknown key `{key}`" + (f" in `{dotted}`" if dotted else ""),
                f"did you mean {_offered(near, known)}?" if near else listed,
                locate((*path, key), key=True),
                ".".join([*([dotted] if dotted else []), key]),
                subject=key,
            )

    def _not_an_option(self, error: Any, path: PathInTree, locate: Locate, rule: str) -> Finding:  # noqa: ANN401
        dotted = _dotted(path)
        details = error.kind.as_dict()
        options = [_shown(option).strip('"') for option in details.get("options", [details.get("expected_value")])]
        schema = self._at(tuple(error.schema_path)[:-1])
        near = nearest(str(error.instance), options, self._synonyms(tuple(error.schema_path)[:-1]))
        described = schema.get("description", "")
        shortened = near and len(options) > _MANY
        listed = described if shortened else "possible: " + ", ".join(options)
        return Finding(
            f"{rule}-value",
            f"`{dotted or 'the document'}` is {_shown(error.instance)}"
            + (f": {form}" if isinstance(error.instance, str) and (form := self.words().form(error.instance)) else ""),
            (f"did you mean {' or '.join(near)}? " if near else "")
            + listed
            + (f"; {described}" if described and error.kind.name == "const" else ""),
            locate(path),
            dotted,
        )

    def _synonyms(self, schema_path: PathInTree) -> Mapping[str, Sequence[str]]:
        return self.words().meant(*self._at(schema_path).get("x-words", ()))

    def _names(self, key: str, names: Mapping[str, Any]) -> str:
        """Return which names a mapping takes instead of one that it does not."""
        if "enum" in names:
            near = nearest(key, names["enum"])
            return (f"did you mean {' or '.join(near)}? " if near else "") + "possible: " + ", ".join(names["enum"])
        pattern = names.get("pattern", "the schema")
        said = self.words().patterns.get(pattern)
        return f"use a name of {said}" if said else f"use a name that matches {pattern}"

    def _forms(self, schema_path: list[str | int]) -> list[str]:
        """Return what each of several forms of a mapping has to have, where each says so by its keys; or nothing."""
        forms = self._at(tuple(schema_path)[:-1]).get(str(schema_path[-1]), [])
        if not all(isinstance(form, dict) and form.get("required") for form in forms):
            return []
        return [
            " and ".join(_key(key, form.get("properties", {}).get(key)) for key in form["required"]) for form in forms
        ]

    def _at(self, schema_path: PathInTree) -> Mapping[str, Any]:
        node: Any = self.document
        for step in schema_path:
            if step == "$ref":
                node = self._at(tuple(node["$ref"].removeprefix("#/").split("/")))
            elif isinstance(node, list):
                node = node[int(step)]
            else:
                node = node.get(step, {})
        return node if isinstance(node, dict) else {}

    def _known(self, schema_path: list[str | int]) -> Mapping[str, Any]:
        """Return the properties of the mapping that a keyword is about, also where it stands under a condition."""
        above = tuple(schema_path)[:-1]
        properties: Mapping[str, Any] = self._at(above).get("properties", {})
        outer = self._at(above[:-1]).get("properties", {}) if above[-1:] in (("then",), ("else",)) else {}
        return {**outer, **properties}

    def _hint(self, schema_path: list[str | int], key: str) -> str:
        schema = self._known(schema_path).get(key, {})
        described = schema.get("description", "") if isinstance(schema, dict) else ""
        return f": {_illustrated(described, schema, self.words())}" if described else ""


def _illustrated(described: str, schema: Mapping[str, Any], words: Words) -> str:
    """Return a description with the field's own example, where it says none itself."""
    shown = told(shape(schema, words)) if "pattern" in schema or "examples" in schema else ""
    return f"{described}, such as {shown}" if 0 < len(shown) <= LONGEST and "such as" not in described else described


def _key(key: str, schema: Any) -> str:  # noqa: ANN401 - a schema
    return f"`{key}: {schema['const']}`" if isinstance(schema, dict) and "const" in schema else f"`{key}`"


def _offered(near: Sequence[str], known: Mapping[str, Any]) -> str:
    """Return names that a key may have been meant for; of a single one also what it is for."""
    names = [f"`{name[1:]}` at the top of the manifest" if name.startswith("/") else f"`{name}`" for name in near]
    schema = known.get(near[0]) if len(near) == 1 else None
    described = schema.get("description", "") if isinstance(schema, dict) else ""
    return " or ".join(names) + (f" ({_limited(described)})" if described else "")


def _fits(fault: Callable[[str], object], text: str) -> bool:
    return fault(text) is None


def _meant(key: str, unknown: Collection[str], known: Collection[str], given: Collection[str]) -> str:
    """Return the only known key that an unknown one can be a slip of, or "" where there is none, or several.

    None of several unknown keys is certain to be the one that they are all near to, nor one that is given as well.
    """
    near = difflib.get_close_matches(key, sorted(known), 2, _NEAR)
    rivals = [other for other in unknown if near and difflib.get_close_matches(other, near, 1, _NEAR)]
    return near[0] if len(near) == 1 and near[0] not in given and rivals == [key] else ""


_NEAR = 0.8
_MOST_SLIPS = 20
"""The unknown keys of one mapping that can be slips: each is compared with all others."""
_MANY = 12
"""The options that are listed beside the one that was meant."""


def _dotted(path: PathInTree) -> str:
    return ".".join(str(step) for step in path)


def _kind(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return _shown(value)
        case list():
            return "a list"
        case _:
            return "a mapping"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return _limited(f'"{value}"') if isinstance(value, str) else _limited(told(value))


def _limited(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "…"
