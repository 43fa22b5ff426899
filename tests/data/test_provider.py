"""The provider schemas: that of 5.x against the provider, the derived one of 6.x against that of 5.x."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from rolewright.data import archive, build_provider_schema, provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMON = (
    "aws_s3_bucket",
    "aws_s3_bucket_versioning",
    "aws_lambda_function",
    "aws_ecs_task_definition",
    "aws_ecs_service",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_policy",
    "aws_iam_instance_profile",
    "aws_iam_role_policies_exclusive",
    "aws_instance",
    "aws_launch_template",
    "aws_dynamodb_table",
    "aws_sqs_queue",
    "aws_sns_topic",
    "aws_kms_key",
    "aws_secretsmanager_secret",
    "aws_ssm_parameter",
    "aws_cloudwatch_log_group",
    "aws_security_group",
)


def test_the_versions_are_known() -> None:
    assert provider.versions()[5] == build_provider_schema.VERSION
    assert provider.versions()[6].startswith("6.")


def test_an_unknown_type_has_no_schema() -> None:
    assert provider.schema(5, "resource", "aws_s3_buket") is None
    assert provider.schema(6, "data", "aws_s3_bucket_versioning") is None


def test_names_are_sorted_and_of_their_kind() -> None:
    for major in provider.MAJORS:
        for kind in ("resource", "data"):
            listed = provider.names(major, kind)
            assert list(listed) == sorted(listed)
            assert all(name.startswith("aws_") for name in listed)
    assert len(provider.names(5, "resource")) == 1526
    assert len(provider.names(5, "data")) == 608


@pytest.mark.terraform
@pytest.mark.usefixtures("terraform")
def test_the_schema_of_5_is_the_provider_s_own() -> None:
    entries = build_provider_schema.entries(build_provider_schema.provider_schema())
    assert set(archive.entries("provider_5.zip")) == set(entries)
    assert [name for name in entries if archive.read("provider_5.zip", name) != entries[name]] == []


def test_an_archive_has_the_same_bytes_on_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_FOLDER", tmp_path)
    digests = {
        hashlib.sha256(archive.write("x.zip", values).read_bytes()).hexdigest()
        for values in ({"a": [1], "b": {"y": 1, "x": 2}}, {"b": {"x": 2, "y": 1}, "a": [1]})
    }
    assert len(digests) == 1


def _arguments(schema: provider.TypeSchema, path: str = "") -> Iterator[tuple[str, str]]:
    for name, attribute in schema.attributes.items():
        use = "required" if attribute.required else "optional" if attribute.optional else "computed"
        yield f"{path}{name}", f"{use} {attribute.type}"
    for name, block in schema.blocks.items():
        yield f"{path}{name}", f"{block.nesting} block, at least {block.at_least}, at most {block.at_most}"
        yield from _arguments(block.content, f"{path}{name}.")


@pytest.mark.parametrize("type_", COMMON)
def test_the_derived_schema_keeps_what_5_has(type_: str) -> None:
    """A major adds much and changes little: an error of the derivation would show in many arguments."""
    five, six = (provider.schema(major, "resource", type_) for major in provider.MAJORS)
    assert five is not None
    assert six is not None
    old, new = dict(_arguments(five)), dict(_arguments(six))
    changed = {name for name in old if name in new and old[name] != new[name]}
    assert changed == CHANGED_IN_6.get(type_, set())
    gone = {name for name in old.keys() - new.keys() if name.rpartition(".")[0] not in old.keys() - new.keys()}
    assert gone == GONE_IN_6.get(type_, set())


# What 6.x really changed; of counts, the derived schema knows only "one" and "any number".
CHANGED_IN_6 = {
    "aws_s3_bucket": {"region"},
    "aws_lambda_function": {"code_sha256"},
    "aws_ecs_task_definition": {"placement_constraints"},
    "aws_ecs_service": {"ordered_placement_strategy", "placement_constraints"},
    "aws_dynamodb_table": {"global_secondary_index.hash_key"},
}
GONE_IN_6 = {
    "aws_ecs_task_definition": {"inference_accelerator"},
    "aws_instance": {"cpu_core_count", "cpu_threads_per_core"},
    "aws_launch_template": {"elastic_gpu_specifications", "elastic_inference_accelerator"},
}


def test_the_derived_schema_knows_how_a_policy_document_nests() -> None:
    for major in provider.MAJORS:
        document = provider.schema(major, "data", "aws_iam_policy_document")
        assert document is not None
        statement = document.blocks["statement"].content
        assert set(statement.blocks) == {"condition", "principals", "not_principals"}
        assert statement.blocks["condition"].nesting == "set"
        assert {n for n, a in statement.blocks["condition"].content.attributes.items() if a.required} == {
            "test",
            "values",
            "variable",
        }
        assert statement.attributes["actions"].type == ["set", "string"]


def test_what_6_deprecates_is_known() -> None:
    old, new = (provider.schema(major, "data", "aws_region") for major in provider.MAJORS)
    assert old is not None
    assert new is not None
    assert not old.attributes["name"].deprecated
    assert new.attributes["name"].deprecated
    assert not new.attributes["region"].deprecated
    assert "region" not in old.attributes


def test_every_known_deprecation_is_of_an_argument_that_6_has() -> None:
    for entry, paths in archive.read_plain("deprecations_6.json").items():
        kind, type_ = entry.split("/")
        for path, known in paths.items():
            old, new = (_at(provider.schema(major, kind, type_), path) for major in provider.MAJORS)
            assert new.attributes[path.rpartition(".")[2]].deprecated
            instead = known.get("instead")
            assert instead is None or instead in {*new.attributes, *new.blocks} - {*old.attributes, *old.blocks}


def _at(schema: provider.TypeSchema | None, path: str) -> provider.TypeSchema:
    """The block that has the argument at a path."""
    assert schema is not None
    for block in path.split(".")[:-1]:
        schema = schema.blocks[block].content
    return schema


def test_deprecations_of_5_come_from_the_provider() -> None:
    role = provider.schema(5, "resource", "aws_iam_role")
    assert role is not None
    assert role.attributes["managed_policy_arns"].deprecated
    assert not role.attributes["name"].deprecated
