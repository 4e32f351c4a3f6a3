"""Many subscribers under many articles: who received what, when, and in which order."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import func, select

from services.push import subscriptions
from services.push.subscribing import Wish
from shared.clock import Clock
from shared.db import Database
from shared.models import Enrichment, Placement
from tests.subscribers import Behaviour, Received, Subscribers, only_verified, says

TOPIC = "/feed.rss"
_NUMBER = re.compile(rb"Bulletin ([0-9]+)")
# Bytes of a feed in which its newest articles stand.
NEWEST_PART = 40_000


def failing(received: Received) -> bytes:
    return says(500)


def hanging(received: Received) -> float:
    return 3600.0


@dataclass(frozen=True)
class Crowd:
    """Callbacks on hosts of their own; every tenth is broken: it fails, or it never answers."""

    count: int

    @property
    def hosts(self) -> list[str]:
        return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(self.count)]

    def is_broken(self, number: int) -> bool:
        return number % 10 == 9

    def behaviours(self) -> dict[str, Behaviour]:
        broken = [number for number in range(self.count) if self.is_broken(number)]
        return {f"/{number}": only_verified(failing if place % 2 else hanging) for place, number in enumerate(broken)}

    def allowed(self, port: int) -> str:
        return ",".join(f"{host}:{port}" for host in self.hosts)

    def subscribe(self, db: Database, subscribers: Subscribers) -> None:
        """Puts them into the record as if each had agreed: the door takes only so many of one client in a minute."""
        wishes = [
            Wish("websub", "subscribe", (TOPIC,), subscribers.url(f"/{number}", host), 864_000)
            for number, host in enumerate(self.hosts)
        ]
        with db.write() as session:
            subscriptions.apply(session, wishes, Clock(None).now())


class Ledger:
    """What each callback was shown: the number of the newest article, and when."""

    def __init__(self) -> None:
        self.shown: dict[str, list[tuple[float, int]]] = {}

    def note(self, received: Received) -> None:
        if received.method == "POST":
            found = [int(each) for each in _NUMBER.findall(received.body[:NEWEST_PART])]
            self.shown.setdefault(received.path, []).append((received.at, max(found, default=0)))


@dataclass(frozen=True)
class Outcome:
    """`delays`: seconds from an article's place in the feed to the first delivery that holds it, for every pair."""

    delays: list[float]
    inversions: int
    behind: list[str]  # healthy callbacks that do not have the newest article
    deliveries: int

    def percentile(self, part: float) -> float:
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def __str__(self) -> str:
        marks = ", ".join(f"p{mark} {self.percentile(mark / 100):.2f} s" for mark in (50, 95, 99))
        return (
            f"{self.deliveries} deliveries, {marks}, most {max(self.delays):.2f} s, "
            f"{self.inversions} inversions, {len(self.behind)} not at the newest"
        )


def placed(db: Database) -> dict[int, float]:
    """When each numbered article came into the feeds."""
    with db.read() as session:
        query = select(Enrichment.headline, Placement.placed_at).join(
            Placement, Placement.article_seq == Enrichment.article_seq
        )
        rows = session.execute(query).all()
    return {int(headline.split()[1]): at.timestamp() for headline, at in rows if headline.startswith("Bulletin ")}


def how_many_placed(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Placement)) or 0


def judge(crowd: Crowd, ledger: Ledger, placed_at: dict[int, float]) -> Outcome:
    newest = max(placed_at)
    healthy = [f"/{number}" for number in range(crowd.count) if not crowd.is_broken(number)]
    delays, inversions, behind, deliveries = [], 0, [], 0
    for path in healthy:
        shown = list(ledger.shown.get(path, []))
        deliveries += len(shown)
        numbers = [number for _, number in shown]
        inversions += sum(later < earlier for earlier, later in pairwise(numbers))
        if not numbers or numbers[-1] != newest:
            behind.append(path)
            continue
        for number, at in placed_at.items():
            delays.append(shown[bisect_left(numbers, number)][0] - at)
    return Outcome(delays, inversions, behind, deliveries)


def all_have(crowd: Crowd, ledger: Ledger, newest: int) -> bool:
    return all(
        (shown := ledger.shown.get(f"/{number}")) and shown[-1][1] >= newest
        for number in range(crowd.count)
        if not crowd.is_broken(number)
    )
