"""The language given, or the language found."""

from __future__ import annotations

import pytest

from services.enrich.languages import canonical_tag
from services.enrich.steps.language import detect
from tests.unit.enrich.articles import PUBLICATION, enriched, notices

LANGUAGES = PUBLICATION.languages
TEXTS = {
    "en": "The harbour reopened on Monday after the storm, the mayor said.",
    "tr": "Liman, fırtınanın ardından pazartesi günü yeniden açıldı, dedi belediye başkanı.",
    "az": "Liman fırtınadan sonra bazar ertəsi günü yenidən açıldı, şəhər meri bildirib.",
    "de": "Der Hafen ist am Montag nach dem Sturm wieder geöffnet worden, sagte der Bürgermeister.",
    "fr": "Le port a rouvert lundi après la tempête, a déclaré le maire de la ville.",
    "ru": "Порт вновь открылся в понедельник после шторма, сообщил мэр города.",
    "uk": "Порт знову відкрився в понеділок після шторму, повідомив мер міста.",
    "ar": "أعيد فتح الميناء يوم الاثنين بعد العاصفة، حسبما قال رئيس البلدية.",
    "fa": "شهردار گفت که بندر پس از توفان روز دوشنبه دوباره باز شد و کشتی‌ها پهلو گرفتند.",
    "ur": "میئر نے کہا کہ طوفان کے بعد بندرگاہ پیر کو دوبارہ کھل گئی ہے۔",
    "ug": "شەھەر باشلىقى دۈشەنبە كۈنى پورتنىڭ قايتا ئېچىلغانلىقىنى ئېيتتى.",
    "ckb": "سەرۆکی شارەوانی ڕایگەیاند کە بەندەرەکە دوای گەردەلوولەکە کرایەوە و هێڵەکە چاک کراوە.",
    "ps": "ښاروال وویل چې بندر د توپان وروسته د دوشنبې په ورځ بېرته پرانیستل شو.",
    "sd": "ميئر چيو ته طوفان کان پوءِ بندرگاھ سومر ڏينهن ٻيهر کولي وئي آهي.",
    "he": "הנמל נפתח מחדש ביום שני לאחר הסערה, אמר ראש העיר.",
    "yi": "דער האַפֿן האָט זיך מאָנטיק ווידער געעפֿנט נאָכן שטורעם, האָט געזאָגט דער בירגער־מײַסטער.",
    "zh": "市长表示，港口在暴风雨过后于星期一重新开放。",
    "ja": "市長によると、港は嵐のあと月曜日に再開された。",
    "ko": "시장은 폭풍이 지나간 뒤 월요일에 항구가 다시 열렸다고 말했다.",
    "th": "นายกเทศมนตรีกล่าวว่าท่าเรือเปิดอีกครั้งในวันจันทร์หลังพายุ",
    "el": "Το λιμάνι άνοιξε ξανά τη Δευτέρα μετά την καταιγίδα.",
    "hi": "महापौर ने कहा कि तूफान के बाद सोमवार को बंदरगाह फिर से खुल गया।",
    "dv": "ބަނދަރު އަލުން ހުޅުވިއްޖެ",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_sentence_is_enough_to_tell(language: str) -> None:
    assert detect(TEXTS[language], LANGUAGES) == (language, True)
    assert detect(TEXTS[language], ("de",)) == (language, True)


@pytest.mark.parametrize(
    ("headline", "language"),
    [("Merhaba", "en"), ("OK", "en"), ("2018", "en"), ("خبر", "ar"), ("新闻", "zh"), ("ニュース", "ja"), ("ข่าว", "th")],
)
def test_a_word_or_two_are_judged_by_their_script_and_the_publication(headline: str, language: str) -> None:
    assert detect(headline, LANGUAGES)[0] == language


def test_a_guess_from_too_little_is_noted() -> None:
    assert notices(enriched(headline="Merhaba", body="OK"), "language") == ["too little text to tell; taken as en"]
    assert notices(enriched(body=TEXTS["tr"]), "language") == []


def test_letters_that_leave_it_open_are_settled_by_the_publication() -> None:
    assert detect("خبر روز", ("fa", "en"))[0] == "fa"
    assert detect("経済", ("ja",))[0] == "ja"


def test_persian_typed_with_arabic_letters_is_still_persian() -> None:
    assert detect("شهردار گفت كه بندر پس از توفان چهارشنبه باز شد و گروهي پرچم آوردند", LANGUAGES)[0] == "fa"


def test_a_found_language_takes_the_publications_more_exact_tag() -> None:
    assert PUBLICATION.languages[0] == "en"
    assert enriched(headline="Liman açıldı", body=TEXTS["tr"]).language == "tr"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("EN-gb", "en-GB"),
        ("iw", "he"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("en-UK", "en-GB"),
        ("eng", "en"),
        ("az-arab", "az-Arab"),
    ],
)
def test_a_given_language_is_kept_in_its_usual_form(given: str, kept: str) -> None:
    result = enriched(language=given, body=TEXTS["tr"])
    assert (result.language, notices(result, "language")) == (kept, [])


@pytest.mark.parametrize("given", ["xx-qq", "xx", "qqq", "und", "zxx"])
def test_an_unregistered_language_is_noted_and_detected_instead(given: str) -> None:
    result = enriched(language=given, headline="Liman", body=TEXTS["tr"])
    assert result.language == "tr"
    assert notices(result, "language") == [f"{given} is not a registered language; detected instead"]


def test_an_unknown_subtag_is_left_out_with_a_note() -> None:
    result = enriched(language="en-QQ-zzzzz")
    assert (result.language, notices(result, "language")) == ("en", ["unknown subtag left out: QQ, zzzzz"])
    assert canonical_tag("en-x-private") == ("en", "")


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("az-Arab", "rtl"), ("az", "ltr"), ("zh", "ltr")])
def test_the_direction_follows_the_language(language: str, direction: str) -> None:
    assert enriched(language=language).direction == direction


def test_a_detected_right_to_left_text_is_shown_so() -> None:
    assert enriched(headline="بندر", body=TEXTS["fa"]).direction == "rtl"
