"""The newsroom's social accounts, as an editor would tell it: posted once on each, corrected, taken back."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
from sqlalchemy import select

from shared.db import Database
from shared.models import OutboxRow
from tests.accounts import add_account
from tests.networks.bluesky import BlueskyServer
from tests.networks.mastodon import MastodonServer
from tests.networks.server import NetworkServer
from tests.system import Installation, wait_for

SOON = 10.0  # seconds in which a withdrawal reaches every network


@pytest.fixture(scope="module")
def mastodon() -> Iterator[MastodonServer]:
    with closing(MastodonServer()) as server:
        yield server


@pytest.fixture(scope="module")
def bluesky() -> Iterator[BlueskyServer]:
    with closing(BlueskyServer()) as server:
        yield server


@pytest.fixture(scope="module")
def newsroom(
    tmp_path_factory: pytest.TempPathFactory, mastodon: MastodonServer, bluesky: BlueskyServer
) -> Iterator[Installation]:
    """A newsroom that posts everything on Mastodon, and on Bluesky what is about the economy."""
    stand_ins = f"127.0.0.1:{mastodon.port},127.0.0.1:{bluesky.port}"
    with Installation(tmp_path_factory.mktemp("social"), MASTHEAD_SOCIAL_ALLOW=stand_ins) as masthead:
        add_account(masthead, mastodon, "courier-mastodon")
        add_account(masthead, bluesky, "courier-economy", sections=["economy"])
        yield masthead


def posts_about(server: NetworkServer, headline: str) -> list[str]:
    return [text for text in server.texts() if text.startswith(headline)]


def attempts(server: NetworkServer, headline: str) -> int:
    """How often the network was asked to make a post that begins with this headline."""
    return sum(1 for each in server.requests if server.makes_post(each) and headline in each.body.decode())


def is_at_rest(newsroom: Installation) -> bool:
    """Whether the social worker holds nothing: what it holds when it is killed would wait for the end of its lease."""
    held = OutboxRow.listener.startswith("social."), OutboxRow.state.in_(("offered", "claimed"))
    with closing(Database(newsroom.settings.sql_url)) as db, db.read() as session:
        return session.scalar(select(OutboxRow.id).where(*held).limit(1)) is None


def put(newsroom: Installation, receipt: dict[str, Any], **fields: Any) -> dict[str, Any]:
    headers = {**newsroom.headers, "If-Match": receipt["etag"], "Prefer": "wait=20"}
    answer = requests.put(receipt["receipt"], json=fields, headers=headers, timeout=60)
    assert answer.json()["state"] == "published", answer.text
    return dict(answer.json())


def withdraw(newsroom: Installation, receipt: dict[str, Any]) -> None:
    headers = {**newsroom.headers, "Prefer": "wait=20"}
    answer = requests.delete(receipt["receipt"], json={"reason": "It was wrong."}, headers=headers, timeout=60)
    assert answer.json()["state"] == "withdrawn"


def test_an_article_is_posted_once_on_each_account_that_chooses_it(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    newsroom.submit(headline="Harbour reopens after storm", section="Economy", tags=["Harbour"])
    newsroom.submit(headline="Rowers win by a length", section="Sport")
    wait_for(lambda: len(mastodon.posts) == 2 and len(bluesky.posts) == 1, what="three posts")
    (text,) = posts_about(mastodon, "Harbour reopens after storm")
    assert "#Harbour" in text
    assert posts_about(bluesky, "Harbour reopens after storm")
    assert not posts_about(bluesky, "Rowers win")
    for server in (mastodon, bluesky):
        assert attempts(server, "Harbour reopens after storm") == 1


def test_the_link_of_a_post_leads_to_the_page_and_says_which_account_it_came_by(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    newsroom.submit(headline="Mills grind again", section="Economy")
    (text,) = wait_for(lambda: posts_about(mastodon, "Mills grind again"))
    wait_for(lambda: posts_about(bluesky, "Mills grind again"))
    card = bluesky.card(len(bluesky.posts) - 1)
    assert card is not None
    link = re.search(r"http\S+", text)
    assert link is not None
    for url, account in ((link[0], "courier-mastodon"), (card[0], "courier-economy")):
        assert url.endswith(f"?via={account}")
        page = newsroom.get(url.removeprefix(newsroom.feed))
        assert (page.status_code, "Mills grind again" in page.text) == (200, True)


def test_an_edit_follows_where_the_network_can_edit_and_is_never_a_second_post(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    receipt = newsroom.submit(headline="Council votes on Tuesday", section="Economy")
    wait_for(lambda: posts_about(mastodon, "Council votes") and posts_about(bluesky, "Council votes"))
    put(newsroom, receipt, headline="Council votes on Wednesday", body="<p>It was moved.</p>", section="Economy")
    wait_for(lambda: posts_about(mastodon, "Council votes on Wednesday"), what="the edit")
    assert len(posts_about(mastodon, "Council votes")) == 1
    assert len(posts_about(bluesky, "Council votes on Tuesday")) == 1, "Bluesky has no edit"


def test_a_withdrawal_deletes_every_post(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    receipt = newsroom.submit(headline="A story that was wrong", section="Economy")
    wait_for(lambda: posts_about(mastodon, "A story") and posts_about(bluesky, "A story"))
    withdraw(newsroom, receipt)
    wait_for(
        lambda: not posts_about(mastodon, "A story") and not posts_about(bluesky, "A story"),
        seconds=SOON,
        what="both posts are gone",
    )


def test_a_newsroom_whose_social_worker_died_goes_on_posting(newsroom: Installation, mastodon: MastodonServer) -> None:
    wait_for(lambda: is_at_rest(newsroom), what="no turn of an account is under way")
    killed = newsroom.pids()["social-worker"]
    os.killpg(killed, signal.SIGKILL)
    newsroom.submit(headline="Submitted meanwhile")
    wait_for(lambda: posts_about(mastodon, "Submitted meanwhile"), what="the post")
    assert newsroom.pids()["social-worker"] != killed
    assert attempts(mastodon, "Submitted meanwhile") == 1


def test_the_doctor_finds_accounts_and_their_worker_well(newsroom: Installation) -> None:
    said = newsroom.masthead("doctor").stdout
    assert re.search("ok +social worker +at work", said)
    assert re.search("ok +accounts +2 active", said)
    assert re.search("ok +posts +none waits for a person", said)
