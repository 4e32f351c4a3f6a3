"""Days as the publication counts them: local dates in its zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo


def local_day(instant: datetime, tz: tzinfo) -> date:
    """The date on which an instant falls in a zone. ValueError for an instant without a zone of its own."""
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs a zone: {instant!r}")
    return instant.astimezone(tz).date()


def latest_days(today: date, count: int) -> list[date]:
    """Today and the days before it, newest first, `count` in all."""
    return [today - timedelta(days=back) for back in range(count)]
