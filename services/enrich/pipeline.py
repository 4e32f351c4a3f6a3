"""The order in which an article is enriched, and what happens when a step fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.enrich.draft import Context, Draft, Enriched, Limits
from services.enrich.steps.fingerprint import fingerprint
from services.enrich.steps.keywords import find_keywords
from services.enrich.steps.language import find_language, set_direction, warm
from services.enrich.steps.length import measure_length
from services.enrich.steps.links import resolve_links
from services.enrich.steps.markup import to_html
from services.enrich.steps.normalise import normalise
from services.enrich.steps.references import check_references
from services.enrich.steps.sanitise import sanitise
from services.enrich.steps.slug import make_slug
from services.enrich.steps.summary import summarise
from services.enrich.steps.terms import name_terms
from services.enrich.steps.text import extract_text
from services.enrich.timelimit import OutOfTime, run_limited
from shared.errors import StepFailed
from shared.submission import Submission

__all__ = ["PIPELINE", "Context", "Enriched", "Limits", "Step", "enrich", "warm"]


@dataclass(frozen=True)
class Step:
    name: str
    work: Callable[[Draft, Context], Draft]
    required: bool
    seconds: float  # wall-clock time it may take


# Required is what the article cannot be published safely without, or what decides in which feeds it stands.
PIPELINE: tuple[Step, ...] = (
    Step("normalise", normalise, required=True, seconds=5),
    Step("terms", name_terms, required=True, seconds=2),
    Step("references", check_references, required=False, seconds=1),
    Step("markup", to_html, required=True, seconds=10),
    Step("sanitise", sanitise, required=True, seconds=10),
    Step("links", resolve_links, required=True, seconds=5),
    Step("text", extract_text, required=True, seconds=5),
    Step("language", find_language, required=False, seconds=5),
    Step("direction", set_direction, required=False, seconds=1),
    Step("length", measure_length, required=False, seconds=2),
    Step("summary", summarise, required=False, seconds=2),
    Step("slug", make_slug, required=False, seconds=1),
    Step("keywords", find_keywords, required=False, seconds=3),
    Step("fingerprint", fingerprint, required=True, seconds=2),
)

# What code raises about its input. Not Exception: signals that end the task (a soft time limit) come as one, from
# within whatever the step is doing, and must reach the worker.
FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def enrich(submission: Submission, context: Context, pipeline: tuple[Step, ...] = PIPELINE) -> Enriched:
    """The article as outputs will show it. Raises StepFailed when a required step fails or takes too long.

    An optional step that does so leaves its fields at their defaults and a note with the reason.
    """
    draft = Draft(submission=submission, language=context.publication.language, urgency=submission.urgency)
    for step in pipeline:
        draft = _run(step, draft, context)
    return draft.finished()


def _run(step: Step, draft: Draft, context: Context) -> Draft:
    try:
        result, took = run_limited(step.seconds, lambda: step.work(draft, context))
    except OutOfTime as error:
        return _without(step, draft, f"took longer than {step.seconds:g} s", error)
    except FAILURES as error:
        return _without(step, draft, f"{type(error).__name__}: {error}", error)
    if took > step.seconds:  # only where it could not be interrupted
        return result.noting(step.name, "", f"took {took:.1f} s, its limit is {step.seconds:g} s")
    return result


def _without(step: Step, draft: Draft, reason: str, error: BaseException) -> Draft:
    if step.required:
        raise StepFailed(step.name, reason) from error
    return draft.noting(step.name, "", f"left out: {reason}")
