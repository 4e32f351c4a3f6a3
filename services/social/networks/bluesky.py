"""Bluesky, by the account's own server (PDS). https://atproto.com/specs/record-key, https://docs.bsky.app

Settings: `identifier` (handle or DID) and what `check` finds: `did`, `pds`; `labels`, if posts are to carry any.
Secrets: `password`, an app password, which has no end; `access`, of two hours, and `refresh`, of 90 days, come from
`refresh`, which also logs in at first and after they have run out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from services.social import waiting
from services.social.calling import Caller, Reply, words_of
from services.social.draft import Draft, Media, Posted
from services.social.network import FOREVER, Access, Account, Capabilities, Checked, Measured, Network
from services.social.networks.lookup import same_text
from services.social.outcomes import AccountBroken, Gone, NotSent, PostError, RefusedByNetwork, TokenExpired
from services.social.text.writing import Span, Text, Written, byte_range
from shared.copyfit import rules
from shared.copyfit.rules import Rule
from shared.http import Door

COLLECTION = "app.bsky.feed.post"
_LARGEST_THUMB = 1_000_000
_LARGEST_PICTURE = 2_000_000
_LONGEST_TAG = 640  # bytes; a longer one stays text, or the whole post would be refused
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_BROKEN = {"AuthenticationRequired", "AuthMissing", "InvalidCredentials"}
_CLOSED = {"AccountTakedown", "AccountDeactivated", "AccountSuspended"}


class Bluesky(Network):
    name = "bluesky"
    server = "https://bsky.social"
    options: ClassVar[Mapping[str, type | tuple[str, ...]]] = {"labels": list}
    can = Capabilities(
        delete=True,
        find=True,
        measure=True,
        check=True,
        refresh=True,
        thread=True,
        repeats=FOREVER,  # one record key, one record
        uploads=True,
        media=4,
        alt=2000,
        card="sent",
    )
    secrets = ("password",)
    settings = ("identifier",)
    log_in = ("identifier", "password")
    refreshed_by = ("password",)
    hints: ClassVar[Mapping[str, str]] = {
        "identifier": "The account's handle, such as newsroom.example, or its DID.",
        "password": "An app password, not the account's own: Settings, Privacy and security, App passwords.",
    }

    def rule(self, account: Account) -> Rule:
        return rules.BLUESKY

    def freeze(self, draft: Draft, written: Written, account: Account) -> Mapping[str, Any]:
        """Key and record of each part, whole but for what only the server can name: blobs, and posts answered."""
        parts = range(len(draft.texts))
        records = [_record(draft, part, written.posts[part], account) for part in parts]
        return {"rkeys": [_tid(draft, part) for part in parts], "records": records}

    def publish(self, draft: Draft, account: Account, door: Door, *, done: Sequence[Posted] = ()) -> Posted:
        part, caller = len(done), self._caller(account, door)
        record = dict(draft.extra["records"][part])
        remarks: tuple[str, ...] = ()
        if part == 0:
            remarks = self._attach(record, draft, account, caller)
        before = done[-1] if done else draft.reply_to
        if before is not None:
            record["reply"] = {"root": before.state["root"], "parent": _reference(before.state)}
        content = {
            "repo": _did(account),
            "collection": COLLECTION,
            "rkey": draft.extra["rkeys"][part],
            "record": record,
            "swapRecord": None,  # it must not exist, unless it is this very record
        }
        try:
            reply = caller.call(
                "POST", "/xrpc/com.atproto.repo.putRecord", content=content, headers=_bearer(account), once=True
            )
        except _Taken as taken:
            found = self._find(draft, account, caller, part)
            if found is None:
                raise RefusedByNetwork(str(taken)) from None
            return found
        posted = _posted(reply, part, record, account)
        return replace(posted, remarks=remarks, pause=waiting.pause(reply.headers))

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
        return self._find(draft, account, self._caller(account, door), len(done))

    def delete(self, posted: Posted, account: Account, door: Door) -> None:
        content = {"repo": _did(account), "collection": COLLECTION, "rkey": posted.state["uri"].rpartition("/")[2]}
        self._caller(account, door).call(
            "POST", "/xrpc/com.atproto.repo.deleteRecord", content=content, headers=_bearer(account)
        )

    def measure(self, posted: Posted, account: Account, door: Door) -> Measured:
        query = {"uris": posted.state["uri"]}
        reply = self._caller(account, door).call(
            "GET", "/xrpc/app.bsky.feed.getPosts", query=query, headers=_bearer(account)
        )
        if not reply.many("posts"):
            raise Gone("The post is not there any more.")
        names = ("likeCount", "repostCount", "replyCount")
        return Measured(*(reply.number("posts", 0, name) for name in names))

    def check(self, account: Account, door: Door) -> Checked:
        reply = _session(self._caller(account, door), "GET", "getSession", headers=_bearer(account))
        if reply.get("active") is False:
            raise AccountBroken(f"The account is not active: {words_of(reply.get('status'))}.")
        did = reply.name("did")
        document = reply.get("didDoc") or self._document(did, account, door)
        handle = reply.name("handle")
        return Checked(handle, f"https://bsky.app/profile/{did}", {"did": did, "pds": _pds(document)})

    def refresh(self, account: Account, door: Door) -> Access:
        caller = self._caller(account, door)
        reply: Reply | None = None
        if "refresh" in account.secrets:
            headers = {"Authorization": f"Bearer {account.secrets['refresh']}"}
            try:
                reply = _session(caller, "POST", "refreshSession", headers=headers)
            except _Closed:
                raise  # no password opens it, and the server would only call it wrong
            except AccountBroken:
                reply = None  # it has run out; logging in is limited to 300 a day, so it comes second
        if reply is None:
            content = {"identifier": account.settings.get("identifier", ""), "password": account.secrets["password"]}
            reply = _session(caller, "POST", "createSession", content=content)
        tokens = {"access": reply.secret("accessJwt"), "refresh": reply.get("refreshJwt")}
        secrets = account.secrets.renewed(tokens)
        return Access(secrets, ends=_end(secrets["access"]))

    def _caller(self, account: Account, door: Door) -> Caller:
        server = account.settings.get("pds") or account.server or self.server
        return Caller(door, account, server, deadline=self.deadline, judge=_judge)

    def _find(self, draft: Draft, account: Account, caller: Caller, part: int) -> Posted | None:
        query = {"repo": _did(account), "collection": COLLECTION, "rkey": draft.extra["rkeys"][part]}
        try:
            reply = caller.call("GET", "/xrpc/com.atproto.repo.getRecord", query=query, headers=_bearer(account))
        except Gone:
            return None
        record = reply.get("value")
        if not isinstance(record, dict):
            raise reply.unusable("has no value")
        return _posted(reply, part, record, account) if same_text(str(record.get("text")), draft.texts[part]) else None

    def _attach(self, record: dict[str, Any], draft: Draft, account: Account, caller: Caller) -> tuple[str, ...]:
        """Uploads pictures and puts them into the record. A card goes without its picture rather than not at all."""

        def upload(media: Media, most: int) -> Mapping[str, Any]:
            picture, kind = caller.picture(media, most=most)
            headers = _bearer(account) | {"Content-Type": kind}
            blob = caller.call("POST", "/xrpc/com.atproto.repo.uploadBlob", body=picture, headers=headers).get("blob")
            if not isinstance(blob, dict):
                raise NotSent("The server took the picture without naming it.")
            return blob

        if draft.media:
            images = []
            for each in draft.media:
                image = {"alt": each.alt, "image": upload(each, _LARGEST_PICTURE)}
                if each.width and each.height:
                    image["aspectRatio"] = {"width": each.width, "height": each.height}
                images.append(image)
            record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
        elif draft.image is not None and "embed" in record:
            try:
                thumb = upload(draft.image, _LARGEST_THUMB)
            except RefusedByNetwork as refused:
                return (f"The card has no picture: {refused}",)
            record["embed"] = record["embed"] | {"external": record["embed"]["external"] | {"thumb": thumb}}
        return ()

    def _document(self, did: str, account: Account, door: Door) -> Any:
        """The DID document, which names the account's server. https://atproto.com/specs/did"""
        if did.startswith("did:web:"):
            server, path = f"https://{did.removeprefix('did:web:')}", "/.well-known/did.json"
        else:
            server, path = account.settings.get("directory", "https://plc.directory"), f"/{quote(did, safe=':')}"
        return Caller(door, account, server, deadline=self.deadline).call("GET", path).fields


def _session(caller: Caller, method: str, name: str, **given: Any) -> Reply:
    """A call about the account itself. What is refused there, of accounts taken down or deleted, is no post."""
    try:
        return caller.call(method, f"/xrpc/com.atproto.server.{name}", **given)
    except RefusedByNetwork as refused:
        raise AccountBroken(str(refused)) from None


class _Taken(RefusedByNetwork):
    """There is another record under this key."""


class _Closed(AccountBroken):
    """The account itself is closed, whatever its secrets."""


def _judge(status: int, fields: Mapping[str, Any], text: str) -> PostError | None:
    error = fields.get("error")
    told = words_of(f"{error}: {fields.get('message', '')}")
    if status < 400 or not isinstance(error, str):
        return None
    if error in ("ExpiredToken", "InvalidToken"):
        return TokenExpired(told)
    if error == "AuthFactorTokenRequired":
        return AccountBroken(f"{told}. Make an app password for Masthead.")
    if error in _CLOSED:
        return _Closed(told)
    if error in _BROKEN:
        return AccountBroken(told)
    if error == "RecordNotFound":
        return Gone(told)
    if error == "InvalidSwap":
        return _Taken(told)
    return NotSent(told) if error == "BlobNotFound" else None


def _record(draft: Draft, part: int, text: Text, account: Account) -> dict[str, Any]:
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": text.text,
        "createdAt": draft.at,
        "langs": [draft.language],
    }
    facets = [_facet(text.text, span, "link", "uri") for span in text.links]
    facets += [
        _facet(text.text, span, "tag", "tag") for span in text.hashtags if len(span.value.encode()) <= _LONGEST_TAG
    ]
    if facets:
        record["facets"] = facets
    if part == 0 and draft.link and not draft.media:
        card = {"uri": draft.link, "title": draft.title, "description": draft.description}
        record["embed"] = {"$type": "app.bsky.embed.external", "external": card}
    if labels := account.settings.get("labels"):
        values = [{"val": label} for label in labels]
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": values}
    return record


def _facet(text: str, span: Span, kind: str, name: str) -> dict[str, Any]:
    start, end = byte_range(text, span)
    feature = {"$type": f"app.bsky.richtext.facet#{kind}", name: span.value}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def _tid(draft: Draft, part: int) -> str:
    """The record key: a timestamp identifier, the same for the same draft."""
    spread = int.from_bytes(hashlib.sha256(draft.key.encode()).digest()[:8], "big")
    milliseconds = round(datetime.fromisoformat(draft.at).timestamp() * 1000)
    number = (milliseconds * 1000 + spread % 900 + part) << 10 | spread >> 32 & 1023
    return "".join(_BASE32[number >> shift & 31] for shift in range(60, -1, -5))


def _posted(reply: Reply, part: int, record: Mapping[str, Any], account: Account) -> Posted:
    uri = reply.name("uri")
    here = {"uri": uri, "cid": reply.name("cid")}
    answered = record.get("reply")
    root = answered["root"] if isinstance(answered, dict) and "root" in answered else here
    key = uri.rpartition("/")[2]
    return Posted(uri, f"https://bsky.app/profile/{_did(account)}/post/{key}", part, {**here, "root": root})


def _end(token: str) -> datetime | None:
    """When a token ends by its own word (RFC 7519, section 4.1.4), or None."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, LookupError, TypeError, OverflowError, OSError, RecursionError):
        return None


def _reference(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"uri": state["uri"], "cid": state["cid"]}


def _did(account: Account) -> str:
    did = account.settings.get("did")
    if not isinstance(did, str) or not did:
        raise AccountBroken("The account has not been checked yet: its DID is not known.")
    return did


def _bearer(account: Account) -> dict[str, str]:
    if "access" not in account.secrets:
        raise TokenExpired("The account has no access token yet.")
    return {"Authorization": f"Bearer {account.secrets['access']}"}


def _pds(document: Any) -> str:
    services = document.get("service") if isinstance(document, dict) else None
    for each in services if isinstance(services, list) else []:
        if isinstance(each, dict) and str(each.get("id")).endswith("#atproto_pds"):
            return str(each.get("serviceEndpoint"))
    raise AccountBroken("The account's DID document names no server for its posts.")
