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

    def administer(self, method: str, path: str, content: Any, admin: str) -> Any:
        return self.call(method, _ADMIN + path, content, token=admin)


class RealMatrix(Front, MatrixServer):
    """A new room on a homeserver, with a user of its own in it who may send as much as it likes."""

    def __init__(self, synapse: Synapse, admin: str) -> None:
        super().__init__(synapse.port)
        self.synapse, self.admin = synapse, admin
        self.user = synapse.new_user()
        self.identity = self.user["user_id"]
        self.room = self.new_room(self.user["access_token"])
        self.limit_sending({"messages_per_second": 0, "burst_count": 0})

    def new_room(self, token: str, **fields: Any) -> str:
        return str(
            self.synapse.call("POST", f"{API}/createRoom", {"preset": "public_chat", **fields}, token=token)["room_id"]
        )

    def limit_sending(self, limit: dict[str, int]) -> None:
        """Messages of this user; 0 is without limit."""
        path = f"/v1/users/{quote(self.identity)}/override_ratelimit"
        self.synapse.administer("POST", path, limit, self.admin)

    def secrets(self) -> dict[str, str]:
        return {"token": self.user["access_token"]}

    def settings(self) -> dict[str, Any]:
        return {"room": self.room}

    def stored(self) -> list[dict[str, Any]]:
        path = f"{API}/rooms/{quote(self.room)}/messages?dir=f&limit=500"
        events = self.synapse.call("GET", path, token=self.user["access_token"])["chunk"]
        messages = [each for each in events if each["type"] == "m.room.message" and each["content"]]
        return [_as_shown(each) for each in messages if "m.new_content" not in each["content"]]


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
