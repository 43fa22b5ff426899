"""Variables of compose services: where their values come from, and hosts of other services in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.importer.test_compose_layers import read, told, workload

from command_line import rolewright
from rolewright.importer.expression import HeldValue, SourceText, UnknownPart
from rolewright.importer.formats.compose_hosts import in_command, in_variable

if TYPE_CHECKING:
    from pathlib import Path


def test_values_of_a_file_are_as_compose_reads_them(tmp_path: Path) -> None:
    main = "services: {api: {image: x, env_file: api.env}}\n"
    lines = 'A=1\nB="$A ${C}"\nC=\'$A\'\nD=$C\nJSON="{\\"a\\": 1}"\nKNOWN\nOTHER\nPATH=$PATH:/x\nno line\n'
    source = read(tmp_path, compose_yaml=main, api_env=lines, _env="C=${A}c\nA=0\nKNOWN=yes\n")
    environment = workload(source).compute["environment"]
    plain = {name: value for name, value in environment.items() if isinstance(value, str)}
    assert plain == {"A": "1", "B": "1 1c", "C": "$A", "D": "$A", "JSON": '{"a": 1}', "KNOWN": "yes"}
    assert isinstance(environment["OTHER"], HeldValue)
    (unknown, end) = environment["PATH"].parts
    assert isinstance(unknown, UnknownPart)
    assert end == ":/x"
    assert [note for note in source.notes if f"{tmp_path / 'api.env'}:9:1 was not read" in note]


def test_a_variable_that_is_named_alone_has_the_value_of_the_file_beside(tmp_path: Path) -> None:
    main = "services: {api: {image: x, environment: {FROM_ENV: , TOKEN: , SHELL_ONLY: }}}\n"
    source = read(tmp_path, compose_yaml=main, _env="FROM_ENV=a\nTOKEN=hunter2hunter2\n")
    compute = workload(source).compute
    assert compute["environment"]["FROM_ENV"] == "a"
    assert isinstance(compute["environment"]["SHELL_ONLY"], HeldValue)
    assert compute["secrets"] == {"TOKEN": "token"}
    assert [outcome for outcome, _, _ in told(source, "FROM_ENV")] == ["derived"]


def test_the_files_that_the_variables_name_are_merged_in_their_order(tmp_path: Path) -> None:
    files = {
        "compose_yaml": "services: {api: {image: 'x:1', user: '1'}}\n",
        "compose_prod.yaml": "services: {api: {image: 'x:2'}}\n",
        "override": "services: {api: {image: 'x:3', user: '3'}}\n",
    }
    named = read(tmp_path, **files, _env="COMPOSE_FILE=compose.yaml:compose.prod.yaml:gone.yaml\n")
    compute = workload(named).compute
    assert (compute["image"], compute["user"]) == ("x:2", "1")
    assert [outcome for outcome, _, _ in told(named, "COMPOSE_FILE")] == ["derived", "not carried"]
    assert not [note for note in named.notes if "compose.prod.yaml" in note]
    other = read(tmp_path, _env="COMPOSE_PATH_SEPARATOR=,\nCOMPOSE_FILE=compose.prod.yaml,gone.yaml\n")
    assert workload(other).compute["image"] == "x:3"
    assert [outcome for outcome, _, _ in told(other, "COMPOSE_FILE")] == ["not carried"]


def test_a_name_that_no_manifest_takes_is_said_and_a_number_is_written_as_compose_does(tmp_path: Path) -> None:
    main = "services: {api: {image: x, environment: {spring.profiles.active: prod, E: 1e3, F: 1.10, G: 0x10}}}\n"
    source = read(tmp_path, compose_yaml=main)
    environment = workload(source).compute["environment"]
    assert environment == {"E": 1000, "F": 1.1, "G": 16}
    assert not isinstance(environment["E"], float)
    assert [outcome for outcome, _, _ in told(source, "services.api.environment.spring.profiles.active")] == [
        "not carried"
    ]


HOSTS = {
    "db": "RDS",
    "cache": "ElastiCache",
    "kafka": "MSK",
    "kafka2": "MSK",
    "redis": "ElastiCache",
    "me": "127.0.0.1",
}


def shown(value: Any) -> str:
    """A text with `<HOST>` for each host that is marked, and `<QUESTION>` for what else is open."""
    parts: tuple[Any, ...] = value.parts if isinstance(value, SourceText) else (value,)
    marked = "host in the place of "
    return "".join(
        part if isinstance(part, str) else f"<{part.asked.removeprefix(marked).partition(':')[0]}>" for part in parts
    )


@pytest.mark.parametrize(
    ("name", "value", "marked"),
    [
        ("PGHOST", "db", "<db>"),
        ("BACKEND_URL", "db", "<db>"),
        ("KAFKA", "kafka:9092,kafka2:9092", "<kafka>:9092,<kafka2>:9092"),
        ("HOSTS", "kafka, kafka2,other", "<kafka>, <kafka2>,other"),
        ("REDIS_URL", SourceText.of("redis://redis:", UnknownPart("port"), "/0"), "redis://<redis>:<port>/0"),
        ("REDIS", SourceText.of("redis:", UnknownPart("port")), "<redis>:<port>"),
        ("DB", "Server=db;Database=db;User=sa", "Server=<db>;Database=db;User=sa"),
        ("DB", "Data Source=tcp:db,1433;", "Data Source=tcp:<db>,1433;"),
        ("DSN", "host=db port=5432 dbname=db", "host=<db> port=5432 dbname=db"),
        ("MONGO", "mongodb://db:1,cache:27017/db", "mongodb://<db>:1,<cache>:27017/db"),
        ("CACHE_DRIVER", "redis", "redis"),
        ("CACHE_URL", "redis://other:6379", "redis://other:6379"),
        ("SELF_URL", "http://me:80", "http://127.0.0.1:80"),
        ("DB_NAME", "db", "db"),
        ("TEXT", "one db 5432", "one db 5432"),
    ],
)
def test_each_host_of_another_service_is_marked(name: str, value: Any, marked: str) -> None:
    assert shown(in_variable(name, value, HOSTS)) == marked


@pytest.mark.parametrize(
    ("command", "marked"),
    [
        (["./wait-for-it.sh", "db:5432", "--", "npm", "start"], "./wait-for-it.sh <db>:5432 -- npm start"),
        (["psql", "-h", "db", "-d", "db"], "psql -h <db> -d db"),
        (["run", "--redis-host", "redis", "--host=db"], "run --redis-host <redis> --host=<db>"),
        ("wait-for db:5432 && curl http://cache/x", "wait-for <db>:5432 && curl http://<cache>/x"),
        (["celery", "-A", "db"], "celery -A db"),
        ("until nc -z db 5432; do sleep 1; done", "until nc -z <db> 5432; do sleep 1; done"),
        (["nc", "-z", "db", "5432"], "nc -z <db> 5432"),
        ("seq db 5", "seq db 5"),
    ],
)
def test_hosts_in_commands_are_marked(command: Any, marked: str) -> None:
    value = in_command(command, HOSTS)
    assert " ".join(map(shown, value if isinstance(value, list) else [value])) == marked


def test_a_service_is_known_by_all_its_names(tmp_path: Path) -> None:
    main = """services:
  api:
    image: acme/api:1
    entrypoint: [wait, "database:5432"]
    command: [serve, --host, kept, $$OPTS]
    healthcheck: {test: curl http://backend/}
    links: ["db:database"]
    environment: {A_HOST: database, B_HOST: backend, C_HOST: box, D_HOST: node-1}
  other: {image: x, environment: {A_HOST: database}}
  web: {image: "acme/web:1", container_name: box, hostname: node-1, networks: {default: {aliases: [backend]}}}
  db: {image: "postgres:16"}
"""
    source = read(tmp_path, compose_yaml=main)
    compute = workload(source).compute
    assert {name: shown(value) for name, value in compute["environment"].items()} == {
        "A_HOST": "<database>",
        "B_HOST": "<backend>",
        "C_HOST": "<box>",
        "D_HOST": "<node-1>",
    }
    assert [shown(word) for word in compute["entry_point"]] == ["wait", "<database>:5432"]
    assert [shown(word) for word in compute["command"]] == ["serve", "--host", "kept", "$OPTS"]
    assert shown(compute["health_check"]["command"][1]) == "curl http://<backend>/"
    assert workload(source, "other").compute["environment"] == {"A_HOST": "database"}


@pytest.mark.parametrize("value", ["${AWS_SECRET_ACCESS_KEY}", "${OTHER}", "${X:?missing}", "${X:-}", "plain", ""])
def test_an_access_key_is_left_out_however_it_is_given(value: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    lines = [f'      AWS_SECRET_ACCESS_KEY: "{value}"', f'      AWS_ACCESS_KEY_ID: "{value}"', "      LEVEL: info"]
    services = "services:\n  web:\n    image: acme/web:1\n    environment:\n"
    file.write_text(services + "\n".join(lines) + "\n", encoding="utf-8")
    run = rolewright("import", file, "-o", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    text = (tmp_path / "out" / "web.yaml").read_text(encoding="utf-8")
    assert "LEVEL: info" in text
    assert "AWS_" not in text
