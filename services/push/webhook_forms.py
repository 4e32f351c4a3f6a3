"""The forms of the webhooks' API: what is taken and what is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.push.messages import NAMES, Address, Instant, Name
from services.push.webhook_queue import message_id
from shared.errors import Refused
from shared.models import Webhook, WebhookDelivery
from shared.submission import Plain, Time, WebUrl
from shared.topics import select

State = Literal["enabled", "paused", "disabled"]
DeliveryState = Literal["waiting", "delivered", "failed", "cancelled"]


def _is_selection(filters: dict[str, str]) -> dict[str, str]:
    try:
        select(filters.items())
    except Refused as error:
        (fault,) = error.faults
        raise ValueError(f"{fault.parameter}: {fault.detail} Accepted: {fault.accepted}") from error
    return filters


def _each_once(events: Any) -> Any:
    plain = isinstance(events, list) and all(isinstance(each, str) for each in events)
    return list(dict.fromkeys(events)) if plain else events


Url = Annotated[WebUrl, Field(description="https or http address that events are posted to")]
Filters = Annotated[
    dict[Annotated[str, StringConstraints(max_length=20)], Annotated[str, StringConstraints(max_length=200)]],
    AfterValidator(_is_selection),
    Field(
        max_length=5,
        description="Slices in which an article must stand, by slug: section, tag, publisher, byline, language",
        examples=[{"section": "economy", "language": "ar"}],
    ),
]
Events = Annotated[
    list[Name], BeforeValidator(_each_once), Field(min_length=1, max_length=10, description="Which events are sent")
]
Description = Annotated[str, StringConstraints(max_length=500), Plain, Field(description="For your own overview")]


class _Taken(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewWebhook(_Taken):
    """A webhook as its owner wants it."""

    url: Url
    events: Events = list(NAMES)
    filters: Filters = {}
    description: Description = ""


class Change(_Taken):
    """What is to be different; the rest stays."""

    url: Url | None = None
    events: Events | None = None
    filters: Filters | None = None
    description: Description | None = None
    state: Literal["enabled", "paused"] | None = Field(
        None, description="paused: events wait until it is enabled again. enabled: also ends a disabled state"
    )


class Since(_Taken):
    """From when on events are sent once more."""

    since: Time = Field(description="ISO 8601 time with its zone, at most 30 days ago")


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


class Attempt(_Given):
    """One call and what came of it."""

    at: Instant
    status: int = Field(description="The answer's status; 0 when there was none")
    reason: str
    seconds: float


class Delivery(_Given):
    """One event for this webhook."""

    id: int
    message_id: str = Field(description="The header webhook-id, the same in every attempt")
    event_id: str | None = Field(description="The id of the CloudEvent; none of a test")
    event: str = Field(examples=["article.published"])
    state: DeliveryState
    created_at: Instant
    attempts: list[Attempt]


class Shown(_Given):
    """A webhook as it is."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    url: Address
    events: list[Name]
    filters: dict[str, str]
    description: str
    state: State
    reason: str | None = Field(description="Why it is disabled")
    failing_since: Instant | None = Field(description="Nothing could be delivered since; empty while all is well")
    waiting: int = Field(description="Events that are not delivered yet")
    created_at: Instant
    secret: str | None = Field(None, description="Shown once: when it is made and when it is rotated")
    previous_secret_until: Instant | None = Field(None, description="Until then the previous secret signs as well")
    deliveries: list[Delivery] | None = Field(None, description="The latest, newest first")


class Deliveries(_Given):
    """One page of the log, newest first."""

    deliveries: list[Delivery]
    next: str | None = Field(description="Address of the next page")


class Webhooks(_Given):
    """All of yours, the oldest first."""

    webhooks: list[Shown]


class Scheduled(_Given):
    """What was put into the queue."""

    scheduled: int


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def shown(webhook: Webhook, waiting: int) -> Shown:
    until = webhook.previous_until if webhook.previous_secret else None
    return Shown(
        id=webhook.key,
        url=webhook.url,
        events=webhook.events,
        filters=webhook.filters,
        description=webhook.description,
        state=webhook.state,
        reason=webhook.reason,
        failing_since=instant(webhook.failing_since) if webhook.failing_since else None,
        waiting=waiting,
        created_at=instant(webhook.created_at),
        previous_secret_until=instant(until) if until else None,
    )


def delivery(webhook: Webhook, of: WebhookDelivery) -> Delivery:
    return Delivery(
        id=of.id,
        message_id=message_id(webhook, of),
        event_id=str(of.event_id) if of.event_id is not None else None,
        event=of.name,
        state=of.state,
        created_at=instant(of.created_at),
        attempts=[Attempt(**{**each, "at": instant(each["at"])}) for each in of.attempts],
    )
