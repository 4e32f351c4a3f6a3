"""The Threads API with one profile, as its documentation describes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.social.networks.threads import Threads
from shared.copyfit import rules
from tests.networks.oauth import Authoriser, Client
from tests.networks.server import Answer, NetworkServer, Refusal, Request

TOKEN = "THs3cret"
SHORT = "THshort"
APP, APP_SECRET = "990602", "th-app-secret"
SCOPES = {"threads_basic", "threads_content_publish", "threads_delete", "threads_manage_insights"}
REDIRECT = "https://news.example/signed-in"


class ThreadsServer(NetworkServer):
    network = Threads

    def __init__(self) -> None:
        super().__init__()
        self.containers: dict[str, dict[str, Any]] = {}
        self.states: list[str] = []  # what new containers are, one after another, before they are finished
        self.oauth: Authoriser = Authoriser(
            "/oauth/authorize",
            "/oauth/access_token",
            SCOPES,
            lambda: {"access_token": SHORT, "user_id": 31},
            lambda error, description: _error(100, description),
            clients={APP: Client(APP_SECRET, {REDIRECT})},
            https_only=True,
            code_lasts=3600,
        )

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def settings(self) -> dict[str, Any]:
        return {"user": "31", "username": "newsroom"}

    def makes_post(self, request: Request) -> bool:
        return request.path.endswith("/threads_publish")

    def limited(self) -> Answer:
        content = _error(4, "Application request limit reached").answer.content
        return Answer(400, content, self.limit_headers)

    def unauthorised(self) -> Answer:
        return _error(190, "Error validating access token: Session has expired", 401, error_subcode=463).answer

    def alts(self, number: int) -> list[str]:
        return [self.posts[number]["alt_text"]] if "alt_text" in self.posts[number] else []

    def parent(self, number: int) -> str | None:
        parent: str | None = self.posts[number].get("reply_to_id")
        return parent

    def answer(self, request: Request) -> Answer:
        given = request.query | (request.form if request.method == "POST" else {})
        if request.path == "/access_token":
            return self._lengthen(given)
        if given.pop("access_token", "") != TOKEN:
            raise _error(190, "Invalid OAuth access token - Cannot parse access token", 401)
        path = request.path.removeprefix("/v1.0/")
        match request.method, path:
            case "POST", "31/threads":
                return self._contain(given)
            case "POST", "31/threads_publish":
                return self._publish(given["creation_id"])
            case "GET", "31/threads" | "31/replies":
                answers = path.endswith("replies")
                names = ("id", "text", "timestamp", "permalink")
                chosen = [each for each in reversed(self.posts) if ("reply_to_id" in each) == answers]
                return Answer(200, {"data": [{name: each[name] for name in names} for each in chosen], "paging": {}})
            case "GET", "me":
                return Answer(200, {"id": "31", "username": "newsroom"})
            case "GET", "31/threads_publishing_limit":
                return Answer(200, {"data": [{"quota_usage": 12, "config": {"quota_total": 250}}]})
            case "GET", "/refresh_access_token":
                return Answer(200, {"access_token": "THnew", "token_type": "bearer", "expires_in": 5_184_000})
        return self._one(request.method, path)

    def _lengthen(self, given: dict[str, str]) -> Answer:
        if given != {"grant_type": "th_exchange_token", "client_secret": APP_SECRET, "access_token": SHORT}:
            raise _error(452, "Session key invalid. This could be because the session key has an incorrect format")
        return Answer(200, {"access_token": TOKEN, "token_type": "bearer", "expires_in": 5_183_944})

    def _contain(self, given: dict[str, str]) -> Answer:
        if not rules.THREADS.fits(given["text"]):
            raise _error(100, "Param text must be at most 500 characters long.")
        if given["media_type"] == "IMAGE":
            assert "link_attachment" not in given
            assert given["image_url"].startswith(self.url)
        parent = given.get("reply_to_id")
        if parent and parent not in {each["id"] for each in self.posts}:
            raise _error(100, "The requested resource does not exist", error_subcode=33)
        number = f"c{len(self.containers)}"
        state = self.states.pop(0) if self.states else "FINISHED"
        self.containers[number] = {**given, "status": state}
        return Answer(200, {"id": number})

    def _publish(self, container: str) -> Answer:
        made = self.containers.get(container)
        if made is None or made["status"] != "FINISHED":
            raise _error(24, "The requested resource does not exist", error_subcode=4279009)
        made["status"] = "PUBLISHED"
        number = f"180{len(self.posts)}"
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        permalink = f"https://www.threads.com/@newsroom/post/{number}"
        self.posts.append({**made, "id": number, "timestamp": at, "permalink": permalink})
        return Answer(200, {"id": number})

    def _one(self, method: str, path: str) -> Answer:
        number, _, what = path.partition("/")
        if number in self.containers:
            return Answer(200, {"id": number, "status": self.containers[number]["status"]})
        post = next((each for each in self.posts if each["id"] == number), None)
        if post is None:
            raise _error(100, "Unsupported request: object does not exist", error_subcode=33)
        if method == "DELETE":
            self.posts.remove(post)
            return Answer(200, {"success": True})
        if what == "insights":
            counts = {"likes": 3, "reposts": 2, "replies": 1}
            return Answer(200, {"data": [{"name": name, "values": [{"value": n}]} for name, n in counts.items()]})
        return Answer(200, {"id": number, "permalink": post["permalink"]})


def _error(code: int, message: str, status: int = 400, **more: Any) -> Refusal:
    return Refusal(status, {"error": {"message": message, "type": "OAuthException", "code": code, **more}})
