"""The edge: documents that a web server answers itself, like the service, and never after they have changed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import update
from werkzeug.serving import make_server

from services.feed import edge as edge_module
from services.feed.edge import EdgeGate, Folder, can_be_file, paths_of
from services.feed.tasks import FeedTasks
from shared import crash
from shared.listeners import FEED_PUBLISH, FEED_WITHDRAW
from shared.models import Ticker
from shared.slices import ALL, Slice
from shared.urls import archive_path
from tests.edge import TEMPLATE, edge, need_nginx
from tests.newsroom import work
from tests.paper import BASE, Paper, Replica
from tests.system import wait_for

FEEDS = ("/feed.rss", "/feed.atom", "/feed.json", "/tags/harbour/feed.rss", "/2018/04/20/feed.json")
ARABIC = "/tags/%D9%85%D9%8A%D9%86%D8%A7%D8%A1/feed.atom"
# What does not hang on the database is tried on one.
# Of the connection, or named anew for each answer.
VOLATILE = {"Date", "Server", "Connection", "X-Request-Id", "Transfer-Encoding", "Keep-Alive"}


class Edged:
    """A paper whose web processes and workers know the folder."""

    def __init__(self, paper: Paper, root: Path) -> None:
        self.paper, self.root = paper, root
        self.folder = Folder(root)
        tasks = FeedTasks(paper.db, lambda: None, paper.clock, root)
        paper.handlers |= {FEED_PUBLISH.name: tasks.place, FEED_WITHDRAW.name: tasks.place}  # type: ignore[operator]

    def replica(self, **environment: str) -> Replica:
        return self.paper.replica(MASTHEAD_EDGE_FOLDER=str(self.root), **environment)

    def is_linked(self, path: str) -> bool:
        return self.body(path) is not None

    def body(self, path: str) -> bytes | None:
        """What the address shows."""
        try:
            shown = (self.folder.docs / path.removeprefix("/")).resolve(strict=True)
            return (shown / shown.name).read_bytes()
        except FileNotFoundError:
            return None

    def show(self, replica: Replica, *paths: str) -> None:
        """Asks for each until the folder has it."""
        for path in paths:
            wait_for(
                lambda path=path: replica.get(path).status_code == 200 and self.is_linked(path), seconds=10, what=path
            )


@pytest.fixture
def edged(paper: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edged:
    monkeypatch.setattr(edge_module, "CHECK_EVERY", 0.02)
    made = Edged(paper, tmp_path / "edge")
    paper.publish(headline="Harbour reopens", tags=["harbour", "ميناء"])
    return made


@contextmanager
def served(replica: Replica) -> Iterator[int]:
    """The replica on a port of its own."""
    server = make_server("127.0.0.1", 0, replica.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def seen(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name not in VOLATILE}
    if answer.status_code == 304:
        # Flask's answers have the first, those of the fast path have not. The second nginx cannot leave out.
        headers.pop("X-Content-Type-Options", None)
        headers.pop("Content-Type", None)
    return answer.status_code, headers, answer.raw.data


def ask(url: str, method: str = "GET", **headers: str) -> requests.Response:
    sent = {"Accept-Encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = requests.request(method, url, headers=sent, timeout=10, stream=True, allow_redirects=False)
    answer.raw.decode_content = False
    answer.raw.data  # noqa: B018 - read, before the connection is closed
    return answer


# Whoever has the folder answers like the service


@pytest.mark.databases("sqlite")
def test_the_edge_answers_like_the_service(edged: Edged, tmp_path: Path) -> None:
    need_nginx()
    archive = archive_path(edged.paper.clock.now().date(), "atom", 1)
    paths = [*FEEDS, ARABIC, archive]
    replica = edged.replica()
    edged.show(replica, *paths)
    with served(replica) as feed, edge(tmp_path / "nginx", edged.root, feed=feed, push=feed, base_url=BASE) as url:
        service, compared = f"http://127.0.0.1:{feed}", 0
        for path in paths:
            tag = ask(service + path).headers["ETag"][1:-1]
            asked: list[dict[str, str]] = [{}]
            asked += [
                {"Accept-Encoding": each} for each in ("gzip", "br", "gzip, deflate, br, zstd", "deflate", "GZIP")
            ]
            asked += [{"If-None-Match": each} for each in (f'"{tag}"', f'W/"{tag}-gzip"', f'"{tag}--gzip"', '"other"')]
            asked += [{"If-None-Match": f'"{tag}9"'}, {"Accept-Encoding": "gzip", "If-None-Match": f'"{tag}-gzip"'}]
            asked += [{"Range": "bytes=0-99"}, {"Cookie": "a=b"}, {"If-None-Match": "*"}, {"A-IM": "feed"}]
            asked += [{"Accept-Encoding": "zstd"}, {"Accept-Encoding": "br;q=0.1, gzip"}, {"Accept": "text/html"}]
            asked += [{"If-None-Match": f'"x", "{tag}"'}, {"If-Modified-Since": "Fri, 20 Apr 2068 12:00:00 GMT"}]
            asked += [{"Sec-Fetch-Dest": "document"}, {"Cache-Control": "no-cache"}]
            for headers in asked:
                for method in ("GET", "HEAD"):
                    ours, its = ask(url + path, method, **headers), ask(service + path, method, **headers)
                    assert seen(ours) == seen(its), (method, path, headers)
                    compared += 1
        assert compared > 200


@pytest.mark.databases("sqlite")
def test_the_edge_answers_itself_what_it_can(edged: Edged, tmp_path: Path) -> None:
    """With no service behind it there is nobody else who could."""
    need_nginx()
    replica = edged.replica()
    edged.show(replica, *FEEDS, ARABIC)
    tag = replica.get("/feed.rss").headers["ETag"]
    with (
        socket.create_server(("127.0.0.1", 0)) as nobody,
        edge(tmp_path / "nginx", edged.root, feed=1, push=nobody.getsockname()[1], base_url=BASE) as url,
    ):
        for path in (*FEEDS, ARABIC):
            for coding in ("identity", "gzip", "gzip, deflate, br, zstd"):
                assert ask(url + path, Accept_Encoding=coding).status_code == 200
        assert ask(f"{url}/feed.rss", If_None_Match=tag).status_code == 304
        elsewhere = ("/", "/feed.rss?since=1", "/feeds?section=a&tag=b", "/%66eed.rss", "/tags/../feed.rss", "/state")
        elsewhere += (ARABIC.lower(), "/-/rss", "/-/unchanged", "/docs/feed.rss/body")
        assert {path: raw_status(url, path) for path in elsewhere} == dict.fromkeys(elsewhere, 502)
        assert ask(f"{url}/feed.rss", "POST").status_code == 502
        assert ask(f"{url}/feed.rss", A_IM="feed", If_None_Match=tag).status_code == 502


def raw_status(url: str, path: str) -> int:
    """Of a path sent as it is: clients clean paths before they send them."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


# Never stale


def test_what_changes_is_gone_before_the_change_is_committed(edged: Edged, monkeypatch: pytest.MonkeyPatch) -> None:
    replica = edged.replica()
    edged.show(replica, *FEEDS)
    at_commit: list[bool] = []

    def look(point: str) -> None:
        if point == "feed.before_commit":
            at_commit.extend(edged.is_linked(path) for path in FEEDS)

    monkeypatch.setattr(crash, "reach", look)
    edged.paper.newsroom.publish(headline="New", tags=["harbour"])
    work(edged.paper.db, edged.paper.handlers)
    assert at_commit == [False] * len(FEEDS)
    assert not any(edged.is_linked(path) for path in FEEDS)
    replica.follower.look()
    edged.show(replica, *FEEDS)
    assert b"New" in (edged.body("/feed.rss") or b"")


@pytest.mark.databases("sqlite")
def test_a_feed_that_does_not_change_stays(edged: Edged) -> None:
    replica = edged.replica()
    edged.show(replica, "/tags/harbour/feed.rss")
    edged.paper.publish(tags=["storm"])
    assert edged.is_linked("/tags/harbour/feed.rss")


def test_a_rendering_that_was_overtaken_is_not_written(edged: Edged) -> None:
    replica = edged.replica()
    stand = replica.stand
    old = replica.get("/feed.rss")
    wait_for(lambda: edged.is_linked("/feed.rss"))
    edge, rendered = stand.edge, stand.hot.fresh("/feed.rss")
    assert edge is not None and rendered is not None
    with edged.paper.db.read() as session:
        state = stand.record.state(session, [Slice.parse(name) for name in rendered.slices])
    edged.paper.publish()
    assert not edge.put("/feed.rss", rendered, state)
    assert not edged.is_linked("/feed.rss")
    edged.show(replica, "/feed.rss")
    assert replica.get("/feed.rss").headers["ETag"] != old.headers["ETag"]


class Lost(BaseException):
    """The worker is gone: nobody tidies up."""


@pytest.mark.parametrize("point", ["feed.before_commit", "feed.after_commit"])
def test_a_worker_lost_around_its_commit_leaves_nothing_stale(
    edged: Edged, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    replica = edged.replica()
    edged.show(replica, *FEEDS)
    edged.paper.newsroom.publish(headline="New", tags=["harbour"])

    def end(reached: str) -> None:
        if reached == point:
            raise Lost

    with monkeypatch.context() as crashing:
        crashing.setattr(crash, "reach", end)
        with pytest.raises(Lost):
            work(edged.paper.db, edged.paper.handlers)
    assert not any(edged.is_linked(path) for path in FEEDS)
    replica.follower.look()
    with edged.folder.locked() as (standing, _):
        assert bool(standing.doubt) is (point == "feed.before_commit") or not standing.doubt
    # The doubt is cleared up by whoever writes next, and the folder is of use again.
    replica.stand.hot.lost()
    wait_for(
        lambda: replica.get("/feed.rss") and (replica.stand.hot.lost() or edged.is_linked("/feed.rss")), seconds=10
    )
    shown = edged.body("/feed.rss") or b""
    assert shown == replica.get("/feed.rss").data
    assert (b"New" in shown) is (point == "feed.after_commit")


def test_nothing_is_written_while_a_commit_is_in_doubt(edged: Edged) -> None:
    """The commit may still happen: the number is held until it is over."""
    replica = edged.replica()
    edge = replica.stand.edge
    assert edge is not None
    edged.show(replica, "/feed.rss")
    gate, reached, go_on = EdgeGate(edged.root), threading.Event(), threading.Event()

    def lose_sight() -> None:
        with edged.paper.db.write() as session:
            session.execute(update(Ticker).where(Ticker.name == "feed").values(value=Ticker.value + 1))
            try:
                with gate.closing() as take_away:
                    take_away(2, [("all", 1)])
                    raise ConnectionError
            except ConnectionError:
                reached.set()
            go_on.wait(10)

    committing = threading.Thread(target=lose_sight)
    committing.start()
    assert reached.wait(10)
    replica.stand.hot.lost()
    assert replica.get("/feed.rss").status_code == 200
    assert not edged.is_linked("/feed.rss")
    go_on.set()
    committing.join()
    wait_for(lambda: not doubt(edged), seconds=10, what="the doubt to be cleared up")


def doubt(edged: Edged) -> str:
    with edged.folder.locked() as (standing, _):
        return standing.doubt


def test_a_worker_that_knows_of_no_folder_is_noticed(edged: Edged) -> None:
    """Somebody forgot to configure it: what it changed goes within a moment, with all the rest."""
    replica = edged.replica()
    edged.show(replica, "/feed.rss")
    unaware = FeedTasks(edged.paper.db, lambda: None, edged.paper.clock)
    edged.paper.newsroom.publish()
    work(edged.paper.db, {FEED_PUBLISH.name: unaware.place})
    wait_for(lambda: not edged.is_linked("/feed.rss"), seconds=10)
    edged.show(replica, "/feed.rss")


def test_a_worker_notices_that_another_knew_of_no_folder(edged: Edged) -> None:
    replica = edged.replica()
    edged.show(replica, "/tags/harbour/feed.rss")
    replica.stop()
    unaware = FeedTasks(edged.paper.db, lambda: None, edged.paper.clock)
    edged.paper.newsroom.publish(tags=["harbour"])
    work(edged.paper.db, {FEED_PUBLISH.name: unaware.place})
    edged.paper.newsroom.publish(tags=["storm"])
    work(edged.paper.db, edged.paper.handlers)
    assert not edged.is_linked("/tags/harbour/feed.rss")


# The folder


@pytest.mark.databases("sqlite")
def test_replicas_share_the_folder(edged: Edged) -> None:
    one, other = edged.replica(), edged.replica()
    edged.show(one, *FEEDS)
    before = {path: (edged.folder.docs / path[1:]).readlink() for path in FEEDS}
    edged.show(other, *FEEDS)
    assert {path: (edged.folder.docs / path[1:]).readlink() for path in FEEDS} == before


@pytest.mark.databases("sqlite")
def test_after_a_restart_what_is_there_is_kept_unless_another_build_wrote_it(edged: Edged) -> None:
    one = edged.replica()
    edged.show(one, "/feed.rss")
    one.stop()
    edged.replica()
    assert edged.is_linked("/feed.rss")
    other = edged.replica(MASTHEAD_FEED_ITEMS="3")
    assert not edged.is_linked("/feed.rss")
    edged.show(other, "/feed.rss")


@pytest.mark.databases("sqlite")
def test_an_older_build_that_still_runs_writes_nothing(edged: Edged) -> None:
    old = edged.replica()
    edged.replica(MASTHEAD_FEED_ITEMS="3")
    rendered, edge = old.stand.hot, old.stand.edge
    assert old.get("/feed.rss").status_code == 200
    document = rendered.fresh("/feed.rss")
    assert edge is not None and document is not None
    with edged.paper.db.read() as session:
        state = old.stand.record.state(session, [ALL])
    assert not edge.put("/feed.rss", document, state)


@pytest.mark.databases("sqlite")
def test_a_folder_whose_state_nobody_can_read_begins_anew(edged: Edged) -> None:
    replica = edged.replica()
    edged.show(replica, "/feed.rss")
    replica.stop()
    (edged.root / "state").write_bytes(b'{"build": "x", "num')
    edged.show(edged.replica(), "/feed.atom")
    assert not edged.is_linked("/feed.rss")


@pytest.mark.databases("sqlite")
def test_old_revisions_are_removed_later(edged: Edged, monkeypatch: pytest.MonkeyPatch) -> None:
    replica = edged.replica()
    for _ in range(3):
        edged.paper.publish()
        edged.show(replica, "/feed.rss")
    (objects,) = {link.resolve().parent for link in [edged.folder.docs / "feed.rss"]}
    assert len(list(objects.iterdir())) == 3
    monkeypatch.setattr(edge_module, "GRACE", -1)
    edged.paper.publish()
    edged.show(replica, "/feed.rss")
    wait_for(lambda: len(list(objects.iterdir())) == 1, seconds=10)


@pytest.mark.databases("sqlite")
def test_a_folder_that_grew_too_large_begins_anew(edged: Edged) -> None:
    replica = edged.replica(MASTHEAD_EDGE_BYTES="4000")
    for path in (*FEEDS, ARABIC):
        replica.get(path)
    wait_for(lambda: size(edged) < 4000 and epoch(edged) > 2, seconds=10)


def size(edged: Edged) -> int:
    return sum(each.stat().st_size for each in edged.folder.objects.rglob("*") if each.is_file())


def epoch(edged: Edged) -> int:
    with edged.folder.locked() as (standing, _):
        return standing.epoch


def test_taking_away_costs_by_slices_not_by_the_folder() -> None:
    assert paths_of("tag:harbour", 7) == [f"/tags/harbour/feed.{each}" for each in ("rss", "atom", "json")]
    assert len(paths_of("day:2018-04-20", 7)) == 6


@pytest.mark.parametrize(
    ("path", "fit"),
    [
        ("/feed.rss", True),
        ("/tags/%D9%85/feed.rss", True),
        ("/feeds?tag=a&language=en", False),
        ("/tags/../feed.rss", False),
        ("/tags/./feed.rss", False),
        ("/tags//feed.rss", False),
        (f"/tags/{'a' * 201}/feed.rss", False),
    ],
)
def test_only_addresses_fit_for_a_file_are_written(path: str, fit: bool) -> None:
    assert can_be_file(path) is fit


@pytest.mark.databases("sqlite")
def test_a_folder_that_cannot_be_used_ends_the_start_with_its_name(edged: Edged, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Exception, match="MASTHEAD_EDGE_FOLDER"):
        edged.paper.replica(MASTHEAD_EDGE_FOLDER=str(tmp_path / "file" / "edge"))


def test_the_template_asks_for_no_more_than_it_tells() -> None:
    text = TEMPLATE.read_text()
    asked = {each.split("}")[0] for each in text.split("${MASTHEAD_")[1:]}
    assert asked == {
        line.split()[1].removeprefix("MASTHEAD_") for line in text.splitlines() if line.startswith("#   M")
    }
