"""Reads what feeds and pages show from the record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from services.feed.kept import Kept
from services.feed.localised import date_line, date_text, language_name
from services.feed.settings import FeedSettings
from services.feed.story import Document, Image, Source, Story, Term
from services.feed.wording import withdrawal_notice
from shared.models import Article, Enrichment, Feed, FeedEntry, Publisher
from shared.publication import Publication
from shared.slices import ALL, Slice, day_slice
from shared.text import direction_of
from shared.urls import FORMATS, article_path, feed_path, slice_path, urn
from shared.visibility import is_visible, visible_clause

# Ids asked for in one query; SQLite takes no more than some thousand parameters.
CHUNK = 500


@dataclass(frozen=True)
class Record:
    """Turns rows into stories and documents. Everything it returns is a function of the record alone."""

    publication: Publication
    settings: FeedSettings
    kept: Kept[tuple[int, int, datetime | None], Story]  # by seq, version and time of withdrawal

    def feed(self, session: Session, which: Slice) -> Feed | None:
        """The feed row of a slice; None when no article was ever in it. The publication's own feed always exists."""
        return session.get(Feed, str(which))

    def document(self, session: Session, which: Slice, feed: Feed) -> Document:
        """The feed of a slice as it is now: the newest items, and the notices of what was withdrawn lately."""
        label = self.label(which, feed.label)
        publication = self.publication
        name = publication.name if which == ALL else f"{label} – {publication.name}"
        return Document(
            slice=which,
            title=name,
            description=publication.description or name,
            language=which.value if which.kind == "language" else publication.language,
            direction=direction_of(which.value if which.kind == "language" else publication.language),
            home_url=publication.base_url + slice_path(which),
            feed_urls={format: publication.base_url + feed_path(which, format) for format in FORMATS},
            changed_at=feed.changed_at,
            publication_name=publication.name,
            base_url=publication.base_url,
            stories=tuple(self.stories(session, self._window(session, which, feed))),
        )

    def newest(self, session: Session, which: Slice, count: int) -> list[Story]:
        """The newest standing articles of a slice, for its page."""
        seqs = session.scalars(_newest_first(which).where(FeedEntry.withdrawn_at.is_(None)).limit(count))
        return self.stories(session, list(seqs))

    def day(self, session: Session, day: Slice) -> list[Story]:
        """Every standing article of a day, newest first: as many as the day's counter says."""
        return self.stories(session, list(session.scalars(_newest_first(day))))

    def by_key(self, session: Session, key: str) -> Story | None:
        """The article at an address, also when it is withdrawn; None when it was never published."""
        row = session.execute(_story_rows().where(Enrichment.key == key)).first()
        return self._story(row) if row else None

    def by_id(self, session: Session, article_id: str) -> Story | None:
        """The visible article with this id."""
        row = session.execute(_story_rows().where(Article.id == article_id, visible_clause())).first()
        return self._story(row) if row else None

    def stories(self, session: Session, seqs: Sequence[int]) -> list[Story]:
        """Stories of these articles in the order of `seqs`."""
        found: dict[int, Story] = {}
        for start in range(0, len(seqs), CHUNK):
            some = seqs[start : start + CHUNK]
            states = session.execute(_states().where(Article.seq.in_(some))).all()
            for seq, version, withdrawn_at in states:
                if (story := self.kept.get((seq, version, withdrawn_at))) is not None:
                    found[seq] = story
            missing = [seq for seq in some if seq not in found]
            for row in session.execute(_story_rows().where(Article.seq.in_(missing))) if missing else ():
                found[row[0].seq] = story = self._story(row)
                self.kept.put((row[0].seq, row[1].version, row[0].withdrawn_at), story, _size(story))
        return [found[seq] for seq in seqs]

    def label(self, which: Slice, stored: str) -> str:
        """The name of a slice as people read it."""
        publication = self.publication
        match which.kind:
            case "section":
                return publication.section_label(which.value, publication.language) or stored or which.value
            case "language":
                return language_name(which.value)
            case "day":
                return date_text(which.day, publication.masthead.date_format, publication.language)
            case _:
                return stored or which.value or publication.name

    def _window(self, session: Session, which: Slice, feed: Feed) -> list[int]:
        rows = _newest_first(which).add_columns(FeedEntry.published_at)
        if which.kind == "day":
            return [seq for seq, _ in session.execute(rows)]
        since = feed.changed_at - timedelta(hours=self.settings.feed_hours)
        newest = session.execute(rows.limit(self.settings.feed_most_items)).all()
        shown = {
            seq: published_at
            for place, (seq, published_at) in enumerate(newest)
            if place < self.settings.feed_items or published_at > since
        }
        # Without an order, or SQLite walks through the whole feed in that order to find them.
        notices = rows.where(FeedEntry.withdrawn_at.is_not(None)).order_by(None)
        shown |= dict(session.execute(notices).all())
        return sorted(shown, key=lambda seq: (shown[seq], seq), reverse=True)

    def _story(self, row: Row[Article, Enrichment, str, str]) -> Story:
        article, enrichment, publisher = row[0], row[1], Term(row[2], row[3])
        visible = is_visible(article, enrichment)
        # The readable part of the address is made of the headline, which a withdrawal takes back as well.
        slug = enrichment.slug if visible else ""
        common: dict[str, Any] = {
            "id": article.id,
            "urn": urn(article.id),
            "url": self.publication.base_url + article_path(enrichment.day, slug, enrichment.key),
            "language": enrichment.language,
            "direction": enrichment.direction,
            "published_at": enrichment.published_at,
            "day": enrichment.day,
            "publisher": publisher,
        }
        if not visible:
            return self._notice(article, common)
        return Story(
            **common,
            headline=enrichment.headline,
            html=enrichment.html,
            text=enrichment.text,
            summary=enrichment.summary,
            updated_at=enrichment.updated_at,
            bylines=tuple(_terms(enrichment.bylines)),
            section=self._section(enrichment),
            tags=tuple(_terms(enrichment.tags)),
            dateline=enrichment.dateline or "",
            source=Source(enrichment.source["name"], enrichment.source.get("url") or "") if enrichment.source else None,
            canonical_url=enrichment.canonical_url or "",
            image=Image(**enrichment.image) if enrichment.image else None,
            words=enrichment.words,
            reading_minutes=enrichment.reading_minutes,
        )

    def _section(self, enrichment: Enrichment) -> Term | None:
        """The section under its configured name in the article's own language."""
        if enrichment.section is None:
            return None
        slug = enrichment.section["slug"]
        configured = self.publication.section_label(slug, enrichment.language)
        return Term(slug, configured or enrichment.section["label"])

    def _notice(self, article: Article, common: dict[str, Any]) -> Story:
        assert article.withdrawn_at is not None
        when = date_line(article.withdrawn_at, self.publication, common["language"])
        headline, text = withdrawal_notice(common["language"], article.withdrawal_reason or "", when)
        return Story(
            **common,
            headline=headline,
            html=f"<p>{escape(text)}</p>",
            text=text,
            summary=text,
            updated_at=article.withdrawn_at,
            withdrawn_at=article.withdrawn_at,
            withdrawal_reason=article.withdrawal_reason or "",
        )


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


def _size(story: Story) -> int:
    return sys.getsizeof(story.html) + sys.getsizeof(story.text) + 4000


def _newest_first(which: Slice) -> Select[int]:
    return (
        select(FeedEntry.article_seq)
        .where(FeedEntry.slice == str(which))
        .order_by(FeedEntry.published_at.desc(), FeedEntry.article_seq.desc())
    )


def _states() -> Select[int, int, datetime | None]:
    return select(Article.seq, Enrichment.version, Article.withdrawn_at).join(
        Enrichment, Enrichment.article_seq == Article.seq
    )


def _story_rows() -> Select[Article, Enrichment, str, str]:
    return (
        select(Article, Enrichment, Publisher.slug, Publisher.name)
        .join(Enrichment, Enrichment.article_seq == Article.seq)
        .join(Publisher, Publisher.id == Article.publisher_id)
    )


def _terms(values: list[Any]) -> list[Term]:
    return [Term(value["slug"], value["label"]) for value in values]
