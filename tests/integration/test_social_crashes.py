"""A worker that dies while a post is on its way is followed by one that finds out what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from shared import crash
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

# One database: tests/integration/test_engine.py has the engine's own commits on both.
pytestmark = pytest.mark.databases("sqlite")


class Killed(BaseException):
    """Ends the thread in which it is raised, as the end of a process would."""


@pytest.fixture
def servers() -> Iterator[dict[str, NetworkServer]]:
    started = {name: SERVERS[name]() for name in ("mastodon", "x", "telegram")}
    yield started
    for server in started.values():
        server.close()


@pytest.fixture
def desk(paper: Paper, servers: dict[str, NetworkServer], monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, list(servers.values())) as made:
        yield made


@pytest.fixture
def test_is_over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("point", ["after_arming", "after_call", "before_commit", "after_commit"])
@pytest.mark.parametrize(
    ("network", "found"), [("mastodon", "sent"), ("x", "sent"), ("telegram", "unconfirmed")], ids=lambda value: value
)
def test_what_a_dying_worker_leaves_behind_is_cleared_up(
    desk: SocialDesk,
    servers: dict[str, NetworkServer],
    monkeypatch: pytest.MonkeyPatch,
    test_is_over: threading.Event,
    network: str,
    found: str,
    point: str,
) -> None:
    died = threading.Event()

    def reach(here: str) -> None:
        drawing = threading.current_thread() is threading.main_thread()  # cards are drawn there
        if here == f"social.{point}" and not drawing and not died.is_set():
            died.set()
            if not here.endswith("commit"):  # there the thread may end, and everything it holds with it
                test_is_over.wait(60)
            raise Killed

    desk.add(servers[network])
    monkeypatch.setattr(crash, "reach", reach)
    seq = desk.publish(headline="Told in the end")
    desk.until(died.is_set)
    desk.succeed()
    desk.lease_over()
    desk.until(lambda: desk.posts(article_seq=seq) and desk.posts(article_seq=seq)[0].state != "armed")
    for _ in range(4):
        desk.rest()
        desk.let_pass(minutes=2)
    desk.rest()
    (post,) = desk.posts(article_seq=seq)
    answered = point == "after_commit"
    assert post.state == ("sent" if answered else found), post.history
    if post.state == "sent":
        assert len(servers[network].posts) == 1
    else:
        assert len(servers[network].posts) == (point != "after_arming")
        assert desk.notices()[-1].key.startswith("unconfirmed:")
