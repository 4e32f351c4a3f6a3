"""Discord channels, by a webhook. https://docs.discord.com/developers/resources/webhook

Setting: `thread`, the number of a thread to post in; `check` finds `guild` and `channel`, of which links are made.
Secret: `webhook`, its whole address. A webhook cannot list what it posted: an unknown outcome stays unknown.
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
from services.social.outcomes import AccountBroken, Gone, PostError, RefusedByNetwork
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door, multipart

_LARGEST_PICTURE = 10_000_000
_WEBHOOK = re.compile(r"(https?://[^/\s]+)(/api/(?:v\d+/)?webhooks/\d+/[\w-]+)/?")
_UNKNOWN_MESSAGE = 10008
_UNKNOWN_CHANNEL, _UNKNOWN_WEBHOOK, _BAD_TOKEN = 10003, 10015, 50027


class Discord(Network):
    name = "discord"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"thread": str}
    can = Capabilities(edit=True, delete=True, check=True, uploads=True, media=10, alt=1024)
    secrets = ("webhook",)
    hints: ClassVar[Mapping[str, str]] = {
        "webhook": "The channel's settings, Integrations, Webhooks, New webhook, Copy webhook URL."
    }

    def rule(self, account: Account) -> Rule:
        return rules.DISCORD

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, (caller, path) = len(done), self._webhook(account, door)
        content = _content(draft, part)
        # Without wait the answer comes before the message is stored, and names no id.
        query = {"wait": "true"} | _thread(account)
        if draft.media and part == 0:
            body, kind = _with_files(content, draft, caller)
            reply = caller.call("POST", path, query=query, body=body, headers={"Content-Type": kind}, once=True)
        else:
            reply = caller.call("POST", path, query=query, content=content, once=True)
        return _posted(reply, part, account)

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        caller, path = self._webhook(account, door)
        content = _content(draft, posted.part)  # pictures stay where an edit does not name them
        reply = caller.call("PATCH", _message(path, posted), query=_thread(account), content=content)
        return replace(posted, pause=waiting.pause(reply.headers))

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        caller, path = self._webhook(account, door)
        try:
            caller.call("DELETE", _message(path, posted), query=_thread(account))
        except Gone:
            return

    def check(self, account: Account, door: Door) -> Checked:
        caller, path = self._webhook(account, door)
        reply = caller.call("GET", path)
        found = {"guild": reply.get("guild_id"), "channel": reply.get("channel_id")}
        return Checked(reply.name("name"), settings={name: value for name, value in found.items() if value})

    def _webhook(self, account: Account, door: Door) -> tuple[Caller, str]:
        found = _WEBHOOK.fullmatch(account.secrets["webhook"])
        if found is None:
            raise AccountBroken("The account's webhook is no address of a Discord webhook.")
        return Caller(door, account, found[1], deadline=self.deadline, judge=_judge), found[2]


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    if status < 400 or "code" not in fields:
        return None
    told = words_of(f"{fields.get('message', '')} ({fields['code']})")
    if fields["code"] == _UNKNOWN_MESSAGE:
        return Gone(told)
    if fields["code"] in (_UNKNOWN_CHANNEL, _UNKNOWN_WEBHOOK, _BAD_TOKEN):
        return AccountBroken(told)
    if status == 400:
        return RefusedByNetwork(words_of(f"{told} {json.dumps(fields.get('errors', {}))}"))
    return None


def _content(draft: Draft, part: int) -> dict[str, Any]:
    return {"content": draft.texts[part], "allowed_mentions": {"parse": []}}  # no headline calls @everyone


def _with_files(content: dict[str, Any], draft: Draft, caller: Caller) -> tuple[bytes, str]:
    files, attachments = {}, []
    for number, each in enumerate(draft.media):
        picture, kind = caller.picture(each, most=_LARGEST_PICTURE)
        name = f"picture{number}.{kind.partition('/')[2]}"
        files[f"files[{number}]"] = (name, picture, kind)
        attachments.append({"id": number, "filename": name, "description": each.alt})
    return multipart({"payload_json": json.dumps(content | {"attachments": attachments})}, files)


def _posted(reply: Reply, part: int, account: Account) -> Posted:
    number = reply.name("id")
    guild, channel = account.settings.get("guild"), reply.get("channel_id") or account.settings.get("channel")
    url = f"https://discord.com/channels/{guild}/{channel}/{number}" if guild and channel else ""
    return Posted(number, url, part, pause=waiting.pause(reply.headers))


def _thread(account: Account) -> dict[str, str]:
    thread = account.settings.get("thread")
    return {"thread_id": str(thread)} if thread else {}


def _message(path: str, posted: Posted) -> str:
    return f"{path}/messages/{quote(posted.id, safe='')}"
