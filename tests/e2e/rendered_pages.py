"""Pages of a small publication, rendered without its services, on a server of their own for a browser to visit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

from services.feed.assets import CONTENT_SECURITY_POLICY, static_files
from services.feed.discussion import Discussion
from services.feed.formats import page as pages
from services.feed.masthead import compose
from services.feed.qr import qr_svg
from services.feed.share import share_links, subject_of
from services.feed.translations import Variant
from services.feed.wording import withdrawal_notice
from shared.publication import TEMPLATE, Publication, load_publication
from shared.slices import Slice, day_slice
from shared.urls import qr_path, short_url
from tests.e2e.sample_stories import PICTURE, samples

TODAY = date(2018, 4, 20)
COUNTS = {date(2018, 4, day): count for day, count in ((20, 39), (19, 40), (18, 44), (17, 40), (16, 43))}
DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (360, 740)
FRONT, DAY, SECTION, EMPTY, LOST, WITHDRAWN = "/", "/2018/04/20/", "/sections/world/", "/empty", "/lost", "/withdrawn"
ARTICLE, ARABIC, CHINESE, SYNDICATED = (urlsplit(samples("")[place].url).path for place in (0, 2, 4, 5))
EVERY_PATH = (FRONT, DAY, SECTION, EMPTY, LOST, WITHDRAWN, ARTICLE, ARABIC, CHINESE, SYNDICATED)
HTML = "text/html; charset=utf-8"
DISCUSSIONS = tuple(
    Discussion(label, "https://social.example/@courier/109372843234")
    for label in ("Mastodon", "Bluesky", "Telegram (@courier_bot in صحيفة المرفأ)", "Facebook")
)


def render(base_url: str) -> dict[str, tuple[str, bytes]]:
    """Path -> content type and bytes of everything the browser may ask for."""
    publication = load_publication(TEMPLATE).model_copy(update={"base_url": base_url})
    masthead = compose(publication, TODAY, COUNTS, 136_743)
    stories = samples(base_url)
    frame = pages.make_frame(publication, masthead)
    world = Slice("section", "world")
    found = dict(static_files())
    html = {
        FRONT: pages.front_page(pages.FrontView(frame, stories, stories[:5], stories[2:4])),
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
        variants = tuple(
            Variant(each.urn, urlsplit(each.url).path, each.language, each is stories[0])
            for each in (stories[0], stories[1], stories[2])
            if story in stories[:3]
        )
        links = tuple(share_links(subject_of(story), publication.share.networks))
        view = pages.ArticleView(pages.article_frame(publication, masthead, story), story, links, variants, DISCUSSIONS)
        html[urlsplit(story.url).path] = pages.article_page(view)
        found[qr_path(story.id)] = ("image/svg+xml", qr_svg(short_url(story.url)))
    found.update({path: (HTML, content) for path, content in html.items()})
    found["/picture.svg"] = ("image/svg+xml", PICTURE)
    return found


def withdrawn(publication: Publication, frame: pages.Frame) -> bytes:
    headline, text = withdrawal_notice("en", "the quotation was wrong", "20 April 2018 20:50")
    story = samples(publication.base_url)[0]
    return pages.withdrawn_page(frame, replace(story, headline=headline, html=f"<p>{text}</p>"))


# What pages have told the server, in the order it came: path, and how many bytes.
TOLD: list[tuple[str, str]] = []


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

        def do_POST(self) -> None:
            TOLD.append((self.path, self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

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


@contextmanager
def visit(browser: Browser, url: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[Page]:
    """An open page. Leaving it fails when the browser complained or asked any other host for anything."""
    complaints: list[str] = []
    origin = f"http://{urlsplit(url).netloc}/"
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}") if _broke(request) else None)
    page.on("request", lambda request: None if request.url.startswith(origin) else complaints.append(request.url))
    page.goto(url, wait_until="load")
    yield page
    context.close()
    if complaints:  # said in words: a helper's assert is not rewritten to show what it compared
        pytest.fail(f"The browser complained: {complaints}")


def _broke(request: Request) -> bool:
    """Whether a request failed for another reason than that its page was left meanwhile."""
    return request.failure != "net::ERR_ABORTED"
