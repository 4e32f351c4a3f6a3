"""Enriches claimed articles: the pipeline decides outside any transaction, then the result is stored with `done`."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.enrich.pipeline import Context, Enriched, enrich
from shared import crash, outbox
from shared.clock import Clock
from shared.days import local_day
from shared.db import Database
from shared.events import ArticleEnriched
from shared.models import Article, Enrichment
from shared.publication import Publication
from shared.standing import load_for_effect
from shared.submission import Submission
from shared.translations import reference

# Crockford's alphabet in lower case: nothing in a page's address can be misread or spell a word.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
KEY_LENGTH = 10


class EnrichTasks:
    """The handler of the enrich worker."""

    def __init__(self, db: Database, publication: Publication, clock: Clock) -> None:
        self._db = db
        self._publication = publication
        self._clock = clock

    def article(self, claim: outbox.Claim) -> None:
        """Enriches the current version of each claimed article, unless that is done already."""
        now = self._clock.now()
        context = Context(publication=self._publication, now=now)
        with self._db.read() as session:
            waiting = _not_yet_enriched(session, {row.article_seq for row in claim.rows})
        results = {
            seq: (version, enrich(Submission.model_validate(submission), context))
            for seq, version, submission in waiting
        }
        crash.reach("enrich.after_pipeline")
        with self._db.write() as session:
            held = {row.article_seq for row in outbox.finish(session, claim)}
            stored = []
            for article, enrichment, _ in load_for_effect(session, held & results.keys()):
                version, result = results[article.seq]
                # A newer version is on its way with a row of its own; this one may be stored already, by that very row.
                if version == article.version and (enrichment is None or enrichment.version < version):
                    stored.append(self._store(session, article, enrichment, result))
            _note_duplicates(session, stored)
            outbox.record(session, [ArticleEnriched(each.article_seq, each.version, now) for each in stored])
            crash.reach("enrich.before_commit")
        crash.reach("enrich.after_commit")

    def _store(self, session: Session, article: Article, existing: Enrichment | None, result: Enriched) -> Enrichment:
        now = self._clock.now()
        values = asdict(result)
        if existing is None:
            given = Submission.model_validate(article.submission).published_at
            published_at = given or now
            enrichment = Enrichment(
                article_seq=article.seq,
                published_at=published_at,
                day=local_day(published_at, self._publication.tz),
                key="".join(secrets.choice(_ALPHABET) for _ in range(KEY_LENGTH)),
                updated_at=published_at,
                **values,
            )
            session.add(enrichment)
        else:
            enrichment = existing
            del values["slug"]  # the page keeps its address
            for name, value in values.items():
                setattr(enrichment, name, value)
            enrichment.updated_at = max(article.updated_at, enrichment.updated_at)
        of = article.submission.get("translation_of")
        enrichment.original = reference(article.publisher_id, of) if of else None
        enrichment.version = article.version
        enrichment.enriched_at = now
        enrichment.duplicate_of = None
        return enrichment


def _not_yet_enriched(session: Session, seqs: set[int]) -> Iterable[tuple[int, int, dict[str, object]]]:
    rows = session.execute(
        select(Article.seq, Article.version, Article.submission)
        .outerjoin(Enrichment, Enrichment.article_seq == Article.seq)
        .where(Article.seq.in_(seqs), Article.withdrawn_at.is_(None))
        .where(Enrichment.version.is_(None) | (Enrichment.version < Article.version))
    )
    return rows.all()


def _note_duplicates(session: Session, stored: list[Enrichment]) -> None:
    """Names, on each article, the earliest other one with exactly the same content."""
    session.flush()
    hashes = {each.content_hash for each in stored}
    twins = session.execute(
        select(Enrichment.content_hash, Article.seq, Article.id)
        .join(Article, Article.seq == Enrichment.article_seq)
        .where(Enrichment.content_hash.in_(hashes))
        .order_by(Article.seq.desc())
    )
    earliest = {content_hash: (seq, article_id) for content_hash, seq, article_id in twins}
    for each in stored:
        seq, article_id = earliest[each.content_hash]
        each.duplicate_of = article_id if seq < each.article_seq else None
