"""What a newcomer is told of a wrong shape, a wrong name and a wrong value; and what an editor shows."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from rolewright.blueprint import builtin_root, load_catalog
from rolewright.blueprint.words import read_words
from rolewright.core.finding import Rejected
from rolewright.core.nearest import nearest, squashed
from rolewright.manifest.schema import SCHEMA_ID, manifest_schema, schemas_of
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rolewright.core.finding import Finding

CATALOG = load_catalog()
WORDS = CATALOG.words()
SCHEMA = manifest_schema(CATALOG)
FARGATE = {
    "type": "fargate",
    "image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/app:1",
    "cpu": 256,
    "memory": 512,
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema in one, those of conditions aside."""
    if isinstance(node, dict):
        yield node
        for key, inner in node.items():
            if key not in ("if", "not", "examples", "default", "const", "enum"):
                yield from schemas(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from schemas(inner)


def told(data: Mapping[str, Any]) -> list[Finding]:
    manifest = {"version": 1, "workload": "app", "compute": FARGATE, **data}
    tree = loads(json.dumps(manifest), "m.yaml").trees[0]
    return list(schemas_of(CATALOG).findings(tree.data, tree.location))


def of_resource(type_: str, **fields: Any) -> str:
    """What is told of wrong fields of a resource: the message and the remedy of each."""
    found = told({"resources": {"x": {"type": type_, **fields}}})
    return "\n".join(f"{finding.message} | {finding.remedy}" for finding in found)


def of_compute(**fields: Any) -> str:
    (finding,) = told({"compute": {**FARGATE, **fields}})
    return f"{finding.message} | {finding.remedy}"


def test_every_property_is_described() -> None:
    bare = {
        name
        for schema in schemas(SCHEMA)
        for name, inner in schema.get("properties", {}).items()
        if isinstance(inner, dict) and not inner.get("description") and "const" not in inner
    }
    assert bare == set()
    assert (SCHEMA["$id"], SCHEMA["title"], bool(SCHEMA["description"])) == (SCHEMA_ID, "rolewright manifest", True)


def test_the_schema_is_of_the_draft_that_schemastore_asks_for() -> None:
    """With no word that this draft does not have, and none of the blueprints' marks."""
    used = {key for schema in schemas(SCHEMA) for key in schema}
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert not used & {"$defs", "prefixItems", "minContains", "maxContains", "dependentRequired", "dependentSchemas"}
    assert not any(key.startswith(("x-", "unevaluated")) for key in used)
    assert jsonschema_rs.Draft7Validator(SCHEMA).is_valid({"version": 1, "workload": "app", "compute": FARGATE})


def test_every_pattern_has_a_sentence_whose_example_it_takes() -> None:
    patterns = {schema["pattern"] for schema in schemas(SCHEMA) if isinstance(schema.get("pattern"), str)}
    # a type with a schema of its own for what a module makes is in it twice, and a pattern may stand for a name
    assert patterns - WORDS.patterns.keys() == set()
    assert (
        WORDS.patterns.keys() - patterns - set(load(builtin_root() / "patterns.yaml").trees[0].data.values()) == set()
    )
    unlike = {
        pattern for pattern in patterns if not jsonschema_rs.is_valid({"pattern": pattern}, WORDS.example(pattern))
    }
    assert unlike == set()


def test_an_editor_is_given_the_sentences() -> None:
    messages = [
        schema.get("patternErrorMessage") for schema in schemas(SCHEMA) if isinstance(schema.get("pattern"), str)
    ]
    assert all(isinstance(message, str) and message.startswith("write ") for message in messages)


def _there(fields: Mapping[str, Any], path: str) -> bool:
    node: Any = {"properties": fields}
    for step in path.split("."):
        node = node.get("properties", {}).get(step)
        if node is None:
            return False
    return True


def test_every_synonym_stands_for_what_is_there() -> None:
    """In each type that has the first part of it; a section of a type is of a type that is there."""
    top = SCHEMA["properties"]
    computes = {type_: dict(blueprint.fields) for type_, blueprint in CATALOG.computes.items()}
    resources = {
        type_: {**blueprint.fields, **(blueprint.create.fields if blueprint.create else {}), "access": {}, "arn": {}}
        for type_, blueprint in CATALOG.resources.items()
    }
    verbs = {verb for blueprint in CATALOG.resources.values() for verb in blueprint.verbs}
    options = {"compute type": computes.keys(), "resource type": resources.keys(), "verb": verbs}
    wrong = []
    for place, words in WORDS.synonyms.items():
        for word, names in words.items():
            for name in names:
                if place in options:
                    found = name in options[place]
                elif name.startswith("/"):
                    found = name[1:] in top
                elif place == "manifest" and not name.startswith("compute."):
                    found = name in top
                else:
                    path = name.removeprefix("compute.") if place == "manifest" else name
                    types = {"manifest": computes, "compute": computes, "resource": resources}.get(place)
                    own = computes.get(place) or resources.get(place)
                    of_types = list(types.values()) if types else [own] if own else []
                    having = [fields for fields in of_types if path.split(".")[0] in {*fields, "create"}]
                    found = path == "create" or (bool(having) and all(_there(fields, path) for fields in having))
                if not found:
                    wrong.append((place, word, name))
    assert wrong == []


def test_no_synonym_is_a_name_that_is_there_already() -> None:
    """Nobody would ever be told."""
    fields = {"manifest": SCHEMA["properties"]} | {type_: CATALOG.computes[type_].fields for type_ in CATALOG.computes}
    fields |= {"compute type": CATALOG.computes, "resource type": CATALOG.resources}
    for place, words in WORDS.synonyms.items():
        assert not {squashed(name) for name in fields.get(place, ())} & words.keys(), place


def test_what_a_newcomer_is_told() -> None:
    cases: list[tuple[str, tuple[str, ...]]] = [
        (of_compute(environment="LOG=info"), ('"LOG=info"', "write a mapping, such as {LOG_LEVEL: info}")),
        (of_compute(command="run"), ('"run"', "write a list, such as [")),
        (of_compute(ephemeral_storage=[30]), ("a list", "write a whole number, such as 21")),
        (of_compute(ephemeral_storage=1), ("is 1: the least is 21",)),
        (of_compute(MemorySize=512), ("`MemorySize`", "did you mean `memory` (")),
        (of_compute(memory_reservation=512), ("did you mean `memory` (",)),
        (of_compute(policies=["x"]), ("did you mean `resources` at the top of the manifest?",)),
        (of_compute(log_kms_key="alias/app"), ('"alias/app": an alias', f"not its id or alias, such as {KEY}")),
        (of_compute(log_kms_key=KEY.rpartition("/")[2]), (": an id | write the ARN of a key",)),
        (of_compute(log_kms_key=KEY.replace("key/", "alias/")), (": the ARN of an alias | write the ARN of a key",)),
        (of_resource("kms-key", name="alias/app", access="decrypt"), (": an alias | write the id of a key",)),
        (of_resource("sqs-queue", name="arn:aws:sqs:us-east-1:123456789012:q"), (": an ARN | write the name of",)),
        (of_resource("sqs-queue", name="https://sqs.us-east-1.amazonaws.com/1/q"), (": the URL of a queue | ",)),
        (of_resource("s3-bucket", name="a-b", Bucket="a-b"), ("did you mean `name` (Bucket name",)),
        (of_resource("s3-bucket", name="a-b", hash_key="x"), ("known here: access, ",)),
        (of_resource("s3-bucket", name="a-b", access="s3:GetObject"), ('"s3:GetObject": an action of IAM',)),
        (of_resource("rds-database", name="db", resource_id="db-A1"), ("did you mean `resource_id` (",)),
        (of_resource("aurora-dsql-cluster", access="connect"), ("add `name`: ",)),
        (of_resource("rds"), ("did you mean rds-database or rds-data-api? Type of the resource; `rolewright",)),
        (of_resource("AWS::S3::Bucket"), ("did you mean s3-bucket?",)),
        (of_resource("aws_dynamodb_table"), ("did you mean dynamodb-table?",)),
    ]
    for told_of, parts in cases:
        for part in parts:
            assert part in told_of, told_of


def test_no_regular_expression_and_no_word_of_the_library_is_shown() -> None:
    """Of whatever is written in place of each text that has a form; an example may be a regular expression."""
    for type_, blueprint in CATALOG.resources.items():
        entry = {"type": type_, **dict.fromkeys(blueprint.fields, "\0 !")}
        for finding in told({"resources": {"x": entry}}):
            shown = f"{finding.message} {finding.remedy}"
            assert not re.search(r"does not match|matches|not valid under|\[a-z|\\d|change the value", shown), shown


def test_a_word_that_is_like_none_stands_for_none() -> None:
    for word, known in (("cron", ["arn"]), ("sort_key", ["kms_key"]), ("bucket", ["create"]), ("db", ["id"])):
        assert nearest(word, known) == ()


def test_a_folder_of_its_own_may_have_more_words(tmp_path: Path) -> None:
    text = "synonyms: {own-type: {Thing_Name: [name]}}\npatterns: {bucket-name: 'one of ours, such as our-data'}\n"
    (tmp_path / "words.yaml").write_text(text, encoding="utf-8")
    words = read_words((builtin_root(), tmp_path), lambda: {"bucket-name": "^b$"})
    assert (words.meant("own-type")["thingname"], words.example("^b$")) == (["name"], "our-data")
    for fault, rule in (
        ("forms: [{pattern: '[', is: x}]", "blueprint-pattern"),
        ("words: {}", "blueprint-unknown-key"),
    ):
        (tmp_path / "words.yaml").write_text(fault, encoding="utf-8")
        with pytest.raises(Rejected) as refused:
            read_words((tmp_path,), dict)
        assert [finding.rule for finding in refused.value.findings] == [rule]
