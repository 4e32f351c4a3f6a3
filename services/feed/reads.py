"""Takes the word of a page that it is being read: `POST /read/<article>`, sent by masthead.js, with `?via=<account>` of
a reader who came by a post of that account."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response, request

from services.feed.accounts import Accounts
from services.feed.kept import Kept
from services.feed.stand import Newsstand
from services.feed.visitors import is_person, visitor_of
from shared.audience import Audience
from shared.errors import Refused
from shared.urls import CAMPAIGN, campaign_tag

# The page sends nothing but the address; what is longer is somebody else's.
LONGEST_BODY = 1024
# Bytes for ids of articles that are known to exist, so that a much-read one is not looked for each time.
CAPACITY = 1_000_000


def make_read_views(stand: Newsstand, audience: Audience, accounts: Accounts, proxies: int) -> Blueprint:
    views = Blueprint("reads", __name__)
    known: Kept[str, bool] = Kept(CAPACITY)

    @views.post("/read/<uuid:article>")
    def read(article: UUID) -> Response:
        if request.content_length is None and "Transfer-Encoding" in request.headers:
            raise Refused("A read has no body.", status=411, title="Length required")
        if (request.content_length or 0) > LONGEST_BODY:
            raise Refused("A read has no body.", status=413, title="Body too large")
        if not _from_our_page(stand.publication.base_url):
            raise Refused("Only the publication's own pages say what is read.", status=403, title="Forbidden")
        article_id = str(article)
        if is_person(request.environ):
            if known.get(article_id) is None:
                stand.visible_story(article_id)
                known.put(article_id, True, 200)
            visitor, now = visitor_of(request.environ, proxies), stand.clock.now()
            if not audience.read(article_id, visitor, now):
                raise Refused("Nobody reads as fast.", status=429, title="Too many requests", headers=_IN_A_MINUTE)
            if (account := campaign_tag(request.args.get(CAMPAIGN, ""))) and accounts.has(account):
                audience.click(account, article_id, visitor, now)
        return Response(status=204, headers={"Cache-Control": "no-store"})

    return views


_IN_A_MINUTE = {"Retry-After": "60"}


def _from_our_page(base_url: str) -> bool:
    """As the browser says, which scripts of others cannot make it say otherwise."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    home = urlsplit(base_url)
    return origin in (f"{home.scheme}://{home.netloc}", request.host_url.rstrip("/"))
