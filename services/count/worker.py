"""Composes the count worker. Run with `python -m services.count.worker`."""

from __future__ import annotations

from services.count.settings import CountSettings
from services.count.tasks import CountTasks
from shared import bus, program, worker
from shared.counters import Counters
from shared.db import Database
from shared.installation import installation_id
from shared.listeners import COUNT_ARTICLE, COUNT_WITHDRAWAL


def make_duties(settings: CountSettings) -> worker.Duties:
    db = Database(settings.sql_url)
    installation = installation_id(db)
    counters = Counters(bus.connect(settings), db, installation)
    tasks = CountTasks(db, counters, settings.make_clock())
    return worker.Duties(
        db=db,
        nudge=lambda: None,  # counting is followed by nothing that relay could hand on
        handlers={COUNT_ARTICLE.name: tasks.recount, COUNT_WITHDRAWAL.name: tasks.recount},
        pulse=counters.sync,
    )


def main() -> None:
    settings = CountSettings()
    worker.run("count", settings, lambda: make_duties(settings), processes=settings.count_processes)


if __name__ == "__main__":
    program.run(main)
