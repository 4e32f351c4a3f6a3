"""Text made to keep pattern matching busy takes no longer than other text."""

from __future__ import annotations

import json
import time
from html import escape

import pytest

from services.cli.readers import sniff
from tests.unit.cli.reading import CONTEXT

SIZE = 100_000
UNITS = [
    "<", "<a ", "<a href='", "</", "<!--", "<!-- wp:p ", "<script", "<script>", "<pre>", "<p", "<img width=", "<h1>",
    "<div>", "&", "&#", "&a", "&amp", "[caption", "[caption]", "[embed]", "[gallery ", ". ", ".'", "。", " ", "\n",
    "\n ", "\u00a0", "a", "a@", "a@a.", "(", "1", "1 ", "Jan ", "20 Apr ", "2018-", ",", "\u0301", "\u202e", "😀",
    "a\u200d",
]  # fmt: skip


def rss(hostile: str) -> str:
    text = escape(hostile)
    parts = "".join(
        f"<{name}>{text}</{name}>" for name in ("title", "description", "author", "category", "pubDate", "guid")
    )
    other = f"<item><description>{text}</description></item>"
    return f"<rss><channel><title>{text}</title><item>{parts}</item>{other}</channel></rss>"


def wxr(hostile: str) -> str:
    text = escape(hostile)
    return (
        '<rss xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><item><title>T</title><content:encoded>{text}</content:encoded>"
        f"<wp:post_date>{text}</wp:post_date></item><item><content:encoded>{text}</content:encoded></item></channel></rss>"
    )


def ninjs(hostile: str) -> str:
    body = {"role": "html5", "value": hostile}
    return json.dumps({"uri": "urn:1", "headline": "T", "by": hostile, "bodies": [body], "description_text": hostile})


@pytest.mark.parametrize("make", [rss, wxr, ninjs, str], ids=["rss", "wxr", "ninjs", "as it is"])
@pytest.mark.parametrize("unit", UNITS, ids=range(len(UNITS)))
def test_hostile_text_is_read_in_a_moment(unit: str, make: object) -> None:
    hostile = unit * (SIZE // len(unit))
    content = make(hostile).encode()  # type: ignore[operator]
    started = time.process_time()
    list(sniff("x", content).read(content, CONTEXT))
    assert time.process_time() - started < 2
