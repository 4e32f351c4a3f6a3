"""Facebook pages, by the Graph API. https://developers.facebook.com/docs/pages-api/posts

Settings: `page`, its number; `version` of the API. Secret: `token` of the page, with the permissions
pages_manage_posts and pages_read_engagement. It cannot be refreshed: when it ends, a person has to connect again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, Reply, link_of
from services.social.network import Account, Capabilities, Checked, Draft, Measured, Network, Posted
from services.social.networks.graph import judge
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import Duplicate, Gone, PostError
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, multipart

VERSION = "v24.0"
_LARGEST_PICTURE = 4_000_000


class Facebook(Network):
    name = "facebook"
    server = "https://graph.facebook.com"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"version": str}
    can = Capabilities(edit=True, delete=True, find=True, measure=True, check=True, uploads=True, media=1, alt=1000)
    secrets = ("token",)
    settings = ("page",)

    def rule(self, account: Account) -> Rule:
        return rules.FACEBOOK

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        fields = {"message": draft.texts[part]} | _token(account)
        page = _path(account, str(account.settings.get("page", "")))
        try:
            if draft.media and part == 0:
                picture, kind = caller.picture(draft.media[0], most=_LARGEST_PICTURE)
                file = (f"picture.{kind.partition('/')[2]}", picture, kind)
                body, kind = multipart(fields | {"alt_text_custom": draft.media[0].alt}, {"source": file})
                headers = {"Content-Type": kind}
                reply = caller.call("POST", f"{page}/photos", body=body, headers=headers, once=True)
                number = reply.name("post_id")
            else:
                link = {"link": draft.link} if draft.link and part == 0 else {}
                reply = caller.call("POST", f"{page}/feed", form=fields | link, once=True)
                number = reply.name("id")
        except Duplicate as refused:
            return self.landed(refused, draft, account, door, done)
        posted = _linked(Posted(number, "", part), account, caller)
        return replace(posted, pause=waiting.pause(reply.headers))

    def find(
        self, draft: Draft, account: Account, door: Door, since: datetime, *, done: Sequence[Posted] = ()
    ) -> Posted | None:
        part = len(done)
        return first_match(_own(self._caller(account, door), account, part), draft.texts[part], since, known=done)

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        form = {"message": draft.texts[posted.part]} | _token(account)
        reply = self._caller(account, door).call("POST", _path(account, posted.id), form=form)
        return replace(posted, pause=waiting.pause(reply.headers))

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        try:
            self._caller(account, door).call("DELETE", _path(account, posted.id), query=_token(account))
        except Gone:
            return

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        counts = "reactions.limit(0).summary(total_count),comments.limit(0).summary(total_count),shares"
        reply = _read(self._caller(account, door), account, posted.id, fields=counts)
        return Measured(
            reply.number("reactions", "summary", "total_count"),
            reply.number("shares", "count") or 0,  # it is left out while there are none
            reply.number("comments", "summary", "total_count"),
        )

    def check(self, account: Account, door: Door) -> Checked:
        caller = self._caller(account, door)
        page = _read(caller, account, str(account.settings.get("page", "")), fields="name,link")
        token = _read(caller, account, "debug_token", input_token=account.secrets["token"])
        ends = token.get("data", "expires_at")
        expires = datetime.fromtimestamp(ends, UTC) if isinstance(ends, int) and 0 < ends < 10**11 else None
        return Checked(page.name("name"), page.link("link"), expires=expires)

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server or self.server, deadline=self.deadline, judge=judge)


def _own(caller: Caller, account: Account, part: int) -> Iterator[Candidate]:
    query = {"fields": "id,message,created_time,permalink_url", "limit": "100"}
    page = str(account.settings.get("page", ""))
    while True:
        reply = _read(caller, account, f"{page}/feed", **query)
        for each in reply.many("data"):
            posted = Posted(str(each.get("id")), link_of(each.get("permalink_url")), part)
            yield Candidate(posted, str(each.get("message", "")), each.get("created_time"))
        if not reply.get("paging", "next"):
            return
        query["after"] = reply.name("paging", "cursors", "after")


def _linked(posted: Posted, account: Account, caller: Caller) -> Posted:
    """With its address, if Facebook tells it; a post is no less sent without."""
    try:
        return replace(posted, url=_read(caller, account, posted.id, fields="permalink_url").link("permalink_url"))
    except PostError as error:
        return replace(posted, remarks=(f"The address of the post was not told: {error}",))


def _read(caller: Caller, account: Account, what: str, **query: str) -> Reply:
    return caller.call("GET", _path(account, what), query=query | _token(account))


def _path(account: Account, what: str) -> str:
    return f"/{quote(str(account.settings.get('version', VERSION)))}/{quote(what)}"


def _token(account: Account) -> dict[str, str]:
    return {"access_token": account.secrets["token"]}
