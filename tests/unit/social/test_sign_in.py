"""Signing in, as far as it needs no network: what is asked for, what comes back, and what a person is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.social.authorising import begin, challenge
from services.social.credentials import Secrets
from services.social.network import Account, Network
from services.social.networks import NETWORKS
from services.social.outcomes import AccountBroken, NotSent, PostError, RefusedByNetwork
from services.social.redirect import belongs, code_of, parameters
from services.social.tokens import after
from shared.http import Door

STATE = "st4te-_"
HERE = "http://127.0.0.1:8765/callback"
REGISTERED = {"client_id": "app", "redirect_uri": "https://news.example/signed-in"}
APP = Secrets({"client_secret": "s3cret"})


def account(name: str, settings: Mapping[str, Any] = REGISTERED, secrets: Secrets = APP) -> Account:
    return Account(name, "newsroom", "", settings, secrets)


# What comes back.


@pytest.mark.parametrize(
    "address",
    [
        f"{HERE}?code=c0de&state={STATE}",
        f"  {HERE}?code=c0de&state={STATE}#_\n",
        f"code=c0de&state={STATE}",
        f"code=c0de&state={STATE}#_=_",
        f"https://news.example/?lang=fa&state={STATE}&code=c%30de&session=",
    ],
)
def test_a_code_is_read_from_a_whole_address_or_its_query(address: str) -> None:
    assert code_of(address, STATE) == "c0de"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "no state"),
        ("c0de", "no state"),
        (HERE, "no state"),
        ("code=c0de", "no state"),
        (f"{HERE}?code=c0de&state=other", "another state"),
        (f"{HERE}?code=c0de&state=", "another state"),
        (f"{HERE}?state={STATE}", "no code"),
        (f"{HERE}?code=&state={STATE}", "no code"),
        (f"{HERE}?code=a%0d%0ab&state={STATE}", "line break"),
        (f"{HERE}?code=a%00b&state={STATE}", "line break"),
        (f"{HERE}?code=%FF&state={STATE}", "not ASCII"),
        (f"{HERE}?code=c0de&state={STATE}&state={STATE}", "names one parameter twice"),
        (f"{HERE}?code=a&code=b&state={STATE}", "names one parameter twice"),
        (f"{HERE}?code={'a' * 9000}&state={STATE}", "at most 8,000 are read"),
        ("&".join(f"p{number}=" for number in range(40)), "more than 30 parameters"),
    ],
)
def test_an_address_that_brings_no_code_is_told_why(address: str, words: str) -> None:
    with pytest.raises(AccountBroken, match=words) as caught:
        code_of(address, STATE)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("access_denied", RefusedByNetwork),
        ("user_cancelled_login", RefusedByNetwork),
        ("server_error", NotSent),
        ("temporarily_unavailable", NotSent),
        ("invalid_scope", AccountBroken),
        ("unauthorized_scope_error", AccountBroken),
        ("<script>\x1b[31m", AccountBroken),
        ("", AccountBroken),
    ],
)
def test_an_error_that_comes_back_is_told_in_the_network_s_words(error: str, outcome: type[PostError]) -> None:
    said = urlencode({"error": error, "error_description": "So it\nis. " + "x" * 2000, "state": STATE})
    with pytest.raises(outcome, match="So it is") as caught:
        code_of(f"{HERE}?{said}", STATE)
    assert type(caught.value) is outcome
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800


def test_an_error_without_the_state_ends_nothing() -> None:
    with pytest.raises(AccountBroken, match="does not belong"):
        code_of(f"{HERE}?error=access_denied", STATE)


@given(st.text(max_size=200))
def test_whatever_is_pasted_gives_a_code_or_a_sentence(pasted: str) -> None:
    for address in (pasted, f"{HERE}?code={pasted}&state={STATE}", f"{HERE}?{pasted}={pasted}"):
        try:
            code = code_of(address, STATE)
        except PostError as error:
            assert str(error).isprintable()
        else:
            assert code.isascii()
            assert code.isprintable()


@given(st.text(max_size=50))
def test_only_the_state_itself_belongs(state: str) -> None:
    assert belongs({"state": state}, STATE) == (state == STATE)
    assert not belongs({"state": state}, "")
    assert not belongs(parameters("code=c0de"), STATE)


# What is asked for.


def test_the_proof_of_who_began_is_that_of_rfc_7636() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_question_is_that_of_rfc_6749() -> None:
    begun = begin(NETWORKS["x"], account("x"), HERE, Door())
    assert begun.url.startswith("https://x.com/i/oauth2/authorize?")
    assert parse_qs(urlsplit(begun.url).query) == {
        "response_type": ["code"],
        "client_id": ["app"],
        "redirect_uri": [HERE],
        "scope": ["tweet.read tweet.write users.read media.write offline.access"],
        "state": [begun.state],
        "code_challenge": [challenge(begun.verifier)],
        "code_challenge_method": ["S256"],
    }
    assert "+" not in begun.url, "a space is %20, which is read alike everywhere"
    assert 43 <= len(begun.verifier) <= 128
    assert (begun.state, begun.verifier) != (begin(NETWORKS["x"], account("x"), HERE, Door()).state, begun.verifier)


def test_a_version_and_scopes_of_one_s_own_are_asked_for() -> None:
    settings = REGISTERED | {"version": "v31.0", "scopes": "pages_manage_posts business_management"}
    begun = begin(NETWORKS["facebook"], account("facebook", settings), REGISTERED["redirect_uri"], Door())
    assert begun.url.startswith("https://www.facebook.com/v31.0/dialog/oauth?")
    assert parse_qs(urlsplit(begun.url).query)["scope"] == ["pages_manage_posts business_management"]


@pytest.mark.parametrize(
    ("address", "anywhere", "loopback"),
    [
        ("https://news.example/signed-in", True, True),
        ("https://news.example:8443", True, True),
        (HERE, False, True),
        ("http://localhost:8765/callback", False, True),
        ("http://[::1]:8765/", False, True),
        ("http://news.example/", False, False),
        ("http://127.0.0.1.news.example/", False, False),
        ("http://127.0.0.1@news.example/", False, False),
        ("https://me@news.example/", False, False),
        ("https://news.example/#here", False, False),
        ("javascript:alert(1)", False, False),
        ("https://", False, False),
        ("http://[", False, False),
        (f"{HERE}\r\nX: y", False, False),
        ("", False, False),
    ],
)
def test_a_code_travels_encrypted_or_not_at_all(address: str, anywhere: bool, loopback: bool) -> None:
    for name, accepted in (("threads", anywhere), ("linkedin", loopback)):
        if accepted:
            assert begin(NETWORKS[name], account(name), address, Door()).redirect_uri == address
        else:
            with pytest.raises(AccountBroken, match="accepted: https") as caught:
                begin(NETWORKS[name], account(name), address, Door())
            assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["x", "facebook", "threads", "linkedin"])
def test_what_a_person_has_to_get_first_is_named_with_where_it_is(name: str) -> None:
    network = NETWORKS[name]
    sign_in = network.sign_in(account(name))
    assert sign_in is not None
    for missing in sign_in.needs:
        settings = {each: value for each, value in REGISTERED.items() if each != missing}
        secrets = APP.without(missing)
        with pytest.raises(AccountBroken, match=f"has no {missing}") as caught:
            begin(network, account(name, settings, secrets), REGISTERED["redirect_uri"], Door())
        assert network.hint(missing) in str(caught.value)


# What a person is told.

HINTING = [network for network in NETWORKS.values() if network.hints]


@pytest.mark.parametrize("network", HINTING, ids=lambda network: network.name)
def test_who_hints_at_something_hints_at_all_a_person_is_asked_for(network: Network) -> None:
    sign_in = network.sign_in(Account(network.name, "newsroom"))
    asked = {*network.secrets, *network.settings, *network.log_in, *(sign_in.needs if sign_in else ())}
    assert asked <= set(network.hints)
    assert set(network.hints) <= asked | {"server", "client_secret", "refresh"}
    for name, hint in network.hints.items():
        assert hint.endswith("."), name
        assert len(hint) <= 120, name
        assert network.hint(name) == hint


def test_a_network_without_hints_leads_to_its_document() -> None:
    class Plain(type(NETWORKS["discord"])):  # type: ignore[misc]
        name = "plain"
        hints: Mapping[str, str] = {}

    assert Plain().hint("webhook") == "docs/networks.md says what webhook is on plain."


@pytest.mark.parametrize("name", ["mastodon", "matrix"])
def test_a_network_of_many_servers_asks_for_the_account_s_own(name: str) -> None:
    assert NETWORKS[name].server == ""
    assert "https://" in NETWORKS[name].hint("server")


# Lifetimes.


@given(st.one_of(st.none(), st.booleans(), st.text(), st.floats(), st.integers(), st.lists(st.integers())))
def test_a_lifetime_is_a_time_to_come_or_nothing(told: object) -> None:
    found = after(told)
    if found is not None:
        assert found.utcoffset() is not None
        assert float(str(told)) > 0
