"""Composes the ingest service. Run with `python -m services.ingest.app`."""

from __future__ import annotations

from flask import Flask

from services.ingest.docs import make_docs
from services.ingest.in_flight import InFlight
from services.ingest.openapi import document
from services.ingest.places import Places
from services.ingest.settings import IngestSettings
from services.ingest.views import Parts, make_views
from shared import bus, crash, logs, program, web
from shared.db import Database
from shared.installation import installation_id
from shared.limits import Limiter
from shared.publication import load_publication
from shared.stats import Sources

# To the database, kept open by each process; as many again while it is busy. Threads that wait hold none.
CONNECTIONS = 10


def create_app() -> Flask:
    settings = IngestSettings()
    logs.configure(settings, "ingest")
    crash.arm(settings.crash_at, settings.var)
    db = Database(settings.sql_url, pool_size=CONNECTIONS)
    installation = installation_id(db)
    client = bus.connect(settings, patience=bus.PATIENCE)
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # a receipt reads in the order of its stages
    web.prepare(app, {"record": web.check_record(db)}, useful={"redis": lambda: str(client.ping() and "answers")})
    publication, clock = load_publication(settings.publication_file), settings.make_clock()
    parts = Parts(
        settings=settings,
        db=db,
        publication=publication,
        clock=clock,
        nudge=bus.Nudge(client, installation),
        limiter=Limiter(settings, installation),
        sources=Sources.of(db, client, publication, clock),
        in_flight=InFlight(),
        transfers=Places(settings.ingest_threads // 4),
        waits=Places(settings.ingest_threads // 2),
    )
    app.register_blueprint(make_views(parts))
    app.register_blueprint(make_docs(document(settings)))
    return app


def main() -> None:
    settings = IngestSettings()
    web.serve(
        "services.ingest.app:create_app",
        settings,
        settings.ingest_host,
        settings.ingest_port,
        processes=settings.ingest_processes,
        threads=settings.ingest_threads,
    )


if __name__ == "__main__":
    program.run(main)
