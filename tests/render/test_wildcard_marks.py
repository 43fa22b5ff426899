"""Where a scanner is told to let a `*` be: there alone, where another source says that nothing narrower works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policy_sentry.querying.actions import get_actions_that_support_wildcard_arns_only

from manifest_generator import created_manifests, generated_manifests
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from cases import Cases
    from rolewright.blueprint import Catalog

MARK = "#trivy:ignore:AVD-AWS-0057"
MANUAL = """\
version: 1
workload: stars
compute: {type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}
statements:
  - {actions: [s3:GetObject], resources: ["*"], reason: looked at}
  - {actions: [textract:DetectDocumentText, s3:ListBucket], resources: ["*"], reason: looked at}
  - {actions: [textract:DetectDocumentText], resources: ["*"], reason: looked at}
  - {actions: ["ec2:Describe*"], resources: ["*"], reason: looked at}
"""


def only_star(action: str) -> bool:
    """Whether AWS takes * alone for it, or for a request that names no resource, which iam_corrections.json lists."""
    facts = iam.action(action)
    if facts is not None and facts.also_star:
        return True
    prefix = action.split(":", maxsplit=1)[0]
    return action.lower() in {one.lower() for one in get_actions_that_support_wildcard_arns_only(prefix)}


def test_each_mark_and_each_star_without_one(catalog: Catalog, cases: Cases) -> None:
    templates = Templates(catalog)
    marked = bare = 0
    for text in (*created_manifests(cases, 60), *generated_manifests(cases.number(30, 100)), MANUAL):
        (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
        declaration = derive_grants(workload, catalog)
        files = render(workload, declaration, build_roles(workload, declaration, catalog), catalog, templates).files
        for content in files.values():
            for statement in re.findall(r"(?m)^  statement \{\n(.*?)^  \}", content, re.DOTALL):
                star = re.search(r'(?m)^    resources\s+= \["\*"\]$', statement)
                listed = re.search(r"actions\s+= \[(.*?)\]", statement, re.DOTALL)
                assert listed
                if MARK in statement:
                    assert star
                    assert statement[: star.start()].rstrip().endswith(MARK)
                    assert all(only_star(action) for action in re.findall(r'"([^"]+)"', listed[1])), statement
                    marked += 1
                elif star and 'effect    = "Deny"' not in statement and "principals" not in statement:
                    assert not all(only_star(action) for action in re.findall(r'"([^"]+)"', listed[1])), statement
                    bare += 1
    assert marked > 10
    assert bare >= 3
