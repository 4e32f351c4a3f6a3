"""Who posts what: a published article becomes a planned post of every account that chooses it; what is changed or
withdrawn afterwards follows to where it was posted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import offering, turns
from services.social.accounts import REMOVED, choice_of, lock, network_of
from services.social.choice import why_not
from services.social.post import (
    ARTICLE,
    CORRECTION,
    DELETE,
    EDIT,
    HELD,
    PLANNED,
    SEND,
    SKIPPED,
    VISIBLE,
    WAITING,
    move,
    note,
    want,
)
from services.social.posting import Posting
from services.social.reading import Reading, published_before, read
from shared import outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.models import SocialAccount, SocialPost
from shared.publication import Publication
from shared.standing import load_for_effect
from shared.urgency import BREAKING


class Planning:
    """The handlers of published and withdrawn articles. Each looks at where the article stands now."""

    def __init__(self, db: Database, posting: Posting, publication: Publication, clock: Clock) -> None:
        self._db = db
        self._posting = posting
        self._publication = publication
        self._clock = clock

    def plan(self, claim: outbox.Claim) -> None:
        """Plans posts about these articles, and edits of posts that show an earlier version."""
        with self._db.write() as session:
            held = outbox.finish(session, claim)
            accounts = _accounts(session)
            if not accounts or not held:
                return
            seqs = {row.article_seq for row in held}
            load_for_effect(session, seqs)
            readings = read(session, self._publication, seqs)
            posts = _posts_about(session, seqs)
            concerned: set[int] = set()
            for row in held:
                reading = readings.get(row.article_seq)
                if reading is None or not reading.visible:
                    continue
                first = not published_before(session, reading.seq, row.event_id)
                for account in accounts:
                    own = [each for each in posts.get(reading.seq, ()) if each.account_id == account.id]
                    if own:
                        added = self._follow(session, account, own, reading)
                    else:
                        added = self._plan(session, account, reading, first=first)
                    if added:
                        concerned.add(account.id)
            begun = self._give_turns(session, concerned)
        self._posting.act(begun, waits=False)

    def withdraw(self, claim: outbox.Claim) -> None:
        """Nothing more is posted about these articles, and what was posted is taken back."""
        with self._db.write() as session:
            held = outbox.finish(session, claim)
            seqs = {row.article_seq for row in held}
            load_for_effect(session, seqs)
            readings = read(session, self._publication, seqs)
            gone = {seq for seq in seqs if seq not in readings or not readings[seq].visible}
            now = session.scalars(select(db_now())).one()
            concerned: set[int] = set()
            for posts in _posts_about(session, gone).values():
                for post in posts:
                    if self._take_back(session, post, now):
                        concerned.add(post.account_id)
            begun = self._give_turns(session, concerned)
        self._posting.act(begun, waits=False)

    def _plan(self, session: Session, account: SocialAccount, reading: Reading, *, first: bool) -> bool:
        choice = choice_of(account)
        facts = replace(reading.facts, first=first)
        now = self._clock.now()
        if why_not(choice, facts, account.created_at, now):
            return False
        at = session.scalars(select(db_now())).one()
        left = choice.fresh_hours * 3600 - (now - facts.published_at).total_seconds()
        post = new_post(account, reading.seq, ARTICLE, at, at + left)
        post.breaking = facts.urgency <= BREAKING
        if account.state != "active":
            note(post, HELD, f"The account is {account.state}: {account.reason or 'by a person'}", at)
        session.add(post)
        return True

    def _follow(self, session: Session, account: SocialAccount, own: Sequence[SocialPost], reading: Reading) -> bool:
        """Lets a change of the article follow to posts that readers can see; what waits is written when it is sent."""
        at = session.scalars(select(db_now())).one()
        outdated = [each for each in own if offering.is_offered(each) and each.version < reading.version]
        if outdated:
            offering.take_off(session, outdated[0], at)
            return True
        on_edit = choice_of(account).on_edit
        behind = [each for each in own if each.state in VISIBLE and each.version < reading.version]
        if not behind or on_edit == "nothing":
            return False
        if on_edit == "reply":
            kind = f"{CORRECTION}.{reading.version}"
            if any(each.kind == kind for each in own):
                return False
            session.add(new_post(account, reading.seq, kind, at, at + choice_of(account).fresh_hours * 3600))
            return True
        network = network_of(account)
        for each in behind:
            if network.can.edit:
                want(_carrier(session, each), EDIT, at)
            else:
                note(each, each.state, f"{network.name} has no edit: the post shows an earlier version", at)
                each.version = reading.version
        return network.can.edit

    def _take_back(self, session: Session, post: SocialPost, now: float) -> bool:
        """Whether the account has something to do for it. An armed or unconfirmed post is looked at when it is known
        what came of it."""
        if post.state in WAITING and post.sent_at is None:
            is_offered = offering.is_offered(post)
            if is_offered:
                offering.take_off(session, post, now)
            move(post, SKIPPED, "the article was withdrawn", now)
            want(post, "", None)
            return is_offered
        if post.state in VISIBLE or post.state in WAITING:
            carrier = _carrier(session, post)
            account = session.get_one(SocialAccount, post.account_id)
            want(carrier, EDIT if _shared(session, carrier) and network_of(account).can.edit else DELETE, now)
            return True
        return False

    def _give_turns(self, session: Session, ids: Collection[int]) -> outbox.Claim:
        """The turns that are due at once are this worker's own, as far as it has room for them."""
        held = lock(session, ids).values()
        now = session.scalars(select(db_now())).one()
        return turns.give(session, held, self._publication.tz, now, self._clock.now(), room=self._posting.room)


def new_post(account: SocialAccount, seq: int, kind: str, at: float, not_after: float) -> SocialPost:
    """A planned post, ready for its account's turn at that instant (seconds of the database's clock)."""
    post = SocialPost(
        article_seq=seq,
        account_id=account.id,
        kind=kind,
        state=PLANNED,
        history=[],
        not_after=not_after,
        breaking=False,
        version=0,
        parts=[],
        url="",
        attempts=0,
        misses=0,
        cost=0.0,
        planned_at=at,
    )
    note(post, PLANNED, "", at)
    want(post, SEND, at)
    return post


def _accounts(session: Session) -> list[SocialAccount]:
    return list(session.scalars(select(SocialAccount).where(SocialAccount.state != REMOVED).order_by(SocialAccount.id)))


def _posts_about(session: Session, seqs: Collection[int]) -> dict[int, list[SocialPost]]:
    """All posts about these articles, held until the commit."""
    query = select(SocialPost).where(SocialPost.article_seq.in_(seqs)).order_by(SocialPost.id).with_for_update()
    found: dict[int, list[SocialPost]] = {}
    for post in session.scalars(query):
        found.setdefault(post.article_seq, []).append(post)
    return found


def _carrier(session: Session, post: SocialPost) -> SocialPost:
    """The post as the network has it: the one in which this one went out with others, or itself."""
    return post if post.digest_id is None else session.get_one(SocialPost, post.digest_id)


def _shared(session: Session, carrier: SocialPost) -> bool:
    """Whether other articles went out in the same post."""
    return session.scalar(select(SocialPost.id).where(SocialPost.digest_id == carrier.id).limit(1)) is not None
