"""HTML as feeds and exports carry it: read as text, made into paragraphs, freed of wrappers. Nothing here makes it
safe; that is the pipeline's work."""

from __future__ import annotations

import html
import re
from typing import Any

import lxml.html
from lxml import etree

from shared.text import cut

HEADLINE_GRAPHEMES = 100
SHORTEST_SENTENCE = 12  # "Dr." is none

_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*>")
_COMMENT = re.compile(r"<!--(?:.*?-->|.*)", re.DOTALL)
_UNREAD = re.compile(r"<(script|style|template)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_INLINE = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|em|font|i|mark|q|s|small|span|strong|sub|sup|u|wbr)\b[^<>]*>", re.I
)
_SHOWS = re.compile(r"<(?:img|picture|video|audio|iframe|embed|object)\b", re.IGNORECASE)
_PIXEL = re.compile(r"<img\b(?=[^<>]*\b(?:width|height)\s*=\s*[\"']?[01](?:px)?[\"'\s/>])[^<>]*>", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？؟।])(?:[\"”»’)\]」』]*)(?=\s|$|(?<=[。！？]))")

# Blocks that hold paragraphs, and blocks that hold text or parts of their own.
_OUTER = "address|article|aside|blockquote|details|div|footer|header|main|nav|section"
_BLOCK = f"{_OUTER}|dl|fieldset|figure|form|h[1-6]|hr|iframe|ol|p|pre|script|style|table|ul|video|audio"
_OUTER_TAG = re.compile(rf"(</?(?:{_OUTER})\b[^<>]*>)", re.IGNORECASE)
_BLOCK_START = re.compile(rf"(<(?:{_BLOCK})\b)", re.IGNORECASE)
_BLOCK_END = re.compile(rf"(</(?:{_BLOCK})\s*>)", re.IGNORECASE)
_STARTS_BLOCK = re.compile(rf"</?(?:{_BLOCK}|li|dt|dd|tr|td|th|tbody|thead|figcaption|source)\b", re.IGNORECASE)
_PRE = re.compile(r"(<pre\b(?:(?!</?pre\b).)*</pre\s*>)", re.DOTALL | re.IGNORECASE)


def has_markup(text: str) -> bool:
    """True when tags or character references show that the text is meant as HTML."""
    return bool(_TAG.search(text) or _ENTITY.search(text))


def plain(markup: str) -> str:
    """The words of HTML in one line."""
    text = _UNREAD.sub(" ", _COMMENT.sub(" ", markup))
    text = _TAG.sub(" ", _INLINE.sub("", text))
    return " ".join(html.unescape(text).split())


def title(text: str) -> str:
    """A headline that may or may not be HTML, as most formats leave open."""
    return plain(text) if has_markup(text) else " ".join(text.split())


def without_pixels(markup: str) -> str:
    """HTML without pictures of one pixel, which count readers."""
    return _PIXEL.sub("", markup)


def is_blank(markup: str) -> bool:
    """True when a reader would see nothing."""
    return not plain(markup) and not _SHOWS.search(_COMMENT.sub("", markup))


def headline_from(markup: str) -> str:
    """A headline for what has none: the first sentence, cut when it is long."""
    text = plain(markup)
    ends = (match.end() for match in _SENTENCE_END.finditer(text))
    end = next((end for end in ends if end >= SHORTEST_SENTENCE), len(text))
    return cut(text[:end], HEADLINE_GRAPHEMES)


def body_of(document: str, headline: str) -> str:
    """What stands inside `body` of an HTML or XHTML document, without a first heading that repeats the headline."""
    try:
        root: Any = lxml.html.document_fromstring(
            _DECLARATION.sub("", document), parser=lxml.html.HTMLParser(no_network=True, huge_tree=False)
        )
    except (etree.ParserError, ValueError):  # empty, or nothing but comments
        return ""
    body = root.find("body")
    if body is None:
        return ""
    heading = body.find(".//h1")
    if heading is not None and " ".join(heading.text_content().split()) == headline:
        heading.drop_tree()
    inner = [html.escape(body.text or "", quote=False)]
    inner += [lxml.html.tostring(child, encoding="unicode") for child in body]
    return "".join(inner).strip()


def paragraphs(text: str) -> str:
    """HTML whose paragraphs are blank lines, as old WordPress stores it, with real paragraphs and line breaks."""
    if re.search(r"<p[\s>]", text, re.IGNORECASE):
        return text
    parts = _PRE.split(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(part if _PRE.fullmatch(part) else _wrap(part) for part in parts if part.strip())


def _wrap(text: str) -> str:
    spaced = _BLOCK_END.sub(r"\1\n\n", _BLOCK_START.sub(r"\n\n\1", _OUTER_TAG.sub(r"\n\n\1\n\n", text)))
    chunks = [chunk.strip() for chunk in re.split(r"\n[ \t]*\n\s*", spaced)]
    return "\n".join(chunk if _STARTS_BLOCK.match(chunk) else _paragraph(chunk) for chunk in chunks if chunk)


def _paragraph(chunk: str) -> str:
    return "<p>" + chunk.replace("\n", "<br>\n") + "</p>"
