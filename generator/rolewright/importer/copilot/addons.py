"""Addons: CloudFormation templates beside a manifest, of which Copilot makes one stack for the workload."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rolewright.core.files import is_file
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.roles import managed_policy
from rolewright.importer.cloudformation.template import StackTemplate
from rolewright.importer.copilot.application import DATA
from rolewright.importer.copilot.reading import SecretUse
from rolewright.importer.expression import OfResource, SecretPart, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.functions import FOREIGN
from rolewright.importer.ledger import Ledger
from rolewright.importer.shapes import mapping, text
from rolewright.importer.variables import carry_variable, named_secret
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rolewright.importer.copilot.application import Application
    from rolewright.importer.copilot.reading import ManifestReading
    from rolewright.importer.expression import TextPart
    from rolewright.importer.given import ImportAids
    from rolewright.importer.ledger import FieldOutcome
    from rolewright.importer.workload import OldPolicy

_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
_SUFFIX = "-??????"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Addons:
    """The addons of a workload: their template, and the ledger of each file by the names in it.

    `parameters` are those of `addons.parameters.yml`, `shared` the ledgers of the environment's addons.
    """

    template: StackTemplate
    ledgers: tuple[Ledger, ...] = ()
    parameters: tuple[Ledger, ...] = ()
    shared: tuple[Ledger, ...] = ()
    policies: tuple[OldPolicy | str, ...] = ()
    groups: str = ""
    outputs: Mapping[str, Ledger] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files."""
        return tuple(ledger.tree.file for ledger in (*self.ledgers, *self.parameters, *self.shared))

    def outcomes(self) -> Iterator[FieldOutcome]:
        """Yield what became of the fields of all files."""
        for ledger in (*self.ledgers, *self.parameters, *self.shared):
            yield from ledger.outcomes()


def addons_of(manifest: Path, application: Application, aids: ImportAids) -> Addons:
    """Read the addons of a workload. What they import of other addons of the application is known where it has a name.

    Raises Rejected for a file that is no YAML.
    """
    copilot = manifest.parent.parent
    exports: dict[str, Any] = {}
    for folder in sorted({file.parent for file in copilot.glob("*/addons/*.y*ml")}):
        exports |= _exports(_template(_ledgers(folder), folder, application, aids, {}))
    folder = manifest.parent / "addons"
    ledgers = _ledgers(folder)
    parameters = tuple(
        Ledger(load(file, dialect=FOREIGN).trees[0])
        for file in sorted(folder.glob("addons.parameters.y*ml"))
        if is_file(file)
    )
    template = _template(ledgers, folder, application, aids, exports)
    outputs = {str(name): ledger for ledger in ledgers for name in mapping(mapping(ledger.tree.data).get("Outputs"))}
    attached = {logical for logical, type_ in _referred(template) if type_ == "AWS::IAM::ManagedPolicy"}
    groups = [logical for logical, type_ in _referred(template) if type_ == "AWS::EC2::SecurityGroup"]
    policies: list[OldPolicy | str] = []
    for logical in sorted(attached):
        policies += managed_policy(template, template.reference(logical), f"addons of {manifest.parent.name}")
    shared = _ledgers(copilot / "environments" / "addons")
    for ledger in ledgers:
        _tell(ledger, template, attached)
    for ledger in shared:
        for section in mapping(ledger.tree.data):
            ledger.left((section,), format_data(DATA).facts["addons"]["of_environment"])
    for ledger in parameters:
        ledger.derived(("Parameters",), "", "values of the addons' parameters")
    whose = f"{', '.join(groups)} of the addons of {manifest.parent.name}" if groups else ""
    return Addons(template, ledgers, parameters, shared, tuple(policies), whose, outputs)


def _ledgers(folder: Path) -> tuple[Ledger, ...]:
    return tuple(
        Ledger(load(file, dialect=FOREIGN).trees[0])
        for file in sorted(folder.glob("*.y*ml"))
        if is_file(file) and not file.name.startswith("addons.parameters.")
    )


def _template(
    ledgers: Sequence[Ledger], folder: Path, application: Application, aids: ImportAids, exports: Mapping[str, Any]
) -> StackTemplate:
    """Return the one template that Copilot makes of all, with its three parameters and those of a file."""
    whole: dict[str, dict[str, Any]] = {section: {} for section in _SECTIONS}
    for ledger in ledgers:
        for section in _SECTIONS:
            whole[section] |= mapping(mapping(ledger.tree.data).get(section))
    given: dict[str, Any] = {
        "App": application.name or application.named,
        "Env": application.environment,
        "Name": folder.parent.name,
    }
    for file in sorted(folder.glob("addons.parameters.y*ml")):
        if is_file(file):
            values = mapping(mapping(load(file, dialect=FOREIGN).trees[0].data).get("Parameters"))
            given |= {str(name): _parameter(str(name), value) for name, value in values.items()}
    template = StackTemplate(whole, aids, given)
    return StackTemplate(_imported(whole, template, exports), aids, given)


def _parameter(name: str, value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a parameter's value; what it takes of the workload's own stack is not known."""
    if isinstance(value, dict):
        return SourceText.of(UnknownPart(f"the parameter {name} of the addons, which is of the workload's stack"))
    return value


def _imported(value: Any, template: StackTemplate, exports: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
    """Return a value with what other addons export in the place of what imports it."""
    match value:
        case {"Fn::ImportValue": name} if len(value) == 1:
            known = exports.get(shown(template.value(name)))
            return value if known is None else known
        case dict():
            return {key: _imported(inner, template, exports) for key, inner in value.items()}
        case list():
            return [_imported(inner, template, exports) for inner in value]
        case _:
            return value


def _exports(template: StackTemplate) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for output in mapping(template.data.get("Outputs")).values():
        name = mapping(mapping(output).get("Export")).get("Name")
        value = template.value(mapping(output).get("Value"))
        if name is not None and isinstance(value, str | SourceText):
            found[shown(template.value(name))] = _by_name(value)
    return found


def _by_name(value: str | SourceText) -> str | SourceText:
    """Return a value that names resources as they are called, as another template does not know them."""
    if isinstance(value, str):
        return value
    parts: list[TextPart | SourceText] = []
    for part in value.parts:
        if isinstance(part, OfResource):
            parts.append(part.known or UnknownPart(part.asked, part.form))
        else:
            parts.append(part)
    return SourceText.of(*parts)


def _referred(template: StackTemplate) -> Iterator[tuple[str, str]]:
    """Yield the resources that an output is, with their types: Copilot tells outputs apart by these alone."""
    for output in mapping(template.data.get("Outputs")).values():
        logical = _resource(template, output)
        if logical:
            yield logical, text(template.resources[logical].get("Type"))


def _resource(template: StackTemplate, output: Any) -> str:  # noqa: ANN401 - YAML
    """Return the resource that the value of an output refers to, or ""."""
    match mapping(output).get("Value"):
        case {"Ref": str() as logical} if logical in template.resources:
            return logical
        case _:
            return ""


def _tell(ledger: Ledger, template: StackTemplate, attached: set[str]) -> None:
    """Say what becomes of a template; outputs are told of where they are read."""
    facts = format_data(DATA).facts["addons"]
    described = template.described()
    for section in mapping(ledger.tree.data):
        if section in facts["sections"]:
            ledger.derived((section,), "", facts["sections"][section])
    for logical in mapping(mapping(ledger.tree.data).get("Resources")):
        type_ = text(mapping(template.resources.get(str(logical))).get("Type"))
        path = ("Resources", logical)
        if logical in attached:
            ledger.derived(path, "resources", facts["attached"])
        elif logical in described:
            ledger.derived(path, "resources", facts["described"])
        else:
            ledger.left(path, facts["types"].get(type_, facts["other"]))


def read_addons(reading: ManifestReading, addons: Addons) -> None:
    """Read what the outputs give the code: variables, and secrets."""
    environment = reading.environment.name if reading.environment else ""
    template = addons.template.within(environment)
    facts = format_data(DATA).facts["addons"]["outputs"]
    for name, output in mapping(template.data.get("Outputs")).items():
        ledger, path = addons.outputs[str(name)], ("Outputs", name)
        logical = _resource(template, output)
        type_ = text(template.resources[logical].get("Type")) if logical else ""
        condition = mapping(output).get("Condition")
        holds = condition is None or template.condition(text(condition))
        if holds is None and reading.environment is None and reading.application.environments:
            continue  # each environment decides it
        if holds is None:
            ledger.derived(path, "", f"as if {condition} held: nothing says whether it does")
        if holds is False:
            ledger.derived(path, "", f"it is not there where {condition} does not hold")
        elif type_ in facts:
            ledger.derived(path, **facts[type_])
        elif type_ == format_data(DATA).facts["addons"]["secret"]:
            entry = _secret(reading, template, logical)
            _use(reading, ledger, str(name), entry, "", "the execution role reads it")
        else:
            _value(reading, ledger, template, str(name), mapping(output).get("Value"))


def _variable(output: str) -> str:
    """Return the variable of an output (aws/copilot-cli, template_functions.go: toSnakeCase)."""
    return _WORD.sub("_", output).upper()


def _secret(reading: ManifestReading, template: StackTemplate, logical: str) -> dict[str, Any]:
    described = template.described().get(logical)
    name = described.fields["name"] if described is not None else SourceText(())
    if isinstance(name, SourceText) and any(isinstance(part, UnknownPart) for part in name.parts):
        name = SourceText.of(UnknownPart(f"name of secret {logical} in the addons of stack {reading.stack}"))
    return {"type": format_data(DATA).facts["resources"]["secret"], "name": name}


def _use(reading: ManifestReading, ledger: Ledger, output: str, entry: Mapping[str, Any], part: str, note: str) -> None:
    """Enter a secret that an output gives the code; the manifest's own of that name counts."""
    variable, path = _variable(output), ("Outputs", output)
    use = SecretUse(entry, part, path, ledger, note)
    if reading.secrets.setdefault(("", variable), use) is not use:
        ledger.derived(path, f"compute.secrets.{variable}", "the manifest's own secret of that name counts")


def _of_environment(value: Any, reading: ManifestReading) -> Any:  # noqa: ANN401 - a value, or a text
    """Return a value in which what is not known is that of the environment: addons are made anew in each."""
    if reading.environment is None or not isinstance(value, SourceText):
        return value
    here = f", in environment {reading.environment.name}"
    return SourceText.of(
        *(replace(part, asked=f"{part.asked}{here}") if isinstance(part, UnknownPart) else part for part in value.parts)
    )


def _without_suffix(value: Any) -> Any:  # noqa: ANN401 - a value, or a text
    """Return a value without the pattern for the end of a secret's ARN, which AWS's API takes without it as well."""
    if not isinstance(value, SourceText):
        return value
    parts = (part.replace(_SUFFIX, "") if isinstance(part, str) else part for part in value.parts)
    return SourceText.of(*parts)


def _value(reading: ManifestReading, ledger: Ledger, template: StackTemplate, name: str, raw: Any) -> None:  # noqa: ANN401
    """Read an output that becomes a variable; the manifest's own variable of that name counts."""
    path = ("Outputs", name)
    variable = _variable(name)
    value = _without_suffix(_of_environment(template.value(raw), reading))
    if variable in reading.workload.compute.get("environment", {}):
        ledger.derived(path, f"compute.environment.{variable}", "the manifest's own variable of that name counts")
        return
    held = [part for part in value.parts if isinstance(part, SecretPart)] if isinstance(value, SourceText) else []
    if held:
        entry, part = named_secret(held[0].named)
        if not held[0].named or (isinstance(value, SourceText) and len(value.parts) > 1):
            asked = f"name of the secret that you make for {variable}: {ledger.location(path)} builds it of a secret"
            secret = format_data(DATA).facts["resources"]["secret"]
            entry, part = {"type": secret, "name": SourceText.of(UnknownPart(asked))}, ""
        _use(reading, ledger, name, entry, part, "a secret, which is no variable")
    elif isinstance(value, dict | list):
        ledger.left(path, f"a variable is a text, and this is none: {shown(value)}")
    else:
        carry_variable(reading.workload, ledger, path, variable, value, "environment", injects=True)
