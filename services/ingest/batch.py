"""Many submissions in one request: NDJSON in, one answer per line out, in order."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from services.ingest import bodies
from services.ingest.submit import submit
from shared import crash
from shared.bodies import too_large
from shared.clock import Clock
from shared.db import Database
from shared.errors import Refused
from shared.submission import Submission

log = logging.getLogger(__name__)

# Lines stored in one transaction: each commit waits for the disk, and nobody else writes meanwhile.
CHUNK = 50
RECORD_AWAY = "The line may or may not be stored: send it again, with its external_id."
Result = dict[str, Any]


@dataclass(frozen=True)
class Line:
    number: int  # from 1, blank lines counted
    content: Submission | Refused


@dataclass(frozen=True)
class Batch:
    """Stores the lines of one publisher."""

    db: Database
    clock: Clock
    nudge: Callable[[], None]
    publisher_id: int
    max_line_bytes: int

    def answers(self, body: bytearray) -> Iterator[str]:
        """One JSON line per submission, answered after its durable commit; a wrong one harms no other.

        Never raises: a server can only end a stream that has begun, and the client would take that for its end.
        """
        away = False
        for chunk in _chunks(_lines(body, self.max_line_bytes)):
            results = [_not_stored(line) for line in chunk] if away else self._try_to_store(chunk)
            away = any(result["status"] == 503 for result in results)
            yield "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results)

    def _try_to_store(self, chunk: list[Line]) -> list[Result]:
        try:
            results = self._store(chunk)
        except SQLAlchemyError as error:
            log.error("lines %d to %d were not stored: %s", chunk[0].number, chunk[-1].number, error)
            return [_not_stored(line) for line in chunk]
        self.nudge()
        return results

    def _store(self, chunk: list[Line]) -> list[Result]:
        try:
            return self._store_at_once(chunk)
        except IntegrityError:
            # Another process stored one of these external_ids meanwhile. Line by line, only that line meets it,
            # and finds it when it looks again.
            return [result for line in chunk for result in self._store_alone(line)]

    def _store_alone(self, line: Line) -> list[Result]:
        try:
            return self._store_at_once([line])
        except IntegrityError:
            return self._store_at_once([line])

    def _store_at_once(self, chunk: list[Line]) -> list[Result]:
        with self.db.write() as session:
            results = [self._answer(session, line) for line in chunk]
            session.flush()
            crash.reach("ingest.before_commit")
        crash.reach("ingest.after_commit")
        return results

    def _answer(self, session: Session, line: Line) -> Result:
        if isinstance(line.content, Refused):
            return _refused(line.number, None, line.content)
        external_id = line.content.external_id
        try:
            stored = submit(session, self.publisher_id, line.content, None, self.clock.now())
        except Refused as error:
            return _refused(line.number, external_id, error)
        status = 202 if stored.created else 200
        return {"line": line.number, "status": status, "id": stored.article.id, "external_id": external_id}


def _lines(body: bytearray, limit: int) -> Iterator[Line]:
    """The lines that are not blank, each cut out only when it is its turn."""
    start = number = 0
    while start < len(body):
        number += 1
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        content = _parse(body, start, end, limit)
        if content is not None:
            yield Line(number, content)
        start = end + 1


def _parse(body: bytearray, start: int, end: int, limit: int) -> Submission | Refused | None:
    if end - start > limit:
        return too_large(limit, "line")
    line = body[start:end]
    if not line.strip():
        return None
    try:
        return bodies.parse_submission(line)
    except Refused as error:
        return error


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _not_stored(line: Line) -> Result:
    if isinstance(line.content, Refused):
        return _refused(line.number, None, line.content)
    away = Refused(RECORD_AWAY, status=503, title="The record does not answer")
    return _refused(line.number, line.content.external_id, away)


def _refused(number: int, external_id: str | None, error: Refused) -> Result:
    problem = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    if error.faults:
        problem["errors"] = [fault.as_json() for fault in error.faults]
    return {"line": number, "status": error.status, "external_id": external_id, "problem": problem | error.extra}
