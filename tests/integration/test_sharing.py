"""Share links: where they lead, what is counted of them, and that nobody can make them lead elsewhere."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from services.feed.app import create_app
from services.feed.networks import NETWORKS
from services.feed.qr import qr_svg
from shared.errors import ConfigurationError
from shared.urls import qr_path, share_path, short_url, urn
from tests.paper import BASE, FIREFOX, NOWHERE, Paper, Replica

PROBLEM = "application/problem+json; charset=utf-8"
pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def filled(paper: Paper) -> Paper:
    paper.publish(headline="Harbour reopens", section="World")
    paper.publish(headline="افتتاح الميناء", language="ar")
    return paper


@pytest.fixture
def reader(filled: Paper) -> Replica:
    return filled.replica()


def withdraw(paper: Paper, seq: int) -> None:
    paper.newsroom.withdraw(seq, None)
    paper.work()


def test_each_share_link_leads_to_its_own_network_and_nowhere_else(filled: Paper, reader: Replica) -> None:
    article_id = filled.article_id(1)
    for network, about in NETWORKS.items():
        answer = reader.get(share_path(network, article_id))
        if answer.status_code == 404:
            assert network == "pinterest"  # has nothing to pin: the article has no picture
            continue
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(about.endpoint)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]


def test_a_shared_link_carries_the_articles_own_address(filled: Paper, reader: Replica) -> None:
    location = reader.get(share_path("telegram", filled.article_id(2))).headers["Location"]
    query = parse_qs(urlsplit(location).query)
    assert query["url"] == [BASE + filled.path(2)]
    assert query["text"] == ["افتتاح الميناء"]


def test_an_unknown_network_leads_nowhere_and_the_known_ones_are_named(filled: Paper, reader: Replica) -> None:
    for network in ("myspace", "X", "evil.example", "pocket", "x%20", "%E2%80%AEx", "..", "x" * 5000):
        answer = reader.get(f"/share/{network}/{filled.article_id(1)}")
        assert (answer.status_code, answer.content_type) == (404, PROBLEM), network[:50]
        assert (answer.json or {})["detail"] == f"No such network; there are: {', '.join(NETWORKS)}."
    for path in ("/share/https:%2F%2Fevil.example/{id}", "/share//{id}", "/share/x/{id}/", "/share/x/", "/share/x//"):
        answer = reader.get(path.format(id=filled.article_id(1)))
        assert answer.status_code in (404, 308)
        assert "evil" not in answer.headers.get("Location", "")


def test_encoded_newlines_and_nuls_add_nothing_to_an_answer(filled: Paper, reader: Replica) -> None:
    for odd in ("%0D%0ASet-Cookie:%20a=b", "%0a", "%0d", "%00", "%C0%8A", "%E2%80%A8", "%u000a", "%250A", "%FF"):
        for path in (
            f"/share/x{odd}/{filled.article_id(1)}",
            f"/share/x/{filled.article_id(1)}{odd}",
            f"/share/{odd}x/{odd}",
            f"/share/{filled.article_id(1)}{odd}",
            f"/qr/{filled.article_id(1)}{odd}.svg",
            f"/2018/04/20/x-{filled.path(1)[-10:]}{odd}",
            f"/share?url={BASE}{filled.path(1)}{odd}x",
        ):
            answer = reader.get(path)
            assert answer.status_code == 404, path
            assert not any("\n" in value or "\r" in value for _, value in answer.headers)
            assert "Set-Cookie" not in answer.headers


def test_nothing_in_a_request_can_change_where_a_share_link_leads(filled: Paper, reader: Replica) -> None:
    path = share_path("x", filled.article_id(1))
    plain = reader.get(path).headers["Location"]
    names = (
        "url",
        "next",
        "u",
        "text",
        "to",
        "via",
        "server",
        "instance",
        "network",
        "redirect_uri",
        "x",
        "",
        "%0d%0a",
    )
    for name in names:
        for value in (
            "https://evil.example",
            "//evil.example",
            "evil.example",
            "%0d%0aLocation:%20//evil.example",
            "%00",
        ):
            assert reader.get(f"{path}?{name}={value}").headers["Location"] == plain
    forged = ("host", "x_forwarded_host", "x_forwarded_server", "x_original_url", "x_rewrite_url", "origin", "referer")
    for name in forged:
        assert reader.get(path, **{name: "evil.example"}).headers["Location"] == plain
    assert reader.get(path, forwarded="host=evil.example;proto=gopher").headers["Location"] == plain


def test_a_withdrawn_article_cannot_be_shared(filled: Paper, reader: Replica) -> None:
    withdraw(filled, 1)
    article_id = filled.article_id(1)
    assert reader.get(share_path("x", article_id)).status_code == 404
    assert reader.get(f"/share/{article_id}").status_code == 404


def test_a_followed_share_link_is_counted_a_looked_at_one_is_not(filled: Paper, reader: Replica) -> None:
    path = share_path("x", filled.article_id(1))
    reader.get(path, user_agent=FIREFOX)
    reader.get(path, user_agent=f"{FIREFOX} another")
    reader.head(path, user_agent=f"{FIREFOX} looking")
    reader.get(share_path("myspace", filled.article_id(1)), user_agent=FIREFOX)
    reader.get(share_path("x", "no-such-article"), user_agent=FIREFOX)
    reader.get(share_path("whatsapp", filled.article_id(2)), user_agent=FIREFOX)
    assert filled.audience.shares() == {"x": 2, "whatsapp": 1}


def test_a_tool_in_a_persons_hand_is_no_crawler(filled: Paper, reader: Replica) -> None:
    reader.get(share_path("x", filled.article_id(1)), user_agent="curl/8.14.1")
    assert filled.audience.shares() == {"x": 1}


def test_a_share_link_counts_once_for_a_reader_and_not_for_crawlers(filled: Paper, reader: Replica) -> None:
    path = share_path("x", filled.article_id(1))
    for headers in (
        {"user_agent": FIREFOX},
        {"user_agent": FIREFOX},
        {"user_agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        {"user_agent": f"{FIREFOX} ahead", "sec_purpose": "prefetch;prerender"},
        {"user_agent": ""},
    ):
        assert reader.get(path, **headers).status_code == 302
    assert filled.audience.shares() == {"x": 1}


def test_sharing_works_while_redis_is_away(filled: Paper) -> None:
    away = filled.replica(MASTHEAD_REDIS_URL=NOWHERE)
    assert away.get(share_path("x", filled.article_id(1))).status_code == 302
    assert filled.audience.shares() == {}


# The list


def test_share_links_are_listed_for_programs(filled: Paper, reader: Replica) -> None:
    article_id, url = filled.article_id(1), BASE + filled.path(1)
    answer = reader.get(f"/share/{article_id}")
    found = answer.json or {}
    assert (found["id"], found["url"], found["short_url"]) == (urn(article_id), url, short_url(url))
    assert found["qr"] == BASE + qr_path(article_id)
    listed = {each["network"]: each for each in found["networks"]}
    assert listed["x"]["url"] == BASE + share_path("x", article_id)
    for each in listed.values():
        assert reader.get(each["url"].removeprefix(BASE)).headers["Location"] == each["target"]
    assert reader.get(f"/share/{article_id}", if_none_match=answer.headers["ETag"]).status_code == 304


def test_the_list_is_found_by_any_address_of_the_article(filled: Paper, reader: Replica) -> None:
    path = filled.path(2)
    listed = reader.get(f"/share/{filled.article_id(2)}").data
    for url in (BASE + path, BASE + short_url(path), f"{BASE}{path}?via=courier#top", f"HTTP://COURIER.example{path}"):
        assert reader.get(f"/share?url={quote(url, safe='')}").data == listed, url


def test_what_is_no_address_of_an_article_has_no_list(filled: Paper, reader: Replica) -> None:
    path = filled.path(1)
    for url in (
        f"https://evil.example{path}",
        f"{BASE}.evil.example{path}",
        f"{BASE}:8080{path}",
        f"https://courier.example@evil.example{path}",
        f"ftp://courier.example{path}",
        *(path, BASE, f"{BASE}/feed.rss", f"{BASE}/2018/04/20/", f"{BASE}/2018/04/20/x-0000000abc", f"{BASE}{path}/x"),
        *("https://[::1", "x" * 100_000, "\0", "%"),
    ):
        answer = reader.get(f"/share?url={quote(url, safe='')}")
        assert answer.status_code == 404, url[:100]
    for query in ("", "?url=", "?URL=x"):
        answer = reader.get(f"/share{query}")
        assert answer.status_code == 400
        assert (answer.json or {})["errors"][0]["parameter"] == "url"


def test_a_network_that_is_none_is_refused_when_the_service_starts(
    paper: Paper, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "publication.toml").write_text('name = "Courier"\n[share]\nnetworks = ["x", "pocket"]')
    monkeypatch.setenv("MASTHEAD_PUBLICATION_FILE", str(tmp_path / "publication.toml"))
    with pytest.raises(ConfigurationError, match=r"share\.networks .*'pocket'; accepted are x, facebook"):
        create_app()


# The QR code


def test_the_qr_code_is_that_of_the_short_address_and_kept_for_ever(filled: Paper, reader: Replica) -> None:
    answer = reader.get(qr_path(filled.article_id(2)))
    assert (answer.status_code, answer.content_type) == (200, "image/svg+xml")
    assert answer.data == qr_svg(BASE + short_url(filled.path(2)))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert f'src="{qr_path(filled.article_id(2))}"' in reader.get(filled.path(2)).text


def test_what_nobody_may_read_has_no_qr_code(filled: Paper, reader: Replica) -> None:
    withdraw(filled, 1)
    for article_id in (filled.article_id(1), "no-such-id", "00000000-0000-0000-0000-000000000000"):
        answer = reader.get(qr_path(article_id))
        assert answer.status_code == 404
        assert "immutable" not in answer.headers.get("Cache-Control", "")
