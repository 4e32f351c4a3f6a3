"""Composes relay. Run with `python -m services.relay`."""

from __future__ import annotations

import signal
import threading

from services.relay.relay import Relay, nudge_or_interval
from services.relay.settings import RelaySettings
from shared import bus, crash, logs, program
from shared.db import Database
from shared.installation import installation_id
from shared.worker import celery_app


def main() -> None:
    settings = RelaySettings()
    logs.configure(settings, "relay")
    crash.arm(settings.crash_at, settings.var)
    db = Database(settings.sql_url)
    installation = installation_id(db)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    wait = nudge_or_interval(bus.connect(settings), bus.nudge_key(installation), settings.relay_interval)
    sender = bus.CeleryBus(celery_app(settings, installation, "relay"))
    relay = Relay(
        db,
        sender,
        settings.make_clock(),
        wait,
        sweep_every=settings.relay_interval,
        pulse_every=settings.relay_pulse,
    )
    relay.run(stop.is_set)


if __name__ == "__main__":
    program.run(main)
