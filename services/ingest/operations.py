"""The operations of the API as /openapi.json lists them; a contract test compares them with the real addresses."""

from __future__ import annotations

import json
from typing import Any

from services.ingest.bodies import NDJSON_TYPES
from services.ingest.headers import KEY_PATTERN
from shared.bodies import JSON_TYPES

MOST_DAYS = 366
MOST_TOP = 1000

ARTICLE = {
    "headline": "Harbour reopens after storm",
    "body": "<p>The harbour reopened on Monday.</p>",
    "language": "en",
    "bylines": ["Ada Byron"],
    "section": "economy",
    "tags": ["harbour", "weather"],
    "external_id": "cms-4711",
}
ARCHIVED = {
    "headline": "Liman fırtınadan sonra açıldı",
    "body": "Liman pazartesi günü açıldı.\n\nFeribotlar yeniden çalışıyor.",
    "body_format": "text",
    "published_at": "2018-04-20T09:30:00+03:00",
    "external_id": "cms-4712",
}

RESULTS = "".join(
    json.dumps(result) + "\n"
    for result in (
        {"line": 1, "status": 202, "id": "8e03978e-40d5-43dd-bc93-6894a57f9324", "external_id": "cms-4711"},
        {
            "line": 2,
            "status": 422,
            "external_id": "cms-4712",
            "problem": {
                "type": "about:blank",
                "title": "The article cannot be accepted as it is",
                "status": 422,
                "detail": "Nothing was stored. To be mended: /headline.",
            },
        },
    )
)


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _header(name: str, description: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "required": required, "schema": schema}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(status): _reference("responses", str(status)) for status in (*statuses, 401, 429, 503)}


def _receipt(status: int, description: str) -> dict[str, Any]:
    headers = {
        "ETag": _reference("headers", "ETag"),
        "Preference-Applied": _reference("headers", "Preference-Applied"),
        "X-Request-Id": _reference("headers", "X-Request-Id"),
    }
    if status == 202:
        headers["Location"] = _reference("headers", "Location")
    content = {"application/json": {"schema": _reference("schemas", "Receipt")}}
    return {str(status): {"description": description, "headers": headers, "content": content}}


def _answer(schema: str, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"X-Request-Id": _reference("headers", "X-Request-Id")},
        "content": {"application/json": {"schema": _reference("schemas", schema)}},
    }


def _lines_of(schema: str) -> dict[str, Any]:
    """NDJSON: as a whole it is text, each of its lines is described by a schema."""
    return {
        "type": "string",
        "contentMediaType": NDJSON_TYPES[0],
        "contentSchema": _reference("schemas", schema),
        "description": f"One {schema} as JSON per line",
    }


ARTICLE_ID = {
    "name": "article_id",
    "in": "path",
    "required": True,
    "description": "The article's id, from its receipt",
    "schema": {"type": "string", "format": "uuid"},
}
WAIT = _header(
    "Prefer",
    "`wait=N` holds the answer back, at most N seconds, until the article is published or withdrawn (RFC 7240)",
    {"type": "string", "examples": ["wait=10"]},
)
IF_MATCH = "ETag of the version to be {}, from the receipt"
KEY_SCHEMA = {"type": "string", "pattern": f"^{KEY_PATTERN}$"}

SUBMISSION = {
    "required": True,
    "content": {
        content_type: {
            "schema": _reference("schemas", "Submission"),
            "examples": {
                "new": {"summary": "Published now", "value": ARTICLE},
                "archive": {"summary": "From the archive, as plain text", "value": ARCHIVED},
            },
        }
        for content_type in JSON_TYPES
    },
}

POST_ARTICLE = {
    "operationId": "submitArticle",
    "tags": ["articles"],
    "summary": "Submit an article",
    "description": "Answered once it is stored on disk. Repeating the request with the same Idempotency-Key, or the "
    "same external_id, makes no second article.",
    "parameters": [
        _header("Idempotency-Key", "Makes repeats safe: one key for one article, never expires", KEY_SCHEMA),
        WAIT,
    ],
    "requestBody": SUBMISSION,
    "responses": _receipt(202, "Stored") | _problems(400, 409, 413, 415, 422),
}
POST_BATCH = {
    "operationId": "submitBatch",
    "tags": ["articles"],
    "summary": "Submit many articles, one JSON object per line",
    "description": "Each line is one Submission. The answer has one BatchResult per line, in order, streamed while "
    "lines are being stored; a wrong line does not sink the others. Give each line an external_id: then "
    "a batch whose answer was cut off can be sent again as a whole.",
    "requestBody": {
        "required": True,
        "content": {
            content_type: {
                "schema": _lines_of("Submission"),
                "example": "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (ARTICLE, ARCHIVED)),
            }
            for content_type in NDJSON_TYPES
        },
    },
    "responses": {
        "200": {
            "description": "One BatchResult per line",
            "headers": {"X-Request-Id": _reference("headers", "X-Request-Id")},
            "content": {NDJSON_TYPES[0]: {"schema": _lines_of("BatchResult"), "example": RESULTS}},
        }
    }
    | _problems(400, 413, 415),
}
GET_ARTICLE = {
    "operationId": "getReceipt",
    "tags": ["articles"],
    "summary": "The receipt of an article",
    "description": "State and time of each stage, and where the article is published.",
    "parameters": [WAIT],
    "responses": _receipt(200, "The receipt") | _problems(404),
}
PUT_ARTICLE = {
    "operationId": "replaceArticle",
    "tags": ["articles"],
    "summary": "Replace an article",
    "description": "The id, the page's address and the time of first publication stay; readers see the new text in "
    "the same place. An external_id may be left out, and cannot be changed.",
    "parameters": [
        # Not marked as required: an answer of 428 says which version there is.
        _header("If-Match", IF_MATCH.format("replaced") + ". Needed", {"type": "string", "examples": ['"1"']}),
        WAIT,
    ],
    "requestBody": SUBMISSION,
    "responses": _receipt(202, "Replaced") | _problems(400, 404, 409, 412, 413, 415, 422, 428),
}
DELETE_ARTICLE = {
    "operationId": "withdrawArticle",
    "tags": ["articles"],
    "summary": "Withdraw an article",
    "description": "Its page answers 410 with a notice, feeds show the notice in its place for seven days, counters "
    "step back. Withdrawing twice is the same as once.",
    "parameters": [_header("If-Match", IF_MATCH.format("withdrawn"), {"type": "string", "examples": ['"1"']}), WAIT],
    "requestBody": {
        "required": False,
        "content": {content_type: {"schema": _reference("schemas", "Withdrawal")} for content_type in JSON_TYPES},
    },
    "responses": _receipt(202, "Withdrawn") | _problems(400, 404, 412, 413, 415, 422),
}


def _count(name: str, description: str, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": most}
    return {"name": name, "in": "query", "description": description, "required": False, "schema": schema}


GET_STATS = {
    "operationId": "getStats",
    "tags": ["publication"],
    "summary": "What has been published, in numbers",
    "parameters": [
        _count("days", "How many of the latest days; as many as the masthead shows when absent", MOST_DAYS),
        _count("top", "How many of the largest of each kind; 10 when absent", MOST_TOP),
    ],
    "responses": {"200": _answer("Stats", "The numbers")} | _problems(400),
}
GET_HEALTH = {
    "operationId": "getHealth",
    "tags": ["health"],
    "summary": "Whether the process lives",
    "security": [],
    "responses": {"200": _answer("Health", "It does")},
}
GET_READINESS = {
    "operationId": "getReadiness",
    "tags": ["health"],
    "summary": "Whether articles can be stored",
    "security": [],
    "responses": {"200": _answer("Readiness", "They can"), "503": _answer("Readiness", "The record is away")},
}

PATHS: dict[str, Any] = {
    "/v1/articles": {"post": POST_ARTICLE},
    "/v1/articles/batch": {"post": POST_BATCH},
    "/v1/articles/{article_id}": {
        "parameters": [ARTICLE_ID],
        "get": GET_ARTICLE,
        "put": PUT_ARTICLE,
        "delete": DELETE_ARTICLE,
    },
    "/v1/stats": {"get": GET_STATS},
    "/healthz": {"get": GET_HEALTH},
    "/readyz": {"get": GET_READINESS},
}
