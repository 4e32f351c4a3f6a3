"""The AsyncAPI 3.0 document of everything that push sends by itself, made from the forms that it is built of."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify
from pydantic.json_schema import models_json_schema

from services.push.messages import NAMES, TEST, TYPE_PREFIX, CloudEvent
from shared.publication import Publication
from shared.topics import FILTERS, LONGEST_VALUE

VERSION = "1"
CLOUD_EVENT = "application/cloudevents+json"
FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json")
SUMMARIES = {
    "article.published": "An article appeared",
    "article.updated": "A newer version of an article replaced the one that was told before",
    "article.withdrawn": "An article was taken back: drop your copy",
    TEST: "The owner of a webhook asked for a test",
}
ABOUT = """\
What subscribers are told without asking again: on the live stream, at webhooks, and at callbacks of the WebSub hub.
Whatever an event was about once, its data says how the article stands when the event is sent.
The guide is docs/push.md.
"""


def document(publication: Publication) -> dict[str, Any]:
    """The whole document, ready to be served."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{publication.name}: live stream, webhooks and hub",
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CLOUD_EVENT,
        "servers": {"push": _server(publication)},
        "channels": {"live": LIVE, "webhook": WEBHOOK, "hubCallback": HUB_CALLBACK},
        "operations": OPERATIONS,
        "components": {
            "messages": {**{_key(name): _event(name) for name in NAMES}, "feed": FEED},
            "schemas": _schemas(),
        },
    }


def make_asyncapi_views(publication: Publication) -> Blueprint:
    views = Blueprint("asyncapi", __name__)
    found = document(publication)

    @views.get("/asyncapi.json")
    def asyncapi() -> Response:
        response = jsonify(found)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    return views


def _key(name: str) -> str:
    """article.published -> articlePublished: names of components hold no dots in many tools."""
    first, _, second = name.partition(".")
    return first + second.capitalize()


def _server(publication: Publication) -> dict[str, Any]:
    parts = urlsplit(publication.push_url)
    server: dict[str, Any] = {"host": parts.netloc, "protocol": parts.scheme}
    return {**server, "pathname": parts.path} if parts.path else server


def _event(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": SUMMARIES[name],
        "contentType": CLOUD_EVENT,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {"properties": {"type": {"const": TYPE_PREFIX + name}}},
            ]
        },
    }


def _schemas() -> dict[str, Any]:
    _, found = models_json_schema([(CloudEvent, "serialization")], ref_template="#/components/schemas/{model}")
    return dict(sorted(found["$defs"].items())) | {"WebhookHeaders": WEBHOOK_HEADERS}


def _operation(channel: str, summary: str, messages: list[str], **binding: Any) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{each}"} for each in messages],
        "bindings": {"http": {**binding, "bindingVersion": "0.3.0"}},
    }


_TEXT = {"type": "string"}
_EVENTS = [_key(name) for name in NAMES]
LIVE: dict[str, Any] = {
    "address": "/live",
    "title": "Live stream",
    "description": "Server-Sent Events: `id` is the event's number, `event` its name, `data` the payload.",
    "servers": [{"$ref": "#/servers/push"}],
    "messages": {_key(name): {"$ref": f"#/components/messages/{_key(name)}"} for name in NAMES},
}
WEBHOOK: dict[str, Any] = {
    "address": None,
    "title": "Webhooks",
    "description": "A POST to the address that the webhook's owner chose, signed as Standard Webhooks says.",
    "messages": {
        _key(name): {**_event(name), "headers": {"$ref": "#/components/schemas/WebhookHeaders"}}
        for name in (*NAMES, TEST)
    },
}
HUB_CALLBACK: dict[str, Any] = {
    "address": None,
    "title": "Callbacks of the hub",
    "description": "A POST of the whole feed to a subscriber's callback (WebSub, section 7).",
    "messages": {"feed": {"$ref": "#/components/messages/feed"}},
}
FEED: dict[str, Any] = {
    "name": "feed",
    "title": "A feed has changed",
    "description": f"The newest revision of the feed in its own type: {', '.join(FEED_TYPES)}.",
    "contentType": FEED_TYPES[0],
    "headers": {
        "type": "object",
        "required": ["Link"],
        "properties": {
            "Link": {**_TEXT, "description": "rel=hub and rel=self"},
            "X-Hub-Signature": {**_TEXT, "description": "Where the subscription has a secret"},
        },
    },
    "payload": {"type": "string"},
}
OPERATIONS: dict[str, Any] = {
    "tellListeners": _operation(
        "live",
        "Tell who listens",
        _EVENTS,
        method="GET",
        query={
            "type": "object",
            "additionalProperties": False,
            "properties": {
                **{name: {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE} for name in FILTERS},
                "last_event_id": {
                    **_TEXT,
                    "pattern": "^[0-9]{1,18}$",
                    "description": "In place of the header Last-Event-ID: go on after this event",
                },
            },
        },
    ),
    "sendToWebhook": _operation("webhook", "Send to a webhook", [*_EVENTS, _key(TEST)], method="POST"),
    "sendToCallback": _operation("hubCallback", "Send to a subscriber", ["feed"], method="POST"),
}
WEBHOOK_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature", "webhook-attempt"],
    "properties": {
        "webhook-id": {**_TEXT, "description": "The same in every attempt"},
        "webhook-timestamp": {**_TEXT, "pattern": "^[0-9]+$", "description": "Seconds since 1970"},
        "webhook-signature": {**_TEXT, "pattern": r"^v1,\S+( v1,\S+)*$", "description": "One for each valid secret"},
        "webhook-attempt": {**_TEXT, "pattern": "^[0-9]+$"},
    },
}
