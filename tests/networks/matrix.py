"""A Matrix homeserver with one room, as the client-server API describes it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from services.social.networks.matrix import Matrix
from tests.networks.server import Answer, NetworkServer, Refusal, Request

ROOM = "!abc:matrix.example"
_API = "/_matrix/client/v3"
_SEND = re.compile(re.escape(f"{_API}/rooms/{ROOM}/send/m.room.message/") + "(.+)")
_REDACT = re.compile(re.escape(f"{_API}/rooms/{ROOM}/redact/") + "([^/]+)/(.+)")
_EDITS = re.compile(re.escape(f"/_matrix/client/v1/rooms/{ROOM}/relations/") + "(.+)/m.replace")
_EVENT = re.compile(re.escape(f"{_API}/rooms/{ROOM}/event/") + "(.+)")


class MatrixServer(NetworkServer):
    network = Matrix
    identity = "@news:matrix.example"

    def __init__(self, *, encrypted: bool = False) -> None:
        super().__init__()
        self.encrypted = encrypted
        self.joined = True
        self.transactions: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.media = 0
        self.devices = ["DEVICE"]
        self.refreshable = True  # whether a log-in brings a refresh token

    def secrets(self) -> dict[str, str]:
        return {"token": "syt_s3cret", "refresh": "syr_s3cret"}

    def settings(self) -> dict[str, Any]:
        return {"room": ROOM}

    def makes_post(self, request: Request) -> bool:
        return request.method == "PUT" and "/send/" in request.path

    def limited(self) -> Answer:
        content = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": 2500}
        return Answer(429, content, dict(self.limit_headers))

    def unauthorised(self) -> Answer:
        content = {"errcode": "M_UNKNOWN_TOKEN", "error": "Access token has expired", "soft_logout": True}
        return Answer(401, content)

    def texts(self) -> list[str]:
        return [each["content"]["body"] for each in self.posts]

    def alts(self, number: int) -> list[str]:
        return [""] if self.posts[number]["content"]["msgtype"] == "m.image" else []

    def parent(self, number: int) -> str | None:
        relation = self.posts[number]["content"].get("m.relates_to")
        return str(relation["m.in_reply_to"]["event_id"]) if relation else None

    def answer(self, request: Request) -> Answer:
        if request.path == f"{_API}/login":
            return self._log_in(request.json)
        if request.path == f"{_API}/refresh":
            if request.json != {"refresh_token": "syr_s3cret"}:
                raise _error(401, "M_UNKNOWN_TOKEN", "Unknown refresh token")
            return Answer(200, {"access_token": "syt_s3cret", "expires_in_ms": 300000})
        if request.path.startswith(f"{_API}/directory/room/"):
            if not request.path.endswith("/#news:matrix.example"):
                raise _error(404, "M_NOT_FOUND", "Room alias not found")
            return Answer(200, {"room_id": ROOM, "servers": ["matrix.example"]})
        if request.headers["Authorization"] != "Bearer syt_s3cret":
            raise _error(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.")
        match request.path:
            case "/_matrix/client/v3/account/whoami":
                return Answer(200, {"user_id": self.identity, "device_id": "DEVICE"})
            case "/_matrix/media/v3/upload":
                assert request.body.startswith(b"\x89PNG")
                self.media += 1
                return Answer(200, {"content_uri": f"mxc://matrix.example/{self.media}"})
        return self._in_room(request)

    def _log_in(self, body: dict[str, Any]) -> Answer:
        if body.get("type") != "m.login.password":
            raise _error(400, "M_UNKNOWN", "Unknown login type")
        who = {"type": "m.id.user", "user": self.identity}
        if body["identifier"] != who or body["password"] != "p4ssword":
            raise _error(403, "M_FORBIDDEN", "Invalid username or password")
        device = body.get("device_id") or f"DEVICE{len(self.devices)}"
        self.devices += [device] if device not in self.devices else []
        tokens: dict[str, Any] = {"user_id": self.identity, "access_token": "syt_s3cret", "device_id": device}
        if body.get("refresh_token") and self.refreshable:
            tokens |= {"refresh_token": "syr_s3cret", "expires_in_ms": 300_000}
        return Answer(200, tokens)

    def _in_room(self, request: Request) -> Answer:
        if found := _EDITS.fullmatch(request.path):
            edits = [each for each in self.events if _replaced(each) == found[1] and self._event(found[1])["content"]]
            return Answer(200, {"chunk": edits})
        if not request.path.startswith(f"{_API}/rooms/{ROOM}/"):
            raise _error(403, "M_FORBIDDEN", "You are not joined to the room.")
        if request.path.endswith(f"/state/m.room.member/{self.identity}"):
            return Answer(200, {"membership": "join" if self.joined else "leave", "displayname": "news"})
        if "/send/" in request.path and not self.joined:
            raise _error(403, "M_FORBIDDEN", f"User {self.identity} not in room {ROOM}")
        if request.path.endswith("/state/m.room.encryption"):
            if self.encrypted:
                return Answer(200, {"algorithm": "m.megolm.v1.aes-sha2"})
            raise _error(404, "M_NOT_FOUND", "Event not found.")
        if request.path.endswith("/messages"):
            return self._page(request.query)
        if found := _EVENT.fullmatch(request.path):
            return Answer(200, self._event(found[1]))
        if found := _REDACT.fullmatch(request.path):
            return self._once(found[2], lambda: self._redact(found[1]))
        if found := _SEND.fullmatch(request.path):
            return self._once(found[1], lambda: self._send(request))
        raise _error(404, "M_UNRECOGNIZED", "Unrecognized request")

    def _once(self, transaction: str, act: Any) -> Answer:
        if transaction not in self.transactions:
            self.transactions[transaction] = act()
        return Answer(200, {"event_id": self.transactions[transaction]})

    def _send(self, request: Request) -> str:
        content = request.json
        event = {
            "event_id": f"$event{len(self.events)}",
            "type": "m.room.message",
            "sender": self.identity,
            "origin_server_ts": int(time.time() * 1000),
            "content": content,
        }
        if len(json.dumps(event, ensure_ascii=False).encode()) > 65_536:
            raise _error(413, "M_TOO_LARGE", "event too large")
        if not isinstance(content.get("body"), str) or not isinstance(content.get("msgtype"), str):
            raise _error(400, "M_UNKNOWN", "'body' not in content")
        self.events.append(event)
        if replaced := _replaced(event):
            shown = next(each for each in self.posts if each["event_id"] == replaced)
            shown["content"] = content["m.new_content"]
        else:
            self.posts.append(dict(event))
        return str(event["event_id"])

    def _redact(self, number: str) -> str:
        self.posts = [each for each in self.posts if each["event_id"] != number]
        for event in self.events:
            if event["event_id"] == number:
                event |= {"content": {}, "unsigned": {"redacted_because": {"type": "m.room.redaction"}}}
        return f"$redaction-of-{number}"

    def _event(self, number: str) -> dict[str, Any]:
        found = next((each for each in self.events if each["event_id"] == number), None)
        if found is None:
            raise _error(404, "M_NOT_FOUND", "Event not found.")
        return found

    def _page(self, query: dict[str, str]) -> Answer:
        newest = list(reversed(self.events))
        start = int(query.get("from", "0"))
        end = start + min(2, int(query["limit"]))  # servers may answer with fewer than were asked for
        page = {"start": str(start), "chunk": newest[start:end]}
        return Answer(200, page | ({"end": str(end)} if end < len(newest) else {}))


def _replaced(event: dict[str, Any]) -> str | None:
    """The event of which this one is an edit."""
    relation = event["content"].get("m.relates_to", {})
    return str(relation["event_id"]) if relation.get("rel_type") == "m.replace" else None


def _error(status: int, code: str, error: str) -> Refusal:
    return Refusal(status, {"errcode": code, "error": error})
