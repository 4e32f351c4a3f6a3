"""Slack channels: by a bot, or by an incoming webhook. https://docs.slack.dev/reference/methods/chat.postMessage

A bot needs the setting `channel` (its id) and the secret `token` with the scopes chat:write and channels:history.
A webhook is the secret `webhook`, its whole address; it tells no id, so that nothing can be changed or looked up.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from services.social.calling import Caller, Reply, count_of, words_of
from services.social.draft import Draft, Posted
from services.social.network import Account, Capabilities, Checked, Measured, Network
from services.social.networks.lookup import Candidate, first_match
from services.social.outcomes import (
    AccountBroken,
    Cannot,
    Gone,
    PostError,
    RateLimited,
    RefusedByNetwork,
    Unknown,
)
from shared.copyfit import rules
from shared.copyfit.rules import Bound, Rule, Unit
from shared.http import Door

# The text of a block, which a post with a picture is made of.
_BLOCK = Rule((Bound(Unit.UTF16_UNITS, 3000),))
_WEBHOOK = re.compile(r"(https?://[^/\s]+)(/(?:services|workflows|triggers)/[\w/-]+)")
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")
_LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}
_UNSURE = {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
_GONE = {"message_not_found", "no_item_specified"}
_REFUSED = {
    *(
        "msg_too_long",
        "no_text",
        "too_many_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_arguments",
    ),
    *("msg_blocks_too_long", "cant_update_message", "cant_delete_message", "edit_window_closed", "invalid_payload"),
}


class Slack(Network):
    name = "slack"
    server = "https://slack.com"
    can = Capabilities(edit=True, delete=True, find=True, measure=True, check=True, thread=True, media=1, alt=2000)
    secrets = ("token",)
    settings = ("channel",)
    hints: ClassVar[Mapping[str, str]] = {
        "token": "api.slack.com/apps: your app, OAuth and permissions, Bot User OAuth Token; it begins with xoxb-.",
        "channel": "The channel's details, at the end: Channel ID; then invite the bot to the channel.",
    }

    def rule(self, account: Account) -> Rule:
        return _rule(account)

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        content = {"channel": account.settings.get("channel", "")} | _message(draft, part)
        before = done[-1] if done else draft.reply_to
        if before is not None:
            content["thread_ts"] = before.state["thread"]
        reply = _method(caller, account, "chat.postMessage", content, once=True)
        number, channel = reply.name("ts"), reply.name("channel")
        posted = Posted(number, "", part, {"channel": channel, "thread": content.get("thread_ts", number)})
        return _linked(posted, account, caller)

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
        part, caller = len(done), self._caller(account, door)
        before = done[-1] if done else draft.reply_to
        thread = before.state["thread"] if before is not None else ""
        found = first_match(_own(caller, account, part, thread), draft.texts[part], since, known=done, others=others)
        return _linked(found, account, caller) if found else None

    def edit(self, posted: Posted, draft: Draft, account: Account, door: Door) -> Posted:
        content = {"channel": posted.state["channel"], "ts": posted.id} | _message(draft, posted.part)
        _method(self._caller(account, door), account, "chat.update", content)
        return posted

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        content = {"channel": posted.state["channel"], "ts": posted.id}
        try:
            _method(self._caller(account, door), account, "chat.delete", content)
        except Gone:
            return

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        query = {"channel": posted.state["channel"], "latest": posted.id, "inclusive": "true", "limit": "1"}
        reply = _read(self._caller(account, door), account, "conversations.history", query)
        found = [each for each in reply.many("messages") if each.get("ts") == posted.id]
        if not found:
            raise Gone("The post is not there any more.")
        return Measured(likes=_reactions(found[0].get("reactions")), replies=count_of(found[0].get("reply_count", 0)))

    def check(self, account: Account, door: Door) -> Checked:
        reply = _method(self._caller(account, door), account, "auth.test", {})
        return Checked(f"{reply.name('user')} in {reply.name('team')}", reply.link("url"))

    def _caller(self, account: Account, door: Door) -> Caller:
        return Caller(door, account, account.server or self.server, deadline=self.deadline, judge=_judge)


class SlackWebhook(Network):
    name = "slack-webhook"
    can = Capabilities(media=1, alt=2000)
    secrets = ("webhook",)
    hints: ClassVar[Mapping[str, str]] = {
        "webhook": "api.slack.com/apps: your app, Incoming webhooks, Add new webhook, Webhook URL."
    }

    def rule(self, account: Account) -> Rule:
        return _rule(account)

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part = len(done)
        found = _WEBHOOK.fullmatch(account.secrets["webhook"])
        if found is None:
            raise AccountBroken("The account's webhook is no address of a Slack webhook.")
        caller = Caller(door, account, found[1], deadline=self.deadline, judge=_judge_words)
        reply = caller.call("POST", found[2], content=_message(draft, part), once=True)
        if reply.text.strip() != "ok":
            raise reply.unusable("does not say ok")
        return Posted(draft.part_key(part), "", part)


def _rule(account: Account) -> Rule:
    return _BLOCK if account.settings.get("attach") == "picture" else rules.SLACK


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    """Slack says 200 to nearly everything, and what it means in `error`."""
    error = fields.get("error")
    if fields.get("ok") is not False or not isinstance(error, str):
        return None
    told = words_of(error)
    if error in _LIMITED:
        return RateLimited(told)
    if error in _UNSURE:
        return Unknown(told)
    if error in _GONE:
        return Gone(told)
    return (RefusedByNetwork if error in _REFUSED else AccountBroken)(told)


def _judge_words(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    """A webhook refuses with one bare word."""
    if status not in (400, 403, 404, 410):
        return None
    return (RefusedByNetwork if text.strip() in _REFUSED else AccountBroken)(words_of(f"HTTP {status}: {text}"))


def _message(draft: Draft, part: int) -> dict[str, Any]:
    text = _escaped(draft.texts[part])
    message: dict[str, Any] = {"text": text, "mrkdwn": False, "unfurl_links": True}
    if draft.media and part == 0:
        words = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": False}}
        picture = {"type": "image", "image_url": draft.media[0].url, "alt_text": draft.media[0].alt}
        message |= {"blocks": [words, picture], "unfurl_links": False}
    return message


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> str:
    return html.unescape(_LINK.sub(r"\1", text))


def _method(caller: Caller, account: Account, name: str, content: Mapping[str, Any], *, once: bool = False) -> Reply:
    headers = {"Authorization": f"Bearer {account.secrets['token']}"}
    return _approved(caller.call("POST", f"/api/{name}", content=content, headers=headers, once=once))


def _read(caller: Caller, account: Account, name: str, query: Mapping[str, str]) -> Reply:
    headers = {"Authorization": f"Bearer {account.secrets['token']}"}
    return _approved(caller.call("GET", f"/api/{name}", query=query, headers=headers))


def _approved(reply: Reply) -> Reply:
    if reply.get("ok") is not True:
        raise reply.unusable("does not say ok")
    return reply


def _linked(posted: Posted, account: Account, caller: Caller) -> Posted:
    """With its address, if Slack tells it; a post is no less sent without."""
    query = {"channel": posted.state["channel"], "message_ts": posted.id}
    try:
        return replace(posted, url=_read(caller, account, "chat.getPermalink", query).link("permalink"))
    except PostError as error:
        return replace(posted, remarks=(f"The address of the post was not told: {error}",))


def _own(caller: Caller, account: Account, part: int, thread: str) -> Iterator[Candidate]:
    """What the bot posted in the channel, or in a thread of it, newest first."""
    me = _method(caller, account, "auth.test", {}).get("bot_id")
    query = {"channel": str(account.settings.get("channel", "")), "limit": "100"}
    if thread:  # replies come oldest first, and the first of them is the thread's own
        reply = _read(caller, account, "conversations.replies", query | {"ts": thread, "limit": "1000"})
        if reply.get("has_more"):
            raise Cannot("The thread is too long to be looked through.")
        yield from _candidates(reversed(reply.many("messages")), me, part, query["channel"], thread)
        return
    while True:
        reply = _read(caller, account, "conversations.history", query)
        yield from _candidates(reply.many("messages"), me, part, query["channel"], "")
        cursor = reply.get("response_metadata", "next_cursor")
        if not cursor:
            return
        query["cursor"] = str(cursor)


def _candidates(messages: Any, me: object, part: int, channel: str, thread: str) -> Iterator[Candidate]:
    for each in messages:
        number = str(each.get("ts"))
        posted = Posted(number, "", part, {"channel": channel, "thread": thread or number})
        text = _plain(str(each.get("text", ""))) if me and each.get("bot_id") == me else ""
        yield Candidate(posted, text, _seconds(number))


def _reactions(kinds: object) -> int:
    each = kinds if isinstance(kinds, list) else []
    return sum(count_of(kind.get("count")) or 0 for kind in each if isinstance(kind, dict))


def _seconds(number: str) -> float | None:
    try:
        return float(number)
    except ValueError:
        return None
