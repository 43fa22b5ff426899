"""The layers of the package: what may import what."""

from __future__ import annotations

LAYERS = (
    ("core", "data"),
    ("hcl", "write", "yaml"),
    ("blueprint", "check", "prove", "sdk"),
    ("manifest",),
    ("grants",),
    ("render",),
    ("pipeline", "review"),
    ("adopt", "batch", "deployer", "terraform"),
    ("retarget", "suggest"),
    ("audit", "importer", "usage"),
    ("migration",),
    ("api", "report"),
    ("cli", "pytest_plugin"),
    ("__main__",),
)
"""From the bottom up. A module, or a package as a whole, imports from the layers below its own, and from itself."""

ALLOWED = {
    "core": {},
    "data": {},
    "check": {
        "core.finding": "what it finds",
        "data": "the provider's schema, IAM's facts",
        "hcl": "the text, as it was read back",
    },
    "prove": {
        "core.finding": "what it finds",
        "core.inputs": "types alone: the inputs of that declaration",
        "core.model": "types alone: the declaration that it judges against",
        "core.text": "types alone: the texts of that declaration",
        "data": "IAM's facts",
        "hcl.scope": "what a name in HCL stands for",
        "hcl.syntax": "HCL as it was read back",
        "yaml.load": "the table of moto's calls is YAML",
    },
    "report": {
        "core.finding": "what it shows",
        "check.rule": "the rules that say themselves what they are about",
        "core.text": "names and ARNs in the values of an environment",
        "grants.classes": "what a permission does: read, write or delete",
        "core.printable": "what nobody could see is shown as an escape",
        "render.readable": "how names are shown to people",
        "review.diff": "types, and the order in which differences are shown",
        "suggest.messages": "why something was denied, in words",
        "yaml.load": "what every other rule is about is YAML",
    },
}
"""All that some packages may import of the others, with the reason; only these are told apart by file."""

TYPES_ALONE = {("prove", "core.inputs"), ("prove", "core.model"), ("prove", "core.text")}
"""What of it may be named in annotations only: the proof takes nothing from where the text comes from."""

REACHED = {
    "core.files",
    "core.finding",
    "core.inputs",
    "core.model",
    "core.printable",
    "core.text",
    "data",
    "hcl.expression",
    "hcl.scope",
    "hcl.syntax",
    "yaml",
}
"""All that the proof comes by at run time, at any distance, beside itself."""

DYNAMIC = {"check/rule.py": "every file in its own folder of rules is one"}
"""Files that import what no text names."""

COMMANDS_SHARE = {
    "app": "the application, and the one place where a refusal becomes a report and an exit code",
    "adopt_imported": "the second half of `import --adopt`, which is as long as the first",
    "console": "options, and what is printed",
    "files": "files that a command writes beside modules",
    "given": "paths and names that a command is given, and their completion",
    "settings": "what a project says in place of options",
    "manifest_options": "the run over many manifests that `render` and `validate` begin with",
}
"""The modules of `cli` that any command may import."""
