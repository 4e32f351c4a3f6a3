"""Who posts what: a published article becomes a planned post of every account that chooses it; what is changed or
withdrawn afterwards follows to where it was posted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import changes, offering, turns
from services.social.accounts import REMOVED, choice_of, lock
from services.social.choice import Choice, Facts, why_not
from services.social.post import ARTICLE, FAILED, SKIPPED, UNCONFIRMED, VISIBLE, WAITING, move, want
from services.social.posting import Posting
from services.social.reading import Reading, published_before, read
from services.social.work import hold
from shared import outbox
from shared.clock import Clock
from shared.db import Database, db_now
from shared.models import SocialAccount, SocialPost
from shared.publication import Publication
from shared.standing import load_for_effect
from shared.urgency import BREAKING

# Accounts with their rules, each read once for all articles.
Rules = Sequence[tuple[SocialAccount, Choice]]


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
            rules = _rules(session)
            if not rules or not held:
                return
            seqs = {row.article_seq for row in held}
            load_for_effect(session, seqs)
            found = read(session, self._publication, seqs)
            readings = [
                replace(found[row.article_seq], facts=self._facts(session, found[row.article_seq], row))
                for row in held
                if row.article_seq in found and found[row.article_seq].visible
            ]
            concerned = self._give_turns(session, self._planned(session, rules, readings))
        self._posting.act(concerned, waits=False)

    def _facts(self, session: Session, reading: Reading, row: outbox.Row) -> Facts:
        return replace(reading.facts, first=not published_before(session, reading.seq, row.event_id))

    def _planned(self, session: Session, rules: Rules, readings: Sequence[Reading]) -> dict[int, SocialAccount]:
        """Writes what is to be done; gives the accounts that have something to do, held until the commit."""
        known = _about(session, [reading.seq for reading in readings])
        now = self._clock.now()
        chosen = {
            (reading.seq, account.id)
            for reading in readings
            for account, choice in rules
            if (reading.seq, account.id) not in known and not why_not(choice, reading.facts, account.created_at, now)
        }
        accounts = _locked(session, {account for _, account in known | chosen})
        posts = _hold(session, [reading.seq for reading in readings])
        at = session.scalars(select(db_now())).one()
        busy: dict[int, SocialAccount] = {}
        for reading in readings:
            for account in accounts.values():
                own = [each for each in posts if (each.article_seq, each.account_id) == (reading.seq, account.id)]
                if own:
                    added = _follow(session, account, own, reading, at)
                elif added := (reading.seq, account.id) in chosen:
                    session.add(self._post(account, reading, at))
                    chosen.discard((reading.seq, account.id))
                if added:
                    busy[account.id] = account
        return busy

    def _post(self, account: SocialAccount, reading: Reading, at: float) -> SocialPost:
        left = choice_of(account).fresh_hours * 3600 - (self._clock.now() - reading.facts.published_at).total_seconds()
        post = changes.new_post(account, reading.seq, ARTICLE, at, at + left)
        post.breaking = reading.facts.urgency <= BREAKING
        return post

    def withdraw(self, claim: outbox.Claim) -> None:
        """Nothing more is posted about these articles, and what was posted is taken back."""
        with self._db.write() as session:
            held = outbox.finish(session, claim)
            seqs = {row.article_seq for row in held}
            load_for_effect(session, seqs)
            readings = read(session, self._publication, seqs)
            gone = [seq for seq in seqs if seq not in readings or not readings[seq].visible]
            accounts = _locked(session, {account for _, account in _about(session, gone)})
            now = session.scalars(select(db_now())).one()
            busy = {
                post.account_id: accounts[post.account_id]
                for post in _hold(session, gone)
                if post.account_id in accounts and _take_back(session, accounts[post.account_id], post, now)
            }
            begun = self._give_turns(session, busy)
        self._posting.act(begun, waits=False)

    def _give_turns(self, session: Session, accounts: Mapping[int, SocialAccount]) -> outbox.Claim:
        """The turns that are due at once are this worker's own, as far as it has room for them."""
        now = session.scalars(select(db_now())).one()
        room = self._posting.room
        return turns.give(session, accounts.values(), self._publication.tz, now, self._clock.now(), room=room)


def _rules(session: Session) -> Rules:
    rows = session.scalars(select(SocialAccount).where(SocialAccount.state != REMOVED).order_by(SocialAccount.id))
    return [(row, choice_of(row)) for row in rows]


def _locked(session: Session, ids: Collection[int]) -> dict[int, SocialAccount]:
    """These accounts, held until the commit, but for those that were removed: nobody acts for them any more."""
    return {number: row for number, row in lock(session, ids).items() if row.state != REMOVED}


def _about(session: Session, seqs: Collection[int]) -> set[tuple[int, int]]:
    """Articles and accounts that have a post together."""
    query = select(SocialPost.article_seq, SocialPost.account_id).where(SocialPost.article_seq.in_(seqs))
    return {(seq, account) for seq, account in session.execute(query)}


def _hold(session: Session, seqs: Collection[int]) -> list[SocialPost]:
    """All posts about these articles, held until the commit. Their accounts are locked before, as everywhere."""
    return hold(session, session.scalars(select(SocialPost.id).where(SocialPost.article_seq.in_(seqs))).all())


def _follow(session: Session, account: SocialAccount, own: Sequence[SocialPost], reading: Reading, at: float) -> bool:
    """Lets a change of the article follow to posts that readers can see; what waits is written when it is sent."""
    outdated = [each for each in own if offering.is_offered(each) and each.version < reading.version]
    if outdated:
        offering.take_off(session, outdated[0], at)
        return True
    behind = [each for each in own if each.state in VISIBLE and each.version < reading.version]
    followed = [changes.follow(session, account, each, reading.version, at) for each in behind]
    return any(followed)


def _take_back(session: Session, account: SocialAccount, post: SocialPost, now: float) -> bool:
    """Whether the account has something to do for it. What is armed, or unconfirmed and to be looked up, is taken back
    when it is known what came of it."""
    if post.state in WAITING and post.sent_at is None:
        is_offered = offering.is_offered(post)
        if is_offered:
            offering.take_off(session, post, now)
        move(post, SKIPPED, "the article was withdrawn", now)
        want(post, "", None)
        return is_offered
    given_up = post.parts and not post.wanted and post.state in (FAILED, UNCONFIRMED)  # of a thread, a part is out
    if post.state in VISIBLE or post.state in WAITING or given_up:
        changes.retract(session, account, post, now)
        return True
    return False
