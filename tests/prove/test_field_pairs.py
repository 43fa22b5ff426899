"""Every two optional fields of every compute type: the module is proven with both, either and neither, and valid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cases import Cases
from field_pairs import paired_manifests
from rolewright.blueprint import load_catalog
from terraform_root import Root, build

if TYPE_CHECKING:
    from pathlib import Path

    from real_terraform import Terraform
    from rolewright.blueprint import Catalog
    from rolewright.pipeline import Pipeline


FIRST = 2
"""The first manifests of a type, which have most of its pairs."""
ALL = 100


@pytest.mark.parametrize("type_", load_catalog().computes)
def test_pairs_of_fields_are_proven(type_: str, pipeline: Pipeline, cases: Cases) -> None:
    pairs, texts = paired_manifests(type_, cases.number(FIRST, ALL))
    assert len(texts) < ALL
    assert len(build(pipeline, texts)) == len(texts) >= 2 * (len(pairs.optional) > 1)
    # What the rules refuse is never a field that could not be given, or left out, at all.
    for first, second in pairs.left if cases.soak else ():
        for name, given in (first, second):
            assert any((name in json.loads(text)["compute"]) == given for text in texts), name


@pytest.mark.terraform
def test_pairs_of_fields_are_valid_terraform(
    catalog: Catalog, pipeline: Pipeline, terraform: Terraform, tmp_path: Path, cases: Cases
) -> None:
    texts = [text for type_ in catalog.computes for text in paired_manifests(type_, cases.number(FIRST, ALL))[1]]
    texts = cases.of(texts, 0.08, lambda text: [json.loads(text)["compute"]["type"]])
    root = Root(tmp_path, terraform, build(pipeline, texts))
    assert root.format() == []
    assert root.validate() == []
