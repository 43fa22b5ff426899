"""States in which several resources go by one name, and what they have that no manifest says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from command_line import rolewright
from rolewright.yaml.load import loads


def resource(type_: str, label: str, values: dict[str, Any], module: str) -> dict[str, Any]:
    return {
        "address": f"{module}.{type_}.{label}",
        "mode": "managed",
        "type": type_,
        "name": label,
        "values": values,
        "sensitive_values": {},
    }


def function(name: str, region: str, account: str) -> dict[str, Any]:
    return {
        "function_name": name,
        "arn": f"arn:aws:lambda:{region}:{account}:function:{name}",
        "role": f"arn:aws:iam::{account}:role/worker",
        "runtime": "python3.12",
        "handler": "a.h",
        "filename": "a.zip",
        "memory_size": 128,
        "timeout": 3,
    }


def role(account: str) -> dict[str, Any]:
    return {"name": "worker", "id": "worker", "arn": f"arn:aws:iam::{account}:role/worker", "path": "/"}


def policy(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::data/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return {"id": "worker:p", "name": "p", "role": "worker", "policy": document}


def imported(folder: Path, *modules: tuple[str, list[dict[str, Any]]]) -> tuple[dict[str, Any], dict[str, Any]]:
    children = [{"address": address, "resources": resources} for address, resources in modules]
    state = {"format_version": "1.0", "values": {"root_module": {"child_modules": children}}}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    run = rolewright("import", folder / "state.json", "-o", folder / "out", "--format", "json")
    assert run.returncode == 0, run.stderr
    source = json.loads(run.stdout)["sources"][0]
    return {each["workload"]: loads(each["manifest"], "m.yaml").trees[0].data for each in source["workloads"]}, source


def test_roles_of_one_name_in_two_accounts_keep_their_own_policies(tmp_path: Path) -> None:
    def module(name: str, account: str, action: str) -> tuple[str, list[dict[str, Any]]]:
        return name, [
            resource("aws_lambda_function", "this", function(f"worker-{name[-1]}", "eu-west-1", account), name),
            resource("aws_iam_role", "this", role(account), name),
            resource("aws_iam_role_policy", "p", policy(action), name),
        ]

    found, _ = imported(
        tmp_path,
        module("module.a", "111111111111", "s3:GetObject"),
        module("module.b", "222222222222", "s3:PutObject"),
    )
    assert {name: each["resources"]["data"]["access"] for name, each in found.items()} == {
        "worker-a": ["get"],
        "worker-b": ["put"],
    }


def test_a_policy_of_one_of_two_roles_is_named_where_nothing_tells_which(tmp_path: Path) -> None:
    """Two accounts by aliases of the provider in one module: the state does not say which alias a policy has."""
    found, source = imported(
        tmp_path,
        (
            "module.a",
            [
                resource("aws_lambda_function", "this", function("worker", "eu-west-1", "111111111111"), "module.a"),
                resource("aws_iam_role", "one", role("111111111111"), "module.a"),
                resource("aws_iam_role", "two", role("222222222222"), "module.a"),
                resource("aws_iam_role_policy", "p", policy("s3:GetObject"), "module.a"),
            ],
        ),
    )
    assert "resources" not in found["worker"]
    (compared,) = source["workloads"][0]["roles"]
    assert any("which role has it is not clear" in text for text in compared["unknown"])


def test_functions_of_one_name_in_two_regions_keep_their_own_triggers(tmp_path: Path) -> None:
    def module(name: str, region: str, rate: str, days: int) -> tuple[str, list[dict[str, Any]]]:
        arn = f"arn:aws:lambda:{region}:111111111111:function:worker"
        rule = {"name": "tick", "arn": f"arn:aws:events:{region}:111111111111:rule/tick", "schedule_expression": rate}
        group = {"name": "/aws/lambda/worker", "id": "/aws/lambda/worker", "retention_in_days": days}
        queue = {"event_source_arn": f"arn:aws:sqs:{region}:111111111111:jobs-{days}", "function_name": arn}
        return name, [
            resource("aws_lambda_function", "this", function("worker", region, "111111111111"), name),
            resource("aws_cloudwatch_event_rule", "tick", {**rule, "event_bus_name": "default"}, name),
            resource("aws_cloudwatch_event_target", "tick", {"rule": "tick", "arn": arn}, name),
            resource("aws_cloudwatch_log_group", "log", group, name),
            resource("aws_lambda_event_source_mapping", "q", {**queue, "enabled": True}, name),
        ]

    found, _ = imported(
        tmp_path,
        module("module.eu", "eu-west-1", "rate(1 day)", 7),
        module("module.us", "us-east-1", "rate(5 minutes)", 365),
    )
    computes = [each["compute"] for each in found.values()]
    for compute in computes:
        days = compute["log_retention_days"]
        (schedule,) = compute["triggers"]["schedules"]
        assert schedule["expression"] == {7: "rate(1 day)", 365: "rate(5 minutes)"}[days]
        assert compute["triggers"]["queues"] == [{"queue": f"jobs-{days}"}]
    assert sorted(compute["log_retention_days"] for compute in computes) == [7, 365]


def test_what_is_off_stays_off_and_what_names_the_old_role_is_said(tmp_path: Path) -> None:
    arn = "arn:aws:lambda:eu-west-1:111111111111:function:worker"
    rule = {"name": "night", "schedule_expression": "rate(1 day)", "is_enabled": False, "event_bus_name": "default"}
    bucket = {"bucket": "b", "policy": json.dumps({"Principal": {"AWS": "arn:aws:iam::111111111111:role/worker"}})}
    found, source = imported(
        tmp_path,
        (
            "module.a",
            [
                resource("aws_lambda_function", "this", function("worker", "eu-west-1", "111111111111"), "module.a"),
                resource("aws_iam_role", "one", role("111111111111"), "module.a"),
                resource("aws_cloudwatch_event_rule", "night", rule, "module.a"),
                resource("aws_cloudwatch_event_target", "night", {"rule": "night", "arn": arn}, "module.a"),
                resource("aws_s3_bucket_policy", "b", bucket, "module.a"),
            ],
        ),
    )
    assert "triggers" not in found["worker"]["compute"]
    (compared,) = source["workloads"][0]["roles"]
    assert any("aws_s3_bucket_policy.b: it names this role" in text for text in compared["unknown"])


def test_rules_of_one_name_on_two_buses_are_two(tmp_path: Path) -> None:
    arn = "arn:aws:lambda:eu-west-1:111111111111:function:worker"
    target = {"rule": "tick", "arn": arn}
    found, _ = imported(
        tmp_path,
        (
            "module.a",
            [
                resource("aws_lambda_function", "this", function("worker", "eu-west-1", "111111111111"), "module.a"),
                *(
                    resource(type_, bus, {**values, "event_bus_name": bus}, "module.a")
                    for bus, rule in (
                        ("default", {"name": "tick", "schedule_expression": "rate(1 day)"}),
                        ("shop", {"name": "tick", "event_pattern": json.dumps({"source": ["orders"]})}),
                    )
                    for type_, values in (("aws_cloudwatch_event_rule", rule), ("aws_cloudwatch_event_target", target))
                ),
            ],
        ),
    )
    triggers = found["worker"]["compute"]["triggers"]
    assert [each["expression"] for each in triggers["schedules"]] == ["rate(1 day)"]
    assert [each["pattern"] for each in triggers["rules"]] == [{"source": ["orders"]}]
