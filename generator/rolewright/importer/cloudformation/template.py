"""A template: its parameters and conditions, and its functions as values of which a part may be open."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation import functions
from rolewright.importer.cloudformation.described import described_resource, resource_part
from rolewright.importer.expression import PlaceName, SecretPart, SourceText, UnknownPart
from rolewright.importer.secret_values import looks_secret
from rolewright.importer.shapes import listed, mapping, text
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.given import ImportAids
    from rolewright.importer.workload import SourceResource

_LISTS = re.compile(r"CommaDelimitedList|List<.{1,100}>|AWS::SSM::Parameter::Value<List<.{1,100}>>")
_STORED = "AWS::SSM::Parameter::Value<"
GENERATED_ROLE = "Role"
"""The end of the logical name of the role that SAM makes for a function: it begins with the function's."""
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,30}")


@cache
def facts() -> Mapping[str, Any]:
    """Return the words of templates that have a meaning here."""
    found: Mapping[str, Any] = load(Path(__file__).with_name("template.yaml")).trees[0].data
    return found


class StackTemplate:
    """A template, in the language of CloudFormation, whatever tool it is for.

    `given` are values of parameters beside those of the user, such as what a tool sets by itself. `environment` is the
    environment in which conditions and maps are decided, "" for any.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        aids: ImportAids,
        given: Mapping[str, Any] | None = None,
        environment: str = "",
    ) -> None:
        self.data = data
        self.aids = aids
        self.given = {**(given or {}), **aids.parameters}
        self.environment = environment
        self.resources: dict[str, dict[str, Any]] = {
            str(name): resource
            for name, resource in mapping(data.get("Resources")).items()
            if isinstance(resource, dict)
        }
        for name, resource in [*self.resources.items()]:
            if resource.get("Type") in facts()["makes_role"]:
                self.resources.setdefault(f"{name}{GENERATED_ROLE}", {"Type": "AWS::IAM::Role"})
        self._open: set[tuple[str, str]] = set()

    def within(self, environment: str) -> StackTemplate:
        """Return the template as it is in one environment."""
        return StackTemplate(self.data, self.aids, self.given, environment)

    def value(self, raw: Any) -> Any:  # noqa: ANN401 - YAML
        """Return a value without functions: plain, or `SourceText` where a part of it is not known.

        What has no value (`AWS::NoValue`) is left out of lists and mappings, and is None by itself.
        """
        found = functions.resolved(self, raw)
        return None if found is functions.REMOVED else found

    def exists(self, logical: str) -> bool | None:
        """Return whether a resource is made, by its condition; None where that is not known."""
        condition = self.resources[logical].get("Condition")
        return True if condition is None else self.condition(text(condition))

    def of_type(self, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the resources of some types, without those that a condition takes out."""
        for logical, resource in self.resources.items():
            if resource.get("Type") in types and self.exists(logical) is not False:
                yield logical, resource

    def properties(self, logical: str) -> dict[str, Any]:
        """Return the properties of a resource as they are written; {} for one that is not there."""
        return mapping(self.resources.get(logical, {}).get("Properties"))

    # Parameters and conditions

    def environments(self) -> tuple[str, ...]:
        """Return the environments that a parameter names, where no value of it is given."""
        parameters = mapping(self.data.get("Parameters"))
        return next((values for values in map(self._environments, parameters) if values), ())

    def is_environment(self, name: str) -> bool:
        """Return whether a parameter names the environment, and leaves it open."""
        return bool(self._environments(name)) and self._environments(name) == self.environments()

    def _environments(self, name: str) -> tuple[str, ...]:
        """Return the environments that a parameter may name, () for one that is for something else."""
        parameter = mapping(mapping(self.data.get("Parameters")).get(name))
        values = tuple(text(value) for value in listed(parameter.get("AllowedValues")) if text(value))
        fit = len(values) > 1 and all(_ENVIRONMENT.fullmatch(value) for value in values)
        return values if fit and name in facts()["environment_parameters"] and name not in self.given else ()

    def condition(self, name: str) -> bool | None:
        """Return whether a condition holds; None where that is not known."""
        key = ("condition", name)
        conditions = mapping(self.data.get("Conditions"))
        if name not in conditions or key in self._open:
            return None
        self._open.add(key)
        try:
            return functions.decided(self, conditions[name])
        finally:
            self._open.discard(key)

    def reference(self, name: str, attribute: str = "") -> Any:  # noqa: ANN401 - YAML
        """Return what Ref gives of a name, or Fn::GetAtt of a resource's attribute."""
        if name in self.resources:
            return self._resource(name, attribute)
        if name == "AWS::NoValue":
            return functions.REMOVED
        if name in facts()["places"]:
            return SourceText((PlaceName(facts()["places"][name]),))
        if name in self.given or name in mapping(self.data.get("Parameters")):
            return self._parameter(name, mapping(mapping(self.data.get("Parameters")).get(name)))
        if name.startswith("AWS::"):
            return _unknown(f"{name}: give it with --parameter {name}=VALUE")
        return _unknown(f"{name}{'.' if attribute else ''}{attribute}, which the template does not describe")

    def _parameter(self, name: str, parameter: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
        if self.is_environment(name):
            return SourceText((PlaceName("environment"),))
        says = f": {text(parameter['Description'])}" if text(parameter.get("Description")) else ""
        value = self.given.get(name, parameter.get("Default"))
        hidden = str(parameter.get("NoEcho")).lower() == "true" or looks_secret(name, text(value))
        if hidden and not text(parameter.get("Type")).startswith(_STORED):
            return SourceText((SecretPart(f"the parameter {name}, a secret{says}"),))
        if value is None:
            return _unknown(f"the parameter {name}{says}")
        return _typed(name, text(parameter.get("Type")), value)

    # Resources

    def _resource(self, logical: str, attribute: str) -> Any:  # noqa: ANN401 - YAML
        key = ("resource", logical)
        if key in self._open:
            return _unknown(f"{logical}, which is named after itself")
        self._open.add(key)
        try:
            return resource_part(self, logical, attribute)
        finally:
            self._open.discard(key)

    def described(self) -> dict[str, SourceResource]:
        """Return the resources that a manifest has a type for, by their logical names."""
        there = (logical for logical in self.resources if self.exists(logical) is not False)
        found = {logical: described_resource(self, logical) for logical in there}
        return {logical: resource for logical, resource in found.items() if resource is not None}


def _unknown(asked: str) -> SourceText:
    return SourceText((UnknownPart(asked),))


def _typed(name: str, type_: str, value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a parameter by its type: that of one from SSM is the name of the parameter there."""
    if type_.startswith(_STORED):
        return _unknown(f"the value of the SSM parameter {text(value)} (parameter {name})")
    if _LISTS.fullmatch(type_) and isinstance(value, str):
        return [functions.with_references(item.strip()) for item in value.split(",") if item.strip()]
    return functions.with_references(value)
