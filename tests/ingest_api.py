"""The ingest API in this process: the real application on a real record and a real Valkey, asked without a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from services.cli.keys import create_key, revoke_key
from services.ingest.app import create_app
from shared.db import Database
from shared.keys import Key
from shared.models import Article, Base, Event, OutboxRow
from tests.factories import NOW

PLAIN = {"headline": "Harbour reopens", "body": "<p>The harbour reopened on Monday.</p>", "language": "en"}


class Api:
    """One process of the API, with the key of a publisher "Test Agency" in every request that brings none."""

    def __init__(self, app: Flask, db: Database) -> None:
        self.app = app
        self.db = db
        self.key = self.make_key()

    def make_key(self, publisher: str = "Test Agency") -> Key:
        with self.db.write() as session:
            return create_key(session, publisher, "", NOW)

    def revoke(self, key: Key) -> None:
        with self.db.write() as session:
            revoke_key(session, key.prefix, NOW)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> TestResponse:
        """`headers` come before the usual ones; an empty one is left out."""
        usual = {"Authorization": f"Bearer {self.key}"}
        if body is not None:
            usual["Content-Type"] = "application/json"
        sent = {name: value for name, value in (usual | (headers or {})).items() if value}
        return self.app.test_client().open(path, method=method, data=body, headers=sent, buffered=True)

    def post(self, headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        return self.ask("POST", "/v1/articles", written(**fields), headers)

    def accept(self, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        """Submits an article that is taken; gives its receipt."""
        answer = self.post(headers, **fields)
        assert answer.status_code == 202, answer.text
        return dict(answer.json)  # type: ignore[arg-type]

    def put(self, article_id: str, if_match: str, **fields: Any) -> TestResponse:
        return self.ask("PUT", f"/v1/articles/{article_id}", written(**fields), {"If-Match": if_match})

    def batch(self, *lines: bytes, end: bytes = b"\n") -> list[dict[str, Any]]:
        """Sends a batch; gives its results."""
        body = b"".join(line + end for line in lines)
        answer = self.ask("POST", "/v1/articles/batch", body, {"Content-Type": "application/x-ndjson"})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    def count(self, table: type[Base]) -> int:
        with self.db.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def stored(self) -> tuple[int, int, int]:
        """How many articles, events and outbox rows there are."""
        return self.count(Article), self.count(Event), self.count(OutboxRow)


def written(**fields: Any) -> bytes:
    """An article as JSON; a field that is ... is left out."""
    return json.dumps({name: value for name, value in (PLAIN | fields).items() if value is not ...}).encode()


@contextmanager
def ingest(
    database_url: str, redis_url: str, var: Path, monkeypatch: pytest.MonkeyPatch, **settings: str
) -> Iterator[Flask]:
    """One ingest application; `settings` by their names without MASTHEAD_."""
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "VAR": str(var)} | settings
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(f"MASTHEAD_{name}", value)
        yield create_app()


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem+json of an answer, which must have this status."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json; charset=utf-8"
    body = dict(answer.json)  # type: ignore[arg-type]
    assert body["status"] == status
    assert body["title"] and body["detail"]
    assert body["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
    return body
