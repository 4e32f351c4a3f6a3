"""Which articles a feed document holds: the questions to the record, each as cheap in an archive of any size.

A feed of several slices at once is looked for in the smallest of them, never through more than SCAN entries for one
document; where that was not enough, its next page goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from services.feed.cursors import Before, Since
from shared.models import Article, Counter, Enrichment, FeedEntry, Placement
from shared.slices import Slice, day_slice

SCAN = 10_000
# Subscribers who poll this often are promised every article in the feed itself.
POLL = timedelta(hours=1)
# The most a feed grows to for that promise: above, its pages have the rest.
MOST_IN_BURST = 5000


@dataclass(frozen=True)
class Page:
    """Articles in the order they are shown, and where the next page begins, if there is one."""

    seqs: tuple[int, ...]
    next: Before | Since | None = None


@dataclass(frozen=True)
class Window:
    """How far back a feed reaches: its newest `items`, and up to `most` of the `hours` before its last change."""

    items: int
    hours: int
    most: int

    def keeps(self, published: Sequence[datetime], changed_at: datetime) -> int:
        """How many of these articles, newest first, the feed holds."""
        recent = changed_at - timedelta(hours=self.hours)
        burst = changed_at - 2 * POLL
        kept = (
            at > burst or place < self.items or (place < self.most and at > recent)
            for place, at in enumerate(published)
        )
        return sum(kept)


def newest_first(name: str) -> Select[int, datetime]:
    """The entries of a slice: article_seq, published_at."""
    query = select(FeedEntry.article_seq, FeedEntry.published_at).where(FeedEntry.slice == name)
    return query.order_by(FeedEntry.published_at.desc(), FeedEntry.article_seq.desc())


def window(session: Session, slices: Sequence[Slice], changed_at: datetime, size: Window) -> Page:
    """What a feed holds now: its newest articles, and every notice of a withdrawal."""
    names = _smallest_first(session, slices)
    rows, following = _newest(session, names, None, max(size.most, size.items))
    kept = size.keeps([row.published_at for row in rows], changed_at)
    if following and rows and rows[-1].published_at > changed_at - 2 * POLL:
        rows, following = _newest(session, names, None, MOST_IN_BURST)
        kept = size.keeps([row.published_at for row in rows], changed_at)
    if kept < len(rows):
        following = _before(rows[kept - 1])
    shown = {row.article_seq: row.published_at for row in rows[:kept]}
    # Without an order, or SQLite walks through the whole feed in that order to find them.
    notices = newest_first(names[0]).where(FeedEntry.withdrawn_at.is_not(None), *_in_all(names[1:])).order_by(None)
    shown |= {row.article_seq: row.published_at for row in session.execute(notices)}
    return Page(tuple(sorted(shown, key=lambda seq: (shown[seq], seq), reverse=True)), following)


def older(session: Session, slices: Sequence[Slice], before: Before, count: int) -> Page:
    """The newest articles before a position, newest first."""
    rows, following = _newest(session, _smallest_first(session, slices), before, count)
    return Page(tuple(row.article_seq for row in rows), following)


def changed(session: Session, slices: Sequence[Slice], since: Since, count: int) -> Page:
    """The articles whose last change came after a position, oldest change first."""
    names = _smallest_first(session, slices)
    position = tuple_(FeedEntry.seq, FeedEntry.article_seq)
    query = (
        select(FeedEntry.article_seq, FeedEntry.seq)
        .where(FeedEntry.slice == names[0], position > (since.seq, since.article_seq))
        .order_by(FeedEntry.seq, FeedEntry.article_seq)
    )
    last = _end_of_scan(session, query, names)
    if last:
        query = query.where(position <= (last.seq, last.article_seq))
    rows, more = _some(session, query, names, last, count)
    return Page(tuple(row.article_seq for row in rows), Since(more.seq, more.article_seq) if more else None)


def neighbours(session: Session, day: date) -> tuple[date | None, date | None]:
    """The nearest days before and after this one that have articles."""
    this = str(day_slice(day))
    # Only the nearer bound on each side: with two, SQLite may choose the farther and walk through all days between.
    before = select(FeedEntry.slice).where(FeedEntry.slice > "day:", FeedEntry.slice < this)
    after = select(FeedEntry.slice).where(FeedEntry.slice > this, FeedEntry.slice < "day;")
    nearest = (before.order_by(FeedEntry.slice.desc()).limit(1), after.order_by(FeedEntry.slice).limit(1))
    found = [session.scalar(query) for query in nearest]
    earlier, later = (Slice.parse(name).day if name else None for name in found)
    return earlier, later


def articles_of_days(session: Session, first: date) -> dict[date, int]:
    """How many articles stand on each day from this one on, newest day first; days without any are left out."""
    query = (
        select(FeedEntry.slice, func.count())
        .where(FeedEntry.slice >= str(day_slice(first)), FeedEntry.slice < "day;")
        .group_by(FeedEntry.slice)
        .order_by(FeedEntry.slice.desc())
    )
    return {Slice.parse(name).day: count for name, count in session.execute(query)}


def is_settled(session: Session, day: Slice) -> bool:
    """Whether the day's articles read as its feed was told; a moment later than they were changed, it was."""
    waiting = (
        select(FeedEntry.article_seq)
        .join(Article, Article.seq == FeedEntry.article_seq)
        .join(Enrichment, Enrichment.article_seq == FeedEntry.article_seq)
        .join(Placement, Placement.article_seq == FeedEntry.article_seq)
        .where(
            FeedEntry.slice == str(day),
            or_(Article.withdrawn_at.is_not(None), Enrichment.version != Placement.version),
        )
    )
    return session.scalar(waiting.limit(1)) is None


def _newest(
    session: Session, names: Sequence[str], before: Before | None, count: int
) -> tuple[Sequence[Row[Any]], Before | None]:
    query, position = newest_first(names[0]), tuple_(FeedEntry.published_at, FeedEntry.article_seq)
    if before is not None:
        query = query.where(position < (before.published_at, before.article_seq))
    last = _end_of_scan(session, query, names)
    if last:
        query = query.where(position >= (last.published_at, last.article_seq))
    rows, more = _some(session, query, names, last, count)
    return rows, _before(more) if more else None


def _end_of_scan(session: Session, query: Any, names: Sequence[str]) -> Row[Any] | None:
    """The last entry that may be looked at, where there are more."""
    return session.execute(query.offset(SCAN - 1).limit(1)).first() if names[1:] else None


def _some(
    session: Session, query: Any, names: Sequence[str], last: Row[Any] | None, count: int
) -> tuple[Sequence[Row[Any]], Row[Any] | None]:
    """The first entries of a query that stand in every slice, and the one after which the rest is to be looked for."""
    rows = session.execute(query.where(*_in_all(names[1:])).limit(count + 1)).all()
    return (rows[:count], rows[count - 1]) if len(rows) > count else (rows, last)


def _in_all(names: Sequence[str]) -> list[ColumnElement[bool]]:
    others = [(aliased(FeedEntry), name) for name in names]
    return [exists().where(other.slice == name, other.article_seq == FeedEntry.article_seq) for other, name in others]


def _smallest_first(session: Session, slices: Sequence[Slice]) -> list[str]:
    names = [str(each) for each in slices]
    if len(names) == 1:
        return names
    sizes: dict[str, int] = dict(
        session.execute(select(Counter.slice, Counter.value).where(Counter.slice.in_(names))).all()
    )
    return sorted(names, key=lambda name: (sizes.get(name, 0), name))


def _before(row: Row[Any]) -> Before:
    return Before(row.published_at, row.article_seq)
