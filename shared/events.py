"""What happened: facts in the past tense, holding ids and times only. shared.listeners says who reacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """A fact about one article at one version."""

    article_seq: int
    version: int
    at: datetime

    @property
    def name(self) -> str:
        return type(self).__name__


class ArticleAccepted(Event):
    """A submission is stored. Recorded by ingest."""


class ArticleUpdated(Event):
    """A stored article was replaced by a newer version. Recorded by ingest."""


class ArticleWithdrawn(Event):
    """The publisher took the article back. Recorded by ingest."""


class ArticleEnriched(Event):
    """The article is ready for pages, feeds and counters. Recorded by enrich."""


class ArticlePublished(Event):
    """Pages and feeds show this version. Recorded by feed."""


class NoticePosted(Event):
    """Feeds show the withdrawal notice in the article's place. Recorded by feed."""
