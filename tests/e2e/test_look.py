"""The pages in a real browser: nothing overflows, nothing fails, nothing is fetched from anyone else.

Screenshots go to a temporary folder, or to MASTHEAD_SCREENSHOTS, to be looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from services.feed.assets import CONTENT_SECURITY_POLICY, static_files
from services.feed.formats import page as pages
from services.feed.masthead import compose
from services.feed.share import NETWORKS, ShareLink
from shared.publication import TEMPLATE, Publication, load_publication
from shared.slices import Slice, day_slice
from tests.browser import open_browser
from tests.e2e.sample_stories import PICTURE, samples

pytestmark = pytest.mark.browser

TODAY = date(2018, 4, 20)
COUNTS = {date(2018, 4, day): count for day, count in ((20, 39), (19, 40), (18, 44), (17, 40), (16, 43))}
DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (360, 740)
FRONT, DAY, SECTION, EMPTY, LOST, WITHDRAWN = (
    "/",
    "/2018/04/20/",
    "/sections/world/",
    "/empty",
    "/lost",
    "/withdrawn",
)
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Site:
    base_url: str
    article: str
    arabic: str
    chinese: str


def render(base_url: str) -> dict[str, tuple[str, bytes]]:
    """Path -> content type and bytes of everything the browser may ask for."""
    publication = load_publication(TEMPLATE).model_copy(update={"base_url": base_url})
    masthead = compose(publication, TODAY, COUNTS, 136_743)
    stories = samples(base_url)
    frame = pages.make_frame(publication, masthead)
    world = Slice("section", "world")
    found = dict(static_files())
    html = {
        FRONT: pages.front_page(pages.FrontView(frame, stories)),
        EMPTY: pages.front_page(pages.FrontView(frame, ())),
        LOST: pages.not_found_page(frame),
        WITHDRAWN: withdrawn(publication, frame),
        DAY: pages.day_page(
            pages.DayView(
                pages.make_frame(publication, masthead, day_slice(TODAY)),
                TODAY,
                stories[1:],
                previous=date(2018, 4, 19),
                next=date(2018, 4, 23),
            )
        ),
        SECTION: pages.slice_page(
            pages.SliceView(pages.make_frame(publication, masthead, world), world, "World", stories, 1_204)
        ),
    }
    for story in stories:
        view = pages.ArticleView(pages.article_frame(publication, masthead, story), story, share_links())
        html[urlsplit(story.url).path] = pages.article_page(view)
    found.update({path: (HTML, content) for path, content in html.items()})
    found["/picture.svg"] = ("image/svg+xml", PICTURE)
    return found


def share_links() -> tuple[ShareLink, ...]:
    return tuple(ShareLink(name, network.label, "") for name, network in NETWORKS.items())


def withdrawn(publication: Publication, frame: pages.Frame) -> bytes:
    headline, text = pages.wording_for("en").withdrawn_title, "This article was withdrawn on 20 April 2018 20:50."
    story = samples(publication.base_url)[0]
    values = {"headline": headline, "html": f"<p>{text}</p>", "summary": text, "image": None, "tags": (), "bylines": ()}
    return pages.withdrawn_page(frame, replace(story, **values))


@contextmanager
def serve() -> Iterator[str]:
    """A server of nothing but rendered bytes, under the policy that pages are served with."""
    files: dict[str, tuple[str, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = files.get(urlsplit(self.path).path)
            self.send_response(200 if found else 404)
            media_type, content = found or ("text/plain", b"")
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base_url = f"http://127.0.0.1:{server.server_port}"
    files.update(render(base_url))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
