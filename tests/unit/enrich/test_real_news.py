"""Real news in four languages: every piece is told apart, and goes through the pipeline without a note."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from services.enrich.pipeline import warm
from services.enrich.steps.language import detect
from tests.unit.enrich.articles import PUBLICATION, enriched

NEWS = Path(__file__).resolve().parents[4] / "shared" / "data" / "news"
pytestmark = pytest.mark.skipif(not NEWS.is_dir(), reason=f"no real news beside the project ({NEWS})")


def pieces(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (NEWS / f"{name}.ndjson").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("language", ["en", "ar", "tr", "zh"])
@pytest.mark.parametrize(
    "preferred", [PUBLICATION.languages, ("de",)], ids=["a language of the publication", "a foreign one"]
)
def test_the_language_of_at_least_97_in_100_pieces_is_found(language: str, preferred: tuple[str, ...]) -> None:
    found = [detect(" ".join(piece["sentences"]), preferred)[0] for piece in pieces(language)]
    assert found.count(language) / len(found) >= 0.97


@pytest.mark.parametrize("language", ["en", "ar", "tr", "zh", "en-long"])
def test_real_news_passes_without_a_note(language: str) -> None:
    for piece in pieces(language):
        result = enriched(headline=piece["sentences"][0][:500], body="\n\n".join(piece["sentences"]))
        assert result.notes == [], piece["external_id"]
        assert result.words > 0
        assert result.summary
        assert result.slug


def test_an_english_article_of_500_words_takes_under_six_milliseconds() -> None:
    words = " ".join(pieces("en-long")[2]["sentences"]).split()[:500]
    body = "".join(f"<p>{' '.join(words[start : start + 50])} <a href='/a'>b</a></p>" for start in range(0, 500, 50))
    warm()
    enriched(body=body)
    assert min(_cpu_seconds(body) for _ in range(20)) < 0.006


def _cpu_seconds(body: str) -> float:
    begun = time.process_time()
    enriched(body=body)
    return time.process_time() - begun
