"""Posts that are fetched instead of sent: one at a time comes on top of their account's feed, and stays until a program
has fetched it or its time is over. So a poller that takes only the newest item gets every article.

    planned, to be sent ──offered──▶ planned, to be fetched ──fetched──▶ sent
                  ▲                    │            └─────unfetched──▶ skipped
                  └──────taken off─────┘

The feed itself is shown by the feed service, from the record (services.feed.posters).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import concluding, notices, turns
from services.social.accounts import ACTIVE, lock
from services.social.draft import Draft, Posted
from services.social.networks.outside import gap_of
from services.social.post import FETCH, MOVES, PLANNED, SEND, SENT, WAITING, note, want
from services.social.reading import Reading, read
from services.social.wellbeing import Desk
from services.social.work import together
from shared import outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.keys import hash_of
from shared.models import Article, SocialAccount, SocialPost
from shared.publication import Publication
from shared.urls import poster_urn


def new_address(account: SocialAccount) -> str:
    """Gives the account's feed a new address and returns the token in it (shared.urls.poster_path): told this once, as
    the record keeps only its hash. A former address leads nowhere from then on."""
    token = secrets.token_urlsafe(24)
    account.address_hash = hash_of(token)
    return token


def offered(desk: Desk, draft: Draft, written_from: Mapping[int, Reading], publication: Publication) -> None:
    """Puts a post on top of the feed, together with those that went into its draft; unless account, posts or articles
    are no longer as they were when it was written. The account's next turn then looks anew."""
    seqs = [post.article_seq for post in desk.posts]
    present = read(desk.session, publication, seqs)
    if desk.account.state != ACTIVE or any(post.state not in WAITING or post.wanted != SEND for post in desk.posts):
        return
    if any(not present[seq].visible or present[seq].version != written_from[seq].version for seq in seqs):
        return
    until = max(post.not_after for post in desk.posts)
    for post in desk.posts:
        post.version = present[post.article_seq].version
        post.digest_id = None if post is desk.post else desk.post.id
        note(post, PLANNED, "it is on the feed, and nobody has fetched it yet", desk.now)
        post.offered_at = desk.now
        want(post, FETCH, until if post is desk.post else None)
    desk.post.draft = draft.as_json()


def is_offered(post: SocialPost) -> bool:
    """Whether it is on the feed, alone or with others, and nobody has fetched it."""
    return post.state in WAITING and post.sent_at is None and post.offered_at is not None


def unfetched(desk: Desk) -> None:
    """The time of the post on top is over."""
    if desk.post.wanted != FETCH:
        return
    concluding.skipped(desk, "nobody fetched it in time")
    for post in desk.posts:
        post.offered_at = None
    key = f"unfetched:{desk.account.id}:{desk.clock.now():%Y-%m-%d}"
    desk.tell(key, notices.unfetched(desk.account.name))


def take_off(session: Session, post: SocialPost, now: float) -> None:
    """Takes a post that nobody has fetched off the feed, with those that share its item. They wait for their turn
    again, at their old place, and are written anew."""
    for each in together(session, post.digest_id or post.id):
        each.digest_id = each.offered_at = None
        if each.state in WAITING:
            note(each, each.state, "it was taken off the feed before anybody fetched it: an article was changed", now)
            want(each, SEND, each.planned_at)


class Visits:
    """The handler of what the feed service tells: that a program has fetched a feed while a post was on top of it."""

    def __init__(self, db: Database, publication: Publication, clock: Clock) -> None:
        self._db = db
        self._publication = publication
        self._clock = clock

    def fetched(self, claim: outbox.Claim) -> None:
        """Marks these posts sent, whatever became of them since, and lets the next ones come on top after the gap."""
        with self._db.write() as session:
            held = outbox.finish(session, claim)
            owners = select(SocialPost.account_id).where(SocialPost.id.in_([row.target_id for row in held]))
            accounts = lock(session, session.scalars(owners))
            now = session.scalars(select(db_now())).one()
            for row in held:
                posts = together(session, row.target_id)
                if posts and posts[0].draft is not None and SENT in MOVES[posts[0].state]:
                    desk = Desk(session, self._clock, accounts[posts[0].account_id], posts, now)
                    _sent(desk, Draft.from_json(posts[0].draft), row.version)
            turns.give(session, accounts.values(), self._publication.tz, now, self._clock.now())


def _sent(desk: Desk, draft: Draft, version: int) -> None:
    """The post was fetched as it told of this version of its article.

    When it was written anew since, others may have joined it that nobody has fetched: they wait again. What was fetched
    has its place in the feed, even if it was taken off. The pause begins with the visit: a poller that comes twice, the
    first time for a test, finds the same.
    """
    post, offered_at, remark = desk.post, desk.post.offered_at or desk.now, "it was fetched"
    if post.version != version:
        take_off(desk.session, post, desk.now)
        desk, post.version, remark = replace(desk, posts=[post]), version, "it was fetched before it was written anew"
    for each in desk.posts:
        each.offered_at = offered_at
    article_id = desk.session.scalars(select(Article.id).where(Article.seq == post.article_seq)).one()
    item, known = poster_urn(article_id, desk.account.id, post.kind), {"headline": draft.title}
    concluding.sent(desk, draft, Posted(item, state=known, remarks=(remark,), pause=gap_of(desk.account.settings)))
