"""`masthead posts why`: for every account, what became of an article, or why it is not posted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from services.social.accounts import REMOVED, by_name, choice_of
from services.social.choice import why_not
from services.social.office.opening import Office
from services.social.office.posts_told import about, briefly
from services.social.reading import Reading, find_article, read
from shared.listeners import SOCIAL_PLAN
from shared.models import Event, OutboxRow, SocialAccount

NOT_POSTED = "not posted"


def explained(office: Office, article: str, account: str) -> list[dict[str, Any]]:
    """One entry for each post about the article, and for each account without one. Raises NotFound."""
    with office.db.read() as session:
        seq = find_article(session, article)
        reading = read(session, office.publication, [seq]).get(seq)
        chosen = by_name(session, account).id if account else None
        accounts = session.scalars(
            select(SocialAccount).where(SocialAccount.state != REMOVED).order_by(SocialAccount.name)
        ).all()
        posts = about(session, seq)
        found = []
        for each in accounts:
            if chosen in (None, each.id):
                own = [briefly(office, row) for row in posts if row[0].account_id == each.id]
                found += own or [_not_posted(each, _why_not(session, each, seq, reading))]
        return found


def _not_posted(account: SocialAccount, reason: str) -> dict[str, Any]:
    return {"account": account.name, "network": account.network, "state": NOT_POSTED, "reason": reason, "url": ""}


def _why_not(session: Session, account: SocialAccount, seq: int, reading: Reading | None) -> str:
    """As it was decided when the article was published first, by the account's rules as they are now."""
    if reading is None:
        return "it is not on the pages yet"
    if not reading.visible:
        return "it was withdrawn"
    published = session.execute(
        select(Event.id, Event.at)
        .where(Event.article_seq == seq, Event.name == "ArticlePublished")
        .order_by(Event.id)
        .limit(1)
    ).first()
    if published is None:
        return "it is not on the pages yet"
    reason = why_not(choice_of(account), reading.facts, account.created_at, published.at)
    if reason:
        return reason
    looks = exists().where(
        OutboxRow.event_id == published.id, OutboxRow.listener == SOCIAL_PLAN.name, OutboxRow.state != "done"
    )
    if session.scalar(select(looks)):
        return "the social worker has not looked at it yet: masthead doctor says whether it runs"
    return "it was not chosen when it was published; the account's rules, or the article, have changed since"
