"""Whatever publishers do and whatever the broker and Redis do to them, counters say what a plain dict says."""

from __future__ import annotations

import random
from collections import Counter as Sum
from collections.abc import Callable, Iterator

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from services.count.tasks import CountTasks
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database
from shared.listeners import COUNT_ARTICLE, COUNT_WITHDRAWAL
from shared.models import Article, Counter, Enrichment, Event, OutboxRow, Publisher, Tally
from shared.slices import Slice
from tests.factories import NOW
from tests.newsroom import Newsroom, claim, work

TAGS = ("harbour", "storm", "bridge")
SECTIONS = ("World", "Economy", None)
NAMES = ["all", *(f"tag:{tag}" for tag in TAGS), "section:world", "section:economy"]
FOREVER = "unix:///nowhere/valkey.sock"

tags = st.lists(st.sampled_from(TAGS), unique=True)
sections = st.sampled_from(SECTIONS)


class Counting(RuleBasedStateMachine):
    """The model: articles with their slices, as sets in a dict."""

    db: Database
    client: redis.Redis

    @initialize()
    def empty(self) -> None:
        with self.db.write() as session:
            for table in (OutboxRow, Event, Tally, Counter, Enrichment, Article, Publisher):
                session.execute(delete(table))
        self.client.flushall()
        self.counters = Counters(self.client, self.db, "test")
        self.tasks = CountTasks(self.db, self.counters, Clock(NOW))
        self.away = CountTasks(
            self.db, Counters(redis.Redis.from_url(FOREVER, retry=None), self.db, "test"), Clock(NOW)
        )
        self.newsroom = Newsroom(self.db)
        self.articles: dict[int, set[str]] = {}
        self.backup: bytes | None = None

    @rule(tags=tags, section=sections)
    def publish(self, tags: list[str], section: str | None) -> None:
        seq = self.newsroom.publish(tags=tags, section=section)
        self.articles[seq] = slices(tags, section)

    @rule(choice=st.randoms(use_true_random=False), tags=tags, section=sections)
    def edit(self, choice: random.Random, tags: list[str], section: str | None) -> None:
        if standing := [seq for seq, found in self.articles.items() if found]:
            seq = choice.choice(standing)
            self.newsroom.edit(seq, tags=tags, section=section)
            self.articles[seq] = slices(tags, section)

    @rule(choice=st.randoms(use_true_random=False))
    def withdraw(self, choice: random.Random) -> None:
        if standing := [seq for seq, found in self.articles.items() if found]:
            seq = choice.choice(standing)
            self.newsroom.withdraw(seq)
            self.articles[seq] = set()

    @rule(choice=st.randoms(use_true_random=False), redis_away=st.booleans())
    def deliver_some_in_any_order_and_maybe_again(self, choice: random.Random, redis_away: bool) -> None:
        tasks = self.away if redis_away else self.tasks
        listener = choice.choice((COUNT_ARTICLE.name, COUNT_WITHDRAWAL.name))
        seqs = choice.sample(sorted(self.articles), min(len(self.articles), choice.randint(0, 4)))
        tasks.recount(claim(self.db, listener, *seqs))

    @rule()
    def flush(self) -> None:
        self.client.flushall()

    @rule()
    def back_up(self) -> None:
        self.backup = self.client.dump("masthead:test:counters")

    @rule()
    def restore(self) -> None:
        if self.backup is not None:
            self.client.restore("masthead:test:counters", 0, self.backup, replace=True)

    @rule()
    def pulse(self) -> None:
        self.counters.sync()

    @rule()
    def settle(self) -> None:
        """Everything is delivered: now the counters must say what the model says."""
        work(self.db, {COUNT_ARTICLE.name: self.tasks.recount, COUNT_WITHDRAWAL.name: self.tasks.recount})
        self.counters.sync()
        expected = Sum(name for found in self.articles.values() for name in found)
        assert self.read() == [expected[name] for name in NAMES]
        copy = self.counters.mirrored()
        assert copy is not None
        assert {name: copy.get(name, 0) for name in NAMES} == {name: expected[name] for name in NAMES}

    @invariant()
    def no_counter_is_below_zero(self) -> None:
        if hasattr(self, "articles"):
            assert min(self.read()) >= 0

    def teardown(self) -> None:
        if hasattr(self, "articles"):
            self.settle()

    def read(self) -> list[int]:
        return self.counters.read([Slice.parse(name) for name in NAMES])


def slices(tags: list[str], section: str | None) -> set[str]:
    return {"all", *(f"tag:{tag}" for tag in tags), *([f"section:{section.lower()}"] if section else [])}


@pytest.fixture
def machine(db: Database, valkey_url: str) -> Iterator[Callable[[], Counting]]:
    with redis.Redis.from_url(valkey_url, retry=None) as client:
        yield type("CountingHere", (Counting,), {"db": db, "client": client})


def test_counters_follow_the_model(machine: Callable[[], Counting], db: Database) -> None:
    bounded = settings(
        max_examples=60 if db.is_sqlite else 30,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=bounded)
