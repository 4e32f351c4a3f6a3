"""Posts as people and programs are told them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from services.social import turns
from services.social.accounts import ACTIVE, by_name, choice_of, network_of
from services.social.draft import Draft
from services.social.network import Account
from services.social.office.opening import Office
from services.social.office.telling import LONGEST_HEADLINE, instant, moment, short, show_table
from services.social.post import ARTICLE, DELETED, FETCH, WAITING
from services.social.reading import find_article, read, with_campaign
from services.social.text.template import TemplateRefused
from services.social.text.writing import NoRoom
from services.social.trying import Counted, counted
from shared.db import db_now
from shared.errors import NotFound
from shared.models import Article, Enrichment, SocialAccount, SocialPost
from shared.text import cut
from shared.urls import article_path

Found = Row[SocialPost, SocialAccount, str, Enrichment | None]


def find(session: Session, number: int) -> SocialPost:
    """The post with this number. Raises NotFound."""
    post = session.get(SocialPost, number)
    if post is None:
        raise NotFound(f"There is no post {number}: masthead posts list shows the newest.")
    return post


def listed(office: Office, *, account: str, state: str | None, article: str, limit: int) -> list[dict[str, Any]]:
    """The newest posts, at most so many; those of this account, in this state, about this article. Raises NotFound."""
    with office.db.read() as session:
        query = _posts().order_by(SocialPost.id.desc()).limit(limit)
        if account:
            query = query.where(SocialPost.account_id == by_name(session, account, removed=True).id)
        if state:
            query = query.where(SocialPost.state == state)
        if article:
            query = query.where(SocialPost.article_seq == find_article(session, article))
        return [briefly(office, row) for row in session.execute(query)]


def about(session: Session, seq: int) -> Sequence[Found]:
    """All posts about an article, in their order."""
    return session.execute(_posts().where(SocialPost.article_seq == seq).order_by(SocialPost.id)).all()


def in_full(office: Office, number: int) -> dict[str, Any]:
    """Everything about a post; `texts` as they were sent, else as they would be now. Raises NotFound."""
    with office.db.read() as session:
        find(session, number)
        row = session.execute(_posts().where(SocialPost.id == number)).one()
        post, account = row[0], row[1]
        carrier = post if post.digest_id is None else session.get_one(SocialPost, post.digest_id)
        together = select(SocialPost.id).where(SocialPost.digest_id == carrier.id)
        return {
            **briefly(office, row),
            "next": _next(office, session, account, post),
            "history": [{**each, "at": instant(each["at"], office.zone)} for each in post.history],
            "texts": [asdict(text) for text in _texts(office, session, account, carrier)],
            "together_with": sorted({carrier.id, *session.scalars(together)} - {post.id}),
            "urls": [part["url"] for part in carrier.parts if part["url"]],
            "attempts": post.attempts,
            "likes": carrier.likes,
            "reposts": carrier.reposts,
            "replies": carrier.replies,
            "cost": carrier.cost,
        }


def briefly(office: Office, row: Found) -> dict[str, Any]:
    post, account, article_id, enrichment = row
    zone = office.zone
    path = article_path(enrichment.day, enrichment.slug, enrichment.key) if enrichment else ""
    return {
        "number": post.id,
        "account": account.name,
        "network": account.network,
        "article": article_id,
        "headline": enrichment.headline if enrichment else "",
        "address": office.publication.base_url + path,
        "kind": post.kind,
        "state": post.state,
        "reason": post.reason,
        "planned_at": instant(post.planned_at, zone),
        "due_at": instant(post.due_at, zone),
        "not_after": instant(post.not_after, zone),
        "sent_at": instant(post.sent_at, zone),
        "url": post.url,
    }


def tell_posts(posts: Sequence[dict[str, Any]]) -> None:
    rows = [
        (
            each["number"],
            short(each["sent_at"] or each["planned_at"]),
            each["account"],
            each["state"],
            cut(each["headline"], LONGEST_HEADLINE),
            each["reason"] or each["url"],
        )
        for each in posts
    ]
    show_table(("post", "when", "account", "state", "headline", "why, or where"), rows, numbers=("post",))


def tell_post(post: dict[str, Any], zone: str) -> None:
    click.echo(f"Post {post['number']} on {post['account']} ({post['network']}) is {post['state']}.")
    facts = {
        "why": post["reason"],
        "next": post["next"],
        "headline": post["headline"],
        "article": post["address"],
        "kind": "" if post["kind"] == ARTICLE else post["kind"],
        "was seen at" if post["state"] == DELETED else "seen at": "\n".join(post["urls"]) or post["url"],
        "with posts": ", ".join(map(str, post["together_with"])),
        "reactions": _reactions(post),
        "cost": f"${post['cost']:.3f}" if post["cost"] else "",
    }
    show_table(("", ""), [(name, value) for name, value in facts.items() if value])
    click.echo(f"\nHistory, in {zone}:")
    show_table(("", "", ""), [(short(each["at"]), each["state"], each["reason"] or "") for each in post["history"]])
    for text in post["texts"]:
        click.echo(f"\n{'Would read' if post['sent_at'] is None else 'Reads'}: {Counted(**text)}")
        click.echo("\n".join(f"    {line}".rstrip() for line in text["text"].split("\n")))


def _posts() -> Select[SocialPost, SocialAccount, str, Enrichment | None]:
    return (
        select(SocialPost, SocialAccount, Article.id, Enrichment)
        .join(SocialAccount, SocialAccount.id == SocialPost.account_id)
        .join(Article, Article.seq == SocialPost.article_seq)
        .outerjoin(Enrichment, Enrichment.article_seq == SocialPost.article_seq)
    )


def _next(office: Office, session: Session, account: SocialAccount, post: SocialPost) -> str:
    """When a post goes out that waits."""
    if post.state not in WAITING or post.due_at is None:
        return ""
    if account.state != ACTIVE:
        return f"it waits until the account, which is {account.state}, posts again"
    if post.wanted == FETCH:
        return f"it is on the feed until {moment(post.due_at, office.zone)}, to be fetched"
    now = session.scalars(select(db_now())).one()
    turn = turns.next_at(session, account, office.zone, now)
    at = max(post.due_at, turn if turn is not None else now)
    return "it goes out at once" if at <= now + 1 else f"it goes out at {moment(at, office.zone)} at the earliest"


def _texts(office: Office, session: Session, row: SocialAccount, carrier: SocialPost) -> tuple[Counted, ...]:
    network = network_of(row)
    account = Account(row.network, row.name, row.server, row.settings)
    if carrier.draft is not None and (carrier.parts or carrier.state not in WAITING):
        draft = Draft.from_json(carrier.draft)
    else:
        reading = read(session, office.publication, [carrier.article_seq]).get(carrier.article_seq)
        if reading is None or not reading.visible:
            return ()
        article = with_campaign(reading.article, row.name) if choice_of(row).campaign else reading.article
        try:
            draft = network.compose(article, account, key="", at=office.clock.now())
        except (TemplateRefused, NoRoom, ValueError):
            return ()
    return counted(network, account, draft.texts, draft.warning)


def _reactions(post: dict[str, Any]) -> str:
    known = (name for name in ("likes", "reposts", "replies") if post[name] is not None)
    return ", ".join(f"{name} {post[name]:,}" for name in known)
