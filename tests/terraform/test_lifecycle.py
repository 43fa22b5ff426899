"""Real Terraform on what is rendered: format, validation, plan, apply against moto, no drift, destroy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cases import Cases
from manifest_generator import compute_variants, generated_manifests
from plan_oracle import compared, differences, shown
from policy_oracle import Account, disagreements, held
from real_terraform import Terraform
from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.prove.evaluate import evaluate
from rolewright.prove.sandbox import open_sandbox
from rolewright.terraform.lifecycle import resource_types
from rolewright.terraform.server import LACKING, moto_server
from terraform_root import WAITED_FOR, Root, assert_none, build, examples, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint import Catalog
    from rolewright.pipeline import Built, Pipeline

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")  # the one test that makes something there destroys it, and sees that nothing is left
def server() -> Iterator[str]:
    with moto_server() as address:
        yield address


def test_every_file_is_formatted_and_valid_without_a_warning(
    pipeline: Pipeline, terraform: Terraform, tmp_path: Path, cases: Cases
) -> None:
    generated = generated_manifests(cases.number(8, 200))
    root = Root(tmp_path, terraform, [*_examples(pipeline), *build(pipeline, generated)])
    assert len(root.modules) >= 4 + len(generated)
    assert all((tmp_path / f"m{number}" / "roles.tf").is_file() for number in range(len(root.modules)))
    assert_none(root.format())
    assert_none(root.validate())


def test_examples_and_created_resources_live_their_whole_life_on_moto(
    pipeline: Pipeline, catalog: Catalog, terraform: Terraform, server: str, tmp_path: Path, cases: Cases
) -> None:
    """Plan, apply, an empty second plan, destroy; and while it stands, everybody agrees on what it is.

    The evaluator's values are Terraform's, as planned and as stored; the policies that the server holds are
    those that were declared, evaluated, and stored by the sandbox.
    """
    written = [built for built in _examples(pipeline) if not resource_types(built) & LACKING.keys()]
    assert len(written) >= 5
    generated = [built for built in _created(pipeline, cases) if not resource_types(built) & LACKING.keys()]
    if not cases.soak:
        written, generated = (
            [built for built in side if not resource_types(built) & WAITED_FOR] for side in (written, generated)
        )
    written = cases.of(written, 0.1)
    made = {r.type for built in generated for r in built.workload.resources.values() if r.created}
    templates = {
        type_: blueprint.create.template
        for type_, blueprint in catalog.resources.items()
        if blueprint.create is not None
    }
    lacking = {
        type_
        for type_, template in templates.items()
        if any(f'"{name}"' in catalog.templates[template].read_text(encoding="utf-8") for name in LACKING)
    }
    if cases.soak:
        assert made | lacking == set(templates)
    root = Root(tmp_path, Terraform(terraform.program, server), list(_side_by_side([*written, *generated])))
    assert_none(root.plan())
    assert_none(root.apply())
    faults = [*map(told, root.drift()), *_other_values(root, root.planned())]
    state = root.state()
    faults += _other_values(root, state)
    permissions = 0
    with open_sandbox() as moto:
        for call in root.calls:
            plan, account = evaluate(parse(call.built.module), call.environment), Account(server, call.environment)
            sandbox = moto.apply(plan, call.environment)
            others = disagreements(account, plan, sandbox, call.built.declaration, shown(state, call.name))
            faults += [f"{call.name}: {disagreement}" for disagreement in others]
            permissions += held(account, plan)
    assert_none(faults)
    assert permissions >= cases.number(20, 200)
    assert_none(root.destroy())
    assert not any(Account(server, call.environment).roles() for call in root.calls)


def test_what_moto_cannot_make_is_planned(
    pipeline: Pipeline, terraform: Terraform, server: str, tmp_path: Path, cases: Cases
) -> None:
    modules = [
        built for built in [*_examples(pipeline), *_created(pipeline, cases)] if resource_types(built) & LACKING.keys()
    ]
    if cases.soak:
        types = {name for name in LACKING if "." not in name}  # the arguments of types are in test_changes
        assert types <= set().union(*map(resource_types, modules))
    root = Root(tmp_path, Terraform(terraform.program, server), modules)
    assert_none(root.plan())
    assert_none(_other_values(root, root.planned()))


def _examples(pipeline: Pipeline) -> list[Built]:
    return [built for modules in examples(pipeline).values() for built in modules]


def _created(pipeline: Pipeline, cases: Cases) -> list[Built]:
    """Modules with everything that can be created, and with every example of fields of compute types."""
    drawn = build(pipeline, generated_manifests(80, created=True))
    kept: list[Built] = []
    if not cases.soak:  # as few as can be: those first that have the most
        drawn.sort(key=lambda built: -len({r.type for r in built.workload.resources.values() if r.created}))
    for lacking in (False, True):
        made: set[str] = set()
        for built in drawn:
            new = {r.type for r in built.workload.resources.values() if r.created} | {built.workload.compute.type}
            if bool(resource_types(built) & LACKING.keys()) == lacking and not new <= made:
                made |= new
                kept.append(built)
    return [*cases.of(kept, 0.1, _life), *build(pipeline, cases.of(compute_variants(), 0.02))]


ALONE = ({"aws_iam_openid_connect_provider"}, {"aws_cloudwatch_event_bus", "aws_cloudwatch_event_rule"})
"""What two of these modules would make by one name in one account."""


def _side_by_side(modules: list[Built]) -> Iterator[Built]:
    """Those that can be in one account together."""
    made: list[set[str]] = []
    for built in modules:
        taken = [types for types in ALONE if types <= resource_types(built)]
        if not any(types in made for types in taken):
            yield built
            made += taken


def _life(built: Built) -> list[str]:
    """Whether moto makes all of it, and the provider waits for none of it."""
    types = resource_types(built)
    return ["planned"] if types & LACKING.keys() else ["waited for"] if types & WAITED_FOR else ["applied"]


def _other_values(root: Root, output: dict[str, Any]) -> Iterator[str]:
    """Values of a plan or a state that the evaluator does not have, or has otherwise."""
    for call in root.calls:
        plan, real = evaluate(parse(call.built.module), call.environment), shown(output, call.name)
        assert compared(plan, real) == len(plan.resources) >= 5  # what the smallest module has, a role alone
        for difference in differences(plan, real):
            yield f"{call.name}, {'stored' if real.exact else 'planned'}: {difference}"


HOSTILE = [
    "${var.x}",
    "%{if true}",
    '"',
    "\\",
    "\n",
    "<<EOT",
    "{{ x }}",
    "{% x %}",
    "# x",
    "$${",
    "$",
    "é😀",
    "*/",
    "\t",
]


def test_manifest_text_never_becomes_code(
    pipeline: Pipeline, terraform: Terraform, server: str, tmp_path: Path
) -> None:
    values = {f"V{n}": a + b + "x" for n, (a, b) in enumerate((a, b) for a in HOSTILE for b in HOSTILE)}
    escaped = {key: value.replace("${", "$${") for key, value in values.items()}
    manifest = {
        "version": 1,
        "workload": "hostile",
        "description": "".join(HOSTILE),
        "tags": {"text": "a ${workload} = b"},
        "compute": {
            "type": "lambda",
            "runtime": "python3.12",
            "handler": "index.handler",
            "package": "function.zip",
            "environment": escaped,
        },
    }
    modules = build(pipeline, [json.dumps(manifest, ensure_ascii=False)])
    root = Root(tmp_path, Terraform(terraform.program, server), modules)
    assert_none(root.plan())
    function = shown(root.planned(), root.calls[0].name).values["aws_lambda_function.function"]
    assert function["environment"][0]["variables"] == values
    assert function["tags"]["text"] == "a hostile = b"


def test_a_broken_key_is_a_finding_with_a_place_and_a_remedy(pipeline: Pipeline) -> None:
    broken = [text.replace('"access"', '"acces"') for text in generated_manifests(50) if '"access"' in text]
    assert len(broken) > 20
    for text in broken:
        with pytest.raises(Rejected) as refused:
            build(pipeline, [text])
        assert all(f.remedy and f.location.line > 1 for f in refused.value.findings)
