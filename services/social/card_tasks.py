"""Draws the cards of articles without a picture: outside any transaction, then stored together with `done`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.social.cards.drawing import DrawingFailed, draw
from shared import crash, outbox
from shared.cards import Card, card_of, name_of
from shared.clock import Clock
from shared.db import Database
from shared.events import CardWanted
from shared.models import Article, Enrichment
from shared.models import Card as CardRow
from shared.publication import Publication
from shared.standing import load_for_effect
from shared.visibility import is_visible, visible_clause

log = logging.getLogger(__name__)

# What was published longer ago is drawn when somebody asks for it: an archive that is imported has no hurry.
NEWS = timedelta(days=7)
# For so long after another one has followed it, a card stays for those who still have a page that names it.
STAYS = timedelta(days=7)

Row = outbox.Row


class CardTasks:
    """The handler of social.draw."""

    def __init__(self, db: Database, publication: Publication, clock: Clock) -> None:
        self._db = db
        self._publication = publication
        self._clock = clock

    def draw(self, claim: outbox.Claim) -> None:
        """Draws the current card of each claimed article that wants one, unless it is there.

        One that cannot be drawn fails alone, with its reason.
        """
        with self._db.read() as session:
            wanted = list(self._wanted(session, claim))
        drawn: dict[str, bytes] = {}
        failed: dict[Row, str] = {}
        for row, name, card in wanted:
            try:
                drawn[name] = drawn.get(name) or draw(card)
            except DrawingFailed as error:
                log.exception("the card of article %d cannot be drawn", row.article_seq)
                failed[row] = f"{type(error).__name__}: {error}"
        with self._db.write() as session:
            finished = tuple(row for row in claim.rows if row not in failed)
            held = outbox.finish(session, outbox.Claim(claim.listener, claim.token, finished))
            self._store(session, {row.article_seq for row in held}, drawn)
            for row, reason in failed.items():
                outbox.fail(session, outbox.Claim(claim.listener, claim.token, (row,)), reason)
            crash.reach("social.before_commit")
        crash.reach("social.after_commit")

    def _wanted(self, session: Session, claim: outbox.Claim) -> Iterator[tuple[Row, str, Card]]:
        """Rows whose article is to have a card now, with its name."""
        seqs = {row.article_seq for row in claim.rows}
        query = select(Enrichment).join(Article, Article.seq == Enrichment.article_seq)
        found = {
            each.article_seq: each
            for each in session.scalars(query.where(Enrichment.article_seq.in_(seqs), visible_clause()))
        }
        there = set(session.scalars(select(CardRow.name).where(CardRow.article_seq.in_(seqs))))
        oldest = self._clock.now() - NEWS
        for row in claim.rows:
            enrichment = found.get(row.article_seq)
            if enrichment is None or (row.event != CardWanted.__name__ and enrichment.published_at < oldest):
                continue
            card = card_of(enrichment, self._publication)
            if card is not None and (name := name_of(card, enrichment.key)) not in there:
                yield row, name, card

    def _store(self, session: Session, seqs: set[int], drawn: dict[str, bytes]) -> None:
        """Keeps what was drawn, where it still is the article's card."""
        now = self._clock.now()
        for article, enrichment, _ in load_for_effect(session, seqs) if drawn else ():
            card = card_of(enrichment, self._publication) if enrichment and is_visible(article, enrichment) else None
            name = name_of(card, enrichment.key) if card and enrichment else ""
            if name in drawn and session.get(CardRow, name) is None:
                session.add(CardRow(name=name, article_seq=article.seq, png=drawn[name], drawn_at=now))
                session.flush()
                self._clear_away(session, article.seq)

    def _clear_away(self, session: Session, seq: int) -> None:
        """Removes the article's cards that others followed long ago; who asks for one of them is led to the newest."""
        query = (
            select(CardRow.name, CardRow.drawn_at).where(CardRow.article_seq == seq).order_by(CardRow.drawn_at.desc())
        )
        newest_first = session.execute(query).all()
        long_ago = self._clock.now() - STAYS
        gone = [older.name for newer, older in pairwise(newest_first) if newer.drawn_at < long_ago]
        session.execute(delete(CardRow).where(CardRow.name.in_(gone)))
