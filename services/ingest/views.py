"""The API's addresses: read the request, decide in submit.py, answer with the receipt."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

from flask import Blueprint, Response, jsonify, request, stream_with_context
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.ingest import batch, bodies, submit
from services.ingest.auth import authenticate
from services.ingest.in_flight import InFlight
from services.ingest.limits import Limiter
from services.ingest.receipts import SETTLED, receipt
from services.ingest.settings import IngestSettings
from shared import crash
from shared.bus import Nudge
from shared.clock import Clock
from shared.counters import Counters
from shared.db import Database
from shared.errors import Fault, Invalid, Refused
from shared.models import Article
from shared.publication import Publication
from shared.stats import stats

T = TypeVar("T")
LONGEST_IDEMPOTENCY_KEY = 255
# Seconds between two looks of a waiting request.
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Parts:
    """What the views work with, built in app.py."""

    settings: IngestSettings
    db: Database
    publication: Publication
    clock: Clock
    nudge: Nudge
    limiter: Limiter
    counters: Counters
    in_flight: InFlight


def make_views(parts: Parts) -> Blueprint:
    views = Blueprint("articles", __name__)

    @views.post("/v1/articles")
    def post_article() -> Response:
        caller = authenticate(request, parts.db, parts.limiter)
        submission = bodies.parse_submission(_json_body(parts.settings))
        key = idempotency_key()
        with parts.in_flight.only((caller.publisher_id, key)) if key else nullcontext():
            stored = _write(parts, lambda s: submit.submit(s, caller.publisher_id, submission, key, parts.clock.now()))
        return _receipt(parts, stored.article, status=202)

    @views.post("/v1/articles/batch")
    def post_batch() -> Response:
        caller = authenticate(request, parts.db, parts.limiter)
        body = bodies.read_body(
            request,
            content_types=("application/x-ndjson", "application/jsonl"),
            limit=parts.settings.max_batch_bytes,
        )
        answers = batch.answers(parts.db, parts.clock, parts.nudge, caller.publisher_id, body, parts.settings)
        return Response(stream_with_context(answers), 200, content_type="application/x-ndjson; charset=utf-8")

    @views.get("/v1/articles/<article_id>")
    def get_article(article_id: str) -> Response:
        caller = authenticate(request, parts.db, parts.limiter)
        with parts.db.read() as session:
            article = submit.find(session, caller.publisher_id, article_id)
        return _receipt(parts, article, status=200)

    @views.put("/v1/articles/<article_id>")
    def put_article(article_id: str) -> Response:
        caller = authenticate(request, parts.db, parts.limiter)
        submission = bodies.parse_submission(_json_body(parts.settings))
        if_match = request.headers.get("If-Match")
        article = _write(
            parts,
            lambda s: submit.replace(s, caller.publisher_id, article_id, submission, if_match, parts.clock.now()),
        )
        return _receipt(parts, article, status=202)

    @views.delete("/v1/articles/<article_id>")
    def delete_article(article_id: str) -> Response:
        caller = authenticate(request, parts.db, parts.limiter)
        reason = bodies.parse_reason(_json_body(parts.settings) if request.content_length else b"")
        if_match = request.headers.get("If-Match")
        article = _write(
            parts,
            lambda s: submit.withdraw(s, caller.publisher_id, article_id, reason, if_match, parts.clock.now()),
        )
        return _receipt(parts, article, status=202)

    @views.get("/v1/stats")
    def get_stats() -> Response:
        authenticate(request, parts.db, parts.limiter)
        days, top = _number("days", parts.publication.masthead.days, 366), _number("top", 10, 1000)
        response = jsonify(stats(parts.db, parts.counters, parts.publication, parts.clock, days=days, top=top))
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return views


def idempotency_key() -> str | None:
    """The Idempotency-Key of the request: a structured-field string, or the bare text many clients send."""
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    key = given.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > LONGEST_IDEMPOTENCY_KEY:
        fault = Fault("", "Idempotency-Key has a wrong length", len(key), f"1 to {LONGEST_IDEMPOTENCY_KEY} characters")
        raise Invalid("Nothing was stored.", status=400, faults=[fault])
    return key


def preferred_wait(limit: float) -> float | None:
    """Seconds of `Prefer: wait=N` (RFC 7240, 4.3), at most `limit`; None when it is not asked for."""
    for preference in request.headers.get("Prefer", "").split(","):
        name, _, value = preference.split(";")[0].strip().partition("=")
        if name.strip().lower() == "wait" and value.strip().strip('"').isdecimal():
            return min(float(value.strip().strip('"')), limit)
    return None


def _write(parts: Parts, work: Callable[[Session], T]) -> T:
    """Does the work in one durable transaction; once more when another process stored the same key meanwhile."""
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


def _receipt(parts: Parts, article: Article, *, status: int) -> Response:
    wait = preferred_wait(parts.settings.max_wait)
    until = time.monotonic() + (wait or 0.0)
    while True:
        with parts.db.read() as session:
            body = receipt(session, session.get_one(Article, article.seq), parts.publication)
        if body["state"] in SETTLED or time.monotonic() >= until:
            break
        time.sleep(LOOK_EVERY)
    location = f"{(parts.settings.ingest_url or request.host_url).rstrip('/')}/v1/articles/{article.id}"
    response = jsonify({**body, "receipt": location})
    response.status_code = status
    response.headers["ETag"] = body["etag"]
    response.headers["Cache-Control"] = "private, no-store"
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait:g}"
    if status == 202:
        response.headers["Location"] = location
    return response


def _json_body(settings: IngestSettings) -> bytes:
    return bodies.read_body(request, content_types=("application/json",), limit=settings.max_article_bytes)


def _number(name: str, default: int, most: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not given.isdecimal() or not 1 <= int(given[:9]) <= most:
        fault = Fault(f"/{name}", "is no number in the range", bodies.shown(given), f"1 to {most}")
        raise Refused(f"The parameter {name} is wrong.", faults=[fault])
    return int(given)
