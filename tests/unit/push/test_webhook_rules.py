"""When a delivery is tried again, when it is given up, and when its webhook ends; and how it is signed."""

from __future__ import annotations

import json
import time

import pytest
from standardwebhooks import Webhook as Oracle
from standardwebhooks import WebhookVerificationError

from services.push.signing import new_secret, signed_headers
from services.push.webhook_retries import DAY, HOUR, PATIENCE, SCHEDULE, Verdict, judge
from shared.engine import Outcome

WELL = {"failures": 0, "tried_for": 0.0, "failing_for": 0.0}


def test_success_ends_it() -> None:
    assert judge(Outcome(204), **WELL) == Verdict("delivered")


def test_pauses_grow_up_to_ten_hours_and_end_after_five_days() -> None:
    waited, failures, pauses = 0.0, 0, []
    while True:
        verdict = judge(Outcome(500), failures=failures, tried_for=waited, failing_for=0.0)
        if verdict.state == "failed":
            break
        pauses.append(verdict.again)
        waited += verdict.again
        failures += 1
    assert tuple(pauses[:7]) == SCHEDULE == (5, 60, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR)
    assert set(pauses[7:]) == {10 * HOUR}
    assert PATIENCE <= waited < PATIENCE + 10 * HOUR


@pytest.mark.parametrize(("asked", "again"), [(None, 5.0), (1.0, 5.0), (120.0, 120.0), (10 * DAY, DAY)])
def test_a_receiver_may_ask_for_more_time_but_not_for_ever(asked: float | None, again: float) -> None:
    assert judge(Outcome(429, retry_after=asked), **WELL).again == again


def test_what_was_not_tried_is_no_failure() -> None:
    outcome = Outcome(reason="no room", tried=False)
    verdict = judge(outcome, failures=3, tried_for=9 * DAY, failing_for=9 * DAY)
    assert (verdict.state, verdict.disable) == ("waiting", "")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_believed_after_four_attempts(status: int) -> None:
    states = [judge(Outcome(status), failures=n, tried_for=0, failing_for=0).state for n in range(4)]
    assert states == ["waiting", "waiting", "waiting", "failed"]


@pytest.mark.parametrize("status", [0, 302, 408, 425, 429, 500, 503])
def test_trouble_is_waited_out(status: int) -> None:
    assert judge(Outcome(status), failures=10, tried_for=4 * DAY, failing_for=4 * DAY).state == "waiting"


def test_410_and_five_days_without_success_end_the_webhook_with_a_reason() -> None:
    assert "410" in judge(Outcome(410), **WELL).disable
    found = judge(Outcome(reason="did not answer"), failures=1, tried_for=DAY, failing_for=PATIENCE)
    assert found.disable == "Nothing could be delivered for 5 days; at last: did not answer"


@pytest.mark.parametrize("body", [b"{}", b'"a.b.c"', '"المرفأ"'.encode()])
def test_every_valid_secret_signs_and_no_other(body: bytes) -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    headers = signed_headers("msg_1", int(time.time()), body, [new, old])
    assert Oracle(new).verify(body, headers) == Oracle(old).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Oracle(other).verify(body, headers)
