"""The HTML an article may hold. docs/enrichment.md shows these tables; a test keeps the two the same."""

from __future__ import annotations

EVERYWHERE = frozenset({"dir", "lang", "title"})

# Element -> attributes it may have beside those of EVERYWHERE. No id, name or class: they would reach into the pages
# and feed readers that show the article. No svg and no math: every way found around the sanitiser began there.
ELEMENTS: dict[str, frozenset[str]] = {
    "a": frozenset({"href", "hreflang"}),
    "abbr": frozenset(),
    "b": frozenset(),
    "bdi": frozenset(),
    "bdo": frozenset(),
    "blockquote": frozenset(),
    "br": frozenset(),
    "caption": frozenset(),
    "cite": frozenset(),
    "code": frozenset(),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "dd": frozenset(),
    "del": frozenset({"datetime"}),
    "details": frozenset({"open"}),
    "dfn": frozenset(),
    "div": frozenset(),
    "dl": frozenset(),
    "dt": frozenset(),
    "em": frozenset(),
    "figcaption": frozenset(),
    "figure": frozenset(),
    "h1": frozenset(),
    "h2": frozenset(),
    "h3": frozenset(),
    "h4": frozenset(),
    "h5": frozenset(),
    "h6": frozenset(),
    "hr": frozenset(),
    "i": frozenset(),
    "img": frozenset({"alt", "height", "src", "width"}),
    "ins": frozenset({"datetime"}),
    "kbd": frozenset(),
    "li": frozenset({"value"}),
    "mark": frozenset(),
    "ol": frozenset({"reversed", "start", "type"}),
    "p": frozenset(),
    "pre": frozenset(),
    "q": frozenset(),
    "rp": frozenset(),
    "rt": frozenset(),
    "ruby": frozenset(),
    "s": frozenset(),
    "samp": frozenset(),
    "small": frozenset(),
    "span": frozenset(),
    "strong": frozenset(),
    "sub": frozenset(),
    "summary": frozenset(),
    "sup": frozenset(),
    "table": frozenset(),
    "tbody": frozenset(),
    "td": frozenset({"colspan", "rowspan"}),
    "tfoot": frozenset(),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "thead": frozenset(),
    "time": frozenset({"datetime"}),
    "tr": frozenset(),
    "u": frozenset(),
    "ul": frozenset(),
    "var": frozenset(),
    "wbr": frozenset(),
}
VOID = frozenset({"br", "col", "hr", "img", "wbr"})

LINK_SCHEMES = frozenset({"http", "https", "mailto"})
PICTURE_SCHEMES = frozenset({"http", "https"})

# Removed with all they hold; of every other element outside the list only the tag goes, its text stays.
_DROPPED = """
    applet audio canvas iframe math noembed noframes object script select style svg template textarea title video
"""
DROPPED = frozenset(_DROPPED.split())

# Element -> the one on the list that stands in for it, so that paragraphs stay apart and the meaning is kept.
REPLACED = {
    "acronym": "abbr",
    "address": "div",
    "article": "div",
    "aside": "div",
    "center": "div",
    "dialog": "div",
    "dir": "ul",
    "fieldset": "div",
    "footer": "div",
    "form": "div",
    "header": "div",
    "hgroup": "div",
    "legend": "div",
    "listing": "pre",
    "main": "div",
    "menu": "ul",
    "nav": "div",
    "noscript": "div",
    "search": "div",
    "section": "div",
    "strike": "s",
    "tt": "code",
    "xmp": "pre",
}

# Elements whose tags start a new line of text.
_BLOCKS = """
    blockquote caption dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre summary table tbody td
    tfoot th thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
