"""The layers of the package: what may import what."""

from __future__ import annotations

LAYERS = (
    ("bounded", "cache", "data", "finding", "fmt", "folder"),
    ("beside", "characters", "check", "jsonschema", "model", "revision", "yamltree"),
    ("derive", "hcl", "interpolation", "source", "write"),
    ("assertions", "blueprint", "edit", "environments", "keys", "placeholders", "prove", "sdk", "spoken"),
    ("idle",),
    ("comparison", "deploy", "foreign", "matching", "policy", "policy_difference", "promises", "schema"),
    ("standalone", "template", "values"),
    ("calls", "difference", "drafted", "grounded", "own", "resources"),
    ("contents", "other_side", "question", "readback", "unmatched", "uses"),
    ("manifest", "render", "resource_policies"),
    ("grants",),
    ("pipeline", "suggest"),
    ("plan", "trial", "usage"),
    ("draft_trial", "retarget"),
    ("draft",),
    ("translation",),
    ("report",),
    ("audit",),
    ("migration",),
    ("cli", "pytest_plugin"),
    ("__main__",),
)
"""From the bottom up. A module, or a package as a whole, imports from the layers below its own, and from itself."""

UPWARD = {
    ("characters", "source"): "the places of a document, for what is found in it",
    ("values", "resources"): "an index of resources is handed to the values that refer to them",
    ("report", "migration"): "its state is shown, and the layer above shows findings of its own",
}
"""Where a type, and nothing else, is named that is not below."""

ALLOWED = {
    "data": {},
    "check": {
        "cache": "where the library keeps its grammar",
        "data": "the provider's schema, IAM's facts",
        "finding": "what it finds",
    },
    "prove": {
        "check.scope": "what a name in HCL stands for",
        "check.syntax": "HCL as it was read back",
        "data": "IAM's facts",
        "finding": "what it finds",
        "source": "the table of moto's calls is YAML",
        "model": "types alone: the declaration that it judges against",
    },
    "report": {
        "characters": "what nobody could see is shown as an escape",
        "model": "the values of an environment in a document",
        "suggest.messages": "why something was denied, in words",
        "difference": "types, and the order in which differences are shown",
        "finding": "what it shows",
        "spoken": "how names are shown to people",
    },
}
"""All that some packages may import of the others, with the reason; only these are told apart by file."""

TYPES_ALONE = {("prove", "model")}
"""What of it may be named in annotations only: the proof takes nothing from where the text comes from."""

REACHED = {
    "bounded",
    "characters",
    "check.expression",
    "check.scope",
    "check.syntax",
    "data",
    "finding",
    "model",
    "source",
    "yamltree",
}
"""All that the proof comes by at run time, at any distance, beside itself."""

DYNAMIC = {"check/rule.py": "every file in its own folder of rules is one"}
"""Files that import what no text names."""
