"""Where sentences end, in many scripts, without a dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A full stop ends a sentence only before a space; the other marks are never part of a word or number. Closing quotes
# and brackets stay with their sentence. Marks of Chinese and Japanese need no space after them.
_END = re.compile(
    r"(?P<stop>[.!?…؟۔।॥։።፧။។]+[\"'”’»)\]›]*)(?=\s|\Z)|[。！？｡]+[」』”’）】》]*|\n+",
)
_LAST_WORD = re.compile(r"(\S+)\Z")
# Common words that end in a full stop without ending a sentence, in the languages that newsrooms write most.
_ABBREVIATIONS_BY_LANGUAGE = {
    "en": "mr mrs ms dr prof st sr jr vs etc eg ie cf no nos vol fig gen col lt sgt capt cmdr rev hon gov sen rep pres "
    "inc ltd co corp jan feb mar apr jun jul aug sep sept oct nov dec approx dept est ave blvd mt ft al",
    "de fr es it pt nl": "bzw ca usw vgl nr str abs bd hr fr mme mlle mm sra srta dra sig dott art pag bv enz mevr dhr",
    "tr": "av alb yrd doç çev örn bkz vb vs yy hz mah cad sok apt",
    "ru": "г гг стр ул им тыс млн млрд руб проф",
}
_ABBREVIATIONS = frozenset(" ".join(_ABBREVIATIONS_BY_LANGUAGE.values()).split())
# Month and day names may follow a number: "3. Mai", "15. yüzyıl".
_ORDINAL = re.compile(r"(?:^|\s)\d{1,3}\.\Z")
_INITIALS = re.compile(r"(?:^|[\s(\"'“‘«])(?:\w\.)+\Z")


def sentence_ends(text: str) -> Iterator[int]:
    """The places in `text` where a sentence ends, closing quotes included; a line break always ends one."""
    for match in _END.finditer(text):
        end = match.end()
        if not match["stop"] or _ends_sentence(text[max(end - 40, 0) : end], text[end : end + 40].lstrip()):
            yield end


def _ends_sentence(before: str, following: str) -> bool:
    """False after an abbreviation, an initial or an ordinal, and where the next word begins in lower case."""
    if following[:1].islower():
        return False
    if not before.endswith(".") or before.endswith("..") or not following:
        return True
    last = _LAST_WORD.search(before)
    word = last[1].rstrip(".").lstrip("(\"'“‘«[").lower() if last else ""
    return not (word in _ABBREVIATIONS or _INITIALS.search(before) or _ORDINAL.search(before))
