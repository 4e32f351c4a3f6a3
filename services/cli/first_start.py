"""What the first `masthead up` does for a newcomer: a demo publisher with a key, and its articles."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select

from services.cli import demo
from services.cli.keys import create_key
from services.cli.settings import CliSettings, own_door
from shared.db import Database
from shared.errors import MastheadError
from shared.models import Article, Publisher
from shared.publication import Publication

PUBLISHER = "Demo Agency"


def is_first_start(db: Database) -> bool:
    """True until something was submitted; a first start that was cut short is thus made up for."""
    with db.read() as session:
        others = session.scalar(select(Publisher.id).where(Publisher.name != PUBLISHER).limit(1))
        return others is None and session.scalar(select(Article.seq).limit(1)) is None


def make_demo(settings: CliSettings, publication: Publication, db: Database) -> None:
    """Makes the demo publisher, keeps its key in MASTHEAD_VAR/demo-key, and submits its articles like any client."""
    now = settings.make_clock().now()
    with db.write() as session:
        key = create_key(session, PUBLISHER, "made by the first start", now)
    _write_private(settings.var / "demo-key", f"{key}\n")
    lines = [json.dumps(article) for article in demo.load(now.astimezone(publication.tz))]
    answer = own_door(settings).send(
        "POST",
        f"{settings.own_api_url}/v1/articles/batch",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
        body="\n".join(lines).encode(),
        max_bytes=1_000_000,
        deadline=30.0,
    )
    statuses = [json.loads(line)["status"] for line in answer.body.splitlines()] if answer.status == 200 else []
    if statuses != [202] * len(lines):
        raise MastheadError(f"the demo articles were not taken: {answer.status} {answer.body[:500].decode()}")


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
