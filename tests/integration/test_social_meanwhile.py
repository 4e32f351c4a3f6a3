"""Articles that are edited or withdrawn while a post about them is on its way, or only in part out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.social.accounts import lock, mark_removed
from services.social.networks import NETWORKS
from services.social.outcomes import RefusedByNetwork
from shared.listeners import SOCIAL_DRAW, SOCIAL_POST, SOCIAL_WITHDRAW
from tests.networks.server import Fault, NetworkServer
from tests.newsroom import claim, work
from tests.paper import Paper
from tests.social import SocialDesk, social_desk
from tests.system import wait_for

# One database: tests/integration/test_two_at_once.py has what differs.
pytestmark = pytest.mark.databases("sqlite")

LONG = "{{ headline }}\n\n{{ summary }}\n\n{{ url }}"


@pytest.fixture
def desk(
    paper: Paper, mastodon: NetworkServer, x: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon, x]) as made:
        yield made


def test_a_version_is_answered_once_though_an_earlier_answer_showed_it_already(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    desk.add(mastodon, choice={"on_edit": "reply"})
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent")
    desk.change_account("mastodon", state="held")
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until(lambda: len(desk.posts()) == 2)
    desk.paper.newsroom.edit(seq, headline="Harbour reopened")
    drawing = {SOCIAL_DRAW.name: desk.duties.handlers[SOCIAL_DRAW.name]}
    work(desk.db, {**desk.paper.handlers, **drawing})  # on its page, and social does not plan with it yet
    desk.change_account("mastodon", state="active")
    posting = {SOCIAL_POST.name: desk.duties.handlers[SOCIAL_POST.name]}

    def answered() -> bool:
        work(desk.db, posting)
        return len(mastodon.posts) == 2

    wait_for(answered)
    desk.repeat("social.plan", seq)
    desk.rest()
    assert [text.split("\n")[0] for text in mastodon.texts()] == ["Harbour closes", "Harbour reopened"]
    desk.paper.newsroom.edit(seq, headline="Harbour open")
    desk.until(lambda: len(mastodon.posts) == 3)


def test_a_lost_answer_is_not_taken_for_the_post_that_it_answers(desk: SocialDesk, x: NetworkServer) -> None:
    desk.add(x, choice={"on_edit": "reply"})
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent")
    x.fault = Fault.DROP_BEFORE
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until_states("sent", "unconfirmed")
    for _ in range(3):
        desk.let_pass(minutes=0.5)
        desk.rest()
    desk.until_states("sent", "sent")
    assert [text.split("\n")[0] for text in x.texts()] == ["Harbour closes", "Harbour reopens"]


def test_a_thread_of_which_somebody_deleted_a_part_is_taken_back_whole(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    desk.add(mastodon, posts=5, template=LONG)
    seq = desk.publish(headline="Long " * 300)
    desk.until_states("sent")
    assert len(mastodon.posts) > 2
    del mastodon.posts[1]
    desk.paper.newsroom.edit(seq, headline="Other " * 250)
    desk.until(lambda: desk.posts()[0].version == 2)
    desk.paper.newsroom.withdraw(seq)
    desk.until_states("deleted")
    desk.rest()
    assert mastodon.posts == []


def test_a_thread_that_is_refused_after_its_article_was_withdrawn_leaves_nothing_behind(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon, posts=5, template=LONG)
    network = NETWORKS["mastodon"]
    publish = network.publish

    def withdrawn_meanwhile(*given: Any, done: Any = ()) -> Any:
        if not done:
            return publish(*given, done=done)
        desk.paper.newsroom.withdraw(seq)
        desk.duties.handlers[SOCIAL_WITHDRAW.name](claim(desk.db, SOCIAL_WITHDRAW.name, seq))
        raise RefusedByNetwork("HTTP 422")

    monkeypatch.setattr(network, "publish", withdrawn_meanwhile)
    seq = desk.publish(headline="Long " * 300)
    desk.until_states("deleted")
    assert mastodon.posts == []


def test_what_was_spent_on_a_thread_that_is_then_refused_counts_to_the_cap(
    desk: SocialDesk, x: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(x, posts=5, template=LONG, monthly_cap=10)
    network = NETWORKS["x"]
    publish = network.publish

    def one_part_only(*given: Any, done: Any = ()) -> Any:
        if done:
            raise RefusedByNetwork("HTTP 403")
        return publish(*given, done=done)

    monkeypatch.setattr(network, "publish", one_part_only)
    desk.publish(headline="Long " * 300)
    (post,) = desk.until_states("failed")
    assert len(x.posts) == 1 and post.cost > 0


def test_nothing_is_planned_for_an_account_that_was_removed(desk: SocialDesk, mastodon: NetworkServer) -> None:
    account = desk.add(mastodon, choice={"on_edit": "reply"})
    kept = desk.add(mastodon, "kept", choice={"on_edit": "reply"})
    seq = desk.publish(headline="Harbour closes")
    desk.until_states("sent", "sent")
    with desk.db.write() as session:
        mark_removed(session, lock(session, [account.id])[account.id])
    desk.paper.newsroom.edit(seq, headline="Harbour reopens")
    desk.until(lambda: len(mastodon.posts) == 3)
    assert [post.account_id for post in desk.posts()] == [account.id, kept.id, kept.id]
    desk.paper.newsroom.withdraw(seq)
    desk.until_states("sent", "deleted", "deleted")
    assert desk.posts()[0].due_at is None


def test_what_stays_of_a_shared_post_is_kept_to_one_part(desk: SocialDesk, mastodon: NetworkServer) -> None:
    desk.add(mastodon, posts=5, template=LONG, choice={"burst": {"posts": 1, "minutes": 15}})
    desk.change_account("mastodon", state="held")
    seqs = [desk.publish(headline=f"Story {number}", summary="Long " * 300) for number in range(2)]
    desk.until_states("held", "held")
    desk.change_account("mastodon", state="active")
    desk.until_states("sent", "sent")
    desk.paper.newsroom.withdraw(seqs[0])
    desk.until(lambda: desk.posts()[0].state == "deleted")
    (text,) = mastodon.texts()
    assert desk.posts()[1].state == "edited" and text.startswith("Story 1")
