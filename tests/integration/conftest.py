"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.social.network import Network
from services.social.networks import NETWORKS
from shared.db import Database
from tests.ingest_api import Api, ingest
from tests.networks.mastodon import MastodonServer
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.networks.x import XServer
from tests.paper import Paper
from tests.paper import paper as paper_in


@pytest.fixture
def api(
    db: Database, database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Api]:
    """The ingest API, once on each kind of database."""
    with ingest(database_url, valkey_url, tmp_path, monkeypatch) as app:
        yield Api(app, db)


@pytest.fixture
def paper(
    db: Database, database_url: str, valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Paper]:
    """The newspaper and its readers, once on each kind of database."""
    with paper_in(db, database_url, valkey_url, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def mastodon() -> Iterator[MastodonServer]:
    server = MastodonServer()
    yield server
    server.close()


@pytest.fixture
def x() -> Iterator[XServer]:
    server = XServer()
    yield server
    server.close()


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[NetworkServer]:
    """A stand-in of each network."""
    started = SERVERS[request.param]()
    yield started
    started.close()


@pytest.fixture
def network(server: NetworkServer) -> Network:
    """The network that `server` stands in for."""
    return NETWORKS[server.network.name]
