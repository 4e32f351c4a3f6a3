"""Reads from the record what happened to articles, in the order in which it happened: that of the events' ids.

The feed worker records these events one transaction after the other, so an id once seen has none to come before it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select, text
from sqlalchemy.orm import Session, aliased, defer

from services.push.messages import Message, message
from shared.models import Article, Enrichment, Event, Publisher
from shared.publication import Publication

# In the very words of the index event_of_readers: SQLite takes a partial index for nothing else.
OF_READERS = text("event.name IN ('ArticlePublished', 'NoticePosted')")


@dataclass(frozen=True)
class Start:
    """Where a replay begins: after this event. `missing`: not everything since the id that was asked for is there."""

    after: int
    missing: bool


def newest(session: Session) -> int:
    """The id of the newest event; 0 when there is none."""
    return session.scalar(select(func.coalesce(func.max(Event.id), 0)).where(OF_READERS)) or 0


def start(session: Session, last_id: int, since: datetime) -> Start:
    """Where to go on for someone whose last event was `last_id`; nothing from before `since` is told again."""
    end = newest(session)
    if last_id > end:
        return Start(end, missing=True)
    following = session.scalar(select(Event.at).where(OF_READERS, Event.id > last_id).order_by(Event.id).limit(1))
    if following is None or following >= since:
        return Start(last_id, missing=False)
    return Start(before(session, since, end), missing=True)


def before(session: Session, since: datetime, end: int) -> int:
    """The last id before the first event from `since` on; found by halving, since times follow the ids."""
    low, high = 0, end  # nothing up to low is young enough, everything after high is
    while low < high:
        middle = (low + high) // 2
        found = session.execute(
            select(Event.id, Event.at).where(OF_READERS, Event.id > middle).order_by(Event.id).limit(1)
        ).first()
        if found is None or found.at >= since:
            high = middle
        else:
            low = found.id
    return low


def messages(
    session: Session, publication: Publication, *, after: int, up_to: int | None = None, limit: int
) -> list[Message]:
    """The next events after one, the oldest first."""
    query = _told().where(OF_READERS, Event.id > after).order_by(Event.id).limit(limit)
    return _read(session, publication, query if up_to is None else query.where(Event.id <= up_to))


def messages_of(session: Session, publication: Publication, ids: Collection[int]) -> list[Message]:
    """These events, the oldest first."""
    return _read(session, publication, _told().where(Event.id.in_(ids)).order_by(Event.id))


def _told() -> Select[Event, bool, Article, Enrichment, Publisher]:
    earlier = aliased(Event)
    told_before = exists().where(
        earlier.article_seq == Event.article_seq, earlier.name == "ArticlePublished", earlier.id < Event.id
    )
    return (
        select(Event, told_before, Article, Enrichment, Publisher)
        .join(Article, Article.seq == Event.article_seq)
        .join(Enrichment, Enrichment.article_seq == Article.seq)
        .join(Publisher, Publisher.id == Article.publisher_id)
        .options(defer(Article.submission), defer(Enrichment.html), defer(Enrichment.text))
    )


def _read(
    session: Session, publication: Publication, query: Select[Event, bool, Article, Enrichment, Publisher]
) -> list[Message]:
    return [
        message(
            publication, event, told_before=told_before, article=article, enrichment=enrichment, publisher=publisher
        )
        for event, told_before, article, enrichment, publisher in session.execute(query)
    ]
