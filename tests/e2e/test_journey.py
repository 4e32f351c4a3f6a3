"""The journey of an article, as an editor would tell it: submitted, published, corrected, taken back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
import requests

from tests.system import Installation, wait_for

COPY: list[dict[str, Any]] = [
    {"language": "en", "headline": "Harbour reopens after storm", "body": "<p>Ships left the harbour on Monday.</p>"},
    {
        "language": "tr",
        "headline": "Liman fırtınadan sonra açıldı",
        "body": "<p>Gemiler pazartesi limandan ayrıldı.</p>",
    },
    {"language": "ar", "headline": "الميناء يعود إلى العمل", "body": "<p>غادرت السفن الميناء يوم الاثنين.</p>"},
    {"language": "fa", "headline": "بندر پس از توفان باز می‌شود", "body": "<p>کشتی‌ها روز دوشنبه راه افتادند.</p>"},
    {"language": "zh", "headline": "暴风雨后港口重新开放", "body": "<p>船只于周一离开港口。</p>"},
]


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("journey")) as masthead:
        yield masthead


def total(newsroom: Installation) -> int:
    return int(newsroom.get("/masthead.json").json()["total"]["count"])


def page_of(newsroom: Installation, receipt: dict[str, Any]) -> requests.Response:
    return newsroom.get(receipt["stages"]["published"]["page"].removeprefix(newsroom.feed))


def item_of(newsroom: Installation, receipt: dict[str, Any]) -> dict[str, Any]:
    """The article's one item in the publication's feed."""
    (item,) = [each for each in newsroom.get("/feed.json").json()["items"] if each["id"] == receipt["urn"]]
    return dict(item)


@pytest.mark.parametrize("article", COPY, ids=lambda article: article["language"])
def test_an_article_appears_everywhere_it_belongs(newsroom: Installation, article: dict[str, Any]) -> None:
    before = total(newsroom)
    receipt = newsroom.submit(**article, section="economy", tags=["harbour"], bylines=["Nora Hill"])
    assert receipt["state"] == "published"
    for path in (
        "/",
        "/sections/economy/",
        "/tags/harbour/",
        "/bylines/nora-hill/",
        f"/languages/{article['language']}/",
    ):
        for file in ("feed.rss", "feed.atom"):
            found = feedparser.parse(newsroom.get(path + file).content)
            assert [entry.title for entry in found.entries if entry.id == receipt["urn"]] == [article["headline"]]
        assert article["headline"] in newsroom.get(path).text
    assert item_of(newsroom, receipt)["content_html"] == article["body"]
    page = page_of(newsroom, receipt)
    assert page.status_code == 200
    assert article["headline"] in page.text
    assert f'lang="{article["language"]}"' in page.text
    assert total(newsroom) == before + 1


def test_an_edit_changes_the_item_and_makes_no_second_one(newsroom: Installation) -> None:
    receipt = newsroom.submit(headline="Council votes on Tuesday", tags=["council"])
    first, before = item_of(newsroom, receipt), total(newsroom)
    answer = requests.put(
        receipt["receipt"],
        json={"headline": "Council votes on Wednesday", "body": "<p>It was moved.</p>", "tags": ["vote"]},
        headers={**newsroom.headers, "If-Match": receipt["etag"], "Prefer": "wait=20"},
        timeout=60,
    )
    assert (answer.status_code, answer.json()["state"]) == (202, "published")
    second = item_of(newsroom, receipt)
    assert second["title"] == "Council votes on Wednesday"
    assert (second["url"], second["date_published"]) == (first["url"], first["date_published"])
    assert second["date_modified"] > first["date_modified"]
    assert newsroom.get("/tags/council/feed.json").json()["items"] == []
    assert len(newsroom.get("/tags/vote/feed.json").json()["items"]) == 1
    assert total(newsroom) == before


def test_a_withdrawal_reaches_every_copy(newsroom: Installation) -> None:
    before = total(newsroom)
    receipt = newsroom.submit(headline="A story that was wrong", body="<p>None of this is so.</p>", tags=["error"])
    answer = requests.delete(
        receipt["receipt"],
        json={"reason": "The source took it back."},
        headers={**newsroom.headers, "Prefer": "wait=20"},
        timeout=60,
    )
    assert answer.json()["state"] == "withdrawn"
    page = page_of(newsroom, receipt)
    assert page.status_code == 410
    assert "The source took it back." in page.text
    item = item_of(newsroom, receipt)
    assert item["_masthead"]["withdrawn"] is True
    for gone in (page.text, str(item), newsroom.get("/").text, newsroom.get("/tags/error/").text):
        assert "None of this is so" not in gone
        assert "A story that was wrong" not in gone
    assert total(newsroom) == before
    assert newsroom.masthead("verify").returncode == 0


def test_a_share_link_leads_to_its_network_and_is_counted(newsroom: Installation) -> None:
    receipt = newsroom.submit(headline="Worth sharing")
    answer = newsroom.get(f"/share/telegram/{receipt['id']}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://t.me/share/url?")
    stats = requests.get(f"{newsroom.api}/v1/stats", headers=newsroom.headers, timeout=10)
    assert "telegram" in stats.text


def test_what_is_published_survives_the_loss_of_redis(newsroom: Installation) -> None:
    receipt = newsroom.submit(headline="Still here tomorrow")
    feed, line = newsroom.get("/feed.rss"), newsroom.get("/masthead.json").json()["text"]
    valkey = newsroom.pids()["valkey"]
    os.kill(valkey, signal.SIGKILL)
    assert newsroom.get("/feed.rss").content == feed.content
    assert newsroom.get("/masthead.json").json()["text"] == line
    wait_for(lambda: newsroom.pids()["valkey"] != valkey, what="a new Valkey")
    assert newsroom.submit(headline="And the next one", wait=30)["state"] == "published"
    assert newsroom.masthead("verify").returncode == 0
    assert item_of(newsroom, receipt)["title"] == "Still here tomorrow"
