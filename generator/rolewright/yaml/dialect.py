"""What a format takes beside YAML's core schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Dialect:
    """What a format takes beside YAML's core schema.

    `functions` are the tags that stand for a mapping of one key, as CloudFormation writes them: `!Sub` with a text is
    {"Fn::Sub": the text}. `any_key` says whether a key that is no string is read as it is written. `words` are plain
    scalars that mean another value than in YAML 1.2, such as `yes` in YAML 1.1.
    """

    functions: Mapping[str, str] = field(default_factory=dict)
    any_key: bool = False
    words: Mapping[str, bool] = field(default_factory=dict)


CORE = Dialect()
