"""What crawlers ask for: robots.txt, the sitemaps of days and pages, and the news sitemap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, request
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from services.feed.answers import PAGE_CACHE, Rendered
from services.feed.entries import newest_first
from services.feed.feed_views import DAY, answer, existing_day
from services.feed.formats import sitemaps
from services.feed.formats.sitemaps import File, NewsPlace, Place
from services.feed.kept import Kept
from services.feed.record import NEVER
from services.feed.stand import Newsstand
from services.feed.translations import hreflangs, variants_of
from shared.errors import NotFound
from shared.models import Article, Counter, Enrichment, Feed, FeedEntry
from shared.slices import ALL, Slice, day_slice
from shared.urls import article_path, slice_path
from shared.visibility import visible_clause

# Addresses in one sitemap. The protocol allows 50,000; a file of this many is still made in half a second.
MOST_PLACES = 10_000
# Pages of sections, tags and so on that are listed: those that changed last.
MOST_PAGES = 5000
NEWS_FOR = timedelta(hours=48)
_TEXT = "text/plain; charset=utf-8"


class Crawlers:
    """Makes the documents; all but the news sitemap are kept hot until a slice of theirs moves."""

    def __init__(self, stand: Newsstand) -> None:
        self._stand = stand
        self._base = stand.publication.base_url
        self._news: Kept[tuple[Any, ...], Rendered] = Kept(4_000_000)

    def robots(self) -> Rendered:
        return self._kept(lambda session: self._robots(len(_chunks(self._files(session)))))

    def index(self, number: int) -> Rendered:
        """One of the sitemap indexes, from 1. Raises NotFound behind the last."""

        def make(session: Session) -> Rendered:
            chunks = _chunks(self._files(session))
            if not 1 <= number <= len(chunks):
                raise NotFound("There are fewer sitemaps.")
            return self._made(ALL, self._stand.record.feed(session, ALL), sitemaps.index(chunks[number - 1]))

        return self._kept(make)

    def pages(self) -> Rendered:
        """The front page and the pages of sections, languages, publishers, bylines and tags."""

        def make(session: Session) -> Rendered:
            feed = self._stand.record.feed(session, ALL)
            found = [Place(self._base + slice_path(ALL), feed.changed_at)]
            found += [
                Place(self._base + slice_path(Slice.parse(name)), changed_at)
                for name, changed_at in sorted(session.execute(_changed_last()).all())
            ]
            return self._made(ALL, feed, sitemaps.urlset(found))

        return self._kept(make)

    def day(self, day: date, number: int) -> Rendered:
        """The articles of a day, or one part of many. Raises NotFound for a day that never had any."""

        def make(session: Session) -> Rendered:
            which = day_slice(day)
            feed = self._stand.record.feed(session, which)
            places = self._places(session, which, number)
            if not feed.revision or (number > 1 and not places):
                raise NotFound("There is no such sitemap.")
            return self._made(which, feed, sitemaps.urlset(places))

        return self._kept(make)

    def news(self) -> Rendered:
        """What was first published in the last 48 hours. Nobody moves it: articles leave as time passes."""
        now = self._stand.clock.now()
        with self._stand.db.read() as session:
            feed = self._stand.record.feed(session, ALL)
            left = session.execute(_latest_before(now - NEWS_FOR)).all()
            state = (feed.seq, feed.changed_at, left[0] if left else None)
            made = self._news.get(state)
            if made is None:
                places = [self._news_place(row) for row in session.execute(_news(now - NEWS_FOR))]
                changed_at, second_shared = _last_change(feed, [row.published_at + NEWS_FOR for row in left])
                body = sitemaps.news(places, self._stand.publication.name)
                made = Rendered((), sitemaps.CONTENT_TYPE, body, changed_at, second_shared)
                self._news.put(state, made, made.size)
        return made

    def _kept(self, make: Callable[[Session], Rendered]) -> Rendered:
        """The document at the request's address; who asks at the same time waits for one making."""
        stand, path = self._stand, request.environ["PATH_INFO"]
        with stand.rendering[hash(path) % len(stand.rendering)]:
            if (fresh := stand.hot.fresh(path)) is not None:
                return fresh
            mark = stand.hot.mark()
            with stand.db.read() as session:
                made = make(session)
            stand.hot.keep(path, made, mark)
            return made

    def _made(self, which: Slice, feed: Feed, body: bytes) -> Rendered:
        return Rendered((str(which),), sitemaps.CONTENT_TYPE, body, feed.changed_at, feed.second_shared, seq=feed.seq)

    def _robots(self, indexes: int) -> Rendered:
        folder = urlsplit(self._base).path  # a publication may live below its host's root
        lines = ["User-agent: *", f"Disallow: {folder}/share/", f"Disallow: {folder}/read/", ""]
        lines += [f"Sitemap: {self._base}{_index_path(number)}" for number in range(1, indexes + 1)]
        lines += [f"Sitemap: {self._base}/news-sitemap.xml", ""]
        # What it says depends on the configuration too: only the ETag tells two states apart.
        return Rendered((str(ALL),), _TEXT, "\n".join(lines).encode(), NEVER, True, PAGE_CACHE)

    def _files(self, session: Session) -> list[File]:
        """Every sitemap, the oldest day first, so that a full index stays as it is."""
        changed_at = self._stand.record.feed(session, ALL).changed_at
        files = [File(f"{self._base}/sitemap-pages.xml", changed_at)]
        for name, changed_at, count in session.execute(_days()):
            articles = session.scalar(_count(name)) or 0 if count and count > MOST_PLACES // 2 else 1
            folder = slice_path(Slice.parse(name))
            files += [
                File(self._base + folder + _day_file(number), changed_at)
                for number in range(1, -(-articles // MOST_PLACES) + 1)
            ]
        return files

    def _places(self, session: Session, which: Slice, number: int) -> list[Place]:
        rows = session.execute(_articles(which).offset((number - 1) * MOST_PLACES).limit(MOST_PLACES)).all()
        variants = variants_of(session, [row.id for row in rows])
        return [
            Place(
                self._base + article_path(row.day, row.slug, row.key),
                row.updated_at,
                tuple((language, self._base + path) for language, path in hreflangs(variants.get(row.id, ()))),
            )
            for row in rows
        ]

    def _news_place(self, row: Any) -> NewsPlace:
        address = self._base + article_path(row.day, row.slug, row.key)
        return NewsPlace(address, row.headline, row.language, row.published_at)


def make_crawler_views(stand: Newsstand) -> Blueprint:
    views = Blueprint("crawlers", __name__)
    crawlers = Crawlers(stand)

    @views.get("/robots.txt")
    def robots() -> Any:
        return answer(crawlers.robots())

    @views.get("/sitemap.xml")
    def first_index() -> Any:
        return answer(crawlers.index(1))

    @views.get("/sitemap-days-<int(min=2):number>.xml")
    def further_index(number: int) -> Any:
        return answer(crawlers.index(number))

    @views.get("/sitemap-pages.xml")
    def pages() -> Any:
        return answer(crawlers.pages())

    @views.get("/news-sitemap.xml")
    def news() -> Any:
        return answer(crawlers.news())

    @views.get(f"/{DAY}/sitemap.xml")
    def day(year: int, month: int, day: int) -> Any:
        return answer(crawlers.day(existing_day(year, month, day), 1))

    @views.get(f"/{DAY}/sitemap-<int(min=2):number>.xml")
    def part_of_day(year: int, month: int, day: int, number: int) -> Any:
        return answer(crawlers.day(existing_day(year, month, day), number))

    return views


def _chunks(files: list[File]) -> list[list[File]]:
    most = sitemaps.MOST_SITEMAPS
    return [files[start : start + most] for start in range(0, len(files), most)]


def _index_path(number: int) -> str:
    return "/sitemap.xml" if number == 1 else f"/sitemap-days-{number}.xml"


def _day_file(number: int) -> str:
    return "sitemap.xml" if number == 1 else f"sitemap-{number}.xml"


def _days() -> Select[str, datetime, int]:
    """Each day that has articles: its slice, last change, and about how many (count lags behind a little)."""
    return (
        select(Feed.slice, Feed.changed_at, Counter.value)
        .outerjoin(Counter, Counter.slice == Feed.slice)
        .where(Feed.slice > "day:", Feed.slice < "day;", exists().where(FeedEntry.slice == Feed.slice))
        .order_by(Feed.slice)
    )


def _count(name: str) -> Select[int]:
    return select(func.count()).select_from(FeedEntry).where(FeedEntry.slice == name)


def _changed_last() -> Select[str, datetime]:
    """The slices with pages of their own, but days, in which an article stands."""
    standing = exists().where(FeedEntry.slice == Feed.slice, FeedEntry.withdrawn_at.is_(None))
    return (
        select(Feed.slice, Feed.changed_at)
        .where(Feed.slice != str(ALL), or_(Feed.slice < "day:", Feed.slice >= "day;"), standing)
        .order_by(Feed.seq.desc(), Feed.slice)
        .limit(MOST_PAGES)
    )


def _articles(which: Slice) -> Select[str, date, str, str, datetime]:
    return (
        select(Article.id, Enrichment.day, Enrichment.slug, Enrichment.key, Enrichment.updated_at)
        .join(FeedEntry, FeedEntry.article_seq == Article.seq)
        .join(Enrichment, Enrichment.article_seq == Article.seq)
        .where(FeedEntry.slice == str(which), visible_clause())
        .order_by(FeedEntry.article_seq)
    )


def _latest_before(horizon: datetime) -> Select[int, datetime]:
    """The two articles that were the last to become too old for the news."""
    return newest_first(str(ALL)).where(FeedEntry.published_at <= horizon).limit(2)


def _news(horizon: datetime) -> Select[date, str, str, str, str, datetime]:
    columns = (Enrichment.headline, Enrichment.language, Enrichment.published_at)
    return (
        select(Enrichment.day, Enrichment.slug, Enrichment.key, *columns)
        .join(FeedEntry, FeedEntry.article_seq == Enrichment.article_seq)
        .join(Article, Article.seq == Enrichment.article_seq)
        .where(FeedEntry.slice == str(ALL), FeedEntry.published_at > horizon, visible_clause())
        .order_by(FeedEntry.published_at.desc(), FeedEntry.article_seq.desc())
        .limit(sitemaps.MOST_NEWS)
    )


def _last_change(feed: Feed, left_at: list[datetime]) -> tuple[datetime, bool]:
    """When the news last changed, and whether that was twice within one second: Last-Modified says no more."""
    changes = sorted([feed.changed_at, *left_at])
    second = changes[-1].replace(microsecond=0)
    shared = sum(at.replace(microsecond=0) == second for at in changes) > 1
    return changes[-1], shared or (feed.second_shared and feed.changed_at.replace(microsecond=0) == second)
