"""Where people talk about an article: the newsroom's own posts about it, on networks where anybody can read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.feed.frame import web_url
from services.feed.networks import NETWORKS
from shared.models import Article, SocialAccount, SocialPost
from shared.posts import REMOVED, VISIBLE

# What an account may call its posts on Mastodon that not everybody is shown.
_FOR_FOLLOWERS = ("private", "direct")
# How addresses of posts in Telegram's private channels begin.
_MEMBERS_ONLY = "https://t.me/c/"


@dataclass(frozen=True)
class Discussion:
    """A post. `label` is its network's name, with the account's where the article was posted twice there."""

    label: str
    url: str


def discussions_of(session: Session, article_ids: Collection[str]) -> dict[str, tuple[Discussion, ...]]:
    """The posts about each of these articles that anybody can open: of each account the first, oldest account first.

    An account's corrections and repeats are not listed beside it; one that was removed has none.
    """
    rows = session.execute(
        select(Article.id, SocialPost.url, SocialPost.account_id)
        .add_columns(SocialAccount.network, SocialAccount.name, SocialAccount.identity, SocialAccount.settings)
        .join(SocialPost, SocialPost.article_seq == Article.seq)
        .join(SocialAccount, SocialAccount.id == SocialPost.account_id)
        .where(Article.id.in_(article_ids), SocialPost.state.in_(VISIBLE), SocialAccount.state != REMOVED)
        .order_by(SocialPost.account_id, SocialPost.id)
    )
    found: dict[str, dict[int, Any]] = {}
    for row in rows:
        if _is_open(row.network, row.url, row.settings):
            found.setdefault(row.id, {}).setdefault(row.account_id, row)
    return {article_id: _labelled(list(of_accounts.values())) for article_id, of_accounts in found.items()}


def _is_open(network: str, url: str, settings: dict[str, Any]) -> bool:
    """Slack, Discord and Matrix have no share link either: there only members read."""
    return (
        network in NETWORKS
        and bool(web_url(url))
        and not url.startswith(_MEMBERS_ONLY)
        and settings.get("visibility") not in _FOR_FOLLOWERS
    )


def _labelled(rows: Sequence[Any]) -> tuple[Discussion, ...]:
    accounts = Counter(row.network for row in rows)

    def label(row: Any) -> str:
        network = NETWORKS[row.network].label
        return network if accounts[row.network] == 1 else f"{network} ({row.identity or row.name})"

    return tuple(Discussion(label(row), row.url) for row in rows)
