"""The addresses readers ask for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, redirect, request

from services.feed.assets import static_files
from services.feed.formats.jsonfeed import ABOUT, ABOUT_PATH
from services.feed.formats.page import error_page, make_frame, not_found_page
from services.feed.hot import PAGE_CACHE, Rendered, send
from services.feed.masthead import as_json
from services.feed.share import NETWORKS, share_links, share_target, subject_of
from services.feed.stand import Newsstand
from shared.clicks import Clicks
from shared.errors import NotFound
from shared.slices import ALL, PLACES, Slice, day_slice
from shared.urls import FORMATS, share_path

KINDS = {place: kind for kind, place in PLACES.items()}
_KEY = re.compile(r"(?:^|-)([0-9a-hjkmnp-tv-z]{10})$")


def make_views(stand: Newsstand, clicks: Clicks) -> Blueprint:
    views = Blueprint("readers", __name__)

    @views.before_request
    def refuse_nul() -> None:
        # PostgreSQL takes no text with this character, so nothing that is asked for with it can be there.
        if "\0" in request.path:
            raise NotFound("No address has a NUL character.")

    @views.get("/")
    def front() -> Any:
        return _page(lambda path: stand.slice_page(path, ALL))

    @views.get(f"/<any({', '.join(KINDS)}):place>/<value>/")
    def slice_page(place: str, value: str) -> Any:
        return _page(lambda path: stand.slice_page(path, Slice(KINDS[place], value)))

    @views.get("/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>/")
    def day_page(year: int, month: int, day: int) -> Any:
        return _page(lambda path: stand.day_page(path, _date(year, month, day)))

    for format, file in FORMATS.items():
        _add_feeds(views, stand, format, file)

    @views.get("/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>/<name>")
    def article(year: int, month: int, day: int, name: str) -> Any:
        found = _KEY.search(name)
        if not found:
            raise NotFound("No article has this address.")
        story = stand.story(found[1])
        if story.withdrawn_at:  # at every address it ever had
            return _gone(stand.article_page(request.environ["PATH_INFO"], story))
        if not unquote(story.url).endswith(request.path):
            return redirect(story.url, 301)
        return _page(lambda path: stand.article_page(path, story))

    @views.get("/masthead.json")
    def masthead_json() -> Any:
        return _json(as_json(stand.masthead(), stand.publication))

    @views.get("/share/<article_id>")
    def share_list(article_id: str) -> Response:
        links = share_links(subject_of(stand.visible_story(article_id)), stand.publication.share.networks)
        base = stand.publication.base_url
        return _json(
            [
                {"network": each.network, "label": each.label, "url": base + share_path(each.network, article_id)}
                | {"target": each.url}
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
        if request.method == "GET":  # HEAD is a program that looks where the link leads
            clicks.count(network, article_id)
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


def _add_feeds(views: Blueprint, stand: Newsstand, format: str, file: str) -> None:
    def of_all() -> Any:
        return _feed(stand, ALL, format)

    def of_slice(place: str, value: str) -> Any:
        return _feed(stand, Slice(KINDS[place], value), format)

    def of_day(year: int, month: int, day: int) -> Any:
        return _feed(stand, day_slice(_date(year, month, day)), format)

    day = "<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>"
    views.add_url_rule(f"/{file}", f"{format}_of_all", of_all)
    views.add_url_rule(f"/<any({', '.join(KINDS)}):place>/<value>/{file}", f"{format}_of_slice", of_slice)
    views.add_url_rule(f"/{day}/{file}", f"{format}_of_day", of_day)


def _feed(stand: Newsstand, which: Slice, format: str) -> Any:
    path = request.environ["PATH_INFO"]
    rendered = stand.feed(path, which, format)
    return lambda environ, start_response: send(environ, start_response, rendered)


def _page(find: Callable[[str], Rendered]) -> Any:
    rendered = find(request.environ["PATH_INFO"])
    return lambda environ, start_response: send(environ, start_response, rendered)


def _gone(notice: Rendered) -> Response:
    response = Response(notice.body, 410, content_type=notice.content_type)
    response.headers.update({"Cache-Control": notice.cache_control, **dict(notice.extra_headers)})
    return response


def _json(value: object) -> Response:
    response = jsonify(value)
    response.headers["Cache-Control"] = PAGE_CACHE
    response.add_etag()
    response.make_conditional(request)
    return response


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NotFound("There is no such day.") from error
