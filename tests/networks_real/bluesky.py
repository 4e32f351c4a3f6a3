"""A real Bluesky PDS (`@atproto/pds`) with a directory of its own, and accounts on it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.http import Door
from tests.networks.bluesky import BlueskyServer
from tests.networks.server import Answer, Request
from tests.networks_real.front import Front
from tests.networks_real.running import INSTALLED, call, node, running
from tests.system import free_port

PASSWORD = "the main password"


class Pds:
    """The server, past our modules: what its operator and the owners of accounts do."""

    def __init__(self) -> None:
        self.port, self.plc = free_port(), free_port()
        self.key, self.admin, self.bypass = (secrets.token_hex(16) for _ in range(3))
        self._numbers = itertools.count(1)

    def call(self, name: str, content: Any = None, *, token: str = "", admin: bool = False) -> Any:
        """The JSON of a call that has to succeed: a query without content, an action without a body if it is empty."""
        headers = {"X-RateLimit-Bypass": self.bypass}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if admin:
            headers["Authorization"] = "Basic " + base64.b64encode(f"admin:{self.admin}".encode()).decode()
        method = "GET" if content is None else "POST"
        status, found, _ = call(self.port, method, f"/xrpc/{name}", content or None, headers=headers)
        assert status == 200, found
        return found

    def take_down(self, did: str) -> None:
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": did}
        content = {"subject": subject, "takedown": {"applied": True, "ref": "1"}}
        self.call("com.atproto.admin.updateSubjectStatus", content, admin=True)

    def new_account(self) -> dict[str, str]:
        """Handle, DID and main session of a new account."""
        handle = f"newsroom{next(self._numbers)}.test"
        made = {"handle": handle, "email": f"{handle}@news.example", "password": PASSWORD}
        return dict(self.call("com.atproto.server.createAccount", made))

    def expired(self, token: str) -> str:
        """The same access token as it would be had it run out an hour ago."""
        head, body, _ = token.split(".")
        said = json.loads(base64.urlsafe_b64decode(body + "=="))
        said |= {"iat": int(time.time()) - 10_800, "exp": int(time.time()) - 3600}
        signed = f"{head}.{_base64(json.dumps(said).encode())}"
        return f"{signed}.{_base64(hmac.digest(self.key.encode(), signed.encode(), hashlib.sha256))}"


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class RealBluesky(Front, BlueskyServer):
    """A new account on a PDS. No answer is the stand-in's."""

    def __init__(self, pds: Pds) -> None:
        super().__init__(pds.port)
        self.pds = pds
        self.main = pds.new_account()
        self.identity, self.did = self.main["handle"], self.main["did"]
        self.password = self.owner("com.atproto.server.createAppPassword", {"name": "masthead"})["password"]
        login = {"identifier": self.did, "password": self.password}
        self.login = pds.call("com.atproto.server.createSession", login)
        self._order: list[str] = []

    def owner(self, name: str, content: Any) -> Any:
        """A call of the person whose account it is."""
        return self.pds.call(name, content, token=self.main["accessJwt"])

    def secrets(self) -> dict[str, str]:
        return {"password": self.password, "access": self.login["accessJwt"], "refresh": self.login["refreshJwt"]}

    def settings(self) -> dict[str, Any]:
        return {"identifier": self.identity, "did": self.did, "directory": f"http://localhost:{self.pds.plc}"}

    def door(self) -> Door:
        return Door(allow=[("127.0.0.1", self.port), ("localhost", self.pds.port), ("localhost", self.pds.plc)])

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        if self.makes_post(request) and answer.status == 200 and answer.content["uri"] not in self._order:
            self._order.append(answer.content["uri"])
        return answer

    def stored(self) -> list[dict[str, Any]]:
        query = f"?repo={self.did}&collection=app.bsky.feed.post&limit=100"
        found = {
            each["uri"]: each["value"] for each in self.pds.call(f"com.atproto.repo.listRecords{query}")["records"]
        }
        assert set(found) <= set(self._order)
        return [found[uri] for uri in self._order if uri in found]

    def record(self, uri: str) -> dict[str, Any]:
        query = f"?repo={self.did}&collection=app.bsky.feed.post&rkey={uri.rpartition('/')[2]}"
        return dict(self.pds.call(f"com.atproto.repo.getRecord{query}")["value"])

    def parent(self, number: int) -> str | None:
        reply = self.posts[number].get("reply")
        assert reply is None or reply["root"]["uri"] == self._order[0], "the root is the first of the thread"
        return reply and str(reply["parent"]["uri"])


@contextmanager
def pds_in(folder: Path) -> Iterator[Pds]:
    pds = Pds()
    environment = {
        "PLC_PORT": str(pds.plc),
        "PDS_PORT": str(pds.port),
        "PDS_HOSTNAME": "localhost",
        "PDS_DEV_MODE": "true",
        "PDS_DATA_DIRECTORY": str(folder),
        "PDS_BLOBSTORE_DISK_LOCATION": str(folder / "blobs"),
        "PDS_DID_PLC_URL": f"http://localhost:{pds.plc}",
        "PDS_SERVICE_HANDLE_DOMAINS": ".test",
        "PDS_INVITE_REQUIRED": "false",
        "PDS_DISABLE_SSRF_PROTECTION": "true",
        "PDS_RATE_LIMITS_ENABLED": "true",
        "PDS_RATE_LIMIT_BYPASS_KEY": pds.bypass,
        "PDS_JWT_SECRET": pds.key,
        "PDS_ADMIN_PASSWORD": pds.admin,
        "PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX": secrets.token_hex(32),
        "LOG_ENABLED": "false",
    }
    with running([node(), _program("serve-pds.mjs")], folder, pds.port, "/xrpc/_health", **environment):
        yield pds


def read_as_apps_do(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each record the `pieces` of its text, each with its link, hashtag or None, and its number of `graphemes`."""
    program = [node(), _program("read-facets.mjs")]
    read = subprocess.run(program, input=json.dumps(records), capture_output=True, text=True, check=True)
    return list(json.loads(read.stdout))


def _program(name: str) -> Path:
    """Put beside the packages that it imports."""
    return Path(shutil.copy(Path(__file__).with_name(name), INSTALLED / "pds" / name))
