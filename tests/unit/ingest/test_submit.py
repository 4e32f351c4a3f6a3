"""What is decided about a submission before anything is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.ingest.bodies import parse_submission
from services.ingest.submit import CLOCK_TOLERANCE, check_match, record_of
from shared.errors import Invalid, Refused
from shared.models import Article
from tests.factories import NOW
from tests.unit.ingest.submissions import written

SECOND = timedelta(seconds=1)


def record(seconds_ahead: timedelta) -> dict[str, object]:
    return record_of(parse_submission(written(published_at=(NOW + seconds_ahead).isoformat())), NOW)


def test_a_time_up_to_now_is_kept_as_it_was_written() -> None:
    assert record(timedelta())["published_at"] == "2018-04-20T09:00:00Z"
    assert record(-SECOND)["published_at"] == "2018-04-20T08:59:59Z"


def test_a_time_that_only_another_clock_can_have_written_means_now() -> None:
    assert "published_at" not in record(SECOND)
    assert "published_at" not in record(CLOCK_TOLERANCE)


def test_a_time_in_the_future_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        record(CLOCK_TOLERANCE + SECOND)
    assert [fault.pointer for fault in caught.value.faults] == ["/published_at"]
    assert "2018-04-20T09:00:00+00:00" in caught.value.faults[0].accepted


@pytest.mark.parametrize("if_match", ['"3"', '"2", "3"', '"2","3"', "*", ' "3" '])
def test_a_header_that_names_the_version_matches(if_match: str) -> None:
    check_match(Article(version=3), if_match)


@pytest.mark.parametrize("if_match", ['"2"', "3", 'W/"3"', '"33"', '"3', "", ",", "x" * 100_000])
def test_a_header_that_names_another_does_not(if_match: str) -> None:
    with pytest.raises(Refused) as caught:
        check_match(Article(version=3), if_match)
    assert (caught.value.status, caught.value.headers["ETag"]) == (412, '"3"')
    assert len(caught.value.faults[0].found) <= 100


def test_two_ways_to_write_an_article_have_one_fingerprint() -> None:
    one = parse_submission(
        written(byline="A", source="S", tags=None, urgency=2, published_at="2018-04-20T09:30:00+03:00")
    )
    other = parse_submission(
        written(
            bylines=["A"], source={"name": "S"}, body_format="auto", urgency=2.0, published_at="2018-04-20T06:30:00.0Z"
        )
    )
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize(
    "fields",
    [
        {"headline": "Other"},
        {"body": "Other"},
        {"body_format": "text"},
        {"urgency": 5},
        {"tags": ["b", "a"]},
        {"external_id": "x"},
        {"published_at": "2018-04-20T06:30:01Z"},
    ],
)
def test_every_difference_changes_the_fingerprint(fields: dict[str, object]) -> None:
    plain = parse_submission(written(tags=["a", "b"], published_at="2018-04-20T06:30:00Z"))
    changed = parse_submission(written(**{"tags": ["a", "b"], "published_at": "2018-04-20T06:30:00Z"} | fields))
    assert plain.fingerprint() != changed.fingerprint()


@pytest.mark.parametrize("fields", [{}, {"urgency": None}])
def test_an_article_without_an_urgency_keeps_the_fingerprint_it_had_before_there_were_any(
    fields: dict[str, object],
) -> None:
    """The record holds fingerprints: if one moved, a repeat would be taken for another article."""
    given = parse_submission(
        written(
            headline="Harbour reopens after storm",
            body="It reopened on Monday.",
            tags=["harbour"],
            external_id="cms-1",
            published_at="2018-04-20T09:30:00+03:00",
            **fields,
        )
    )
    assert given.fingerprint() == "78e9ab0ce763d96056a7268499b29066c91c090ad8c87b5f70fb1b3b5a1aee86"
