"""A post leads readers from the article's page to where people talk about it, and moves nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from services.feed import share
from services.social.networks import NETWORKS
from shared.listeners import FEED_LINK_POSTS, SOCIAL_PLAN
from shared.models import Feed, SocialPost
from tests.networks.server import NetworkServer
from tests.networks.suite import SERVERS
from tests.newsroom import claim, let_pass, work
from tests.paper import Paper, Replica
from tests.social import SocialDesk, social_desk

ITEM = re.compile(r"<item>.*?</item>|<entry.*?</entry>", re.DOTALL)


@pytest.fixture
def servers() -> Iterator[dict[str, NetworkServer]]:
    made = {name: SERVERS[name]() for name in ("mastodon", "bluesky", "discord")}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture
def mastodon(servers: dict[str, NetworkServer]) -> NetworkServer:
    return servers["mastodon"]


@pytest.fixture
def desk(paper: Paper, servers: dict[str, NetworkServer], monkeypatch: pytest.MonkeyPatch) -> Iterator[SocialDesk]:
    with social_desk(paper, monkeypatch, list(servers.values())) as made:
        yield made


class Linking:
    """The handler that lets pages lead to posts. It works when a test says so, and then for all events at once."""

    def __init__(self, desk: SocialDesk) -> None:
        self._desk = desk
        handlers = dict(desk.paper.handlers)
        self._handler = handlers.pop(FEED_LINK_POSTS.name)
        desk.paper.handlers = handlers

    def __call__(self, replica: Replica) -> None:
        """Some time later it has worked, and the web process has noticed."""
        let_pass(self._desk.db, FEED_LINK_POSTS.name)
        self._desk.paper.clock.move(minutes=1)
        assert work(self._desk.db, {FEED_LINK_POSTS.name: self._handler}), "there was no event"
        replica.follower.look()

    def again(self, seq: int) -> None:
        """Every event about the article comes once more."""
        self._handler(claim(self._desk.db, FEED_LINK_POSTS.name, seq))


@pytest.fixture
def linked(desk: SocialDesk) -> Linking:
    return Linking(desk)


def links(replica: Replica, page: str) -> list[tuple[str, str]]:
    """Name and address of each post that an article's page leads to."""
    found = re.findall(
        r'rel="syndication noopener" href="([^"]+)" aria-label="Discuss: ([^"]+)"', replica.get(page).text
    )
    return [(name, url) for url, name in found]


def discussion_urls(replica: Replica, page: str) -> list[str]:
    script = re.search(r'<script type="application/ld\+json">(.*?)</script>', replica.get(page).text)
    assert script is not None
    return json.loads(script[1]).get("discussionUrl", [])


def items(replica: Replica) -> list[Any]:
    """The items of the day's feeds, byte for byte."""
    rss, atom = (ITEM.findall(replica.get(f"/2018/04/20/feed.{format}").text) for format in ("rss", "atom"))
    (in_json,) = re.findall(r'"items":.*', replica.get("/2018/04/20/feed.json").text)
    assert rss and atom
    return [rss, atom, in_json]


def revision(desk: SocialDesk, name: str = "day:2018-04-20") -> int:
    with desk.db.read() as session:
        return session.scalars(select(Feed.revision).where(Feed.slice == name)).one()


def test_a_post_is_linked_on_the_page_and_moves_nothing_but_page_and_day(
    desk: SocialDesk, linked: Linking, servers: dict[str, NetworkServer]
) -> None:
    replica = desk.paper.replica()
    desk.publish(headline="Another of that day")
    desk.work()
    desk.add(servers["mastodon"])
    desk.add(servers["bluesky"])
    seq = desk.publish(headline="Harbour reopens")
    desk.paper.work()
    page, feeds = desk.paper.path(seq), ("/feed.rss", "/feed.atom", "/feed.json")
    tag, day_tag = (replica.get(path).headers["ETag"] for path in (page, "/2018/04/20/feed.rss"))
    whole, shown, before = [replica.get(path).data for path in feeds], items(replica), revision(desk)
    sitemap = replica.get("/2018/04/20/sitemap.xml").data
    assert links(replica, page) == discussion_urls(replica, page) == []

    let_pass(desk.db, SOCIAL_PLAN.name)
    first, second = desk.until_states("sent", "sent")
    linked(replica)
    assert links(replica, page) == [("Mastodon", first.url), ("Bluesky", second.url)]
    assert discussion_urls(replica, page) == [first.url, second.url]
    assert replica.get(page, if_none_match=tag).status_code == 200
    assert replica.get("/2018/04/20/feed.rss", if_none_match=day_tag).status_code == 200
    assert replica.get("/2018/04/20/sitemap.xml").data == sitemap
    assert revision(desk) == before + 1, "both posts have moved the day together"
    assert items(replica) == shown
    assert [replica.get(path).data for path in feeds] == whole
    assert links(desk.paper.replica(), page) == links(replica, page)


@pytest.mark.databases("sqlite")
def test_an_event_that_changes_no_link_moves_nothing(
    desk: SocialDesk, linked: Linking, servers: dict[str, NetworkServer], mastodon: NetworkServer
) -> None:
    replica = desk.paper.replica()
    desk.add(mastodon)
    desk.add(servers["discord"])
    seq = desk.publish(headline="Harbour reopens")
    mine, discord = desk.until_states("sent", "sent")
    assert discord.url, "only members can open it"
    linked(replica)
    page, before = desk.paper.path(seq), revision(desk)
    assert links(replica, page) == [("Mastodon", mine.url)]

    linked.again(seq)
    assert revision(desk) == before
    desk.paper.newsroom.edit(seq, headline="Harbour reopens early")
    desk.until_states("edited", "edited")
    edited = revision(desk)
    linked(replica)
    assert revision(desk) == edited
    assert links(replica, page) == links(replica, desk.paper.path(seq)) == [("Mastodon", mine.url)]


@pytest.mark.databases("sqlite")
def test_a_post_that_is_gone_from_its_network_leaves_the_page(
    desk: SocialDesk, linked: Linking, mastodon: NetworkServer
) -> None:
    replica = desk.paper.replica()
    desk.add(mastodon)
    seq = desk.publish(headline="Harbour reopens")
    desk.until_states("sent")
    linked(replica)
    mastodon.posts.clear()
    desk.paper.newsroom.edit(seq, summary="It took three days.")
    desk.until_states("deleted")
    before, tag = revision(desk), replica.get(desk.paper.path(seq)).headers["ETag"]
    linked(replica)
    assert links(replica, desk.paper.path(seq)) == []
    assert (revision(desk), replica.get(desk.paper.path(seq)).headers["ETag"]) == (before + 1, tag)


def test_articles_of_one_digest_lead_to_the_same_post(
    desk: SocialDesk, linked: Linking, mastodon: NetworkServer
) -> None:
    replica = desk.paper.replica()
    desk.add(mastodon, choice={"burst": {"posts": 1, "minutes": 60}})
    desk.paper.newsroom.publish_many(
        [{"headline": name, "published_at": desk.paper.clock.now()} for name in ("Harbour reopens", "Ferry late")]
    )
    carrier, follower = desk.until_states("sent", "sent")
    linked(replica)
    pages = [desk.paper.path(post.article_seq) for post in (carrier, follower)]
    assert carrier.url and [links(replica, page) for page in pages] == [[("Mastodon", carrier.url)]] * 2
    assert len(mastodon.posts) == 1

    desk.paper.newsroom.withdraw(carrier.article_seq)
    desk.until_states("deleted", "edited")
    linked(replica)
    assert replica.get(pages[0]).status_code == 410 and carrier.url not in replica.get(pages[0]).text
    assert links(replica, pages[1]) == [("Mastodon", carrier.url)]


@pytest.mark.databases("sqlite")
def test_several_accounts_on_a_network_are_told_apart_and_those_that_were_removed_left_out(
    desk: SocialDesk, mastodon: NetworkServer
) -> None:
    replica = desk.paper.replica()
    desk.add(mastodon, "courier")
    desk.add(mastodon, "courier-sport")
    desk.add(mastodon, "friends", visibility="private")
    page = desk.paper.path(desk.publish(headline="Harbour reopens"))
    first, second, _ = desk.until_states("sent", "sent", "sent")
    assert links(replica, page) == [
        ("Mastodon (courier)", first.url),
        ("Mastodon (courier-sport)", second.url),
    ]
    desk.change_account("courier", state="removed")
    assert links(replica, page) == [("Mastodon", second.url)]


@pytest.mark.databases("sqlite")
def test_an_address_that_is_not_for_everybody_is_no_link(
    desk: SocialDesk, linked: Linking, mastodon: NetworkServer
) -> None:
    replica = desk.paper.replica()
    desk.add(mastodon)
    page = desk.paper.path(desk.publish(headline="Harbour reopens"))
    (post,) = desk.until_states("sent")
    before = revision(desk)
    assert links(replica, page) == [("Mastodon", post.url)]
    for url in ("javascript:alert(1)", "https://t.me/c/1234/5", ""):
        with desk.db.write() as session:
            session.get_one(SocialPost, post.id).url = url
        assert links(replica, page) == []
    linked(replica)
    assert revision(desk) == before


def test_networks_without_discussion_links_are_those_where_only_members_read() -> None:
    assert set(NETWORKS) - set(share.NETWORKS) == {"discord", "slack", "slack-webhook", "matrix"}
