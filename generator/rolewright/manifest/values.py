"""The strings of a manifest → Texts, and what differs between its environments → variables."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, UnknownReferenceError, function_values, interpolate
from rolewright.core.finding import Finding
from rolewright.core.model import Environment, Ref, Text, Variable
from rolewright.manifest.environments import merged, overrides, variable_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.finding import Location
    from rolewright.manifest.resources import Resources
    from rolewright.yaml.load import Tree
    from rolewright.yaml.schema import Locate

PathInTree = tuple[str | int, ...]


def partition_of(region: str) -> str:
    """The partition that a region belongs to (botocore's endpoint data: the prefix decides)."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc")):
        if region.startswith(prefix):
            return partition
    return "aws"


class Values:
    """The values of one manifest document; what is wrong with them is collected in `findings`.

    `data` is the document with the blueprints' defaults, `resources` what `${resources.KEY.…}` refers to.
    """

    def __init__(self, tree: Tree, data: Any, resources: Resources) -> None:  # noqa: ANN401 - YAML
        self.tree = tree
        self.data = data
        self.findings: list[Finding] = []
        self.variables: dict[str, Variable] = {}
        self.known: dict[str, dict[str, str]] = {}  # environment → expression → value
        self.tfvars: dict[str, dict[str, Any]] = {}
        self.replaced: dict[str, dict[PathInTree, Any]] = {}
        self.places: dict[str, dict[PathInTree, PathInTree]] = {}
        self._resources = resources
        named = data.get("environments")
        for name in list(named) if isinstance(named, dict) and named else [""]:
            found = list(overrides(tree, name)) if name and isinstance(named[name], dict) else []
            self.replaced[name] = {one.path: one.value for one in found}
            self.places[name] = {one.path: one.place for one in found}

    def find(self, rule: str, message: str, remedy: str, path: PathInTree, *, key: bool = False) -> None:
        """Note a finding at a path of the manifest."""
        place = self.tree.location(path, key=key)
        self.findings.append(Finding(rule, message, remedy, place, ".".join(map(str, path))))

    def locator(self, environment: str) -> Locate:
        """Gives places of the values as they are in an environment: an override's own."""
        places = self.places[environment]

        def locate(path: PathInTree, *, key: bool = False) -> Location:
            for length in range(len(path), 0, -1):
                if path[:length] in places:
                    return self.tree.location((*places[path[:length]], *path[length:]), key=key)
            return self.tree.location(path, key=key)

        return locate

    # --- environments ------------------------------------------------------------------------------

    def prepare_environments(self) -> None:
        """Take in each environment's account and region, which the structure check has passed."""
        for name in self.replaced:
            account, region = "123456789012", "us-east-1"
            if name:
                account = self.raw(("environments", name, "account"))
                region = self.data["environments"][name]["region"]
            self.known[name] = {
                "local.account": account,
                "local.region": region,
                "local.partition": partition_of(region),
                **({"var.environment": name} if name else {}),
            }
            self.tfvars[name] = {"environment": name, "account": account, "region": region} if name else {}

    def environments(self) -> tuple[Environment, ...]:
        """The environments with all that is known in them by now."""
        return tuple(
            Environment(
                name,
                known["local.account"],
                known["local.region"],
                known["local.partition"],
                known,
                self.tfvars[name],
            )
            for name, known in self.known.items()
        )

    def add_variable(self, name: str, type_: str, description: str, values: Mapping[str, Any]) -> Ref:
        """A variable with a value for each environment."""
        while name in self.variables or name in ("environment", "account", "region"):
            name += "_value"
        self.variables[name] = Variable(name, type_, description)
        reference = Ref(f"var.{name}")
        for environment, value in values.items():
            self.tfvars[environment][name] = value
            if isinstance(value, str | int | float):
                self.known[environment][reference.expression] = str(value)
            if isinstance(value, str):
                self.known[environment] |= function_values(reference.expression, value)
        return reference

    # --- strings -----------------------------------------------------------------------------------

    def text(self, raw: str, path: PathInTree) -> Text:
        """A string of the manifest with its references resolved; an unknown one is a finding."""
        try:
            return interpolate(raw, self._reference)
        except UnknownReferenceError as error:
            known = self._known_references()
            near = difflib.get_close_matches(error.name, known, 1, 0.4)
            self.find(
                "manifest-interpolation",
                f"${{{error.name}}} stands for nothing",
                (f"did you mean ${{{near[0]}}}? " if near else f"known: {', '.join(known)}; ")
                + "write $${ for a literal ${",
                path,
            )
            return Text.of("unresolved")

    def _known_references(self) -> list[str]:
        known = ["workload", *CONTEXT, *(["environment"] if "environments" in self.data else [])]
        return known + self._resources.references()

    def _reference(self, name: str) -> Text | None:
        if name == "workload":
            return Text.of(self.data["workload"])
        if name == "environment":
            return Text.of(Ref("var.environment")) if "environments" in self.data else None
        if name in CONTEXT:
            return CONTEXT[name]
        match name.split("."):
            case ["resources", key, attribute]:
                return self._resources.attribute(key, attribute)
            case _:
                return None

    # --- values ------------------------------------------------------------------------------------

    def value(self, raw: Any, path: PathInTree, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
        """A value of the manifest: strings as Texts (plain where literal), what differs as a Ref."""
        if any(path in replaced for replaced in self.replaced.values()):
            return self._varying(raw, path, schema)
        if isinstance(raw, dict):
            properties, rest = schema.get("properties", {}), schema.get("additionalProperties", {})
            return {
                key: self.value(inner, (*path, key), properties.get(key, rest if isinstance(rest, dict) else {}))
                for key, inner in raw.items()
            }
        if isinstance(raw, list):
            return [self.value(inner, (*path, i), schema.get("items", {})) for i, inner in enumerate(raw)]
        if isinstance(raw, int | float) and "string" in schema.get("type", ()):
            raw = self.raw(path)
        if isinstance(raw, str):
            text = self.text(raw, path)
            literal = text.literal
            return text if literal is None else literal
        return raw

    def raw(self, path: PathInTree) -> str:
        """A scalar as it is written."""
        try:
            return self.tree.raw(path)
        except KeyError:  # a default of the blueprint
            node = self.data
            for step in path:
                node = node[step]
            return str(node)

    def _varying(self, raw: Any, path: PathInTree, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
        values: dict[str, Any] = {}
        for environment, replaced in self.replaced.items():
            place = self.places[environment][path] if path in replaced else path
            value = replaced.get(path, raw)
            if isinstance(value, int | float) and "string" in schema.get("type", ()):
                value = self.raw(place)
            values[environment] = self._resolved(value, place, environment)
        if path[0] == "resources":
            return self._entries(values, path)
        return self._variable(values, path)

    def _entries(self, values: Mapping[str, Any], path: PathInTree) -> Any:  # noqa: ANN401 - YAML
        """A list of what a role may touch has as many entries in every environment; each may differ."""
        lists = [value for value in values.values() if isinstance(value, list)]
        if not lists:
            return self._variable(values, path)
        if len({len(one) for one in lists}) > 1:
            self.find(
                "environment-override",
                f"`{'.'.join(map(str, path))}` has more entries in one environment than in another, "
                "and how much a role may touch is the same in all of them",
                "give as many entries everywhere",
                path,
            )
        return [
            self._entries({name: value[index] for name, value in values.items()}, (*path, index))
            for index in range(min(len(one) for one in lists))
        ]

    def _variable(self, values: Mapping[str, Any], path: PathInTree) -> Any:  # noqa: ANN401 - YAML
        if len({repr(value) for value in values.values()}) == 1:
            return next(iter(values.values()))
        sample = next(iter(values.values()))
        type_ = "list(string)" if isinstance(sample, list) else "string" if isinstance(sample, str) else "number"
        dotted = ".".join(str(step) for step in path)
        reference = self.add_variable(variable_name(path), type_, f"{dotted} of the manifest", values)
        return Text.of(reference) if type_ == "string" else reference

    def _resolved(self, value: Any, path: PathInTree, environment: str) -> Any:  # noqa: ANN401 - YAML
        """A value that goes into a tfvars file, where nothing can be referred to."""
        if isinstance(value, list):
            return [self._resolved(inner, (*path, i), environment) for i, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        text = self.text(value, path)
        known = self.known[environment]
        unknown = [part for part in text.parts if isinstance(part, Ref) and part.expression not in known]
        if unknown:
            self.find(
                "environment-override",
                "this refers to something that AWS makes up, which the values of an environment cannot hold",
                "state it outside `environments`, the same for all",
                path,
            )
        return text.ground(known)

    def in_environment(self, name: str) -> Any:  # noqa: ANN401 - YAML
        """The document as it stands in an environment, strings as written."""
        return merged(self.data, self.replaced[name])


def strings(data: Any, path: PathInTree = ()) -> Iterator[tuple[PathInTree, str]]:  # noqa: ANN401 - YAML
    """Every string of a document with its path."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from strings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from strings(value, (*path, index))
