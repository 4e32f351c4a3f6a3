"""The newsstand: finds or makes what readers ask for, a feed in one format or a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from services.feed.assets import CONTENT_SECURITY_POLICY
from services.feed.formats import FORMATS
from services.feed.formats.page import (
    ArticleView,
    DayView,
    FrontView,
    SliceView,
    article_frame,
    article_page,
    day_page,
    front_page,
    make_frame,
    slice_page,
    withdrawn_page,
)
from services.feed.hot import PAGE_CACHE, Hot, Rendered, SharedBytes
from services.feed.kept import Kept
from services.feed.masthead import Masthead, compose
from services.feed.record import Record, neighbours
from services.feed.share import share_links, subject_of
from services.feed.story import Story
from shared.clock import Clock
from shared.counters import Counters
from shared.days import latest_days, local_day
from shared.db import Database
from shared.errors import NotFound
from shared.models import Feed
from shared.publication import Publication
from shared.slices import ALL, Slice, day_slice

# What a feed that nothing was ever in says of itself: a time that never changes.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# Articles listed on a page that is not a day's.
LISTED = 50
PAGE_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)


class Pages:
    """Rendered pages, by address; each with everything it shows, so that it is made anew exactly when that changes."""

    def __init__(self, capacity: int) -> None:
        self._kept: Kept[str, tuple[object, Rendered]] = Kept(capacity)

    def get_or_make(self, path: str, shows: object, changed_at: datetime, make: Callable[[], bytes]) -> Rendered:
        kept = self._kept.get(path)
        if kept is not None and kept[0] == shows:
            return kept[1]
        # A page shows the masthead, which moves on its own: only the ETag tells two states apart.
        made = Rendered((), "text/html; charset=utf-8", make(), changed_at, True, PAGE_CACHE, PAGE_HEADERS)
        # What an article's page shows is about as large again as the page.
        self._kept.put(path, (shows, made), made.size + len(made.body))
        return made


@dataclass(frozen=True)
class Newsstand:
    """Everything is answered for this moment; what has not changed since it was last asked for is not made again."""

    publication: Publication
    db: Database
    record: Record
    hot: Hot
    shared_bytes: SharedBytes
    counters: Counters
    clock: Clock
    pages: Pages
    rendering: tuple[threading.Lock, ...] = tuple(threading.Lock() for _ in range(64))

    def feed(self, path: str, which: Slice, format: str) -> Rendered:
        """The feed of a slice. Raises NotFound for a slice that nobody ever used.

        Requests for the same feed wait for one rendering instead of making their own.
        """
        with self.rendering[hash(path) % len(self.rendering)]:
            if (fresh := self.hot.fresh(path)) is not None:
                return fresh
            mark = self.hot.mark()
            with self.db.read() as session:
                feed = self._feed_row(session, which)
                body = self._feed_body(session, which, feed, format)
            made = Rendered(
                (str(which),),
                FORMATS[format].content_type,
                body,
                feed.changed_at,
                feed.second_shared,
                seq=feed.seq,
            )
            self.hot.keep(path, made, mark)
            return made

    def _feed_body(self, session: Session, which: Slice, feed: Feed, format: str) -> bytes:
        name, stamp = f"{which}:{format}", f"{feed.revision} {feed.changed_at.isoformat()}"
        body = self.shared_bytes.get(name, stamp)
        if body is None:
            body = FORMATS[format].render(self.record.document(session, which, feed))
            if feed.revision:  # else there are as many of them as there are days
                self.shared_bytes.put(name, stamp, body)
        return body

    def masthead(self) -> Masthead:
        """The masthead, its counts from Redis."""
        publication = self.publication
        today = local_day(self.clock.now(), publication.tz)
        days = latest_days(today, publication.masthead.days)
        total, *counts = self.counters.read([ALL, *map(day_slice, days)])
        return compose(publication, today, dict(zip(days, counts, strict=True)), total)

    def slice_page(self, path: str, which: Slice) -> Rendered:
        """The front page, or the page of a section, tag, byline, publisher or language."""
        masthead = self.masthead()
        with self.db.read() as session:
            feed = self._feed_row(session, which)
            label = self.record.label(which, feed.label)
            frame = make_frame(self.publication, masthead, which, label="" if which == ALL else label)

            def make() -> bytes:
                stories = tuple(self.record.newest(session, which, LISTED))
                if which == ALL:
                    return front_page(FrontView(frame, stories))
                (total,) = self.counters.read([which])
                return slice_page(SliceView(frame, which, label, stories, total))

            return self.pages.get_or_make(path, (feed.revision, masthead), feed.changed_at, make)

    def day_page(self, path: str, day: date) -> Rendered:
        """The archive of a day: exactly the articles that its counter counts."""
        masthead, which = self.masthead(), day_slice(day)
        with self.db.read() as session:
            feed = self._feed_row(session, which)
            frame = make_frame(self.publication, masthead, which, label=self.record.label(which, ""))
            earlier, later = neighbours(session, day)

            def make() -> bytes:
                return day_page(DayView(frame, day, tuple(self.record.day(session, which)), earlier, later))

            return self.pages.get_or_make(path, (feed.revision, masthead, earlier, later), feed.changed_at, make)

    def article_page(self, path: str, story: Story) -> Rendered:
        """The page of an article, or the notice in its place."""
        masthead = self.masthead()
        frame = article_frame(self.publication, masthead, story)

        def make() -> bytes:
            if story.withdrawn_at:
                return withdrawn_page(frame, story)
            links = share_links(subject_of(story), self.publication.share.networks)
            return article_page(ArticleView(frame, story, tuple(links)))

        return self.pages.get_or_make(path, (story, masthead), story.updated_at, make)

    def story(self, key: str) -> Story:
        """The article at an address. Raises NotFound when there never was one."""
        with self.db.read() as session:
            story = self.record.by_key(session, key)
        if story is None:
            raise NotFound("No article has this address.")
        return story

    def visible_story(self, article_id: str) -> Story:
        """The visible article with this id. Raises NotFound."""
        with self.db.read() as session:
            story = self.record.by_id(session, article_id)
        if story is None:
            raise NotFound("No article has this id.")
        return story

    def _feed_row(self, session: Session, which: Slice) -> Feed:
        """A slice's row; an empty one for days, configured sections and languages, and the publication itself."""
        feed = self.record.feed(session, which)
        if feed is not None:
            return feed
        publication = self.publication
        known = (
            which.kind in ("all", "day")
            or (which.kind == "section" and publication.section_label(which.value, publication.language))
            or (which.kind == "language" and which.value in {tag.split("-")[0] for tag in publication.languages})
        )
        if not known:
            raise NotFound("Nothing was ever published here.")
        return Feed(slice=str(which), label="", revision=0, changed_at=NEVER, second_shared=False, seq=0)
