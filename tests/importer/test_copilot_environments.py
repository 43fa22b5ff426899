"""Copilot: what is not the same in every environment is right in each, or the report says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copilot_manifests import imported, reason, targets
from rolewright.importer.expression import asked

if TYPE_CHECKING:
    from pathlib import Path


def inputs(found: Any) -> dict[str, str]:
    return {name: given["description"] for name, given in found.top["inputs"].items()}


def test_the_network_of_each_environment_is_asked_for_as_it_is_there(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        """
http: false
environments:
  test: {variables: {A: b}}
  prod: {network: {vpc: {placement: private, security_groups: [sg-0aaaaaaaaaaaaaaaa]}}}
""",
    )
    (found,) = source.workloads
    assert inputs(found) == {
        "subnets": "Subnets of the tasks: PublicSubnets of stack shop-ENVIRONMENT in test; "
        "PrivateSubnets of stack shop-ENVIRONMENT in prod",
        "security-groups": "Of the tasks: EnvironmentSecurityGroup of stack shop-ENVIRONMENT in test; "
        "EnvironmentSecurityGroup of stack shop-ENVIRONMENT, sg-0aaaaaaaaaaaaaaaa in prod",
    }
    assert "without compute.service.public_ip" in reason(source, "environments.prod.network.vpc.placement")
    assert targets(source, "environments.prod.network.vpc.security_groups") == ["compute.service.security_group_ids"]


def test_an_input_is_for_every_environment_where_one_has_ids_of_its_own(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        """
http: false
network: {vpc: {placement: private}}
environments: {test: {}, prod: {network: {vpc: {placement: {subnets: [subnet-0123456789abcdef0]}}}}}
""",
    )
    (found,) = source.workloads
    assert inputs(found)["subnets"].endswith(
        "PrivateSubnets of stack shop-ENVIRONMENT in test; subnet-0123456789abcdef0 in prod"
    )
    assert found.environments["prod"] == {}, "no environment replaces what an input gives"


def test_the_listener_is_that_of_each_environment(tmp_path: Path) -> None:
    source = imported(tmp_path, "http: {path: /}\nenvironments: {test: {http: {alb: inner}}, prod: {}}")
    assert "a listener of load balancer inner in test" in inputs(source.workloads[0])["listener"]


def test_no_environment_runs_on_spot_that_does_not_today(tmp_path: Path) -> None:
    source = imported(tmp_path, "http: false\ncount: {spot: 1}\nenvironments: {test: {}, prod: {count: 3}}")
    (found,) = source.workloads
    assert "spot" not in found.compute["service"]
    assert found.environments["prod"]["compute"]["service"] == {"desired": 3}
    assert "prod is without it" in found.apart["test"]["compute.service.spot"]
    assert "prod is without it" in reason(source, "count.spot")
    assert targets(source, "count.spot") == ["compute.service.desired"]


def test_a_field_that_is_the_same_everywhere_is_as_an_environment_has_it(tmp_path: Path) -> None:
    ports = (
        "http: false\nenvironments: {test: {image: {port: 81}}, prod: {image: {port: 82}}, dev: {image: {port: 81}}}"
    )
    source = imported(tmp_path, ports)
    assert source.workloads[0].compute["port"] == 81, "the 80 beside the environments is the port of none"
    assert targets(source, "environments.test.image.port") == ["compute.port"]
    assert reason(source, "environments.prod.image.port") == "the port is the same in every environment"


def test_a_variable_may_be_called_as_a_field_is(tmp_path: Path) -> None:
    source = imported(tmp_path, "http: false\nenvironments: {test: {}, prod: {variables: {spot: x}}}")
    assert asked(source.workloads[0].compute["environment"]["spot"])


def test_spot_of_one_environment_is_said_to_be_left_out(tmp_path: Path) -> None:
    source = imported(tmp_path, "http: false\ncount: 1\nenvironments: {test: {count: {spot: 2}}, prod: {}}")
    assert source.workloads[0].environments["test"]["compute"]["service"] == {"desired": 2}
    assert "compute.service.spot alone" in reason(source, "environments.test.count.spot")


def test_what_no_field_of_an_environment_is_told_to_be_has_a_line_of_its_own(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        "http: false\nenvironments:\n  test: {}\n"
        "  prod: {storage: {volumes: {d: {path: /d, efs: fs-0123456789abcdef0}}}}",
    )
    assert "compute.volumes alone" in source.workloads[0].apart["prod"]["compute.volumes"]


def test_an_environment_without_service_connect_or_load_balancer_is_named(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        """
http: {path: /}
network: {connect: true}
environments: {test: {network: {connect: false}, http: false}, prod: {variables: {A: b}}}
""",
    )
    (found,) = source.workloads
    assert "without compute.service.connect" in reason(source, "environments.test.network.connect")
    assert "without compute.service.load_balancer" in reason(source, "environments.test.http")
    balancer = found.compute["service"]["load_balancer"]
    assert {"listener", "security_group_id", "priority"} <= set(balancer), "the manifest is whole for prod"
    assert set(found.apart["test"]) == {"compute.service.vpc_id"}, "each thing once"
    assert not found.apart["prod"], "a variable of prod alone is asked for"


def test_what_no_environment_has_is_not_in_the_manifest(tmp_path: Path) -> None:
    source = imported(tmp_path, "http: {path: /}\nenvironments: {test: {http: false}, prod: {http: false}}")
    assert "load_balancer" not in source.workloads[0].compute["service"]
    assert reason(source, "http.path") == "no environment has it"


def test_the_report_tells_what_of_an_imported_network_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "copilot" / "environments"
    for name, network in (("test", ""), ("prod", "network: {vpc: {id: vpc-1, subnets: {private: [{id: subnet-1}]}}}")):
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.yml").write_text(f"name: {name}\ntype: Environment\n{network}\n")
    source = imported(tmp_path, "http: false\nnetwork: {vpc: {placement: private}}")
    assert inputs(source.workloads[0])["subnets"].endswith(
        "subnet-1 in prod; PrivateSubnets of stack shop-ENVIRONMENT in test"
    )
    assert targets(source, "network.vpc.subnets.private") == ["inputs.subnets"]
    assert "names it" in reason(source, "network.vpc.id")


def test_an_environment_without_fields_is_read(tmp_path: Path) -> None:
    source = imported(tmp_path, "http: false\nenvironments:\n  dev:\n  test: {}\n  prod: {count: 2}\n")
    assert list(source.workloads[0].environments) == ["dev", "test", "prod"]
    assert not [o.field for o in source.outcomes if o.outcome == "not carried"]
    assert targets(source, "environments.dev") == ["environments.dev"]


def test_what_an_environment_says_of_a_sidecar_is_not_carried(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        """
http: false
sidecars: {nginx: {image: 'nginx:1', essential: false, command: [run], variables: {UP: test.internal}}}
environments:
  test: {}
  prod: {sidecars: {nginx: {essential: true, command: [run, --prod], variables: {UP: prod.internal, TLS: '1'}}}}
""",
    )
    for field in ("essential", "command", "variables.UP", "variables.TLS"):
        assert reason(source, f"environments.prod.sidecars.nginx.{field}").startswith("what a list has")
    assert targets(source, "sidecars.nginx.command") == ["compute.sidecars.command"]
    assert targets(source, "sidecars.nginx.variables.UP") == ["compute.sidecars.environment.UP"]


def test_outputs_under_a_condition_are_those_of_the_environments_where_it_holds(tmp_path: Path) -> None:
    addons = tmp_path / "copilot" / "api" / "addons"
    addons.mkdir(parents=True)
    (addons / "a.yml").write_text(
        """
Parameters: {Size: {Type: String}}
Conditions: {IsProd: !Equals [!Ref Env, prod], IsLarge: !Equals [!Ref Size, large]}
Resources:
  Sec: {Type: AWS::SecretsManager::Secret, Condition: IsProd, Properties: {Name: !Sub '${App}-${Env}-sec'}}
  All: {Type: AWS::SecretsManager::Secret, Properties: {Name: !Sub '${App}-${Env}-all'}}
Outputs:
  cdnUrl: {Condition: IsProd, Value: !Sub 'https://cdn.${Env}.example.com'}
  mySecret: {Condition: IsProd, Value: !Ref Sec}
  allSecret: {Value: !Ref All}
  large: {Condition: IsLarge, Value: 'yes'}
""",
    )
    source = imported(tmp_path, "http: false\nenvironments: {test: {}, prod: {}}")
    (found,) = source.workloads
    assert "test does not have this one" in reason(source, "Outputs.mySecret")
    assert not [target for target in targets(source, "Outputs.mySecret") if target]
    assert targets(source, "Outputs.allSecret") == ["compute.secrets.ALL_SECRET"]
    assert found.compute["secrets"] == {"ALL_SECRET": "all-secret"}
    assert asked(found.compute["environment"]["CDN_URL"]) == ["what CDN_URL is in test, which does not have it today"]
    assert set(found.environments["prod"]["compute"]["environment"]) == {"CDN_URL"}
    assert found.environments["test"] == {}
    assert any(o.note.startswith("as if IsLarge held") for o in source.outcomes if o.field == "Outputs.large")


def test_what_the_role_of_one_environment_may_do_is_compared(tmp_path: Path) -> None:
    source = imported(
        tmp_path,
        """
http: false
storage: {volumes: {logs: {path: /l, efs: {id: fs-0123456789abcdef0}}}}
environments:
  test: {}
  prod:
    publish: {topics: [{name: audit}]}
    storage:
      volumes:
        data: {path: /data, read_only: false, efs: {id: fs-0123456789abcdef1}}
        logs: {read_only: false}
""",
    )
    (found,) = source.workloads
    assert set(found.resources) == {"logs"}
    (task,) = (role for role in found.roles if role.role == "task")
    of_prod = [policy.document["Statement"][0] for policy in task.policies if "environment prod" in policy.origin]
    names = [str(statement["Resource"].parts[-1]) for statement in of_prod]
    assert [statement["Action"] for statement in of_prod] == [
        ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        "sns:Publish",
    ]
    assert "fs-0123456789abcdef0" in names[0] + names[1]
    assert "fs-0123456789abcdef1" in names[0] + names[1]
    assert names[2].endswith("-api-audit")


def test_the_file_of_variables_may_be_one_for_each_environment(tmp_path: Path) -> None:
    (tmp_path / "test.env").write_text("LEVEL=debug\n")
    (tmp_path / "prod.env").write_text("LEVEL=warn\n")
    text = "http: false\nenv_file: ${COPILOT_ENVIRONMENT_NAME}.env\nenvironments: {test: {}, prod: {}, dev: {}}"
    source = imported(tmp_path, text)
    (found,) = source.workloads
    assert asked(found.compute["environment"]["LEVEL"]) == ["what LEVEL is in dev, which does not have it today"]
    assert found.environments["test"]["compute"]["environment"] == {"LEVEL": "debug"}
    assert found.environments["prod"]["compute"]["environment"] == {"LEVEL": "warn"}
    assert reason(source, "env_file").startswith("in dev: ")


def test_what_is_lost_in_every_environment_is_said_of_the_field(tmp_path: Path) -> None:
    fields = "http: false\nsubscribe: {queue: {dead_letter: {tries: 3}}}\nenvironments: {test: {}, prod: {}}"
    assert reason(imported(tmp_path, fields), "subscribe.queue.dead_letter").startswith("it stays as it is")
