"""Who listens to what. One outbox row is written per event and listener, in the transaction of the fact itself."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import (
    ArticleAccepted,
    ArticleEnriched,
    ArticlePublished,
    ArticleUpdated,
    ArticleWithdrawn,
    Event,
    NoticePosted,
)

DAY = 24 * 3600.0


@dataclass(frozen=True)
class Listener:
    """`name` is service.function: the Celery task's name; the queue is the service."""

    name: str
    batch: int = 25  # first attempts that one hint may take along; repeats are always taken alone
    lease: float = 20.0  # seconds a worker may hold a row; above the task's hard time limit (shared.worker)
    delay: float = 0.0  # seconds after the event before the row is due

    @property
    def queue(self) -> str:
        return self.name.partition(".")[0]


ENRICH_ARTICLE = Listener("enrich.article")
COUNT_ARTICLE = Listener("count.article", batch=100)
COUNT_WITHDRAWAL = Listener("count.withdrawal", batch=100)
FEED_PUBLISH = Listener("feed.publish", batch=50)
FEED_WITHDRAW = Listener("feed.withdraw", batch=50)
FEED_REMOVE_NOTICE = Listener("feed.remove_notice", batch=50, delay=7 * DAY)

LISTENERS: dict[type[Event], tuple[Listener, ...]] = {
    ArticleAccepted: (ENRICH_ARTICLE,),
    ArticleUpdated: (ENRICH_ARTICLE,),
    ArticleEnriched: (COUNT_ARTICLE, FEED_PUBLISH),
    ArticleWithdrawn: (COUNT_WITHDRAWAL, FEED_WITHDRAW),
    ArticlePublished: (),
    NoticePosted: (FEED_REMOVE_NOTICE,),
}

BY_NAME: dict[str, Listener] = {each.name: each for listeners in LISTENERS.values() for each in listeners}
