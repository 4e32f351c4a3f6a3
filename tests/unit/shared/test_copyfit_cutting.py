"""Cutting: at words, and never inside what belongs together."""

from __future__ import annotations

from itertools import accumulate

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.copyfit.cutting import shorten
from shared.copyfit.links import find_links
from shared.copyfit.rules import BLUESKY, THREADS, Bound, Rule, Unit, X, mastodon
from shared.text import ELLIPSIS, drop_unpaired_isolates
from tests.scripts import TEXTS

RULES = {"x": X, "bluesky": BLUESKY, "mastodon": mastodon(), "threads": THREADS}
LANGUAGES = st.sampled_from(["en", "ar", "fa", "he", "th", "hi", "zh-Hant", "zh", "ja", "km", ""])


def within(graphemes: int):
    return Rule((Bound(Unit.GRAPHEMES, graphemes),)).fits


@pytest.mark.parametrize(
    ("text", "language", "graphemes", "kept"),
    [
        ("The council voted for it", "en", 24, "The council voted for it"),
        ("The council voted for it", "en", 23, "The council voted for…"),
        ("The council voted for it", "en", 13, "The council…"),
        ("The council voted for it", "en", 12, "The council…"),
        ("The council voted for it", "en", 11, "The…"),
        ("The council (all of it) voted", "en", 14, "The council…"),
        ("Wait, said the mayor", "en", 7, "Wait…"),
        ("Donaudampfschifffahrt fiel aus", "de", 12, "Donaudampfs…"),
        ("مُحَمَّد يُعلن القرار", "ar", 11, "مُحَمَّد يُعلن…"),
        ("نخست‌وزیر می‌گوید کار آغاز شد", "fa", 12, "نخست‌وزیر…"),
        ("מועצת העיר אישרה", "he", 13, "מועצת העיר…"),
        ("นายกรัฐมนตรีแถลงนโยบายใหม่ต่อรัฐสภา", "th", 15, "นายกรัฐมนตรี…"),
        ("国务院总理今天在北京宣布了新的经济政策。", "zh", 12, "国务院总理今天在北京…"),
        ("國務院總理今天在北京宣布了新的經濟政策。", "zh-Hant", 12, "國務院總理今天在北京…"),
        ("東京都知事は記者会見で新しい政策を発表した。", "ja", 13, "東京都知事は記者会見で…"),
        ("नगर परिषद ने मतदान किया", "hi", 9, "नगर परिषद…"),
        ("ប្រទេសកម្ពុជា", "km", 6, "ប្រទេសក…"),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "en", 2, "👨‍👩‍👧‍👦…"),
        ("🇮🇷🇩🇪🇫🇷", "en", 2, "🇮🇷…"),
        ("Read https://example.com/a/b now", "en", 20, "Read…"),
        ("Read https://example.com/a/b/ now", "en", 30, "Read https://example.com/a/b/…"),
        ("R&amp;D pays", "en", 7, "R&amp;…"),
        ("R&amp;D pays", "en", 6, "R…"),
        ("\u2068Ann Lee\u2069 and \u2068Bob", "en", 8, "Ann…"),
        ("https://example.com/only-a-link", "en", 10, ""),
        ("word", "en", 1, ""),
        ("word", "en", 0, ""),
    ],
)
def test_text_is_cut_where_a_reader_would_cut_it(text: str, language: str, graphemes: int, kept: str) -> None:
    assert shorten(text, language, within(graphemes))[0] == kept


def test_what_is_cut_off_goes_on_where_the_cut_was() -> None:
    assert shorten("The council voted for it", "en", within(20)) == ("The council voted…", "for it")
    assert shorten("https://example.com/a", "en", within(5)) == ("", "https://example.com/a")
    assert shorten("short", "en", within(5)) == ("short", "")


def graphemes_whole(text: str) -> set[int]:
    return set(accumulate((len(each) for each in regex.findall(r"\X", text)), initial=0))


@given(TEXTS, LANGUAGES, st.sampled_from(sorted(RULES)), st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_nothing_is_ever_cut_inside_a_grapheme_a_link_or_an_entity(
    text: str, language: str, network: str, less: int
) -> None:
    rule = Rule(
        tuple(Bound(each.unit, max(each.limit // 5 - less, 0)) for each in RULES[network].bounds),
        link=RULES[network].link,
        bare_links=RULES[network].bare_links,
        short_mentions=RULES[network].short_mentions,
    )
    kept, rest = shorten(text, language, rule.fits)
    if rule.fits(text):
        assert (kept, rest) == (text, "")
        return
    assert kept == "" or rule.fits(kept)
    if not kept:
        assert rest == text
        return
    assert shorten(kept, language, rule.fits) == (kept, "")
    beginning = kept.removesuffix(ELLIPSIS)
    ends = [end for end in graphemes_whole(text) if drop_unpaired_isolates(text[:end]) == beginning]
    assert ends, "the kept text is no beginning that ends between two graphemes"
    whole = [
        *find_links(text, bare=True),
        *(m.span() for m in regex.finditer(r"https?://\S+|&(?:amp|#8230|#x27);", text)),
    ]
    assert any(not any(start < end < stop for start, stop in whole) for end in ends)


def test_a_text_whose_length_is_judged_oddly_is_still_only_cut_to_what_fits() -> None:
    assert shorten("one two three four five", "en", lambda text: len(text) % 7 == 0)[0] in (
        "",
        "one tw…",
        "one two three…",
    )
