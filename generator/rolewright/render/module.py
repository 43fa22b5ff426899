"""Roles + Workload + Catalog → Module: the text of every file, in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.model import INJECTION
from rolewright.blueprint.rule_schema import value_at
from rolewright.core.finding import Finding, Rejected
from rolewright.core.inputs import TAGS
from rolewright.core.model import Module, Variable
from rolewright.core.printable import visible
from rolewright.core.text import Ref, Text, ground, pascal
from rolewright.grants.granted import granted
from rolewright.grants.network import opened_ports, reached_ports
from rolewright.grants.required_policies import admitting, agreed
from rolewright.hcl.format import UnformattableError, format_hcl
from rolewright.hcl.literal import RawExpression, identifier, literal
from rolewright.manifest.derived import is_given
from rolewright.manifest.document import fields_of
from rolewright.manifest.identities import identities
from rolewright.manifest.resources import injected_values
from rolewright.render.outputs import module_outputs
from rolewright.render.readable import place_symbols, policy_lines, readable, shown, text_functions
from rolewright.render.stars import names_nothing, needs_star
from rolewright.render.tftest import assertions
from rolewright.render.usage import usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import (
        Declaration,
        Policy,
        RequiredPolicy,
        Resource,
        ResourceStatement,
        Role,
        Statement,
        Workload,
    )
    from rolewright.render.sandbox import Templates

MINIMUM = {"terraform": "1.5", "aws": "5.80"}
"""Minimum versions for every module: it has postconditions, and exclusive role policies."""


@dataclass(frozen=True)
class Rendered:
    """One workload with what it declares, its roles and its module: nothing is proven of it yet."""

    workload: Workload
    declaration: Declaration
    roles: tuple[Role, ...]
    module: Module


def render_workload(workload: Workload, catalog: Catalog, templates: Templates) -> Rendered:
    """Derive what a workload declares, and render its module.

    Raises Rejected where it declares what cannot be, or a blueprint is broken.
    """
    declaration, roles = granted(workload, catalog)
    return Rendered(workload, declaration, roles, render(workload, declaration, roles, catalog, templates))


def render(
    workload: Workload,
    declaration: Declaration,
    roles: tuple[Role, ...],
    catalog: Catalog,
    templates: Templates,
) -> Module:
    """Render the module. Raises Rejected, with the location in the template, where a blueprint is broken."""
    context = _context(workload, declaration, roles, catalog)
    files: dict[str, str] = {}
    for name in ("versions", "variables", "context", "roles"):
        files[f"{name}.tf"] = templates.render(f"module/{name}.tf.j2", context)
    compute_texts = {
        name.rsplit("/", 1)[1].removesuffix(".j2"): templates.render(name, context)
        for name in catalog.computes[workload.compute.type].templates
    }
    files |= compute_texts
    created_texts = {
        key: templates.render(
            creation.template, {**context, "resource": _resource(resource, workload, declaration, catalog)}
        )
        for key, resource in workload.resources.items()
        if resource.created and (creation := catalog.resources[resource.type].create) is not None
    }
    if created_texts:
        files["resources.tf"] = "\n".join(f"# manifest: resources.{key}\n{text}" for key, text in created_texts.items())
    outputs = module_outputs(workload, roles, catalog, compute_texts.values(), created_texts)
    files["outputs.tf"] = templates.render("module/outputs.tf.j2", {"outputs": outputs})
    for environment in workload.environments:
        if environment.name:
            files[f"environments/{environment.name}.tfvars"] = "".join(
                f"{name} = {literal(value)}\n" for name, value in environment.variables.items()
            )
    source = PurePath(workload.file).name
    header = f"# Rendered by rolewright from {_one_line(source)}. Change the manifest, not this file.\n\n"
    tested = {**context, **assertions(workload, roles, declaration.promises, files.values())}
    files["tests/access.tftest.hcl"] = templates.render("module/access.tftest.hcl.j2", tested)
    try:
        texts = {name: format_hcl(header + text) for name, text in files.items() if text.strip()}
    except UnformattableError as error:
        raise Rejected([_no_hcl(error, workload)]) from None
    shown_in_readme = {**context, "source": source, **usage(workload, context["variables"], outputs, files)}
    texts["README.md"] = visible(templates.render("module/README.md.j2", shown_in_readme))
    texts["access.lock"] = access_lock(workload, roles, declaration)
    return Module(workload.name, dict(sorted(texts.items())))


def _no_hcl(error: UnformattableError, workload: Workload) -> Finding:
    return Finding(
        "hcl-syntax",
        f"the blueprints' templates do not render valid HCL from this: {error}",
        "find this line in a template of the blueprint, or of a type under resources, and correct it there",
        workload.locate("compute.type"),
        "compute.type",
    )


def render_credentials(
    workload: Workload,
    declaration: Declaration,
    roles: tuple[Role, ...],
    catalog: Catalog,
    templates: Templates,
) -> str:
    """Render the README's section on how the code gets its credentials; "" if the compute type has no template for it.

    Raises Rejected as `render` does.
    """
    context = _context(workload, declaration, roles, catalog)
    return visible(templates.render(context["credentials"], context)) if context["credentials"] else ""


def _one_line(text: str) -> str:
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _context(workload: Workload, declaration: Declaration, roles: tuple[Role, ...], catalog: Catalog) -> dict[str, Any]:
    base = Text.of(workload.name)
    environments = [environment.name for environment in workload.environments if environment.name]
    variables = list(workload.variables)
    tags: dict[str, Any] = {"workload": workload.name, "managed-by": "rolewright"}
    if environments:
        base = Text.of(workload.name, "-", Ref("var.environment"))
        tags["environment"] = RawExpression("var.environment")
        variables = [
            Variable("environment", "string", "Environment that is deployed", allowed=tuple(environments)),
            Variable("account", "string", "AWS account of the environment"),
            Variable("region", "string", "AWS region of the environment"),
            *variables,
        ]
    views = [_role(role, workload) for role in roles]
    return {
        "workload": workload.name,
        "compute": workload.compute.fields,
        "compute_type": workload.compute.type,
        "names": {**workload.compute.names, "base": base},
        "derived": workload.compute.derived.get,
        "identities": identities(workload.compute.fields, catalog.computes[workload.compute.type].fields, workload),
        "injected": lambda keys: injected_values(workload, catalog, keys or {}),
        "injected_resources": _injected(workload),
        "resource_of": lambda key: _used(workload.resources[key]),
        "policies": lambda key: _policy_references(roles, key),
        "admitting": lambda field: admitting(workload, catalog, field),
        "opened_ports": opened_ports(workload, catalog),
        "network": _network(workload, catalog),
        "roles": views,
        "boundary": workload.boundary,
        "exclusive": workload.exclusive,
        "environments": environments,
        "variables": variables,
        "requires": _requires(workload, catalog),
        "tags": _tags({**tags, **workload.tags}, workload),
        "validations": {
            variable.name: [
                {"condition": RawExpression(condition), "message": message}
                for condition, message in variable.validations
            ]
            for variable in variables
        },
        "show": lambda texts: ", ".join(text.ground(place_symbols(workload)) for text in texts),
        "credentials": _credentials(workload, catalog),
        **text_functions(workload, roles),
        "required_policies": [_required_policy(required, workload) for required in declaration.required_policies],
    }


def _network(workload: Workload, catalog: Catalog) -> dict[str, Any]:
    """Return the fields in which the manifest names security groups, and the ports and URLs that those let out to."""
    network, compute = catalog.computes[workload.compute.type].network, workload.compute
    given, instances = (
        [name for name in fields if is_given(name, compute.fields, compute.derived)]
        for fields in ((network.given, network.instances) if network else ((), ()))
    )
    urls = [value_at(compute.fields, name.split(".")) for name in network.urls] if network else []
    return {
        "given": given,
        "instances": instances,
        "ports": reached_ports(workload, catalog),
        "urls": [url for url in urls if url is not None],
    }


def _tags(own: Mapping[str, Any], workload: Workload) -> Any:  # noqa: ANN401 - a mapping, or HCL
    """Return the tags of everything: those of the caller, then the module's own, which nothing replaces."""
    given = [given.reference for given in workload.inputs if given.kind == TAGS]
    return RawExpression(f"merge({', '.join([*given, literal(own)])})") if given else own


def _credentials(workload: Workload, catalog: Catalog) -> str:
    """Return the name of the template that says how the code gets its credentials, or "" for a type without one."""
    name = f"compute/{workload.compute.type}/credentials.md.j2"
    return name if name in catalog.templates else ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _policy_references(roles: tuple[Role, ...], key: str) -> list[RawExpression]:
    kinds = {True: "aws_iam_role_policy_attachment", False: "aws_iam_role_policy"}
    for role in roles:
        if role.key == key:
            return [RawExpression(f"{kinds[policy.managed]}.{policy.label}") for policy in role.policies]
    raise ValueError(f"there is no role `{key}` whose policies could be listed")


def _role(role: Role, workload: Workload) -> dict[str, Any]:
    place = place_symbols(workload)
    return {
        "key": role.key,
        "name": role.name,
        "summary": role.summary,
        "heading": role.summary[:1].upper() + role.summary[1:],
        "description": f"{workload.name}: {role.summary}",
        "trust": {
            "sid": "Assume",
            "effect": "Allow",
            "actions": list(role.trust.actions),
            "resources": [],
            "principals": [{"type": role.trust.kind, "identifiers": list(role.trust.principals)}],
            "conditions": role.trust.conditions,
            "comments": [],
        },
        "held_to": shown(role.trust.conditions, place),
        "assumed_by": [principal.ground(place) for principal in role.trust.principals],
        "policies": [_policy(policy, place) for policy in role.policies],
    }


def _policy(policy: Policy, place: Mapping[str, str]) -> dict[str, Any]:
    return {
        "label": policy.label,
        "name": policy.name,
        "managed": policy.managed,
        "statements": [_statement(statement, place) for statement in policy.statements],
    }


def _statement(statement: Statement, place: Mapping[str, str]) -> dict[str, Any]:
    origins = list(dict.fromkeys(grant.origin for grant in statement.grants))
    reasons = list(dict.fromkeys(reason for grant in statement.grants for reason in grant.reasons))
    return {
        "sid": statement.sid,
        "effect": statement.effect,
        "actions": list(statement.actions),
        "resources": list(statement.resources),
        "principals": [],
        "conditions": statement.conditions,
        "needs_star": needs_star(statement),
        "names_nothing": names_nothing(statement),
        "comments": [*(f"manifest: {origin}" for origin in origins), *reasons],
        "origin": ", ".join(origins),
        "reasons": reasons,
        "conditioned": shown(statement.conditions, place),
    }


def _resource(resource: Resource, workload: Workload, declaration: Declaration, catalog: Catalog) -> dict[str, Any]:
    schemas = fields_of(catalog.resources[resource.type], {"create": resource.created})
    return {
        **resource.fields,
        "key": resource.key,
        "id": identifier(resource.key),
        "identities": identities(resource.fields, schemas, workload),
        "arns": {name: arns[0] if len(arns) == 1 else list(arns) for name, arns in resource.arns.items()},
        "agreements": agreed(workload, catalog, resource.key),
        "policies": {
            policy.name: [_admission(statement) for statement in policy.statements]
            for policy in declaration.policies
            if policy.resource == resource.key
        },
    }


def _admission(statement: ResourceStatement) -> dict[str, Any]:
    kinds = dict.fromkeys(kind for kind, _ in statement.principals)
    return {
        "sid": statement.sid,
        "effect": statement.effect,
        "actions": list(statement.actions),
        "resources": list(statement.resources),
        "principals": [
            {"type": kind, "identifiers": [text for each, text in statement.principals if each == kind]}
            for kind in kinds
        ],
        "conditions": statement.conditions,
        "comments": list(statement.reasons),
    }


def _requires(workload: Workload, catalog: Catalog) -> dict[str, str]:
    """Return the least version of Terraform and of the provider that everything in the module takes."""
    compute = workload.compute
    wanted = [
        versions
        for field, versions in catalog.computes[compute.type].requires.items()
        if is_given(field, compute.fields, compute.derived)
    ]
    for resource in workload.resources.values():
        creation = catalog.resources[resource.type].create
        if resource.created and creation is not None:
            wanted.append(creation.requires)
    return {
        program: max([least, *(versions[program] for versions in wanted if program in versions)], key=_version)
        for program, least in MINIMUM.items()
    }


def _injected(workload: Workload) -> list[dict[str, Any]]:
    """Return the resources whose values the platform injects, each once, with the names that the manifest gives."""
    keys = dict.fromkeys(use.resource for use in workload.compute.uses if use.verbs == (INJECTION,))
    resources = [workload.resources[key] for key in keys]
    return [{**_used(resource), "name": resource.fields.get("name")} for resource in resources]


def _used(resource: Resource) -> dict[str, Any]:
    """Return the template's view of a resource that a field of the compute type names by its key."""
    view = {"key": resource.key, "id": identifier(resource.key), "type": resource.type, "created": resource.created}
    return {**view, **resource.attributes}


def _required_policy(required: RequiredPolicy, workload: Workload) -> dict[str, Any]:
    """Return the template's view of a required policy: the document as JSON, once for each distinct text."""
    documents = {e.name: ground(required.document, readable(e)) for e in workload.environments}
    texts = {name: json.dumps(document, indent=2) for name, document in documents.items()}
    if len(set(texts.values())) > 1:  # all of them may go into one policy, which takes no Sid twice
        texts = {name: json.dumps(_named_for(document, name), indent=2) for name, document in documents.items()}
    return {
        "resource": required.resource,
        "to": required.to,
        "statements": [RawExpression(text) for text in dict.fromkeys(texts.values())],
    }


def _named_for(document: Any, environment: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(document, dict) and "Sid" in document:
        return {**document, "Sid": document["Sid"] + pascal(environment)}
    return document


def access_lock(workload: Workload, roles: tuple[Role, ...], declaration: Declaration) -> str:
    """Return the text of access.lock: a line for each permission, of roles and on resources, and for each opening.

    The lines are sorted, and do not depend on how the policies are laid out.
    """
    lines: set[str] = set()
    for environment in workload.environments:
        where = f"{environment.name} " if environment.name else ""
        values = readable(environment)
        for role in roles:
            principals = ", ".join(principal.ground(values) for principal in role.trust.principals)
            lines.add(f"{where}{role.key} assumed-by {principals}{shown(role.trust.conditions, values)}")
            for policy in role.policies:
                for statement in policy.statements:
                    for action in statement.actions:
                        for arn in statement.resources:
                            lines.add(
                                f"{where}{role.key} {statement.effect.lower()} {action} on "
                                f"{arn.ground(values)}{shown(statement.conditions, values)}"
                            )
        lines |= {f"{where}{line}" for policy in declaration.policies for line in policy_lines(policy, values)}
        lines |= {f"{where}open {what} to {whom}" for what, whom in declaration.contents.opened(values)}
    return "".join(f"{_one_line(line)}\n" for line in sorted(lines))
