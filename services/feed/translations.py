"""Which articles are the same in different languages: an original, and what names it, directly or through another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from shared.models import Article, Enrichment
from shared.translations import meaning, names_of, reference
from shared.urls import article_path, urn
from shared.visibility import visible_clause

# How many translations of translations are followed.
DEPTH = 8
# Names asked for in one query, and how many articles one answer may have: nobody translates more.
CHUNK = 100
MOST = 2000

_COLUMNS = (
    *(Article.seq, Article.id, Article.publisher_id, Article.external_id, visible_clause().label("visible")),
    *(Enrichment.original, Enrichment.language, Enrichment.day, Enrichment.slug, Enrichment.key),
)
T = TypeVar("T")


@dataclass(frozen=True)
class Relative:
    """An article as its family sees it. `day` and `path` are empty until it is enriched."""

    seq: int
    id: str
    names: tuple[str, ...]  # references by which others call it their original
    original: str | None
    language: str
    day: date | None
    path: str
    visible: bool


@dataclass(frozen=True)
class Family:
    """`original` is the seq of the article that all others come from; None while it is not there."""

    original: int | None
    members: dict[int, Relative]


@dataclass(frozen=True)
class Variant:
    """An article in one of its languages."""

    urn: str
    path: str
    language: str
    is_original: bool


def variants_of(session: Session, article_ids: Collection[str]) -> dict[str, tuple[Variant, ...]]:
    """Of each of these articles that stands in more than one language: all of them, itself included, original first.

    One per language: where there are several, the original, else the oldest. An article that is not the one of its
    language has none, so that any two articles agree on each other.
    """
    asked = [each for some in _chunks(article_ids) for each in _relatives(session, Article.id.in_(some))]
    families = _families(session, asked)
    found = {}
    for each in asked:
        chosen = _one_per_language(families[each.seq])
        if len(chosen) > 1 and each.seq in [one.seq for one in chosen]:
            original = families[each.seq].original
            found[each.id] = tuple(Variant(urn(one.id), one.path, one.language, one.seq == original) for one in chosen)
    return found


def hreflangs(variants: Sequence[Variant]) -> Iterator[tuple[str, str]]:
    """Language and path of each variant, for `hreflang`; the original is also what suits everybody else."""
    yield from ((each.language, each.path) for each in variants)
    yield from (("x-default", each.path) for each in variants if each.is_original)


def days_of_relatives(session: Session, seqs: Collection[int], former: dict[int, str]) -> set[date]:
    """On which days pages and sitemaps name one of these articles as a variant, or did so until now.

    `former` is what articles named as their original before they were changed.
    """
    asked = [each for some in _chunks(seqs) for each in _relatives(session, Article.seq.in_(some))]
    asked += [replace(each, seq=-each.seq, original=former[each.seq]) for each in asked if each.seq in former]
    families = _families(session, asked)
    return {
        one.day
        for each in asked
        for one in families[each.seq].members.values()
        if one.visible and one.day and one.seq != abs(each.seq)
    }


def _one_per_language(family: Family) -> list[Relative]:
    visible = [each for each in family.members.values() if each.visible and each.language != "und"]
    visible.sort(key=lambda each: (each.seq != family.original, each.seq))
    chosen: dict[str, Relative] = {}
    for each in visible:
        chosen.setdefault(each.language, each)
    return list(chosen.values())


def _families(session: Session, asked: Sequence[Relative]) -> dict[int, Family]:
    parents = _parents(session, asked)
    roots = {each.seq: _root(each, parents) for each in asked}
    families: dict[str, Family] = {}  # by the first name of the root
    owners: dict[str, Family] = {}  # by every name in the family
    for root, names in roots.values():
        family = Family(root.seq, {root.seq: root}) if root else Family(None, {})
        families[names[0]] = family
        owners |= dict.fromkeys(names, family)
    new = list(owners)
    for _ in range(DEPTH):
        children = [each for some in _chunks(new) for each in _naming(session, some)]
        new = []
        for child in children:
            family = owners[child.original or ""]
            if family.members.setdefault(child.seq, child) is child:
                new += [name for name in child.names if name not in owners]
                owners = dict.fromkeys(child.names, family) | owners
    return {seq: families[names[0]] for seq, (_, names) in roots.items()}


def _parents(session: Session, asked: Sequence[Relative]) -> dict[str, Relative]:
    """What each reference on the way to the roots means, where it means an article that is there."""
    parents: dict[str, Relative] = {}
    unknown = {each.original for each in asked if each.original}
    for _ in range(DEPTH):
        found = {name: each for some in _chunks(unknown) for name, each in _meant(session, some).items()}
        parents |= found
        unknown = {each.original for each in found.values() if each.original and each.original not in parents}
    return parents


def _root(each: Relative, parents: dict[str, Relative]) -> tuple[Relative | None, tuple[str, ...]]:
    """The article at the root of a family and its names; only a name while that article is not there."""
    way = {each.seq: each}
    while each.original is not None:
        parent = parents.get(each.original)
        if parent is None:
            return None, (each.original,)
        if parent.seq in way:  # a circle: its oldest article is as good as any
            order = list(way)
            each = way[min(order[order.index(parent.seq) :])]
            break
        way[parent.seq] = each = parent
    return each, each.names


def _meant(session: Session, names: Sequence[str]) -> dict[str, Relative]:
    """The articles that these references mean; a publisher's own id goes before the id of a receipt."""
    wanted = {name: meaning(name) for name in names}
    conditions = [
        and_(Article.publisher_id == publisher, or_(Article.external_id.in_(own), Article.id.in_(ids)))
        for publisher in {publisher for publisher, _, _ in wanted.values()}
        for own, ids in [_meanings(wanted, publisher)]
    ]
    if not conditions:
        return {}
    found = _relatives(session, or_(*conditions))
    by_name = {name: each for each in found for name in each.names[:2]} | {
        each.names[-1]: each for each in found if len(each.names) > 2
    }
    return {name: by_name[name] for name in names if name in by_name}


def _meanings(wanted: dict[str, tuple[int, str, str]], publisher: int) -> tuple[list[str], list[str]]:
    of_publisher = [meant for meant in wanted.values() if meant[0] == publisher]
    return [own for _, own, _ in of_publisher], [article_id for _, _, article_id in of_publisher]


def _naming(session: Session, names: Sequence[str]) -> list[Relative]:
    """The articles that give one of these names as their original's."""
    # Named by a query of its own, or SQLite looks through every article for them.
    return _relatives(session, Article.seq.in_(select(Enrichment.article_seq).where(Enrichment.original.in_(names))))


def _relatives(session: Session, condition: ColumnElement[bool]) -> list[Relative]:
    rows = session.execute(
        select(*_COLUMNS)
        .select_from(Article)
        .outerjoin(Enrichment, Enrichment.article_seq == Article.seq)
        .where(condition)
        .limit(MOST)
    )
    return [_relative(row) for row in rows]


def _relative(row: Any) -> Relative:
    return Relative(
        seq=row.seq,
        id=row.id,
        names=tuple(reference(row.publisher_id, name) for name in names_of(row.id, row.external_id)),
        original=row.original,
        language=row.language or "",
        day=row.day,
        path=article_path(row.day, row.slug, row.key) if row.day else "",
        visible=bool(row.visible),
    )


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    some = list(values)
    return (some[start : start + CHUNK] for start in range(0, len(some), CHUNK))
