"""The fields of a function that are more than one value: variables, code, names, and where its events go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.links import linked_resource, resources_in
from rolewright.importer.expression import HeldValue, OfResource, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.shapes import listed, mapping, mappings, text
from rolewright.importer.variables import carry_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

DATA = "cloudformation"
_S3 = re.compile(r"s3://([^/]{3,63})/(.{1,1024})")


def carry_variables(template: StackTemplate, workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the environment variables; the resources that they name become the manifest's."""
    for name, value in mapping(mapping(ledger.tree.data.get("Environment")).get("Variables")).items():
        path = ("Environment", "Variables", name)
        carry_variable(workload, ledger, path, str(name), _without_patterns(value), "environment", injects=False)
        for part in resources_in(value):
            linked_resource(template, workload, SourceText((part,)), "", ledger.location(path))


def _without_patterns(value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a value in which what is known only as a pattern, such as the ARN of a stream, has to be filled in."""
    if not isinstance(value, SourceText):
        return value
    parts = (
        UnknownPart(part.asked)
        if isinstance(part, OfResource) and str((part.known or SourceText(("",))).parts[-1]).endswith("/*")
        else part
        for part in value.parts
    )
    return SourceText.of(*parts)


def carry_code(workload: SourceWorkload, ledger: Ledger) -> None:
    """Say where the package is: in S3, or what a person has to fill in."""
    data = ledger.tree.data
    field = "CodeUri" if "CodeUri" in data else "Code"
    code = data.get(field)
    stored = _S3.fullmatch(code) if isinstance(code, str) else None
    if "PackageType" in data:
        (ledger.derived if text(data["PackageType"]) == "Image" else ledger.carried)(("PackageType",), "", "the code")
    if "image" in workload.compute or text(data.get("PackageType")) == "Image":
        workload.compute.setdefault("image", HeldValue("URI of the image in ECR", None))
        ledger.derived((field,), "compute.image", "the image")
        return
    bucket, key = (
        mapping(code).get(name) for name in (("Bucket", "Key") if field == "CodeUri" else ("S3Bucket", "S3Key"))
    )
    if stored or (bucket and key):
        place = {"bucket": stored[1], "key": stored[2]} if stored else {"bucket": bucket, "key": key}
        version = mapping(code).get("Version" if field == "CodeUri" else "S3ObjectVersion")
        value = {**place, **({"version": version} if version else {})}
        workload.set("package_object", value, ledger.location((field,)))
        ledger.carried((field,), "compute.package_object")
        return
    what = f"path of the zip file with {shown(code)}" if code else "path of the zip file"
    workload.set("package", HeldValue(what, "function.zip"), ledger.location((field,)))
    ledger.derived((field,), "compute.package", "to be filled in: the zip that a build makes")


def carry_tags(workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the tags: a mapping in SAM, a list of pairs elsewhere."""
    tags = ledger.tree.data.get("Tags")
    pairs: Iterator[tuple[Any, Any, Any]] = iter(())
    if isinstance(tags, dict):
        pairs = ((name, name, value) for name, value in tags.items())
    elif isinstance(tags, list):
        pairs = ((number, tag.get("Key"), tag.get("Value")) for number, tag in mappings(tags))
    for step, name, value in pairs:
        workload.top.setdefault("tags", {})[text(name)] = value if isinstance(value, SourceText) else text(value)
        ledger.carried(("Tags", step), f"tags.{text(name)}")


def carry_names(template: StackTemplate, logical: str, workload: SourceWorkload, ledger: Ledger) -> None:
    """Carry the name of the function, where the template or AWS says it, and its description."""
    name = ledger.tree.data.get("FunctionName", template.aids.stack.get(logical))
    path = ("FunctionName",)
    if name is not None:
        workload.set("names.function", name, ledger.location(path))
        ledger.carried(path, "compute.names.function")
    description = ledger.tree.data.get("Description")
    if isinstance(description, str) and description:
        workload.top["description"] = description
        ledger.carried(("Description",), "description")


def carry_asynchronous(template: StackTemplate, workload: SourceWorkload, ledger: Ledger) -> Iterator[dict[str, Any]]:
    """Carry where failed and handled asynchronous events go; yield the statements that SAM gives the role for it."""
    data = ledger.tree.data
    facts = format_data(DATA).facts["targets"]
    settings = mapping(mapping(data.get("EventInvokeConfig")).get("DestinationConfig"))
    places: list[tuple[PathInTree, dict[str, Any], str, str]] = [
        (("DeadLetterQueue",), mapping(data.get("DeadLetterQueue")), "TargetArn", "dead_letter"),
        (("DeadLetterConfig",), mapping(data.get("DeadLetterConfig")), "TargetArn", "dead_letter"),
    ]
    for name, target in (("OnSuccess", "destinations.on_success"), ("OnFailure", "destinations.on_failure")):
        path: PathInTree = ("EventInvokeConfig", "DestinationConfig", name)
        places.append((path, mapping(settings.get(name)), "Destination", target))
    for path, given, field, target in places:
        value = given.get(field)
        kind = facts.get(text(given.get("Type"))) or target_kind(value)
        if value is None or kind is None:
            continue
        key = linked_resource(template, workload, value, kind["type"], ledger.location(path))
        if key is None:
            continue
        workload.set(target, key, ledger.location(path))
        ledger.carried(path, f"compute.{target}", f"resources.{key}")
        yield {"Effect": "Allow", "Action": kind["action"], "Resource": value}


def target_kind(value: Any) -> Any | None:  # noqa: ANN401 - YAML
    """Return what is known of where events go, by the service in its ARN."""
    whole = "".join(part for part in value.parts if isinstance(part, str)) if isinstance(value, SourceText) else value
    for part in resources_in(value):
        whole = "".join(piece for piece in (part.known or SourceText(())).parts if isinstance(piece, str))
    found = str(whole).split(":")
    for kind in format_data(DATA).facts["targets"].values():
        if kind["action"].partition(":")[0] in found[:3]:
            return kind
    return None


def policies(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    """Return the policies of a function: SAM takes a list, or one."""
    return listed(value) if isinstance(value, list) else [] if value is None else [value]
