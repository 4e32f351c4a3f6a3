"""Reads and writes markup in the one form the sanitiser leaves behind: attributes quoted, `<`, `>` and `&` escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

from services.enrich.allowlist import BLOCKS, VOID
from services.enrich.characters import compose

TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)(?P<attributes>(?: [a-z]+=\"[^\"]*\")*)(?P<void> ?/?)>")
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')

_SPACES = re.compile(r"[ \t\n\r\f]+")
_PRE = re.compile(r"(<pre[ >].*?</pre>)", re.DOTALL)
_READING = re.compile(r"<(rt|rp)[ >].*?</\1>", re.DOTALL)
_AROUND_BREAK = re.compile(r"[ \t]*\n[ \t]*")
_BLANK_LINES = re.compile(r"\n{3,}")
# These begin a line or a cell and end nothing; other blocks stand between blank lines.
_BEGINNINGS = {"br": "\n", "dd": "\n", "dt": "\n", "li": "\n", "td": " ", "th": " ", "tr": "\n"}


def paragraphs(text: str) -> str:
    """Plain text as HTML: a blank line parts paragraphs, a line break stays one; nothing in it is markup."""
    blocks = (block.strip() for block in re.split(r"\n[ \t]*\n", text))
    return "\n".join(f"<p>{'<br/>'.join(escape(block, quote=False).split(chr(10)))}</p>" for block in blocks if block)


def plain_text(html: str) -> str:
    """What sanitised HTML says, as text: blocks parted by blank lines, rows, items and breaks by one.

    The readings of ruby annotations and the descriptions of pictures are not part of it.
    """
    parts = _PRE.split(_READING.sub("", html))
    parts[::2] = [_SPACES.sub(" ", part) for part in parts[::2]]
    text = unescape(TAG.sub(_as_break, "".join(parts)))
    text = _AROUND_BREAK.sub("\n", text)
    return compose(_BLANK_LINES.sub("\n\n", text).strip())


def _as_break(tag: re.Match[str]) -> str:
    name = tag["name"]
    if name in _BEGINNINGS:
        return "" if tag["end"] else _BEGINNINGS[name]
    return "\n\n" if name in BLOCKS else ""


def close_void(html: str) -> str:
    """The same HTML, now well-formed XML too: `<br/>` for `<br>`, and no named entity beyond XML's own."""
    html = TAG.sub(lambda tag: f"<{tag['name']}{tag['attributes']}/>" if tag["name"] in VOID else tag[0], html)
    return html.replace("&nbsp;", "\u00a0")


def depth_of(html: str) -> int:
    """How deep the elements of sanitised HTML nest."""
    deepest = depth = 0
    for tag in TAG.finditer(html):
        if tag["name"] not in VOID:
            depth += -1 if tag["end"] else 1
            deepest = max(deepest, depth)
    return deepest


def rewrite_tags(
    html: str, names: frozenset[str], rewrite: Callable[[str, dict[str, str]], dict[str, str] | None]
) -> str:
    """`html` with the attributes that `rewrite(name, attributes)` gives each tag in `names`; None removes the tag."""

    def replaced(tag: re.Match[str]) -> str:
        if tag["end"] or tag["name"] not in names:
            return tag[0]
        given = {name: unescape(value) for name, value in ATTRIBUTE.findall(tag["attributes"])}
        attributes = rewrite(tag["name"], given)
        if attributes is None:
            return ""
        written = "".join(f' {name}="{_quoted(value)}"' for name, value in attributes.items())
        return f"<{tag['name']}{written}{'/' if tag['name'] in VOID else ''}>"

    return TAG.sub(replaced, html)


def _quoted(value: str) -> str:
    return escape(value, quote=False).replace('"', "&quot;")  # as the sanitiser writes it
