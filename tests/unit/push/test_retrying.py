"""What follows from an attempt to deliver."""

from __future__ import annotations

import pytest

from services.push.retrying import AFTER_GIVING_UP, BACK_OFF, DAY, PUT_OFF, judge, pause
from shared.engine import Outcome

NOW = 1_000_000_000.0


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success(status: int) -> None:
    assert judge(Outcome(status), 5, NOW - 9 * DAY, NOW).kind == "delivered"


@pytest.mark.parametrize("status", [0, 100, 199, 300, 301, 304, 400, 404, 429, 500, 599])
def test_everything_else_fails_and_is_tried_at_growing_distances(status: int) -> None:
    for failures, wait in enumerate(BACK_OFF):
        verdict = judge(Outcome(status, "why"), failures, NOW - 60 if failures else None, NOW)
        assert (verdict.kind, verdict.again, verdict.reason) == ("failed", wait, "why")
    assert judge(Outcome(status), len(BACK_OFF), NOW - 60, NOW).kind == "given up"


def test_gone_is_the_end() -> None:
    assert judge(Outcome(410), 0, None, NOW).kind == "gone"


def test_what_was_not_tried_is_no_failure() -> None:
    verdict = judge(Outcome(reason="no room", tried=False), 3, NOW - 9 * DAY, NOW)
    assert (verdict.kind, verdict.again) == ("put off", PUT_OFF)


def test_a_server_that_asks_for_more_time_gets_it_within_reason() -> None:
    assert judge(Outcome(429, retry_after=45), 0, None, NOW).again == 45
    assert judge(Outcome(503, retry_after=1), 1, NOW - 10, NOW).again == BACK_OFF[1]
    assert judge(Outcome(503, retry_after=9_999_999), 0, None, NOW).again == 7200


def test_after_five_days_it_is_disabled_with_the_reason() -> None:
    assert judge(Outcome(500, "HTTP 500"), 2, NOW - 5 * DAY + 1, NOW).kind == "failed"
    verdict = judge(Outcome(500, "HTTP 500"), 2, NOW - 5 * DAY - 1, NOW)
    assert (verdict.kind, verdict.again) == ("disabled", None)
    assert "5 days" in verdict.reason and "HTTP 500" in verdict.reason


def test_only_a_callback_that_was_given_up_waits_for_a_change() -> None:
    assert [pause(failures) for failures in (0, 1, 5)] == [0.0, 0.0, 0.0]
    assert pause(6) == AFTER_GIVING_UP
