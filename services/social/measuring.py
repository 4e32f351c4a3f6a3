"""When to ask a network for the reactions to a post: often while it is new, then ever more seldom. Pure."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# Ages at which a post is looked at.
AGES = (5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY)


def next_measure(sent_at: float, now: float) -> float | None:
    """The next instant, seconds since 1970, at which reactions are asked for; None when it is no longer done."""
    return next((sent_at + age for age in AGES if sent_at + age > now), None)
