"""What a person decides about accounts and posts, in one transaction in which nobody else acts for the account: it is
locked and interrupted (services.social.turns), and the posts are held. Raises Conflict, which says what to do instead.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.social import concluding, offering
from services.social.accounts import ACTIVE, BROKEN, ON_HOLD, choice_of, hold_posts, release_posts
from services.social.changes import new_post
from services.social.post import (
    ARMED,
    FAILED,
    HELD,
    PLANNED,
    SEND,
    SKIPPED,
    UNCONFIRMED,
    VISIBLE,
    WAITING,
    move,
    note,
    want,
)
from services.social.wellbeing import Desk
from shared.errors import Conflict
from shared.models import SocialAccount, SocialPost

RESHARE = "reshare"


def hold(session: Session, account: SocialAccount, reason: str) -> None:
    """Nothing is posted by the account until it is resumed."""
    account.state, account.reason = ON_HOLD, reason or None
    hold_posts(session, account, _why_held(account))


def resume(session: Session, account: SocialAccount) -> None:
    if account.state == BROKEN:
        told = f"{account.name} is broken, and held by nobody: {account.reason} Mend it, then test it."
        raise Conflict(told)
    account.state, account.reason = ACTIVE, None
    release_posts(session, account)


def retry(desk: Desk, visible: Collection[int]) -> None:
    """Plans these posts anew (those that went out together, if nobody knows what came of them), with as much time as a
    new article has. `visible`: the articles among theirs that may be posted."""
    state = desk.post.state
    if state == UNCONFIRMED and desk.post.due_at is not None:
        raise Conflict(f"Post {desk.post.id} is being looked for at the network; what is found is seen on it soon.")
    if state not in (FAILED, SKIPPED, UNCONFIRMED):
        raise Conflict(f"Post {desk.post.id} is {state}: only a failed, skipped or unconfirmed one is tried again.")
    if not any(each.article_seq in visible for each in desk.posts):
        raise Conflict("Its article was withdrawn: nothing is posted about it any more.")
    begun = bool(desk.post.parts)
    for each in desk.posts:
        each.misses, each.first_armed_at, each.offered_at = 0, None, None
        each.attempts += 1
        each.not_after = desk.now + choice_of(desk.account).fresh_hours * 3600
        if not begun:
            each.digest_id = None
        if each.article_seq in visible:
            move(each, PLANNED, "a person asked for it again", desk.now)
            want(each, SEND, desk.now if not begun or each is desk.post else None)
            _keep_with(desk.account, each, desk.now)
        elif each.state != SKIPPED:
            move(each, SKIPPED, "the article was withdrawn", desk.now)


def confirm(desk: Desk, url: str) -> None:
    """An unconfirmed post, with those that went out in it, is there: somebody has seen it, at `url` if one is given."""
    if desk.post.state != UNCONFIRMED:
        raise Conflict(f"Post {desk.post.id} is {desk.post.state}: only an unconfirmed one is confirmed.")
    concluding.seen(desk, url)


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
    _keep_with(account, post, now)
    session.add(post)
    return post


def together(session: Session, post: SocialPost) -> Sequence[SocialPost]:
    """The post and those with which it went out, held: first the one that the network has."""
    first = post.id if post.digest_id is None else post.digest_id
    query = select(SocialPost).where(or_(SocialPost.id == first, SocialPost.digest_id == first))
    return session.scalars(query.order_by(SocialPost.digest_id.is_not(None), SocialPost.id).with_for_update()).all()


def _keep_with(account: SocialAccount, post: SocialPost, now: float) -> None:
    """A post of an account that cannot post waits with the others."""
    if account.state != ACTIVE:
        note(post, HELD, _why_held(account), now)


def _why_held(account: SocialAccount) -> str:
    return f"The account is {account.state}: {account.reason or 'by a person'}"


def _number(kind: str) -> int:
    name, _, number = kind.partition(".")
    return int(number) if name == RESHARE else 0
