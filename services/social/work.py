"""What an account's turn is about, as it stood when the turn began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from services.social.article import Article
from services.social.choice import Choice
from services.social.draft import Draft, Posted
from services.social.network import Account, Network
from services.social.reading import Reading, with_campaign
from services.social.wellbeing import Desk
from shared.engine import Job
from shared.models import SocialAccount, SocialPost

# What is written about a turn, in the transaction that ends it.
Conclusion = Callable[[Desk], None]


@dataclass
class Turn(Job):
    account_id: int = 0
    what: str = ""
    posts: tuple[int, ...] = ()
    conclude: Conclusion | None = None


@dataclass
class Work:
    """`posts`: the one that is acted for, and behind it those that go with it. `account` is renewed with its access."""

    turn: Turn
    row: SocialAccount
    account: Account
    network: Network
    choice: Choice
    posts: Sequence[SocialPost]
    readings: dict[int, Reading]
    now: float
    renewed: bool = field(default=False, init=False)

    @property
    def post(self) -> SocialPost:
        return self.posts[0]

    @property
    def at(self) -> datetime:
        """When the turn began: networks keep to the real time, whatever the publication's clock says."""
        return datetime.fromtimestamp(self.now, UTC)

    @property
    def done(self) -> tuple[Posted, ...]:
        """The parts that the network has; one that only a person has seen is without its id."""
        return tuple(Posted.from_json(each) for each in self.post.parts)

    @property
    def draft(self) -> Draft:
        assert self.post.draft is not None, f"post {self.post.id} was armed without a draft"
        return Draft.from_json(self.post.draft)

    @property
    def visible(self) -> list[Reading]:
        """The articles that may be shown, in the order of their posts."""
        return [self.readings[post.article_seq] for post in self.posts if self.may_show(post)]

    def may_show(self, post: SocialPost) -> bool:
        reading = self.readings.get(post.article_seq)
        return reading is not None and reading.visible

    def articles(self) -> list[Article]:
        """The visible ones, at the addresses that count who came by this account, if that is wanted."""
        found = [reading.article for reading in self.visible]
        return [with_campaign(each, self.account.name) for each in found] if self.choice.campaign else found


def hold(session: Session, ids: Sequence[int]) -> list[SocialPost]:
    """These posts in their order, held until the commit."""
    query = select(SocialPost).where(SocialPost.id.in_(ids)).order_by(SocialPost.id).with_for_update()
    rows = {post.id: post for post in session.scalars(query.execution_options(populate_existing=True))}
    return [rows[each] for each in ids]


def articles_of(session: Session, carrier: int) -> set[int]:
    """The articles of the post of this id and of those that went out with it or were to; nothing is held."""
    return set(session.scalars(select(SocialPost.article_seq).where(_with(carrier))))


def together(session: Session, carrier: int) -> Sequence[SocialPost]:
    """The post of this id and those that went out with it or were to, it first; held until the commit."""
    query = select(SocialPost).where(_with(carrier)).order_by(SocialPost.id).with_for_update()
    return sorted(session.scalars(query), key=lambda post: post.id != carrier)


def _with(carrier: int) -> ColumnElement[bool]:
    return or_(SocialPost.id == carrier, SocialPost.digest_id == carrier)
