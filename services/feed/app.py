"""Composes the feed web service. Run with `python -m services.feed.app`."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import Headers
from werkzeug.routing import RequestRedirect

from services.feed.accounts import Accounts
from services.feed.article_forms import make_form_views
from services.feed.backissues import CAPACITY, BackIssues
from services.feed.card_pictures import CardPictures, make_card_views
from services.feed.crawlers import make_crawler_views
from services.feed.deltas import BASES_CAPACITY, DELTAS_CAPACITY, Deltas
from services.feed.directory import Directory
from services.feed.documents import Documents
from services.feed.edge import Edge
from services.feed.feed_views import make_feed_views
from services.feed.follower import Follower
from services.feed.hot import FastPath, Hot, SharedBytes
from services.feed.kept import Kept
from services.feed.polls import Polls
from services.feed.popular import Popular
from services.feed.posters import Posters, make_poster_views
from services.feed.reads import make_read_views
from services.feed.record import Record
from services.feed.settings import FeedSettings
from services.feed.share import check_networks
from services.feed.share_views import make_share_views
from services.feed.stand import PAGE_HEADERS, Newsstand, Pages
from services.feed.views import error_html, make_views
from shared import bus, logs, program, web
from shared.audience import Audience
from shared.counters import Counters
from shared.db import Database
from shared.installation import installation_id
from shared.limits import Limiter
from shared.publication import Publication, load_publication
from shared.settings import ROOT
from shared.subscribers import Estimate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class ReaderResponse(Response):
    """A 304 keeps its Last-Modified, which Werkzeug takes for a header of the content."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        if self.status_code == 304 and "Last-Modified" in self.headers:
            headers["Last-Modified"] = self.headers["Last-Modified"]
        return headers


def create_app() -> Flask:
    settings = FeedSettings()
    logs.configure(settings, "feed")
    db = Database(settings.sql_url, pool_size=settings.feed_threads)
    installation = installation_id(db)
    publication = load_publication(settings.publication_file)
    check_networks(publication.share.networks)
    client = bus.connect(settings, patience=bus.PATIENCE)
    hot = Hot(settings.cache_bytes // 2)
    record = Record(publication, settings, Kept(settings.cache_bytes // 4))
    documents = Documents(record)
    build = _build(publication, settings)
    edge = None
    if settings.edge_folder is not None:
        edge = Edge(settings.edge_folder, settings.edge_bytes, build, db, record, hot.lost).start()
    clock = settings.make_clock()
    audience = Audience(client, installation, publication.tz)
    stand = Newsstand(
        publication=publication,
        db=db,
        record=record,
        documents=documents,
        directory=Directory(db, record),
        hot=hot,
        shared_bytes=SharedBytes(client, installation, build),
        counters=Counters(client, db, installation),
        clock=clock,
        pages=Pages(settings.cache_bytes // 4),
        deltas=Deltas(db, record, documents, Kept(BASES_CAPACITY), Kept(DELTAS_CAPACITY)),
        edge=edge,
        popular=Popular(audience, clock),
    )
    app = Flask(__name__, static_folder=None)
    app.response_class = ReaderResponse
    web.prepare(app, {"record": web.check_record(db)}, useful={"redis": lambda: f"Redis {client.ping()}"})
    feeds = make_feed_views(stand, BackIssues(db, record, documents, Kept(CAPACITY), edge))
    polls = Polls(Estimate(client, installation), stand.today, settings.feed_proxies)
    polls.watch(feeds)
    app.register_blueprint(feeds)
    app.register_blueprint(make_crawler_views(stand))
    app.register_blueprint(make_form_views(stand))
    app.register_blueprint(make_read_views(stand, audience, Accounts(db), settings.feed_proxies))
    app.register_blueprint(make_share_views(stand, audience, settings.feed_proxies))
    app.register_blueprint(make_views(stand))
    # Of the threads, only some may wait for drawings.
    nudge, most_waiting = bus.Nudge(client, installation), max(1, settings.feed_threads // 4)
    app.register_blueprint(make_card_views(CardPictures(db, publication, clock, nudge, most_waiting)))
    posters = Posters(db, publication, clock)
    app.register_blueprint(make_poster_views(posters, Limiter(settings, installation), settings.feed_proxies))
    app.after_request(partial(_redirect_at_home, publication))
    app.after_request(partial(_answer_people_with_pages, stand))
    follower = Follower(db, client, installation, hot)
    app.wsgi_app = fast = FastPath(app.wsgi_app, hot, follower.look, stand.last, polls.note)  # type: ignore[method-assign]
    for error in web.RECORD_AWAY:
        app.register_error_handler(error, partial(_answer_with_last_bytes, fast))
    app.extensions["newsstand"] = stand
    app.extensions["edge"] = edge
    app.extensions["polls"] = polls.start()
    app.extensions["follower"] = follower.start()
    return app


def _build(publication: Publication, settings: FeedSettings) -> str:
    """A name for everything beside the record that bytes depend on: the configuration and the code that renders."""
    sizes = (settings.feed_items, settings.feed_hours, settings.feed_most_items)
    digest = hashlib.sha256(f"{publication!r} {sizes}".encode())
    for folder in ("services/feed", "shared"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _redirect_at_home(publication: Publication, response: Response) -> Response:
    """To the same path with its slash: below the publication's own address, whatever Host the request claims."""
    error = request.routing_exception
    if not isinstance(error, RequestRedirect):
        return response
    there = urlsplit(error.new_url)
    moved = Response(status=error.code)
    moved.headers["Location"] = publication.base_url + there.path + (f"?{there.query}" if there.query else "")
    return moved


def _answer_with_last_bytes(fast: FastPath, error: SQLAlchemyError) -> Any:
    """The record stopped answering and this request noticed first."""
    last = fast.last_answer(request.environ) if request.method in ("GET", "HEAD") else None
    return web.record_away(error) if last is None else lambda _, start_response: last.sent(start_response)


def _answer_people_with_pages(stand: Newsstand, response: Response) -> Response:
    """Programs get problem+json, people a page in the publication's look."""
    if response.mimetype == "application/problem+json":
        response.vary.add("Accept")
        if "text/html" in request.headers.get("Accept", ""):
            response.set_data(error_html(stand, response.status_code, g.request_id))
            response.content_type = "text/html; charset=utf-8"
            response.headers.update(PAGE_HEADERS)
    return response


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
