"""What every web service has alike: problem+json errors, health, request ids, and the server that runs it."""

from __future__ import annotations

import logging
import re
import resource
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Flask, Response, g, jsonify, request
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException

from shared.db import Database
from shared.errors import Refused
from shared.installation import installation_id
from shared.publication import load_publication
from shared.settings import Settings

log = logging.getLogger(__name__)

# What is raised when the record does not answer.
RECORD_AWAY: tuple[type[SQLAlchemyError], ...] = (OperationalError, NoConnectionFree)
# A part answers in words how it is, and raises what is listed in the service's `readyz` when it is away.
Check = Callable[[], str]
# Connections a process holds open, idle and slow ones included: they cost memory, not threads.
CONNECTIONS = 4096
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")


def problem(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """An error as RFC 9457 says; `more` are its extension members."""
    response = jsonify(_problem_body(status, title, detail, g.request_id, more))
    response.status_code = status
    response.headers.update(problem_headers(headers or {}))
    return response


def problem_of(error: Refused, request_id: str) -> dict[str, object]:
    """The body of a refusal, for answers that are not given by Flask."""
    return _problem_body(error.status, error.title, error.detail, request_id, _members(error))


def problem_headers(more: Mapping[str, str]) -> dict[str, str]:
    return {"Content-Type": "application/problem+json; charset=utf-8", "Cache-Control": "no-store", **more}


def name_request(given: str) -> str:
    """The id of a request: what the client sent as X-Request-Id when it can be one, else a new one."""
    return given if _REQUEST_ID.match(given) else uuid.uuid4().hex


def _problem_body(
    status: int, title: str, detail: str, request_id: str, more: Mapping[str, object]
) -> dict[str, object]:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return {**body, "instance": f"urn:request:{request_id}"}


def _members(error: Refused) -> dict[str, object]:
    faults: dict[str, object] = {"errors": [fault.as_json() for fault in error.faults]} if error.faults else {}
    return {**faults, **error.extra}


def prepare(app: Flask, needed: Mapping[str, Check], *, useful: Mapping[str, Check] | None = None) -> None:
    """Adds what all web services share. `needed` parts decide /readyz, `useful` ones are only reported by it."""
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.before_request(_name_request)
    app.after_request(_sign_response)
    app.register_error_handler(Refused, refusal)
    app.register_error_handler(HTTPException, http_error)
    for away in RECORD_AWAY:
        app.register_error_handler(away, record_away)
    app.register_error_handler(Exception, _unexpected)

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        parts = {name: _ask(check) for name, check in {**needed, **(useful or {})}.items()}
        ready = all(parts[name]["ok"] for name in needed)
        response = jsonify({"status": "ready" if ready else "not ready", "parts": parts})
        response.status_code = 200 if ready else 503
        response.headers["Cache-Control"] = "no-store"
        return response


def check_record(db: Database) -> Check:
    def check() -> str:
        with db.read() as session:
            session.execute(text("SELECT id FROM installation"))
        return "SQLite" if db.is_sqlite else "PostgreSQL"

    return check


def serve(
    target: str,
    settings: Settings,
    host: str,
    port: int,
    *,
    processes: int,
    threads: int = 1,
    interface: Interfaces = Interfaces.WSGI,
    connections: int = CONNECTIONS,
) -> None:
    """Runs a web application until it is told to stop; `target` names a function that makes it.

    An ASGI application has one thread, its event loop. Raises ConfigurationError, once and here rather than in each
    server process, when the application cannot be made.
    """
    db = Database(settings.sql_url)
    installation_id(db)
    db.close()
    load_publication(settings.publication_file)
    _allow_open_files(connections + 1024)
    Granian(
        target,
        address=host,
        port=port,
        interface=interface,
        http=HTTPModes.http1,  # what proxies speak; telling it from HTTP/2 costs each connection's requests a tenth
        websockets=False,
        factory=True,
        workers=processes,
        blocking_threads=threads,
        backpressure=connections,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_enabled=False,
    ).serve()


def _allow_open_files(wanted: int) -> None:
    """Raises this process's own limit, often 1,024, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def refusal(error: Refused) -> Response:
    return problem(error.status, error.title, error.detail, headers=error.headers, **_members(error))


def _ask(check: Check) -> dict[str, object]:
    try:
        return {"ok": True, "detail": check()}
    except Exception as error:
        return {"ok": False, "detail": f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"}


def _name_request() -> None:
    g.request_id = name_request(request.headers.get("X-Request-Id", ""))


def _sign_response(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def http_error(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < 400:
        return error
    headers = {
        name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")
    }
    detail = "There is nothing at this address." if error.code == 404 else error.description or ""
    return problem(error.code, HTTPStatus(error.code).phrase.capitalize(), detail, headers=headers)


def record_away(error: SQLAlchemyError) -> Response:
    log.error("the record does not answer: %s", error)
    detail = (
        "If this was a change, it may or may not be stored: repeat it with the same Idempotency-Key or external_id."
    )
    return problem(503, "The record does not answer", detail, headers={"Retry-After": "2"})


def _unexpected(error: Exception) -> Response:
    # An address that holds a secret is told by its rule.
    where = request.url_rule if "token" in (request.view_args or {}) else request.path
    log.exception("%s %s failed, request %s", request.method, where, g.request_id)
    return problem(500, "Internal error", "This is our fault. Nothing was stored unless a receipt says so.")
