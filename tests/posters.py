"""Outside posters as they are: programs that ask for a feed now and then, and take from it what they hold for new."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import feedparser
import pytest
import requests
from sqlalchemy import select, update

from services.social import enrolling, offering, turns
from services.social.accounts import by_name, mark_removed
from shared.db import db_now
from shared.http import Door
from shared.listeners import SOCIAL_FETCHED
from shared.models import Event, OutboxRow, SocialPost
from shared.urls import poster_path
from tests.factories import NOW
from tests.newsroom import ZONE, let_pass
from tests.paper import Paper
from tests.social import SocialDesk, social_desk

ZAPIER = {"User-Agent": "Zapier"}


class Poller:
    """Asks a feed; what it takes from it, it posts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.posted: list[str] = []
        self._tag: str | None = None

    def get(self, method: str = "GET", **headers: str) -> requests.Response:
        given = {**ZAPIER, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return requests.request(method, self.url, headers=given, timeout=10)

    def poll(self) -> None:
        known = {"If_None_Match": self._tag} if self._tag else {}
        answer = self.get(**known)
        assert answer.status_code in (200, 304)
        if answer.status_code == 200:
            self._tag = answer.headers["ETag"]
            self.take(feedparser.parse(answer.content).entries)

    def take(self, entries: list[Any]) -> None:
        raise NotImplementedError


class NewestOnly(Poller):
    """Takes the item with the latest date, if its link is another than the last time: Postiz does so."""

    last = ""

    def take(self, entries: list[Any]) -> None:
        newest = max(entries, key=lambda entry: entry.published_parsed, default=None)
        if newest is not None and newest.link != self.last:
            self.last = newest.link
            self.posted.append(newest.title)


class AllNew(Poller):
    """Takes every item whose id it has not seen, the oldest first: Zapier and IFTTT do so."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._seen: set[str] = set()

    def take(self, entries: list[Any]) -> None:
        for entry in reversed(entries):
            if entry.id not in self._seen:
                self._seen.add(entry.id)
                self.posted.append(entry.title)


class PosterDesk(SocialDesk):
    """A social desk with accounts that are fetched."""

    def open(self, name: str = "zapier", *, choice: dict[str, Any] | None = None, **settings: Any) -> str:
        """Makes an account for an outside poster, as `masthead accounts add` does; gives the token of its address."""
        given = {"for": "mastodon", "template": "{{ headline }} {{ url }}", **settings}
        application = enrolling.Application(name, "outside", settings=given, choice=choice or {})
        rules = enrolling.judge(application, Door())[1]
        with self.db.write() as session:
            made_at = NOW - timedelta(days=1)
            row = enrolling.store(session, application, rules, None, self.settings.make_vault(), made_at)
            token = offering.new_address(row)
            now = session.scalars(select(db_now())).one()
            turns.give(session, [row], ZONE, now, NOW)
        return token

    def rotate(self, name: str = "zapier") -> str:
        with self.db.write() as session:
            return offering.new_address(by_name(session, name))

    def remove(self, name: str = "zapier") -> None:
        with self.db.write() as session:
            mark_removed(session, by_name(session, name))

    def url(self, token: str, format: str = "rss") -> str:
        return self.feed.url + poster_path(token, format)

    def until_on_top(self, headline: str) -> SocialPost:
        """Lets work be done until an article is on top of the feed, and nobody has fetched it."""

        def found() -> SocialPost | None:
            return next((post for post in self.posts(wanted="fetch", digest_id=None) if headline in _text(post)), None)

        post = self.until(found)
        assert post is not None
        return post

    def until_sent(self, count: int) -> list[SocialPost]:
        """Lets work be done until so many posts were fetched."""

        def sent() -> list[SocialPost]:
            found = self.posts(state="sent")
            return found if len(found) == count else []

        return self.until(sent)

    def gap_passes(self, name: str = "zapier") -> None:
        self.change_account(name, paused_until=0.0)

    def time_passes(self, *posts: SocialPost) -> None:
        """Lets the time of these posts be over."""
        with self.db.write() as session:
            mine = update(SocialPost).where(SocialPost.id.in_([post.id for post in posts]))
            session.execute(mine.values(not_after=time.time() - 1))
            session.execute(mine.where(SocialPost.wanted == "fetch").values(due_at=time.time() - 1))
            self._give_turns(session)

    def change_post(self, post: SocialPost, **values: Any) -> None:
        """Lets the record say something else, as if time had passed."""
        with self.db.write() as session:
            session.execute(update(SocialPost).where(SocialPost.id == post.id).values(**values))

    @contextmanager
    def visits_unheard(self) -> Iterator[None]:
        """Inside, social does not hear of the visits there were until now."""
        with self.db.write() as session:
            mine = update(OutboxRow).where(OutboxRow.listener == SOCIAL_FETCHED.name, OutboxRow.due_at.is_not(None))
            session.execute(mine.values(due_at=db_now() + 1000))
        yield
        let_pass(self.db, SOCIAL_FETCHED.name)

    def visits(self) -> int:
        """How often the feed service told that something was fetched."""
        with self.db.read() as session:
            return len(session.scalars(select(Event.id).where(Event.name == "PosterFetched")).all())


def _text(post: SocialPost) -> str:
    return "\n".join(post.draft["texts"]) if post.draft else ""


@contextmanager
def poster_desk(paper: Paper, environment: pytest.MonkeyPatch) -> Iterator[PosterDesk]:
    with social_desk(paper, environment, [], PosterDesk) as desk:
        yield desk
