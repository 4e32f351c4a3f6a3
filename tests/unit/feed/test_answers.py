"""Conditional requests and content codings, as RFC 9110 has them."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import brotli
import pytest
from backports import zstd
from werkzeug.http import http_date

from services.feed.answers import REMEMBERED, STALE_CACHE, Rendered, answer, best_coding, send, stale

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
        ("gzip, zstd", "zstd"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", "identity"),
        ("*", "br"),
        ("*;q=0.1, gzip;q=0.5", "gzip"),
        ("br;q=0, *", "zstd"),
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
    plain, zipped, small, new = seen = [ask(feed, accept_encoding=coding) for coding in ("", "gzip", "br", "zstd")]
    assert (
        plain.body == gzip.decompress(zipped.body) == brotli.decompress(small.body) == zstd.decompress(new.body) == BODY
    )
    assert len({each.headers["ETag"] for each in seen}) == 4
    assert [each.headers.get("Content-Encoding") for each in seen] == [None, "gzip", "br", "zstd"]
    assert all(each.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Dest" for each in seen)
    assert all(int(each.headers["Content-Length"]) == len(each.body) for each in seen)


def test_browsers_are_told_to_show_feeds_as_xml_and_programs_what_they_are() -> None:
    feed, program = rendered(), "application/rss+xml; charset=utf-8"
    shown = ask(feed, sec_fetch_dest="document")
    assert (shown.headers["Content-Type"], shown.body) == ("application/xml; charset=utf-8", BODY)
    for destination in ({}, {"sec_fetch_dest": "empty"}, {"accept": "text/html"}):
        assert ask(feed, **destination).headers["Content-Type"] == program
    json = Rendered((), "application/feed+json; charset=utf-8", BODY, CHANGED, False)
    assert ask(json, sec_fetch_dest="document").headers["Content-Type"] == "application/feed+json; charset=utf-8"
    assert ask(json).headers["Vary"] == "Accept-Encoding"


def test_the_same_bytes_have_the_same_answers_on_every_replica_and_day(monkeypatch: pytest.MonkeyPatch) -> None:
    first = [ask(rendered(), accept_encoding=coding) for coding in ("", "gzip", "br", "zstd")]
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert [ask(rendered(), accept_encoding=coding) for coding in ("", "gzip", "br", "zstd")] == first


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
        (lambda: f'{tag()[:-1]}--gzip"', 304),
        (lambda: f'W/{tag()[:-1]};gzip"', 304),
        (lambda: tag("br")[:-1] + '-gzip"', 304),
        (lambda: tag().strip('"'), 304),
        (lambda: f'{tag()[:-1]}-other"', 200),
        (lambda: f'{tag()[:-1]}9"', 200),
        (lambda: f'"9{tag()[1:]}', 200),
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
    proxied = f'{tag("br")[:-1]}-gzip"'
    assert ask(rendered(), if_none_match=f"W/{proxied}", accept_encoding="br").headers["ETag"] == proxied


def test_ten_thousand_tags_are_read_in_no_time() -> None:
    many = ", ".join(f'"{number:024x}"' for number in range(10_000))
    feed = rendered()
    started = time.process_time()
    for _ in range(100):
        assert ask(feed, if_none_match=many).status == 200
        assert ask(feed, if_none_match=f"{many}, {tag()}").status == 304
    assert time.process_time() - started < 1.0
    assert not [asked for asked in feed.ready if len(asked[2] or "") > 1000], "long headers are not remembered"


def test_an_answer_is_remembered_by_all_that_it_depends_on() -> None:
    feed, asked = rendered(), [{}, {"accept_encoding": "br"}, {"if_none_match": tag()}, {"if_none_match": '"x"'}]
    asked += [{"if_modified_since": http_date(CHANGED)}, {"if_modified_since": http_date(CHANGED - timedelta(days=1))}]
    for _ in range(2):
        for headers in asked:
            for method in ("GET", "HEAD"):
                assert ask(feed, method, **headers) == ask(rendered(), method, **headers)


def test_ways_of_asking_do_not_fill_the_memory() -> None:
    feed = rendered()
    for number in range(1000):
        ask(feed, if_none_match=f'"{number}"')
    assert len(feed.ready) <= REMEMBERED


def test_a_header_made_to_be_slow_is_not() -> None:
    started = time.process_time()
    for hostile in ('"' * 50_000, "W/" * 50_000, '"a' * 50_000, " " * 100_000, '",' * 50_000):
        ask(rendered(), if_none_match=hostile)
        ask(rendered(), if_none_match=hostile.replace("a", tag()))
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


@pytest.mark.parametrize("coding", ["", "gzip", "br", "zstd"])
def test_head_has_the_headers_of_get_and_no_body(coding: str) -> None:
    get, head = (ask(rendered(), method, accept_encoding=coding) for method in ("GET", "HEAD"))
    assert head.headers == get.headers
    assert head.body == b""


# Stale


@pytest.mark.parametrize(("if_none_match", "status"), [('"other"', "200 OK"), ("*", "304 Not Modified")])
def test_a_stale_answer_says_so_and_may_not_be_kept_for_long(if_none_match: str, status: str) -> None:
    fresh = answer(rendered(), {"REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": if_none_match})
    old = stale(fresh, 12.7)
    assert (old.status, old.body) == (status, fresh.body)
    assert dict(old.headers) == dict(fresh.headers) | {
        "Cache-Control": STALE_CACHE,
        "Cache-Status": "masthead; hit; ttl=-12",
    }
    assert "Cache-Status" not in dict(fresh.headers)
