"""What an error's code proves, held against every error that AWS's own models call denied or unauthenticated."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import get_args

import botocore
import pytest

from rolewright.usage import errors
from rolewright.usage.errors import CallOutcome, outcome_of
from rolewright.yaml.load import load

MODELS = sorted(Path(botocore.__file__).parent.glob("data/*/*/service-2.json.gz"))
TABLE = load(Path(errors.__file__).with_name("errors.yaml")).trees[0].data


def codes() -> set[str]:
    """Of shapes with HTTP status 401 or 403."""
    found: set[str] = set()
    for path in MODELS:
        for name, shape in json.loads(gzip.decompress(path.read_bytes()))["shapes"].items():
            error = shape.get("error") or {}
            if error.get("httpStatusCode") in (401, 403):
                found.add(error.get("code") or name)
    return found


def test_every_refusal_of_the_models_is_classified() -> None:
    """In a list, each, and not by a word in its name: no such error is taken for a call that was let in unseen."""
    found = codes()
    assert len(found) > 50
    listed = {code for outcome in get_args(CallOutcome) for code in TABLE.get(outcome, ())}
    assert found - listed == set()


def test_a_code_stands_in_one_list() -> None:
    every = [code for name, codes in TABLE.items() for code in codes if name != "words"]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("", "done"),
        *((code, "denied") for code in (
            "AccessDenied", "VpceAccessDenied", "NotAuthorized", "ForbiddenException", "UnauthorizedException",
            "UnauthorizedOperation", "AccessDeniedException", "Client.UnauthorizedOperation", "AuthorizationError",
            "SomeNewAccessDeniedException", "Server.NotAuthorizedForThis",
        )),
        *((code, "unauthenticated") for code in (
            "AuthFailure", "ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "Client.AuthFailure",
        )),
        *((code, "behind") for code in ("KMS.AccessDeniedException", "KMSAccessDeniedException", "KmsAccessDenied")),
        *((code, "unproven") for code in (
            "ThrottlingException", "Client.RequestLimitExceeded", "SlowDown", "InternalFailure", "ServiceUnavailable",
        )),
        *((code, outcome) for code, outcome in (("403", "denied"), ("401", "unauthenticated"))),
        *((code, "other") for code in ("NoSuchKey", "ValidationException", "LimitExceeded")),
    ],
)  # fmt: skip
def test_what_a_code_proves(code: str, outcome: str) -> None:
    assert outcome_of(code) == outcome
