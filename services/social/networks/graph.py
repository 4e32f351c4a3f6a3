"""What Meta's networks have in common: the error codes of the Graph API.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.social.calling import words_of
from services.social.outcomes import (
    AccountBroken,
    Duplicate,
    Gone,
    NotSent,
    PostError,
    RateLimited,
    RefusedByNetwork,
    Unknown,
)

_LIMITS = {4, 17, 32, 341, 613, *range(80_000, 80_015)}
_TRANSIENT = {1, 2}
_TOKEN, _PERMISSION, _POLICY = 190, 10, 368
_DUPLICATE, _PARAMETER, _NO_OBJECT, _NO_ALIAS, _NOT_SCRAPED = 506, 100, 33, 803, 1_609_005


def judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    error = fields.get("error")
    if not isinstance(error, dict):
        return None
    code, subcode = error.get("code"), error.get("error_subcode")
    told = words_of(f"{error.get('error_user_msg') or error.get('message', '')} (code {code})")
    if not isinstance(code, int):
        return None
    if code in _LIMITS:
        return RateLimited(told)
    if code in _TRANSIENT:
        return Unknown(told)
    if code in (_TOKEN, _PERMISSION, _POLICY) or 200 <= code <= 299:
        return AccountBroken(told)
    if code == _DUPLICATE:
        return Duplicate(told)
    if _NOT_SCRAPED in (code, subcode):  # the page of the link was not there for Facebook: it may be later
        return NotSent(told)
    if code == _NO_ALIAS or (code == _PARAMETER and subcode == _NO_OBJECT):
        return Gone(told)
    return RefusedByNetwork(told)
