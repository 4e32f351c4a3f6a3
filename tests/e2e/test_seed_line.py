"""The masthead of 20 April 2018, as the page that started the project shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from lxml import html

from bench.copy import archive
from tests.system import Installation, wait_for

LATEST = {
    date(2018, 4, 20): 39,
    date(2018, 4, 19): 40,
    date(2018, 4, 18): 44,
    date(2018, 4, 17): 40,
    date(2018, 4, 16): 43,
}
TOTAL = 1206
LINE = (
    "20 April 2018 - Friday - 4 Shaban 1439 | "
    "20/04/2018 (39) 19/04/2018 (40) 18/04/2018 (44) 17/04/2018 (40) 16/04/2018 (43) Total: 1,206 content"
)


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("seed")
    with Installation(folder, MASTHEAD_CLOCK="2018-04-20T12:00:00+03:00") as masthead:
        articles = list(archive(TOTAL, LATEST, years=3))
        for start in range(0, TOTAL, 300):
            assert {line["status"] for line in masthead.batch(articles[start : start + 300])} == {202}
        wait_for(lambda: masthead.get("/masthead.json").json()["total"]["count"] == TOTAL, seconds=120)
        yield masthead


def test_the_line_reads_exactly_so_for_people_and_machines(newsroom: Installation) -> None:
    assert newsroom.get("/masthead.json").json()["text"] == LINE
    (line,) = html.fromstring(newsroom.get("/").text).cssselect(".masthead-line")
    assert " ".join(line.text_content().split()) == LINE


@pytest.mark.parametrize(("day", "count"), LATEST.items(), ids=str)
def test_each_day_opens_with_exactly_that_many_articles(newsroom: Installation, day: date, count: int) -> None:
    path = f"/{day:%Y/%m/%d}/"
    assert any(link.endswith(path) for link in html.fromstring(newsroom.get("/").text).xpath("//p//a/@href"))
    assert len(html.fromstring(newsroom.get(path).text).cssselect("main article")) == count
    assert len(newsroom.get(f"{path}feed.json").json()["items"]) == count


def test_nothing_has_drifted(newsroom: Installation) -> None:
    assert newsroom.masthead("verify").stdout.startswith("1,206 articles")
