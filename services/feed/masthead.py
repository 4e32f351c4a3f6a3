"""The masthead: today in the publication's calendars, the latest days with their counts, and the total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.feed.calendars import CalendarDate, gregorian, in_calendar
from shared.days import latest_days
from shared.localised import date_text, number
from shared.publication import MastheadLine, Publication
from shared.slices import ALL, day_slice
from shared.text import direction_of
from shared.urls import slice_path


@dataclass(frozen=True)
class DayCount:
    """One of the latest days: its date, `20/04/2018`, `(39)` as a number and as text, and its page."""

    day: date
    text: str
    count: int
    count_text: str
    path: str


@dataclass(frozen=True)
class Masthead:
    """The line and its parts, in the publication's first language. `text` is the line as people read it."""

    today: date
    date: CalendarDate  # in the first of the publication's calendars
    weekday: str
    others: tuple[CalendarDate, ...]
    days: tuple[DayCount, ...]  # newest first
    total: int
    total_text: str

    @property
    def dates_text(self) -> str:
        return " - ".join([self.date.text, self.weekday, *(each.text for each in self.others)])

    @property
    def text(self) -> str:
        days = " ".join(f"{each.text} ({each.count_text})" for each in self.days)
        return f"{self.dates_text} | {days} {self.total_text}"


def compose(publication: Publication, today: date, counts: Mapping[date, int], total: int) -> Masthead:
    """The masthead of a day. `counts` is articles per local date; a day that is not in it shows 0."""
    line, language = publication.masthead, publication.language
    first, *others = _dates(line, today, language)
    return Masthead(
        today=today,
        date=first,
        weekday=date_text(today, "EEEE", language),
        others=tuple(others),
        days=tuple(_day(day, counts.get(day, 0), line, language) for day in latest_days(today, line.days)),
        total=total,
        total_text=f"{line.total_label}: {number(total, language)} {line.total_word}".rstrip(),
    )


def as_json(masthead: Masthead, publication: Publication) -> dict[str, Any]:
    """The body of /masthead.json: the line, and each part of it for people and for machines."""

    def address(path: str) -> str:
        return publication.base_url + path

    return {
        "publication": {"name": publication.name, "url": address(slice_path(ALL))},
        "text": masthead.text,
        "language": publication.language,
        "direction": direction_of(publication.language),
        "zone": publication.zone,
        "date": {"date": masthead.today.isoformat(), "text": masthead.date.text, "weekday": masthead.weekday},
        "calendars": [_calendar_json(each) for each in (masthead.date, *masthead.others)],
        "days": [
            {"date": each.day.isoformat(), "text": each.text, "count": each.count, "url": address(each.path)}
            for each in masthead.days
        ],
        "total": {"count": masthead.total, "text": masthead.total_text},
        "profiles": [{"name": each.name, "url": each.url} for each in publication.profiles],
    }


def _dates(line: MastheadLine, today: date, language: str) -> list[CalendarDate]:
    """Today in each calendar that knows it; in the Gregorian when none of them does."""
    found = [in_calendar(today, calendar, line, language) for calendar in line.calendars]
    return [each for each in found if each] or [gregorian(today, line, language)]


def _day(day: date, count: int, line: MastheadLine, language: str) -> DayCount:
    text = date_text(day, line.day_format, language)
    return DayCount(day, text, count, number(count, language), slice_path(day_slice(day)))


def _calendar_json(found: CalendarDate) -> dict[str, Any]:
    return {
        "calendar": found.calendar,
        "year": found.year,
        "month": found.month,
        "day": found.day,
        "text": found.text,
    }
