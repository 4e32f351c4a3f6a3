"""The record, on one page. Each table names its one writer; every other service only reads it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")
# A slice's key. Ranges of keys are asked for, so its order is that of its bytes, whatever order the database prefers.
SliceKey = String(300).with_variant(String(300, collation="C"), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own way
        datetime: UtcDateTime,
        date: Date,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class Installation(Base):
    """Who this record is; keys in Redis carry the id, so two installations never mix. Writer: the migration job."""

    __tablename__ = "installation"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)


class Publisher(Base):
    """Who may submit. Writer: cli."""

    __tablename__ = "publisher"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class ApiKey(Base):
    """A key's prefix in clear, its secret as SHA-256 (it is random: a slow hash would add nothing). Writer: cli."""

    __tablename__ = "api_key"
    prefix: Mapped[str] = mapped_column(String(16), primary_key=True)
    publisher_id: Mapped[int] = mapped_column(ForeignKey("publisher.id"))
    secret_hash: Mapped[str] = mapped_column(String(64))
    label: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Article(Base):
    """What a publisher submitted, and whether it stands. Writer: ingest."""

    __tablename__ = "article"
    seq: Mapped[int] = mapped_column(Serial, primary_key=True)
    id: Mapped[str] = mapped_column(String(36), unique=True)  # UUID; urn:uuid:<id> is the item's id in every output
    publisher_id: Mapped[int] = mapped_column(ForeignKey("publisher.id"))
    external_id: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(Integer, default=1)  # moves by one with every replacement
    fingerprint: Mapped[str] = mapped_column(String(64))  # SHA-256 of the submission, to tell a repeat from a change
    submission: Mapped[dict[str, Any]]  # as accepted, before any normalisation (shared.submission.Submission)
    accepted_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("publisher_id", "external_id", name="one_article_per_external_id"),)


class IdempotencyKey(Base):
    """Which article an Idempotency-Key stands for. Writer: ingest."""

    __tablename__ = "idempotency_key"
    publisher_id: Mapped[int] = mapped_column(ForeignKey("publisher.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"))
    created_at: Mapped[datetime] = mapped_column(index=True)


class Enrichment(Base):
    """The article as outputs show it: normalised, safe, complete. Writer: enrich.

    published_at, day, slug and key are set by the first enrichment and never moved: they make the page's address.
    """

    __tablename__ = "enrichment"
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)  # the article's version that was enriched
    published_at: Mapped[datetime]
    day: Mapped[date] = mapped_column(index=True)  # local date of first publication in the publication's zone
    slug: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(12), unique=True)  # short opaque part of the page's address
    updated_at: Mapped[datetime]  # last change a reader can see
    headline: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)  # plain text: the publisher's, else the excerpt
    language: Mapped[str] = mapped_column(String(35))  # BCP 47
    direction: Mapped[str] = mapped_column(String(3))  # ltr or rtl
    bylines: Mapped[list[Any]]  # [{"slug", "label"}]
    section: Mapped[dict[str, Any] | None]  # {"slug", "label"}
    tags: Mapped[list[Any]]  # [{"slug", "label"}]
    dateline: Mapped[str | None] = mapped_column(Text)
    urgency: Mapped[int | None] = mapped_column(Integer)  # 1 to 9 (shared.urgency); empty when none was given
    source: Mapped[dict[str, Any] | None]  # {"name", "url"} of syndicated copy
    canonical_url: Mapped[str | None] = mapped_column(Text)
    # Of which article this is a translation (shared.translations.reference); empty for one that is an original.
    original: Mapped[str | None] = mapped_column(String(530))
    image: Mapped[dict[str, Any] | None]  # {"url", "alt", "credit"}
    words: Mapped[int] = mapped_column(Integer)
    reading_minutes: Mapped[int] = mapped_column(Integer)
    keywords: Mapped[list[Any]]
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    duplicate_of: Mapped[str | None] = mapped_column(
        String(36)
    )  # id of the earliest article with the same content_hash
    notes: Mapped[list[Any]]  # [{"step", "field", "notice"}], shown on the receipt
    enriched_at: Mapped[datetime]
    __table_args__ = (Index("enrichment_by_original", "original", "article_seq"),)


class Tally(Base):
    """The counters in which an article stands right now; what is to be counted is the difference. Writer: count."""

    __tablename__ = "tally"
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"), primary_key=True, autoincrement=False)
    slices: Mapped[list[Any]]
    counted_at: Mapped[datetime]


class Counter(Base):
    """How many published articles each slice has; mirrored into Redis (shared.counters). Writer: count."""

    __tablename__ = "counter"
    slice: Mapped[str] = mapped_column(SliceKey, primary_key=True)
    value: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(BigInteger, index=True)  # commit-ordered number of the last change


class Feed(Base):
    """One slice as subscribers see it: its revision moves with every visible change. Writer: feed."""

    __tablename__ = "feed"
    slice: Mapped[str] = mapped_column(SliceKey, primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime]
    # Two changes within one second share a Last-Modified, so only the ETag can tell them apart.
    second_shared: Mapped[bool] = mapped_column(default=False)
    seq: Mapped[int] = mapped_column(BigInteger, index=True)  # commit-ordered number of the last change


class FeedEntry(Base):
    """An article's place in one feed. Writer: feed."""

    __tablename__ = "feed_entry"
    slice: Mapped[str] = mapped_column(SliceKey, primary_key=True)
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"), primary_key=True, autoincrement=False)
    published_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]  # set: the entry shows the notice, until it leaves
    seq: Mapped[int] = mapped_column(BigInteger, default=0)  # commit-ordered number of the entry's last change
    __table_args__ = (
        Index("feed_entry_by_change", "slice", "seq", "article_seq"),
        Index("feed_entry_by_time", "slice", "published_at", "article_seq"),  # read backwards: newest first
        Index("feed_entry_of_article", "article_seq"),
        Index("feed_entry_notices", "slice", **_where("withdrawn_at IS NOT NULL")),
    )


class Placement(Base):
    """Which version of an article pages and feeds show. Writer: feed."""

    __tablename__ = "placement"
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"), primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    placed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    original: Mapped[str | None] = mapped_column(String(530))  # as the enrichment had it when it was placed
    discussed: Mapped[list[Any]] = mapped_column(default=list)  # addresses of posts that its page leads to


class Event(Base):
    """What happened (shared.events). Writer: the service that recorded it."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    article_seq: Mapped[int | None] = mapped_column(ForeignKey("article.seq"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    target_id: Mapped[int | None] = mapped_column(BigInteger)  # a row of push or social, see shared.events
    number: Mapped[int | None] = mapped_column(BigInteger)  # of a change of feeds
    at: Mapped[datetime]
    # What live streams replay: their order is that of the ids.
    __table_args__ = (Index("event_of_readers", "id", **_where("name IN ('ArticlePublished', 'NoticePosted')")),)


class OutboxRow(Base):
    """One listener's work on one event (shared.outbox). Writers: the recorder, relay, and the worker that holds it."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    listener: Mapped[str] = mapped_column(String(50))
    state: Mapped[str] = mapped_column(String(10))
    # When relay has to look at the row next: due, offer or lease over. Empty once done or dead.
    due_at: Mapped[float | None] = mapped_column(Float)
    attempt: Mapped[int] = mapped_column(Integer, default=0)  # also the fencing token
    reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        UniqueConstraint("event_id", "listener", name="one_row_per_event_and_listener"),
        # Rows that are done are left out, so looking for work costs the same in an archive of any size.
        Index("outbox_open", "state", "listener", "due_at", **_where("due_at IS NOT NULL")),
        Index("outbox_dead", "id", **_where("state = 'dead'")),
    )


class Ticker(Base):
    """A number that moves in commit order: whoever takes it holds its row until the commit. Writers: count, feed."""

    __tablename__ = "ticker"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Subscription(Base):
    """Who is told when a feed changes: a subscriber of the hub (WebSub), or of the rssCloud door. Writer: push.

    Kept only after its callback has agreed. Times are seconds of the database's clock, as in the outbox.
    """

    __tablename__ = "subscription"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # websub or rsscloud
    key: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of kind, topic and callback, which are long
    topic: Mapped[str] = mapped_column(Text)  # path and query of a feed (shared.topics)
    slice: Mapped[str] = mapped_column(SliceKey, index=True)  # moves whenever the topic does, though not only then
    callback: Mapped[str] = mapped_column(Text)
    callback_host: Mapped[str] = mapped_column(String(255), index=True)
    secret: Mapped[str] = mapped_column(Text, default="")  # empty: nothing is signed
    signature_method: Mapped[str] = mapped_column(String(10), default="sha256")
    state: Mapped[str] = mapped_column(String(10), default="active")  # or disabled, until the lease is renewed
    reason: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[float] = mapped_column(Float, index=True)
    delivered_seq: Mapped[int] = mapped_column(BigInteger)  # Feed.seq up to which the subscriber knows everything
    delivered_hash: Mapped[str] = mapped_column(String(64), default="")  # of the bytes it was sent last
    given_up_seq: Mapped[int] = mapped_column(BigInteger, default=0)  # Feed.seq up to which nothing more is tried
    delivery_id: Mapped[int | None] = mapped_column(BigInteger)  # the event of the only delivery that may be open
    failures: Mapped[int] = mapped_column(Integer, default=0)  # in a row
    failing_since: Mapped[float | None] = mapped_column(Float)
    last_answer: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]


class Verification(Base):
    """A request to the hub whose callback is yet to be asked whether it means it. Writer: push."""

    __tablename__ = "verification"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # websub or rsscloud
    mode: Mapped[str] = mapped_column(String(12))  # subscribe or unsubscribe
    topics: Mapped[list[Any]]  # paths of feeds; of the hub always one
    callback: Mapped[str] = mapped_column(Text)
    callback_host: Mapped[str] = mapped_column(String(255), index=True)
    asks_challenge: Mapped[bool] = mapped_column(default=True)
    lease_seconds: Mapped[int] = mapped_column(Integer)
    secret: Mapped[str] = mapped_column(Text, default="")
    signature_method: Mapped[str] = mapped_column(String(10), default="sha256")
    client: Mapped[str] = mapped_column(String(50), index=True)  # network address that asked
    requested_at: Mapped[float] = mapped_column(Float)
    since_seq: Mapped[int] = mapped_column(BigInteger, default=0)  # the newest change of any feed by then
    ended_at: Mapped[float | None] = mapped_column(Float, index=True)  # kept for a minute, to count requests


class Webhook(Base):
    """Where a publisher wants to be told of events, and which. Writer: push.

    Times are seconds of the database's clock, as in the outbox.
    """

    __tablename__ = "webhook"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    key: Mapped[str] = mapped_column(String(36), unique=True)  # UUID; its name in the API
    publisher_id: Mapped[int] = mapped_column(ForeignKey("publisher.id"), index=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    filters: Mapped[dict[str, Any]]  # {"section": "economy"} (shared.topics)
    events: Mapped[list[Any]]  # names, such as article.published
    secret: Mapped[str] = mapped_column(String(100))  # needed in clear to sign
    previous_secret: Mapped[str | None] = mapped_column(String(100))
    previous_until: Mapped[float | None] = mapped_column(Float)  # until then the previous secret signs as well
    state: Mapped[str] = mapped_column(String(10), default="enabled")  # enabled, paused or disabled
    reason: Mapped[str | None] = mapped_column(Text)  # why it is disabled
    failing_since: Mapped[float | None] = mapped_column(Float)  # nothing was delivered since, though it was tried
    created_at: Mapped[float] = mapped_column(Float)


class WebhookDelivery(Base):
    """One event for one webhook, and every attempt to send it. Writer: push."""

    __tablename__ = "webhook_delivery"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))  # none: a test
    name: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, delivered, failed or cancelled
    # The event WebhookScheduled whose row may send it; none while it queues behind others of its webhook.
    turn: Mapped[int | None] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer, default=0)  # in a row
    attempts: Mapped[list[Any]]  # [{"at", "status", "reason", "seconds"}]
    created_at: Mapped[float] = mapped_column(Float, index=True)
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id", name="one_delivery_per_webhook_and_event"),
        Index("webhook_delivery_log", "webhook_id", "id"),
        Index("webhook_delivery_waiting", "webhook_id", "id", **_where("state = 'waiting'")),
    )


class SocialAccount(Base):
    """One account of the newsroom on a social network: how it is posted to, and how it is. Writer: social.

    Times are seconds of the database's clock, as in the outbox, but for `created_at` and `expires_at`.
    """

    __tablename__ = "social_account"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)  # a slug; also the campaign tag of its links
    network: Mapped[str] = mapped_column(String(30))
    server: Mapped[str] = mapped_column(Text, default="")
    identity: Mapped[str] = mapped_column(Text, default="")  # who it is, in the network's words
    url: Mapped[str] = mapped_column(Text, default="")  # where people see it
    settings: Mapped[dict[str, Any]]  # the network's own, and how it writes (services.social.network)
    choice: Mapped[dict[str, Any]]  # what it posts and when (services.social.choice.Choice)
    secrets: Mapped[str] = mapped_column(Text)  # encrypted, the key is not in the record (services.social.vault)
    # SHA-256 of the token in its feed's address, of an account whose posts are fetched.
    address_hash: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default="active")  # active, held by a person, broken or removed
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]  # nothing older is posted
    expires_at: Mapped[datetime | None]  # when its access ends for good, as far as the network tells
    renew_at: Mapped[datetime | None]  # when its access token is to be refreshed, before it runs out
    check_at: Mapped[float | None] = mapped_column(Float)  # when to ask next how it is
    paused_until: Mapped[float] = mapped_column(Float, default=0.0)  # the network asked to wait, or does not answer
    failures: Mapped[int] = mapped_column(Integer, default=0)  # of calls to its network, in a row
    reminded: Mapped[list[Any]]  # [{"days", "expires"}]: what people were told about `expires_at`
    # The event PostScheduled whose row may act for the account, and when that is due: one thing at a time.
    turn: Mapped[int | None] = mapped_column(BigInteger)
    turn_at: Mapped[float | None] = mapped_column(Float)
    __table_args__ = (Index("social_account_address", "address_hash", unique=True),)


class SocialPost(Base):
    """What one account posts about one article, and what became of it (services.social.post). Writer: social.

    The row is there before the network is called. Times are seconds of the database's clock.
    """

    __tablename__ = "social_post"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"))
    account_id: Mapped[int] = mapped_column(ForeignKey("social_account.id"))
    kind: Mapped[str] = mapped_column(String(30))  # article, correction.<version> or reshare.<number>
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(Text)
    history: Mapped[list[Any]]  # [{"at", "state", "reason"}], the newest last
    # What is to be done next: send, confirm, edit, delete; fetch, by somebody else.
    wanted: Mapped[str] = mapped_column(String(10), default="")
    due_at: Mapped[float | None] = mapped_column(Float)  # when, at the earliest; empty while nothing is to be done
    not_after: Mapped[float] = mapped_column(Float)  # a post that was not sent until then is skipped
    breaking: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(Integer, default=0)  # the article's version that the post shows
    draft: Mapped[dict[str, Any] | None]  # frozen before the first attempt (services.social.network.Draft)
    parts: Mapped[list[Any]]  # what was posted, part by part (services.social.network.Posted)
    url: Mapped[str] = mapped_column(Text, default="")  # where people see it
    # The post of the same account in which this one went out, together with others.
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("social_post.id"))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    armed_at: Mapped[float | None] = mapped_column(Float)  # when the network was last called to make the post
    first_armed_at: Mapped[float | None] = mapped_column(Float)  # when it was first called with this draft
    misses: Mapped[int] = mapped_column(Integer, default=0)  # look-ups in a row that did not find it
    offered_at: Mapped[float | None] = mapped_column(Float)  # when it came on top of its account's feed, to be fetched
    sent_at: Mapped[float | None] = mapped_column(Float)
    cost: Mapped[float] = mapped_column(Float, default=0.0)  # US dollars
    likes: Mapped[int | None] = mapped_column(Integer)
    reposts: Mapped[int | None] = mapped_column(Integer)
    replies: Mapped[int | None] = mapped_column(Integer)
    measure_at: Mapped[float | None] = mapped_column(Float)  # when to ask next for reactions
    planned_at: Mapped[float] = mapped_column(Float)
    __table_args__ = (
        UniqueConstraint("article_seq", "account_id", "kind", name="one_post_per_article_account_and_kind"),
        Index("social_post_due", "account_id", "due_at", **_where("due_at IS NOT NULL")),
        Index("social_post_measured", "account_id", "measure_at", **_where("measure_at IS NOT NULL")),
        Index("social_post_sent", "account_id", "sent_at"),
        Index("social_post_of_digest", "digest_id", **_where("digest_id IS NOT NULL")),
        Index("social_post_offered", "account_id", "offered_at", **_where("offered_at IS NOT NULL")),
        # All that shared.reactions reads of posts, which are large.
        Index(
            "social_post_reactions",
            *("account_id", "state", "id", "likes", "reposts", "replies"),
            **_where("digest_id IS NULL"),
        ),
    )


class StaffNotice(Base):
    """Something a person in the newsroom should know, told once. Writer: social."""

    __tablename__ = "staff_notice"
    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)  # what it is about, so that it is told once
    account_id: Mapped[int] = mapped_column(ForeignKey("social_account.id"))
    headline: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)  # what happened
    todo: Mapped[str] = mapped_column(Text)  # what a person is to do
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Card(Base):
    """The picture of an article that has none of its own (shared.cards). Writer: social.

    One that another has followed stays for a while: caches hold pages that name it.
    """

    __tablename__ = "card"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    article_seq: Mapped[int] = mapped_column(ForeignKey("article.seq"), index=True)
    png: Mapped[bytes]
    drawn_at: Mapped[datetime]


class Heartbeat(Base):
    """When relay, and each kind of worker on relay's message, last gave a sign of life. Writer: that service."""

    __tablename__ = "heartbeat"
    service: Mapped[str] = mapped_column(String(20), primary_key=True)
    seen_at: Mapped[float] = mapped_column(Float)
