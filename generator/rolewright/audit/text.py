"""One text → findings: keys in it, references to keys, and what its format shows about them."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rolewright.audit.finding import closed_finding
from rolewright.audit.keys import find_keys
from rolewright.audit.references import find_references
from rolewright.core.finding import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.audit.keys import FoundKey

ACCESS_KEY = "access-key"
"""The rule of a long-lived key; the subject of its findings is the key's id."""
_ALLOW = re.compile(rb"rolewright:allow[ \t][^\n\w]*\w")
_BARE_ALLOW = re.compile(rb"rolewright:allow[^\w\n]*$", re.MULTILINE)
_TEXT = 8_192
"""How much of a file is looked at for a zero byte, which tells that it is no text."""


def audit_text(data: bytes, file: str, name: str, within: range | None = None) -> list[Finding]:
    """Audit a text. `file` names its place, and the ending of `name` its format.

    Of a part of a larger text only what starts `within` some offsets is reported; the rest is context.
    A finding on a line with `rolewright:allow REASON` is left out. No finding has a secret in it.
    """
    if within is None and data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode()
    inside = range(len(data)) if within is None else within
    keys = [key for key in find_keys(data) if key.start in inside]
    found: list[Finding] = []
    places = _Places(data, file)
    state = _addresses(data, name) if keys else {}
    lines = set()
    for key in keys:
        place = places.at(key.start, key.end)
        lines |= {place.line, places.at(key.secret_at, key.secret_at).line if key.secret_at >= 0 else place.line}
        found.append(key_finding(key, place, _in_state(state, key.id)))
    if b"\0" not in data[:_TEXT]:
        for reference in find_references(data, name):
            place = places.at(reference.start, reference.end)
            if reference.start in inside and place.line not in lines:
                pattern = reference.pattern
                written = data[reference.start : reference.end].decode("utf-8", "replace").strip()
                found.append(
                    closed_finding(
                        pattern.rule,
                        f"{written}: {pattern.message}",
                        pattern.remedy,
                        place,
                        severity=Severity.WARNING,
                        subject=reference.subject.decode("utf-8", "replace"),
                    )
                )
        if within is None and b"containerDefinitions" in data:
            found += _definitions(data, places)
    return list(_allowed(found, data, places, inside)) if b"rolewright:allow" in data else found


class _Places:
    """Turns offsets into lines and columns."""

    def __init__(self, data: bytes, file: str) -> None:
        self._data = data
        self._file = file

    def at(self, start: int, end: int) -> Location:
        begin = self._data.rfind(b"\n", 0, start) + 1
        line = self._data.count(b"\n", 0, start) + 1
        column = len(self._data[begin:start].decode("utf-8", "replace")) + 1
        width = len(self._data[start:end].decode("utf-8", "replace"))
        return Location(self._file, line, column, line, column + width)

    def offset(self, line: int) -> int:
        """Return the offset at which a line begins."""
        return sum(len(before) + 1 for before in self._data.split(b"\n", line - 1)[: line - 1])


def is_allowed(data: bytes, start: int) -> bool:
    """Return whether the line around an offset allows it, with a reason."""
    end = data.find(b"\n", start)
    return _ALLOW.search(data, data.rfind(b"\n", 0, start) + 1, len(data) if end < 0 else end) is not None


def _in_state(addresses: dict[str, str], key_id: str) -> str:
    return f", in Terraform's state as {addresses[key_id]}" if key_id in addresses else ""


def key_finding(key: FoundKey, place: Location, where: str) -> Finding:
    """Return the finding for a key; `where` ends the message. The secret itself is not in it."""
    if key.is_example:
        return closed_finding(
            "documented-example",
            f"{key.id or 'the secret here'} is an example from AWS's documentation and gives no access",
            "nothing to do",
            place,
            severity=Severity.NOTE,
            subject=key.id,
        )
    account = f"of account {key.account}" if key.account else "of an unknown account"
    form = " in base64" if key.encoded else ""
    if not key.id:
        return closed_finding(
            "secret-key",
            f"a secret access key{form} (SHA-256 {key.secret}…), without its id beside it{where}",
            "remove it and find the access key id that it belongs to: whoever has both can act as that user",
            place,
            subject=f"SHA-256 {key.secret}",
        )
    secret = f", with its secret (SHA-256 {key.secret}…)" if key.secret else ""
    if key.is_temporary:
        return closed_finding(
            "temporary-key",
            f"{key.id}{form}, a temporary session key {account}{secret}{where}",
            "remove it; it expires within 36 hours",
            place,
            severity=Severity.WARNING,
            subject=key.id,
        )
    return closed_finding(
        ACCESS_KEY,
        f"{key.id}{form}, a long-lived access key {account}{secret}{where}",
        "give the workload a role, disable the key, and delete it once nothing breaks; "
        "copies of this file still contain it",
        place,
        subject=key.id,
    )


def long_lived_keys(findings: Iterable[Finding]) -> dict[str, list[Location]]:
    """Return the ids of the long-lived keys in findings, in order, each with its places."""
    found: dict[str, list[Location]] = {}
    for finding in findings:
        if finding.rule == ACCESS_KEY:
            found.setdefault(finding.subject, []).append(finding.location)
    return dict(sorted(found.items()))


def _addresses(data: bytes, name: str) -> dict[str, str]:
    """Return the address of each key's resource in a Terraform state, by the key's id."""
    if ".tfstate" not in PurePath(name).name:
        return {}
    state = _json(data)
    listed = state.get("resources", ()) if isinstance(state, dict) else ()
    found: dict[str, str] = {}
    for resource in listed if isinstance(listed, list) else ():
        if isinstance(resource, dict) and resource.get("type") == "aws_iam_access_key":
            instances = resource.get("instances", ())
            for instance in instances if isinstance(instances, list) else ():
                attributes = instance.get("attributes") if isinstance(instance, dict) else None
                if isinstance(attributes, dict):
                    module = f"{resource['module']}." if resource.get("module") else ""
                    found[str(attributes.get("id"))] = f"{module}aws_iam_access_key.{resource.get('name')}"
    return found


def _json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _definitions(data: bytes, places: _Places) -> Iterator[Finding]:
    """Find task definitions that need an execution role and have none."""
    definition = _json(data)
    if isinstance(definition, dict) and isinstance(definition.get("taskDefinition"), dict):
        definition = definition["taskDefinition"]
    if not isinstance(definition, dict) or definition.get("executionRoleArn"):
        return
    containers = definition.get("containerDefinitions")
    needs = dict.fromkeys(
        need
        for container in (containers if isinstance(containers, list) else ())
        if isinstance(container, dict)
        for need in _needs(container)
    )
    if needs:
        start = data.find(b"containerDefinitions")
        yield closed_finding(
            "missing-execution-role",
            f"this task has no executionRoleArn, and ECS needs one for {', '.join(needs)}",
            "give it a role that ecs-tasks.amazonaws.com can assume; `rolewright render` makes one from a manifest",
            places.at(start, start + len(b"containerDefinitions")),
            severity=Severity.WARNING,
            subject=str(definition.get("family", "")),
        )


def _needs(container: dict[str, Any]) -> Iterator[str]:
    if re.match(r"\d{12}\.dkr[.-]ecr(-fips)?\.", str(container.get("image", ""))):
        yield "an image in ECR"
    if container.get("secrets"):
        yield "secrets"
    logging = container.get("logConfiguration")
    if isinstance(logging, dict) and logging.get("logDriver") == "awslogs":
        yield "logs in CloudWatch"


def _allowed(found: Iterable[Finding], data: bytes, places: _Places, inside: range) -> Iterator[Finding]:
    """Yield the findings that are not allowed, and one for each allowance without a reason."""
    for finding in found:
        if not is_allowed(data, places.offset(finding.location.line)):
            yield finding
    for match in _BARE_ALLOW.finditer(data):
        if match.start() in inside:
            yield closed_finding(
                "allowance-without-reason",
                "this `rolewright:allow` has no reason, so it allows nothing",
                "write a reason, for example `rolewright:allow key of the test fixture`",
                places.at(match.start(), match.end()),
                severity=Severity.WARNING,
            )
