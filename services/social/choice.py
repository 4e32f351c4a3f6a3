"""What an account posts, and when: the newsroom's rules for one account. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from shared.errors import Fault, Refused
from shared.slices import Slice
from shared.text import slugify

# A turn comes a little after its slot, and a post that is ready within so many seconds of it may still use it.
_GRACE = 60.0
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)


def _wall_clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise ValueError("must be a time of day such as 07:30")
    return value


def _hours(value: str) -> str:
    begin, _, end = value.partition("-")
    if not (_CLOCK.fullmatch(begin) and _CLOCK.fullmatch(end)) or begin == end:
        raise ValueError("must be two different times of day such as 22:00-07:00")
    return value


WallClock = Annotated[str, AfterValidator(_wall_clock)]
Hours = Annotated[str, AfterValidator(_hours)]


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Burst(_Rules):
    """At most `posts` posts in `minutes`. What is more waits until there is room, and goes out `then` together in one
    post that lists the headlines (`digest`), or one by one (`wait`); or it goes out at once, each as an answer to the
    post before (`thread`; a digest on networks without threads). Breaking news is not counted and does not wait."""

    posts: int = Field(ge=1, le=1000)
    minutes: float = Field(gt=0, le=1440)
    then: Literal["digest", "thread", "wait"] = "digest"


_LISTS = ("sections", "tags", "languages", "publishers", "bylines", "without_tags", "quiet", "slots")


class Choice(_Rules):
    """Empty selections choose everything. Hours and slots are wall-clock times in `zone` (IANA), the publication's own
    when it is empty; slots are the only times at which anything is posted, one post each. Breaking news keeps to
    neither, nor to the gap."""

    sections: tuple[str, ...] = ()  # slugs, or names that become slugs; an article of any of them
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    bylines: tuple[str, ...] = ()
    without_tags: tuple[str, ...] = ()  # an article with one of these is not posted
    urgency: int | None = Field(None, ge=1, le=9)  # at most this (IPTC: 1 is the most urgent)
    fresh_hours: float = Field(6.0, gt=0, le=720)  # nothing is posted longer after its publication
    backdated_minutes: float = Field(15.0, gt=0)  # published longer before it was submitted: taken from an archive
    zone: str = ""
    quiet: tuple[Hours, ...] = ()
    slots: tuple[WallClock, ...] = ()
    gap_minutes: float = Field(0.0, ge=0, le=1440)
    burst: Burst | None = None
    on_edit: Literal["edit", "reply", "nothing"] = "edit"  # what follows when a posted article is changed
    campaign: bool = True  # whether links carry the account's name, so that what it brings is counted

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _parted(cls, value: object) -> object:
        """A text is a list too: what stands between its commas."""
        return [each.strip() for each in value.split(",")] if isinstance(value, str) else value

    @field_validator("sections", "tags", "publishers", "bylines", "without_tags")
    @classmethod
    def _slugs(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(slugify, values))

    @field_validator("languages")
    @classmethod
    def _without_region(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(value.partition("-")[0].lower() for value in values)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            return value and ZoneInfo(value).key
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("must be an IANA zone such as Europe/Istanbul") from error

    @field_validator("slots")
    @classmethod
    def _some_slot_is_loud(cls, slots: tuple[str, ...], rules: ValidationInfo) -> tuple[str, ...]:
        quiet = rules.data.get("quiet", ())
        if slots and all(any(lies_within(slot, hours) for hours in quiet) for slot in slots):
            raise ValueError("must lie outside the quiet hours, one of them at least, or nothing would ever be posted")
        return slots

    def zone_of(self, publication: ZoneInfo) -> ZoneInfo:
        return ZoneInfo(self.zone) if self.zone else publication


@dataclass(frozen=True)
class Facts:
    """What of an article decides whether it is posted. `slices` are those it stands in; `first`: no earlier version
    was published; `urgency` as IPTC has it, 5 when none was given."""

    slices: frozenset[Slice]
    urgency: int
    published_at: datetime
    accepted_at: datetime
    first: bool = True


def read_choice(values: dict[str, object]) -> Choice:
    """Raises Refused naming each rule that cannot be used, what was found and what is accepted."""
    try:
        return Choice.model_validate(values)
    except ValidationError as error:
        faults = []
        for each in error.errors():
            told = each["msg"].removeprefix("Value error, ")
            pointer = "".join(f"/{part}" for part in each["loc"])
            found = None if each["type"] == "missing" else str(each["input"])[:200]
            faults.append(Fault(pointer, told, found=found, accepted=told))
        raise Refused("The account's rules cannot be used.", faults=faults) from error


def why_not(choice: Choice, facts: Facts, since: datetime, now: datetime) -> str:
    """Why an account made at `since` does not post this article; empty when it does."""
    told = _not_chosen(choice, facts)
    if told:
        return told
    if not facts.first:
        return "it was published before and has only been edited"
    if facts.published_at < since or facts.accepted_at < since:
        return "it is older than the account"
    if facts.accepted_at - facts.published_at > timedelta(minutes=choice.backdated_minutes):
        return "it comes from an archive: it was published long before it was submitted"
    if now - facts.published_at > timedelta(hours=choice.fresh_hours):
        return f"it is older than {choice.fresh_hours:g} hours"
    return ""


def _not_chosen(choice: Choice, facts: Facts) -> str:
    wanted = {
        "section": choice.sections,
        "tag": choice.tags,
        "language": choice.languages,
        "publisher": choice.publishers,
        "byline": choice.bylines,
    }
    for kind, values in wanted.items():
        if values and not any(Slice(kind, value) in facts.slices for value in values):
            return f"its {kind} is none of {', '.join(values)}"
    for tag in choice.without_tags:
        if Slice("tag", tag) in facts.slices:
            return f"it has the tag {tag}"
    if choice.urgency is not None and facts.urgency > choice.urgency:
        return f"its urgency is {facts.urgency}, and only {choice.urgency} or more urgent is posted"
    return ""


def earliest(choice: Choice, zone: ZoneInfo, ready: float, sent: Sequence[float]) -> float:
    """The first instant from `ready` on at which the account may post what is not breaking.

    Instants are seconds since 1970. `sent` are the latest times at which it posted, the newest first: as many as the
    burst rule counts, or more.
    """
    at = ready
    if sent:
        at = max(at, sent[0] + choice.gap_minutes * 60)
    if choice.burst and choice.burst.then != "thread" and len(sent) >= choice.burst.posts:
        at = max(at, sent[choice.burst.posts - 1] + choice.burst.minutes * 60)
    for _ in range(2 * (len(choice.slots) + len(choice.quiet)) + 1):
        moved = _next_slot(choice, zone, at, sent[0] if sent else 0.0)
        moved = max((_quiet_until(hours, zone, moved) for hours in choice.quiet), default=moved)
        if moved == at:
            break
        at = moved
    return at


def gathers(choice: Choice, now: float, sent: Sequence[float], waiting: int) -> bool:
    """Whether those that wait go out together: more of them do than the burst rule has room for, and this is the last
    place it has."""
    burst = choice.burst
    return burst is not None and burst.then == "digest" and waiting > 1 and _room(burst, now, sent) <= 1


def continues(choice: Choice, now: float, sent: Sequence[float]) -> bool:
    """Whether a post is an answer to the one before it: the burst rule has no more room for posts of their own."""
    burst = choice.burst
    return burst is not None and burst.then == "thread" and _room(burst, now, sent) <= 0


def _room(burst: Burst, now: float, sent: Sequence[float]) -> int:
    return burst.posts - sum(1 for each in sent if each > now - burst.minutes * 60)


def lies_within(slot: str, hours: str) -> bool:
    begin, _, end = hours.partition("-")
    return begin <= slot < end if begin < end else slot >= begin or slot < end


def _next_slot(choice: Choice, zone: ZoneInfo, at: float, last: float) -> float:
    if not choice.slots:
        return at
    today = datetime.fromtimestamp(at, zone).date()
    slots = sorted(_instant(zone, today + timedelta(days=days), slot) for days in range(-1, 3) for slot in choice.slots)
    free = next(slot for slot in slots if slot >= at - _GRACE and slot > last)
    return max(free, at)


def _quiet_until(hours: str, zone: ZoneInfo, at: float) -> float:
    end = hours.partition("-")[2]
    local = datetime.fromtimestamp(at, zone)
    if not lies_within(f"{local:%H:%M}", hours):
        return at
    today, tomorrow = local.date(), local.date() + timedelta(days=1)
    ends = (_instant(zone, today, end), _instant(zone, today, end, again=True), _instant(zone, tomorrow, end))
    return next(over for over in ends if over > at)


def _instant(zone: ZoneInfo, day: date, slot: str, *, again: bool = False) -> float:
    """A wall-clock time that the change to summer time skips is an instant after it. `again`: of one that the change
    back brings twice, the second."""
    return datetime.combine(day, time.fromisoformat(slot).replace(fold=int(again)), zone).timestamp()
