"""Which feeds there are: the list behind `/feeds` and `/feeds.opml`."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.feed.answers import Rendered
from services.feed.formats import opml
from services.feed.record import Record
from shared.db import Database
from shared.models import Counter, Feed
from shared.slices import ALL, PLACES, Slice

# The largest feeds are listed. Days are not: nothing new comes to them, and `prev-archive` leads through them.
MOST = 10_000
# To find the largest, all are looked at; this often as long as that takes, the list may lag behind the record.
PATIENCE = 20
# Readers ask for the list once, aggregators daily.
LIST_CACHE = "public, max-age=300"


class Listed(NamedTuple):
    """A feed that has articles, under the name people read."""

    which: Slice
    label: str
    articles: int


@dataclass(frozen=True)
class Listing:
    """The feeds by kind, largest first in each, and when any feed had last changed."""

    kinds: dict[str, tuple[Listed, ...]]
    changed_at: datetime


class Directory:
    """Looks at all feeds, but not all the time."""

    def __init__(self, db: Database, record: Record) -> None:
        self._db = db
        self._record = record
        self._lock = threading.Lock()
        self._known: tuple[int, Listing, Rendered] | None = None  # at which change of feeds it was made
        self._again_at = 0.0  # by time.monotonic(); before, the list is not looked for again

    def listing(self) -> Listing:
        return self._current()[1]

    def opml(self) -> Rendered:
        """All feeds as OPML 2.0, the publication's own first."""
        return self._current()[2]

    def _current(self) -> tuple[int, Listing, Rendered]:
        with self._lock:
            known, started = self._known, time.monotonic()
            if known is not None and started < self._again_at:
                return known
            with self._db.read() as session:
                all_feeds = self._record.feed(session, ALL)
                if known is None or known[0] != all_feeds.seq:
                    listing = Listing(self._kinds(session), all_feeds.changed_at)
                    known = all_feeds.seq, listing, self._rendered(listing, all_feeds.changed_at)
            self._known, self._again_at = known, started + PATIENCE * (time.monotonic() - started)
            return known

    def _kinds(self, session: Session) -> dict[str, tuple[Listed, ...]]:
        query = (
            select(Counter.slice, Counter.value, Feed.label)
            .join(Feed, Feed.slice == Counter.slice)
            .where(Counter.value > 0, Counter.slice != "all", or_(Counter.slice < "day:", Counter.slice >= "day;"))
            .order_by(Counter.value.desc(), Counter.slice)
            .limit(MOST)
        )
        kinds: dict[str, list[Listed]] = {kind: [] for kind in PLACES}
        for name, count, label in session.execute(query):
            which = Slice.parse(name)
            kinds[which.kind].append(Listed(which, self._record.label(which, label), count))
        return {kind: tuple(found) for kind, found in kinds.items()}

    def _rendered(self, listing: Listing, changed_at: datetime) -> Rendered:
        # By name: the order of sizes moves with every article, and the list is to stay the same while the feeds do.
        feeds = [(each.which, each.label) for found in listing.kinds.values() for each in sorted(found)]
        body = opml.render(self._record.publication, feeds)
        # Bytes that stay while the feeds move: only the ETag tells two states apart.
        return Rendered((), opml.CONTENT_TYPE, body, changed_at, True, LIST_CACHE)
