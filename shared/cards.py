"""The picture of an article that has none of its own: what it shows, and its address, which follows from that.

Feed names and serves it, social draws it. Both ask here, so a page can name a picture that is yet to be drawn.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass

from shared.localised import date_line, publication_language
from shared.models import Enrichment
from shared.publication import Publication

# Pixels. What networks ask for in a large preview: 1.91 to 1.
WIDTH, HEIGHT = 1200, 630
MEDIA_TYPE = "image/png"
# Of the drawing: to be moved with every change of the look, the fonts or the typesetter, so that addresses move too.
DRAWING = 1

_NAME = re.compile(r"([0-9a-hjkmnp-tv-z]{10})-[0-9a-f]{16}")


@dataclass(frozen=True)
class Card:
    """What is drawn, each text with the language it is written in (BCP 47). `direction` is the headline's."""

    headline: str
    language: str
    direction: str  # ltr or rtl
    section: str  # in the headline's language; may be empty
    publication: str
    publication_language: str
    date: str  # as the page shows it
    date_language: str

    @property
    def digest(self) -> str:
        """Another one for every card that looks different."""
        shown = json.dumps([DRAWING, asdict(self)], sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()[:16]


def card_of(enrichment: Enrichment, publication: Publication) -> Card | None:
    """The card of an article; None for one that has a picture of its own. Whether it may be seen is not asked here."""
    if enrichment.image:
        return None
    return Card(
        headline=enrichment.headline,
        language=enrichment.language,
        direction=enrichment.direction,
        section=publication.section_name(enrichment.section, enrichment.language),
        publication=publication.name,
        publication_language=publication.language,
        date=date_line(enrichment.published_at, publication, enrichment.language),
        date_language=publication_language(publication, enrichment.language),
    )


def name_of(card: Card, key: str) -> str:
    """The card's name: the key of its article's address, and its digest."""
    return f"{key}-{card.digest}"


def key_in(name: str) -> str:
    """The article's key in a card's name; empty when it is no such name."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""
