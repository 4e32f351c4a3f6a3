"""LinkedIn pages of organisations. https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api

Settings: `author`, the organisation's URN; `version` of the API (YYYYMM); `client_id` of the app.
Secrets: `token`, of 60 days, with the scopes w_organization_social, r_organization_social and r_organization_admin;
`client_secret` of the app; `refresh`, of a year, which only approved partners get. Without it a person has to sign in
again every 60 days.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from services.social import waiting
from services.social.calling import Caller, words_of
from services.social.draft import Draft, Media, Posted
from services.social.network import Access, Account, Capabilities, Checked, Measured, Network
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import AccountBroken, Duplicate, Gone, PostError, RefusedByNetwork, TokenExpired
from services.social.sign_in import SignIn
from services.social.text.writing import Written
from services.social.tokens import exchange
from shared.copyfit import rules
from shared.copyfit.cutting import shorten
from shared.copyfit.rules import Rule
from shared.http import Door

VERSION = "202610"
_LARGEST_PICTURE = 8_000_000
_LONGEST_TITLE = 400
_LONGEST_DESCRIPTION = 4086
# Of the roles that a person may have in an organisation, those that may post.
_MAY_POST = {"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"}
# Organisations that a person is asked to choose among.
_MOST_CHOICES = 20
# https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format
_URN = re.compile(r"urn:li:organization(?:Brand)?:[0-9]{1,20}", re.ASCII)
_RESERVED = re.compile(r"([\\|{}@\[\]()<>#*_~])")


class LinkedIn(Network):
    name = "linkedin"
    server = "https://api.linkedin.com"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"version": str, "client_id": str, "scopes": str}
    more_secrets = ("refresh", "client_secret")
    can = Capabilities(
        edit=True,
        delete=True,
        find=True,
        measure=True,
        check=True,
        refresh=True,
        uploads=True,
        media=1,
        alt=4086,
        card="sent",
    )
    secrets = ("token",)
    settings = ("author",)
    refreshed_by = ("refresh", "client_secret")
    hints: ClassVar[Mapping[str, str]] = {
        "client_id": "LinkedIn's developer portal: your app, Auth, Client ID.",
        "client_secret": "Beside the Client ID: Primary Client Secret.",
        "author": "urn:li:organization: and the number in the address of the page's administration.",
        "token": "The developer portal's token generator, with the scopes that docs/networks.md names.",
        "refresh": "The refresh token that came with the access token, if your app is one of an approved partner.",
    }

    def sign_in(self, account: Account) -> SignIn:
        server = account.server or "https://www.linkedin.com"
        return SignIn(
            f"{server}/oauth/v2/authorization",
            server,
            "/oauth/v2/accessToken",
            ("w_organization_social", "r_organization_social", "r_organization_admin"),
            lasts=timedelta(days=60),
        )

    def rule(self, account: Account) -> Rule:
        return rules.LINKEDIN

    def freeze(self, draft: Draft, written: Written, account: Account) -> Mapping[str, Any]:
        """The texts in LinkedIn's own markup: what it reserves is escaped, hashtags are named as such."""
        return {
            "commentaries": [_little(post.text, [(s.start, s.end) for s in post.hashtags]) for post in written.posts]
        }

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        post: dict[str, Any] = {
            "author": account.settings.get("author", ""),
            "commentary": draft.extra["commentaries"][part],
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        remarks: tuple[str, ...] = ()
        if part == 0:
            content, remarks = self._content(draft, account, door, caller)
            post |= {"content": content} if content else {}
        try:
            reply = caller.call("POST", "/rest/posts", content=post, headers=_headers(account), once=True)
        except Duplicate as refused:
            return self.landed(refused, draft, account, door, done)
        urn = reply.headers.get("x-restli-id", "")
        if not urn:
            raise reply.unusable("names no post")
        return Posted(urn, _link(urn), part, remarks=remarks, pause=waiting.pause(reply.headers))

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
        own = _own(self._caller(account, door), account, part)
        return first_match(own, draft.extra["commentaries"][part], since, known=done, others=others)

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        patch = {"patch": {"$set": {"commentary": draft.extra["commentaries"][posted.part]}}}
        headers = _headers(account) | {"X-RestLi-Method": "PARTIAL_UPDATE"}
        self._caller(account, door).call("POST", _path(posted), content=patch, headers=headers)
        return posted

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        headers = _headers(account) | {"X-RestLi-Method": "DELETE"}
        try:
            self._caller(account, door).call("DELETE", _path(posted), headers=headers)
        except Gone:
            return

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        path = f"/rest/socialActions/{quote(posted.id, safe='')}"
        reply = self._caller(account, door).call("GET", path, headers=_headers(account))
        likes = reply.number("likesSummary", "totalLikes")
        return Measured(likes=likes, replies=reply.number("commentsSummary", "aggregatedTotalComments"))

    def check(self, account: Account, door: Door) -> Checked:
        number = str(account.settings.get("author", "")).rpartition(":")[2]
        path = f"/rest/organizations/{quote(number, safe='')}"
        reply = self._caller(account, door).call("GET", path, headers=_headers(account))
        name = reply.get("vanityName")
        url = f"https://www.linkedin.com/company/{quote(str(name))}" if name else ""
        return Checked(reply.name("localizedName"), url)

    def refresh(self, account: Account, door: Door) -> Access:
        form = {"grant_type": "refresh_token", "refresh_token": account.secrets["refresh"]}
        return exchange(self.sign_in(account), account, door, form, deadline=self.deadline)

    def settle(self, account: Account, granted: Access, door: Door) -> tuple[Access, ...]:
        """One for each organisation the person may post for; as it is where the app may not ask for them."""
        person = replace(account, secrets=granted.secrets)
        try:
            found = tuple(_organisations(self._caller(person, door), person))
        except PostError:  # a person can name the organisation, and the code is used up
            return (granted,)
        return tuple(replace(granted, settings={"author": urn}, name=name) for urn, name in found) or (granted,)

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server or self.server, deadline=self.deadline, judge=_judge)

    def _content(
        self, draft: Draft, account: Account, door: Door, caller: Caller
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """LinkedIn reads no page: without these fields a link has no card. A card may go without its picture."""
        if draft.media:
            picture = self._upload(draft.media[0], account, door, caller)
            return {"media": {"id": picture, "altText": draft.media[0].alt}}, ()
        if not draft.link:
            return {}, ()
        title, _ = shorten(draft.title, draft.language, lambda text: len(text) <= _LONGEST_TITLE)
        description, _ = shorten(draft.description, draft.language, lambda text: len(text) <= _LONGEST_DESCRIPTION)
        article = {"source": draft.link, "title": title, "description": description}
        if draft.image is None:
            return {"article": article}, ()
        try:
            thumbnail = {"thumbnail": self._upload(draft.image, account, door, caller)}
        except RefusedByNetwork as refused:
            return {"article": article}, (f"The card has no picture: {refused}",)
        return {"article": article | thumbnail | {"thumbnailAltText": draft.image.alt}}, ()

    def _upload(self, media: Media, account: Account, door: Door, caller: Caller) -> str:
        picture, kind = caller.picture(media, most=_LARGEST_PICTURE)
        wanted = {"initializeUploadRequest": {"owner": account.settings.get("author", "")}}
        query = {"action": "initializeUpload"}
        reply = caller.call("POST", "/rest/images", query=query, content=wanted, headers=_headers(account))
        if not reply.link("value", "uploadUrl"):
            raise reply.unusable("names no address for the picture")
        target = urlsplit(reply.link("value", "uploadUrl"))
        there = Caller(door, account, f"{target.scheme}://{target.netloc}", deadline=self.deadline)
        path = target.path + (f"?{target.query}" if target.query else "")
        headers = {"Authorization": f"Bearer {account.secrets['token']}", "Content-Type": kind}
        there.call("PUT", path, body=picture, headers=headers)
        return reply.name("value", "image")


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    if status < 400:
        return None
    told = words_of(fields.get("message") or f"HTTP {status}")
    if status == 401:
        return TokenExpired(told)
    if status == 426:
        return AccountBroken(f"{told} Set a newer version of LinkedIn's API.")
    if status in (409, 422) and "duplicate" in told.lower():
        return Duplicate(told)
    return None


def _organisations(caller: Caller, person: Account) -> Iterator[tuple[str, str]]:
    """URN and name of each organisation for which the person may post."""
    query = {"q": "roleAssignee", "state": "APPROVED", "count": "100"}
    headers = _headers(person) | {"X-RestLi-Method": "FINDER"}
    roles = caller.call("GET", "/rest/organizationAcls", query=query, headers=headers).many("elements")
    urns = dict.fromkeys(str(each.get("organization", "")) for each in roles if str(each.get("role")) in _MAY_POST)
    for urn in [each for each in urns if _URN.fullmatch(each)][:_MOST_CHOICES]:
        path = f"/rest/organizations/{urn.rpartition(':')[2]}"
        try:
            yield urn, words_of(caller.call("GET", path, headers=_headers(person)).get("localizedName") or urn)
        except PostError:
            yield urn, urn


def _own(caller: Caller, account: Account, part: int) -> Iterator[Candidate]:
    query = {"q": "author", "author": account.settings.get("author", ""), "count": "100", "sortBy": "CREATED"}
    headers = _headers(account) | {"X-RestLi-Method": "FINDER"}
    start = 0
    while True:
        page = caller.call("GET", "/rest/posts", query=query | {"start": str(start)}, headers=headers).many("elements")
        for each in page:
            urn, at = str(each.get("id")), each.get("createdAt")
            seconds = at / 1000 if isinstance(at, int) else None
            yield Candidate(Posted(urn, _link(urn), part), str(each.get("commentary", "")), seconds)
        if not page:
            return
        start += len(page)


def _little(text: str, hashtags: Sequence[tuple[int, int]]) -> str:
    written, before = "", 0
    for start, end in hashtags:
        written += _RESERVED.sub(r"\\\1", text[before:start])
        written += "{hashtag|\\#|" + _RESERVED.sub(r"\\\1", text[start + 1 : end]) + "}"
        before = end
    return written + _RESERVED.sub(r"\\\1", text[before:])


def _headers(account: Account) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {account.secrets['token']}",
        "LinkedIn-Version": str(account.settings.get("version", VERSION)),
        "X-Restli-Protocol-Version": "2.0.0",
    }


def _path(posted: Posted) -> str:
    return f"/rest/posts/{quote(posted.id, safe='')}"


def _link(urn: str) -> str:
    return f"https://www.linkedin.com/feed/update/{quote(urn, safe=':')}"
