"""X's API of version 2 with one account, as its documentation describes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from services.social.networks.x import X
from shared.copyfit import rules
from tests.networks.oauth import Authoriser, Client, refused
from tests.networks.server import Answer, NetworkServer, Refusal, Request

SCOPES = {"tweet.read", "tweet.write", "users.read", "media.write", "offline.access"}
_LINK = re.compile(r"https?://\S+")


class XServer(NetworkServer):
    network = X
    reactions = (3, 2, 1)

    def __init__(self, *, client_secret: str = "") -> None:
        super().__init__()
        self.client_secret = client_secret  # of an app that is a confidential client
        self.oauth: Authoriser = Authoriser(
            "/i/oauth2/authorize",
            "/2/oauth2/token",
            SCOPES,
            self._issue,
            clients={"app": Client(client_secret)},
            pkce=True,
            basic=True,
            code_lasts=30,
        )
        self.token = "access-1"
        self.refresh = "refresh-1"
        self.media: dict[str, str] = {}
        reset = str(int(datetime.now(UTC).timestamp()) + 60)
        self.limit_headers = {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}

    def secrets(self) -> dict[str, str]:
        secret = {"client_secret": self.client_secret} if self.client_secret else {}
        return {"token": self.token, "refresh": self.refresh, **secret}

    def settings(self) -> dict[str, Any]:
        return {"client_id": "app", "user": "42", "username": "newsroom"}

    def makes_post(self, request: Request) -> bool:
        return (request.method, request.path) == ("POST", "/2/tweets")

    def limited(self) -> Answer:
        return _problem(429, "Too Many Requests", **self.limit_headers).answer

    def unauthorised(self) -> Answer:
        return _problem(401, "Unauthorized").answer

    def alts(self, number: int) -> list[str]:
        return [self.media[each] for each in self.posts[number]["media"]]

    def parent(self, number: int) -> str | None:
        parent: str | None = self.posts[number]["parent"]
        return parent

    def answer(self, request: Request) -> Answer:
        if request.path == "/2/oauth2/token":
            self.oauth.authenticate(request)
            return self._refresh(request.form)
        if request.headers["Authorization"] != f"Bearer {self.token}":
            raise _problem(401, "Unauthorized")
        match request.method, request.path:
            case "POST", "/2/tweets":
                return self._create(request.json)
            case "GET", "/2/users/me":
                return Answer(200, {"data": {"id": "42", "name": "News", "username": "newsroom"}})
            case "GET", "/2/users/42/tweets":
                return self._own(request.query)
            case "POST", "/2/media/upload":
                assert request.parts["media"].get_payload(decode=True)[:4] == b"\x89PNG"  # type: ignore[index]
                number = str(700 + len(self.media))
                self.media[number] = ""
                return Answer(200, {"data": {"id": number, "media_key": f"3_{number}"}})
            case "POST", "/2/media/metadata":
                self.media[request.json["id"]] = request.json["metadata"]["alt_text"]["text"]
                return Answer(200, {"data": {"id": request.json["id"]}})
        return self._one(request)

    def _refresh(self, form: dict[str, str]) -> Answer:
        if form != {"grant_type": "refresh_token", "refresh_token": self.refresh, "client_id": "app"}:
            raise refused("invalid_request", "Value passed for the token was invalid.")
        return Answer(200, self._issue())

    def _issue(self) -> dict[str, Any]:
        number = int(self.refresh.removeprefix("refresh-")) + 1
        self.token, self.refresh = f"access-{number}", f"refresh-{number}"
        tokens = {"access_token": self.token, "refresh_token": self.refresh}
        return {"token_type": "bearer", "expires_in": 7200, "scope": " ".join(SCOPES), **tokens}

    def _create(self, body: dict[str, Any]) -> Answer:
        text = body["text"]
        if rules.X.count(text) > 280:
            raise _problem(403, "Your Tweet text is too long.", title="Forbidden", type="about:blank")
        if any(each["sent"] == text for each in self.posts):
            raise _problem(403, "You are not allowed to create a Tweet with duplicate content.", title="Forbidden")
        links = list(dict.fromkeys(_LINK.findall(text)))
        shown = text
        urls = []
        for number, link in enumerate(links):
            short = f"https://t.co/{len(self.posts)}{number}"
            shown = shown.replace(link, short)
            urls.append({"url": short, "expanded_url": link, "display_url": link[:20]})
        post = {
            "id": str(1_900_000_000_000_000_000 + len(self.posts)),
            "sent": text,
            "text": shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "entities": {"urls": urls},
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "media": body.get("media", {}).get("media_ids", []),
            "parent": body.get("reply", {}).get("in_reply_to_tweet_id"),
        }
        self.posts.append(post)
        return Answer(201, {"data": {"id": post["id"], "text": post["text"]}})

    def texts(self) -> list[str]:
        return [post["sent"] for post in self.posts]

    def _own(self, query: dict[str, str]) -> Answer:
        names = ["id", "text", *query["tweet.fields"].split(",")]
        newest = [{name: post[name] for name in names} for post in reversed(self.posts)]
        if not newest:
            return Answer(200, {"meta": {"result_count": 0}})
        return Answer(200, {"data": newest, "meta": {"result_count": len(newest)}})

    def _one(self, request: Request) -> Answer:
        number = request.path.removeprefix("/2/tweets/")
        found = next((each for each in self.posts if each["id"] == number), None)
        if request.method == "DELETE":
            self.posts = [each for each in self.posts if each is not found]
            return Answer(200, {"data": {"deleted": True}})
        if found is None:
            return Answer(200, {"errors": [{"title": "Not Found Error", "resource_id": number}]})
        metrics = {"like_count": 3, "retweet_count": 2, "reply_count": 1, "quote_count": 0}
        return Answer(200, {"data": {"id": number, "public_metrics": metrics}})


def _problem(status: int, detail: str, title: str = "", type: str = "about:blank", **headers: str) -> Refusal:
    content = {"title": title or detail, "detail": detail, "type": type, "status": status}
    return Refusal(status, content, **headers)
