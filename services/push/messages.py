"""What subscribers are told of an article: a CloudEvent (CloudEvents 1.0), the same in the live stream and in webhooks.

Built from the record as it is at the moment of telling: whatever an event was about once, words that were withdrawn or
corrected since are told to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from shared.models import Article, Enrichment, Event, Publisher
from shared.publication import Publication
from shared.slices import Slice
from shared.standing import slices_within
from shared.submission import Urgency
from shared.urls import article_path, urn
from shared.visibility import is_visible

Name = Literal["article.published", "article.updated", "article.withdrawn"]
NAMES: tuple[Name, ...] = ("article.published", "article.updated", "article.withdrawn")
TEST = "webhook.test"
TYPE_PREFIX = "news.masthead."

Instant = Annotated[
    datetime,
    PlainSerializer(lambda at: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Term(_Form):
    """A section, tag, byline or publisher: its part of an address, and its name."""

    slug: str
    label: str


class Image(_Form):
    """The lead picture."""

    url: Address
    alt: str = ""
    credit: str = ""


class Standing(_Form):
    """An article that pages and feeds show."""

    id: str = Field(description="The item's id in every feed; it never changes", examples=["urn:uuid:…"])
    url: Address = Field(description="Address of its page")
    headline: str
    summary: str = Field(description="Plain text")
    language: str = Field(description="BCP 47")
    direction: Literal["ltr", "rtl"]
    section: Term | None = None
    tags: tuple[Term, ...]
    bylines: tuple[Term, ...]
    publisher: Term
    published_at: Instant = Field(description="First publication; it never moves")
    updated_at: Instant = Field(description="Last change a reader can see")
    urgency: Urgency | None = Field(
        None, description="The IPTC's editorial urgency, 1 the most, where the publisher gave one"
    )
    day: date = Field(description="Local date of first publication in the publication's zone")
    image: Image | None = None
    canonical_url: Address | None = Field(None, description="The original, of syndicated copy")


class Withdrawn(_Form):
    """An article that was taken back: drop your copy. Earlier events of it are told in this form, too."""

    id: str = Field(description="The item's id in every feed", examples=["urn:uuid:…"])
    url: Address = Field(description="Where the notice of its withdrawal is")
    withdrawn_at: Instant
    reason: str | None = Field(None, description="The publisher's reason, where one was given")


class Test(_Form):
    """Nothing happened: the webhook's owner wanted to see an event."""

    message: str = "This is a test."


class CloudEvent(_Form):
    """CloudEvents 1.0 in its JSON format."""

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="Unique within the source. Of events of articles a number; later ones are higher")
    source: Address = Field(description="The publication's address")
    type: str = Field(
        description="What happened", json_schema_extra={"enum": [TYPE_PREFIX + name for name in (*NAMES, TEST)]}
    )
    subject: str | None = Field(None, description="The article's id", pattern="^urn:uuid:")
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    data: Standing | Withdrawn | Test


@dataclass(frozen=True)
class Message:
    """An event as it is told: its number, its name, where its article stands or stood, and the CloudEvent's JSON."""

    id: int
    name: Name
    slices: frozenset[Slice]
    body: bytes


def message(
    publication: Publication,
    event: Event,
    *,
    told_before: bool,
    article: Article,
    enrichment: Enrichment,
    publisher: Publisher,
) -> Message:
    """The message of an event; `told_before`: an earlier event published the same article."""
    name: Name = "article.updated" if told_before else "article.published"
    if event.name == "NoticePosted":
        name = "article.withdrawn"
    cloud_event = CloudEvent(
        id=str(event.id),
        source=publication.base_url,
        type=TYPE_PREFIX + name,
        subject=urn(article.id),
        time=event.at,
        data=_data(publication, article, enrichment, publisher),
    )
    return Message(
        id=event.id,
        name=name,
        slices=frozenset(slices_within(enrichment, publisher.slug)),
        body=cloud_event.model_dump_json(exclude_none=True).encode(),
    )


def body_of_test(publication: Publication, number: int, now: datetime) -> bytes:
    """The body of a test."""
    made = CloudEvent(id=f"test-{number}", source=publication.base_url, type=TYPE_PREFIX + TEST, time=now, data=Test())
    return made.model_dump_json(exclude_none=True).encode()


def _data(
    publication: Publication, article: Article, enrichment: Enrichment, publisher: Publisher
) -> Standing | Withdrawn:
    visible = is_visible(article, enrichment)
    # The readable part of the address is made of the headline, which a withdrawal takes back as well.
    path = article_path(enrichment.day, enrichment.slug if visible else "", enrichment.key)
    if not visible:
        assert article.withdrawn_at is not None
        return Withdrawn(
            id=urn(article.id),
            url=publication.base_url + path,
            withdrawn_at=article.withdrawn_at,
            reason=article.withdrawal_reason or None,
        )
    return Standing(
        id=urn(article.id),
        url=publication.base_url + path,
        headline=enrichment.headline,
        summary=enrichment.summary,
        language=enrichment.language,
        direction="rtl" if enrichment.direction == "rtl" else "ltr",
        section=_section(publication, enrichment),
        tags=tuple(Term(**each) for each in enrichment.tags),
        bylines=tuple(Term(**each) for each in enrichment.bylines),
        publisher=Term(slug=publisher.slug, label=publisher.name),
        published_at=enrichment.published_at,
        updated_at=enrichment.updated_at,
        urgency=enrichment.urgency,
        day=enrichment.day,
        image=Image(**enrichment.image) if enrichment.image else None,
        canonical_url=enrichment.canonical_url or None,
    )


def _section(publication: Publication, enrichment: Enrichment) -> Term | None:
    section = enrichment.section
    return Term(slug=section["slug"], label=publication.section_name(section, enrichment.language)) if section else None
