"""The calling engine: calls many servers at a time for rows of the outbox, and commits what came of it in groups.

How to use it, for deliveries of the hub and webhooks as for posts:

1. A handler claims rows as always, makes a `Job` for each and gives them to `Engine.take` with a `settle` function.
   `take` returns as soon as there is room for them: a server that does not answer never holds up the queue.
2. When a place is free, the engine calls `job.prepare()` in a thread: it gives the call to make, as late as possible,
   so that what is sent is the newest; or an Outcome when there is nothing to call. A job that needs more than a POST
   calls by itself in `prepare`, with a deadline of at most DEADLINE, and says so: `calls=True`.
3. When the call has ended, `settle(session, jobs)` writes its effect in the transaction that marks the row done. It
   gets jobs whose row is still held, each with its `outcome`; for another attempt it records another event with a
   delay. It may return what is to be done after the commit. A failed call is no error of the row: `outbox.fail` is for
   what broke here.

Fairness: one host has a few calls under way at most (`per_host`), and servers that failed lately (`job.troubled`) have
a few places of their own, so that they never take those of healthy ones. What finds no place in good time before its
lease ends is not tried: its outcome says `tried=False`, and `settle` schedules it anew.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy.orm import Session

from shared import crash, outbox
from shared.courier import Courier
from shared.db import Database
from shared.errors import OutboundError
from shared.http import Door
from shared.listeners import Listener

log = logging.getLogger(__name__)

# Calls under way at a time: to servers that are well, and to servers that failed lately.
PLACES = 400
TROUBLED_PLACES = 40
# Jobs that call by themselves, each in a thread.
CALLING = 32
# Jobs that may wait for a place: of troubled servers, and for each of the places that one host has; the others are put
# off.
TROUBLED_WAITING = 200
WAITING_PER_PLACE = 50
# Jobs held at a time, waiting or under way, and how long `take` waits for room, in seconds.
ROOM = 1000
PATIENCE = 5.0
# Seconds a call may take, and how long after it was taken a job may still begin: both end before the row's lease does.
DEADLINE = 10.0
LATEST_START = 15.0
# Outcomes that are committed together: as many as came while the last commit went on, and within this time.
GROUP = 250
GATHERING = 0.02
STOPPING = 5.0


@dataclass(frozen=True)
class Post:
    """A call to make."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What came of a job: an HTTP status, or 0 and the reason why there is none."""

    status: int = 0
    reason: str = ""
    retry_after: float | None = None  # seconds the server asked for
    tried: bool = True  # False: the server was not called, and has no part in it

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass
class Job:
    """One row's call. Subclasses keep what `settle` needs."""

    row: outbox.Row
    token: int
    host: str
    troubled: bool
    prepare: Callable[[], Post | Outcome]
    calls: bool = field(default=False, kw_only=True)
    outcome: Outcome = field(default=Outcome(), init=False)
    taken_at: float = field(default=0.0, init=False)


AfterCommit = Callable[[], None]
Settle = Callable[[Session, Sequence[Job]], AfterCommit | None]


@dataclass(frozen=True)
class _Work:
    listener: Listener
    settle: Settle
    job: Job


class Engine:
    """One per process. Start it where it is used: threads do not survive a fork."""

    def __init__(self, door: Door, db: Database, nudge: Callable[[], None], *, per_host: int) -> None:
        self._courier = Courier(door, most_lookups=PLACES)
        self._db = db
        self._nudge = nudge
        self._per_host = per_host
        self._open = 0
        self._room = threading.Condition()
        self._stopping = False
        self._waiting: Counter[str] = Counter()  # jobs by host, and those of troubled servers under ""
        self._ended: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads = {False: ThreadPoolExecutor(8, "prepare"), True: ThreadPoolExecutor(CALLING, "call")}
        self._loop = asyncio.new_event_loop()
        self._hosts: dict[str, asyncio.Semaphore] = {}
        self._places = {False: asyncio.Semaphore(PLACES), True: asyncio.Semaphore(TROUBLED_PLACES)}
        self._tasks: set[asyncio.Task[None]] = set()
        self._collector = threading.Thread(target=self._collect, daemon=True, name="collector")
        self._collector.start()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="engine").start()

    @property
    def room(self) -> int:
        """How many jobs could be taken now."""
        return 0 if self._stopping else max(0, ROOM - self._open)

    def take(self, claim: outbox.Claim, jobs: Sequence[Job], settle: Settle, *, waits: bool = True) -> None:
        """Begins these jobs, each for one of the claim's rows; waits only while there is no room for them.

        Without `waits` it begins them in any case: for as many as have just ended.
        """
        works = [_Work(claim.listener, settle, job) for job in jobs]
        with self._room:
            has_room = not waits or self._room.wait_for(lambda: self._stopping or len(jobs) <= self.room, PATIENCE)
            has_room = (has_room or not self._open) and not self._stopping
            self._open += len(jobs)
        for work in works:
            work.job.taken_at = time.monotonic()
            if not has_room:
                self._end(work, Outcome(reason="there is no room", tried=False))
        if has_room:
            self._loop.call_soon_threadsafe(self._begin, works)

    def stop(self) -> None:
        """Lets what is under way end for STOPPING seconds, and gives the rest back."""
        with self._room:
            self._stopping = True
            self._room.notify_all()
            self._room.wait_for(lambda: not self._open, STOPPING)
        self._loop.call_soon_threadsafe(self._cancel)
        with self._room:
            self._room.wait_for(lambda: not self._open, STOPPING)
        self._ended.put(None)
        self._collector.join(STOPPING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._courier.close()

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _begin(self, works: Sequence[_Work]) -> None:
        for work in works:
            job = work.job
            if self._waiting[job.host] >= self._per_host * WAITING_PER_PLACE or (
                job.troubled and self._waiting[""] >= TROUBLED_WAITING
            ):
                self._end(work, Outcome(reason="too many wait for this server", tried=False))
                continue
            self._waiting[job.host] += 1
            self._waiting[""] += job.troubled
            task = self._loop.create_task(self._run(work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, work: _Work) -> None:
        job = work.job
        host = self._hosts.setdefault(job.host, asyncio.Semaphore(self._per_host))
        outcome = Outcome(reason="the worker stopped", tried=False)
        try:
            async with host, self._places[job.troubled]:
                outcome = await self._attempt(job)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            log.exception("job %d could not be done", job.row.id)
            outcome = Outcome(reason=f"{type(error).__name__}: {error}", tried=False)
        finally:
            self._waiting[job.host] -= 1
            self._waiting[""] -= job.troubled
            if not self._waiting[job.host]:
                del self._waiting[job.host], self._hosts[job.host]
            self._end(work, outcome)

    async def _attempt(self, job: Job) -> Outcome:
        post = await self._loop.run_in_executor(self._threads[job.calls], _prepared, job)
        if isinstance(post, Outcome):
            return post
        try:
            answer = await self._courier.post(post.url, post.body, headers=post.headers, deadline=DEADLINE)
        except OutboundError as error:
            return Outcome(reason=str(error))
        return Outcome(answer.status, f"HTTP {answer.status}", _seconds(answer.headers.get("Retry-After", "")))

    def _end(self, work: _Work, outcome: Outcome) -> None:
        work.job.outcome = outcome
        self._ended.put(work)

    def _collect(self) -> None:
        while (first := self._ended.get()) is not None:
            group = [first]
            until = time.monotonic() + GATHERING
            while len(group) < GROUP:
                try:
                    work = self._ended.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
                if work is None:
                    self._ended.put(None)
                    break
                group.append(work)
            crash.reach(f"{first.listener.queue}.after_call")
            follow = self._commit(group)
            with self._room:
                self._open -= len(group)
                self._room.notify_all()
            for begin in follow:
                try:
                    begin()
                except Exception:  # what it was to begin is begun by another when its lease ends
                    log.exception("what follows was not begun")
            self._nudge()

    def _commit(self, group: Sequence[_Work]) -> list[AfterCommit]:
        """Effect and done in one transaction; a group that cannot be committed is taken apart."""
        try:
            with self._db.write() as session:
                follow = _settle(session, group)
                crash.reach(f"{group[0].listener.queue}.before_commit")
        except Exception as error:
            if len(group) > 1:
                log.warning("%d outcomes are committed one by one: %r", len(group), error)
                return [begin for work in group for begin in self._commit([work])]
            # The row is given to a worker again when its lease ends.
            log.exception("the outcome of row %d was not committed", group[0].job.row.id)
            return []
        crash.reach(f"{group[0].listener.queue}.after_commit")
        return follow


def _prepared(job: Job) -> Post | Outcome:
    """Runs in the job's thread: it may have waited for that, too."""
    if time.monotonic() > job.taken_at + LATEST_START:
        return Outcome(reason="no place was free in time", tried=False)
    return job.prepare()


def _settle(session: Session, group: Sequence[_Work]) -> list[AfterCommit]:
    claims = sorted(group, key=lambda work: (work.listener.name, work.job.token))
    held: set[int] = set()
    for (_, token), works in groupby(claims, key=lambda work: (work.listener.name, work.job.token)):
        some = list(works)
        rows = tuple(work.job.row for work in some)
        held |= {row.id for row in outbox.finish(session, outbox.Claim(some[0].listener, token, rows))}
    follow: list[AfterCommit | None] = []
    for _, works in groupby(claims, key=lambda work: work.listener.name):
        some = [work for work in works if work.job.row.id in held]
        if some:
            follow.append(some[0].settle(session, [work.job for work in some]))
    return [begin for begin in follow if begin is not None]


def _seconds(retry_after: str) -> float | None:
    """Seconds of a Retry-After; dates are not read."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 8 else None
