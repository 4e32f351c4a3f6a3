"""Dates as feeds write them: RFC 3339, RFC 822 and its many misspellings, month names of any CLDR language."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import get_month_names

from services.cli.readers.items import Context, Unfit

NO_ZONE = "time without a zone is read in {zone}"
NO_TIME = "date without a time is read as midnight in {zone}"
UNREADABLE = "its date cannot be read"
LONGEST = 100

# Hours east of Greenwich. A name that stands for several zones is read as RFC 822 reads it, or not at all (IST).
_NAMES = {0: "ut utc gmt z wet", 1: "west bst cet met", 2: "cest mest eet sast", 3: "eest msk trt", 5: "pkt"}
_NAMES |= {8: "hkt sgt", 9: "jst kst", 10: "aest", 11: "aedt", 12: "nzst", 13: "nzdt", -4: "edt", -5: "est cdt"}
_NAMES |= {-6: "cst mdt", -7: "mst pdt", -8: "pst akdt", -9: "akst", -10: "hst"}
_ZONES = {name: timezone(timedelta(hours=hours)) for hours, names in _NAMES.items() for name in names.split()}

_ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})(?:[T\s_]+(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?\s*(.*))?$",
    re.DOTALL | re.IGNORECASE,
)
_CLOCK = r"(?P<hour>\d{1,2})[:.h]?(?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.\d+)?)?(?:\s*(?P<half>[ap])\.?m\.?)?"
_WORD = r"(?P<month>[^\W\d_]{1,20}\.?)"
_WEEKDAY = r"(?:[^\W\d_]+\.?(?:\s*,\s*|\s+))?"
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s\-/]*(?:de\s+)?{_WORD}[\s\-/,]*(?:de\s+)?(?P<year>\d{{4}}|\d{{2}})"
    rf"(?:[\s,\-T]+(?:at\s+)?{_CLOCK})?\s*(?P<zone>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_MONTH_FIRST = re.compile(
    rf"{_WEEKDAY}{_WORD}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    rf"(?:[\s,\-T]+(?:at\s+)?{_CLOCK})?\s*(?P<zone>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ASCTIME = re.compile(
    rf"[^\W\d_]+\.?,?\s+{_WORD}\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?P<zone>[A-Z]{{2,5}}\s+|[+-]\d{{4}}\s+)?(?P<year>\d{{4}})$",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:GMT|UTC)?\s*([+\-\u2212])\s*(\d{1,2}):?(\d{2})?(?:\s*\(.*\))?$", re.IGNORECASE)

# Languages whose month names are tried when a feed names none; its own language comes first.
_COMMON = "en pt es fr de it nl tr id ru uk pl cs sk ro hu sv da nb fi el bg hr sr sl ca et lv lt az fa ar he vi hi bn"


def read_date(text: str, context: Context, notes: list[str], language: str = "") -> datetime:
    """The instant that `text` names. A time without a zone is the publication's, which `notes` then say.

    Raises Unfit when it names none: an archive with wrong dates is worse than one with a gap.
    """
    clean = " ".join(text.replace("\u00a0", " ").split())
    if len(clean) > LONGEST:
        raise Unfit(UNREADABLE, f"{clean[:80]}…")
    try:
        return _iso(clean, context, notes) or _words(clean, context, notes, language)
    except (ValueError, OverflowError) as error:
        raise Unfit(UNREADABLE, clean[:80]) from error


def in_zone(naive: datetime, context: Context, notes: list[str]) -> datetime:
    """A local time of the publication."""
    notes.append(NO_ZONE.format(zone=context.zone.key))
    return naive.replace(tzinfo=context.zone)


def _iso(text: str, context: Context, notes: list[str]) -> datetime | None:
    match = _ISO.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    if hour is None:
        notes.append(NO_TIME.format(zone=context.zone.key))
        return datetime(int(year), int(month), int(day), tzinfo=context.zone)
    parts = (int(year), int(month), int(day), int(hour), int(minute), _second(second))
    return _placed(parts, zone or "", context, notes)


def _words(text: str, context: Context, notes: list[str], language: str) -> datetime:
    match = _ASCTIME.match(text) or _DAY_FIRST.match(text) or _MONTH_FIRST.match(text)
    if not match:
        raise ValueError
    found = match.groupdict()
    month = _month(found["month"].casefold().rstrip("."), language)
    date = (_year(found["year"]), month, int(found["day"]))
    if found["hour"] is None:
        if (found["zone"] or "").strip():
            raise ValueError
        notes.append(NO_TIME.format(zone=context.zone.key))
        return datetime(*date, tzinfo=context.zone)
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    parts = (*date, hour, int(found["minute"]), _second(found["second"]))
    return _placed(parts, (found["zone"] or "").strip(), context, notes)


def _placed(parts: tuple[int, int, int, int, int, int], zone: str, context: Context, notes: list[str]) -> datetime:
    naive = datetime(*parts)  # noqa: DTZ001 - its zone is what follows
    offset = _OFFSET.match(zone)
    if offset:
        sign, hours, minutes = offset.groups()
        east = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return naive.replace(tzinfo=timezone(-east if sign in "-\u2212" else east))
    name = zone.split("(")[0].strip().lower()
    if name in _ZONES:
        return naive.replace(tzinfo=_ZONES[name])
    if name and not re.fullmatch(r"[a-z]{1,6}", name):
        raise ValueError
    return in_zone(naive, context, notes)


def _second(text: str | None) -> int:
    """A leap second counts as the one before it."""
    return 59 if text == "60" else int(text or 0)


def _year(text: str) -> int:
    """RFC 2822, section 4.3: two digits below 50 are of this century."""
    year = int(text)
    return year if len(text) == 4 else year + (2000 if year < 50 else 1900)


def _month(word: str, language: str) -> int:
    for tag in (language.replace("_", "-").split("-")[0], *_COMMON.split()):
        found = _months(tag).get(word) if tag else None
        if found:
            return found
    raise ValueError


@lru_cache(maxsize=64)
def _months(language: str) -> dict[str, int]:
    """Every way CLDR writes a language's months, with and without the dot of an abbreviation."""
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return {}
    names: dict[str, int] = {}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for month, name in get_month_names(width, context, locale).items():
                names.setdefault(name.casefold().rstrip("."), month)
    if language == "en":
        names["sept"] = 9
    return names
