"""Feed documents with only what a reader does not have yet (RFC 3229 with the instance manipulation `feed`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased
from werkzeug.http import http_date, parse_accept_header

from services.feed.answers import Answer, Rendered, best_coding, content_headers, tag_of
from services.feed.documents import Documents
from services.feed.formats import FORMATS
from services.feed.kept import Kept
from services.feed.record import Record, State
from shared.db import Database
from shared.models import Article, FeedEntry
from shared.topics import Topic

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# Bytes for the items of earlier revisions, and for deltas that several readers ask for.
BASES_CAPACITY = 4_000_000
DELTAS_CAPACITY = 8_000_000
# A reader names what it has; a longer list is no reader's.
LONGEST_LIST = 2000
# Where more changed than this, the reader is given the whole.
MOST_CHANGED = 1000
_TAG = re.compile(r'"([0-9a-f]{24}\.[0-9]{1,18})(?:-[a-z]+)*"')


@dataclass(frozen=True)
class Deltas:
    """What readers of which revision have missed. Revisions are known that this process has given out or received."""

    db: Database
    record: Record
    documents: Documents
    bases: Kept[str, tuple[str, ...]]  # the items of a revision, by its tag
    made: Kept[tuple[str, str], Rendered]

    def remember(self, rendered: Rendered) -> None:
        """This revision may be the base of a delta from now on."""
        self.bases.put(rendered.tag, rendered.items, 100 * len(rendered.items) + 200)

    def answer(self, rendered: Rendered, topic: Topic, environ: WSGIEnvironment) -> Answer | None:
        """The 226 for a reader that has a known base of this feed; None when it must have the whole."""
        if not asks_for_delta(environ) or topic.slices[0].kind == "day":
            return None
        given = environ["HTTP_IF_NONE_MATCH"]
        named = [tag for tag in _TAG.findall(given) if self.bases.get(tag) is not None]
        if len(given) > LONGEST_LIST or not named:
            return None
        base = max(named, key=_seq)
        if base == rendered.tag:
            return None
        delta = self.made.get((rendered.tag, base)) or self._make(rendered, topic, base)
        return _answer(rendered, delta, base, environ) if delta is not None else None

    def _make(self, rendered: Rendered, topic: Topic, base: str) -> Rendered | None:
        had = self.bases.get(base) or ()
        with self.db.read() as session:
            state = self.record.state(session, topic.slices)
            if state.seq != rendered.seq:  # it has moved on; the next poll will find a base again
                return None
            document = self.documents.feed(session, topic.selection, state)
            gone = set(had) - {story.id for story in document.stories}
            if gone and not _still_stand(session, state, gone):  # a delta cannot take items back
                return None
            changed = _changed_since(session, state, _seq(base))
            if len(changed) > MOST_CHANGED:
                return None
        news = changed | {story.id for story in document.stories} - set(had)
        stories = tuple(story for story in document.stories if story.id in news)
        body = FORMATS[topic.format].render(replace(document, stories=stories))
        delta = replace(rendered, body=body, codings={}, ready={})
        self.made.put((rendered.tag, base), delta, delta.size)
        return delta


def asks_for_delta(environ: WSGIEnvironment) -> bool:
    """Whether the reader takes deltas and says what it has."""
    return (
        "HTTP_A_IM" in environ
        and "HTTP_IF_NONE_MATCH" in environ
        and any(name.lower() == "feed" and quality > 0 for name, quality in parse_accept_header(environ["HTTP_A_IM"]))
    )


def _answer(whole: Rendered, delta: Rendered, base: str, environ: WSGIEnvironment) -> Answer:
    """The tag is that of the whole: with this delta, the reader has it."""
    coding = best_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
    body = delta.representation(coding).body
    headers = [
        *content_headers(whole.content_type, coding, body),
        ("IM", "feed"),
        ("ETag", tag_of(whole.tag, coding)),
        ("Delta-Base", f'"{base}"'),
        ("Last-Modified", http_date(whole.last_modified)),
        ("Cache-Control", "no-store, im"),
        ("Vary", "A-IM, If-None-Match, Accept-Encoding"),
        *whole.extra_headers,
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Answer("226 IM Used", headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body)


def _seq(tag: str) -> int:
    return int(tag.partition(".")[2])


def _changed_since(session: Session, state: State, seq: int) -> set[str]:
    query = (
        select(Article.id)
        .join(FeedEntry, FeedEntry.article_seq == Article.seq)
        .where(FeedEntry.slice.in_([str(which) for which in state.slices]), FeedEntry.seq > seq)
    )
    return set(session.scalars(query.limit(MOST_CHANGED + 1)))


def _still_stand(session: Session, state: State, ids: set[str]) -> bool:
    """Whether all of these are in the feed, only too old to be shown."""
    query = select(Article.id).where(Article.id.in_(ids))
    for which in state.slices:
        entry = aliased(FeedEntry)
        query = query.where(
            exists().where(entry.slice == str(which), entry.article_seq == Article.seq, entry.withdrawn_at.is_(None))
        )
    return set(session.scalars(query)) == ids
