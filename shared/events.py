"""What happened: facts in the past tense, holding ids and times only. shared.listeners says who reacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """A fact. Which one it is, says its class; what it is about, say the fields."""

    @property
    def name(self) -> str:
        return type(self).__name__


@dataclass(frozen=True)
class ArticleEvent(Event):
    """A fact about one article at one version."""

    article_seq: int
    version: int
    at: datetime


class ArticleAccepted(ArticleEvent):
    """A submission is stored. Recorded by ingest."""


class ArticleUpdated(ArticleEvent):
    """A stored article was replaced by a newer version. Recorded by ingest."""


class ArticleWithdrawn(ArticleEvent):
    """The publisher took the article back. Recorded by ingest."""


class ArticleEnriched(ArticleEvent):
    """The article is ready for pages, feeds and counters. Recorded by enrich."""


class ArticlePublished(ArticleEvent):
    """Pages and feeds show this version. Recorded by feed, in commit order."""


class CardWanted(ArticleEvent):
    """Somebody asks for the article's card, which is not there. Recorded by feed."""


class NoticePosted(ArticleEvent):
    """Feeds show the withdrawal notice in the article's place. Recorded by feed, in commit order."""


class PostSent(ArticleEvent):
    """A post about the article can be seen on a social network, or its address has changed. Recorded by social."""


class PostDeleted(ArticleEvent):
    """A post about the article was taken back from a social network. Recorded by social."""


@dataclass(frozen=True)
class FeedRevised(Event):
    """Feeds have changed: those whose `Feed.seq` is this number, or higher. Recorded by feed."""

    number: int
    at: datetime


@dataclass(frozen=True)
class TargetEvent(Event):
    """A fact about one row of push or social. Recorded by that service, unless it says otherwise."""

    target_id: int
    at: datetime


class DeliveryScheduled(TargetEvent):
    """The newest revision of its topic is to be sent to a subscription."""


class VerificationScheduled(TargetEvent):
    """A subscriber is to be asked whether it meant a request to subscribe or unsubscribe."""


class WebhookScheduled(TargetEvent):
    """An event is to be sent to a webhook: the row is a WebhookDelivery."""


class PostScheduled(TargetEvent):
    """A social account has its turn: whatever it has to do next may be done. The row is a SocialAccount."""


class StaffNoticeRaised(TargetEvent):
    """A person is to be told of something. The row is a StaffNotice."""


@dataclass(frozen=True)
class PosterFetched(TargetEvent):
    """A program fetched an outside poster's feed while this post was on top of it. The row is a SocialPost, the version
    is the article's that it shows. Recorded by feed."""

    version: int
