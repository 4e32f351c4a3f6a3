"""What a real PDS takes, refuses and keeps of what we send, and what becomes of accounts on it."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.social.credentials import Secrets
from services.social.draft import Draft, Posted
from services.social.network import Account
from services.social.networks import NETWORKS
from services.social.outcomes import AccountBroken, RateLimited, RefusedByNetwork, TokenExpired, Unknown
from shared.copyfit.rules import BLUESKY
from shared.urls import short_url
from tests.networks.server import Fault, png
from tests.networks.suite import ALT, TEXT, drafted, picture
from tests.networks_real.bluesky import RealBluesky, read_as_apps_do
from tests.scripts import TEXTS
from tests.unit.social.golden import CASES, FULL, article

Patch = pytest.MonkeyPatch
NETWORK = NETWORKS["bluesky"]
FAMILY = "👨‍👩‍👧‍👦"
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def published(server: RealBluesky, draft: Draft, account: Account | None = None) -> list[Posted]:
    """All parts of a draft."""
    done: list[Posted] = []
    for _ in draft.texts:
        done.append(NETWORK.publish(draft, account or server.account(), server.door(), done=done))
    return done


def with_secrets(server: RealBluesky, **secrets: str) -> Account:
    return replace(server.account(), secrets=Secrets(server.secrets() | secrets))


# Text.


@pytest.mark.parametrize("name", CASES)
def test_an_article_in_any_script_arrives_whole_with_links_where_they_belong(name: str, bluesky: RealBluesky) -> None:
    account = bluesky.account(template=FULL, posts=4, emoji="📰")
    draft = NETWORK.compose(CASES[name], account, key=name, at=AT)
    published(bluesky, draft)
    records = bluesky.posts
    assert [record["text"] for record in records] == list(draft.texts)
    assert {tuple(record["langs"]) for record in records} == {(CASES[name].language,)}
    read = read_as_apps_do(records)
    counted = [BLUESKY.count(text) for text in draft.texts]
    if name == "hindi":  # conjuncts are counted as servers with older tables of Unicode do
        assert all(ours >= each["graphemes"] for ours, each in zip(counted, read, strict=True))
    else:
        assert counted == [each["graphemes"] for each in read]
    pieces = [tuple(piece) for each in read for piece in each["pieces"]]
    assert any(text == meant and text in (draft.link, short_url(draft.link)) for text, meant in pieces)
    assert all(text in (meant, f"#{meant}") for text, meant in pieces if meant is not None)
    assert sum(meant is not None for _, meant in pieces) == sum(len(record.get("facets", [])) for record in records)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headline=TEXTS, summary=TEXTS, tags=st.lists(TEXTS, max_size=4))
def test_whatever_an_article_says_its_post_is_taken(
    headline: str, summary: str, tags: list[str], bluesky: RealBluesky
) -> None:
    account = bluesky.account(template=FULL, posts=2)
    said = article(headline=headline, summary=summary, tags=tuple(tags))
    draft = NETWORK.compose(said, account, key=f"{headline}{summary}{tags}", at=AT)
    for posted in published(bluesky, draft):
        record = bluesky.record(posted.id)
        assert record["text"] == draft.texts[posted.part]
        content = record["text"].encode()
        for facet in record.get("facets", []):
            content[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()


def test_a_hashtag_that_is_too_long_for_a_link_is_text(bluesky: RealBluesky) -> None:
    account = bluesky.account(template="{{ headline }} {{ url }} {{ hashtags }}")
    word = "क्षि" * 54
    draft = NETWORK.compose(article(tags=(word, "Bridges"), language="hi"), account, key="long", at=AT)
    published(bluesky, draft)
    assert f"#{word}" in bluesky.texts()[0]
    kinds = [facet["features"][0] for facet in bluesky.posts[0]["facets"]]
    assert [each.get("tag") for each in kinds] == [None, "Bridges"]


LETTERS = ("a", "م", "मि", "국", "国", "e\u0301", "🇮🇷", "👍🏽", FAMILY, "กำ", "\u0301", "می‌")


@pytest.mark.parametrize("letter", LETTERS)
def test_the_longest_text_that_we_allow_is_the_longest_that_is_taken(letter: str, bluesky: RealBluesky) -> None:
    most = next(number for number in itertools.count(1) if not BLUESKY.fits(letter * (number + 1)))
    published(bluesky, drafted(bluesky, letter * most))
    assert bluesky.texts() == [letter * most]
    with pytest.raises(RefusedByNetwork, match=r"too (big|long)|must not be longer"):
        published(bluesky, drafted(bluesky, letter * (most + 1), key="longer"))
    assert len(bluesky.posts) == 1


@pytest.mark.parametrize("language", ["en", "en-GB", "fa-IR", "ckb", "zh-Hans", "zh-Hant-TW", "sr-Latn-RS", "ar-001"])
def test_a_language_tag_is_taken_as_it_is(language: str, bluesky: RealBluesky) -> None:
    published(bluesky, drafted(bluesky, language=language))
    assert bluesky.posts[0]["langs"] == [language]


# Pictures.


def test_alt_texts_arrive_letter_for_letter_up_to_the_longest(bluesky: RealBluesky) -> None:
    alt = (f"{ALT} – بندر {FAMILY}\n" * 100)[: NETWORK.can.alt]
    media = tuple(replace(picture(bluesky), alt=f"{number}{alt[1:]}") for number in range(NETWORK.can.media))
    published(bluesky, drafted(bluesky, media=media))
    assert bluesky.alts(0) == [each.alt for each in media]


@pytest.mark.parametrize(("kind", "most"), [("media", 2_000_000), ("image", 1_000_000)])
def test_a_picture_of_the_largest_size_that_we_allow_is_taken(kind: str, most: int, bluesky: RealBluesky) -> None:
    bluesky.pictures["/card.png"] = png(10, 10) + bytes(most - len(png(10, 10)))
    fields = {"media": (picture(bluesky),), "image": None} if kind == "media" else {"image": picture(bluesky)}
    (posted,) = published(bluesky, drafted(bluesky, **fields))
    embed = bluesky.posts[0]["embed"]
    blob = embed["images"][0]["image"] if kind == "media" else embed["external"]["thumb"]
    assert blob["size"] == most
    assert posted.remarks == ()


@pytest.mark.parametrize(("kind", "most"), [("media", 2_000_000), ("image", 1_000_000)])
def test_a_larger_picture_would_be_refused(kind: str, most: int, bluesky: RealBluesky, monkeypatch: Patch) -> None:
    names = {"media": "_LARGEST_PICTURE", "image": "_LARGEST_THUMB"}
    monkeypatch.setattr(f"services.social.networks.bluesky.{names[kind]}", most + 1)
    bluesky.pictures["/card.png"] = png(10, 10) + bytes(most + 1 - len(png(10, 10)))
    fields = {"media": (picture(bluesky),), "image": None} if kind == "media" else {"image": picture(bluesky)}
    with pytest.raises(RefusedByNetwork, match=f"blob too big .maximum {most}, got {most + 1}"):
        published(bluesky, drafted(bluesky, **fields))
    assert bluesky.posts == []


# Once and only once.


def test_a_repeat_with_a_picture_is_the_same_post(bluesky: RealBluesky) -> None:
    draft = drafted(bluesky, image=picture(bluesky))
    bluesky.fault = Fault.DROP_AFTER
    with pytest.raises(Unknown):
        published(bluesky, draft)
    found = NETWORK.find(draft, bluesky.account(), bluesky.door(), AT)
    assert found == published(bluesky, draft)[0]
    assert found == published(bluesky, draft)[0]
    assert len(bluesky.posts) == 1


def test_a_repeat_whose_picture_has_changed_is_the_post_that_was_made(bluesky: RealBluesky) -> None:
    draft = drafted(bluesky, image=picture(bluesky))
    first = published(bluesky, draft)[0]
    bluesky.pictures["/card.png"] = png(20, 20)
    assert published(bluesky, draft)[0].id == first.id
    with pytest.raises(RefusedByNetwork, match="InvalidSwap"):
        published(bluesky, drafted(bluesky, "Another text."))
    assert bluesky.texts() == [TEXT]


def test_what_was_deleted_can_be_posted_again(bluesky: RealBluesky) -> None:
    draft = drafted(bluesky)
    first = published(bluesky, draft)[0]
    NETWORK.delete(first, bluesky.account(), bluesky.door())
    assert NETWORK.find(draft, bluesky.account(), bluesky.door(), AT) is None
    assert published(bluesky, draft) == [first]


def test_an_answer_to_a_post_that_is_gone_is_still_an_answer(bluesky: RealBluesky) -> None:
    first = published(bluesky, drafted(bluesky))[0]
    NETWORK.delete(first, bluesky.account(), bluesky.door())
    published(bluesky, drafted(bluesky, "Correction.", key="correction", reply_to=first))
    assert bluesky.parent(0) == first.id


# Accounts.


def test_an_account_tells_its_did_and_its_server(bluesky: RealBluesky) -> None:
    found = NETWORK.check(bluesky.account(did=""), bluesky.door())
    assert found.settings == {"did": bluesky.did, "pds": f"http://localhost:{bluesky.pds.port}"}
    published(bluesky, drafted(bluesky), replace(bluesky.account(**found.settings), server="http://127.0.0.1:1"))


def test_an_access_that_has_run_out_is_refreshed(bluesky: RealBluesky) -> None:
    expired = with_secrets(bluesky, access=bluesky.pds.expired(bluesky.login["accessJwt"]))
    with pytest.raises(TokenExpired, match="ExpiredToken"):
        published(bluesky, drafted(bluesky), expired)
    access = NETWORK.refresh(expired, bluesky.door())
    assert bluesky.requests[-1].path.endswith("refreshSession")
    assert access.secrets["refresh"] != expired.secrets["refresh"]
    published(bluesky, drafted(bluesky), replace(expired, secrets=access.secrets))
    assert bluesky.texts() == [TEXT]


def test_a_refresh_whose_answer_was_lost_can_be_repeated(bluesky: RealBluesky) -> None:
    NETWORK.refresh(bluesky.account(), bluesky.door())
    access = NETWORK.refresh(bluesky.account(), bluesky.door())
    assert bluesky.requests[-1].path.endswith("refreshSession")
    published(bluesky, drafted(bluesky), replace(bluesky.account(), secrets=access.secrets))


def test_without_a_refresh_that_works_the_password_is_used(bluesky: RealBluesky) -> None:
    for refresh in ("", "nonsense", bluesky.login["accessJwt"]):
        access = NETWORK.refresh(with_secrets(bluesky, access="", refresh=refresh), bluesky.door())
        assert bluesky.requests[-1].path.endswith("createSession")
        published(bluesky, drafted(bluesky), replace(bluesky.account(), secrets=access.secrets))
    assert bluesky.texts() == [TEXT]


def test_a_wrong_password_breaks_the_account(bluesky: RealBluesky) -> None:
    with pytest.raises(AccountBroken, match="Invalid identifier or password"):
        NETWORK.refresh(with_secrets(bluesky, refresh="", password="abcd-efgh-ijkl-mnop"), bluesky.door())


def test_an_app_password_that_was_revoked_breaks_the_account(bluesky: RealBluesky) -> None:
    bluesky.owner("com.atproto.server.revokeAppPassword", {"name": "masthead"})
    with pytest.raises(AccountBroken, match="Invalid identifier or password"):
        NETWORK.refresh(bluesky.account(), bluesky.door())


def test_an_account_that_was_deactivated_is_broken_until_it_is_active_again(bluesky: RealBluesky) -> None:
    bluesky.owner("com.atproto.server.deactivateAccount", {"deleteAfter": "2099-01-01T00:00:00Z"})
    with pytest.raises(AccountBroken, match="deactivated"):
        published(bluesky, drafted(bluesky))
    with pytest.raises(AccountBroken, match="not active: deactivated"):
        NETWORK.check(bluesky.account(), bluesky.door())
    bluesky.owner("com.atproto.server.activateAccount", {})
    published(bluesky, drafted(bluesky))


def test_an_account_that_was_taken_down_is_told_so(bluesky: RealBluesky) -> None:
    bluesky.pds.take_down(bluesky.did)
    with pytest.raises(AccountBroken, match="AccountTakedown"):
        published(bluesky, drafted(bluesky))
    with pytest.raises(AccountBroken, match="AccountTakedown"):
        NETWORK.refresh(bluesky.account(), bluesky.door())
    with pytest.raises(AccountBroken, match="Could not find user info"):
        NETWORK.check(bluesky.account(), bluesky.door())


def test_an_account_that_was_deleted_is_broken(bluesky: RealBluesky) -> None:
    bluesky.pds.call("com.atproto.admin.deleteAccount", {"did": bluesky.did}, admin=True)
    account, door = bluesky.account(), bluesky.door()
    for act in (
        lambda: published(bluesky, drafted(bluesky)),
        lambda: NETWORK.refresh(account, door),
        lambda: NETWORK.check(account, door),
    ):
        with pytest.raises(AccountBroken):
            act()


def test_too_many_logins_are_limited_and_say_how_long(bluesky: RealBluesky) -> None:
    wrong = with_secrets(bluesky, refresh="", password="abcd-efgh-ijkl-mnop")
    with pytest.raises(RateLimited) as caught:
        for _ in range(31):
            with contextlib.suppress(AccountBroken):
                NETWORK.refresh(wrong, bluesky.door())
    assert caught.value.retry_after is not None
    assert 200 < caught.value.retry_after <= 300


def test_a_post_says_nothing_of_a_pause_while_many_calls_remain(bluesky: RealBluesky) -> None:
    assert published(bluesky, drafted(bluesky))[0].pause == 0
