"""X, by its API of version 2. Every post costs money: see `cost`. https://docs.x.com/x-api

Settings: `client_id` of the app, `monthly_cap` in US dollars; `check` finds `user` and `username`.
Secrets: `token`, of two hours; `refresh`, which each use replaces; `client_secret` if the app is a confidential client.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, words_of
from services.social.draft import Draft, Media, Posted
from services.social.network import Access, Account, Capabilities, Checked, Measured, Network
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import (
    AccountBroken,
    Duplicate,
    Gone,
    PostError,
    RateLimited,
    RefusedByNetwork,
    TokenExpired,
)
from services.social.sign_in import SignIn
from services.social.tokens import exchange
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, multipart

_LARGEST_PICTURE = 5_000_000
_BROKEN = ("client-forbidden", "not-authorized-for-resource", "unsupported-authentication")


class X(Network):
    name = "x"
    server = "https://api.x.com"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"scopes": str}
    more_secrets = ("refresh", "client_secret")
    can = Capabilities(
        delete=True,
        find=True,
        measure=True,
        check=True,
        refresh=True,
        thread=True,
        uploads=True,
        media=4,
        alt=1000,
        cost=(0.015, 0.20),
    )
    secrets = ("token",)
    settings = ("client_id", "monthly_cap")
    refreshed_by = ("refresh",)
    hints: ClassVar[Mapping[str, str]] = {
        "client_id": "X's developer console: your app, Keys and tokens, OAuth 2.0 Client ID.",
        "client_secret": "Beside the Client ID, if the app is a web app or bot; native apps have none.",
        "monthly_cap": "How many US dollars posts may cost in a month; a post with a link costs 0.20.",
        "token": "An OAuth 2.0 access token of your account; it lasts two hours.",
        "refresh": "The refresh token that came with the access token.",
    }

    def sign_in(self, account: Account) -> SignIn:
        return SignIn(
            (account.server or "https://x.com") + "/i/oauth2/authorize",
            account.server or self.server,
            "/2/oauth2/token",
            ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access"),
            needs=("client_id",),
            pkce=True,
            basic=True,
            lasts=timedelta(hours=2),
        )

    def rule(self, account: Account) -> Rule:
        return rules.X

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        post: dict[str, Any] = {"text": draft.texts[part]}
        if draft.media and part == 0:
            post["media"] = {"media_ids": [_upload(each, account, caller) for each in draft.media]}
        before = done[-1] if done else draft.reply_to
        if before is not None:
            post["reply"] = {"in_reply_to_tweet_id": before.id}
        try:
            reply = caller.call("POST", "/2/tweets", content=post, headers=_bearer(account), once=True)
        except Duplicate as refused:
            return self.landed(refused, draft, account, door, done)
        number = reply.name("data", "id")
        return Posted(number, _link(number), part, pause=waiting.pause(reply.headers))

    def find(
        self,
        draft: Draft,
        account: Account,
        door: Door,
        since: datetime,
        *,
        done: Sequence[Posted] = (),
        others: Collection[str] = (),
    ) -> Posted | None:
        part = len(done)
        link = draft.link if part == 0 else ""
        own = _own(self._caller(account, door), account, part)
        return first_match(own, draft.texts[part], since, link=link, known=done, others=others)

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        path = f"/2/tweets/{quote(posted.id, safe='')}"
        try:
            self._caller(account, door).call("DELETE", path, headers=_bearer(account))
        except Gone:
            return

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        path, query = f"/2/tweets/{quote(posted.id, safe='')}", {"tweet.fields": "public_metrics"}
        reply = self._caller(account, door).call("GET", path, query=query, headers=_bearer(account))
        if reply.get("data") is None:
            raise Gone("The post is not there any more.")
        names = ("like_count", "retweet_count", "reply_count")
        return Measured(*(reply.number("data", "public_metrics", name) for name in names))

    def check(self, account: Account, door: Door) -> Checked:
        reply = self._caller(account, door).call("GET", "/2/users/me", headers=_bearer(account))
        name, (plain, linked) = reply.name("data", "username"), self.can.cost
        cost = f"X takes ${plain:.3f} for a post and ${linked:.2f} for a post with a link."
        settings = {"user": reply.name("data", "id"), "username": name}
        return Checked(name, f"https://x.com/{quote(name)}", settings, remarks=(cost,))

    def refresh(self, account: Account, door: Door) -> Access:
        form = {"grant_type": "refresh_token", "refresh_token": account.secrets["refresh"]}
        return exchange(self.sign_in(account), account, door, form, deadline=self.deadline)

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server or self.server, deadline=self.deadline, judge=_judge)


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    """X refuses in the terms of RFC 9457, and says 403 for posts it does not like as for accounts it does not."""
    if status < 400 or status == 404:
        return None
    told = words_of(fields.get("detail") or fields.get("title") or f"HTTP {status}")
    kind, lower = str(fields.get("type", "")), told.lower()
    if "usage-capped" in kind:
        return RateLimited(told)
    if status == 401:
        return TokenExpired(told)
    if status == 402 or any(name in kind for name in _BROKEN) or "suspended" in lower or "locked" in lower:
        return AccountBroken(told)
    if status == 403:
        return (Duplicate if "duplicate" in lower else RefusedByNetwork)(told)
    return None


def _upload(media: Media, account: Account, caller: Caller) -> str:
    picture, kind = caller.picture(media, most=_LARGEST_PICTURE)
    file = (f"picture.{kind.partition('/')[2]}", picture, kind)
    body, content_type = multipart({"media_category": "tweet_image"}, {"media": file})
    headers = _bearer(account) | {"Content-Type": content_type}
    number = caller.call("POST", "/2/media/upload", body=body, headers=headers).name("data", "id")
    described = {"id": number, "metadata": {"alt_text": {"text": media.alt}}}
    caller.call("POST", "/2/media/metadata", content=described, headers=_bearer(account))
    return number


def _own(caller: Caller, account: Account, part: int) -> Iterator[Candidate]:
    user = account.settings.get("user")
    if not user:
        raise AccountBroken("The account has not been checked yet: its number is not known.")
    query = {"max_results": "100", "exclude": "retweets", "tweet.fields": "created_at,entities"}
    while True:
        path = f"/2/users/{quote(str(user), safe='')}/tweets"
        reply = caller.call("GET", path, query=query, headers=_bearer(account))
        if reply.get("meta", "result_count") == 0:
            return
        for each in reply.many("data"):
            number = str(each.get("id"))
            text, links = _expanded(each)
            yield Candidate(Posted(number, _link(number), part), text, each.get("created_at"), links)
        if not reply.get("meta", "next_token"):
            return
        query["pagination_token"] = reply.name("meta", "next_token")


def _expanded(post: Mapping[str, Any]) -> tuple[str, set[str]]:
    """The text as it was sent, and the links that X has put its own in the place of."""
    text, links = str(post.get("text", "")), set()
    entities = post.get("entities")
    urls = entities.get("urls") if isinstance(entities, dict) else None
    for each in urls if isinstance(urls, list) else []:
        if isinstance(each, dict) and each.get("url") and each.get("expanded_url"):
            links.add(str(each["expanded_url"]))
            text = text.replace(str(each["url"]), str(each["expanded_url"]))
    return html.unescape(text), links


def _link(number: str) -> str:
    return f"https://x.com/i/status/{quote(number)}"


def _bearer(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secrets['token']}"}
