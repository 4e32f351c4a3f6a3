"""The addresses readers ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, redirect, request

from services.feed.answers import PAGE_CACHE, Rendered
from services.feed.article_addresses import key_in_name
from services.feed.assets import static_files
from services.feed.feed_views import DAY, KINDS, SLICE, answer, existing_day
from services.feed.formats.fields import ABOUT_PATH
from services.feed.formats.jsonfeed import ABOUT
from services.feed.formats.page import error_page, make_frame, not_found_page
from services.feed.masthead import as_json
from services.feed.stand import Newsstand
from shared.errors import NotFound
from shared.slices import ALL, Slice
from shared.urls import CAMPAIGN, campaign_tag, campaign_url


def make_views(stand: Newsstand) -> Blueprint:
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
        mark = stand.hot.mark()
        story = stand.story(key_in_name(name))
        if story.withdrawn_at:  # at every address it ever had
            return gone(stand.article_page(request.environ["PATH_INFO"], story, mark))
        if not unquote(story.url).endswith(request.path):
            return redirect(campaign_url(story.url, campaign_tag(request.args.get(CAMPAIGN, ""))), 301)
        return _page(lambda path: stand.article_page(path, story, mark))

    @views.get("/masthead.json")
    def masthead_json() -> Any:
        return as_kept_json(as_json(stand.masthead(), stand.publication))

    @views.get(ABOUT_PATH)
    def about_feeds() -> Response:
        return Response(ABOUT, content_type="text/plain; charset=utf-8")

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


def as_kept_json(value: object) -> Response:
    """JSON that is asked for anew each time, and not sent again while it is the same."""
    response = jsonify(value)
    response.headers["Cache-Control"] = PAGE_CACHE
    response.add_etag()
    response.make_conditional(request)
    return response
