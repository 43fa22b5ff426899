"""A pod with Pod Identity has transitive session tags, which take a permission at every role that it assumes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

IDENTITY = {"type": "eks-pod-identity", "cluster": "shop", "namespace": "shop", "service_account": "carts"}
OIDC = "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
IRSA = {"type": "eks-irsa", "issuer": OIDC, "namespace": "shop", "service_account": "carts"}
PARTNER = {"type": "sts-assume-role", "arn": "arn:aws:iam::999999999999:role/partner"}


def built(pipeline: Pipeline, compute: dict[str, Any], **fields: Any) -> Built:
    manifest = {
        "version": 1,
        "workload": "app",
        "compute": compute,
        "resources": {"partner": {**PARTNER, **fields}},
        "environments": {"prod": {"account": "111111111111", "region": "us-east-1"}},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    result = pipeline.build(workload)
    assert not result.refused, result.findings
    return result


def allowed(result: Built) -> list[str]:
    return re.findall(r"allow (sts:\w+) on", result.module.files["access.lock"])


@pytest.mark.parametrize(
    ("access", "more"),
    [
        ("assume", ["sts:TagSession"]),
        ("assume-tagged", ["sts:TagSession"]),
        ("assume-as", ["sts:SetSourceIdentity", "sts:TagSession"]),
    ],
)
@pytest.mark.parametrize("fields", [{}, {"external_id": "my-app-4711", "session_name": "my-app"}])
def test_a_pod_may_take_its_tags_along(
    access: str, more: list[str], fields: dict[str, str], pipeline: Pipeline
) -> None:
    result = built(pipeline, IDENTITY, access=access, **fields)
    assert sorted(allowed(result)) == ["sts:AssumeRole", *more]
    readme = result.module.files["README.md"]
    asked = readme[readme.index("trust policy of the role") :]
    assert all(f'"{action}"' in asked for action in ("sts:AssumeRole", *more))


def test_a_pod_without_tags_needs_nothing_more(pipeline: Pipeline) -> None:
    assert allowed(built(pipeline, IRSA, access="assume")) == ["sts:AssumeRole"]
