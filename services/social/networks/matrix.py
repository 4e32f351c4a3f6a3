"""Matrix rooms that are not encrypted. https://spec.matrix.org/latest/client-server-api/

Settings: `room`, an id or an alias, of which `check` finds the id; `notice`, to post as bots do; `user`, to log in.
Secrets: `token`, always of the same device, whose transaction ids make repeats safe; `refresh` if the server gives one;
or at first `password`, of which `refresh` makes them and which it does not keep: it opens more than posting.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any, ClassVar
from urllib.parse import quote

from services.social.calling import Caller, Reply, count_of, words_of
from services.social.draft import Draft, Posted
from services.social.network import Access, Account, Capabilities, Checked, Network
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import AccountBroken, Gone, PostError, TokenExpired
from services.social.tokens import after
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, Headers

_API = "/_matrix/client/v3"
_LARGEST_PICTURE = 10_000_000
_BROKEN = {"M_FORBIDDEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED", "M_USER_SUSPENDED", "M_USER_LOCKED"}


class Matrix(Network):
    name = "matrix"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"notice": bool, "user": str, "device": str}
    more_secrets = ("refresh", "password")
    can = Capabilities(
        edit=True,
        delete=True,
        find=True,
        check=True,
        refresh=True,
        thread=True,
        repeats=timedelta(hours=12),  # the specification names no time; servers keep transaction ids for about a day
        uploads=True,
        media=1,
    )
    secrets = ("token",)
    settings = ("room",)
    log_in = ("user", "password")
    refreshed_by = ("refresh",)
    hints: ClassVar[Mapping[str, str]] = {
        "server": "The address of your homeserver's API, such as https://matrix.newsroom.example.",
        "room": "The room's address (#news:newsroom.example) or id; the room must not be encrypted.",
        "token": "An access token that nothing else uses (Element: All settings, Help and about); empty, to log in.",
        "user": "The account's id, such as @news:newsroom.example.",
        "password": "The account's password; it is used once and not kept.",
    }

    def rule(self, account: Account) -> Rule:
        return rules.MATRIX

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        message: dict[str, Any] = {
            "msgtype": "m.notice" if account.settings.get("notice") else "m.text",
            "body": draft.texts[part],
        }
        if draft.media and part == 0:
            message |= self._picture_of(draft, account, caller)
        before = done[-1] if done else draft.reply_to
        relation = {"m.relates_to": {"m.in_reply_to": {"event_id": before.id}}} if before is not None else {}
        path = f"{_room(account)}/send/m.room.message/{_quoted(draft.part_key(part))}"
        reply = caller.call("PUT", path, content=message | relation, headers=_bearer(account), once=True)
        return _posted(reply.name("event_id"), part, message, account)

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
        text = draft.texts[posted.part]
        message = {**posted.state["message"], "body": text}
        relation = {"rel_type": "m.replace", "event_id": posted.id}
        content = {**message, "body": f"* {text}", "m.new_content": message, "m.relates_to": relation}
        caller = self._caller(account, door)
        there = f"{_room(account)}/event/{_quoted(posted.id)}"
        if "redacted_because" in str(caller.call("GET", there, headers=_bearer(account)).get("unsigned")):
            raise Gone("The message has been deleted.")
        path = f"{_room(account)}/send/m.room.message/{_quoted(draft.part_key(posted.part))}.edit"
        caller.call("PUT", path, content=content, headers=_bearer(account))
        return _posted(posted.id, posted.part, message, account)

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        """Takes back the message and its edits, which are messages of their own and would keep the text readable."""
        caller = self._caller(account, door)
        path = f"/_matrix/client/v1/rooms/{_quoted(_room_of(account))}/relations/{_quoted(posted.id)}/m.replace"
        edits = _if_there(caller, path, query={"limit": "100"}, headers=_bearer(account))
        for edit in edits.many("chunk") if edits else ():
            _redact(caller, account, str(edit.get("event_id")))
        _redact(caller, account, posted.id)  # at the end: servers name no edits of what is gone

    def check(self, account: Account, door: Door) -> Checked:
        caller, room = self._caller(account, door), _room_of(account)
        me = caller.call("GET", f"{_API}/account/whoami", headers=_bearer(account)).name("user_id")
        if room.startswith("#"):
            found = _if_there(caller, f"{_API}/directory/room/{_quoted(room)}")
            if found is None:
                raise AccountBroken(f"There is no room {room}.")
            room = found.name("room_id")
        state = f"{_API}/rooms/{_quoted(room)}/state"
        member = _if_there(caller, f"{state}/m.room.member/{_quoted(me)}", headers=_bearer(account))
        if member is None or member.get("membership") != "join":  # who has left may go on reading, but not write
            raise AccountBroken(f"{me} is not in the room.")
        if _if_there(caller, f"{state}/m.room.encryption", headers=_bearer(account)):
            raise AccountBroken("The room is encrypted: Masthead can only post in rooms that are not.")
        return Checked(me, f"https://matrix.to/#/{_quoted(room)}", {"room": room})

    def refresh(self, account: Account, door: Door) -> Access:
        if "password" in account.secrets:
            return self._log_in(account, door)
        content = {"refresh_token": account.secrets["refresh"]}
        return _access(self._caller(account, door).call("POST", f"{_API}/refresh", content=content), account)

    def _log_in(self, account: Account, door: Door) -> Access:
        """A token for the account's device, which a later log-in has again: repeats would not be safe with another."""
        content = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": account.settings.get("user", "")},
            "password": account.secrets["password"],
            "device_id": account.settings.get("device") or f"MASTHEAD{token_hex(4).upper()}",
            "initial_device_display_name": "Masthead",
            "refresh_token": True,
        }
        reply = self._caller(account, door).call("POST", f"{_API}/login", content=content)
        given = _access(reply, replace(account, secrets=account.secrets.without("password", "refresh")))
        return replace(given, settings={"device": reply.name("device_id")})

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server, deadline=self.deadline, judge=_judge)

    def _picture_of(self, draft: Draft, account: Account, caller: Caller) -> dict[str, Any]:
        """The parts of a message that is a picture with the text as its caption."""
        media = draft.media[0]
        picture, kind = caller.picture(media, most=_LARGEST_PICTURE)
        name = f"picture.{kind.partition('/')[2]}"
        headers = _bearer(account) | {"Content-Type": kind}
        query = {"filename": name}
        uri = caller.call("POST", "/_matrix/media/v3/upload", query=query, body=picture, headers=headers)
        size = {"w": media.width, "h": media.height} if media.width and media.height else {}
        info = {"mimetype": kind, "size": len(picture), **size}
        return {"msgtype": "m.image", "filename": name, "url": uri.name("content_uri"), "info": info}


def _access(reply: Reply, account: Account) -> Access:
    kept = account.secrets.renewed({"token": reply.secret("access_token"), "refresh": reply.get("refresh_token")})
    milliseconds = count_of(reply.get("expires_in_ms"))
    ends = after(milliseconds / 1000) if milliseconds else None
    return Access(kept, None if "refresh" in kept else ends, ends)


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    code = fields.get("errcode")
    if status < 400 or not isinstance(code, str):
        return None
    told = words_of(f"{code}: {fields.get('error', '')}")
    if code == "M_UNKNOWN_TOKEN":
        return (TokenExpired if fields.get("soft_logout") is True else AccountBroken)(told)
    if code == "M_NOT_FOUND":
        return Gone(told)
    return AccountBroken(told) if code in _BROKEN else None


def _if_there(
    caller: Caller, path: str, *, query: Mapping[str, Any] | None = None, headers: Headers | None = None
) -> Reply | None:
    try:
        return caller.call("GET", path, query=query, headers=headers)
    except Gone:
        return None


def _redact(caller: Caller, account: Account, event: str) -> None:
    path = f"{_room(account)}/redact/{_quoted(event)}/delete.{_quoted(event)}"
    with contextlib.suppress(Gone):
        caller.call("PUT", path, content={}, headers=_bearer(account))


def _own(caller: Caller, account: Account, part: int) -> Iterator[Candidate]:
    me = caller.call("GET", f"{_API}/account/whoami", headers=_bearer(account)).name("user_id")
    query = {"dir": "b", "limit": "100"}
    while True:
        reply = caller.call("GET", f"{_room(account)}/messages", query=query, headers=_bearer(account))
        for event in reply.many("chunk"):
            message = event.get("content") if event.get("sender") == me else None
            message = message if isinstance(message, dict) else {}
            fields = {name: value for name, value in message.items() if name != "m.relates_to"}
            text = "" if "m.new_content" in fields else str(fields.get("body", ""))
            posted = _posted(str(event.get("event_id")), part, fields, account)
            yield Candidate(posted, text, _seconds(event.get("origin_server_ts")))
        if not reply.get("end"):
            return
        query["from"] = reply.name("end")


def _seconds(milliseconds: object) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, int) else None


def _posted(event: str, part: int, message: Mapping[str, Any], account: Account) -> Posted:
    room = _quoted(_room_of(account))
    return Posted(event, f"https://matrix.to/#/{room}/{_quoted(event)}", part, {"message": dict(message)})


def _room(account: Account) -> str:
    return f"{_API}/rooms/{_quoted(_room_of(account))}"


def _room_of(account: Account) -> str:
    return str(account.settings.get("room", ""))


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _bearer(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secrets['token']}"}
