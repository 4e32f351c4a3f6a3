"""Signs of life. Workers leave theirs in the record, webs answer /readyz; containers ask for both with

    python -m shared.health web ingest       ready to answer
    python -m shared.health worker count     some worker of that kind did what relay asked of it a moment ago

which ends with 0, or with 1 and a line that says what is wrong.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared import offers
from shared.db import Database, db_now, insert_into
from shared.errors import MastheadError
from shared.http import Door
from shared.models import Heartbeat
from shared.settings import Settings, reachable

# Seconds after which a sign of life is too old: relay asks for one every two seconds, a busy worker answers later.
OLD = 15.0
DEADLINE = 3.0
# Seconds without a sign of life, while work is on offer, after which a worker is to be started anew: more than a task
# may take (shared.worker), and few enough that everything is steady again within half a minute.
SILENCE = 20.0
# Seconds between two looks of a watchdog.
WATCH_EVERY = 5.0
# Seconds in which one sign of life is enough.
SIGN_EVERY = 1.0

log = logging.getLogger(__name__)


def beat(db: Database, service: str) -> None:
    """Writes the sign of life of a service."""
    with db.write() as session:
        sign = insert_into(session, Heartbeat).values(service=service, seen_at=db_now())
        session.execute(sign.on_conflict_do_update(index_elements=[Heartbeat.service], set_={"seen_at": db_now()}))


class SignOfLife:
    """A worker's own sign: each message it has dealt with is one, written at most every SIGN_EVERY seconds.

    The pulse alone would not do: behind a queue of long work it comes too late, and a busy worker would be ended.
    """

    def __init__(self, db: Database, service: str) -> None:
        self._db = db
        self._service = service
        self._next = 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            beat(self._db, self._service)
            self._next = time.monotonic() + SIGN_EVERY


def silence(session: Session, service: str) -> float | None:
    """Seconds since the last sign of life of a service; None when there never was one."""
    return session.scalar(select(db_now() - Heartbeat.seen_at).where(Heartbeat.service == service))


def has_stopped_consuming(db: Database, service: str) -> bool:
    """Whether a worker takes no messages although there are some: silent for SILENCE while work is on offer.

    Celery's own `inspect ping` can answer while consumption is dead (celery#8990), so only work done counts.
    """
    try:
        with db.read() as session:
            seconds = silence(session, service)
            return (seconds is None or seconds >= SILENCE) and offers.on_offer(session, service)
    except SQLAlchemyError as error:
        log.warning("the watchdog could not read the record: %s", error)
        return False


def ask_worker(settings: Settings, service: str) -> str:
    """What is wrong with the workers of a service; empty when nothing is."""
    db = Database(settings.sql_url, pool_size=1)
    try:
        with db.read() as session:
            seconds = silence(session, service)
    except SQLAlchemyError as error:
        return f"the record does not answer: {str(error).splitlines()[0]}"
    finally:
        db.close()
    if seconds is None:
        return f"{service} gave no sign of life yet"
    return f"{service} is silent for {seconds:.0f} s" if seconds > OLD else ""


def ask_web(host: str, port: int) -> str:
    """What is wrong with the web server that listens there; empty when nothing is."""
    name = reachable(host)
    door = Door(allow={(name.strip("[]"), port)})
    answer = door.get(f"http://{name}:{port}/readyz", max_bytes=10_000, deadline=DEADLINE)
    return "" if answer.status == 200 else answer.body.decode(errors="replace")


def main(arguments: Sequence[str]) -> int | str:
    """The exit code, or the line that says what is wrong."""
    try:
        settings = Settings()
        match list(arguments):
            case ["web", "feed"]:
                return ask_web(settings.feed_host, settings.feed_port) or 0
            case ["web", "ingest"]:
                return ask_web(settings.ingest_host, settings.ingest_port) or 0
            case ["web", "push"]:
                return ask_web(settings.push_host, settings.push_port) or 0
            case ["worker", service]:
                return ask_worker(settings, service) or 0
            case _:
                return "usage: python -m shared.health web feed|ingest|push, or: worker <service>"
    except MastheadError as error:
        return str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
