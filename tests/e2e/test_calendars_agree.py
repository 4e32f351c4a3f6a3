"""The calendars against a second source: ICU, as a browser's Intl speaks it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.feed.calendars import in_calendar
from shared.publication import MastheadLine
from tests.browser import open_browser

pytestmark = pytest.mark.browser

LINE = MastheadLine()
ASK = """([calendar, days]) => {
    const written = new Intl.DateTimeFormat(`en-u-ca-${calendar}-nu-latn`,
        { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });
    return days.map(day => {
        const parts = written.formatToParts(new Date(day));
        const part = type => parts.find(each => each.type === type).value;
        return [part("day"), part("month"), part("year")].join(" ");
    });
}"""


def every_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


# Tables of Umm al-Qura differ on two month starts of the 2020s and on many before 2000 and after 2030.
UMM_AL_QURA = every_day(date(2000, 1, 1), date(2019, 12, 31))
HEBREW = every_day(date(2000, 1, 1), date(2035, 12, 31))
# Only the start of the Persian year is in question, and computing a day takes milliseconds.
PERSIAN = [day for year in range(1990, 2041) for day in every_day(date(year, 3, 19), date(year, 3, 22))]
PERSIAN += [date(2018, month, day) for month in range(1, 13) for day in (1, 20, 21, 22, 23)]


@pytest.mark.parametrize(
    ("calendar", "days"), [("islamic-umalqura", UMM_AL_QURA), ("persian", PERSIAN), ("hebrew", HEBREW)]
)
def test_a_calendar_agrees_with_icu(calendar, days):
    with open_browser() as browser:
        theirs = browser.new_page().evaluate(ASK, [calendar, [day.isoformat() for day in days]])
    ours = [found.text for day in days if (found := in_calendar(day, calendar, LINE, "en"))]
    if calendar == "islamic-umalqura":  # ICU spells the months otherwise
        ours, theirs = [_numbers(text) for text in ours], [_numbers(text) for text in theirs]
    assert [pair for pair in zip(days, ours, theirs, strict=True) if pair[1] != pair[2]] == []


def _numbers(text: str) -> str:
    return " ".join((text.split()[0], text.split()[-1]))
