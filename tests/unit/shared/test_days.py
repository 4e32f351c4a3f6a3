from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.days import latest_days, local_day

ISTANBUL = ZoneInfo("Europe/Istanbul")


def test_an_evening_in_utc_is_already_the_next_day_in_istanbul():
    assert local_day(datetime(2018, 4, 19, 21, 0, tzinfo=UTC), ISTANBUL) == date(2018, 4, 20)
    assert local_day(datetime(2018, 4, 19, 20, 59, tzinfo=UTC), ISTANBUL) == date(2018, 4, 19)


def test_the_day_follows_the_offset_of_its_own_date():
    # Istanbul was at +02:00 in winter until 2016.
    assert local_day(datetime(2016, 1, 31, 21, 30, tzinfo=UTC), ISTANBUL) == date(2016, 1, 31)
    assert local_day(datetime(2016, 7, 31, 21, 30, tzinfo=UTC), ISTANBUL) == date(2016, 8, 1)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs a zone"):
        local_day(datetime(2018, 4, 20), ISTANBUL)  # noqa: DTZ001


def test_latest_days_cross_a_month_and_a_leap_day():
    assert latest_days(date(2020, 3, 1), 3) == [date(2020, 3, 1), date(2020, 2, 29), date(2020, 2, 28)]


def test_latest_days_of_none_are_none():
    assert latest_days(date(2020, 3, 1), 0) == []
