"""Reads what feeds and pages show from the record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from services.feed.entries import newest_first
from services.feed.kept import Kept
from services.feed.settings import FeedSettings
from services.feed.story import Image, Source, Story, Term
from services.feed.wording import withdrawal_notice
from shared.cards import card_of, name_of
from shared.errors import NotFound
from shared.localised import date_line, date_text, language_name
from shared.models import Article, Enrichment, Feed, FeedEntry, Publisher
from shared.publication import Publication
from shared.slices import Slice
from shared.urls import article_path, urn
from shared.visibility import is_visible, visible_clause

# Ids asked for in one query; SQLite takes no more than some thousand parameters.
CHUNK = 500
# What a feed that nothing was ever in says of itself: a time that never changes.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class State:
    """Where a feed stands, of one slice or of several at once: the newest change of any of them."""

    slices: tuple[Slice, ...]
    labels: tuple[str, ...]
    revision: int
    seq: int
    changed_at: datetime
    second_shared: bool  # an earlier state had the same Last-Modified

    @property
    def stamp(self) -> str:
        """Equal for equal states of the record, also when it was restored from a backup meanwhile."""
        return f"{self.revision} {self.seq} {self.changed_at.isoformat()}"


@dataclass(frozen=True)
class Record:
    """Turns rows into stories and documents. Everything it returns is a function of the record alone."""

    publication: Publication
    settings: FeedSettings
    kept: Kept[tuple[int, int, datetime | None], Story]  # by seq, version and time of withdrawal

    def feed(self, session: Session, which: Slice) -> Feed:
        """A slice's row; an empty one for days, configured sections and languages, and the publication itself.

        Raises NotFound for a slice that nobody ever used.
        """
        found = session.get(Feed, str(which))
        if found is not None:
            return found
        publication = self.publication
        known = (
            which.kind in ("all", "day")
            or (which.kind == "section" and publication.section_label(which.value, publication.language))
            or (which.kind == "language" and which.value in {tag.split("-")[0] for tag in publication.languages})
        )
        if not known:
            raise NotFound("Nothing was ever published here.")
        return Feed(slice=str(which), label="", revision=0, changed_at=NEVER, second_shared=False, seq=0)

    def state(self, session: Session, slices: Sequence[Slice]) -> State:
        """Where the feed of these slices stands. Raises NotFound when nobody ever used one of them."""
        rows = [self.feed(session, which) for which in slices]
        newest = max(rows, key=lambda row: row.seq)
        second = newest.changed_at.replace(microsecond=0)
        return State(
            slices=tuple(slices),
            labels=tuple(self.label(which, row.label) for which, row in zip(slices, rows, strict=True)),
            revision=sum(row.revision for row in rows),
            seq=newest.seq,
            changed_at=newest.changed_at,
            second_shared=newest.second_shared
            or any(row.seq != newest.seq and row.changed_at.replace(microsecond=0) == second for row in rows),
        )

    def newest(self, session: Session, which: Slice, count: int) -> list[Story]:
        """The newest standing articles of a slice, for its page."""
        query = newest_first(str(which)).where(FeedEntry.withdrawn_at.is_(None)).limit(count)
        return self.stories(session, [row.article_seq for row in session.execute(query)])

    def day(self, session: Session, day: Slice) -> list[Story]:
        """Every standing article of a day, newest first: as many as the day's counter says."""
        return self.stories(session, [row.article_seq for row in session.execute(newest_first(str(day)))])

    def listed(self, session: Session, which: Slice, ids: Sequence[str], count: int) -> list[Story]:
        """The first of these articles, in the order of `ids`, that stand in a slice."""
        query = select(Article.id, Article.seq).join(FeedEntry, FeedEntry.article_seq == Article.seq)
        rows = query.where(FeedEntry.slice == str(which), Article.id.in_(ids), Article.withdrawn_at.is_(None))
        seqs: dict[str, int] = dict(session.execute(rows).all()) if ids else {}
        return self.stories(session, [seqs[each] for each in ids if each in seqs][:count])

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
            urgency=enrichment.urgency,
            source=Source(enrichment.source["name"], enrichment.source.get("url") or "") if enrichment.source else None,
            canonical_url=enrichment.canonical_url or "",
            image=Image(**enrichment.image) if enrichment.image else None,
            card=name_of(card, enrichment.key) if (card := card_of(enrichment, self.publication)) else "",
            words=enrichment.words,
            reading_minutes=enrichment.reading_minutes,
        )

    def _section(self, enrichment: Enrichment) -> Term | None:
        """The section under its name in the article's own language."""
        section = enrichment.section
        return Term(section["slug"], self.publication.section_name(section, enrichment.language)) if section else None

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


def _size(story: Story) -> int:
    return sys.getsizeof(story.html) + sys.getsizeof(story.text) + 4000


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
