"""Environment variables and secrets of a source; a secret that stands there in plain text is never written anywhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.data.access_keys import VARIABLES
from rolewright.importer.expression import HeldValue, OfResource, PlaceName, SecretPart, SecretValue, SourceText
from rolewright.importer.names import resource_key
from rolewright.importer.secret_values import looks_secret
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.core.finding import Location
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import PathInTree

_SECRET_ARN = re.compile(
    r"arn:[a-z-]{1,20}:secretsmanager:([^:]{0,30}):([^:]{0,12}):secret:([^:]{1,512})((?::[^:]{0,256}){0,3})"
)
_PARAMETER_ARN = re.compile(r"arn:[a-z-]{1,20}:ssm:([^:]{0,30}):([^:]{0,12}):parameter/(.{1,1011})")
_OPEN_SECRET = re.compile(
    r"(?P<arn>arn:[^:]{1,20}:(?P<service>secretsmanager|ssm):(?P<region>[^:]{0,30}):(?P<account>[^:]{0,30}):"
    r"(?:secret:|parameter/?)(?P<name>[^:?]{1,512}?)(?P<any>-\?{6})?)(?P<part>(?::[^:]{0,256}){0,3})"
)
NOT_NAMED = "a manifest's variables have letters, digits and underscores in their names: give it another in the code"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WHICH_NAME = "name of the secret, without the dash and six characters that its ARN may have behind it, of"
_HELD = 0xF0000
"""Where a plane of Unicode begins that has no characters: each of these stands for one open part of a text."""
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")
"""The end that Secrets Manager gives the name of a secret in its ARN. A name may end so too: `prod/api-secret`."""
_MAYBE_WORD = re.compile(r"-[a-z]{6}$")
"""An end that is a word more often than not: Secrets Manager gives one ARN in 185 six small letters."""


@cache
def secret_types() -> Mapping[str, str]:
    """Return the types of what holds a value that code gets as a variable: a `secret`, and a `parameter`."""
    types: Mapping[str, str] = load(Path(__file__).with_name("secrets.yaml")).trees[0].data
    return types


def can_be_named(name: str) -> bool:
    """Return whether a manifest takes the name of a variable."""
    return _NAME.fullmatch(name) is not None


def _no_variable(name: str) -> str:
    """Return why a manifest has no variable or secret of a name, "" for one that it may have."""
    if name.upper() in VARIABLES:
        return "an access key: the role takes its place. Delete the key"
    return "" if can_be_named(name) else NOT_NAMED


def carry_variable(
    workload: SourceWorkload,
    ledger: Ledger,
    path: PathInTree,
    name: str,
    value: Any,  # noqa: ANN401 - YAML
    target: str,
    *,
    injects: bool,
) -> None:
    """Carry one environment variable to the field `target`, such as `environment`.

    A secret becomes one that a person has to make, where the compute type `injects` secrets; elsewhere it is left out.
    """
    location = ledger.location(path)
    secrets = [part for part in value.parts if isinstance(part, SecretPart)] if isinstance(value, SourceText) else []
    reason = _no_variable(name)
    if reason:
        ledger.left(path, reason)
    elif secrets and not injects:
        where = ", ".join(part.asked for part in secrets)
        ledger.left(path, f"it would show {where} in the settings: let the code read that")
    elif secrets and value.parts == tuple(secrets[:1]) and secrets[0].named:
        carry_secret(workload, ledger, path, name, secrets[0].named, _beside(target, "secrets"))
    elif secrets:
        asked = f"name of a secret that you make for {name}: it holds {secrets[0].asked}"
        key = workload.add(
            resource_key(name), {"type": secret_types()["secret"], "name": HeldValue(asked, name)}, location
        )
        workload.set(f"{_beside(target, 'secrets')}.{name}", key, location)
        ledger.derived(path, f"compute.{_beside(target, 'secrets')}.{name}", "made of a secret: make one of it")
    elif isinstance(value, SecretValue) or _is_secret(name, value):
        if not injects:
            ledger.left(path, "a secret in plain text: put it into Secrets Manager, and let the code read it there")
            return
        asked = f"name of the secret in Secrets Manager that you make for {name}: {location} has it in plain text"
        key = workload.add(
            resource_key(name), {"type": secret_types()["secret"], "name": HeldValue(asked, name)}, location
        )
        workload.set(f"{_beside(target, 'secrets')}.{name}", key, location)
        ledger.derived(path, f"compute.{_beside(target, 'secrets')}.{name}", "a secret in plain text: make one of it")
    else:
        workload.set(f"{target}.{name}", "" if value is None else value, location)
        ledger.carried(path, f"compute.{target}.{name}")


def _is_secret(name: str, value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value is a secret in plain text; of one that is in part open, whether the rest has one."""
    if isinstance(value, SourceText):
        if value.literal is None:
            return looks_secret("", "".join(part if isinstance(part, str) else "${}" for part in value.parts))
        value = value.literal
    return isinstance(value, str) and looks_secret(name, value)


def carry_secret(
    workload: SourceWorkload,
    ledger: Ledger,
    path: PathInTree,
    name: str,
    value: Any,  # noqa: ANN401 - YAML
    target: str,
    account: str = "",
    region: str = "",
) -> None:
    """Carry a variable that ECS reads from a secret or a parameter.

    `account` and `region` are the own ones, where they are known.
    """
    reason = _no_variable(name)
    if reason:
        ledger.left(path, reason)
        return
    location = ledger.location(path)
    text = value.literal if isinstance(value, SourceText) else value
    if isinstance(value, SourceText) and text is None:
        entry, part = _open_secret(value, name, location)
    elif not isinstance(text, str):
        asked = f"name of the secret for {name}, which {location} takes from elsewhere"
        entry, part = {"type": secret_types()["secret"], "name": HeldValue(asked, name)}, ""
    else:
        entry, part = named_secret(text, account, region)
    named = entry.get("name")
    key = workload.add(resource_key(named.strip("/") if isinstance(named, str) else name), entry, location)
    workload.set(f"{target}.{name}", key + part, location)
    if isinstance(text, str) and text.startswith("arn:") and "name" in entry and not (account and region):
        note = f"resources.{key}: taken for one of the environment's account and region, which the source does not say"
        ledger.derived(path, f"compute.{target}.{name}", note)
    else:
        ledger.carried(path, f"compute.{target}.{name}", f"resources.{key}")


def _open_secret(value: SourceText, name: str, location: Location) -> tuple[dict[str, Any], str]:
    """Return the resource of a `valueFrom` with open parts: its name may have such, the part of its value may not."""
    parts = tuple(
        piece
        for part in value.parts
        for piece in (part.known.parts if isinstance(part, OfResource) and part.known is not None else (part,))
    )
    held = [part for part in parts if not isinstance(part, str)]
    numbers = iter(range(len(held)))
    shown = "".join(part if isinstance(part, str) else chr(_HELD + next(numbers)) for part in parts)
    found = _OPEN_SECRET.fullmatch(shown)
    asked = f"name of the secret for {name}, which {location} takes from elsewhere"
    if found is None and ord(shown[0]) < _HELD and not shown.startswith("arn:"):
        return {"type": secret_types()["parameter"], "name": SourceText.of(*parts)}, ""  # by its name, as ECS takes it
    if found is None:
        return {"type": secret_types()["secret"], "name": HeldValue(asked, name)}, ""

    def unheld(text: str) -> SourceText:
        return SourceText.of(*(held[ord(letter) - _HELD] if ord(letter) >= _HELD else letter for letter in text))

    kind = "secret" if found["service"] == "secretsmanager" else "parameter"
    part = (found["part"] or "").rstrip(":") if kind == "secret" else ""
    places = (PlaceName("region"), PlaceName("account"))
    if any(unheld(found[place.name]).parts not in ((), (place,)) for place in places):
        return {"type": secret_types()[kind], "arn": unheld(found["arn"])}, part
    if kind == "parameter":
        slash = "/" if "/" in found["name"] else ""
        return {"type": secret_types()[kind], "name": SourceText.of(slash, unheld(found["name"]))}, ""
    if found["any"]:
        return {"type": secret_types()[kind], "name": unheld(found["name"])}, part
    if _MAYBE_WORD.search(found["name"]):
        shown_name = "".join("…" if ord(letter) >= _HELD else letter for letter in found["name"])
        return {"type": secret_types()[kind], "name": HeldValue(f"{_WHICH_NAME} {shown_name}", name)}, part
    return {"type": secret_types()[kind], "name": unheld(_SUFFIX.sub("", found["name"]))}, part


def named_secret(text: str, account: str = "", region: str = "") -> tuple[dict[str, Any], str]:
    """Return the resource that ECS's `valueFrom` names, and what stands behind its key for a part of the value.

    A secret or parameter of the own `account` and `region`, where these are known, goes by its name, one of elsewhere
    by its ARN.
    """
    secret = _SECRET_ARN.fullmatch(text)
    if secret is not None:
        part = secret[4].rstrip(":")
        if _is_own(secret[1], region) and _is_own(secret[2], account):
            maybe = _MAYBE_WORD.search(secret[3])
            called = HeldValue(f"{_WHICH_NAME} {secret[3]}", secret[3]) if maybe else _SUFFIX.sub("", secret[3])
            return {"type": secret_types()["secret"], "name": called}, part
        return {"type": secret_types()["secret"], "arn": text[: secret.end(3)]}, part
    parameter = _PARAMETER_ARN.fullmatch(text)
    if parameter is not None:
        if not (_is_own(parameter[1], region) and _is_own(parameter[2], account)):
            return {"type": secret_types()["parameter"], "arn": text}, ""
        return {
            "type": secret_types()["parameter"],
            "name": f"/{parameter[3]}" if "/" in parameter[3] else parameter[3],
        }, ""
    return {"type": secret_types()["parameter"], "name": text}, ""


def _is_own(named: str, own: str) -> bool:
    return named in ("", own) or not own


def _beside(target: str, name: str) -> str:
    return ".".join((*target.split(".")[:-1], name))
