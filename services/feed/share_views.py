"""The addresses of share links: the list for programs, the counting redirects, the QR code."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from services.feed.article_addresses import key_in_address
from services.feed.networks import NETWORKS
from services.feed.qr import qr_svg
from services.feed.share import share_links, share_target, subject_of
from services.feed.stand import Newsstand
from services.feed.story import Story
from services.feed.views import as_kept_json
from services.feed.visitors import is_person, visitor_of
from shared.audience import Audience
from shared.errors import Fault, NotFound, Refused
from shared.publication import Publication
from shared.urls import SHARE_PATH, qr_path, share_path, short_url

# An article's short address never changes, and a publication that moves has its codes elsewhere too.
QR_CACHE = "public, max-age=31536000, immutable"


def make_share_views(stand: Newsstand, audience: Audience, proxies: int) -> Blueprint:
    views = Blueprint("share", __name__)
    publication = stand.publication

    @views.get(SHARE_PATH)
    def of_address() -> Response:
        if not (url := request.args.get("url", "")):
            fault = Fault("", "is missing", accepted="the address of an article", parameter="url")
            raise Refused("Which article is meant?", faults=[fault])
        story = stand.story(key_in_address(url, publication.base_url))
        if story.withdrawn_at:
            raise NotFound("The article was withdrawn.")
        return as_kept_json(_listed(story, publication))

    @views.get(f"{SHARE_PATH}/<article_id>")
    def of_article(article_id: str) -> Response:
        return as_kept_json(_listed(stand.visible_story(article_id), publication))

    @views.get(f"{SHARE_PATH}/<network>/<article_id>")
    def share(network: str, article_id: str) -> Response:
        if network not in NETWORKS:
            raise NotFound(f"No such network; there are: {', '.join(NETWORKS)}.")
        target = share_target(network, subject_of(stand.visible_story(article_id)))
        if target is None:
            raise NotFound(f"{NETWORKS[network].label} cannot take this article.")
        # HEAD is a program that looks where the link leads. Who comes too often is led there, and not counted.
        if request.method == "GET" and is_person(request.environ):
            audience.share(network, article_id, visitor_of(request.environ, proxies), stand.clock.now())
        # Built by hand: redirect() would wrap addresses such as mailto: as if they were pages.
        response = Response(status=302)
        response.headers["Location"] = target
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    @views.get("/qr/<article_id>.svg")
    def qr(article_id: str) -> Response:
        code = qr_svg(short_url(stand.visible_story(article_id).url))
        response = Response(code, content_type="image/svg+xml")
        response.headers.update({"Cache-Control": QR_CACHE, "X-Robots-Tag": "noindex"})
        return response

    return views


def _listed(story: Story, publication: Publication) -> dict[str, Any]:
    subject = subject_of(story)
    return {
        "id": story.urn,
        "url": story.url,
        "short_url": short_url(story.url),
        "qr": publication.base_url + qr_path(story.id),
        "networks": [
            {
                "network": each.network,
                "label": each.label,
                "url": publication.base_url + share_path(each.network, story.id),
                "target": share_target(each.network, subject),
            }
            for each in share_links(subject, publication.share.networks)
        ],
    }
