"""Many posts on many accounts of a whole installation, networks that lose answers, workers that are killed: and whether
every article is there once."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psutil
from sqlalchemy import func, select

from services.social.networks import NETWORKS
from services.social.settings import SocialSettings
from shared.db import Database
from shared.models import SocialAccount, SocialPost, StaffNotice
from tests.networks.server import Fault, NetworkServer
from tests.networks.suite import SERVERS
from tests.social import enrol
from tests.system import Installation

# What ends at once; a server that hangs would make the run long without making it harder.
QUICK = (Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.HTML, Fault.BROKEN_JSON)
_TOLD = re.compile(r"Bulletin (\d+) ")


@dataclass(frozen=True)
class Verdict:
    """Of so many posts: made twice; neither there nor accounted for; of unknown outcome, and told to a person."""

    sends: int
    doubled: list[str]
    lost: list[str]
    reported: int

    def __str__(self) -> str:
        return (
            f"{self.sends:,} posts: {len(self.doubled)} doubled, {len(self.lost)} lost, "
            f"{self.reported} of unknown outcome on networks that cannot be asked, each reported"
        )


@dataclass
class Networks:
    """Stand-ins of every network, one for each account; a part of what is posted meets with an accident."""

    servers: list[NetworkServer]
    accidents: float = 0.0
    dice: random.Random = field(default_factory=random.Random)

    @property
    def allowed(self) -> str:
        return ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def chance(self) -> Fault | None:
        if self.dice.random() >= self.accidents:
            return None
        return self.dice.choice((*QUICK, Fault.LIMITED))


@contextmanager
def networks(each: int, *, accidents: float = 0.0, seed: int = 1) -> Iterator[Networks]:
    """So many of each."""
    made = Networks([server() for server in SERVERS.values() for _ in range(each)], accidents, random.Random(seed))
    for server in made.servers:
        server.chance = made.chance  # type: ignore[method-assign]
        server.limit_headers = {"Retry-After": "1"}
    try:
        yield made
    finally:
        for server in made.servers:
            server.close()


def enrol_all(installation: Installation, db: Database, servers: Sequence[NetworkServer], each: int = 1) -> list[str]:
    """So many accounts on each server; gives their names."""
    settings = SocialSettings(var=installation.var, database_url=installation.environment["MASTHEAD_DATABASE_URL"])
    since = datetime.now(UTC) - timedelta(minutes=1)
    names: list[str] = []
    count: Counter[str] = Counter()
    for server in servers:
        network = server.network.name
        for _ in range(each):
            names.append(f"{network}-{count[network]}")
            count[network] += 1
            enrol(db, settings, server, names[-1], since=since)
    return names


class Killer:
    """Kills the social worker, or one of its children, at random until it is told to stop."""

    def __init__(self, installation: Installation, dice: random.Random, every: tuple[float, float]) -> None:
        self._installation = installation
        self._dice = dice
        self._every = every
        self._enough = threading.Event()
        self.kills = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._enough.wait(self._dice.uniform(*self._every)):
            try:
                worker = psutil.Process(self._installation.pids()["social-worker"])
                self._dice.choice([worker, *worker.children()]).kill()
                self.kills += 1
            except (psutil.NoSuchProcess, KeyError):
                continue  # it is being started anew


def open_posts(db: Database) -> int:
    """Posts about which something is still to be done."""
    with db.read() as session:
        return session.scalar(select(func.count()).where(SocialPost.due_at.is_not(None))) or 0


def planned(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(SocialPost)) or 0


def judge(db: Database, world: Networks, names: Sequence[str], articles: int) -> Verdict:
    """Compares what the networks have with what the record says of every article and account."""
    told = {
        name: Counter(found[1] for text in server.texts() if (found := _TOLD.search(text)))
        for name, server in zip(names, world.servers, strict=True)
    }
    with db.read() as session:
        query = select(SocialAccount.name, SocialPost.state, SocialPost.draft).join(SocialPost)
        states = {
            (name, found[1]): state
            for name, state, draft in session.execute(query)
            if draft and (found := _TOLD.search(draft["texts"][0]))
        }
        notices = len(session.scalars(select(StaffNotice).where(StaffNotice.key.startswith("unconfirmed:"))).all())
    doubled, lost, unknown = [], [], 0
    for name in names:
        network = NETWORKS[name.rpartition("-")[0]]
        can_tell = network.can.find or bool(network.can.repeats)
        for number in map(str, range(1, articles + 1)):
            if told[name][number] > 1:
                doubled.append(f"{name}: {number}")
            state = states.get((name, number), "no post")
            if state == "unconfirmed" and not can_tell:
                unknown += 1
            elif state != "sent" or not told[name][number]:
                lost.append(f"{name}: {number} is {state}")
    if notices < unknown:
        lost.append(f"{unknown - notices} unknown outcomes were not reported")
    return Verdict(len(names) * articles, doubled, lost, unknown)
