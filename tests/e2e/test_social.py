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


def until_posted(newsroom: Installation, receipt: dict[str, Any], **states: str) -> dict[str, dict[str, Any]]:
    """What the article's receipt tells of its posts, by account, once they are in these states."""

    def posts() -> dict[str, dict[str, Any]]:
        stages = requests.get(receipt["receipt"], headers=newsroom.headers, timeout=10).json()["stages"]
        found = {each["account"]: each for each in stages.get("posted", ())}
        wanted = {f"courier-{account}": state for account, state in states.items()}
        return found if {account: each["state"] for account, each in found.items()} == wanted else {}

    return wait_for(posts, what=f"posts about {receipt['id']} are {states}")


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
    harbour = newsroom.submit(headline="Harbour reopens after storm", section="Economy", tags=["Harbour"])
    rowers = newsroom.submit(headline="Rowers win by a length", section="Sport")
    posts = until_posted(newsroom, harbour, mastodon="sent", economy="sent")
    until_posted(newsroom, rowers, mastodon="sent")
    (text,) = posts_about(mastodon, "Harbour reopens after storm")
    assert "#Harbour" in text
    assert posts["courier-mastodon"]["url"] == mastodon.posts[0]["url"]
    assert len(posts_about(bluesky, "Harbour reopens after storm")) == 1
    assert not posts_about(bluesky, "Rowers win")
    for server in (mastodon, bluesky):
        assert attempts(server, "Harbour reopens after storm") == 1


def test_the_link_of_a_post_leads_to_the_page_and_says_which_account_it_came_by(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    receipt = newsroom.submit(headline="Mills grind again", section="Economy")
    until_posted(newsroom, receipt, mastodon="sent", economy="sent")
    (text,) = posts_about(mastodon, "Mills grind again")
    card = bluesky.card(len(bluesky.posts) - 1)
    link = re.search(r"http\S+", text)
    assert card is not None and link is not None
    for url, account in ((link[0], "courier-mastodon"), (card[0], "courier-economy")):
        assert url.endswith(f"?via={account}")
        page = newsroom.get(url.removeprefix(newsroom.feed))
        assert (page.status_code, "Mills grind again" in page.text) == (200, True)


def test_an_edit_follows_where_the_network_can_edit_and_is_never_a_second_post(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    receipt = newsroom.submit(headline="Council votes on Tuesday", section="Economy")
    until_posted(newsroom, receipt, mastodon="sent", economy="sent")
    put(newsroom, receipt, headline="Council votes on Wednesday", body="<p>It was moved.</p>", section="Economy")
    posts = until_posted(newsroom, receipt, mastodon="edited", economy="sent")
    assert [text.splitlines()[0] for text in posts_about(mastodon, "Council")] == ["Council votes on Wednesday"]
    assert [text.splitlines()[0] for text in posts_about(bluesky, "Council")] == ["Council votes on Tuesday"]
    assert posts["courier-economy"]["reason"] == "bluesky has no edit: the post shows an earlier version"


def test_a_withdrawal_deletes_every_post(
    newsroom: Installation, mastodon: MastodonServer, bluesky: BlueskyServer
) -> None:
    receipt = newsroom.submit(headline="A story that was wrong", section="Economy")
    until_posted(newsroom, receipt, mastodon="sent", economy="sent")
    withdraw(newsroom, receipt)
    wait_for(
        lambda: not posts_about(mastodon, "A story") and not posts_about(bluesky, "A story"),
        seconds=SOON,
        what="both posts are gone",
    )
    until_posted(newsroom, receipt, mastodon="deleted", economy="deleted")


def test_a_newsroom_whose_social_worker_died_goes_on_posting(newsroom: Installation, mastodon: MastodonServer) -> None:
    before = newsroom.submit(headline="Submitted before")
    until_posted(newsroom, before, mastodon="sent")
    killed = newsroom.pids()["social-worker"]
    os.killpg(killed, signal.SIGKILL)
    meanwhile = newsroom.submit(headline="Submitted meanwhile")
    until_posted(newsroom, meanwhile, mastodon="sent")
    assert newsroom.pids()["social-worker"] != killed
    for headline in ("Submitted before", "Submitted meanwhile"):
        assert attempts(mastodon, headline) == 1


def test_the_doctor_finds_accounts_and_their_worker_well(newsroom: Installation) -> None:
    said = newsroom.masthead("doctor").stdout
    assert re.search("ok +social worker +at work", said)
    assert re.search("ok +accounts +2 active", said)
    assert re.search("ok +posts +none waits for a person", said)
