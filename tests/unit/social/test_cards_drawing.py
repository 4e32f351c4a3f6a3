"""Cards are read in timelines, in every script: nothing is cut, boxed, mirrored wrongly or taken for markup."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import regex
import typst
import uharfbuzz
from hypothesis import given, settings
from hypothesis import strategies as st

from services.social.cards.drawing import DrawingFailed, _typesetter, draw
from services.social.cards.fonts import script_for, shelf, writable
from shared.cards import HEIGHT, WIDTH
from tests.scripts import TEXTS
from tests.unit.social.headlines import CARDS, ENGLISH, Box, Picture, card

MARGIN = 60  # pixels that stay free at each side
NEAR = 85  # what begins at an edge begins no further from it
# The rows of the rules, and those between which the section and the headline stand.
RULES, HEAD, FOOT = 105, 125, 548
# Networks take more, but a timeline is to load fast.
LARGEST = 300_000

DRAWN: dict[str, bytes] = {}


def drawn(name: str) -> bytes:
    if name not in DRAWN:
        DRAWN[name] = draw(CARDS[name])
    return DRAWN[name]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_a_small_png_with_all_its_ink_inside_the_margins(name: str) -> None:
    assert len(drawn(name)) < LARGEST
    picture = Picture(drawn(name))
    assert picture.size == (WIDTH, HEIGHT)
    found = picture.ink()
    assert found
    left, top, right, bottom = found
    assert left >= MARGIN and right <= WIDTH - MARGIN
    assert top >= 30 and bottom <= HEIGHT - 25


@pytest.mark.parametrize("name", CARDS)
def test_publication_headline_and_date_keep_their_places(name: str) -> None:
    picture = Picture(drawn(name))
    assert picture.ink(0, RULES), "the publication's name"
    assert picture.ink(HEAD, FOOT), "the headline"
    assert picture.ink(FOOT, HEIGHT), "the date"
    assert picture.ink(FOOT - 4, FOOT) is None, "the headline does not reach the date"


@pytest.mark.parametrize("name", ["arabic", "persian", "urdu", "hebrew", "mixed"])
def test_from_right_to_left_everything_begins_at_the_right(name: str) -> None:
    for part in parts(drawn(name)):
        assert part[2] > WIDTH - NEAR, "it begins at the right edge"
        assert part[0] > NEAR, "and ends before the left"


@pytest.mark.parametrize("name", ["english", "greek", "thai", "hindi", "korean"])
def test_from_left_to_right_everything_begins_at_the_left(name: str) -> None:
    for part in parts(drawn(name)):
        assert part[0] < NEAR and part[2] < WIDTH - NEAR


def parts(png: bytes) -> list[Box]:
    """Name, headline and date."""
    found = [Picture(png).ink(*rows) for rows in ((0, RULES), (HEAD, FOOT), (FOOT, HEIGHT))]
    assert all(found)
    return [each for each in found if each]


def test_equal_cards_are_equal_bytes_in_every_process() -> None:
    names = ["arabic", "thai", "japanese"]
    script = (
        "import hashlib\nfrom services.social.cards.drawing import draw\n"
        "from tests.unit.social.headlines import CARDS\n"
        f"for name in {names}: print(hashlib.sha256(draw(CARDS[name])).hexdigest())"
    )
    root = Path(__file__).parents[3]
    other = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert other.stdout.split() == [hashlib.sha256(draw(CARDS[name])).hexdigest() for name in names]


def test_everything_a_card_holds_can_be_seen() -> None:
    changes = [
        {"headline": "Harbour reopens"},
        {"section": "Sport"},
        {"section": ""},
        {"publication": "The Bay Herald"},
        {"date": "21 April 2018 09:00"},
        {"direction": "rtl"},
    ]
    pictures = {draw(replace(ENGLISH, **change)) for change in changes} | {drawn("english")}
    assert len(pictures) == len(changes) + 1


def test_han_is_drawn_as_its_language_writes_it() -> None:
    languages = ("zh-Hans", "zh-Hant", "ja", "ko")
    assert len({draw(card("直骨角誤", language)) for language in languages}) == len(languages)


@pytest.mark.parametrize(
    "markup",
    [
        "#pagebreak()",
        "*b*",
        "$x^2$",
        "`raw`",
        "= Heading",
        "\\u{41}",
        "<label>",
        "@reference",
        "#let a = 1",
        "// a",
        "~",
    ],
)
def test_signs_of_the_typesetters_own_language_are_letters_as_any_other(markup: str) -> None:
    families = script_for("en", serif=True).families
    assert writable(markup, families)[0] == markup
    line, letters = (Picture(draw(card(each, section=""))).ink(HEAD, FOOT) for each in (markup, "x" * len(markup)))
    assert line and letters
    assert line[2] - line[0] > (letters[2] - letters[0]) / 4, "every sign takes its place"
    assert line[3] - line[1] < 120, "in one line"


def test_what_no_font_has_is_left_out() -> None:
    assert draw(card("Harbour \ue123reopens\U00012000")) == draw(card("Harbour reopens"))
    assert draw(card("cafe\u0301")) != draw(card("cafe"))
    # No font has both: the letter stays without the mark of another script.
    assert draw(card("Ha\u064erbour")) == draw(card("Harbour"))


@cache
def font_of(family: str) -> uharfbuzz.Font:
    (found,) = (each for each in shelf().fonts.fonts() if each.style == "normal" and each.family == family)
    return uharfbuzz.Font(uharfbuzz.Face(uharfbuzz.Blob.from_file_path(found.path), found.index))


def shaped_whole(text: str, families: list[str]) -> bool:
    """Whether each grapheme has a font that needs no box for it, as HarfBuzz, which knows what Typst knows, says."""
    made = [font_of(family) for family in families]

    def boxed(font: uharfbuzz.Font, grapheme: str) -> bool:
        buffer = uharfbuzz.Buffer()
        buffer.add_str(grapheme)
        buffer.guess_segment_properties()
        uharfbuzz.shape(font, buffer)
        return any(glyph.codepoint == 0 for glyph in buffer.glyph_infos)

    graphemes = set(regex.findall(r"\X", text))
    return all(any(not boxed(font, each) for font in made) for each in graphemes)


@pytest.mark.parametrize("name", CARDS)
def test_there_is_never_a_box_for_a_missing_letter(name: str) -> None:
    shown = CARDS[name]
    for text, language in ((shown.headline, shown.language), (shown.date, shown.date_language)):
        assert shaped_whole(*writable(text[:500], script_for(language, serif=True).families))


@settings(max_examples=100)
@given(TEXTS | st.text(max_size=40))
def test_no_text_needs_a_box(text: str) -> None:
    assert shaped_whole(*writable(text, script_for("en", serif=True).families))


@settings(max_examples=15)
@given(TEXTS | st.text(max_size=60), st.sampled_from(["en", "ar", "zh-Hant", "th", "tlh", "x-what", "", "en-US-u-ca"]))
def test_no_text_and_no_language_makes_it_fail(text: str, language: str) -> None:
    png = draw(card(text, language, publication=text, date=text, section=text))
    assert len(png) < LARGEST
    assert Picture(png).ink(RULES, HEAD), "the rules are always there"


def test_lines_of_a_headline_are_of_about_one_length() -> None:
    widths = [right - left for left, _, right, _ in Picture(drawn("english")).lines(185, FOOT)]
    assert len(widths) == 3
    assert min(widths) > max(widths) * 0.75


def test_a_typesetter_that_gives_up_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails:
        def compile(self, **_: object) -> bytes:
            return typst.compile(b"#panic(1)", format="png")

    _typesetter.cache_clear()
    monkeypatch.setattr("services.social.cards.drawing._typesetter", Fails)
    with pytest.raises(DrawingFailed, match="panicked"):
        draw(ENGLISH)
