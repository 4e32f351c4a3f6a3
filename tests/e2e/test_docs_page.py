"""/docs in a real browser: readable on a desk and a phone, light and dark, and calls can be tried with a key.

Screenshots go to a temporary folder, or to MASTHEAD_SCREENSHOTS, to be looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.db import Database
from shared.models import Article
from tests.databases import sqlite_record
from tests.ingest_api import Api, ingest
from tests.web_process import web_process

pytestmark = pytest.mark.browser

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SUBMIT = "#operations-articles-submitArticle"


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("MASTHEAD_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def served(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Api]]:
    folder = tmp_path_factory.mktemp("var")
    url = sqlite_record(folder)
    db = Database(url)
    with pytest.MonkeyPatch.context() as patch, ingest(url, valkey_url, folder, patch) as app:
        api = Api(app, db)
    with web_process("ingest", url, valkey_url, folder) as address:
        yield address, api


@pytest.fixture
def page(browser: Browser, served: tuple[str, Api], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of its own for each test that fails on errors and on requests to anyone else."""
    options = getattr(request, "param", {"viewport": DESKTOP})
    context = browser.new_context(**options)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    foreign: list[str] = []
    opened.on("request", lambda each: None if each.url.startswith((served[0], "data:")) else foreign.append(each.url))
    opened.goto(f"{served[0]}/")
    expect(opened.locator(SUBMIT)).to_be_visible()
    yield opened
    context.close()
    assert errors == []
    assert foreign == []


def test_the_front_door_opens_the_description(page: Page, shots: Path) -> None:
    assert page.url.endswith("/docs")
    expect(page.get_by_role("heading", name="Masthead ingest API")).to_be_visible()
    expect(page.locator(".opblock")).to_have_count(8)
    page.screenshot(path=shots / "docs-desktop.png", full_page=True)


def test_an_article_can_be_submitted_with_ones_own_key(page: Page, served: tuple[str, Api], shots: Path) -> None:
    api = served[1]
    page.get_by_role("button", name="Authorize").click()
    page.locator("input#auth-bearer-value").fill(str(api.key))
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".auth-btn-wrapper .btn-done").click()
    page.locator(f"{SUBMIT} .opblock-summary-control").click()
    page.locator(f"{SUBMIT} .execute").click()
    answer = page.locator(f"{SUBMIT} .live-responses-table tbody .response-col_status").first
    expect(answer).to_contain_text("202")
    expect(page.locator(f"{SUBMIT} .live-responses-table")).to_contain_text("urn:uuid:")
    page.locator(f"{SUBMIT} .live-responses-table").scroll_into_view_if_needed()
    page.screenshot(path=shots / "docs-tried.png")
    assert api.count(Article) == 1


@pytest.mark.parametrize("page", [{"viewport": PHONE}, {"viewport": PHONE, "color_scheme": "dark"}], indirect=True)
def test_it_is_readable_on_a_phone_in_light_and_dark(page: Page, shots: Path) -> None:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.locator(f"{SUBMIT} .opblock-summary-control").click()
    expect(page.locator(f"{SUBMIT} .execute")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    colour = page.evaluate("getComputedStyle(document.querySelector('.swagger-ui .info .title')).color")
    brightness = sum(int(part) for part in re.findall(r"\d+", colour)[:3])
    assert (brightness > 400) == dark, "light letters on dark, dark ones on light"
    page.screenshot(path=shots / f"docs-phone-{'dark' if dark else 'light'}.png")


def test_without_javascript_it_says_where_the_description_is(browser: Browser, served: tuple[str, Api]) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(f"{served[0]}/docs")
    opened.get_by_role("link", name="openapi.json").click()
    assert opened.url.endswith("/openapi.json")
    context.close()
