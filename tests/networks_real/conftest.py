"""Real servers, each started once for the whole run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.social.network import Network
from services.social.networks import NETWORKS
from tests.networks.server import NetworkServer
from tests.networks_real.bluesky import Pds, RealBluesky, pds_in
from tests.networks_real.matrix import RealMatrix, Synapse, synapse_in
from tests.networks_real.running import INSTALLED


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    if not (INSTALLED / "ready").exists():
        pytest.exit("The real servers are not installed. Run: make test-networks", returncode=1)


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    with pds_in(tmp_path_factory.mktemp("pds")) as started:
        yield started


@pytest.fixture
def bluesky(pds: Pds) -> Iterator[RealBluesky]:
    server = RealBluesky(pds)
    yield server
    server.close()


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    with synapse_in(tmp_path_factory.mktemp("synapse")) as started:
        yield started


@pytest.fixture(scope="session")
def admin(synapse: Synapse) -> str:
    """The token of an administrator of the homeserver."""
    return synapse.new_user(admin=True)["access_token"]


@pytest.fixture
def matrix(synapse: Synapse, admin: str) -> Iterator[RealMatrix]:
    server = RealMatrix(synapse, admin)
    yield server
    server.close()


@pytest.fixture(params=["bluesky", "matrix"])
def server(request: pytest.FixtureRequest) -> NetworkServer:
    """A real server of each kind, with an account of its own."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def network(server: NetworkServer) -> Network:
    return NETWORKS[server.network.name]
