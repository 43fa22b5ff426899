"""Bucket policies whose statements name another bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import document_of
from rolewright.check.walk import MARK, target, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Attribute, ParsedModule

_TYPE, _BUCKET = "aws_s3_bucket_policy", "aws_s3_bucket"
_OPEN = (MARK, "*", "?")  # these may stand for any name


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block in parsed.all("resource", _TYPE):
        names = _names(parsed, block.attributes.get("bucket"))
        if any(part in name for name in names for part in _OPEN):
            continue
        for statement in document_of(parsed, block, "policy") or ():
            for resource in statement.resources:
                parts = resource.split(":", 5)
                bucket = parts[-1].split("/")[0]
                if parts[2:5] == ["s3", "", ""] and not any(part in bucket for part in _OPEN) and bucket not in names:
                    text = f"{statement.label} in the policy of the bucket {', '.join(names)} names the bucket {bucket}"
                    yield Hit(statement.file, statement.line, text, "Name the bucket itself, or the objects in it.")


def _names(parsed: ParsedModule, attribute: Attribute | None) -> tuple[str, ...]:
    """Return the bucket's name in each environment."""
    if attribute is None:
        return (MARK,)
    bucket = target(parsed, attribute.expression)
    if bucket is not None and bucket.labels[0] == _BUCKET:
        attribute = bucket.attributes.get("bucket")
    return texts(parsed, attribute.expression) if attribute else (MARK,)


RULE = Rule(
    name="bucket-policy",
    summary="a bucket policy whose statement names another bucket",
    why="S3 refuses it in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_s3_bucket_policy" "uploads" {
  bucket = "orders-uploads"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::orders-uploads/*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
""",
    bad="""
resource "aws_s3_bucket_policy" "uploads" {
  bucket = "orders-uploads"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::orders-upload/*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
""",
)
