"""What follows from an answer of a network about a post that is out: edits, deletions, reactions. Called in the
transaction that ends the account's turn, with account and posts held."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from services.social import changes, notices
from services.social.draft import Draft, Posted
from services.social.measuring import next_measure
from services.social.network import Measured
from services.social.outcomes import AccountBroken, NotSent, PostError, RateLimited
from services.social.post import DELETE, DELETED, EDIT, EDITED, MOVES, move, note, want
from services.social.wellbeing import BACK_OFF, Desk, broken, trouble, well
from shared import outbox
from shared.events import Event, PostDeleted, PostSent
from shared.models import Article, Enrichment, SocialPost


def catch_up(desk: Desk) -> None:
    """What happened to the articles while the post was on its way: later versions, withdrawals."""
    articles = {
        seq: (withdrawn_at, version)
        for seq, withdrawn_at, version in desk.session.execute(
            select(Article.seq, Article.withdrawn_at, Enrichment.version)
            .join(Enrichment, Enrichment.article_seq == Article.seq)
            .where(Article.seq.in_([each.article_seq for each in desk.posts]))
        )
    }
    for each in _still_there(desk):
        withdrawn_at, version = articles[each.article_seq]
        if withdrawn_at is not None:
            changes.retract(desk.session, desk.account, each, desk.now)
            return
        if version > each.version:
            changes.follow(desk.session, desk.account, each, version, desk.now)


def edited(desk: Desk, draft: Draft | None, parts: Sequence[Posted], versions: dict[int, int], remark: str) -> None:
    """The post shows the articles as they are now; `versions` are those of the articles that are in it still.

    Without a draft nothing was changed: there was nothing to change, or it cannot be, as the remark says. A post that
    shows an article which may not be shown is then taken back as a whole.
    """
    post = desk.post
    if post.wanted == EDIT:  # and not, by now, something more pressing
        want(post, "", None)
    if draft is not None:
        post.draft, post.parts = draft.as_json(), [each.as_json() for each in parts]
        well(desk)
    for each in _still_there(desk):
        if each.article_seq not in versions:
            if draft is None:
                want(post, DELETE, desk.now)
            else:
                move(each, DELETED, "it was taken out of the post that it shared with others", desk.now)
            continue
        each.version = versions[each.article_seq]
        if draft is not None:
            move(each, EDITED, remark, desk.now)
        elif remark:
            note(each, each.state, remark, desk.now)
    if not post.wanted:
        catch_up(desk)
    announce(desk, PostSent)


def deleted(desk: Desk, why: str) -> None:
    """The post is gone from the network, and everything that went out with it."""
    want(desk.post, "", None)
    desk.post.measure_at = None
    for each in _still_there(desk):
        if DELETED in MOVES[each.state]:
            move(each, DELETED, why, desk.now)
    well(desk)
    announce(desk, PostDeleted)


def kept(desk: Desk, why: str) -> None:
    """The network cannot do what was wanted; a person may."""
    note(desk.post, desk.post.state, why, desk.now)
    want(desk.post, "", None)
    desk.tell(f"kept:{desk.post.id}:{desk.post.version}", notices.kept(desk.account.name, desk.post.id, why))


def not_changed(desk: Desk, error: PostError) -> None:
    """An edit or deletion had no answer: it is tried again, as often as it takes within the back-off."""
    note(desk.post, desk.post.state, str(error), desk.now)
    if isinstance(error, AccountBroken):
        broken(desk, error)
        return
    desk.post.attempts += 1
    pause = BACK_OFF[min(desk.post.attempts, len(BACK_OFF) - 1)] if isinstance(error, NotSent) else 0.0
    want(desk.post, desk.post.wanted, desk.now + pause)
    trouble(desk, error)


def measured(desk: Desk, found: Measured | None) -> None:
    """Reactions as they are now; None where the network does not tell any more."""
    post = desk.post
    if found is None or post.sent_at is None:
        post.measure_at = None
        return
    post.likes, post.reposts, post.replies = found.likes, found.reposts, found.replies
    post.measure_at = next_measure(post.sent_at, desk.now)


def unmeasured(desk: Desk, error: PostError) -> None:
    """The reactions were not told this time: no reason to keep the account from posting."""
    sent_at = desk.post.sent_at
    desk.post.measure_at = next_measure(sent_at, desk.now) if sent_at is not None else None
    if isinstance(error, RateLimited):
        trouble(desk, error)


def announce(desk: Desk, kind: type[PostSent] | type[PostDeleted]) -> None:
    at = desk.clock.now()
    events: list[Event] = [kind(each.article_seq, each.version, at) for each in desk.posts]
    outbox.record(desk.session, events)


def _still_there(desk: Desk) -> list[SocialPost]:
    return [each for each in desk.posts if each.state != DELETED]
