"""Threads. A post is a container that is made first and then published, once. https://developers.facebook.com/docs/threads

Settings: `check` finds `user` and `username`; `client_id` of the app. Secrets: `token`, with the scopes threads_basic,
threads_content_publish, threads_delete and threads_manage_insights; it lasts 60 days and is renewed while it lasts.
`client_secret` of the app is needed to sign in only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, Reply, count_of, link_of, words_of
from services.social.draft import Draft, Posted
from services.social.network import Access, Account, Capabilities, Checked, Measured, Network
from services.social.networks.graph import judge
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import AccountBroken, Gone, NotSent, PostError, RefusedByNetwork, Unknown
from services.social.sign_in import SignIn
from services.social.tokens import access
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door

_API = "/v1.0"
# Seconds after which a container that is not ready is looked at again.
_NOT_READY = 5.0
_LASTS = timedelta(days=60)
# How late the list of posts may be.
_LISTED = timedelta(hours=1)


class Threads(Network):
    name = "threads"
    server = "https://graph.threads.net"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"client_id": str, "redirect_uri": str, "scopes": str}
    more_secrets = ("client_secret",)
    can = Capabilities(
        delete=True,
        find=True,
        measure=True,
        check=True,
        refresh=True,
        thread=True,
        repeats=timedelta(hours=23),  # a container lasts a day, and is published only once
        media=1,
        alt=1000,
    )
    secrets = ("token",)
    refreshed_by = ("token",)
    renew_pasted = timedelta(days=2)  # not on its first day: Threads refuses that
    hints: ClassVar[Mapping[str, str]] = {
        "client_id": "Meta's app dashboard: Use cases, Access the Threads API, Settings, Threads App ID.",
        "client_secret": "Beside the Threads App ID: Threads App secret.",
        "redirect_uri": "An https address of yours, entered in the same place under Redirect callback URLs.",
        "token": "The same place: User token generator, after you have accepted to be a tester in Threads.",
    }

    def sign_in(self, account: Account) -> SignIn:
        return SignIn(
            (account.server or "https://threads.net") + "/oauth/authorize",
            account.server or self.server,
            "/oauth/access_token",
            ("threads_basic", "threads_content_publish", "threads_delete", "threads_manage_insights"),
            needs=("client_id", "client_secret", "redirect_uri"),
            loopback=False,
            judge=judge,
        )

    def rule(self, account: Account) -> Rule:
        return rules.THREADS

    def prepare(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Draft:
        part, caller = len(done), self._caller(account, door)
        containers = dict(draft.extra.get("containers", {}))
        if str(part) in containers and _status(caller, account, containers[str(part)]) not in ("EXPIRED", "ERROR"):
            return draft
        fields: dict[str, Any] = {"media_type": "TEXT", "text": draft.texts[part]}
        if draft.media and part == 0:
            picture = draft.media[0]
            fields |= {"media_type": "IMAGE", "image_url": picture.url, "alt_text": picture.alt}
        elif draft.link and part == 0:
            fields["link_attachment"] = draft.link
        before = done[-1] if done else draft.reply_to
        if before is not None:
            fields["reply_to_id"] = before.id
        reply = caller.call("POST", f"{_user(account)}/threads", form=fields | _token(account))
        return replace(draft, extra={**draft.extra, "containers": containers | {str(part): reply.name("id")}})

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        container = _container(draft, part)
        match _status(caller, account, container):
            case "IN_PROGRESS":
                raise NotSent("Threads has not finished with the post.", retry_after=_NOT_READY)
            case "EXPIRED":
                raise NotSent("The post was prepared too long ago, and has to be prepared again.")
            case "ERROR":
                raise RefusedByNetwork("Threads could not make the post.")
            case "PUBLISHED":
                return self._published(draft, account, caller, done)
        form = {"creation_id": container} | _token(account)
        reply = caller.call("POST", f"{_user(account)}/threads_publish", form=form, once=True)
        posted = _linked(Posted(reply.name("id"), "", part), account, caller)
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
        caller = self._caller(account, door)
        if str(len(done)) not in draft.extra.get("containers", {}):
            return None
        if _status(caller, account, _container(draft, len(done))) != "PUBLISHED":
            return None
        return self._published(draft, account, caller, done, others)

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        try:
            path = f"{_API}/{quote(posted.id, safe='')}"
            self._caller(account, door).call("DELETE", path, query=_token(account))
        except Gone:
            return

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        path = f"{posted.id}/insights"
        reply = _read(self._caller(account, door), account, path, metric="likes,reposts,replies")
        values = {each.get("name"): each.get("values") for each in reply.many("data")}
        return Measured(*(_first_value(values.get(name)) for name in ("likes", "reposts", "replies")))

    def check(self, account: Account, door: Door) -> Checked:
        caller = self._caller(account, door)
        me = _read(caller, account, "me", fields="id,username")
        user, name = me.name("id"), me.name("username")
        used = _read(caller, account, f"{user}/threads_publishing_limit", fields="quota_usage,config")
        quota = used.get("data", 0, "config", "quota_total"), used.get("data", 0, "quota_usage")
        remarks = (f"{words_of(quota[1])} of {words_of(quota[0])} posts of these 24 hours have been used.",)
        return Checked(
            name, f"https://www.threads.com/@{quote(name)}", {"user": user, "username": name}, remarks=remarks
        )

    def settle(self, account: Account, granted: Access, door: Door) -> tuple[Access, ...]:
        """A token of one hour is made one of 60 days."""
        fresh = replace(account, secrets=granted.secrets)
        query = {"grant_type": "th_exchange_token", "client_secret": account.secrets["client_secret"]} | _token(fresh)
        return (access(self._caller(fresh, door).call("GET", "/access_token", query=query), fresh, _LASTS),)

    def refresh(self, account: Account, door: Door) -> Access:
        query = {"grant_type": "th_refresh_token"} | _token(account)
        return access(self._caller(account, door).call("GET", "/refresh_access_token", query=query), account, _LASTS)

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server or self.server, deadline=self.deadline, judge=judge)

    def _published(
        self, draft: Draft, account: Account, caller: Caller, done: Sequence[Posted], others: Collection[str] = ()
    ) -> Posted:
        """The post of a container that is known to be published. Its id is not told: the list of posts has it, or else
        it stays unknown."""
        part = len(done)
        since = datetime.fromisoformat(draft.at)
        found = first_match(_own(caller, account, part), draft.texts[part], since, known=done, others=others)
        if found is None and datetime.now(UTC) < since + _LISTED:
            raise Unknown("It is published, but not listed yet.")
        return found or Posted("", "", part, remarks=("It is published, but Threads does not list it.",))


def _container(draft: Draft, part: int) -> str:
    container = draft.extra.get("containers", {}).get(str(part))
    if not isinstance(container, str):
        raise NotSent("The post has not been prepared.")
    return container


def _status(caller: Caller, account: Account, container: str) -> str:
    return _read(caller, account, container, fields="status,error_message").name("status")


def _own(caller: Caller, account: Account, part: int) -> Iterator[Candidate]:
    query = {"fields": "id,text,timestamp,permalink", "limit": "100"}
    user = _user(account).rpartition("/")[2]
    kind = "replies" if part else "threads"
    while True:
        reply = _read(caller, account, f"{user}/{kind}", **query)
        for each in reply.many("data"):
            posted = Posted(str(each.get("id")), link_of(each.get("permalink")), part)
            yield Candidate(posted, str(each.get("text", "")), each.get("timestamp"))
        if not reply.get("paging", "next"):
            return
        query["after"] = reply.name("paging", "cursors", "after")


def _linked(posted: Posted, account: Account, caller: Caller) -> Posted:
    """With its address, if Threads tells it; a post is no less sent without."""
    try:
        return replace(posted, url=_read(caller, account, posted.id, fields="permalink").link("permalink"))
    except PostError as error:
        return replace(posted, remarks=(f"The address of the post was not told: {error}",))


def _read(caller: Caller, account: Account, what: str, **query: str) -> Reply:
    return caller.call("GET", f"{_API}/{quote(what)}", query=query | _token(account))


def _user(account: Account) -> str:
    user = account.settings.get("user")
    if not user:
        raise AccountBroken("The account has not been checked yet: its number is not known.")
    return f"{_API}/{quote(str(user), safe='')}"


def _first_value(values: Any) -> int | None:
    first = values[0] if isinstance(values, list) and values else None
    return count_of(first.get("value")) if isinstance(first, dict) else None


def _token(account: Account) -> dict[str, str]:
    return {"access_token": account.secrets["token"]}
