"""The newsstand: finds or makes what readers ask for, a feed in one format or a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from services.feed.answers import PAGE_CACHE, Rendered
from services.feed.assets import CONTENT_SECURITY_POLICY
from services.feed.deltas import Deltas
from services.feed.directory import Directory
from services.feed.discussion import Discussion, discussions_of
from services.feed.documents import Documents
from services.feed.edge import Edge
from services.feed.entries import neighbours
from services.feed.formats import FORMATS, link_header
from services.feed.formats.page import (
    ArticleView,
    DayView,
    FeedsView,
    FrontView,
    SliceView,
    article_frame,
    article_page,
    day_page,
    feeds_page,
    front_page,
    make_frame,
    slice_page,
    withdrawn_page,
)
from services.feed.hot import Hot, SharedBytes
from services.feed.kept import Kept
from services.feed.masthead import Masthead, compose
from services.feed.popular import Popular, Ranking
from services.feed.record import Record, State
from services.feed.share import share_links, subject_of
from services.feed.story import Story
from services.feed.translations import Variant, variants_of
from shared.clock import Clock
from shared.counters import Counters
from shared.days import latest_days, local_day
from shared.db import Database
from shared.errors import NotFound
from shared.publication import Publication
from shared.slices import ALL, Slice, day_slice
from shared.topics import Topic
from shared.urls import FEEDS_PATH

# Articles listed on a page that is not a day's.
LISTED = 50
# Articles shown as read or shared most.
RANKED = 5
PAGE_HEADERS = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)


@dataclass(frozen=True)
class Page:
    """A rendered page, everything it shows, and when that was last read from the record (Hot.mark)."""

    rendered: Rendered
    shows: object
    mark: int


class Pages:
    """Rendered pages, by address: each is made anew exactly when what it shows changes."""

    def __init__(self, capacity: int) -> None:
        self._kept: Kept[str, Page] = Kept(capacity)

    def last(self, path: str) -> Page | None:
        """The page as it was last given out."""
        return self._kept.get(path)

    def get_or_make(
        self,
        path: str,
        slices: tuple[str, ...],
        mark: int,
        shows: object,
        changed_at: datetime,
        make: Callable[[], bytes],
    ) -> Rendered:
        """`slices` are those whose moves change the page; none for a notice, which is no page while nobody can ask."""
        kept = self._kept.get(path)
        if kept is not None and kept.shows == shows:
            made = kept.rendered
        else:
            # A page shows the masthead, which moves on its own: only the ETag tells two states apart.
            made = Rendered(slices, "text/html; charset=utf-8", make(), changed_at, True, PAGE_CACHE, PAGE_HEADERS)
        # What an article's page shows is about as large again as the page.
        self._kept.put(path, Page(made, shows, mark), made.size + len(made.body))
        return made


@dataclass(frozen=True)
class Newsstand:
    """Everything is answered for this moment; what has not changed since it was last asked for is not made again."""

    publication: Publication
    db: Database
    record: Record
    documents: Documents
    directory: Directory
    hot: Hot
    shared_bytes: SharedBytes
    counters: Counters
    clock: Clock
    pages: Pages
    popular: Popular
    deltas: Deltas
    edge: Edge | None = None
    rendering: tuple[threading.Lock, ...] = tuple(threading.Lock() for _ in range(64))

    def feed(self, address: str, topic: Topic) -> Rendered:
        """The feed of a topic, kept hot under its address. Raises NotFound for a slice that nobody ever used.

        Requests for the same feed wait for one rendering instead of making their own.
        """
        with self.rendering[hash(address) % len(self.rendering)]:
            if (fresh := self.hot.fresh(address)) is not None:
                return fresh
            mark = self.hot.mark()
            with self.db.read() as session:
                state = self.record.state(session, topic.slices)
                made = self.shared_bytes.get(address, state.stamp) or self._render(session, address, topic, state)
            self.hot.keep(address, made, mark)
            self.deltas.remember(made)
            if self.edge is not None:
                self.edge.offer(topic.path, made, state)
            return made

    def _render(self, session: Session, address: str, topic: Topic, state: State) -> Rendered:
        publication, format = self.publication, FORMATS[topic.format]
        link = link_header(hub=publication.hub_url, self=publication.base_url + topic.path)
        document = self.documents.feed(session, topic.selection, state)
        made = Rendered(
            tuple(map(str, state.slices)),
            format.content_type,
            format.render(document),
            state.changed_at,
            state.second_shared,
            extra_headers=(("Link", link),),
            seq=state.seq,
            items=tuple(story.id for story in document.stories),
        )
        if state.revision:  # else there are as many of them as there are days
            self.shared_bytes.put(address, state.stamp, made)
        return made

    def last(self, path: str) -> Rendered | None:
        """What there is of this address without asking the record, which does not answer."""
        if (feed := self.hot.last(path)) is not None:
            return feed
        page = self.pages.last(path)
        if page is None or not page.rendered.slices or not self.hot.was_current(page.rendered.slices, page.mark):
            return None
        return page.rendered

    def today(self) -> date:
        return local_day(self.clock.now(), self.publication.tz)

    def masthead(self) -> Masthead:
        """The masthead, its counts from Redis."""
        publication, today = self.publication, self.today()
        days = latest_days(today, publication.masthead.days)
        total, *counts = self.counters.read([ALL, *map(day_slice, days)])
        return compose(publication, today, dict(zip(days, counts, strict=True)), total)

    def slice_page(self, path: str, which: Slice) -> Rendered:
        """The front page, or the page of a section, tag, byline, publisher or language."""
        masthead, mark = self.masthead(), self.hot.mark()
        ranking = self.popular.now() if which.kind in ("all", "section") else Ranking()
        with self.db.read() as session:
            feed = self.record.feed(session, which)
            label = self.record.label(which, feed.label)
            frame = make_frame(self.publication, masthead, which, label="" if which == ALL else label)

            def make() -> bytes:
                stories = tuple(self.record.newest(session, which, LISTED))
                most_read, most_shared = (
                    tuple(self.record.listed(session, which, ids, RANKED)) for ids in (ranking.read, ranking.shared)
                )
                if which == ALL:
                    return front_page(FrontView(frame, stories, most_read, most_shared))
                (total,) = self.counters.read([which])
                return slice_page(SliceView(frame, which, label, stories, total, most_read, most_shared))

            shows = (feed.revision, masthead, ranking)
            return self.pages.get_or_make(path, (str(which),), mark, shows, feed.changed_at, make)

    def day_page(self, path: str, day: date) -> Rendered:
        """The archive of a day: exactly the articles that its counter counts."""
        masthead, which, mark = self.masthead(), day_slice(day), self.hot.mark()
        with self.db.read() as session:
            feed = self.record.feed(session, which)
            frame = make_frame(self.publication, masthead, which, label=self.record.label(which, ""))
            earlier, later = neighbours(session, day)

            def make() -> bytes:
                return day_page(DayView(frame, day, tuple(self.record.day(session, which)), earlier, later))

            shows = (feed.revision, masthead, earlier, later)
            return self.pages.get_or_make(path, (str(which),), mark, shows, feed.changed_at, make)

    def feeds_page(self, path: str) -> Rendered:
        """The list of feeds."""
        masthead, mark, listing = self.masthead(), self.hot.mark(), self.directory.listing()
        frame = make_frame(self.publication, masthead, canonical_url=self.publication.base_url + FEEDS_PATH)

        def make() -> bytes:
            return feeds_page(FeedsView(frame, listing.kinds))

        return self.pages.get_or_make(path, (str(ALL),), mark, (listing, masthead), listing.changed_at, make)

    def article_page(self, path: str, story: Story, mark: int) -> Rendered:
        """The page of an article, or the notice in its place; `mark` was taken before the story was read."""
        masthead = self.masthead()
        frame = article_frame(self.publication, masthead, story)
        variants: tuple[Variant, ...] = ()
        discussions: tuple[Discussion, ...] = ()
        if not story.withdrawn_at:
            with self.db.read() as session:
                variants = variants_of(session, [story.id]).get(story.id, ())
                discussions = discussions_of(session, [story.id]).get(story.id, ())

        def make() -> bytes:
            if story.withdrawn_at:
                return withdrawn_page(frame, story)
            links = share_links(subject_of(story), self.publication.share.networks)
            return article_page(ArticleView(frame, story, tuple(links), variants, discussions))

        # Whatever changes an article moves its day.
        slices = () if story.withdrawn_at else (str(day_slice(story.day)),)
        shows = (story, masthead, variants, discussions)
        return self.pages.get_or_make(path, slices, mark, shows, story.updated_at, make)

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
