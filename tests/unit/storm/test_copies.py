"""The judge of copies that others hold, on histories small enough to see through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.storm.copies import judge_copies
from tests.storm.history import Fate
from tests.storm.looks import Item, Seen
from tests.storm.outside import AGENCY, TOPIC, Copies
from tests.storm.plan import Story, make_stories
from tests.storm.recorder import FAIL, INFO, OK

TURKISH: Story = next(
    replace(story, published_at=None)
    for story in make_stories(1, 500, datetime(2026, 11, 23, 12, tzinfo=UTC))
    if story.agency == AGENCY and story.versions[0].language == "tr" and len(story.versions) > 1
)
FIRST, SECOND = TURKISH.versions[:2]


def fate(**fields: object) -> Fate:
    """The story acknowledged, replaced and acknowledged again."""
    known = Fate(TURKISH, OK, frozenset({"one"}), (SECOND,), FAIL, ())
    return replace(known, **fields)  # type: ignore[arg-type]


def wrong(known: Fate, *posts: str, told: dict[str, str] | None = None) -> list[str]:
    copies = Copies({"tr": [f"{each}\n\nhttps://courier.example/" for each in posts], "fa": []}, told or {})
    seen = Seen(feeds={(str(TOPIC), "json"): [Item("two", "港口")]} if told else {})
    return judge_copies({known.story.key: known}, seen, copies)


def test_a_story_that_is_posted_once_in_its_last_version_is_right() -> None:
    assert wrong(fate(), SECOND.headline) == []


@pytest.mark.parametrize("known", [fate(accepted=INFO), fate(withdrawn=INFO)], ids=["submission", "withdrawal"])
def test_a_story_of_which_nobody_heard_may_be_posted_or_not(known: Fate) -> None:
    assert wrong(known) == wrong(known, SECOND.headline) == []


def test_what_comes_from_an_archive_is_not_posted() -> None:
    old = fate(story=replace(TURKISH, published_at="2026-11-22T12:00:00+00:00"))
    assert wrong(old) == []
    assert wrong(old, SECOND.headline)[0].startswith("unexpected")


@pytest.mark.parametrize(
    ("known", "posts", "sign"),
    [
        (fate(), [], "lost"),
        (fate(), [SECOND.headline, SECOND.headline], "doubled"),
        (fate(), [FIRST.headline, SECOND.headline], "doubled"),
        (fate(), [FIRST.headline], "outdated"),
        (fate(withdrawn=OK), [SECOND.headline], "risen again"),
        (fate(accepted=FAIL), [SECOND.headline], "unexpected"),
        (fate(), [SECOND.headline, "Harbour reopens a9999v1"], "unexpected"),
    ],
    ids=["nowhere", "twice", "in two versions", "not edited", "withdrawn", "refused", "of nobody"],
)
def test_what_is_wrong_about_posts_is_said(known: Fate, posts: list[str], sign: str) -> None:
    found = wrong(known, *posts)
    assert any(each.startswith(sign) for each in found), found


@pytest.mark.parametrize("told", [{"two": "旧港口"}, {"three": "港口"}], ids=["other words", "another article"])
def test_a_subscriber_who_was_not_told_the_newest_is_found(told: dict[str, str]) -> None:
    assert wrong(fate(), SECOND.headline, told={"two": "港口"}) == []
    assert all(each.startswith("outdated: the hub's") for each in wrong(fate(), SECOND.headline, told=told))
    assert wrong(fate(), SECOND.headline, told=told)
