"""What happens when a step fails or takes too long, and what the whole gives."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from services.enrich.draft import Context, Draft
from services.enrich.pipeline import PIPELINE, Enriched, Step, enrich
from services.enrich.timelimit import run_limited
from shared.errors import StepFailed
from shared.models import Enrichment
from tests.unit.enrich.articles import CONTEXT, enriched, notices, submission

# Set by the worker, in the article's own row.
OF_THE_WORKER = {
    *("article_seq", "version", "published_at", "day", "key", "updated_at", "enriched_at", "duplicate_of", "original"),
}


class SoftTimeLimit(Exception):
    """Stands for what a task queue raises from a signal handler to end a task."""


def fail(draft: Draft, context: Context) -> Draft:
    raise ValueError("no such thing")


def loop(draft: Draft, context: Context) -> Draft:
    while True:
        with contextlib.suppress(Exception):  # as careless as a library may be
            time.sleep(0.001)


def slow(draft: Draft, context: Context) -> Draft:
    time.sleep(0.02)
    return draft.having(slug="done")


def run(*steps: Step) -> Enriched:
    return enrich(submission(), CONTEXT, steps)


def test_the_result_is_all_that_the_record_needs_beside_what_the_worker_sets() -> None:
    columns = {column.name for column in Enrichment.__table__.columns}
    assert set(asdict(enriched())) == columns - OF_THE_WORKER


def test_an_article_is_enriched_whole() -> None:
    result = enriched(
        headline="Harbour  reopens",
        body="<p>The harbour of Izmir reopened on Monday.</p><p>Ships <a href='/ships'>came back</a> at once.</p>",
        bylines=["Ann Lee"],
        section="economy",
        tags=["Harbour"],
    )
    assert result.headline == "Harbour reopens"
    assert result.slug == "harbour-reopens"
    assert result.summary == "The harbour of Izmir reopened on Monday. Ships came back at once."
    assert result.text == "The harbour of Izmir reopened on Monday.\n\nShips came back at once."
    assert (result.language, result.direction) == ("en", "ltr")
    assert (result.words, result.reading_minutes) == (12, 1)
    assert result.notes == []


def test_an_optional_step_that_fails_leaves_its_defaults_and_a_note() -> None:
    result = run(Step("language", fail, required=False, seconds=1))
    assert result.language == "en"
    assert result.notes == [{"step": "language", "field": "", "notice": "left out: ValueError: no such thing"}]


def test_a_required_step_that_fails_stops_the_article_with_the_reason() -> None:
    with pytest.raises(StepFailed, match="step markup: ValueError: no such thing"):
        run(Step("markup", fail, required=True, seconds=1))


def test_an_optional_step_is_ended_when_its_time_is_over() -> None:
    begun = time.monotonic()
    result = run(Step("keywords", loop, required=False, seconds=0.02), Step("slug", slow, required=False, seconds=1))
    assert time.monotonic() - begun < 1
    assert notices(result) == ["left out: took longer than 0.02 s"]
    assert result.slug == "done"


def test_a_required_step_is_ended_when_its_time_is_over() -> None:
    with pytest.raises(StepFailed, match=r"took longer than 0\.02 s"):
        run(Step("markup", loop, required=True, seconds=0.02))


def test_outside_the_main_thread_an_overrun_is_noted_afterwards() -> None:
    results: list[Enriched] = []
    step = Step("slug", slow, required=False, seconds=0.01)
    thread = threading.Thread(target=lambda: results.append(run(step)))
    thread.start()
    thread.join()
    assert results[0].slug == "done"
    assert results[0].notes[0]["notice"].endswith("its limit is 0.01 s")


def test_a_signal_that_ends_the_task_is_not_taken_for_a_failed_step() -> None:
    def ended(draft: Draft, context: Context) -> Draft:
        raise SoftTimeLimit

    for required in (True, False):
        with pytest.raises(SoftTimeLimit):
            run(Step("keywords", ended, required=required, seconds=1))


@pytest.fixture
def alarm() -> Iterator[list[int]]:
    """An alarm clock of the process's own, set to five minutes."""
    rung: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 300)
    yield rung
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("work", [slow, fail, loop])
def test_the_process_gets_its_own_alarm_back(alarm: list[int], work: Any) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    run(Step("keywords", work, required=False, seconds=0.05))
    assert signal.getsignal(signal.SIGALRM) is handler
    assert 290 < signal.getitimer(signal.ITIMER_REAL)[0] <= 300


def test_no_alarm_is_left_behind() -> None:
    run_limited(5, lambda: None)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_content_hash_ignores_markup_and_white_space() -> None:
    html = enriched(body="<p>One <b>two</b></p>\n<p>three</p>")
    text = enriched(body="One two\n\nthree")
    other_form = enriched(
        body="<div>One  <i>two</i><br>three</div>", headline="Harbour  reopens", tags=["a"], section="b"
    )
    assert html.content_hash == text.content_hash == other_form.content_hash


@pytest.mark.parametrize(
    "change", [{"headline": "Harbour opens"}, {"body": "The harbour reopened!"}, {"language": "tr"}]
)
def test_the_content_hash_knows_another_article(change: dict[str, str]) -> None:
    assert enriched(**change).content_hash != enriched().content_hash


def test_enriching_again_gives_the_same() -> None:
    given = {"body": "<p>a <b>b</b> &nbsp; c</p>" * 20, "tags": ["x", "y"], "headline": "Ölçü"}
    assert enriched(**given) == enriched(**given)


def test_step_names_are_distinct_and_every_limit_is_below_a_minute() -> None:
    assert len({step.name for step in PIPELINE}) == len(PIPELINE)
    assert sum(step.seconds for step in PIPELINE) < 60
