"""A real browser for tests: the system's Chromium under Playwright, which brings no browser of its own here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome."""
    fixed = Path("/usr/bin/chromium")
    if fixed.exists():
        return str(fixed)
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A running browser, closed at the end. Skips the test without one; fails it where MASTHEAD_REQUIRE_BROWSER=1."""
    path = find_chromium()
    if path is None:
        missing = f"no Chromium found: neither /usr/bin/chromium nor any of {', '.join(_NAMES)} in PATH"
        if os.environ.get("MASTHEAD_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{missing}, and MASTHEAD_REQUIRE_BROWSER=1")
        pytest.skip(f"{missing}; install Chromium to run the browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
