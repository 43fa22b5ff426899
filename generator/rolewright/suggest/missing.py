"""Questions that cannot be answered: what is known, what is missing, and why no change of the manifest helps."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import wild_pattern
from rolewright.data import iam
from rolewright.manifest.derived import is_given
from rolewright.prove.arn_formats import is_idle
from rolewright.suggest.case import possible
from rolewright.suggest.messages import why
from rolewright.suggest.platform import key_fields, used_by
from rolewright.suggest.reading import needed_verbs
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.model import RoleBlueprint
    from rolewright.review.why import Explanation, Question
    from rolewright.suggest.case import Case
    from rolewright.suggest.entries import Candidate


def notes(case: Case, judged: Explanation) -> Iterator[str]:
    """Yield what AWS's reason means, who asked, and what the manifest has to do with it."""
    question = case.question
    if not judged.roles:
        yield from _not_ours(case)
        return
    reason = why(question.reason)
    if reason.explanation:
        yield reason.explanation
    if question.account and not question.account.isdigit() and case.workload.environments[0].name:
        yield "the text does not show the account; it is assumed to be the manifest's own"
    if not reason.denies:
        return
    if case.elsewhere:
        yield f"the resource is in the partition {case.elsewhere}, but the roles of this manifest are in another one"
    yield from _blocked(question, judged) if judged.blocked else _by_now(question, judged)
    if not judged.is_allowed:
        yield from _made(case)


def _blocked(question: Question, judged: Explanation) -> Iterator[str]:
    """Yield what the manifest has to do with a denial that does not come from it."""
    if judged.allowed and not judged.denied:
        yield "the manifest itself allows it"
    elif not judged.allowed:
        yield "this manifest does not allow it either"
    alone = " alone" if question.reason == "resource" and not judged.allowed else ""
    yield f"no change to this manifest{alone} can help"


def _by_now(question: Question, judged: Explanation) -> Iterator[str]:
    """Yield a note that the manifest allows what was denied, where it does."""
    if not judged.is_allowed or not question.because:
        return
    if all(reason.conditions for reason in judged.allowed):
        yield "the manifest allows it only under conditions: apply its module, and check that the request meets them"
    elif question.reason:
        yield "the manifest allows it now: apply its module"
    else:
        yield (
            "the manifest allows it now: apply its module; AWS did not say why it denied the request, "
            "so another policy may deny it too"
        )


def is_made(case: Case) -> bool:
    """Return whether the module makes what the action would make, under the name that was asked for."""
    return any(case.action in made["actions"] and _asked(case, made) in _own(case, made) for made in _facts()["made"])


def is_vain(case: Case) -> bool:
    """Return whether no right on the resource would help, since AWS checks the action against other ARNs only."""
    return bool(case.elsewhere) or is_idle(case.action, case.resource)


def _not_ours(case: Case) -> Iterator[str]:
    question = case.question
    if question.kind == "anonymous":
        yield "the caller is anonymous: the request was not signed with the credentials of any role"
        return
    if question.kind in ("user", "root", "federated", "other"):
        yield f"{question.who} is not a role of this manifest, so no change to the manifest can help this caller"
        yield "if Terraform or a pipeline makes this call: `rolewright deployer` writes the policies it needs"
        return
    environments = [e for e in case.workload.environments if e.name]
    accounts = sorted({e.account for e in environments})
    names = sorted(
        {
            case.workload.compute.names[f"{key}_role"].ground(e.values)
            for key, role in case.blueprint.roles.items()
            if is_given(role.when, case.workload.compute.fields, case.workload.compute.derived)
            for e in case.workload.environments
            if f"{key}_role" in case.workload.compute.names
        }
    )
    where = f" in account {question.account}" if question.account.isdigit() else ""
    yield f"the role {question.role}{where} is not a role of this manifest"
    yield f"its roles are {', '.join(names)}" + (f", in {', '.join(accounts)}" if accounts else "")
    yield "if Terraform or a pipeline uses that role: `rolewright deployer` writes the policies it needs"


def _made(case: Case) -> Iterator[str]:
    """Yield a note that the module itself makes what the action would make."""
    for made in _facts()["made"]:
        if case.action not in made["actions"]:
            continue
        asked, own = _asked(case, made), _own(case, made)
        if asked in own:
            yield f"{made['said']} {asked}: apply the module before this runs"
            return
        if asked and own:
            yield f"{made['said']} {', '.join(sorted(own))}, and this asks for {asked}: the name differs"
            return


def _asked(case: Case, made: Mapping[str, Any]) -> str:
    """Return the name in the ARN of what a module makes, or ""."""
    fits = wild_pattern(made["arn"]).fullmatch(case.resource)
    return fits["name"] if fits else ""


def _own(case: Case, made: Mapping[str, Any]) -> set[str]:
    """Return the names under which the module makes it."""
    return {
        text.ground(e.values)
        for name, text in case.workload.compute.names.items()
        if name.endswith(made["names"])
        for e in case.environments
    }


def refused_notes(refused: Sequence[tuple[Candidate, str]], helped: bool) -> Iterator[str]:  # noqa: FBT001
    """Yield why changes that would allow it are not taken, where nothing else helps."""
    if not helped:
        for candidate, message in refused[:2]:
            yield f"rejected: {candidate.summary()}: {message}"


def asks(case: Case, judged: Explanation, lacking: Sequence[Candidate]) -> Iterator[str]:
    """Yield what has to be known before there can be advice."""
    question = case.question
    if not question.action:
        yield from _which_action(case)
        return
    facts = iam.action(question.action)
    if facts is None:
        yield f"the IAM database does not know the action {question.action}: check its spelling"
        return
    if not question.resource:
        yield from _which_resource(case, judged)
        return
    if is_vain(case) and not case.elsewhere:
        service = iam.service(question.action.partition(":")[0])
        arns = [arn for kind in facts.resource_types for arn in service.resources[kind].arns] if service else []
        yield f"{question.action} does not apply to {question.resource}, but to {' or '.join(arns)}"
        return
    yield from _which_field(lacking)
    yield from _which_created(case)


def _which_field(lacking: Sequence[Candidate]) -> Iterator[str]:
    for candidate in lacking[:3]:
        change = candidate.changes[-1]
        fields = ", ".join(f"`{name}`" for name in candidate.lacking)
        kind = next((c.value["type"] for c in candidate.changes if isinstance(c.value, dict) and "type" in c.value), "")
        what = f"a {kind}" if kind else f"`{'.'.join(map(str, change.path))}`"
        yield f"{what} has a verb for it, but {fields} is not known: add the resource under `resources`"


def _which_created(case: Case) -> Iterator[str]:
    for key, resource in case.workload.resources.items():
        blueprint = case.catalog.resources[resource.type]
        able = [
            v.name for v in needed_verbs(blueprint, case.action, tuple(blueprint.arns)) if v.name not in resource.access
        ]
        if resource.created and able and not case.names_of(resource):
            yield f"is it resources.{key}, whose ARN AWS generates? Then add `{able[0]}` to its `access`"


def _which_action(case: Case) -> Iterator[str]:
    found = possible(case.question, case.catalog)
    if found:
        yield f"the text names only the operation {case.question.operation}: ask again with {' or '.join(found)}"
    else:
        known = f"only the service {case.question.service}" if case.question.service else "neither action nor service"
        yield f"the text names {known}: ask again with the action and the ARN that were denied"


def _which_resource(case: Case, judged: Explanation) -> Iterator[str]:
    question = case.question
    facts, service = iam.action(question.action), iam.service(question.action.partition(":")[0])
    kinds = " or ".join(facts.resource_types) if facts and service else "resource"
    yield f"the text does not say which {kinds}: ask again with {question.action} and its ARN"
    beside = _facts()["beside"].get(question.action)
    if beside and not question.reason:
        yield beside
    for reason in judged.near:
        origins = ", ".join(origin for origin, _ in reason.origins)
        yield f"allowed is {question.action} on {reason.resource}, by {origins}"
    for key, resource in case.workload.resources.items():
        blueprint = case.catalog.resources[resource.type]
        verbs = list(needed_verbs(blueprint, case.action, tuple(blueprint.arns)))
        open_ = [verb.name for verb in verbs if verb.name not in resource.access]
        if open_ and not any(verb.name in resource.access for verb in verbs):
            yield f"if it is resources.{key}: `{open_[0]}` is not in its `access`"
    for role in case.asking:
        for path, type_ in used_by(case, role):
            yield f"for the platform's own use: a {type_} that `compute.{path}` names by its key brings it"
        for field in _fields_for(case, role):
            yield f"for the platform's own use: `compute.{field}` brings it"
        yield from _which_key(case, role)


def _which_key(case: Case, role: RoleBlueprint) -> Iterator[str]:
    question = case.question
    for key, field in key_fields(case, role):
        if not question.behind or case.names_in(case.workload.resources[key], question.behind):
            what = f"the {role.key} role decrypts resources.{key}, and" if question.behind else "if it is the key of"
            owner = "its" if question.behind else f"resources.{key}, its"
            yield f"{what} {owner} `{field}` is not set: give the ARN of the key that encrypts it"


def _fields_for(case: Case, role: RoleBlueprint) -> Iterator[str]:
    """Yield the fields of compute that are not given, and would bring the action to a role."""
    compute = case.workload.compute
    found = (
        field
        for grant in role.allow
        if grant.effect == "Allow" and case.action in grant.actions
        for field in grant.when
        if field in case.blueprint.fields and not is_given(field, compute.fields, compute.derived)
    )
    yield from dict.fromkeys(found)


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = load(Path(__file__).with_name("hints.yaml")).trees[0].data
    return facts
