"""Calls to one network for one account: HTTP in, and what came of it out, in the terms of `outcomes`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from services.social import waiting
from services.social.credentials import usable
from services.social.draft import Media
from services.social.network import Account
from services.social.outcomes import (
    AccountBroken,
    Gone,
    NotSent,
    PictureMissing,
    PostError,
    RateLimited,
    RefusedByNetwork,
    Unknown,
)
from shared.errors import AddressRefused, OutboundError
from shared.http import DEADLINE, Door, Headers, hide

LARGEST_PICTURE = 20_000_000
_LONGEST_WORDS = 300
_LONGEST_NAME = 1000
_KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_WEB_ADDRESS = re.compile(r"https?://[!-~]{1,2000}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Reply:
    """An answer that was taken. `fields` is its JSON object, empty where there is none."""

    status: int
    headers: Headers
    text: str
    fields: Mapping[str, Any]
    once: bool

    def get(self, *path: str | int) -> Any:
        """What stands at this path of the JSON, or None."""
        found: Any = self.fields
        for step in path:
            try:
                found = found[step]
            except (LookupError, TypeError):
                return None
        return found

    def name(self, *path: str | int) -> str:
        """The id or other text at this path. Raises Unknown, or NotSent for a call that may be repeated."""
        found = self.get(*path)
        if isinstance(found, (str, int)) and not isinstance(found, bool):
            name = str(found)
            if name and name.isprintable() and len(name) <= _LONGEST_NAME:
                return name
        raise self.unusable(f"has no {'.'.join(map(str, path))}")

    def secret(self, *path: str | int) -> str:
        """The token at this path. Raises as `name` does for what can be no secret."""
        found = self.get(*path)
        if usable(found):
            return found.strip()
        raise self.unusable(f"has no {'.'.join(map(str, path))}")

    def number(self, *path: str | int) -> int | None:
        """The count at this path, or None."""
        return count_of(self.get(*path))

    def link(self, *path: str | int) -> str:
        """The web address at this path, or nothing."""
        return link_of(self.get(*path))

    def many(self, *path: str | int) -> list[Mapping[str, Any]]:
        """The JSON objects of the list at this path. Raises as `name` does when there is no list."""
        found = self.get(*path)
        if not isinstance(found, list):
            raise self.unusable(f"has no list of {'.'.join(map(str, path))}")
        return [each for each in found if isinstance(each, dict)]

    def unusable(self, why: str) -> PostError:
        return (Unknown if self.once else NotSent)(f"The answer (HTTP {self.status}) {why}.")


Judge = Callable[[int, Mapping[str, Any], str], PostError | None]


class Caller:
    """Calls a server, the base address of an API, for one account.

    `judge` is the network's own reading of an answer (status, JSON, text): the error it stands for, or None to leave
    it to the meaning of HTTP's status codes. It is asked about every answer, since some say 200 to everything.
    """

    def __init__(
        self, door: Door, account: Account, server: str, *, deadline: float = DEADLINE, judge: Judge | None = None
    ) -> None:
        self._door = door
        self._server = server.rstrip("/")
        self._hidden = account.secrets.hidden()
        self._hidden += tuple(quote(each, safe="") for each in self._hidden)
        self._deadline = deadline
        self._judge = judge

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        content: Any = None,
        form: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Headers | None = None,
        once: bool = False,
    ) -> Reply:
        """One call with `content` (sent as JSON), `form` or `body`. Raises PostError.

        `once`: the call that makes the post. When its answer is lost the outcome is Unknown; of every other call it is
        NotSent, because nothing has been posted by it.
        """
        given = dict(headers or {})
        if content is not None:
            body = json.dumps(content, ensure_ascii=False).encode()
            given.setdefault("Content-Type", "application/json; charset=utf-8")
        elif form is not None:
            body = urlencode(form).encode()
            given.setdefault("Content-Type", "application/x-www-form-urlencoded")
        url = self._server + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        try:
            if not url.startswith("https://") and not self._door.check(url):
                raise AccountBroken(f"{hide(self._server, self._hidden)} is no https address.")
            answer = self._door.send(method, url, body, headers=given, deadline=self._deadline, hidden=self._hidden)
        except AddressRefused as error:
            raise AccountBroken(hide(str(error), self._hidden)) from None
        except OutboundError as error:
            lost = error.reached and once
            raise (Unknown if lost else NotSent)(hide(str(error), self._hidden)) from None
        reply = _read(answer.status, answer.headers, answer.body, once)
        fault = self._judge(reply.status, reply.fields, reply.text) if self._judge else None
        fault = fault or _by_status(reply)
        if fault is not None:
            raise self._told(fault, reply)
        return reply

    def _told(self, fault: PostError, reply: Reply) -> PostError:
        """The same fault without secrets, and with the time to wait that the answer names."""
        kind = NotSent if isinstance(fault, Unknown) and not reply.once else type(fault)
        told = kind(hide(str(fault), self._hidden))
        if isinstance(told, NotSent):
            told.retry_after = waiting.asked(reply.headers, reply.fields, limited=isinstance(told, RateLimited))
        return told

    def picture(self, media: Media, *, most: int) -> tuple[bytes, str]:
        """A picture's bytes and media type. Raises NotSent while it cannot be had, RefusedByNetwork when unfit."""
        try:
            answer = self._door.get(media.url, max_bytes=LARGEST_PICTURE, deadline=self._deadline)
        except OutboundError as error:
            raise PictureMissing(f"The picture cannot be fetched: {error}") from None
        if answer.status != 200:
            raise PictureMissing(f"The picture cannot be fetched: HTTP {answer.status}.")
        if len(answer.body) > most:
            raise RefusedByNetwork(f"The picture has {len(answer.body):,} bytes; at most {most:,} are taken.")
        kind = next((kind for start, kind in _KINDS.items() if answer.body.startswith(start)), None)
        if answer.body[:4] == b"RIFF" and answer.body[8:12] == b"WEBP":
            kind = "image/webp"
        if kind is None:
            raise RefusedByNetwork("The picture is no PNG, JPEG, GIF or WebP.")
        return answer.body, kind


def _read(status: int, headers: Headers, body: bytes, once: bool) -> Reply:
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()  # fails for halves of letters, which nothing could store
    except (ValueError, RecursionError):
        found = None
    fields = found if isinstance(found, dict) else {"items": found} if isinstance(found, list) else {}
    return Reply(status, headers, text, fields, once)


def _by_status(reply: Reply) -> PostError | None:
    status, words = reply.status, _words(reply)
    if 200 <= status < 300:
        return None
    told = f"HTTP {status}{': ' if words else ''}{words}"
    if status == 429:
        return RateLimited(told)
    if status >= 500:
        return (Unknown if reply.once else NotSent)(told)
    if status in (408, 425):
        return NotSent(told)
    if status < 400:
        return AccountBroken(f"The server redirects to {reply.headers.get('Location', 'nowhere')}; name that one.")
    if status in (401, 403):
        return AccountBroken(told)
    return (Gone if status in (404, 410) else RefusedByNetwork)(told)


def _words(reply: Reply) -> str:
    """What the network says about its refusal, in one line; of a page of HTML only that it is one."""
    named = ("error", "message"), ("message",), ("error_description",), ("error",), ("detail",), ("description",)
    found = next((words for path in named if isinstance(words := reply.get(*path), str)), None)
    if found is None and not reply.fields:
        found = "a page of HTML" if reply.text.lstrip()[:1] == "<" else reply.text
    return words_of(found or "")


def words_of(text: object) -> str:
    """Text of a network's as messages show it: one line, not endless."""
    line = _CONTROLS.sub(" ", str(text)).strip()
    return line if len(line) <= _LONGEST_WORDS else line[: _LONGEST_WORDS - 1] + "…"


def link_of(value: object) -> str:
    """A web address that a network tells, or nothing: what it tells is shown as a link."""
    return value if isinstance(value, str) and _WEB_ADDRESS.fullmatch(value) else ""


def count_of(value: object) -> int | None:
    """A count that a network tells, or None."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < 2**53 else None
