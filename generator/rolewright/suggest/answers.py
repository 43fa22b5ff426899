"""The questions of one text → the answers from a manifest, and the changes of it that would allow them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.core.finding import MisuseError
from rolewright.review.why import answer
from rolewright.suggest.engine import suggest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rolewright.pipeline import Pipeline
    from rolewright.render.module import Rendered
    from rolewright.review.why import Question
    from rolewright.suggest.engine import Advice, Suggestion
    from rolewright.yaml.load import Document

_MOST = 20
"""Questions of one text that are answered: each change is built and proven."""


@dataclass(frozen=True)
class Answers:
    """The answers to each question, from the workloads that it is about; `left` is how many were not answered.

    `changes` allow the questions one after the other: the text of each has those before it.
    """

    suggestions: tuple[tuple[Suggestion, ...], ...]
    changes: tuple[Advice, ...]
    left: int

    @property
    def allowed(self) -> tuple[bool, ...]:
        """Return whether each question is allowed; one that was not answered is not."""
        answered = (any(suggestion.answer.is_allowed for suggestion in suggestions) for suggestions in self.suggestions)
        return (*answered, *(False for _ in range(self.left)))


def answer_questions(
    questions: Sequence[Question], manifest: Path, pipeline: Pipeline, only: Sequence[str], *, with_changes: bool
) -> Answers:
    """Answer questions about the workloads of a manifest, in the environments named in `only`, or in all.

    The changes that would allow them are made only `with_changes`. Raises Rejected where the manifest is refused, and
    MisuseError where it has none of the environments.
    """
    document, rendered = pipeline.read(manifest), list(pipeline.rendered(manifest))
    if only and not any(e.name in only for each in rendered for e in each.workload.environments):
        raise MisuseError(f"{manifest} has no environment {' or '.join(only)}")
    first = questions[:_MOST]
    suggestions = tuple(tuple(_suggestions(question, document, rendered, pipeline, only)) for question in first)
    changes = tuple(_changes(first, document, pipeline, only)) if with_changes else ()
    return Answers(suggestions, changes, len(questions) - len(first))


def _suggestions(
    question: Question, document: Document, rendered: Sequence[Rendered], pipeline: Pipeline, only: Sequence[str]
) -> list[Suggestion]:
    """Return the answer of each workload that has the role that asked; where none has it, of the first workload."""
    found = []
    for index, each in enumerate(rendered):
        workload = each.workload
        if only and not any(e.name in only for e in workload.environments):
            continue
        suggestion = suggest(question, document, index, pipeline.catalog, build=pipeline.errors, only=only)
        asking = [role for role in each.roles if role.key in suggestion.answer.keys]
        placed = answer(suggestion.answer.question, workload, asking, each.module, pipeline.catalog, only)
        found.append(replace(suggestion, answer=replace(placed, blocked=suggestion.answer.blocked)))
    return [suggestion for suggestion in found if suggestion.answer.roles] or found[:1]


def _changes(
    questions: Sequence[Question], document: Document, pipeline: Pipeline, only: Sequence[str]
) -> list[Advice]:
    """Return the first change for each question, each on top of those before it."""
    taken: list[Advice] = []
    for question in questions:
        for index in range(len(document.trees)):
            found = suggest(question, document, index, pipeline.catalog, build=pipeline.errors, only=only)
            if found.answer.roles and found.advice:
                taken.append(found.advice[0])
                document = loads(found.advice[0].text, document.file)
                break
    return taken
