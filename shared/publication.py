"""The publication's own file (publication.toml), read once per process."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import parse_pattern
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.copyfit.urls import ascii_url
from shared.errors import ConfigurationError
from shared.settings import Settings

TEMPLATE = Path(__file__).with_name("publication.toml")
CalendarName = Literal["gregorian", "islamic-umalqura", "persian", "hebrew"]

# Hebrew: after Shevat come Adar (common years), Adar I and Adar II (leap years), then Nisan.
MONTHS: dict[CalendarName, int] = {"gregorian": 12, "islamic-umalqura": 12, "persian": 12, "hebrew": 14}


# A web address without a slash at its end; or nothing.
_ADDRESS = r"^(https?://[^/\s]+(/[^\s]*[^/\s])?)?$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MastheadLine(_Part):
    calendars: tuple[CalendarName, ...] = ("gregorian", "islamic-umalqura")
    hijri_day_offset: Literal[-1, 0, 1] = 0
    days: int = Field(default=5, ge=1, le=31)
    date_format: str = "d MMMM y"
    day_format: str = "dd/MM/yyyy"
    article_date_format: str = "d MMMM y HH:mm"
    total_label: str = "Total"
    total_word: str = "content"
    month_names: dict[CalendarName, tuple[str, ...]] = {}

    @field_validator("date_format", "day_format", "article_date_format")
    @classmethod
    def _cldr_pattern(cls, value: str) -> str:
        try:
            parse_pattern(value)
        except ValueError as error:
            raise ValueError(f"is no CLDR date pattern; an example is d MMMM y ({error})") from error
        return value

    @field_validator("month_names")
    @classmethod
    def _all_months(cls, value: dict[CalendarName, tuple[str, ...]]) -> dict[CalendarName, tuple[str, ...]]:
        for calendar, names in value.items():
            if len(names) != MONTHS[calendar]:
                raise ValueError(f"{calendar} has {MONTHS[calendar]} months; {len(names)} names were given")
        return value


class Section(_Part):
    slug: str
    name: str | dict[str, str]

    def label(self, language: str) -> str:
        """The section's name in a language, else in the first language it has."""
        if isinstance(self.name, str):
            return self.name
        return self.name.get(language) or self.name.get(language.split("-")[0]) or next(iter(self.name.values()))


class Profile(_Part):
    name: str
    url: str = Field(pattern=r"^https?://")


class Share(_Part):
    networks: tuple[str, ...] = ("x", "facebook", "whatsapp", "telegram", "email")
    buttons: int = Field(default=6, ge=0, le=100)  # the others stand below, to be opened


class Publication(_Part):
    name: str = Field(min_length=1)
    description: str = ""
    base_url: str = Field("", pattern=_ADDRESS)
    push_url: str = Field("", pattern=_ADDRESS)  # where the push service is reached: the hub, the live stream
    zone: str = "UTC"
    languages: tuple[str, ...] = Field(("en",), min_length=1)
    imprint: str = ""
    masthead: MastheadLine = MastheadLine()
    sections: tuple[Section, ...] = ()
    profiles: tuple[Profile, ...] = ()
    share: Share = Share()

    @field_validator("base_url", "push_url")
    @classmethod
    def _in_ascii(cls, value: str) -> str:
        return ascii_url(value) if value else value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no IANA zone; an example is Europe/Istanbul") from error
        return value

    @field_validator("languages")
    @classmethod
    def _known_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for tag in value:
            try:
                Locale.parse(tag, sep="-")
            except (UnknownLocaleError, ValueError) as error:
                raise ValueError(f"{tag!r} is no language tag (BCP 47); an example is en") from error
        return value

    @property
    def language(self) -> str:
        return self.languages[0]

    @property
    def hub_url(self) -> str:
        """The hub of every feed (WebSub)."""
        return f"{self.push_url}/hub"

    @property
    def cloud_url(self) -> str:
        """Where subscribers ask to be notified of RSS feeds (rssCloud)."""
        return f"{self.push_url}/rsscloud/pleaseNotify"

    @property
    def live_url(self) -> str:
        """The stream of events (Server-Sent Events)."""
        return f"{self.push_url}/live"

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def section_label(self, slug: str, language: str) -> str | None:
        """The configured name of a section in a language; None for a section that is not in the file."""
        return next((each.label(language) for each in self.sections if each.slug == slug), None)

    def section_name(self, section: Mapping[str, str] | None, language: str) -> str:
        """The name of an article's section in its language: the configured one, else its own; empty without any."""
        return (self.section_label(section["slug"], language) or section["label"]) if section else ""


def load_publication(path: Path) -> Publication:
    """The publication in `path`, or the demo publication when there is no such file.

    MASTHEAD_BASE_URL wins over the file's base_url; when both are empty, the address of `make up` is used. The push
    service is at MASTHEAD_PUSH_URL, else the file's push_url, else below base_url; without any, where `make up` has it.
    Raises ConfigurationError naming the file, the key and what it accepts.
    """
    source = path if path.exists() else TEMPLATE
    try:
        values = tomllib.loads(source.read_text(encoding="utf-8"))
        base_url = os.environ.get("MASTHEAD_BASE_URL") or values.get("base_url")
        push_url = os.environ.get("MASTHEAD_PUSH_URL") or values.get("push_url") or base_url
        local = Settings()
        values["base_url"] = base_url or f"http://127.0.0.1:{local.feed_port}"
        values["push_url"] = push_url or f"http://127.0.0.1:{local.push_port}"
        return Publication.model_validate(values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{source} is not valid TOML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']} (found {e['input']!r})" for e in error.errors())
        raise ConfigurationError(f"{source}: {faults}") from error
