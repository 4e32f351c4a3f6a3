"""What readers of feeds and pages get: cheap repeats, the same bytes everywhere, and never a wait for a queue."""

from __future__ import annotations

import gzip
from dataclasses import replace
from itertools import product

import brotli
import feedparser
import pytest
from backports import zstd
from werkzeug.http import http_date

from services.feed.answers import FEED_CACHE
from services.feed.formats import FORMATS
from shared.listeners import FEED_REMOVE_NOTICE
from shared.models import Feed
from shared.slices import ALL
from tests.factories import NOW
from tests.newsroom import let_pass
from tests.paper import BASE, BROWSER, NOWHERE, Paper, Replica
from tests.system import wait_for

# Web processes answer from what they keep; that the record gives both the same is tested where it is written.
pytestmark = pytest.mark.databases("sqlite")

FEEDS = {
    "/feed.rss": "application/rss+xml; charset=utf-8",
    "/feed.atom": "application/atom+xml; charset=utf-8",
    "/feed.json": "application/feed+json; charset=utf-8",
}
DAY = "/2018/04/20/"
CODINGS = ("", "gzip", "br", "zstd")
# Named anew for each answer: by whoever answers, or by the second.
VOLATILE = {"X-Request-Id", "Date"}


@pytest.fixture
def filled(paper: Paper) -> Paper:
    """A paper with two articles in English and Arabic."""
    paper.publish(headline="Harbour reopens", section="World", tags=["harbour"], bylines=["Ada Price"])
    paper.publish(headline="افتتاح الميناء", language="ar", section="World", tags=["ميناء"])
    return paper


def places(paper: Paper) -> list[str]:
    """One address of each kind."""
    kinds = [*FEEDS, "/", DAY, "/sections/world/", "/tags/harbour/feed.atom", "/masthead.json"]
    return [*kinds, paper.path(1), paper.path(2)]


def lasting(headers: object) -> dict[str, str]:
    return {name: value for name, value in dict(headers).items() if name not in VOLATILE}  # type: ignore[call-overload]


# Validators


@pytest.mark.parametrize(("path", "content_type"), FEEDS.items())
def test_a_feed_has_strong_validators_and_says_how_long_it_may_be_kept(
    filled: Paper, path: str, content_type: str
) -> None:
    answer = filled.replica().get(path)
    assert answer.status_code == 200
    assert answer.content_type == content_type
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Last-Modified"] == http_date(filled.clock.now())
    assert answer.headers["Cache-Control"] == FEED_CACHE
    assert answer.headers["Vary"].split(", ")[0] == "Accept-Encoding"
    assert "Expires" not in answer.headers


def test_an_unchanged_document_is_a_304_with_the_headers_a_cache_needs(filled: Paper) -> None:
    replica = filled.replica()
    for path, coding in product(places(filled), CODINGS):
        fresh = replica.get(path, accept_encoding=coding)
        again = replica.get(path, accept_encoding=coding, if_none_match=fresh.headers["ETag"])
        assert (again.status_code, again.data) == (304, b""), path
        for name in ("ETag", "Cache-Control", "Vary", "Last-Modified"):
            assert again.headers.get(name) == fresh.headers.get(name), f"{name} of {path}"
        assert "Content-Length" not in again.headers and "Content-Type" not in again.headers


@pytest.mark.parametrize("path", FEEDS)
def test_a_reader_that_knows_only_times_gets_a_304_too(filled: Paper, path: str) -> None:
    replica = filled.replica()
    modified = replica.get(path).headers["Last-Modified"]
    assert replica.get(path, if_modified_since=modified).status_code == 304
    filled.publish()
    assert replica.get(path, if_modified_since=modified).status_code == 200


def test_head_has_the_headers_of_get(filled: Paper) -> None:
    replica = filled.replica()
    for path, coding in product(places(filled), CODINGS):
        get, head = replica.get(path, accept_encoding=coding), replica.head(path, accept_encoding=coding)
        assert head.status_code == get.status_code == 200
        assert lasting(head.headers) == lasting(get.headers)
        assert head.data == b""


def test_head_of_what_is_not_there_has_the_headers_of_get(filled: Paper) -> None:
    replica = filled.replica()
    filled.newsroom.withdraw(2)
    gone = filled.path(2)
    filled.work()
    missing = ("/nowhere", "/tags/none/feed.rss", "/2018/02/30/", "/sections/world", gone)
    for path, accept in product(missing, ("*/*", BROWSER)):
        get, head = replica.get(path, accept=accept), replica.head(path, accept=accept)
        assert head.status_code == get.status_code >= 300
        assert lasting(head.headers) == lasting(get.headers)
        assert head.data == b""


def test_every_coding_holds_the_same_bytes_under_a_tag_of_its_own(filled: Paper) -> None:
    replica = filled.replica()
    for path in places(filled):
        if path != "/masthead.json":
            plain, zipped, small, new = seen = [replica.get(path, accept_encoding=coding) for coding in CODINGS]
            assert plain.data == gzip.decompress(zipped.data) == brotli.decompress(small.data)
            assert plain.data == zstd.decompress(new.data)
            assert len({each.headers["ETag"] for each in seen}) == 4


def test_each_change_moves_both_validators_also_a_withdrawal_and_the_end_of_its_notice(filled: Paper) -> None:
    replica = filled.replica()
    seen = [replica.get("/feed.rss")]

    def look() -> None:
        filled.work()
        seen.append(replica.get("/feed.rss"))

    filled.newsroom.edit(1, headline="Harbour reopens late")
    look()
    filled.newsroom.withdraw(1, "Wrong.")
    look()
    let_pass(filled.db, FEED_REMOVE_NOTICE.name)
    look()
    assert len({each.headers["ETag"] for each in seen}) == 4
    modified = [each.last_modified for each in seen]
    assert modified == sorted(set(modified))  # type: ignore[type-var]


def test_two_changes_in_one_second_are_told_apart(filled: Paper) -> None:
    replica = filled.replica()
    first = replica.get("/feed.rss")
    filled.clock.move(minutes=-1)  # the work that follows is done in the very same second
    filled.publish(headline="In the same second")
    second = replica.get("/feed.rss", if_modified_since=first.headers["Last-Modified"])
    assert second.status_code == 200
    assert second.headers["Last-Modified"] == first.headers["Last-Modified"]
    assert "In the same second" in second.text


# The same bytes


def test_replicas_answer_alike(filled: Paper) -> None:
    def answers_of(replica: Replica) -> dict[str, tuple[bytes, str]]:
        answers = {path: replica.get(path) for path in places(filled)}
        return {path: (each.data, each.headers["ETag"]) for path, each in answers.items()}

    first = answers_of(filled.replica())
    assert answers_of(filled.replica()) == first
    filled.redis.flushall()
    assert answers_of(filled.replica()) == first, "after a restart, with Redis flushed"
    assert answers_of(filled.replica(MASTHEAD_REDIS_URL=NOWHERE)) == first, "with Redis away"


def test_a_replica_takes_over_what_another_has_rendered(filled: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    body = filled.replica().get("/feed.rss").data

    def fail(_: object) -> bytes:
        raise AssertionError("rendered again")

    monkeypatch.setitem(FORMATS, "rss", replace(FORMATS["rss"], render=fail))
    assert filled.replica().get("/feed.rss").data == body


def test_bytes_of_another_revision_are_not_taken_over(filled: Paper) -> None:
    one = filled.replica()
    one.get("/feed.rss")
    with filled.db.write() as session:  # a record restored from a backup: same number, other content
        feed = session.get_one(Feed, "all")
        feed.changed_at = NOW
        feed.seq += 1
    other = filled.replica()
    assert other.get("/feed.rss").headers["Last-Modified"] == http_date(NOW)


def test_bytes_of_another_configuration_are_not_taken_over(filled: Paper) -> None:
    filled.replica().get("/feed.rss")
    other = filled.replica(MASTHEAD_BASE_URL="https://other.example").get("/feed.rss").text
    assert "https://other.example/feed.rss" in other
    assert BASE not in other


# Freshness


def test_a_web_process_follows_by_itself(filled: Paper) -> None:
    replica = filled.replica(follows=True)
    replica.get("/feed.rss")
    filled.newsroom.publish(headline="Bridge opens")
    filled.work()
    wait_for(lambda: "Bridge opens" in replica.get("/feed.rss").text, seconds=5)


def test_a_lost_announcement_costs_no_news(filled: Paper) -> None:
    replica = filled.replica(follows=True, MASTHEAD_REDIS_URL=NOWHERE)
    replica.get("/feed.rss")
    filled.newsroom.publish(headline="Bridge opens")
    filled.work()
    wait_for(lambda: "Bridge opens" in replica.get("/feed.rss").text, seconds=5)


def test_a_change_shows_in_its_own_feeds_and_leaves_others_hot(filled: Paper) -> None:
    replica = filled.replica()
    replica.get("/tags/harbour/feed.rss")
    replica.get("/feed.rss")
    filled.publish(headline="Bridge opens", tags=["bridge"])
    hot = replica.stand.hot
    assert hot.fresh("/feed.rss") is None
    assert hot.fresh("/tags/harbour/feed.rss") is not None
    assert "Bridge opens" in replica.get("/feed.rss").text


def test_pages_show_new_counts_at_once(filled: Paper) -> None:
    replica = filled.replica()
    assert "Total: 2 content" in replica.get("/").text
    filled.publish()
    assert "Total: 3 content" in replica.get("/").text
    assert "20/04/2018 (3)" in replica.get("/masthead.json").json["text"]  # type: ignore[index]


def test_with_redis_away_every_page_and_feed_is_there_with_the_right_numbers(filled: Paper) -> None:
    replica = filled.replica(MASTHEAD_REDIS_URL=NOWHERE)
    assert all(replica.get(path).status_code == 200 for path in places(filled))
    assert replica.get("/masthead.json").json["total"]["count"] == 2  # type: ignore[index]
    assert replica.get("/readyz").status_code == 200


def test_with_the_record_away_people_are_told_to_come_back(filled: Paper) -> None:
    replica = filled.replica()
    with filled.db.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE feed RENAME TO feed_elsewhere")
    answer = replica.get("/feed.rss")
    assert answer.status_code in (500, 503)
    assert answer.content_type.startswith("application/problem+json")
    page = replica.get("/", accept=BROWSER)
    assert page.status_code in (500, 503)
    assert page.content_type.startswith("text/html")
    assert page.headers["X-Request-Id"] in page.text


# Content


def test_feed_items_and_pages_say_the_same(filled: Paper) -> None:
    replica = filled.replica()
    rss, atom = (feedparser.parse(replica.get(path).data) for path in ("/feed.rss", "/feed.atom"))
    items = replica.get("/feed.json").json["items"]  # type: ignore[index]
    assert [each.id for each in rss.entries] == [each.id for each in atom.entries] == [each["id"] for each in items]
    assert [each.link for each in rss.entries] == [each["url"] for each in items]
    for each in rss.entries:
        page = replica.get(each.link.removeprefix(BASE))
        assert page.status_code == 200
        assert each.title in page.text


def test_a_day_page_its_feed_and_its_counter_are_one(filled: Paper) -> None:
    replica = filled.replica()
    for _ in range(60):  # more than a feed or page of another kind shows
        filled.newsroom.publish()
    filled.work()
    assert replica.get(DAY).text.count("<article") == 62
    assert len(feedparser.parse(replica.get(f"{DAY}feed.rss").data).entries) == 62
    assert filled.counters.read([ALL]) == [62]
    (day,) = [each for each in replica.get("/masthead.json").json["days"] if each["count"]]  # type: ignore[index]
    assert (day["count"], day["url"]) == (62, BASE + DAY)
