"""The demo articles are what `make up` shows first."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.cli import demo
from shared.publication import TEMPLATE, load_publication
from shared.submission import Submission

ISTANBUL = ZoneInfo("Europe/Istanbul")
MOMENTS = [
    datetime(2018, 4, 20, 12, 0, tzinfo=ISTANBUL),
    datetime(2018, 4, 20, 0, 0, 1, tzinfo=ISTANBUL),
    datetime(2018, 4, 20, 23, 59, 59, tzinfo=ISTANBUL),
    datetime(2024, 3, 1, 6, 30, tzinfo=UTC),
]


@pytest.mark.parametrize("now", MOMENTS)
def test_every_article_is_accepted_and_none_lies_in_the_future(now: datetime) -> None:
    for article in demo.load(now):
        submission = Submission.model_validate(article)
        assert submission.published_at is not None
        assert submission.published_at <= now


@pytest.mark.parametrize("now", MOMENTS)
def test_the_articles_spread_over_the_five_days_up_to_now(now: datetime) -> None:
    days = Counter(datetime.fromisoformat(article["published_at"]).date() for article in demo.load(now))
    assert set(days) == {now.date() - timedelta(days=back) for back in range(5)}
    assert days[now.date()] == 4


def test_the_articles_are_numbered_and_cover_languages_and_sections() -> None:
    articles = demo.load(MOMENTS[0])
    assert [article["external_id"] for article in articles] == [f"demo-{number}" for number in range(1, 15)]
    assert Counter(article["language"] for article in articles) == {"en": 5, "tr": 3, "ar": 2, "fa": 2, "zh": 2}
    known = {section.slug for section in load_publication(TEMPLATE).sections}
    assert {article["section"] for article in articles} == known
    assert sum(article["body_format"] == "markdown" for article in articles) == 1
    assert [article["source"]["name"] for article in articles if "source" in article] == ["Upland Dispatch"]
    times = [article["published_at"] for article in articles]
    assert times == sorted(times, reverse=True)


def test_the_articles_keep_the_typography_of_their_languages() -> None:
    for article in demo.load(MOMENTS[0]):
        text = article["headline"] + re.sub(r"<[^>]+>|\]\([^)]*\)", "", article["body"])
        assert '"' not in text
        assert "'" not in text
        if article["language"] == "fa":
            assert "\u200c" in text
            assert not re.search("[يك0-9]", text), "Persian letters and digits, not Arabic ones"
        if article["language"] == "zh":
            assert not re.search("[,;:?!]", text)
