"""What shared.text promises to every service: legal XML, whole graphemes, readable slugs, the right direction."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from shared.text import (
    LONGEST_ENCODED_SLUG,
    clean_xml,
    cut,
    direction_of,
    drop_unpaired_isolates,
    fits,
    head,
    slugify,
)

FAMILY = "👨‍👩‍👧‍👦"
# Characters that make text handling hard, more often than chance would bring them.
_MARKS = "\u200c\u200d\u200f\u2067\u2069\u202e\u0301\u0338\ufe0f\u0345\u0640"
_LETTERS = ["ก็", "ำ", "क्ष", "国", "한", "ǰ", "𒀀", FAMILY, "🇹🇷", "👍🏽", "\r\n", *"İßςΣŉaZ7+#- "]
TRICKY = st.sampled_from([*_MARKS, *_LETTERS])
TEXTS = st.one_of(
    st.text(), st.lists(TRICKY).map("".join), st.lists(st.one_of(TRICKY, st.text(max_size=3))).map("".join)
)


def graphemes(text: str) -> list[str]:
    return regex.findall(r"\X", text)


@pytest.mark.parametrize("bad", [*map(chr, [0, 8, 11, 12, 14, 31, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])])
def test_what_xml_cannot_hold_is_removed(bad: str) -> None:
    assert clean_xml(f"a{bad}b") == "ab"


@pytest.mark.parametrize("good", ["\t", "\n", "\r", " ", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"])
def test_what_xml_can_hold_stays(good: str) -> None:
    assert clean_xml(good) == good


@given(st.text(st.characters()))
def test_clean_text_is_always_written_and_read_back_by_an_xml_library(text: str) -> None:
    element = etree.Element("text")
    element.text = clean_xml(text)
    assert etree.fromstring(etree.tostring(element)).text in {clean_xml(text), clean_xml(text) or None}


@given(TEXTS, st.integers(0, 40))
@example(FAMILY * 5, 3)
@example("e\u0301" * 9, 4)
def test_a_cut_keeps_to_its_limit_and_never_splits_a_grapheme(text: str, limit: int) -> None:
    result = cut(text, limit)
    assert len(graphemes(result)) <= limit or result == text == ""
    if result == text:
        return
    # Isolates that the cut left open are gone from it, so they are left aside on both sides.
    beginnings = {"".join(graphemes(text)[:count]) for count in range(len(graphemes(text)) + 1)}
    without_isolates = {regex.sub("[\u2066-\u2069]", "", each) for each in beginnings}
    assert regex.sub("[\u2066-\u2069]", "", result.removesuffix("…")) in without_isolates


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Harbour reopens", 15, "Harbour reopens"),
        ("Harbour reopens after storm", 16, "Harbour reopens…"),
        ("Harbour reopens after storm", 18, "Harbour reopens…"),
        ("Harbour, quay and pier", 10, "Harbour…"),
        ("Donaudampfschifffahrt", 10, "Donaudamp…"),
        ("國會山任職變遷的人而言", 5, "國會山任…"),
        ("在北京 ABCDEFGHIJK", 9, "在北京…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
        ("", 5, ""),
        (FAMILY * 3, 2, FAMILY + "…"),
        ("من \u2067abc def\u2069 إلى", 9, "من abc…"),
    ],
)
def test_text_is_cut_between_words_where_the_script_has_them(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


def test_cutting_a_very_long_text_looks_only_at_its_beginning() -> None:
    assert cut("word " * 1_000_000, 11) == "word word…"
    assert len(cut("x" * 1_000_000, 100)) == 100


def test_the_head_of_a_text_is_whole_graphemes() -> None:
    assert head(FAMILY * 3, 2) == FAMILY * 2
    assert head("ab", 5) == "ab"
    assert fits(FAMILY * 3, 3)
    assert not fits(FAMILY * 3, 2)


@given(TEXTS)
def test_isolates_are_balanced_once_the_unpaired_are_dropped(text: str) -> None:
    depth = 0
    for char in drop_unpaired_isolates(text):
        depth += (char in "\u2066\u2067\u2068") - (char == "\u2069")
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Harbour reopens after storm", "harbour-reopens-after-storm"),
        ("Żółty kot", "żółty-kot"),
        ("C", "c"),
        ("C++", "c-plus-plus"),
        ("C#", "c-sharp"),
        ("F# and C#", "f-sharp-and-c-sharp"),
        ("#election", "election"),
        ("Race #1", "race-1"),
        ("می‌شود", "می-شود"),
        ("خبر\u200e\u202eها\u202c", "خبرها"),
        ("كـــتاب", "كتاب"),
        ("İSTANBUL'da kar", "istanbul-da-kar"),
        ("ΝΌΜΟΣ ΝΈΟΣ", "νόμος-νέος"),
        ("Straße", "strasse"),
        ("ශ්‍රී ලංකා", "ශ්රී-ලංකා"),
        ("ข่าวด่วนวันนี้", "ข่าวด่วนวันนี้"),
        ("国会：新闻", "国会-新闻"),
        ("हिन्दी समाचार", "हिन्दी-समाचार"),
        ("  --a__b--  ", "a-b"),
        ("❤️ love", "love"),
        ("e\u0301te\u0301", "été"),
    ],
)
def test_a_slug_can_be_read_in_its_script(text: str, slug: str) -> None:
    assert slugify(text) == slug


@pytest.mark.parametrize("text", ["", "🎉", FAMILY, "!!!", "\u200f\u200f", "\u202e"])
def test_text_without_letters_gets_a_short_stable_slug(text: str) -> None:
    assert regex.fullmatch(r"[0-9a-f]{10}", slugify(text))
    assert slugify(text) == slugify(text)


def test_two_emoji_have_two_slugs_and_one_has_the_same_with_a_space_around_it() -> None:
    assert slugify("🎉") != slugify("🎈")
    assert slugify("🎉") == slugify(" 🎉 ")


@given(TEXTS)
@example("İ" * 90)
@example("σ" * 100)
@example("ΐΰ\u0345" * 50)
def test_the_slug_of_a_slug_is_itself(text: str) -> None:
    slug = slugify(text)
    assert slugify(slug) == slug


@given(TEXTS, st.integers(1, 100))
@example("国" * 500, 100)
@example("x" + "\u0301" * 900, 80)
@example("ข่าว" * 300, 80)
@example("𒀀" * 90, 80)
def test_a_slug_keeps_to_its_limits_and_holds_nothing_that_hides(text: str, limit: int) -> None:
    slug = slugify(text, limit)
    assert 1 <= len(graphemes(slug)) <= limit
    assert len(quote(slug, safe="")) <= LONGEST_ENCODED_SLUG
    assert len(slug) <= 200  # the column's size
    assert not regex.search(r"[\p{C}\s]", slug)
    assert not slug.startswith("-")
    assert not slug.endswith("-")


@given(TEXTS, st.integers(1, 12))
def test_a_slug_is_never_cut_inside_a_grapheme(text: str, limit: int) -> None:
    whole, short = slugify(text, 10_000), slugify(text, limit)
    beginnings = {"".join(graphemes(whole)[:count]) for count in range(len(graphemes(whole)) + 1)}
    assert short.replace("ς", "σ") in {each.replace("ς", "σ") for each in beginnings} or regex.fullmatch(
        "[0-9a-f]+", short
    )


def test_a_long_slug_ends_with_a_whole_word() -> None:
    assert slugify("harbour " * 20, 20) == "harbour-harbour"


def test_lone_surrogates_do_not_stop_a_slug() -> None:
    assert slugify("a\ud800b") == "a-b"
    assert len(slugify("\ud800")) == 10


RTL = "ar fa ur he yi ug ps sd dv ckb az-Arab az-arab-IR uz-AF ku-Arab pa-PK ks syr nqo ff-Adlm rhg iw ar-EG"
LTR = "en tr zh zh-Hant-TW ja ko th ku az az-Latn pa sd-Deva ar-Latn uz fil sr-Cyrl en-u-nu-arab en-x-arab xx und"


@pytest.mark.parametrize("language", RTL.split())
def test_languages_written_from_right_to_left(language: str) -> None:
    assert direction_of(language) == "rtl"


@pytest.mark.parametrize("language", [*LTR.split(), ""])
def test_languages_written_from_left_to_right(language: str) -> None:
    assert direction_of(language) == "ltr"
