"""The API described for machines: an OpenAPI 3.1 document, built from the very models that check and answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from services.ingest import forms
from services.ingest.bodies import Withdrawal
from services.ingest.operations import PATHS
from services.ingest.problems import PROBLEMS, KnownProblem
from services.ingest.settings import IngestSettings
from shared.problems import Problem
from shared.submission import Submission

VERSION = "1"
PROBLEM = "application/problem+json"

REQUESTS: tuple[type[BaseModel], ...] = (Submission, Withdrawal)
ANSWERS: tuple[type[BaseModel], ...] = (
    forms.Receipt,
    forms.BatchResult,
    forms.Stats,
    Problem,
    forms.Health,
    forms.Readiness,
)

ABOUT = """\
Submit an article once; it appears in feeds and on pages, and is counted, exactly once.

A 2xx means that it is stored on disk. What becomes of it stands on its receipt. Send your key as
`Authorization: Bearer mh_…`; a key is made with `masthead keys create <publisher>`.

Every error is `application/problem+json` and says where the request is wrong, what was found and what is accepted.
The guide is docs/api.md."""


def document(settings: IngestSettings) -> dict[str, Any]:
    """The whole document, ready to be served."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Masthead ingest API",
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.ingest_url.rstrip("/") or "/"}],
        "security": [{"key": []}],
        "tags": [
            {"name": "articles", "description": "Submit, follow, replace and withdraw"},
            {"name": "publication", "description": "What has been published"},
            {"name": "health", "description": "For supervisors and load balancers; no key needed"},
        ],
        "paths": PATHS,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "bearerFormat": "mh_<prefix>_<secret>"},
            },
            "schemas": _schemas(),
            "responses": {str(status): _problem_response(status, known) for status, known in PROBLEMS.items()},
            "headers": HEADERS,
        },
    }


HEADERS: dict[str, Any] = {
    "Retry-After": {"description": "Seconds after which to try again", "schema": {"type": "integer", "minimum": 1}},
    "ETag": {
        "description": "The article's version, for If-Match",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
        "example": '"1"',
    },
    "Location": {"description": "Address of the receipt", "schema": {"type": "string", "format": "uri"}},
    "Preference-Applied": {
        "description": "The wait that was honoured (RFC 7240)",
        "schema": {"type": "string"},
        "example": "wait=10",
    },
    "X-Request-Id": {
        "description": "The request's id: your own X-Request-Id, else a new one. It stands in the logs, too",
        "schema": {"type": "string"},
    },
    "WWW-Authenticate": {"description": "How to authenticate", "schema": {"type": "string"}},
}


class _Schemas(GenerateJsonSchema):
    """JSON Schema without a title for each field that only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schemas() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in REQUESTS]
    models += [(model, "serialization") for model in ANSWERS]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}", schema_generator=_Schemas)
    return dict(sorted(found["$defs"].items()))


def _problem_response(status: int, known: KnownProblem) -> dict[str, Any]:
    example = {"type": "about:blank", "title": known.title, "status": status, "detail": known.detail}
    if known.errors:
        example["errors"] = [dict(each) for each in known.errors]
    return {
        "description": known.when,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *known.headers)},
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
