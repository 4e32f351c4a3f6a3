"""What time it is for the publication: the real time, or the fixed instant of MASTHEAD_CLOCK."""

from __future__ import annotations

from datetime import UTC, datetime


class Clock:
    """Answers `now()` in UTC.

    A fixed instant stands still: every process of a demo or test then agrees on the day, also after a restart.
    Leases and due times never use this clock, they use the database's (`shared.db.db_now`).
    """

    def __init__(self, fixed: datetime | None = None) -> None:
        if fixed is not None and fixed.tzinfo is None:
            raise ValueError(f"MASTHEAD_CLOCK needs a zone, for example 2018-04-20T09:00:00+03:00; found {fixed}")
        self._fixed = fixed.astimezone(UTC) if fixed else None

    def now(self) -> datetime:
        return self._fixed or datetime.now(UTC)
