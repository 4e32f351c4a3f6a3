"""The pages in a real browser: nothing overflows, nothing fails, nothing is fetched from anyone else.

Screenshots go to a temporary folder, or to MASTHEAD_SCREENSHOTS, to be looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from services.feed.assets import CONTENT_SECURITY_POLICY, static_files
from services.feed.formats import page as pages
from services.feed.masthead import compose
from services.feed.networks import NETWORKS
from services.feed.share import ShareLink
from services.feed.translations import Variant
from services.feed.wording import withdrawal_notice
from shared.publication import TEMPLATE, Publication, load_publication
from shared.slices import Slice, day_slice
from tests.browser import open_browser
from tests.e2e.sample_stories import PICTURE, samples
from tests.system import wait_for

pytestmark = pytest.mark.browser

TODAY = date(2018, 4, 20)
COUNTS = {date(2018, 4, day): count for day, count in ((20, 39), (19, 40), (18, 44), (17, 40), (16, 43))}
DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (360, 740)
FRONT, DAY, SECTION, EMPTY, LOST, WITHDRAWN = "/", "/2018/04/20/", "/sections/world/", "/empty", "/lost", "/withdrawn"
ARTICLE, ARABIC, CHINESE, SYNDICATED = (urlsplit(samples("")[place].url).path for place in (0, 2, 4, 5))
EVERY_PATH = (FRONT, DAY, SECTION, EMPTY, LOST, WITHDRAWN, ARTICLE, ARABIC, CHINESE, SYNDICATED)
LINE = (
    "20 April 2018 - Friday - 4 Shaban 1439 | 20/04/2018 (39) 19/04/2018 (40) 18/04/2018 (44) "
    "17/04/2018 (40) 16/04/2018 (43) Total: 136,743 content"
)
HTML = "text/html; charset=utf-8"


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
        view = pages.ArticleView(pages.article_frame(publication, masthead, story), story, share_links(), variants)
        html[urlsplit(story.url).path] = pages.article_page(view)
    found.update({path: (HTML, content) for path, content in html.items()})
    found["/picture.svg"] = ("image/svg+xml", PICTURE)
    return found


def share_links() -> tuple[ShareLink, ...]:
    return tuple(ShareLink(name, network.label) for name, network in NETWORKS.items())


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with serve() as found:
        yield found


@contextmanager
def visit(browser: Browser, url: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Iterator[Page]:
    """An open page. Leaving it fails when the browser complained or asked any other host for anything."""
    complaints: list[str] = []
    origin = f"http://{urlsplit(url).netloc}/"
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.on("request", lambda request: None if request.url.startswith(origin) else complaints.append(request.url))
    page.goto(url, wait_until="load")
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("MASTHEAD_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("name", "path"), [("front", FRONT), ("article", ARTICLE), ("arabic", ARABIC), ("day", DAY)])
def test_pages_are_shown_without_a_complaint(browser, base_url, screenshots, name, path, size, scheme):
    with visit(browser, base_url + path, size, color_scheme=scheme) as page:
        file = screenshots / f"{name}-{'desktop' if size == DESKTOP else 'phone'}-{scheme}.png"
        page.screenshot(path=str(file), full_page=True)
        assert file.stat().st_size > 10_000
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(252, 251, 248)" if scheme == "light" else "rgb(20, 19, 18)")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_masthead_reads_as_the_line_on_every_screen(browser, base_url, size):
    with visit(browser, base_url + FRONT, size) as page:
        assert " ".join(page.locator(".masthead-line").inner_text().split()) == LINE


@pytest.mark.parametrize("path", EVERY_PATH)
def test_nothing_overflows_a_narrow_phone(browser, base_url, path):
    beyond = """() => [...document.querySelectorAll("main *, header *, footer *")].filter(element => {
        const box = element.getBoundingClientRect();
        const scrolls = element.closest("pre, table");
        return !scrolls && box.width > 1 && (box.right > innerWidth + 0.5 || box.left < -0.5);
    }).map(element => element.outerHTML.slice(0, 80))"""
    with visit(browser, base_url + path, NARROW) as page:
        assert page.evaluate("document.scrollingElement.scrollWidth") == NARROW[0]
        # The lists clip their outer hairlines, which lie one pixel outside; nothing that is read may.
        assert [html for html in page.evaluate(beyond) if not html.startswith(("<li", "<ul"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [FRONT, ARTICLE, EMPTY])
def test_every_text_has_the_contrast_that_wcag_aa_asks_for(browser, base_url, path, scheme):
    weak = """() => {
        const numbers = color => color.match(/[\\d.]+/g).map(Number);
        const luminance = color => numbers(color).slice(0, 3).map(c => c / 255)
            .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, place) => sum + c * [0.2126, 0.7152, 0.0722][place], 0);
        const ground = element => {
            const color = getComputedStyle(element).backgroundColor;
            return numbers(color)[3] === 0 && element.parentElement ? ground(element.parentElement) : color;
        };
        const texts = [...document.querySelectorAll("body *")].filter(element =>
            [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && element.offsetWidth > 1);
        return texts.map(element => {
            const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => b - a);
            return [(pair[0] + 0.05) / (pair[1] + 0.05), element.outerHTML.slice(0, 80)];
        }).filter(([ratio]) => !(ratio >= 4.5));
    }"""
    with visit(browser, base_url + path, color_scheme=scheme) as page:
        assert page.evaluate("document.querySelectorAll('body *').length") > 20
        assert page.evaluate(weak) == []


def test_back_to_top_leads_to_the_top(browser, base_url):
    with visit(browser, base_url + ARTICLE, PHONE, reduced_motion="reduce") as page:
        link = page.get_by_role("link", name="Scroll Up")
        link.scroll_into_view_if_needed()
        assert page.evaluate("scrollY") > 500
        link.click()
        page.wait_for_function("scrollY === 0")


def test_the_first_tab_stop_skips_to_the_content(browser, base_url):
    with visit(browser, base_url + ARTICLE) as page:
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to content")
        expect(skip).to_be_focused()
        box = skip.bounding_box()
        assert box is not None and box["height"] > 24
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#content"


def test_copy_link_copies_the_address_and_says_so(browser, base_url):
    with visit(browser, base_url + ARTICLE, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_role("status")).to_have_text("Link copied")
        assert page.evaluate("navigator.clipboard.readText()") == base_url + ARTICLE


def test_copy_link_works_where_the_browser_has_no_clipboard_for_us(browser, base_url):
    with visit(browser, base_url + ARABIC) as page:
        page.evaluate("""() => {
            Object.defineProperty(navigator, "clipboard", { value: undefined });
            document.addEventListener("copy", event => { window.copied = event.target.value; });
        }""")
        page.get_by_role("button", name="نسخ الرابط").click()
        expect(page.get_by_role("status")).to_have_text("نُسخ الرابط")
        assert page.evaluate("window.copied") == base_url + ARABIC


def test_web_share_is_offered_where_the_browser_has_it(browser, base_url):
    context = browser.new_context()
    context.add_init_script("navigator.share = shared => { window.shared = shared; return Promise.resolve(); };")
    page = context.new_page()
    page.goto(base_url + ARTICLE)
    page.get_by_role("button", name="Share with …").click()
    story = samples(base_url)[0]
    assert page.evaluate("window.shared") == {"title": story.headline, "url": story.url}
    context.close()


def test_without_the_script_nothing_is_offered_that_needs_it(browser, base_url):
    with visit(browser, base_url + ARTICLE, java_script_enabled=False) as page:
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.get_by_role("link", name="WhatsApp")).to_be_visible()
        expect(page.get_by_role("heading", name="Harbour reopens")).to_be_visible()


def test_on_paper_only_what_can_be_read_there_is_printed(browser, base_url):
    with visit(browser, base_url + ARTICLE) as page:
        page.emulate_media(media="print")
        for selector in (".share", ".menu", ".to-top", ".profiles"):
            expect(page.locator(selector)).to_be_hidden()
        for selector in (".masthead-line", "h1", ".body", ".byline"):
            expect(page.locator(selector)).to_be_visible()


def test_arabic_runs_from_the_right(browser, base_url):
    with visit(browser, base_url + ARABIC) as page:
        headline, byline = page.locator("h1").bounding_box(), page.locator(".byline a").bounding_box()
        assert headline is not None and byline is not None
        assert byline["x"] + byline["width"] > headline["x"] + headline["width"] * 0.8
        line = page.locator(".masthead-line").bounding_box()
        profiles = page.locator(".profiles").bounding_box()
        assert line is not None and profiles is not None and profiles["x"] < line["x"]


def answered(page):
    page.evaluate("fetch('/asked', { method: 'POST', body: '' })")


READ = f"/read/{samples('')[0].id}"


def test_a_page_says_once_that_it_is_read(browser, base_url):
    TOLD.clear()
    with visit(browser, base_url + ARTICLE, PHONE) as page:
        wait_for(lambda: TOLD == [(READ, "0")], seconds=10, what="the page's word")
        for _ in range(3):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        answered(page)
    assert TOLD == [(READ, "0"), ("/asked", "0")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "Object.defineProperty(document, 'visibilityState', { get: () => window.shown ? 'visible' : 'hidden' })",
            "window.shown = true; document.dispatchEvent(new Event('visibilitychange'))",
        ),
        (
            "Object.defineProperty(document, 'prerendering', { get: () => !window.shown })",
            "window.shown = true; document.dispatchEvent(new Event('prerenderingchange'))",
        ),
    ],
    ids=["hidden", "prerendered"],
)
def test_a_page_that_nobody_looks_at_says_nothing_until_somebody_does(browser, base_url, before, after):
    TOLD.clear()
    context = browser.new_context()
    context.add_init_script(before)
    page = context.new_page()
    page.goto(base_url + ARTICLE, wait_until="load")
    answered(page)
    assert TOLD == [("/asked", "0")]
    page.evaluate(after)
    wait_for(lambda: TOLD[1:] == [(READ, "0")], seconds=10, what="the page's word")
    context.close()


def test_pages_that_are_no_article_say_nothing(browser, base_url):
    TOLD.clear()
    with visit(browser, base_url + FRONT) as page:
        answered(page)
        assert TOLD == [("/asked", "0")]


def test_what_is_read_most_is_listed_each_in_its_own_direction(browser, base_url):
    with visit(browser, base_url + FRONT, NARROW) as page:
        section = page.get_by_role("region", name="Most read")
        expect(section.get_by_role("listitem")).to_have_count(5)
        assert section.get_by_role("link").nth(2).evaluate("link => getComputedStyle(link).direction") == "rtl"
        expect(page.get_by_role("region", name="Most shared").get_by_role("listitem")).to_have_count(2)


def test_an_article_leads_to_its_other_languages(browser, base_url):
    with visit(browser, base_url + ARABIC, PHONE) as page:
        links = page.locator(".variants a")
        assert links.all_inner_texts() == ["English", "Türkçe"]
        links.first.click()
        page.wait_for_url(base_url + ARTICLE)
