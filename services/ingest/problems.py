"""The problems a client may meet, one example for each status, for /openapi.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KnownProblem:
    """`when` is the description of the response; title, detail and errors are what a client may read in it."""

    when: str
    title: str
    detail: str
    headers: tuple[str, ...] = ()
    errors: tuple[Mapping[str, object], ...] = ()


PROBLEMS: dict[int, KnownProblem] = {
    400: KnownProblem(
        "The request cannot be read: no JSON, a wrong parameter or a wrong Idempotency-Key",
        "Not JSON",
        "The body is not valid JSON: line 3, column 5: Expecting ',' delimiter.",
    ),
    401: KnownProblem(
        "No API key, or one that is wrong or revoked",
        "A valid API key is needed",
        "This API key is not known.",
        headers=("WWW-Authenticate",),
    ),
    404: KnownProblem("No article of yours has this id", "Not found", "No article of yours has this id."),
    409: KnownProblem(
        "A request with this Idempotency-Key is still going on, or the article is withdrawn",
        "Conflict with the article's state",
        "The article is withdrawn; what was withdrawn cannot be replaced.",
        headers=("Retry-After",),
    ),
    412: KnownProblem(
        "If-Match names another version than the current one",
        "The article was changed meanwhile",
        'The article is at version "3"; look at it before you change it.',
        headers=("ETag",),
        errors=(
            {
                "header": "If-Match",
                "detail": "names another version",
                "found": '"2"',
                "accepted": '"3", with its quotes',
            },
        ),
    ),
    413: KnownProblem(
        "The body, or a line of it, is too large", "Body too large", "The body may have at most 2,000,000 bytes."
    ),
    415: KnownProblem(
        "The body has another content type, character set or coding than accepted",
        "Unsupported media type",
        "Content-Type is not accepted; send application/json.",
    ),
    422: KnownProblem(
        "A field is wrong, or the Idempotency-Key or external_id stands for another article",
        "The article cannot be accepted as it is",
        "Nothing was stored. To be mended: /headline.",
        errors=(
            {
                "pointer": "/headline",
                "detail": "is empty",
                "found": "",
                "accepted": "text of 1 to 500 characters. Plain text",
            },
        ),
    ),
    428: KnownProblem(
        "If-Match is missing",
        "Precondition required",
        'Replacing needs If-Match with the version to be replaced, now "1".',
        headers=("ETag",),
    ),
    429: KnownProblem(
        "Too many requests, or too many at once",
        "Too many requests",
        "The limit is 60000 per 1 minute. Try again in 12 s.",
        headers=("Retry-After",),
    ),
    503: KnownProblem(
        "The record does not answer",
        "The record does not answer",
        "If this was a change, it may or may not be stored: repeat it with the same Idempotency-Key or external_id.",
        headers=("Retry-After",),
    ),
}
