"""Composes the feed worker. Run with `python -m services.feed.worker`."""

from __future__ import annotations

from services.feed.settings import FeedSettings
from services.feed.tasks import FeedTasks
from shared import bus, program, worker
from shared.announcements import Announcer
from shared.db import Database
from shared.installation import installation_id
from shared.listeners import FEED_LINK_POSTS, FEED_PUBLISH, FEED_REMOVE_NOTICE, FEED_WITHDRAW


def make_duties(settings: FeedSettings) -> worker.Duties:
    db = Database(settings.sql_url)
    installation = installation_id(db)
    announcer = Announcer(bus.connect(settings, patience=bus.PATIENCE), installation)
    tasks = FeedTasks(db, announcer.announce, settings.make_clock(), settings.edge_folder)
    return worker.Duties(
        db=db,
        nudge=bus.Nudge(bus.connect(settings, patience=bus.PATIENCE), installation),
        handlers={
            FEED_PUBLISH.name: tasks.place,
            FEED_WITHDRAW.name: tasks.place,
            FEED_REMOVE_NOTICE.name: tasks.remove_notice,
            FEED_LINK_POSTS.name: tasks.link_posts,
        },
        pulse=lambda: None,  # web processes look at the record by themselves when an announcement is lost
    )


def main() -> None:
    settings = FeedSettings()
    worker.run("feed", settings, lambda: make_duties(settings), processes=settings.feed_worker_processes)


if __name__ == "__main__":
    program.run(main)
