"""Proven modules → a file of import blocks for the configuration that calls them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from rolewright.adopt.ids import ImportId, import_ids
from rolewright.adopt.table import ImportRule
from rolewright.core.finding import MisuseError
from rolewright.data.partitions import partition_of
from rolewright.hcl.literal import comment, identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rolewright.core.model import Environment
    from rolewright.pipeline import Built

_CALL = re.compile(r'[A-Za-z_][A-Za-z0-9_-]*(\["[A-Za-z0-9_./-]+"\]|\[\d+\])?')
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
_OTHER = {"account": "210987654321", "region": "eu-west-3"}
_HEADER = """\
Import blocks for what {what} makes and the AWS account has already.

Put this file beside the configuration that calls the module: Terraform takes import blocks in the root module alone.
Delete the block of each resource that does not exist yet: Terraform refuses to import what is not there.
Read the plan before you apply it. Nothing in it may be destroyed or replaced, and what it changes in place is what
the manifest says and AWS has otherwise. Import a role only if nothing else uses it."""
_SETTINGS = """\
Settings of what is above. An apply overwrites them without an import as well; with one, the plan shows what it
changes. Delete the block of each that is not there yet."""
_TO_FIND = """\
The manifest does not say all of these ids: AWS made a part of them, or it is an input of the module. Run the command
with the credentials and in the region of the environment, put what it prints, or the input's value, in place of <…>,
and remove the # in front of the block."""
_NEW_ROLE = "the module makes a role of its own: what has the old one goes over to it, and nobody else loses anything"
_NEVER = "Never imported, or not by rolewright."
_UNKNOWN = (
    "rolewright does not know how Terraform imports these; section Import of the provider's documentation says it."
)


def import_file(
    modules: Sequence[Built],
    *,
    call: str = "",
    environment: str = "",
    account: str = "",
    region: str = "",
    new_roles: bool = False,
) -> str:
    """Return the text of a file of import blocks for the modules in one environment.

    `call` is what follows `module.` in the configuration, such as `orders` or `orders["prod"]`; if left out, the
    workload's name. `account` and `region` are for manifests without environments. With `new_roles`, roles and their
    policies are made and never imported. Raises MisuseError where the
    modules have no such environment alone, or where an id depends on an account or a region that is not given.
    """
    _require_sense(modules, call, account, region)
    parts = []
    for built in modules:
        chosen = _environment(built, environment)
        address = f"module.{call or identifier(built.workload.name)}"
        if chosen.name:
            if account or region:
                raise MisuseError(
                    f"{built.workload.name} has environments: --account and --region are for those without"
                )
            parts.append(_blocks(built, chosen, address, new_roles=new_roles))
        else:
            given = {name: value for name, value in (("account", account), ("region", region)) if value}
            parts.append(_anywhere(built, chosen, address, given, new_roles=new_roles))
    return "\n".join(parts)


def _require_sense(modules: Sequence[Built], call: str, account: str, region: str) -> None:
    if call and len(modules) > 1:
        names = ", ".join(built.workload.name for built in modules)
        raise MisuseError(f"--module names the call of one module, and the manifest describes several: {names}")
    if call and not _CALL.fullmatch(call):
        raise MisuseError(f'{call} is not the name of a module call, such as orders or orders["prod"]')
    if account and not _ACCOUNT.fullmatch(account):
        raise MisuseError(f"{account} is not an AWS account id, which has 12 digits")
    if region and not _REGION.fullmatch(region):
        raise MisuseError(f"{region} is not an AWS region, such as eu-west-1")


def _environment(built: Built, name: str) -> Environment:
    """Return the environment of that name, or the only one. Raises MisuseError where there are several."""
    environments = [environment for environment in built.workload.environments if not name or environment.name == name]
    if len(environments) > 1:
        names = ", ".join(environment.name for environment in environments)
        raise MisuseError(f"{built.workload.name} has several environments: name one of {names} with --env")
    return environments[0]


def _anywhere(built: Built, environment: Environment, address: str, given: dict[str, str], *, new_roles: bool) -> str:
    """Return the blocks of a module without environments. Raises MisuseError where that takes more than is given."""
    text = _blocks(built, _located(environment, given), address, new_roles=new_roles)
    for name in _OTHER.keys() - given.keys():
        other = _located(environment, {**given, name: _OTHER[name]})
        if _blocks(built, other, address, new_roles=new_roles) != text:
            raise MisuseError(
                f"{built.workload.name} has no environments, and ids of what it makes contain the account or the "
                "region: give both with --account and --region"
            )
    return text


def _located(environment: Environment, given: dict[str, str]) -> Environment:
    located = replace(environment, **given)  # type: ignore[arg-type]
    return replace(located, partition=partition_of(located.region))


def _blocks(built: Built, environment: Environment, address: str, *, new_roles: bool) -> str:
    """Return the import blocks of one module, those that work as they are first."""
    ids = import_ids(built, environment)
    if new_roles:
        new_role = ImportRule(none=_NEW_ROLE)
        ids = [ImportId(found.address, new_role, "", "") if found.rule.role else found for found in ids]
    where = f" in {environment.name}" if environment.name else ""
    header = _HEADER.format(what=f"{built.workload.name}{where}")
    known = [found for found in ids if found.known]
    sections = (
        (header, [_block(found, address) for found in known if not found.rule.setting], "\n"),
        (_SETTINGS, [_block(found, address) for found in known if found.rule.setting], "\n"),
        (_TO_FIND, [_to_find(found, address) for found in ids if found.id and not found.known], "\n\n"),
        (_NEVER, list(_reasons([found for found in ids if found.rule.none], address)), "\n"),
    )
    return "\n".join(
        f"{comment(title, lines=True)}\n\n{between.join(blocks)}\n"
        for title, blocks, between in sections
        if blocks or title == header
    )


def _block(found: ImportId, address: str) -> str:
    return f"import {{\n  to = {address}.{found.address}\n  id = {literal(found.id)}\n}}"


def _to_find(found: ImportId, address: str) -> str:
    command = [found.find] if found.find else []
    return str(comment("\n".join([*command, _block(found, address)]), lines=True))


def _reasons(never: Iterable[ImportId], address: str) -> Iterator[str]:
    """Yield the reasons, each with the addresses that it is for."""
    for reason, group in groupby(sorted(never, key=_reason), _reason):
        yield str(comment(f"{reason}:"))
        yield from (str(comment(f"  {address}.{found.address}")) for found in group)


def _reason(found: ImportId) -> str:
    return found.rule.none
