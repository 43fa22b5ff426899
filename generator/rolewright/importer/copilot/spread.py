"""Readings of one manifest for each environment → what they have in common, and what each has of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.copilot.application import DATA
from rolewright.importer.expression import OfInput, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.names import resource_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.importer.copilot.reading import ManifestReading, SecretUse

Path = tuple[str, ...]
_NOTHING = object()


def level_autoscaling(readings: Sequence[ManifestReading]) -> None:
    """Give every environment autoscaling where one has it: a fixed number of tasks is the fewest and the most."""
    services = [reading.workload.compute.get("service", {}) for reading in readings]
    model = next((service["autoscaling"] for service in services if "autoscaling" in service), None)
    if model is None:
        return
    for service in services:
        number = service.get("desired")
        if "autoscaling" not in service and isinstance(number, int) and number > 0:
            service["autoscaling"] = {**model, "min": number, "max": number}
            del service["desired"]


def level_inputs(base: ManifestReading, readings: Sequence[ManifestReading]) -> None:
    """Ask for a value of the network in every environment where one has to ask: no environment replaces an input."""
    environments = readings or [base]
    for target in dict.fromkeys(target for reading in environments for target in reading.wanted):
        having = [reading for reading in environments if target in reading.wanted]
        wanted = [reading.wanted[target] for reading in having]
        asks = any(one.value is None for one in wanted)
        for reading in having:
            one = reading.wanted[target]
            if reading.environment is not None and one.path:
                place = f"inputs.{one.name}" if asks else f"compute.{target}"
                reading.environment.ledger.derived(one.path, place, f"{one.what} in {reading.environment.name}")
        if asks:
            places: dict[str, list[str]] = {}
            for reading, one in zip(having, wanted, strict=True):
                places.setdefault(one.what, []).append(reading.environment.name if reading.environment else "")
            which = "; ".join(
                f"{what} in {', '.join(names)}" if len(places) > 1 else what for what, names in places.items()
            )
            first = wanted[0]
            description = f"{first.purpose}: {which}" if first.purpose else which
            base.workload.top.setdefault("inputs", {})[first.name] = {"type": first.type, "description": description}
            for reading in (base, *having):
                if target in reading.wanted:
                    _put(reading.workload.compute, target.split("."), SourceText.of(OfInput(first.name)))


def spread(base: ManifestReading, readings: Sequence[ManifestReading]) -> dict[str, dict[str, str]]:
    """Set what environments have of their own beside the base. Return, by environment, what none can have, and why.

    The paths of these begin with `compute` or `resources`. A field that is in no base is there with the value of the
    first environment. What the base loses, as no environment has it or not all have, is under the environment "".
    """
    refused: dict[str, dict[str, str]] = {}
    for section in ("compute", "resources") if readings else ():
        common: dict[str, Any] = getattr(base.workload, section)
        each = {
            reading.environment.name: getattr(reading.workload, section) for reading in readings if reading.environment
        }
        leaves = {name: dict(_leaves(data, ())) for name, data in each.items()}
        for path in dict.fromkeys(path for found in leaves.values() for path in found):
            values = {name: found[path] for name, found in leaves.items() if path in found}
            _field(base, common, (section, *path), values, each, refused)
        for path, value in list(_leaves(common, ())):
            lacking = [name for name, found in leaves.items() if path not in found and value is not None]
            _lacking(common, (section, *path), lacking, each, refused)
    return refused


def _lacking(
    common: dict[str, Any],
    path: Path,
    lacking: Sequence[str],
    each: Mapping[str, Any],
    refused: dict[str, dict[str, str]],
) -> None:
    """Settle a field of the base that some environments are without."""
    section, *inside = path
    dotted = ".".join(path)
    dispensable = format_data(DATA).facts["only_where_all_have_it"].get(dotted)
    if len(lacking) == len(each):
        refused.setdefault("", {})[dotted] = "no environment has it"
        _take(common, inside)
    elif lacking and dispensable:
        _take(common, inside)
        for name in ("", *(name for name in each if name not in lacking)):
            refused.setdefault(name, {})[dotted] = f"{', '.join(lacking)} is without it, and {dispensable}"
    elif not _is_variable(path):  # a variable is asked for
        for name in lacking:
            missing = ".".join((section, *_first_missing(each[name], inside)))
            reason = f"an environment cannot be without {missing}, which others have"
            refused.setdefault(name, {})[missing] = reason


def _field(
    base: ManifestReading,
    common: dict[str, Any],
    path: Path,
    values: Mapping[str, Any],
    each: Mapping[str, Any],
    refused: dict[str, dict[str, str]],
) -> None:
    section, *inside = path
    there = _at(common, inside)
    dotted = ".".join(path)
    reason = _fixed(path, there, values)
    missing = _first_missing(common, inside)
    # an environment that is without what the field is in is refused that, and needs no value of the field
    lacking = [name for name in each if name not in values and _at(each[name], missing[:-1]) is not _NOTHING]
    if lacking and _is_variable(path):
        asked = f"what {inside[-1]} is in {', '.join(lacking)}, which does not have it today"
        there = SourceText.of(UnknownPart(asked))
        _put(common, inside, there)
    elif there is _NOTHING and lacking:
        alone = ".".join((section, *missing))
        for name in values:
            reason = f"an environment cannot have {alone} alone; others do not have it"
            refused.setdefault(name, {})[alone] = reason
        return
    elif there is _NOTHING:
        there = next(iter(values.values()))
        _put(common, inside, there)
    if there not in values.values() and len(values) == len(each):  # a value of the base that no environment has
        there = next(iter(values.values()))
        _put(common, inside, there)
    for name, value in values.items():
        if value == there:
            continue
        if reason is not None:
            refused.setdefault(name, {})[dotted] = reason
            continue
        _put(base.workload.environments.setdefault(name, {}).setdefault(section, {}), inside, value)


def _first_missing(data: Any, path: Sequence[str]) -> Sequence[str]:  # noqa: ANN401 - a value
    """Return the path of the outermost mapping or field on a way that is not there."""
    return next((path[:length] for length in range(1, len(path)) if _at(data, path[:length]) is _NOTHING), path)


def _is_variable(path: Path) -> bool:
    return path[:2] == ("compute", "environment")


def _fixed(path: Path, there: Any, values: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - a value
    """Return why a field has to be the same in every environment, or None."""
    found: str | None = format_data(DATA).facts["same_everywhere"].get(path[1] if path[0] == "compute" else path[-1])
    if found is not None:
        return found
    inside = [there, *values.values()]
    if any(isinstance(value, bool) for value in inside) and path[-1] not in format_data(DATA).facts["may_differ"]:
        return "what is true or false is the same in every environment"
    if any(isinstance(value, list) and any(isinstance(item, dict) for item in value) for value in inside):
        return "what a list has is the same in every environment"
    return None


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 - a value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, value


def _at(data: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - a value
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return _NOTHING
        data = data[step]
    return data


def _put(data: dict[str, Any], path: Sequence[str], value: Any) -> None:  # noqa: ANN401 - a value
    *way, last = path
    for step in way:
        inner = data.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        data = inner
    data[last] = value


def _take(data: dict[str, Any], path: Sequence[str]) -> None:
    """Take out a field, and each mapping around it that has nothing else."""
    for length in range(len(path), 0, -1):
        inner = _at(data, path[: length - 1])
        if length == len(path) or inner[path[length - 1]] == {}:
            del inner[path[length - 1]]


def spread_secrets(base: ManifestReading, readings: Sequence[ManifestReading]) -> None:
    """Add the secrets of all containers: the same variables in every environment, with names of their own.

    What one environment alone has is not carried: its task would not start elsewhere without it.
    """
    everywhere = readings or [base]
    made: dict[tuple[Any, ...], str] = {}
    for container, variable in dict.fromkeys(use for reading in (base, *readings) for use in reading.secrets):
        uses = [reading.secrets.get((container, variable)) for reading in everywhere]
        reason = _unlike(uses, everywhere)
        if reason:
            _tell(base, readings, (container, variable), reason, "")
            continue
        found = [use for use in uses if use is not None]
        identity = tuple(repr(use.entry) for use in found)
        if identity not in made:
            location = found[0].ledger.location(found[0].path)
            made[identity] = _unused(base, resource_key(variable))
            base.workload.resources[made[identity]] = dict(found[0].entry)
            base.workload.origins["resources", made[identity]] = location
            for reading, use in zip(readings, found, strict=False):
                _own_names(base, reading, made[identity], found[0], use)
        containers = [base.workload.compute, *base.workload.compute.get("sidecars", [])]
        into = next(fields for fields in containers if fields.get("name", "") == container)
        into.setdefault("secrets", {})[variable] = made[identity] + found[0].part
        _tell(base, readings, (container, variable), "", made[identity])


def _unused(base: ManifestReading, key: str) -> str:
    numbers = (f"{key}-{number}" for number in range(2, len(base.workload.resources) + 3))
    return next(name for name in (key, *numbers) if name not in base.workload.resources)


def _unlike(uses: Sequence[SecretUse | None], readings: Sequence[ManifestReading]) -> str:
    """Return why a secret cannot be in a manifest, or ""."""
    lacking = [
        reading.environment.name
        for reading, use in zip(readings, uses, strict=True)
        if use is None and reading.environment
    ]
    if lacking:
        return f"the secrets are the same in every environment, and {', '.join(lacking)} does not have this one"
    found = [use for use in uses if use is not None]
    if len({(use.entry["type"], *sorted(use.entry), use.part) for use in found}) > 1:
        return "what kind of secret it is, and which part of it, is the same in every environment"
    return ""


def _own_names(base: ManifestReading, reading: ManifestReading, key: str, first: SecretUse, use: SecretUse) -> None:
    own = {name: value for name, value in use.entry.items() if value != first.entry.get(name)}
    if own and reading.environment:
        environment = base.workload.environments.setdefault(reading.environment.name, {})
        environment.setdefault("resources", {}).setdefault(key, {}).update(own)


def _tell(
    base: ManifestReading, readings: Sequence[ManifestReading], which: tuple[str, str], reason: str, key: str
) -> None:
    """Say what became of a secret, in each ledger that has it."""
    container, variable = which
    target = f"compute.sidecars.secrets.{variable}" if container else f"compute.secrets.{variable}"
    for reading in (base, *readings):
        use = reading.secrets.get(which)
        if use is not None and reason:
            use.ledger.left(use.path, reason)
        elif use is not None and use.note:
            use.ledger.derived(use.path, target, use.note)
        elif use is not None:
            use.ledger.carried(use.path, target, f"resources.{key}")
