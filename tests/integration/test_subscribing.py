"""What a subscriber is led to from a feed: older pages, what has changed since, archives, combined filters, lists."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import update

from services.feed import entries
from services.feed.cursors import Before, Since
from shared.models import Counter, Feed
from shared.slices import ALL
from tests.factories import NOW
from tests.newsroom import work
from tests.paper import BASE, Paper, Replica

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
SINCE = f"{BASE}/about/feeds#since"
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
KINDS = ("/feed.json", "/tags/harbour/feed.json", "/feeds?tag=harbour&language=en&format=json")


def ids(feed: dict[str, Any]) -> list[str]:
    return [item["id"] for item in feed["items"]]


def read(replica: Replica, url: str) -> dict[str, Any]:
    """A JSON Feed, also behind redirects."""
    answer = replica.get(url.removeprefix(BASE))
    while answer.status_code in (301, 302):
        answer = replica.get(answer.headers["Location"].removeprefix(BASE))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


def all_pages(replica: Replica, url: str) -> list[dict[str, Any]]:
    """The document at the address and all that `next_url` leads to."""
    pages = [read(replica, url)]
    while "next_url" in pages[-1]:
        pages.append(read(replica, pages[-1]["next_url"]))
    return pages


def links(replica: Replica, path: str) -> dict[str, str]:
    """Relation -> address of the links in an RSS or Atom document's head, but alternates."""
    root = etree.fromstring(replica.get(path).data)
    head = root if root.tag == f"{ATOM}feed" else root[0]
    found = [(each.get("rel", ""), each.get("href", "")) for each in head.iterfind(f"{ATOM}link")]
    return {relation: href for relation, href in found if relation != "alternate"}


def fill(paper: Paper, count: int, *, every: timedelta, **fields: object) -> list[int]:
    """Articles at equal distances, the last of them now."""
    made = [
        {"headline": f"Number {number}", "published_at": NOW - every * (count - number), **fields}
        for number in range(1, count + 1)
    ]
    seqs = paper.newsroom.publish_many(made)
    paper.work()
    return seqs


# Links


@ON_SQLITE
def test_a_feed_names_hub_and_itself_in_one_header_and_in_the_document(paper: Paper) -> None:
    paper.publish(tags=["harbour"])
    replica = paper.replica()
    for path in ("/feed.rss", "/tags/harbour/feed.atom", "/2018/04/20/feed.json", "/feeds?tag=harbour&language=en"):
        answer = replica.get(path)
        expected = f'<{BASE}/hub>; rel="hub", <{BASE}{path}>; rel="self"'
        assert answer.headers.getlist("Link") == [expected]
        unchanged = replica.get(path, if_none_match=answer.headers["ETag"])
        assert (unchanged.status_code, unchanged.headers.getlist("Link")) == (304, [expected])
        if not path.endswith("json"):
            assert links(replica, path)["hub"] == f"{BASE}/hub"
            assert links(replica, path)["self"] == BASE + path
    assert read(replica, "/feed.json")["hubs"] == [{"type": "WebSub", "url": f"{BASE}/hub"}]


@ON_SQLITE
def test_what_cannot_be_subscribed_to_names_no_hub(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path in (links(replica, "/feed.rss")[SINCE].removeprefix(BASE), "/2018/04/20/archive.1.rss"):
        assert replica.get(path).headers["Link"] == f'<{BASE}{path}>; rel="self", <{BASE}/feed.rss>; rel="current"'
        found = links(replica, path)
        assert "hub" not in found
        assert (found["self"], found["current"]) == (BASE + path, f"{BASE}/feed.rss")


# The window and its pages


@ON_SQLITE
def test_an_hourly_poller_is_given_700_articles_of_one_hour(paper: Paper) -> None:
    fill(paper, 700, every=timedelta(seconds=5))
    assert len(read(paper.replica(), "/feed.json")["items"]) == 700


@ON_SQLITE
def test_of_48_hours_a_feed_holds_500_and_leads_to_the_rest(paper: Paper) -> None:
    fill(paper, 620, every=timedelta(minutes=4))
    pages = all_pages(paper.replica(), "/feed.json")
    assert [len(page["items"]) for page in pages] == [500, 100, 20]


def test_pages_lead_from_every_feed_to_its_first_article(paper: Paper) -> None:
    seqs = fill(paper, 260, every=timedelta(hours=3), tags=["harbour"])
    elsewhere = f"urn:uuid:{paper.article_id(paper.publish(published_at=NOW - timedelta(days=3), language='tr'))}"
    expected = [f"urn:uuid:{paper.article_id(seq)}" for seq in reversed(seqs)]
    replica = paper.replica()
    for path in KINDS:
        pages = all_pages(replica, path)
        assert len(pages) == 4
        found = [each for page in pages for each in ids(page)]
        assert (elsewhere in found) == (path == "/feed.json")
        assert [each for each in found if each != elsewhere] == expected
        assert {page["feed_url"] for page in pages} == {BASE + path}, "one identity"


@ON_SQLITE
def test_a_page_is_the_same_feed_in_every_format(paper: Paper) -> None:
    fill(paper, 60, every=timedelta(hours=3))
    replica = paper.replica()
    for format in ("rss", "atom"):
        page = links(replica, f"/feed.{format}")["next"]
        found = links(replica, page.removeprefix(BASE))
        assert found == {"self": page, "first": f"{BASE}/feed.{format}", "current": f"{BASE}/feed.{format}"}
    root = etree.fromstring(replica.get(links(replica, "/feed.atom")["next"].removeprefix(BASE)).data)
    assert root.findtext(f"{ATOM}id") == f"{BASE}/feed.atom"
    assert len(root.findall(f"{ATOM}entry")) == 10


def test_articles_of_one_instant_are_on_one_page_each(paper: Paper) -> None:
    fill(paper, 130, every=timedelta(0), published_at=NOW - timedelta(days=9))
    pages = all_pages(paper.replica(), "/feed.json")
    found = [each for page in pages for each in ids(page)]
    assert len(found) == len(set(found)) == 130


@ON_SQLITE
def test_pages_have_validators_and_do_not_push_feeds_out(paper: Paper) -> None:
    fill(paper, 60, every=timedelta(hours=3))
    replica = paper.replica()
    replica.get("/feed.rss")
    for path in (read(replica, "/feed.json")["next_url"], read(replica, "/feed.json")["_masthead"]["since"]):
        first = replica.get(path.removeprefix(BASE))
        again = replica.get(path.removeprefix(BASE), if_none_match=first.headers["ETag"])
        assert (again.status_code, again.headers["Last-Modified"]) == (304, first.headers["Last-Modified"])
    assert {path for path in ("/feed.rss", "/feed.json") if replica.stand.hot.fresh(path)} == {
        "/feed.rss",
        "/feed.json",
    }
    assert not replica.stand.hot.fresh(path.removeprefix(BASE))


# Since


def since(replica: Replica, url: str) -> tuple[list[str], str]:
    """Headlines of everything that changed, over all pages, and where to go on."""
    pages = all_pages(replica, url)
    return [item["title"] for page in pages for item in page["items"]], pages[-1]["_masthead"]["since"]


def test_whoever_asks_since_gets_each_change_once_and_oldest_first(paper: Paper) -> None:
    first = paper.publish(headline="First", tags=["harbour"])
    second = paper.publish(headline="Second", tags=["harbour"])
    replica = paper.replica()
    starts = {path: read(replica, path)["_masthead"]["since"] for path in KINDS}
    assert all(since(replica, start) == ([], start) for start in starts.values())
    paper.publish(headline="Third", tags=["harbour"])
    paper.newsroom.edit(first, headline="First, corrected")
    paper.work()
    paper.newsroom.withdraw(second, "Wrong.")
    paper.work()
    for path, start in starts.items():
        found, onward = since(replica, start)
        assert found == ["Third", "First, corrected", "Article withdrawn"]
        assert since(replica, onward) == ([], onward)
        assert onward == read(replica, path)["_masthead"]["since"]


def test_changes_come_100_at_a_time_each_once_also_of_one_transaction(paper: Paper) -> None:
    replica = paper.replica()
    start = read(replica, "/feed.json")["_masthead"]["since"]
    paper.newsroom.publish_many([{"headline": f"Number {number}"} for number in range(250)])
    work(paper.db, paper.handlers)
    pages = all_pages(replica, start)
    assert [len(page["items"]) for page in pages] == [100, 100, 50]
    assert sorted(item["title"] for page in pages for item in page["items"]) == sorted(
        f"Number {number}" for number in range(250)
    )
    assert pages[0]["next_url"] == pages[0]["_masthead"]["since"]


@ON_SQLITE
def test_xml_feeds_lead_on_by_a_relation_of_our_own(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path in ("/feed.rss", "/feed.atom"):
        start = links(replica, path)[SINCE]
        assert start.startswith(f"{BASE}{path}?since=")
        assert links(replica, start.removeprefix(BASE))[SINCE] == start
    assert "#since" in replica.get("/about/feeds").text


# Archives


def walk(replica: Replica) -> list[dict[str, Any]]:
    """The current document and every archive that `prev-archive` leads to."""
    found = [read(replica, "/feed.json")]
    while "prev_archive" in found[-1]["_masthead"]:
        found.append(read(replica, found[-1]["_masthead"]["prev_archive"]))
    return found


def standing(documents: list[dict[str, Any]]) -> list[str]:
    """Ids of what stands, each once, the newest document's word counting."""
    seen: dict[str, bool] = {}
    for document in documents:
        for item in document["items"]:
            seen.setdefault(item["id"], "withdrawn" not in item["_masthead"])
    return [each for each, stands in seen.items() if stands]


def test_the_walk_from_the_current_feed_yields_exactly_the_total(paper: Paper) -> None:
    seqs = fill(paper, 130, every=timedelta(hours=9))
    fill(paper, 3, every=timedelta(0), published_at=NOW - timedelta(days=400))
    replica = paper.replica()
    documents = walk(replica)
    assert len(standing(documents)) == paper.counters.read([ALL])[0] == 133
    assert documents[-1]["items"][0]["date_published"].startswith("2017-03-16")
    for gone in (seqs[0], seqs[60], seqs[-1]):
        paper.newsroom.withdraw(gone)
    paper.work()
    assert len(standing(walk(replica))) == paper.counters.read([ALL])[0] == 130


@ON_SQLITE
def test_a_feed_that_holds_everything_leads_to_no_archive(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    assert len(walk(replica)) == 1
    assert "prev-archive" not in links(replica, "/feed.rss")


def test_archives_hold_their_day_and_lead_past_empty_ones_both_ways(paper: Paper) -> None:
    days = [NOW - timedelta(days=back) for back in (30, 12, 1)]
    for number, at in enumerate(days):
        paper.publish(headline=f"Day {number}", published_at=at)
    replica = paper.replica()
    stable = [f"{BASE}/{at:%Y/%m/%d}/archive" for at in days]
    for format in ("rss", "atom"):
        moved = replica.get(f"{stable[1]}.{format}".removeprefix(BASE))
        assert (moved.status_code, moved.headers["Cache-Control"]) == (302, "public, no-cache")
        path = moved.headers["Location"].removeprefix(BASE)
        found = links(replica, path)
        assert found["self"] == BASE + path
        assert found["prev-archive"] == f"{stable[0]}.{format}"
        assert found["next-archive"] == f"{stable[2]}.{format}"
        assert b"archive/>" in replica.get(path).data and b"Day 1" in replica.get(path).data
    archive = read(replica, f"{stable[1]}.json")
    assert [item["title"] for item in archive["items"]] == ["Day 1"]
    assert archive["_masthead"]["archive"] is True
    assert archive["next_url"] == archive["_masthead"]["prev_archive"] == f"{stable[0]}.json"


def location(replica: Replica, path: str) -> str:
    return replica.get(path).headers["Location"].removeprefix(BASE)


def test_a_revision_is_immutable_and_older_ones_lead_to_the_newest(paper: Paper) -> None:
    seq = paper.publish(headline="As it was")
    replica, stable = paper.replica(), "/2018/04/20/archive.atom"
    first = location(replica, stable)
    answer = replica.get(first)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    paper.newsroom.edit(seq, headline="As it is")
    paper.work()
    second = location(replica, stable)
    assert second != first
    assert replica.get(first).headers["Location"] == BASE + second
    assert replica.get(first).status_code == 302
    assert "As it is" in replica.get(second).text
    assert replica.get("/2018/04/20/archive.9.atom").status_code == 404
    assert replica.head(second).headers["ETag"] == replica.get(second).headers["ETag"]


def test_between_an_edit_and_its_placing_an_archive_is_not_for_ever(paper: Paper) -> None:
    seq = paper.publish(headline="As it was")
    replica = paper.replica()
    path = location(replica, "/2018/04/20/archive.rss")
    paper.newsroom.edit(seq, headline="As it is")  # nobody has told the feed yet
    assert paper.replica().get(path).headers["Cache-Control"] == "public, no-cache"
    paper.newsroom.withdraw(seq)
    withdrawn = paper.replica().get(path)
    assert withdrawn.headers["Cache-Control"] == "public, no-cache"
    assert "As it" not in withdrawn.text


def test_bytes_under_a_revision_never_change(paper: Paper) -> None:
    """Whatever happens to the day itself and to the days around it."""
    seen: dict[str, bytes] = {}
    revisions: set[str] = set()
    seqs: list[int] = []

    def look() -> None:
        paper.work()
        replica = paper.replica()  # one that kept nothing
        for at in days:
            stable = f"/{at:%Y/%m/%d}/archive.rss"
            if replica.get(stable).status_code == 302:
                path = location(replica, stable)
                revisions.add(path)
                assert seen.setdefault(path, replica.get(path).data) == replica.get(path).data
        replica.stop()

    days = [NOW - timedelta(days=back) for back in range(5)]
    for back in (0, 4, 2, 1, 3, 2):
        seqs.append(paper.newsroom.publish(published_at=NOW - timedelta(days=back)))
        look()
    paper.newsroom.edit(seqs[3], headline="Another headline")
    look()
    for seq in (seqs[3], seqs[1], seqs[2], seqs[5], seqs[0]):
        paper.newsroom.withdraw(seq)
        look()
    paper.newsroom.publish_many([{"published_at": at} for at in days])
    look()
    assert len(revisions) > 15


def test_a_new_day_touches_only_the_days_beside_it(paper: Paper) -> None:
    for back in (9, 8, 3, 1):
        paper.publish(published_at=NOW - timedelta(days=back))

    def revisions() -> dict[str, int]:
        with paper.db.read() as session:
            return {row.slice: row.revision for row in session.query(Feed) if row.slice.startswith("day:")}

    before = revisions()
    seq = paper.publish(published_at=NOW - timedelta(days=5))
    opened = revisions()
    assert {day for day in before if opened[day] > before[day]} == {"day:2018-04-12", "day:2018-04-17"}
    paper.publish(published_at=NOW - timedelta(days=5))
    assert {day for day in opened if revisions()[day] > opened[day]} == {"day:2018-04-15"}
    paper.newsroom.withdraw(seq)
    paper.work()
    assert revisions()["day:2018-04-12"] == opened["day:2018-04-12"]


@ON_SQLITE
def test_a_day_without_articles_has_no_archive_and_says_so(paper: Paper) -> None:
    seq = paper.publish()
    replica = paper.replica()
    assert replica.get("/2018/02/30/archive.rss").status_code == 404
    path = location(replica, "/2018/04/20/archive.rss")
    paper.newsroom.withdraw(seq)
    paper.work()
    for gone in ("/2018/04/19/archive.rss", "/2018/04/20/archive.rss", path):
        answer = replica.get(gone)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json; charset=utf-8")
        assert "this day" in answer.json["detail"]  # type: ignore[index]


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


@ON_SQLITE
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


@ON_SQLITE
def test_other_forms_of_a_filter_address_lead_to_the_one(paper: Paper) -> None:
    replica = paper.replica()
    for given, canonical in OTHER_FORMS.items():
        answer = replica.get(given)
        assert (answer.status_code, answer.headers["Location"]) == (301, BASE + canonical)


# Lists of feeds


@ON_SQLITE
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


@ON_SQLITE
def test_the_opml_stays_the_same_while_the_feeds_do(paper: Paper) -> None:
    paper.publish(tags=["harbour"])
    first = paper.replica().get("/feeds.opml")
    paper.publish(tags=["harbour"])
    again = paper.replica()
    assert again.get("/feeds.opml").data == first.data
    assert again.get("/feeds.opml", if_none_match=first.headers["ETag"]).status_code == 304
    paper.publish(tags=["bridge"])
    assert b"bridge" in paper.replica().get("/feeds.opml").data


@ON_SQLITE
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


@ON_SQLITE
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


@ON_SQLITE
def test_a_cursor_that_could_have_been_given_out_is_only_a_place(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for cursor in (Before(datetime.min.replace(tzinfo=UTC), 0), Before(datetime.max.replace(tzinfo=UTC), 2**63 - 1)):
        assert replica.get(f"/feed.rss?before={cursor}").status_code == 200
    assert len(read(replica, f"/feed.json?since={Since(0, 0)}")["items"]) == 1


@ON_SQLITE
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


@ON_SQLITE
def test_the_address_decides_the_format_whatever_accept_says(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path, accept in product(
        ("/feed.rss", "/feed.atom", "/feed.json"), ("application/json", "text/html", "image/*;q=0")
    ):
        assert replica.get(path, accept=accept).data == replica.get(path).data


@ON_SQLITE
def test_a_range_is_answered_with_the_whole(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path in ("/feed.rss", location(replica, "/2018/04/20/archive.rss"), "/feeds.opml"):
        answer = replica.get(path, range="bytes=0-9")
        assert answer.status_code == 200 and answer.data == replica.get(path).data


@ON_SQLITE
def test_ten_thousand_tags_are_answered_like_one(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    tag = replica.get("/feed.rss").headers["ETag"]
    others = ", ".join(f'"{number:024x}.{number}"' for number in range(10_000))
    started = time.process_time()
    assert replica.get("/feed.rss", if_none_match=others).status_code == 200
    assert replica.get("/feed.rss", if_none_match=f"{others}, {tag}").status_code == 304
    assert time.process_time() - started < 0.5
