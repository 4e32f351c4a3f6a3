"""Counting, against figures of X's own library, ICU and the networks' documents."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from shared.copyfit.rules import (
    BLUESKY,
    DISCORD,
    LINKEDIN,
    MATRIX,
    SLACK,
    TELEGRAM,
    THREADS,
    Bound,
    Rule,
    Unit,
    X,
    mastodon,
)
from tests.scripts import TEXTS

COUNTS = json.loads((Path(__file__).parents[2] / "golden" / "copyfit" / "counts.json").read_text())
FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize("row", COUNTS, ids=lambda row: row["why"])
def test_every_network_counts_as_it_is_known_to(row: dict) -> None:
    text = row["text"]
    assert {
        "mastodon": mastodon().count(text),
        "bluesky": BLUESKY.count(text),
        "x": X.count(text),
        "threads": THREADS.count(text),
        "utf16": TELEGRAM.count(text),
        "utf8": Unit.UTF8_BYTES.measure(text),
    } == {name: row[name] for name in ("mastodon", "bluesky", "x", "threads", "utf16", "utf8")}


@pytest.mark.parametrize(
    ("rule", "letter", "most"),
    [
        (X, "a", 280),
        (X, "ا", 280),
        (X, "中", 140),
        (X, "…", 140),
        (X, FAMILY, 140),
        (X, "\u200f", 140),
        (BLUESKY, "中", 300),
        (BLUESKY, FAMILY, 120),  # 3,000 bytes are reached before 300 graphemes
        (mastodon(), "中", 500),
        (mastodon(), FAMILY, 500),
        (mastodon(1000), "क्ष", 500),
        (THREADS, "a", 500),
        (THREADS, FAMILY, 20),
        (TELEGRAM, FAMILY, 372),
        (DISCORD, "🎉", 1000),
        (SLACK, "&", 800),
        (LINKEDIN, "(", 1500),
        (MATRIX, '"', 10_000),  # as JSON doubles it
    ],
)
def test_a_post_is_full_at_the_limit_and_not_before(rule: Rule, letter: str, most: int) -> None:
    assert rule.fits(letter * most)
    assert not rule.fits(letter * (most + 1))


def test_a_server_may_have_its_own_limit_and_weight_of_a_link() -> None:
    rule = mastodon(limit=60, link=50)
    assert rule.count("https://example.com/") == 50
    assert rule.fits("https://example.com/ 123456789")
    assert not rule.fits("https://example.com/ 1234567890")


def test_a_content_warning_takes_of_the_room() -> None:
    rule = mastodon(limit=20).beside("Élection 👍🏽")
    assert rule.limit == 10
    assert rule.fits("a" * 10)
    assert not rule.fits("a" * 11)


def test_only_the_user_of_a_mention_counts_on_mastodon() -> None:
    assert mastodon().count("(@a.b@c.example, @d@e)") == len("(@a.b, @d)")
    assert BLUESKY.count("@alice@example.social") == len("@alice@example.social")


def test_indic_conjuncts_count_as_servers_with_older_tables_count_them() -> None:
    assert Unit.GRAPHEMES.measure("क्षत्रिय") == 5


def test_a_lone_surrogate_is_counted_and_not_stumbled_over() -> None:
    assert [Unit.measure(unit, "a\ud800") for unit in Unit] == [2, 3, 4, 2, 2]


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_no_unit_counts_less_than_graphemes_and_none_depends_on_the_rest_of_the_text(text: str) -> None:
    for unit in (Unit.UTF8_BYTES, Unit.UTF16_UNITS, Unit.EMOJI_BYTES):
        assert unit.measure(text) >= len(text)
        assert unit.measure(text + "\n" + text) == 2 * unit.measure(text) + 1
    rule = Rule((Bound(Unit.X_WEIGHT, 1),), link=23, bare_links=True)
    # A space goes before: at the very beginning X takes an accented letter for no part of the host that follows.
    assert rule.count(f" {text} {text}") == 2 * rule.count(f" {text}")


@pytest.mark.parametrize(
    "text",
    [
        "a." * 5000, "例." * 5000, "a_" * 5000 + ".com", "a.com/" + "(a" * 5000, "http://a.com?" + ".," * 5000,
        "http://" * 1500, "&" * 10_000, "@a" * 5000, "@a." * 3000, "🏴" * 5000, "क्" * 5000, "e" + "\u0301" * 10_000,
        "1\u20e3" * 5000, "👨\u200d" * 5000,
    ],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_hostile_text_of_ten_thousand_letters_is_counted_at_once(text: str) -> None:
    begun = time.process_time()
    for rule in (X, mastodon(), BLUESKY):
        rule.count(text)
    assert time.process_time() - begun < 2
