"""The Graph API with one page, as its documentation describes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from services.social.networks.facebook import VERSION, Facebook
from tests.networks.oauth import Authoriser, Client
from tests.networks.server import Answer, NetworkServer, Refusal, Request

TOKEN = "EAAs3cret"
PAGE = "1001"
SHORT, LONG = "EAAshort", "EAAlong"
APP, APP_SECRET = "4711", "fb-app-secret"
SCOPES = {"pages_show_list", "pages_manage_posts", "pages_read_engagement"}
REDIRECT = "https://news.example/signed-in"


class FacebookServer(NetworkServer):
    network = Facebook
    identity = "Newsroom"

    def __init__(self) -> None:
        super().__init__()
        usage = {PAGE: [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 1}]}
        self.limit_headers = {"X-Business-Use-Case-Usage": json.dumps(usage)}
        self.unscraped = False  # whether the page of the link could not be fetched
        self.expires = 0
        self.valid = True  # whether the page's token is
        self.pages = [
            _page(PAGE, "Newsroom", TOKEN),
            _page("1002", "Newsroom Sport", "EAAsport"),
            _page("1003", "A partner", "EAApartner", "ANALYZE"),
        ]
        self.oauth: Authoriser = Authoriser(
            f"/{VERSION}/dialog/oauth",
            f"/{VERSION}/oauth/access_token",
            SCOPES,
            lambda: {"access_token": SHORT, "token_type": "bearer", "expires_in": 5183},
            lambda error, description: _error(100, description, error_subcode=36009),
            clients={APP: Client(APP_SECRET, {REDIRECT})},
            https_only=True,
        )

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def settings(self) -> dict[str, Any]:
        return {"page": PAGE}

    def makes_post(self, request: Request) -> bool:
        return request.method == "POST" and request.path.endswith(("/feed", "/photos"))

    def limited(self) -> Answer:
        content = _error(32, "(#32) Page request limit reached")
        return Answer(400, content.answer.content, self.limit_headers)

    def unauthorised(self) -> Answer:
        return _error(190, "Error validating access token: session has expired", error_subcode=463).answer

    def texts(self) -> list[str]:
        return [post["message"] for post in self.posts]

    def alts(self, number: int) -> list[str]:
        return self.posts[number]["alts"]  # type: ignore[no-any-return]

    def answer(self, request: Request) -> Answer:
        given = self._given(request)
        path = request.path.removeprefix(f"/{VERSION}/")
        if path == "oauth/access_token":
            return self._lengthen(given)
        token = given.pop("access_token", "")
        if path == "debug_token":
            return self._debug(token)
        if path == "me/accounts" and token == LONG:
            return self._accounts(given)
        if token != TOKEN:
            raise _error(190, "Invalid OAuth access token.")
        match request.method, path:
            case "POST", "1001/feed" | "1001/photos":
                return self._create(given, photo=path.endswith("photos"))
            case "GET", "1001/feed":
                names = ("id", "message", "created_time", "permalink_url")
                return Answer(200, {"data": [{name: each[name] for name in names} for each in reversed(self.posts)]})
            case "GET", "1001":
                return Answer(200, {"id": PAGE, "name": "Newsroom", "link": "https://www.facebook.com/newsroom"})
        return self._one(request.method, path, given)

    def _lengthen(self, given: dict[str, Any]) -> Answer:
        app = {"client_id": APP, "client_secret": APP_SECRET}
        if given != {"grant_type": "fb_exchange_token", "fb_exchange_token": SHORT, **app}:
            raise _error(190, "Invalid OAuth access token - Cannot parse access token")
        return Answer(200, {"access_token": LONG, "token_type": "bearer", "expires_in": 5_184_000})

    def _debug(self, token: str) -> Answer:
        if token != f"{APP}|{APP_SECRET}":
            raise _error(100, "(#100) You must provide an app access token, or one of an owner or developer of the app")
        error = (
            {} if self.valid else {"error": {"code": 190, "message": "The session was invalidated.", "subcode": 460}}
        )
        return Answer(200, {"data": {"is_valid": self.valid, "expires_at": self.expires, **error}})

    def _accounts(self, given: dict[str, Any]) -> Answer:
        """The pages of the person, one an answer."""
        assert given["fields"] == "id,name,access_token,tasks"
        start = int(given.get("after", "0"))
        more = {"next": "https://graph.facebook.com/next"} if start + 1 < len(self.pages) else {}
        cursors = {"before": str(start), "after": str(start + 1)}
        return Answer(200, {"data": self.pages[start : start + 1], "paging": {"cursors": cursors, **more}})

    @staticmethod
    def _given(request: Request) -> dict[str, Any]:
        if str(request.headers["Content-Type"]).startswith("multipart/"):
            parts = {name: part.get_payload(decode=True) for name, part in request.parts.items()}
            return {name: part if name == "source" else part.decode() for name, part in parts.items()}  # type: ignore[union-attr]
        return request.query | (request.form if request.method == "POST" else {})

    def _create(self, given: dict[str, Any], *, photo: bool) -> Answer:
        if self.unscraped and given.get("link"):
            raise _error(1609005, "There was a problem scraping the link")
        if self.posts and self.posts[-1]["message"] == given["message"]:
            raise _error(506, "Duplicate status message")
        number = f"{PAGE}_{len(self.posts) + 1}"
        if photo:
            assert given["source"].startswith(b"\x89PNG")
        self.posts.append(
            {
                "id": number,
                "message": given["message"],
                "link": given.get("link"),
                "created_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "permalink_url": f"https://www.facebook.com/newsroom/posts/{number}",
                "alts": [given["alt_text_custom"]] if photo else [],
            }
        )
        return Answer(200, {"id": "555", "post_id": number} if photo else {"id": number}, self._usage())

    @staticmethod
    def _usage() -> dict[str, str]:
        return {"X-App-Usage": json.dumps({"call_count": 12, "total_time": 10, "total_cputime": 9})}

    def _one(self, method: str, number: str, given: dict[str, Any]) -> Answer:
        post = next((each for each in self.posts if each["id"] == number), None)
        if post is None:
            raise _error(100, "Unsupported request: object does not exist", error_subcode=33)
        if method == "DELETE":
            self.posts.remove(post)
            return Answer(200, {"success": True})
        if method == "POST":
            post["message"] = given["message"]
            return Answer(200, {"success": True})
        if given["fields"] == "permalink_url":
            return Answer(200, {"id": number, "permalink_url": post["permalink_url"]})
        counted = {"reactions": {"summary": {"total_count": 3}}, "comments": {"summary": {"total_count": 1}}}
        return Answer(200, {"id": number, **counted, "shares": {"count": 2}})


def _page(number: str, name: str, token: str, *tasks: str) -> dict[str, Any]:
    return {"id": number, "name": name, "access_token": token, "tasks": tasks or ("ANALYZE", "CREATE_CONTENT")}


def _error(code: int, message: str, **more: Any) -> Refusal:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    return Refusal(400, {"error": error})
