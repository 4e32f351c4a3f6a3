"""The judge of the crash campaign, on histories small enough to see through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.storm.checker import judge
from tests.storm.history import fates
from tests.storm.looks import Item, Seen
from tests.storm.plan import Story, Version

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = "day:2026-11-23"
STATS = {"sections": [], "tags": [], "bylines": []}


def version(number: int, section: str) -> Version:
    return Version(number, f"Harbour reopens a0001v{number}", section, (), (), "en")


STORY = Story(
    key="a0001",
    agency="Harbour Wire",
    versions=(version(1, "world"), version(2, "sport")),
    body="<p>Text.</p>",
    published_at=None,
    external_id="wire-1",
    idempotency_key=None,
    twice=False,
    gives_up=True,
    edited_after=0.0,
    withdrawn_after=0.0,
)


def line(op: str, end: str, **details: Any) -> dict[str, Any]:
    return {"t": 0.0, "type": end, "op": op, "key": "a0001", **details}


SUBMITTED = line("submit", "ok", version=1, id="one")


def shown(number: int | None, *, section: str = "world", times: int = 1, article_id: str = "one") -> Seen:
    """An installation that shows the story in so many places, as a notice when `number` is None."""
    items = [Item(article_id, "Withdrawn" if number is None else version(number, section).headline)] * times
    standing = 0 if number is None else times
    places = ["all", "language:en", "publisher:harbour-wire", *([f"section:{section}"] if times else [])]
    counted = [{"slug": section, "articles": standing}] if standing else []
    events = {("ArticleAccepted", 1): 1}
    if number is None:
        events |= {("ArticleWithdrawn", 2): 1}
    elif number > 0:
        events |= {("ArticleEnriched", number): 1, ("ArticlePublished", number): 1}
    return Seen(
        feeds={(place, "json"): items for place in places} | {(DAY, "json"): items if number else []},
        pages={place: [item.title for item in items if number] for place in [*places, DAY]},
        days={article_id: DAY},
        receipts={key: {"state": "published" if number else "withdrawn"} for key in ("one", "two")},
        masthead={"total": {"count": standing}, "days": [{"date": "2026-11-23", "count": standing}]},
        stats={
            "total": standing,
            "days": [{"day": "2026-11-23", "articles": standing}],
            "publishers": [{"slug": "harbour-wire", "articles": standing}],
            "languages": [{"slug": "en", "articles": standing}],
            **(STATS | {"sections": counted}),
        },
        verify={"articles": standing, "under_way": 0, "drift": [], "wrong_articles": 0},
        events={article_id: events} if times else {},
    )


def wrong(seen: Seen, *lines: dict[str, Any]) -> list[str]:
    return judge(fates([STORY], lines), lines, seen)


def test_an_acknowledged_story_that_stands_everywhere_once_is_right() -> None:
    assert wrong(shown(1), SUBMITTED) == []


def test_an_unheard_submission_may_stand_or_not() -> None:
    unheard = line("submit", "info", version=1)
    assert wrong(shown(1), unheard) == []
    assert wrong(shown(1, times=0), unheard) == []


def test_an_unheard_replacement_may_have_happened_or_not() -> None:
    unheard = line("replace", "info", version=2)
    assert wrong(shown(1), SUBMITTED, unheard) == []
    assert wrong(shown(2, section="sport"), SUBMITTED, unheard) == []


def test_a_repeat_that_was_heard_settles_an_unheard_attempt() -> None:
    lines = (SUBMITTED, line("replace", "info", version=2), line("replace", "ok", version=2))
    assert wrong(shown(2, section="sport"), *lines) == []
    assert any(each.startswith("outdated") for each in wrong(shown(1), *lines))


def test_a_withdrawn_story_leaves_its_notice() -> None:
    assert wrong(shown(None), SUBMITTED, line("withdraw", "ok")) == []


def without(seen: Seen, place: str) -> Seen:
    seen.feeds[place, "json"] = []
    return seen


def with_event(seen: Seen, name: str, count: int) -> Seen:
    seen.events["one"][name, 1] = count
    return seen


def with_another_event(seen: Seen) -> Seen:
    seen.events["two"] = {("ArticleAccepted", 1): 1}
    return seen


def with_masthead(seen: Seen, total: int) -> Seen:
    seen.masthead["total"]["count"] = total
    return seen


WRONGS: dict[str, tuple[Callable[[], Seen], list[dict[str, Any]], str]] = {
    "nowhere": (lambda: shown(1, times=0), [SUBMITTED], "lost"),
    "missing from its section": (lambda: without(shown(1), "section:world"), [SUBMITTED], "lost: a0001 is not in s"),
    "missing from its day": (lambda: without(shown(1), DAY), [SUBMITTED], "lost: a0001 is not in day"),
    "twice in a feed": (lambda: shown(1, times=2), [SUBMITTED], "doubled"),
    "under two ids": (lambda: shown(1), [SUBMITTED, line("submit", "ok", version=1, id="two")], "doubled"),
    "never submitted": (lambda: shown(1), [], "unexpected"),
    "refused and shown": (lambda: shown(1), [line("submit", "fail", version=1)], "unexpected"),
    "stored and not shown": (lambda: with_another_event(shown(1)), [SUBMITTED], "unexpected"),
    "shown after its withdrawal": (lambda: shown(1), [SUBMITTED, line("withdraw", "ok")], "risen again"),
    "withdrawn by nobody": (lambda: shown(None), [SUBMITTED], "lost"),
    "in a section of no version": (lambda: shown(1, section="culture"), [SUBMITTED], "misplaced"),
    "an event twice": (lambda: with_event(shown(1), "ArticlePublished", 2), [SUBMITTED], "doubled: ArticlePublished"),
    "a wrong masthead": (lambda: with_masthead(shown(1), 2), [SUBMITTED], "drift"),
    "an unwilling API": (lambda: shown(1), [SUBMITTED, line("withdraw", "fail", refused="no")], "refused"),
    "a reader who sees it twice": (
        lambda: shown(1),
        [SUBMITTED, line("read", "ok", twice=["one"], vanished=[])],
        "doubled: a reader",
    ),
    "a reader who no longer sees it": (
        lambda: shown(1),
        [SUBMITTED, line("read", "ok", twice=[], vanished=["one"])],
        "lost: a reader",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONGS)
def test_what_is_wrong_is_said(name: str) -> None:
    seen, lines, sign = WRONGS[name]
    found = wrong(seen(), *lines)
    assert any(each.startswith(sign) for each in found), found
