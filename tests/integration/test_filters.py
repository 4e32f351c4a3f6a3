"""Combined filters and lists of feeds; and whatever else may be asked for by an address or a header."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from lxml import etree
from sqlalchemy import update

from services.feed import entries
from services.feed.cursors import Before, Since
from shared.models import Counter
from tests.factories import NOW
from tests.following import KINDS, all_pages, location, read
from tests.paper import BASE, Paper, Replica

FORGED = (
    "",
    "1",
    "%00",
    "%ff%fe",
    "AAAA",
    "A" * 23,
    "A" * 5000,
    "Yn_____________________w",
    "cwAAAAAAAAABf_________8=",
    "' OR 1=1 --",
)


# Filters


def test_combined_filters_give_what_stands_in_all_of_them(paper: Paper) -> None:
    paper.publish(headline="Both", section="World", language="tr")
    paper.publish(headline="Section", section="World")
    paper.publish(headline="Language", language="tr")
    withdrawn = paper.publish(headline="Gone", section="World", language="tr")
    replica = paper.replica()
    feed = read(replica, "/feeds?section=world&language=tr&format=json")
    assert [item["title"] for item in feed["items"]] == ["Gone", "Both"]
    assert feed["language"] == "tr"
    assert feed["feed_url"] == f"{BASE}/feeds?section=world&language=tr&format=json"
    assert feed["title"].startswith("World, Türkçe")
    paper.newsroom.withdraw(withdrawn)
    paper.work()
    feed = read(replica, "/feeds?section=world&language=tr&format=json")
    assert [item["_masthead"].get("withdrawn") for item in feed["items"]] == [True, None]


def test_where_little_stands_in_both_pages_lead_on_until_all_was_looked_at(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "SCAN", 20)
    made = [
        {"published_at": NOW - timedelta(days=number), "language": "tr" if number % 45 else "ar", "tags": ["harbour"]}
        for number in range(1, 100)
    ]
    paper.newsroom.publish_many(made)
    paper.publish(language="ar")
    replica = paper.replica()
    start = "/feeds?tag=harbour&language=ar&format=json"
    with paper.db.write() as session:  # the larger of both is looked through
        session.execute(update(Counter).where(Counter.slice == "language:ar").values(value=1000))
    assert [len(page["items"]) for page in all_pages(replica, start)] == [0, 0, 1, 0, 1]
    changes = all_pages(replica, f"{start}&since={Since(0, 0)}")
    assert sum(len(page["items"]) for page in changes) == 2


@pytest.mark.databases("sqlite")
def test_a_combined_feed_is_hot_until_one_of_its_slices_moves(paper: Paper) -> None:
    paper.publish(section="World", language="tr")
    paper.publish(section="Economy", tags=["harbour"])
    replica, path = paper.replica(), "/feeds?section=world&language=tr"
    before = replica.get(path)
    assert replica.stand.hot.fresh(path)
    paper.publish(section="Economy", tags=["harbour"])
    assert replica.stand.hot.fresh(path)
    paper.publish(section="World", tags=["harbour"])
    assert not replica.stand.hot.fresh(path)
    paper.publish(section="World", language="tr", headline="New")
    after = replica.get(path, if_none_match=before.headers["ETag"])
    assert after.status_code == 200 and "New" in after.text
    assert after.last_modified > before.last_modified  # type: ignore[operator]


OTHER_FORMS = {
    "/feeds?language=en&section=world": "/feeds?section=world&language=en",
    "/feeds?format=atom&language=en&section=world": "/feeds?section=world&language=en&format=atom",
    "/feeds?section=world&language=en&format=rss": "/feeds?section=world&language=en",
    "/feeds?section=world": "/sections/world/feed.rss",
    "/feeds?tag=%d9%85&format=json": "/tags/%D9%85/feed.json",
    "/feeds?section=world&language=en&tag=%c3%bc": "/feeds?section=world&tag=%C3%BC&language=en",
    "/feeds?format=atom": "/feed.atom",
}


@pytest.mark.databases("sqlite")
def test_other_forms_of_a_filter_address_lead_to_the_one(paper: Paper) -> None:
    replica = paper.replica()
    for given, canonical in OTHER_FORMS.items():
        answer = replica.get(given)
        assert (answer.status_code, answer.headers["Location"]) == (301, BASE + canonical)


# Lists of feeds


@pytest.mark.databases("sqlite")
def test_the_opml_lists_the_feeds_that_have_articles(paper: Paper) -> None:
    paper.publish(section="World", tags=["Harbour & <sea>"], bylines=["Ada Price"], language="tr")
    gone = paper.publish(tags=["gone"])
    paper.newsroom.withdraw(gone)
    paper.work()
    answer = paper.replica().get("/feeds.opml")
    assert answer.content_type == "text/x-opml; charset=utf-8"
    root = etree.fromstring(answer.data)
    assert (root.tag, root.get("version"), root.findtext("head/title")) == ("opml", "2.0", "The Demo Courier")
    listed = {each.get("text", ""): each.get("xmlUrl", "") for each in root.iterfind(".//outline[@type='rss']")}
    assert listed == {
        "The Demo Courier": f"{BASE}/feed.rss",
        "World": f"{BASE}/sections/world/feed.rss",
        "Harbour & <sea>": f"{BASE}/tags/harbour-sea/feed.rss",
        "Test Agency": f"{BASE}/publishers/test-agency/feed.rss",
        "Ada Price": f"{BASE}/bylines/ada-price/feed.rss",
        "Türkçe": f"{BASE}/languages/tr/feed.rss",
    }
    assert all(paper.replica().get(url.removeprefix(BASE)).status_code == 200 for url in listed.values())


@pytest.mark.databases("sqlite")
def test_the_opml_stays_the_same_while_the_feeds_do(paper: Paper) -> None:
    paper.publish(tags=["harbour"])
    first = paper.replica().get("/feeds.opml")
    paper.publish(tags=["harbour"])
    again = paper.replica()
    assert again.get("/feeds.opml").data == first.data
    assert again.get("/feeds.opml", if_none_match=first.headers["ETag"]).status_code == 304
    paper.publish(tags=["bridge"])
    assert b"bridge" in paper.replica().get("/feeds.opml").data


@pytest.mark.databases("sqlite")
def test_the_page_of_feeds_links_each_in_three_formats(paper: Paper) -> None:
    paper.publish(tags=["harbour"], language="ar")
    page = paper.replica().get("/feeds").text
    for path in (
        "/feed.rss",
        "/tags/harbour/feed.rss",
        "/tags/harbour/feed.atom",
        "/languages/ar/feed.json",
        "/feeds.opml",
    ):
        assert f'href="{path}"' in page
    assert f'<link rel="outline" type="text/x-opml" href="{BASE}/feeds.opml"' in paper.replica().get("/").text


# Bad input


def refused(replica: Replica, path: str) -> str:
    """The parameter that a 400 names."""
    answer = replica.get(path)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json; charset=utf-8"), path
    return str(answer.json["errors"][0]["parameter"])  # type: ignore[index]


@pytest.mark.databases("sqlite")
def test_a_forged_cursor_is_refused_by_name(paper: Paper) -> None:
    paper.publish(tags=["harbour"])
    replica = paper.replica()
    future = str(Since(10**9))
    for path in KINDS:
        more = "&" if "?" in path else "?"
        for parameter, forged in product(("before", "since"), (*FORGED, future)):
            assert refused(replica, f"{path}{more}{parameter}={forged}") == parameter
        assert refused(replica, f"{path}{more}since={Since(1)}&before={Before(NOW, 1)}") == "before"
        assert refused(replica, f"{path}{more}since={Since(1)}&since={Since(1)}") == "since"


def test_a_cursor_that_could_have_been_given_out_is_only_a_place(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for cursor in (Before(datetime.min.replace(tzinfo=UTC), 0), Before(datetime.max.replace(tzinfo=UTC), 2**63 - 1)):
        assert replica.get(f"/feed.rss?before={cursor}").status_code == 200
    assert refused(replica, f"/feed.rss?before={Before(NOW, -1)}") == "before"
    assert replica.get(f"/2018/04/20/archive.{'9' * 40}.rss").status_code == 404
    assert len(read(replica, f"/feed.json?since={Since(0, 0)}")["items"]) == 1


@pytest.mark.databases("sqlite")
def test_a_filter_that_is_none_is_refused_by_name(paper: Paper) -> None:
    paper.publish(section="World")
    replica = paper.replica()
    for name, query in {
        "colour": "colour=red",
        "section": "section=world&section=world",
        "tag": "tag=&language=en",
        "language": f"language={'e' * 300}",
        "byline": "byline=%00",
        "format": "section=world&format=pdf",
    }.items():
        assert refused(replica, f"/feeds?{query}") == name
    for unknown in ("section=none&language=en", "tag=%ff%fe&language=en", "section=world&language=%27%20OR%201"):
        assert replica.get(f"/feeds?{unknown}").status_code in (301, 404)


# What is asked for by headers


@pytest.mark.databases("sqlite")
def test_the_address_decides_the_format_whatever_accept_says(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path, accept in product(
        ("/feed.rss", "/feed.atom", "/feed.json"), ("application/json", "text/html", "image/*;q=0")
    ):
        assert replica.get(path, accept=accept).data == replica.get(path).data


@pytest.mark.databases("sqlite")
def test_a_range_is_answered_with_the_whole(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path in ("/feed.rss", location(replica, "/2018/04/20/archive.rss"), "/feeds.opml"):
        answer = replica.get(path, range="bytes=0-9")
        assert answer.status_code == 200 and answer.data == replica.get(path).data


@pytest.mark.databases("sqlite")
def test_ten_thousand_tags_are_answered_like_one(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    tag = replica.get("/feed.rss").headers["ETag"]
    others = ", ".join(f'"{number:024x}.{number}"' for number in range(10_000))
    started = time.process_time()
    assert replica.get("/feed.rss", if_none_match=others).status_code == 200
    assert replica.get("/feed.rss", if_none_match=f"{others}, {tag}").status_code == 304
    assert time.process_time() - started < 0.5
