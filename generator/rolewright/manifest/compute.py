"""The `compute` of a manifest, resolved: fields, names, what is derived from them, and the resources it uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, TemplateScope, fill
from rolewright.core.model import Compute, Variable
from rolewright.core.text import Ref, Text
from rolewright.manifest.compute_uses import compute_uses
from rolewright.manifest.derived import InconsistentError, derive, is_given
from rolewright.manifest.integrations import CALLS, Calls
from rolewright.manifest.values import Resolved, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.core.finding import Finding
    from rolewright.manifest.bindings import Bindings
    from rolewright.manifest.document import Manifest
    from rolewright.manifest.references import References


def resolve_compute(
    manifest: Manifest, catalog: Catalog, references: References, bindings: Bindings
) -> Resolved[Compute]:
    """Resolve the compute type, its fields and names, and the resources that it uses."""
    blueprint = catalog.computes[manifest.data["compute"]["type"]]
    fields = _fields(manifest, blueprint, references, bindings)
    derived = _derived(manifest, blueprint, fields.value, fields.bindings)
    used = compute_uses(manifest, blueprint, catalog)
    values = {**derived.value, **used.called}
    names = _names(manifest, blueprint, references, fields.value, values)
    findings = (*fields.findings, *derived.findings, *used.findings, *names.findings)
    compute = Compute(blueprint.type, fields.value, names.texts, values, used.uses)
    return Resolved(compute, derived.bindings, findings)


def _fields(
    manifest: Manifest, blueprint: ComputeBlueprint, references: References, bindings: Bindings
) -> Resolved[dict[str, Any]]:
    """Resolve the fields; one that a pipeline is to set is always a variable of the module."""
    fields: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, schema in blueprint.fields.items():
        fields[name] = None
        if name in manifest.data["compute"]:
            raw = manifest.data["compute"][name]
            raw = Calls.of(schema[CALLS]).written(raw) if CALLS in schema else raw
            resolved = resolve(manifest, raw, ("compute", name), schema, references, bindings)
            fields[name], bindings = resolved.value, resolved.bindings
            findings += resolved.findings
    for name, schema in blueprint.fields.items():
        if schema.get("x-variable") and isinstance(value := fields[name], str | Text):
            variable = _as_variable(manifest, name, Text.of(value), schema["description"], bindings)
            fields[name], bindings = variable.value, variable.bindings
            findings += variable.findings
    return Resolved(fields, bindings, tuple(findings))


def _as_variable(manifest: Manifest, name: str, value: Text, description: str, bindings: Bindings) -> Resolved[Text]:
    reference = Text.of(Ref(f"var.{name}"))
    if name in bindings.variables:
        return Resolved(reference, bindings)
    literal = value.literal
    if literal is not None:
        variable = Variable(name, "string", description, literal, has_default=True)
        return Resolved(reference, bindings.with_default(variable))
    if "environments" in manifest.data:
        values = {environment.name: value.ground(environment.values) for environment in bindings.environments}
        return Resolved(reference, bindings.bind(name, "string", description, values)[1])
    message = f"`{name}` is the default of a Terraform variable, which cannot contain a reference"
    finding = manifest.finding("manifest-interpolation", message, "write the value without ${…}", ("compute", name))
    return Resolved(reference, bindings, (finding,))


def _derived(
    manifest: Manifest, blueprint: ComputeBlueprint, fields: Mapping[str, Any], bindings: Bindings
) -> Resolved[dict[str, Text]]:
    """Read the values that the blueprint's patterns find in fields, such as the account in an ARN."""
    derived: dict[str, Text] = {}
    findings: list[Finding] = []
    for field, pattern in blueprint.derive.items():
        for at, value in _texts_at(fields, field.split(".")):
            name = ".".join(at)
            try:
                compiled, path = re.compile(pattern), ("compute", *at)
                groups, bindings = derive(Text.of(value), compiled, path, f"compute.{name}", bindings)
            except InconsistentError:
                finding = manifest.finding(
                    "environment-override",
                    f"`{name}` has different forms in different environments",
                    "use the same form in all of them",
                    ("compute", *(int(step) if step.isdigit() else step for step in at)),
                )
                findings.append(finding)
            else:
                derived |= {f"{name}.{group}": text for group, text in (groups or {}).items()}
    return Resolved(derived, bindings, tuple(findings))


@dataclass(frozen=True)
class _Names:
    texts: Mapping[str, Text]
    findings: tuple[Finding, ...]


def _names(
    manifest: Manifest,
    blueprint: ComputeBlueprint,
    references: References,
    fields: Mapping[str, Any],
    derived: Mapping[str, Text],
) -> _Names:
    """Return the names of roles and of all else that the blueprint names: the manifest's, or generated ones."""
    base = references.names["workload"]
    if "environment" in references.names:
        base = base + "-" + references.names["environment"]
    scope: TemplateScope = {"base": base, "workload": references.names["workload"], **CONTEXT}
    own_names = manifest.data["compute"].get("names", {})
    names: dict[str, Text] = {}
    findings: list[Finding] = []
    for role in blueprint.roles:
        key = blueprint.role_name_keys[role]
        names[f"{role}_role"] = references.text(own_names[key]) if key in own_names else base + f"-{role}"
        if key in own_names:
            findings += references.findings(manifest, own_names[key], ("compute", "names", key))
    for name, rule in blueprint.names.items():
        if not is_given(rule.when, fields, derived):
            continue
        names[name] = references.text(own_names[name]) if name in own_names else fill(rule.value, scope)
        scope[f"names.{name}"] = names[name]
        if name in own_names:
            findings += references.findings(manifest, own_names[name], ("compute", "names", name))
    return _Names(names, tuple(findings))


def _texts_at(
    value: Any,  # noqa: ANN401 - YAML
    path: Sequence[str],
    at: tuple[str, ...] = (),
) -> Iterator[tuple[tuple[str, ...], str | Text]]:
    """Yield the texts at a path of fields, which goes through every entry of a list; each with its own path."""
    match value:
        case list():
            for index, item in enumerate(value):
                yield from _texts_at(item, path, (*at, str(index)))
        case dict() if path:
            yield from _texts_at(value.get(path[0]), path[1:], (*at, path[0]))
        case str() | Text() if not path:
            yield at, value
        case _:
            return
