"""What follows for a post that readers can see when its article is changed or withdrawn. Called with account and posts
held."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.social.accounts import ACTIVE, choice_of, network_of, why_held
from services.social.post import CORRECTION, DELETE, EDIT, HELD, PLANNED, SEND, note, want
from shared.models import SocialAccount, SocialPost


def follow(session: Session, account: SocialAccount, post: SocialPost, version: int, now: float) -> bool:
    """Lets a post that shows an earlier version be edited or answered, as the account's rules say. Whether there is
    something to do for it."""
    choice, network = choice_of(account), network_of(account)
    if choice.on_edit == "nothing":
        return False
    if choice.on_edit == "reply":
        if _is_answered(session, post, version):
            return False
        until = now + choice.fresh_hours * 3600
        session.add(new_post(account, post.article_seq, f"{CORRECTION}.{version}", now, until))
        session.flush()
        return True
    if network.can.edit:
        want(carrier_of(session, post), EDIT, now)
        return True
    note(post, post.state, f"{network.name} has no edit: the post shows an earlier version", now)
    post.version = version
    return False


def retract(session: Session, account: SocialAccount, post: SocialPost, now: float) -> None:
    """Lets a post be taken back; one that others went out with is written anew without it, where the network can."""
    carrier = carrier_of(session, post)
    others = select(SocialPost.id).where(SocialPost.digest_id == carrier.id).limit(1)
    is_shared = session.scalar(others) is not None
    want(carrier, EDIT if is_shared and network_of(account).can.edit else DELETE, now)


def carrier_of(session: Session, post: SocialPost) -> SocialPost:
    """The post as the network has it: the one in which this one went out with others, or itself."""
    return post if post.digest_id is None else session.get_one(SocialPost, post.digest_id)


def new_post(account: SocialAccount, seq: int, kind: str, at: float, not_after: float) -> SocialPost:
    """A post, ready for its account's turn at that instant (seconds of the database's clock): planned, or held with the
    account's others."""
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
    if account.state != ACTIVE:
        note(post, HELD, why_held(account), at)
    want(post, SEND, at)
    return post


def _is_answered(session: Session, post: SocialPost, version: int) -> bool:
    """Whether this version has its answer, an earlier one's shows it already, or one waits that will show it."""
    about = (SocialPost.article_seq == post.article_seq, SocialPost.account_id == post.account_id)
    answers = session.execute(
        select(SocialPost.kind, SocialPost.wanted, SocialPost.version).where(
            *about, SocialPost.kind.startswith(f"{CORRECTION}.")
        )
    )
    return any(
        kind == f"{CORRECTION}.{version}" or wanted == SEND or shown >= version for kind, wanted, shown in answers
    )
