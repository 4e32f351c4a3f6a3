"""The AsyncAPI document: of the structure AsyncAPI 3.0.0 asks for, and true of what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from services.push.asyncapi import document
from services.push.messages import NAMES, body_of_test, message
from services.push.signing import new_secret, signed_headers
from shared.db import Database
from shared.models import Article, Enrichment, Event, Publisher
from shared.publication import Publication
from tests.factories import NOW
from tests.newsroom import Newsroom

PUBLICATION = Publication(
    name="The Courier", base_url="https://courier.example", push_url="https://push.courier.example/live-things"
)
FIELDS: list[dict[str, Any]] = [
    {},
    {
        "headline": "المرفأ يفتح",
        "language": "ar",
        "section": "World",
        "tags": ["harbour", "sea"],
        "urgency": 2,
        "bylines": ["Ada"],
        "image": {"url": "https://courier.example/a.jpg", "alt": "A harbour", "credit": "Ada"},
        "canonical_url": "https://other.example/original",
    },
    {"headline": '<b> & \u2028 "quoted" \\ 𝔘', "summary": ""},
]


@pytest.fixture
def described() -> dict[str, Any]:
    return document(PUBLICATION)


@pytest.fixture
def bodies(db: Database) -> dict[str, list[Any]]:
    """What is sent of articles of every kind, by the name of the event."""
    newsroom = Newsroom(db)
    seqs = newsroom.publish_many(FIELDS)
    newsroom.withdraw(newsroom.publish(), "It was wrong.")
    newsroom.withdraw(newsroom.publish())
    found: dict[str, list[Any]] = {name: [] for name in NAMES}
    with db.read() as session:
        for article in session.query(Article):
            for name, told_before in (("ArticlePublished", False), ("ArticlePublished", True), ("NoticePosted", True)):
                if name == "NoticePosted" and article.seq in seqs:
                    continue
                made = message(
                    PUBLICATION,
                    Event(id=7, name=name, at=NOW),
                    told_before=told_before,
                    article=article,
                    enrichment=session.get_one(Enrichment, article.seq),
                    publisher=session.get_one(Publisher, article.publisher_id),
                )
                found[made.name].append(json.loads(made.body))
    return found


def resolved(described: dict[str, Any], reference: str) -> Any:
    node: Any = described
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def validator(described: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    found = set(references(described))
    assert found
    for each in found:
        assert each.startswith("#/")
        assert resolved(described, each) is not None


def test_the_document_has_the_structure_of_asyncapi_3(described: dict[str, Any]) -> None:
    assert described["asyncapi"] == "3.0.0"
    known = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert described.keys() <= known
    assert described["info"]["title"] and described["info"]["version"]
    for server in described["servers"].values():
        assert server == {"host": "push.courier.example", "protocol": "https", "pathname": "/live-things"}
    for name, channel in described["channels"].items():
        assert channel.keys() <= {"address", "messages", "title", "summary", "description", "servers", "bindings"}, name
        assert "address" in channel and channel["messages"]
        for message_ in channel["messages"].values():
            found = resolved(described, message_["$ref"]) if "$ref" in message_ else message_
            assert found.keys() <= {"name", "title", "summary", "description", "contentType", "headers", "payload"}
            Draft202012Validator.check_schema({**found["payload"], "components": described["components"]})


def test_operations_send_messages_of_their_channel(described: dict[str, Any]) -> None:
    used = set()
    for operation in described["operations"].values():
        assert operation["action"] == "send"
        channel = operation["channel"]["$ref"]
        assert channel.startswith("#/channels/")
        used.add(channel.removeprefix("#/channels/"))
        messages = {each["$ref"] for each in operation["messages"]}
        assert messages == {f"{channel}/messages/{name}" for name in resolved(described, channel)["messages"]}
    assert used == set(described["channels"])


@pytest.mark.parametrize("channel", ["live", "webhook"])
def test_what_is_sent_is_what_is_described(
    described: dict[str, Any], bodies: dict[str, list[Any]], channel: str
) -> None:
    assert all(bodies.values())
    messages = described["channels"][channel]["messages"].values()
    by_name = {
        each["name"]: each for each in (resolved(described, one["$ref"]) if "$ref" in one else one for one in messages)
    }
    for name, sent in bodies.items():
        payload = validator(described, by_name[name]["payload"])
        for body in sent:
            payload.validate(body)
            with pytest.raises(ValidationError):
                payload.validate({**body, "type": "another"})
            with pytest.raises(ValidationError):
                payload.validate({**body, "data": {**body["data"], "surprise": 1}})


def test_a_test_is_what_is_described(described: dict[str, Any]) -> None:
    payload = described["channels"]["webhook"]["messages"]["webhookTest"]["payload"]
    validator(described, payload).validate(json.loads(body_of_test(PUBLICATION, 1, NOW)))


def test_the_headers_of_a_webhook_are_what_is_described(described: dict[str, Any]) -> None:
    headers = signed_headers("msg_1", 1, b"{}", [new_secret(), new_secret()]) | {"webhook-attempt": "1"}
    schema = described["components"]["schemas"]["WebhookHeaders"]
    Draft202012Validator(schema).validate(headers)
    assert schema["properties"].keys() == headers.keys()
