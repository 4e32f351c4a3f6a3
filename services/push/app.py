"""Composes the push web service. Run with `python -m services.push.app`."""

from __future__ import annotations

from flask import Flask

from services.push.settings import PushSettings
from shared import logs, program, web
from shared.db import Database


def create_app() -> Flask:
    settings = PushSettings()
    logs.configure(settings, "push")
    db = Database(settings.sql_url, pool_size=settings.push_threads)
    app = Flask(__name__, static_folder=None)
    web.prepare(app, {"record": web.check_record(db)})
    return app


def main() -> None:
    settings = PushSettings()
    web.serve(
        "services.push.app:create_app",
        settings,
        settings.push_host,
        settings.push_port,
        processes=1,
        threads=settings.push_threads,
    )


if __name__ == "__main__":
    program.run(main)
