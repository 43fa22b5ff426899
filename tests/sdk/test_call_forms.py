"""Each way of writing a call of AWS, with many operations: the permission is found, or it is said that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from call_forms import GO, PYTHON, SCRIPT
from cases import times
from rolewright.sdk import models
from rolewright.sdk.calls import ApiCall, Unmapped
from rolewright.sdk.code import read_files
from rolewright.sdk.models import Service

SCALE = times(4)
SERVICES = [
    "dynamodb",
    "s3",
    "sqs",
    "sns",
    "ssm",
    "kms",
    "events",
    "firehose",
    "lambda",
    "secretsmanager",
    "stepfunctions",
]
SERVICES += ["athena", "ecs", "logs", "kinesis", "cloudwatch", "scheduler", "glue"]
PYTHON_UNTOLD = {
    "only a client",
    "only an import",
    "getattr of a name",
    "unknown service",
    "with",
    "getattr",
    "setattr",
}
PYTHON_UNTOLD |= {"in a dataclass", "in a list of clients"}
UNTOLD = {"only a client", "sent from elsewhere", "v2 chosen"}


def identifier(service: Service) -> str:
    """The id of a service, with its spaces."""
    return str(models._loader().load_service_model(service.name, "service-2")["metadata"]["serviceId"])


def written(form: str, service: Service, operation: str, member: str) -> str:
    name = identifier(service)
    joined = name.replace(" ", "")
    values = {
        "@operation": operation,
        "@package": f"@aws-sdk/client-{name.lower().replace(' ', '-')}",
        "@client": f"{joined}Client",
        "@command": f"{operation}Command",
        "@method": operation[:1].lower() + operation[1:],
        "@member": member,
        "@input": f'{{ {member}: "orders" }}',
        "@value": "orders",
        "@all": joined,
        "@v2": joined.lower(),
        "@pkg": joined.lower(),
        "@name": repr(service.name),
        "@python": models.python_name(operation),
        "@named": f"{member}='orders'",
        "@keys": f"{member!r}: 'orders'",
    }
    for mark in sorted(values, key=len, reverse=True):
        form = form.replace(mark, "\0".join(values[mark].partition("@")) if "@" in values[mark] else values[mark])
    return form.replace("\0@\0", "@")


def found_in(text: str, name: str, folder: Path) -> tuple[ApiCall | Unmapped, ...]:
    (folder / name).write_text(text, encoding="utf-8")
    return read_files([str(folder / name)], str(folder)).calls


def check(language: str, forms: dict[str, str], data: st.DataObject, folder: Path) -> None:
    service = models.service(data.draw(st.sampled_from(SERVICES)))
    assert service is not None
    operation = data.draw(st.sampled_from(sorted(name for name, members in service.operations.items() if members)))
    member = data.draw(st.sampled_from(sorted(service.operations[operation])))
    for form, text in forms.items():
        source = written(text, service, operation, member)
        found = found_in(source, language, folder)
        calls = [(report.service, report.operation) for report in found if isinstance(report, ApiCall)]
        unmapped = [report for report in found if isinstance(report, Unmapped)]
        if form in UNTOLD:
            assert unmapped, f"{form}: nothing is said\n{source}"
            assert not calls
            continue
        assert (service.name, operation) in calls, f"{form}: {found}\n{source}"
        assert set(calls) == {(service.name, operation)}, f"{form}: {calls}\n{source}"
        assert not unmapped, f"{form}: {unmapped}\n{source}"


@pytest.mark.sampled
@settings(max_examples=12 * SCALE, deadline=None)
@given(data=st.data())
def test_javascript(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    check("app.tsx", SCRIPT, data, tmp_path_factory.mktemp("forms"))


@pytest.mark.sampled
@settings(max_examples=12 * SCALE, deadline=None)
@given(data=st.data())
def test_python(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each is found or told, and nothing else is found."""
    service = models.service(data.draw(st.sampled_from(SERVICES)))
    assert service is not None
    operation = data.draw(st.sampled_from(sorted(name for name, members in service.operations.items() if members)))
    member = data.draw(st.sampled_from(sorted(service.operations[operation])))
    folder = tmp_path_factory.mktemp("forms")
    for form, text in PYTHON.items():
        source = written(text, service, operation, member)
        found = found_in(source, "app.py", folder)
        calls = {(report.service, report.operation) for report in found if isinstance(report, ApiCall)}
        assert found, f"{form}: nothing is said\n{source}"
        assert calls <= {(service.name, operation)}, f"{form}: {calls}\n{source}"
        assert calls or form in PYTHON_UNTOLD, f"{form}: {found}\n{source}"


@pytest.mark.sampled
@settings(max_examples=12 * SCALE, deadline=None)
@given(data=st.data())
def test_go(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    check("main.go", GO, data, tmp_path_factory.mktemp("forms"))
