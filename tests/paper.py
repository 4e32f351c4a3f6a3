"""The newspaper as its readers meet it: the real feed application on a real record and a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from services.count.tasks import CountTasks
from services.feed.app import create_app
from services.feed.follower import Follower
from services.feed.polls import Polls
from services.feed.stand import Newsstand
from services.feed.tasks import FeedTasks
from shared import announcements, logs
from shared.announcements import Announcer
from shared.audience import Audience
from shared.counters import Counters
from shared.db import Database
from shared.installation import installation_id
from shared.listeners import (
    COUNT_ARTICLE,
    COUNT_WITHDRAWAL,
    FEED_LINK_POSTS,
    FEED_PUBLISH,
    FEED_REMOVE_NOTICE,
    FEED_WITHDRAW,
)
from shared.models import Article, Enrichment, Feed
from shared.urls import article_path
from tests.factories import NOW
from tests.fakes import FakeClock
from tests.newsroom import ZONE, Handlers, Newsroom, work

BASE = "https://courier.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
NOWHERE = "unix:///nowhere/valkey.sock"


class Replica:
    """One web process. It learns what has moved when it is told to look, unless it follows by itself."""

    def __init__(self, app: Flask, *, follows: bool = False) -> None:
        self.app = app
        self.stand: Newsstand = app.extensions["newsstand"]
        self.follower: Follower = app.extensions["follower"]
        self.polls: Polls = app.extensions["polls"]
        if not follows:
            self.follower.stop()

    def get(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        """Headers are named as in Python: accept_encoding, if_none_match."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.test_client().open(path, method=method, headers=sent, buffered=True, base_url=BASE)

    def head(self, path: str, **headers: str) -> TestResponse:
        return self.get(path, "HEAD", **headers)

    def stop(self) -> None:
        self.follower.stop()
        if self.stand.edge is not None:
            self.stand.edge.stop()
        self.polls.stop()
        self.stand.db.close()


class Paper:
    """A newsroom, its workers, and any number of web processes."""

    def __init__(self, db: Database, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
        self.db = db
        self.redis = client
        self.newsroom = Newsroom(db)
        self.clock = FakeClock(NOW)
        self.installation = installation_id(db)
        self.counters = Counters(client, db, self.installation)
        self.audience = Audience(client, self.installation, ZONE)
        self._environment = monkeypatch
        self._replicas: list[Replica] = []
        feeds = FeedTasks(db, Announcer(client, self.installation).announce, self.clock)
        counts = CountTasks(db, self.counters, self.clock)
        self.handlers: Handlers = {
            COUNT_ARTICLE.name: counts.recount,
            COUNT_WITHDRAWAL.name: counts.recount,
            FEED_PUBLISH.name: feeds.place,
            FEED_WITHDRAW.name: feeds.place,
            FEED_REMOVE_NOTICE.name: feeds.remove_notice,
            FEED_LINK_POSTS.name: feeds.link_posts,
        }

    def replica(self, *, follows: bool = False, **environment: str) -> Replica:
        """One more web process; `environment` as MASTHEAD_..., for this one only."""
        with self._environment.context() as changed:
            for name, value in environment.items():
                changed.setenv(name, value)
            made = Replica(create_app(), follows=follows)
        made.follower.look()
        self._replicas.append(made)
        return made

    def work(self) -> None:
        """Some time later, workers have done everything that is due and every web process has noticed."""
        self.clock.move(minutes=1)
        work(self.db, self.handlers)
        for each in self._replicas:
            each.follower.look()

    def publish(self, **fields: object) -> int:
        seq = self.newsroom.publish(**fields)  # type: ignore[arg-type]
        self.work()
        return seq

    def is_enriched(self, seq: int) -> bool:
        with self.db.read() as session:
            return session.get(Enrichment, seq) is not None

    def path(self, seq: int) -> str:
        with self.db.read() as session:
            found = session.get_one(Enrichment, seq)
            return article_path(found.day, found.slug, found.key)

    def article_id(self, seq: int) -> str:
        with self.db.read() as session:
            return session.get_one(Article, seq).id

    def slices(self) -> list[str]:
        with self.db.read() as session:
            return list(session.scalars(select(Feed.slice).order_by(Feed.slice)))

    def close(self) -> None:
        for each in self._replicas:
            each.stop()


@contextmanager
def paper(
    db: Database, database_url: str, valkey_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Paper]:
    settings = {"DATABASE_URL": database_url, "REDIS_URL": valkey_url, "VAR": str(folder), "BASE_URL": BASE}
    for name, value in {**settings, "CLOCK": NOW.isoformat()}.items():
        monkeypatch.setenv(f"MASTHEAD_{name}", value)
    monkeypatch.setattr(announcements, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # pytest shows what is logged
    with redis.Redis.from_url(valkey_url, retry=None) as client:
        client.flushall()
        made = Paper(db, client, monkeypatch)
        try:
            yield made
        finally:
            made.close()
