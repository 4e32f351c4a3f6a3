"""What a subscriber is led to from a feed: the hub, older pages, and what has changed since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lxml import etree

from shared.listeners import FEED_REMOVE_NOTICE
from tests.factories import NOW
from tests.following import ATOM, KINDS, SINCE, all_pages, fill, ids, links, read
from tests.newsroom import let_pass, work
from tests.paper import BASE, Paper, Replica

# Links


@pytest.mark.databases("sqlite")
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


@pytest.mark.databases("sqlite")
def test_what_cannot_be_subscribed_to_names_no_hub(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path in (links(replica, "/feed.rss")[SINCE].removeprefix(BASE), "/2018/04/20/archive.1.rss"):
        assert replica.get(path).headers["Link"] == f'<{BASE}{path}>; rel="self", <{BASE}/feed.rss>; rel="current"'
        found = links(replica, path)
        assert "hub" not in found
        assert (found["self"], found["current"]) == (BASE + path, f"{BASE}/feed.rss")


# The window and its pages


@pytest.mark.databases("sqlite")
def test_an_hourly_poller_is_given_700_articles_of_one_hour(paper: Paper) -> None:
    fill(paper, 700, every=timedelta(seconds=5))
    assert len(read(paper.replica(), "/feed.json")["items"]) == 700


@pytest.mark.databases("sqlite")
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


@pytest.mark.databases("sqlite")
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


@pytest.mark.databases("sqlite")
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


@pytest.mark.databases("sqlite")
def test_a_withdrawal_can_be_seen_for_seven_days(paper: Paper) -> None:
    seq = paper.publish()
    replica = paper.replica()
    start = read(replica, "/feed.json")["_masthead"]["since"]
    paper.newsroom.withdraw(seq)
    paper.work()
    assert since(replica, start)[0] == ["Article withdrawn"]
    let_pass(paper.db, FEED_REMOVE_NOTICE.name)
    paper.work()
    assert since(replica, start)[0] == []


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


@pytest.mark.databases("sqlite")
def test_xml_feeds_lead_on_by_a_relation_of_our_own(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica()
    for path in ("/feed.rss", "/feed.atom"):
        start = links(replica, path)[SINCE]
        assert start.startswith(f"{BASE}{path}?since=")
        assert links(replica, start.removeprefix(BASE))[SINCE] == start
    assert "#since" in replica.get("/about/feeds").text
