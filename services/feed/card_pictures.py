"""Answers with the cards that social draws (`/cards/<name>.png`): from the record, each at an address for ever.

One that is not drawn yet is asked for once and waited for, by a few requests at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request
from sqlalchemy import exists, select

from services.feed.answers import PAGE_CACHE
from services.feed.kept import Kept
from shared import outbox
from shared.cards import MEDIA_TYPE, card_of, key_in, name_of
from shared.clock import Clock
from shared.db import Database
from shared.errors import NotFound, Refused
from shared.events import CardWanted
from shared.listeners import SOCIAL_DRAW
from shared.models import Article, Card, Enrichment, Event, OutboxRow
from shared.publication import Publication
from shared.urls import card_path
from shared.visibility import is_visible

# Bytes of cards each web process keeps: some hundred of them, so that the programs of networks, which come all at once
# when a post is made, are answered from memory.
CAPACITY = 32_000_000
# Seconds for which a request waits for a card, and after which it is told to come back.
PATIENCE = 4.0
RETRY_AFTER = 5
LOOK_EVERY = 0.1
# Seconds in which one process asks for a card once, should it not come.
ASK_EVERY = 60.0
ASKED_CAPACITY = 1_000_000
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Standing:
    """A visible article: which version of it is shown, and the name of its card; empty where it has a picture."""

    seq: int
    version: int
    card: str


class CardPictures:
    """The cards of visible articles. `most_waiting` requests of a process wait for a drawing at a time."""

    def __init__(
        self, db: Database, publication: Publication, clock: Clock, nudge: Callable[[], None], most_waiting: int
    ) -> None:
        self.publication = publication
        self._db = db
        self._clock = clock
        self._nudge = nudge
        self._seats = threading.BoundedSemaphore(most_waiting)
        self._kept: Kept[str, bytes] = Kept(CAPACITY)
        self._asked: Kept[str, float] = Kept(ASKED_CAPACITY)

    def standing(self, key: str) -> Standing:
        """Where the article with this key stands. Raises NotFound, or Refused (410) for one that was withdrawn."""
        query = select(Article, Enrichment).join(Enrichment, Enrichment.article_seq == Article.seq)
        with self._db.read() as session:
            found = session.execute(query.where(Enrichment.key == key)).first()
        if found is None:
            raise NotFound("No article has this card.")
        article, enrichment = found
        if not is_visible(article, enrichment):
            raise Refused("The article was withdrawn.", status=410, title="Gone")
        card = card_of(enrichment, self.publication)
        return Standing(article.seq, enrichment.version, name_of(card, key) if card else "")

    def drawn(self, name: str) -> bytes | None:
        """A card that is there, whether it is the article's newest or not."""
        png = self._kept.get(name)
        if png is None:
            with self._db.read() as session:
                png = session.scalar(select(Card.png).where(Card.name == name))
            if png is not None:
                self._kept.put(name, png, len(png))
        return png

    def wait_for(self, article: Standing) -> bytes | None:
        """Has the article's card drawn, and gives it; None when it did not come in time, or too many wait already."""
        self._ask_for(article)
        if not self._seats.acquire(blocking=False):
            return None
        try:
            until = time.monotonic() + PATIENCE
            while (png := self.drawn(article.card)) is None and time.monotonic() < until:
                time.sleep(LOOK_EVERY)
            return png
        finally:
            self._seats.release()

    def _ask_for(self, article: Standing) -> None:
        """Records that the card is wanted, unless that is known: here lately, or to the record of this version."""
        last = self._asked.get(article.card)
        if last is not None and time.monotonic() < last + ASK_EVERY:
            return
        on_its_way = exists().where(
            OutboxRow.event_id == Event.id,
            OutboxRow.listener == SOCIAL_DRAW.name,
            OutboxRow.state != "done",
            Event.article_seq == article.seq,
            Event.version == article.version,
        )
        with self._db.write() as session:
            session.execute(select(Article.seq).where(Article.seq == article.seq).with_for_update(key_share=True))
            if not session.scalar(select(on_its_way)):
                outbox.record(session, [CardWanted(article.seq, article.version, self._clock.now())])
        self._asked.put(article.card, time.monotonic(), 200)
        self._nudge()


def make_card_views(pictures: CardPictures) -> Blueprint:
    views = Blueprint("cards", __name__)

    @views.get(card_path("<name>"))
    def card(name: str) -> Any:
        key = key_in(name)
        if not key:
            raise NotFound("No card has this address.")
        article = pictures.standing(key)
        png = pictures.drawn(name)
        if png is None and name != article.card:
            return _moved(pictures.publication, article)
        if png is None and (png := pictures.wait_for(article)) is None:
            headers = {"Retry-After": str(RETRY_AFTER)}
            raise Refused("The card is being drawn.", status=503, title="Not drawn yet", headers=headers)
        response = Response(png, content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = FOR_EVER
        response.add_etag()
        return response.make_conditional(request)

    return views


def _moved(publication: Publication, article: Standing) -> Any:
    """To the newest card, from an address that is of an older one or of none."""
    if not article.card:
        raise NotFound("The article has a picture of its own.")
    response = redirect(publication.base_url + card_path(article.card), 302)
    response.headers["Cache-Control"] = PAGE_CACHE
    return response
