"""What every network has to do, whichever it is: one suite for all, each against its own server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.social.credentials import Secrets
from services.social.draft import Draft, Posted
from services.social.network import Account, Network
from services.social.networks import NETWORKS
from services.social.outcomes import (
    AccountBroken,
    Cannot,
    Gone,
    NotSent,
    PostError,
    RateLimited,
    RefusedByNetwork,
    Unknown,
)
from shared.http import Door
from tests.networks.server import STORING, Fault, NetworkServer
from tests.networks.suite import ALT, LINK, SERVERS, TEXT, drafted, picture
from tests.system import wait_for


def publish(server: NetworkServer, network: Network, draft: Draft, done: tuple[Posted, ...] = ()) -> Posted:
    return send(network, draft, server.account(), server.door(), done)


def send(network: Network, draft: Draft, account: Account, door: Door, done: tuple[Posted, ...] = ()) -> Posted:
    draft = network.prepare(draft, account, door, done=done)
    return network.publish(draft, account, door, done=done)


def since() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def test_every_network_has_its_server() -> None:
    assert {server.network.name for server in SERVERS.values()} == set(NETWORKS)


# What goes well.


def test_a_text_arrives_letter_for_letter(server: NetworkServer, network: Network) -> None:
    posted = publish(server, network, drafted(server))
    assert server.texts() == [TEXT]
    assert posted.part == 0
    assert posted.url.startswith("http") or not posted.url
    assert Posted.from_json(json.loads(json.dumps(posted.as_json()))) == posted


def test_a_draft_that_was_stored_is_sent_as_the_one_that_was_made(server: NetworkServer, network: Network) -> None:
    draft = drafted(server, image=picture(server))
    stored = Draft.from_json(json.loads(json.dumps(draft.as_json())))
    assert stored == draft
    publish(server, network, stored)
    assert server.texts() == [TEXT]


def test_a_card_is_sent_where_we_make_it_and_else_left_to_the_network(server: NetworkServer, network: Network) -> None:
    publish(server, network, drafted(server, image=picture(server)))
    card = server.card(0)
    if network.can.card == "sent":
        assert card == (LINK, "Harbour reopens", "After three days ships come in again.", True)
    else:
        assert card is None


def test_a_picture_is_described(server: NetworkServer, network: Network) -> None:
    if not network.can.media:
        pytest.skip("takes no pictures")
    publish(server, network, drafted(server, media=(picture(server),)))
    assert server.alts(0) == [ALT if network.can.alt else ""]
    assert server.texts() == [TEXT]


def test_a_picture_that_is_none_is_no_reason_to_post_without_it(server: NetworkServer, network: Network) -> None:
    if not network.can.uploads or not network.can.media:
        pytest.skip("uploads no pictures")
    draft = drafted(server, media=(picture(server),))
    server.pictures["/card.png"] = b"<html>Not found</html>"
    with pytest.raises(RefusedByNetwork, match="no PNG"):
        publish(server, network, draft)
    server.pictures.clear()
    with pytest.raises(NotSent, match="cannot be fetched"):
        publish(server, network, draft)
    assert server.posts == []


def test_a_thread_is_one_chain(server: NetworkServer, network: Network) -> None:
    if not network.can.thread:
        pytest.skip("has no threads")
    draft = drafted(server, TEXT, "It goes on.", "It ends.")
    done: tuple[Posted, ...] = ()
    for _ in draft.texts:
        done += (publish(server, network, draft, done),)
    assert server.texts() == [TEXT, "It goes on.", "It ends."]
    assert [each.part for each in done] == [0, 1, 2]
    assert [server.parent(number) for number in range(3)] == [None, done[0].id, done[0 if server.flat else 1].id]


def test_a_correction_answers_the_post(server: NetworkServer, network: Network) -> None:
    if not network.can.thread:
        pytest.skip("has no answers")
    first = publish(server, network, drafted(server))
    publish(server, network, drafted(server, "Correction.", key="correction", reply_to=first))
    assert server.parent(1) == first.id


def test_an_edit_changes_the_text_and_keeps_the_picture(server: NetworkServer, network: Network) -> None:
    media = (picture(server),) if network.can.media else ()
    posted = publish(server, network, drafted(server, media=media))
    changed = drafted(server, TEXT.replace("storm", "gale"), media=media, key="edited")
    if not network.can.edit:
        with pytest.raises(Cannot):
            network.edit(posted, changed, server.account(), server.door())
        return
    for _ in range(2):
        posted = network.edit(posted, changed, server.account(), server.door())
        assert server.texts() == [TEXT.replace("storm", "gale")]
        assert len(server.alts(0)) == len(media)
    network.delete(posted, server.account(), server.door())
    with pytest.raises(Gone):
        network.edit(posted, changed, server.account(), server.door())


def test_a_deletion_may_be_repeated(server: NetworkServer, network: Network) -> None:
    posted = publish(server, network, drafted(server))
    if not network.can.delete:
        with pytest.raises(Cannot):
            network.delete(posted, server.account(), server.door())
        return
    for _ in range(2):
        network.delete(posted, server.account(), server.door())
        assert server.posts == []


def test_a_post_is_found_by_what_it_says(server: NetworkServer, network: Network) -> None:
    if not network.can.find:
        with pytest.raises(Cannot):
            network.find(drafted(server), server.account(), server.door(), since())
        return
    other = publish(server, network, drafted(server, "Another story.", link="", key="other"))
    draft = network.prepare(drafted(server), server.account(), server.door())
    assert network.find(draft, server.account(), server.door(), since()) is None
    posted = publish(server, network, draft)
    publish(server, network, drafted(server, "A third story.", link="", key="third"))
    found = network.find(draft, server.account(), server.door(), since())
    assert found is not None
    assert (found.id, found.url, found.part) == (posted.id, posted.url, 0)
    assert found.id != other.id


def test_reactions_are_counted(server: NetworkServer, network: Network) -> None:
    posted = publish(server, network, drafted(server))
    if not network.can.measure:
        with pytest.raises(Cannot):
            network.measure(posted, server.account(), server.door())
        return
    measured = network.measure(posted, server.account(), server.door())
    assert (measured.likes, measured.reposts, measured.replies) == server.reactions


def test_an_account_is_asked_who_it_is(server: NetworkServer, network: Network) -> None:
    if not network.can.check:
        with pytest.raises(Cannot):
            network.check(server.account(), server.door())
        return
    assert network.check(server.account(), server.door()).identity == server.identity
    assert server.posts == []


def test_a_wrong_token_breaks_the_account_and_is_not_shown(server: NetworkServer, network: Network) -> None:
    wrong = {name: server.wrong(name, value) for name, value in server.secrets().items()}
    account = replace(server.account(), secrets=Secrets(wrong))
    with pytest.raises(AccountBroken) as caught:
        send(network, drafted(server), account, server.door())
    shown = f"{caught.value!r} {account!r} {caught.value.__cause__!r}"
    assert not any(value in shown for value in account.secrets.hidden())
    assert server.posts == []


@pytest.mark.parametrize("token", ["two\r\nX-Injected: lines", "", "with\0null", "naïve"])
def test_a_secret_that_is_none_breaks_the_account(token: str, server: NetworkServer, network: Network) -> None:
    for name in server.used:
        account = replace(server.account(), secrets=Secrets(server.secrets() | {name: token}))
        with pytest.raises(AccountBroken, match=rf"account('s {name}| has no {name})"):
            send(network, drafted(server), account, server.door())
    assert server.posts == []


def test_a_server_at_a_private_address_is_not_called(server: NetworkServer, network: Network) -> None:
    with pytest.raises(AccountBroken):
        send(network, drafted(server), server.account(), Door())
    with pytest.raises(AccountBroken):
        send(network, drafted(server), replace(server.account(), server="http://news.example"), Door())
    assert server.requests == []


# What goes wrong.

OUTCOMES: dict[Fault, type[PostError]] = {
    **dict.fromkeys(Fault, Unknown),
    Fault.LIMITED: RateLimited,
    Fault.UNAUTHORISED: AccountBroken,
}


def publish_and_lose(server: NetworkServer, network: Network, draft: Draft) -> Posted:
    """With patience for a loaded machine: what is called before the post may need more than a short deadline."""
    deadline = 0.25 if server.fault is Fault.HANG else 10.0
    while True:
        try:
            return type(network)(deadline=deadline).publish(draft, server.account(), server.door())
        except NotSent:
            if server.fault is None or deadline > 5:
                raise
            deadline *= 2


# A byte a second is the same to all: tests/unit/social/test_networks_calling.py.
@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.DRIP], ids=lambda fault: fault.name)
def test_each_fault_is_what_it_is_and_nothing_is_doubled(fault: Fault, server: NetworkServer, network: Network) -> None:
    draft = network.prepare(drafted(server), server.account(), server.door())
    before = since()
    server.fault = fault
    with pytest.raises(OUTCOMES[fault]) as caught:
        publish_and_lose(server, network, draft)
    assert not any(secret in str(caught.value) for secret in server.account().secrets.hidden())
    stored = 1 if fault in STORING else 0
    if stored:
        wait_for(lambda: server.posts)
    assert len(server.posts) == stored
    if isinstance(caught.value, NotSent):
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after <= 100
    if network.can.find:
        found = network.find(draft, server.account(), server.door(), before)
        assert (found is not None) == bool(stored)
    if network.can.repeats:
        repeated = publish(server, network, draft)
        assert len(server.posts) == 1
        if network.can.find and stored:
            assert found == replace(repeated, pause=0.0), "what is found is what was made"


def test_what_never_left_is_certainly_not_sent(server: NetworkServer, network: Network) -> None:
    server.close()
    with pytest.raises(NotSent):
        publish(server, network, drafted(server))


def test_where_to_look_is_not_taken_for_an_empty_timeline(server: NetworkServer, network: Network) -> None:
    if not network.can.find:
        pytest.skip("has no look-up")
    draft = network.prepare(drafted(server), server.account(), server.door())
    server.garbled = True
    with pytest.raises(NotSent):
        network.find(draft, server.account(), server.door(), since())


# What is said of the networks.


def test_what_a_network_says_it_can_it_does(network: Network) -> None:
    own = {name for name in ("edit", "delete", "find", "measure", "check", "refresh") if name in _methods(network)}
    assert own == {
        name for name in ("edit", "delete", "find", "measure", "check", "refresh") if getattr(network.can, name)
    }


def _methods(network: Network) -> set[str]:
    return {name for each in type(network).__mro__ if each is not Network for name in vars(each)}


def test_an_account_shows_no_secret() -> None:
    account = Account("mastodon", "newsroom", secrets=Secrets({"token": "s3cret"}))
    assert "s3cret" not in f"{account!r} {account} {account.secrets}"
    assert "token" in repr(account)
