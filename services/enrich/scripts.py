"""In which script a text is written, and what that alone says about its language."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RANGES = {
    "Latn": r"A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "Arab": r"\u0620-\u064a\u066e-\u06d5\u0750-\u077f\u08a0-\u08c9\ufb50-\ufdff\ufe70-\ufefc",
    "Cyrl": r"\u0400-\u052f",
    "Hani": r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af",
    "Kana": r"\u3041-\u30ff\u31f0-\u31ff",
    "Hang": r"\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3",
    "Hebr": r"\u05d0-\u05f2",
    "Grek": r"\u0370-\u03ff\u1f00-\u1fff",
    "Deva": r"\u0900-\u097f",
    "Beng": r"\u0980-\u09ff",
    "Guru": r"\u0a00-\u0a7f",
    "Gujr": r"\u0a80-\u0aff",
    "Orya": r"\u0b00-\u0b7f",
    "Taml": r"\u0b80-\u0bff",
    "Telu": r"\u0c00-\u0c7f",
    "Knda": r"\u0c80-\u0cff",
    "Mlym": r"\u0d00-\u0d7f",
    "Sinh": r"\u0d80-\u0dff",
    "Thai": r"\u0e00-\u0e7f",
    "Laoo": r"\u0e80-\u0eff",
    "Tibt": r"\u0f00-\u0fff",
    "Mymr": r"\u1000-\u109f",
    "Geor": r"\u10a0-\u10ff",
    "Ethi": r"\u1200-\u139f",
    "Khmr": r"\u1780-\u17ff",
    "Armn": r"\u0530-\u058f",
    "Thaa": r"\u0780-\u07bf",
}
_LETTERS = {script: re.compile(f"[{ranges}]") for script, ranges in _RANGES.items()}
# One of these says as much as two or three letters of an alphabet.
_DENSE = frozenset({"Hani", "Kana", "Hang"})

# Scripts that practically one language of the news is written in.
ONLY_LANGUAGE = {
    "Hang": "ko",
    "Grek": "el",
    "Guru": "pa",
    "Gujr": "gu",
    "Orya": "or",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn",
    "Mlym": "ml",
    "Sinh": "si",
    "Thai": "th",
    "Laoo": "lo",
    "Tibt": "bo",
    "Mymr": "my",
    "Geor": "ka",
    "Khmr": "km",
    "Armn": "hy",
    "Thaa": "dv",
}

# Letters that a language of the Arabic script uses and its neighbours do not. In this order: a text that has them is
# no longer asked about the next. The rarest letters come first.
_ARABIC_MARKS: tuple[tuple[str, re.Pattern[str], int], ...] = (
    # language, its letters, least number of them in 1,000 letters
    ("ug", re.compile("[ۇۈۋڭ]"), 25),
    ("ckb", re.compile("[ڕڵۆێ]"), 15),
    ("sd", re.compile("[ڄڃٻڀٺٿڌڏڊڍڦڱڳڪڻ]"), 15),
    ("ps", re.compile("[ټډړږښځڅۍېګڼ]"), 25),
    ("ur", re.compile("[ٹڈڑںےھہۂۃ]"), 25),
)
_PERSIAN_ONLY = re.compile("[پچژگ]")
_PERSIAN_FORMS = re.compile("[یک]")  # U+06CC, U+06A9
_ARABIC_FORMS = re.compile("[يكةىأإؤ]")  # U+064A, U+0643 and letters Persian seldom writes
_YIDDISH = re.compile("[\u05f0-\u05f2]|\u05d0[\u05b7\u05b8]")


def dominant_script(text: str) -> tuple[str, int]:
    """The ISO 15924 code of the script that most of the text is in, and the number of its letters; "" without any."""
    latin = len(_LETTERS["Latn"].findall(text))
    if latin * 4 > len(text) * 3:  # the common case: no other script can outweigh it
        return "Latn", latin
    counts = {script: len(letters.findall(text)) for script, letters in _LETTERS.items()}
    if counts["Kana"] * 10 > counts["Hani"]:  # Japanese mixes both, Chinese only quotes the other
        counts["Kana"] += counts["Hani"]
        counts["Hani"] = 0
    script = max(counts, key=lambda each: counts[each] * (3 if each in _DENSE else 1))
    return (script, counts[script]) if counts[script] else ("", 0)


def language_by_letters(text: str, script: str, letters: int, preferred: Sequence[str]) -> str:
    """The language, where the script or its letters decide it; empty where words have to.

    `preferred` settles what letters leave open, such as a headline in Arabic script without a telling letter.
    """
    if script == "Hani":
        return "ja" if "ja" in preferred and "zh" not in preferred else "zh"
    if script == "Kana":
        return "ja"
    if script == "Hebr":
        return "yi" if len(_YIDDISH.findall(text)) * 50 > letters else "he"
    if script == "Arab":
        return _of_arabic_script(text, letters, preferred)
    return ONLY_LANGUAGE.get(script, "")


def _of_arabic_script(text: str, letters: int, preferred: Sequence[str]) -> str:
    for language, marks, least in _ARABIC_MARKS:
        if len(marks.findall(text)) * 1000 > least * letters:
            return language
    only, persian = len(_PERSIAN_ONLY.findall(text)), len(_PERSIAN_FORMS.findall(text))
    arabic = len(_ARABIC_FORMS.findall(text))
    if only * 50 > letters or persian > arabic:
        return "fa"
    if arabic:
        return "ar"
    return next((each for each in preferred if each in {"ar", "fa", "ur", "ps", "sd", "ckb", "ug"}), "ar")
