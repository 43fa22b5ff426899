"""A service of Serverless without its variables: its functions, its resources, and what stages differ in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.template import StackTemplate
from rolewright.importer.expression import PlaceName, SourceText
from rolewright.importer.formats.serverless_stages import at_stage
from rolewright.importer.formats.serverless_variables import ServerlessVariables
from rolewright.importer.ledger import FieldOutcome, Ledger, dotted
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.yaml.load import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rolewright.importer.given import ImportAids
    from rolewright.yaml.load import PathInTree


SHARED_ROLE = "IamRoleLambdaExecution"
"""The logical name of the role that Serverless makes for all functions; policies under `resources` may name it."""


@dataclass(frozen=True)
class ServerlessService:
    """A service as it is in one stage: `data` has no variables."""

    name: str
    data: dict[str, Any]
    template: StackTemplate
    variables: ServerlessVariables
    ledger: Ledger
    stage: str

    @property
    def provider(self) -> dict[str, Any]:
        """Return the settings of all functions."""
        return mapping(self.data.get("provider"))

    def value(self, raw: Any) -> Any:  # noqa: ANN401 - YAML
        """Return a value without functions of CloudFormation."""
        return self.template.value(raw)

    def functions(self) -> Iterator[tuple[str, PathInTree, dict[str, Any]]]:
        """Yield the functions: their keys, where they stand, and what they are."""
        yield from _functions(self.data)

    def function_name(self, key: str, function: Mapping[str, Any]) -> SourceText | str:
        """Return the name that a function has in AWS."""
        return _function_name(self.name, key, function)

    def outcomes(self) -> Iterator[FieldOutcome]:
        """Yield what became of each field, and of those that stand for many."""
        for path, written in self.variables.spliced.items():
            note = f"read as what {written} stands for"
            yield FieldOutcome(dotted(path), self.ledger.location(path), "derived", "", note)
        yield from self.ledger.outcomes()


def services_of(file: Path, tree: Tree, aids: ImportAids) -> tuple[ServerlessService, ...]:
    """Read a service in each of its stages: its variables, and then its resources."""
    variables = ServerlessVariables(mapping(tree.data), file, aids.parameters)
    data = variables.resolved()
    return tuple(_in_stage(at_stage(data, stage), variables, tree, aids, stage) for stage in variables.stages)


def _in_stage(
    data: dict[str, Any], variables: ServerlessVariables, tree: Tree, aids: ImportAids, stage: str
) -> ServerlessService:
    named = data.get("service")
    name = text(mapping(named).get("name") if isinstance(named, dict) else named, "service")
    ledger = Ledger(Tree(tree.file, data, tree.places))
    return ServerlessService(
        name, data, StackTemplate(_stack(name, data), aids, environment=stage), variables, ledger, stage
    )


def _functions(data: Mapping[str, Any]) -> Iterator[tuple[str, PathInTree, dict[str, Any]]]:
    given = data.get("functions")
    parts: list[tuple[PathInTree, Any]] = [(("functions",), given)]
    if isinstance(given, list):
        parts = [(("functions", number), part) for number, part in mappings(given)]
    for path, part in parts:
        for key, function in mapping(part).items():
            if isinstance(function, dict):
                yield str(key), (*path, key), function


def _function_name(service: str, key: str, function: Mapping[str, Any]) -> SourceText | str:
    named = function.get("name")
    if isinstance(named, str | SourceText) and named:
        return named
    return SourceText.of(f"{service}-", PlaceName("environment"), f"-{key}")


def _stack(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template that the service adds to, with the functions that Serverless adds."""
    whole: dict[str, Any] = {"Resources": {}, "Conditions": {}, "Mappings": {}, "Parameters": {}}
    given = data.get("resources")
    for part in listed(given) or [given]:
        for section, made in whole.items():
            made.update(mapping(mapping(part).get(section)))
    for key, _, function in _functions(data):
        logical = key[:1].upper() + key[1:].replace("-", "Dash").replace("_", "Underscore") + "LambdaFunction"
        properties = {"FunctionName": _function_name(name, key, function)}
        whole["Resources"].setdefault(logical, {"Type": "AWS::Lambda::Function", "Properties": properties})
    role = mapping(whole["Resources"].get(SHARED_ROLE))
    whole["Resources"][SHARED_ROLE] = {"Type": "AWS::IAM::Role", **role}
    return whole
