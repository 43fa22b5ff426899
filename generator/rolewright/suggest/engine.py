"""The one advice engine: changes of a manifest that allow what was asked, each applied, built and asked again."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Rejected
from rolewright.core.text import Text
from rolewright.data import iam
from rolewright.grants.granted import granted
from rolewright.manifest.read import read_manifest
from rolewright.render.readable import SYMBOLS, shown
from rolewright.review.why import answer
from rolewright.suggest.case import Case, spelled
from rolewright.suggest.changes import changed
from rolewright.suggest.entries import Candidate, code_candidates
from rolewright.suggest.messages import why
from rolewright.suggest.missing import asks, is_made, is_vain, notes, refused_notes
from rolewright.suggest.platform import platform_candidates
from rolewright.yaml.edit import UnplacedError
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.finding import Finding
    from rolewright.core.model import Declaration, Environment, RequiredPolicy, Workload
    from rolewright.review.why import Explanation, Question
    from rolewright.yaml.load import Document

    Build = Callable[[Document, int], Iterable[Finding]]

_MOST = 3
"""Pieces of advice that are shown: the least first."""
_ENOUGH = 24
"""Candidates that are tried."""


@dataclass(frozen=True)
class Advice:
    """A change of the manifest that allows what was asked: in words, as the whole text, and what others have to add."""

    summary: str
    text: str
    beyond: int
    owners: tuple[str, ...]
    """What owners of other resources have to add to policies of theirs."""


@dataclass(frozen=True)
class Suggestion:
    """An explanation, with `advice` that was tried, `notes` on what does not help, and `asks` for what is missing."""

    answer: Explanation
    advice: tuple[Advice, ...]
    notes: tuple[str, ...]
    asks: tuple[str, ...]


def suggest(
    question: Question,
    document: Document,
    index: int,
    catalog: Catalog,
    *,
    build: Build | None = None,
    only: Sequence[str] = (),
    note: str = "",
) -> Suggestion:
    """Answer a question about one workload of a manifest, and find the changes that would allow what it asks.

    `build` proves a change before it is shown, and returns the errors. `only` are names of environments; `note` is a
    comment for what is new. Raises Rejected where the manifest itself is refused.
    """
    workload = read_manifest(document, catalog)[index]
    declaration, roles = granted(workload, catalog)
    first = answer(question, workload, roles, None, catalog, only)
    environments = _asked_environments(workload, first)
    asked = spelled(question, catalog, environments)
    if asked.platform:
        asking = Case(asked, workload, catalog, first.keys, environments, {}).asking
        roles = tuple(role for role in roles if role.key in {asked_role.key for asked_role in asking})
    judged = answer(asked, workload, roles, None, catalog, only)
    reason = why(asked.reason)
    judged = replace(judged, blocked=bool(asked.reason) and not reason.mends and not _foreign(asked, environments))
    case = Case(asked, workload, catalog, judged.keys, environments, document.trees[index].data)
    known = (*notes(case, judged), *(_owners(case, declaration) if judged.is_allowed and asked.reason else ()))
    if _is_settled(judged) or is_made(case):
        return Suggestion(judged, (), known, ())
    if not _is_complete(asked) or is_vain(case):
        return Suggestion(judged, (), known, tuple(asks(case, judged, ())))
    trial = _Trial(case, document, index, declaration, build, tuple(only), note)
    advice = tuple(trial.best())
    if asked.reason == "resource" and not any(piece.owners for piece in advice):
        judged = replace(judged, blocked=True)
        return Suggestion(judged, (), tuple(notes(case, judged)), ())
    questions = () if advice else tuple(asks(case, judged, trial.lacking))
    all_notes = (*known, *refused_notes(trial.refused, trial.helped))
    if not advice and not questions and not all_notes:
        all_notes = ("no change to this manifest was found that would allow it",)
    return Suggestion(judged, advice, all_notes, questions)


def _asked_environments(workload: Workload, first: Explanation) -> tuple[Environment, ...]:
    """Return the environments that an answer is for; all where it is for none."""
    asked = (environment for environment in workload.environments if environment.name in first.environments)
    return tuple(asked) or workload.environments


def _is_settled(judged: Explanation) -> bool:
    """Return whether no change of the manifest is wanted, or none can help."""
    return not judged.roles or judged.is_allowed or judged.blocked or bool(judged.denied)


def _is_complete(asked: Question) -> bool:
    """Return whether a question names an action that there is, and a resource."""
    return bool(asked.action and asked.resource) and iam.action(asked.action) is not None


def _foreign(asked: Question, environments: Sequence[Environment]) -> bool:
    """Return whether a resource's own policy denied it in another account, where the role needs the right as well."""
    parts = asked.resource.split(":", 5)
    own = {asked.account} if asked.account.isdigit() else {e.account for e in environments if e.name}
    return asked.reason == "resource" and len(parts) == 6 and parts[4].isdigit() and parts[4] not in {*own, ""}


def _owners(case: Case, declaration: Declaration) -> Iterator[str]:
    """Yield what the owner of the resource that was asked for has to add, by what the manifest declares."""
    values = _said(case)
    for policy in declaration.required_policies:
        document = _plain(policy.document, values)
        key, _, field = policy.resource.partition(".")
        resource = case.workload.resources.get(key)
        if resource is None or case.action not in document.get("Action", ()):  # other policies have rules
            continue
        if case.resource in case.values_of(resource, field) if field else case.names_of(resource):
            yield _told(policy, document)


def _told(policy: RequiredPolicy, document: Any) -> str:  # noqa: ANN401 - JSON
    return f"the owner of {policy.resource} adds to its {policy.to}: {json.dumps(document)}"


def _said(case: Case) -> Mapping[str, str]:
    """Return the values of references in text for people."""
    (first, *_) = case.environments
    return first.values if first.name else {**first.values, **SYMBOLS}


class _Trial:
    """The trial of candidates: each is applied to the text, which is read and asked again."""

    def __init__(
        self,
        case: Case,
        document: Document,
        index: int,
        declaration: Declaration,
        build: Build | None,
        only: tuple[str, ...],
        note: str,
    ) -> None:
        self._case = case
        self._document = document
        self._index = index
        self._before = self._set(case.workload, declaration)
        self._required_policies = declaration.required_policies
        self._build = build
        self._only = only
        self._note = note
        self.helped = False
        """Whether a piece of advice is more than the last resort."""
        self.lacking: list[Candidate] = []
        self.refused: list[tuple[Candidate, str]] = []

    def best(self) -> Iterator[Advice]:
        """Yield advice from the candidates that allow it and that nothing refuses, those that bring least first."""
        found: dict[frozenset[tuple[str, ...]], tuple[Candidate, Advice]] = {}
        for number, candidate in enumerate(self._candidates()):
            if number >= _ENOUGH:
                break
            if candidate.lacking:
                self.lacking.append(candidate)
                continue
            tried = self._tried(candidate)
            if tried is not None:
                found.setdefault(tried[0], (candidate, tried[1]))  # of two that bring the same, the first
        taken: list[frozenset[tuple[str, ...]]] = []
        order = sorted(found.items(), key=lambda pair: (pair[1][0].last, pair[1][1].beyond))
        for added, (candidate, advice) in order:
            if (taken and candidate.last) or len(taken) >= _MOST:
                return
            if any(smaller < added for smaller in taken):
                continue  # with more than one that is shown
            errors = list(self._errors(advice.text))
            if errors:
                self.refused.append((candidate, errors[0].message))
            else:
                self.helped = self.helped or not candidate.last
                yield advice
                taken.append(added)

    def _candidates(self) -> Iterator[Candidate]:
        code = [role for role in self._case.asking if role.grants == "workload"]
        platform = [candidate for role in self._case.asking for candidate in platform_candidates(self._case, role)]
        if self._case.question.platform:
            yield from platform
        if code and not (self._case.question.platform and any(not candidate.lacking for candidate in platform)):
            yield from code_candidates(self._case)
        if not self._case.question.platform:
            yield from platform

    def _tried(self, candidate: Candidate) -> tuple[frozenset[tuple[str, ...]], Advice] | None:
        """Return what the change brings, and the advice, if the manifest accepts it and then allows what was asked."""
        listed = [
            replace(change, note=self._note) if isinstance(change.value, dict) else change
            for change in candidate.changes
        ]
        file = self._document.file
        try:
            text = changed(self._document.text, file, self._index, listed)
            workload = read_manifest(loads(text, file), self._case.catalog)[self._index]
            declaration, roles = granted(workload, self._case.catalog)
        except UnplacedError:
            self.refused.append((candidate, "its place in the file is empty or a YAML alias: change it by hand"))
            return None
        except Rejected as refusal:
            self.refused.append((candidate, refusal.findings[0].message))
            return None
        asked = self._case.question
        if not asked.role:  # any of those that may have asked
            keys = [role.key for role in self._case.asking]
            roles = tuple(role for role in roles if role.key in keys)
        again = answer(asked, workload, roles, None, self._case.catalog, self._only)
        if not again.is_allowed or {*self._case.workload.resources} - {*workload.resources}:
            return None
        after = self._set(workload, declaration)
        added = after - self._before
        if self._before - after and not candidate.replaces:
            return None  # what was allowed has to stay
        owners = tuple(
            _told(policy, _plain(policy.document, _said(self._case)))
            for policy in declaration.required_policies
            if policy not in self._required_policies
        )
        beyond = len([grant for grant in added if grant[1] != asked.action])
        return frozenset(added), Advice(candidate.summary(), text, beyond, owners)

    def _set(self, workload: Workload, declaration: Declaration) -> set[tuple[str, ...]]:
        """Return what each role may do in each environment, with its conditions."""
        return {
            (
                grant.role,
                action,
                arn.ground(environment.values),
                f"{environment.name} {grant.effect}",
                shown(grant.conditions, environment.values),
            )
            for environment in workload.environments
            for grant in declaration.grants
            for action in grant.actions
            for arn in grant.resources
        }

    def _errors(self, text: str) -> Iterator[Finding]:
        if self._build is not None:
            try:
                yield from self._build(loads(text, self._document.file), self._index)
            except Rejected as refusal:
                yield from refusal.findings


def _plain(document: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return a document of Texts as one of strings."""
    match document:
        case Text():
            return document.ground(values)
        case dict():
            return {_plain(key, values): _plain(value, values) for key, value in document.items()}
        case list() | tuple():
            return [_plain(inner, values) for inner in document]
        case _:
            return document
