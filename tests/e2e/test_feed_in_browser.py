"""A feed that a person opens in a browser reads like a page: what it is, and its items in brief."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from services.feed.answers import Rendered, send
from services.feed.assets import static_files
from services.feed.formats import FORMATS
from tests.unit.feed import stories

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.browser

ARABIC = replace(stories.COURIER, language="ar", direction="rtl", title="العربية – The Courier")
DOCUMENTS = {
    **{f"/feed.{format}": (format, stories.COURIER) for format in ("rss", "atom")},
    "/archive.rss": ("rss", stories.ARCHIVE),
    "/languages/ar/feed.atom": ("atom", ARABIC),
}


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """As the feed service answers."""
    path = environ["PATH_INFO"]
    if path in DOCUMENTS:
        format, document = DOCUMENTS[path]
        content_type, body = FORMATS[format].content_type, FORMATS[format].render(document)
    else:
        content_type, body = static_files().get(path, ("image/svg+xml", b""))  # browsers ask for an icon, too
    return send(environ, start_response, Rendered((), content_type, body, stories.NOON, False))


@contextmanager
def served() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def look_at(page: Page, name: str, folder: Path) -> None:
    """Everything that holds in every feed, on every screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing overflows"
    expect(page.get_by_text("Harbour reopens after storm")).to_be_visible()
    page.screenshot(path=os.environ.get("MASTHEAD_SCREENSHOTS", str(folder)) + f"/{name}.png")


def visible(page: Page, selector: str) -> list[str]:
    return [each.text_content() or "" for each in page.locator(selector).all() if each.is_visible()]


def test_feeds_read_like_pages(browser: Browser, tmp_path: Path) -> None:
    with served() as address:
        for scheme, width in (("light", 1280), ("dark", 360)):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            said: list[str] = []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on("requestfailed", lambda request, said=said: said.append(request.url))
            for path, (format, document) in DOCUMENTS.items():
                page.goto(address + path)
                item = "item" if format == "rss" else "entry"
                look_at(page, f"{scheme}{path.replace('/', '-')}", tmp_path)
                assert visible(page, f"{item} > title") == page.locator(f"{item} > title").all_text_contents()
                assert len(visible(page, f"{item} > title")) == len(document.stories)
                assert visible(page, f"{item} > encoded, {item} > content") == [], "articles are for programs"
                expect(page.locator("link[rel=hub], guid, id, generator, ttl").first).to_be_hidden()
                head = "channel" if format == "rss" else "feed"
                line = page.evaluate(f"getComputedStyle(document.querySelector('{head}'), '::before').content")
                assert ("خلاصة" if document is ARABIC else "This is a web feed") in line
            background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            assert background == ("rgb(252, 251, 248)" if scheme == "light" else "rgb(20, 19, 18)")
            assert said == []


def test_every_item_runs_its_own_way(browser: Browser) -> None:
    with served() as address:
        page = browser.new_page(viewport={"width": 1000, "height": 800})
        for path, item in (("/feed.rss", "item"), ("/feed.atom", "entry")):
            page.goto(address + path)
            starts = page.evaluate(
                """item => [...document.querySelectorAll(item + ' > title')].map(title => {
                    const range = document.createRange(); range.selectNodeContents(title)
                    const text = range.getBoundingClientRect(), line = title.getBoundingClientRect()
                    return text.left - line.left > line.right - text.right ? 'right' : 'left' })""",
                item,
            )
            assert starts == ["right" if each.direction == "rtl" else "left" for each in stories.STORIES]
