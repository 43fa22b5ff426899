"""Bindings: the values known in each environment before Terraform runs, and the module's variables that hold them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import function_values
from rolewright.core.inputs import Input, InputValues
from rolewright.core.model import Environment, Variable
from rolewright.core.text import Ref, Text
from rolewright.data.partitions import DNS_SUFFIX, partition_of
from rolewright.manifest.additions import Additions
from rolewright.manifest.input_variables import input_variable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rolewright.manifest.document import Manifest

_RESERVED = ("environment", "account", "region")


@dataclass(frozen=True)
class Bindings:
    """The environments with the values of references in each, and the variables of the module.

    Reading a value gives new bindings where it adds to them; it never changes those that it was given.
    """

    environments: tuple[Environment, ...]
    variables: Additions[Variable]
    inputs: Mapping[str, Input] = field(default_factory=dict)
    """Those of the manifest, by the reference to their variable."""

    @classmethod
    def of(cls, manifest: Manifest, inputs: Iterable[Input] = ()) -> Bindings:
        """Return the bindings that the environments state themselves. The manifest has passed the structure check."""
        listed = {given.reference: given for given in inputs}
        environments = (_environment(manifest, name) for name in manifest.replaced)
        variables = {given.variable: input_variable(given) for given in listed.values()}
        return cls(tuple(_with_inputs(e, listed.values()) for e in environments), Additions(variables), listed)

    def bind(self, name: str, type_: str, description: str, values: Mapping[str, Any]) -> tuple[Ref, Bindings]:
        """Add a variable with a value for each environment, under a unique name; return the reference to it."""
        while name in self.variables or name in _RESERVED:
            name += "_value"
        reference = Ref(f"var.{name}")
        environments = tuple(
            _bound(environment, name, reference.expression, values[environment.name])
            for environment in self.environments
        )
        variables = self.variables.adding({name: Variable(name, type_, description)})
        return reference, replace(self, environments=environments, variables=variables)

    def with_default(self, variable: Variable) -> Bindings:
        """Add a variable that has a default, so that no environment needs a value for it."""
        return replace(self, variables=self.variables.adding({variable.name: variable}))

    def learn(self, expression: str, text: Text) -> Bindings:
        """Add the value of a reference to a created resource, where it is known before Terraform runs."""
        environments = tuple(
            replace(
                environment,
                values=_added(environment.values, {expression: text.ground(environment.values)}),
                inputs=environment.inputs.learning(expression, text, environment.values),
            )
            for environment in self.environments
        )
        return replace(self, environments=environments)

    @property
    def final(self) -> tuple[Environment, ...]:
        """Return the environments as the workload has them, when nothing more is added."""
        return tuple(
            replace(environment, values=dict(environment.values), variables=dict(environment.variables))
            for environment in self.environments
        )


def _with_inputs(environment: Environment, inputs: Collection[Input]) -> Environment:
    """Return an environment with what stands for inputs in it."""
    place = {name: environment.values[f"local.{name}"] for name in ("partition", "region", "account")}
    values = dict(environment.values)
    for given in inputs:
        for expression, value in given.values(place).items():
            values |= {expression: value, **function_values(expression, value)}
    return replace(environment, values=values, inputs=InputValues.of(inputs, place))


def _environment(manifest: Manifest, name: str) -> Environment:
    account, region = "123456789012", "us-east-1"
    if name:
        account = manifest.raw(("environments", name, "account"))
        region = manifest.data["environments"][name]["region"]
    partition = partition_of(region)
    values = {
        "local.account": account,
        "local.region": region,
        "local.partition": partition,
        "local.dns_suffix": DNS_SUFFIX[partition],
    }
    if not name:
        return Environment(name, account, region, partition, values, {})
    values["var.environment"] = name
    variables = {"environment": name, "account": account, "region": region}
    return Environment(name, account, region, partition, values, variables)


def _bound(environment: Environment, name: str, expression: str, value: Any) -> Environment:  # noqa: ANN401 - YAML
    new_values = {expression: str(value)} if isinstance(value, str | int | float) else {}
    if isinstance(value, str):
        new_values |= function_values(expression, value)
    values, variables = _added(environment.values, new_values), _added(environment.variables, {name: value})
    return replace(environment, values=values, variables=variables)


def _added(existing: Mapping[str, Any], new: Mapping[str, Any]) -> Additions[Any]:
    return (existing if isinstance(existing, Additions) else Additions(existing)).adding(new)
