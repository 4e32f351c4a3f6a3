from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from services.feed.masthead import as_json, compose
from shared.localised import date_line
from shared.publication import TEMPLATE, MastheadLine, Publication, load_publication

TODAY = date(2018, 4, 20)
COUNTS = {
    date(2018, 4, 20): 39,
    date(2018, 4, 19): 40,
    date(2018, 4, 18): 44,
    date(2018, 4, 17): 40,
    date(2018, 4, 16): 43,
}
SEED = (
    "20 April 2018 - Friday - 4 Shaban 1439 | 20/04/2018 (39) 19/04/2018 (40) 18/04/2018 (44) "
    "17/04/2018 (40) 16/04/2018 (43) Total: 136,743 content"
)


@pytest.fixture
def demo(monkeypatch):
    monkeypatch.setenv("MASTHEAD_BASE_URL", "https://news.example")
    return load_publication(TEMPLATE)


def publication(language="en", **line):
    return Publication(name="The Courier", languages=(language,), masthead=MastheadLine(**line))


def test_the_line_of_the_seed_is_reproduced_exactly(demo):
    assert compose(demo, TODAY, COUNTS, 136_743).text == SEED


def test_the_line_needs_no_configuration():
    assert compose(publication(), TODAY, COUNTS, 136_743).text == SEED


def test_the_machine_form_holds_the_same_line_and_plain_values(demo):
    body = as_json(compose(demo, TODAY, COUNTS, 136_743), demo)
    assert body["text"] == SEED
    assert body["date"] == {"date": "2018-04-20", "text": "20 April 2018", "weekday": "Friday"}
    assert body["calendars"][1] == {
        "calendar": "islamic-umalqura",
        "year": 1439,
        "month": 8,
        "day": 4,
        "text": "4 Shaban 1439",
    }
    assert body["total"] == {"count": 136_743, "text": "Total: 136,743 content"}
    assert body["days"][0] == {
        "date": "2018-04-20",
        "text": "20/04/2018",
        "count": 39,
        "url": "https://news.example/2018/04/20/",
    }
    assert [day["count"] for day in body["days"]] == [39, 40, 44, 40, 43]


def test_each_day_leads_to_its_archive(demo):
    days = compose(demo, TODAY, COUNTS, 136_743).days
    assert [day.path for day in days] == [f"/2018/04/{n}/" for n in (20, 19, 18, 17, 16)]


def test_a_day_without_articles_shows_0():
    line = compose(publication(), TODAY, {}, 0).text
    assert line.startswith("20 April 2018 - Friday - 4 Shaban 1439 | 20/04/2018 (0) 19/04/2018 (0) ")
    assert line.endswith("16/04/2018 (0) Total: 0 content")


def test_as_many_days_as_configured_are_shown():
    assert len(compose(publication(days=1), TODAY, COUNTS, 1).days) == 1
    assert compose(publication(days=31), TODAY, COUNTS, 1).days[-1].day == date(2018, 3, 21)


def test_the_weekday_stands_after_the_first_calendar():
    found = compose(publication(calendars=("persian", "gregorian", "hebrew")), TODAY, COUNTS, 1)
    assert found.dates_text == "31 Farvardin 1397 - Friday - 20 April 2018 - 5 Iyar 5778"


def test_a_calendar_that_does_not_know_the_day_is_left_out():
    before_the_table = date(1900, 1, 1)
    assert compose(publication(), before_the_table, {}, 0).dates_text == "1 January 1900 - Monday"
    only_hijri = publication(calendars=("islamic-umalqura",))
    assert compose(only_hijri, before_the_table, {}, 0).dates_text == "1 January 1900 - Monday"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("tr", "20 Nisan 2018 - Cuma - 4 Şaban 1439 | 20/04/2018 (39) Total: 136.743 content"),
        ("ar", "20 أبريل 2018 - الجمعة - 4 شعبان 1439 | 20/04/2018 (39) Total: 136,743 content"),
        ("fa", "۲۰ آوریل ۲۰۱۸ - جمعه - ۴ شعبان ۱۴۳۹ | ۲۰/۰۴/۲۰۱۸ (۳۹) Total: ۱۳۶٬۷۴۳ content"),
        ("he", "20 אפריל 2018 - יום שישי - 4 שעבאן 1439 | 20/04/2018 (39) Total: 136,743 content"),
        ("zh", "20 四月 2018 - 星期五 - 4 舍尔邦月 1439 | 20/04/2018 (39) Total: 136,743 content"),
        ("ru", "20 апреля 2018 - пятница - 4 шаабан 1439 | 20/04/2018 (39) Total: 136\xa0743 content"),
        ("fr", "20 avril 2018 - vendredi - 4 chaabane 1439 | 20/04/2018 (39) Total: 136\u202f743 content"),
        ("de", "20 April 2018 - Freitag - 4 Schaban 1439 | 20/04/2018 (39) Total: 136.743 content"),
        ("th", "20 เมษายน 2018 - วันศุกร์ - 4 ชะอ์บาน 1439 | 20/04/2018 (39) Total: 136,743 content"),
    ],
)
def test_the_first_language_writes_the_line(language, line):
    assert compose(publication(language, days=1), TODAY, COUNTS, 136_743).text == line


def test_label_word_and_patterns_are_the_publications():
    chinese = publication("zh", days=1, date_format="y年M月d日", day_format="M月d日", total_label="共", total_word="篇")
    assert compose(chinese, TODAY, COUNTS, 7).text == "2018年4月20日 - 星期五 - 1439年8月4日 | 4月20日 (39) 共: 7 篇"


def test_the_word_after_the_total_may_be_empty():
    assert compose(publication(total_word=""), TODAY, {}, 5).total_text == "Total: 5"


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "16 February 2016 20:50"),
        ("tr", "16 Şubat 2016 20:50"),
        ("ar", "16 فبراير 2016 20:50"),
        ("fa", "۱۶ فوریهٔ ۲۰۱۶ ۲۰:۵۰"),
        ("zh-Hans", "2016年2月16日 20:50"),
        ("de", "16 February 2016 20:50"),
    ],
)
def test_an_articles_date_line_is_in_its_language_where_the_publication_has_it(demo, language, line):
    assert date_line(datetime(2016, 2, 16, 18, 50, tzinfo=UTC), demo, language) == line


def test_english_under_another_first_language_keeps_the_order_of_the_publication():
    turkish = Publication(name="Kurye", languages=("tr", "en", "de"), zone="Europe/Istanbul")
    instant = datetime(2016, 2, 16, 18, 50, tzinfo=UTC)
    assert date_line(instant, turkish, "en") == "16 February 2016 20:50"
    assert date_line(instant, turkish, "de") == "16. Februar 2016 20:50"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ({"date_format": "d MMMMMMMMM y"}, "no CLDR date pattern"),
        ({"month_names": {"persian": ["Farvardin"]}}, "persian has 12 months; 1 names were given"),
        ({"hijri_day_offset": 2}, "Input should be -1, 0 or 1"),
    ],
)
def test_a_masthead_that_cannot_be_written_is_refused_at_the_start(line, complaint):
    with pytest.raises(ValidationError, match=complaint):
        MastheadLine.model_validate(line)
