"""Slack's Web API with one bot in one channel, and an incoming webhook, as its documentation describes them."""

from __future__ import annotations

import html
import re
import time
from typing import Any

from services.social.networks.slack import Slack, SlackWebhook
from tests.networks.server import Answer, NetworkServer, Refusal, Request

TOKEN = "xoxb-s3cret-token"
WEBHOOK = "/services/T000/B000/s3crettoken"
_BARE_LINK = re.compile(r"https?://[^\s<>|]+")


class SlackServer(NetworkServer):
    network = Slack
    identity = "newsbot in Newsroom"
    reactions = (3, None, 1)
    flat = True

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def settings(self) -> dict[str, Any]:
        return {"channel": "C123"}

    def makes_post(self, request: Request) -> bool:
        return request.path == "/api/chat.postMessage"

    def limited(self) -> Answer:
        return Answer(429, {"ok": False, "error": "ratelimited"}, self.limit_headers)

    def unauthorised(self) -> Answer:
        return Answer(200, {"ok": False, "error": "token_revoked"})

    def texts(self) -> list[str]:
        return [_read(post["text"]) for post in self.posts]

    def alts(self, number: int) -> list[str]:
        blocks = self.posts[number].get("blocks", [])
        return [each["alt_text"] for each in blocks if each["type"] == "image"]

    def parent(self, number: int) -> str | None:
        parent: str | None = self.posts[number].get("thread_ts")
        return parent

    def answer(self, request: Request) -> Answer:
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            raise _refusal("invalid_auth")
        given = request.query if request.method == "GET" else request.json
        if given.get("channel", "C123") != "C123":
            raise _refusal("channel_not_found")
        match request.path.removeprefix("/api/"):
            case "auth.test":
                return _ok(user="newsbot", team="Newsroom", bot_id="B1", url="https://newsroom.slack.example/")
            case "chat.postMessage":
                return self._create(given)
            case "chat.update":
                message = self._message(given["ts"])
                message.update(_checked(given))
                return _ok(ts=given["ts"], channel="C123")
            case "chat.delete":
                self.posts.remove(self._message(given["ts"]))
                return _ok(ts=given["ts"], channel="C123")
            case "chat.getPermalink":
                number = self._message(given["message_ts"])["ts"].replace(".", "")
                return _ok(permalink=f"https://newsroom.slack.example/archives/C123/p{number}")
            case "conversations.history":
                newest = [each for each in reversed(self.posts) if "thread_ts" not in each]
                newest = [each for each in newest if each["ts"] <= given.get("latest", "9")]
                return _ok(messages=newest[: int(given["limit"])], has_more=False)
            case "conversations.replies":
                thread = [each for each in self.posts if given["ts"] in (each["ts"], each.get("thread_ts"))]
                return _ok(messages=thread, has_more=False)
        raise _refusal("unknown_method")

    def _create(self, given: dict[str, Any]) -> Answer:
        number = f"{time.time():.6f}"
        message = {"ts": number, "bot_id": "B1", "reply_count": 1, "reactions": [{"name": "tada", "count": 3}]}
        if "thread_ts" in given:
            message["thread_ts"] = self._message(given["thread_ts"])["ts"]
        self.posts.append(message | _checked(given))
        return _ok(ts=number, channel="C123")

    def _message(self, number: str) -> dict[str, Any]:
        found = next((each for each in self.posts if each["ts"] == number), None)
        if found is None:
            raise _refusal("message_not_found")
        return found


class SlackWebhookServer(NetworkServer):
    network = SlackWebhook
    used = ("webhook",)

    def secrets(self) -> dict[str, str]:
        return {"webhook": self.url + WEBHOOK}

    def makes_post(self, request: Request) -> bool:
        return True

    def unauthorised(self) -> Answer:
        return Answer(404, "no_service")

    def texts(self) -> list[str]:
        return [_read(post["text"]) for post in self.posts]

    def alts(self, number: int) -> list[str]:
        blocks = self.posts[number].get("blocks", [])
        return [each["alt_text"] for each in blocks if each["type"] == "image"]

    def answer(self, request: Request) -> Answer:
        if request.path != WEBHOOK:
            raise Refusal(404, "no_service")
        if not request.json.get("text"):
            raise Refusal(400, "invalid_payload")
        self.posts.append(_checked(request.json))
        return Answer(200, "ok")


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    text = given["text"]
    if re.search(r"[<>]|&(?!amp;|lt;|gt;)", text):
        raise _refusal("invalid_arguments")  # Slack would read markup; every such letter has to be escaped
    if len(text) > 40_000 or any(
        len(each["text"]["text"]) > 3000 for each in given.get("blocks", []) if "text" in each
    ):
        raise _refusal("msg_too_long")
    linked = _BARE_LINK.sub(r"<\g<0>>", text)
    return {"text": linked} | {name: given[name] for name in ("blocks",) if name in given}


def _read(text: str) -> str:
    return html.unescape(re.sub(r"<([^>]+)>", r"\1", text))


def _ok(**fields: Any) -> Answer:
    return Answer(200, {"ok": True, **fields})


def _refusal(error: str) -> Refusal:
    return Refusal(200, {"ok": False, "error": error})
