"""Which characters a text may keep, and what to call those it may not."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from shared.text import drop_unpaired_isolates

# Name on the receipt -> the characters that are removed under it. What belongs to a script stays: ZWJ, ZWNJ, the
# marks LRM, RLM, ALM and isolates that are closed. Embeddings and overrides reach past the text they stand in and can
# make it read backwards (UAX 9, section 2.2), which isolates cannot.
REMOVED = {
    "control character": r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f",
    "bidirectional embedding or override": r"\u202a-\u202e",
    "deprecated format character": r"\u206a-\u206f\ufff9-\ufffb",
    "byte order mark": r"\ufeff",
    "character outside XML 1.0": r"\ud800-\udfff\ufffe\uffff",
}
UNPAIRED_ISOLATE = "unpaired bidirectional isolate"

_REMOVED = [(name, re.compile(f"[{characters}]")) for name, characters in REMOVED.items()]
_LINE_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SUSPECT = re.compile(f"[{''.join(REMOVED.values())}" + r"\r\x0b\x0c\x85\u2028\u2029\u2066-\u2069]")
# A single space of any width may be typography (before French punctuation, between Chinese words); a run is not.
_SPACES = re.compile(r"\s\s+|[\t\n]")
_BETWEEN_BRACKETS = re.compile(r"[^<>]+")


def clean_characters(text: str) -> tuple[str, Counter[str]]:
    """The text with "\\n" as its only line break and without the characters of REMOVED, and how many went by name."""
    removed: Counter[str] = Counter()
    if not _SUSPECT.search(text):
        return text, removed
    text = _LINE_BREAKS.sub("\n", text)
    for name, characters in _REMOVED:
        text, count = characters.subn("", text)
        if count:
            removed[name] = count
    paired = drop_unpaired_isolates(text)
    if len(paired) != len(text):
        removed[UNPAIRED_ISOLATE] = len(text) - len(paired)
    return paired, removed


def compose(text: str) -> str:
    """The text in Unicode's composed form (NFC), angle brackets excepted.

    ">" and U+0338 would compose to "≯", and a tag would lose its end.
    """
    if unicodedata.is_normalized("NFC", text):
        return text
    return _BETWEEN_BRACKETS.sub(lambda part: unicodedata.normalize("NFC", part[0]), text)


def in_one_line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()
