"""Real files of others, where they are at hand: every well-formed article is found, everything else is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from services.cli.dry_run import DryRun
from services.cli.readers import sniff
from services.cli.readers.items import Found, Item, LeftOut, Refusal
from shared.submission import Submission
from tests.unit.cli.reading import CONTEXT, kinds

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data lies beside the project and is not here")

# File: format, found, refused, left out; each counted in the file itself.
COUNTS = {
    "news/ar.ndjson": ("submissions", 215, 0, 0),
    "news/en.ndjson": ("submissions", 215, 0, 0),
    "news/en-long.ndjson": ("submissions", 16, 0, 0),
    "news/tr.ndjson": ("submissions", 215, 0, 0),
    "news/zh.ndjson": ("submissions", 215, 0, 0),
    "feeds/content-encoded.rss": ("RSS or Atom", 7, 0, 0),
    "feeds/encoding.rss": ("RSS or Atom", 40, 0, 0),
    "feeds/guardian.rss": ("RSS or Atom", 55, 0, 0),
    "feeds/heise.atom": ("RSS or Atom", 15, 0, 0),
    "feeds/heraldsun.rss": ("RSS or Atom", 2, 0, 0),
    "feeds/uolNoticias.rss": ("RSS or Atom", 15, 0, 0),
    "ninjs/2.1/ap_image.json": ("ninjs", 0, 1, 0),
    "ninjs/2.1/ninjsExSimpleText_2.json": ("ninjs", 1, 0, 0),
    "ninjs/2.1/ntb_text.json": ("ninjs", 1, 0, 0),
    "ninjs/2.1/tt_text_image_2.json": ("ninjs", 1, 0, 0),
    "ninjs/3.0/ap_image.json": ("ninjs", 0, 1, 0),
    "ninjs/3.0/ninjsExSimpleText_3.json": ("ninjs", 1, 0, 0),
    "ninjs/3.0/ntb_text.json": ("ninjs", 1, 0, 0),
    "ninjs/3.0/tt_text_image_3.json": ("ninjs", 1, 0, 0),
    "ninjs/schema/ninjs-schema_3.1.json": ("submissions", 0, 1, 0),
    "wxr/malformed.xml": ("WordPress export", 0, 1, 0),
    "wxr/small-export.xml": ("WordPress export", 5, 1, 5),
    "wxr/valid-wxr-1.1.xml": ("WordPress export", 1, 0, 1),
    "wxr/wxr-utf-8-challenges.xml": ("WordPress export", 1, 0, 0),
}


def items_of(name: str) -> list[Item]:
    content = (DATA / name).read_bytes()
    return list(sniff(name, content).read(content, CONTEXT))


def found_in(name: str) -> list[Found]:
    return [item for item in items_of(name) if isinstance(item, Found)]


@pytest.mark.parametrize("name", COUNTS)
def test_every_article_of_the_file_is_accounted_for(name: str) -> None:
    format, *counts = COUNTS[name]
    assert sniff(name, (DATA / name).read_bytes()).format == format
    assert list(kinds(items_of(name))) == counts
    for item in found_in(name):
        Submission.model_validate(item.submission)


def test_no_two_articles_of_all_files_are_taken_for_one() -> None:
    api = DryRun("")
    statuses = Counter(
        result.status for name in COUNTS for result in api.batch([item.submission for item in found_in(name)])
    )
    # The three text items of ninjs 3.0 are those of 2.1 in the newer spelling, and are recognised as the same.
    assert statuses == {202: 1020, 200: 3}


def test_refusals_say_why() -> None:
    reasons = {
        name: [(item.reason, item.detail) for item in items_of(name) if isinstance(item, Refusal)] for name in COUNTS
    }
    assert {name: found for name, found in reasons.items() if found} == {
        "ninjs/2.1/ap_image.json": [("is of type picture, not text", "")],
        "ninjs/3.0/ap_image.json": [("is of type picture, not text", "")],
        "ninjs/schema/ninjs-schema_3.1.json": [("is a JSON Schema, not an article", "")],
        "wxr/malformed.xml": [
            (
                "is not well-formed XML",
                "line 90: Opening and ending tag mismatch: notachanneltag line 27 and channel",
            )
        ],
        "wxr/small-export.xml": [("its status is private; only published posts are imported", "")],
    }
    left_out = Counter(item.reason for item in items_of("wxr/small-export.xml") if isinstance(item, LeftOut))
    assert left_out == {"is of the post type page, not post": 5}


def test_text_dates_and_names_come_through_whole() -> None:
    uol = found_in("feeds/uolNoticias.rss")[0]
    assert uol.submission["headline"].endswith("em simulações de 2º turno")
    assert uol.submission["published_at"] == "2018-09-24T19:42:40-03:00"
    jn = found_in("feeds/encoding.rss")[0].submission
    assert jn["headline"] == "Mãe de utente é a nova presidente da Raríssimas"
    assert jn["canonical_url"].startswith("https://www.jn.pt/")
    guardian = found_in("feeds/guardian.rss")[0].submission
    assert guardian["tags"][:2] == ["Donald Trump", "State of the Union address"]
    assert guardian["image"]["credit"] == "Photograph: Networ/Sipa USA/REX/Shutterstock"
    heise = found_in("feeds/heise.atom")[0].submission
    assert (heise["external_id"], heise["bylines"]) == ("http://heise.de/-3088438", ["heise online"])
    tt = found_in("ninjs/2.1/tt_text_image_2.json")[0].submission
    assert (tt["section"], tt["source"], tt["image"]["credit"]) == ("Inrikes", {"name": "TT"}, "Karl Melander/TT")
    assert "<h1>" not in tt["body"]
    john = found_in("wxr/valid-wxr-1.1.xml")[0].submission
    assert (john["bylines"], john["section"], john["tags"]) == (["John Doe"], "alpha", ["Clippable"])
