"""From a published article to a post, to its edits and its end: what a newsroom sees of its accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.social.networks import NETWORKS
from services.social.outcomes import Cannot
from shared.listeners import SOCIAL_WITHDRAW
from shared.models import SocialPost
from tests.networks.server import NetworkServer
from tests.newsroom import work
from tests.paper import Paper
from tests.social import SocialDesk, social_desk


@pytest.fixture
def desk(paper: Paper, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon]) as made:
        yield made


def test_an_article_is_posted_once_on_the_account_that_chooses_it(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"sections": ["economy"]})
    desk.publish(headline="Not chosen", section="Sport")
    desk.publish(headline="Harbour reopens", section="Economy", tags=["Harbour"])
    (post,) = desk.until_states("sent")
    (text,) = mastodon.texts()
    assert text.startswith("Harbour reopens") and "?via=mastodon" in text and "#Harbour" in text
    assert post.url.startswith("http")


def test_a_message_that_comes_again_posts_nothing_again(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    seq = desk.publish()
    desk.until_states("sent")
    desk.repeat("social.plan", seq)
    desk.repeat("social.post", desk.account("mastodon").id)
    desk.work()
    assert len(mastodon.posts) == 1 and len(desk.posts()) == 1


@pytest.mark.databases("sqlite")
def test_what_was_there_before_the_account_or_is_not_news_is_not_posted(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    desk.add(mastodon)
    now = desk.paper.clock.now()
    desk.publish(published_at=now - timedelta(days=2))  # older than the account
    desk.publish(published_at=now - timedelta(hours=7))  # too old to be news
    desk.publish(headline="News", published_at=now)
    desk.until_states("sent")
    assert [text.split("\n")[0] for text in mastodon.texts()] == ["News"]


def test_an_edit_follows_and_keeps_the_post(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    seq = desk.publish(headline="Harbour closes")
    (sent,) = desk.until_states("sent")
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    (edited,) = desk.until_states("edited")
    assert [text.split("\n")[0] for text in mastodon.texts()] == ["Harbour reopens"]
    assert (edited.url, edited.version) == (sent.url, 2)


@pytest.mark.databases("sqlite")
def test_an_edit_that_changes_no_word_of_the_post_is_not_sent(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    seq = desk.publish(headline="Harbour reopens")
    desk.until_states("sent")
    calls = len(mastodon.requests)
    desk.paper.newsroom.edit(seq, text="Another body.")
    desk.until(lambda: desk.posts()[0].version == 2)
    assert desk.posts()[0].state == "sent" and len(mastodon.requests) == calls


def test_a_withdrawn_article_is_taken_back(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    seq = desk.publish()
    desk.until_states("sent")
    desk.paper.newsroom.withdraw(seq)
    (post,) = desk.until_states("deleted")
    assert mastodon.posts == [] and post.reason == "the article was withdrawn"


def test_an_article_withdrawn_before_its_turn_is_never_posted(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    desk.change_account("mastodon", state="held")
    seq = desk.publish()
    desk.until_states("held")
    desk.paper.newsroom.withdraw(seq)
    desk.until_states("skipped")
    desk.change_account("mastodon", state="active")
    desk.work()
    assert mastodon.posts == []


def test_breaking_news_goes_first_and_neither_waits_for_gap_nor_quiet_hours(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    desk.add(mastodon, choice={"quiet": ["00:00-12:00", "12:00-00:00"], "gap_minutes": 60})
    desk.publish(headline="Quiet")
    desk.publish(headline="Flash", urgency=1)
    desk.publish(headline="Another flash", urgency=2)
    desk.until_states("planned", "sent", "sent")
    assert [text.split("\n")[0] for text in mastodon.texts()] == ["Flash", "Another flash"]


def test_a_burst_goes_out_together(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"burst": {"posts": 3, "minutes": 15}})
    for number in range(20):
        desk.publish(headline=f"Story {number:02}")
    waiting = 20
    while waiting:
        desk.until(lambda before=waiting: desk.waiting() < before)
        desk.rest()
        assert desk.sent_within(minutes=15) <= 3
        waiting = desk.waiting()
        desk.let_pass(minutes=16)
    whole = "\n".join(mastodon.texts())
    assert [whole.count(f"Story {number:02}") for number in range(20)] == [1] * 20
    assert len(mastodon.posts) < 20


def test_a_withdrawal_takes_an_article_out_of_a_digest(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"burst": {"posts": 1, "minutes": 15}})
    desk.change_account("mastodon", state="held")
    seqs = [desk.publish(headline=f"Story {number}") for number in range(3)]
    desk.until_states("held", "held", "held")
    desk.change_account("mastodon", state="active")
    desk.until_states("sent", "sent", "sent")
    desk.paper.newsroom.withdraw(seqs[0])
    desk.until_states("deleted", "edited", "edited")
    (text,) = mastodon.texts()
    assert "Story 0" not in text and "Story 1" in text and "Story 2" in text
    desk.paper.newsroom.withdraw(seqs[1])
    desk.paper.newsroom.withdraw(seqs[2])
    desk.until_states("deleted", "deleted", "deleted")
    assert mastodon.posts == []


@pytest.mark.databases("sqlite")
def test_a_long_text_becomes_a_thread_where_that_is_wanted(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, posts=5, template="{{ headline }}\n\n{{ summary }}\n\n{{ url }}")
    desk.publish(headline="Long " * 300)
    desk.until_states("sent")
    assert len(mastodon.posts) > 1
    assert [mastodon.parent(number) for number in range(2)] == [None, str(mastodon.posts[0]["id"])]


@pytest.mark.databases("sqlite")
def test_nothing_is_posted_before_the_page_is_ready(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    desk.feed.stop()
    desk.publish()
    post = desk.until(lambda: next((each for each in desk.posts() if each.reason), None))
    assert post.state == "planned" and "page is not ready" in str(post.reason) and mastodon.posts == []
    desk.feed.start()
    desk.let_pass(minutes=1)
    desk.until_states("sent")


@pytest.mark.databases("sqlite")
def test_a_post_waits_for_its_picture_while_others_go_out(desk: SocialDesk, mastodon: NetworkServer) -> None:
    pictured = without_picture(desk, mastodon)
    assert pictured.state == "planned" and str(pictured.reason).startswith("The picture cannot be fetched")
    desk.publish(headline="Another")
    desk.until_states("planned", "sent")
    assert desk.account("mastodon").failures == 0
    mastodon.pictures["/quay.png"] = mastodon.pictures["/card.png"]
    desk.let_pass(minutes=1)
    desk.until_states("sent", "sent")
    assert mastodon.alts(1) == ["A quay"]


@pytest.mark.databases("sqlite")
def test_a_post_whose_picture_never_comes_is_skipped_when_its_time_is_over(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    without_picture(desk, mastodon)
    desk.let_pass(minutes=6 * 60)
    (post,) = desk.until_states("skipped")
    assert str(post.reason).startswith("it could not be posted in time: The picture cannot be fetched")
    assert mastodon.posts == []


def without_picture(desk: SocialDesk, mastodon: NetworkServer) -> SocialPost:
    """A post that was tried while its article's picture, which another serves, was not there."""
    desk.add(mastodon, attach="picture")
    desk.publish(image={"url": f"{mastodon.url}/quay.png", "alt": "A quay", "credit": ""})
    return desk.until(lambda: next((post for post in desk.posts() if post.attempts), None))


def test_reactions_are_asked_for_ever_more_seldom(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon)
    desk.publish()
    (post,) = desk.until_states("sent")
    assert post.measure_at is not None and post.sent_at is not None
    intervals = []
    while (now := post.measure_at) is not None:
        desk.let_pass(minutes=(now - desk.now()) / 60 + 1)
        desk.rest()
        (post,) = desk.posts()
        intervals.append(post.measure_at - desk.now() if post.measure_at else None)
    assert (post.likes, post.reposts, post.replies) == mastodon.reactions
    assert len(intervals) == 8 and intervals[:-1] == sorted(intervals[:-1])


def test_a_burst_can_go_on_as_a_thread(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"burst": {"posts": 2, "minutes": 15, "then": "thread"}})
    for number in range(5):
        desk.publish(headline=f"Story {number}")
    desk.until_states(*["sent"] * 5)
    ids = [str(post["id"]) for post in mastodon.posts]
    assert [mastodon.parent(number) for number in range(5)] == [None, None, *ids[1:4]]


def test_a_withdrawal_while_an_edit_is_on_its_way_is_not_forgotten(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon)
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent")
    network = NETWORKS["mastodon"]
    edit = network.edit

    def withdrawn_meanwhile(*args: Any) -> Any:
        desk.paper.newsroom.withdraw(seq)
        work(desk.db, {SOCIAL_WITHDRAW.name: desk.duties.handlers[SOCIAL_WITHDRAW.name]})
        return edit(*args)

    monkeypatch.setattr(network, "edit", withdrawn_meanwhile)
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until_states("deleted")
    assert mastodon.posts == []


def test_a_digest_that_cannot_be_changed_is_taken_back_when_an_article_of_it_is(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon, choice={"burst": {"posts": 1, "minutes": 15}})
    desk.change_account("mastodon", state="held")
    seqs = [desk.publish(headline=f"Story {number}") for number in range(2)]
    desk.until_states("held", "held")
    desk.change_account("mastodon", state="active")
    desk.until_states("sent", "sent")
    monkeypatch.setattr(NETWORKS["mastodon"], "edit", lambda *_: (_ for _ in ()).throw(Cannot("It is too old.")))
    desk.paper.newsroom.withdraw(seqs[1])
    desk.until_states("deleted", "deleted")
    assert mastodon.posts == []


def test_a_broken_account_that_a_person_holds_is_not_asked_again_and_again(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    desk.add(mastodon)
    seq = desk.publish()
    desk.until_states("sent")
    desk.change_account("mastodon", state="held")
    mastodon.locked = True
    asked = len(mastodon.requests)
    desk.paper.newsroom.withdraw(seq)
    desk.until(lambda: desk.account("mastodon").paused_until > desk.now() + 60)
    desk.rest()
    assert desk.posts()[0].state == "sent" and len(mastodon.requests) - asked <= 1
    mastodon.locked = False
    desk.let_pass(minutes=61)
    desk.until_states("deleted")
