"""Services of compose files that several files and `extends` describe: what all of them say together counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.importer.formats import compose
from rolewright.importer.functions import FOREIGN
from rolewright.importer.given import ImportAids
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.importer.workload import ImportSource, SourceWorkload


def read(folder: Path, **files: str) -> ImportSource:
    """Read `compose.yaml` beside other files: a name has `_` for the first dot, and `override` is the override file."""
    for name, text in files.items():
        file = "compose.override.yaml" if name == "override" else name.replace("_", ".", 1)
        (folder / file).write_text(text, encoding="utf-8")
    main = folder / "compose.yaml"
    return compose.read(main, load(main, dialect=FOREIGN).trees[0], ImportAids())


def workload(source: ImportSource, name: str = "api") -> SourceWorkload:
    return next(one for one in source.workloads if one.name == name)


def told(source: ImportSource, field: str) -> list[tuple[str, str, str]]:
    return [(one.outcome, one.target, one.note) for one in source.outcomes if one.field == field]


LAYERS = """services:
  base:
    image: acme/base:1
    env_file: common.env
    tmpfs: /run
    cap_drop: [ALL]
    deploy: {resources: {limits: {cpus: '1', memory: 1024M}}}
  api:
    extends: {service: base}
    image: acme/api:1
    env_file: api.env
    tmpfs: [/tmp]
    cap_drop: [NET_RAW]
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost/"], interval: 5s}
    deploy: {resources: {reservations: {cpus: '0.5', memory: 512M}}}
"""


def test_lists_of_layers_are_appended_and_texts_join_them(tmp_path: Path) -> None:
    source = read(tmp_path, compose_yaml=LAYERS, common_env="LOG_LEVEL=info\nREGION=eu\n", api_env="PORT=80\n")
    compute = workload(source).compute
    assert compute["environment"] == {"LOG_LEVEL": "info", "REGION": "eu", "PORT": "80"}
    assert compute["writable"] == ["/run", "/tmp"]
    assert compute["drop_capabilities"] == ["ALL", "NET_RAW"]
    assert all(outcome != "not carried" for outcome, _, _ in told(source, "services.base.env_file"))


def test_the_limits_of_one_layer_count_before_what_another_reserves(tmp_path: Path) -> None:
    source = read(tmp_path, compose_yaml=LAYERS, common_env="A=1\n", api_env="B=2\n")
    assert workload(source).at_least == {"cpu": 1024, "memory": 1024}
    reserved = told(source, "services.api.deploy.resources.reservations.memory")
    assert reserved == [("not carried", "", "the limit counts")]


def test_a_health_check_that_a_layer_switches_off_is_off(tmp_path: Path) -> None:
    off = "services: {api: {healthcheck: {disable: true}}}\n"
    source = read(tmp_path, compose_yaml=LAYERS, override=off, common_env="A=1\n", api_env="B=2\n")
    assert "health_check" not in workload(source).compute
    note = "ECS checks nothing unless the manifest says so"
    assert told(source, "services.api.healthcheck") == [("carried", "", note)] * 2
    assert told(source, "services.api.healthcheck.interval") == []
    on = "services: {api: {healthcheck: {disable: false}}}\n"
    source = read(tmp_path, compose_yaml=LAYERS, override=on)
    assert workload(source).compute["health_check"]["command"][0] == "CMD"


def test_a_check_of_the_image_is_not_said_to_be_carried(tmp_path: Path) -> None:
    source = read(tmp_path, compose_yaml="services: {api: {image: x, healthcheck: {interval: 5s}}}\n")
    assert "health_check" not in workload(source).compute
    assert [outcome for outcome, _, _ in told(source, "services.api.healthcheck")] == ["not carried"]


def test_a_folder_of_a_later_layer_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    base = "services: {api: {image: x, volumes: [/data, /cache]}}\n"
    source = read(tmp_path, compose_yaml=base, override="services: {api: {volumes: ['./data:/data']}}\n")
    assert workload(source).compute["writable"] == ["/cache"]
    ((outcome, _, note),) = told(source, "services.api.volumes[0]")[:1]
    assert outcome == "not carried"
    assert note.endswith("compose.override.yaml:1:28 says it instead")


def test_a_later_layer_can_take_the_place_of_a_value_or_leave_nothing_of_it(tmp_path: Path) -> None:
    base = """services:
  api:
    image: x
    ports: ["80:80", "81:81"]
    user: "1000"
    environment: {A: "1", B: "2"}
    cap_drop: [ALL]
  old: {image: y}
"""
    override = """services:
  api:
    ports: !override ["8080:8080"]
    user: !reset null
    environment: {A: !reset null, C: "3"}
    cap_drop: !reset []
  old: !reset null
"""
    source = read(tmp_path, compose_yaml=base, override=override)
    compute = workload(source).compute
    assert compute["port"] == 8080
    assert not {"ports", "user", "drop_capabilities"} & set(compute)
    assert compute["environment"] == {"B": "2", "C": "3"}
    assert [one.name for one in source.workloads] == ["api"]
    place = tmp_path / "compose.override.yaml"
    assert told(source, "services.api.ports") == [("not carried", "", f"{place}:3:12 says it instead")]
    assert told(source, "services.api.user")[0] == ("not carried", "", f"{place}:4:11 says it instead")
