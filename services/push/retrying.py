"""What follows from an attempt to deliver; pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.engine import Outcome

DAY = 24 * 3600.0
# Seconds before the next attempt, by the number of failures in a row; after the last, the next change is waited for.
BACK_OFF = (10.0, 60.0, 300.0, 1800.0, 7200.0)
# Seconds before a change is sent to a callback that failed that often.
AFTER_GIVING_UP = 60.0
MOST_PATIENCE = 5 * DAY
LONGEST_RETRY_AFTER = 7200.0
# Seconds before a delivery is tried that found no place, or no content.
PUT_OFF = 5.0


@dataclass(frozen=True)
class Verdict:
    """`again` is in how many seconds the delivery is tried again; None: it is over."""

    kind: str  # delivered, gone, put off, failed, given up or disabled
    again: float | None = None
    reason: str = ""


def judge(outcome: Outcome, failures: int, failing_since: float | None, now: float) -> Verdict:
    """`failures` in a row before this attempt, the first at `failing_since`."""
    if outcome.ok:
        return Verdict("delivered")
    if outcome.status == 410:
        return Verdict("gone")
    if not outcome.tried:
        return Verdict("put off", PUT_OFF, outcome.reason)
    if failing_since is not None and now - failing_since > MOST_PATIENCE:
        days = MOST_PATIENCE / DAY
        return Verdict("disabled", None, f"it failed for {days:.0f} days, at last: {outcome.reason}")
    if failures >= len(BACK_OFF):
        return Verdict("given up", None, outcome.reason)
    asked = min(outcome.retry_after or 0.0, LONGEST_RETRY_AFTER)
    return Verdict("failed", max(BACK_OFF[failures], asked), outcome.reason)


def pause(failures: int) -> float:
    """Seconds between a change and its delivery: none for a callback that is well."""
    return AFTER_GIVING_UP if failures > len(BACK_OFF) else 0.0
