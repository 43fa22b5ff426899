"""Many modules in one Terraform root, so that the provider starts once; a fault is named by its module."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto_server import ACCOUNT
from rolewright.manifest import read_manifest
from rolewright.source import loads

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from real_terraform import Terraform
    from rolewright.model import Environment
    from rolewright.pipeline import Built, Pipeline

_CALL = re.compile(r"(?:^|module\.)m(\d+)(?:_\w+)?(?=[./]|$)")
_RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)
_PROVIDER = {
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "s3_use_path_style": True,
    "max_retries": 2,
}
_PARALLEL = "-parallelism=30"  # most of the time is waiting for what moto has done long ago
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


@dataclass(frozen=True)
class Call:
    """One module in one environment, as the root calls it: `m3`, or `m3_prod` where there are several."""

    name: str
    built: Built
    environment: Environment

    @property
    def provider(self) -> str:
        return f"a{self.environment.account}_{self.environment.region.replace('-', '_')}"


def build(pipeline: Pipeline, texts: Iterable[str]) -> list[Built]:
    """The modules of some manifests. Raises Rejected, and fails on a module with a finding."""
    found = []
    for number, text in enumerate(texts):
        for workload in read_manifest(loads(text, f"{number}.yaml"), pipeline.catalog):
            built = pipeline.build(workload)
            assert not built.findings, (text, built.findings)
            found.append(built)
    return found


def terraform_types(built: Built) -> set[str]:
    """The types of all resources of a module."""
    return {name for text in built.module.files.values() for name in _RESOURCE.findall(text)}


class Root:
    """A root that calls every module once for each of its environments, each with its account and region.

    Every step gives a line for each fault, which begins with the module's workload and what it is made of.
    """

    def __init__(self, folder: Path, terraform: Terraform, modules: Iterable[Built]) -> None:
        self.folder = folder
        self.terraform = terraform
        self.modules = list(modules)
        self.calls = [
            Call(f"m{number}_{environment.name}" if environment.name else f"m{number}", built, environment)
            for number, built in enumerate(self.modules)
            for environment in built.workload.environments
        ]
        for number, built in enumerate(self.modules):
            for name, text in built.module.files.items():
                path = folder / f"m{number}" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        (folder / "function.zip").write_bytes(_EMPTY_ZIP)
        (folder / "main.tf.json").write_text(json.dumps(self._main(), indent=1), encoding="utf-8")
        terraform.run(folder, "init", "-input=false", "-backend=false")

    def _main(self) -> dict[str, Any]:
        providers = {
            call.provider: {
                "alias": call.provider,
                "region": call.environment.region,
                "access_key": ACCOUNT + call.environment.account,
                **_PROVIDER,
            }
            for call in self.calls
        }
        return {
            "provider": {"aws": list(providers.values())},
            "module": {
                call.name: {
                    "source": f"./{call.name.partition('_')[0]}",
                    "providers": {"aws": f"aws.{call.provider}"},
                    **{name: _literal(value) for name, value in call.environment.variables.items()},
                }
                for call in self.calls
            },
            "output": {call.name: {"value": f"${{module.{call.name}}}", "sensitive": True} for call in self.calls},
        }

    def format(self) -> list[str]:
        """What `terraform fmt` would write otherwise."""
        listed = self.terraform.run(self.folder, "fmt", "-check", "-recursive", accept=(0, 3))
        return [self._line(file, f"{file} is not laid out as terraform fmt would") for file in listed.splitlines()]

    def validate(self) -> list[str]:
        """Errors and warnings of `terraform validate`."""
        verdict = self.terraform.json(self.folder, "validate", "-json", accept=(0, 1))
        return [self._diagnosis("validate", one) for one in verdict["diagnostics"]]

    def plan(self) -> list[str]:
        """Plan, and keep the plan. What Terraform warns of is a fault too."""
        return self._step("plan", "-input=false", "-out=plan.bin", _PARALLEL)

    def apply(self) -> list[str]:
        """Apply the plan."""
        return self._step("apply", "-input=false", _PARALLEL, "plan.bin")

    def drift(self) -> list[str]:
        """What a second plan would change."""
        found = self._step("plan", "-input=false", "-out=second.bin", _PARALLEL)
        shown = {} if found else self._shown("second.bin")
        return found + [
            self._line(change["address"], f"a second plan would {_changed(change)}")
            for change in shown.get("resource_changes", ())
            if change["change"]["actions"] != ["no-op"]
        ]

    def destroy(self) -> list[str]:
        """Destroy everything, and see that nothing is left."""
        found = self._step("destroy", "-auto-approve", "-input=false", _PARALLEL)
        left = [] if found else self.terraform.run(self.folder, "state", "list").splitlines()
        return found + [self._line(address, f"{address} is left after destroy") for address in left]

    def live(self) -> list[str]:
        """The whole life: plan, apply, a second plan that changes nothing, destroy."""
        return self.plan() or [*(self.apply() or self.drift()), *self.destroy()]

    def planned(self) -> dict[str, Any]:
        """`terraform show -json` of the plan."""
        return self._shown("plan.bin")

    def state(self) -> dict[str, Any]:
        """`terraform show -json` of the state."""
        return self._shown()

    def _shown(self, *file: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.terraform.json(self.folder, "show", "-json", *file)
        return shown

    def _step(self, step: str, *arguments: str) -> list[str]:
        output = self.terraform.run(self.folder, step, "-json", *arguments, accept=(0, 1))
        messages = [json.loads(line) for line in output.splitlines()]
        return [self._diagnosis(step, one["diagnostic"]) for one in messages if one["type"] == "diagnostic"]

    def _diagnosis(self, step: str, one: dict[str, Any]) -> str:
        place = one.get("range") or {"filename": "", "start": {"line": 0}}
        where = one.get("address") or place["filename"]
        text = f"{step}: {one['severity']} at {where}:{place['start']['line']}: {one['summary']}: {one['detail']}"
        return self._line(where if _CALL.search(where) else place["filename"], text)

    def _line(self, address: str, text: str) -> str:
        found = _CALL.search(address)
        return f"{_summary(self.modules[int(found[1])]) if found else 'the root'}: {text}"


def _summary(built: Built) -> str:
    """What a module is made of, so that one in many can be told."""
    workload = built.workload
    resources = [
        f"{r.key}: {r.type}{' created' if r.created else ''} {'/'.join(r.access)}" for r in workload.resources.values()
    ]
    return f"{workload.name} ({'; '.join([workload.compute.type, *resources])})"


def _changed(change: dict[str, Any]) -> str:
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    what = ", ".join(f"{name} {before.get(name)!r} → {after.get(name)!r}" for name in names)
    return f"{' and '.join(change['change']['actions'])} {change['address']}: {what}"


def _literal(value: Any) -> Any:
    """A value in Terraform's JSON syntax, in which strings are templates."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return {key: _literal(item) for key, item in value.items()} if isinstance(value, dict) else value
