"""A date in the calendars of the masthead.

Gregorian by Babel, Umm al-Qura by the table of hijridate, Persian by convertdate, Hebrew by pyluach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from babel.dates import tokenize_pattern
from convertdate import persian
from hijridate import Gregorian
from pyluach.dates import HebrewDate
from pyluach.hebrewcal import Year

from services.feed.month_names import MONTH_NAMES
from shared.localised import date_text, digits
from shared.publication import CalendarName, MastheadLine


class _Found(NamedTuple):
    year: int
    month: int
    day: int
    name_at: int  # place of the month's name in its table
    in_letters: tuple[str, str] | None = None  # year and day as Hebrew readers write them: תשע״ח, ט״ו


@dataclass(frozen=True)
class CalendarDate:
    """One day in one calendar.

    `month` counts as CLDR does: in the Hebrew calendar Tishri is 1, Adar I 6, Adar and Adar II 7, Elul 13.
    """

    calendar: CalendarName
    year: int
    month: int
    day: int
    text: str


def in_calendar(day: date, calendar: CalendarName, line: MastheadLine, language: str) -> CalendarDate | None:
    """A day as text by the masthead's date pattern; None outside the years for which the calendar is known.

    Umm al-Qura is known from 1 August 1924 to 16 November 2077.
    """
    if calendar == "gregorian":
        return gregorian(day, line, language)
    found = _convert(day, calendar, line.hijri_day_offset)
    return None if found is None else _written(found, day, calendar, line, language)


def gregorian(day: date, line: MastheadLine, language: str) -> CalendarDate:
    """A day in the calendar that is known for every day."""
    if "gregorian" in line.month_names:
        found = _Found(day.year, day.month, day.day, day.month - 1)
        return _written(found, day, "gregorian", line, language)
    return CalendarDate("gregorian", day.year, day.month, day.day, date_text(day, line.date_format, language))


def _written(found: _Found, day: date, calendar: CalendarName, line: MastheadLine, language: str) -> CalendarDate:
    names = line.month_names.get(calendar) or _default_names(calendar, language)
    text = "".join(_fields(line.date_format, day, found, names[found.name_at], language))
    return CalendarDate(calendar, found.year, found.month, found.day, text)


def _default_names(calendar: CalendarName, language: str) -> tuple[str, ...]:
    names = MONTH_NAMES[calendar]
    return names.get(language) or names.get(language.split("-")[0]) or names["en"]


@lru_cache(maxsize=256)
def _convert(day: date, calendar: CalendarName, hijri_offset: int) -> _Found | None:
    try:
        if calendar == "islamic-umalqura":
            moved = day + timedelta(days=hijri_offset)
            year, month, day_of_month = Gregorian(moved.year, moved.month, moved.day).to_hijri().datetuple()
        elif calendar == "persian":
            year, month, day_of_month = persian.from_gregorian(day.year, day.month, day.day)
        else:
            return _hebrew(day)
    except (OverflowError, ValueError):
        return None
    return None if year < 1 else _Found(year, month, day_of_month, month - 1)


def _hebrew(day: date) -> _Found:
    """pyluach counts months from Nisan; CLDR, and so `CalendarDate`, from Tishri."""
    date_there = HebrewDate.from_pydate(day)
    year, counted, day_of_month = date_there.tuple()
    if counted == 13:  # Adar II
        month, name_at = 7, 7
    elif counted == 12:  # Adar I or Adar
        month, name_at = (6, 6) if Year(year).leap else (7, 5)
    elif counted >= 7:  # Tishri to Shevat
        month, name_at = counted - 6, counted - 7
    else:
        month, name_at = counted + 7, counted + 7
    letters = (date_there.hebrew_year() or str(year), date_there.hebrew_day())
    return _Found(year, month, day_of_month, name_at, letters)


def _fields(pattern: str, day: date, found: _Found, month_name: str, language: str) -> Iterator[str]:
    """A CLDR date pattern over another calendar's parts (UTS 35, date field symbols y, M, L, d, E, e, c)."""
    in_letters = found.in_letters if language.split("-")[0] == "he" else None
    for kind, value in tokenize_pattern(pattern):
        if kind == "chars":
            yield str(value)
            continue
        symbol, width = str(value[0]), int(value[1])
        if symbol in "ML":
            yield month_name if width > 2 else digits(f"{found.month:0{width}}", language)
        elif symbol in "yd" and in_letters:
            yield in_letters["yd".index(symbol)]
        elif symbol == "y":
            yield digits(f"{found.year % 100:02}" if width == 2 else f"{found.year:0{width}}", language)
        elif symbol == "d":
            yield digits(f"{found.day:0{width}}", language)
        elif symbol in "Eec":  # the week is the same in every calendar
            yield date_text(day, symbol * width, language)
