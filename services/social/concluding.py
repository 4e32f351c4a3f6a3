"""What follows from an answer of a network about a post that is to be sent, for it and for its account. Called in the
transaction that ends the account's turn, with account and posts held."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from services.social import changes, followed, notices
from services.social.accounts import network_of
from services.social.draft import Draft, Posted
from services.social.measuring import MINUTE, next_measure
from services.social.outcomes import (
    AccountBroken,
    NotSent,
    PictureMissing,
    PostError,
    RateLimited,
    Unknown,
)
from services.social.post import (
    ARMED,
    CONFIRM,
    FAILED,
    HELD,
    PLANNED,
    SEND,
    SENT,
    SKIPPED,
    STUBBORN,
    UNCONFIRMED,
    WAITING,
    move,
    note,
    want,
)
from services.social.wellbeing import BACK_OFF, RECHECK, Desk, broken, trouble, well
from shared.events import PostSent
from shared.models import Article, SocialPost

# For how long a stubborn post that is to be sent lets others of its account go first.
ASIDE = 15 * MINUTE
# Seconds before an unconfirmed post is looked up, and looked up again: lists of posts may be late.
LISTING_LAG, NEXT_LOOK = 15.0, 60.0
# Look-ups in a row after which a post is known not to be there.
ENOUGH_MISSES = 2


def sent(desk: Desk, draft: Draft, posted: Posted) -> None:
    """The network has the next part of the post; when it was the last, the post is sent."""
    post = desk.post
    post.parts, post.draft = [*post.parts, posted.as_json()], draft.as_json()
    post.misses, post.first_armed_at = 0, None
    well(desk)
    if posted.pause:
        desk.account.paused_until = desk.now + posted.pause
    network, complete = network_of(desk.account), len(post.parts) == len(draft.texts)
    post.cost = network.cost(replace(draft, texts=draft.texts[: len(post.parts)]))
    for each in desk.posts:
        each.url = each.url or posted.url
        each.sent_at = each.sent_at or desk.now
        if complete:
            move(each, SENT, "; ".join(posted.remarks), desk.now)
            want(each, "", None)
        else:
            move(each, PLANNED, f"part {len(post.parts)} of {len(draft.texts)} was sent", desk.now)
            want(each, SEND, desk.now if each is post else None)
    if complete:
        post.measure_at = next_measure(desk.now, desk.now) if network.can.measure else None
        followed.catch_up(desk)
    followed.announce(desk, PostSent)


def seen(desk: Desk, url: str) -> None:
    """A person has seen the unconfirmed post. Under which id the network has it, nobody knows."""
    post = desk.post
    assert post.draft is not None, f"post {post.id} is unconfirmed without a draft"
    for each in desk.posts:
        each.url = url or each.url
        each.sent_at = each.sent_at or each.armed_at or desk.now
        each.misses, each.first_armed_at = 0, None
        move(each, SENT, "a person has seen it", desk.now)
        want(each, "", None)
    post.cost = network_of(desk.account).cost(Draft.from_json(post.draft))
    followed.catch_up(desk)
    followed.announce(desk, PostSent)


def failed(desk: Desk, error: PostError) -> None:
    """The armed post did not come about, or it is not known whether it did."""
    if isinstance(error, Unknown):
        unconfirmed(desk, str(error))
        trouble(desk, error)
    elif isinstance(error, AccountBroken):
        _to_all(desk, HELD, str(error))
        broken(desk, error)
    elif isinstance(error, NotSent):
        not_sent(desk, error)
    else:
        refused(desk, str(error))


def not_sent(desk: Desk, error: NotSent) -> None:
    """Certainly nothing was posted: the post keeps its place, and its account waits a little. A picture that is missing
    is the post's own trouble."""
    post = desk.post
    for each in desk.posts:
        each.attempts += 1
        each.digest_id, each.first_armed_at = None, None
        if each.state != HELD:
            _go(each, PLANNED, str(error), desk.now)
        want(each, SEND, each.due_at or desk.now)
    if isinstance(error, PictureMissing):
        want(post, SEND, desk.now + BACK_OFF[min(post.attempts, len(BACK_OFF) - 1)])
        return
    if post.attempts >= STUBBORN and not isinstance(error, RateLimited):
        want(post, SEND, desk.now + ASIDE)
    trouble(desk, error)


def refused(desk: Desk, why: str) -> None:
    """The network will not take it. Those that were to go with it go without it."""
    post, *others = desk.posts
    move(post, FAILED, why, desk.now)
    want(post, "", None)
    _take_back_begun(desk)
    for each in others:
        each.digest_id, each.first_armed_at = None, None
        _go(each, PLANNED, f"it did not go out with another post: {why}", desk.now)
        want(each, SEND, desk.now)


def unconfirmed(desk: Desk, why: str, *, can_tell: bool = True) -> None:
    """Nobody knows whether the post is there. Where the network cannot tell either, a person has to look."""
    can = network_of(desk.account).can
    can_tell = can_tell and (can.find or bool(can.repeats))
    look_at = desk.now if can.repeats else desk.now + LISTING_LAG
    for each in desk.posts:
        _go(each, UNCONFIRMED, why, desk.now)
        want(each, CONFIRM, look_at if can_tell and each is desk.post else None)
    if not can_tell:
        desk.tell(
            f"unconfirmed:{desk.post.id}:{desk.post.attempts}",
            notices.unconfirmed(desk.account.name, desk.post.id, why),
        )
        _take_back_begun(desk)


def _take_back_begun(desk: Desk) -> None:
    """What is out of a thread that does not go on is taken back, if the article was withdrawn during the last call."""
    post = desk.post
    gone = select(Article.withdrawn_at).where(Article.seq == post.article_seq)
    if post.parts and desk.session.scalar(gone) is not None:
        changes.retract(desk.session, desk.account, post, desk.now)


def still_unknown(desk: Desk, error: PostError) -> None:
    """A repeat or look-up did not come about; what came of the first attempt is no clearer for it."""
    for each in desk.posts:
        _go(each, UNCONFIRMED, str(error), desk.now)
    desk.post.attempts += 1
    want(desk.post, CONFIRM, desk.now + NEXT_LOOK)
    if isinstance(error, AccountBroken):
        broken(desk, error)
    else:
        trouble(desk, error)


def missed(desk: Desk) -> None:
    """A look-up did not find the post. The second time this proves that there is none."""
    post = desk.post
    post.misses += 1
    if post.misses < ENOUGH_MISSES:
        want(post, CONFIRM, desk.now + NEXT_LOOK)
        return
    for each in desk.posts:
        each.misses, each.first_armed_at, each.digest_id = 0, None, None
        each.attempts += 1
        move(each, PLANNED, "it was looked for twice and is not there", desk.now)
        want(each, SEND, desk.now)


def postponed(desk: Desk, why: str, seconds: float) -> None:
    """Nothing was tried: the post's own page is not ready, say."""
    for each in desk.posts:
        note(each, each.state, why, desk.now)
        want(each, each.wanted or SEND, desk.now + seconds)


def skipped(desk: Desk, why: str) -> None:
    for each in desk.posts:
        _go(each, SKIPPED, why, desk.now)
        want(each, "", None)


def too_late(post: SocialPost) -> str:
    """Why a post whose time is over was not posted in time."""
    return f"it could not be posted in time: {post.reason or 'it waited for its turn'}"


def capped(desk: Desk, why: str) -> None:
    """What the account may spend is spent: its posts are not sent, and somebody is told once a day."""
    skipped(desk, why)
    desk.tell(f"capped:{desk.account.id}:{desk.clock.now():%Y-%m-%d}", notices.capped(desk.account.name, why))


def faulty(desk: Desk, why: str) -> None:
    """Something broke here, not at the network. What breaks every time is given up."""
    account = desk.account
    account.paused_until = max(account.paused_until, desk.now + BACK_OFF[1])
    if not desk.posts:
        account.check_at = desk.now + RECHECK
        return
    post = desk.post
    if post.state == ARMED:
        unconfirmed(desk, why)
        return
    if not post.wanted:
        followed.measured(desk, None)
        return
    post.attempts += 1
    if post.attempts < STUBBORN:
        note(post, post.state, why, desk.now)
    elif post.state in WAITING:
        refused(desk, why)
    elif post.state == UNCONFIRMED:
        unconfirmed(desk, why, can_tell=False)
    else:
        followed.kept(desk, why)


def _to_all(desk: Desk, state: str, why: str) -> None:
    for each in desk.posts:
        each.digest_id, each.first_armed_at = None, None
        _go(each, state, why, desk.now)
        want(each, SEND, each.due_at or desk.now)


def _go(post: SocialPost, state: str, why: str, now: float) -> None:
    """Moves, or writes the reason of the state the post is in already."""
    (note if post.state == state else move)(post, state, why, now)
