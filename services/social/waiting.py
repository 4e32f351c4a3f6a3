"""How long a network asks to wait, in every form that networks use."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from shared.http import Headers

# A longer pause is not believed; who is still limited after it is told so again.
LONGEST = 86_400.0
# Where Meta says how much has been used, but not when it will be less.
_USED_UP = 300.0
# A number above this is an instant (seconds since 1970), below it a duration.
_INSTANT = 1_000_000_000
_RESETS = ("X-RateLimit-Reset-After", "X-RateLimit-Reset", "X-Rate-Limit-Reset", "RateLimit-Reset")
_REMAINING = ("X-RateLimit-Remaining", "X-Rate-Limit-Remaining", "RateLimit-Remaining")


def asked(headers: Headers, fields: Mapping[str, Any], *, limited: bool = True) -> float | None:
    """Seconds to wait after a refusal, at most a day; None when the answer names none.

    When limits begin anew counts only where one of them was the reason, `limited`: some networks tell it with every
    answer.
    `fields` is the answer's JSON object. An instant is measured from the answer's own Date where it has one, so that
    clocks may differ.
    """
    now = _instant(headers.get("Date", "")) or datetime.now(UTC)
    parameters = fields.get("parameters")
    candidates = [
        _seconds(headers.get("Retry-After"), now),
        _seconds(parameters.get("retry_after") if isinstance(parameters, dict) else None, now),
        _seconds(fields.get("retry_after"), now),
        _milliseconds(fields.get("retry_after_ms")),
        _regained(headers.get("X-Business-Use-Case-Usage", "")),
        *(_seconds(headers.get(name), now) for name in (_RESETS if limited else ())),
    ]
    return next((seconds for seconds in candidates if seconds is not None), None)


def pause(headers: Headers) -> float:
    """Seconds until the next call is allowed, by an answer that was no refusal: 0 while calls remain."""
    if any(headers.get(name, "").strip() == "0" for name in _REMAINING):
        return asked(headers, {}) or 0.0
    return _USED_UP if _used(headers.get("X-App-Usage", "")) >= 90 else 0.0


def _seconds(value: Any, now: datetime) -> float | None:
    """Seconds from a duration, seconds since 1970, an HTTP date or an ISO instant."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        instant = _instant(str(value))
        return None if instant is None else _bounded((instant - now).total_seconds())
    return _bounded(number - now.timestamp() if number > _INSTANT else number)


def _milliseconds(value: Any) -> float | None:
    return _bounded(value / 1000) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _regained(usage: str) -> float | None:
    """Meta's usage header: minutes until access is regained, the longest of all that are named."""
    try:
        entries = [entry for each in json.loads(usage).values() for entry in each]
        minutes = [float(entry.get("estimated_time_to_regain_access", 0)) for entry in entries]
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    return _bounded(max(minutes) * 60) if minutes and max(minutes) > 0 else None


def _used(usage: str) -> float:
    """Meta's other usage header: how many percent of the app's calls, time and computing have been used."""
    try:
        return max(float(percent) for percent in json.loads(usage).values())
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return 0.0


def _bounded(seconds: float) -> float | None:
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST)


def _instant(value: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(value.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return found.replace(tzinfo=found.tzinfo or UTC)
    return None
