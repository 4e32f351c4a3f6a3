"""Hashtags in every script, as the networks recognise them."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.copyfit.hashtags import USUAL, Hashtags, hashtag, hashtags
from tests.scripts import TEXTS

# What Mastodon and X take for a hashtag: a letter, and else only letters, marks, digits, underscores, joiners inside.
RECOGNISED = regex.compile(r"(?=.*\p{L})[\p{L}\p{Nd}](?:[\p{L}\p{M}\p{Nd}_\u200c]*[\p{L}\p{M}\p{Nd}_])?")


@pytest.mark.parametrize(
    ("tag", "word"),
    [
        ("budget", "budget"),
        ("climate change", "ClimateChange"),
        ("the EU's budget", "TheEUsBudget"),
        ("COVID-19", "COVID19"),
        ("2026 elections", "2026Elections"),
        ("#Brexit", "Brexit"),
        ("AT&T", "ATT"),
        ("Côte d'Ivoire", "CôteDIvoire"),
        ("Cafe\u0301", "Café"),
        ("Новости дня", "НовостиДня"),
        ("საქართველო დღეს", "საქართველოდღეს"),
        ("مجلس المدينة", "مجلس_المدينة"),
        ("مُحَمَّد", "مُحَمَّد"),
        ("می‌رود", "می‌رود"),
        ("شورای شهر", "شورای_شهر"),
        ("צה״ל", "צהל"),
        ('צה"ל', "צהל"),
        ("מועצת העיר", "מועצת_העיר"),
        ("สภาเมือง", "สภาเมือง"),
        ("नई दिल्ली", "नई_दिल्ली"),
        ("क्\u200cष", "क्ष"),
        ("東京 五輪", "東京_五輪"),
        ("オリンピック", "オリンピック"),
        ("서울 시장", "서울_시장"),
        ("اوپک OPEC", "اوپک_OPEC"),
        ("٢٠٢٦", ""),
        ("2026", ""),
        ("🎉", ""),
        ("🎉 party", "party"),
        ("__", ""),
        ("", ""),
        ("\u200f\u200e\u202e", ""),
        ("line\nbreak", "LineBreak"),
    ],
)
def test_a_tag_becomes_one_word(tag: str, word: str) -> None:
    assert hashtag(tag) == word


def test_an_underscore_stands_for_the_non_joiner_where_a_network_ends_the_hashtag_at_it() -> None:
    assert hashtag("می‌رود", joiners=False) == "می_رود"


def test_the_dotted_capital_i_is_kept_in_turkish() -> None:
    assert hashtag("istanbul seçim", USUAL, "tr-TR") == "İstanbulSeçim"
    assert hashtag("istanbul seçim", USUAL, "en") == "IstanbulSeçim"


def test_a_word_that_is_too_long_is_none() -> None:
    assert hashtag("a" * 64, USUAL) == "a" * 64
    assert hashtag("a" * 65, USUAL) == ""
    assert hashtag("क्षि" * 10, Hashtags(longest=10)) == "क्षि" * 10


def test_each_is_given_once_in_order_and_no_more_than_the_network_likes() -> None:
    tags = ("2026", "Budget", "budget", "City Council", "city council", "Bridges", "Roads")
    assert hashtags(tags, USUAL) == ("Budget", "CityCouncil", "Bridges")
    assert hashtags(tags, Hashtags(most=1)) == ("Budget",)
    assert hashtags(tags, Hashtags(most=0)) == ()


@given(TEXTS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_whatever_the_tag_the_networks_recognise_the_whole_word(tag: str, joiners: bool) -> None:
    word = hashtag(tag, Hashtags(longest=1000), joiners=joiners)
    assert not word or RECOGNISED.fullmatch(word)
    assert joiners or "\u200c" not in word
