"""Composes the push web service. Run with `python -m services.push.app`."""

from __future__ import annotations

import asyncio

from a2wsgi import WSGIMiddleware
from flask import Flask
from granian.constants import Interfaces
from werkzeug.middleware.proxy_fix import ProxyFix

from services.push import happenings
from services.push.asgi import Front
from services.push.asyncapi import make_asyncapi_views
from services.push.hall import Follower, Hall
from services.push.hub import Hub, make_hub_views
from services.push.live import Live
from services.push.openapi import make_openapi_views
from services.push.settings import PushSettings
from services.push.subscribing import Desk
from services.push.verifying import Limits, Requests
from services.push.webhook_desk import WebhookDesk
from services.push.webhook_views import Parts as WebhookParts
from services.push.webhook_views import make_webhook_views
from shared import bus, logs, program, web
from shared.db import Database
from shared.http import Door
from shared.installation import installation_id
from shared.limits import Limiter
from shared.publication import load_publication


def create_flask(settings: PushSettings, db: Database) -> Flask:
    """Everything but the live stream."""
    app = Flask(__name__, static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # a webhook reads in the order of its form
    web.prepare(app, {"record": web.check_record(db)})
    hub = make_hub(settings, db)
    app.register_blueprint(make_hub_views(hub))
    app.register_blueprint(make_asyncapi_views(hub.desk.publication))
    app.register_blueprint(make_openapi_views(hub.desk.publication))
    webhooks = WebhookDesk(hub.desk.publication, hub.clock, hub.desk)
    limiter = Limiter(settings, installation_id(db))
    app.register_blueprint(make_webhook_views(WebhookParts(db, webhooks, limiter, hub.nudge)))
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.push_proxies, x_proto=0)  # type: ignore[method-assign]
    return app


def make_hub(settings: PushSettings, db: Database) -> Hub:
    clock = settings.make_clock()
    return Hub(
        desk=Desk(load_publication(settings.publication_file), Door(allow=settings.allowed)),
        requests=Requests(
            db,
            clock,
            Limits(
                subscriptions=settings.push_subscriptions_per_host,
                about_host=settings.push_requests_per_host,
                from_client=settings.push_requests_per_client,
            ),
        ),
        db=db,
        clock=clock,
        nudge=bus.Nudge(bus.connect(settings, patience=bus.PATIENCE), installation_id(db)),
    )


def create_app() -> Front:
    settings = PushSettings()
    logs.configure(settings, "push")
    db = Database(settings.sql_url, pool_size=settings.push_threads)
    publication = load_publication(settings.publication_file)
    with db.read() as session:
        hall = Hall(
            happenings.newest(session),
            most=settings.live_listeners,
            most_per_address=settings.live_listeners_per_address,
        )
    client = bus.connect(settings, patience=bus.PATIENCE)
    follower = Follower(db, publication, client, installation_id(db))
    live = Live(db, publication, settings.make_clock(), hall, hours=settings.live_hours, proxies=settings.push_proxies)
    return Front(
        live,
        WSGIMiddleware(create_flask(settings, db), workers=settings.push_threads),  # type: ignore[arg-type]
        opening=lambda: follower.start(hall, asyncio.get_running_loop()),
        closing=hall.close,
    )


def main() -> None:
    settings = PushSettings()
    web.serve(
        "services.push.app:create_app",
        settings,
        settings.push_host,
        settings.push_port,
        processes=1,
        interface=Interfaces.ASGI,
        connections=settings.live_listeners + web.CONNECTIONS,
    )


if __name__ == "__main__":
    program.run(main)
