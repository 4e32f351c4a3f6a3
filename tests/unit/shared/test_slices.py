"""Slices and the addresses made from them."""

from __future__ import annotations

from datetime import date

import pytest

from shared.slices import ALL, Slice, day_slice, slices_of
from shared.urls import article_path, feed_path, slice_path, urn


@pytest.mark.parametrize(
    ("which", "key", "path"),
    [
        (ALL, "all", "/"),
        (day_slice(date(2018, 4, 20)), "day:2018-04-20", "/2018/04/20/"),
        (Slice("section", "economy"), "section:economy", "/sections/economy/"),
        (Slice("tag", "bütçe"), "tag:bütçe", "/tags/b%C3%BCt%C3%A7e/"),
        (Slice("publisher", "agency"), "publisher:agency", "/publishers/agency/"),
        (Slice("byline", "ayşe-yılmaz"), "byline:ayşe-yılmaz", "/bylines/ay%C5%9Fe-y%C4%B1lmaz/"),
        (Slice("language", "ar"), "language:ar", "/languages/ar/"),
    ],
)
def test_a_slice_has_one_key_and_one_ascii_address(which: Slice, key: str, path: str) -> None:
    assert str(which) == key
    assert Slice.parse(key) == which
    assert slice_path(which) == path
    assert feed_path(which, "rss") == f"{path}feed.rss"
    assert path.isascii()


def test_a_value_may_hold_the_separator() -> None:
    assert Slice.parse("tag:a:b") == Slice("tag", "a:b")


def test_an_article_is_in_each_of_its_slices_once() -> None:
    found = slices_of(
        day=date(2018, 4, 20),
        language="en",
        publisher="agency",
        section=None,
        tags=["harbour", "harbour", "storm"],
        bylines=["nora-hill"],
    )
    assert [str(each) for each in found] == [
        "all",
        "byline:nora-hill",
        "day:2018-04-20",
        "language:en",
        "publisher:agency",
        "tag:harbour",
        "tag:storm",
    ]


def test_an_articles_address_is_ascii_and_works_without_a_slug() -> None:
    assert article_path(date(2018, 4, 20), "ميناء", "0123456789").isascii()
    assert article_path(date(2018, 4, 20), "", "0123456789") == "/2018/04/20/0123456789"


def test_the_id_of_an_item_is_an_opaque_urn() -> None:
    assert urn("3d94546e-94df-45aa-9f6c-f2b92696b1bd") == "urn:uuid:3d94546e-94df-45aa-9f6c-f2b92696b1bd"
