"""Facebook pages, by the Graph API. https://developers.facebook.com/docs/pages-api/posts

Settings: `page`, its number; `version` of the API; `client_id` of the app. Secrets: `token` of the page, with the
permissions pages_manage_posts and pages_read_engagement; `client_secret` of the app, to be told when the token ends. It
cannot be refreshed: when it ends, a person has to sign in again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, Reply, count_of, link_of, words_of
from services.social.credentials import usable
from services.social.draft import Draft, Posted
from services.social.network import Access, Account, Capabilities, Checked, Measured, Network
from services.social.networks.graph import judge
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import AccountBroken, Duplicate, Gone, PostError, RefusedByNetwork
from services.social.sign_in import SignIn
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, multipart

VERSION = "v24.0"
_LARGEST_PICTURE = 4_000_000
# Of what a person may do on a page, that which is posting.
_MAY_POST = "CREATE_CONTENT"
# Hundreds of pages that a person is asked to choose among.
_MOST_LISTS = 10


class Facebook(Network):
    name = "facebook"
    server = "https://graph.facebook.com"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {
        "version": str,
        "client_id": str,
        "redirect_uri": str,
        "scopes": str,
    }
    more_secrets = ("client_secret",)
    can = Capabilities(edit=True, delete=True, find=True, measure=True, check=True, uploads=True, media=1, alt=1000)
    secrets = ("token",)
    settings = ("page",)
    hints: ClassVar[Mapping[str, str]] = {
        "client_id": "Meta's app dashboard: App settings, Basic, App ID.",
        "client_secret": "Beside the App ID: App secret.",
        "redirect_uri": "An https address of yours, entered under Facebook Login, Valid OAuth redirect URIs.",
        "page": "The page's number: on the page, About, Page transparency.",
        "token": "A token of the page itself, not of a person, made from a long-lived one.",
    }

    def sign_in(self, account: Account) -> SignIn:
        return SignIn(
            f"{account.server or 'https://www.facebook.com'}{_path(account, 'dialog/oauth')}",
            account.server or self.server,
            _path(account, "oauth/access_token"),
            ("pages_show_list", "pages_manage_posts", "pages_read_engagement"),
            needs=("client_id", "client_secret", "redirect_uri"),
            loopback=False,
            judge=judge,
        )

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
        return first_match(
            _own(self._caller(account, door), account, part), draft.texts[part], since, known=done, others=others
        )

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
        checked = Checked(page.name("name"), page.link("link"))
        query = {"input_token": account.secrets["token"], "access_token": _app(account) or account.secrets["token"]}
        try:
            token = caller.call("GET", _path(account, "debug_token"), query=query)
        except PostError as error:  # only an app, or a developer of it, is told; the page has answered all the same
            return replace(checked, remarks=(f"When the token ends was not told: {error}",))
        if token.get("data", "is_valid") is False:
            raise AccountBroken(words_of(token.get("data", "error", "message") or "The token is not valid any more."))
        return replace(checked, expires=_instant(token.get("data", "expires_at")))

    def settle(self, account: Account, granted: Access, door: Door) -> tuple[Access, ...]:
        """The person's token is made to last, and the pages' own tokens that it gives have no end of their own."""
        app = {"client_id": account.settings["client_id"], "client_secret": account.secrets["client_secret"]}
        wanted = {"grant_type": "fb_exchange_token", "fb_exchange_token": granted.secrets["token"]}
        caller = self._caller(replace(account, secrets=granted.secrets), door)
        lasting = caller.call("GET", _path(account, "oauth/access_token"), query=wanted | app)
        person = replace(account, secrets=account.secrets.renewed({"token": lasting.secret("access_token")}))
        pages = tuple(_pages(self._caller(person, door), person))
        if not pages:
            raise RefusedByNetwork("There is no page on which the person may post and has let Masthead do so.")
        return pages

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


def _pages(caller: Caller, person: Account) -> Iterator[Access]:
    query = {"fields": "id,name,access_token,tasks", "limit": "100"}
    for _ in range(_MOST_LISTS):
        reply = _read(caller, person, "me/accounts", **query)
        for page in reply.many("data"):
            tasks, token = page.get("tasks", [_MAY_POST]), page.get("access_token")
            number = str(page.get("id"))
            if number.isdecimal() and usable(token) and isinstance(tasks, list) and _MAY_POST in tasks:
                secrets = person.secrets.renewed({"token": token})
                yield Access(secrets, settings={"page": number}, name=words_of(page.get("name") or number))
        if not reply.get("paging", "next"):
            return
        query["after"] = reply.name("paging", "cursors", "after")


def _app(account: Account) -> str:
    """The app's own token, if the account knows the app."""
    client = account.settings.get("client_id")
    return f"{client}|{account.secrets['client_secret']}" if client and "client_secret" in account.secrets else ""


def _instant(told: object) -> datetime | None:
    """Seconds since 1970, where 0 stands for no end."""
    seconds = count_of(told)
    return datetime.fromtimestamp(seconds, UTC) if seconds and seconds < 10**11 else None


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
