"""Create a module's resources in moto, and read back what was stored: a smoke test of creation.

Moto shows whether a service accepts the calls that Terraform would make. It is no judge of permissions; what
it stores on a role is handed to the proof, which is. How a Terraform resource type becomes calls is data,
in the folder moto. Nothing here reaches AWS or reads anybody's AWS settings.
"""

from __future__ import annotations

import json
import os
import re
import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from rolewright.core.finding import Finding, Location
from rolewright.prove.expression import UnfitError, evaluate, shape, text
from rolewright.prove.moto_sparing import moto_sparing
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager

    from rolewright.core import model
    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule

# The discard port of this machine.
_NOWHERE = "http://127.0.0.1:9"
_SETTINGS = ("AWS_", "MOTO_", "TEST_SERVER_MODE", "TEST_PROXY_MODE")
_AWS_POLICY = re.compile(r"arn:[a-z-]+:iam::aws:policy/")
_TOKEN = re.compile(r"\$\{[^{}]+\}")


@dataclass(frozen=True)
class Sandbox:
    """The result of a module in moto.

    `applied` are the addresses that moto created; `not_applied` the Terraform types that the table lacks, so
    that nothing is known of them. A refused resource is in neither, and has a finding; one that depends on a
    refused one is in neither, and has no finding of its own. `tokens` maps each `${address.attribute}` in the
    module's values, which stands for what AWS generates, to what moto generated or, for a type that was not
    applied, to a made-up value. `policies` and
    `trusts` are what moto holds for each role, by the role's address: every inline and attached policy
    document, and the trust policy.
    """

    applied: tuple[str, ...]
    not_applied: tuple[str, ...]
    findings: tuple[Finding, ...]
    tokens: Mapping[str, str]
    policies: Mapping[str, tuple[dict[str, Any], ...]]
    trusts: Mapping[str, dict[str, Any]]


class RefusedError(Exception):
    """A call that moto, or the SDK before it, refused."""


class Moto:
    """A running moto. It serves any number of modules, one after the other."""

    def __init__(self, engine: _Engine, running: Callable[[], AbstractContextManager[None]]) -> None:
        self._engine = engine
        self._running = running

    def apply(self, evaluated: EvaluatedModule, environment: model.Environment) -> Sandbox:
        """Create the module's resources in an empty account of moto, in its order.

        Account and region are the environment's. What moto refuses is a finding at the block's line.
        """
        with self._running():
            return self._applied(evaluated, environment)

    def _applied(self, evaluated: EvaluatedModule, environment: model.Environment) -> Sandbox:
        blocks = [block for block in evaluated.resources.values() if block.mode == "resource"]
        self._engine.reset(environment.account, any(_AWS_POLICY.search(str(block.values)) for block in blocks))
        run = _Run(self, environment)
        tokens = set(_TOKEN.findall(str([block.values for block in blocks])))
        for block in blocks:
            if _entry(block.type) is None:
                run.leave_out(block, tokens)
            else:
                run.create(block)
        return run.result(tokens)

    def call(self, service: str, region: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call and return its answer. Raises RefusedError with the reason, whatever went wrong."""
        try:
            clients = self._engine.clients
            if (service, region) not in clients:
                clients[service, region] = _open_client(self._engine.session, service, region)
            answer: dict[str, Any] = getattr(clients[service, region], operation)(**parameters)
        except Exception as error:  # moto may raise anything for a call that it does not know
            raise RefusedError(_reason(error)) from error
        return answer


_ONE_AT_A_TIME = threading.RLock()
"""moto and the settings of AWS belong to the whole process: threads that prove take turns."""


@contextmanager
def open_sandbox() -> Iterator[Moto]:
    """Start moto for a run. Several of a process share what takes long to start.

    While a module is applied, this process has no AWS settings in its environment, and calls to AWS end in moto: moto
    itself opens sessions that would read the settings, and its own settings would change its answers. Between two
    modules the process is as it was.
    """
    settings = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    settings |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # a thousand images, which no module names
    }

    @contextmanager
    def alone() -> Iterator[None]:
        # Imports, also while a module is applied, set filters of warnings.
        with _ONE_AT_A_TIME, patch.dict(os.environ, settings, clear=True), warnings.catch_warnings():
            yield

    with alone():
        engine = _engine()

    @contextmanager
    def running() -> Iterator[None]:
        with alone(), engine.started():
            yield

    yield Moto(engine, running)


@dataclass(frozen=True)
class _Engine:
    """What starting moto takes the time for: it is made once in a process, for all sandboxes, which take turns."""

    session: Any  # botocore's
    reset: Callable[[str, bool], None]
    started: Callable[[], AbstractContextManager[None]]
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)


@cache
def _engine() -> _Engine:
    """Import moto and prepare it. To be called without AWS settings in the environment."""
    from botocore.session import Session  # noqa: PLC0415 - heavy, and not needed for a manifest that is refused
    from moto import mock_aws  # noqa: PLC0415
    from moto.core.config import default_user_config  # noqa: PLC0415
    from moto.moto_api._internal import mock_random  # noqa: PLC0415

    mock = mock_aws(config={"core": {"mock_credentials": False}, "lambda": {"use_docker": False}})

    def reset(account: str, aws_policies: bool) -> None:  # noqa: FBT001 - the one switch there is
        # AWS's 1,500 managed policies are loaded anew for every module, so only for modules that name one
        default_user_config["iam"] = {"load_aws_managed_policies": aws_policies}
        mock.reset()
        mock_random.seed(0)  # the ids that moto generates are the same in every run
        os.environ["MOTO_ACCOUNT_ID"] = account

    session, sparing = Session(), moto_sparing()

    @contextmanager
    def started() -> Iterator[None]:
        with sparing(), mock:
            yield

    return _Engine(session, reset, started)


def _open_client(session: Any, service: str, region: str) -> Any:  # noqa: ANN401 - botocore's
    from botocore.config import Config  # noqa: PLC0415 - heavy

    return session.create_client(
        service,
        region_name=region,
        # moto takes the partition of what IAM makes from the region in its address: `iam.us-gov.amazonaws.com` has none
        endpoint_url=f"https://iam.{region}.amazonaws.com" if service == "iam" else None,
        aws_access_key_id="rolewright",
        aws_secret_access_key="rolewright",  # noqa: S106 - moto takes any
        config=Config(
            retries={"total_max_attempts": 1},
            # moto answers before anything is sent; what it does not know must not leave this machine
            proxies={"http": _NOWHERE, "https": _NOWHERE},
        ),
    )


def _reason(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if isinstance(answer, dict) and answer.get("Error", {}).get("Message"):
        return f"{answer['Error'].get('Code', 'error')}: {answer['Error']['Message']}"
    return str(error) if isinstance(error, RefusedError) else f"{type(error).__name__}: {error}"


@dataclass
class _Run:
    """The state of one module's creation."""

    moto: Moto
    environment: model.Environment
    applied: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    def leave_out(self, block: EvaluatedBlock, tokens: Collection[str]) -> None:
        """Note a type that moto cannot create, and make up values of the right form for the blocks that refer to it."""
        self.unknown.add(block.type)
        for token in tokens:
            if token.startswith("${" + block.address + "."):
                name = token[2:-1].replace("_", "-").replace(".", "-")
                place = f"{self.environment.partition}:not-applied:{self.environment.region}:{self.environment.account}"
                self.tokens[token] = f"arn:{place}:{name}" if token.endswith("arn}") else name

    def create(self, block: EvaluatedBlock) -> None:
        entry = _entry(block.type) or {}
        if any(address in self.failed for address in block.depends):
            self.failed.add(block.address)
            return
        values = _resolve(block.values, self.tokens)
        scope = {**values, "place": vars(self.environment), "label": block.name}
        try:
            for call in entry.get("calls", ()):
                self._call(entry["service"], call, scope)
        except (RefusedError, UnfitError) as refusal:
            self.failed.add(block.address)
            self._report(block, "sandbox-refused", f"moto refuses {block.address}: {refusal}")
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
            self.roles[block.address] = scope[entry["role"]]
        if "read" in entry:
            self._compare(block, entry["service"], entry["read"], scope)

    def _call(self, service: str, call: Mapping[str, Any], scope: dict[str, Any]) -> None:
        """Make one call unless its `when` has no value, and add what it generates to the scope."""
        if "when" in call and not evaluate(call["when"], scope):
            return
        parameters = shape(call["parameters"], scope) or {}
        try:
            response = self.moto.call(service, self.environment.region, call["operation"], parameters)
        except RefusedError:
            if call.get("others"):  # it is there already: the module makes it
                return
            raise
        answered = {**scope, "response": response}
        for name, expression in call.get("attributes", {}).items():
            value = evaluate(expression, answered)
            if value is not None:
                scope[name] = str(value)

    def _compare(
        self, block: EvaluatedBlock, service: str, readback: Mapping[str, Any], scope: Mapping[str, Any]
    ) -> None:
        try:
            response = self.moto.call(
                service, self.environment.region, readback["operation"], shape(readback["parameters"], scope) or {}
            )
        except RefusedError as refusal:
            message = f"moto created {block.address}, but does not return it: {refusal}"
            self._report(block, "sandbox-mismatch", message)
            return
        answered = {**scope, "response": response}
        for argument, expression in {**readback.get("equal", {}), **readback.get("contain", {})}.items():
            expected, returned = _plain(evaluate(argument, scope)), _plain(evaluate(expression, answered))
            is_same = expected in (returned or ()) if argument in readback.get("contain", {}) else expected == returned
            if expected is not None and not is_same:
                message = f"{argument} of {block.address} is {expected!r}, but moto returns {returned!r}"
                self._report(block, "sandbox-mismatch", message)

    def _report(self, block: EvaluatedBlock, rule: str, message: str) -> None:
        remedy = "fix the argument in the blueprint, or the field of the manifest that it comes from"
        self.findings.append(Finding(rule, message, remedy, Location(block.file, block.line)))

    def result(self, tokens: Collection[str]) -> Sandbox:
        roles = self._iam("get_account_authorization_details", Filter=["Role"])["RoleDetailList"] if self.roles else ()
        stored = {role["RoleName"]: role for role in roles}
        return Sandbox(
            tuple(self.applied),
            tuple(sorted(self.unknown)),
            tuple(self.findings),
            {token: value for token, value in self.tokens.items() if token in tokens},
            {address: tuple(self._policies(stored[role])) for address, role in self.roles.items()},
            {address: _document(stored[role]["AssumeRolePolicyDocument"]) for address, role in self.roles.items()},
        )

    def _policies(self, role: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for inline in role["RolePolicyList"]:
            yield _document(inline["PolicyDocument"])
        for attached in role["AttachedManagedPolicies"]:
            arn = attached["PolicyArn"]
            version = self._iam("get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = self._iam("get_policy_version", PolicyArn=arn, VersionId=version)
            yield _document(answer["PolicyVersion"]["Document"])

    def _iam(self, operation: str, **parameters: str | list[str]) -> dict[str, Any]:
        return self.moto.call("iam", self.environment.region, operation, parameters)


def applies(type_: str) -> bool:
    """Return whether a Terraform type can be created in moto; one that cannot is reported as not applied."""
    return _entry(type_) is not None


@cache
def _entry(type_: str) -> dict[str, Any] | None:
    """Return how a Terraform type is created in moto, or None if that is not known."""
    file = resources.files("rolewright.prove").joinpath("moto", f"{type_}.yaml")
    if not file.is_file():
        return None
    entry: dict[str, Any] = loads(file.read_text(encoding="utf-8"), file.name).trees[0].data
    return entry


def _resolve(value: Any, tokens: Mapping[str, str]) -> Any:  # noqa: ANN401 - any value of HCL
    """Replace tokens by the generated values, at any depth; any other `${…}` stays."""
    if isinstance(value, str):
        return _TOKEN.sub(lambda match: tokens.get(match[0], match[0]), value)
    if isinstance(value, list | tuple):
        return [_resolve(item, tokens) for item in value]
    if hasattr(value, "items"):
        return {key: _resolve(item, tokens) for key, item in value.items()}
    return value


def _document(stored: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore gives a mapping or a string
    document: dict[str, Any] = json.loads(stored) if isinstance(stored, str) else stored
    return document


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of HCL or of an answer
    """Normalize a value for comparison: JSON text parsed, numbers and flags as text."""
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
    return text(value)
