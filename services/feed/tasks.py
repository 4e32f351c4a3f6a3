"""Puts articles into their feeds, withdraws them, and takes notices down: one transaction each, with the revisions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from services.feed.discussion import discussions_of
from services.feed.edge import EdgeGate, TakeAway
from services.feed.entries import neighbours
from services.feed.translations import days_of_relatives
from shared import crash, outbox
from shared.clock import Clock
from shared.db import Database
from shared.events import ArticleEvent, ArticlePublished, Event, FeedRevised, NoticePosted
from shared.models import Article, Enrichment, Feed, FeedEntry, Placement, Publisher, Ticker
from shared.slices import Slice, day_slice
from shared.standing import load_for_effect, standing

log = logging.getLogger(__name__)


@dataclass
class Changes:
    """What one transaction changes, gathered while looking at its articles."""

    number: int  # of the transaction, in commit order
    touched: set[str] = field(default_factory=set)  # slices that readers will see differently
    entered: set[str] = field(default_factory=set)  # those that an article came into
    left: set[str] = field(default_factory=set)  # those that one is no longer in
    labels: dict[str, str] = field(default_factory=dict)  # slice -> name as people read it
    former: dict[int, str] = field(default_factory=dict)  # article -> the original it named until now
    events: list[Event] = field(default_factory=list)


class FeedTasks:
    """The handlers of the feed worker. Each looks at where the article stands now: order and repeats do not matter."""

    def __init__(
        self, db: Database, announce: Callable[[], None], clock: Clock, edge_folder: Path | None = None
    ) -> None:
        self._db = db
        self._edge = EdgeGate(edge_folder)
        self._announce = announce
        self._clock = clock

    def place(self, claim: outbox.Claim) -> None:
        """Makes feeds hold each claimed article as it is now: published, edited, or as a withdrawal notice."""
        with self._edge.closing() as take_away, self._db.write() as session:
            held = outbox.finish(session, claim)
            number = _take_number(session)
            changes = Changes(number)
            seqs = {row.article_seq for row in held}
            entries = _entries_of(session, seqs)
            placements = {
                row.article_seq: row
                for row in session.scalars(select(Placement).where(Placement.article_seq.in_(seqs)))
            }
            for article, enrichment, publisher in load_for_effect(session, seqs):
                present, placement = entries.get(article.seq, {}), placements.get(article.seq)
                wanted = standing(article, enrichment, publisher.slug)
                if enrichment is not None and wanted:
                    changes.labels |= _labels(enrichment, publisher)
                    self._publish(session, changes, enrichment, present, placement, wanted)
                elif placement is None:
                    _remove(session, changes, present)
                elif placement.withdrawn_at is None or any(each.withdrawn_at is None for each in present.values()):
                    self._withdraw(session, changes, article, present, placement)
            self._commit_revisions(session, changes, take_away)
        self._after_commit()

    def remove_notice(self, claim: outbox.Claim) -> None:
        """Takes withdrawn articles out of the feeds for good."""
        with self._edge.closing() as take_away, self._db.write() as session:
            held = outbox.finish(session, claim)
            number = _take_number(session)
            changes = Changes(number)
            gone = session.scalars(
                delete(FeedEntry)
                .where(
                    FeedEntry.article_seq.in_({row.article_seq for row in held}), FeedEntry.withdrawn_at.is_not(None)
                )
                .returning(FeedEntry.slice)
            )
            changes.touched.update(gone)
            self._commit_revisions(session, changes, take_away)
        self._after_commit()

    def link_posts(self, claim: outbox.Claim) -> None:
        """Moves the days of those articles whose pages lead to other posts about them than before."""
        with self._edge.closing() as take_away, self._db.write() as session:
            held = outbox.finish(session, claim)
            changes = Changes(_take_number(session))
            changes.touched |= _days_discussed_anew(session, {row.article_seq for row in held})
            self._commit_revisions(session, changes, take_away)
        self._after_commit()

    def _publish(
        self,
        session: Session,
        changes: Changes,
        enrichment: Enrichment,
        present: dict[str, FeedEntry],
        placement: Placement | None,
        wanted: list[Slice],
    ) -> None:
        names = {str(each) for each in wanted}
        is_new = placement is None or placement.version < enrichment.version
        _remove(session, changes, {name: entry for name, entry in present.items() if name not in names})
        for name in sorted(names):
            if (entry := present.get(name)) is None:
                entry = FeedEntry(slice=name, article_seq=enrichment.article_seq, published_at=enrichment.published_at)
                session.add(entry)
                changes.entered.add(name)
            elif entry.withdrawn_at is None and not is_new:
                continue
            entry.withdrawn_at, entry.seq = None, changes.number
            changes.touched.add(name)
        if is_new:
            now = self._clock.now()
            if placement is None:
                placement = Placement(article_seq=enrichment.article_seq)
                session.add(placement)
            elif placement.original is not None:
                changes.former[enrichment.article_seq] = placement.original
            placement.version, placement.placed_at = enrichment.version, now
            placement.original = enrichment.original
            changes.events.append(ArticlePublished(enrichment.article_seq, enrichment.version, now))

    def _withdraw(
        self,
        session: Session,
        changes: Changes,
        article: Article,
        present: dict[str, FeedEntry],
        placement: Placement,
    ) -> None:
        """Leaves the notice in every feed but the day's, which is the archive of what stands."""
        for name, entry in present.items():
            if Slice.parse(name).kind == "day":
                _remove(session, changes, {name: entry})
            else:
                entry.withdrawn_at, entry.seq = article.withdrawn_at, changes.number
        changes.touched.update(present)
        placement.version, placement.withdrawn_at = article.version, article.withdrawn_at
        changes.events.append(NoticePosted(article.seq, article.version, self._clock.now()))

    def _commit_revisions(self, session: Session, changes: Changes, take_away: TakeAway) -> None:
        changes.touched |= _days_linked_anew(session, changes) | _days_of_variants(session, changes)
        names = sorted(changes.touched)
        feeds = {row.slice: row for row in session.scalars(select(Feed).where(Feed.slice.in_(names)))}
        now, number = self._clock.now(), changes.number
        gone = [(feed.slice, feed.revision) for feed in feeds.values()]
        for name in names:
            if (feed := feeds.get(name)) is None:
                label = changes.labels.get(name, "")
                session.add(Feed(slice=name, label=label, revision=1, changed_at=now, seq=number))
            else:
                _advance(feed, changes.labels.get(name, feed.label), now, number)
        if names:
            changes.events.append(FeedRevised(number, now))
        outbox.record(session, changes.events)
        session.flush()
        take_away(number, gone)
        crash.reach("feed.before_commit")

    def _after_commit(self) -> None:
        crash.reach("feed.after_commit")
        self._announce()
        crash.reach("feed.after_announcement")


def _advance(feed: Feed, label: str, now: datetime, number: int) -> None:
    changed_at = max(now, feed.changed_at)
    feed.second_shared = changed_at.replace(microsecond=0) == feed.changed_at.replace(microsecond=0)
    feed.changed_at = changed_at
    feed.label = label
    feed.revision += 1
    feed.seq = number


def _days_linked_anew(session: Session, changes: Changes) -> set[str]:
    """The days before and after those that get their first article or lose their last one.

    An archive names the days around it, and must not change without a new revision.
    """
    entered, left = ({name for name in names if name.startswith("day:")} for names in (changes.entered, changes.left))
    with session.no_autoflush:
        turned = entered - _with_articles(session, entered)
    session.flush()
    turned |= (left - entered) - _with_articles(session, left - entered)
    around = {day for name in turned for day in neighbours(session, Slice.parse(name).day) if day}
    return {str(day_slice(day)) for day in around}


def _days_of_variants(session: Session, changes: Changes) -> set[str]:
    """The days with articles whose pages and sitemaps name other variants from now on."""
    seqs = {event.article_seq for event in changes.events if isinstance(event, ArticleEvent)}
    days = {str(day_slice(day)) for day in days_of_relatives(session, seqs, changes.former)}
    return _with_articles(session, days)


def _days_discussed_anew(session: Session, seqs: set[int]) -> set[str]:
    """The days of those articles whose pages lead to other posts than when this was last asked; where, is noted."""
    rows = session.execute(
        select(Placement, Article.id, Enrichment.day)
        .join(Article, Article.seq == Placement.article_seq)
        .join(Enrichment, Enrichment.article_seq == Placement.article_seq)
        .where(Placement.article_seq.in_(seqs), Placement.withdrawn_at.is_(None))
    ).all()
    discussions = discussions_of(session, [article_id for _, article_id, _ in rows])
    days = set()
    for placement, article_id, day in rows:
        linked = [each.url for each in discussions.get(article_id, ())]
        if linked != placement.discussed:
            placement.discussed = linked
            days.add(str(day_slice(day)))
    return days


def _with_articles(session: Session, names: set[str]) -> set[str]:
    """Those of these slices that hold something."""
    if not names:
        return set()
    holds = exists().where(FeedEntry.slice == Feed.slice)
    return set(session.scalars(select(Feed.slice).where(Feed.slice.in_(names), holds)))


def _take_number(session: Session) -> int:
    """The next commit-ordered number; holding its row makes feed transactions follow one another."""
    return session.scalars(
        update(Ticker).where(Ticker.name == "feed").values(value=Ticker.value + 1).returning(Ticker.value)
    ).one()


def _entries_of(session: Session, seqs: set[int]) -> dict[int, dict[str, FeedEntry]]:
    found: dict[int, dict[str, FeedEntry]] = {}
    for entry in session.scalars(select(FeedEntry).where(FeedEntry.article_seq.in_(seqs))):
        found.setdefault(entry.article_seq, {})[entry.slice] = entry
    return found


def _remove(session: Session, changes: Changes, entries: dict[str, FeedEntry]) -> None:
    for entry in entries.values():
        session.delete(entry)
    changes.touched.update(entries)
    changes.left.update(entries)


def _labels(enrichment: Enrichment, publisher: Publisher) -> dict[str, str]:
    labels = {f"publisher:{publisher.slug}": publisher.name}
    labels |= {f"tag:{tag['slug']}": tag["label"] for tag in enrichment.tags}
    labels |= {f"byline:{byline['slug']}": byline["label"] for byline in enrichment.bylines}
    if enrichment.section:
        labels[f"section:{enrichment.section['slug']}"] = enrichment.section["label"]
    return labels
