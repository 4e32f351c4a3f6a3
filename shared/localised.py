"""Numbers and dates in a reader's language: CLDR's spelling by Babel, CLDR's digits by this module.

Babel writes every date in European digits, whatever digits the language is written in; `digits` mends that.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, tokenize_pattern
from babel.numbers import format_decimal

from shared.publication import Publication

# Where each numbering system of CLDR has its zero.
_ZEROS = {"arab": 0x660, "arabext": 0x6F0, "deva": 0x966, "beng": 0x9E6, "mymr": 0x1040}


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The locale of a BCP 47 tag, else of its language alone, else English."""
    for tag in (language, language.split("-")[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def language_name(language: str) -> str:
    """A language as its readers call it: `Türkçe`, `العربية`; the tag itself when CLDR has no name for it."""
    try:
        return Locale.parse(language, sep="-").get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language


def digits(text: str, language: str) -> str:
    """European digits in a text become those in which the language is written by default."""
    zero = _ZEROS.get(locale_of(language).default_numbering_system)
    return text if zero is None else text.translate({ord("0") + n: zero + n for n in range(10)})


def number(value: int, language: str) -> str:
    """`136,743`, with the group separators and digits of the language."""
    return digits(format_decimal(value, locale=locale_of(language), numbering_system="default"), language)


def date_text(day: date, pattern: str, language: str) -> str:
    """A Gregorian date by a CLDR pattern."""
    return digits(format_date(day, pattern, locale=locale_of(language)), language)


def date_line(instant: datetime, publication: Publication, language: str) -> str:
    """An article's date and time, `16 February 2016 20:50`, in the publication's zone.

    Written in the article's language where that is one of the publication's, else in the publication's first.
    """
    language = publication_language(publication, language)
    pattern = publication.masthead.article_date_format
    if language != publication.language:
        pattern = _in_the_order_of(language, pattern)
    local = instant.astimezone(publication.tz)
    return digits(format_datetime(local, pattern, locale=locale_of(language)), language)


def publication_language(publication: Publication, language: str) -> str:
    """The publication's own tag for a language (`pt` serves `pt-BR`, and the other way), else its first language."""
    if language in publication.languages:
        return language
    base = language.split("-")[0]
    return next((tag for tag in publication.languages if tag.split("-")[0] == base), publication.language)


@lru_cache(maxsize=256)
def _in_the_order_of(language: str, pattern: str) -> str:
    """The pattern with its `d MMMM y` in a language's own order and particles: `y年M月d日`, `d. MMMM y`.

    A month that comes first is an American habit, not one of the language, and leaves the pattern as it is.
    """
    own = str(locale_of(language).date_formats["long"].pattern)
    order = [str(value[0]) for kind, value in tokenize_pattern(own) if kind == "field"]
    month_first = order.index("M") == 0 if "M" in order else True
    return pattern if month_first else pattern.replace("d MMMM y", own)
