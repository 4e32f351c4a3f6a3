"""Composes the enrich worker. Run with `python -m services.enrich.worker`."""

from __future__ import annotations

from services.enrich import pipeline
from services.enrich.settings import EnrichSettings
from services.enrich.tasks import EnrichTasks
from shared import bus, program, worker
from shared.db import Database
from shared.installation import installation_id
from shared.listeners import ENRICH_ARTICLE
from shared.publication import Publication, load_publication


def make_duties(settings: EnrichSettings, publication: Publication) -> worker.Duties:
    db = Database(settings.sql_url)
    tasks = EnrichTasks(db, publication, settings.make_clock())
    return worker.Duties(
        db=db,
        nudge=bus.Nudge(bus.connect(settings, patience=bus.PATIENCE), installation_id(db)),
        handlers={ENRICH_ARTICLE.name: tasks.article},
        pulse=lambda: None,  # what enrich writes is in the record, nothing is copied anywhere
    )


def main() -> None:
    settings = EnrichSettings()
    publication = load_publication(settings.publication_file)
    pipeline.warm()  # before the fork, so that the pool children share the language model's memory
    worker.run("enrich", settings, lambda: make_duties(settings, publication), processes=settings.enrich_processes)


if __name__ == "__main__":
    program.run(main)
