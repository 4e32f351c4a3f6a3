"""Mastodon, and servers that speak its API. https://docs.joinmastodon.org/methods/statuses/

Settings: `visibility` (public, unlisted, private); what `check` reads from the server: `max_characters`, `link_weight`,
`max_alt`. Secret: `token`, with the scopes write:statuses, write:media, read:statuses, read:accounts. It has no end.
A sign-in registers an app on the server: `client_id`, `client_secret`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, Reply, link_of
from services.social.draft import Draft, Media, Posted
from services.social.network import Account, Capabilities, Checked, Measured, Network
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import Gone, NotSent, RefusedByNetwork
from services.social.sign_in import SignIn
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, multipart

_LARGEST_PICTURE = 16_000_000
_SCOPES = ("write:statuses", "write:media", "read:statuses", "read:accounts")
# Languages whose tag names a script; Mastodon takes ISO 639 codes, and these two with their region.
_REGIONAL = frozenset({"zh-CN", "zh-HK", "zh-TW", "pt-BR"})


class Mastodon(Network):
    name = "mastodon"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {
        "visibility": ("public", "unlisted", "private"),
        "client_id": str,
        "scopes": str,
    }
    more_secrets = ("client_secret",)
    can = Capabilities(
        edit=True,
        delete=True,
        find=True,
        measure=True,
        check=True,
        thread=True,
        repeats=timedelta(minutes=55),  # the server keeps keys for an hour
        uploads=True,
        media=4,
        alt=1500,
        warning=True,
    )
    secrets = ("token",)
    hints: ClassVar[Mapping[str, str]] = {
        "server": "The address of your Mastodon server, such as https://newsroom.social.",
        "token": "Your server: Preferences, Development, New application, with the scopes that docs/networks.md names.",
    }

    def sign_in(self, account: Account) -> SignIn:
        server = account.server.rstrip("/")
        page = f"{server}/oauth/authorize"
        return SignIn(page, server, "/oauth/token", _SCOPES, needs=(), pkce=True, scope_again=True)

    def register(self, account: Account, redirect_uri: str, door: Door) -> Account:
        """An app of its own for each sign-in: the address that the browser comes back to is part of it."""
        scope = self.sign_in(account).scope(account.settings)
        app = {"client_name": "Masthead", "redirect_uris": redirect_uri, "scopes": scope}
        reply = self._caller(account, door).call("POST", "/api/v1/apps", content=app)
        return replace(
            account,
            settings={**account.settings, "client_id": reply.name("client_id")},
            secrets=account.secrets.renewed({"client_secret": reply.secret("client_secret")}),
        )

    def rule(self, account: Account) -> Rule:
        wanted = account.settings
        return rules.mastodon(wanted.get("max_characters", 500), wanted.get("link_weight", 23))

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        media = [self._upload(each, account, caller) for each in draft.media] if part == 0 else []
        status = _status(draft, part, media) | {"visibility": account.settings.get("visibility", "public")}
        before = done[-1] if done else draft.reply_to
        if before is not None:
            status["in_reply_to_id"] = before.id
        headers = _bearer(account) | {"Idempotency-Key": draft.part_key(part)}
        reply = caller.call("POST", "/api/v1/statuses", content=status, headers=headers, once=True)
        return _posted(reply, part, media)

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
        own = _own_statuses(self._caller(account, door), account, part)
        return first_match(own, draft.texts[part], since, known=done, others=others)

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        status = _status(draft, posted.part, posted.state.get("media", []))
        path = f"/api/v1/statuses/{quote(posted.id, safe='')}"
        reply = self._caller(account, door).call("PUT", path, content=status, headers=_bearer(account))
        return _posted(reply, posted.part, posted.state.get("media", []))

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        path = f"/api/v1/statuses/{quote(posted.id, safe='')}"
        try:
            self._caller(account, door).call("DELETE", path, headers=_bearer(account))
        except Gone:
            return

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        path = f"/api/v1/statuses/{quote(posted.id, safe='')}"
        reply = self._caller(account, door).call("GET", path, headers=_bearer(account))
        return Measured(*(reply.number(f"{name}_count") for name in ("favourites", "reblogs", "replies")))

    def check(self, account: Account, door: Door) -> Checked:
        caller = self._caller(account, door)
        me = caller.call("GET", "/api/v1/accounts/verify_credentials", headers=_bearer(account))
        return Checked(me.name("acct"), me.link("url"), settings=_limits(caller))

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server, deadline=self.deadline)

    def _upload(self, media: Media, account: Account, caller: Caller) -> str:
        picture, kind = caller.picture(media, most=_LARGEST_PICTURE)
        name = f"picture.{kind.partition('/')[2]}"
        body, content_type = multipart({"description": media.alt}, {"file": (name, picture, kind)})
        headers = _bearer(account) | {"Content-Type": content_type}
        reply = caller.call("POST", "/api/v2/media", body=body, headers=headers)
        number = reply.name("id")
        if reply.status == 202:
            ready = caller.call("GET", f"/api/v1/media/{quote(number, safe='')}", headers=_bearer(account))
            if ready.status == 206:
                raise NotSent("The server has not finished with the picture.", retry_after=5.0)
        return number


def _bearer(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secrets['token']}"}


def _status(draft: Draft, part: int, media: Sequence[str]) -> dict[str, Any]:
    """What posting and editing have in common. An edit without media_ids would remove the pictures."""
    status: dict[str, Any] = {
        "status": draft.texts[part],
        "language": draft.language if draft.language in _REGIONAL else draft.language.partition("-")[0],
        "media_ids": list(media),
    }
    if draft.warning:
        status |= {"spoiler_text": draft.warning, "sensitive": True}
    return status


def _posted(reply: Reply, part: int, media: Sequence[str]) -> Posted:
    return Posted(
        reply.name("id"),
        reply.link("url"),
        part,
        {"media": list(media)},
        pause=waiting.pause(reply.headers),
    )


def _own_statuses(caller: Caller, account: Account, part: int) -> Iterator[Candidate]:
    me = caller.call("GET", "/api/v1/accounts/verify_credentials", headers=_bearer(account)).name("id")
    query = {"limit": "40", "exclude_reblogs": "true"}
    while True:
        path = f"/api/v1/accounts/{quote(me, safe='')}/statuses"
        page = caller.call("GET", path, query=query, headers=_bearer(account)).many("items")
        for status in page:
            posted = Posted(str(status.get("id")), link_of(status.get("url")), part, {"media": _media_ids(status)})
            yield Candidate(posted, str(status.get("content")), status.get("created_at"))
        if not page:
            return
        query |= {"max_id": str(page[-1].get("id"))}


def _media_ids(status: Mapping[str, Any]) -> list[str]:
    attached = status.get("media_attachments")
    return [str(each.get("id")) for each in attached if isinstance(each, dict)] if isinstance(attached, list) else []


def _limits(caller: Caller) -> dict[str, int]:
    """The server's own figures; older and other servers tell some of them at the first version's address."""
    try:
        reply = caller.call("GET", "/api/v2/instance")
    except RefusedByNetwork:
        reply = caller.call("GET", "/api/v1/instance")
    places = {
        "max_characters": ("configuration", "statuses", "max_characters"),
        "link_weight": ("configuration", "statuses", "characters_reserved_per_url"),
        "max_alt": ("configuration", "media_attachments", "description_limit"),
    }
    found = {name: reply.get(*path) for name, path in places.items()}
    found["max_characters"] = found["max_characters"] or reply.get("max_toot_chars")
    return {name: value for name, value in found.items() if isinstance(value, int) and 0 < value <= 1_000_000}
