"""Cursors: opaque, one text for each position, and refused when they were never given out."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feed.cursors import MOST, Before, Since
from services.feed.entries import Window
from shared.errors import Refused

numbers = st.integers(0, MOST)
NOON = datetime(2018, 4, 20, 12, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), numbers)
def test_a_place_in_the_order_of_publication_comes_back_as_it_was(at: datetime, seq: int) -> None:
    assert Before.parse(str(Before(at, seq))) == Before(at, seq)


@given(numbers, numbers)
def test_a_place_in_the_order_of_changes_comes_back_as_it_was(seq: int, article: int) -> None:
    assert Since.parse(str(Since(seq, article))) == Since(seq, article)


@given(st.text() | st.binary(min_size=17, max_size=17).map(lambda raw: urlsafe_b64encode(raw).decode().rstrip("=")))
def test_whatever_is_no_cursor_is_refused_with_the_parameters_name(text: str) -> None:
    for kind, parameter in ((Before, "before"), (Since, "since")):
        try:
            assert str(kind.parse(text)) == text
        except Refused as refused:
            assert (refused.status, refused.faults[0].parameter) == (400, parameter)


def test_one_kind_is_not_the_other_and_one_place_has_one_text() -> None:
    cursor = str(Since(7, 8))
    for forged in (str(Before(NOON, 8)), f"{cursor}=", cursor[:-1], cursor + "A", cursor[:-1] + "J", f" {cursor}"):
        with pytest.raises(Refused):
            Since.parse(forged)


# The window


def keeps(*hours: float, size: Window) -> int:
    return size.keeps([NOON - timedelta(hours=each) for each in hours], NOON)


def test_a_window_holds_its_items_its_hours_and_a_burst_without_limit() -> None:
    size = Window(items=2, hours=48, most=4)
    assert keeps(500, 600, 700, size=size) == 2
    assert keeps(1, 20, 30, size=size) == 3
    assert keeps(3, 4, 5, 6, 7, 8, size=size) == 4
    assert keeps(1, 1, 1, 1, 1, 1, 3, size=size) == 6
    assert keeps(2, size=Window(0, 1, 1)) == 0, "twice an hour ago and not a moment less"
    assert keeps(size=size) == 0
