"""What is read and shared is counted once, by people, and shown; who they were is kept nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from services.feed import popular as popular_module
from shared import audience as counting
from shared.models import SocialAccount
from shared.stats import Sources, stats
from shared.urls import share_path, short_url
from shared.visitors import Disguise, Visitor
from tests.factories import NOW
from tests.paper import BASE, FIREFOX, NOWHERE, Paper, Replica

TODAY = NOW.date()
pytestmark = pytest.mark.databases("sqlite")  # Redis counts; the database only says what there is


def read(replica: Replica, article_id: str, *, reader: str = "", body: bytes = b"", **headers: str) -> TestResponse:
    """A read by the reader with this address, as a browser sends it from our own page."""
    sent = {"User-Agent": FIREFOX, "Sec-Fetch-Site": "same-origin", "Origin": BASE}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    environ = {"REMOTE_ADDR": reader or "192.0.2.1"}
    return replica.app.test_client().post(
        f"/read/{article_id}",
        headers={name: value for name, value in sent.items() if value or name == "User-Agent"},
        environ_overrides=environ,
        data=body,
        base_url=BASE,
    )


def reads(paper: Paper) -> int:
    return paper.audience.total()


@pytest.fixture
def read_one(paper: Paper) -> tuple[Replica, str]:
    seq = paper.publish()
    return paper.replica(), paper.article_id(seq)


MINUTES: list[int] = []  # as many have passed


@pytest.fixture(autouse=True)
def _minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(popular_module, "this_minute", lambda: len(MINUTES))


def listed(replica: Replica, path: str = "/", block: str = "most-read") -> list[str]:
    """The headlines in a block."""
    MINUTES.append(0)
    found = re.search(rf'<h2 id="{block}".*?</section>', replica.get(path).text, re.DOTALL)
    return re.findall(r">([^<>]+)</a>", found[0]) if found else []


# Counting


def test_a_read_is_counted_once_a_day_for_each_reader(paper: Paper, read_one: tuple[Replica, str]) -> None:
    replica, article = read_one
    for reader in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.2"):
        answer = read(replica, article, reader=reader)
        assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (204, b"", "no-store")
        assert "Set-Cookie" not in answer.headers
    assert reads(paper) == 3
    (day,) = paper.audience.by_day([TODAY])
    assert (day.reads, day.readers) == (3, 3)
    read(paper.replica(MASTHEAD_CLOCK=(NOW + timedelta(days=1)).isoformat()), article)
    assert reads(paper) == 4


def test_two_processes_know_the_same_reader(paper: Paper, read_one: tuple[Replica, str]) -> None:
    replica, article = read_one
    read(replica, article)
    read(paper.replica(), article)
    assert reads(paper) == 1


def test_programs_and_pages_fetched_ahead_are_not_counted(paper: Paper, read_one: tuple[Replica, str]) -> None:
    for name, value in (
        ("User_Agent", "Googlebot/2.1 (+http://www.google.com/bot.html)"),
        ("User_Agent", FIREFOX.replace("Firefox", "HeadlessChrome")),
        ("User_Agent", "Scrapy/2.13 (+https://scrapy.org)"),
        ("User_Agent", ""),
        ("Sec_Purpose", "prefetch"),
        ("Sec_Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("X_Moz", "prefetch"),
    ):
        assert read(*read_one, **{name: value}).status_code == 204
        assert reads(paper) == 0, (name, value)


def test_only_our_own_pages_are_believed(paper: Paper, read_one: tuple[Replica, str]) -> None:
    for site, origin in (
        *(("cross-site", BASE), ("same-site", BASE), ("none", BASE)),
        *(("", "https://evil.example"), ("", "null"), ("", ""), ("", f"{BASE}.evil.example")),
    ):
        assert read(*read_one, Sec_Fetch_Site=site, Origin=origin).status_code == 403
        assert reads(paper) == 0, (site, origin)


def test_a_browser_that_names_only_its_origin_is_believed(paper: Paper, read_one: tuple[Replica, str]) -> None:
    assert read(*read_one, Sec_Fetch_Site="").status_code == 204
    assert reads(paper) == 1


def test_forged_ids_are_not_counted_and_leave_nothing(paper: Paper, read_one: tuple[Replica, str]) -> None:
    replica, _ = read_one
    withdrawn = paper.publish()
    paper.newsroom.withdraw(withdrawn)
    before = set(paper.redis.keys())
    forged = [str(uuid4()), paper.article_id(withdrawn), "x", "1", "../..", "%00", "a" * 5000, "00000000-0000-0000"]
    for article_id in forged:
        assert read(replica, article_id).status_code == 404, article_id[:50]
    assert reads(paper) == 0
    assert set(paper.redis.keys()) == before


def test_large_bodies_and_other_methods_are_refused(paper: Paper, read_one: tuple[Replica, str]) -> None:
    replica, article = read_one
    assert read(replica, article, body=b"x" * 10_000_000).status_code == 413
    assert read(replica, article, body=b"x").status_code == 204
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert replica.get(f"/read/{article}", method).status_code == 405
    assert replica.get("/read/").status_code == 404


def test_who_comes_too_often_is_told_to_wait(
    paper: Paper, read_one: tuple[Replica, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PER_MINUTE", 3)
    monkeypatch.setattr(counting.time, "time", lambda: 1_000_000.0)
    replica, article = read_one
    assert [read(replica, article).status_code for _ in range(4)] == [204, 204, 204, 429]
    assert read(replica, article).headers["Retry-After"] == "60"
    assert read(replica, article, reader="192.0.2.9").status_code == 204
    assert reads(paper) == 2


def test_behind_a_proxy_the_client_is_whom_the_proxy_names(paper: Paper, read_one: tuple[Replica, str]) -> None:
    _, article = read_one
    for proxies, counted in (("1", 2), ("0", 1)):
        paper.redis.flushall()
        behind = paper.replica(MASTHEAD_FEED_PROXIES=proxies)
        for forwarded in ("198.51.100.1", "6.6.6.6, 198.51.100.1", "198.51.100.2"):
            read(behind, article, reader="127.0.0.1", X_Forwarded_For=forwarded)
        assert reads(paper) == counted


def test_while_redis_is_away_readers_are_not_kept_waiting(paper: Paper, read_one: tuple[Replica, str]) -> None:
    away = paper.replica(MASTHEAD_REDIS_URL=NOWHERE)
    assert read(away, read_one[1]).status_code == 204
    assert away.get(share_path("x", read_one[1]), user_agent=FIREFOX).status_code == 302
    assert listed(away) == []


# By whose post readers came


@pytest.fixture
def accounts(paper: Paper) -> None:
    with paper.db.write() as session:
        for name in ("courier-x", "sport-de"):
            session.add(
                SocialAccount(name=name, network="x", settings={}, choice={}, secrets="", reminded=[], created_at=NOW)
            )


@pytest.mark.usefixtures("accounts")
def test_who_came_by_a_post_is_counted_once_for_article_account_and_day(
    paper: Paper, read_one: tuple[Replica, str]
) -> None:
    replica, article = read_one
    other = paper.article_id(paper.publish())
    read(replica, article)  # without a tag; the same reader comes by two posts later
    for account, article_id, reader in (
        *(("courier-x", article, "192.0.2.1"), ("courier-x", article, "192.0.2.1"), ("sport-de", article, "192.0.2.1")),
        *(("courier-x", article, "192.0.2.2"), ("courier-x", other, "192.0.2.1")),
    ):
        assert read(replica, f"{article_id}?via={account}", reader=reader).status_code == 204
    assert paper.audience.clicks() == {"courier-x": 3, "sport-de": 1}
    assert reads(paper) == 3
    tomorrow = NOW + timedelta(days=1)
    read(paper.replica(MASTHEAD_CLOCK=tomorrow.isoformat()), f"{article}?via=sport-de")
    assert paper.audience.clicks_by_day([tomorrow.date(), TODAY]) == [{"sport-de": 1}, {"courier-x": 3, "sport-de": 1}]
    assert paper.audience.clicks() == {"courier-x": 3, "sport-de": 2}
    assert paper.audience.shares() == {}


@pytest.mark.usefixtures("accounts")
def test_a_tag_that_is_no_accounts_is_not_counted_and_leaves_nothing(
    paper: Paper, read_one: tuple[Replica, str]
) -> None:
    replica, article = read_one
    read(replica, article)
    before = {name: paper.redis.dump(name) for name in paper.redis.keys("*totals*")}
    forged = ["nobody", "Courier-X", "courier-x%20", "courier-x%0a", "%00", "courier_x", "x" * 51, "x" * 5000, "",
              "share:x", "reads", "é", "%FF", "courier-x';--", "*"]  # fmt: skip
    for tag in forged:
        assert read(replica, f"{article}?via={tag}").status_code == 204, tag[:50]
    read(replica, f"{article}?VIA=courier-x&v=courier-x")
    assert paper.audience.clicks() == {}
    assert {name: paper.redis.dump(name) for name in paper.redis.keys("*totals*")} == before


@pytest.mark.usefixtures("accounts")
def test_previews_crawlers_and_other_peoples_pages_are_no_clicks(paper: Paper, read_one: tuple[Replica, str]) -> None:
    replica, article = read_one
    tagged = f"{paper.path(1)}?via=courier-x"
    for agent in ("facebookexternalhit/1.1", "Mastodon/4.5 (http.rb)", "TelegramBot (like TwitterBot)", FIREFOX):
        assert replica.get(tagged, user_agent=agent).status_code == 200  # as networks do for their cards
    read(replica, f"{article}?via=courier-x", User_Agent="facebookexternalhit/1.1")
    read(replica, f"{article}?via=courier-x", Sec_Purpose="prefetch;prerender")
    read(replica, f"{article}?via=courier-x", Sec_Fetch_Site="cross-site")
    assert paper.audience.clicks() == {}


def test_an_account_counts_from_the_moment_there_is_one(
    paper: Paper, read_one: tuple[Replica, str], request: pytest.FixtureRequest
) -> None:
    replica, article = read_one
    read(replica, f"{article}?via=courier-x")
    request.getfixturevalue("accounts")
    read(replica, f"{article}?via=courier-x")
    assert paper.audience.clicks() == {"courier-x": 1}


def test_by_whose_post_somebody_comes_changes_nothing_on_the_page(paper: Paper, read_one: tuple[Replica, str]) -> None:
    replica, path = read_one[0], paper.path(1)
    plain = replica.get(path)
    for query in (
        "via=courier-x",
        "via=nobody",
        "via=",
        "via=%0d%0aX:y",
        "via=%22%3E%3Cscript%3E",
        "via=" + "x" * 3000,
    ):
        answer = replica.get(f"{path}?{query}")
        assert (answer.status_code, answer.data) == (200, plain.data)
        assert answer.headers["ETag"] == plain.headers["ETag"]
        assert replica.get(f"{path}?{query}", if_none_match=plain.headers["ETag"]).status_code == 304
    assert f'<link rel="canonical" href="{BASE}{path}">' in plain.text
    assert f'<meta property="og:url" content="{BASE}{path}">' in plain.text


def test_an_old_address_leads_on_with_its_tag_and_without_anything_else(
    paper: Paper, read_one: tuple[Replica, str]
) -> None:
    replica, path = read_one[0], paper.path(1)
    for old in (short_url(path), f"/2018/04/20/an-older-headline-{path[-10:]}"):
        assert replica.get(f"{old}?via=courier-x").headers["Location"] == f"{BASE}{path}?via=courier-x"
        for query in ("via=Courier", "via=a%0d%0ab", "via=//evil.example", "next=//evil.example", "via="):
            assert replica.get(f"{old}?{query}").headers["Location"] == BASE + path


# What is kept


@pytest.mark.usefixtures("accounts")
def test_nothing_that_is_kept_names_a_reader_and_everything_expires(
    paper: Paper, read_one: tuple[Replica, str]
) -> None:
    replica, article = read_one
    before = set(paper.redis.keys())
    read(replica, article, reader="203.0.113.77")
    replica.get(share_path("x", article), user_agent=FIREFOX, x_forwarded_for="203.0.113.77")
    read(replica, f"{article}?via=courier-x", reader="203.0.113.77")
    replica.get("/feed.rss", user_agent="SecretReader/1.0")
    replica.polls.hand_on()
    kept = set(paper.redis.keys()) - before
    dumped = b"".join([name + (paper.redis.dump(name) or b"") for name in kept])
    for secret in (b"203.0.113.77", b"127.0.0.1", b"Firefox", b"SecretReader"):
        assert secret not in dumped
    lasting = {name.rpartition(b":audience:")[2] for name in kept if paper.redis.ttl(name) < 0 and b"audience" in name}
    assert lasting == {b"totals"}
    assert all(
        0 < paper.redis.ttl(name) <= 35 * 86_400
        for name in kept
        if not name.endswith((b"totals", b":all:rss")) and b":hot:" not in name and b"counters" not in name
    )


def test_a_reader_has_another_name_each_day_and_the_salt_goes(paper: Paper) -> None:
    disguise, reader = Disguise(paper.redis, paper.installation), Visitor("192.0.2.1", FIREFOX)
    today, tomorrow = (disguise.of(reader, TODAY + timedelta(days=days)) for days in (0, 1))
    assert today != tomorrow
    assert Disguise(paper.redis, paper.installation).of(reader, TODAY) == today
    (salt,) = paper.redis.keys(f"*:salt:{TODAY}")
    assert len(paper.redis.get(salt) or b"") == 32  # type: ignore[arg-type]
    assert 0 < paper.redis.ttl(salt) <= 25 * 3600
    paper.redis.delete(salt)
    assert Disguise(paper.redis, paper.installation).of(reader, TODAY) != today


def test_many_readers_are_counted_within_two_percent(paper: Paper) -> None:
    for number in range(3000):
        paper.audience.read("an-article", Visitor(f"10.0.{number // 250}.{number % 250}", FIREFOX), NOW)
    ((_, counted),) = paper.audience.top("reads", [TODAY], 1)
    (day,) = paper.audience.by_day([TODAY])
    assert counted == day.reads == paper.audience.total()
    assert 2940 < counted < 3060
    assert 2940 < day.readers < 3060


# Blocks


@pytest.fixture
def popular(paper: Paper) -> Iterator[Paper]:
    """Three articles, read by 1, 2 and 3 readers; the first was shared."""
    for number, section in enumerate(("World", "World", "Sport"), start=1):
        seq = paper.publish(headline=f"Article {number}", section=section)
        for reader in range(number):
            paper.audience.read(paper.article_id(seq), Visitor(f"192.0.2.{reader}", FIREFOX), NOW)
    paper.audience.share("x", paper.article_id(1), Visitor("192.0.2.1", FIREFOX), NOW)
    paper.audience.click("courier-x", paper.article_id(1), Visitor("192.0.2.1", FIREFOX), NOW)
    yield paper


def test_the_front_page_shows_what_is_read_and_shared_most(popular: Paper) -> None:
    replica = popular.replica()
    assert listed(replica) == ["Article 3", "Article 2", "Article 1"]
    assert listed(replica, block="most-shared") == ["Article 1"]
    assert listed(replica, "/sections/world/") == ["Article 2", "Article 1"]
    assert listed(replica, "/publishers/test-agency/") == []


def test_without_reads_there_is_no_block(paper: Paper) -> None:
    paper.publish()
    assert 'class="popular"' not in paper.replica().get("/").text


def test_a_withdrawn_article_is_in_no_block_though_it_was_read_most(popular: Paper) -> None:
    replica = popular.replica()
    replica.get("/")
    popular.newsroom.withdraw(3)
    popular.work()
    found = re.search(r'<aside class="popular">.*?</aside>', replica.get("/").text, re.DOTALL)
    assert found and "Article 3" not in found[0], "also before the ranking is asked for again"
    assert listed(replica) == listed(popular.replica()) == ["Article 2", "Article 1"]
    assert [each["id"] for each in numbers(popular)["reads"]["articles"]] == [
        popular.article_id(2),
        popular.article_id(1),
    ]


def test_blocks_are_asked_for_once_a_minute_and_leave_the_page_as_it_was(popular: Paper) -> None:
    replica = popular.replica()
    tag = replica.get("/").headers["ETag"]
    for reader in range(10, 20):
        popular.audience.read(popular.article_id(1), Visitor(f"192.0.2.{reader}", FIREFOX), NOW)
    popular.redis.config_resetstat()
    for _ in range(5):
        assert replica.get("/", if_none_match=tag).status_code == 304
    assert "cmdstat_zunion" not in popular.redis.info("commandstats")
    assert listed(replica)[0] == "Article 1"


def test_all_processes_show_the_same_in_a_minute(popular: Paper) -> None:
    one = popular.replica().get("/")
    for reader in range(10, 20):
        popular.audience.read(popular.article_id(1), Visitor(f"192.0.2.{reader}", FIREFOX), NOW)
    other = popular.replica().get("/")
    assert (other.data, other.headers["ETag"]) == (one.data, one.headers["ETag"])


def test_what_was_read_in_the_last_day_comes_first_then_that_of_the_week(popular: Paper) -> None:
    now = NOW + timedelta(days=2)
    seq = popular.publish(headline="New article")
    popular.audience.read(popular.article_id(seq), Visitor("192.0.2.1", FIREFOX), now)
    later = popular.replica(MASTHEAD_CLOCK=now.isoformat())
    assert listed(later) == ["New article", "Article 3", "Article 2", "Article 1"]
    assert listed(popular.replica(MASTHEAD_CLOCK=(NOW + timedelta(days=20)).isoformat())) == []


# Numbers


def numbers(paper: Paper, **given: int) -> dict[str, Any]:
    publication = paper.replica().stand.publication
    return stats(Sources.of(paper.db, paper.redis, publication, paper.clock), **{"days": 2, "top": 10} | given)


def test_stats_tell_reads_readers_and_what_was_shared(popular: Paper) -> None:
    found = numbers(popular)
    assert found["reads"]["total"] == 6
    assert found["reads"]["days"] == [
        {"day": "2018-04-20", "reads": 6, "readers": 3},
        {"day": "2018-04-19", "reads": 0, "readers": 0},
    ]
    first = found["reads"]["articles"][0]
    assert (first["headline"], first["reads"], first["url"]) == ("Article 3", 3, BASE + popular.path(3))
    assert [(each["headline"], each["shares"]) for each in found["shared"]] == [("Article 1", 1)]
    assert found["shares"] == [{"network": "x", "clicks": 1}]
    days = [{"day": "2018-04-20", "clicks": 1}, {"day": "2018-04-19", "clicks": 0}]
    assert found["clicks"] == [{"account": "courier-x", "clicks": 1, "days": days}]
    assert len(numbers(popular, top=1)["reads"]["articles"]) == 1


# Subscribers


def poll(replica: Replica, path: str, user_agent: str, reader: str = "192.0.2.1", **headers: str) -> int:
    answer = replica.app.test_client().get(
        path,
        headers={"User-Agent": user_agent} | headers,
        environ_overrides={"REMOTE_ADDR": reader},
        base_url=BASE,
    )
    return answer.status_code


def subscribers(paper: Paper) -> dict[str, tuple[int, int]]:
    return {each["feed"]: (each["subscribers"], each["clients"]) for each in numbers(paper)["subscribers"]}


def test_subscribers_are_estimated_from_who_polls(paper: Paper) -> None:
    paper.publish(tags=["harbour"])
    replica = paper.replica()
    for _ in range(2):  # the first time from Flask, the second by the fast path
        for reader in ("192.0.2.1", "192.0.2.2"):
            assert poll(replica, "/feed.rss", "NetNewsWire (RSS Reader)", reader) == 200
        poll(replica, "/feed.rss", "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 30 subscribers; like FeedFetcher)")
        poll(replica, "/tags/harbour/feed.atom", "Feedbin feed-id:1373711 - 4 subscribers")
        poll(replica, "/tags/harbour/feed.atom", "Feedbin feed-id:99 - 2 subscribers")
    poll(replica, "/feed.rss", "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 28 subscribers; like FeedFetcher)")
    replica.polls.hand_on()
    assert subscribers(paper) == {"/feed.rss": (30, 2), "/tags/harbour/feed.atom": (6, 0)}
    replica.polls.hand_on()
    assert subscribers(paper)["/feed.rss"] == (30, 2)


def test_what_is_no_feed_and_what_is_not_there_is_no_poll(paper: Paper) -> None:
    paper.publish(tags=["harbour"])
    replica = paper.replica()
    for _ in range(2):
        for path in (
            "/sitemap.xml",
            "/",
            "/robots.txt",
            "/feeds",
            "/tags/none/feed.rss",
            "/tags/%00/feed.rss",
            "/feed.rss/x",
        ):
            poll(replica, path, FIREFOX)
    assert poll(replica, "/feeds?tag=harbour&language=en", FIREFOX) == 200
    replica.polls.hand_on()
    assert subscribers(paper) == {"/feeds?tag=harbour&language=en": (1, 1)}


def test_polls_that_come_faster_than_they_are_handed_on_take_no_more_room(paper: Paper) -> None:
    replica = paper.replica()
    for number in range(30_000):
        replica.polls.note(
            {"PATH_INFO": "/feed.rss", "REMOTE_ADDR": f"10.{number % 7}.0.1", "HTTP_USER_AGENT": "Reader"}
        )
    assert len(replica.polls._noted) == 20_000
    replica.polls.hand_on()
    assert subscribers(paper) == {"/feed.rss": (7, 7)}


def test_polls_while_redis_is_away_are_forgotten(paper: Paper) -> None:
    paper.publish()
    replica = paper.replica(MASTHEAD_REDIS_URL=NOWHERE)
    poll(replica, "/feed.rss", FIREFOX)
    replica.polls.hand_on()
    assert len(replica.polls._noted) == 0
