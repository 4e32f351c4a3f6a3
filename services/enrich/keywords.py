"""Words that tell what a text is about, by how often they occur and where. Fast before clever: no model, one pass."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import stopwordsiso

# Letters with their marks. A short ending behind an apostrophe is grammar ("Ankara'daki", "Obama's") and goes with it.
_MARKS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0900-\u0dff\u200c\u200d"
_WORD = re.compile(rf"([^\W\d_][\w{_MARKS}]*+)(?:(?<=\w\w\w)['’]\w{{1,5}}\b)?")
_KANJI_OR_KATAKANA = re.compile(r"[\u3400-\u9fff]{2,}|[\u30a1-\u30fa\u30fc]{3,}")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")

HEADLINE_WEIGHT = 3.0
# News tells the most important first.
LEAD = 600  # characters
LEAD_WEIGHT = 1.5
PAIR_WEIGHT = 1.6
MOST_TEXT = 20_000  # characters; what only comes up later is not what the article is about
SHORTEST = 3
# Where there is no list of stop words: function words are short in nearly every language.
SHORTEST_WITHOUT_LIST = 5
LONGEST_HAN = 6
FEWEST_HAN = 3
# Characters that hold sentences together and hardly ever stand in a name or a noun.
_HAN_GRAMMAR = frozenset("的了一個个是在不也就而与與或我你他她它们們这這那被把从從但很更最还還又已将將")
UNSPACED = frozenset({"th", "lo", "km", "my"})


def keywords_of(headline: str, text: str, language: str, most: int) -> list[str]:
    """At most `most` words or pairs of words that occur at least twice, the weightiest first.

    Chinese: recurring sequences of characters that stand in varying company; Japanese: recurring words in kanji or
    katakana. Nothing for scripts in which words cannot be told apart without a dictionary.
    """
    if language in UNSPACED:
        return []
    # A headline repeated at the top is said twice for form's sake, not for its weight.
    text = text.removeprefix(headline)[:MOST_TEXT]
    if language in {"zh", "yue", "wuu"}:
        return _of_chinese(f"{headline}\n{text}", most)
    weights = _Weights()
    stop = stop_words(language)
    find = _KANJI_OR_KATAKANA if language == "ja" else _WORD
    shortest = 2 if language == "ja" else SHORTEST if stop else SHORTEST_WITHOUT_LIST
    for part, weight in ((text[:LEAD], LEAD_WEIGHT), (text[LEAD:], 1.0)):
        weights.add(part, weight, find, shortest, stop)
    weights.add(headline, HEADLINE_WEIGHT, find, shortest, stop, is_headline=True)
    return weights.best(most)


class _Weights:
    """Weight, number and spellings of each word and of each two words side by side."""

    def __init__(self) -> None:
        self._weight: dict[str, float] = {}
        self._count: Counter[str] = Counter()
        self._spelling: dict[str, str] = {}
        self._doubtful: Counter[str] = Counter()  # headlines leave out words, so not all neighbours there are a pair

    def add(
        self,
        text: str,
        weight: float,
        find: re.Pattern[str],
        shortest: int,
        stop: frozenset[str],
        is_headline: bool = False,
    ) -> None:
        before, end = "", -2
        for match in find.finditer(text):
            word = match[match.lastindex or 0]
            key = word.casefold()
            if len(word) < shortest or key in stop:
                before = ""
                continue
            self._note(key, word, weight)
            if before and match.start() == end + 1 and text[end] == " ":
                pair = f"{before.casefold()} {key}"
                self._note(pair, f"{before} {word}", weight * PAIR_WEIGHT)
                self._doubtful[pair] += is_headline
            before, end = word, match.end()

    def _note(self, key: str, spelling: str, weight: float) -> None:
        self._count[key] += 1
        self._weight[key] = self._weight.get(key, 0.0) + weight
        # Lower case wins: a capital may be due to the beginning of a sentence.
        if spelling > self._spelling.get(key, ""):
            self._spelling[key] = spelling

    def best(self, most: int) -> list[str]:
        recurring = [key for key, count in self._count.items() if count - self._doubtful[key] > 1]
        chosen: list[str] = []
        said: Counter[str] = Counter()  # how often a word was already part of something chosen
        for key in sorted(recurring, key=lambda each: (-self._weight[each], each)):
            words = key.split(" ")
            # Two words of which one is chosen add little; a word of a chosen pair needs a life of its own.
            if any(said[word] for word in words) and (len(words) > 1 or self._count[key] - said[key] < 2):
                continue
            chosen.append(key)
            said.update(dict.fromkeys(words, self._count[key]))
            if len(chosen) == most:
                break
        return [self._spelling[key] for key in chosen]


def _of_chinese(text: str, most: int) -> list[str]:
    stop = stop_words("zh")
    runs = _HAN_RUN.findall(text)
    found: dict[str, int] = {}
    frequent: dict[str, int] = {}
    for length in range(2, LONGEST_HAN + 1):
        parts = (run[start : start + length] for run in runs for start in range(len(run) - length + 1))
        # A sequence is frequent only if its beginning is.
        counted = Counter(part for part in parts if length == 2 or part[:-1] in frequent)
        frequent = {part: count for part, count in counted.items() if count >= FEWEST_HAN}
        found |= frequent
    words = [
        part
        for part in sorted(found, key=lambda each: (-found[each] * len(each), each))
        if part not in stop and not _HAN_GRAMMAR.intersection(part) and _stands_alone(part, runs)
    ]
    chosen: list[str] = []
    for word in words:
        if not any(word in other or other in word for other in chosen):
            chosen.append(word)
    return chosen[:most]


def _stands_alone(part: str, runs: list[str]) -> bool:
    """True for a sequence with varying neighbours on both sides: a word, not a slice of a longer one."""
    left, right = set[str](), set[str]()
    for number, run in enumerate(runs):
        start = run.find(part)
        while start >= 0:
            left.add(run[start - 1] if start else f"edge {number}")
            end = start + len(part)
            right.add(run[end] if end < len(run) else f"edge {number}")
            start = run.find(part, end)
    return len(left) > 1 and len(right) > 1


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words without a subject of their own, in lower case; empty for a language without a list."""
    listed = {"nb": "no", "nn": "no", "fil": "tl"}.get(language, language)
    return frozenset(word.casefold() for word in stopwordsiso.stopwords(listed))
