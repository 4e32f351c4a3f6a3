"""Addresses that every network keeps whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.copyfit.rules import X, mastodon
from shared.copyfit.urls import ascii_url
from tests.scripts import TEXTS


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://example.com/a/b?c=d#e", "https://example.com/a/b?c=d#e"),
        ("https://example.com", "https://example.com"),
        ("http://EXAMPLE.com:8080/A", "http://example.com:8080/A"),
        ("https://ایران.ir/خبر", "https://xn--mgba3a4f16a.ir/%D8%AE%D8%A8%D8%B1"),
        ("https://例え.jp/新闻", "https://xn--r8jz45g.jp/%E6%96%B0%E9%97%BB"),
        ("https://straße.de/", "https://xn--strae-oqa.de/"),
        ("https://example.com/?q=سلام", "https://example.com/?q=%D8%B3%D9%84%D8%A7%D9%85"),
        ("https://example.com/%D8%AE", "https://example.com/%D8%AE"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/it's_(a)_path.", "https://example.com/it%27s_%28a%29_path%2E"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
    ],
)
def test_an_address_is_written_in_ascii(url: str, written: str) -> None:
    assert ascii_url(url) == written


@pytest.mark.parametrize(
    "url",
    ["", "example.com/a", "ftp://example.com/", "javascript:alert(1)", "https:///a", "https://a@example.com/", "//e",
            "https://exa\u2488mple.com/", "https://example.com:99999/", "https://[::1/"],
)  # fmt: skip
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ascii_url(url)


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_in_path_and_query_x_and_mastodon_take_the_whole_for_one_link(
    path: str, query: str, fragment: str
) -> None:
    url = ascii_url(f"https://example.com/{path}?{query}#{fragment}")
    assert url.isascii()
    assert " " not in url
    assert ascii_url(url) == url
    assert len(url) > 4000 or (X.count(url), mastodon().count(url)) == (23, 23)


@given(st.sampled_from(["خبر", "новости", "新闻", "νέα", "חדשות", "ข่าว", "समाचार"]))
def test_hosts_in_every_script_are_links_too(label: str) -> None:
    assert X.count(ascii_url(f"https://{label}.com/{label}")) == 23
