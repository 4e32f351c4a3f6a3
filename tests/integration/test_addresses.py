"""Every address a reader may ask for: what is there, what is elsewhere, what is gone and what never was."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

import pytest

from shared.urls import share_path, short_url
from tests.paper import BASE, BROWSER, Paper, Replica

# SQLite, unless a test names the other: addresses are read in Python, only odd characters meet the database.
pytestmark = pytest.mark.databases("sqlite")

PROBLEM = "application/problem+json; charset=utf-8"
HTML = "text/html; charset=utf-8"


@pytest.fixture
def filled(paper: Paper) -> Paper:
    paper.publish(headline="Harbour reopens", section="World", tags=["harbour"], bylines=["Ada Price"])
    paper.publish(
        headline="افتتاح الميناء", language="ar", section="اقتصاد", tags=["ميناء جديد"], bylines=["ليلى حداد"]
    )
    return paper


@pytest.fixture
def reader(filled: Paper) -> Replica:
    return filled.replica()


def withdraw(paper: Paper, seq: int, reason: str | None = None) -> None:
    paper.newsroom.withdraw(seq, reason)
    paper.work()


# What never was

NOT_THERE = [
    "/nowhere",
    "/feed.xml",
    "/tags/unheard-of/",
    "/tags/unheard-of/feed.rss",
    "/bylines/nobody/",
    "/publishers/nobody/feed.atom",
    "/sections/no-such-section/feed.json",
    "/languages/xx/",
    "/languages/xx/feed.rss",
    "/tags//",
    "/tags/harbour/feed.pdf",
    "/2018/02/30/",
    "/2018/02/30/feed.rss",
    "/2018/13/01/",
    "/0000/01/01/",
    "/2018/4/20/",
    "/20180/04/20/",
    "/2018/04/20/no-such-article-0000000abc",
    "/2018/04/20/0000000abc",
    "/2018/04/20/not-a-key",
    "/2018/02/30/harbour-reopens-0000000001x",
    "/static/masthead.css",
    "/static/masthead.000000000000.css",
    "/static/..%2f..%2fapp.py",
    "/tags/%00/",
    "/tags/harbour%00/feed.rss",
    "/2018/04/20/x%00-0000000abc",
    "/tags/%ff%fe/feed.rss",
    "/tags/%ed%a0%80/feed.rss",
    "/tags/" + "a" * 5000 + "/feed.rss",
    "/tags/%27%3B%20DROP%20TABLE%20feed/feed.rss",
    "/share/x/00000000-0000-0000-0000-000000000000",
    "/share/x/not-a-uuid",
    "/share/x/%00",
    "/share/not-an-id",
]


@pytest.mark.databases("sqlite", "postgresql")
def test_what_is_not_there_is_a_problem_for_programs_and_a_page_for_people(reader: Replica) -> None:
    for path in NOT_THERE:
        answer = reader.get(path, accept="application/rss+xml, */*;q=0.1")
        assert (answer.status_code, answer.content_type) == (404, PROBLEM), path
        assert answer.json is not None and answer.json["status"] == 404
        page = reader.get(path, accept=BROWSER)
        assert (page.status_code, page.content_type) == (404, HTML), path
        assert "<h1" in page.text and "The Demo Courier" in page.text
        for each in (answer, page):
            assert each.headers["Cache-Control"] == "no-store"
            assert "Accept" in each.headers["Vary"]


def test_a_method_that_is_not_offered_is_refused_with_those_that_are(reader: Replica) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = reader.get("/feed.rss", method)
        assert (answer.status_code, answer.content_type) == (405, PROBLEM)
        assert {"GET", "HEAD"} <= {each.strip() for each in answer.headers["Allow"].split(",")}


def test_asking_for_what_is_not_there_leaves_nothing_behind(filled: Paper, reader: Replica) -> None:
    before = filled.redis.dbsize()
    hot = reader.stand.hot
    for number in range(50):
        reader.get(f"/tags/none-{number}/feed.rss")
        reader.get(f"/19{number:02}/01/01/feed.rss")
    assert filled.redis.dbsize() == before
    assert len(hot._moved_at) <= len(filled.slices())


# What is there although it is empty


@pytest.mark.parametrize(
    "place", ["/2019/01/01/", "/0001/01/01/", "/9999/12/31/", "/sections/economy/", "/languages/fa/"]
)
def test_an_empty_day_and_a_configured_empty_section_or_language_are_there(reader: Replica, place: str) -> None:
    assert reader.get(place).status_code == 200
    for file in ("feed.rss", "feed.atom", "feed.json"):
        assert reader.get(place + file).status_code == 200
    assert reader.get(place + "feed.json").json["items"] == []  # type: ignore[index]


def test_an_empty_publication_is_there(paper: Paper) -> None:
    replica = paper.replica()
    for path in ("/", "/feed.rss", "/feed.atom", "/feed.json", "/masthead.json"):
        assert replica.get(path).status_code == 200
    assert replica.get("/masthead.json").json["total"]["count"] == 0  # type: ignore[index]


def test_a_tag_whose_only_article_moved_on_stays_as_an_empty_feed(filled: Paper, reader: Replica) -> None:
    filled.newsroom.edit(1, tags=["bridge"])
    filled.work()
    assert reader.get("/tags/harbour/feed.json").json["items"] == []  # type: ignore[index]
    assert reader.get("/tags/harbour/").status_code == 200


# Every script


@pytest.mark.parametrize(
    "place", ["/tags/ميناء-جديد/", "/bylines/ليلى-حداد/", "/sections/اقتصاد/", "/languages/ar/"]
)  # fmt: skip
def test_slugs_in_arabic_are_addresses_encoded_or_not(reader: Replica, place: str) -> None:
    for path in (place, quote(place)):
        assert "افتتاح الميناء" in reader.get(path).text
        assert "افتتاح الميناء" in reader.get(path + "feed.rss").text


def test_an_article_with_an_arabic_slug_is_found_at_its_own_address(filled: Paper, reader: Replica) -> None:
    path = filled.path(2)
    assert path.isascii()
    assert reader.get(path).status_code == 200
    assert reader.get(unquote(path)).status_code == 200
    assert reader.get(path.lower()).status_code == 200  # %d8 is %D8


def test_percent_encoding_of_plain_letters_changes_nothing(reader: Replica) -> None:
    plain = reader.get("/feed.rss")
    encoded = reader.get("/%66%65%65%64%2Erss")
    assert (encoded.status_code, encoded.data) == (200, plain.data)


def test_addresses_in_outputs_are_found_as_they_are_written(filled: Paper, reader: Replica) -> None:
    for name in ("/feed.json", "/tags/%D9%85%D9%8A%D9%86%D8%A7%D8%A1-%D8%AC%D8%AF%D9%8A%D8%AF/feed.json"):
        document = reader.get(name).json
        assert document is not None
        links = [document["feed_url"], document["home_page_url"], *(item["url"] for item in document["items"])]
        for link in links:
            assert link.isascii()
            assert reader.get(link.removeprefix(BASE)).status_code == 200, link


# Query strings


@pytest.mark.parametrize("query", ["?", "?utm_source=newsletter", "?a=1&a=2&%00=%ff", "?page=2"])
def test_a_query_string_is_ignored(filled: Paper, reader: Replica, query: str) -> None:
    for path in ("/feed.rss", "/", filled.path(1), "/masthead.json"):
        plain, asked = reader.get(path), reader.get(path + query)
        assert (asked.status_code, asked.data) == (200, plain.data)
        assert asked.headers["ETag"] == plain.headers["ETag"]
        assert reader.get(path + query, if_none_match=plain.headers["ETag"]).status_code == 304


# Articles


def test_another_slug_or_day_leads_to_the_articles_own_address(filled: Paper, reader: Replica) -> None:
    path = filled.path(1)
    key = path.rpartition("-")[2]
    for other in (f"/2018/04/20/old-headline-{key}", f"/2011/01/01/harbour-reopens-{key}", f"/2018/04/20/{key}"):
        answer = reader.get(other)
        assert (answer.status_code, answer.headers["Location"]) == (301, BASE + path)


def test_an_edited_headline_keeps_the_address(filled: Paper, reader: Replica) -> None:
    path = filled.path(1)
    filled.newsroom.edit(1, headline="A quite different headline")
    filled.work()
    assert filled.path(1) == path
    assert "A quite different headline" in reader.get(path).text


def test_the_short_address_of_every_article_works(filled: Paper, reader: Replica) -> None:
    for seq in (1, 2):
        short = urlsplit(short_url(BASE + filled.path(seq))).path
        assert reader.get(short).headers["Location"] == BASE + filled.path(seq)


def test_a_slug_that_ends_like_a_key_is_not_mistaken_for_one(paper: Paper) -> None:
    seq = paper.publish(headline="About 0123456789", key="abcdefghjk")
    assert paper.replica().get(paper.path(seq)).status_code == 200


def test_a_withdrawn_article_is_gone_at_every_address_it_had(filled: Paper, reader: Replica) -> None:
    path = filled.path(1)
    key = path.rpartition("-")[2]
    assert reader.get(path).status_code == 200
    withdraw(filled, 1, "The harbour was never closed.")
    for address in (path, f"/2018/04/20/{key}", f"/2018/04/20/old-headline-{key}", path + "?utm_source=x"):
        answer = reader.get(address)
        assert (answer.status_code, answer.content_type) == (410, HTML)
        assert "The harbour was never closed." in answer.text
        assert "Harbour reopens" not in answer.text and "harbour-reopens" not in answer.text
        assert "Body 1" not in answer.text and "Ada Price" not in answer.text
        assert answer.headers["Cache-Control"] == "public, no-cache"
        assert "noindex" in answer.text
    assert reader.get(path, if_none_match="*").status_code == 410


def test_a_withdrawn_article_is_in_no_list_and_no_number(filled: Paper, reader: Replica) -> None:
    withdraw(filled, 1)
    for place in ("/", "/2018/04/20/", "/sections/world/", "/tags/harbour/", "/bylines/ada-price/"):
        assert "Harbour reopens" not in reader.get(place).text
    masthead = reader.get("/masthead.json").json
    assert masthead is not None
    assert (masthead["total"]["count"], masthead["days"][0]["count"]) == (1, 1)


def test_an_article_that_is_not_enriched_has_no_address(filled: Paper, reader: Replica) -> None:
    seq = filled.newsroom.accept()
    filled.work()
    assert reader.get(share_path("x", filled.article_id(seq))).status_code == 404


# The masthead


def test_the_masthead_is_the_line_of_the_seed_page_in_text_and_numbers(filled: Paper, reader: Replica) -> None:
    answer = reader.get("/masthead.json")
    assert answer.json is not None
    assert answer.json["text"] == (
        "20 April 2018 - Friday - 4 Shaban 1439 | 20/04/2018 (2) 19/04/2018 (0) 18/04/2018 (0) 17/04/2018 (0) "
        "16/04/2018 (0) Total: 2 content"
    )
    assert answer.json["days"][0]["url"] == f"{BASE}/2018/04/20/"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert reader.get("/masthead.json", if_none_match=answer.headers["ETag"]).status_code == 304


# Who asks


def test_no_answer_repeats_the_host_it_was_asked_under(filled: Paper) -> None:
    replica = filled.replica()
    missing_slash = ["/sections/world", "/2018/04/20", "/tags/harbour", "//tags//harbour/"]
    found = ["/", "/feed.rss", "/feed.json", "/masthead.json", filled.path(1), f"/share/{filled.article_id(1)}"]
    moved = [f"/2018/04/20/other-{filled.path(1).rpartition('-')[2]}", share_path("x", filled.article_id(1))]
    for path in (*missing_slash, *found, *moved, "/nowhere", "/readyz"):
        for accept in ("*/*", BROWSER):
            answer = replica.get(
                path,
                accept=accept,
                host="evil.example",
                x_forwarded_host="evil.example",
                x_forwarded_proto="gopher",
                forwarded="host=evil.example",
            )
            assert "evil.example" not in answer.text + str(answer.headers), path
            assert "gopher" not in str(answer.headers)


def test_a_missing_slash_leads_to_the_address_with_it(filled: Paper, reader: Replica) -> None:
    assert reader.get("/sections/world").headers["Location"] == f"{BASE}/sections/world/"
    assert reader.get("/sections/world?x=1").headers["Location"] == f"{BASE}/sections/world/?x=1"
    arabic = quote("/tags/ميناء-جديد")
    assert reader.get(arabic).headers["Location"] == BASE + arabic + "/"


def test_below_a_path_of_its_own_the_publication_redirects_there(filled: Paper) -> None:
    """As behind a proxy that takes the path away."""
    replica = filled.replica(MASTHEAD_BASE_URL=f"{BASE}/news")
    path = filled.path(1)
    assert replica.get(path).status_code == 200
    assert replica.get(short_url(path)).headers["Location"] == f"{BASE}/news{path}"
    assert replica.get("/sections/world").headers["Location"] == f"{BASE}/news/sections/world/"


def test_what_a_reader_writes_into_headers_breaks_nothing(filled: Paper, reader: Replica) -> None:
    hostile = {
        "accept": "text/html" * 1000,
        "accept_encoding": "gzip;q=" * 1000,
        "if_none_match": '"' * 1000,
        "if_modified_since": "x" * 1000,
        "x_request_id": "<script>",
        "range": "bytes=0-10",
        "cookie": "a=b;" * 500,
    }
    for path in ("/feed.rss", "/", filled.path(1)):
        answer = reader.get(path, **hostile)
        assert answer.status_code == 200
        assert "<script>" not in str(answer.headers)


def test_every_page_is_guarded_against_what_it_may_hold(filled: Paper, reader: Replica) -> None:
    for path in ("/", filled.path(1), "/2018/04/20/", "/nowhere"):
        answer = reader.get(path, accept=BROWSER)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
