"""What follows from an attempt to send to a webhook; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.engine import Outcome

HOUR = 3600.0
DAY = 24 * HOUR
# Seconds before the next attempt, by the number of failures in a row; the last one again and again.
SCHEDULE = (5.0, 60.0, 300.0, 1800.0, 2 * HOUR, 5 * HOUR, 10 * HOUR)
# How long an event is tried, and after how long without any success a webhook is disabled.
PATIENCE = 5 * DAY
# The receiver means what it says with a 4xx: after this many attempts it is believed.
MOST_REFUSALS = 4
# Except: request timeout, too early, too many requests.
TEMPORARY = (408, 425, 429)
LONGEST_RETRY_AFTER = DAY
# Seconds before an attempt for which there was no place.
PUT_OFF = 5.0

State = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True)
class Verdict:
    """`again`: in how many seconds a delivery that still waits is tried again; `disable`: why the webhook ends."""

    state: State
    again: float = 0.0
    disable: str = ""


def judge(outcome: Outcome, *, failures: int, tried_for: float, failing_for: float) -> Verdict:
    """`failures` of this delivery before this attempt, in `tried_for` seconds; its webhook has failed throughout the
    last `failing_for`."""
    if outcome.ok:
        return Verdict("delivered")
    if not outcome.tried:
        return Verdict("waiting", PUT_OFF)
    if outcome.status == 410:
        return Verdict("failed", disable="The receiver answered 410 Gone.")
    if failing_for >= PATIENCE:
        days = PATIENCE / DAY
        return Verdict("failed", disable=f"Nothing could be delivered for {days:.0f} days; at last: {outcome.reason}")
    refused = 400 <= outcome.status < 500 and outcome.status not in TEMPORARY
    if tried_for >= PATIENCE or (refused and failures + 1 >= MOST_REFUSALS):
        return Verdict("failed")
    asked = min(outcome.retry_after or 0.0, LONGEST_RETRY_AFTER)
    return Verdict("waiting", max(SCHEDULE[min(failures, len(SCHEDULE) - 1)], asked))
