"""Who listens to what. One outbox row is written per event and listener, in the transaction of the fact itself."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events import (
    ArticleAccepted,
    ArticleEnriched,
    ArticlePublished,
    ArticleUpdated,
    ArticleWithdrawn,
    CardWanted,
    DeliveryScheduled,
    Event,
    FeedRevised,
    NoticePosted,
    PostDeleted,
    PosterFetched,
    PostScheduled,
    PostSent,
    StaffNoticeRaised,
    VerificationScheduled,
    WebhookScheduled,
)

DAY = 24 * 3600.0


@dataclass(frozen=True)
class Listener:
    """`name` is service.function: the Celery task's name; the queue is the service."""

    name: str
    batch: int = 25  # first attempts that one hint may take along; repeats are always taken alone
    lease: float = 20.0  # seconds a worker may hold a row; above the task's hard time limit (shared.worker)
    delay: float = 0.0  # seconds after the event before the row is due
    most: int = 1000  # rows on offer at a time; fewer where others in the same queue must not wait long behind them

    @property
    def queue(self) -> str:
        return self.name.partition(".")[0]


ENRICH_ARTICLE = Listener("enrich.article")
COUNT_ARTICLE = Listener("count.article", batch=100)
COUNT_WITHDRAWAL = Listener("count.withdrawal", batch=100)
FEED_PUBLISH = Listener("feed.publish", batch=50)
FEED_WITHDRAW = Listener("feed.withdraw", batch=50)
FEED_REMOVE_NOTICE = Listener("feed.remove_notice", batch=50, delay=7 * DAY)
# A second later: an article's posts on several networks move its page once.
FEED_LINK_POSTS = Listener("feed.link_posts", batch=50, delay=1.0)
PUSH_FAN_OUT = Listener("push.fan_out", batch=200)
PUSH_WEBHOOKS = Listener("push.webhooks", batch=100)
# Calls to other servers go on after the task that began them, so their rows are held longer.
PUSH_DELIVER = Listener("push.deliver", batch=250, lease=40.0)
PUSH_VERIFY = Listener("push.verify", batch=20, lease=40.0)
PUSH_SEND_WEBHOOK = Listener("push.send_webhook", batch=50, lease=40.0)
SOCIAL_PLAN = Listener("social.plan", batch=50)
SOCIAL_WITHDRAW = Listener("social.withdraw", batch=50)
# One turn of an account may call its network several times: page, picture, post, address of the post.
SOCIAL_POST = Listener("social.post", batch=50, lease=60.0)
SOCIAL_FETCHED = Listener("social.fetched", batch=50)
SOCIAL_NOTIFY = Listener("social.notify", batch=1)
SOCIAL_DRAW = Listener("social.draw", batch=5, most=15)

LISTENERS: dict[type[Event], tuple[Listener, ...]] = {
    ArticleAccepted: (ENRICH_ARTICLE,),
    ArticleUpdated: (ENRICH_ARTICLE,),
    ArticleEnriched: (COUNT_ARTICLE, FEED_PUBLISH),
    ArticleWithdrawn: (COUNT_WITHDRAWAL, FEED_WITHDRAW, SOCIAL_WITHDRAW),
    ArticlePublished: (PUSH_WEBHOOKS, SOCIAL_PLAN, SOCIAL_DRAW),
    CardWanted: (SOCIAL_DRAW,),
    NoticePosted: (FEED_REMOVE_NOTICE, PUSH_WEBHOOKS),
    FeedRevised: (PUSH_FAN_OUT,),
    DeliveryScheduled: (PUSH_DELIVER,),
    VerificationScheduled: (PUSH_VERIFY,),
    WebhookScheduled: (PUSH_SEND_WEBHOOK,),
    PostScheduled: (SOCIAL_POST,),
    PostSent: (FEED_LINK_POSTS,),
    PostDeleted: (FEED_LINK_POSTS,),
    PosterFetched: (SOCIAL_FETCHED,),
    StaffNoticeRaised: (SOCIAL_NOTIFY,),
}

BY_NAME: dict[str, Listener] = {each.name: each for listeners in LISTENERS.values() for each in listeners}
