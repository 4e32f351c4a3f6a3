"""What a refresh brings, whatever the network answers: new tokens, known ends, never an empty one for a good one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.social.credentials import Secrets
from services.social.network import Account, Network
from services.social.networks import NETWORKS
from services.social.outcomes import AccountBroken, NotSent, PostError
from tests.networks.bluesky import BlueskyServer
from tests.networks.linkedin import LinkedInServer
from tests.networks.matrix import MatrixServer
from tests.networks.server import Answer, Fault, NetworkServer, Request
from tests.networks.suite import SERVERS
from tests.networks.x import XServer

REFRESHING = [name for name, network in NETWORKS.items() if network.can.refresh]
# Where each answer has its tokens: the one that is used, and the one that brings the next.
FIELDS = {"bluesky": ("accessJwt", "refreshJwt")}
USED = {"bluesky": "access"}
EMPTY: dict[str, Any] = {
    "left out": ...,
    "empty": "",
    "null": None,
    "a number": 7,
    "white space": " \t\n",
    "a list": ["refresh-9"],
    "two lines": "refresh-9\r\nX-Injected: yes",
    "not ASCII": "réfresh",
    "endless": "r" * 100_000,
}


@pytest.fixture(params=REFRESHING)
def server(request: pytest.FixtureRequest) -> Iterator[NetworkServer]:
    started = SERVERS[request.param]()
    yield started
    started.close()


@pytest.fixture
def network(server: NetworkServer) -> Network:
    return NETWORKS[server.network.name]


def account_of(server: NetworkServer) -> Account:
    """An account that can be refreshed, also where only a few can."""
    more = {"refresh": "AQrefresh", "client_secret": "li-app-secret"} if server.network.name == "linkedin" else {}
    return replace(server.account(), secrets=Secrets(server.secrets() | more))


def change(server: NetworkServer, name: str, value: Any) -> None:
    """From now on this field of what the server answers is another."""
    answer = server.answer

    def changed(request: Request) -> Answer:
        given = answer(request)
        rest = {each: old for each, old in given.content.items() if each != name}
        return Answer(given.status, rest if value is ... else rest | {name: value}, given.headers)

    server.answer = changed  # type: ignore[method-assign]


def test_every_account_with_what_it_takes_is_refreshed_without_a_person(
    server: NetworkServer, network: Network
) -> None:
    account = account_of(server)
    assert network.refreshes(account)
    assert not network.refreshes(replace(account, secrets=account.secrets.without(*network.refreshed_by)))
    assert network.refresh(account, server.door()).secrets[USED.get(network.name, "token")]


@pytest.mark.parametrize("value", EMPTY.values(), ids=EMPTY)
def test_a_refresh_token_that_is_none_never_takes_the_place_of_the_one_there_is(
    value: Any, server: NetworkServer, network: Network
) -> None:
    account = account_of(server)
    change(server, FIELDS.get(network.name, ("", "refresh_token"))[1], value)
    renewed = network.refresh(account, server.door()).secrets
    old, new = dict(account.secrets), dict(renewed)
    used = USED.get(network.name, "token")
    assert {**new, used: ""} == {**old, used: ""}, "all but the access token is as it was"


@pytest.mark.parametrize("value", EMPTY.values(), ids=EMPTY)
def test_an_access_token_that_is_none_is_no_refresh(value: Any, server: NetworkServer, network: Network) -> None:
    change(server, FIELDS.get(network.name, ("access_token", ""))[0], value)
    with pytest.raises(NotSent, match=r"has no access"):
        network.refresh(account_of(server), server.door())


def test_every_other_secret_is_kept(server: NetworkServer, network: Network) -> None:
    account = account_of(server)
    more = replace(account, secrets=account.secrets.renewed({"other": "kept"}))
    assert network.refresh(more, server.door()).secrets["other"] == "kept"


@pytest.mark.parametrize(
    "fault", [Fault.DROP_BEFORE, Fault.HTML, Fault.HUGE, Fault.HANG, Fault.LIMITED, Fault.ERROR_BEFORE]
)
def test_a_refresh_whose_answer_is_lost_says_so_and_shows_no_secret(
    fault: Fault, server: NetworkServer, network: Network
) -> None:
    server.makes_post = lambda request: True  # type: ignore[method-assign]
    server.fault = fault
    account = account_of(server)
    with pytest.raises(PostError) as caught:
        type(network)(deadline=0.3 if fault is Fault.HANG else 10).refresh(account, server.door())
    assert isinstance(caught.value, NotSent)
    assert not any(secret in str(caught.value) for secret in account.secrets.hidden())


# Lifetimes.


def near(found: datetime | None, **life: float) -> bool:
    return found is not None and abs(found - datetime.now(UTC) - timedelta(**life)) < timedelta(minutes=1)


@pytest.mark.parametrize("told", [5_184_000, "5184000", 5_184_000.0, ..., None, "soon", -1, 10**30, True, [60]])
def test_threads_tells_its_60_days_or_has_documented_them(told: Any) -> None:
    server, network = SERVERS["threads"](), NETWORKS["threads"]
    try:
        change(server, "expires_in", told)
        access = network.refresh(server.account(), server.door())
    finally:
        server.close()
    assert near(access.ends, days=60)
    assert access.expires == access.ends, "a token that ran out cannot be renewed"


def test_the_two_hours_of_x_need_nobody_and_its_app_may_have_a_secret() -> None:
    for server in (XServer(), XServer(client_secret="x-app-secret")):
        access = NETWORKS["x"].refresh(server.account(), server.door())
        server.close()
        assert near(access.ends, hours=2)
        assert access.expires is None
    wrong = XServer(client_secret="x-app-secret")
    secrets = Secrets(wrong.secrets() | {"client_secret": "x-wrong-secret"})
    with pytest.raises(AccountBroken, match="authentication failed"):
        NETWORKS["x"].refresh(replace(wrong.account(), secrets=secrets), wrong.door())
    wrong.close()


def test_the_year_of_linkedin_is_not_lengthened_by_a_refresh() -> None:
    server, network = LinkedInServer(partner=True), NETWORKS["linkedin"]
    try:
        access = network.refresh(account_of(server), server.door())
        assert near(access.ends, days=60)
        assert access.expires is None, "what was known stays true"
        change(server, "expires_in", 432_000)
        change(server, "refresh_token_expires_in", 432_000)
        access = network.refresh(account_of(server), server.door())
        assert near(access.ends, days=5)
        assert near(access.expires, days=5), "the server tells what is left of the year"
    finally:
        server.close()


@pytest.mark.parametrize("token", ["a.b", "a.e30.c", "a.!!.c", "a.eyJleHAiOiAiMSJ9.c", "a.eyJleHAiOiAxZTMwMH0.c"])
def test_a_token_of_bluesky_that_tells_no_end_is_good_all_the_same(token: str) -> None:
    server = BlueskyServer()
    change(server, "accessJwt", token)
    access = NETWORKS["bluesky"].refresh(server.account(), server.door())
    server.close()
    assert access.secrets["access"] == token
    assert access.ends is None


def test_a_token_of_bluesky_says_itself_when_it_ends() -> None:
    server = BlueskyServer()
    change(server, "accessJwt", "eyJ0eXAiOiJhdCtqd3QifQ.eyJleHAiOjE3OTAwMDAwMDB9.c2ln")
    access = NETWORKS["bluesky"].refresh(server.account(), server.door())
    server.close()
    assert access.ends == datetime.fromtimestamp(1_790_000_000, UTC)
    assert access.expires is None, "the app password has no end"


# Matrix logs in with a password.


def test_matrix_logs_in_once_and_again_as_the_same_device_and_keeps_no_password() -> None:
    server, network = MatrixServer(), NETWORKS["matrix"]
    try:
        account = replace(
            server.account(user="@news:matrix.example"), secrets=Secrets({"password": "p4ssword", "refresh": "old"})
        )
        first = network.refresh(account, server.door())
        assert dict(first.secrets) == {"token": "syt_s3cret", "refresh": "syr_s3cret"}
        assert near(first.ends, minutes=5)
        again = replace(account, settings={**account.settings, **first.settings})
        assert network.refresh(again, server.door()).settings == first.settings
        assert server.devices == ["DEVICE", first.settings["device"]]
        assert network.check(replace(again, secrets=first.secrets), server.door()).identity == "@news:matrix.example"
    finally:
        server.close()


def test_matrix_without_refresh_tokens_has_a_token_without_an_end() -> None:
    server, network = MatrixServer(), NETWORKS["matrix"]
    server.refreshable = False
    try:
        account = replace(server.account(user="@news:matrix.example"), secrets=Secrets({"password": "p4ssword"}))
        access = network.refresh(account, server.door())
        assert dict(access.secrets) == {"token": "syt_s3cret"}
        assert (access.ends, access.expires) == (None, None)
        assert not network.refreshes(replace(account, secrets=access.secrets))
        with pytest.raises(AccountBroken, match="Invalid username or password") as caught:
            network.refresh(replace(account, secrets=Secrets({"password": "wr0ng"})), server.door())
        assert "wr0ng" not in str(caught.value)
    finally:
        server.close()
