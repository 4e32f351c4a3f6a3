"""Outside posters get every article: on the real feed service, with the real worker's handlers."""

from __future__ import annotations

from collections.abc import Iterator

import feedparser
import pytest

from tests.office import told
from tests.paper import Paper
from tests.posters import AllNew, NewestOnly, Poller, PosterDesk, poster_desk

FIREFOX = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document", "User_Agent": "Mozilla/5.0 Firefox/140.0"}


@pytest.fixture
def desk(paper: Paper, monkeypatch: pytest.MonkeyPatch) -> Iterator[PosterDesk]:
    with poster_desk(paper, monkeypatch) as made:
        yield made


def titles(poller: Poller) -> list[str]:
    """What stands on the feed, as a person sees it who looks."""
    entries = feedparser.parse(poller.get(**FIREFOX).content).entries
    return [entry.title.split(" http")[0] for entry in entries]


def headlines(poller: Poller) -> list[str]:
    return [each.split(" http")[0] for each in poller.posted]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("kind", [NewestOnly, AllNew])
def test_a_poller_that_is_slower_than_articles_come_gets_each_once_in_their_order(
    desk: PosterDesk, kind: type[Poller]
) -> None:
    poller = kind(desk.url(desk.open()))
    for number in range(3):
        desk.publish(headline=f"Story {number}")
    desk.until_on_top("Story 0")
    for number in range(5):
        if number == 1:
            desk.publish(headline="Story 3")
            desk.publish(headline="Story 4")
        poller.poll()
        desk.until_sent(number + 1)
        poller.poll()  # the gap is not over: it finds the same
        desk.gap_passes()
        if number < 4:
            desk.until_on_top(f"Story {number + 1}")
    poller.poll()
    assert headlines(poller) == [f"Story {number}" for number in range(5)]
    assert desk.visits() == 5
    assert titles(poller) == [f"Story {number}" for number in (4, 3, 2, 1, 0)]
    (first, *_) = desk.posts()
    assert [each["state"] for each in first.history] == ["planned", "planned", "sent"]


@pytest.mark.databases("sqlite")
def test_a_poller_that_stops_loses_what_was_too_old_and_one_reads_why(desk: PosterDesk) -> None:
    poller = NewestOnly(desk.url(desk.open()))
    desk.publish(headline="Fetched")
    desk.until_on_top("Fetched")
    poller.poll()
    desk.until_sent(1)
    desk.gap_passes()
    for headline in ("Too old on top", "Too old behind it", "In time"):
        desk.publish(headline=headline)
    top = desk.until_on_top("Too old on top")
    behind = next(post for post in desk.posts() if post.article_seq == top.article_seq + 1)
    desk.time_passes(top, behind)
    desk.until_on_top("In time")
    poller.poll()
    desk.until_sent(2)
    assert headlines(poller) == ["Fetched", "In time"]
    assert [(post.state, post.reason) for post in desk.posts()] == [
        ("sent", "it was fetched"),
        ("skipped", "nobody fetched it in time"),
        ("skipped", "it could not be posted in time: it waited for its turn"),
        ("sent", "it was fetched"),
    ]
    assert titles(poller) == ["In time", "Fetched"]
    assert [notice.headline for notice in desk.notices()] == ["Nobody fetches the feed of zapier"]


@pytest.mark.databases("sqlite")
def test_only_a_program_that_gets_the_feed_has_fetched_it(desk: PosterDesk) -> None:
    poller = Poller(desk.url(desk.open()))
    desk.publish(headline="First")
    desk.publish(headline="Second")
    desk.until_on_top("First")
    seen = poller.get("HEAD").headers["ETag"]
    assert poller.get(**FIREFOX).headers["ETag"] == seen
    poller.get(User_Agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")
    poller.get(Sec_Purpose="prefetch")
    assert desk.visits() == 0
    same = poller.get(If_None_Match=seen, Sec_Fetch_Mode="cors")  # who has this state already, has the item
    assert (same.status_code, same.content) == (304, b"")
    desk.until_sent(1)
    for _ in range(3):
        assert poller.get().headers["ETag"] == seen
    assert desk.visits() == 1
    desk.gap_passes()
    desk.until_on_top("Second")
    assert poller.get(If_None_Match=seen).status_code == 200


@pytest.mark.databases("sqlite")
def test_a_second_visit_right_after_the_first_finds_the_same_and_takes_nothing_away(desk: PosterDesk) -> None:
    token = desk.open(gap=600)
    desk.publish(headline="First")
    desk.publish(headline="Second")
    desk.until_on_top("First")
    Poller(desk.url(token)).get()  # somebody tries the address
    desk.until_sent(1)
    poller = NewestOnly(desk.url(token))
    poller.poll()
    assert headlines(poller) == ["First"]
    account = desk.account("zapier")
    (first, _) = desk.posts()
    assert account.paused_until == account.turn_at == first.sent_at + 600
    desk.gap_passes()
    desk.until_on_top("Second")
    poller.poll()
    assert headlines(poller) == ["First", "Second"]


def test_what_is_withdrawn_is_gone_at_once_and_nothing_older_comes_on_top(desk: PosterDesk) -> None:
    poller = NewestOnly(desk.url(desk.open()))
    seqs = {name: desk.publish(headline=name) for name in ("Oldest", "Fetched", "Waiting", "Last")}
    for number, name in enumerate(("Oldest", "Fetched"), start=1):
        desk.until_on_top(name)
        poller.poll()
        desk.until_sent(number)
        desk.gap_passes()
    desk.until_on_top("Waiting")
    desk.paper.newsroom.withdraw(seqs["Waiting"])
    assert titles(poller) == ["Fetched", "Oldest"], "before any worker has heard of it"
    desk.paper.newsroom.withdraw(seqs["Fetched"])
    assert titles(poller) == []
    poller.poll()
    desk.until_on_top("Last")
    poller.poll()
    desk.until_sent(2 + 1)
    assert headlines(poller) == ["Oldest", "Fetched", "Last"]
    assert titles(poller) == ["Last", "Oldest"]
    waiting = next(post for post in desk.posts() if post.article_seq == seqs["Waiting"])
    assert (waiting.state, waiting.reason) == ("skipped", "the article was withdrawn")
    desk.gap_passes()
    desk.until(desk.notices)
    assert "cannot be taken back: “Fetched” was fetched" in desk.notices()[0].sentence


@pytest.mark.databases("sqlite")
def test_an_edit_rewrites_what_nobody_has_fetched_under_the_same_id(desk: PosterDesk) -> None:
    token = desk.open(choice={"on_edit": "reply"})
    poller = AllNew(desk.url(token))
    seq = desk.publish(headline="Harbour reopens")
    desk.until_on_top("Harbour reopens")
    (before,) = feedparser.parse(poller.get(**FIREFOX).content).entries
    desk.paper.newsroom.edit(seq, headline="Harbour stays closed")
    desk.until_on_top("Harbour stays closed")
    poller.poll()
    desk.until_sent(1)
    (after,) = feedparser.parse(poller.get(**FIREFOX).content).entries
    assert before.id == after.id
    desk.gap_passes()
    desk.paper.newsroom.edit(seq, headline="Harbour opens on Monday")  # now it is a correction of what was fetched
    desk.until_on_top("Harbour opens on Monday")
    poller.poll()
    desk.until_sent(2)
    assert headlines(poller) == ["Harbour stays closed", "Harbour opens on Monday"]
    newest, older = feedparser.parse(poller.get(**FIREFOX).content).entries
    assert newest.id != older.id == after.id
    assert newest.link == f"{older.link}#correction.3"
    assert newest.published_parsed >= older.published_parsed


@pytest.mark.databases("sqlite")
def test_what_was_fetched_just_before_it_is_written_anew_is_not_offered_again(desk: PosterDesk) -> None:
    poller = AllNew(desk.url(desk.open()))
    seq = desk.publish(headline="First words")
    desk.until_on_top("First words")
    poller.poll()
    desk.paper.newsroom.edit(seq, headline="Second words")
    with desk.visits_unheard():
        desk.until_on_top("Second words")
    (post,) = desk.until_sent(1)
    assert "it was fetched before it was written anew" in [each["reason"] for each in post.history]
    desk.gap_passes()
    poller.poll()
    assert headlines(poller) == ["First words"]
    assert len(titles(poller)) == 1


@pytest.mark.databases("sqlite")
def test_all_formats_and_every_account_tell_of_an_article_under_an_id_of_its_own(desk: PosterDesk) -> None:
    zapier = desk.open()
    ifttt = desk.open("ifttt", **{"for": "x", "template": ""})
    desk.publish(headline="Café & <b>Bar</b> &amp; more", tags=["Harbour"])
    desk.until(lambda: len(desk.posts(wanted="fetch")) == 2)
    rss, atom = (Poller(desk.url(zapier, format)).get(**FIREFOX) for format in ("rss", "atom"))
    item = Poller(desk.url(zapier, "json")).get().json()["items"][0]
    other = Poller(desk.url(ifttt, "json")).get(**FIREFOX).json()["items"][0]
    assert item["title"] == item["content_text"] == f"Café & <b>Bar</b> &amp; more {item['url']}"
    assert item["url"].endswith("?via=zapier")
    for answer in (rss, atom):
        (entry,) = feedparser.parse(answer.content).entries
        assert (entry.id, entry.link) == (item["id"], item["url"])
    assert other["id"] != item["id"]
    assert "#Harbour" in other["title"] and other["url"].endswith("?via=ifttt")
    assert b'<guid isPermaLink="false">' in rss.content
    (sent,) = desk.until_sent(1)
    assert sent.account_id == desk.account("zapier").id
    assert rss.headers["Cache-Control"] == "private, max-age=0"
    assert rss.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert rss.headers["ETag"].startswith('"')


def test_a_burst_comes_as_one_item_and_goes_when_one_of_its_articles_does(desk: PosterDesk) -> None:
    poller = AllNew(desk.url(desk.open(choice={"burst": {"posts": 1, "minutes": 1}})))
    desk.publish(headline="First")
    desk.until_on_top("First")
    seqs = [desk.publish(headline=headline) for headline in ("Second", "Third", "Fourth")]
    desk.until(lambda: len(desk.posts()) == 4)
    poller.poll()
    (first,) = desk.until_sent(1)
    desk.change_post(first, sent_at=first.sent_at - 60)
    desk.gap_passes()
    together = desk.until_on_top("Fourth")
    assert len(desk.posts(digest_id=together.id)) == 2
    assert len(titles(poller)) == 2
    desk.paper.newsroom.withdraw(seqs[2])
    assert titles(poller) == ["First"]
    desk.until(lambda: [post.digest_id for post in desk.posts()] == [None, None, together.id, None])
    desk.until_on_top("Third")
    poller.poll()
    desk.until_sent(3)
    assert [("Second" in text, "Third" in text, "Fourth" in text) for text in poller.posted] == [
        (False, False, False),
        (True, True, False),
    ]


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("with_the_first", [True, False])
def test_what_nobody_fetched_together_is_offered_again_when_a_person_asks_for_it(
    desk: PosterDesk, with_the_first: bool
) -> None:
    desk.open(choice={"burst": {"posts": 1, "minutes": 1}})
    desk.change_account("zapier", state="held")
    seqs = [desk.publish(headline=headline) for headline in ("First", "Second", "Third")]
    desk.until(lambda: len(desk.posts()) == 3)
    told("accounts", "resume", "zapier")
    together = desk.until_on_top("Third")
    desk.time_passes(*desk.posts())
    first, second, third = desk.until_states("skipped", "skipped", "skipped")
    assert (first.id, second.digest_id, third.digest_id) == (together.id, together.id, together.id)
    desk.paper.newsroom.withdraw(seqs[1])
    desk.rest()
    told("posts", "retry", str(first.id if with_the_first else third.id))
    top = desk.until_on_top("Third")
    desk.rest()
    now = [(post.state, post.wanted, post.digest_id) for post in desk.posts()]
    if with_the_first:
        assert now == [("planned", "fetch", None), ("skipped", "", None), ("planned", "", top.id)]
    else:
        assert now == [("skipped", "", None), ("skipped", "", first.id), ("planned", "fetch", None)]


@pytest.mark.databases("sqlite")
def test_an_account_that_is_held_offers_nothing_new(desk: PosterDesk) -> None:
    poller = NewestOnly(desk.url(desk.open()))
    desk.publish(headline="First")
    desk.until_on_top("First")
    desk.change_account("zapier", state="held")
    poller.poll()
    assert (poller.posted, desk.visits()) == ([], 0)
    desk.change_account("zapier", state="active")
    poller.poll()
    desk.until_sent(1)
    assert headlines(poller) == ["First"]


@pytest.mark.databases("sqlite")
def test_an_address_is_secret_and_can_be_changed_and_a_poller_too_eager_is_slowed_down(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"MASTHEAD_POSTER_LIMIT": "3/minute", "MASTHEAD_FAILED_LOGIN_LIMIT": "5/minute"}
    for name, value in limits.items():
        monkeypatch.setenv(name, value)
    with poster_desk(paper, monkeypatch) as desk:
        old = desk.open()
        assert len(old) >= 32
        assert Poller(desk.url(old)).get().status_code == 200
        new = desk.rotate()
        answers = [Poller(desk.url(token)).get().status_code for token in (old, "x", new[:-1], f"{new}x", new)]
        assert answers == [404, 404, 404, 404, 200]
        assert Poller(desk.url(new, "opml")).get().status_code == 404
        stored = desk.account("zapier").address_hash
        assert stored is not None and new not in stored
        assert Poller(desk.url("guess")).get().status_code == 404
        assert Poller(desk.url("guess")).get().status_code == 429
        asked = [Poller(desk.url(new)).get() for _ in range(3)]
        assert [answer.status_code for answer in asked] == [200, 200, 429]
        assert 1 <= int(asked[-1].headers["Retry-After"]) <= 60


def test_an_account_that_is_removed_has_no_feed_and_nothing_that_waits(desk: PosterDesk) -> None:
    poller = Poller(desk.url(desk.open(choice={"burst": {"posts": 1, "minutes": 1}})))
    for headline in ("First", "Second"):
        desk.publish(headline=headline)
    desk.until(lambda: len(desk.posts()) == 2)
    desk.until(lambda: desk.posts(wanted="fetch"))
    assert poller.get(**FIREFOX).status_code == 200
    desk.remove()
    assert poller.get().status_code == 404
    assert {(post.state, post.reason) for post in desk.posts()} == {("skipped", "the account was removed")}
