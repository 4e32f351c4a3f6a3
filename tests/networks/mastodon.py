"""A Mastodon server of version 4.6, as its documentation and validators describe it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import regex

from services.social.networks.mastodon import Mastodon
from tests.networks.oauth import Authoriser, Client
from tests.networks.server import Answer, NetworkServer, Refusal, Request

TOKEN = "s3cret-token"
SCOPES = {"write:statuses", "write:media", "read:statuses", "read:accounts"}
_STATUS = re.compile(r"/api/v1/statuses/([^/]+)")
_LINK = re.compile(r"https?://\S+")


class MastodonServer(NetworkServer):
    network = Mastodon

    def __init__(self, *, limit: int = 500, old: bool = False, pending: int = 0) -> None:
        super().__init__()
        self.limit = limit
        self.old = old
        self.pending = pending  # how often a picture is not ready
        self.media: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        self.remaining = 300
        self.oauth: Authoriser = Authoriser(
            "/oauth/authorize", "/oauth/token", SCOPES, self._issue, pkce=True, scope_again=True
        )
        self.limit_headers = {
            "X-RateLimit-Limit": "300",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": (datetime.now(UTC) + timedelta(seconds=90)).isoformat().replace("+00:00", "Z"),
        }

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def makes_post(self, request: Request) -> bool:
        return (request.method, request.path) == ("POST", "/api/v1/statuses")

    def alts(self, number: int) -> list[str]:
        return [each["description"] for each in self.posts[number]["media_attachments"]]

    def parent(self, number: int) -> str | None:
        parent: str | None = self.posts[number]["in_reply_to_id"]
        return parent

    def _issue(self) -> dict[str, Any]:
        created = int(datetime.now(UTC).timestamp())
        return {"access_token": TOKEN, "token_type": "Bearer", "scope": " ".join(SCOPES), "created_at": created}

    def _register(self, app: dict[str, Any]) -> Answer:
        if not app.get("client_name") or not str(app.get("redirect_uris")).startswith("http"):
            raise Refusal(422, {"error": "Validation failed: Redirect URI must be an absolute URI."})
        if not set(app["scopes"].split()) <= SCOPES:
            raise Refusal(422, {"error": "Validation failed: Scopes doesn't match configured on the server."})
        name = f"client-{len(self.oauth.clients)}"
        client = self.oauth.clients[name] = Client(f"secret-of-{name}", {app["redirect_uris"]})
        credentials = {"client_id": name, "client_secret": client.secret, "client_secret_expires_at": 0}
        return Answer(200, {"id": "1", "name": app["client_name"], "redirect_uris": [*client.redirects], **credentials})

    def answer(self, request: Request) -> Answer:
        if (request.method, request.path) == ("POST", "/api/v1/apps"):
            return self._register(request.json)
        if request.path == "/api/v2/instance":
            if self.old:
                raise Refusal(404, {"error": "Record not found"})
            return Answer(200, {"configuration": self._configuration()})
        if request.path == "/api/v1/instance":
            return Answer(200, {"max_toot_chars": self.limit})
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            raise Refusal(401, {"error": "The access token is invalid"})
        match request.method, request.path:
            case "POST", "/api/v1/statuses":
                return self._create(request)
            case "GET", "/api/v1/accounts/verify_credentials":
                return Answer(200, {"id": "7", "acct": "newsroom", "url": f"{self.url}/@newsroom"})
            case "GET", "/api/v1/accounts/7/statuses":
                return self._own(request)
            case "POST", "/api/v2/media":
                return self._upload(request)
        if request.path.startswith("/api/v1/media/"):
            self.pending -= 1
            return Answer(206 if self.pending >= 0 else 200, {"id": request.path.rpartition("/")[2]})
        if found := _STATUS.fullmatch(request.path):
            return self._one(request, found[1])
        raise Refusal(404, {"error": "Record not found"})

    def _configuration(self) -> dict[str, Any]:
        return {
            "statuses": {
                "max_characters": self.limit,
                "max_media_attachments": 4,
                "characters_reserved_per_url": 23,
            },
            "media_attachments": {"description_limit": 1500},
        }

    def _create(self, request: Request) -> Answer:
        key = request.headers["Idempotency-Key"]
        if key and key in self.keys:
            return Answer(200, self.keys[key])
        status = self._checked(request.json) | {
            "id": f"11{len(self.posts)}x",
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        parent = status["in_reply_to_id"]
        if parent and parent not in {each["id"] for each in self.posts}:
            raise Refusal(404, {"error": "Record not found"})
        status["url"] = f"{self.url}/@newsroom/{status['id']}"
        self.posts.append(status)
        if key:
            self.keys[key] = status
        self.remaining -= 1
        return Answer(200, status, self._budget())

    def _budget(self) -> dict[str, str]:
        return {**self.limit_headers, "X-RateLimit-Remaining": str(self.remaining)}

    def _checked(self, body: dict[str, Any]) -> dict[str, Any]:
        text, warning = body.get("status", ""), body.get("spoiler_text", "")
        counted = _LINK.sub("x" * 23, text) + warning
        if len(regex.findall(r"\X", counted)) > self.limit:
            raise Refusal(422, {"error": f"Validation failed: Text character limit of {self.limit} exceeded"})
        if not text.strip() and not body.get("media_ids"):
            raise Refusal(422, {"error": "Validation failed: Text can't be blank"})
        language = body.get("language")
        if language is not None and not re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", language):
            raise Refusal(422, {"error": "Validation failed: Language is invalid"})
        media = body.get("media_ids", [])
        if any(each not in self.media for each in media):
            raise Refusal(422, {"error": "Validation failed: Media not found"})
        if self.pending > 0 and media:
            raise Refusal(422, {"error": "Cannot attach files that have not finished processing"})
        return {
            "content": _as_html(text),
            "text": text,
            "language": language,
            "spoiler_text": warning,
            "sensitive": bool(body.get("sensitive")),
            "visibility": body.get("visibility"),
            "media_attachments": [self.media[each] for each in media],
            "in_reply_to_id": body.get("in_reply_to_id"),
            "favourites_count": 3,
            "reblogs_count": 2,
            "replies_count": 1,
        }

    def _one(self, request: Request, number: str) -> Answer:
        status = next((each for each in self.posts if each["id"] == number), None)
        if status is None:
            raise Refusal(404, {"error": "Record not found"})
        if request.method == "PUT":
            given = self._checked(request.json)
            status.update({name: given[name] for name in ("content", "text", "language", "media_attachments")})
        elif request.method == "DELETE":
            self.posts.remove(status)
        return Answer(200, status)

    def _own(self, request: Request) -> Answer:
        newest_first = list(reversed(self.posts))
        if before := request.query.get("max_id"):
            ids = [each["id"] for each in newest_first]
            newest_first = newest_first[ids.index(before) + 1 :]
        return Answer(200, newest_first[: int(request.query.get("limit", 20))])

    def _upload(self, request: Request) -> Answer:
        picture = request.parts["file"].get_payload(decode=True)
        if not isinstance(picture, bytes) or not picture.startswith(b"\x89PNG"):
            raise Refusal(422, {"error": "Validation failed: File content type is invalid"})
        description = request.parts["description"].get_payload(decode=True)
        number = str(500 + len(self.media))
        self.media[number] = {"id": number, "description": description.decode() if description else ""}  # type: ignore[union-attr]
        return Answer(202 if self.pending else 200, self.media[number])


def _as_html(text: str) -> str:
    """As the server shows it: paragraphs, and the ends of long links hidden."""

    def link(found: re.Match[str]) -> str:
        scheme, _, rest = found[0].partition("://")
        hidden = f'<span class="invisible">{scheme}://</span><span class="ellipsis">{rest[:30]}</span>'
        return f'<a href="{found[0]}">{hidden}<span class="invisible">{rest[30:]}</span></a>'

    escaped = html.escape(text, quote=False)
    linked = _LINK.sub(link, escaped)
    return "<p>" + linked.replace("\n\n", "</p><p>").replace("\n", "<br>") + "</p>"
