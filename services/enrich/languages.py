"""Language tags (BCP 47) as far as CLDR knows them."""

from __future__ import annotations

from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

_NO_LANGUAGE = frozenset({"mis", "mul", "root", "und", "zxx"})


@lru_cache(maxsize=512)
def canonical_tag(tag: str) -> tuple[str | None, str]:
    """The tag in its usual form ("EN-gb" -> "en-GB", "iw" -> "he") and the subtags nobody registered, left out of it.

    The tag is None when its language itself is unknown. Extensions and private use are dropped.
    """
    language, *rest = tag.split("-")
    if rest and len(rest[0]) == 3 and rest[0].isalpha():  # an extended language stands for itself (RFC 5646, 4.5)
        language = rest.pop(0)
    language = _canonical_language(language.lower())
    if not language:
        return None, tag
    kept, unknown = [language], list[str]()
    for part in rest:
        if len(part) == 1:
            break
        known = _canonical_subtag(part)
        (kept if known else unknown).append(known or part)
    return "-".join(kept), ", ".join(unknown)


def _canonical_language(language: str) -> str:
    alias = get_global("language_aliases").get(language, language)
    if "_" not in alias or not _is_known(language):
        language = alias.split("_")[0]
    return language if _is_known(language) and language not in _NO_LANGUAGE else ""


def _is_known(language: str) -> bool:
    return language in _english().languages or language in get_global("likely_subtags")


def _canonical_subtag(part: str) -> str:
    """A script, region or variant in its usual case; empty for one that is not registered."""
    english = _english()
    if len(part) == 4 and part.isalpha():
        return part.title() if part.title() in english.scripts else ""
    if len(part) == 2 or part.isdigit():
        region = part.upper()
        region = get_global("territory_aliases").get(region, [region])[0]
        return region if region in english.territories else ""
    return part.lower() if part.upper() in english.variants else ""


@cache
def _english() -> Locale:
    return Locale("en")
