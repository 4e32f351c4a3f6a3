"""LinkedIn's Posts and Images APIs with one organisation, as their documentation describes them."""

from __future__ import annotations

import re
import time
from typing import Any
from urllib.parse import unquote

from services.social.networks.linkedin import VERSION, LinkedIn
from tests.networks.oauth import Authoriser, Client, refused
from tests.networks.server import Answer, NetworkServer, Refusal, Request

TOKEN = "AQs3cret"
AUTHOR = "urn:li:organization:5515715"
ROLES = {AUTHOR: "ADMINISTRATOR", "urn:li:organization:88": "CONTENT_ADMINISTRATOR", "urn:li:organization:9": "ANALYST"}
SCOPES = {"w_organization_social", "r_organization_social", "r_organization_admin"}
YEAR = 31_536_000
_MARKUP = re.compile(
    r"\{hashtag\|\\#\|((?:[^{}\\]|\\.)+)\}|\\([\\|{}@\[\]()<>#*_~])|([\\|{}@\[\]()<>#*_~])|(.)", re.DOTALL
)


class LinkedInServer(NetworkServer):
    network = LinkedIn
    identity = "Newsroom"
    reactions = (3, None, 1)

    def __init__(self, *, partner: bool = False, readable: bool = True) -> None:
        super().__init__()
        self.partner = partner  # whether the app gets refresh tokens
        self.readable = readable  # whether the app may ask for a person's organisations
        self.images: dict[str, bytes] = {}
        self.oauth: Authoriser = Authoriser(
            "/oauth/v2/authorization",
            "/oauth/v2/accessToken",
            SCOPES,
            self._issue,
            clients={"app": Client("li-app-secret")},
            code_lasts=1800,
        )

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def settings(self) -> dict[str, Any]:
        return {"author": AUTHOR, "client_id": "app"}

    def makes_post(self, request: Request) -> bool:
        return (request.method, request.path) == ("POST", "/rest/posts")

    def limited(self) -> Answer:
        return _error(429, "Resource level throttle APPLICATION DAY limit", **self.limit_headers).answer

    def unauthorised(self) -> Answer:
        return _error(401, "The token used in the request has expired").answer

    def texts(self) -> list[str]:
        return [_read(post["commentary"]) for post in self.posts]

    def card(self, number: int) -> tuple[str, str, str, bool] | None:
        card = self.posts[number].get("content", {}).get("article")
        return (card["source"], card["title"], card["description"], "thumbnail" in card) if card else None

    def alts(self, number: int) -> list[str]:
        media = self.posts[number].get("content", {}).get("media")
        return [media["altText"]] if media else []

    def answer(self, request: Request) -> Answer:
        if request.path == "/oauth/v2/accessToken":
            self.oauth.authenticate(request)
            return self._refresh(request.form)
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            raise _error(401, "Invalid access token")
        if request.path.startswith("/upload/"):
            assert request.body.startswith(b"\x89PNG")
            self.images[request.path.removeprefix("/upload/")] = request.body
            return Answer(201)
        if request.headers["LinkedIn-Version"] != VERSION:
            raise _error(426, f"Requested version {request.headers['LinkedIn-Version']} is not active")
        assert request.headers["X-Restli-Protocol-Version"] == "2.0.0"
        match request.method, request.path:
            case "POST", "/rest/posts":
                return self._create(request.json)
            case "GET", "/rest/posts":
                start = int(request.query["start"])
                newest = [*reversed(self.posts)][start : start + 2]
                return Answer(200, {"elements": newest, "paging": {"start": start, "count": 2}})
            case "POST", "/rest/images":
                urn = f"urn:li:image:{len(self.images)}"
                return Answer(200, {"value": {"uploadUrl": f"{self.url}/upload/{urn}?sig=1", "image": urn}})
            case "GET", "/rest/organizationAcls":
                return self._roles(request)
            case "GET", "/rest/organizations/5515715":
                return Answer(200, {"localizedName": "Newsroom", "vanityName": "newsroom"})
            case "GET", "/rest/organizations/88":
                return Answer(200, {"localizedName": "Newsroom Sport", "vanityName": "sport"})
        return self._one(request)

    def _refresh(self, form: dict[str, str]) -> Answer:
        if form["refresh_token"] != "AQrefresh":
            raise refused("invalid_request", "The provided refresh token is invalid")
        return Answer(200, {"access_token": "AQnew", "expires_in": 5_184_000})

    def _issue(self) -> dict[str, Any]:
        tokens = {"access_token": TOKEN, "expires_in": 5_184_000, "scope": ",".join(SCOPES)}
        return tokens | ({"refresh_token": "AQrefresh", "refresh_token_expires_in": YEAR} if self.partner else {})

    def _roles(self, request: Request) -> Answer:
        assert request.query["q"] == "roleAssignee"
        assert request.headers["X-RestLi-Method"] == "FINDER"
        if not self.readable:
            raise _error(403, "Not enough permissions to access: organizationAcls.FINDER-roleAssignee")
        person = {"roleAssignee": "urn:li:person:A1", "state": "APPROVED"}
        return Answer(200, {"elements": [{"organization": urn, "role": role, **person} for urn, role in ROLES.items()]})

    def _create(self, post: dict[str, Any]) -> Answer:
        if post["author"] != AUTHOR:
            raise _error(403, "Organization permissions must be used when using organization as author")
        if len(post["commentary"]) > 3000:
            raise _error(422, "commentary: length exceeds the maximum of 3000")
        if any(each["commentary"] == post["commentary"] for each in self.posts):
            raise _error(422, "Content is a duplicate of urn:li:share:1")
        card = post.get("content", {}).get("article", {})
        if len(card.get("title", "")) > 400 or len(card.get("description", "")) > 4086:
            raise _error(422, "content.article: length exceeds the maximum")
        pictures = [post.get("content", {}).get(kind, {}) for kind in ("media", "article")]
        for urn in filter(None, (pictures[0].get("id"), pictures[1].get("thumbnail"))):
            assert urn in self.images, "a picture is uploaded before it is used"
        urn = f"urn:li:share:{len(self.posts) + 7000}"
        self.posts.append(post | {"id": urn, "createdAt": int(time.time() * 1000)})
        return Answer(201, None, {"x-restli-id": urn})

    def _one(self, request: Request) -> Answer:
        urn = unquote(request.path.rpartition("/")[2])
        post = next((each for each in self.posts if each["id"] == urn), None)
        if post is None:
            raise _error(404, "Not found")
        if request.method == "DELETE":
            self.posts.remove(post)
            return Answer(204)
        if request.method == "POST":
            assert request.headers["X-RestLi-Method"] == "PARTIAL_UPDATE"
            post.update(request.json["patch"]["$set"])
            return Answer(204)
        return Answer(200, {"likesSummary": {"totalLikes": 3}, "commentsSummary": {"aggregatedTotalComments": 1}})


def _read(commentary: str) -> str:
    """What people read; LinkedIn cuts a text at the first reserved letter that is not escaped."""
    text = ""
    for hashtag, escaped, reserved, plain in _MARKUP.findall(commentary):
        if reserved:
            return text
        text += "#" + hashtag.replace("\\", "") if hashtag else escaped + plain
    return text


def _error(status: int, message: str, **headers: str) -> Refusal:
    return Refusal(status, {"status": status, "code": "ERROR", "message": message}, **headers)
