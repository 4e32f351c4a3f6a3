"""Whatever publishers do and whatever happens to processes, a client that polls has what a fresh one gets.

One client keeps tags, one only times, one asks for deltas and applies them; there are two replicas, which are
restarted, and Redis is emptied. At every look all clients hold exactly the items of a fresh one and both replicas give
the same bytes; at the end the archives hold what stands.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import feedparser
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import delete, update

from shared.db import Database
from shared.listeners import FEED_REMOVE_NOTICE
from shared.models import (
    Article,
    Counter,
    Enrichment,
    Event,
    Feed,
    FeedEntry,
    OutboxRow,
    Placement,
    Publisher,
    Tally,
    Ticker,
)
from shared.slices import ALL
from tests.newsroom import let_pass
from tests.paper import BASE, Paper, Replica
from tests.paper import paper as paper_in

TABLES = (OutboxRow, Event, Tally, Counter, Placement, FeedEntry, Feed, Enrichment, Article, Publisher)
TAGS = ("harbour", "storm")
FEEDS = ("/feed.json", "/tags/harbour/feed.json", "/feeds?tag=harbour&language=en&format=json")
# Fewer items than articles, so that some fall out of the window.
WINDOW = {"MASTHEAD_FEED_ITEMS": "4", "MASTHEAD_FEED_MOST_ITEMS": "4"}

Items = dict[str, object]
tags = st.lists(st.sampled_from(TAGS), unique=True)


def items_of(body: bytes) -> Items:
    return {item["id"]: item for item in json.loads(body)["items"]}


class Client:
    """A reader of one feed. It keeps what it is given, and asks with what it knows."""

    def __init__(self, path: str, ask: str) -> None:
        self.path, self.ask = path, ask
        self.items: Items = {}
        self.known: dict[str, str] = {}

    def poll(self, replica: Replica) -> None:
        answer = replica.get(self.path, **self.known)
        if answer.status_code == 404:  # the feed is not there yet
            return
        if answer.status_code == 304:
            assert answer.data == b""
            return
        if answer.status_code == 226:
            self.items |= items_of(answer.data)
        else:
            assert answer.status_code == 200
            self.items = items_of(answer.data)
        self.known = {
            "tag": {"if_none_match": answer.headers["ETag"]},
            "time": {"if_modified_since": answer.headers["Last-Modified"]},
            "delta": {"if_none_match": answer.headers["ETag"], "a_im": "feed"},
        }[self.ask]

    def holds(self, fresh: Items) -> bool:
        """A delta takes nothing back, so its reader also keeps what has only grown too old for the window."""
        if self.ask == "delta":
            return fresh.items() <= self.items.items()
        return self.items == fresh


class Polling(RuleBasedStateMachine):
    paper: Paper

    @initialize()
    def begin(self) -> None:
        with self.paper.db.write() as session:
            for table in TABLES:
                session.execute(delete(table))
            session.execute(update(Ticker).values(value=Ticker.value + 1))
        self.paper.redis.flushall()
        self.paper.close()
        self.paper._replicas = []
        self.standing: list[int] = []
        self.replicas = [self.paper.replica(**WINDOW) for _ in range(2)]
        self.clients = [Client(path, ask) for path in FEEDS for ask in ("tag", "time", "delta")]

    @rule(tags=tags, choice=st.randoms(use_true_random=False))
    def publish(self, tags: list[str], choice: random.Random) -> None:
        self.standing.append(self.paper.newsroom.publish(tags=tags))
        self.work(choice)

    @rule(tags=tags, choice=st.randoms(use_true_random=False))
    def edit(self, tags: list[str], choice: random.Random) -> None:
        if self.standing:
            self.paper.newsroom.edit(choice.choice(self.standing), tags=tags, headline=f"Edit {choice.random()}")
            self.work(choice)

    @rule(choice=st.randoms(use_true_random=False))
    def withdraw(self, choice: random.Random) -> None:
        if self.standing:
            seq = self.standing.pop(choice.randrange(len(self.standing)))
            self.paper.newsroom.withdraw(seq)
            self.work(choice)

    @rule(choice=st.randoms(use_true_random=False))
    def take_notices_down(self, choice: random.Random) -> None:
        let_pass(self.paper.db, FEED_REMOVE_NOTICE.name)
        self.work(choice)

    @rule()
    def flush(self) -> None:
        self.paper.redis.flushall()

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        old = self.replicas[which]
        self.replicas[which] = self.paper.replica(**WINDOW)
        self.paper._replicas.remove(old)
        old.stop()

    @rule(which=st.integers(0, 1), choice=st.randoms(use_true_random=False))
    def poll(self, which: int, choice: random.Random) -> None:
        for client in choice.sample(self.clients, 3):
            client.poll(self.replicas[which])

    @rule()
    def compare(self) -> None:
        for path in FEEDS:
            answers = [each.get(path) for each in self.replicas]
            assert len({each.status_code for each in answers}) == 1
            if answers[0].status_code == 404:  # nobody used the tag yet
                continue
            assert len({(each.data, each.headers["ETag"], each.headers["Last-Modified"]) for each in answers}) == 1
            fresh = items_of(answers[0].data)
            for client in (each for each in self.clients if each.path == path):
                for replica in self.replicas:
                    client.poll(replica)
                    assert client.holds(fresh), (client.ask, path)

    def teardown(self) -> None:
        if hasattr(self, "replicas"):
            self.compare()
            self.walk()

    def walk(self) -> None:
        """The archives, walked from the feed to the first day, hold exactly what stands."""
        replica = self.replicas[0]
        feed = replica.get("/feed.atom")
        seen, following = set(), archive_before(feed.data)
        seen |= {id for id, item in items_of(replica.get("/feed.json").data).items() if not withdrawn(item)}
        while following:
            path = following.removeprefix(BASE)
            answer = replica.get(path)
            if answer.status_code == 302:
                answer = replica.get(answer.headers["Location"].removeprefix(BASE))
            assert answer.status_code == 200
            seen |= atom_ids(answer.data)
            following = archive_before(answer.data)
        (total,) = self.paper.counters.read([ALL])
        assert len(seen) == total == len(self.standing)

    def work(self, choice: random.Random) -> None:
        """Usually time passes, sometimes two changes share a second; a replica may notice later than the other."""
        if choice.random() < 0.3:
            self.paper.clock.move(minutes=-1)
        self.paper.work()


def withdrawn(item: object) -> bool:
    assert isinstance(item, dict)
    return bool(item["_masthead"].get("withdrawn"))


def archive_before(atom: bytes) -> str:
    found = [each.href for each in feedparser.parse(atom).feed.links if each.rel == "prev-archive"]
    return found[0] if found else ""


def atom_ids(atom: bytes) -> set[str]:
    return {entry.id for entry in feedparser.parse(atom).entries}


@pytest.fixture
def machine(
    db: Database, database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Polling]]:
    with paper_in(db, database_url, valkey_url, tmp_path, monkeypatch) as made:
        yield type("PollingHere", (Polling,), {"paper": made})


def run(machine: Callable[[], Polling], examples: int, steps: int) -> None:
    bounded = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounded)


def test_every_client_has_what_a_fresh_one_gets(machine: Callable[[], Polling], db: Database) -> None:
    run(machine, 5 if db.is_sqlite else 3, 20)


@pytest.mark.thorough
def test_every_client_has_what_a_fresh_one_gets_thoroughly(machine: Callable[[], Polling]) -> None:
    run(machine, 60, 40)
