"""The contract with networks: what drafts, posts, secrets and errors are, and what each network composes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from services.social.article import Image
from services.social.credentials import Secrets
from services.social.draft import Draft, Posted
from services.social.enrolling import Writing
from services.social.network import Account, Network
from services.social.networks import NETWORKS
from services.social.networks.lookup import Candidate, first_match, same_text
from services.social.outcomes import AccountBroken, Cannot, NotSent
from services.social.text.writing import NoRoom
from tests.unit.social.golden import CASES, FOLDER

AT = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)
PICTURE = Image("https://news.example.com/harbour.jpg", "Two cranes")


def account(network: Network, **settings: Any) -> Account:
    return Account(network.name, "newsroom", "https://social.example", {"did": "did:plc:a"} | settings)


def compose(network: Network, name: str = "english", **settings: Any) -> Draft:
    article = replace(CASES[name], image=PICTURE)
    return network.compose(article, account(network, **settings), key="a-17", at=AT)


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Network:
    return NETWORKS[request.param]


# Composing.


def test_a_draft_is_a_pure_function_and_survives_being_stored(network: Network) -> None:
    for name in CASES:
        draft = compose(network, name)
        assert draft == compose(network, name)
        assert Draft.from_json(json.loads(json.dumps(draft.as_json()))) == draft
        assert draft.language == CASES[name].language
        assert draft.at == "2026-11-23T12:00:00.123Z"
        assert draft.link.isascii()


@pytest.mark.parametrize("name", ["english", "english-long", "persian"])
def test_what_is_sent_is_what_the_golden_posts_say(name: str, network: Network) -> None:
    golden = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    wanted = golden.get(network.name.partition("-")[0])
    if wanted is not None:
        assert list(compose(network, name).texts) == wanted


def test_every_part_of_a_thread_keeps_the_rule_and_has_a_key_of_its_own(network: Network) -> None:
    draft = compose(network, "english-long", posts=4)
    assert len(draft.texts) == 1 or network.can.thread
    assert all(network.rule(account(network)).fits(text) for text in draft.texts)
    assert len({draft.part_key(part) for part in range(len(draft.texts))}) == len(draft.texts)


def test_a_picture_is_the_card_s_or_the_post_s_and_always_described(network: Network) -> None:
    card, attached = compose(network), compose(network, attach="picture")
    assert card.media == ()
    assert card.image is not None
    if network.can.media:
        assert (attached.image, attached.media) == (None, (card.image,))
    else:
        assert attached == card
    bare = network.compose(replace(CASES["english"], image=Image(PICTURE.url)), account(network), key="k", at=AT)
    assert bare.image is not None
    assert bare.image.alt == (CASES["english"].headline if network.can.alt else "")


def test_a_content_warning_goes_where_there_is_one(network: Network) -> None:
    assert compose(network, warning="War").warning == ("War" if network.can.warning else "")


def test_a_template_that_leaves_no_room_is_told() -> None:
    with pytest.raises(NoRoom):
        compose(NETWORKS["x"], template="a" * 300 + " {{ url }}")


# Bluesky's record keys.


def test_record_keys_are_identifiers_of_their_time_and_never_the_same_twice() -> None:
    bluesky = NETWORKS["bluesky"]
    article = CASES["english"]
    keys = []
    for minute in range(20):
        for number in range(20):
            at = AT + timedelta(minutes=minute)
            keys.append(bluesky.compose(article, account(bluesky), key=f"k{number}", at=at).extra["rkeys"][0])
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 13 for key in keys)
    newest = [max(keys[start : start + 20]) for start in range(0, 400, 20)]
    assert all(before < after for before, after in pairwise(newest))


# Secrets.


def test_secrets_show_only_their_names() -> None:
    hook = "https://discord.com/api/webhooks/1/abc"
    secrets = Secrets({"token": " s3cret\n", "hook": hook, "none": ""})
    assert "s3cret" not in f"{secrets!r} {secrets} {Account('x', 'y', secrets=secrets)}"
    assert secrets["token"] == "s3cret"
    assert set(secrets.hidden()) == {"s3cret", hook, "api/webhooks/1/abc"}
    assert "token" in secrets
    assert "none" not in secrets
    with pytest.raises(AccountBroken, match="has no none"):
        secrets["none"]


def test_what_comes_back_empty_takes_no_secret_s_place() -> None:
    secrets = Secrets({"token": "old", "refresh": "keep"})
    assert dict(secrets.renewed({"token": "new", "refresh": ""})) == {"token": "new", "refresh": "keep"}
    assert dict(secrets.renewed({"token": None, "refresh": 7})) == {"token": "old", "refresh": "keep"}


# Looking up.


def candidates(count: int) -> list[Candidate]:
    return [Candidate(Posted(str(number)), f"Text {number}", AT.isoformat()) for number in range(count)]


@pytest.mark.parametrize(
    "shown",
    [
        "A & B <c> https://a.example/b",
        "A &amp; B &lt;c&gt;\n\nhttps://a.example/b",
        '<p>A &amp; B &lt;c&gt; <a href="https://a.example/b"><span>https://</span>a.example/b</a></p>',
        "\u2068A & B\u2069 <c> https://a.example/b ",
    ],
)
def test_a_text_is_recognised_as_the_network_shows_it(shown: str) -> None:
    assert same_text(shown, "A & B <c> https://a.example/b")
    assert not same_text(shown, "A & B <c> https://a.example/c")


def test_a_post_from_before_the_attempt_is_another() -> None:
    assert first_match(candidates(3), "Text 2", AT) == Posted("2")
    assert first_match(candidates(3), "Text 2", AT, known=[Posted("2")]) is None
    assert first_match(candidates(3), "Text 2", AT, others={"2"}) is None
    assert first_match(candidates(3), "Text 2", AT + timedelta(hours=1)) is None
    with pytest.raises(NotSent, match="no time"):
        first_match([Candidate(Posted("1"), "a", "no time")], "a", AT)


def test_an_endless_list_proves_nothing() -> None:
    with pytest.raises(Cannot):
        first_match(candidates(1000), "Text 999", AT)


# What an account is asked for.


def test_every_name_that_a_network_asks_for_can_be_given(network: Network) -> None:
    """Whatever a sign-in, a log-in, a renewal or a hint names is a setting or secret that is taken."""
    sign_in = network.sign_in(account(network))
    asked = {*network.hints, *network.log_in, *network.refreshed_by, *(sign_in.needs if sign_in else ())} - {"server"}
    taken = {*network.settings, *network.options, *network.secrets, *network.more_secrets, *Writing.model_fields}
    assert asked <= taken
    assert not {*network.options} & {*network.secrets, *network.more_secrets}
