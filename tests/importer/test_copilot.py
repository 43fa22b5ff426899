"""Copilot: schedules, secrets, what environments change, the load balancer's rule, and what addons give the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from copilot_manifests import imported, reason, workload
from rolewright.importer.convert import NotCarriedError
from rolewright.importer.copilot.addons import _variable
from rolewright.importer.copilot.jobs import schedule
from rolewright.importer.expression import PlaceName, SourceText

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("written", "expression"),
    [
        ("@daily", "cron(0 0 * * ? *)"),
        ("@weekly", "cron(0 0 ? * 1 *)"),
        ("@every 1h30m", "rate(90 minutes)"),
        ("@every 1m", "rate(1 minute)"),
        ("0 9 * * TUE-SAT", "cron(0 9 ? * TUE-SAT *)"),
        ("0 9 * * 1-5", "cron(0 9 ? * 2-6 *)"),
        ("0 9 * * 0,7", "cron(0 9 ? * 1,1 *)"),
        ("*/15 * 1 * *", "cron(*/15 * 1 * ? *)"),
        ("rate(5 minutes)", "rate(5 minutes)"),
    ],
)
def test_a_schedule_is_written_as_eventbridge_takes_it(written: str, expression: str) -> None:
    assert schedule(written) == expression


@pytest.mark.parametrize("written", ["", "0 9 1 * 1", "@every 90s", "@sometimes", "1 2 3"])
def test_a_schedule_that_eventbridge_cannot_have_is_for_a_person(written: str) -> None:
    with pytest.raises(NotCarriedError):
        schedule(written)


def test_secrets_have_the_resource_that_copilot_reads(tmp_path: Path) -> None:
    found = workload(
        tmp_path,
        """
secrets:
  BARE: NAME
  PATH_: /copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/x
  SAME: NAME
  SECRET: {secretsmanager: shop/db}
  PART: {secretsmanager: 'shop/db:password:AWSPREVIOUS:'}
  ARN: "'arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/mail-AbC123:token::'"
environments: {test: {}}
""",
    )
    of = {name: key.partition(":") for name, key in found.compute["secrets"].items()}
    entries = {name: found.resources[key] for name, (key, _, _) in of.items()}
    assert of["SAME"] == of["BARE"], "one resource for one parameter"
    assert entries["BARE"] == {"type": "ssm-parameter", "name": "NAME"}
    parameter = SourceText(("/copilot/shop/", PlaceName("environment"), "/x"))
    assert entries["PATH_"] == {"type": "ssm-parameter", "name": parameter}
    assert entries["SECRET"] == entries["PART"] == {"type": "secretsmanager-secret", "name": "shop/db"}
    assert of["PART"][2] == "password:AWSPREVIOUS"
    assert entries["ARN"] == {"type": "secretsmanager-secret", "name": "shop/mail"}
    assert of["ARN"][2] == "token"


def test_what_only_one_environment_has_is_never_in_another(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        """
http: false
secrets: {KEY: /test/key}
exec: true
variables: {LEVEL: info, DEBUG: False}
environments:
  test: {}
  prod:
    secrets: {KEY: /prod/key, PAGER: /prod/pager}
    variables: {LEVEL: warning, DEBUG: True, CDN: x}
    exec: false
    sidecars: {proxy: {image: 'envoy:1'}}
    image: {location: 'public.ecr.aws/shop/api:2'}
""",
    )
    (found,) = source.workloads
    assert set(found.compute["secrets"]) == {"KEY"}
    assert found.environments["prod"]["resources"] == {"key": {"name": "/prod/key"}}
    assert "test does not have this one" in reason(source, "environments.prod.secrets.PAGER")
    assert found.compute["environment"]["DEBUG"] == "False", "as Copilot takes it, not as YAML"
    assert "x" not in found.compute["environment"].values(), "the value of prod is not that of test"
    assert found.environments["prod"]["compute"] == {
        "environment": {"LEVEL": "warning", "DEBUG": "True", "CDN": "x"},
        "image": "public.ecr.aws/shop/api:2",
    }
    assert "exec" not in found.compute
    assert "no shell" in reason(source, "exec")
    assert "sidecars" not in found.compute
    assert reason(source, "environments.prod.sidecars.proxy.image")


@pytest.mark.parametrize(
    ("count", "service"),
    [
        ("", {"desired": 1}),
        ("count: 0", {"desired": 0}),
        ("count: {spot: 2}", {"desired": 2, "spot": True}),
        (
            "count: {range: {min: 2, max: 9, spot_from: 4}, cpu_percentage: 70}",
            {
                "autoscaling": {"min": 2, "max": 9, "cpu_percent": 70},
                "mix": [{"provider": "FARGATE", "base": 3, "weight": 0}, {"provider": "FARGATE_SPOT", "weight": 1}],
            },
        ),
    ],
)
def test_the_number_of_tasks(tmp_path: Path, count: str, service: dict[str, Any]) -> None:
    found = workload(tmp_path, count).compute["service"]
    assert {name: found[name] for name in ("desired", "spot", "autoscaling", "mix") if name in found} == service


def test_a_fixed_number_beside_autoscaling_is_its_fewest_and_most(tmp_path: Path) -> None:
    found = workload(tmp_path, "http: false\ncount: 2\nenvironments: {test: {}, prod: {count: {range: 3-9}}}")
    assert found.compute["service"]["autoscaling"] == {"min": 2, "max": 2}
    assert "desired" not in found.compute["service"]
    assert found.environments["prod"]["compute"] == {"service": {"autoscaling": {"min": 3, "max": 9}}}


def test_the_container_may_write_unless_copilot_forbids_it(tmp_path: Path) -> None:
    assert workload(tmp_path, "").compute["read_only"] is False
    assert workload(tmp_path, "storage: {readonly_fs: true}").compute["read_only"] is True
    assert workload(tmp_path, "storage: {readonly_fs: true}\nexec: true").compute["read_only"] is False


@pytest.mark.parametrize(
    ("http", "rule"),
    [
        ("{path: /}", {"paths": ["/*"]}),
        ("{path: api/v1}", {"paths": ["/api/v1", "/api/v1/*"]}),
        ("{path: /, alias: a.example}", {"hosts": ["a.example"]}),
        ("{path: x, alias: [{name: a.example}]}", {"hosts": ["a.example"], "paths": ["/x", "/x/*"]}),
        ("{path: /, alias: [a.b, b.b, c.b, d.b, e.b, f.b]}", {"hosts": ["a.b", "b.b", "c.b", "d.b", "e.b"]}),
    ],
)
def test_the_rule_of_the_listener(tmp_path: Path, http: str, rule: dict[str, Any]) -> None:
    source = imported(tmp_path, f"http: {http}")
    found = source.workloads[0].compute["service"]["load_balancer"]
    assert {name: found[name] for name in ("hosts", "paths") if name in found} == rule
    assert ("f.b" in http) == any("f.b" in outcome.note for outcome in source.outcomes), "what is left out is named"


@pytest.mark.parametrize("name", ["be", "order-processing-notifications-backend"])
def test_names_of_aws_are_made_of_the_name_that_copilot_has(tmp_path: Path, name: str) -> None:
    more = "http: false\nnetwork: {connect: true}\npublish: {topics: [{name: orders}]}\n"
    found = workload(tmp_path, f"{more}environments: {{test: {{image: {{build: Dockerfile}}}}}}", name)
    assert found.resources["orders"]["name"] == SourceText(("shop-", PlaceName("environment"), f"-{name}-orders"))
    assert found.compute["service"]["connect"]["name"] == name
    assert f"/shop/{name}, in ContainerImage of stack shop-ENVIRONMENT-{name}" in found.compute["image"].asked


def test_a_health_check_in_words_has_the_values_of_shell_variables(tmp_path: Path) -> None:
    found = workload(
        tmp_path,
        r"""
http: false
environments:
  test: {image: {healthcheck: {command: 'curl localhost:\${PORT}/${COPILOT_ENVIRONMENT_NAME} || exit 1'}}}
""",
    )
    command = found.compute["health_check"]["command"]
    assert command == ["CMD-SHELL", SourceText(("curl localhost:${PORT}/", PlaceName("environment"), " || exit 1"))]


def test_a_file_of_variables_is_read_as_ecs_reads_it(tmp_path: Path) -> None:
    (tmp_path / "api.env").write_text(
        '# words\nGREETING="hello world"\nOPTS=-x "a"\nspring.active=prod\nBARE\n\nPORT=80\n'
    )
    source = imported(tmp_path, "http: false\nenv_file: api.env\nvariables: {a.b: c}")
    environment = source.workloads[0].compute["environment"]
    assert {name: value for name, value in environment.items() if not name.startswith("COPILOT_")} == {
        "GREETING": '"hello world"',
        "OPTS": '-x "a"',
        "PORT": "80",
    }
    told = [outcome.note for outcome in source.outcomes if outcome.field == "env_file"]
    assert any("GREETING keeps them" in note for note in told)
    assert any(note.startswith("spring.active in its line 4") for note in told)
    assert "its line 5 has no `=`" in told
    assert reason(source, "variables.a.b").startswith("a manifest's variables")


def test_variables_of_outputs_are_named_as_copilot_names_them() -> None:
    names = ["usersDdbTableName", "MyDBSecret", "S3BucketName", "ElastiCacheAddress", "DatabaseURL"]
    assert [_variable(name) for name in names] == [
        "USERS_DDB_TABLE_NAME",
        "MY_DB_SECRET",
        "S3_BUCKET_NAME",
        "ELASTI_CACHE_ADDRESS",
        "DATABASE_URL",
    ]


def test_a_policy_counts_only_where_an_output_is_it(tmp_path: Path) -> None:
    addons = tmp_path / "copilot" / "api" / "addons"
    addons.mkdir(parents=True)
    (addons / "policy.yml").write_text(
        """
Resources:
  Used: &policy
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}
  Unused: *policy
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x}}
Outputs:
  Policy: {Value: !Ref Used}
  Group: {Value: !Ref Group}
""",
        encoding="utf-8",
    )
    source = imported(tmp_path, "")
    (found,) = source.workloads
    task = next(role for role in found.roles if role.role == "task")
    assert [policy.origin for policy in task.policies if not policy.managed] == ["addons of api, policy Used"]
    assert "attaches it to nothing" in reason(source, "Resources.Unused")
    assert "Group of the addons of api" in found.top["inputs"]["security-groups"]["description"]
    assert not {"POLICY", "GROUP"} & set(found.compute["environment"])
