"""What only one network does, against its server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.social.credentials import Secrets
from services.social.draft import Posted
from services.social.network import Network
from services.social.networks import NETWORKS
from services.social.networks.lookup import MOST
from services.social.outcomes import (
    AccountBroken,
    Cannot,
    NotSent,
    PostError,
    RateLimited,
    RefusedByNetwork,
    TokenExpired,
    Unknown,
)
from tests.networks.bluesky import DID, BlueskyServer
from tests.networks.discord import DiscordServer
from tests.networks.facebook import APP, APP_SECRET, FacebookServer
from tests.networks.linkedin import LinkedInServer
from tests.networks.mastodon import MastodonServer
from tests.networks.matrix import ROOM, MatrixServer
from tests.networks.server import Answer, Fault, NetworkServer, png
from tests.networks.slack import SlackServer, SlackWebhookServer
from tests.networks.suite import LINK, TEXT, drafted, picture
from tests.networks.telegram import TelegramServer
from tests.networks.threads import ThreadsServer
from tests.networks.x import XServer
from tests.unit.social.golden import article

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)


@contextlib.contextmanager
def started(server: NetworkServer) -> Iterator[tuple[NetworkServer, Network]]:
    try:
        yield server, NETWORKS[server.network.name]
    finally:
        server.close()


def publish(server: NetworkServer, *texts: str, **fields: object) -> Posted:
    network = NETWORKS[server.network.name]
    return network.publish(drafted(server, *texts, **fields), server.account(), server.door())


# Mastodon.


@pytest.mark.parametrize("old", [False, True])
def test_mastodon_tells_its_own_limits(old: bool) -> None:
    with started(MastodonServer(limit=7777, old=old)) as (server, network):
        found = network.check(server.account(), server.door()).settings
        assert found["max_characters"] == 7777
        assert network.rule(server.account(**found)).limit == 7777
        assert found.get("link_weight") == (None if old else 23)
        assert found.get("max_alt") == (None if old else 1500)


def test_mastodon_refuses_in_its_own_words() -> None:
    with (
        started(MastodonServer(limit=20)) as (server, _),
        pytest.raises(RefusedByNetwork, match="limit of 20 exceeded"),
    ):
        publish(server)


def test_mastodon_is_told_language_warning_and_visibility() -> None:
    with started(MastodonServer()) as (server, network):
        account = server.account(visibility="unlisted")
        for language in ("fa-IR", "zh-CN", "zh-Hans"):
            draft = drafted(server, f"In {language}", language=language, warning="War", key=language)
            network.publish(draft, account, server.door())
        assert [post["language"] for post in server.posts] == ["fa", "zh-CN", "zh"]
        assert {(post["spoiler_text"], post["sensitive"], post["visibility"]) for post in server.posts} == {
            ("War", True, "unlisted")
        }


def test_mastodon_does_not_attach_a_picture_that_is_not_ready() -> None:
    with started(MastodonServer(pending=1)) as (server, network):
        draft = drafted(server, media=(picture(server),))
        with pytest.raises(NotSent) as caught:
            network.publish(draft, server.account(), server.door())
        assert caught.value.retry_after == 5.0
        assert server.posts == []
        network.publish(draft, server.account(), server.door())
        assert len(server.posts) == 1


def test_a_post_is_found_behind_many_newer_ones() -> None:
    with started(MastodonServer()) as (server, network):
        draft = drafted(server)
        posted = publish(server)
        for number in range(45):
            publish(server, f"Another {number}", key=f"other{number}")
        found = network.find(draft, server.account(), server.door(), HOUR_AGO)
        assert found is not None
        assert found.id == posted.id
        assert network.find(draft, server.account(), server.door(), datetime.now(UTC) + timedelta(hours=1)) is None
        server.posts = [{**server.posts[-1], "id": str(number)} for number in range(MOST + 1)]
        with pytest.raises(Cannot, match="too many to look through"):
            network.find(draft, server.account(), server.door(), HOUR_AGO)


def test_the_last_post_that_is_allowed_says_how_long_to_wait() -> None:
    with started(MastodonServer()) as (server, _):
        server.remaining = 1
        assert 0 < publish(server).pause <= 92


# Bluesky.


def test_bluesky_names_links_and_hashtags_by_their_bytes() -> None:
    with started(BlueskyServer()) as (server, _):
        publish(server)
        facets = server.posts[0]["facets"]
        assert [facet["features"][0]["$type"] for facet in facets] == [
            "app.bsky.richtext.facet#link",
            "app.bsky.richtext.facet#tag",
        ]
        assert server.posts[0]["langs"] == ["en-GB"]
        assert server.posts[0]["createdAt"] == "2026-01-05T09:30:00.000Z"


def test_bluesky_logs_in_refreshes_and_logs_in_again_when_that_has_run_out() -> None:
    with started(BlueskyServer()) as (server, network):
        account = replace(server.account(), secrets=Secrets({"password": "abcd-efgh-ijkl-mnop"}))
        with pytest.raises(TokenExpired):
            network.publish(drafted(server), account, server.door())
        for path in ("createSession", "refreshSession", "createSession"):
            access = network.refresh(account, server.door())
            assert server.requests[-1].path.endswith(path)
            account = replace(account, secrets=access.secrets)
            if path == "refreshSession":
                account = replace(account, secrets=access.secrets.renewed({"refresh": "refresh-0"}))
        network.publish(drafted(server), account, server.door())
        assert server.texts() == [TEXT]
        assert account.secrets["password"] == "abcd-efgh-ijkl-mnop"


@pytest.mark.parametrize("document", [True, False])
def test_bluesky_finds_the_server_of_an_account(document: bool) -> None:
    with started(BlueskyServer(document=document)) as (server, network):
        settings = {"did": "", "directory": server.url}
        found = network.check(server.account(**settings), server.door())
        assert found.settings == {"did": DID, "pds": server.url}
        moved = replace(server.account(**found.settings), server="http://127.0.0.1:1")
        network.publish(drafted(server), moved, server.door())
        assert server.texts() == [TEXT]


def test_bluesky_keeps_another_record_under_the_same_key() -> None:
    with started(BlueskyServer()) as (server, network):
        first = publish(server)
        again = network.publish(drafted(server, image=picture(server)), server.account(), server.door())
        assert again == first, "the text is the same, so it is the post that was made"
        with pytest.raises(RefusedByNetwork, match="InvalidSwap"):
            publish(server, "Another text.")
        assert server.texts() == [TEXT]


def test_bluesky_is_told_no_hashtag_for_which_it_would_refuse_the_post() -> None:
    with started(BlueskyServer()) as (server, network):
        long = "क्षि" * 54  # 54 graphemes, 648 bytes
        account = server.account(template="{{ headline }} {{ hashtags }}")
        draft = network.compose(article(tags=(long, "Bridges")), account, key="long", at=HOUR_AGO)
        network.publish(draft, account, server.door())
        assert f"#{long} #Bridges" in server.texts()[0]
        assert [facet["features"][0]["tag"] for facet in server.posts[0]["facets"]] == ["Bridges"]


def test_bluesky_says_of_a_closed_account_that_it_is_closed() -> None:
    with started(BlueskyServer()) as (server, network):
        server.closed = True
        with pytest.raises(AccountBroken, match="AccountTakedown"):
            network.refresh(server.account(), server.door())
        with pytest.raises(AccountBroken, match="Could not find user info"):
            network.check(server.account(), server.door())


def test_bluesky_posts_a_card_without_a_picture_that_is_too_large() -> None:
    with started(BlueskyServer()) as (server, _):
        server.pictures["/card.png"] = png(10, 10) + bytes(1_000_001)
        posted = publish(server, image=picture(server))
        assert server.card(0) == (LINK, "Harbour reopens", "After three days ships come in again.", False)
        assert "at most 1,000,000" in posted.remarks[0]


# Telegram and Discord.


def test_telegram_shows_the_article_s_preview_and_links_to_the_post() -> None:
    with started(TelegramServer()) as (server, network):
        posted = publish(server)
        assert posted.url == "https://t.me/newsroom/100"
        assert server.posts[0]["link_preview_options"] == {"url": LINK}
        found = network.check(server.account(), server.door()).settings
        assert found == {"chat": -1001234, "username": "newsroom"}


def test_telegram_breaks_off_with_a_channel_that_is_not_there() -> None:
    with started(TelegramServer()) as (server, network), pytest.raises(AccountBroken, match="chat not found"):
        network.publish(drafted(server), server.account(chat="@gone"), server.door())


def test_discord_asks_for_the_stored_message_and_waits_when_told() -> None:
    with started(DiscordServer()) as (server, network):
        server.remaining = 1
        posted = publish(server)
        assert posted.url == "https://discord.com/channels/77/88/555000"
        assert posted.pause == 20.5
        with pytest.raises(RefusedByNetwork, match="2000 or fewer"):
            publish(server, "a" * 2001)
        assert network.check(server.account(), server.door()).settings == {"guild": "77", "channel": "88"}


@pytest.mark.parametrize("webhook", ["https://news.example/hook", "http://127.0.0.1/api/webhooks/1/../../x"])
def test_an_address_that_is_no_webhook_is_not_called(webhook: str) -> None:
    for server in (DiscordServer(), SlackWebhookServer()):
        with started(server) as (_, network):
            account = replace(server.account(), secrets=Secrets({"webhook": webhook}))
            with pytest.raises(AccountBroken, match="is no address of"):
                network.publish(drafted(server), account, server.door())
            assert server.requests == []


# Slack and Matrix.


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("msg_too_long", RefusedByNetwork),
        ("not_in_channel", AccountBroken),
        ("ratelimited", RateLimited),
        ("internal_error", Unknown),
        ("some_new_word", AccountBroken),
    ],
)
def test_slack_says_200_and_means_something_else(error: str, outcome: type[PostError]) -> None:
    with started(SlackServer()) as (server, _):
        server.answer = lambda request: Answer(200, {"ok": False, "error": error})  # type: ignore[method-assign]
        with pytest.raises(outcome, match=error):
            publish(server)


def test_a_post_on_slack_whose_address_is_not_told_is_sent() -> None:
    with started(SlackServer()) as (server, _):
        answer = server.answer
        gone = Answer(200, {"ok": False, "error": "message_not_found"})
        server.answer = lambda request: gone if "getPermalink" in request.path else answer(request)  # type: ignore[method-assign]
        posted = publish(server)
        assert (posted.id, posted.url) == (server.posts[0]["ts"], "")
        assert "address of the post was not told" in posted.remarks[0]


def test_slack_reads_no_markup_in_a_headline() -> None:
    with started(SlackServer()) as (server, _):
        publish(server, "1 < 2 & <!channel> is no call")
        assert server.posts[0]["text"] == "1 &lt; 2 &amp; &lt;!channel&gt; is no call"


def test_an_answer_on_slack_is_found_in_its_thread() -> None:
    with started(SlackServer()) as (server, network):
        first = publish(server)
        draft = drafted(server, "Correction.", key="correction", reply_to=first)
        assert network.find(draft, server.account(), server.door(), HOUR_AGO) is None
        posted = network.publish(draft, server.account(), server.door())
        assert network.find(draft, server.account(), server.door(), HOUR_AGO) == posted


def test_matrix_refreshes_resolves_an_alias_and_refuses_an_encrypted_room() -> None:
    with started(MatrixServer()) as (server, network):
        server.fault = Fault.UNAUTHORISED
        with pytest.raises(TokenExpired):
            publish(server)
        assert dict(network.refresh(server.account(), server.door()).secrets) == server.secrets()
        alias = server.account(room="#news:matrix.example")
        assert network.check(alias, server.door()).settings == {"room": ROOM}
    with started(MatrixServer(encrypted=True)) as (server, network), pytest.raises(AccountBroken, match="encrypted"):
        network.check(server.account(), server.door())


def test_matrix_takes_back_what_was_corrected_with_its_corrections() -> None:
    with started(MatrixServer()) as (server, network):
        posted = publish(server)
        network.edit(posted, drafted(server, "Corrected.", key="corrected"), server.account(), server.door())
        network.delete(posted, server.account(), server.door())
        assert [each["content"] for each in server.events] == [{}, {}]


def test_matrix_knows_who_has_left_the_room_and_that_there_is_none() -> None:
    with started(MatrixServer()) as (server, network):
        with pytest.raises(AccountBroken, match="There is no room #gone"):
            network.check(server.account(room="#gone:matrix.example"), server.door())
        server.joined = False
        with pytest.raises(AccountBroken, match="is not in the room"):
            network.check(server.account(), server.door())
        with pytest.raises(AccountBroken, match="M_FORBIDDEN"):
            publish(server)


# X, Facebook, Threads and LinkedIn.


def test_x_takes_a_refusal_as_duplicate_for_the_post_it_is() -> None:
    with started(XServer()) as (server, _):
        first = publish(server)
        again = publish(server)
        assert (again.id, again.url) == (first.id, first.url)
        assert again.remarks
        assert len(server.posts) == 1
        server.posts[0]["created_at"] = "2020-01-01T00:00:00Z"
        with pytest.raises(RefusedByNetwork, match="duplicate"):
            publish(server)


def test_x_says_what_it_costs_and_changes_its_refresh_token() -> None:
    with started(XServer()) as (server, network):
        assert network.cost(drafted(server, TEXT, "No link.")) == pytest.approx(0.215)
        assert "$0.20" in network.check(server.account(), server.door()).remarks[0]
        renewed = network.refresh(server.account(), server.door()).secrets
        assert dict(renewed) == {"token": "access-2", "refresh": "refresh-2"}
        with pytest.raises(AccountBroken, match="token was invalid"):
            network.refresh(replace(server.account(), secrets=Secrets({"refresh": "refresh-1"})), server.door())


def test_facebook_waits_for_a_page_that_cannot_be_fetched_yet_and_knows_its_duplicate() -> None:
    with started(FacebookServer()) as (server, _):
        server.unscraped = True
        with pytest.raises(NotSent, match="scraping"):
            publish(server)
        server.unscraped = False
        assert publish(server).id == publish(server).id


def test_facebook_tells_its_app_when_a_token_ends_and_nobody_else() -> None:
    with started(FacebookServer()) as (server, network):
        server.expires = 1_790_000_000
        unknown = network.check(server.account(), server.door())
        assert unknown.expires is None
        assert "app access token" in unknown.remarks[0]
        secrets = Secrets(server.secrets() | {"client_secret": APP_SECRET})
        account = replace(server.account(client_id=APP), secrets=secrets)
        assert network.check(account, server.door()).expires == datetime.fromtimestamp(1_790_000_000, UTC)
        server.valid = False
        with pytest.raises(AccountBroken, match="invalidated"):
            network.check(account, server.door())


@pytest.mark.parametrize(
    ("state", "outcome"), [("IN_PROGRESS", NotSent), ("EXPIRED", NotSent), ("ERROR", RefusedByNetwork)]
)
def test_threads_publishes_only_what_is_finished(state: str, outcome: type[PostError]) -> None:
    with started(ThreadsServer()) as (server, network):
        server.states = [state]
        account, door = server.account(), server.door()
        draft = network.prepare(drafted(server), account, door)
        with pytest.raises(outcome):
            network.publish(draft, account, door)
        assert network.find(draft, account, door, HOUR_AGO) is None
        again = network.prepare(draft, account, door)
        assert (again == draft) == (state == "IN_PROGRESS"), "a container that is lost is made anew"
        assert server.posts == []


def test_threads_takes_no_container_for_the_post_made_of_it() -> None:
    """Deleting what has the container's number would leave the post where it is."""
    with started(ThreadsServer()) as (server, network):
        account, door = server.account(), server.door()
        draft = replace(network.prepare(drafted(server), account, door), at=datetime.now(UTC).isoformat())
        posted = network.publish(draft, account, door)
        listed, server.posts = server.posts, []
        with pytest.raises(Unknown, match="not listed yet"):
            network.find(draft, account, door, HOUR_AGO)
        old = replace(draft, at=(datetime.now(UTC) - timedelta(hours=2)).isoformat())
        assert network.find(old, account, door, HOUR_AGO) == Posted(
            "", remarks=("It is published, but Threads does not list it.",)
        )
        server.posts = listed
        assert network.find(draft, account, door, HOUR_AGO) == posted


def test_threads_publishes_a_container_once_and_renews_its_token() -> None:
    with started(ThreadsServer()) as (server, network):
        account, door = server.account(), server.door()
        draft = network.prepare(drafted(server), account, door)
        assert network.publish(draft, account, door) == network.publish(draft, account, door)
        assert len(server.posts) == 1
        access = network.refresh(account, door)
        assert access.secrets["token"] == "THnew"
        assert access.expires is not None
        assert timedelta(days=59) < access.expires - datetime.now(UTC) < timedelta(days=61)


def test_linkedin_escapes_what_would_cut_the_text() -> None:
    with started(LinkedInServer()) as (server, network):
        publish(server, "A (small) _test_ {of} [all] | <of> * ~ @them \\ #tag #بندر")
        assert server.posts[0]["commentary"] == (
            r"A \(small\) \_test\_ \{of\} \[all\] \| \<of\> \* \~ \@them \\ {hashtag|\#|tag} {hashtag|\#|بندر}"
        )
        assert publish(server, TEXT).id == publish(server, TEXT).id, "a duplicate is the post that was made"
        with pytest.raises(AccountBroken, match="newer version"):
            network.publish(drafted(server, "Old"), server.account(version="202401"), server.door())


def test_linkedin_takes_a_card_of_a_long_headline_and_summary() -> None:
    with started(LinkedInServer()) as (server, _):
        publish(server, title="Harbour " * 62, description="Ships come in. " * 330)
        card = server.card(0)
        assert card is not None
        assert 380 < len(card[1]) <= 400
        assert 4050 < len(card[2]) <= 4086


def test_linkedin_keeps_its_refresh_token_when_none_comes_back() -> None:
    with started(LinkedInServer()) as (server, network):
        secrets = Secrets({"token": "AQold", "refresh": "AQrefresh", "client_secret": "li-app-secret"})
        account = replace(server.account(), secrets=secrets)
        renewed = network.refresh(account, server.door()).secrets
        assert dict(renewed) == {"token": "AQnew", "refresh": "AQrefresh", "client_secret": "li-app-secret"}
