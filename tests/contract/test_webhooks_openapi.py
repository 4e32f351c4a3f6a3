"""The OpenAPI document of the webhooks' API: valid, complete, and true of every answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from services.cli.keys import create_key
from services.push.app import create_flask
from services.push.openapi import OPERATIONS, document
from services.push.settings import PushSettings
from shared.db import Database
from shared.publication import load_publication
from tests.databases import sqlite_record
from tests.factories import NOW
from tests.paper import BASE

HOOK = {"url": "http://127.0.0.1:9/hook", "filters": {"tag": "harbour"}}


class Api:
    """The API and its description; every answer is held to it."""

    def __init__(self, settings: PushSettings, db: Database) -> None:
        self.app = create_flask(settings, db)
        self.described = document(load_publication(settings.publication_file))
        with db.write() as session:
            self.key = str(create_key(session, "Partner", "", NOW))

    def ask(self, name: str, body: Any = None, *, query: str = "", key: str = "", **values: Any) -> TestResponse:
        (operation,) = (each for each in OPERATIONS if each.name == name)
        path = operation.path.format(**values) + query
        options = {} if body is None else {"json": body}
        headers = {"Authorization": f"Bearer {key or self.key}"}
        answer = self.app.test_client().open(path, method=operation.method.upper(), headers=headers, **options)
        responses = self.described["paths"][operation.path][operation.method]["responses"]
        assert str(answer.status_code) in responses, f"{name} answers {answer.status_code}"
        response = responses[str(answer.status_code)]
        if "$ref" in response:
            response = self.described["components"]["responses"][str(answer.status_code)]
        for content in response.get("content", {}).values():
            schema = {**content["schema"], "components": self.described["components"]}
            Draft202012Validator(schema).validate(answer.json)
        return answer


@pytest.fixture
def api(quick_folder: Any, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    url = sqlite_record(quick_folder)
    values = {"DATABASE_URL": url, "REDIS_URL": valkey_url, "VAR": str(quick_folder), "BASE_URL": BASE}
    for name, value in {**values, "PUSH_ALLOW": "127.0.0.1:9"}.items():
        monkeypatch.setenv(f"MASTHEAD_{name}", value)
    db = Database(url)
    yield Api(PushSettings(), db)
    db.close()


def test_the_document_is_valid_and_served(api: Api) -> None:
    served = api.app.test_client().get("/openapi.json").json
    assert served is not None
    validate(served)
    assert served == api.described


def test_every_address_is_described_and_no_other(api: Api) -> None:
    routes = {
        (method.lower(), rule.rule)
        for rule in api.app.url_map.iter_rules()
        if rule.endpoint.startswith("webhooks.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (each.method, each.path.replace("{id}", "<uuid:key>").replace("{number}", "<int(max=9007199254740991):number>"))
        for each in OPERATIONS
    }
    assert described == routes


def test_answers_are_as_described(api: Api) -> None:
    made = api.ask("createWebhook", HOOK)
    assert made.status_code == 201
    assert made.json is not None
    one = made.json["id"]
    done = [
        api.ask("listWebhooks"),
        api.ask("testWebhook", id=one),
        api.ask("getWebhook", id=one),
        api.ask("changeWebhook", {"description": "Ours"}, id=one),
        api.ask("rotateSecret", id=one),
        api.ask("listDeliveries", id=one, query="?limit=1"),
        api.ask("replayEvents", {"since": (NOW.replace(year=9000)).isoformat()}, id=one),
    ]
    assert [each.status_code for each in done] == [200, 202, 200, 200, 200, 200, 202]
    (entry,) = api.ask("listDeliveries", id=one).json["deliveries"]  # type: ignore[index]
    nothing = "00000000-0000-4000-8000-000000000000"
    refused = [
        api.ask("replayDelivery", id=one, number=entry["id"]),
        api.ask("replayDelivery", id=one, number=entry["id"] + 1),
        api.ask("createWebhook", {"url": "http://10.0.0.1/"}),
        api.ask("createWebhook", ["url"]),
        api.ask("getWebhook", id=nothing),
        api.ask("listDeliveries", id=one, query="?limit=x"),
        api.ask("replayEvents", {"since": "2001-01-01T00:00:00Z"}, id=one),
        api.ask("listWebhooks", key="mh_no"),
    ]
    assert [each.status_code for each in refused] == [409, 404, 422, 422, 404, 400, 422, 401]
    assert api.ask("deleteWebhook", id=one).status_code == 204
