"""Signing in, from the first question to the first post: each network that has OAuth, with a browser over real HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from services.social.authorising import Begun, begin, complete
from services.social.callback import Callback
from services.social.credentials import Secrets
from services.social.network import Access, Account, Network
from services.social.networks import NETWORKS
from services.social.outcomes import (
    AccountBroken,
    Cannot,
    NotSent,
    PostError,
    RateLimited,
    RefusedByNetwork,
    Unknown,
)
from shared.http import Door
from tests.networks.facebook import FacebookServer
from tests.networks.junk import JUNK, Junk
from tests.networks.linkedin import AUTHOR, LinkedInServer
from tests.networks.mastodon import MastodonServer
from tests.networks.oauth import Authoriser
from tests.networks.server import Answer, Fault, NetworkServer, Refusal
from tests.networks.suite import SERVERS, TEXT, drafted
from tests.networks.threads import ThreadsServer
from tests.networks.x import XServer

STARTERS = {
    "mastodon": MastodonServer,
    "x": XServer,
    "x, a confidential client": lambda: XServer(client_secret="x-app-secret"),
    "facebook": FacebookServer,
    "threads": ThreadsServer,
    "linkedin": LinkedInServer,
    "linkedin, an approved partner": lambda: LinkedInServer(partner=True),
}
# How people's noes come back.
NOES = [
    {"error": "access_denied"},
    {"error": "access_denied", "error_description": "The resource owner or authorization server denied the request."},
    {"error_reason": "user_denied", "error": "access_denied", "error_description": "Permissions error"},
    {"error": "user_cancelled_login", "error_description": "The user cancelled LinkedIn login"},
    {"error": "user_cancelled_authorize", "error_description": "The user cancelled the authorization"},
]


@pytest.fixture(params=STARTERS)
def server(request: pytest.FixtureRequest) -> Iterator[NetworkServer]:
    started: NetworkServer = STARTERS[request.param]()
    yield started
    started.close()


@pytest.fixture
def network(server: NetworkServer) -> Network:
    return NETWORKS[server.network.name]


def oauth_of(server: NetworkServer) -> Authoriser:
    assert server.oauth is not None
    return server.oauth


def newcomer(server: NetworkServer) -> Account:
    """The account of somebody who has registered an app where that has to be done by hand, and has no token yet."""
    account = Account(server.network.name, "newsroom", server.url)
    for name, client in oauth_of(server).clients.items():
        redirects = {"redirect_uri": next(iter(client.redirects))} if oauth_of(server).https_only else {}
        secrets = Secrets({"client_secret": client.secret} if client.secret else {})
        account = replace(account, settings={"client_id": name, **redirects}, secrets=secrets)
    return account


def go(server: NetworkServer, account: Account | None = None) -> tuple[Begun, str]:
    """A sign-in up to where the browser was led: to this machine, or to an address that a person pastes."""
    network, account = NETWORKS[server.network.name], account or newcomer(server)
    sign_in = network.sign_in(account)
    assert sign_in is not None
    if not sign_in.loopback:
        begun = begin(network, account, account.settings["redirect_uri"], server.door())
        return begun, requests.get(begun.url, allow_redirects=False, timeout=10).headers["Location"]
    with Callback(0) as callback, ThreadPoolExecutor() as elsewhere:
        for client in oauth_of(server).clients.values():
            client.redirects.add(callback.redirect_uri)
        begun = begin(network, account, callback.redirect_uri, server.door())
        browser = elsewhere.submit(requests.get, begun.url, timeout=10)
        query = callback.wait(begun.state, seconds=10)
        assert "You can close this window" in browser.result().text
    return begun, query


def signed_in(server: NetworkServer, account: Account | None = None) -> tuple[Access, ...]:
    return complete(*go(server, account), server.door())


def near(found: datetime | None, **life: float) -> bool:
    return found is not None and abs(found - datetime.now(UTC) - timedelta(**life)) < timedelta(minutes=1)


# What goes well.


def test_every_network_with_a_sign_in_is_signed_in_to_here() -> None:
    asked = {name for name, network in NETWORKS.items() if network.sign_in(Account(name, "newsroom"))}
    assert asked == {name.partition(",")[0] for name in STARTERS}


def test_who_has_signed_in_can_post_at_once(server: NetworkServer, network: Network) -> None:
    access, *others = signed_in(server)
    assert len(others) == (1 if network.name in ("facebook", "linkedin") else 0)
    account = replace(newcomer(server), secrets=access.secrets, settings=access.settings)
    checked = network.check(account, server.door())
    assert checked.identity == server.identity
    account = replace(account, settings={**account.settings, **checked.settings})
    draft = network.prepare(drafted(server), account, server.door())
    network.publish(draft, account, server.door())
    assert server.texts() == [TEXT]


def test_an_account_asks_for_what_it_needs_and_no_more(server: NetworkServer, network: Network) -> None:
    begun, _ = go(server)
    asked = parse_qs(urlsplit(begun.url).query)
    assert set(asked["scope"][0].split()) == oauth_of(server).scopes
    assert len(begun.state) >= 32
    assert ("code_challenge" in asked) == oauth_of(server).pkce
    assert begun.verifier not in begun.url
    again, _ = go(server)
    assert (again.state, again.verifier) != (begun.state, begun.verifier)


def test_nothing_shows_what_must_not_be_seen(server: NetworkServer) -> None:
    begun, address = go(server)
    shown = f"{begun!r} {complete(begun, address, server.door())!r}"
    code = next(iter(oauth_of(server).codes))
    for secret in (code, begun.state, begun.verifier, *begun.account.secrets.hidden()):
        assert secret not in shown


def test_the_tokens_of_an_earlier_sign_in_do_not_mix_with_the_new_ones(server: NetworkServer) -> None:
    account = newcomer(server)
    old = replace(account, secrets=account.secrets.renewed({"token": "old", "refresh": "old", "other": "kept"}))
    for access in signed_in(server, old):
        assert "old" not in dict(access.secrets).values()
        assert access.secrets["other"] == "kept"
        assert not {"code", "verifier"} & set(access.secrets)


def test_lifetimes_are_known_from_the_first_day() -> None:
    lives: dict[str, dict[str, float]] = {"threads": {"days": 60}, "linkedin": {"days": 60}, "x": {"hours": 2}}
    for name, start in STARTERS.items():
        server = start()
        access = signed_in(server)[0]
        server.close()
        if life := lives.get(name.partition(",")[0]):
            assert near(access.ends, **life), name
        else:
            assert access.ends is None
        if "partner" in name:
            assert near(access.expires, days=365)
        elif server.network.name in ("threads", "linkedin"):
            assert access.expires == access.ends, "a person has to come again"
        else:
            assert access.expires is None
        assert server.network().refreshes(replace(newcomer(server), secrets=access.secrets)) == (
            server.network.name in ("x", "threads") or "partner" in name
        )


# Pages and organisations.


def test_a_person_chooses_among_the_pages_on_which_they_may_post() -> None:
    server = FacebookServer()
    choices = signed_in(server)
    found = {each.name: (each.settings["page"], each.secrets["token"]) for each in choices}
    assert found == {"Newsroom": ("1001", "EAAs3cret"), "Newsroom Sport": ("1002", "EAAsport")}
    account = newcomer(server)
    sport = replace(account, settings={**account.settings, "page": 1002})
    assert [each.name for each in signed_in(server, sport)] == ["Newsroom Sport"]
    other = replace(account, settings={**account.settings, "page": "77"})
    with pytest.raises(
        RefusedByNetwork, match=r"may not post as 77, but as Newsroom \(1001\), Newsroom Sport \(1002\)"
    ):
        signed_in(server, other)
    server.pages = [page | {"tasks": ["ANALYZE"]} for page in server.pages]
    with pytest.raises(RefusedByNetwork, match="There is no page"):
        signed_in(server)
    server.close()


def test_a_list_of_pages_with_junk_in_it_is_a_list_of_the_others() -> None:
    server = FacebookServer()
    junk = [{}, {"id": "9", "name": "No token"}, {"id": 8, "access_token": " "}, {"id": 7, "tasks": None}, {"id": []}]
    server.pages = [{"access_token": "EAA", **each} if "tasks" in each else each for each in junk] + server.pages
    assert [each.name for each in signed_in(server)] == ["Newsroom", "Newsroom Sport"]
    server.close()


def test_a_person_chooses_among_organisations_if_the_app_may_ask_for_them() -> None:
    server = LinkedInServer()
    found = {each.settings["author"]: each.name for each in signed_in(server)}
    assert found == {AUTHOR: "Newsroom", "urn:li:organization:88": "Newsroom Sport"}
    answer = server.answer
    roles = [{"role": ["ADMINISTRATOR"]}, {"role": "ADMINISTRATOR", "organization": "urn:li:organization:1/../2"}, {}]
    junk = Answer(200, {"elements": [*roles, {"role": "CONTENT_ADMIN", "organization": "urn:li:organization:404"}]})
    server.answer = lambda request: junk if "Acls" in request.path else answer(request)  # type: ignore[method-assign]
    assert [each.name for each in signed_in(server)] == ["urn:li:organization:404"]
    server.close()
    closed = LinkedInServer(readable=False)
    (access,) = signed_in(closed)
    assert access.name == ""
    assert "author" not in access.settings, "the person has to name it"
    assert access.secrets["token"]
    closed.close()


# What a person or a network refuses.


@pytest.mark.parametrize("no", NOES, ids=lambda no: "-".join(no.values())[:24])
def test_a_no_is_told_as_one(no: dict[str, str], server: NetworkServer) -> None:
    oauth_of(server).denial = no
    begun, address = go(server)
    with pytest.raises(RefusedByNetwork, match="sign-in was refused") as caught:
        complete(begun, address, server.door())
    assert no.get("error_description", "") in str(caught.value)


def test_an_app_that_may_not_ask_for_a_scope_is_told_so(server: NetworkServer, network: Network) -> None:
    account = newcomer(server)
    with pytest.raises((AccountBroken, RefusedByNetwork), match=r"(?i)scope"):
        signed_in(server, replace(account, settings={**account.settings, "scopes": "everything"}))


def test_a_code_is_good_once(server: NetworkServer) -> None:
    begun, address = go(server)
    complete(begun, address, server.door())
    with pytest.raises(AccountBroken, match="has been used"):
        complete(begun, address, server.door())


def test_a_code_that_lay_too_long_is_told_so(server: NetworkServer) -> None:
    begun, address = go(server)
    oauth_of(server).late = 4000
    with pytest.raises(AccountBroken, match="has expired"):
        complete(begun, address, server.door())


def test_only_who_began_can_complete(server: NetworkServer, network: Network) -> None:
    begun, address = go(server)
    thief = begin(network, begun.account, begun.redirect_uri, server.door())
    with pytest.raises(AccountBroken, match="another state"):
        complete(thief, address, server.door())
    if oauth_of(server).pkce:
        with pytest.raises(AccountBroken, match="code challenge"):
            complete(replace(thief, account=begun.account, state=begun.state), address, server.door())


def test_a_code_for_another_address_is_refused(server: NetworkServer) -> None:
    begun, address = go(server)
    with pytest.raises(AccountBroken, match="redirect URI"):
        complete(replace(begun, redirect_uri="https://news.example/other"), address, server.door())


def test_a_wrong_secret_of_the_app_is_told_and_not_shown(server: NetworkServer) -> None:
    begun, address = go(server)
    secrets = begun.account.secrets.renewed({"client_secret": "wr0ng"})
    with pytest.raises(AccountBroken, match="authentication failed") as caught:
        complete(replace(begun, account=replace(begun.account, secrets=secrets)), address, server.door())
    assert "wr0ng" not in f"{caught.value} {caught.value.__cause__}"


def test_a_network_that_repeats_what_it_was_told_gives_nothing_away(server: NetworkServer) -> None:
    begun, address = go(server)
    oauth = oauth_of(server)
    code = next(iter(oauth.codes))
    told = f"Bad {code} with {begun.verifier} of {' '.join(begun.account.secrets.hidden())}"

    def repeat() -> dict[str, str]:
        raise Refusal(400, {"error": "invalid_grant", "error_description": told})

    oauth.issue = repeat
    with pytest.raises(AccountBroken) as caught:
        complete(begun, address, server.door())
    assert "Bad … with … of" in str(caught.value)
    for secret in (code, begun.verifier, *begun.account.secrets.hidden()):
        assert secret not in str(caught.value)


# What gets lost on the way.

LOST = [each for each in Fault if each not in (Fault.DRIP, Fault.HANG)]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name)
def test_a_token_whose_answer_is_lost_is_no_token(fault: Fault, server: NetworkServer) -> None:
    begun, address = go(server)
    token_address = oauth_of(server).token
    server.makes_post = lambda request: (request.method, request.path) == ("POST", token_address)  # type: ignore[method-assign]
    server.fault = fault
    with pytest.raises(PostError) as caught:
        complete(begun, address, server.door())
    assert not isinstance(caught.value, Unknown), "nothing was posted"
    assert isinstance(caught.value, AccountBroken) == (fault is Fault.UNAUTHORISED)
    assert str(caught.value).isprintable()
    assert not any(secret in str(caught.value) for secret in begun.account.secrets.hidden())


@pytest.mark.parametrize("fault", [Fault.DRIP, Fault.HANG])
def test_a_token_that_never_comes_is_waited_for_no_longer_than_the_deadline(fault: Fault) -> None:
    for start in (MastodonServer, ThreadsServer):
        server = start()
        begun, address = go(server)
        server.makes_post = lambda request: "token" in request.path  # type: ignore[method-assign]
        server.fault = fault
        quick = replace(begun, network=type(begun.network)(deadline=0.3))
        with pytest.raises(NotSent, match=r"within 0\.3 seconds"):
            complete(quick, address, server.door())
        server.close()


def test_a_server_that_registers_no_more_apps_for_now_is_told_so() -> None:
    server = MastodonServer()
    server.makes_post = lambda request: request.path == "/api/v1/apps"  # type: ignore[method-assign]
    server.fault = Fault.LIMITED
    with pytest.raises(RateLimited):
        begin(NETWORKS["mastodon"], newcomer(server), "http://127.0.0.1:8765/callback", server.door())
    for content in ({"client_id": "a"}, {"client_secret": "b"}, {"client_id": "", "client_secret": "b"}, []):
        server.answer = lambda request, content=content: Answer(200, content)  # type: ignore[method-assign, misc]
        with pytest.raises(NotSent, match="has no client_"):
            begin(NETWORKS["mastodon"], newcomer(server), "http://127.0.0.1:8765/callback", server.door())
    server.close()


@pytest.mark.parametrize(
    "address", ["http://news.example", "https://127.0.0.1", "news.example", "https://u:p@a.example", ""]
)
def test_an_app_is_registered_with_no_server_that_may_not_be_called(address: str) -> None:
    account = Account("mastodon", "newsroom", address)
    with pytest.raises(AccountBroken):
        begin(NETWORKS["mastodon"], account, "http://127.0.0.1:8765/callback", Door())


@pytest.mark.parametrize("name", [name for name in SERVERS if SERVERS[name].network.name not in STARTERS])
def test_a_network_without_a_sign_in_says_what_to_paste(name: str) -> None:
    with pytest.raises(Cannot, match=f"paste {NETWORKS[name].secrets[0]}"):
        begin(NETWORKS[name], Account(name, "newsroom"), "http://127.0.0.1:8765/callback", Door())


def test_an_answer_with_junk_in_it_is_a_sign_in_or_a_post_error(server: NetworkServer) -> None:
    chance, answer = random.Random(server.network.name), server.answer
    for _ in range(5):
        server.answer = Junk(answer, chance)  # type: ignore[method-assign]
        try:
            for access in signed_in(server):
                assert access.secrets["token"]
                assert access.name.isprintable()
        except PostError as error:
            assert str(error).isprintable()


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "expires_in", "refresh_token_expires_in"])
def test_tokens_and_lifetimes_that_are_none_are_taken_for_none(name: str) -> None:
    server = LinkedInServer(partner=True)
    oauth, issue = oauth_of(server), oauth_of(server).issue
    for junk in (each for each in JUNK if each != "\ud800"):  # that one spoils the whole answer
        oauth.issue = lambda junk=junk: issue() | {name: junk}  # type: ignore[misc]
        if name == "access_token" and junk not in ("javascript:alert(1)", "http://["):
            with pytest.raises(NotSent, match="has no access_token"):
                signed_in(server)
            continue
        access = signed_in(server)[0]
        assert access.secrets["token"]
        assert access.ends is not None
        assert access.ends > datetime.now(UTC)
    server.close()
