"""Composes the push worker. Run with `python -m services.push.worker`."""

from __future__ import annotations

from services.push.contents import Contents
from services.push.delivering import Deliveries
from services.push.settings import PushSettings
from services.push.sweeping import Sweeper
from services.push.verifying import Verifications
from services.push.webhook_tasks import WebhookTasks
from shared import bus, program, worker
from shared.db import Database
from shared.engine import Engine
from shared.http import Door
from shared.installation import installation_id
from shared.listeners import PUSH_DELIVER, PUSH_FAN_OUT, PUSH_SEND_WEBHOOK, PUSH_VERIFY, PUSH_WEBHOOKS
from shared.publication import load_publication


def make_duties(settings: PushSettings) -> worker.Duties:
    db = Database(settings.sql_url)
    publication = load_publication(settings.publication_file)
    clock = settings.make_clock()
    door = Door(allow=settings.allowed)
    nudge = bus.Nudge(bus.connect(settings, patience=bus.PATIENCE), installation_id(db))
    engine = Engine(door, db, nudge, per_host=settings.push_calls_per_host)
    # A door of its own: no callback may be the feed service, however private it is.
    contents = Contents(Door(allow={settings.feed_origin}), settings.feed_url)
    deliveries = Deliveries(db, engine, contents, publication, clock)
    verifications = Verifications(
        db, engine, door, publication, clock, most_per_host=settings.push_subscriptions_per_host
    )
    webhooks = WebhookTasks(db, engine, publication, clock)
    return worker.Duties(
        db=db,
        nudge=nudge,
        handlers={
            PUSH_FAN_OUT.name: deliveries.fan_out,
            PUSH_DELIVER.name: deliveries.deliver,
            PUSH_VERIFY.name: verifications.verify,
            PUSH_WEBHOOKS.name: webhooks.queue,
            PUSH_SEND_WEBHOOK.name: webhooks.send,
        },
        pulse=Sweeper(db, deliveries.catch_up, webhooks.prune),
        stop=engine.stop,
    )


def main() -> None:
    settings = PushSettings()
    worker.run("push", settings, lambda: make_duties(settings), processes=settings.push_worker_processes)


if __name__ == "__main__":
    program.run(main)
