"""Which language the article is in: the one given, else the one detected."""

from __future__ import annotations

from functools import cache
from typing import Any

from services.enrich.draft import Context, Draft
from services.enrich.languages import canonical_tag
from services.enrich.scripts import dominant_script, language_by_letters
from shared.text import direction_of, script_of

# More text than this makes the answer later, not better (characters, headline included).
SAMPLE = 800
# Under this many letters words decide by chance: the publication's own language is the better guess.
SHORT = 20
# How much likelier than any other a language of the publication is, before a word is read.
PREFERENCE = 5.0


def find_language(draft: Draft, context: Context) -> Draft:
    """Keeps a given BCP 47 tag in its usual form; detects when none is given or nobody registered it."""
    given = draft.submission.language
    if given:
        tag, unknown = canonical_tag(given)
        if tag:
            notice = f"unknown subtag left out: {unknown}" if unknown else ""
            return draft.having(language=tag).noting("language", "language", notice)
        draft = draft.noting("language", "language", f"{given} is not a registered language; detected instead")
    text = f"{draft.headline}\n{draft.text}"[:SAMPLE]
    languages = context.publication.languages
    language, sure = detect(text, languages)
    # The publication may say it more exactly: pt-BR, zh-Hant.
    language = next((tag for tag in languages if tag.split("-")[0] == language), language)
    if not sure:
        draft = draft.noting("language", "language", f"too little text to tell; taken as {language}")
    return draft.having(language=language)


def set_direction(draft: Draft, context: Context) -> Draft:
    return draft.having(direction=direction_of(draft.language))


def detect(text: str, preferred: tuple[str, ...]) -> tuple[str, bool]:
    """The language of `text`; False with it when there was too little text and one of `preferred` was assumed."""
    bases = [tag.split("-")[0] for tag in preferred]
    script, letters = dominant_script(text)
    if language := language_by_letters(text, script, letters, bases):
        return language, True
    if not letters:
        return bases[0], False
    if letters < SHORT and (written_so := [tag for tag in bases if script_of(tag) == script]):
        return written_so[0], False
    scores = dict(_model().rank(text))
    scores.pop("zxx", None)  # "not a language"
    return max(scores, key=lambda each: scores[each] * (PREFERENCE if each in bases else 1)), True


@cache
def _model() -> Any:
    """About 1 s and 100 MB, once per process; forked processes share it."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def warm() -> None:
    """Loads what the first article would otherwise wait for."""
    _model()
    canonical_tag("en")
