from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feed.calendars import gregorian, in_calendar
from services.feed.month_names import MONTH_NAMES
from shared.localised import language_name, number
from shared.publication import MONTHS, MastheadLine

LINE = MastheadLine()
FRIDAY = date(2018, 4, 20)


def text(day, calendar, language="en", line=LINE):
    found = in_calendar(day, calendar, line, language)
    return found and found.text


def parts(day, calendar, line=LINE):
    found = in_calendar(day, calendar, line, "en")
    return (found.year, found.month, found.day)


@pytest.mark.parametrize(
    ("day", "hijri"),
    [
        (FRIDAY, (1439, 8, 4)),
        (date(2018, 4, 17), (1439, 8, 1)),
        (date(2024, 12, 2), (1446, 6, 1)),
        (date(1924, 8, 1), (1343, 1, 1)),
        (date(2077, 11, 16), (1500, 12, 30)),
    ],
)
def test_umm_al_qura_agrees_with_the_official_table(day, hijri):
    assert parts(day, "islamic-umalqura") == hijri


@pytest.mark.parametrize("day", [date(1924, 7, 31), date(2077, 11, 17), date.min, date.max])
def test_umm_al_qura_is_left_out_where_its_table_ends(day):
    assert in_calendar(day, "islamic-umalqura", LINE, "en") is None


@pytest.mark.parametrize(("offset", "hijri"), [(-1, (1439, 7, 30)), (0, (1439, 8, 1)), (1, (1439, 8, 2))])
def test_the_hijri_date_moves_by_the_offset(offset, hijri):
    assert parts(date(2018, 4, 17), "islamic-umalqura", MastheadLine(hijri_day_offset=offset)) == hijri


def test_the_offset_moves_no_other_calendar():
    moved = MastheadLine(hijri_day_offset=1)
    for calendar in ("gregorian", "persian", "hebrew"):
        assert parts(FRIDAY, calendar, moved) == parts(FRIDAY, calendar)


@pytest.mark.parametrize(
    ("nowruz", "year"),
    [
        (date(2016, 3, 20), 1395),
        (date(2017, 3, 21), 1396),
        (date(2018, 3, 21), 1397),
        (date(2020, 3, 20), 1399),
        (date(2021, 3, 21), 1400),
        (date(2024, 3, 20), 1403),
        (date(2025, 3, 21), 1404),
    ],
)
def test_the_persian_year_begins_on_nowruz(nowruz, year):
    assert parts(nowruz, "persian") == (year, 1, 1)
    assert parts(nowruz - timedelta(days=1), "persian")[:2] == (year - 1, 12)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2018, 9, 10), "1 Tishri 5779"),
        (FRIDAY, "5 Iyar 5778"),
        (date(2018, 3, 1), "14 Adar 5778"),
        (date(2019, 2, 19), "14 Adar I 5779"),
        (date(2019, 3, 21), "14 Adar II 5779"),
        (date(2019, 4, 20), "15 Nisan 5779"),
        (date(2018, 9, 9), "29 Elul 5778"),
        (date(2018, 12, 3), "25 Kislev 5779"),
    ],
)
def test_the_hebrew_calendar_names_its_months_in_common_and_leap_years(day, expected):
    assert text(day, "hebrew") == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (FRIDAY, "ה׳ באייר תשע״ח"),
        (date(2018, 9, 24), "ט״ו בתשרי תשע״ט"),
        (date(2018, 9, 25), "ט״ז בתשרי תשע״ט"),
        (date(2018, 9, 26), "י״ז בתשרי תשע״ט"),
        (date(2019, 9, 30), "א׳ בתשרי תש״פ"),
        (date(2025, 9, 23), "א׳ בתשרי תשפ״ו"),
    ],
)
def test_hebrew_readers_see_hebrew_numerals(day, expected):
    found = text(day, "hebrew", "he", MastheadLine(date_format="d בMMMM y"))
    assert found == expected


@pytest.mark.parametrize(
    ("language", "dates"),
    [
        ("en", ["20 April 2018", "4 Shaban 1439", "31 Farvardin 1397", "5 Iyar 5778"]),
        ("tr", ["20 Nisan 2018", "4 Şaban 1439", "31 Ferverdin 1397", "5 İyar 5778"]),
        ("ar", ["20 أبريل 2018", "4 شعبان 1439", "31 فروردين 1397", "5 أيار 5778"]),
        ("fa", ["۲۰ آوریل ۲۰۱۸", "۴ شعبان ۱۴۳۹", "۳۱ فروردین ۱۳۹۷", "۵ ایار ۵۷۷۸"]),
        ("he", ["20 אפריל 2018", "4 שעבאן 1439", "31 פרורדין 1397", "ה׳ אייר תשע״ח"]),
        ("ru", ["20 апреля 2018", "4 шаабан 1439", "31 фарвардин 1397", "5 ияр 5778"]),
        ("fr", ["20 avril 2018", "4 chaabane 1439", "31 farvardin 1397", "5 iyar 5778"]),
        ("de", ["20 April 2018", "4 Schaban 1439", "31 Farwardin 1397", "5 Ijjar 5778"]),
        ("th", ["20 เมษายน 2018", "4 ชะอ์บาน 1439", "31 ฟาร์วาร์ดิน 1397", "5 อิยาร์ 5778"]),
        ("sw", ["20 Aprili 2018", "4 Shaban 1439", "31 Farvardin 1397", "5 Iyar 5778"]),
    ],
)
def test_every_calendar_speaks_the_language_and_english_where_it_has_no_names(language, dates):
    assert [text(FRIDAY, calendar, language) for calendar in MONTHS] == dates


def test_chinese_dates_follow_their_own_pattern():
    line = MastheadLine(date_format="y年M月d日EEEE")
    assert [text(FRIDAY, calendar, "zh", line) for calendar in ("gregorian", "islamic-umalqura")] == [
        "2018年4月20日星期五",
        "1439年8月4日星期五",
    ]


def test_numeric_patterns_are_padded_as_they_say():
    assert text(FRIDAY, "islamic-umalqura", line=MastheadLine(date_format="dd/MM/yyyy")) == "04/08/1439"
    assert text(FRIDAY, "persian", line=MastheadLine(date_format="yy-M-d")) == "97-1-31"


def test_the_publications_spelling_wins():
    months = tuple(f"month {n}" for n in range(1, 13))
    line = MastheadLine(month_names={"islamic-umalqura": months, "gregorian": months})
    assert text(FRIDAY, "islamic-umalqura", line=line) == "4 month 8 1439"
    assert gregorian(FRIDAY, line, "en").text == "20 month 4 2018"


def test_every_table_names_every_month():
    for calendar, table in MONTH_NAMES.items():
        for language, names in table.items():
            assert len(names) == MONTHS[calendar], (calendar, language)
            assert len(set(names)) == len(names), (calendar, language)
            assert all(name == name.strip() and name for name in names)


@given(st.dates())
def test_no_day_of_any_year_is_an_error(day):
    for calendar in MONTHS:
        found = in_calendar(day, calendar, LINE, "he")
        assert found is None or (found.year > 0 and found.text)


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2060, 12, 31)))
def test_each_next_day_is_the_next_day_or_the_first_of_a_month(day):
    for calendar in MONTHS:
        today, tomorrow = parts(day, calendar), parts(day + timedelta(days=1), calendar)
        assert tomorrow[2] in (today[2] + 1, 1)
        assert tomorrow > today or tomorrow[1:] == (1, 1)


def test_numbers_are_grouped_as_the_language_does():
    written = {language: number(136743, language) for language in ("en", "tr", "fa", "fr", "zh")}
    assert written == {
        "en": "136,743",
        "tr": "136.743",
        "fa": "۱۳۶٬۷۴۳",
        "fr": "136\u202f743",
        "zh": "136,743",
    }


def test_a_language_is_called_as_its_readers_call_it():
    assert [language_name(tag) for tag in ("tr", "ar", "fa", "xx")] == ["Türkçe", "العربية", "فارسی", "xx"]
