"""What a person decides about accounts and posts, in one transaction in which nobody else acts for the account: it is
locked and interrupted (services.social.turns), and the posts are held. Raises Conflict, which says what to do instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social import concluding, offering
from services.social.accounts import ACTIVE, BROKEN, ON_HOLD, choice_of, hold_posts, release_posts, why_held
from services.social.changes import new_post
from services.social.draft import Draft, Posted
from services.social.post import (
    ARMED,
    FAILED,
    HELD,
    PLANNED,
    RESHARE,
    SEND,
    SENT,
    SKIPPED,
    UNCONFIRMED,
    VISIBLE,
    WAITING,
    move,
    note,
    want,
)
from services.social.wellbeing import Desk
from services.social.work import together
from shared.errors import Conflict
from shared.models import SocialAccount, SocialPost

NOT_OUT = (FAILED, SKIPPED, UNCONFIRMED)  # as far as is known: what can be tried again


def hold(session: Session, account: SocialAccount, reason: str) -> None:
    """Nothing is posted by the account until it is resumed."""
    account.state, account.reason = ON_HOLD, reason or None
    hold_posts(session, account, why_held(account))


def resume(session: Session, account: SocialAccount) -> None:
    if account.state == BROKEN:
        told = f"{account.name} is broken, and held by nobody: {account.reason} Mend it, then test it."
        raise Conflict(told)
    account.state, account.reason = ACTIVE, None
    release_posts(session, account)


def to_retry(session: Session, post: SocialPost) -> Sequence[SocialPost]:
    """The post and those that are planned anew with it, held. What went out in one post and is unconfirmed is decided
    together, and what was to go out with a post is tried again with it, else it would wait for nothing."""
    if post.digest_id is not None and post.state != UNCONFIRMED:
        return [post]
    return [each for each in together(session, post.digest_id or post.id) if each is post or each.state in NOT_OUT]


def retry(desk: Desk, visible: Collection[int]) -> None:
    """Plans these posts (`to_retry`) anew, each on its own, with as much time as a new article has. `visible`: the
    articles among theirs that may be posted; what is unconfirmed about others is at its end: it is not out, as a person
    has seen."""
    state = desk.post.state
    if state == UNCONFIRMED and desk.post.due_at is not None:
        raise Conflict(f"Post {desk.post.id} is being looked for at the network; what is found is seen on it soon.")
    if state not in NOT_OUT:
        raise Conflict(f"Post {desk.post.id} is {state}: only a failed, skipped or unconfirmed one is tried again.")
    if state != UNCONFIRMED and not any(each.article_seq in visible for each in desk.posts):
        raise Conflict("Its article was withdrawn: nothing is posted about it any more.")
    for each in desk.posts:
        each.digest_id = None
        if each.article_seq in visible:
            _plan_anew(desk, each)
        elif each.state == UNCONFIRMED:
            move(each, SKIPPED, "the article was withdrawn", desk.now)
            want(each, "", None)


def confirm(desk: Desk, url: str) -> None:
    """An unconfirmed post, with those that went out in it, is there: somebody has seen it, at `url` if one is given.

    Of a thread this is its part whose answer was lost, under an id that nobody knows; the thread ends with it.
    """
    post = desk.post
    if post.state != UNCONFIRMED:
        raise Conflict(f"Post {post.id} is {post.state}: only an unconfirmed one is confirmed.")
    assert post.draft is not None, f"post {post.id} is unconfirmed without a draft"
    draft, part = Draft.from_json(post.draft), len(post.parts) + 1
    post.draft = replace(draft, texts=draft.texts[:part]).as_json()
    if post.parts:
        post.parts = [*post.parts, Posted("", url, part - 1).as_json()]
    concluding.seen(desk, post.url or url)
    if part < len(draft.texts):
        told = f"a person has seen part {part} of {len(draft.texts)}; what follows in the thread was not sent"
        note(post, SENT, told, desk.now)


def cancel(session: Session, post: SocialPost, now: float) -> None:
    """A post that waits is not sent."""
    if post.state in VISIBLE:
        raise Conflict(f"Post {post.id} is {post.state}: withdraw the article to take it back.")
    if post.state not in WAITING:
        raise Conflict(f"Post {post.id} is {post.state}: only one that waits can be cancelled.")
    if post.sent_at is not None:
        raise Conflict(f"Post {post.id} was begun, its first part is out: withdraw the article to take it back.")
    if offering.is_offered(post):
        offering.take_off(session, post, now)
    move(post, SKIPPED, "a person cancelled it", now)
    want(post, "", None)


def reshare(session: Session, account: SocialAccount, seq: int, at: float, now: float) -> SocialPost:
    """One more post about an article, from that instant on, whatever the account's rules choose."""
    own = session.scalars(
        select(SocialPost).where(SocialPost.article_seq == seq, SocialPost.account_id == account.id).with_for_update()
    ).all()
    for each in own:
        if each.state in (*WAITING, ARMED):
            raise Conflict(f"{account.name} has the article before it already: post {each.id} is {each.state}.")
        if each.state == UNCONFIRMED:
            raise Conflict(f"{account.name} may have posted the article: first retry or confirm post {each.id}.")
    number = 1 + max((_number(each.kind) for each in own), default=0)
    post = new_post(account, seq, f"{RESHARE}.{number}", now, at + choice_of(account).fresh_hours * 3600)
    want(post, SEND, at)
    session.add(post)
    return post


def _plan_anew(desk: Desk, post: SocialPost) -> None:
    """It is written anew, unless a part of it is out already: then it goes on with the next."""
    post.misses, post.first_armed_at, post.offered_at = 0, None, None
    post.attempts += 1
    post.not_after = desk.now + choice_of(desk.account).fresh_hours * 3600
    if not post.parts:
        post.draft = None
    move(post, PLANNED, "a person asked for it again", desk.now)
    want(post, SEND, desk.now)
    if desk.account.state != ACTIVE:
        note(post, HELD, why_held(desk.account), desk.now)


def _number(kind: str) -> int:
    name, _, number = kind.partition(".")
    return int(number) if name == RESHARE else 0
