"""A card's address follows from what it shows, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared import cards
from shared.cards import card_of, key_in, name_of
from shared.models import Enrichment
from shared.publication import Publication

COURIER = Publication.model_validate(
    {
        "name": "The Courier",
        "zone": "Europe/Istanbul",
        "languages": ["en", "ar"],
        "sections": [{"slug": "world", "name": {"en": "World", "ar": "العالم"}}],
    }
)


def enrichment(**fields: Any) -> Enrichment:
    values = {
        "headline": "Harbour reopens",
        "language": "en",
        "direction": "ltr",
        "section": None,
        "published_at": datetime(2018, 4, 20, 9, tzinfo=UTC),
        "image": None,
    }
    return Enrichment(**values | fields)


def test_a_card_shows_the_article_as_its_page_does() -> None:
    card = card_of(enrichment(section={"slug": "world", "label": "WORLD"}), COURIER)
    assert card == cards.Card(
        headline="Harbour reopens",
        language="en",
        direction="ltr",
        section="World",
        publication="The Courier",
        publication_language="en",
        date="20 April 2018 12:00",
        date_language="en",
    )
    arabic = card_of(enrichment(language="ar", section={"slug": "harbour", "label": "الميناء"}), COURIER)
    assert arabic and (arabic.section, arabic.date_language) == ("الميناء", "ar")
    turkish = card_of(enrichment(language="tr"), COURIER)
    assert turkish and turkish.date_language == "en", "the publication has no Turkish"


def test_an_article_with_a_picture_has_no_card() -> None:
    assert card_of(enrichment(image={"url": "https://example.org/a.jpg"}), COURIER) is None


def test_whatever_is_shown_moves_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    card = card_of(enrichment(), COURIER)
    assert card
    others = [replace(card, **{field: "other"}) for field in card.__dataclass_fields__]
    assert len({each.digest for each in [card, *others]}) == len(others) + 1
    assert card_of(enrichment(version=7, words=8), COURIER) == card
    before = card.digest
    monkeypatch.setattr(cards, "DRAWING", cards.DRAWING + 1)
    assert card.digest != before


def test_a_name_tells_its_article() -> None:
    card = card_of(enrichment(), COURIER)
    assert card
    assert key_in(name_of(card, KEY)) == KEY


KEY, DIGEST = "0123456789", "0123456789abcdef"


@pytest.mark.parametrize(
    "name",
    ["", KEY, f"{KEY}-", f"{KEY}-0123", f"{KEY}-{DIGEST.upper()}", f"{KEY}-{DIGEST}0", f"012345678l-{DIGEST}"],
)
def test_what_is_no_name_tells_nothing(name: str) -> None:
    assert key_in(name) == ""
