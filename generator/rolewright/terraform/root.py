"""Many modules in one Terraform root, so that the provider starts once; each fault names its module."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.terraform.server import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from rolewright.core.model import Environment
    from rolewright.render.module import Rendered
    from rolewright.terraform.terraform import Terraform

_CALL = re.compile(r"(?:^|module\.)m(\d+)(_\w+)?(?=[./]|$)")
_LOOPBACK = {
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "s3_use_path_style": True,
    "max_retries": 2,
}
_PARALLEL = "-parallelism=30"  # most of the time goes into waiting for results that moto has long had
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@dataclass(frozen=True)
class ModuleCall:
    """One module in one environment, as the root calls it: `m3`, or `m3_prod` where there are several."""

    name: str
    built: Rendered
    environment: Environment

    @property
    def provider(self) -> str:
        """Return the alias of its provider: that of its account and region."""
        return f"a{self.environment.account}_{self.environment.region.replace('-', '_')}"


@dataclass(frozen=True)
class Fault:
    """An error or warning of Terraform at one of its steps. `call` is None if it concerns no module.

    `file` and `line` are those in the module, "" and 0 where it names none.
    """

    call: ModuleCall | None
    step: str
    text: str
    file: str = ""
    line: int = 0


class Root:
    """A root that calls every module once for each of its environments, each with its account and region.

    In a folder where another root was applied it is the next configuration of what stands.

    `environments` are the names of those to use, all of them if it is empty. With `own` the provider uses the caller's
    credentials; the module itself checks that their account and region are its environment's.
    """

    def __init__(
        self,
        folder: Path,
        terraform: Terraform,
        modules: Iterable[Rendered],
        environments: Collection[str] = (),
        *,
        own: bool = False,
    ) -> None:
        self.folder = folder
        self.terraform = terraform
        self.modules = list(modules)
        self.calls = [
            ModuleCall(f"m{number}_{environment.name}" if environment.name else f"m{number}", built, environment)
            for number, built in enumerate(self.modules)
            for environment in built.workload.environments
            if not environments or environment.name in environments
        ]
        self._own = own
        for number, built in enumerate(self.modules):
            shutil.rmtree(folder / f"m{number}", ignore_errors=True)  # of the root that stood here before
            for name, text in built.module.files.items():
                path = folder / f"m{number}" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        (folder / "function.zip").write_bytes(_EMPTY_ZIP)
        (folder / "main.tf.json").write_text(json.dumps(self._main(), indent=1), encoding="utf-8")

    def _main(self) -> dict[str, Any]:
        providers = {call.provider: {"alias": call.provider, **self._settings(call)} for call in self.calls}
        return {
            "provider": {"aws": list(providers.values())},
            "module": {
                call.name: {
                    "source": f"./{call.name.partition('_')[0]}",
                    "providers": {"aws": f"aws.{call.provider}"},
                    **{name: _literal(value) for name, value in _given(call.environment).items()},
                }
                for call in self.calls
            },
            "output": {call.name: {"value": f"${{module.{call.name}}}", "sensitive": True} for call in self.calls},
        }

    def _settings(self, call: ModuleCall) -> dict[str, Any]:
        if self._own:  # a module without environments is applied where the caller's own settings say
            return {"region": call.environment.region} if call.environment.name else {}
        return {"region": call.environment.region, "access_key": ACCOUNT + call.environment.account, **_LOOPBACK}

    def init(self) -> None:
        """Install the provider. Raises TerraformError if that fails."""
        self.terraform.run(self.folder, "init", "-input=false", "-backend=false", "-no-color")

    def validate(self) -> list[Fault]:
        """Return the errors and warnings of `terraform validate`."""
        verdict = self.terraform.json(self.folder, "validate", "-json", accept=(0, 1))
        return [self._diagnosis("validate", diagnostic) for diagnostic in verdict["diagnostics"]]

    def plan(self) -> list[Fault]:
        """Plan, and keep the plan; a warning of Terraform counts as a fault too."""
        return self._step("plan", "-input=false", "-out=plan.bin", _PARALLEL)

    def apply(self) -> list[Fault]:
        """Apply the plan."""
        return self._step("apply", "-input=false", _PARALLEL, "plan.bin")

    def drift(self) -> list[Fault]:
        """Plan a second time, and return each change as a fault."""
        faults, changes = self.changes()
        return faults + [
            Fault(self._called(change["address"]), "second plan", f"a second plan would {_changed(change)}")
            for change in changes
        ]

    def changes(self) -> tuple[list[Fault], list[dict[str, Any]]]:
        """Plan a second time, and return the faults and, as `terraform show -json` has them, the changes."""
        faults = self._step("plan", "-input=false", "-out=second.bin", _PARALLEL)
        second_plan = {} if faults else self._shown("second.bin")
        changes = second_plan.get("resource_changes", ())
        return faults, [change for change in changes if change["change"]["actions"] != ["no-op"]]

    def destroy(self) -> list[Fault]:
        """Destroy everything, and check that nothing is left."""
        faults = self._step("destroy", "-auto-approve", "-input=false", _PARALLEL)
        remaining = [] if faults else self.terraform.run(self.folder, "state", "list").splitlines()
        return faults + [
            Fault(self._called(address), "destroy", f"{address} still exists after destroy") for address in remaining
        ]

    def added(self) -> dict[str, Counter[str]]:
        """Return how many resources of each type the plan would make, by the name of the call."""
        counts: dict[str, Counter[str]] = {call.name: Counter() for call in self.calls}
        for change in self.planned().get("resource_changes", ()):
            if (called := self._called(change["address"])) and "create" in change["change"]["actions"]:
                counts[called.name][change["type"]] += 1
        return counts

    def planned(self) -> dict[str, Any]:
        """Return `terraform show -json` of the plan."""
        return self._shown("plan.bin")

    def state(self) -> dict[str, Any]:
        """Return `terraform show -json` of the state."""
        return self._shown()

    def _shown(self, *file: str) -> dict[str, Any]:
        document: dict[str, Any] = self.terraform.json(self.folder, "show", "-json", *file)
        return document

    def _step(self, step: str, *arguments: str) -> list[Fault]:
        output = self.terraform.run(self.folder, step, "-json", *arguments, accept=(0, 1))
        messages = [json.loads(line) for line in output.splitlines()]
        return [self._diagnosis(step, message["diagnostic"]) for message in messages if message["type"] == "diagnostic"]

    def _diagnosis(self, step: str, diagnostic: dict[str, Any]) -> Fault:
        place = diagnostic.get("range") or {"filename": "", "start": {"line": 0}}
        address, (folder, _, file) = diagnostic.get("address") or "", place["filename"].partition("/")
        where = f" at {address}" if address else ""
        text = (
            f"{diagnostic['severity']}{where}: {': '.join(filter(None, (diagnostic['summary'], diagnostic['detail'])))}"
        )
        called = self._called(address) or self._called(folder)
        return Fault(called, step, text, file, place["start"]["line"] if file else 0)

    def _called(self, address: str) -> ModuleCall | None:
        """Return the call that an address or a folder belongs to; the first one if a folder has several."""
        match = _CALL.search(address)
        if match is None:
            return None
        name = f"m{match[1]}{match[2] or ''}"
        return next((call for call in self.calls if call.name == name or call.name.startswith(f"{name}_")), None)


def changed_arguments(change: dict[str, Any]) -> list[str]:
    """Return the arguments in which a resource differs before and after a change of a plan, or may do so."""
    before, after, unknown = (change["change"].get(side) or {} for side in ("before", "after", "after_unknown"))
    return sorted(
        name for name in {*before, *after, *unknown} if before.get(name) != after.get(name) or unknown.get(name) is True
    )


def _changed(change: dict[str, Any]) -> str:
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    differences = ", ".join(f"{name} {before.get(name)!r} → {after.get(name)!r}" for name in changed_arguments(change))
    return f"{' and '.join(change['change']['actions'])} {change['address']}: {differences}"


def _given(environment: Environment) -> dict[str, Any]:
    """Return what the root gives a module: an environment's values, and the defaults or examples of its inputs."""
    return {**environment.variables, **environment.inputs.variables}


def _literal(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value in Terraform's JSON syntax, in which strings are templates."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return {key: _literal(item) for key, item in value.items()} if isinstance(value, dict) else value
