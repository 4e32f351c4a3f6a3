"""Documents beside the feeds themselves: older pages, what has changed since, and archives of days.

Anyone can ask for as many of them as there are cursors, so they are kept apart from the feeds that everybody polls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select

from services.feed.answers import FEED_CACHE, PAGE_CACHE, Rendered
from services.feed.cursors import Before, Since
from services.feed.documents import Documents
from services.feed.edge import Edge
from services.feed.entries import is_settled
from services.feed.formats import FORMATS, link_header
from services.feed.kept import Kept
from services.feed.record import Record, State
from services.feed.story import Document
from shared.db import Database
from shared.errors import NotFound
from shared.models import FeedEntry
from shared.slices import day_slice
from shared.topics import Topic
from shared.urls import archive_path

CAPACITY = 16_000_000
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class BackIssues:
    """Everything is answered for this moment; what has not changed since it was last asked for is not made again."""

    db: Database
    record: Record
    documents: Documents
    kept: Kept[tuple[object, ...], tuple[State, Rendered]]
    edge: Edge | None = None

    def page(self, topic: Topic, at: Before | Since) -> Rendered:
        """The page of a feed at a cursor. Raises NotFound for an unknown feed, Refused for a cursor of the future."""
        with self.db.read() as session:
            state = self.record.state(session, topic.slices)
            if (kept := self._fresh((topic, at), state)) is not None:
                return kept
            if isinstance(at, Before):
                document = self.documents.older(session, topic.selection, state, at)
            else:
                document = self.documents.changed(session, topic.selection, state, at)
        return self._keep((topic, at), state, _rendered(document, topic.format, state, FEED_CACHE))

    def archive(self, day: date, format: str, revision: int) -> Rendered | str:
        """A revision of a day's archive, or the path of its newest where this is none (0) or an older one.

        Raises NotFound for a day without articles, and for a revision that is still to come.
        """
        which = day_slice(day)
        with self.db.read() as session:
            state = self.record.state(session, (which,))
            if not session.scalar(select(exists().where(FeedEntry.slice == str(which)))):
                raise NotFound("Nothing stands in the archive of this day. The archives of other days lead past it.")
            if revision > state.revision:
                raise NotFound(f"The newest revision of this archive is {state.revision}.")
            if revision < state.revision:
                return archive_path(day, format, state.revision)
            if (kept := self._fresh((day, format), state)) is not None:
                return kept
            document, settled = self.documents.archive(session, state), is_settled(session, which)
        made = _rendered(document, format, state, IMMUTABLE if settled else PAGE_CACHE)
        if not settled:
            return made
        if self.edge is not None:
            self.edge.offer(archive_path(day, format, revision), made, state)
        return self._keep((day, format), state, made)

    def _fresh(self, key: tuple[object, ...], state: State) -> Rendered | None:
        kept = self.kept.get(key)
        return kept[1] if kept is not None and kept[0] == state else None

    def _keep(self, key: tuple[object, ...], state: State, made: Rendered) -> Rendered:
        self.kept.put(key, (state, made), made.size)
        return made


def _rendered(document: Document, format: str, state: State, cache_control: str) -> Rendered:
    own, current = document.feed_urls[format], document.current_urls[format]
    return Rendered(
        tuple(map(str, state.slices)),
        FORMATS[format].content_type,
        FORMATS[format].render(document),
        state.changed_at,
        state.second_shared,
        cache_control,
        (("Link", link_header(self=own, current=current)),),
    )
