"""The API's addresses: read the request, decide in submit.py, answer with the receipt."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.ingest import bodies, submit
from services.ingest.batch import Batch
from services.ingest.forms import SETTLED, Receipt
from services.ingest.headers import idempotency_key, preferred_wait, refuse_idempotency_key
from services.ingest.in_flight import InFlight
from services.ingest.operations import MOST_DAYS, MOST_TOP
from services.ingest.places import Places
from services.ingest.receipts import receipt
from services.ingest.settings import IngestSettings
from shared import crash
from shared.auth import Caller, authenticate
from shared.bodies import JSON_TYPES, has_body, read_body, whole_number
from shared.bus import Nudge
from shared.clock import Clock
from shared.db import Database
from shared.limits import Limiter
from shared.models import Article
from shared.publication import Publication
from shared.stats import Sources, stats

T = TypeVar("T")
# Seconds between two looks of a waiting request: often at first, since most articles take a tenth of a second.
FIRST_LOOK = 0.02
LAST_LOOK = 0.25
# Waiting is a courtesy: all publishers share these places.
WAITING = "waiting"


@dataclass(frozen=True)
class Parts:
    """What the views work with, built in app.py."""

    settings: IngestSettings
    db: Database
    publication: Publication
    clock: Clock
    nudge: Nudge
    limiter: Limiter
    sources: Sources
    in_flight: InFlight
    transfers: Places  # requests whose client is still sending, or reading a long answer
    waits: Places  # requests with Prefer: wait


def make_views(parts: Parts) -> Blueprint:
    views = Blueprint("articles", __name__)

    def caller() -> Caller:
        return authenticate(request, parts.db, parts.limiter)

    @views.post("/v1/articles")
    def post_article() -> Response:
        publisher = caller().publisher_id
        key = idempotency_key(request)
        submission = bodies.parse_submission(_json_body(parts, publisher))
        with parts.in_flight.after_first((publisher, key)) if key else nullcontext():
            stored = _write(parts, lambda s: submit.submit(s, publisher, submission, key, parts.clock.now()))
        return _answer(parts, stored.article, status=202)

    @views.post("/v1/articles/batch")
    def post_batch() -> Response:
        publisher = caller().publisher_id
        refuse_idempotency_key(request)
        parts.transfers.take(publisher)
        try:
            body = bodies.read_batch(request, parts.settings.max_batch_bytes, parts.settings.max_batch_lines)
        except BaseException:
            parts.transfers.give_back(publisher)
            raise
        lines = Batch(parts.db, parts.clock, parts.nudge, publisher, parts.settings.max_article_bytes)
        response = Response(lines.answers(body), 200, content_type="application/x-ndjson; charset=utf-8")
        response.call_on_close(lambda: parts.transfers.give_back(publisher))
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Accel-Buffering"] = "no"  # or nginx keeps the results back until the last one
        return response

    @views.get("/v1/articles/<uuid:article_id>")
    def get_article(article_id: UUID) -> Response:
        publisher = caller().publisher_id
        with parts.db.read() as session:
            article = submit.find(session, publisher, article_id)
        return _answer(parts, article, status=200)

    @views.put("/v1/articles/<uuid:article_id>")
    def put_article(article_id: UUID) -> Response:
        publisher = caller().publisher_id
        submission = bodies.parse_submission(_json_body(parts, publisher))
        match = request.headers.get("If-Match")
        article = _write(
            parts, lambda s: submit.replace(s, publisher, article_id, submission, match, parts.clock.now())
        )
        return _answer(parts, article, status=202)

    @views.delete("/v1/articles/<uuid:article_id>")
    def delete_article(article_id: UUID) -> Response:
        publisher = caller().publisher_id
        reason = bodies.parse_reason(_json_body(parts, publisher)) if has_body(request) else None
        match = request.headers.get("If-Match")
        article = _write(parts, lambda s: submit.withdraw(s, publisher, article_id, reason, match, parts.clock.now()))
        return _answer(parts, article, status=202)

    @views.get("/v1/stats")
    def get_stats() -> Response:
        caller()
        days = whole_number(request, "days", parts.publication.masthead.days, MOST_DAYS)
        top = whole_number(request, "top", 10, MOST_TOP)
        found = stats(parts.sources, days=days, top=top)
        response = jsonify(found)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return views


def _json_body(parts: Parts, publisher: int) -> bytearray:
    with parts.transfers.place(publisher):
        return read_body(request, JSON_TYPES, parts.settings.max_article_bytes)


def _write(parts: Parts, work: Callable[[Session], T]) -> T:
    """Does the work in one durable transaction; again when another process stored the same key meanwhile."""
    for attempt in (1, 2, 3):
        try:
            with parts.db.write() as session:
                result = work(session)
                session.flush()
                crash.reach("ingest.before_commit")
            break
        except IntegrityError:
            if attempt == 3:
                raise
    crash.reach("ingest.after_commit")
    parts.nudge()
    return result


def _answer(parts: Parts, article: Article, *, status: int) -> Response:
    wait = preferred_wait(request, parts.settings.max_wait)
    location = f"{(parts.settings.ingest_url or request.host_url).rstrip('/')}/v1/articles/{article.id}"
    found = _look(parts, article.seq, location)
    applied = wait is not None and parts.waits.try_to_take(WAITING)
    if applied:
        try:
            found = _look_until_settled(parts, article.seq, location, found, wait or 0.0)
        finally:
            parts.waits.give_back(WAITING)
    response = jsonify(found.as_json())
    response.status_code = status
    response.headers["ETag"] = found.etag
    response.headers["Cache-Control"] = "private, no-store"
    if applied:
        response.headers["Preference-Applied"] = f"wait={wait:g}"
    if status == 202:
        response.headers["Location"] = location
    return response


def _look(parts: Parts, seq: int, location: str) -> Receipt:
    with parts.db.read() as session:
        return receipt(session, session.get_one(Article, seq), parts.publication, location)


def _look_until_settled(parts: Parts, seq: int, location: str, found: Receipt, wait: float) -> Receipt:
    until = time.monotonic() + wait
    pause = FIRST_LOOK
    while found.state not in SETTLED and (left := until - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.1, LAST_LOOK)
        found = _look(parts, seq, location)
    return found
