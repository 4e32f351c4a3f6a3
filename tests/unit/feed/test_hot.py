"""Conditional requests, content codings and what a process keeps ready, as RFC 9110 has them."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from wsgiref.types import StartResponse

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import http_date

from services.feed import hot as hot_module
from services.feed.hot import FastPath, Hot, Rendered, best_coding, send
from services.feed.kept import Kept

CHANGED = datetime(2018, 4, 20, 12, 0, 5, 700_000, tzinfo=UTC)
BODY = "<rss>Şeker, شكر, 糖</rss>".encode() * 50


def rendered(body: bytes = BODY, *, which: str = "all", second_shared: bool = False) -> Rendered:
    return Rendered((which,), "application/rss+xml; charset=utf-8", body, CHANGED, second_shared)


@dataclass(frozen=True)
class Seen:
    """What a client sees."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(what: Rendered, method: str = "GET", **headers: str) -> Seen:
    seen: list[Seen] = []
    environ = {"REQUEST_METHOD": method, **{f"HTTP_{name.upper()}": value for name, value in headers.items()}}

    def start(status: str, sent: list[tuple[str, str]], *_: object) -> None:
        assert len({name.lower() for name, _ in sent}) == len(sent), "a header was sent twice"
        seen.append(Seen(int(status[:3]), dict(sent), b""))

    body = b"".join(send(environ, start, what))  # type: ignore[arg-type]
    return Seen(seen[0].status, seen[0].headers, body)


# Codings


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", "identity"),
        ("*", "br"),
        ("*;q=0.1, gzip;q=0.5", "gzip"),
        ("br;q=0, *", "gzip"),
        ("identity", "identity"),
        ("deflate, compress", "identity"),
        ("gzip;q=banana", "identity"),
        (";;;,,,", "identity"),
    ],
)
def test_the_clients_favourite_coding_is_used_ours_where_it_has_none(accepted: str, coding: str) -> None:
    assert best_coding(accepted) == coding


def test_codings_are_the_same_bytes_under_tags_of_their_own() -> None:
    feed = rendered()
    plain, zipped, small = ask(feed), ask(feed, accept_encoding="gzip"), ask(feed, accept_encoding="br")
    assert plain.body == gzip.decompress(zipped.body) == brotli.decompress(small.body) == BODY
    assert len({each.headers["ETag"] for each in (plain, zipped, small)}) == 3
    assert [each.headers.get("Content-Encoding") for each in (plain, zipped, small)] == [None, "gzip", "br"]
    assert all(each.headers["Vary"] == "Accept-Encoding" for each in (plain, zipped, small))
    assert all(int(each.headers["Content-Length"]) == len(each.body) for each in (plain, zipped, small))


def test_the_same_bytes_have_the_same_answers_on_every_replica_and_day(monkeypatch: pytest.MonkeyPatch) -> None:
    first = [ask(rendered(), accept_encoding=coding) for coding in ("", "gzip", "br")]
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert [ask(rendered(), accept_encoding=coding) for coding in ("", "gzip", "br")] == first


def test_other_bytes_have_another_tag() -> None:
    assert ask(rendered(b"a")).headers["ETag"] != ask(rendered(b"b")).headers["ETag"]


def test_tags_are_strong() -> None:
    assert ask(rendered()).headers["ETag"].startswith('"')


# Conditional requests


def test_a_304_says_what_a_cache_needs_and_nothing_of_the_content() -> None:
    fresh = ask(rendered())
    again = ask(rendered(), if_none_match=fresh.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    for name in ("ETag", "Cache-Control", "Last-Modified", "Vary"):
        assert again.headers[name] == fresh.headers[name]
    assert not {"Content-Type", "Content-Length", "Content-Encoding"} & again.headers.keys()


def tag(coding: str = "") -> str:
    return ask(rendered(), accept_encoding=coding).headers["ETag"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (lambda: tag(), 304),
        (lambda: f"W/{tag()}", 304),
        (lambda: f'"other", {tag()}, "more"', 304),
        (lambda: f'W/"other",W/{tag()}', 304),
        (lambda: "*", 304),
        (lambda: tag("br"), 304),
        (lambda: tag("gzip"), 304),
        (lambda: '"other"', 200),
        (lambda: tag().strip('"') + "x", 200),
        (lambda: "", 200),
        (lambda: '"unclosed', 200),
        (lambda: ",,, ;", 200),
        (lambda: "é\x80", 200),
    ],
)
def test_if_none_match_is_compared_weakly_against_every_coding(given: object, status: int) -> None:
    assert ask(rendered(), if_none_match=given()).status == status  # type: ignore[operator]


def test_a_304_names_the_tag_that_the_client_has() -> None:
    assert ask(rendered(), if_none_match=tag("gzip"), accept_encoding="br").headers["ETag"] == tag("gzip")
    both = f"{tag('gzip')}, {tag('br')}"
    assert ask(rendered(), if_none_match=both, accept_encoding="br").headers["ETag"] == tag("br")
    assert ask(rendered(), if_none_match="*", accept_encoding="br").headers["ETag"] == tag("br")


def test_ten_thousand_tags_are_read_in_no_time() -> None:
    many = ", ".join(f'"{number:024x}"' for number in range(10_000))
    started = time.process_time()
    assert ask(rendered(), if_none_match=many).status == 200
    assert ask(rendered(), if_none_match=f"{many}, {tag()}").status == 304
    assert time.process_time() - started < 1.0


def test_a_header_made_to_be_slow_is_not() -> None:
    started = time.process_time()
    for hostile in ('"' * 50_000, "W/" * 50_000, '"a' * 50_000, " " * 100_000, '",' * 50_000):
        ask(rendered(), if_none_match=hostile)
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, 304), (3600, 304), (-1, 200), (-86400, 200)], ids=["same", "later", "before", "long"]
)
def test_if_modified_since_counts_whole_seconds(seconds: int, status: int) -> None:
    since = http_date(CHANGED + timedelta(seconds=seconds))
    assert ask(rendered(), if_modified_since=since).status == status


@pytest.mark.parametrize("since", ["", "yesterday", "2018-04-20", "Fri, 99 Foo 2018 99:99:99 GMT", "\x00"])
def test_an_if_modified_since_that_is_no_date_is_ignored(since: str) -> None:
    assert ask(rendered(), if_modified_since=since).status == 200


def test_when_two_changes_share_a_second_only_the_tag_decides() -> None:
    feed = rendered(second_shared=True)
    assert ask(feed, if_modified_since=http_date(CHANGED)).status == 200
    assert ask(feed, if_none_match=ask(feed).headers["ETag"]).status == 304


def test_if_none_match_wins_over_if_modified_since() -> None:
    assert ask(rendered(), if_none_match='"other"', if_modified_since=http_date(CHANGED)).status == 200
    old = http_date(CHANGED - timedelta(days=1))
    assert ask(rendered(), if_none_match=tag(), if_modified_since=old).status == 304


@pytest.mark.parametrize("coding", ["", "gzip", "br"])
def test_head_has_the_headers_of_get_and_no_body(coding: str) -> None:
    get, head = (ask(rendered(), method, accept_encoding=coding) for method in ("GET", "HEAD"))
    assert head.headers == get.headers
    assert head.body == b""


# What is kept


def test_a_document_is_fresh_until_its_slice_moves() -> None:
    hot = Hot(10**6)
    hot.keep("/feed.rss", rendered(), hot.mark())
    hot.keep("/feed.atom", rendered(b"atom"), hot.mark())
    hot.keep("/tags/a/feed.rss", rendered(b"a", which="tag:a"), hot.mark())
    hot.moved(["all", "tag:b"])
    assert hot.fresh("/feed.rss") is hot.fresh("/feed.atom") is None
    assert hot.fresh("/tags/a/feed.rss") is not None


def test_what_was_read_before_a_move_and_rendered_after_it_is_not_kept() -> None:
    hot = Hot(10**6)
    mark = hot.mark()
    hot.moved(["all"])
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is None
    hot.keep("/feed.rss", rendered(), hot.mark())
    assert hot.fresh("/feed.rss") is not None


def test_a_move_of_another_slice_is_no_reason_to_throw_a_rendering_away() -> None:
    hot = Hot(10**6)
    mark = hot.mark()
    hot.moved(["tag:b"])
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is not None


def test_when_it_is_not_known_what_moved_nothing_is_fresh() -> None:
    hot = Hot(10**6)
    hot.keep("/feed.rss", rendered(), hot.mark())
    mark = hot.mark()
    hot.lost()
    assert hot.fresh("/feed.rss") is None
    hot.keep("/feed.rss", rendered(), mark)
    assert hot.fresh("/feed.rss") is None


def test_the_oldest_go_when_there_is_no_more_room() -> None:
    hot = Hot(3 * rendered().size)
    for number in range(5):
        hot.keep(f"/{number}", rendered(which=f"tag:{number}"), hot.mark())
    assert [number for number in range(5) if hot.fresh(f"/{number}")] == [2, 3, 4]


def test_a_document_kept_again_takes_its_room_once() -> None:
    hot = Hot(2 * rendered().size)
    hot.keep("/other", rendered(which="tag:other"), hot.mark())
    for _ in range(10):
        hot.keep("/feed.rss", rendered(), hot.mark())
    assert hot.fresh("/other") is not None


def test_room_counts_the_codings() -> None:
    feed = rendered()
    codings = sum(len(feed.answer(coding).body) for coding in ("gzip", "br"))
    assert feed.size >= len(feed.body) + codings


def test_a_document_larger_than_all_the_room_is_not_kept() -> None:
    hot = Hot(10)
    hot.keep("/feed.rss", rendered(), hot.mark())
    assert hot.fresh("/feed.rss") is None


def test_what_moves_is_remembered_for_renderings_under_way_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_module, "MOVES_REMEMBERED", 3)
    hot = Hot(10**6)
    mark = hot.mark()
    hot.moved([f"tag:{number}" for number in range(5)])
    assert len(hot._moved_at) == 3
    for number in range(5):
        hot.keep(f"/{number}", rendered(which=f"tag:{number}"), mark)
        assert hot.fresh(f"/{number}") is None
    hot.keep("/0", rendered(which="tag:0"), hot.mark())
    assert hot.fresh("/0") is not None


def test_asking_for_what_is_not_there_leaves_nothing_behind() -> None:
    hot = Hot(10**6)
    for number in range(1000):
        hot.fresh(f"/tags/{number}/feed.rss")
        hot.mark()
    hot.keep("/feed.rss", rendered(), hot.mark())
    hot.moved(["all"])
    assert not hot._paths and not hot._fresh and hot._size == 0


actions = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("move"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("lose"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@given(actions=actions)
def test_nothing_stale_is_ever_fresh(actions: list[tuple[str, int, int]]) -> None:
    """Against a model: each slice has a revision; a rendering is of the revision at its mark, kept some moves later."""
    hot, revisions = Hot(10**6), [0] * 6
    past: list[tuple[int, list[int]]] = [(hot.mark(), [0] * 6)]
    for what, which, back in actions:
        if what == "move":
            revisions[which] += 1
            hot.moved([str(which)])
        elif what == "lose":
            revisions = [each + 1 for each in revisions]
            hot.lost()
        else:
            mark, seen = past[max(0, len(past) - 1 - back)]
            hot.keep(f"/{which}", rendered(str(seen[which]).encode(), which=str(which)), mark)
        past.append((hot.mark(), list(revisions)))
        for place, revision in enumerate(revisions):
            fresh = hot.fresh(f"/{place}")
            assert fresh is None or fresh.body == str(revision).encode()


# Kept


def test_what_was_not_used_for_longest_goes_first() -> None:
    kept: Kept[str, str] = Kept(30)
    for name in "abc":
        kept.put(name, name.upper(), 10)
    assert kept.get("a") == "A"
    kept.put("d", "D", 10)
    assert [kept.get(name) for name in "abcd"] == ["A", None, "C", "D"]
    assert kept.size == 30


def test_what_is_too_large_is_not_kept_and_throws_nothing_else_out() -> None:
    kept: Kept[str, str] = Kept(30)
    kept.put("a", "A", 10)
    kept.put("b", "B", 31)
    assert (kept.get("a"), kept.get("b"), kept.size) == ("A", None, 10)


def test_a_value_put_again_replaces_the_old_one() -> None:
    kept: Kept[str, str] = Kept(30)
    kept.put("a", "A", 20)
    kept.put("a", "B", 15)
    assert (kept.get("a"), kept.size) == ("B", 15)


# The fast path


@pytest.mark.parametrize(
    ("method", "query", "fast"), [("GET", "", True), ("HEAD", "", True), ("POST", "", False), ("GET", "page=2", False)]
)
def test_the_fast_path_answers_what_is_hot_and_nothing_else(method: str, query: str, fast: bool) -> None:
    hot = Hot(10**6)
    hot.keep("/feed.rss", rendered(), hot.mark())
    asked = []

    def flask(environ: object, start_response: StartResponse) -> list[bytes]:
        asked.append(environ)
        return [b""]

    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/feed.rss", "QUERY_STRING": query}
    FastPath(flask, hot)(environ, lambda *_: None)  # type: ignore[arg-type, return-value]
    assert bool(asked) is not fast
