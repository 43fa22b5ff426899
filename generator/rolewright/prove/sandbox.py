"""Create a plan's resources in moto, and read back what was stored: a smoke test of creation.

Moto says whether a service takes the calls that Terraform would make. It is no judge of permissions; what
it stores on a role is handed on to the judge that is. How a Terraform resource type becomes calls is data,
in sandbox.yaml. Nothing here reaches AWS or reads anybody's AWS settings.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

from rolewright.finding import Finding, Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolewright import model

_NOWHERE = "http://127.0.0.1:9"
_TOKEN = re.compile(r"\$\{[^{}]+\}")
_FIELD = re.compile(r"\{([^{}]+)\}")


class Evaluated(Protocol):
    """A resource or data block with values: nested blocks are lists of mappings."""

    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def mode(self) -> str: ...  # noqa: D102
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def values(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def line(self) -> int: ...  # noqa: D102


class Plan(Protocol):
    """An evaluated module: its blocks by address, each after those it depends on."""

    @property
    def resources(self) -> Mapping[str, Evaluated]: ...  # noqa: D102


@dataclass(frozen=True)
class Sandbox:
    """What became of a plan in moto.

    `applied` are the addresses that moto took; `not_applied` the Terraform types that the table lacks, so
    that nothing is known of them. A resource that was refused is in neither and has a finding; so is one
    that needs a refused one, without a finding of its own. `tokens` maps what AWS generates
    (`${address.attribute}`) to the value that moto generated. `policies` and `trusts` are what moto holds
    for each role, by the role's address: every inline and attached policy document, and the trust policy.
    """

    applied: tuple[str, ...]
    not_applied: tuple[str, ...]
    findings: tuple[Finding, ...]
    tokens: Mapping[str, str]
    policies: Mapping[str, tuple[dict[str, Any], ...]]
    trusts: Mapping[str, dict[str, Any]]


class _RefusedError(Exception):
    """A call that moto, or the SDK before it, did not take."""


class Moto:
    """A running moto. It serves any number of plans, one after the other."""

    def __init__(self, reset: Callable[[], None]) -> None:
        self._reset = reset
        self._account = ""
        self._clients: dict[tuple[str, str], Any] = {}

    def apply(self, plan: Plan, environment: model.Environment) -> Sandbox:
        """Create the plan's resources in an empty account of moto, in the plan's order.

        Account and region are the environment's. What moto refuses is a finding at the block's line.
        """
        self._reset()
        self._account = environment.account
        run = _Run(self, environment)
        for block in plan.resources.values():
            if block.mode == "resource":
                run.create(block)
        return run.result()

    def call(
        self, service: str, region: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Answer of one call. Raises _RefusedError with the reason, whatever went wrong."""
        try:
            answer: dict[str, Any] = getattr(self._client(service, region), operation)(**parameters)
        except Exception as error:  # moto answers what it does not know with any exception at all
            raise _RefusedError(_reason(error)) from error
        return answer

    def _client(self, service: str, region: str) -> Any:  # noqa: ANN401  a class that botocore makes at run time
        if (service, region) not in self._clients:
            self._clients[service, region] = _open_client(service, region, lambda: self._account)
        return self._clients[service, region]


@contextmanager
def open_sandbox() -> Iterator[Moto]:
    """Start moto for a run. Keep it open over many plans: starting it costs more than they do."""
    from moto import mock_aws  # noqa: PLC0415 - heavy, and a refused manifest needs none
    from moto.moto_api._internal import mock_random  # noqa: PLC0415

    mock = mock_aws(
        config={
            "core": {"mock_credentials": False, "reset_boto3_session": False},
            "iam": {"load_aws_managed_policies": True},
            "lambda": {"use_docker": False},
        }
    )

    def reset() -> None:
        mock.reset()
        mock_random.seed(0)  # the ids that moto generates are the same in every run

    with mock:
        yield Moto(reset)


def _open_client(service: str, region: str, account: Callable[[], str]) -> Any:  # noqa: ANN401  as above
    """Make a client that knows only moto: no profile, configuration file, endpoint or key of the user's."""
    from botocore.config import Config  # noqa: PLC0415 - heavy
    from botocore.session import Session  # noqa: PLC0415

    session = Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    client = session.create_client(
        service,
        region_name=region,
        aws_access_key_id="rolewright",
        aws_secret_access_key="rolewright",  # noqa: S106  moto takes any
        config=Config(
            ignore_configured_endpoint_urls=True,
            use_fips_endpoint=False,
            use_dualstack_endpoint=False,
            retries={"total_max_attempts": 1},
            # moto answers before anything is sent; what it does not know must not leave this machine
            proxies={"http": _NOWHERE, "https": _NOWHERE},
        ),
    )

    def set_account(request: Any, **_: object) -> None:  # noqa: ANN401  botocore's request
        request.headers["x-moto-account-id"] = account()

    client.meta.events.register("before-sign", set_account)
    return client


def _reason(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and answer.get("Error", {}).get("Message"):
        return f"{answer['Error'].get('Code', 'error')}: {answer['Error']['Message']}"
    return str(error) if isinstance(error, _RefusedError) else f"{type(error).__name__}: {error}"


@dataclass
class _Run:
    """The state of one plan's creation."""

    moto: Moto
    environment: model.Environment
    applied: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    def create(self, block: Evaluated) -> None:
        entry = _table().get(block.type)
        if entry is None:
            self.unknown.add(block.type)
            return
        values = _resolve(block.values, self.tokens)
        missing = sorted(set(_TOKEN.findall(json.dumps(values, default=str))))
        if any(_owner(token) in self.failed for token in missing):
            self.failed.add(block.address)
            return
        scope = {**values, "place": vars(self.environment)}
        try:
            for call in entry.get("calls", ()):
                self._call(entry["service"], call, scope)
        except _RefusedError as refusal:
            self.failed.add(block.address)
            unresolved = f" (not known to the sandbox: {', '.join(missing)})" if missing else ""
            self._report(block, "sandbox-refused", f"moto refuses {block.address}: {refusal}{unresolved}")
            return
        self.applied.append(block.address)
        self.tokens.update(
            {
                f"${{{block.address}.{name}}}": value
                for name, value in scope.items()
                if isinstance(value, str) and not _TOKEN.search(value)
            }
        )
        if "role" in entry:
            self.roles[block.address] = _evaluate(entry["role"], scope)
        if "read" in entry:
            self._compare(block, entry["service"], entry["read"], scope)

    def _call(self, service: str, call: Mapping[str, Any], scope: dict[str, Any]) -> None:
        """Make one call unless its `when` has no value, and add what it generates to the scope."""
        if "when" in call and not _evaluate(call["when"], scope):
            return
        parameters = _shape(call["parameters"], scope) or {}
        response = self.moto.call(service, self.environment.region, call["operation"], parameters)
        answered = {**scope, "response": response}
        for name, expression in call.get("attributes", {}).items():
            value = _evaluate(expression, answered)
            if value is not None:
                scope[name] = str(value)

    def _compare(
        self, block: Evaluated, service: str, read: Mapping[str, Any], scope: Mapping[str, Any]
    ) -> None:
        try:
            response = self.moto.call(
                service, self.environment.region, read["operation"], _shape(read["parameters"], scope) or {}
            )
        except _RefusedError as refusal:
            message = f"moto took {block.address} but does not give it back: {refusal}"
            self._report(block, "sandbox-mismatch", message)
            return
        answered = {**scope, "response": response}
        for argument, expression in {**read.get("equal", {}), **read.get("contain", {})}.items():
            want, got = _plain(_evaluate(argument, scope)), _plain(_evaluate(expression, answered))
            same = want in (got or ()) if argument in read.get("contain", {}) else want == got
            if want is not None and not same:
                message = f"{argument} of {block.address} is {want!r}, moto gives back {got!r}"
                self._report(block, "sandbox-mismatch", message)

    def _report(self, block: Evaluated, rule: str, message: str) -> None:
        remedy = "mend the argument in the blueprint, or the field of the manifest that it comes from"
        self.findings.append(Finding(rule, message, remedy, Location(block.file, block.line)))

    def result(self) -> Sandbox:
        return Sandbox(
            tuple(self.applied),
            tuple(sorted(self.unknown)),
            tuple(self.findings),
            self.tokens,
            {address: tuple(self._policies(role)) for address, role in self.roles.items()},
            {
                address: _document(self._iam("get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"])
                for address, role in self.roles.items()
            },
        )

    def _policies(self, role: str) -> Iterator[dict[str, Any]]:
        for name in self._iam("list_role_policies", RoleName=role)["PolicyNames"]:
            answer = self._iam("get_role_policy", RoleName=role, PolicyName=name)
            yield _document(answer["PolicyDocument"])
        for attached in self._iam("list_attached_role_policies", RoleName=role)["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = self._iam("get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = self._iam("get_policy_version", PolicyArn=arn, VersionId=version)
            yield _document(answer["PolicyVersion"]["Document"])

    def _iam(self, operation: str, **parameters: str) -> dict[str, Any]:
        return self.moto.call("iam", self.environment.region, operation, parameters)


@cache
def _table() -> dict[str, dict[str, Any]]:
    import yaml

    text = resources.files("rolewright.prove").joinpath("sandbox.yaml").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return table


def _owner(token: str) -> str:
    return ".".join(token[2:-1].split(".")[:2])


def _resolve(value: Any, tokens: Mapping[str, str]) -> Any:  # noqa: ANN401  any value of HCL
    """Put generated values in the place of their tokens, however deep; other `${…}` stays."""
    if isinstance(value, str):
        return _TOKEN.sub(lambda found: tokens.get(found[0], found[0]), value)
    if isinstance(value, list | tuple):
        return [_resolve(item, tokens) for item in value]
    if hasattr(value, "items"):
        return {key: _resolve(item, tokens) for key, item in value.items()}
    return value


def _document(stored: Any) -> dict[str, Any]:  # noqa: ANN401  botocore gives a mapping or a string
    document: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored
    return document


def _plain(value: Any) -> Any:  # noqa: ANN401  any value of HCL or of an answer
    """Bring a value to the form that is compared: JSON text parsed, numbers and flags as text."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return value
        return _plain(parsed) if isinstance(parsed, dict | list) else value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return _text(value)


def _text(value: Any) -> str | None:  # noqa: ANN401  any scalar
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


# The expressions of the table ----------------------------------------------------------------------------


def _evaluate(expression: Any, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401  any value
    """Value of an expression of the table, None if there is none. The forms are explained in the table."""
    if isinstance(expression, str):
        return _lookup(expression, scope)
    ((form, operand),) = expression.items()
    return _FORMS[form](operand, scope)


def _lookup(path: str, scope: Any) -> Any:  # noqa: ANN401  any value
    value = scope
    for name in path.split("."):
        if isinstance(value, list | tuple):
            value = value[0] if value else None
        value = value.get(name) if hasattr(value, "get") else None
    return value


def _shape(fields: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any] | None:
    values = {name: _evaluate(expression, scope) for name, expression in fields.items()}
    return {name: value for name, value in values.items() if value is not None} or None


def _first(options: list[Any], scope: Mapping[str, Any]) -> Any:  # noqa: ANN401  any value
    return next((v for option in options if (v := _evaluate(option, scope)) is not None), None)


def _format(template: str, scope: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda found: str(_lookup(found[1], scope)), template)


def _each(operand: Mapping[str, Any], scope: Mapping[str, Any]) -> list[Any] | None:
    items = _lookup(operand["of"], scope) or ()
    scopes = [item if hasattr(item, "get") else {"item": item} for item in items]
    return [_evaluate(operand["as"], inner) for inner in scopes] or None


def _pairs(operand: list[str], scope: Mapping[str, Any]) -> list[dict[str, str]] | None:
    path, key, value = operand
    entries = _lookup(path, scope) or {}
    return [{key: name, value: str(content)} for name, content in entries.items()] or None


def _unpair(operand: list[str], scope: Mapping[str, Any]) -> dict[str, Any] | None:
    path, key, value = operand
    return {entry[key]: entry[value] for entry in _lookup(path, scope) or ()} or None


def _json(path: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401  any JSON
    text = _lookup(path, scope)
    try:
        return None if text is None else _without_null(json.loads(text))
    except ValueError as error:
        raise _RefusedError(f"{path} is not JSON: {error}") from error


def _without_null(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Drop nulls, as Terraform's provider does before it calls."""
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def _archive(files: Mapping[str, str], _: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _other_than(operand: list[str], scope: Mapping[str, Any]) -> Any:  # noqa: ANN401  any value
    path, usual = operand
    value = _lookup(path, scope)
    return None if value == usual else value


_FORMS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "const": lambda value, _: value,
    "text": lambda path, scope: _text(_lookup(path, scope)),
    "first": _first,
    "shape": _shape,
    "list": lambda items, scope: [v for item in items if (v := _evaluate(item, scope)) is not None] or None,
    "each": _each,
    "pairs": _pairs,
    "unpair": _unpair,
    "json": _json,
    "format": _format,
    "with": lambda both, scope: None if _lookup(both[0], scope) is None else _evaluate(both[1], scope),
    "archive": _archive,
    "other_than": _other_than,
}
