"""Excerpts of whole sentences, lengths, keywords."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from services.enrich.keywords import keywords_of
from services.enrich.sentences import sentence_ends
from services.enrich.steps.length import count
from services.enrich.steps.summary import excerpt
from tests.unit.enrich.articles import enriched

FAMILY = "👨‍👩‍👧‍👦"


def sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text), len(text)]
    return [text[start:end].strip() for start, end in pairwise(ends) if text[start:end].strip()]


@pytest.mark.parametrize(
    "expected",
    [
        ["One.", "Two!", "Three?", "Four…", "Five"],
        ["The U.S. economy grew 3.5 percent.", "It was a surprise."],
        ["Mr. Smith met Dr. J. R. Jones on Jan. 3 at 10 a.m. local time.", "They left."],
        ["“Is it true?” he asked.", "“Yes.”", "She went."],
        ["Then ... nothing.", "Wait..."],
        ["قال ذلك.", "هل هذا صحيح؟", "نعم!"],
        ["یہ خبر ہے۔", "وہ آیا۔"],
        ["यह खबर है।", "वह आया।"],
        ["Am 3. Mai 2018 war es z. B. so.", "Dann kam Dr. Müller."],
        ["15. yüzyıl hakkında konuştu.", "Av. Ali geldi."],
        ["Это было в 2018 г. Москва.", "Конец."],
    ],
)
def test_sentences_end_where_readers_end_them(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


def test_chinese_and_japanese_sentences_need_no_space() -> None:
    assert sentences("这是新闻。“真的吗？”他问。完！") == ["这是新闻。", "“真的吗？”", "他问。", "完！"]
    assert sentences("港は再開した。「よかった。」市長") == ["港は再開した。", "「よかった。」", "市長"]


def test_a_line_break_ends_a_sentence() -> None:
    assert sentences("A title\nThe text.") == ["A title", "The text."]


def test_an_excerpt_is_as_many_whole_sentences_as_fit() -> None:
    sentence = "The harbour reopened on Monday after the storm."  # 47
    assert excerpt(" ".join([sentence] * 10), 100) == f"{sentence} {sentence}"
    assert excerpt(sentence, 300) == sentence
    assert excerpt("", 300) == ""


def test_a_sentence_too_long_is_cut_between_words() -> None:
    result = excerpt("harbour " * 100, 30)
    assert result == "harbour harbour harbour…"


def test_a_first_sentence_too_short_to_say_anything_does_not_stand_alone() -> None:
    assert excerpt("Breaking. " + "The harbour reopened on Monday and " * 9, 60) == (
        "Breaking. The harbour reopened on Monday and The harbour…"
    )


def test_an_excerpt_of_a_text_without_spaces_is_cut_between_graphemes() -> None:
    assert excerpt("国" * 100, 10) == "国" * 9 + "…"
    assert excerpt(FAMILY * 100, 10) == FAMILY * 9 + "…"


@given(
    st.lists(st.sampled_from([FAMILY, "e\u0301", "a ", ". ", "。", "ك", "\n", "\u2067", "\u2069", "x"])).map("".join)
)
def test_an_excerpt_never_exceeds_its_graphemes(text: str) -> None:
    assert len(regex.findall(r"\X", excerpt(text, 12))) <= 12


def test_the_publishers_summary_is_kept_as_plain_text_in_one_line() -> None:
    assert enriched(summary="In short:\n <b>open</b> &amp; busy<script>x</script>").summary == "In short: open & busy"
    assert enriched(summary="AT&amp;T < IBM").summary == "AT&amp;T < IBM"
    assert enriched(summary="<img src=x>").summary == "The harbour reopened."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One two - three, don't 4.5", 5),
        ("", 0),
        ("— … !", 0),
        ("港口重新开放", 6),
        ("港口 reopened 2018", 4),
        ("สวัสดี", 4),
        ("المیناء فتح", 2),
        ("시장은 말했다", 2),
        ("हिन्दी में समाचार", 3),
    ],
)
def test_words_are_counted_by_spaces_and_elsewhere_by_characters(text: str, words: int) -> None:
    assert sum(count(text)) == words


def test_reading_takes_a_minute_at_least() -> None:
    assert enriched(body="Short.").reading_minutes == 1
    assert enriched(body="word " * 1190).reading_minutes == 5
    assert enriched(body="字" * 1500).reading_minutes == 3
    assert enriched(body="ก" * 2850).reading_minutes == 3


ARTICLE = (
    "The harbour of Izmir reopened on Monday. Harbour workers had repaired the crane that the storm destroyed. "
    "The storm also damaged the fish market, and the fish market stays closed. Workers said the crane was old."
)


def test_keywords_are_what_recurs_and_what_the_headline_says() -> None:
    found = keywords_of("Izmir harbour open again after storm", ARTICLE, "en", 8)
    assert found[:2] == ["storm", "harbour"] or found[:2] == ["harbour", "storm"]
    assert {"crane", "workers", "fish market", "Izmir"} <= set(found)
    assert not {"the", "and", "said", "market", "fish"} & set(found)


def test_grammar_behind_an_apostrophe_is_not_a_keyword() -> None:
    text = "Ankara'daki liman açıldı. Ankara'daki köprü kapandı. Obama’s plan."
    assert keywords_of("", text, "tr", 8) == ["Ankara"]


def test_chinese_keywords_are_sequences_with_changing_neighbours() -> None:
    text = "华盛顿消息，经济增长。他到华盛顿谈经济问题。华盛顿说：经济好。"
    assert keywords_of("华盛顿经济", text, "zh", 8) == ["华盛顿", "经济"]


def test_japanese_keywords_are_kanji_and_katakana() -> None:
    assert keywords_of("", "東京でニュースがあった。東京のニュースです。", "ja", 8) == ["ニュース", "東京"]


@pytest.mark.parametrize("language", ["th", "lo", "km", "my"])
def test_where_words_cannot_be_told_apart_there_are_no_keywords(language: str) -> None:
    assert keywords_of("ข่าว", "ข่าวข่าวข่าว ข่าว", language, 8) == []


def test_keywords_of_a_language_without_a_list_are_long_words() -> None:
    assert keywords_of("", "liman bir iki liman açıq bazar bir bazar iki bir", "az", 8) == ["bazar", "liman"]


def test_keywords_take_under_two_milliseconds() -> None:
    text = (ARTICLE + " ") * 13  # 500 words
    keywords_of("", text, "en", 8)
    best = min(_cpu_seconds(lambda: keywords_of("Izmir harbour", text, "en", 8)) for _ in range(20))
    assert best < 0.002


def _cpu_seconds(work: object) -> float:
    begun = time.process_time()
    work()  # type: ignore[operator]
    return time.process_time() - begun
