"""What crawlers get: sitemaps as the protocol wants them, news for 48 hours, and nothing that was withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from services.feed import crawlers
from services.feed.formats import sitemaps
from services.feed.formats.sitemaps import NEWS, SITEMAP, XHTML, news_language
from shared.models import Article
from tests.factories import NOW
from tests.paper import BASE, Paper, Replica

NAMES = {"s": SITEMAP, "x": XHTML, "n": NEWS}
DAY = "/2018/04/20/sitemap.xml"
DOCUMENTS = ("/sitemap.xml", "/sitemap-pages.xml", DAY, "/news-sitemap.xml", "/robots.txt")


def tree(replica: Replica, path: str) -> etree._Element:
    answer = replica.get(path)
    assert answer.status_code == 200, path
    assert answer.content_type == "application/xml; charset=utf-8"
    return etree.fromstring(answer.data)


def found(replica: Replica, path: str, what: str = "//s:loc") -> list[str]:
    return [str(each) for each in tree(replica, path).xpath(f"{what}/text()", namespaces=NAMES)]


def at(paper: Paper, moment: datetime) -> Replica:
    return paper.replica(MASTHEAD_CLOCK=moment.isoformat())


def name(paper: Paper, seq: int, external_id: str) -> None:
    with paper.db.write() as session:
        session.get_one(Article, seq).external_id = external_id


# Sitemaps


def test_the_index_leads_to_every_article_and_page(paper: Paper) -> None:
    seqs = [paper.newsroom.publish(section="World", tags=["harbour"], bylines=["Ada Price"]) for _ in range(3)]
    old = paper.publish(published_at=datetime(2016, 2, 16, 12, tzinfo=UTC))
    replica = paper.replica()
    files = found(replica, "/sitemap.xml")
    assert files == [f"{BASE}{path}" for path in ("/sitemap-pages.xml", "/2016/02/16/sitemap.xml", DAY)]
    places = [url for file in files for url in found(replica, file.removeprefix(BASE))]
    assert len(places) == len(set(places))
    assert {BASE + paper.path(seq) for seq in (*seqs, old)} <= set(places)
    pages = {"/", "/sections/world/", "/tags/harbour/", "/bylines/ada-price/", "/languages/en/"}
    assert {BASE + path for path in pages | {"/publishers/test-agency/"}} <= set(places)
    assert all(replica.get(url.removeprefix(BASE)).status_code == 200 for url in places)


@pytest.mark.databases("sqlite")
def test_elements_stand_in_the_order_of_the_protocol(paper: Paper) -> None:
    paper.newsroom.publish(original="1 en-1", language="tr")
    paper.newsroom.publish(original="1 en-1", language="ar")
    paper.work()
    replica = paper.replica()
    for path in ("/sitemap.xml", "/sitemap-pages.xml", DAY):
        for each in tree(replica, path):
            names = [etree.QName(child).localname for child in each]
            assert names[:2] == ["loc", "lastmod"]
            assert set(names[2:]) <= {"link"}
            moment = datetime.fromisoformat(each[1].text or "")
            assert moment.tzinfo is not None and moment <= paper.clock.now()


def test_nothing_published_gives_valid_documents(paper: Paper) -> None:
    replica = paper.replica()
    assert found(replica, "/sitemap.xml") == [f"{BASE}/sitemap-pages.xml"]
    assert found(replica, "/sitemap-pages.xml") == [f"{BASE}/"]
    assert found(replica, "/news-sitemap.xml") == []
    assert replica.get("/robots.txt").status_code == 200
    for path in (DAY, "/2018/02/30/sitemap.xml", "/sitemap-days-2.xml", "/2018/04/20/sitemap-2.xml"):
        assert replica.get(path).status_code == 404


def test_what_is_withdrawn_leaves_at_once(paper: Paper) -> None:
    seq = paper.publish(tags=["harbour"], section="World")
    path = paper.path(seq)
    replica = paper.replica()
    assert BASE + path in found(replica, DAY) and BASE + path in found(replica, "/news-sitemap.xml")
    paper.newsroom.withdraw(seq)
    paper.work()
    assert found(replica, DAY) == []
    assert found(replica, "/news-sitemap.xml") == []
    assert found(replica, "/sitemap.xml") == [f"{BASE}/sitemap-pages.xml"]
    assert found(replica, "/sitemap-pages.xml") == [f"{BASE}/"]


def test_validators_hold_while_nothing_changes_and_move_with_it(paper: Paper) -> None:
    seq = paper.publish()
    replica = paper.replica()
    before = {path: replica.get(path) for path in DOCUMENTS}
    for path, answer in before.items():
        tag = answer.headers["ETag"]
        assert tag.startswith('"') and "Last-Modified" in answer.headers
        assert replica.get(path, if_none_match=tag).status_code == 304
        assert replica.head(path).headers["ETag"] == tag
        assert paper.replica().get(path).headers["ETag"] == tag
    paper.newsroom.edit(seq, headline="Another headline")
    paper.work()
    for path in ("/sitemap.xml", DAY, "/news-sitemap.xml"):
        answer = replica.get(path, if_none_match=before[path].headers["ETag"])
        assert answer.status_code == 200
        assert answer.headers["Last-Modified"] != before[path].headers["Last-Modified"]


def test_a_day_and_an_index_too_large_for_one_file_are_parted(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawlers, "MOST_PLACES", 2)
    monkeypatch.setattr(sitemaps, "MOST_SITEMAPS", 3)
    for _ in range(5):
        paper.newsroom.publish()
    paper.publish(published_at=datetime(2016, 2, 16, 12, tzinfo=UTC))
    replica = paper.replica()
    indexes = ["/sitemap.xml", "/sitemap-days-2.xml"]
    named = [f"Sitemap: {BASE}{path}" for path in indexes]
    assert [
        line for line in replica.get("/robots.txt").text.splitlines() if "days" in line or "/sitemap" in line
    ] == named
    files = [file for path in indexes for file in found(replica, path)]
    assert len(files) == 5
    places = [url for file in files[1:] for url in found(replica, file.removeprefix(BASE))]
    assert len(places) == len(set(places)) == 6
    for path in (
        "/sitemap-days-1.xml",
        "/sitemap-days-3.xml",
        "/2018/04/20/sitemap-4.xml",
        "/2018/04/20/sitemap-1.xml",
    ):
        assert replica.get(path).status_code == 404


# News


@pytest.mark.databases("sqlite")
def test_news_are_described_as_google_wants_them(paper: Paper) -> None:
    seq = paper.publish(headline="Harbour & <bridge>", language="zh-Hant")
    paper.newsroom.edit(seq, headline="Harbour & <bridge> reopen")
    paper.work()
    (url,) = tree(paper.replica(), "/news-sitemap.xml")
    assert [etree.QName(each).localname for each in url.iter()][1:] == [
        *("loc", "news", "publication", "name", "language", "publication_date", "title")
    ]
    said = {etree.QName(each).localname: each.text for each in url.iter()}
    assert said["loc"] == BASE + paper.path(seq)
    assert (said["name"], said["language"]) == ("The Demo Courier", "zh-tw")
    assert said["title"] == "Harbour & <bridge> reopen"
    assert said["publication_date"] == "2018-04-20T09:00:01+00:00", "the first publication, not the edit"


def test_languages_are_named_by_iso_639_but_chinese_by_its_script() -> None:
    tags = ("en", "pt-BR", "fil", "zh", "zh-Hans", "zh-CN", "zh-SG", "zh-Hant", "zh-TW", "zh-HK", "zh-Hans-HK")
    named = ["en", "pt", "fil", *["zh-cn"] * 4, *["zh-tw"] * 3, "zh-cn"]
    assert [news_language(tag) for tag in tags] == named


def test_news_leave_after_48_hours_by_the_clock_alone(paper: Paper) -> None:
    first = paper.publish(published_at=NOW - timedelta(hours=40))
    second = paper.publish(published_at=NOW - timedelta(hours=10))
    leaves = NOW + timedelta(hours=8)
    before, after = at(paper, leaves - timedelta(seconds=1)), at(paper, leaves)
    old = before.get("/news-sitemap.xml")
    assert found(before, "/news-sitemap.xml") == [BASE + paper.path(second), BASE + paper.path(first)]
    new = after.get(
        "/news-sitemap.xml", if_none_match=old.headers["ETag"], if_modified_since=old.headers["Last-Modified"]
    )
    assert new.status_code == 200
    assert found(after, "/news-sitemap.xml") == [BASE + paper.path(second)]
    assert new.last_modified == leaves
    assert after.get("/news-sitemap.xml", if_modified_since=new.headers["Last-Modified"]).status_code == 304
    later = at(paper, leaves + timedelta(hours=1)).get("/news-sitemap.xml")
    assert (later.data, later.headers["ETag"]) == (new.data, new.headers["ETag"]), "nothing left meanwhile"


@pytest.mark.databases("sqlite")
def test_news_that_leave_within_one_second_are_told_apart(paper: Paper) -> None:
    for milliseconds in (100, 900):
        paper.publish(published_at=NOW - timedelta(hours=40) + timedelta(milliseconds=milliseconds))
    replica = at(paper, NOW + timedelta(hours=8, seconds=5))
    answer = replica.get("/news-sitemap.xml")
    assert replica.get("/news-sitemap.xml", if_modified_since=answer.headers["Last-Modified"]).status_code == 200


@pytest.mark.databases("sqlite")
def test_no_more_than_a_thousand_news(paper: Paper) -> None:
    made = [{"published_at": NOW - timedelta(minutes=minute)} for minute in range(1005)]
    paper.newsroom.publish_many(made)
    paper.work()
    places = found(paper.replica(), "/news-sitemap.xml")
    assert len(places) == 1000
    assert places[0].endswith("0000000001")


# robots.txt


@pytest.mark.databases("sqlite")
def test_robots_txt_names_the_sitemaps_and_keeps_crawlers_from_what_counts(paper: Paper) -> None:
    answer = paper.replica().get("/robots.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == [
        *("User-agent: *", "Disallow: /share/", "Disallow: /read/", ""),
        *(f"Sitemap: {BASE}/sitemap.xml", f"Sitemap: {BASE}/news-sitemap.xml"),
    ]
    below = paper.replica(MASTHEAD_BASE_URL=f"{BASE}/paper").get("/robots.txt").text
    assert "Disallow: /paper/share/" in below and f"Sitemap: {BASE}/paper/sitemap.xml" in below


# Translations


def test_variants_name_each_other_and_the_original(paper: Paper) -> None:
    with_id = {"original": "1 cms-1"}
    english = paper.newsroom.publish(headline="Harbour")
    name(paper, english, "cms-1")
    turkish = paper.newsroom.publish(language="tr", **with_id)
    arabic = paper.newsroom.publish(language="ar", original=f"1 urn:uuid:{paper.article_id(turkish)}")
    paper.newsroom.publish(headline="Alone")
    paper.work()
    replica = paper.replica()
    paths = {"en": paper.path(english), "tr": paper.path(turkish), "ar": paper.path(arabic)}
    wanted = [*paths.items(), ("x-default", paths["en"])]
    for url in tree(replica, DAY):
        links = [(each.get("hreflang"), each.get("href")) for each in url.findall(f"{{{XHTML}}}link")]
        expected = [(language, BASE + path) for language, path in wanted]
        assert links == (expected if url[0].text in {BASE + path for path in paths.values()} else [])
        assert {each.get("rel") for each in url.findall(f"{{{XHTML}}}link")} <= {"alternate"}
