"""Who is told what, and who is sent away."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.push import live
from services.push.asgi import Request, client_address, cut_off
from services.push.hall import MOST_WAITING, Hall, Listener
from services.push.live import Live, read_wish
from services.push.messages import Message
from shared.clock import Clock
from shared.db import Database
from shared.errors import Refused
from shared.publication import Publication
from shared.slices import Slice
from shared.topics import Selection, select
from tests.factories import NOW

EVERYTHING = Selection()
BUDGET = select([("tag", "budget")])


def event(number: int, *slices: Slice) -> Message:
    return Message(number, "article.published", frozenset(slices), b"{}")


def hall(**limits: int) -> Hall:
    return Hall(0, **{"most": 100, "most_per_address": 100} | limits)


def told(listener: Listener) -> list[int]:
    heard = b""
    while not listener.waiting.empty():
        heard += listener.waiting.get_nowait()
    return [int(line.removeprefix(b"id: ")) for line in heard.split(b"\n") if line.startswith(b"id: ")]


def test_everyone_hears_what_matches_after_what_it_knows() -> None:
    async def scene() -> None:
        room = hall()
        everything, budget, ahead = Listener(EVERYTHING), Listener(BUDGET), Listener(EVERYTHING)
        with room.listening(everything, 0), room.listening(budget, 0), room.listening(ahead, 2):
            room.tell([event(1), event(2, Slice("tag", "budget")), event(3)])
            room.tell([event(5, Slice("tag", "budget"), Slice("tag", "other"))])
        room.tell([event(6)])
        assert (told(everything), told(budget), told(ahead)) == ([1, 2, 3, 5], [2, 5], [3, 5])
        assert room.position == 6

    asyncio.run(scene())


def test_a_full_hall_and_a_greedy_address_are_refused() -> None:
    async def scene() -> None:
        room = hall(most=3, most_per_address=2)
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(room.place(Listener(EVERYTHING), "198.51.100.1"))
            with pytest.raises(Refused) as greedy, room.place(Listener(EVERYTHING), "198.51.100.1"):
                pass
            stack.enter_context(room.place(Listener(EVERYTHING), "198.51.100.2"))
            with pytest.raises(Refused) as full, room.place(Listener(EVERYTHING), "198.51.100.3"):
                pass
        assert (greedy.value.status, full.value.status) == (429, 503)
        assert "Retry-After" in greedy.value.headers and "Retry-After" in full.value.headers
        with room.place(Listener(EVERYTHING), "198.51.100.1"):
            pass  # places are given back

    asyncio.run(scene())


class Client:
    """An ASGI client of /live. It reads until it is told to stop reading."""

    def __init__(self) -> None:
        self.received = b""
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        self.received += message.get("body", b"")


@contextmanager
def stage(db: Database) -> Iterator[tuple[Hall, Callable[[Client], Awaitable[None]]]]:
    room = hall()
    publication = Publication(name="The Courier", base_url="https://courier.example")
    handler = Live(db, publication, Clock(NOW), room, hours=48, proxies=0)
    request = Request("GET", b"", [], "198.51.100.1")
    yield room, lambda client: handler(request, client.receive, client.send)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def test_who_does_not_read_is_sent_away_and_holds_up_nobody(db: Database) -> None:
    async def scene() -> None:
        with stage(db) as (room, listen):
            deaf, awake = Client(), Client()
            tasks = [asyncio.ensure_future(listen(each)) for each in (deaf, awake)]
            await until(lambda: len(room.listeners) == 2)
            deaf.reads.clear()
            for number in range(1, MOST_WAITING + 3):
                room.tell([event(number)])
                await asyncio.sleep(0)
            await until(tasks[0].done)
            await until(lambda: b"id: %d\n" % (MOST_WAITING + 2) in awake.received)
            assert len(room.listeners) == 1
            awake.gone.set()
            await until(tasks[1].done)
            assert not room.listeners

    asyncio.run(scene())


def test_who_reads_nothing_for_long_is_sent_away_though_little_happens(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.05)

    async def scene() -> None:
        with stage(db) as (room, listen):
            deaf = Client()
            task = asyncio.ensure_future(listen(deaf))
            await until(lambda: room.listeners)
            deaf.reads.clear()
            room.tell([event(1)])
            await until(task.done)

    asyncio.run(scene())


def test_a_quiet_stream_gives_signs_of_life_that_carry_its_place(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.02)

    async def scene() -> None:
        with stage(db) as (room, listen):
            client = Client()
            task = asyncio.ensure_future(listen(client))
            await until(lambda: b"\n:\n\n" in client.received)
            room.position = 7  # events were told that this listener does not want
            await until(lambda: b":\nid: 7\n\n" in client.received)
            room.close()
            await until(task.done)

    asyncio.run(scene())


def test_a_connection_is_cut_off_with_all_that_it_was_still_to_be_sent() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as deaf,
        socket.create_connection(server.getsockname()) as other,
    ):
        ends = {each.getpeername(): each for each in (server.accept()[0], server.accept()[0])}
        end, bystander = ends[deaf.getsockname()], ends[other.getsockname()]
        end.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                end.send(b"x" * 65_536)
        before = len(list(Path("/dev/fd").iterdir()))
        cut_off(Request("GET", b"", [], *deaf.getsockname()))
        assert len(list(Path("/dev/fd").iterdir())) == before
        end.close()
        with pytest.raises(ConnectionResetError):
            while deaf.recv(65_536):
                pass
        bystander.sendall(b"still here")
        assert other.recv(100) == b"still here"
        bystander.close()


@pytest.mark.parametrize(
    ("client", "passed", "proxies", "counted"),
    [
        ("198.51.100.1", [], 0, "198.51.100.1"),
        ("198.51.100.1", ["203.0.113.9"], 0, "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1"], 1, "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1, 10.0.0.2"], 2, "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1"], 2, "10.0.0.1"),
        ("10.0.0.1", ["unknown"], 1, "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", [], 0, "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", [], 0, "198.51.100.1"),
        ("", [], 0, ""),
        ("127.0.0.1", [], 0, ""),
        ("::1", [], 0, ""),
        ("127.0.0.1", ["198.51.100.1"], 1, "198.51.100.1"),
    ],
)
def test_one_client_is_one_address_or_one_household(client: str, passed: list[str], proxies: int, counted: str) -> None:
    request = Request("GET", b"", [(b"x-forwarded-for", each.encode()) for each in passed], client)
    assert client_address(request, proxies) == counted


def test_the_header_counts_more_than_the_address() -> None:
    assert read_wish(b"last_event_id=3", ["5"]).last_id == 5
    assert read_wish(b"last_event_id=3", []).last_id == 3
    assert read_wish(b"last_event_id=3", [""]).last_id is None
    assert read_wish(b"tag=budget", []) == live.Wish(BUDGET, None)
