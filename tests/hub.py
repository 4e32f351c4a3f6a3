"""The hub as subscribers meet it: the real Flask application, worker and feed service on a real record and Valkey."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from sqlalchemy import or_, select, update
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from services.push.app import create_flask
from services.push.settings import PushSettings
from services.push.worker import make_duties
from shared.db import Database, db_now
from shared.listeners import BY_NAME, PUSH_DELIVER
from shared.models import OutboxRow, Subscription, Verification
from shared.worker import Duties
from tests.newsroom import let_pass, work
from tests.paper import BASE, Paper
from tests.subscribers import Received, Subscribers
from tests.system import free_port, wait_for

PUSH = "https://push.example"
T = TypeVar("T")


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        pass


class Served:
    """A WSGI application over real HTTP, on a port of this machine."""

    def __init__(self, app: Any, port: int = 0, certificate: tuple[str, str] | None = None) -> None:
        self._app = app
        self._certificate = certificate
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self._server = make_server(
            "127.0.0.1",
            self.port,
            self._app,
            threaded=True,
            request_handler=_Silent,
            ssl_context=self._certificate,
        )
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class HubOffice:
    """A hub with everything behind it. Work is done when a test lets it be done."""

    def __init__(
        self, paper: Paper, feed: Served, subscribers: Subscribers, duties: Duties, settings: PushSettings
    ) -> None:
        self.paper = paper
        self.feed = feed
        self.db: Database = paper.db
        self.subscribers = subscribers
        self.duties = duties
        self.app = create_flask(settings, paper.db)
        self._settings = settings

    def post(self, at: str = "/hub", /, *, client: str = "198.51.100.7", **form: Any) -> TestResponse:
        """Names of parameters as in Python: hub_mode."""
        data = {name.replace("hub_", "hub.", 1): value for name, value in form.items() if value is not None}
        return self.app.test_client().post(at, data=data, environ_base={"REMOTE_ADDR": client})

    def ask(self, mode: str = "subscribe", callback: str = "", topic: str = "/feed.rss", **form: Any) -> TestResponse:
        callback = callback or self.subscribers.url()
        return self.post(hub_mode=mode, hub_callback=callback, hub_topic=BASE + topic, **form)

    def subscribe(self, path: str = "/callback", topic: str = "/feed.rss", **form: Any) -> Subscription:
        """Asks, and waits until the callback has agreed."""
        host = form.pop("host", "127.0.0.1")
        url = self.subscribers.url(path, host)
        assert self.ask(callback=url, topic=topic, **form).status_code == 202
        self.until(lambda: self.verifications() == 0)
        (found,) = [each for each in self.subscriptions() if (each.callback, each.topic) == (url, topic)]
        return found

    def publish(self, **fields: Any) -> int:
        """An article appears in feeds, and deliveries of them begin."""
        seq = self.paper.newsroom.publish(**fields)
        self.paper.clock.move(minutes=1)
        self.work()
        return seq

    def succeed(self) -> None:
        """Another worker takes the place of this one, which is not asked to end anything."""
        self.duties = make_duties(self._settings)

    def work(self) -> None:
        """Does what is due, of the newspaper and of push at once: what is on offer to nobody is offered again late."""
        work(self.db, self.paper.handlers | dict(self.duties.handlers))

    def until(self, condition: Callable[[], T], *, seconds: float = 20.0) -> T:
        """Lets work be done until the condition holds."""

        def worked() -> T:
            self.work()
            return condition()

        return wait_for(worked, seconds=seconds)

    def told(self, count: int = 1, path: str = "/callback") -> list[Received]:
        """What a callback was sent, once it is so many."""

        def enough() -> list[Received]:
            found = self.subscribers.deliveries(path)
            return found if len(found) >= count else []

        return self.until(enough)

    def rest(self) -> None:
        """Lets everything be done that is due by now."""
        self.until(self._is_at_rest)

    def _is_at_rest(self) -> bool:
        with self.db.read() as session:
            due = or_(OutboxRow.state != "waiting", OutboxRow.due_at <= db_now())
            mine = OutboxRow.listener.in_([name for name in BY_NAME if name.startswith("push.")])
            return session.scalar(select(OutboxRow.id).where(mine, OutboxRow.due_at.is_not(None), due)) is None

    def now(self) -> float:
        """By the database's clock."""
        with self.db.read() as session:
            return session.scalars(select(db_now())).one()

    def put_off(self) -> bool:
        """Whether a delivery waits for its time."""
        with self.db.read() as session:
            waiting = OutboxRow.listener == PUSH_DELIVER.name, OutboxRow.state == "waiting"
            return session.scalar(select(OutboxRow.id).where(*waiting)) is not None

    def let_pass(self) -> None:
        """Lets the time pass until the next attempts are due."""
        let_pass(self.db, PUSH_DELIVER.name)

    def subscriptions(self) -> list[Subscription]:
        with self.db.read() as session:
            found = list(session.scalars(select(Subscription).order_by(Subscription.id)))
            session.expunge_all()
            return found

    def change(self, subscription: Subscription, **values: Any) -> None:
        """Lets the record say something else, as if time had passed."""
        with self.db.write() as session:
            session.execute(update(Subscription).where(Subscription.id == subscription.id).values(**values))

    def verifications(self) -> int:
        """Requests that wait for an answer."""
        with self.db.read() as session:
            return len(session.scalars(select(Verification.id).where(Verification.ended_at.is_(None))).all())


@contextmanager
def hub_office(
    paper: Paper, subscribers: Subscribers, environment: pytest.MonkeyPatch, **more: str
) -> Iterator[HubOffice]:
    """`more` settings as MASTHEAD_..., and private servers beside the subscribers' own to `PUSH_ALLOW`."""
    allowed = ",".join(filter(None, [f"127.0.0.1:{subscribers.port}", more.pop("PUSH_ALLOW", "")]))
    environment.setenv("MASTHEAD_PUSH_URL", more.pop("PUSH_URL", PUSH))
    feed = Served(paper.replica(follows=True).app)
    try:
        values = {"PUSH_FEED_URL": feed.url, "PUSH_ALLOW": allowed} | more
        for name, value in values.items():
            environment.setenv(f"MASTHEAD_{name}", value)
        settings = PushSettings()
        office = HubOffice(paper, feed, subscribers, make_duties(settings), settings)
        try:
            yield office
        finally:
            office.duties.stop()
            office.duties.db.close()
    finally:
        feed.stop()
