"""How a web process learns what has moved, and what it does while it cannot know; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import redis
from sqlalchemy import update
from sqlalchemy.orm import Session

from services.feed import follower as follower_module
from services.feed.follower import Follower
from shared import announcements
from shared.announcements import Announcer
from shared.db import Database
from shared.models import Feed, Ticker
from tests.factories import NOW
from tests.paper import NOWHERE
from tests.system import wait_for
from tests.valkey import socket_folder, valkey_in


class Ears:
    """What a follower tells."""

    def __init__(self) -> None:
        self.heard: list[set[str]] = []
        self.losses = 0
        self.absences = 0
        self.proofs = 0

    def moved(self, slices: Iterable[str]) -> None:
        self.heard.append(set(slices))

    def lost(self) -> None:
        self.losses += 1

    def away(self) -> None:
        self.absences += 1

    def proven(self, at: float) -> None:
        self.proofs += 1


def follower(db: Database, ears: Ears, url: str = NOWHERE) -> Follower:
    return Follower(db, redis.Redis.from_url(url, retry=None, socket_timeout=2), "test", ears)


def move(db: Database, *slices: str) -> None:
    """One commit of the feed worker."""
    with db.write() as session:
        take = update(Ticker).where(Ticker.name == "feed").values(value=Ticker.value + 1).returning(Ticker.value)
        number = session.scalars(take).one()
        for name in slices:
            session.merge(Feed(slice=name, label="", revision=number, changed_at=NOW, second_shared=False, seq=number))


def test_at_first_nothing_is_known(db: Database) -> None:
    move(db, "all")
    ears = Ears()
    follower(db, ears).look()
    assert (ears.losses, ears.heard) == (1, [])


def test_each_look_reports_what_moved_since_the_last(db: Database) -> None:
    ears = Ears()
    watch = follower(db, ears)
    watch.look()
    move(db, "all", "tag:a")
    move(db, "all", "tag:b")
    watch.look()
    watch.look()
    move(db, "tag:a")
    watch.look()
    assert ears.heard == [{"all", "tag:a", "tag:b"}, {"tag:a"}]
    assert ears.losses == 1


def test_a_record_from_a_backup_is_read_anew(db: Database) -> None:
    ears = Ears()
    watch = follower(db, ears)
    move(db, "all")
    watch.look()
    with db.write() as session:
        session.execute(update(Ticker).values(value=0))
    watch.look()
    assert ears.losses == 2


class Failing:
    """A record that fails as nobody expects, until it is mended."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.failing = threading.Event()

    @contextmanager
    def read(self) -> Iterator[Session]:
        if self.failing.is_set():
            raise RuntimeError("something nobody thought of")
        with self._db.read() as session:
            yield session


class Hanging:
    """A record that takes a question and gives no answer, until it is told to."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.asked, self.answering = threading.Event(), threading.Event()

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.asked.set()
        self.answering.wait(10)
        with self._db.read() as session:
            yield session


def test_while_the_record_cannot_be_read_it_is_away_and_the_watch_goes_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "LOOK_EVERY", 0.01)
    ears, record = Ears(), Failing(db)
    watch = follower(record, ears).start()  # type: ignore[arg-type]
    try:
        wait_for(lambda: ears.proofs)
        record.failing.set()
        wait_for(lambda: ears.absences > 2)
        record.failing.clear()

        def noticed() -> bool:  # the first look after the mending only learns where the record stands
            move(db, "all")
            return {"all"} in ears.heard

        wait_for(noticed)
    finally:
        watch.stop()


def test_who_asks_hears_of_every_commit_made_before(db: Database) -> None:
    """However many ask at once: they share looks, but none that had begun before they asked."""
    ears = Ears()
    watch = follower(db, ears)
    watch.look()

    def commit_and_ask(number: int) -> bool:
        move(db, f"tag:{number}")
        return watch.look() and any(f"tag:{number}" in each for each in ears.heard)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(commit_and_ask, range(40)))


def test_a_look_that_hangs_holds_up_nobody_for_long(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower_module, "PATIENCE", 0.05)
    ears, record = Ears(), Hanging(db)
    watch = follower(record, ears)  # type: ignore[arg-type]
    stuck = threading.Thread(target=watch.look)
    stuck.start()
    record.asked.wait(10)
    assert not watch.look()
    assert ears.absences == 1
    record.answering.set()
    stuck.join()
    assert watch.look()


def test_an_announcement_is_heard_at_once(db: Database, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcements, "LOOK_EVERY", 30.0)
    ears = Ears()
    watch = follower(db, ears, valkey_url).start()
    with redis.Redis.from_url(valkey_url, retry=None) as client:
        try:
            wait_for(lambda: client.pubsub_numsub(announcements.channel("test"))[0][1])
            move(db, "all")
            Announcer(client, "test").announce()
            wait_for(lambda: ears.heard, seconds=10)
        finally:
            watch._stopped.set()
            Announcer(client, "test").announce()
            watch.stop()


def test_announcements_are_heard_again_once_redis_is_back(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcements, "LOOK_EVERY", 0.05)
    channel = announcements.channel("test")
    with socket_folder() as folder:
        address = f"unix://{folder}/valkey.sock"
        watch = follower(db, Ears(), address).start()
        try:
            for _ in range(2):
                with valkey_in(folder), redis.Redis.from_url(address, retry=None) as client:
                    wait_for(
                        lambda client=client: client.pubsub_numsub(channel)[0][1], seconds=10, what="a subscription"
                    )
                (folder / "valkey.sock").unlink(missing_ok=True)
        finally:
            watch.stop()


def test_an_announcement_to_a_redis_that_is_away_disturbs_nobody() -> None:
    Announcer(redis.Redis.from_url(NOWHERE, retry=None), "test").announce()
