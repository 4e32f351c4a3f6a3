"""Storing, replacing and withdrawing articles: the fact, its event and the answer for repeats in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared import outbox
from shared.errors import Conflict, Fault, Invalid, NotFound, Refused
from shared.events import ArticleAccepted, ArticleUpdated, ArticleWithdrawn
from shared.models import Article, IdempotencyKey
from shared.submission import Submission
from shared.translations import names_of

# How far the clock of a publisher may be ahead of ours; what it calls now is then our now.
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Stored:
    """`created` is False for a repeat: the same content under the same key or external_id."""

    article: Article
    created: bool


def record_of(submission: Submission, now: datetime) -> dict[str, Any]:
    """What is stored of a submission. Refuses a first publication in the future: it is published once accepted."""
    record = submission.as_record()
    if submission.published_at and submission.published_at > now:
        if submission.published_at > now + CLOCK_TOLERANCE:
            fault = Fault(
                "/published_at",
                "lies in the future",
                submission.published_at.isoformat(),
                f"a time up to now, {now.isoformat(timespec='seconds')}; leave it out to publish now",
            )
            raise Invalid("Nothing was stored. To be mended: /published_at.", faults=[fault])
        del record["published_at"]
    return record


def submit(session: Session, publisher_id: int, submission: Submission, key: str | None, now: datetime) -> Stored:
    """Stores a new article, or finds the one that this is a repeat of.

    Raises Invalid (422) when the Idempotency-Key or the external_id already stands for other content.
    """
    fingerprint = submission.fingerprint()
    if key and (known := session.get(IdempotencyKey, (publisher_id, key))):
        if known.fingerprint != fingerprint:
            fault = Fault("", "was used with another body", key, "a new key", header="Idempotency-Key")
            raise Invalid("This Idempotency-Key was used for another article.", faults=[fault])
        return Stored(session.get_one(Article, known.article_seq), created=False)
    record = record_of(submission, now)
    article = _by_external_id(session, publisher_id, submission.external_id)
    created = article is None
    if article is None:
        article_id = str(uuid4())
        _refuse_itself(submission, article_id)
        article = Article(
            id=article_id,
            publisher_id=publisher_id,
            external_id=submission.external_id,
            version=1,
            fingerprint=fingerprint,
            submission=record,
            accepted_at=now,
            updated_at=now,
        )
        session.add(article)
        session.flush()
        outbox.record(session, [ArticleAccepted(article.seq, article.version, now)])
    elif article.fingerprint != fingerprint:
        raise _taken(article)
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
    article_id: UUID,
    submission: Submission,
    if_match: str | None,
    now: datetime,
) -> Article:
    """Replaces an article's content under the same id. Needs If-Match with the current ETag (RFC 9110, 13.1.1)."""
    article = find(session, publisher_id, article_id, for_update=True)
    if if_match is None:
        fault = Fault("", "is missing", None, f"the version to be replaced, now {etag(article)}", header="If-Match")
        raise Refused(
            f"Replacing needs If-Match with the version to be replaced, now {etag(article)}.",
            faults=[fault],
            status=428,
            title="Precondition required",
            headers={"ETag": etag(article)},
        )
    submission = _keep_external_id(session, article, submission)
    _refuse_itself(submission, article.id)
    fingerprint = submission.fingerprint()
    if fingerprint == article.fingerprint and not article.withdrawn_at:
        return article  # also when the version is another: the answer to this very request was lost (RFC 9110, 13.1.1)
    check_match(article, if_match)
    if article.withdrawn_at:
        raise Conflict("The article is withdrawn; what was withdrawn cannot be replaced.")
    article.submission = record_of(submission, now)
    article.external_id = submission.external_id
    article.fingerprint = fingerprint
    article.version += 1
    # Validators have whole seconds and never stand still, so neither may this.
    article.updated_at = max(now, article.updated_at + timedelta(seconds=1))
    outbox.record(session, [ArticleUpdated(article.seq, article.version, article.updated_at)])
    return article


def withdraw(
    session: Session,
    publisher_id: int,
    article_id: UUID,
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


def find(session: Session, publisher_id: int, article_id: UUID, *, for_update: bool = False) -> Article:
    """A publisher's own article. Another's is not found either: its existence is nobody's business."""
    query = select(Article).where(Article.id == str(article_id), Article.publisher_id == publisher_id)
    article = session.scalar(query.with_for_update() if for_update else query)
    if article is None:
        raise NotFound("No article of yours has this id.")
    return article


def etag(article: Article) -> str:
    """The version as a strong entity tag, for If-Match."""
    return f'"{article.version}"'


def check_match(article: Article, if_match: str) -> None:
    """Raises Refused (412) unless the header names the article's current version."""
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and etag(article) not in tags:
        fault = Fault(
            "", "names another version", if_match[:100], f"{etag(article)}, with its quotes", header="If-Match"
        )
        raise Refused(
            f"The article is at version {etag(article)}; look at it before you change it.",
            faults=[fault],
            status=412,
            title="The article was changed meanwhile",
            headers={"ETag": etag(article)},
        )


def _keep_external_id(session: Session, article: Article, submission: Submission) -> Submission:
    """A replacement may leave the external_id out or bring a first one; another would let the old one make a double."""
    if submission.external_id is None:
        return submission.model_copy(update={"external_id": article.external_id})
    if article.external_id is None:
        taken = _by_external_id(session, article.publisher_id, submission.external_id)
        if taken is not None:
            raise _taken(taken)
    elif submission.external_id != article.external_id:
        fault = Fault("/external_id", "cannot be changed", submission.external_id, article.external_id)
        raise Invalid("Nothing was replaced. To be mended: /external_id.", faults=[fault])
    return submission


def _refuse_itself(submission: Submission, article_id: str) -> None:
    name = submission.translation_of
    if name in names_of(article_id, submission.external_id):
        fault = Fault("/translation_of", "is the article itself", name, "another article, or leave it out")
        raise Invalid("Nothing was stored. To be mended: /translation_of.", faults=[fault])


def _taken(article: Article) -> Invalid:
    path = f"/v1/articles/{article.id}"
    fault = Fault(
        "/external_id",
        f"stands for {path}, which has another content",
        article.external_id,
        "an id not yet used; or replace that article with PUT and If-Match",
    )
    return Invalid(
        f"Nothing was stored: this external_id stands for {path} already.", faults=[fault], extra={"article": path}
    )


def _by_external_id(session: Session, publisher_id: int, external_id: str | None) -> Article | None:
    if external_id is None:
        return None
    return session.scalar(
        select(Article).where(Article.publisher_id == publisher_id, Article.external_id == external_id)
    )
