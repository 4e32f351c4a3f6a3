"""The live stream over real HTTP: what is told, to whom, from where on, and that nothing is lost or told twice."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import requests
from sqlalchemy import select, text, update

from services.feed.tasks import FeedTasks
from shared.announcements import Announcer
from shared.db import Database
from shared.installation import installation_id
from shared.listeners import FEED_PUBLISH, FEED_WITHDRAW
from shared.models import Article, Event
from tests.databases import folder_in_memory, new_record, sqlite_record
from tests.factories import NOW
from tests.fakes import FakeClock
from tests.listeners import Crowd, Stream, Told
from tests.newsroom import Newsroom, work
from tests.paper import BASE, NOWHERE
from tests.web_process import web_process

SECRET = "Zanzibar"


class Station:
    """A newsroom whose events are told by a push service of its own."""

    def __init__(self, db: Database, url: str, client: redis.Redis) -> None:
        self.db = db
        self.url = url
        self.newsroom = Newsroom(db)
        self.clock = FakeClock(NOW)
        tasks = FeedTasks(db, Announcer(client, installation_id(db)).announce, self.clock)
        self._handlers = {FEED_PUBLISH.name: tasks.place, FEED_WITHDRAW.name: tasks.place}

    def work(self) -> None:
        work(self.db, self._handlers)

    def publish(self, count: int = 1, **fields: Any) -> list[int]:
        seqs = self.newsroom.publish_many([dict(fields) for _ in range(count)])
        self.work()
        return seqs

    def ids(self) -> list[str]:
        """Of all events that readers were told since the test began, in order."""
        return [str(each) for each in self._ids() if each > int(self.start)]

    def begin(self) -> Station:
        self.start = str(max(self._ids(), default=0))
        return self

    def _ids(self) -> list[int]:
        with self.db.read() as session:
            of_readers = select(Event.id).where(Event.name.in_(("ArticlePublished", "NoticePosted")))
            return list(session.scalars(of_readers.order_by(Event.id)))

    def stream(self, path: str = "/live", *, last_id: str = "") -> Stream:
        return Stream(self.url, path, last_id=last_id)

    def age(self, up_to: str, **duration: float) -> None:
        """Makes all events up to this one older."""
        with self.db.write() as session:
            old = update(Event).where(Event.id <= int(up_to))
            session.execute(old.values(at=NOW - timedelta(**duration)))


@contextmanager
def on_air(database_url: str, valkey_url: str, folder: Path) -> Iterator[Station]:
    db = Database(database_url)
    settings = {"BASE_URL": BASE, "CLOCK": NOW.isoformat(), "LIVE_LISTENERS_PER_ADDRESS": 300}
    with (
        web_process("push", database_url, valkey_url, folder, **settings) as url,
        redis.Redis.from_url(valkey_url, retry=None) as client,
    ):
        yield Station(db, url, client)
    db.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_station(request: pytest.FixtureRequest, valkey_url: str) -> Iterator[Station]:
    """One service for all tests on a kind of database: what was told before is none of their business."""
    with (
        folder_in_memory() as folder,
        on_air(new_record(request, request.param, folder), valkey_url, folder) as station,
    ):
        yield station


@pytest.fixture
def station(shared_station: Station) -> Station:
    return shared_station.begin()


@pytest.fixture(scope="module")
def quick_station(valkey_url: str) -> Iterator[Station]:
    """On SQLite only, for what takes long."""
    with folder_in_memory() as folder, on_air(sqlite_record(folder), valkey_url, folder) as station:
        yield station


def take(stream: Stream, count: int) -> list[Told]:
    return list(islice(stream.events(), count))


def test_the_life_of_an_article_is_told_as_cloudevents(station: Station) -> None:
    with station.stream().begun() as stream, station.stream("/live?tag=harbour&language=ar").begun() as chosen:
        (seq,) = station.publish(headline="المرفأ", language="ar", tags=["harbour"], section="Ports")
        told = take(stream, 1)  # before the edit: an event is told with the article as it is then
        station.newsroom.edit(seq, headline="المرفأ الجديد")
        station.work()
        told += take(stream, 1)
        station.publish(tags=["harbour"], language="en")
        station.newsroom.withdraw(seq, "It was wrong.")
        station.work()
        told += take(stream, 2)
        assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.answer.headers["Cache-Control"] == "no-store"
        assert stream.answer.headers["X-Accel-Buffering"] == "no"
        assert stream.answer.headers["Access-Control-Allow-Origin"] == "*"
        assert take(chosen, 3) == [told[0], told[1], told[3]]
    names = ["article.published", "article.updated", "article.published", "article.withdrawn"]
    assert [each.event for each in told] == names
    assert [each.id for each in told] == station.ids()
    first, second, _, last = (json.loads(each.data) for each in told)
    with station.db.read() as session:
        urn = f"urn:uuid:{session.get_one(Article, seq).id}"
    assert first["id"] == told[0].id
    assert (first["source"], first["subject"], first["specversion"]) == (BASE, urn, "1.0")
    assert first["data"]["headline"] == "المرفأ"
    assert first["data"]["direction"] == "rtl"
    assert first["data"]["section"] == {"slug": "ports", "label": "Ports"}
    assert first["data"]["publisher"] == {"slug": "test-agency", "label": "Test Agency"}
    assert second["data"]["headline"] == "المرفأ الجديد"
    assert last["data"].keys() == {"id", "url", "withdrawn_at", "reason"}


def test_who_comes_back_is_told_what_it_missed_and_then_what_happens(station: Station) -> None:
    with station.stream().begun() as stream:
        last_id = stream.last_id
    station.publish(250)
    with station.stream(last_id=last_id) as header, station.stream(f"/live?last_event_id={last_id}") as parameter:
        assert [each.id for each in take(header, 250)] == station.ids()
        assert [each.id for each in take(parameter, 250)] == station.ids()
        station.publish()
        assert [each.id for each in take(header, 1)] == [each.id for each in take(parameter, 1)] == station.ids()[-1:]


def test_a_replay_tells_no_words_that_were_withdrawn(station: Station) -> None:
    (seq,) = station.publish(headline=f"{SECRET} headline", summary=SECRET, tags=[f"{SECRET} news"])
    with station.stream().begun() as stream:
        station.newsroom.edit(seq, summary=f"{SECRET} again")
        station.newsroom.withdraw(seq)
        station.work()
        take(stream, 1)
    with (
        station.stream(last_id=station.start) as late,
        station.stream("/live?tag=zanzibar-news", last_id=station.start) as follower,
    ):
        told = take(late, 2)
        assert take(follower, 2) == told
    assert [each.event for each in told] == ["article.published", "article.withdrawn"]
    assert SECRET.lower() not in "".join(each.data for each in told).lower()
    assert [json.loads(each.data)["data"].keys() for each in told] == [{"id", "url", "withdrawn_at"}] * 2


def test_who_was_away_too_long_or_comes_from_the_future_is_told_so(station: Station) -> None:
    station.publish(5)
    ids = station.ids()
    station.age(ids[2], hours=49)
    with station.stream(last_id="0") as stream:
        reset, *told = take(stream, 3)
        assert (reset.event, reset.id) == ("reset", ids[2])
        assert [each.id for each in told] == ids[3:]
    with station.stream(last_id=ids[2]) as stream:
        assert [each.id for each in take(stream, 2)] == ids[3:]
    with station.stream(last_id="999999999999999999") as stream:
        (reset,) = take(stream, 1)
        assert (reset.event, reset.id) == ("reset", ids[4])
        station.publish()
        assert [each.id for each in take(stream, 1)] == station.ids()[-1:]


def test_what_cannot_be_understood_is_refused(station: Station) -> None:
    def refused(path: str, status: int = 400, method: str = "GET", **headers: str) -> dict[str, Any]:
        answer = requests.request(method, station.url + path, headers=headers, timeout=10)
        assert answer.status_code == status, (path, headers, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json; charset=utf-8"
        problem = dict(answer.json())
        assert problem["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
        return problem

    for value in ("x", "-1", "1.5", "1e3", "٣", "9" * 19, "1,2", "' OR 1=1", "0x10", "1 2"):
        found = refused("/live", **{"Last-Event-ID": value.encode().decode("latin-1")})
        assert found["errors"][0]["header"] == "Last-Event-ID"
        assert refused(f"/live?last_event_id={value}")["errors"][0]["parameter"] == "last_event_id"
    for query in ("colour=red", "tag=", "tag=a&tag=b", "tag=" + "x" * 300, "tag=%00", "day=2018-04-20", "format=rss"):
        assert refused(f"/live?{query}")["errors"][0]["parameter"] == query.partition("=")[0]
    refused("/live?" + "&".join(f"a{number}=1" for number in range(50)))
    refused("/live", 405, "POST")
    refused("/live/", 404)
    refused("/nothing", 404)
    refused("/hub", 413, "POST", **{"Content-Length": "70000"})
    assert requests.head(f"{station.url}/live", timeout=10).headers["Content-Type"].startswith("text/event-stream")
    assert requests.options(f"{station.url}/live", timeout=10).status_code == 204


def test_bytes_that_are_no_text_disturb_nobody(station: Station) -> None:
    for target in (b"/live?tag=\xff\xfe", b"/nothing?\xc3\xa9=\xff", b"/%ff%fe"):
        connection = http.client.HTTPConnection(urlsplit(station.url).netloc, timeout=10)
        connection.putrequest("GET", "/")
        connection._buffer[0] = b"GET " + target + b" HTTP/1.1"  # type: ignore[attr-defined]
        connection.endheaders()
        assert connection.getresponse().status in (200, 400, 404)
        connection.close()
    with station.stream().begun() as stream:
        station.publish()
        assert take(stream, 1)


def test_a_sender_that_is_slow_holds_no_thread(station: Station) -> None:
    slow = []
    for _ in range(30):
        connection = http.client.HTTPConnection(urlsplit(station.url).netloc, timeout=10)
        connection.putrequest("POST", "/hub")
        connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"hub.mode=")
        slow.append(connection)
    started = time.monotonic()
    assert requests.get(f"{station.url}/readyz", timeout=10).ok
    assert time.monotonic() - started < 5
    for connection in slow:
        connection.close()


def test_without_redis_events_are_told_too_and_a_stop_ends_streams_at_once(
    quick_station: Station, quick_folder: Path
) -> None:
    station = quick_station.begin()
    database_url = station.db.engine.url.render_as_string(hide_password=False)
    with web_process("push", database_url, NOWHERE, quick_folder) as url:
        stream = Stream(url).begun()
        station.publish()
        assert [each.id for each in take(stream, 1)] == station.ids()
        started = time.monotonic()
    assert list(stream.blocks()) == []
    assert time.monotonic() - started < 8


def test_places_are_limited_in_all_and_for_each_address(
    quick_station: Station, valkey_url: str, quick_folder: Path
) -> None:
    database_url = quick_station.db.engine.url.render_as_string(hide_password=False)
    settings = {"LIVE_LISTENERS": 3, "LIVE_LISTENERS_PER_ADDRESS": 2, "PUSH_PROXIES": 1}
    with web_process("push", database_url, valkey_url, quick_folder, **settings) as url:

        def knock(address: str) -> requests.Response:
            answer = requests.get(f"{url}/live", headers={"X-Forwarded-For": address}, stream=True, timeout=10)
            open_ones.append(answer)
            return answer

        open_ones: list[requests.Response] = []
        # What the client claims stands before what the proxy adds.
        assert [knock(f"198.51.100.{n}, 192.0.2.1").status_code for n in range(3)] == [200, 200, 429]
        assert open_ones[-1].headers["Retry-After"] == "30"
        assert [knock("2001:db8::1").status_code, knock("2001:db8::2").status_code] == [200, 503]
        for each in open_ones:
            each.close()
        assert requests.get(f"{url}/healthz", timeout=10).ok


def test_cut_fifty_times_in_a_thousand_events_everything_is_received_once(quick_station: Station) -> None:
    station = quick_station.begin()
    with station.stream().begun() as stream:
        last_id = stream.last_id
    writer = threading.Thread(target=lambda: [station.publish(20) for _ in range(50)])
    writer.start()
    chance = random.Random(20)
    received: list[str] = []
    cuts = 0
    while len(received) < 1000:
        with station.stream(last_id=last_id) as stream:
            wanted = chance.randint(1, 30) if cuts < 50 else 1000 - len(received)
            received += [each.id for each in take(stream, wanted)]
            last_id = stream.last_id
            # What has come beyond that, half an event perhaps, is lost with the connection.
        cuts += 1
    writer.join()
    assert cuts >= 50
    assert received == station.ids()


def test_two_hundred_listeners_all_hear_everything(quick_station: Station) -> None:
    station = quick_station.begin()
    parts = urlsplit(station.url)

    async def listen() -> Crowd:
        crowd = Crowd(str(parts.hostname), int(parts.port or 0))
        tasks = await crowd.gather(200)
        for _ in range(5):
            await asyncio.to_thread(station.publish, 2)
        async with asyncio.timeout(20):
            while sum(map(len, crowd.arrivals.values())) < 2000:
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return crowd

    crowd = asyncio.run(listen())
    assert {name: len(times) for name, times in crowd.arrivals.items()} == dict.fromkeys(station.ids(), 200)


def test_while_the_record_is_away_streams_stay_open_and_go_on_later(quick_station: Station) -> None:
    station = quick_station.begin()
    with station.stream().begun() as stream:
        with station.db.write() as session:
            session.execute(text("ALTER TABLE event RENAME TO event_elsewhere"))
        assert requests.get(f"{station.url}/healthz", timeout=10).ok
        with station.stream(last_id=station.start) as late:
            assert late.answer.status == 200
            with station.db.write() as session:
                session.execute(text("ALTER TABLE event_elsewhere RENAME TO event"))
            station.publish()
            assert [each.id for each in take(stream, 1)] == station.ids()
            assert [each.id for each in take(late, 1)] == station.ids()
