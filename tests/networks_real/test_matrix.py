"""What a real homeserver takes, refuses and keeps of what we send, and what becomes of accounts and rooms on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings

from services.social.credentials import Secrets
from services.social.draft import Draft, Posted
from services.social.network import Account
from services.social.networks import NETWORKS
from services.social.outcomes import AccountBroken, RateLimited, RefusedByNetwork, TokenExpired, Unknown
from shared.copyfit.rules import MATRIX
from tests.networks.server import Fault
from tests.networks.suite import TEXT, drafted, picture
from tests.networks_real.matrix import RealMatrix
from tests.scripts import TEXTS
from tests.system import wait_for
from tests.unit.social.golden import CASES, FULL, article

NETWORK = NETWORKS["matrix"]
NUMBERS = itertools.count(1)
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def published(server: RealMatrix, draft: Draft, account: Account | None = None) -> Posted:
    return NETWORK.publish(draft, account or server.account(), server.door())


def found(server: RealMatrix, draft: Draft) -> Posted | None:
    return NETWORK.find(draft, server.account(), server.door(), datetime.now(UTC) - timedelta(minutes=1))


def logged_in(server: RealMatrix) -> Account:
    """The account with a session that can be refreshed, on a device of its own."""
    session = server.new_session()
    secrets = {"token": session["access_token"], "refresh": session["refresh_token"]}
    return replace(server.account(), secrets=Secrets(secrets))


def has_run_out(server: RealMatrix, account: Account) -> bool:
    try:
        NETWORK.check(account, server.door())
    except TokenExpired:
        return True
    return False


# Text and pictures.


@pytest.mark.parametrize("name", CASES)
def test_an_article_in_any_script_arrives_whole_and_can_be_corrected(name: str, matrix: RealMatrix) -> None:
    account = matrix.account(template=FULL, emoji="📰")
    draft = NETWORK.compose(CASES[name], account, key=name, at=AT)
    posted = published(matrix, draft)
    assert matrix.texts() == list(draft.texts)
    changed = replace(draft, texts=(f"Corrected: {draft.texts[0]}",), key=f"{name}-corrected")
    NETWORK.edit(posted, changed, account, matrix.door())
    assert matrix.texts() == list(changed.texts)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headline=TEXTS, summary=TEXTS)
def test_whatever_an_article_says_it_is_taken_and_found_again(headline: str, summary: str, matrix: RealMatrix) -> None:
    number = next(NUMBERS)  # an example that is tried once more is another message
    said = article(headline=f"{number} {headline}", summary=summary)
    draft = NETWORK.compose(said, matrix.account(template=FULL), key=f"number {number}", at=AT)
    posted = published(matrix, draft)
    event = matrix.user_call("GET", f"/rooms/{quote(matrix.room)}/event/{quote(posted.id)}")
    assert event["content"]["body"] == draft.texts[0]
    assert found(matrix, draft) == posted


@pytest.mark.parametrize("letter", ["a", '"', "\\", "\n", "م", "国", "👨‍👩‍👧‍👦"])
def test_the_longest_text_that_we_allow_can_be_sent_answered_and_corrected(letter: str, matrix: RealMatrix) -> None:
    text = letter * (MATRIX.limit // MATRIX.count(letter))
    assert not MATRIX.fits(text + letter)
    first = published(matrix, drafted(matrix, media=(picture(matrix),)))
    draft = drafted(matrix, text, key="long", media=(picture(matrix),), reply_to=first)
    posted = published(matrix, draft)
    NETWORK.edit(posted, replace(draft, key="again"), matrix.account(), matrix.door())
    assert matrix.texts() == [TEXT, text]


def test_a_text_that_is_too_long_for_an_event_is_refused(matrix: RealMatrix) -> None:
    with pytest.raises(RefusedByNetwork, match="too large"):
        published(matrix, drafted(matrix, "a" * 65_000))
    assert matrix.posts == []


def test_a_picture_can_be_fetched_as_it_was(matrix: RealMatrix) -> None:
    published(matrix, drafted(matrix, media=(picture(matrix),)))
    content = matrix.posts[0]["content"]
    assert (content["msgtype"], content["body"]) == ("m.image", TEXT)
    assert matrix.media_at(content["url"]) == matrix.pictures["/card.png"]


def test_a_bot_posts_notices(matrix: RealMatrix) -> None:
    published(matrix, drafted(matrix), matrix.account(notice=True))
    assert matrix.posts[0]["content"]["msgtype"] == "m.notice"


# Once and only once.


def test_a_repeat_after_a_refresh_is_the_same_message(matrix: RealMatrix) -> None:
    account = logged_in(matrix)
    matrix.fault = Fault.DROP_AFTER
    with pytest.raises(Unknown):
        published(matrix, drafted(matrix), account)
    account = replace(account, secrets=NETWORK.refresh(account, matrix.door()).secrets)
    assert published(matrix, drafted(matrix), account) == found(matrix, drafted(matrix))
    assert matrix.texts() == [TEXT]


def test_a_repeat_from_another_device_is_another_message_but_the_first_is_found(matrix: RealMatrix) -> None:
    first = published(matrix, drafted(matrix))
    assert found(matrix, drafted(matrix)) == first
    assert published(matrix, drafted(matrix), logged_in(matrix)) != first
    assert matrix.texts() == [TEXT, TEXT]


# Accounts and rooms.


def test_an_access_that_has_run_out_is_refreshed(matrix: RealMatrix) -> None:
    account = logged_in(matrix)
    wait_for(lambda: has_run_out(matrix, account), what="the token has run out")
    with pytest.raises(TokenExpired):
        published(matrix, drafted(matrix), account)
    access = NETWORK.refresh(account, matrix.door())
    published(matrix, drafted(matrix), replace(account, secrets=access.secrets))
    assert matrix.texts() == [TEXT]


def test_a_refresh_may_be_repeated_until_what_it_brought_was_used(matrix: RealMatrix) -> None:
    account = logged_in(matrix)
    NETWORK.refresh(account, matrix.door())
    access = NETWORK.refresh(account, matrix.door())
    published(matrix, drafted(matrix), replace(account, secrets=access.secrets))
    with pytest.raises(AccountBroken, match="refresh token isn't valid"):
        NETWORK.refresh(account, matrix.door())


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda matrix: matrix.user_call("POST", "/logout"), "M_UNKNOWN_TOKEN"),
        (lambda matrix: matrix.administer("PUT", "/v2/users/{me}", {"locked": True}), "M_USER_LOCKED"),
        (lambda matrix: matrix.administer("PUT", "/v1/suspend/{me}", {"suspend": True}), "M_USER_SUSPENDED"),
        (lambda matrix: matrix.administer("POST", "/v1/deactivate/{me}", {"erase": False}), "M_UNKNOWN_TOKEN"),
    ],
    ids=["logged out", "locked", "suspended", "deactivated"],
)
def test_an_account_that_may_not_post_any_more_is_broken(
    act: Callable[[RealMatrix], None], words: str, matrix: RealMatrix
) -> None:
    act(matrix)
    with pytest.raises(AccountBroken, match=words) as caught:
        published(matrix, drafted(matrix))
    assert not isinstance(caught.value, TokenExpired)


def test_who_is_not_in_the_room_can_neither_post_nor_be_checked(matrix: RealMatrix) -> None:
    owner = matrix.synapse.new_user()["access_token"]
    foreign = matrix.account(room=matrix.new_room(owner))
    matrix.user_call("POST", f"/rooms/{quote(matrix.room)}/leave")
    for account, words in ((foreign, "not in room"), (matrix.account(), "is not in the room")):
        with pytest.raises(AccountBroken, match="not in room"):
            published(matrix, drafted(matrix), account)
        with pytest.raises(AccountBroken, match=words):
            NETWORK.check(account, matrix.door())


def test_who_may_only_read_in_a_room_is_told_so(matrix: RealMatrix) -> None:
    owner = matrix.synapse.new_user()["access_token"]
    room = matrix.new_room(owner, power_level_content_override={"events_default": 50})
    matrix.user_call("POST", f"/rooms/{quote(room)}/join")
    with pytest.raises(AccountBroken, match="M_FORBIDDEN"):
        published(matrix, drafted(matrix), matrix.account(room=room))


def test_a_room_is_found_by_its_alias(matrix: RealMatrix) -> None:
    name = matrix.identity.partition(":")[0][1:]
    room = matrix.new_room(matrix.user["access_token"], room_alias_name=name)
    checked = NETWORK.check(matrix.account(room=f"#{name}:matrix.example"), matrix.door())
    assert (checked.identity, checked.settings) == (matrix.identity, {"room": room})
    with pytest.raises(AccountBroken, match="There is no room"):
        NETWORK.check(matrix.account(room="#nowhere:matrix.example"), matrix.door())


def test_an_encrypted_room_is_refused(matrix: RealMatrix) -> None:
    encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = matrix.new_room(matrix.user["access_token"], initial_state=[encryption])
    with pytest.raises(AccountBroken, match="encrypted"):
        NETWORK.check(matrix.account(room=room), matrix.door())


def test_too_many_messages_are_limited_and_say_how_long(matrix: RealMatrix) -> None:
    matrix.limit_sending({"messages_per_second": 1, "burst_count": 2})
    with pytest.raises(RateLimited) as caught:
        for number in range(20):
            published(matrix, drafted(matrix, f"Story {number}", key=f"story-{number}"))
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 2


def test_a_deletion_leaves_nothing_of_the_text(matrix: RealMatrix) -> None:
    posted = published(matrix, drafted(matrix))
    NETWORK.edit(posted, drafted(matrix, "Corrected.", key="corrected"), matrix.account(), matrix.door())
    NETWORK.delete(posted, matrix.account(), matrix.door())
    assert matrix.contents() == [{}, {}]
