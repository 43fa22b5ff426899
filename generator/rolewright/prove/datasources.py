"""Answer the data sources that need no call: account, partition, region, service names and policy documents."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from rolewright.data.partitions import DNS_SUFFIX
from rolewright.prove.functions import EvaluationError, escape_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rolewright.core.model import Environment

Values = dict[str, Any]


def _caller_identity(_values: Values, environment: Environment) -> Values:
    return {"account_id": environment.account, "id": environment.account}


def _partition(_values: Values, environment: Environment) -> Values:
    suffix = DNS_SUFFIX[environment.partition]
    return {
        "partition": environment.partition,
        "id": environment.partition,
        "dns_suffix": suffix,
        "reverse_dns_prefix": ".".join(reversed(suffix.split("."))),
    }


def _region(values: Values, environment: Environment) -> Values:
    region = values.get("region") or values.get("name") or environment.region
    return {"name": region, "id": region, "region": region}


def _service_principal(values: Values, environment: Environment) -> Values:
    region = values.get("region", environment.region)
    if environment.partition != "aws":
        return {"region": region}  # elsewhere some services have the partition's own suffix
    service = values.get("service_name", "")
    return {
        "region": region,
        "suffix": "amazonaws.com",
        "name": f"{service}.amazonaws.com",
        "id": f"{service}.{region}.amazonaws.com",
    }


def _policy_document(values: Values, _environment: Environment) -> Values:
    """Render the document as the provider does (aws_iam_policy_document, observed with 5.100)."""
    merging = [name for name in values if name.startswith(("source_", "override_"))]
    if merging:
        raise EvaluationError(f"{merging[0]} is not evaluated")
    version = values.get("version") or "2012-10-17"
    document: Values = {"Version": version}
    if values.get("policy_id"):
        document["Id"] = values["policy_id"]
    statements = [_statement(statement) for statement in values.get("statement", [])]
    sids = [statement["Sid"] for statement in statements if "Sid" in statement]
    repeated = next((sid for sid in sids if sids.count(sid) > 1), None)
    if repeated is not None:
        raise EvaluationError(f"two statements have the sid {repeated}")
    if statements:
        document["Statement"] = statements
    return {
        "version": version,
        "json": escape_html(json.dumps(document, indent=2, ensure_ascii=False)),
        "minified_json": escape_html(json.dumps(document, separators=(",", ":"), ensure_ascii=False)),
    }


def _statement(block: Values) -> Values:
    effect = block.get("effect") or "Allow"
    if effect not in ("Allow", "Deny"):
        raise EvaluationError(f"the effect {effect} is neither Allow nor Deny")
    parts = {
        "Sid": block.get("sid") or None,
        "Effect": effect,
        "Action": _sorted(block.get("actions")),
        "NotAction": _sorted(block.get("not_actions")),
        "Resource": _sorted(block.get("resources")),
        "NotResource": _sorted(block.get("not_resources")),
        "Principal": _principals(block.get("principals", [])),
        "NotPrincipal": _principals(block.get("not_principals", [])),
        "Condition": _conditions(block.get("condition", [])),
    }
    return {key: part for key, part in parts.items() if part}


def _sorted(values: list[str] | None) -> str | list[str]:
    """Sort values as the provider does, which keeps them as sets and writes them from last to first."""
    return _collapsed(sorted({_variables(value) for value in values or []}, reverse=True))


def _collapsed(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _variables(value: str) -> str:
    """Replace `&{aws:username}`, which HCL uses for IAM's `${aws:username}`."""
    return value.replace("&{", "${")


def _principals(blocks: list[Values]) -> str | Values:
    if len(blocks) == 1 and blocks[0]["type"] == "*" and list(blocks[0]["identifiers"]) == ["*"]:
        return "*"
    by_type: dict[str, list[str]] = {}
    for block in _in_set_order(blocks, _principal_text):
        by_type.setdefault(block["type"], []).extend(
            sorted({_variables(identifier) for identifier in block["identifiers"]}, reverse=True)
        )
    return {type_: _collapsed(by_type[type_]) for type_ in sorted(by_type)}


def _conditions(blocks: list[Values]) -> Values:
    by_test: dict[str, dict[str, list[str]]] = {}
    for block in _in_set_order(blocks, _condition_text):
        values = by_test.setdefault(block["test"], {}).setdefault(_variables(block["variable"]), [])
        values.extend(_variables(value) for value in block["values"])
    return {
        test: {variable: _collapsed(keys[variable]) for variable in sorted(keys)}
        for test, keys in sorted(by_test.items())
    }


def _in_set_order(blocks: Iterable[Values], text: Callable[[Values], str]) -> list[Values]:
    """Sort blocks as the provider iterates over a set of them: by the CRC-32 of their text, as a decimal string."""
    unique = {text(block): block for block in blocks}
    return [unique[key] for key in sorted(unique, key=_code)]


def _code(text: str) -> str:
    return str(zlib.crc32(text.encode()))


def _principal_text(block: Values) -> str:
    identifiers = sorted((f"{identifier};" for identifier in set(block["identifiers"])), key=_code)
    return f"identifiers:{{{''.join(identifiers)}}};type:{block['type']};"


def _condition_text(block: Values) -> str:
    values = "".join(f"{value};" for value in block["values"])
    return f"test:{block['test']};values:({values});variable:{block['variable']};"


ANSWERS: Mapping[str, Callable[[Values, Environment], Values]] = {
    "aws_caller_identity": _caller_identity,
    "aws_partition": _partition,
    "aws_region": _region,
    "aws_service_principal": _service_principal,
    "aws_iam_policy_document": _policy_document,
}
"""Data source type → function from its arguments and the environment to its computed attributes."""
