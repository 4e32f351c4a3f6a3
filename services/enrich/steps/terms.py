"""Who wrote it, where it belongs, what it is about: bylines, section and tags with their slugs."""

from __future__ import annotations

from collections.abc import Iterable

from services.enrich.draft import Context, Draft, Term
from shared.publication import Publication, Section
from shared.text import slugify


def name_terms(draft: Draft, context: Context) -> Draft:
    """Gives each term its slug; of terms with the same slug the first stays. Tags lose the # of a hashtag."""
    given = draft.submission
    return draft.having(
        bylines=_distinct(given.bylines),
        section=_section(given.section, context.publication) if given.section else None,
        tags=_distinct(tag.lstrip("#＃").lstrip() or tag for tag in given.tags),
    )


def _distinct(labels: Iterable[str]) -> list[Term]:
    found: dict[str, Term] = {}
    for label in labels:
        slug = slugify(label)
        found.setdefault(slug, {"slug": slug, "label": label})
    return list(found.values())


def _section(label: str, publication: Publication) -> Term:
    """The configured section of that slug or name, in any language; else one made of the label itself."""
    slug = slugify(label)
    for section in publication.sections:
        if slug == section.slug or slug in {slugify(name) for name in _names(section)}:
            return {"slug": section.slug, "label": section.label(publication.language)}
    return {"slug": slug, "label": label}


def _names(section: Section) -> Iterable[str]:
    return [section.name] if isinstance(section.name, str) else section.name.values()
