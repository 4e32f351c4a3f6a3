"""The addresses readers ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, redirect, request

from services.feed.answers import PAGE_CACHE, Rendered
from services.feed.assets import static_files
from services.feed.feed_views import DAY, KINDS, SLICE, answer, existing_day
from services.feed.formats.fields import ABOUT_PATH
from services.feed.formats.jsonfeed import ABOUT
from services.feed.formats.page import error_page, make_frame, not_found_page
from services.feed.masthead import as_json
from services.feed.networks import NETWORKS
from services.feed.share import share_links, share_target, subject_of
from services.feed.stand import Newsstand
from services.feed.visitors import is_person, visitor_of
from shared.audience import Audience
from shared.errors import NotFound
from shared.slices import ALL, Slice
from shared.urls import share_path

KEY = re.compile(r"(?:^|-)([0-9a-hjkmnp-tv-z]{10})$")


def make_views(stand: Newsstand, audience: Audience, proxies: int) -> Blueprint:
    views = Blueprint("readers", __name__)

    @views.before_app_request
    def refuse_nul() -> None:
        # PostgreSQL takes no text with this character, so nothing that is asked for with it can be there.
        if "\0" in request.path:
            raise NotFound("No address has a NUL character.")

    @views.get("/")
    def front() -> Any:
        return _page(lambda path: stand.slice_page(path, ALL))

    @views.get(f"/{SLICE}/")
    def slice_page(place: str, value: str) -> Any:
        return _page(lambda path: stand.slice_page(path, Slice(KINDS[place], value)))

    @views.get(f"/{DAY}/")
    def day_page(year: int, month: int, day: int) -> Any:
        return _page(lambda path: stand.day_page(path, existing_day(year, month, day)))

    @views.get(f"/{DAY}/<name>")
    def article(year: int, month: int, day: int, name: str) -> Any:
        found = KEY.search(name)
        if not found:
            raise NotFound("No article has this address.")
        mark = stand.hot.mark()
        story = stand.story(found[1])
        if story.withdrawn_at:  # at every address it ever had
            return gone(stand.article_page(request.environ["PATH_INFO"], story, mark))
        if not unquote(story.url).endswith(request.path):
            return redirect(story.url, 301)
        return _page(lambda path: stand.article_page(path, story, mark))

    @views.get("/masthead.json")
    def masthead_json() -> Any:
        return _json(as_json(stand.masthead(), stand.publication))

    @views.get("/share/<article_id>")
    def share_list(article_id: str) -> Response:
        subject = subject_of(stand.visible_story(article_id))
        links = share_links(subject, stand.publication.share.networks)
        base = stand.publication.base_url
        return _json(
            [
                {
                    "network": each.network,
                    "label": each.label,
                    "url": base + share_path(each.network, article_id),
                    "target": share_target(each.network, subject),
                }
                for each in links
            ]
        )

    @views.get(ABOUT_PATH)
    def about_feeds() -> Response:
        return Response(ABOUT, content_type="text/plain; charset=utf-8")

    @views.get("/share/<network>/<article_id>")
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

    @views.get("/static/<name>")
    def static(name: str) -> Response:
        if request.path not in static_files():
            raise NotFound("No such file.")
        content_type, body = static_files()[request.path]
        response = Response(body, content_type=content_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return views


def error_html(stand: Newsstand, status: int, reference: str) -> bytes:
    """An error as a page, for people."""
    frame = make_frame(stand.publication, None)
    return not_found_page(frame) if status == 404 else error_page(frame, reference)


def _page(find: Callable[[str], Rendered]) -> Any:
    return answer(find(request.environ["PATH_INFO"]))


def gone(notice: Rendered) -> Response:
    """What stands in the place of a withdrawn article."""
    response = Response(notice.body, 410, content_type=notice.content_type)
    response.headers.update({"Cache-Control": notice.cache_control, **dict(notice.extra_headers)})
    return response


def _json(value: object) -> Response:
    response = jsonify(value)
    response.headers["Cache-Control"] = PAGE_CACHE
    response.add_etag()
    response.make_conditional(request)
    return response
