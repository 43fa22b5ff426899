"""Tags of other tools' YAML, each for a mapping of one key: CloudFormation's functions, and how compose merges."""

from __future__ import annotations

from rolewright.yaml.dialect import Dialect

_NAMES = (
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAtt",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
)

_OF_COMPOSE = ("!override", "!reset")

_TAGS = {
    "!Ref": "Ref",
    "!Condition": "Condition",
    **{f"!{name}": f"Fn::{name}" for name in _NAMES},
    **{tag: tag for tag in _OF_COMPOSE},
}

FOREIGN = Dialect(_TAGS, any_key=True)
"""The dialect in which files of other tools are read: the functions (CloudFormation User Guide, "Intrinsic function
reference"), the two tags of compose files (Compose Specification, "Merge and override"), and keys that are numbers."""

_WORDS = {"yes": True, "on": True, "no": False, "off": False}
TEMPLATES = Dialect(
    _TAGS,
    any_key=True,
    words={spelling: value for word, value in _WORDS.items() for spelling in (word, word.capitalize(), word.upper())},
)
"""The dialect in which CloudFormation reads templates: YAML 1.1 has more words for true and false (its type `bool`;
PyYAML, which AWS's own tools read templates with, leaves `y` and `n` texts)."""
