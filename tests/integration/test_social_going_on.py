"""What cannot be done about one post keeps no other of its account from going out, and ends with a word to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, update

from services.social.networks import NETWORKS
from services.social.outcomes import NotSent, PostError, RefusedByNetwork
from shared.db import db_now
from shared.models import SocialPost
from tests.networks.server import Fault, NetworkServer
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

# One database: what an account does next does not depend on it.
pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def desk(
    paper: Paper, mastodon: NetworkServer, x: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, [mastodon, x]) as made:
        yield made


def raising(error: Exception) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> Any:
        raise error

    return call


def try_often(desk: SocialDesk, times: int = 10) -> None:
    for _ in range(times):
        desk.rest()
        desk.let_pass(minutes=6)


def test_a_deletion_that_never_works_does_not_keep_the_account_from_posting(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon)
    seq = desk.publish(headline="Withdrawn")
    desk.until_states("sent")
    network = NETWORKS["mastodon"]
    with monkeypatch.context() as down:
        down.setattr(network, "delete", raising(NotSent("HTTP 500")))
        desk.paper.newsroom.withdraw(seq)
        try_often(desk)
        later = desk.publish(headline="Later")
        try_often(desk, times=2)
        assert [post.state for post in desk.posts(article_seq=later)] == ["sent"]
        assert [post.state for post in desk.posts(article_seq=seq)] == ["sent"]
    try_often(desk, times=2)
    assert [post.state for post in desk.posts(article_seq=seq)] == ["deleted"]


def test_a_look_up_that_never_works_does_not_keep_the_account_from_posting(
    desk: SocialDesk, x: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(x)
    x.fault = Fault.DROP_AFTER
    seq = desk.publish(headline="Unconfirmed")
    network = NETWORKS["x"]
    with monkeypatch.context() as down:
        down.setattr(network, "find", raising(NotSent("HTTP 500")))
        desk.until_states("unconfirmed")
        try_often(desk)
        later = desk.publish(headline="Later")
        try_often(desk, times=2)
        assert [post.state for post in desk.posts(article_seq=later)] == ["sent"]
    try_often(desk, times=2)
    assert [post.state for post in desk.posts(article_seq=seq)] == ["sent"] and len(x.posts) == 2


@pytest.mark.parametrize("error", [RefusedByNetwork("HTTP 400: not in your plan")], ids=["refused"])
def test_a_post_that_the_network_will_not_look_up_is_for_a_person(
    desk: SocialDesk, x: NetworkServer, monkeypatch: pytest.MonkeyPatch, error: PostError
) -> None:
    desk.add(x)
    x.fault = Fault.DROP_AFTER
    desk.publish(headline="Unconfirmed")
    monkeypatch.setattr(NETWORKS["x"], "find", raising(error))
    (post,) = desk.until_states("unconfirmed")
    desk.let_pass(minutes=1)
    desk.until(lambda: any(each.key.startswith(f"unconfirmed:{post.id}:") for each in desk.notices()))
    (post,) = desk.posts()
    assert post.state == "unconfirmed" and post.due_at is None


def test_a_post_that_breaks_the_program_each_time_has_failed_and_says_so(
    desk: SocialDesk, mastodon: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add(mastodon)
    with monkeypatch.context() as broken:
        broken.setattr(NETWORKS["mastodon"], "compose", raising(RuntimeError("no such letter")))
        desk.publish()
        try_often(desk, times=6)
    (post,) = desk.posts()
    assert (post.state, post.due_at) == ("failed", None) and "no such letter" in str(post.reason)


def test_a_post_whose_worker_is_gone_is_looked_after_though_its_account_is_held(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    desk.add(mastodon)
    seq = desk.publish(headline="Armed")
    (post,) = desk.until_states("sent")
    with desk.db.write() as session:
        lost = {"state": "armed", "parts": [], "sent_at": None, "armed_at": session.scalars(select(db_now())).one()}
        session.execute(update(SocialPost).where(SocialPost.id == post.id).values(**lost))
    desk.change_account("mastodon", state="held", turn=None, turn_at=None)
    desk.until(lambda: desk.posts(article_seq=seq, state="unconfirmed"))
