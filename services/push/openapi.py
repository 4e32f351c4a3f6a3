"""The OpenAPI 3.1 document of the webhooks' API, made from the forms that its views take and give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from services.push.webhook_forms import Change, Deliveries, NewWebhook, Scheduled, Shown, Since, Webhooks
from services.push.webhook_views import LARGEST_ID, LARGEST_PAGE, PAGE
from shared.problems import Problem
from shared.publication import Publication

VERSION = "1"
PROBLEM = "application/problem+json"
ERRORS = {
    "400": "The request cannot be read",
    "401": "No API key, or one that is wrong or revoked",
    "404": "No webhook of yours has this id, or it has no such delivery",
    "409": "The state of the webhook or of the delivery does not allow it, or you have too many",
    "413": "The body is too large",
    "415": "The body is no application/json",
    "422": "A field is wrong; `errors` says which, and what is accepted",
    "429": "Too many requests; Retry-After says when to go on",
}


@dataclass(frozen=True)
class Operation:
    """One address and method. `given` is None for an answer without a body."""

    method: str
    path: str
    name: str
    summary: str
    status: int
    given: type[BaseModel] | None
    taken: type[BaseModel] | None = None
    errors: tuple[str, ...] = ("401", "404", "429")
    query: tuple[tuple[str, int, int], ...] = ()  # name, default and highest value


BODY = ("400", "413", "415", "422")
ONE = "/v1/webhooks/{id}"
USUAL = ("401", "404", "429")
OPERATIONS = (
    Operation("get", "/v1/webhooks", "listWebhooks", "List yours", 200, Webhooks, errors=("401", "429")),
    Operation(
        "post",
        "/v1/webhooks",
        "createWebhook",
        "Make one; its secret is shown this once",
        201,
        Shown,
        NewWebhook,
        ("401", "409", "429", *BODY),
    ),
    Operation("get", ONE, "getWebhook", "Look at one and its latest deliveries", 200, Shown),
    Operation("patch", ONE, "changeWebhook", "Change, pause or enable one", 200, Shown, Change, (*USUAL, *BODY)),
    Operation("delete", ONE, "deleteWebhook", "End one, with its log", 204, None),
    Operation(
        "post", f"{ONE}/rotate", "rotateSecret", "A new secret; the old one signs beside it for 24 hours", 200, Shown
    ),
    Operation("post", f"{ONE}/test", "testWebhook", "Send a test", 202, Scheduled, errors=(*USUAL, "409")),
    Operation(
        "get",
        f"{ONE}/deliveries",
        "listDeliveries",
        "Read the log, newest first",
        200,
        Deliveries,
        errors=(*USUAL, "400"),
        query=(("before", LARGEST_ID, LARGEST_ID), ("limit", PAGE, LARGEST_PAGE)),
    ),
    Operation(
        "post",
        f"{ONE}/deliveries/{{number}}/replay",
        "replayDelivery",
        "Send one event once more",
        202,
        Scheduled,
        errors=(*USUAL, "409"),
    ),
    Operation(
        "post",
        f"{ONE}/replay",
        "replayEvents",
        "Send everything since a time once more",
        202,
        Scheduled,
        Since,
        (*USUAL, "409", *BODY),
    ),
)
PATH_PARAMETERS = {
    "id": {"type": "string", "format": "uuid"},
    "number": {"type": "integer", "minimum": 1, "maximum": LARGEST_ID},
}


def document(publication: Publication) -> dict[str, Any]:
    """The whole document, ready to be served."""
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{publication.name}: webhooks",
            "version": VERSION,
            "description": "What is sent to a webhook is described at /asyncapi.json. The guide is docs/push.md.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": publication.push_url}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "mh_<prefix>_<secret>"}},
            "schemas": _schemas(),
            "responses": {
                status: {"description": text, "content": {PROBLEM: {"schema": _reference("Problem")}}}
                for status, text in ERRORS.items()
            },
        },
    }


def make_openapi_views(publication: Publication) -> Blueprint:
    views = Blueprint("openapi", __name__)
    found = document(publication)

    @views.get("/openapi.json")
    def openapi() -> Response:
        return jsonify(found)

    return views


def _operation(of: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": of.summary}
    if of.given is not None:
        success["content"] = _content(of.given)
    made: dict[str, Any] = {
        "operationId": of.name,
        "summary": of.summary,
        "responses": {
            str(of.status): success,
            **{status: {"$ref": f"#/components/responses/{status}"} for status in sorted(of.errors)},
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in PATH_PARAMETERS.items()
        if f"{{{name}}}" in of.path
    ] + [
        {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": most, "default": usual}}
        for name, usual, most in of.query
    ]
    if parameters:
        made["parameters"] = parameters
    if of.taken is not None:
        made["requestBody"] = {"required": True, "content": _content(of.taken)}
    return made


def _content(form: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(form.__name__)}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    taken: list[tuple[type[BaseModel], JsonSchemaMode]] = [(form, "validation") for form in (NewWebhook, Change, Since)]
    given: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (form, "serialization") for form in (Shown, Webhooks, Deliveries, Scheduled, Problem)
    ]
    _, found = models_json_schema([*taken, *given], ref_template="#/components/schemas/{model}")
    return dict(sorted(found["$defs"].items()))
