"""The fonts of cards: which there are, what each can write, and which a text takes. All come as packages (OFL)."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fontpkg_source_serif_4
import manimgx_fonts
import manimgx_fonts_cjk
import regex
import typst
import uharfbuzz

from shared.text import script_of

_PACKAGES = (fontpkg_source_serif_4, manimgx_fonts, manimgx_fonts_cjk)
SERIF, SANS = "Source Serif 4", "Noto Sans"
# By script (ISO 15924): its font, and the height of its lines in ems, which is that of the page's headlines.
_SCRIPTS = {
    "Arab": ("Arabic", 1.5),
    "Hebr": ("Hebrew", 1.25),
    "Armn": ("Armenian", 1.2),
    "Geor": ("Georgian", 1.2),
    "Ethi": ("Ethiopic", 1.3),
    "Hans": ("CJK SC", 1.35),
    "Hant": ("CJK TC", 1.35),
    "Jpan": ("CJK JP", 1.35),
    "Kore": ("CJK KR", 1.35),
    "Thai": ("Thai", 1.45),
    "Laoo": ("Lao", 1.45),
    "Khmr": ("Khmer", 1.45),
    "Mymr": ("Myanmar", 1.45),
    "Beng": ("Bengali", 1.4),
    "Deva": ("Devanagari", 1.4),
    "Gujr": ("Gujarati", 1.4),
    "Guru": ("Gurmukhi", 1.4),
    "Knda": ("Kannada", 1.4),
    "Mlym": ("Malayalam", 1.4),
    "Orya": ("Oriya", 1.4),
    "Sinh": ("Sinhala", 1.4),
    "Taml": ("Tamil", 1.4),
    "Telu": ("Telugu", 1.4),
}
_IN_SERIF = {"Latn", "Cyrl", "Grek", ""}
_LINE = 1.14
_LAST = ("Noto Sans Symbols", "Noto Emoji")

# All white space but the ideographic, which parts what belongs together in a Japanese headline.
_SPACES = regex.compile(r"[\s--\u3000]+", regex.V1)
_GRAPHEME = regex.compile(r"\X")
_DRAWN_AS_NOTHING = regex.compile(r"[\p{Default_Ignorable_Code_Point}--\p{Cc}]", regex.V1)
# Longer graphemes are no letters of any script, but marks piled up over the lines above.
_LONGEST_GRAPHEME = 16


@dataclass(frozen=True)
class Shelf:
    """Every font: for the typesetter, and what each family can write, in the order in which they are tried."""

    fonts: typst.Fonts
    families: dict[str, Container[int]]


@dataclass(frozen=True)
class Script:
    """How a language is written: all families, those first that suit it, and the height of a line in ems."""

    families: tuple[str, ...]
    line: float


@cache
def shelf() -> Shelf:
    """Read once per process."""
    folders = [str(Path(package.__file__).parent) for package in _PACKAGES]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    found = {
        font.family: uharfbuzz.Face(uharfbuzz.Blob.from_file_path(font.path), font.index).unicodes
        for font in fonts.fonts()
        if font.style == "normal"
    }
    first = (SERIF, SANS, f"{SANS} CJK SC")
    order = [*first, *sorted(found.keys() - {*first, *_LAST}), *_LAST]
    return Shelf(fonts, {family: found[family] for family in order})


def script_for(language: str, *, serif: bool) -> Script:
    """`serif` is for what is written in Latin letters and the like; other scripts have one kind of letters only."""
    script = script_of(language)
    font, line = _SCRIPTS.get(script, ("", _LINE))
    first = [SERIF, SANS] if serif and script in _IN_SERIF else [f"{SANS} {font}", SANS] if font else [SANS]
    return Script(tuple(dict.fromkeys([*first, *shelf().families])), line)


def writable(text: str, families: tuple[str, ...]) -> tuple[str, list[str]]:
    """The text without what no font can write, on one line, and the families it takes, of these and in their order."""
    kept = _SPACES.sub(" ", text).strip()
    while True:  # what is left may form other graphemes than what there was
        text, taken = kept, set[str]()
        kept = _SPACES.sub(" ", "".join(_written(text, families, taken))).strip()
        if kept == text:
            return text, [family for family in families if family in taken]


def _written(text: str, families: tuple[str, ...], taken: set[str]) -> Iterator[str]:
    """Grapheme by grapheme: each needs one font that has all of it, or at least its base, which then goes without."""
    has = shelf().families
    for grapheme in _GRAPHEME.findall(text):
        chars = grapheme[:_LONGEST_GRAPHEME]
        drawn = [ord(char) for char in chars if not _DRAWN_AS_NOTHING.match(char)]
        able = [family for family in families if drawn and drawn[0] in has[family]]
        family = next((each for each in able if all(char in has[each] for char in drawn)), able[0] if able else "")
        if family:
            taken.add(family)
            yield "".join(char for char in chars if ord(char) in has[family] or _DRAWN_AS_NOTHING.match(char))
