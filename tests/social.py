"""Social posting as the newsroom meets it: the real worker's handlers on a real record, the real feed service before
them, and behind them servers that keep to their networks' contracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import or_, select, update

from services.social import enrolling, turns
from services.social.accounts import lock, prepare_keys
from services.social.choice import read_choice
from services.social.network import Checked
from services.social.post import WAITING
from services.social.settings import SocialSettings
from services.social.worker import make_duties
from shared.db import Database, db_now
from shared.listeners import SOCIAL_POST
from shared.models import Event, OutboxRow, SocialAccount, SocialPost, StaffNotice
from shared.worker import Duties
from tests.factories import NOW
from tests.hub import Served
from tests.networks.server import NetworkServer
from tests.newsroom import ZONE, work
from tests.paper import Paper
from tests.system import free_port, wait_for

T = TypeVar("T")


class SocialDesk:
    """Accounts with their networks. Work is done when a test lets it be done."""

    def __init__(self, paper: Paper, feed: Served, settings: SocialSettings) -> None:
        self.paper = paper
        self.feed = feed
        self.db: Database = paper.db
        self.settings = settings
        self.duties: Duties = make_duties(settings)

    def add(self, server: NetworkServer, name: str = "", **rules: Any) -> SocialAccount:
        """An account on this server: `enrol`."""
        return enrol(self.db, self.settings, server, name, since=NOW - timedelta(days=1), **rules)

    def publish(self, **fields: Any) -> int:
        """An article appears on pages and in feeds; posts are planned as soon as work is done."""
        fields = {"published_at": self.paper.clock.now(), **fields}
        return self.paper.newsroom.publish(**fields)

    def succeed(self) -> None:
        """Another worker takes the place of this one, which is not asked to end anything."""
        self.duties = make_duties(self.settings)

    def work(self) -> None:
        work(self.db, {**self.paper.handlers, **self.duties.handlers})

    def until(self, condition: Callable[[], T], *, seconds: float = 20.0) -> T:
        """Lets work be done until the condition holds."""

        def worked() -> T:
            self.work()
            return condition()

        return wait_for(worked, seconds=seconds)

    def posts(self, **having: Any) -> list[SocialPost]:
        with self.db.read() as session:
            query = select(SocialPost).order_by(SocialPost.id)
            for name, value in having.items():
                query = query.where(getattr(SocialPost, name) == value)
            found = list(session.scalars(query))
            session.expunge_all()
            return found

    def until_states(self, *states: str, seconds: float = 20.0) -> list[SocialPost]:
        """The posts, once they are in these states, in the order in which they were planned."""

        def reached() -> list[SocialPost]:
            found = self.posts()
            return found if [post.state for post in found] == list(states) else []

        return self.until(reached, seconds=seconds)

    def account(self, name: str) -> SocialAccount:
        with self.db.read() as session:
            row = session.scalars(select(SocialAccount).where(SocialAccount.name == name)).one()
            session.expunge_all()
            return row

    def change_account(self, name: str, **values: Any) -> None:
        """Lets the record say something else, as if somebody had acted; the account gets its turn."""
        with self.db.write() as session:
            session.execute(update(SocialAccount).where(SocialAccount.name == name).values(**values))
            self._give_turns(session)

    def let_pass(self, minutes: float) -> None:
        """Lets so many minutes pass: everything in the record lies so much further back."""
        seconds = minutes * 60
        posts = ("due_at", "not_after", "armed_at", "first_armed_at", "sent_at", "measure_at", "planned_at")
        with self.db.write() as session:
            session.execute(update(SocialPost).values({name: getattr(SocialPost, name) - seconds for name in posts}))
            times = ("check_at", "paused_until", "turn_at")
            session.execute(
                update(SocialAccount).values({each: getattr(SocialAccount, each) - seconds for each in times})
            )
            waiting = (OutboxRow.listener == SOCIAL_POST.name, OutboxRow.state == "waiting")
            session.execute(update(OutboxRow).where(*waiting).values(due_at=OutboxRow.due_at - seconds))

    def repeat(self, listener: str, about: int) -> None:
        """Lets the rows of an article or account come again, whatever became of them."""
        with self.db.write() as session:
            events = select(Event.id).where(or_(Event.article_seq == about, Event.target_id == about))
            rows = (OutboxRow.listener == listener, OutboxRow.event_id.in_(events))
            session.execute(update(OutboxRow).where(*rows).values(state="waiting", attempt=0, due_at=0.0))

    def now(self) -> float:
        """By the database's clock."""
        with self.db.read() as session:
            return session.scalars(select(db_now())).one()

    def rest(self) -> None:
        """Lets everything be done that is due by now."""
        self.until(self._is_at_rest)

    def _is_at_rest(self) -> bool:
        with self.db.read() as session:
            due = or_(OutboxRow.state != "waiting", OutboxRow.due_at <= db_now())
            mine = OutboxRow.listener.startswith("social.")
            return session.scalar(select(OutboxRow.id).where(mine, OutboxRow.due_at.is_not(None), due)) is None

    def waiting(self) -> int:
        return sum(post.state in WAITING for post in self.posts())

    def sent_within(self, minutes: float) -> int:
        """How many posts the network got in these minutes, those that went out together as one."""
        with self.db.read() as session:
            recent = (SocialPost.sent_at > db_now() - minutes * 60, SocialPost.digest_id.is_(None))
            return len(session.scalars(select(SocialPost.id).where(*recent)).all())

    def lease_over(self) -> None:
        """As if the worker that holds turns had been away for longer than it may."""
        with self.db.write() as session:
            mine = OutboxRow.listener == SOCIAL_POST.name, OutboxRow.state == "claimed"
            session.execute(update(OutboxRow).where(*mine).values(due_at=0.0))

    def notices(self) -> Sequence[StaffNotice]:
        with self.db.read() as session:
            found = list(session.scalars(select(StaffNotice).order_by(StaffNotice.id)))
            session.expunge_all()
            return found

    def _give_turns(self, session: Any) -> None:
        ids = session.scalars(select(SocialAccount.id)).all()
        now = session.scalars(select(db_now())).one()
        turns.give(session, lock(session, ids).values(), ZONE, now, NOW)


def enrol(
    db: Database,
    settings: SocialSettings,
    server: NetworkServer,
    name: str = "",
    *,
    since: datetime,
    choice: dict[str, Any] | None = None,
    **more: Any,
) -> SocialAccount:
    """An account on this server as `masthead accounts add` makes it, by default named like its network."""
    account = server.account(**more)
    application = enrolling.Application(
        name or server.network.name, account.network, account.server, account.settings, choice or {}, account.secrets
    )
    prepare_keys(db, settings)
    with db.write() as session:
        checked = Checked(identity=name or server.identity)
        vault = settings.make_vault()
        row = enrolling.store(session, application, read_choice(choice or {}), checked, vault, since)
        now = session.scalars(select(db_now())).one()
        turns.give(session, [row], ZONE, now, since)
    return row


Desk = TypeVar("Desk", bound=SocialDesk)


@contextmanager
def social_desk(
    paper: Paper,
    environment: pytest.MonkeyPatch,
    servers: Sequence[NetworkServer],
    kind: type[Desk] = SocialDesk,  # type: ignore[assignment]
    **more: str,
) -> Iterator[Desk]:
    """`more` settings as MASTHEAD_.... The publication is at home where its feed is served: its pictures are there."""
    port = free_port()
    environment.setenv("MASTHEAD_BASE_URL", f"http://127.0.0.1:{port}")
    feed = Served(paper.replica(follows=True).app, port)
    try:
        allowed = ",".join(f"127.0.0.1:{server.port}" for server in servers)
        for name, value in {"SOCIAL_FEED_URL": feed.url, "SOCIAL_ALLOW": allowed, **more}.items():
            environment.setenv(f"MASTHEAD_{name}", value)
        desk = kind(paper, feed, SocialSettings())
        try:
            yield desk
        finally:
            desk.duties.stop()
            desk.duties.db.close()
    finally:
        feed.stop()
