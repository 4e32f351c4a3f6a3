"""RFC 3229 with `A-IM: feed`: readers that name what they have are given what they have not; on both databases."""

from __future__ import annotations

import gzip
import json
from typing import Any

import feedparser
import pytest
from werkzeug.test import TestResponse

from shared.listeners import FEED_REMOVE_NOTICE
from tests.newsroom import let_pass
from tests.paper import Paper, Replica

# Deltas are made of bytes, whichever record they came from.
pytestmark = pytest.mark.databases("sqlite")

PATHS = ("/feed.rss", "/feed.atom", "/feed.json", "/feeds?section=world&tag=harbour")


@pytest.fixture
def filled(paper: Paper) -> Paper:
    for number in range(4):
        paper.publish(headline=f"Old {number}", section="World", tags=["harbour"])
    return paper


def ids(answer: TestResponse) -> list[str]:
    if answer.mimetype.endswith("json"):
        return [item["id"] for item in json.loads(answer.data)["items"]]
    return [entry.id for entry in feedparser.parse(answer.data).entries]


def poll(replica: Replica, path: str, tag: str, **headers: str) -> TestResponse:
    return replica.get(path, if_none_match=tag, **({"a_im": "feed"} | headers))


@pytest.mark.parametrize("path", PATHS)
def test_a_reader_with_a_known_base_is_given_what_is_new(filled: Paper, path: str) -> None:
    replica = filled.replica()
    base = replica.get(path)
    filled.publish(headline="New", section="World", tags=["harbour"])
    delta, whole = poll(replica, path, base.headers["ETag"]), replica.get(path)
    assert (delta.status, delta.headers["IM"]) == ("226 IM Used", "feed")
    assert ids(delta) == ids(whole)[:1]
    assert len(ids(whole)) == 5
    expected = {"ETag": whole.headers["ETag"], "Delta-Base": base.headers["ETag"], "Cache-Control": "no-store, im"}
    expected |= {name: whole.headers[name] for name in ("Content-Type", "Last-Modified", "Link")}
    assert expected.items() <= dict(delta.headers).items()
    assert delta.headers["Vary"] == "A-IM, If-None-Match, Accept-Encoding"
    assert poll(replica, path, delta.headers["ETag"]).status_code == 304


def test_edits_and_withdrawals_are_news(filled: Paper) -> None:
    replica = filled.replica()
    tag = replica.get("/feed.json").headers["ETag"]
    filled.newsroom.edit(1, headline="Edited")
    filled.newsroom.withdraw(2)
    filled.work()
    items = json.loads(poll(replica, "/feed.json", tag).data)["items"]
    assert sorted(item["title"] == "Edited" or item["_masthead"].get("withdrawn") for item in items) == [True, True]


def test_a_delta_is_compressed_and_has_a_head(filled: Paper) -> None:
    replica = filled.replica()
    base = replica.get("/feed.rss", accept_encoding="gzip").headers["ETag"]
    filled.publish()
    plain, zipped = poll(replica, "/feed.rss", base), poll(replica, "/feed.rss", base, accept_encoding="gzip")
    assert gzip.decompress(zipped.data) == plain.data
    whole = replica.get("/feed.rss", accept_encoding="gzip")
    assert zipped.headers["ETag"] == whole.headers["ETag"] != plain.headers["ETag"]
    head = replica.head("/feed.rss", if_none_match=base, a_im="feed")
    assert (head.status_code, head.data) == (226, b"")
    assert head.headers["Content-Length"] == plain.headers["Content-Length"]


def test_what_left_the_feed_for_good_cannot_be_told_by_a_delta(filled: Paper) -> None:
    replica = filled.replica()
    tag = replica.get("/tags/harbour/feed.rss").headers["ETag"]
    filled.newsroom.edit(1, tags=["storm"])
    filled.work()
    answer = poll(replica, "/tags/harbour/feed.rss", tag)
    assert answer.status_code == 200
    assert len(ids(answer)) == 3
    filled.newsroom.withdraw(2)
    filled.work()
    tag = replica.get("/feed.rss").headers["ETag"]
    let_pass(filled.db, FEED_REMOVE_NOTICE.name)
    filled.work()
    assert poll(replica, "/feed.rss", tag).status_code == 200


def test_what_only_grew_too_old_for_the_window_is_no_reason_for_the_whole(filled: Paper) -> None:
    window = {"MASTHEAD_FEED_ITEMS": "4", "MASTHEAD_FEED_MOST_ITEMS": "4"}
    replica = filled.replica(**window)
    tag = replica.get("/feed.rss").headers["ETag"]
    filled.publish()
    answer = poll(replica, "/feed.rss", tag)
    assert len(ids(answer)) in (1, 5)
    assert answer.status_code == 226


FOREIGN: list[dict[str, Any]] = [
    {"if_none_match": '"0123456789abcdef01234567.1"'},
    {"if_none_match": '"0123456789abcdef01234567.999999999999"'},
    {"if_none_match": '"0123456789abcdef01234567.' + "9" * 400 + '"'},
    {"if_none_match": '"anything"'},
    {"if_none_match": ""},
    {"if_none_match": '"'},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_without_a_known_base_the_whole_is_given(filled: Paper, headers: dict[str, str]) -> None:
    """Forged, of the future, of another build, or none at all, as some readers always ask."""
    replica = filled.replica()
    replica.get("/feed.rss")
    filled.publish()
    answer = replica.get("/feed.rss", a_im="feed", **headers)
    assert (answer.status_code, len(ids(answer))) == (200, 5)
    assert "IM" not in answer.headers


@pytest.mark.parametrize("a_im", ["feed;q=0", "vcdiff", "", "gzip, diffe", ";;,"])
def test_only_who_asks_for_feed_gets_a_delta(filled: Paper, a_im: str) -> None:
    replica = filled.replica()
    tag = replica.get("/feed.rss").headers["ETag"]
    filled.publish()
    assert poll(replica, "/feed.rss", tag, a_im=a_im).status_code == 200
    assert poll(replica, "/feed.rss", f'"x", W/{tag}', a_im="vcdiff, Feed").status_code == 226


def test_a_base_of_another_feed_or_process_is_not_taken_for_one_of_this(filled: Paper) -> None:
    one, other = filled.replica(), filled.replica(MASTHEAD_FEED_ITEMS="3")
    tag = one.get("/feed.rss").headers["ETag"]
    filled.publish()
    assert poll(other, "/feed.rss", tag).status_code == 200
    day = one.get("/2018/04/20/feed.rss").headers["ETag"]
    filled.publish()
    assert poll(one, "/2018/04/20/feed.rss", day).status_code == 200


def test_a_replica_knows_the_bases_it_was_given_by_another(filled: Paper) -> None:
    one, other = filled.replica(), filled.replica()
    tag = one.get("/feed.rss").headers["ETag"]
    assert other.get("/feed.rss").headers["ETag"] == tag
    filled.publish()
    assert poll(other, "/feed.rss", tag).status_code == 226
