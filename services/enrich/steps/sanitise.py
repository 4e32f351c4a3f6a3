"""Keeps of a body what the allow-list names, in a form that a second cleaning would not change."""

from __future__ import annotations

import re

import nh3

from services.enrich.allowlist import DROPPED, ELEMENTS, EVERYWHERE, LINK_SCHEMES, REPLACED
from services.enrich.characters import clean_characters, compose
from services.enrich.draft import Context, Draft, removal_notice
from services.enrich.markup import close_void, depth_of, paragraphs, plain_text
from services.enrich.scan import Scan, scan, without_formatting, without_tags

# Parsers of XML stop at 256 levels, browsers at 512; the page or feed around the body needs some itself.
DEEPEST = 100
# Re-parsing its own output settles nearly every source at once, what is left within two or three rounds.
MOST_ROUNDS = 8
# A body of links alone grows fourfold by their rel attributes.
MOST_GROWTH = 4
FREE_GROWTH = 10_000  # characters

_CLEANER = nh3.Cleaner(
    tags=set(ELEMENTS),
    clean_content_tags=set(DROPPED),
    attributes={"*": set(EVERYWHERE), **{name: set(own) for name, own in ELEMENTS.items() if own}},
    url_schemes=set(LINK_SCHEMES),
    link_rel="noopener noreferrer",
)
_REPLACED = re.compile(rf"<(/?)({'|'.join(sorted(REPLACED))})(?=[\s/>])", re.IGNORECASE)
# Parsers drop the first line break of a pre.
_PRE_BREAKS = re.compile(r"(<pre(?: [^>]*)?>)\n+")


def sanitise(draft: Draft, context: Context) -> Draft:
    """Cleans the body and notes by name, as the source wrote them, the elements and attributes that went."""
    measured = scan(draft.html)
    draft = draft.noting("sanitise", "body", removal_notice(measured.removed))
    html, notice = clean_html(draft.html, measured)
    return draft.having(html=html).noting("sanitise", "body", notice)


def clean_html(source: str, measured: Scan | None = None) -> tuple[str, str]:
    """Sanitised HTML, and a sentence about what was given up beyond the allow-list (empty: nothing).

    The result is safe, within DEEPEST levels, well-formed as XML, and its own result when cleaned again.
    """
    source, _ = clean_characters(source)
    measured = measured or scan(source)
    if measured.too_deep:
        return _as_text(source), "its elements nest too deep; kept as plain text"
    html, notice = _without_overgrowth(source, measured)
    if html is None:
        return _as_text(source), "its markup contradicts itself; kept as plain text"
    if depth_of(html) > DEEPEST:
        return paragraphs(plain_text(html)), f"its elements nest deeper than {DEEPEST} levels; kept as plain text"
    return close_void(html).strip(), notice


def _without_overgrowth(source: str, measured: Scan) -> tuple[str | None, str]:
    """The settled source; without its formatting where the parser opens that again and again."""
    html = None if measured.reopens_too_much else _settle(source)
    overgrown = html is None or len(html) > MOST_GROWTH * len(source) + FREE_GROWTH
    if overgrown and measured.formatting:
        notice = "has too much unclosed formatting; kept without bold, italics and the like"
        return _settle(without_formatting(source)), notice
    return html, ""


def _settle(source: str) -> str | None:
    """The cleaned source once cleaning it again changes nothing; None when that does not come."""
    html = _clean_once(_REPLACED.sub(lambda tag: f"<{tag[1]}{REPLACED[tag[2].lower()]}", source))
    for _ in range(MOST_ROUNDS):
        again = _clean_once(html)
        if again == html:
            return html
        html = again
    return None


def _clean_once(source: str) -> str:
    # Character references become characters only here, so what they hide is cleaned here as well.
    html, _ = clean_characters(_CLEANER.clean(source))
    return compose(_PRE_BREAKS.sub(r"\1", html))


def _as_text(source: str) -> str:
    text, _ = clean_characters(without_tags(source))
    return paragraphs(compose(text))
