from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.feed.formats import jsonfeed
from services.feed.story import Story
from tests.unit.feed import stories
from tests.unit.feed.golden import CASES, feed_file


def item(story: Story) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jsonfeed.render(stories.document(story)))["items"][0]
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_feed_is_as_recorded(name: str) -> None:
    assert jsonfeed.render(CASES[name]) == feed_file(name, "json").read_bytes()


def test_the_feed_says_what_its_extension_means() -> None:
    feed = json.loads(jsonfeed.render(stories.EMPTY))
    assert feed["_masthead"] == {
        "about": "https://courier.example/about/feeds",
        "direction": "ltr",
        "updated": "2018-04-20T12:00:05+00:00",
    }


def test_headline_and_summary_are_plain_text_as_written() -> None:
    found = item(stories.MARKUP_TITLE)
    assert (found["title"], found["summary"]) == (stories.MARKUP_TITLE.headline, stories.MARKUP_TITLE.summary)
    assert (found["content_html"], found["content_text"]) == (stories.MARKUP_TITLE.html, stories.MARKUP_TITLE.text)


def test_syndicated_copy_points_to_its_original() -> None:
    found = item(stories.SYNDICATED)
    assert (found["url"], found["external_url"]) == (stories.SYNDICATED.url, stories.SYNDICATED.canonical_url)
    assert found["_masthead"]["source"] == {"name": "Northern Agency", "url": "https://agency.example/feed.rss"}


def test_a_picture_has_alt_text_and_credit() -> None:
    found = item(stories.SYNDICATED)
    assert found["image"] == "https://img.example/rail.jpg?w=1200&h=630"
    assert found["_masthead"]["image"] == {"alt": 'A train & the "new" bridge', "credit": "Mia Lund / Agency"}


def test_tags_are_labels_with_the_section_first() -> None:
    assert item(stories.ENGLISH)["tags"] == ["World", "harbour", "climate change"]


def test_an_item_says_its_direction_and_length() -> None:
    extension = item(stories.ARABIC)["_masthead"]
    assert (extension["direction"], extension["words"], extension["reading_minutes"]) == ("rtl", 4, 1)


def test_an_item_says_its_urgency_where_one_was_given() -> None:
    assert item(replace(stories.ARABIC, urgency=1))["_masthead"]["urgency"] == 1
    assert "urgency" not in item(stories.ARABIC)["_masthead"]


def test_share_links_are_short_and_leave_out_what_cannot_be_shared() -> None:
    share = item(stories.ARABIC)["_masthead"]["share"]
    assert share["x"] == f"https://courier.example/share/x/{stories.ARABIC.id}"
    assert "pinterest" not in share
    assert "pinterest" in item(stories.SYNDICATED)["_masthead"]["share"]


def test_a_withdrawal_keeps_id_and_date_and_offers_nothing_to_share() -> None:
    found = item(stories.WITHDRAWN)
    assert (found["id"], found["date_published"]) == (stories.WITHDRAWN.urn, item(stories.story(10))["date_published"])
    assert found["date_modified"] == "2018-04-20T11:57:05+00:00"
    assert found["_masthead"] == {"withdrawn": True, "direction": "ltr"}


def test_a_member_with_nothing_to_say_is_left_out() -> None:
    found = item(replace(stories.CHINESE, summary=""))
    assert not {"authors", "tags", "image", "external_url", "summary"} & set(found)
    assert "description" not in json.loads(jsonfeed.render(stories.EMPTY))
