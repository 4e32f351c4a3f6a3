"""Telegram channels, by a bot that is their administrator. https://core.telegram.org/bots/api

Settings: `chat` (`@channel` or its number, which `check` finds and which survives a renaming), `username`, `silent`.
Secret: `token` of the bot; it stands in every address. A bot cannot read a channel: an unknown outcome stays unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, Reply, words_of
from services.social.draft import Draft, Posted
from services.social.network import Account, Capabilities, Checked, Network
from services.social.outcomes import AccountBroken, Gone, PostError
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, multipart

_LARGEST_PICTURE = 10_000_000
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BROKEN = (
    "chat not found",
    "bot was kicked",
    "not a member",
    "need administrator rights",
    "have no rights",
    "not enough",
)


class Telegram(Network):
    name = "telegram"
    server = "https://api.telegram.org"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"silent": bool}
    can = Capabilities(edit=True, delete=True, check=True, thread=True, uploads=True, media=1)
    secrets = ("token",)
    settings = ("chat",)
    hints: ClassVar[Mapping[str, str]] = {
        "token": "@BotFather in Telegram gives it to you for a new bot; make the bot an administrator of the channel.",
        "chat": "The channel's @name; of a private channel its number, which begins with -100.",
    }

    def rule(self, account: Account) -> Rule:
        return rules.TELEGRAM_CAPTION if account.settings.get("attach") == "picture" else rules.TELEGRAM

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        fields: dict[str, Any] = {"chat_id": account.settings.get("chat", "")}
        if account.settings.get("silent"):
            fields["disable_notification"] = True
        before = done[-1] if done else draft.reply_to
        if before is not None:
            fields["reply_parameters"] = {"message_id": int(before.id), "allow_sending_without_reply": True}
        if draft.media and part == 0:
            picture, kind = caller.picture(draft.media[0], most=_LARGEST_PICTURE)
            form = {name: _as_field(value) for name, value in (fields | {"caption": draft.texts[part]}).items()}
            body, kind = multipart(form, {"photo": (f"picture.{kind.partition('/')[2]}", picture, kind)})
            reply = _method(caller, account, "sendPhoto", body=body, headers={"Content-Type": kind}, once=True)
        else:
            content = fields | _text(draft, part)
            reply = _method(caller, account, "sendMessage", content=content, once=True)
        return _posted(reply, part, photo=bool(draft.media) and part == 0)

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        caller = self._caller(account, door)
        fields = {"chat_id": posted.state["chat"], "message_id": int(posted.id)}
        try:
            if posted.state["photo"]:
                content = fields | {"caption": draft.texts[posted.part]}
                reply = _method(caller, account, "editMessageCaption", content=content)
            else:
                content = fields | _text(draft, posted.part)
                reply = _method(caller, account, "editMessageText", content=content)
        except _Unchanged:
            return posted
        return replace(posted, pause=waiting.pause(reply.headers))

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        fields = {"chat_id": posted.state["chat"], "message_id": int(posted.id)}
        try:
            _method(self._caller(account, door), account, "deleteMessage", content=fields)
        except Gone:
            return

    def check(self, account: Account, door: Door) -> Checked:
        caller = self._caller(account, door)
        bot = _method(caller, account, "getMe").name("result", "username")
        chat = _method(caller, account, "getChat", content={"chat_id": account.settings.get("chat", "")})
        number, username = chat.name("result", "id"), chat.get("result", "username") or ""
        if not _NUMBER.fullmatch(number):
            raise chat.unusable("names no channel")
        settings = {"chat": int(number), "username": username}
        return Checked(f"@{bot} in {words_of(chat.get('result', 'title'))}", _link(number, username), settings)

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server or self.server, deadline=self.deadline, judge=_judge)


class _Unchanged(Gone):
    """The message has this text already."""


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    if status < 400 or not isinstance(fields.get("description"), str):
        return None
    told = words_of(fields["description"])
    lower = told.lower()
    if "message is not modified" in lower:
        return _Unchanged(told)
    if "message to edit not found" in lower or "message to delete not found" in lower:
        return Gone(told)
    parameters = fields.get("parameters")
    if isinstance(parameters, dict) and "migrate_to_chat_id" in parameters:
        return AccountBroken(f"The channel has become {words_of(parameters['migrate_to_chat_id'])}: {told}")
    if status in (401, 403, 404) or any(words in lower for words in _BROKEN):
        return AccountBroken(told)
    return None


def _method(caller: Caller, account: Account, name: str, **call: Any) -> Reply:
    return caller.call("POST", f"/bot{quote(account.secrets['token'], safe=':')}/{name}", **call)


def _text(draft: Draft, part: int) -> dict[str, Any]:
    """The preview is that of the article, whatever other address the text holds."""
    preview = {"url": draft.link} if draft.link and part == 0 else {"is_disabled": True}
    return {"text": draft.texts[part], "link_preview_options": preview}


def _posted(reply: Reply, part: int, *, photo: bool) -> Posted:
    number, chat = reply.name("result", "message_id"), reply.name("result", "chat", "id")
    if not _NUMBER.fullmatch(number) or not _NUMBER.fullmatch(chat):
        raise reply.unusable("names no message")
    base = _link(chat, reply.get("result", "chat", "username"))
    state = {"chat": int(chat), "photo": photo}
    return Posted(number, f"{base}/{number}", part, state, pause=waiting.pause(reply.headers))


def _link(chat: str, username: Any) -> str:
    return f"https://t.me/{quote(str(username))}" if username else f"https://t.me/c/{chat.removeprefix('-100')}"


def _as_field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
