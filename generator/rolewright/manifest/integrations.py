"""The calls in a definition: the integrations named in it, and the resources that their arguments name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.model import Use
from rolewright.core.text import Text
from rolewright.prove.match import Kind, matches
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.core.finding import Finding
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

CALLS = "x-calls"
"""The mark of a field that is a definition with calls."""

_NAMED = re.compile(r"\$\{resources\.([a-z0-9-]+)\.[a-z_]+\}")

_PLAIN = re.compile(r"[^.]+")

_JSONATA = re.compile(r"\s*\{%.*%\}\s*", re.DOTALL)

_QUOTED = re.compile(r"""(&\s*)?(["'])(.*?)\2(?=(\s*&)?)""", re.DOTALL)
"""A text in a JSONata expression, and whether another is put before or behind it."""


@dataclass(frozen=True)
class Calls:
    """The mark `x-calls` of a field: how to find the calls in a definition, and which permissions each needs.

    Every mapping at any depth with the key `key` makes a call; where the value fits `pattern`, its first group is the
    integration, one of `of`. A resource's reference in its place is an integration of its own, called "". The argument
    of an integration, a dotted path under one of `arguments`, names the resource on which `role` gets verbs. The module
    has `prefix` before an integration, whatever the manifest has there. What fits `unasked` takes no permission.
    `qualified` says of a type which of its fields has the qualifier of what is called, and which argument would have
    another, and `needs` which arguments a call has to have where an entry of that type fits a schema. `ends` of an
    integration is the field of the resource whose value has to stand behind the reference, after a colon.
    """

    role: str
    key: str
    pattern: re.Pattern[str]
    arguments: tuple[str, ...]
    integrations: Mapping[str, Mapping[str, Any]]
    flags: Mapping[str, str]
    refused: Mapping[str, str]
    others: str
    prefix: str
    unasked: re.Pattern[str] | None
    qualified: Mapping[str, Mapping[str, str]]
    needs: Mapping[str, Sequence[Mapping[str, Any]]]

    @classmethod
    def of(cls, mark: Mapping[str, Any]) -> Calls:
        """Read the mark."""
        return cls(
            mark["role"],
            mark["key"],
            re.compile(mark["pattern"]),
            tuple(mark["arguments"]),
            mark["of"],
            mark.get("flags", {}),
            mark.get("refused", {}),
            mark.get("others", ""),
            mark.get("prefix", ""),
            re.compile(mark["unasked"]) if "unasked" in mark else None,
            mark.get("qualified", {}),
            mark.get("needs", {}),
        )

    def written(self, node: Any) -> Any:  # noqa: ANN401 - YAML
        """Return a definition with the prefix before each of its integrations."""
        if isinstance(node, list):
            return [self.written(inner) for inner in node]
        if not isinstance(node, dict) or not self.prefix:
            return node
        called = node.get(self.key)
        match = self.pattern.fullmatch(called) if isinstance(called, str) else None
        own = {self.key: self.prefix + match[1]} if match else {}
        return {key: own.get(key) or self.written(inner) for key, inner in node.items()}

    def is_open(self, definition: Any, path: PathInTree) -> bool:  # noqa: ANN401 - YAML
        """Return whether no permission depends on a value in a definition: an argument that decides nothing of a call.

        Of an integration that is not known here, and outside of arguments, any value may decide it.
        """
        node, inside = definition, False
        for index, step in enumerate(path):
            if isinstance(node, dict) and self.key in node:
                match = self.pattern.fullmatch(str(node[self.key]))
                described = self.integrations.get(match[1] if match else "")
                if described is None or step not in self.arguments:
                    return False
                deciding = [*([described["argument"]] if "argument" in described else []), *described.get("beside", {})]
                deciding += [
                    self.qualified[type_]["argument"] for type_ in described["verbs"] if type_ in self.qualified
                ]
                named = [str(inner).removesuffix(".$") for inner in path[index + 1 :] if not isinstance(inner, int)]
                if not named or any(_overlap(named, argument.split(".")) for argument in deciding):
                    return False
                inside = True
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return False
        return inside and not {self.key, *self.flags, *self.refused} & {*path[-1:]}


def closed_paths(calls: Calls, definition: Any, at: PathInTree) -> Iterator[PathInTree]:  # noqa: ANN401 - YAML
    """Yield the path of every value in a definition on which a permission may depend."""
    for path in _leaves(definition, ()):
        if not calls.is_open(definition, path):
            yield (*at, *path)


def _leaves(node: Any, path: PathInTree) -> Iterator[PathInTree]:  # noqa: ANN401 - YAML
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not inner or not node:
        yield path
    for key, value in inner:
        yield from _leaves(value, (*path, key))


def _overlap(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether one path is the other, leads to it, or goes on from it."""
    return all(here == there for here, there in zip(one, other, strict=False))


def called_by(manifest: Manifest, calls: Calls, definition: Any, path: PathInTree) -> Iterator[Use | Text | Finding]:  # noqa: ANN401
    """Yield the resources that a definition uses, its integrations and flags, and findings for unclear calls."""
    allowed = manifest.data["compute"].get(calls.others) or ()
    for at, node in _mappings(definition, path):
        for flag, value in calls.flags.items():
            if node.get(flag) == value:
                yield Text.of(value)
        if calls.key not in node:
            continue
        if not isinstance(node[calls.key], str):
            message = f"`{calls.key}` is not a string"
            yield manifest.finding(
                "manifest-call", message, "write the name of the service or resource that is called", (*at, calls.key)
            )
            continue
        for name, advice in calls.refused.items():
            if name in node:
                message = f"rolewright does not know which permissions a state with `{name}` needs"
                yield manifest.finding("manifest-call", message, advice, (*at, name))
        called = node[calls.key]
        if calls.unasked is not None and calls.unasked.fullmatch(called):
            continue
        match = calls.pattern.fullmatch(called)
        integration = match[1] if match else ""
        described = calls.integrations.get(integration)
        if described is None:
            if integration not in allowed:
                of_service = ", ".join(
                    name for name in calls.integrations if name.split(":")[0] == integration.split(":")[0]
                )
                yield manifest.finding(
                    "manifest-call",
                    f"rolewright does not know which permissions `{integration}` needs"
                    + (f"; of this service it knows {of_service}" if of_service else ""),
                    f"grant its permissions under `statements`, and list it under `{calls.others}`",
                    (*at, calls.key),
                )
            continue
        yield Text.of(integration)
        own = [(called, (*at, calls.key))]
        for text, place in own if not integration else _argument(node, calls, described, at):
            yield from _used(manifest, calls, described, text, place)
            yield from _more(manifest, calls, described, text, place)
            yield from _beside(manifest, calls, described, text, node, at)
            yield from _qualified(manifest, calls, described, text, node, at)
            yield from _needed(manifest, calls, described, text, node, at)
            yield from _outside(manifest, calls, described, text, node, at)


def called_resources(calls: Calls, definition: Any) -> dict[str, dict[str, tuple[str, ...]]]:  # noqa: ANN401 - YAML
    """Return the resources that a definition names: key → type that the resource may have → verbs needed on it."""
    verbs_by_type: dict[str, dict[str, tuple[str, ...]]] = {}
    for at, node in _mappings(definition, ()):
        called = node.get(calls.key)
        if isinstance(called, str):
            match = calls.pattern.fullmatch(called)
            described = calls.integrations.get(match[1] if match else "", {"verbs": {}})
            texts = _argument(node, calls, described, at) if match and "argument" in described else [(called, at)]
            for key in (key for text, _ in texts for key in _NAMED.findall(text)):
                for type_, verbs in described["verbs"].items():
                    before = verbs_by_type.setdefault(key, {}).get(type_, ())
                    verbs_by_type[key][type_] = (*before, *verbs)
    return verbs_by_type


def _mappings(node: Any, path: PathInTree) -> Iterator[tuple[PathInTree, Mapping[str, Any]]]:  # noqa: ANN401
    if isinstance(node, dict):
        yield path, node
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _mappings(inner, (*path, key))


def _argument(
    node: Mapping[str, Any], calls: Calls, described: Mapping[str, Any], at: PathInTree
) -> list[tuple[str, PathInTree]]:
    """Return every text of an argument with its place: several for a list, and "" where it is left out or no text."""
    steps = described["argument"].split(".")
    texts = [text for holder in calls.arguments for text in _texts(node.get(holder), steps, (*at, holder))]
    return texts or [("", (*at, calls.key))]


def _texts(value: Any, steps: Sequence[str], path: PathInTree) -> Iterator[tuple[str, PathInTree]]:  # noqa: ANN401
    match value:
        case list():
            for index, item in enumerate(value):
                yield from _texts(item, steps, (*path, index))
        case dict() if steps and steps[0] in value:
            yield from _texts(value[steps[0]], steps[1:], (*path, steps[0]))
        case dict() if steps and len(path) and isinstance(path[-1], int):
            yield "", path  # an entry of a list that leaves it out
        case str() if not steps:
            yield value, path
        case _:
            return


def _used(
    manifest: Manifest, calls: Calls, described: Mapping[str, Any], text: str, place: PathInTree
) -> Iterator[Use | Finding]:
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    fitting = [key for key, resource in resources.items() if resource["type"] in described["verbs"]]
    keys = {key for key in _NAMED.findall(text) if key in fitting}
    if not keys:
        kinds = " or ".join(described["verbs"])
        argument = f"`{described['argument']}`" if "argument" in described else f"`{calls.key}`"
        usable = " or ".join(fitting) or "the key of a resource to add under `resources`"
        remedy = f"write ${{resources.KEY.ATTRIBUTE}}, where KEY is {usable}"
        yield manifest.finding(
            "manifest-call", f"{argument} does not refer to a resource of type {kinds}", remedy, place
        )
    for key, attribute in re.findall(r"\$\{resources\.([a-z0-9-]+)\.([a-z_]+)\}", text):
        if key in keys and attribute not in (takes := described.get("takes", [attribute])):
            message = f"`{described['argument']}` does not take the `{attribute}` of `{key}`"
            written = " or ".join(f"${{resources.{key}.{name}}}" for name in takes)
            yield manifest.finding("manifest-call", message, f"write {written}", place)
    for key in sorted(keys):
        verbs = tuple(described["verbs"][resources[key]["type"]])
        plain = all(isinstance(step, int) or _PLAIN.fullmatch(step) for step in place)
        # What a definition calls is the workload's own doing, as code is.
        yield Use(key, calls.role, verbs, ".".join(map(str, place if plain else place[:2])), limited=True)


def _beside(
    manifest: Manifest,
    calls: Calls,
    described: Mapping[str, Any],
    text: str,
    node: Mapping[str, Any],
    at: PathInTree,
) -> Iterator[Finding]:
    """Yield the arguments beside that of the resource which say other than the resource does, or leave it out."""
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for key in sorted({*_NAMED.findall(text)} & {*resources}):
        for argument, field in described.get("beside", {}).items():
            value = str(resources[key].get(field, ""))
            for given, place in _argument(node, calls, {"argument": argument}, at):
                accepted = {f"${{resources.{key}.{field}}}", f"${{resources.{key}.{field}_arn}}", value}
                if given in accepted or (given.startswith("arn:") and given.endswith(f"/{value}")):
                    continue
                message = f"`{argument}` is not the `{field}` of `{key}`, for which the role may make this call"
                yield manifest.finding("manifest-call", message, f"write ${{resources.{key}.{field}}}", place)


def _more(
    manifest: Manifest, calls: Calls, described: Mapping[str, Any], text: str, place: PathInTree
) -> Iterator[Finding]:
    """Yield references with text around them that make the call one of something else, or without the end they need."""
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    argument = described.get("argument", calls.key)
    for before, inner, behind in _pieces(text):
        for found in _NAMED.finditer(inner):
            key, start, end = found[1], before + inner[: found.start()], inner[found.end() :] + behind
            type_ = resources.get(key, {}).get("type")
            if type_ not in described["verbs"]:
                continue
            # an ARN or a URL that is written out up to the name is as good as the reference alone
            if (not start or start[-1] in ":/") and re.fullmatch(described.get("follows", ""), end):
                qualifier = resources[key].get(described.get("ends", ""), "")
                if qualifier and end != f":{qualifier}":
                    message = f"the role may call `{key}` through `{qualifier}` alone, its `{described['ends']}`"
                    yield manifest.finding("manifest-call", message, f"write {found[0]}:{qualifier}", place)
                continue
            message = f"`{argument}` names more than `{key}`, and so something else than the role may call"
            remedy = f"write {found[0]} and nothing beside it"
            if type_ in calls.qualified and end[:1] == ":":
                remedy += f", and {_named(calls, resources[key], key, end[1:])}"
            yield manifest.finding("manifest-call", message, remedy, place)


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield what stands before, in and behind each text of an argument: several in an expression of JSONata."""
    if not _JSONATA.fullmatch(text):
        yield "", text, ""
        return
    for joined, _, inner, on in _QUOTED.findall(text):
        yield joined, inner, on


def _qualified(
    manifest: Manifest, calls: Calls, described: Mapping[str, Any], text: str, node: Mapping[str, Any], at: PathInTree
) -> Iterator[Finding]:
    """Yield the arguments that choose an alias or a version, which the role may only call by the resource's name.

    Where the resource stands in place of an integration, what is beside it is no argument of the call.
    """
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for key in sorted({*_NAMED.findall(text)} & {*resources}) if "argument" in described else ():
        type_ = resources[key]["type"]
        if type_ not in described["verbs"] or type_ not in calls.qualified:
            continue
        argument = calls.qualified[type_]["argument"]
        for holder in calls.arguments:
            given = node[holder] if isinstance(node.get(holder), dict) else {}
            for name in {argument, f"{argument}.$"} & {*given}:
                message = f"with `{name}` this calls something else than `{key}`, which is what the role may call"
                remedy = f"leave `{name}` out, and {_named(calls, resources[key], key, str(given[name]))}"
                yield manifest.finding("manifest-call", message, remedy, (*at, holder, name))


def _needed(
    manifest: Manifest, calls: Calls, described: Mapping[str, Any], text: str, node: Mapping[str, Any], at: PathInTree
) -> Iterator[Finding]:
    """Yield the arguments without which the service refuses a call to such a resource."""
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    given = [name for holder in calls.arguments for name in _mapping(node.get(holder))]
    for key in sorted({*_NAMED.findall(text)} & {*resources}):
        type_ = resources[key]["type"]
        for need in calls.needs.get(type_, ()) if type_ in described["verbs"] else ():
            argument = need["argument"]
            if not {argument, f"{argument}.$"} & {*given} and Schema(need["where"]).accepts(resources[key]):
                message = f"the call to `{key}` has no `{argument}`: {need['because']}"
                yield manifest.finding("manifest-call", message, f"add `{argument}`", (*at, calls.key))


def _outside(
    manifest: Manifest, calls: Calls, described: Mapping[str, Any], text: str, node: Mapping[str, Any], at: PathInTree
) -> Iterator[Finding]:
    """Yield the arguments whose text is none of those that the resource lists; what is known at run time is left."""
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for key in sorted({*_NAMED.findall(text)} & {*resources}):
        for argument, field in described.get("within", {}).items():
            listed = [str(entry) for entry in resources[key].get(field, ())]
            for given, place in _argument(node, calls, {"argument": argument}, at):
                if not given or "${" in given or _JSONATA.fullmatch(given) or any(_fits(one, given) for one in listed):
                    continue
                message = f"`{argument}` is none of the `{field}` of `{key}`, which are all that the role may call"
                yield manifest.finding("manifest-call", message, f"add it to `{field}`, or use one of them", place)


def _fits(pattern: str, text: str) -> bool:
    """Return whether a text is what a value of an IAM condition with StringLike stands for; one with ${…} may be."""
    return "${" in pattern or matches(pattern, text, Kind.TEXT)


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - YAML
    return value if isinstance(value, dict) else {}


def _named(calls: Calls, resource: Mapping[str, Any], key: str, qualifier: str) -> str:
    """Return the advice to name a resource with its qualifier, for calls to that alone."""
    field = calls.qualified[resource["type"]]["field"]
    qualifier = qualifier if re.fullmatch(r"\$LATEST|[A-Za-z0-9_-]+", qualifier) else "QUALIFIER"
    return f"give `{key}` the `{field}: {str(resource.get(field, 'NAME')).split(':')[0]}:{qualifier}`"
