"""The private feeds from which outside posters fetch what they post (docs/posters.md).

What is on them and in which order is decided by social (services.social.offering); here it is shown, and told when a
program has fetched what was newest.
"""

from __future__ import annotations

import hmac
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from services.feed.answers import Rendered
from services.feed.feed_views import answer
from services.feed.formats.fields import MEDIA_TYPES
from services.feed.formats.posters import RENDER, PosterFeed, PosterItem
from services.feed.kept import Kept
from services.feed.visitors import is_poller, visitor_of
from shared import outbox
from shared.clock import Clock
from shared.db import Database
from shared.errors import NotFound
from shared.events import PosterFetched
from shared.keys import hash_of
from shared.limits import Limiter
from shared.models import Article, Enrichment, SocialAccount, SocialPost
from shared.publication import Publication
from shared.urls import poster_urn
from shared.visibility import visible_clause

# Items in a feed, most of them for pollers that take all they have not seen.
WINDOW = 20
# Nobody but the poster keeps a copy, and it asks each time.
POSTER_CACHE = "private, max-age=0"
# Items of which this process remembers that it told they were fetched.
REMEMBERED = 1000


@dataclass(frozen=True)
class Released:
    """A post that is, or was, on top of a feed. `fetched`: that a program took it is recorded."""

    post_id: int
    version: int
    fetched: bool
    visible: bool
    item: PosterItem


class Posters:
    """Finds the feeds, and tells of visits. Serves any number of threads."""

    def __init__(self, db: Database, publication: Publication, clock: Clock) -> None:
        self._db = db
        self._publication = publication
        self._clock = clock
        self._told: Kept[tuple[int, datetime], bool] = Kept(REMEMBERED)

    def find(self, token: str) -> tuple[PosterFeed, Sequence[Released]]:
        """The feed with this token in its address, and what is on it. Raises NotFound.

        The search is for the token's hash, so how long it takes tells nothing about tokens.
        """
        asked = hash_of(token)
        with self._db.read() as session:
            account = session.scalars(select(SocialAccount).where(SocialAccount.address_hash == asked)).first()
            if account is None or not hmac.compare_digest(account.address_hash or "", asked):
                raise NotFound("There is no such feed, or it has another address by now.")
            found = shown(_released(session, account.id), active=account.state == "active")
            return self._feed(account, found), found

    def note_visit(self, newest: Released) -> None:
        """Tells that a program has fetched the feed with this on top of it: once for each item, not for each visit."""
        key = (newest.post_id, newest.item.released_at)
        if newest.fetched or self._told.get(key):
            return
        with self._db.write() as session:
            outbox.record(session, [PosterFetched(newest.post_id, self._clock.now(), newest.version)])
        self._told.put(key, True, 1)

    def _feed(self, account: SocialAccount, found: Sequence[Released]) -> PosterFeed:
        name, home = self._publication.name, self._publication.base_url
        return PosterFeed(
            urn=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{home}/posters/{account.name}')}",
            title=f"{name}: {account.name}",
            home_url=f"{home}/",
            language=self._publication.language,
            changed_at=found[0].item.released_at if found else account.created_at,
            items=tuple(each.item for each in found),
        )


def make_poster_views(posters: Posters, limiter: Limiter, proxies: int) -> Blueprint:
    views = Blueprint("posters", __name__)

    @views.get(f"/posters/<token>.<any({', '.join(RENDER)}):format>")
    def feed(token: str, format: str) -> Any:
        try:
            document, found = posters.find(token)
        except NotFound:
            limiter.blame(visitor_of(request.environ, proxies).address)
            raise
        limiter.poll(hash_of(token))
        if found and is_poller(request.environ):
            posters.note_visit(found[0])
        return answer(_rendered(document, format))

    return views


def shown(released: Sequence[Released], *, active: bool) -> list[Released]:
    """What a feed shows of what was released, the newest first.

    What nobody has fetched is not shown while the account may not post. What was fetched never comes back on top, where
    a poller that knows the newest item only would take it for new: while the newest of them cannot be seen any more,
    the older ones wait until there is one above them.
    """
    on_top = [each for each in released if not each.fetched and each.visible and active]
    taken = [each for each in released if each.fetched]
    if not on_top and taken and not taken[0].visible:
        return []
    return on_top + [each for each in taken if each.visible]


def _released(session: Session, account_id: int) -> list[Released]:
    """The posts that came on top last, the newest first. One that tells of several articles is visible if all are."""
    other = aliased(SocialPost)
    hidden = (
        exists()
        .where(other.digest_id == SocialPost.id, other.article_seq == Article.seq, ~visible_clause())
        .where(Enrichment.article_seq == Article.seq)
        .correlate(SocialPost)
    )
    rows = session.execute(
        select(SocialPost, Article.id, visible_clause() & ~hidden)
        .join(Article, Article.seq == SocialPost.article_seq)
        .join(Enrichment, Enrichment.article_seq == Article.seq)
        .where(SocialPost.account_id == account_id, SocialPost.offered_at.is_not(None), SocialPost.digest_id.is_(None))
        .where(or_(SocialPost.sent_at.is_not(None), SocialPost.wanted == "fetch"))
        .order_by(SocialPost.offered_at.desc(), SocialPost.id.desc())
        .limit(WINDOW)
    )
    return [_read(post, article_id, visible=bool(visible)) for post, article_id, visible in rows]


def _read(post: SocialPost, article_id: str, *, visible: bool) -> Released:
    assert post.draft is not None and post.offered_at is not None, f"post {post.id} was offered without a draft"
    link = post.draft["link"]
    item = PosterItem(
        urn=poster_urn(article_id, post.account_id, post.kind),
        # Pollers that go by the link take a second post about an article for another item.
        url=link if post.kind == "article" else f"{link}#{post.kind}",
        text="\n\n".join(post.draft["texts"]),
        language=post.draft["language"],
        # Never before the poller's last visit, as pollers that go by dates compare.
        released_at=datetime.fromtimestamp(math.ceil(post.offered_at), UTC),
    )
    return Released(post.id, post.version, post.sent_at is not None, visible, item)


def _rendered(feed: PosterFeed, format: str) -> Rendered:
    """Only its ETag tells what a client has: items come and go within a second, and what is withdrawn takes its date
    with it."""
    return Rendered(
        slices=(),
        content_type=f"{MEDIA_TYPES[format]}; charset=utf-8",
        body=RENDER[format](feed),
        last_modified=feed.changed_at,
        second_shared=True,
        cache_control=POSTER_CACHE,
        extra_headers=(("X-Robots-Tag", "noindex, nofollow"),),
    )
