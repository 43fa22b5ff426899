"""Rights of Compose-X that are not known here: the comparison of the roles never passes over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from rolewright.importer.formats import compose_x
from rolewright.importer.functions import FOREIGN
from rolewright.importer.given import ImportAids
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.importer.workload import ImportSource

KNOWN = """services:
  app:
    image: acme/app:1
    secrets: [dbs]
    deploy: {labels: {ecs.task.family: shop}}
  proxy: {image: envoy:1}
secrets: {dbs: {x-secrets: {Name: /app/db}}}
x-sns: {t: {Properties: {TopicName: t}, Services: {app: {Access: Publish}, proxy: {Access: Publish}}}}
"""


def source_of(folder: Path, text: str) -> ImportSource:
    file = folder / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    return compose_x.read(file, load(file, dialect=FOREIGN).trees[0], ImportAids())


def unread(source: ImportSource, name: str) -> tuple[str, ...]:
    return tuple(text for one in source.workloads if one.name == name for role in one.roles for text in role.unread)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("secrets: [dbs]", "secrets: [dbs]\n    x-xray: true", "x-xray"),
        ("secrets: [dbs]", "secrets: [dbs]\n    x-ecs: {EnableExecuteCommand: true}", "x-ecs"),
        ("x-sns", "x-rds: {db: {Services: {shop: {Access: {DBCluster: RO}}}}}\nx-sns", "x-rds::db"),
        ("x-sns", "x-new: {it: {Services: [{name: app}]}}\nx-sns", "x-new::it"),
        ("{app: {Access: Publish}", "{app: {Access: Own}", "Access Own of x-sns::t"),
        ("/app/db", "/app/db, LinksTo: [EcsTaskRole, EcsExecutionRole]", "LinksTo of the secret dbs"),
    ],
)
def test_rights_that_are_not_known_are_named_as_not_compared(
    tmp_path: Path, before: str, after: str, what: str
) -> None:
    assert before in KNOWN
    source = source_of(tmp_path, KNOWN.replace(before, after))
    (said,) = unread(source, "shop")
    assert said.startswith(f"{tmp_path / 'compose.yaml'}:")
    assert f" by {what}, " in said
    assert unread(source, "proxy") == ()
    report = rolewright("import", "compose.yaml", cwd=tmp_path).stdout
    assert f"{what}, which is not known here" in report


def test_names_of_variables_that_no_manifest_takes_are_left_out(tmp_path: Path) -> None:
    keys = "/app/db, JsonKeys: [{SecretKey: user.name}, {SecretKey: password}]"
    text = KNOWN.replace("/app/db", keys).replace(
        "{app: {Access: Publish}", "{app: {Access: Publish, ReturnValues: {TopicName: topic.name, TopicArn: TOPIC}}"
    )
    source = source_of(tmp_path, text)
    (app,) = (one for one in source.workloads if one.name == "shop")
    assert app.compute["secrets"] == {"password": "dbs:password"}
    assert set(app.compute["environment"]) == {"TOPIC"}
    left = {one.field for one in source.outcomes if one.outcome == "not carried"}
    assert {"secrets.dbs.x-secrets.JsonKeys[0]", "x-sns.t.Services.app.ReturnValues.TopicName"} <= left


def test_what_gives_no_rights_is_compared_whole(tmp_path: Path) -> None:
    text = KNOWN.replace("secrets: [dbs]", "secrets: [dbs]\n    x-xray: false")
    text = text.replace("/app/db", "/app/db, LinksTo: [EcsExecutionRole]")
    source = source_of(tmp_path, text + "x-elbv2: {lb: {Services: [{name: app, port: 80}]}}\n")
    assert unread(source, "shop") == ()
    fields = {one.field: one.outcome for one in source.outcomes}
    assert fields["secrets.dbs.x-secrets.LinksTo"] == "derived"
