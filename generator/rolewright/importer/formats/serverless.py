"""Services of the Serverless Framework: a workload for each function, with what the service says for all of them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rolewright.check.rules.plaintext_secret import suggests_secret
from rolewright.importer.cloudformation.environments import joined
from rolewright.importer.cloudformation.links import linked_resource
from rolewright.importer.expression import HeldValue, OfResource, SecretPart, SourceText, UnknownPart
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.serverless_events import Events
from rolewright.importer.formats.serverless_roles import account_for_roles, has_shared_role, role_for
from rolewright.importer.formats.serverless_service import services_of
from rolewright.importer.formats.serverless_stages import at_stage
from rolewright.importer.ledger import FieldOutcome, Ledger, dotted
from rolewright.importer.names import workload_name
from rolewright.importer.shapes import mapping, text
from rolewright.importer.variables import carry_variable
from rolewright.importer.workload import ImportSource, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rolewright.importer.formats.serverless_service import ServerlessService
    from rolewright.importer.given import ImportAids
    from rolewright.yaml.load import PathInTree, Tree

NAME = "a Serverless service"
_DATA = "serverless"
_REGION = re.compile(r"\barn:[a-z-]{1,20}:[a-z0-9-]{1,40}:([a-z]{2,4}(?:-[a-z]{1,20}){1,3}-\d):")
_UNUSED = "nothing in the file names it; a plugin may read it, which rolewright does not run"


def recognises(file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is a service of Serverless on AWS, or a program that makes one."""
    if file.suffix in format_data(_DATA).facts["files"]:
        return file.stem == "serverless"
    provider = mapping(data).get("provider")
    name = provider.get("name") if isinstance(provider, dict) else provider
    return isinstance(name, str) and name.startswith(("aws", "${")) and ("functions" in data or "service" in data)


def read(file: Path, tree: Tree, aids: ImportAids) -> ImportSource:
    """Read a service: each function is a workload."""
    if tree.data == {}:
        reason = format_data(_DATA).facts["program"]
        outcome = FieldOutcome(file.name, Ledger(tree).location(()), "not carried", "", reason)
        return ImportSource(NAME, (tree.file,), (), (outcome,), {})
    services = services_of(file, tree, aids)
    service, *others = services
    keys = dict.fromkeys(key for each in services for key, _, _ in each.functions())
    workloads = [_workload(services, key) for key in keys]
    account_for_roles(service)
    _whole(service)
    outcomes = [*service.outcomes()]
    for other in others:
        alone = [
            dotted(path) for key, path, _ in other.functions() if key not in {k for k, _, _ in service.functions()}
        ]
        outcomes += [each for each in other.outcomes() if each.field.startswith(tuple(f"{path}." for path in alone))]
    notes = [*_notes(services), *_unlogged(workloads)]
    return ImportSource(
        NAME,
        (tree.file,),
        tuple(workloads),
        tuple(dict.fromkeys(outcomes)),
        service.template.described(),
        tuple(notes),
        "stage",
    )


def _workload(services: Sequence[ServerlessService], key: str) -> SourceWorkload:
    """Return the workload of a function, with the stages that have it as environments."""
    readings: dict[str, SourceWorkload] = {}
    having = [(service, each) for service in services for each in service.functions() if each[0] == key]
    for service, (_, path, function) in having:
        reading = readings[service.stage] = _function(service, key, path, function)
        role, boundary = role_for(service, key, path, function)
        reading.roles.append(role)
        _boundary(service, reading, boundary, path)
    workload = joined(readings, having[0][0].template)
    region = services[0].variables.region()
    for service, _ in having:
        own = {"region": at_stage(region, service.stage) or _default_region(service)}
        workload.environments[service.stage] = own | workload.environments[service.stage]
    return workload


def _notes(services: Sequence[ServerlessService]) -> Iterator[str]:
    service = services[0]
    shared = sum(has_shared_role(service, path, function) for _, path, function in service.functions())
    if shared > 1:
        yield (
            f"{service.name} has one role for {shared} functions: the manifest of each has what the role may do, "
            "which is no more than today; take out of each what its code does not need"
        )
    there = {each.stage: {key for key, _, _ in each.functions()} for each in services}
    for key in dict.fromkeys(key for keys in there.values() for key in sorted(keys)):
        lacking = [stage for stage, keys in there.items() if key not in keys]
        if lacking:
            yield f"{key} is not in {', '.join(lacking)}: its manifest has no such environment"
    if service.variables.unfit:
        yield (
            f"an environment cannot be called {service.variables.unfit}, so that its values are not read and it is "
            "called dev: give one with --parameter stage=NAME"
        )
    for written in service.variables.assumed:
        name = written.partition(":")[2]
        yield f"${{{written}}} is taken for its fallback: give another with --parameter {name}=VALUE"


def _unlogged(workloads: list[SourceWorkload]) -> Iterator[str]:
    kept = [workload.name for workload in workloads if "log_retention_days" not in workload.compute]
    if kept:
        yield f"the logs of {', '.join(kept)} are kept for ever today, and a year by the module: log_retention_days"


def _function(service: ServerlessService, key: str, path: PathInTree, function: Mapping[str, Any]) -> SourceWorkload:
    """Return the workload of a function, as it is in the stage of the service."""
    ledger, data = service.ledger, format_data(_DATA)
    name = workload_name(f"{service.name}-{key}")
    workload = SourceWorkload(workload_name(key) if len(f"{service.name}-{key}") > 32 else name, data.facts["type"])
    workload.set("names.function", service.function_name(key, function), ledger.location((*path, "name")))
    if "name" in function:
        ledger.carried((*path, "name"), "compute.names.function")
    if service.provider:
        carry(data.fields["provider"], ledger, ("provider",), workload, service.value)
    if function.get("vpc", ...) is None:
        workload.compute.pop("vpc", None)
        ledger.carried((*path, "vpc"), "", "the function is in no VPC")
    carry(data.fields["function"], ledger, path, workload, service.value)
    _code(service, path, function, workload)
    for field, value in data.facts["defaults"].items():
        if field not in workload.compute:
            workload.set(field, value, ledger.location(path))
    if "provisioned_concurrency" in workload.compute:
        workload.set("alias", "provisioned", ledger.location((*path, "provisionedConcurrency")))
    for where, given in ((("provider",), service.provider), (path, function)):
        _environment(service, (*where, "environment"), given.get("environment"), workload)
        for tag, value in mapping(service.value(given.get("tags"))).items():
            workload.top.setdefault("tags", {})[str(tag)] = value
            ledger.carried((*where, "tags", tag), f"tags.{tag}")
    _sends(service, path, function, workload)
    events = Events(service, key, workload)
    events.carry((*path, "events"), function.get("events"))
    events.public_url((*path, "url"), function.get("url"))
    return workload


def _code(service: ServerlessService, path: PathInTree, function: Mapping[str, Any], workload: SourceWorkload) -> None:
    """Hold what is needed to run the code, where the source does not say it."""
    ledger, image = service.ledger, function.get("image")
    if image is not None:
        workload.compute.pop("runtime", None)
        uri = service.value(image)
        if not isinstance(image, dict):
            if isinstance(uri, str) and "/" not in uri:
                uri = _built(service, f" {uri}")
            workload.set("image", uri, ledger.location((*path, "image")))
            ledger.carried((*path, "image"), "compute.image")
        elif "uri" not in image:
            workload.set("image", _built(service, ""), ledger.location(path))
            ledger.left((*path, "image", "name"), "Serverless builds the image: give its URI")
        return
    if "runtime" not in workload.compute:
        asked = "runtime: the service names none, and each version of Serverless has another default"
        workload.set("runtime", HeldValue(asked, None), ledger.location(path))
    if "package" not in workload.compute:
        artifact = service.value(mapping(service.data.get("package")).get("artifact"))
        asked = f"path of the zip file; `serverless package` writes .serverless/{service.name}.zip"
        workload.set("package", artifact or HeldValue(asked, None), ledger.location(path))
        if artifact:
            ledger.carried(("package", "artifact"), "compute.package")


def _built(service: ServerlessService, name: str) -> HeldValue:
    """Return the image to fill in, which is judged as one in the region of the service."""
    region = at_stage(service.variables.region(), service.stage) or _default_region(service).judged
    judged = f"123456789012.dkr.ecr.{text(region)}.amazonaws.com/held:1"
    return HeldValue(f"URI of the image{name} in ECR, which Serverless builds", judged)


def _environment(service: ServerlessService, path: PathInTree, variables: Any, workload: SourceWorkload) -> None:  # noqa: ANN401
    ledger = service.ledger
    for name, raw in mapping(variables).items():
        value, inside = service.value(raw), (*path, name)
        parts = value.parts if isinstance(value, SourceText) else ()
        secret = next((part.asked for part in parts if isinstance(part, SecretPart)), "")
        if not secret and suggests_secret(str(name)):
            secret = next((part.asked for part in parts if isinstance(part, UnknownPart)), "")
        if secret:
            mapping(workload.compute.get("environment")).pop(name, None)
            ledger.left(inside, f"{secret} would stand in plain text: let the code read the secret by its name")
        elif value is None:
            ledger.carried(inside, "", "it has no value, which is what happens without it")
        elif isinstance(value, dict | list):
            ledger.left(inside, "it is no text, and so no environment variable")
        else:
            carry_variable(workload, ledger, inside, str(name), value, "environment", injects=False)


def _sends(service: ServerlessService, path: PathInTree, function: Mapping[str, Any], workload: SourceWorkload) -> None:
    """Carry where results and failed events go."""
    ledger, types = service.ledger, format_data(_DATA).facts["dead_letter"]
    ways: list[tuple[PathInTree, str, Any]] = [(("onError",), "dead_letter", function.get("onError"))]
    for name, target in (("onSuccess", "destinations.on_success"), ("onFailure", "destinations.on_failure")):
        ways.append((("destinations", name), target, mapping(function.get("destinations")).get(name)))
    for steps, target, raw in ways:
        if raw is None:
            continue
        given = mapping(raw).get("arn", raw) if "arn" in mapping(raw) else raw
        value = service.template.value(given)
        literal = text(value)
        kind = literal.split(":")[2] if literal.startswith("arn:") and literal.count(":") > 2 else ""
        known = isinstance(value, SourceText) and isinstance(value.parts[0], OfResource)
        inside = (*path, *steps)
        if not known and kind not in types:
            ledger.left(inside, "a function of the service, or a value that is not known: name it under resources")
            continue
        type_ = types.get(kind, next(iter(types.values())))
        key = linked_resource(service.template, workload, value, type_, ledger.location(inside))
        if key is None:
            ledger.left(inside, "a manifest has no type for what it names")
            continue
        workload.set(target, key, ledger.location(inside))
        ledger.derived(inside, f"compute.{target}", f"resources.{key}")


def _boundary(service: ServerlessService, workload: SourceWorkload, raw: Any, path: PathInTree) -> None:  # noqa: ANN401 - YAML
    value = service.value(raw)
    if value not in (None, ""):
        workload.top["boundary"] = value
        workload.origins["boundary",] = service.ledger.location(path)


def _default_region(service: ServerlessService) -> HeldValue:
    """Return the region to fill in; ARNs of the service are judged in the one that they name most."""
    default = format_data(_DATA).facts["region"]
    named = Counter(_REGION.findall(str(service.data))).most_common(1)
    return HeldValue(f"region: Serverless takes {default} where nobody says another", named[0][0] if named else default)


def _whole(service: ServerlessService) -> None:
    """Account for what is said of the whole service."""
    ledger, used = service.ledger, service.variables.used
    carry(format_data(_DATA).fields["document"], ledger, (), SourceWorkload("", ""), service.value)
    ledger.derived(("service",), "workload", "the beginning of the names")
    for field in ("stage", "region"):
        if field in service.provider:
            ledger.derived(("provider", field), "environments", f"the {field}s of the environments")
    for key, value in mapping(service.data.get("custom")).items():
        if ("custom",) in used or ("custom", key) in used:
            ledger.derived(("custom", key), "", "its value is where variables name it")
        elif value is not None:
            ledger.left(("custom", key), _UNUSED)
    for section in ("params", "stages"):
        for stage in mapping(service.data.get(section)):
            where = (section, stage) if section == "params" else (section, stage, "params")
            ledger.derived(where, "environments", "its values are where variables name them")
    _resources(service)


def _resources(service: ServerlessService) -> None:
    """Account for the resources that the service makes beside its functions."""
    ledger, made, resources = service.ledger, service.template.described(), service.data.get("resources")
    stacks = format_data("cloudformation").facts
    parts = (
        [((number,), part) for number, part in enumerate(resources)]
        if isinstance(resources, list)
        else [((), resources)]
    )
    for steps, part in parts:
        for section in ("Resources", "Conditions", "Mappings", "Parameters"):
            for logical, resource in mapping(mapping(part).get(section)).items():
                inside = ("resources", *steps, section, logical)
                if section != "Resources":
                    ledger.derived(inside, "", "read for what it decides")
                elif text(mapping(resource).get("Type")) in stacks["roles"]:
                    ledger.derived(inside, "", stacks["read_for_roles"])
                elif logical in made:
                    ledger.derived(
                        inside, "resources", "a resource where a function has access to it; it stays in its stack"
                    )
                else:
                    ledger.left(
                        inside, "it stays in its stack: a manifest has no type for it, or the module makes its own"
                    )
