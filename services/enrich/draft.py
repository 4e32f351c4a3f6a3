"""What the steps of enrichment hand to each other, and what comes out at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from shared.publication import Publication
from shared.submission import Submission
from shared.text import clean_xml, cut

LONGEST_NOTICE = 500

Term = dict[str, str]  # {"slug", "label"}


@dataclass(frozen=True)
class Limits:
    """Sizes of what is derived; lengths in graphemes (UAX 29)."""

    excerpt: int = 300
    slug: int = 80
    keywords: int = 8


@dataclass(frozen=True)
class Context:
    """All that a step may know beside the article."""

    publication: Publication
    now: datetime
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Enriched:
    """The article as outputs show it: the part of `shared.models.Enrichment` that follows from the submission alone.

    Every text holds only characters of XML 1.0; `html` is sanitised, and well-formed both as HTML and as XML.
    """

    headline: str = ""
    html: str = ""
    text: str = ""
    summary: str = ""
    language: str = "und"
    direction: str = "ltr"
    bylines: list[Term] = field(default_factory=list)
    section: Term | None = None
    tags: list[Term] = field(default_factory=list)
    dateline: str | None = None
    urgency: int | None = None
    source: dict[str, str] | None = None  # {"name", "url"}
    canonical_url: str | None = None
    image: dict[str, str] | None = None  # {"url", "alt", "credit"}
    words: int = 0
    reading_minutes: int = 1
    slug: str = ""
    keywords: list[str] = field(default_factory=list)
    content_hash: str = ""
    notes: list[dict[str, str]] = field(default_factory=list)  # {"step", "field", "notice"}


@dataclass(frozen=True, kw_only=True)
class Draft(Enriched):
    """An article on its way through the steps. `submission` is what they read; the first step cleans it."""

    submission: Submission

    def having(self, **changes: Any) -> Draft:
        return replace(self, **changes)

    def noting(self, step: str, field: str, notice: str) -> Draft:
        """The draft with one more note for the receipt; none for an empty notice."""
        if not notice:
            return self
        note = {"step": step, "field": field, "notice": cut(clean_xml(notice), LONGEST_NOTICE)}
        return replace(self, notes=[*self.notes, note])

    def finished(self) -> Enriched:
        return Enriched(**{each.name: getattr(self, each.name) for each in fields(Enriched)})


def removal_notice(removed: Counter[str]) -> str:
    """ "removed: script (1), onclick (2)"; empty when nothing was removed."""
    if not removed:
        return ""
    return "removed: " + ", ".join(f"{name} ({count})" for name, count in sorted(removed.items()))
