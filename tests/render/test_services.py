"""Services as public projects describe them: rendered and proven, and what each of them must not do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

SERVICES = sorted((Path(__file__).parents[2] / "examples" / "services").glob("*.yaml"))
NEVER = {
    "carts": ["dynamodb:Scan on *", "sts:* on *"],
    "legacy-app": ["iam:* on *", "ssm:GetParameter on *", "s3:DeleteObject on *"],
    "order-pipeline": ["s3:PutObject on arn:aws:s3:::shop-raw/*", "iam:* on *", "s3:ListAllMyBuckets on *"],
    "orders-api": ["sqs:* on *", "dynamodb:Scan on *", "dynamodb:DeleteItem on *"],
    "orders-worker": ["ssm:GetParameter on *", "sqs:SendMessage on *", "sns:* on *"],
    "report-generator": ["lambda:* on *", "iam:PassRole on arn:aws:iam::123456789012:role/admin", "ecs:StopTask on *"],
    "site-deploy": ["iam:* on *", "s3:PutBucketPolicy on *", "cloudfront:UpdateDistribution on *"],
    "thumbnails": ["s3:PutObject on arn:aws:s3:::shop-images/*", "s3:GetObject on arn:aws:s3:::shop-thumbnails/*"],
}


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_service_is_proven_and_keeps_to_its_limits(path: Path, pipeline: Pipeline) -> None:
    """The same manifest with what nobody would want of it as promises is proven too."""
    (built,) = pipeline.run(path)
    assert built.findings == ()
    text = path.read_text(encoding="utf-8")
    promises = "\n".join(f'  - "{promise}"' for promise in NEVER[path.stem])
    text = text.rstrip() + "\n" + ("" if "\nnever:\n" in text else "\nnever:\n") + promises + "\n"
    (workload,) = read_manifest(loads(text, str(path)), pipeline.catalog)
    assert len(workload.never) >= len(NEVER[path.stem])
    assert pipeline.build(workload).findings == ()
    assert load(path).trees[0].data["workload"] == path.stem


def test_every_service_has_its_limits() -> None:
    assert {path.stem for path in SERVICES} == set(NEVER)
    assert len(SERVICES) >= 7
