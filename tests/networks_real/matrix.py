"""A real Matrix homeserver (Synapse, on SQLite), and rooms on it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.networks.matrix import MatrixServer
from tests.networks_real.front import Front
from tests.networks_real.running import PYTHON, call, running
from tests.system import free_port

NAME = "matrix.example"
PASSWORD = "correct horse"
API = "/_matrix/client/v3"
_ADMIN = "/_synapse/admin"


class Synapse:
    """The server, past our modules: what its operator and its users do."""

    def __init__(self) -> None:
        self.port = free_port()
        self.secret = secrets.token_hex(16)
        self._numbers = itertools.count(1)

    def call(self, method: str, path: str, content: Any = None, *, token: str = "") -> Any:
        """The JSON of a call that has to succeed."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        status, found, _ = call(self.port, method, path, content, headers=headers)
        assert status == 200, found
        return found

    def new_user(self, *, admin: bool = False) -> dict[str, str]:
        """Name, token and device of a new user."""
        path = f"{_ADMIN}/v1/register"
        nonce, name = self.call("GET", path)["nonce"], f"user{next(self._numbers)}"
        said = "\0".join((nonce, name, PASSWORD, "admin" if admin else "notadmin")).encode()
        mac = hmac.new(self.secret.encode(), said, hashlib.sha1).hexdigest()
        made = {"nonce": nonce, "username": name, "password": PASSWORD, "admin": admin, "mac": mac}
        return dict(self.call("POST", path, made))


class RealMatrix(Front, MatrixServer):
    """A new room on a homeserver, with a user of its own in it who may send as much as it likes."""

    def __init__(self, synapse: Synapse, admin: str) -> None:
        super().__init__(synapse.port)
        self.synapse, self.admin = synapse, admin
        self.user = synapse.new_user()
        self.identity = self.user["user_id"]
        self.room = self.new_room(self.user["access_token"])
        self.limit_sending({"messages_per_second": 0, "burst_count": 0})

    def secrets(self) -> dict[str, str]:
        return {"token": self.user["access_token"]}

    def settings(self) -> dict[str, Any]:
        return {"room": self.room}

    def contents(self) -> list[dict[str, Any]]:
        """What the room holds of messages, in the order in which they were sent."""
        return [each["content"] for each in self._messages()]

    def stored(self) -> list[dict[str, Any]]:
        shown = [_as_shown(each) for each in self._messages() if each["content"]]
        return [each for each in shown if "m.new_content" not in each["content"]]

    def _messages(self) -> list[dict[str, Any]]:
        events = self.user_call("GET", f"/rooms/{quote(self.room)}/messages?dir=f&limit=500")["chunk"]
        return [each for each in events if each["type"] == "m.room.message"]

    def user_call(self, method: str, path: str, content: Any = None) -> Any:
        """A call of the user's, past our modules."""
        content = {} if content is None and method == "POST" else content
        return self.synapse.call(method, API + path, content, token=self.user["access_token"])

    def administer(self, method: str, path: str, content: Any) -> None:
        """A call of the server's administrator, about this user where the path says {me}."""
        self.synapse.call(method, _ADMIN + path.format(me=quote(self.identity)), content, token=self.admin)

    def limit_sending(self, limit: dict[str, int]) -> None:
        """Of this user's messages; 0 is without limit."""
        self.administer("POST", "/v1/users/{me}/override_ratelimit", limit)

    def new_room(self, token: str, **fields: Any) -> str:
        content = {"preset": "public_chat", **fields}
        return str(self.synapse.call("POST", f"{API}/createRoom", content, token=token)["room_id"])

    def new_session(self) -> dict[str, Any]:
        """A login on a new device, with a refresh token."""
        who = {"type": "m.id.user", "user": self.identity}
        content = {"type": "m.login.password", "identifier": who, "password": PASSWORD, "refresh_token": True}
        return dict(self.synapse.call("POST", f"{API}/login", content))

    def media_at(self, uri: str) -> bytes:
        path = f"/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}"
        return bytes(self.synapse.call("GET", path, token=self.user["access_token"]))


def _as_shown(event: dict[str, Any]) -> dict[str, Any]:
    """With the content of its last edit. https://spec.matrix.org/latest/client-server-api/#event-replacements"""
    edit = event.get("unsigned", {}).get("m.relations", {}).get("m.replace")
    return {**event, "content": edit["content"]["m.new_content"]} if edit else event


@contextmanager
def synapse_in(folder: Path) -> Iterator[Synapse]:
    synapse = Synapse()
    listener = {"port": synapse.port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False}
    many = {"per_second": 1000, "burst_count": 1000}
    settings = {
        "server_name": NAME,
        "listeners": [listener | {"resources": [{"names": ["client", "media"]}]}],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "synapse.sqlite3")}},
        "media_store_path": str(folder / "media"),
        "signing_key": f"ed25519 a_1 {base64.b64encode(secrets.token_bytes(32)).decode().rstrip('=')}",
        "registration_shared_secret": synapse.secret,
        "macaroon_secret_key": secrets.token_hex(16),
        "form_secret": secrets.token_hex(16),
        "report_stats": False,
        "trusted_key_servers": [],
        "refreshable_access_token_lifetime": "2s",
        "rc_login": {"address": many, "account": many},
        "rc_registration": many,
    }
    file = folder / "homeserver.yaml"
    file.write_text(json.dumps(settings))  # which is YAML, too
    command = [PYTHON, "-m", "synapse.app.homeserver", "-c", file]
    with running(command, folder, synapse.port, "/health"):
        yield synapse
