"""What a publisher may submit, and nothing else: ingest validates with it, enrich reads it, import checks with it."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import regex
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.text import clean_xml
from shared.urgency import LEAST_URGENT, MOST_URGENT

HEADLINE_LENGTH = 500
BODY_LENGTH = 1_000_000
MOST_TAGS = 100
EARLIEST_YEAR = 1500
LATEST_YEAR = 9998  # so that no zone carries it past the last year a clock knows

# Something a person can see: not only white space, marks, controls, and what Unicode says is drawn as nothing.
_VISIBLE = regex.compile(r"[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?(?P<zone>[Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII)
_WEB_URL = re.compile(r"https?://[^\s\x00-\x20\x7f/?#@\\]+([/?#][^\s\x00-\x20\x7f\\]*)?", re.IGNORECASE)


def _time(value: Any) -> Any:
    """Text only: a number of seconds is too easily one of milliseconds."""
    if value is None or isinstance(value, datetime):
        return value
    written = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if written is None:
        raise ValueError("is no time as ISO 8601 writes it")
    if written["zone"] is None:
        raise ValueError("has no zone")
    try:
        return datetime.fromisoformat(value.strip().upper())
    except ValueError as error:
        raise ValueError("is no time that a calendar knows") from error


def _possible_year(value: datetime) -> datetime:
    if not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
        raise ValueError(f"lies outside the years {EARLIEST_YEAR} to {LATEST_YEAR}")
    return value


def _urgency(value: Any) -> Any:
    """Numbers only: `true` would be the most urgent of all, and a text is too easily a word for one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or value not in range(MOST_URGENT, LEAST_URGENT + 1):
        raise ValueError(f"is no whole number from {MOST_URGENT} to {LEAST_URGENT}")
    return value


def _visible(value: str) -> str:
    if not _VISIBLE.search(value):
        raise ValueError("holds nothing a reader could see")
    return value


def _plain(value: str) -> str:
    if clean_xml(value) != value:
        raise ValueError("holds a control character")
    return value


def _web_url(value: str) -> str:
    if not _WEB_URL.fullmatch(value):
        raise ValueError("is not an absolute http or https address")
    return value


def _describe_shorthands(schema: dict[str, Any]) -> None:
    """Adds to the JSON Schema what `Submission._shorthands` accepts beside the fields themselves."""
    fields = schema["properties"]
    nothing = {"type": "null"}
    for name in ("bylines", "tags"):
        array = {key: fields[name].pop(key) for key in ("type", "items", "maxItems")}
        fields[name]["anyOf"] = [array, nothing]
    names = fields["bylines"]["anyOf"]
    name = names[0]["items"]
    fields["byline"] = {"anyOf": [name, *names], "description": "The same as bylines; send one of the two"}
    fields["source"]["anyOf"].insert(1, name)


Visible = AfterValidator(_visible)
Plain = AfterValidator(_plain)
Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
WebUrl = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_web_url),
    Field(json_schema_extra={"format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}),
]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Time = Annotated[AwareDatetime, BeforeValidator(_time), AfterValidator(_possible_year)]
Urgency = Annotated[int, Field(ge=MOST_URGENT, le=LEAST_URGENT), BeforeValidator(_urgency)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SubmittedImage(_Model):
    """The article's lead picture."""

    url: WebUrl = Field(description="Absolute address of the picture", examples=["https://example.com/harbour.jpg"])
    alt: str = Field("", max_length=1000, description="What the picture shows, for those who cannot see it")
    credit: str = Field("", max_length=300, description="Photographer and agency")


class SubmittedSource(_Model):
    """Where syndicated copy comes from."""

    name: Short = Field(description="Name of the original publication")
    url: WebUrl | None = Field(None, description="Its address or feed")


class Submission(_Model):
    """One article as a publisher submits it. Unknown fields are refused, so that a misspelt one is not lost."""

    model_config = ConfigDict(json_schema_extra=_describe_shorthands)

    headline: Annotated[str, StringConstraints(min_length=1, max_length=HEADLINE_LENGTH), Visible] = Field(
        description="Plain text", examples=["Harbour reopens after storm"]
    )
    body: Annotated[str, StringConstraints(min_length=1, max_length=BODY_LENGTH), Visible] = Field(
        description="The article itself, in the form that body_format names",
        examples=["<p>The harbour reopened on Monday.</p>"],
    )
    body_format: Literal["auto", "html", "markdown", "text"] = Field(
        "auto", description="auto takes a body with HTML tags as html and any other as text"
    )
    language: Language | None = Field(None, description="BCP 47 tag; detected when absent", examples=["en"])
    bylines: list[Short] = Field(
        default_factory=list,
        max_length=50,
        description="Names of the authors; `byline` with one name is accepted too",
    )
    section: Short | None = Field(None, description="Slug or name of the section", examples=["economy"])
    tags: list[Short] = Field(default_factory=list, max_length=MOST_TAGS, examples=[["harbour", "weather"]])
    dateline: Short | None = Field(None, description="Place (and date) of origin", examples=["ISTANBUL"])
    urgency: Urgency | None = Field(
        None,
        description="The IPTC's editorial urgency: 1 the most urgent (a flash), 5 normal, 8 the least, 9 for your own "
        "use. Counts as 5 when absent",
        examples=[4],
    )
    summary: str | None = Field(None, max_length=5000, description="Plain text; an excerpt is made when absent")
    canonical_url: WebUrl | None = Field(None, description="Address of the original, for syndicated copy")
    source: SubmittedSource | None = Field(
        None, description="Original publication of syndicated copy; its bare name is accepted too"
    )
    translation_of: ExternalId | None = Field(
        None,
        description="The original of which this is a translation: the external_id, id or urn of another article of the "
        "same publisher, which may also come later",
        examples=["cms-4710"],
    )
    external_id: ExternalId | None = Field(
        None,
        description="The publisher's own id, no control characters: submitting it again never makes a second article",
        examples=["cms-4711"],
    )
    published_at: Time | None = Field(
        None,
        description="First publication, with its zone, for archives; now when absent. Must not lie in the future",
        examples=["2018-04-20T09:30:00+03:00"],
    )
    image: SubmittedImage | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, values: Any) -> Any:
        """`byline: "A"` means `bylines: ["A"]`; `source: "X"` means `source: {"name": "X"}`."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        if "byline" in values:
            byline = values.pop("byline")
            if values.get("bylines"):
                raise _fault("byline", byline, "is the same field as bylines; send one of them")
            values["bylines"] = byline if isinstance(byline, list) else [] if byline is None else [byline]
        if isinstance(values.get("source"), str):
            values["source"] = {"name": values["source"]}
        for name in ("bylines", "tags"):
            if values.get(name, ...) is None:
                del values[name]
        return values

    def as_record(self) -> dict[str, Any]:
        """What is stored: fields that were given, in JSON's own types."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def fingerprint(self) -> str:
        """SHA-256 of the content: equal for two submissions that mean the same, however they were written down."""
        record = self.as_record()
        if self.published_at:
            record["published_at"] = self.published_at.astimezone(UTC).isoformat()
        canonical = json.dumps(record, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _fault(field: str, found: Any, message: str) -> ValidationError:
    """A fault of one field, for a rule that looks at several."""
    error = InitErrorDetails(type=PydanticCustomError("value_error", message), loc=(field,), input=found)
    return ValidationError.from_exception_data("Submission", [error])
