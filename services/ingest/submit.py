"""Storing, replacing and withdrawing articles: the fact, its event and the answer for repeats in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import outbox
from shared.errors import Conflict, Fault, Invalid, NotFound, Refused
from shared.events import ArticleAccepted, ArticleUpdated, ArticleWithdrawn
from shared.models import Article, IdempotencyKey
from shared.submission import Submission


@dataclass(frozen=True)
class Stored:
    """`created` is False for a repeat: the same content under the same key or external_id."""

    article: Article
    created: bool


def check_time(submission: Submission, now: datetime) -> None:
    """Refuses a first publication in the future: a submission is published when it is accepted."""
    if submission.published_at and submission.published_at > now:
        fault = Fault(
            "/published_at",
            "lies in the future",
            submission.published_at.isoformat(),
            f"a time up to now, {now.isoformat(timespec='seconds')}; leave it out to publish now",
        )
        raise Invalid("Nothing was stored. To be mended: /published_at.", faults=[fault])


def submit(session: Session, publisher_id: int, submission: Submission, key: str | None, now: datetime) -> Stored:
    """Stores a new article, or finds the one that this is a repeat of.

    Raises Invalid (422) when the Idempotency-Key or the external_id already stands for other content.
    """
    check_time(submission, now)
    fingerprint = submission.fingerprint()
    if key and (known := session.get(IdempotencyKey, (publisher_id, key))):
        if known.fingerprint != fingerprint:
            raise Invalid(
                "This Idempotency-Key was used for another article.",
                faults=[Fault("", "Idempotency-Key was used with another body", key, "a new key for a new article")],
            )
        return Stored(session.get_one(Article, known.article_seq), created=False)
    article = _by_external_id(session, publisher_id, submission.external_id)
    created = article is None
    if article is None:
        article = Article(
            id=str(uuid.uuid4()),
            publisher_id=publisher_id,
            external_id=submission.external_id,
            version=1,
            fingerprint=fingerprint,
            submission=submission.as_record(),
            accepted_at=now,
            updated_at=now,
        )
        session.add(article)
        session.flush()
        outbox.record(session, [ArticleAccepted(article.seq, article.version, now)])
    elif article.fingerprint != fingerprint:
        raise Invalid(
            "This external_id already stands for another article; replace it with PUT and If-Match.",
            faults=[
                Fault(
                    "/external_id",
                    "stands for an article with another content",
                    article.external_id,
                    "a new id",
                )
            ],
            extra={"article": f"/v1/articles/{article.id}"},
        )
    if key:
        session.add(
            IdempotencyKey(
                publisher_id=publisher_id,
                key=key,
                fingerprint=fingerprint,
                article_seq=article.seq,
                created_at=now,
            )
        )
    return Stored(article, created)


def replace(
    session: Session,
    publisher_id: int,
    article_id: str,
    submission: Submission,
    if_match: str | None,
    now: datetime,
) -> Article:
    """Replaces an article's content under the same id. Needs If-Match with the current ETag (RFC 9110, 13.1.1)."""
    article = find(session, publisher_id, article_id, for_update=True)
    if if_match is None:
        raise Refused(
            f"Replacing needs If-Match with the version to be replaced, now {etag(article)}.",
            status=428,
            title="Precondition required",
            headers={"ETag": etag(article)},
        )
    check_match(article, if_match)
    if article.withdrawn_at:
        raise Conflict("The article is withdrawn; what was withdrawn cannot be replaced.")
    check_time(submission, now)
    if submission.external_id != article.external_id:
        taken = _by_external_id(session, publisher_id, submission.external_id)
        if taken is not None:
            fault = Fault("/external_id", "stands for another article", submission.external_id, "an id not yet used")
            raise Invalid("Nothing was replaced.", faults=[fault])
    fingerprint = submission.fingerprint()
    if fingerprint == article.fingerprint:
        return article
    article.external_id = submission.external_id
    article.fingerprint = fingerprint
    article.submission = submission.as_record()
    article.version += 1
    # Validators have whole seconds and never stand still, so neither may this.
    article.updated_at = max(now, article.updated_at + timedelta(seconds=1))
    outbox.record(session, [ArticleUpdated(article.seq, article.version, article.updated_at)])
    return article


def withdraw(
    session: Session,
    publisher_id: int,
    article_id: str,
    reason: str | None,
    if_match: str | None,
    now: datetime,
) -> Article:
    """Takes an article back. Withdrawing twice is the same as once."""
    article = find(session, publisher_id, article_id, for_update=True)
    if if_match is not None:
        check_match(article, if_match)
    if article.withdrawn_at is None:
        article.version += 1
        article.updated_at = max(now, article.updated_at + timedelta(seconds=1))
        article.withdrawn_at = article.updated_at
        article.withdrawal_reason = reason
        outbox.record(session, [ArticleWithdrawn(article.seq, article.version, article.updated_at)])
    return article


def find(session: Session, publisher_id: int, article_id: str, *, for_update: bool = False) -> Article:
    """A publisher's own article. Another's is not found either: its existence is nobody's business."""
    query = select(Article).where(Article.id == article_id.lower(), Article.publisher_id == publisher_id)
    article = session.scalar(query.with_for_update() if for_update else query)
    if article is None:
        raise NotFound(f"No article of yours has the id {article_id[:50]}.")
    return article


def etag(article: Article) -> str:
    """The version as a strong entity tag, for If-Match."""
    return f'"{article.version}"'


def check_match(article: Article, if_match: str) -> None:
    """Raises Refused (412) unless the header names the article's current version."""
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and etag(article) not in tags:
        raise Refused(
            f"The article is at version {etag(article)}; found If-Match: {if_match[:100]}.",
            status=412,
            title="The article was changed meanwhile",
            headers={"ETag": etag(article)},
        )


def _by_external_id(session: Session, publisher_id: int, external_id: str | None) -> Article | None:
    if external_id is None:
        return None
    return session.scalar(
        select(Article).where(Article.publisher_id == publisher_id, Article.external_id == external_id)
    )
