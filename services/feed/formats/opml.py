"""OPML 2.0: every feed in one list, for programs that subscribe."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from lxml import etree
from lxml.etree import SubElement, _Element

from shared.publication import Publication
from shared.slices import ALL, PLACES, Slice
from shared.text import clean_xml
from shared.urls import feed_path, slice_path

CONTENT_TYPE = "text/x-opml; charset=utf-8"
SPECIFICATION = "http://opml.org/spec2.opml"


def render(publication: Publication, feeds: Iterable[tuple[Slice, str]]) -> bytes:
    """The publication's own feed and these, kind by kind, as RSS: the same bytes for the same feeds."""
    root = etree.Element("opml", version="2.0")
    head, body = SubElement(root, "head"), SubElement(root, "body")
    SubElement(head, "title").text = clean_xml(publication.name)
    SubElement(head, "docs").text = SPECIFICATION
    _add(body, publication, ALL, publication.name)
    for kind, found in groupby(feeds, key=lambda feed: feed[0].kind):
        group = SubElement(body, "outline", text=PLACES[kind])
        for which, label in found:
            _add(group, publication, which, label)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add(parent: _Element, publication: Publication, which: Slice, label: str) -> None:
    """OPML 2.0, "Subscription lists": type, text and xmlUrl are required."""
    name = clean_xml(label)
    base = publication.base_url
    language = which.value if which.kind == "language" else publication.language
    SubElement(
        parent,
        "outline",
        type="rss",
        version="RSS2",
        text=name,
        title=name,
        xmlUrl=base + feed_path(which, "rss"),
        htmlUrl=base + slice_path(which),
        language=language,
    )
