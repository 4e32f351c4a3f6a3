"""The edge: documents written into a folder, for a web server that serves them itself while they are current.

    <folder>/docs/<path of the address>         link to the object the address shows now; missing: ask the service
    <folder>/objects/<address>/<tag>/           one revision, never changed, its files named as its ETags are:
                                     <tag>, <tag>-gzip, <tag>-br
    <folder>/state                              who may write; locked by whoever changes links

The worker takes links away before it commits a change and holds the lock until the commit is over; who puts a link
there holds the lock too and asks the record first. So no link leads to what the record no longer says, whoever crashes
when.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.feed.answers import Rendered
from services.feed.record import Record, State
from shared.db import Database
from shared.errors import ConfigurationError
from shared.models import Ticker
from shared.slices import Slice
from shared.urls import FORMATS, archive_path, feed_path

log = logging.getLogger(__name__)

# Seconds for which an object stays after its address has left it: requests under way may still open it.
GRACE = 60
# Seconds between two looks at whether the folder still goes with the record.
CHECK_EVERY = 1.0
# Documents that wait to be written; more are left to the service.
MOST_WAITING = 1000
WRITTEN = ("identity", "gzip", "br")

# Of the worker: the number of its change, and the slices it moves with their revisions until then.
TakeAway = Callable[[int, Iterable[tuple[str, int]]], None]


@dataclass
class Standing:
    """What the folder says of itself."""

    build: str = ""  # whose renderings these are
    number: int = -1  # of the last change of feeds whose links were taken away
    doubt: str = ""  # names a change whose commit was begun and not seen to end
    size: int = 0  # bytes of all objects, about
    epoch: int = 0  # moves when everything was taken away

    @property
    def doubtful_number(self) -> int:
        return int(self.doubt.split()[0]) if self.doubt else -1


class Folder:
    """The folder and its lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.docs, self.objects = root / "docs", root / "objects"

    @contextmanager
    def locked(self) -> Iterator[tuple[Standing, Callable[[], None]]]:
        """Holds the lock. The standing is written when what is given with it is called, and at the end of the block."""
        self.root.mkdir(parents=True, exist_ok=True)
        # Opened anew each time: a descriptor that crossed a fork would share its lock with the parent.
        descriptor = os.open(self.root / "state", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o664)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            written = os.pread(descriptor, 10_000, 0)
            standing = _standing(written)

            def write() -> None:
                nonlocal written
                text = json.dumps(asdict(standing)).encode().ljust(len(written))
                if text != written:
                    os.pwrite(descriptor, text, 0)
                    written = text

            try:
                yield standing, write
            finally:
                write()
        finally:
            os.close(descriptor)

    def unlink(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            self._link(path).unlink()

    def shows(self, path: str, tag: str) -> bool:
        """Whether the address leads to this revision."""
        try:
            return self._link(path).readlink() == self._from(self._link(path), self._object(path, tag))
        except OSError:
            return False

    def put(self, path: str, rendered: Rendered) -> int:
        """Lets an address lead to a document; gives the bytes this took. Call it with the lock held."""
        target, link = self._object(path, rendered.tag), self._link(path)
        written = self._write(target, rendered)
        link.parent.mkdir(parents=True, exist_ok=True)
        new = link.with_name(f"new-{uuid.uuid4().hex}")
        new.symlink_to(self._from(link, target))
        new.replace(link)
        return written - sum(_remove(each) for each in target.parent.iterdir() if each != target and _is_old(each))

    def clear(self) -> None:
        """Takes all links and objects away."""
        gone = self.root / f"gone-{uuid.uuid4().hex}"
        gone.mkdir()
        for part in (self.docs, self.objects):
            if part.exists():
                part.rename(gone / part.name)
        shutil.rmtree(gone, ignore_errors=True)

    def _write(self, target: Path, rendered: Rendered) -> int:
        if target.exists():
            return 0
        new = target.with_name(f"new-{uuid.uuid4().hex}")
        new.mkdir(parents=True)
        written = 0
        for coding in WRITTEN:
            made = rendered.representation(coding)
            file = new / made.etag.strip('"')
            file.write_bytes(made.body)
            os.utime(file, (rendered.modified_second, rendered.modified_second))
            written += len(made.body)
        new.rename(target)
        return written

    def _link(self, path: str) -> Path:
        return self.docs / path.removeprefix("/")

    def _from(self, link: Path, target: Path) -> Path:
        """Relative, so that the folder may be found under another name by whoever serves it."""
        return Path(os.path.relpath(target, link.parent))

    def _object(self, path: str, tag: str) -> Path:
        return self.objects / hashlib.sha256(path.encode()).hexdigest()[:16] / tag


class EdgeGate:
    """For the worker: takes documents away, in time. Without a folder it does nothing."""

    def __init__(self, root: Path | None) -> None:
        self._folder = Folder(root) if root else None

    @contextmanager
    def closing(self) -> Iterator[TakeAway]:
        """Put the transaction inside this block and call what it yields before the commit, with the feeds as they were.

        When the block raises, the commit may have happened or not, or may still: that is left as a doubt, which whoever
        writes next clears up.
        """
        if self._folder is None:
            yield lambda number, feeds: None
            return
        with contextlib.ExitStack() as stack:
            done: list[Callable[[], None]] = []

            def take_away(number: int, feeds: Iterable[tuple[str, int]]) -> None:
                folder = self._folder
                assert folder is not None
                standing, write = stack.enter_context(folder.locked())
                if number - 1 not in (standing.number, standing.doubtful_number):
                    folder.clear()  # somebody changed feeds without taking their documents away
                    standing.epoch += 1
                standing.doubt = f"{number} {uuid.uuid4().hex}"
                write()
                for path in (path for feed in feeds for path in paths_of(*feed)):
                    folder.unlink(path)

                def is_done() -> None:
                    standing.number, standing.doubt = number, ""

                done.append(is_done)

            yield take_away
            for each in done:
                each()


class Edge:
    """For the web process: writes the documents it has made, in a thread of its own."""

    def __init__(
        self, root: Path, capacity: int, build: str, db: Database, record: Record, forget: Callable[[], None]
    ) -> None:
        self._folder = Folder(root)
        self._capacity = capacity
        self._build = build
        self._db = db
        self._record = record
        self._forget = forget  # called when all was taken away, so that documents are found anew and offered again
        self._waiting: dict[str, tuple[Rendered, State]] = {}
        self._something = threading.Condition()
        self._stopped = False
        self._epoch: int | None = None
        self._thread = threading.Thread(target=self._work, daemon=True, name="edge")

    def start(self) -> Edge:
        """Raises ConfigurationError when nothing can be written there."""
        try:
            with self._folder.locked() as (standing, _):
                if standing.build != self._build:
                    self._clear(standing)
                    standing.build = self._build
        except OSError as error:
            raise ConfigurationError(f"MASTHEAD_EDGE_FOLDER: {error}") from error
        self._thread.start()
        return self

    def stop(self) -> None:
        with self._something:
            self._stopped = True
            self._something.notify()
        self._thread.join()

    def offer(self, path: str, rendered: Rendered, state: State) -> None:
        """A document was made of this state of the record. Returns at once; writing it may fail without harm."""
        if not state.revision or not can_be_file(path):
            return
        with self._something:
            if len(self._waiting) < MOST_WAITING:
                self._waiting[path] = (rendered, state)
                self._something.notify()

    def put(self, path: str, rendered: Rendered, state: State) -> bool:
        """Lets an address lead to a document if that is still what the record says; gives whether it does."""
        if self._folder.shows(path, rendered.tag):
            return True
        for coding in WRITTEN:  # before the lock is taken: a worker may want it
            rendered.representation(coding)
        with self._folder.locked() as (standing, _):
            if not self._may_write(standing, state):
                return False
            standing.size += self._folder.put(path, rendered)
            if standing.size > self._capacity:
                self._clear(standing)
            return True

    def check(self) -> None:
        """Clears the folder if it does not go with the record: a worker that knows of no folder, a backup."""
        with self._folder.locked() as (standing, _):
            doubt = standing.doubt
            if not doubt:
                self._agree(standing, self._number())
            epoch = standing.epoch
        if doubt:
            self._clear_up(doubt)
        if self._epoch not in (None, epoch):
            self._forget()
        self._epoch = epoch

    def _may_write(self, standing: Standing, state: State) -> bool:
        if standing.build != self._build or standing.doubt:
            return False
        with self._db.read() as session:
            number = session.scalars(_NUMBER).one()
            current = self._record.state(session, state.slices) == state
        self._agree(standing, number)
        return current

    def _agree(self, standing: Standing, number: int) -> None:
        if standing.number != number:
            self._clear(standing)
            standing.number = number

    def _clear_up(self, doubt: str) -> None:
        """A worker was lost while it committed. Its transaction holds the number until it is over, so wait for that.

        Without the lock: a worker that has the number may be waiting for it.
        """
        with self._db.write() as session:
            number = session.scalars(_NUMBER.with_for_update()).one()
        with self._folder.locked() as (standing, _):
            if standing.doubt == doubt:
                # What it changed was taken away; all else is as it was before, whether it was committed or not.
                standing.number = max(standing.number, min(number, standing.doubtful_number))
                standing.doubt = ""

    def _clear(self, standing: Standing) -> None:
        self._folder.clear()
        standing.size = 0
        standing.epoch += 1

    def _number(self) -> int:
        with self._db.read() as session:
            return session.scalars(_NUMBER).one()

    def _work(self) -> None:
        checked = float("-inf")
        while not self._stopped:
            try:
                if time.monotonic() - checked >= CHECK_EVERY:
                    checked = time.monotonic()
                    self.check()
                if (job := self._next()) is not None:
                    self.put(*job)
            except Exception as error:  # the service answers instead
                log.warning("nothing is written for the edge: %s", error)
                time.sleep(CHECK_EVERY)

    def _next(self) -> tuple[str, Rendered, State] | None:
        with self._something:
            if not self._waiting and not self._stopped:
                self._something.wait(CHECK_EVERY)
            if not self._waiting or self._stopped:
                return None
            path = next(iter(self._waiting))
            return (path, *self._waiting.pop(path))


def can_be_file(path: str) -> bool:
    """Whether an address is fit for the name of a file; combined feeds, which have a query, are not."""
    parts = path.split("/")
    return "?" not in path and all(0 < len(part) <= 200 and part not in (".", "..") for part in parts[1:])


_NUMBER = select(Ticker.value).where(Ticker.name == "feed")


def paths_of(name: str, revision: int) -> list[str]:
    """The addresses a slice may have at the edge: its feeds and, of a day, its archive at the newest revision."""
    which = Slice.parse(name)
    paths = [feed_path(which, format) for format in FORMATS]
    if which.kind == "day":
        paths += [archive_path(which.day, format, revision) for format in FORMATS]
    return paths


def _standing(text: bytes) -> Standing:
    """What was written; of a folder nobody can say anything about, nothing."""
    try:
        known: dict[str, Any] = json.loads(text)
        return Standing(**known)
    except (ValueError, TypeError):
        return Standing()


def _is_old(folder: Path) -> bool:
    return time.time() - folder.stat().st_mtime > GRACE


def _remove(folder: Path) -> int:
    size = sum(each.stat().st_size for each in folder.iterdir())
    shutil.rmtree(folder, ignore_errors=True)
    return size
