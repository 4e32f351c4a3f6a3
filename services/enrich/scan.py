"""Reads the tags of an HTML source as they were written: what the allow-list will remove, and how tangled they are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html import unescape

from services.enrich.addresses import resolve, scheme_of
from services.enrich.allowlist import (
    BLOCKS,
    DROPPED,
    ELEMENTS,
    EVERYWHERE,
    LINK_SCHEMES,
    PICTURE_SCHEMES,
    REPLACED,
    VOID,
)

# Every repetition is possessive or runs to a fixed mark: the time is linear in the length of the source.
_ATTRIBUTE = r"""(?P<{0}>[^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?P<{1}>"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_ATTRIBUTES = re.compile(_ATTRIBUTE.format("name", "value"))
_TAG = re.compile(
    r"(?P<comment><!--.*?(?:-->|\Z))|(?P<declaration><[!?][^>]*+>?)"
    rf"|<(?P<dropped>{'|'.join(sorted(DROPPED))})(?=[\s/>]).*?(?:</(?P=dropped)(?=[\s/>])[^>]*+>?|\Z)"
    rf"|<(?P<end>/?)(?P<tag>[a-zA-Z][^\s/>]*)(?P<attributes>(?:[\s/=]++|{_ATTRIBUTE.format('n', 'v')})*+)>?",
    re.DOTALL | re.IGNORECASE,
)
_ADDRESSES = {("a", "href"): LINK_SCHEMES, ("img", "src"): PICTURE_SCHEMES}

# Elements that the HTML parser opens again in each paragraph until they are closed (HTML standard, section 13.2.4.3).
FORMATTING = frozenset({"b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"})
# Elements whose end tag may be left out; the parser closes them, so they do not nest by themselves.
_END_OPTIONAL = "body colgroup dd dt head html li optgroup option p rp rt tbody td tfoot th thead tr"
_CLOSED_BY_ITSELF = frozenset(_END_OPTIONAL.split())

# Below this many tags no tangle is worth a thought.
FEW_TAGS = 1000
# The parser's time grows with the square of the depth: 5,000 levels take about 50 ms.
DEEPEST_SOURCE = 5000
# Open formatting times tags: at worst 200 MB of memory and half a second in the parser.
MOST_REOPENED = 1_200_000


@dataclass
class Scan:
    removed: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    depth: int = 0  # most elements open at once
    formatting: Counter[str] = field(default_factory=Counter)  # formatting start tag with its attributes -> how often

    @property
    def too_deep(self) -> bool:
        return self.starts > FEW_TAGS and self.depth > DEEPEST_SOURCE

    @property
    def reopens_too_much(self) -> bool:
        """True when unclosed formatting could fill the memory: n such tags before n paragraphs make n * n elements."""
        # The parser keeps at most three equal ones open ("Noah's Ark clause").
        open_at_once = sum(min(count, 3) for count in self.formatting.values())
        return self.starts > FEW_TAGS and open_at_once * self.starts > MOST_REOPENED


def scan(source: str) -> Scan:
    """What the allow-list removes from `source` by name, and the measures of its tangle."""
    found = Scan()
    open_now: Counter[str] = Counter()
    depth = 0
    for match in _TAG.finditer(source):
        if match["comment"]:
            found.removed["comment"] += 1
        elif match["dropped"]:
            found.removed[match["dropped"].lower()] += 1
        elif match["tag"]:
            name = match["tag"].lower()
            _note_tag(found, name, match["end"], match["attributes"])
            if name in VOID or name in _CLOSED_BY_ITSELF:
                continue
            if not match["end"]:
                open_now[name] += 1
                depth += 1
            elif open_now[name]:
                open_now[name] -= 1
                depth -= 1
            found.depth = max(found.depth, depth)
    return found


def without_formatting(source: str) -> str:
    """The source without its tags of FORMATTING."""
    return _TAG.sub(lambda match: "" if (match["tag"] or "").lower() in FORMATTING else match[0], source)


def without_tags(source: str) -> str:
    """The text of a source that is too tangled to be parsed, with a blank line wherever a block begins or ends."""

    def as_break(match: re.Match[str]) -> str:
        name = (match["tag"] or "").lower()
        return "\n\n" if name in BLOCKS or name in REPLACED else "\n" if name == "br" else ""

    return unescape(_TAG.sub(as_break, source))


def _note_tag(found: Scan, name: str, end: str, attributes: str) -> None:
    if end:
        return
    found.starts += 1
    if name in FORMATTING:
        found.formatting[name + attributes] += 1
    if name not in ELEMENTS:
        found.removed[name] += 1
        return
    for attribute in _ATTRIBUTES.finditer(attributes):
        key = attribute["name"].lower()
        if (name, key) == ("a", "rel"):
            continue  # replaced, not removed
        if key not in EVERYWHERE and key not in ELEMENTS[name]:
            found.removed[key] += 1
        elif schemes := _ADDRESSES.get((name, key)):
            address = unescape((attribute["value"] or "").strip("\"'"))
            scheme = scheme_of(address)
            if scheme and scheme not in schemes:
                found.removed[f"{scheme}: address"] += 1
            elif scheme and not resolve(address, "", schemes):
                found.removed["unusable address"] += 1
