"""The Bot API with one bot and one channel, as its documentation and the official server describe it."""

from __future__ import annotations

import json
import re
from typing import Any

from services.social.networks.telegram import Telegram
from tests.networks.server import Answer, NetworkServer, Refusal, Request

TOKEN = "123456:AAs3cret-token"
CHAT = {"id": -1001234, "type": "channel", "title": "Newsroom", "username": "newsroom"}


class TelegramServer(NetworkServer):
    network = Telegram
    identity = "@newsroombot in Newsroom"

    def __init__(self) -> None:
        super().__init__()
        self.limit_headers = {}

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def settings(self) -> dict[str, Any]:
        return {"chat": "@newsroom"}

    def makes_post(self, request: Request) -> bool:
        return request.path.endswith(("/sendMessage", "/sendPhoto"))

    def limited(self) -> Answer:
        return _error(429, "Too Many Requests: retry after 35", parameters={"retry_after": 35}).answer

    def unauthorised(self) -> Answer:
        return _error(401, "Unauthorized").answer

    def alts(self, number: int) -> list[str]:
        return [""] if self.posts[number]["photo"] else []

    def parent(self, number: int) -> str | None:
        reply = self.posts[number].get("reply_parameters")
        return str(reply["message_id"]) if reply else None

    def answer(self, request: Request) -> Answer:
        bot, _, method = request.path.removeprefix("/").partition("/")
        if bot != f"bot{TOKEN}":
            raise _error(401, "Unauthorized")
        if method == "getMe":
            return _result({"id": 1, "is_bot": True, "username": "newsroombot"})
        fields = self._fields(request)
        if fields["chat_id"] not in (CHAT["id"], f"@{CHAT['username']}"):
            raise _error(400, "Bad Request: chat not found")
        match method:
            case "getChat":
                return _result(CHAT)
            case "sendMessage":
                return self._send(fields | {"text": _checked(fields["text"], 4096), "photo": False})
            case "sendPhoto":
                return self._send(fields | {"text": _checked(fields["caption"], 1024), "photo": True})
            case "editMessageText":
                return self._edit(fields, fields["text"])
            case "editMessageCaption":
                return self._edit(fields, fields["caption"])
            case "deleteMessage":
                message = self._message(fields, "delete")
                self.posts.remove(message)
                return _result(True)
        raise _error(404, "Not Found")

    @staticmethod
    def _fields(request: Request) -> dict[str, Any]:
        if not request.headers["Content-Type"].startswith("multipart/"):
            return dict(request.json)
        fields: dict[str, Any] = {}
        for name, part in request.parts.items():
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            fields[name] = content if name == "photo" else content.decode()
        if not fields["photo"].startswith(b"\x89PNG"):
            raise _error(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if re.fullmatch(r"-?\d+", fields["chat_id"]):
            fields["chat_id"] = int(fields["chat_id"])
        if "reply_parameters" in fields:
            fields["reply_parameters"] = json.loads(fields["reply_parameters"])
        return fields

    def _send(self, message: dict[str, Any]) -> Answer:
        message |= {"message_id": 100 + len(self.posts), "chat": CHAT}
        self.posts.append(message)
        return _result({"message_id": message["message_id"], "chat": CHAT, "text": message["text"]})

    def _edit(self, fields: dict[str, Any], text: str) -> Answer:
        message = self._message(fields, "edit")
        if message["text"] == text:
            told = "specified new message content and reply markup are exactly the same as a current content"
            raise _error(400, f"Bad Request: message is not modified: {told}")
        message["text"] = text
        return _result({"message_id": message["message_id"], "chat": CHAT})

    def _message(self, fields: dict[str, Any], purpose: str) -> dict[str, Any]:
        found = next((each for each in self.posts if each["message_id"] == fields["message_id"]), None)
        if found is None:
            raise _error(400, f"Bad Request: message to {purpose} not found")
        return found


def _checked(text: str, limit: int) -> str:
    if not text.strip():
        raise _error(400, "Bad Request: message text is empty")
    if len(text) > limit:
        raise _error(400, "Bad Request: message is too long")
    return text


def _result(result: Any) -> Answer:
    return Answer(200, {"ok": True, "result": result})


def _error(status: int, description: str, **more: Any) -> Refusal:
    return Refusal(status, {"ok": False, "error_code": status, "description": description, **more})
