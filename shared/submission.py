"""What a publisher may submit, and nothing else: ingest validates with it, enrich reads it, import checks with it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

HEADLINE_LENGTH = 500
BODY_LENGTH = 1_000_000
MOST_TAGS = 100
EARLIEST_YEAR = 1500

# Something a person can see: not only white space, controls or invisible marks.
_VISIBLE = re.compile(r"[^\W_]|[^\s\w\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]", re.UNICODE)


def _aware(value: Any) -> Any:
    """Accepts ISO 8601 text only: numbers of seconds are too easily milliseconds."""
    if isinstance(value, int | float):
        raise ValueError("a time is written as text with its zone, for example 2018-04-20T09:30:00+03:00")
    return value


def _visible(value: str) -> str:
    if not _VISIBLE.search(value):
        raise ValueError("holds nothing a reader could see")
    return value


def _web_url(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"^https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?$", value, re.IGNORECASE):
        raise ValueError("is not an absolute http or https address")
    return value


Short = Annotated[str, StringConstraints(min_length=1, max_length=200)]
WebUrl = Annotated[str, BeforeValidator(_web_url), StringConstraints(max_length=2000)]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


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

    headline: Annotated[str, StringConstraints(min_length=1, max_length=HEADLINE_LENGTH)] = Field(
        description="Plain text", examples=["Harbour reopens after storm"]
    )
    body: Annotated[str, StringConstraints(min_length=1, max_length=BODY_LENGTH)] = Field(
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
    summary: str | None = Field(None, max_length=5000, description="Plain text; an excerpt is made when absent")
    canonical_url: WebUrl | None = Field(None, description="Address of the original, for syndicated copy")
    source: SubmittedSource | None = Field(
        None, description="Original publication of syndicated copy; its bare name is accepted too"
    )
    external_id: (
        Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")] | None
    ) = Field(None, description="The publisher's own id: submitting it again never makes a second article")
    published_at: Annotated[AwareDatetime, BeforeValidator(_aware)] | None = Field(
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
            if values.get("bylines"):
                raise ValueError("byline and bylines are the same field; send one of them")
            byline = values.pop("byline")
            values["bylines"] = byline if isinstance(byline, list) else [] if byline is None else [byline]
        if isinstance(values.get("source"), str):
            values["source"] = {"name": values["source"]}
        for name in ("bylines", "tags"):
            if values.get(name, ...) is None:
                del values[name]
        return values

    @model_validator(mode="after")
    def _readable(self) -> Submission:
        _visible(self.headline)
        return self

    @model_validator(mode="after")
    def _possible_year(self) -> Submission:
        if self.published_at and not EARLIEST_YEAR <= self.published_at.year <= 9998:
            raise ValueError(f"published_at must lie in the years {EARLIEST_YEAR} to now")
        return self

    def as_record(self) -> dict[str, Any]:
        """What is stored: fields that were given, in JSON's own types."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def fingerprint(self) -> str:
        """SHA-256 of the content: equal for two submissions that mean the same, however they were written down."""
        canonical = json.dumps(self.as_record(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()
