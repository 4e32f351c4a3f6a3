"""What readers get while Redis or the record is away, and that nothing is older than it must be; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.paper import NOWHERE, Paper, Replica
from tests.system import wait_for

FEEDS = ("/feed.rss", "/tags/harbour/feed.atom", "/2018/04/20/feed.json", "/feeds?tag=harbour&language=en")


@pytest.fixture
def filled(paper: Paper) -> Paper:
    paper.publish(headline="Harbour reopens", tags=["harbour"])
    return paper


@contextmanager
def record_away(replica: Replica) -> Iterator[None]:
    """The database is down: every connection fails, as the driver says it."""

    def fail(*_: Any, **__: Any) -> Any:
        raise OperationalError("SELECT", {}, ConnectionRefusedError("the database is down"))

    engine = replica.stand.db.engine
    connect, engine.connect = engine.connect, fail  # type: ignore[method-assign]
    try:
        yield
    finally:
        engine.connect = connect  # type: ignore[method-assign]


def places(paper: Paper) -> list[str]:
    return [*FEEDS, "/", "/2018/04/20/", paper.path(1), f"{paper.path(1)}?via=courier-x"]


def test_while_the_record_is_away_readers_get_the_last_bytes_marked_as_such(filled: Paper) -> None:
    replica, paths = filled.replica(), places(filled)
    before = {path: replica.get(path) for path in paths}
    with record_away(replica):
        assert not replica.follower.look()
        for path in paths:
            answer = replica.get(path)
            assert (answer.status_code, answer.data) == (200, before[path].data), path
            assert answer.headers["ETag"] == before[path].headers["ETag"]
            assert answer.headers["Cache-Status"].startswith("masthead; hit; ttl=-")
            assert answer.headers["Cache-Control"] == "public, max-age=5"
            again = replica.get(path, if_none_match=answer.headers["ETag"])
            assert (again.status_code, "Cache-Status" in again.headers) == (304, True)
        assert replica.get("/tags/other/feed.rss").status_code == 503
    assert replica.follower.look()
    for path in paths:
        answer = replica.get(path)
        assert "Cache-Status" not in answer.headers
        assert answer.headers["Cache-Control"] == before[path].headers["Cache-Control"]


def test_the_request_that_notices_first_is_answered_too(filled: Paper) -> None:
    """Pages are asked of the record each time."""
    replica = filled.replica()
    before = {path: replica.get(path).data for path in ("/", filled.path(1))}
    with record_away(replica):
        for path, body in before.items():
            answer = replica.get(path)
            assert (answer.data, "Cache-Status" in answer.headers) == (body, True)
    assert "Cache-Status" not in replica.get("/").headers


def test_what_is_known_to_be_outdated_is_not_given_out(filled: Paper) -> None:
    """A withdrawn article leaks through no output, not even while nobody can be asked."""
    replica, paths = filled.replica(), places(filled)
    for path in paths:
        replica.get(path)
    filled.newsroom.withdraw(1, "wrong")
    filled.work()
    with record_away(replica):
        replica.follower.look()
        assert {replica.get(path).status_code for path in paths} == {503}
    assert replica.get(filled.path(1)).status_code == 410
    with record_away(replica):
        replica.follower.look()
        assert replica.get(filled.path(1)).status_code == 503, "a notice is no page of an article"


def test_what_changed_meanwhile_is_seen_at_once_when_the_record_is_back(filled: Paper) -> None:
    replica = filled.replica()
    replica.get("/feed.rss")
    with record_away(replica):
        replica.follower.look()
        assert replica.get("/feed.rss").status_code == 200
    filled.newsroom.publish(headline="News of the hour")
    filled.work()
    assert b"News of the hour" in replica.get("/feed.rss").data


def test_who_insists_on_news_gets_what_was_committed_before_the_question(filled: Paper) -> None:
    replica = filled.replica()
    others = filled._replicas
    for number in range(3):
        assert replica.get("/feed.rss").status_code == 200
        filled._replicas = []  # nobody tells this replica
        filled.publish(headline=f"Number {number}")
        filled._replicas = others
        wanted = f"Number {number}".encode()
        assert wanted not in replica.get("/feed.rss").data
        assert wanted in replica.get("/feed.rss", cache_control="no-cache").data


def test_who_insists_on_news_is_given_no_stale_bytes(filled: Paper) -> None:
    replica = filled.replica()
    replica.get("/feed.rss")
    with record_away(replica):
        assert replica.get("/feed.rss", cache_control="no-cache").status_code == 503
        assert replica.get("/feed.rss").status_code == 200
        assert replica.get("/", cache_control="no-cache").status_code == 503


def test_redis_away_costs_readers_nothing_but_time(filled: Paper) -> None:
    near, far = filled.replica(), filled.replica(MASTHEAD_REDIS_URL=NOWHERE)
    for path in FEEDS:
        one, other = near.get(path), far.get(path)
        assert (one.data, one.headers["ETag"]) == (other.data, other.headers["ETag"])
        assert "Cache-Status" not in other.headers
    filled.publish(headline="Still new", tags=["harbour"])
    assert b"Still new" in far.get("/feed.rss").data


def test_a_process_that_follows_by_itself_comes_back_by_itself(filled: Paper) -> None:
    replica = filled.replica(follows=True)
    replica.get("/feed.rss")
    with record_away(replica):
        wait_for(lambda: "Cache-Status" in replica.get("/feed.rss").headers, seconds=10)
    wait_for(lambda: "Cache-Status" not in replica.get("/feed.rss").headers, seconds=10)
