"""Variants of one article name each other, at once and everywhere, whichever of them comes, changes or goes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.enrich.tasks import EnrichTasks
from services.feed import translations
from services.feed.translations import variants_of
from shared.models import Article, Enrichment
from shared.publication import load_publication
from tests.factories import NOW
from tests.fakes import FakeClock
from tests.ingest_api import Api, problem
from tests.newsroom import work
from tests.paper import Paper, Replica

OLD_DAY = datetime(2016, 2, 16, 12, tzinfo=UTC)
OLD_SITEMAP = "/2016/02/16/sitemap.xml"


def called(paper: Paper, seq: int, external_id: str) -> int:
    with paper.db.write() as session:
        session.get_one(Article, seq).external_id = external_id
    return seq


@pytest.fixture
def english(paper: Paper) -> int:
    """An original of two years ago."""
    return called(paper, paper.publish(headline="Harbour", published_at=OLD_DAY), "cms-1")


def languages(paper: Paper, seq: int) -> list[str]:
    """Of the variants as the record links them, the original with a star."""
    article_id = paper.article_id(seq)
    with paper.db.read() as session:
        variants = variants_of(session, [article_id]).get(article_id, ())
    return [each.language + "*" * each.is_original for each in variants]


def linked(replica: Replica, path: str) -> list[str]:
    """The languages a page or sitemap names."""
    return re.findall(r'hreflang="([\w-]+)" href="https', replica.get(path).text)


def test_what_comes_and_goes_shows_on_the_pages_and_in_the_sitemaps_of_the_others(paper: Paper, english: int) -> None:
    replica, page = paper.replica(), paper.path(english)
    tags = [replica.get(path).headers["ETag"] for path in (page, OLD_SITEMAP, "/sitemap.xml")]
    assert linked(replica, page) == linked(replica, OLD_SITEMAP) == []

    turkish = paper.publish(language="tr", original="1 cms-1")
    both = ["en", "tr", "x-default"]
    assert linked(replica, page) == linked(replica, OLD_SITEMAP) == linked(replica, paper.path(turkish)) == both
    for path, tag in zip((page, OLD_SITEMAP, "/sitemap.xml"), tags, strict=True):
        assert replica.get(path, if_none_match=tag).status_code == 200
    dated = re.search(rf"{OLD_SITEMAP}</loc>\s*<lastmod>([^<]+)", replica.get("/sitemap.xml").text)
    assert dated and datetime.fromisoformat(dated[1]) == paper.clock.now()

    paper.newsroom.edit(turkish, language="ar")
    paper.work()
    assert linked(replica, page) == linked(replica, OLD_SITEMAP) == ["en", "ar", "x-default"]
    paper.newsroom.edit(turkish, original=None)
    paper.work()
    assert linked(replica, page) == linked(replica, OLD_SITEMAP) == []
    paper.newsroom.edit(turkish, original="1 cms-1")
    paper.work()
    assert linked(replica, OLD_SITEMAP) == ["en", "ar", "x-default"]

    paper.newsroom.withdraw(turkish)
    paper.work()
    assert linked(replica, page) == linked(replica, OLD_SITEMAP) == []
    assert linked(paper.replica(), page) == []


def test_other_days_keep_their_revision(paper: Paper, english: int) -> None:
    paper.publish(published_at=datetime(2017, 1, 2, 12, tzinfo=UTC))
    today = paper.publish()
    replica, day = paper.replica(), "/2017/01/02/feed.rss"
    tag = replica.get(day).headers["ETag"]
    paper.publish(language="tr", original="1 cms-1")
    paper.newsroom.edit(today, headline="Edited")
    paper.work()
    assert replica.get(day, if_none_match=tag).status_code == 304


def test_an_original_may_come_later_and_siblings_know_each_other_before(paper: Paper) -> None:
    turkish = paper.publish(language="tr", original="1 cms-1")
    assert languages(paper, turkish) == []
    arabic = paper.publish(language="ar", original="1 cms-1")
    assert languages(paper, turkish) == languages(paper, arabic) == ["tr", "ar"]
    english = called(paper, paper.publish(language="en"), "cms-1")
    assert {tuple(languages(paper, seq)) for seq in (english, turkish, arabic)} == {("en*", "tr", "ar")}


@pytest.mark.databases("sqlite")
def test_an_original_that_is_withdrawn_leaves_its_translations_together(paper: Paper, english: int) -> None:
    turkish, arabic = (paper.publish(language=tag, original="1 cms-1") for tag in ("tr", "ar"))
    paper.newsroom.withdraw(english)
    paper.work()
    assert languages(paper, turkish) == languages(paper, arabic) == ["tr", "ar"]
    assert "x-default" not in linked(paper.replica(), paper.path(turkish))
    assert languages(paper, english) == []


@pytest.mark.databases("sqlite")
def test_translations_of_translations_and_circles_are_one_family(paper: Paper, english: int) -> None:
    turkish = called(paper, paper.publish(language="tr", original="1 cms-1"), "cms-2")
    arabic = paper.publish(language="ar", original=f"1 {paper.article_id(turkish)}")
    persian = paper.publish(language="fa", original=f"1 urn:uuid:{paper.article_id(arabic)}")
    family = {tuple(languages(paper, seq)) for seq in (english, turkish, arabic, persian)}
    assert family == {("en*", "tr", "ar", "fa")}
    paper.newsroom.edit(english, original="1 cms-2")
    paper.work()
    assert {tuple(languages(paper, seq)) for seq in (english, turkish, arabic, persian)} == family


@pytest.mark.databases("sqlite")
def test_there_is_one_variant_for_each_language(paper: Paper, english: int) -> None:
    first, second, other = (paper.publish(language=tag, original="1 cms-1") for tag in ("tr", "tr", "en"))
    assert languages(paper, english) == languages(paper, first) == ["en*", "tr"]
    assert languages(paper, second) == languages(paper, other) == []


@pytest.mark.databases("sqlite")
def test_only_articles_of_the_same_publisher_are_meant(paper: Paper, english: int) -> None:
    for name in ("cms-1", paper.article_id(english)):
        stranger = paper.publish(agency="Another Agency", language="tr", original=f"2 {name}")
        assert languages(paper, stranger) == languages(paper, english) == []


@pytest.mark.databases("sqlite")
def test_an_own_id_that_looks_like_anothers_id_goes_first(paper: Paper, english: int) -> None:
    looks = paper.article_id(english)
    impostor = called(paper, paper.publish(language="fa"), looks)
    turkish = paper.publish(language="tr", original=f"1 {looks}")
    assert languages(paper, turkish) == languages(paper, impostor) == ["fa*", "tr"]


@pytest.mark.databases("sqlite")
def test_of_very_many_articles_that_name_one_original_only_some_are_looked_at(
    paper: Paper, english: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "MOST", 20)
    made: list[dict[str, Any]] = [{"language": "tr", "original": "1 cms-1"} for _ in range(50)]
    paper.newsroom.publish_many(made)
    assert languages(paper, english) == ["en*", "tr"]


# From the API to the record


def test_what_an_article_translates_is_kept_with_its_publisher(api: Api, tmp_path: Path) -> None:
    original = api.accept(external_id="cms-1")
    for name in ("cms-1", original["id"], original["urn"], "not-there-yet"):
        api.accept(translation_of=name, headline=f"Of {name}", language="tr")
    clock = FakeClock(NOW)
    publication = load_publication(tmp_path / "none.toml")
    work(api.db, {"enrich.article": EnrichTasks(api.db, publication, clock).article})
    with api.db.read() as session:
        kept = [session.get_one(Enrichment, seq).original for seq in range(1, 6)]
    assert kept == [None, "1 cms-1", f"1 {original['id']}", f"1 {original['urn']}", "1 not-there-yet"]


def test_an_article_that_translates_itself_is_refused(api: Api) -> None:
    found = problem(api.post(external_id="cms-1", translation_of="cms-1"), 422)
    assert found["errors"][0]["pointer"] == "/translation_of"
    (line,) = api.batch(b'{"headline": "H", "body": "B", "external_id": "a", "translation_of": "a"}')
    assert (line["status"], line["problem"]["errors"][0]["pointer"]) == (422, "/translation_of")
    assert api.stored() == (0, 0, 0)
    made = api.accept(external_id="cms-1")
    for name in ("cms-1", made["id"], made["urn"]):
        problem(api.put(made["id"], made["etag"], translation_of=name), 422)
    assert api.put(made["id"], made["etag"], translation_of=str(uuid4())).status_code == 202


@pytest.mark.databases("sqlite")
def test_a_reference_of_another_shape_is_refused(api: Api) -> None:
    for value in ("", " ", "x" * 501, "a\x00b", "a\nb", 7, True, [], ["cms-1"], {"id": "cms-1"}, 1.5):
        found = problem(api.post(translation_of=value), 422)
        assert found["errors"][0]["pointer"].startswith("/translation_of"), value
    assert api.post(translation_of=None).status_code == 202
    assert api.post(translation_of="'; DROP TABLE article; --%_").status_code == 202
