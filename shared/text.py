"""Rules for text that more than one service needs: what XML may hold, where text is cut, slugs, writing direction."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from itertools import islice

import regex
from babel.core import get_global

ELLIPSIS = "…"
# Browsers and networks take addresses of 2,000 characters; a slug is one part of one, twice in a share link.
LONGEST_ENCODED_SLUG = 600

_GRAPHEME = regex.compile(r"\X")
_NOT_XML = regex.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VISIBLE = regex.compile(r"[^\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]")
_NO_SPACES = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}"
    r"\p{Script=Myanmar}\u3001-\u3003\uff01-\uff60]"
)
_ISOLATES = regex.compile(r"[\u2066-\u2069]")
_POP_ISOLATE = "\u2069"
# Left in front of an ellipsis these would look like a slip.
LOOSE_ENDS = frozenset(",;:-–—([{«“‘„「『（《،؛、，；：/")

# A slug keeps letters and digits with their marks; everything else separates.
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}]*")
# Shape text without being text: format characters (the bidi marks among them), tatweel, variation selectors,
# enclosing marks, and the non-joiner after a virama, which only chooses between two shapes of the same syllable.
_UNSPOKEN = regex.compile(
    r"(?<=\p{InSC=Virama})\u200c|[\p{Cf}--\u200c]|[\u0640\ufe00-\ufe0f\U000e0100-\U000e01ef\p{Me}]", regex.V1
)
_SHARP = regex.compile(r"(?<=[\p{L}\p{N}])#(?![\p{L}\p{N}])")
_FINAL_SIGMA = regex.compile(r"(?<=[\p{L}\p{M}])σ(?![\p{L}\p{M}\p{N}])")

# Scripts of ISO 15924 that are written from right to left.
_RTL = """
    Adlm Arab Aran Armi Avst Chrs Cprt Elym Gara Hatr Hebr Hung Khar Lydi Mand Mani Mend Merc Mero Narb Nbat Nkoo Orkh
    Ougr Palm Phli Phlp Phlv Phnx Prti Rohg Samr Sarb Sogd Sogo Syrc Syre Syrj Syrn Thaa Yezi
"""
_RTL_SCRIPTS = frozenset(_RTL.split())


def clean_xml(text: str) -> str:
    """The text without what XML 1.0 (section 2.2, Char) cannot hold: lone surrogates, U+FFFE, U+FFFF, most controls."""
    return str(_NOT_XML.sub("", text))


def is_visible(text: str) -> bool:
    """False for text of which a reader sees nothing: white space, controls, marks, what Unicode draws as nothing."""
    return _VISIBLE.search(text) is not None


def cut(text: str, limit: int) -> str:
    """The text in at most `limit` graphemes (UAX 29), the ellipsis that marks a cut among them.

    Cut between words; inside a word only where the script has no spaces or a single word fills the limit.
    """
    if len(text) <= limit:
        return text
    graphemes = _first_graphemes(text, limit + 1)
    if len(graphemes) <= limit:
        return text
    if limit < 1:
        return ""
    kept = graphemes[: _last_break(graphemes, limit - 1)]
    while kept and (kept[-1].isspace() or kept[-1] in LOOSE_ENDS):
        kept.pop()
    return drop_unpaired_isolates("".join(kept)) + ELLIPSIS


def head(text: str, graphemes: int) -> str:
    """The first so many graphemes of the text."""
    return text if len(text) <= graphemes else "".join(_first_graphemes(text, graphemes))


def fits(text: str, graphemes: int) -> bool:
    """True when the text has at most so many graphemes."""
    return len(text) <= graphemes or len(_first_graphemes(text, graphemes + 1)) <= graphemes


def _first_graphemes(text: str, most: int) -> list[str]:
    return [match[0] for match in islice(_GRAPHEME.finditer(text), most)]


def _last_break(graphemes: list[str], end: int) -> int:
    """The last place up to `end` between two words, or `end` itself when one word reaches back to the start."""
    if graphemes[end].isspace():
        return end
    for place in range(end, 0, -1):
        before = graphemes[place - 1]
        if before.isspace() and place > 1:
            return place - 1
        if _NO_SPACES.match(before):
            return place
    return end


def drop_unpaired_isolates(text: str) -> str:
    """The text without bidi isolates (UAX 9) that are never closed, and without closings that open nothing."""
    open_at: list[int] = []
    unpaired: list[int] = []
    for match in _ISOLATES.finditer(text):
        if match[0] != _POP_ISOLATE:
            open_at.append(match.start())
        elif open_at:
            open_at.pop()
        else:
            unpaired.append(match.start())
    drop = {*unpaired, *open_at}
    return "".join(char for place, char in enumerate(text) if place not in drop) if drop else text


def slugify(text: str, limit: int = 80) -> str:
    """A name for addresses that people can read, in any script: "Żółty kot" -> "żółty-kot", "C++" -> "c-plus-plus".

    At most `limit` graphemes and LONGEST_ENCODED_SLUG characters once percent-encoded. A slug's slug is itself.
    Text without letters or digits, such as an emoji, gets a short hash of it: never empty, always the same.
    """
    spoken = _UNSPOKEN.sub("", unicodedata.normalize("NFC", text))
    spoken = _SHARP.sub("-sharp-", spoken).replace("+", "-plus-")
    # Turkish İ folds to i with a dot above, which no other spelling of the word has.
    folded = unicodedata.normalize("NFC", spoken.casefold().replace("i\u0307", "i"))
    slug = _fit("-".join(_WORD.findall(folded)), limit)
    if not slug:
        return hashlib.sha256("".join(spoken.split()).encode("utf-8", "replace")).hexdigest()[: min(limit, 10)]
    return str(_FINAL_SIGMA.sub("ς", slug))


def _fit(slug: str, limit: int) -> str:
    """The slug cut to its limits, after a whole word unless that would lose more than half."""
    kept: list[str] = []
    encoded = 0
    for match in _GRAPHEME.finditer(slug):
        encoded += sum(1 if byte < 0x80 else 3 for byte in match[0].encode())
        if len(kept) == limit or encoded > LONGEST_ENCODED_SLUG:
            break
        kept.append(match[0])
    else:
        return slug
    fitting = "".join(kept)
    if match[0] != "-":
        whole, _, _ = fitting.rpartition("-")
        fitting = whole if len(whole) * 2 > len(fitting) else fitting
    return fitting.strip("-")


def direction_of(language: str) -> str:
    """`rtl` or `ltr` for a BCP 47 tag."""
    return "rtl" if script_of(language) in _RTL_SCRIPTS else "ltr"


@lru_cache(maxsize=512)
def script_of(language: str) -> str:
    """The ISO 15924 code of a BCP 47 tag: its script subtag, else what CLDR says is likely; empty when unknown."""
    name, _, rest = language.replace("_", "-").partition("-")
    name = get_global("language_aliases").get(name.lower(), name.lower()).split("_")[0]
    region = ""
    for part in rest.split("-"):
        if len(part) == 1:  # what follows is an extension (RFC 5646, section 2.2.6)
            break
        if len(part) == 4 and part.isalpha():
            return part.title()
        if len(part) in (2, 3) and not region:
            region = part.upper()
    likely = get_global("likely_subtags")
    full = likely.get(f"{name}_{region}") or likely.get(name) or ""
    return full.split("_")[1] if full.count("_") == 2 else ""
