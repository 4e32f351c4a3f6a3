"""The body as HTML, whichever form it was submitted in."""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt

from services.enrich.draft import Context, Draft
from services.enrich.markup import paragraphs

# Every element of the HTML standard, the obsolete ones of its section 16.2 included: `<https://example.com>` or
# `<3` in a text is no tag.
_HTML_ELEMENTS = (
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote body "
    "br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em "
    "embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i "
    "iframe img input ins isindex kbd keygen label legend li link listing main map mark marquee math menu menuitem "
    "meta meter multicol nav nextid nobr noembed noframes noscript object ol optgroup option output p param picture "
    "plaintext pre progress q rb rp rt rtc ruby s samp script search section select slot small source spacer span "
    "strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr track tt u "
    "ul var video wbr xmp"
)
_HTML_TAG = re.compile(rf"</?(?:{'|'.join(_HTML_ELEMENTS.split())})(?:\s[^<>]*)?/?>", re.IGNORECASE)


def to_html(draft: Draft, context: Context) -> Draft:
    """Takes HTML as it is, Markdown by CommonMark with tables and strikethrough, plain text by paragraphs and lines."""
    submission = draft.submission
    kind = submission.body_format
    if kind == "auto":
        kind = "html" if holds_tags(submission.body) else "text"
    if kind == "markdown":
        return draft.having(html=_markdown().render(submission.body))
    return draft.having(html=submission.body if kind == "html" else paragraphs(submission.body))


def holds_tags(text: str) -> bool:
    return _HTML_TAG.search(text) is not None


@cache
def _markdown() -> MarkdownIt:
    # HTML inside Markdown is shown as it is written: CommonMark would pass it on.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
