"""A subscriber written by others works against the hub: Flask-WebSub, over real HTTP, and TLS for its secrets."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_websub.subscriber import (
    SQLite3SubscriberStorage,
    SQLite3TempSubscriberStorage,
    Subscriber,
    discover,
)

from tests.hub import HubOffice, Served, hub_office
from tests.paper import BASE, Paper
from tests.subscribers import Subscribers
from tests.system import free_port

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    """Of 127.0.0.1, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    files = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-out", files[0], "-keyout", files[1]]
    subprocess.run([*command, "-days", "2", *names], check=True, capture_output=True)
    return files


class Reader:
    """A program that reads feeds through Flask-WebSub."""

    def __init__(self, folder: Path, port: int) -> None:
        self.subscriber = Subscriber(
            SQLite3SubscriberStorage(str(folder / "subscriptions.sqlite3")),
            SQLite3TempSubscriberStorage(str(folder / "requests.sqlite3")),
        )
        self.app = Flask("reader")
        self.app.config["SERVER_NAME"] = f"127.0.0.1:{port}"
        self.app.register_blueprint(self.subscriber.build_blueprint(url_prefix="/callbacks"))
        self.bodies: list[bytes] = []
        self.agreed: list[str] = []
        self.errors: list[str] = []
        self.subscriber.add_listener(lambda topic, callback, body: self.bodies.append(body))
        self.subscriber.add_success_handler(lambda topic, callback, mode: self.agreed.append(mode))
        self.subscriber.add_error_handler(lambda topic, callback, reason: self.errors.append(reason))


@pytest.fixture
def reader_port() -> int:
    return free_port()


@pytest.fixture
def hub_url() -> str:
    return f"https://127.0.0.1:{free_port()}"


@pytest.fixture
def hub(
    paper: Paper, monkeypatch: pytest.MonkeyPatch, certificate: tuple[str, str], hub_url: str, reader_port: int
) -> Iterator[HubOffice]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate[0])  # what the subscriber believes
    settings = {"PUSH_URL": hub_url, "PUSH_ALLOW": f"127.0.0.1:{reader_port}"}
    with Subscribers() as others, hub_office(paper, others, monkeypatch, **settings) as made:
        server = Served(made.app, int(hub_url.rpartition(":")[2]), certificate)
        try:
            yield made
        finally:
            server.stop()


def test_flask_websub_discovers_subscribes_is_told_renews_and_unsubscribes(
    hub: HubOffice, hub_url: str, reader_port: int, tmp_path: Path
) -> None:
    reader = Reader(tmp_path, reader_port)
    server = Served(reader.app, reader_port)
    try:
        with reader.app.app_context():
            found = discover(f"{hub.feed.url}/feed.rss")
            assert found == {"hub_url": f"{hub_url}/hub", "topic_url": f"{BASE}/feed.rss"}
            callback = reader.subscriber.subscribe(**found, lease_seconds=100_000)
            hub.until(lambda: reader.agreed == ["subscribe"])
            assert reader.subscriber.storage[callback]["lease_seconds"] == 100_000

            hub.publish(headline="For Flask-WebSub")
            hub.until(lambda: reader.bodies)  # Flask-WebSub drops what is not signed with its secret
            assert reader.bodies == [hub.paper.replica().get("/feed.rss").data]
            (first,) = hub.subscriptions()
            assert first.secret and re.fullmatch(r"[0-9a-f-]{36}", first.secret)

            reader.subscriber.renew(callback)
            hub.until(lambda: reader.agreed == ["subscribe", "subscribe"])
            hub.publish(headline="After the renewal")
            hub.until(lambda: len(reader.bodies) == 2)

            reader.subscriber.unsubscribe(callback)
            hub.until(lambda: not hub.subscriptions())
            hub.publish(headline="Nobody is told")
            hub.rest()
            assert len(reader.bodies) == 2 and reader.errors == []
    finally:
        server.stop()
