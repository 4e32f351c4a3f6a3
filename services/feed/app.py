"""Composes the feed web service. Run with `python -m services.feed.app`."""

from __future__ import annotations

import hashlib

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from services.feed.announcements import Follower
from services.feed.clicks import Clicks
from services.feed.hot import FastPath, Hot, SharedBytes
from services.feed.record import Record
from services.feed.settings import FeedSettings
from services.feed.stand import Newsstand, Pages
from services.feed.views import html_error, make_views
from shared import bus, logs, program, web
from shared.counters import Counters
from shared.db import Database
from shared.errors import Refused
from shared.installation import installation_id
from shared.publication import load_publication


def create_app() -> Flask:
    settings = FeedSettings()
    logs.configure(settings, "feed")
    db = Database(settings.sql_url, pool_size=settings.feed_threads)
    installation = installation_id(db)
    publication = load_publication(settings.publication_file)
    client = bus.connect(settings, patience=bus.PATIENCE)
    hot = Hot(settings.cache_bytes)
    build = hashlib.sha256(f"{publication!r} {settings.feed_items} {settings.feed_hours}".encode()).hexdigest()[:12]
    stand = Newsstand(
        publication=publication,
        db=db,
        record=Record(publication, settings),
        hot=hot,
        shared_bytes=SharedBytes(client, installation, build),
        counters=Counters(client, db, installation),
        clock=settings.make_clock(),
        pages=Pages(),
    )
    app = Flask(__name__, static_folder=None)
    web.prepare(app, {"record": web.check_record(db)}, useful={"redis": lambda: f"Redis {client.ping()}"})
    app.register_blueprint(make_views(stand, Clicks(client, installation)))
    _answer_people_with_pages(app, stand)
    app.wsgi_app = FastPath(app.wsgi_app, hot)  # type: ignore[method-assign]
    Follower(db, client, installation, hot.moved, hot.lost).start()
    return app


def _answer_people_with_pages(app: Flask, stand: Newsstand) -> None:
    """Programs get problem+json, people a page in the publication's look."""

    def wanted() -> bool:
        return "text/html" in request.headers.get("Accept", "")

    @app.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        return html_error(stand, error.status, g.request_id) if wanted() else web.refusal(error)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if wanted() and error.code is not None and error.code >= 400:
            return html_error(stand, error.code, g.request_id)
        return web.http_error(error)


def main() -> None:
    settings = FeedSettings()
    web.serve(
        "services.feed.app:create_app",
        settings,
        settings.feed_host,
        settings.feed_port,
        processes=settings.feed_processes,
        threads=settings.feed_threads,
    )


if __name__ == "__main__":
    program.run(main)
