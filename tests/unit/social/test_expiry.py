"""When an account's access ends: each reminder once and in its time, and renewal before any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.social.expiry import DAYS, Forecast, Reminder, forecast, renewal

END = datetime(2026, 12, 31, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "due", "look"),
    [
        (timedelta(days=60), None, 14),
        (timedelta(days=14, seconds=1), None, 14),
        (timedelta(days=14), 14, 7),
        (timedelta(days=10), 14, 7),
        (timedelta(days=7), 7, 1),
        (timedelta(days=1, seconds=1), 7, 1),
        (timedelta(days=1), 1, 0),
        (timedelta(seconds=1), 1, 0),
        (timedelta(0), 0, None),
        (-timedelta(days=400), 0, None),
    ],
)
def test_a_reminder_is_due_14_7_and_1_days_before_and_at_the_end(
    left: timedelta, due: int | None, look: int | None
) -> None:
    reminder = None if due is None else Reminder(due, END)
    assert forecast(END, END - left) == Forecast(reminder, None if look is None else END - look * DAY)
    if reminder is not None:
        assert forecast(END, END - left, [reminder]).reminder is None


def test_without_an_end_there_is_nothing_to_say() -> None:
    assert forecast(None, END, [Reminder(14, END)]) == Forecast(None, None)


@pytest.mark.parametrize("days", DAYS)
def test_who_has_been_told_the_worse_is_not_told_the_lesser(days: int) -> None:
    given = [Reminder(days, END)]
    for earlier in (each for each in DAYS if each >= days):
        assert forecast(END, END - earlier * DAY, given).reminder is None
    for later in (each for each in DAYS if each < days):
        assert forecast(END, END - later * DAY, given).reminder == Reminder(later, END)


def test_an_end_that_has_moved_is_told_anew_and_one_that_trembles_is_not() -> None:
    told = [Reminder(days, END) for days in DAYS]
    renewed = END + 60 * DAY
    assert forecast(renewed, END, told) == Forecast(None, renewed - 14 * DAY)
    assert forecast(renewed, renewed - 7 * DAY, told).reminder == Reminder(7, renewed)
    trembling = END + timedelta(seconds=3)
    assert forecast(trembling, trembling - 7 * DAY, [Reminder(7, END)]).reminder is None
    earlier = END - 30 * DAY
    assert forecast(earlier, earlier, [Reminder(14, END)]).reminder == Reminder(0, earlier), (
        "an access that was cut short"
    )


def test_who_follows_the_looks_says_everything_in_its_time() -> None:
    now, said, given = END - 90 * DAY, [], []
    while True:
        found = forecast(END, now, given)
        if found.reminder:
            given.append(found.reminder)
            said.append((found.reminder.days, END - now))
        if found.look is None:
            break
        assert found.look > now, "or it would look for ever"
        now = found.look
    assert said == [(days, days * DAY) for days in DAYS]


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=20)), max_size=30))
def test_however_seldom_one_looks_nothing_is_said_twice_or_after_something_worse(steps: list[timedelta]) -> None:
    now, given = END - 60 * DAY, list[Reminder]()
    for step in steps:
        now += step
        if reminder := forecast(END, now, given).reminder:
            given.append(reminder)
            assert END - now <= reminder.days * DAY
        assert forecast(END, now, given).reminder is None
    days = [reminder.days for reminder in given]
    assert days == sorted(set(days), reverse=True)
    assert (0 in days) == (now >= END)


# Renewal.


def test_a_token_that_renews_itself_does_so_before_anyone_is_told() -> None:
    got = END - 60 * DAY
    at = renewal(got, END)
    assert at == END - 15 * DAY
    assert forecast(END, at).reminder is None
    assert at - got > DAY, "Threads renews no token that is younger"


@pytest.mark.parametrize(
    ("life", "after"),
    [
        (timedelta(hours=2), timedelta(hours=1, minutes=30)),
        (timedelta(minutes=5), timedelta(minutes=3, seconds=45)),
        (timedelta(seconds=10), timedelta(minutes=1)),
        (timedelta(0), timedelta(minutes=1)),
        (-timedelta(days=3), timedelta(minutes=1)),
    ],
)
def test_a_token_is_renewed_when_three_quarters_are_over_and_never_all_the_time(
    life: timedelta, after: timedelta
) -> None:
    assert renewal(END, END + life) == END + after
