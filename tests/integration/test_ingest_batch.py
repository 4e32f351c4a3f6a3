"""Batches: one answer per line, in order, whatever stands in the other lines."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from services.ingest import batch as batches
from services.ingest.batch import CHUNK
from shared.db import Database
from shared.models import Article
from tests.ingest_api import Api, problem, written

NDJSON = {"Content-Type": "application/x-ndjson"}


def statuses(results: list[dict[str, Any]]) -> list[int]:
    return [result["status"] for result in results]


def test_every_line_is_answered_in_order(api: Api) -> None:
    results = api.batch(*(written(external_id=f"e{number}") for number in range(CHUNK * 2 + 5)))
    assert [result["line"] for result in results] == list(range(1, CHUNK * 2 + 6))
    assert [result["external_id"] for result in results] == [f"e{number}" for number in range(CHUNK * 2 + 5)]
    assert set(statuses(results)) == {202}
    assert api.stored() == (105, 105, 105)
    assert api.ask("GET", f"/v1/articles/{results[17]['id']}").status_code == 200


def test_a_wrong_line_does_not_sink_the_others(api: Api) -> None:
    results = api.batch(
        written(),
        b"no json",
        written(headline=""),
        b'{"headline": "\xff", "body": "x"}',
        b"[" * 100_000,
        b'{"headline": "a", "headline": "b", "body": "c"}',
        b'{"headline": "\\ud800", "body": "c"}',
        b"\x00\x01",
        written(body="x" * 3_000_000),
        written(published_at="2999-01-01T00:00:00Z"),
        written(headline="last"),
    )
    assert statuses(results) == [202, 400, 422, 400, 400, 422, 422, 400, 413, 422, 202]
    assert [result["line"] for result in results] == list(range(1, 12))
    for result in results:
        assert ("id" in result) != ("problem" in result)
        if "problem" in result:
            assert result["problem"]["status"] == result["status"]
    assert results[2]["problem"]["errors"][0]["pointer"] == "/headline"
    assert results[8]["problem"]["detail"] == "The line may have at most 2,000,000 bytes."
    assert api.count(Article) == 2


def test_blank_lines_count_and_are_not_answered(api: Api) -> None:
    results = api.batch(b"", written(), b"  \t", b"", written())
    assert [result["line"] for result in results] == [2, 5]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n"])
def test_lines_end_as_files_of_any_system_do(api: Api, end: bytes) -> None:
    assert statuses(api.batch(written(), written(), end=end)) == [202, 202]


def test_the_last_line_needs_no_end_and_the_first_may_bear_a_mark(api: Api) -> None:
    answer = api.ask("POST", "/v1/articles/batch", b"\xef\xbb\xbf" + written() + b"\n" + written(), NDJSON)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [202, 202]


def test_an_empty_batch_has_an_empty_answer(api: Api) -> None:
    assert api.batch() == []


def test_a_batch_can_be_sent_again(api: Api) -> None:
    lines = [written(external_id=f"e{number}") for number in range(3)]
    first, again = api.batch(*lines), api.batch(*lines)
    assert (statuses(first), statuses(again)) == ([202] * 3, [200] * 3)
    assert [result["id"] for result in again] == [result["id"] for result in first]
    assert api.stored() == (3, 3, 3)


def test_an_external_id_that_comes_twice_in_a_batch_is_one_article(api: Api) -> None:
    results = api.batch(written(external_id="e"), written(external_id="e"), written(external_id="e", headline="Other"))
    assert statuses(results) == [202, 200, 422]
    assert results[0]["id"] == results[1]["id"]
    assert results[2]["problem"]["article"] == f"/v1/articles/{results[0]['id']}"
    assert api.count(Article) == 1


def test_the_same_batch_sent_many_times_at_once_is_stored_once(api: Api) -> None:
    lines = [written(external_id=f"e{number}") for number in range(60)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api.batch(*lines), range(6)))
    for results in answers:
        assert set(statuses(results)) <= {200, 202}
        assert [result["id"] for result in results] == [result["id"] for result in answers[0]]
    assert sum(statuses(results).count(202) for results in answers) == 60
    assert api.stored() == (60, 60, 60)


def test_results_come_while_later_lines_are_not_yet_stored(api: Api) -> None:
    body = b"".join(written() + b"\n" for _ in range(CHUNK * 3))
    answer = api.app.test_client().post(
        "/v1/articles/batch", data=body, headers={**NDJSON, "Authorization": f"Bearer {api.key}"}, buffered=False
    )
    chunks = answer.iter_encoded()
    first = next(chunks)
    assert first.count(b"\n") == CHUNK
    assert api.count(Article) == CHUNK
    assert b"".join(chunks).count(b"\n") == CHUNK * 2
    answer.close()
    assert answer.headers["X-Accel-Buffering"] == "no"


def test_lines_that_meet_the_same_id_in_another_process_find_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process stores e1 after this one has looked for it."""
    known = api.accept(external_id="e1")
    real, blind = batches.submit, iter([True, True])

    def submit(session: Any, publisher_id: int, submission: Any, *rest: Any) -> Any:
        if submission.external_id == "e1" and next(blind, False):
            raise IntegrityError("INSERT", {}, Exception("one_article_per_external_id"))
        return real(session, publisher_id, submission, *rest)

    monkeypatch.setattr(batches, "submit", submit)
    results = api.batch(*(written(external_id=f"e{number}") for number in range(3)))
    assert statuses(results) == [202, 200, 202]
    assert results[1]["id"] == known["id"]


def test_a_record_that_goes_away_is_told_for_each_line_that_is_left(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = Database.write, iter([True])

    def write(db: Database) -> Any:
        if next(tries, False):
            return real(db)
        raise OperationalError("INSERT", {}, Exception("connection lost"))

    monkeypatch.setattr(Database, "write", write)
    lines = [written(external_id=f"e{number}") for number in range(CHUNK * 3)]
    lines[CHUNK + 1] = b"no json"
    results = api.batch(*lines)
    assert len(results) == CHUNK * 3
    assert set(statuses(results[:CHUNK])) == {202}
    assert results[CHUNK + 1]["status"] == 400
    del results[CHUNK + 1]
    assert set(statuses(results[CHUNK:])) == {503}
    assert results[-1]["external_id"] == f"e{CHUNK * 3 - 1}"


def test_places_are_given_back(api: Api) -> None:
    """A batch holds a place of its publisher until it is read to the end, or refused."""
    for _ in range(40):
        problem(api.ask("POST", "/v1/articles/batch", b"{}"), 415)
        api.batch(written())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({**NDJSON, "Content-Encoding": "gzip"}, 415),
        ({**NDJSON, "Idempotency-Key": "k"}, 400),
    ],
)
def test_a_batch_of_another_form_is_refused_as_a_whole(api: Api, headers: dict[str, str], status: int) -> None:
    problem(api.ask("POST", "/v1/articles/batch", written(), headers), status)
    assert api.count(Article) == 0


def test_a_batch_with_too_many_lines_is_refused_before_any_is_stored(api: Api) -> None:
    body = problem(api.ask("POST", "/v1/articles/batch", written() + b"\n" * 20_001, NDJSON), 413)
    assert body["detail"] == "A batch may have at most 20,000 lines."
    assert api.count(Article) == 0
