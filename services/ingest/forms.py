"""The forms of what the API answers: receipts are built from these, and /openapi.json describes all of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from shared.problems import Problem

Instant = Annotated[
    datetime,
    PlainSerializer(lambda at: at.isoformat(timespec="milliseconds"), return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
State = Literal["accepted", "enriched", "published", "withdrawing", "withdrawn", "failed"]
PostState = Literal["planned", "held", "armed", "sent", "unconfirmed", "failed", "skipped", "edited", "deleted"]

# States in which nothing more will happen by itself.
SETTLED: tuple[State, ...] = ("published", "withdrawn", "failed")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AcceptedStage(_Form):
    """The submission is stored on disk."""

    at: Instant


class Note(_Form):
    """Something that enrichment changed or could not do; the article is published all the same."""

    step: str
    field: str
    notice: str


class EnrichedStage(_Form):
    """The text is normalised, made safe and described."""

    at: Instant
    version: int = Field(description="Version of the article that was enriched")
    notes: list[Note]
    duplicate_of: str | None = Field(description="Id of the earliest article with exactly the same content")


class CountedStage(_Form):
    """The article stands in the counters."""

    at: Instant
    slices: list[str] = Field(
        description="The counters in which it stands", examples=[["all", "day:2018-04-20", "tag:harbour"]]
    )


class PublishedStage(_Form):
    """Pages and feeds show the article, or the notice of its withdrawal."""

    at: Instant
    version: int = Field(description="Version of the article that is shown")
    page: str = Field(description="Address of its page", json_schema_extra={"format": "uri"})
    feeds: list[str] = Field(description="Addresses of every feed it stands in; none once withdrawn")


class WithdrawnStage(_Form):
    """The publisher took the article back."""

    at: Instant
    reason: str | None


class Post(_Form):
    """A post about the article on a social account of the publication."""

    account: str
    network: str = Field(examples=["mastodon"])
    kind: str = Field(
        description="article; correction.<version>, an answer to the post; reshare.<number>", examples=["article"]
    )
    state: PostState
    at: Instant = Field(description="Since when it is in this state, for this reason")
    reason: str | None = Field(description="Why, in words: what it waits for, or what the network answered")
    url: str | None = Field(description="Where people see it, or saw it", json_schema_extra={"format": "uri"})
    likes: int | None = Field(description="As the network told last; null where it does not tell")
    reposts: int | None
    replies: int | None


class Failure(_Form):
    """Work that was given up; `masthead dead replay` tries it again."""

    dead_letter: int
    task: str
    reason: str | None


class Stages(_Form):
    """What the article has reached. A stage that is not reached yet is absent."""

    accepted: AcceptedStage
    enriched: EnrichedStage | None = None
    counted: CountedStage | None = None
    published: PublishedStage | None = None
    withdrawn: WithdrawnStage | None = None
    posted: list[Post] | None = Field(None, description="Posts about it on social accounts, in the order of planning")
    failed: list[Failure] | None = None


class Receipt(_Form):
    """Where an article is."""

    id: str = Field(description="The article's id in this API", json_schema_extra={"format": "uuid"})
    urn: str = Field(description="The item's id in every feed, given once")
    external_id: str | None = Field(description="The publisher's own id")
    version: int = Field(ge=1, description="Moves by one with every replacement, and with the withdrawal")
    etag: str = Field(description="The version as an entity tag, for If-Match", examples=['"1"'])
    state: State = Field(
        description="The stage that is complete for this version. Nothing more happens by itself after "
        + ", ".join(SETTLED)
    )
    published_at: Instant | None = Field(description="First publication, known once enriched")
    updated_at: Instant
    stages: Stages
    receipt: str = Field(description="Address of this receipt", json_schema_extra={"format": "uri"})

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


class BatchResult(_Form):
    """What became of one line of a batch."""

    line: int = Field(ge=1, description="Number of the line in the request; blank lines count")
    status: int = Field(description="202 stored, 200 known already, else as of a single submission", examples=[202])
    id: str | None = Field(None, description="The article's id, when there is one")
    external_id: str | None = None
    problem: Problem | None = Field(None, description="Why the line was refused")


class DayCount(_Form):
    day: date
    articles: int


class SlugCount(_Form):
    slug: str
    articles: int


class ShareCount(_Form):
    network: str
    clicks: int


class DayOfReading(_Form):
    day: date
    reads: int = Field(description="Articles that were read, each once by a client")
    readers: int = Field(description="Different clients that read anything, within about one percent")


class ReadArticle(_Form):
    id: str
    headline: str
    url: str
    reads: int


class Reads(_Form):
    """What the publication's own pages say is being read; bots, prefetches and repeats are left out."""

    total: int = Field(description="Ever counted")
    days: list[DayOfReading] = Field(description="The same days; numbers are kept for 35")
    articles: list[ReadArticle] = Field(description="What was read most on these days")


class SharedArticle(_Form):
    id: str
    headline: str
    url: str
    shares: int


class DayOfClicks(_Form):
    day: date
    clicks: int


class AccountClicks(_Form):
    account: str = Field(description="Its name, which its links carry as `?via=`")
    clicks: int = Field(description="Ever counted: once for a client, article and day, without bots and previews")
    days: list[DayOfClicks] = Field(description="The same days; numbers are kept for 35")


class Aggregator(_Form):
    name: str = Field(description="With its own id of the feed, if it says one", examples=["feedbin 1373711"])
    subscribers: int


class FeedSubscribers(_Form):
    """An estimate: who asked for the feed today or yesterday, whichever is more."""

    feed: str = Field(description="Path of the feed", examples=["/feed.rss"])
    subscribers: int = Field(description="Clients, and those that aggregators say to ask for")
    clients: int = Field(description="Different clients that are no such aggregator")
    aggregators: list[Aggregator]


class AccountReactions(_Form):
    """The posts of a social account that readers can see, and the reactions to them: null where none were told."""

    account: str
    network: str
    posts: int
    likes: int | None
    reposts: int | None
    replies: int | None


class Stats(_Form):
    """What has been published, read, shared, subscribed to and reacted to, in numbers."""

    total: int
    days: list[DayCount] = Field(description="The latest days in the publication's zone, newest first")
    sections: list[SlugCount]
    tags: list[SlugCount]
    publishers: list[SlugCount]
    bylines: list[SlugCount]
    languages: list[SlugCount]
    reads: Reads
    shares: list[ShareCount] = Field(description="Share links that were followed, the most followed network first")
    shared: list[SharedArticle] = Field(description="What was shared most on these days")
    clicks: list[AccountClicks] = Field(description="Readers who came by a post, the account with the most first")
    subscribers: list[FeedSubscribers] = Field(description="The feeds with the most subscribers")
    accounts: list[AccountReactions] = Field(description="The publication's social accounts")


class Health(_Form):
    status: Literal["ok"]


class Part(_Form):
    ok: bool
    detail: str


class Readiness(_Form):
    status: Literal["ready", "not ready"]
    parts: dict[str, Part] = Field(description="`record` is needed; without `redis` articles are still accepted")
