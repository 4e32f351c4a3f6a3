"""Sharing in a real browser."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit

import numpy
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from services.feed.networks import NETWORKS
from shared.publication import TEMPLATE, load_publication
from shared.urls import share_path, short_url
from tests.e2e.rendered_pages import ARABIC, ARTICLE, DESKTOP, NARROW, visit
from tests.e2e.sample_stories import samples
from tests.system import wait_for

pytestmark = pytest.mark.browser


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


PHONE_WITH_TOUCH = {"has_touch": True, "is_mobile": True}


def test_some_networks_are_shown_and_the_others_are_one_press_away(browser, base_url, screenshots):
    share = load_publication(TEMPLATE).share
    with visit(browser, base_url + ARTICLE, java_script_enabled=False) as page:
        links = page.get_by_role("region", name="Share").get_by_role("link")
        expect(links).to_have_count(share.buttons)
        page.get_by_text("More networks").click()
        page.get_by_text("QR code").click()
        expect(links).to_have_count(len(share.networks) - 1)  # Viber's link does nothing here
        for link in links.all():
            opens = " (opens in a new tab)" if link.get_attribute("target") else ""
            assert link.get_attribute("aria-label") == f"Share: {link.inner_text()}{opens}"
        page.locator(".share").screenshot(path=str(screenshots / "share-desktop.png"))


@pytest.mark.parametrize("path", [ARTICLE, ARABIC], ids=["english", "arabic"])
def test_on_a_phone_everything_is_large_enough_for_a_finger(browser, base_url, screenshots, path):
    small = """() => [...document.querySelectorAll(".share a, .share button, .share summary")].map(element => {
        const box = element.getBoundingClientRect();
        return [Math.round(box.width), Math.round(box.height), element.textContent.trim()];
    }).filter(([width, height]) => width && (width < 44 || height < 44))"""
    with visit(browser, base_url + path, NARROW, **PHONE_WITH_TOUCH) as page:
        for summary in page.locator(".share summary").all():
            summary.tap()
        expect(page.get_by_role("link", name="Viber")).to_be_visible()
        assert page.evaluate(small) == []
        assert page.evaluate("document.scrollingElement.scrollWidth") == NARROW[0]
        wait_for(lambda: page.evaluate("document.querySelector('.qr img').complete"))
        name = "share-phone-arabic" if path == ARABIC else "share-phone"
        page.locator(".share").screenshot(path=str(screenshots / f"{name}.png"))
        page.get_by_role("button", name="Mastodon").tap()
        page.screenshot(path=str(screenshots / f"{name}-dialog.png"))
        assert page.evaluate(small) == []


def test_by_the_keyboard_everything_comes_in_the_order_it_is_seen(browser, base_url):
    share = load_publication(TEMPLATE).share
    labels = [NETWORKS[name].label for name in share.networks if not NETWORKS[name].on_phones]
    with visit(browser, base_url + ARTICLE) as page:
        page.get_by_role("button", name="Copy link").focus()
        seen = []
        while "QR code" not in seen:
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.textContent.trim()"))
            if seen[-1] == "More networks":
                page.keyboard.press("Enter")
        assert seen == [*labels[: share.buttons], "More networks", *labels[share.buttons :], "QR code"]


def test_the_qr_code_leads_to_the_article(browser, base_url):
    pixels = """image => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 300;
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0, 300, 300);
        return [...context.getImageData(0, 0, 300, 300).data].filter((_, place) => place % 4 === 0);
    }"""
    with visit(browser, base_url + ARTICLE, color_scheme="dark") as page:
        page.get_by_text("QR code").click()
        image = page.get_by_role("img", name="QR code with the address of this article")
        expect(image).to_be_visible()
        wait_for(lambda: page.evaluate("document.querySelector('.qr img').naturalWidth > 0"))
        seen = numpy.array(image.evaluate(pixels), dtype=numpy.uint8).reshape(300, 300)
        code = zxingcpp.read_barcode(seen)
        assert code is not None
        assert code.text == short_url(base_url + ARTICLE)
        expect(page.get_by_text(short_url(base_url + ARTICLE))).to_be_visible()


def test_the_qr_code_is_printed_though_nobody_opened_it(browser, base_url, screenshots):
    with visit(browser, base_url + ARTICLE) as page:
        expect(page.locator(".qr img")).to_be_hidden()
        with page.expect_response(re.compile("/qr/")):
            page.pdf(path=str(screenshots / "printed.pdf"))
        page.emulate_media(media="print")
        expect(page.locator(".qr img")).to_be_visible()
        expect(page.get_by_text(short_url(base_url + ARTICLE))).to_be_visible()


# One's own Mastodon server


def open_dialog(page: Page) -> None:
    page.get_by_role("region", name="Share").get_by_role("button", name="Share: Mastodon").click()
    expect(page.get_by_role("dialog", name="Share: Mastodon")).to_be_visible()


def share_by_keyboard(page: Page, server: str) -> Page:
    with page.context.expect_page() as opened:
        page.keyboard.type(server)
        page.keyboard.press("Enter")
    return opened.value


def test_mastodon_opens_on_the_readers_own_server_and_remembers_it(browser, base_url, screenshots):
    context = browser.new_context()
    context.route(re.compile("social[.]example"), lambda route: route.fulfill(body="Write a post"))
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(base_url + ARTICLE)
    open_dialog(page)
    expect(page.get_by_label("Your Mastodon server")).to_be_focused()
    page.screenshot(path=str(screenshots / "share-dialog.png"))
    story = samples(base_url)[0]
    there = share_by_keyboard(page, "https://social.example/@ada")
    assert there.url.startswith("https://social.example/share?text=")
    assert parse_qs(urlsplit(there.url).query)["text"] == [f"{story.headline}\n{story.url}"]
    assert there.evaluate("[opener, document.referrer]") == [None, ""]
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Share: Mastodon")).to_be_focused()
    assert share_path("mastodon", story.id) in asked  # counted as any other
    page.reload()
    open_dialog(page)
    expect(page.get_by_label("Your Mastodon server")).to_have_value("social.example")
    context.close()


def test_what_is_no_server_is_said_to_be_none(browser, base_url):
    with visit(browser, base_url + ARTICLE, DESKTOP) as page:
        for given in ("", "   ", "ada", "@ada", "not a server", "javascript:alert(1)", "a..b", "[::1]"):
            open_dialog(page)
            field = page.get_by_label("Your Mastodon server")
            expect(page.get_by_role("alert")).to_be_hidden()
            field.fill(given)
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_have_text("This is no server; an example is mastodon.social")
            expect(field).to_be_focused()
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
        assert page.evaluate("localStorage.length") == 0
        assert len(page.context.pages) == 1


def test_a_server_is_found_in_what_people_write(browser, base_url):
    context = browser.new_context()
    context.route(re.compile("social[.]example"), lambda route: route.fulfill(body="Write a post"))
    page = context.new_page()
    page.goto(base_url + ARTICLE)
    for given in ("@ada@social.example", "SOCIAL.example", "social.example/about", " social.example "):
        open_dialog(page)
        assert urlsplit(share_by_keyboard(page, given).url).netloc == "social.example"
    context.close()


def test_the_dialog_works_where_nothing_may_be_stored(browser, base_url):
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(window, 'localStorage', { get: () => { throw new Error(); } })")
    context.route(re.compile("social[.]example"), lambda route: route.fulfill(body="Write a post"))
    page = context.new_page()
    page.goto(base_url + ARABIC)
    page.get_by_role("button", name="مشاركة: Mastodon").click()
    assert quote(samples(base_url)[2].headline, safe="") in share_by_keyboard(page, "social.example").url
    context.close()


def test_who_has_no_server_is_led_to_the_chooser(browser, base_url):
    with visit(browser, base_url + ARTICLE) as page:
        open_dialog(page)
        chooser = page.get_by_role("link", name="Continue at joinmastodon.org (opens in a new tab)")
        assert chooser.get_attribute("href") == share_path("mastodon", samples(base_url)[0].id)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
