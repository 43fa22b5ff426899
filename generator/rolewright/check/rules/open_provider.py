"""Trust in an identity provider that accepts everybody's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import document_of
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_WEB_IDENTITY = "sts:assumerolewithwebidentity"
_NEEDED = ("aud", "sub")


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for role in parsed.all("resource", "aws_iam_role"):
        for statement in document_of(parsed, role, "assume_role_policy") or ():
            providers = [p for p in statement.principals if p.type == "Federated"]
            if not (statement.allows and providers and _WEB_IDENTITY in {a.lower() for a in statement.actions}):
                continue
            condition_suffixes = {key.rpartition(":")[2] for key in statement.conditions}
            if missing := [name for name in _NEEDED if name not in condition_suffixes]:
                text = (
                    f"{statement.label} trusts every token of the identity provider: "
                    f"it has no condition on {' and '.join(missing)}"
                )
                yield Hit(statement.file, statement.line, text, "Add a condition on PROVIDER:sub and PROVIDER:aud.")


RULE = Rule(
    name="open-provider",
    summary="trust in an identity provider without conditions on sub and aud",
    why="Every pod of the cluster, or everybody with an account at the provider, could assume the role.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:my-org/my-app:ref:refs/heads/main"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = "deploy"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
""",
    bad="""
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = "deploy"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
""",
)
