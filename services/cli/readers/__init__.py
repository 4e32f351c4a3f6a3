"""Readers of foreign files, one format a module. `sniff` finds the right one from the content, not the name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.cli.readers import feeds, jsonfeed, ninjs, objects, submissions, wxr
from services.cli.readers.items import Context, Item, Reader, Refusal

FEED = Reader("RSS or Atom", feeds.read)
WXR = Reader("WordPress export", wxr.read)
JSON_FEED = Reader("JSON Feed", jsonfeed.read)
NINJS = Reader("ninjs", ninjs.read)
SUBMISSIONS = Reader("submissions", submissions.read)

_WEB_PAGE = re.compile(
    rb"[\s\xef\xbb\xbf\xff\xfe]*(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-(?!->))*-->\s*)*<(?:!doctype\s+html|html)\b",
    re.I | re.S,
)


def sniff(name: str, content: bytes) -> Reader:
    """The reader for a file. One that nobody reads gets a reader that refuses it with the reason."""
    start = content.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if not start:
        return _refusing("is empty")
    if start == b"<":
        return _sniff_xml(content)
    if start in (b"{", b"["):
        return _sniff_json(content)
    if name.lower().endswith(objects.LINE_ENDINGS):
        return SUBMISSIONS
    return _refusing("is of a kind that is not read", "neither XML nor JSON")


def _sniff_xml(content: bytes) -> Reader:
    head = content[:20_000].replace(b"\x00", b"")
    if _WEB_PAGE.match(head):
        return _refusing("is a web page, not a feed or an export")
    return WXR if b"http://wordpress.org/export/" in head else FEED


def _sniff_json(content: bytes) -> Reader:
    first = objects.first(content)
    if jsonfeed.is_feed(first):
        return JSON_FEED
    return NINJS if ninjs.is_item(first) else SUBMISSIONS


def _refusing(reason: str, detail: str = "") -> Reader:
    def read(content: bytes, context: Context) -> Iterator[Item]:
        yield Refusal("file", reason, detail)

    return Reader("unknown", read)
