"""The rules by which S3 copies the objects of a bucket that a module makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

MANIFEST = """
version: 1
workload: shop
compute: {type: eks-irsa, namespace: a, service_account: b, issuer: oidc.example.com/id/A}
environments: {prod: {account: "123456789012", region: us-east-1}}
resources:
  key: {type: kms-key, name: objects, create: true}
  near: {type: s3-bucket, name: my-copies, create: true, object_lock: true}
  files:
    type: s3-bucket
    name: my-files
    create: true
    object_lock: true
    kms_key: ${resources.key.arn}
    replication:
      role: arn:aws:iam::123456789012:role/copy
      to:
        - {name: near, bucket: "${resources.near.arn}", kms_key: "${resources.key.arn}", prefix: in/}
        - {name: far, bucket: "arn:aws:s3:::their-copies", account: "999999999999", kms_key: FAR, deletes: true}
""".replace("FAR", "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab")


def test_each_bucket_gets_copies_that_its_owner_can_read(pipeline: Pipeline) -> None:
    (workload,) = read_manifest(loads(MANIFEST, "copies.yaml"), pipeline.catalog)
    module = evaluate(parse(pipeline.render(workload).module), workload.environments[0])
    block = module.resources["aws_s3_bucket_replication_configuration.files"]
    near, far = block.values["rule"]
    assert [rule["filter"] for rule in (near, far)] == [[{"prefix": "in/"}], [{}]]
    assert near["priority"] > far["priority"]
    marks = [rule["delete_marker_replication"][0]["status"] for rule in (near, far)]
    assert marks == ["Disabled", "Enabled"]
    for rule in (near, far):
        assert rule["source_selection_criteria"] == [{"sse_kms_encrypted_objects": [{"status": "Enabled"}]}]
    assert "access_control_translation" not in near["destination"][0]
    (there,) = far["destination"]
    assert (there["account"], there["access_control_translation"]) == ("999999999999", [{"owner": "Destination"}])
    assert {
        f"{type_}.{key}"
        for type_, key in (
            ("aws_s3_bucket_versioning", "files"),
            ("aws_s3_bucket_versioning", "near"),
            ("aws_s3_bucket_object_lock_configuration", "near"),
        )
    } <= set(block.depends)
