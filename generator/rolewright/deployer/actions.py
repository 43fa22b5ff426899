"""The actions that Terraform calls for each resource type: the built-in table, and those of a team's own blueprints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.files import is_file
from rolewright.core.finding import Finding, Rejected
from rolewright.data import iam
from rolewright.yaml.load import load
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.yaml.load import Tree

_HERE = Path(__file__).parent
FILE = "deploy.yaml"
"""A file beside `compute/` and `resources/` in a folder of blueprints: the same table, for types of its own."""


@dataclass(frozen=True)
class ActionBlock:
    """Actions on the same resources under the same conditions; the fields are those of schema.yaml."""

    arns: tuple[str, ...]
    of: str
    given: str
    by_default: str
    each: str
    read: tuple[str, ...]
    write: tuple[str, ...]
    bounded: bool
    when: tuple[Mapping[str, Any], ...]


def load_actions(roots: Iterable[Path]) -> dict[str, tuple[ActionBlock, ...]]:
    """Load the action blocks of each Terraform type, `data.TYPE` for data sources; a later file replaces a type.

    Raises Rejected with a finding for each thing that is wrong in a file.
    """
    schema = Schema(load(_HERE / "schema.yaml").trees[0].data)
    by_type: dict[str, tuple[ActionBlock, ...]] = {}
    for file in (_HERE / "actions.yaml", *(root / FILE for root in roots if is_file(root / FILE))):
        for tree in load(file).trees:
            findings = list(schema.findings(tree.data, tree.location, "deploy")) or list(_unknown(tree))
            if findings:
                raise Rejected(findings)
            by_type |= {type_: tuple(map(_block, blocks)) for type_, blocks in tree.data.items()}
    return by_type


def _unknown(tree: Tree) -> Iterator[Finding]:
    for type_, blocks in tree.data.items():
        for number, block in enumerate(blocks):
            for kind in ("read", "write"):
                for index, action in enumerate(block.get(kind, ())):
                    if iam.action(action) is None:
                        place = tree.location((type_, number, kind, index))
                        remedy = "write it as in the Service Authorization Reference, for example s3:GetObject"
                        yield Finding("deploy-action", f"AWS has no action {action}", remedy, place)


def _block(block: Mapping[str, Any]) -> ActionBlock:
    return ActionBlock(
        arns=tuple(block.get("arns", ())),
        of=block.get("of", ""),
        given=block.get("given", ""),
        by_default=block.get("by_default", ""),
        each=block.get("each", ""),
        read=tuple(block.get("read", ())),
        write=tuple(block.get("write", ())),
        bounded=block.get("bounded", False),
        when=tuple(block.get("when", ())),
    )
