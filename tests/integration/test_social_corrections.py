"""What follows on an account when an article changes after its post was written: when its correction goes out, and what
becomes of it when the post is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.social.networks import NETWORKS
from services.social.outcomes import Cannot, Unknown
from shared.listeners import SOCIAL_DRAW, SOCIAL_PLAN
from tests.networks.server import NetworkServer
from tests.newsroom import work
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

# One database: tests/integration/test_social_posting.py has edits on both.
pytestmark = pytest.mark.databases("sqlite")

ONE_IN_15_MINUTES = {"posts": 1, "minutes": 15}


@pytest.fixture
def desk(paper: Paper, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon]) as made:
        yield made


def headlines(mastodon: NetworkServer) -> list[str]:
    return [text.split("\n")[0] for text in mastodon.texts()]


def two_in_one_post(desk: SocialDesk, mastodon: NetworkServer) -> tuple[int, int]:
    """Two articles that went out together, on an account that answers its posts with corrections."""
    desk.add(mastodon, choice={"on_edit": "reply", "burst": ONE_IN_15_MINUTES})
    desk.change_account("mastodon", state="held")
    first, second = desk.publish(headline="Ferry late"), desk.publish(headline="Harbour closes")
    desk.until_states("held", "held")
    desk.change_account("mastodon", state="active")
    desk.until_states("sent", "sent")
    return first, second


def edited_while_the_answer_is_lost(desk: SocialDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The article changes while its post is on its way, and the network's answer never comes."""
    network = NETWORKS["mastodon"]
    publish, seen = network.publish, list[str]()

    def lose_the_answer(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(network, "publish", publish)
        publish(*args, **more)
        (armed,) = desk.posts()
        desk.paper.newsroom.edit(armed.article_seq, headline="Harbour reopens")
        plan = {name: desk.duties.handlers[name] for name in (SOCIAL_DRAW.name, SOCIAL_PLAN.name)}
        work(desk.db, {**desk.paper.handlers, **plan})
        seen.extend(post.state for post in desk.posts())
        raise Unknown("The answer was lost.")

    monkeypatch.setattr(network, "publish", lose_the_answer)
    desk.publish(headline="Harbour closes")
    desk.until(lambda: desk.posts() and desk.posts()[0].state not in ("planned", "armed"))
    assert seen == ["armed"], "no correction was planned meanwhile"
    desk.let_pass(minutes=1)


def test_a_correction_can_be_an_answer_to_the_post(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"on_edit": "reply"})
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent")
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until_states("sent", "sent")
    assert mastodon.parent(1) == str(mastodon.posts[0]["id"])


def test_a_correction_waits_until_it_is_known_that_its_post_is_out(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon, choice={"on_edit": "reply"})
    edited_while_the_answer_is_lost(desk, monkeypatch)
    desk.until_states("sent", "sent")
    assert headlines(mastodon) == ["Harbour closes", "Harbour reopens"]
    assert mastodon.parent(1) == str(mastodon.posts[0]["id"])


def test_a_post_that_is_sent_again_after_a_lost_answer_shows_the_version_it_was_written_of_until_it_is_edited(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon)
    edited_while_the_answer_is_lost(desk, monkeypatch)
    desk.rest()
    (post,) = desk.posts()
    assert (post.state, post.version) == ("edited", 2)
    assert headlines(mastodon) == ["Harbour reopens"]
    assert [entry["state"] for entry in post.history].count("sent") == 1


def test_a_correction_comes_after_the_edit_of_the_post_it_answers(desk: SocialDesk, mastodon: NetworkServer) -> None:
    first, second = two_in_one_post(desk, mastodon)
    desk.change_account("mastodon", paused_until=desk.now() + 60)
    desk.paper.newsroom.edit(second, headline="Harbour reopens")
    desk.until_states("sent", "sent", "planned")
    desk.paper.newsroom.withdraw(first)
    desk.rest()
    asked = len(mastodon.requests)
    desk.let_pass(minutes=16)
    desk.until_states("deleted", "edited", "sent")
    methods = [request.method for request in mastodon.requests[asked:]]
    assert [method for method in methods if method != "GET"] == ["PUT", "POST"]
    assert mastodon.parent(1) == str(mastodon.posts[0]["id"])


def test_a_correction_of_a_post_that_was_taken_back_with_another_stands_on_its_own(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_in_one_post(desk, mastodon)
    monkeypatch.setattr(NETWORKS["mastodon"], "edit", lambda *_: (_ for _ in ()).throw(Cannot("It is too old.")))
    desk.paper.newsroom.edit(second, headline="Harbour reopens")
    desk.until_states("sent", "sent", "planned")
    desk.paper.newsroom.withdraw(first)
    desk.until_states("deleted", "deleted", "planned")
    desk.let_pass(minutes=16)
    desk.until_states("deleted", "deleted", "sent")
    assert headlines(mastodon) == ["Harbour reopens"] and mastodon.parent(0) is None


def test_a_correction_of_an_article_that_is_withdrawn_is_skipped(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"on_edit": "reply"})
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent")
    desk.change_account("mastodon", state="held")
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until_states("sent", "held")
    desk.paper.newsroom.withdraw(seq)
    desk.until_states("deleted", "skipped")
    desk.change_account("mastodon", state="active")
    desk.rest()
    assert mastodon.posts == []


def test_what_was_skipped_is_not_corrected(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, choice={"on_edit": "reply"})
    desk.change_account("mastodon", state="held")
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("held")
    desk.let_pass(minutes=6 * 60 + 1)
    desk.change_account("mastodon", state="active")
    desk.until_states("skipped")
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.rest()
    assert [post.state for post in desk.posts()] == ["skipped"] and mastodon.posts == []
