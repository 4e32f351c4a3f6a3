"""Small real classes in place of what tests do not want to start."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.offers import Offer


class FakeBus:
    """Keeps the hints it was given. A bus that is away takes them and loses them, as the real one does."""

    def __init__(self) -> None:
        self.hints: list[Offer] = []
        self.pulses: list[str] = []
        self.away = False

    def send(self, offers: Iterable[Offer]) -> None:
        if not self.away:
            self.hints += offers

    def pulse(self, service: str) -> None:
        if not self.away:
            self.pulses.append(service)


class FakeClock(Clock):
    """Stands still until a test moves it, in whichever direction."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at)
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **duration: float) -> None:
        self.at += timedelta(**duration)
