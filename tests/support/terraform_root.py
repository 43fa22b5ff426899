"""The root that `rolewright plan` makes, as tests ask it: a line for each fault, with what its module is made of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.core.finding import Severity
from rolewright.manifest.read import read_manifest
from rolewright.terraform.root import Root as Planned
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from real_terraform import Terraform
    from rolewright.pipeline import Built, Pipeline
    from rolewright.terraform.root import Fault

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
WAITED_FOR = {"aws_kinesis_stream", "aws_lb", "aws_sqs_queue", "aws_sqs_queue_policy"}
"""For each of these the provider waits up to a minute, whatever the server answers: they are left to soak."""


def build(pipeline: Pipeline, texts: Iterable[str]) -> list[Built]:
    """The modules of some manifests. Raises Rejected, and fails on a module with an error."""
    return [built for text in texts for built in _built(pipeline, text)]


@cache
def _built(pipeline: Pipeline, text: str) -> tuple[Built, ...]:
    """The modules of one manifest, which are built once for all tests that look at them."""
    found = tuple(pipeline.build(one) for one in read_manifest(loads(text, "m.yaml"), pipeline.catalog))
    for built in found:
        findings = [finding for finding in built.findings if finding.severity is Severity.ERROR]
        assert not findings, (text, findings)
    return found


@cache
def examples(pipeline: Pipeline) -> Mapping[str, tuple[Built, ...]]:
    """The modules of each example, by the name of its file without the ending."""
    return {path.stem: tuple(pipeline.run(path)) for path in EXAMPLES}


class Root(Planned):
    """A root that has found its provider."""

    def __init__(self, folder: Path, terraform: Terraform, modules: Iterable[Built]) -> None:
        super().__init__(folder, terraform, modules)
        self.init()

    def format(self) -> list[str]:
        """What `terraform fmt` would write otherwise."""
        listed = self.terraform.run(self.folder, "fmt", "-check", "-recursive", accept=(0, 3))
        return [f"{file} is not laid out as terraform fmt would" for file in listed.splitlines()]


def assert_none(faults: Iterable[str | Fault]) -> None:
    """Fail with all faults, if there are any."""
    listed = [fault if isinstance(fault, str) else told(fault) for fault in faults]
    assert not listed, "\n".join(listed)


def told(fault: Fault) -> str:
    """A fault as a line, with what its module is made of, so that one in many can be told."""
    if fault.call is None:
        return f"the root: {fault.step}: {fault.text}"
    workload = fault.call.built.workload
    resources = [
        f"{r.key}: {r.type}{' created' if r.created else ''} {'/'.join(r.access)}" for r in workload.resources.values()
    ]
    of = "; ".join([workload.compute.type, *resources])
    return f"{workload.name} ({of}): {fault.step}: {fault.text} {fault.file}:{fault.line}"
