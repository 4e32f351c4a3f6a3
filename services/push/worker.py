"""Composes the push worker. Run with `python -m services.push.worker`."""

from __future__ import annotations

from services.push.settings import PushSettings
from shared import bus, outbox, program, worker
from shared.db import Database
from shared.installation import installation_id
from shared.listeners import PUSH_FAN_OUT, PUSH_WEBHOOKS


def make_duties(settings: PushSettings) -> worker.Duties:
    db = Database(settings.sql_url)

    def nobody_listens(claim: outbox.Claim) -> None:
        with db.write() as session:
            outbox.finish(session, claim)

    return worker.Duties(
        db=db,
        nudge=bus.Nudge(bus.connect(settings, patience=bus.PATIENCE), installation_id(db)),
        handlers={PUSH_FAN_OUT.name: nobody_listens, PUSH_WEBHOOKS.name: nobody_listens},
        pulse=lambda: None,
    )


def main() -> None:
    settings = PushSettings()
    worker.run("push", settings, lambda: make_duties(settings), processes=settings.push_worker_processes)


if __name__ == "__main__":
    program.run(main)
