"""The pages in a real browser: nothing overflows, nothing fails, nothing is fetched from anyone else.

Screenshots go to a temporary folder, or to MASTHEAD_SCREENSHOTS, to be looked at.
"""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.rendered_pages import (
    ARABIC,
    ARTICLE,
    DAY,
    DESKTOP,
    EMPTY,
    EVERY_PATH,
    FRONT,
    NARROW,
    PHONE,
    TOLD,
    visit,
)
from tests.e2e.sample_stories import samples
from tests.system import wait_for

pytestmark = pytest.mark.browser

LINE = (
    "20 April 2018 - Friday - 4 Shaban 1439 | 20/04/2018 (39) 19/04/2018 (40) 18/04/2018 (44) "
    "17/04/2018 (40) 16/04/2018 (43) Total: 136,743 content"
)


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
        wait_for(lambda: page.evaluate("scrollY") == 0)


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


def test_on_paper_only_what_can_be_read_there_is_printed(browser, base_url):
    with visit(browser, base_url + ARTICLE) as page:
        page.emulate_media(media="print")
        for selector in (".share > ul", ".share .more", ".qr summary", ".menu", ".to-top", ".profiles"):
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


def test_a_page_tells_by_whose_post_it_is_read_and_forgets_it_then(browser, base_url):
    TOLD.clear()
    with visit(browser, f"{base_url}{ARTICLE}?via=courier-x&size=2#content") as page:
        wait_for(lambda: [(f"{READ}?via=courier-x", "0")] == TOLD, seconds=10, what="the page's word")
        page.wait_for_url(f"{base_url}{ARTICLE}?size=2#content")
        page.reload()
        wait_for(lambda: TOLD[1:] == [(READ, "0")], seconds=10, what="the page's word")


@pytest.mark.parametrize("via", ["%22%3E%3Cscript%3E", "a%26b%3Dc", "%0d%0a", "x" * 5000])
def test_whatever_is_written_as_a_tag_is_passed_on_as_nothing_else(browser, base_url, via):
    TOLD.clear()
    with visit(browser, f"{base_url}{ARTICLE}?via={via}"):
        wait_for(lambda: TOLD, seconds=10, what="the page's word")
    ((told, _),) = TOLD
    assert parse_qs(urlsplit(told).query) == {"via": [unquote(via)[:50]]}


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
