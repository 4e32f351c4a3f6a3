"""How long a network asks to wait: every form in which networks say it, and what is no such form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.social import waiting
from shared.http import header_fields

# The answer was given at this time; the machine's own clock is years away from it.
DATE = "Mon, 05 Jan 2026 10:00:00 GMT"
UNIX = 1_767_607_200


def usage(minutes: object) -> str:
    return json.dumps({"1001": [{"type": "pages", "estimated_time_to_regain_access": minutes}]})


@pytest.mark.parametrize(
    ("headers", "fields", "seconds"),
    [
        ({"Retry-After": "30"}, {}, 30),
        ({"retry-after": " 1.5 "}, {}, 1.5),
        ({"Retry-After": "Mon, 05 Jan 2026 10:02:00 GMT"}, {}, 120),
        ({"Retry-After": "Mon, 05 Jan 2026 09:00:00 GMT"}, {}, 0),
        ({"X-RateLimit-Reset": "2026-01-05T10:05:00.123Z"}, {}, 300.123),
        ({"X-RateLimit-Reset": "2026-01-05T13:05:00+03:00"}, {}, 300),
        ({"X-RateLimit-Reset": "2026-01-05T10:05:00"}, {}, 300),
        ({"x-rate-limit-reset": str(UNIX + 60)}, {}, 60),
        ({"RateLimit-Reset": str(UNIX + 61)}, {}, 61),
        ({"RateLimit-Reset": "62"}, {}, 62),
        ({"X-RateLimit-Reset": f"{UNIX + 7}.5", "X-RateLimit-Reset-After": "7.25"}, {}, 7.25),
        ({}, {"parameters": {"retry_after": 35}}, 35),
        ({}, {"retry_after": 20.5, "global": False}, 20.5),
        ({}, {"retry_after_ms": 2500}, 2.5),
        ({"X-Business-Use-Case-Usage": usage(7)}, {}, 420),
        ({"Retry-After": "10", "X-RateLimit-Reset": str(UNIX + 900)}, {"retry_after": 20}, 10),
        ({"Retry-After": "999999999"}, {}, waiting.LONGEST),
        ({"Retry-After": "1e400"}, {}, waiting.LONGEST),
        ({"Retry-After": "-5"}, {}, 0),
    ],
)
def test_every_form_is_read(headers: dict[str, str], fields: dict[str, Any], seconds: float) -> None:
    given = header_fields([("Date", DATE), *headers.items()])
    assert waiting.asked(given, fields) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ({}, {}),
        ({"Retry-After": "soon"}, {"retry_after": None, "parameters": []}),
        ({"Retry-After": "nan"}, {"retry_after": True, "retry_after_ms": "9"}),
        ({"Retry-After": "9" * 5000 + "x"}, {"retry_after": {"seconds": 3}}),
        ({"X-Business-Use-Case-Usage": "{"}, {}),
        ({"X-Business-Use-Case-Usage": usage(None)}, {}),
        ({"X-Business-Use-Case-Usage": usage(0)}, {}),
        ({"X-Business-Use-Case-Usage": "[" * 100_000}, {"parameters": "x"}),
    ],
)
def test_what_is_no_time_is_none(headers: dict[str, str], fields: dict[str, Any]) -> None:
    assert waiting.asked(header_fields(headers.items()), fields) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "4"}, 0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4"}, 4),
        ({"RateLimit-Remaining": "0"}, 0),
        ({"X-App-Usage": '{"call_count": 28, "total_time": 25, "total_cputime": 25}'}, 0),
        ({"X-App-Usage": '{"call_count": 91, "total_time": 25, "total_cputime": 25}'}, 300),
        ({"X-App-Usage": "{}"}, 0),
        ({"X-App-Usage": "91"}, 0),
    ],
)
def test_an_account_pauses_before_it_is_refused(headers: dict[str, str], seconds: float) -> None:
    assert waiting.pause(header_fields(headers.items())) == seconds
