"""Topics: one canonical address for each feed one can subscribe to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.slices import ALL, Slice
from shared.topics import FILTERS, LONGEST_VALUE, Selection, Topic, select, topic_from, topic_of
from shared.urls import FORMATS

WORLD, ARABIC = Slice("section", "world"), Slice("language", "ar")
ADDRESSES = {
    "/feed.rss": Topic(Selection(), "rss"),
    "/feed.json": Topic(Selection(), "json"),
    "/sections/world/feed.atom": Topic(Selection((WORLD,)), "atom"),
    "/tags/%D9%85%D9%8A%D9%86%D8%A7%D8%A1/feed.rss": Topic(Selection((Slice("tag", "ميناء"),)), "rss"),
    "/2018/04/20/feed.json": Topic(Selection((Slice("day", "2018-04-20"),)), "json"),
    "/feeds?section=world&language=ar": Topic(Selection((WORLD, ARABIC)), "rss"),
    "/feeds?section=world&language=ar&format=atom": Topic(Selection((WORLD, ARABIC)), "atom"),
}


@pytest.mark.parametrize(("address", "topic"), ADDRESSES.items())
def test_an_address_and_its_topic_are_one(address: str, topic: Topic) -> None:
    assert topic.path == address
    assert topic_of(address) == topic


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/feed",
        "/feed.xml",
        "/feeds",
        "/feeds?",
        "/feeds.opml",
        "/feeds?section=world",
        "/feeds?language=ar&section=world",
        "/feeds?section=world&language=ar&format=rss",
        "/feeds?section=world&language=ar&format=pdf",
        "/feeds?section=world&language=ar&format=atom&format=atom",
        "/feeds?section=world&language=ar&before=x",
        "/feeds?colour=red&language=ar",
        "/feed.rss?since=x",
        "/2018/02/30/feed.rss",
        "/2018/4/20/feed.rss",
        "/2018/04/20/archive.rss",
        "/tags/ميناء/feed.rss",
        "/tags/a/b/feed.rss",
        "/colours/red/feed.rss",
        "https://[broken",
        "",
    ],
)
def test_what_is_no_canonical_address_is_no_topic(address: str) -> None:
    assert topic_of(address) is None


slugs = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(st.dictionaries(st.sampled_from(FILTERS), slugs, min_size=1), st.sampled_from(list(FORMATS)), st.randoms())
def test_any_order_of_filters_is_the_same_topic_and_its_address_finds_it_again(
    filters: dict[str, str], format: str, random: object
) -> None:
    pairs = [*filters.items(), ("format", format)]
    random.shuffle(pairs)  # type: ignore[attr-defined]
    topic = topic_from(pairs)
    assert topic == topic_from(reversed(pairs))
    assert {each.kind: each.value for each in topic.slices} == filters
    assert topic.path.isascii()
    if "/" not in "".join(filters.values()):  # which no slug has
        assert topic_of(topic.path) == topic


def test_without_filters_everything_is_meant() -> None:
    assert select([]).slices == ()
    assert topic_from([]).slices == (ALL,)
    assert select([]).holds([WORLD])


def test_an_article_is_meant_that_stands_in_every_slice() -> None:
    both = select([("language", "ar"), ("section", "world")])
    assert both.query == "section=world&language=ar"
    assert both.holds([ALL, WORLD, ARABIC])
    assert not both.holds([ALL, WORLD])


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        ([("colour", "red")], "colour"),
        ([("tag", "a"), ("tag", "a")], "tag"),
        ([("tag", "")], "tag"),
        ([("tag", "a\0b")], "tag"),
        ([("tag", "a" * (LONGEST_VALUE + 1))], "tag"),
        ([("format", "pdf")], "format"),
        ([("format", "rss"), ("format", "rss")], "format"),
    ],
)
def test_a_filter_that_is_none_is_refused_by_name(filters: list[tuple[str, str]], name: str) -> None:
    with pytest.raises(Refused) as refused:
        topic_from(filters)
    assert refused.value.status == 400
    assert [fault.parameter for fault in refused.value.faults] == [name]
