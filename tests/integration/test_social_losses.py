"""Whatever becomes of a network's answer: nothing is posted twice, nothing is lost without a word.

Against servers that keep to their networks' contracts and fail in one way at a time. Answers are lost on every network,
as each finds out otherwise what became of a post. What follows from a refusal is the same on all, once it is understood
(tests/integration/test_networks.py), and shown on a few.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.social.network import Network
from services.social.networks import lookup
from shared.models import SocialPost
from tests.networks.server import STORING, Fault, NetworkServer
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

# One database: what networks answer does not depend on it.
pytestmark = pytest.mark.databases("sqlite")

LOST = [fault for fault in Fault if fault not in (Fault.LIMITED, Fault.UNAUTHORISED)]
FEW = pytest.mark.parametrize("server", ["mastodon", "telegram", "x"], indirect=True)
# What a refusal to take more says of the time to wait: each header that some network uses.
WAITS = (
    {"Retry-After": "60"},
    {"X-RateLimit-Reset-After": "60"},
    {"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":1}]}'},
    {},
)


@pytest.fixture
def desk(
    paper: Paper, server: NetworkServer, network: Network, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SocialDesk]:
    monkeypatch.setattr(network, "deadline", 0.3)  # so that what never ends is soon given up
    with social_desk(paper, monkeypatch, [server]) as made:
        made.add(server)
        yield made


def ended(desk: SocialDesk, seq: int) -> SocialPost:
    """The article's post, once nothing more is done about it, however long that takes."""
    desk.until(lambda: desk.posts(article_seq=seq))
    for _ in range(12):
        desk.rest()
        (post,) = desk.posts(article_seq=seq)
        if post.due_at is None:
            return post
        desk.let_pass(minutes=2)
    raise AssertionError(f"the post is still {post.state}: {post.history}")


def test_one_lost_answer_after_another_makes_no_second_post(
    desk: SocialDesk, server: NetworkServer, network: Network
) -> None:
    can_tell = network.can.find or bool(network.can.repeats)
    for number, fault in enumerate(LOST):
        server.fault = fault
        before = len(server.posts)
        seq = desk.publish(headline=f"Story {number}")
        post = ended(desk, seq)
        made = len(server.posts) - before
        if can_tell:
            assert (post.state, made) == ("sent", 1), f"{fault}: {post.history}"
        else:
            assert (post.state, made) == ("unconfirmed", fault in STORING), f"{fault}: {post.history}"
            assert desk.notices()[-1].key.startswith(f"unconfirmed:{post.id}")


@FEW
def test_a_rate_limit_holds_the_account_for_as_long_as_the_network_asks(
    desk: SocialDesk, server: NetworkServer
) -> None:
    # Every form of asking on one network: the others read them by the same code.
    for wait in WAITS if server.network.name == "mastodon" else WAITS[:1]:
        server.fault, server.limit_headers = Fault.LIMITED, dict(wait)
        before = len(server.posts)
        seqs = [desk.publish(headline=f"{wait} {number}") for number in range(2)]
        desk.until(lambda seqs=seqs: all(desk.posts(article_seq=seq, state="held") for seq in seqs))
        asked = desk.account(server.network.name).paused_until
        assert asked > desk.now() and len(server.posts) == before
        desk.let_pass(minutes=6)
        posts = [ended(desk, seq) for seq in seqs]
        assert [post.state for post in posts] == ["sent", "sent"] and len(server.posts) == before + 2
        assert (posts[0].sent_at or 0) < (posts[1].sent_at or 0)


@FEW
def test_an_account_that_is_refused_in_a_burst_holds_its_posts_and_goes_on_in_order_once_it_is_mended(
    desk: SocialDesk, server: NetworkServer, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = network.name
    desk.publish(headline="Before")
    desk.until_states("sent")
    monkeypatch.setattr(server, "locked", True)
    for number in range(3):
        desk.publish(headline=f"Story {number}")
    desk.until_states("sent", "held", "held", "held")
    assert desk.account(name).state == "broken"
    assert desk.notices()[-1].key.startswith("broken:")
    assert len(server.posts) == 1
    monkeypatch.setattr(server, "locked", False)
    desk.change_account(name, **({"check_at": desk.now()} if network.can.check else {"state": "active"}))
    desk.until_states("sent", "sent", "sent", "sent")
    order = [post.sent_at or 0 for post in desk.posts()]
    assert order == sorted(order) and len(server.posts) == 4
    assert desk.account(name).state == "active"


@pytest.mark.parametrize("server", ["x"], indirect=True)
def test_a_look_up_among_too_many_posts_is_left_to_a_person_and_holds_up_no_other_post(
    desk: SocialDesk, server: NetworkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "MOST", 2)
    server.fault = Fault.DROP_AFTER
    first = desk.publish(headline="Harbour reopens")
    desk.until_states("unconfirmed")
    for number in range(3):  # the newsroom itself posts there, too
        by_hand = {"id": f"{number}", "sent": f"By hand {number}", "text": f"By hand {number}", "entities": {}}
        server.posts.append(server.posts[0] | by_hand)
    second = desk.publish(headline="Bakers agree")
    desk.let_pass(minutes=2)
    assert ended(desk, second).state == "sent"
    (post,) = desk.posts(article_seq=first)
    assert post.state == "unconfirmed" and "too many to look through" in post.reason
    assert desk.notices()[-1].key.startswith(f"unconfirmed:{post.id}")
