"""The addresses of feeds, of their older pages and changes, and of the archives of days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, redirect, request

from services.feed.answers import PAGE_CACHE, Rendered, send
from services.feed.backissues import BackIssues
from services.feed.cursors import Before, Since
from services.feed.documents import address
from services.feed.stand import Newsstand
from shared.errors import Fault, NotFound, Refused
from shared.slices import ALL, PLACES, Slice, day_slice
from shared.topics import Selection, Topic, topic_from
from shared.urls import FEEDS_PATH, FORMATS, OPML_PATH

KINDS = {place: kind for kind, place in PLACES.items()}
DAY = "<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>"
SLICE = f"<any({', '.join(KINDS)}):place>/<value>"
CURSORS: dict[str, Callable[[str], Before | Since]] = {"before": Before.parse, "since": Since.parse}


def make_feed_views(stand: Newsstand, back: BackIssues) -> Blueprint:
    views = Blueprint("feeds", __name__)
    for format, file in FORMATS.items():
        _add_feeds(views, stand, back, format, file)
        _add_archives(views, back, format)

    @views.get(OPML_PATH)
    def opml() -> Any:
        return answer(stand.directory.opml())

    @views.get(FEEDS_PATH)
    def combined() -> Any:
        if not request.args:
            return answer(stand.feeds_page(FEEDS_PATH))
        given = [(name, value) for name, value in request.args.items(multi=True) if name not in CURSORS]
        topic, at = topic_from(given), _cursor()
        canonical = address(topic, **at)
        if f"{FEEDS_PATH}?{request.environ['QUERY_STRING']}" != canonical:
            return redirect(stand.publication.base_url + canonical, 301)
        return _feed(stand, back, topic, canonical)

    return views


def existing_day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NotFound("There is no such day.") from error


def answer(rendered: Rendered) -> Any:
    """A document with its validators, in the coding the client likes best."""
    return lambda environ, start_response: send(environ, start_response, rendered)


def _add_feeds(views: Blueprint, stand: Newsstand, back: BackIssues, format: str, file: str) -> None:
    def feed(which: Slice) -> Any:
        selection = Selection(() if which == ALL else (which,))
        return _feed(stand, back, Topic(selection, format), request.environ["PATH_INFO"])

    def of_all() -> Any:
        return feed(ALL)

    def of_slice(place: str, value: str) -> Any:
        return feed(Slice(KINDS[place], value))

    def of_day(year: int, month: int, day: int) -> Any:
        return feed(day_slice(existing_day(year, month, day)))

    views.add_url_rule(f"/{file}", f"{format}_of_all", of_all)
    views.add_url_rule(f"/{SLICE}/{file}", f"{format}_of_slice", of_slice)
    views.add_url_rule(f"/{DAY}/{file}", f"{format}_of_day", of_day)


def _add_archives(views: Blueprint, back: BackIssues, format: str) -> None:
    def archive(year: int, month: int, day: int, revision: int = 0) -> Any:
        found = back.archive(existing_day(year, month, day), format, revision)
        if isinstance(found, Rendered):
            return answer(found)
        moved = redirect(back.record.publication.base_url + found, 302)
        moved.headers["Cache-Control"] = PAGE_CACHE
        return moved

    views.add_url_rule(f"/{DAY}/archive.{format}", f"{format}_archive", archive)
    views.add_url_rule(f"/{DAY}/archive.<int:revision>.{format}", f"{format}_archive_revision", archive)


def _feed(stand: Newsstand, back: BackIssues, topic: Topic, where: str) -> Any:
    at = _cursor()
    if at:
        return answer(back.page(topic, *at.values()))
    whole = stand.feed(where, topic)
    delta = stand.deltas.answer(whole, topic, request.environ)
    return answer(whole) if delta is None else lambda _, start_response: delta.sent(start_response)


def _cursor() -> dict[str, Before | Since]:
    """The cursor in the query, by its parameter; empty without one. Raises Refused (400) for anything else."""
    given = [(name, value) for name, value in request.args.items(multi=True) if name in CURSORS]
    if len(given) > 1:
        fault = Fault(
            "", "One cursor at a time.", found=len(given), accepted="before or since, once", parameter=given[1][0]
        )
        raise Refused("There are too many cursors.", faults=[fault])
    return {name: CURSORS[name](value) for name, value in given}
