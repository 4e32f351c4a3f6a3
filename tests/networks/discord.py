"""Discord with one webhook, as its developer documentation describes it."""

from __future__ import annotations

import json
from typing import Any

from services.social.networks.discord import Discord
from tests.networks.server import Answer, NetworkServer, Refusal, Request

WEBHOOK = "/api/webhooks/9001/s3cret-token"


class DiscordServer(NetworkServer):
    network = Discord
    identity = "Newsroom"
    used = ("webhook",)

    def __init__(self) -> None:
        super().__init__()
        self.limit_headers = {
            "X-RateLimit-Limit": "5",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": "1795426200.5",
            "X-RateLimit-Reset-After": "20.5",
            "X-RateLimit-Bucket": "abcd",
        }
        self.remaining = 5

    def secrets(self) -> dict[str, str]:
        return {"webhook": self.url + WEBHOOK}

    def settings(self) -> dict[str, Any]:
        return {"guild": "77"}

    def makes_post(self, request: Request) -> bool:
        return request.method == "POST"

    def limited(self) -> Answer:
        content = {"message": "You are being rate limited.", "retry_after": 20.5, "global": False}
        return Answer(429, content, self.limit_headers)

    def unauthorised(self) -> Answer:
        return _error(404, 10015, "Unknown Webhook").answer

    def alts(self, number: int) -> list[str]:
        return [each["description"] for each in self.posts[number]["attachments"]]

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith(WEBHOOK) or request.path[len(WEBHOOK) :][:1] not in ("", "/"):
            raise _error(404, 10015, "Unknown Webhook")
        rest = request.path.removeprefix(WEBHOOK)
        if not rest and request.method == "GET":
            return Answer(200, {"id": "9001", "name": "Newsroom", "guild_id": "77", "channel_id": "88"})
        if not rest:
            return self._create(request)
        return self._one(request, rest.removeprefix("/messages/"))

    def _create(self, request: Request) -> Answer:
        content, pictures = request.json if _is_json(request) else None, []
        if content is None:
            content = json.loads(request.parts["payload_json"].get_payload(decode=True))  # type: ignore[arg-type]
            for each in content["attachments"]:
                picture = request.parts[f"files[{each['id']}]"].get_payload(decode=True)
                assert isinstance(picture, bytes)
                assert picture.startswith(b"\x89PNG")
                pictures.append({"description": each["description"], "filename": each["filename"]})
        message = {
            "id": str(555_000 + len(self.posts)),
            "channel_id": "88",
            "text": _checked(content),
            "attachments": pictures,
        }
        self.posts.append(message)
        if request.query.get("wait") != "true":
            return Answer(204)
        self.remaining -= 1
        return Answer(200, message, {**self.limit_headers, "X-RateLimit-Remaining": str(self.remaining)})

    def _one(self, request: Request, number: str) -> Answer:
        message = next((each for each in self.posts if each["id"] == number), None)
        if message is None:
            raise _error(404, 10008, "Unknown Message")
        if request.method == "DELETE":
            self.posts.remove(message)
            return Answer(204)
        message["text"] = _checked(request.json)
        if "attachments" in request.json:
            message["attachments"] = request.json["attachments"]
        return Answer(200, message)


def _is_json(request: Request) -> bool:
    return str(request.headers["Content-Type"]).startswith("application/json")


def _checked(content: dict[str, Any]) -> str:
    text = str(content["content"])
    assert content["allowed_mentions"] == {"parse": []}, "nobody is called by a headline"
    if len(text) > 2000:
        fault = {
            "content": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]}
        }
        raise Refusal(400, {"code": 50035, "message": "Invalid Form Body", "errors": fault})
    if not text:
        raise _error(400, 50006, "Cannot send an empty message")
    return text


def _error(status: int, code: int, message: str) -> Refusal:
    return Refusal(status, {"message": message, "code": code})
