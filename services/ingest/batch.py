"""Many submissions in one request: NDJSON in, one answer per line out, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.ingest import bodies
from services.ingest.settings import IngestSettings
from services.ingest.submit import submit
from shared import crash
from shared.bus import Nudge
from shared.clock import Clock
from shared.db import Database
from shared.errors import Refused
from shared.submission import Submission

# Lines stored in one transaction: each commit waits for the disk, and nobody else writes meanwhile.
CHUNK = 50


@dataclass(frozen=True)
class Line:
    number: int  # from 1, blank lines counted
    content: Submission | Refused


def answers(
    db: Database, clock: Clock, nudge: Nudge, publisher_id: int, body: bytes, settings: IngestSettings
) -> Iterator[str]:
    """One JSON line per submission. A line is answered after its durable commit; a wrong one harms no other."""
    for chunk in _chunks(_lines(body, settings.max_article_bytes)):
        results = _store(db, clock, publisher_id, chunk)
        nudge()
        yield "".join(json.dumps(result, ensure_ascii=False) + "\n" for result in results)


def _lines(body: bytes, limit: int) -> Iterator[Line]:
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            yield Line(number, bodies.too_large(limit) if len(line) > limit else bodies.parse_submission(line))
        except Refused as error:
            yield Line(number, error)


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _store(db: Database, clock: Clock, publisher_id: int, chunk: list[Line]) -> list[dict[str, Any]]:
    try:
        with db.write() as session:
            results = [_answer(session, clock, publisher_id, line) for line in chunk]
            session.flush()
            crash.reach("ingest.before_commit")
    except IntegrityError:
        # Another process stored one of these external_ids meanwhile; line by line, only that line meets it.
        if len(chunk) > 1:
            return [result for line in chunk for result in _store(db, clock, publisher_id, [line])]
        return _store(db, clock, publisher_id, chunk)
    crash.reach("ingest.after_commit")
    return results


def _answer(session: Session, clock: Clock, publisher_id: int, line: Line) -> dict[str, Any]:
    if isinstance(line.content, Refused):
        return _refused(line.number, None, line.content)
    external_id = line.content.external_id
    try:
        stored = submit(session, publisher_id, line.content, None, clock.now())
    except Refused as error:
        return _refused(line.number, external_id, error)
    status = 202 if stored.created else 200
    return {"line": line.number, "status": status, "id": stored.article.id, "external_id": external_id}


def _refused(number: int, external_id: str | None, error: Refused) -> dict[str, Any]:
    problem = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    problem["errors"] = [fault.as_json() for fault in error.faults]
    return {
        "line": number,
        "status": error.status,
        "external_id": external_id,
        "problem": problem | error.extra,
    }
