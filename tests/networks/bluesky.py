"""A personal data server (PDS), as the lexicons and the reference server describe it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import regex

from services.social.networks.bluesky import Bluesky
from tests.networks.server import Answer, NetworkServer, Refusal, Request

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


class BlueskyServer(NetworkServer):
    network = Bluesky
    identity = "newsroom.example"
    used = ("access",)

    def __init__(self, *, document: bool = True) -> None:
        super().__init__()
        self.document = document  # whether sessions name the DID document
        self.blobs: dict[str, bytes] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.session = 1
        self.expired = False
        self.closed = False  # whether the account has been taken down
        self.limit_headers = {
            "RateLimit-Limit": "5000",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": "1795426200",
            "RateLimit-Policy": "5000;w=3600",
            "Retry-After": "40",
        }

    def secrets(self) -> dict[str, str]:
        return {
            "password": "abcd-efgh-ijkl-mnop",
            "access": f"access-{self.session}",
            "refresh": f"refresh-{self.session}",
        }

    def settings(self) -> dict[str, Any]:
        return {"identifier": "newsroom.example", "did": DID}

    def makes_post(self, request: Request) -> bool:
        return request.path == "/xrpc/com.atproto.repo.putRecord"

    def unauthorised(self) -> Answer:
        return Answer(400, {"error": "ExpiredToken", "message": "Token has expired"})

    def limited(self) -> Answer:
        content = {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
        return Answer(429, content, self.limit_headers)

    def card(self, number: int) -> tuple[str, str, str, bool] | None:
        card = self.posts[number].get("embed", {}).get("external")
        return (card["uri"], card["title"], card["description"], "thumb" in card) if card else None

    def alts(self, number: int) -> list[str]:
        return [each["alt"] for each in self.posts[number].get("embed", {}).get("images", [])]

    def parent(self, number: int) -> str | None:
        reply = self.posts[number].get("reply")
        if not reply:
            return None
        assert reply["root"]["uri"].endswith(next(iter(self.records))), "the root is the first of the thread"
        return str(reply["parent"]["uri"])

    def answer(self, request: Request) -> Answer:
        name = request.path.removeprefix("/xrpc/")
        if request.path == f"/{DID}":
            return Answer(200, self._document())
        token = (request.headers["Authorization"] or "").removeprefix("Bearer ")
        if name == "com.atproto.server.createSession":
            if self.closed or request.json != {"identifier": "newsroom.example", "password": "abcd-efgh-ijkl-mnop"}:
                raise _refusal(401, "AuthenticationRequired", "Invalid identifier or password")
            return self._new_session()
        if name == "com.atproto.server.refreshSession":
            if self.closed:
                raise _refusal(401, "AccountTakedown", "Account has been taken down")
            if token not in (f"refresh-{self.session}", f"refresh-{self.session - 1}"):  # the last one is taken for 2 h
                raise _refusal(400, "ExpiredToken", "Token has been revoked")
            return self._new_session()
        if self.expired or token != f"access-{self.session}":
            raise _refusal(400, "ExpiredToken" if self.expired else "InvalidToken", "Token could not be verified")
        match name:
            case "com.atproto.server.getSession":
                if self.closed:
                    raise _refusal(400, "InvalidRequest", f"Could not find user info for account: {DID}")
                return Answer(200, {"did": DID, "handle": "newsroom.example", "active": True, **self._named()})
            case "com.atproto.repo.uploadBlob":
                return self._upload(request)
            case "com.atproto.repo.putRecord":
                return self._put(request.json)
            case "com.atproto.repo.getRecord":
                return self._get(request.query)
            case "com.atproto.repo.deleteRecord":
                record = self.records.pop(request.json["rkey"], None)
                self.posts = [each for each in self.posts if each is not record]
                return Answer(200, {"commit": {"cid": "bafy", "rev": "3"}} if record else {})
            case "app.bsky.feed.getPosts":
                return Answer(200, {"posts": [{"uri": "at", "likeCount": 3, "repostCount": 2, "replyCount": 1}]})
        raise _refusal(501, "MethodNotImplemented", "Method Not Implemented")

    def _document(self) -> dict[str, Any]:
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.url}
        return {"id": DID, "service": [service]}

    def _named(self) -> dict[str, Any]:
        return {"didDoc": self._document()} if self.document else {}

    def _new_session(self) -> Answer:
        self.session += 1
        self.expired = False
        tokens = {"accessJwt": f"access-{self.session}", "refreshJwt": f"refresh-{self.session}"}
        return Answer(200, {"did": DID, "handle": "newsroom.example", **tokens})

    def _upload(self, request: Request) -> Answer:
        cid = "bafkrei" + hashlib.sha256(request.body).hexdigest()
        self.blobs[cid] = request.body
        kind = request.headers["Content-Type"]
        return Answer(
            200,
            {"blob": {"$type": "blob", "ref": {"$link": cid}, "mimeType": kind, "size": len(request.body)}},
        )

    def _put(self, body: dict[str, Any]) -> Answer:
        key, record = body["rkey"], body["record"]
        if body["repo"] != DID or body["collection"] != "app.bsky.feed.post" or not _TID.fullmatch(key):
            raise _refusal(400, "InvalidRequest", "Invalid record key for app.bsky.feed.post")
        self._validate(record)
        if key in self.records:
            if self.records[key] == record:
                return self._stored(key)
            if body["swapRecord"] is None:
                raise _refusal(400, "InvalidSwap", f"Record was at {_cid(self.records[key])}")
        self.records[key] = record
        self.posts.append(record)
        return self._stored(key)

    def _validate(self, record: dict[str, Any]) -> None:
        text = record["text"]
        content = text.encode()
        _bound(text, 300, 3000, "text")
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", record["createdAt"]):
            raise _invalid("Invalid datetime", "createdAt")
        if len(record.get("langs", [])) > 3:
            raise _invalid("array too big (maximum 3)", "langs")
        for facet in record.get("facets", []):
            start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
            inside = content[start:end].decode()  # a range inside a letter cannot be decoded
            feature = facet["features"][0]
            _bound(feature.get("tag", ""), 64, 640, "facets[].features[0].tag")
            assert inside == (feature["uri"] if "uri" in feature else "#" + feature["tag"])
        embed = record.get("embed", {})
        blobs = [each["image"] for each in embed.get("images", [])]
        blobs += [thumb for thumb in [embed.get("external", {}).get("thumb")] if thumb]
        for blob in blobs:
            if blob["ref"]["$link"] not in self.blobs:
                raise _refusal(400, "BlobNotFound", f"Could not find blob: {blob['ref']['$link']}")

    def _get(self, query: dict[str, str]) -> Answer:
        if query["rkey"] not in self.records:
            raise _refusal(400, "RecordNotFound", f"Could not locate record: at://{DID}/{query['rkey']}")
        stored = self._stored(query["rkey"]).content
        return Answer(200, {**stored, "value": self.records[query["rkey"]]})

    def _stored(self, key: str) -> Answer:
        uri = f"at://{DID}/app.bsky.feed.post/{key}"
        return Answer(200, {"uri": uri, "cid": _cid(self.records[key]), "validationStatus": "valid"})


def _bound(text: str, graphemes: int, most: int, place: str) -> None:
    if (found := len(regex.findall(r"\X", text))) > graphemes:
        raise _invalid(f"grapheme too big (maximum {graphemes}, got {found})", place)
    if (found := len(text.encode())) > most:
        raise _invalid(f"string too big (maximum {most}, got {found})", place)


def _invalid(why: str, place: str) -> Refusal:
    return _refusal(400, "InvalidRequest", f"Invalid app.bsky.feed.post record: {why} at $.record.{place}")


def _cid(record: dict[str, Any]) -> str:
    return "bafyrei" + hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _refusal(status: int, error: str, message: str) -> Refusal:
    return Refusal(status, {"error": error, "message": message})
